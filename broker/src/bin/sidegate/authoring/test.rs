//! `sidegate test`: the tests that capability files hold, and which of the rules none of them is
//! about.

use std::path::PathBuf;
use std::time::SystemTime;

use serde_json::json;
use sidegate::capabilities::RuleRef;
use sidegate::capabilities::testing::{self, TestResult, TestRun};

use super::place::Place;
use super::plural::plural;
use crate::report::{self, Outcome, Unusable};

/// Runs the tests of capability files, and says which rules they leave out
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when every test holds, 1 when one does not, when there is none, or when they are \
about fewer rules than --min-coverage asks for, 2 when the files cannot be read or do not compile.

Examples:
  sidegate test my-app
  sidegate test policies --min-coverage 100")]
pub(crate) struct Test {
    /// Capability files, directories of them, or the directory of an app
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Wants this many of a hundred rules to be touched by some test
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Test {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let place = Place::read(&self.paths)?;
        let compiled = place.compile(None).map_err(|diagnostics| {
            let shown = diagnostics.render(&place.sources, report::color());
            Unusable::new(format!("the policy does not compile\n{shown}"))
        })?;
        let run = testing::run(&compiled.policy, &compiled.tests, SystemTime::now().into());
        let covered = percent(&run);
        let is_covered = self.min_coverage.is_none_or(|least| covered >= usize::from(least));
        let holds = run.is_good() && is_covered && !run.results.is_empty();
        if self.json {
            let report = json!({
                "ok": holds,
                "passed": run.results.iter().filter(|result| result.passed).count(),
                "failed": run.results.iter().filter(|result| !result.passed).count(),
                "tests": run.results,
                "coverage": {
                    "percent": covered,
                    "touched": run.touched,
                    "untouched": run.untouched,
                },
            });
            report::print(format_args!("{report}\n"))?;
        } else {
            report::print(self.told(&run))?;
        }
        Ok(Outcome::of(holds))
    }

    fn told(&self, run: &TestRun) -> String {
        let mut out: String = run.results.iter().map(line).collect();
        if !run.untouched.is_empty() {
            out.push_str("no test touches\n");
            out.extend(run.untouched.iter().map(|rule: &RuleRef| format!("  {rule}\n")));
        }
        let rules = run.touched.len().saturating_add(run.untouched.len());
        let failed = run.results.iter().filter(|result| !result.passed).count();
        let (tests, covered) = (run.results.len(), percent(run));
        out.push_str(&match tests {
            0 => "there is no test: write a `[[test]]` with `window`, `call` and `expect`\n"
                .to_owned(),
            _ => format!("{}, {failed} failed; ", plural(tests, "test")),
        });
        if tests > 0 {
            let touched = run.touched.len();
            out.push_str(&format!("{touched} of {} touched, {covered} %\n", plural(rules, "rule")));
        }
        if let Some(least) = self.min_coverage.filter(|least| covered < usize::from(*least)) {
            out.push_str(&format!("that is less than the {least} % of --min-coverage\n"));
        }
        out
    }
}

fn line(result: &TestResult) -> String {
    let TestResult { file, line, column, call, expected, .. } = result;
    let word = if result.passed { "ok    " } else { "FAILED" };
    let mut out = format!("{word} {file}:{line}:{column} {expected} {call}\n");
    if let Some(problem) = &result.problem {
        out.push_str(&format!("       {problem}\n"));
    }
    out
}

/// How many of a hundred rules some test touches; a policy without a rule leaves none out.
fn percent(run: &TestRun) -> usize {
    let touched = run.touched.len();
    let rules = touched.saturating_add(run.untouched.len());
    touched.saturating_mul(100).checked_div(rules).unwrap_or(100)
}
