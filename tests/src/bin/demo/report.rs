//! What was tried and what became of it, said as it happens.

use std::error::Error;

use crate::Outcome;

/// The steps until now.
#[derive(Debug, Default)]
pub(crate) struct Report {
    good: usize,
    failures: Vec<String>,
}

impl Report {
    /// Does a step and says what became of it: the words that it returned, or why it failed.
    pub(crate) fn step(&mut self, what: &str, step: impl FnOnce() -> Outcome<String>) {
        self.essential(what, || step().map(|said| ((), said)));
    }

    /// A step that hands something over, without which the next ones make no sense.
    pub(crate) fn essential<T>(
        &mut self,
        what: &str,
        step: impl FnOnce() -> Outcome<(T, String)>,
    ) -> Option<T> {
        match step() {
            Ok((value, said)) => {
                self.good = self.good.saturating_add(1);
                let said = if said.is_empty() { said } else { format!(" ({said})") };
                println!("  ok      {what}{said}");
                Some(value)
            }
            Err(error) => {
                self.failed(what, error.as_ref());
                None
            }
        }
    }

    /// Notes a failure.
    pub(crate) fn failed(&mut self, what: &str, why: &dyn Error) {
        println!("  FAILED  {what}: {why}");
        self.failures.push(what.to_owned());
    }

    /// Whether something was done, and all of it well.
    pub(crate) fn is_good(&self) -> bool {
        self.good > 0 && self.failures.is_empty()
    }

    /// The end in words.
    pub(crate) fn verdict(&self) -> String {
        match self.failures.as_slice() {
            [] if self.good == 0 => "Nothing was done.".to_owned(),
            [] => format!("All {} steps went well.", self.good),
            failures => {
                let list = failures.iter().map(|what| format!("\n  {what}")).collect::<String>();
                format!("These did not hold:{list}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_spoils_it_all_and_is_named() {
        let mut report = Report::default();
        assert!(!report.is_good(), "a demo that did nothing showed nothing");
        report.step("first", || Ok("fine".into()));
        assert!(report.is_good());
        assert_eq!(report.verdict(), "All 1 steps went well.");
        assert_eq!(report.essential("second", || Ok((7, String::new()))), Some(7));
        assert_eq!(report.essential::<()>("third", || Err("no".into())), None);
        report.step("fourth", || Ok(String::new()));
        assert!(!report.is_good());
        assert_eq!(report.verdict(), "These did not hold:\n  third");
    }
}
