//! `sidegate schema`: the JSON Schema of the capability file for editors, and those of the reports
//! for whoever reads them by program.

use crate::report::{self, Outcome, Unusable};

/// The schema of the capability file.
const CAPABILITY_FILE: &str = include_str!("../../../../../policies/schemas/capability-file.json");

macro_rules! reports {
    ($($name:literal),* $(,)?) => {
        [$((
            $name,
            include_str!(concat!("../../../../../policies/schemas/report-", $name, ".json")),
        )),*]
    };
}

/// The schemas of what `--json` prints, by verb.
const REPORTS: [(&str, &str); 16] = reports![
    "audit",
    "bundle-verify",
    "check",
    "commands",
    "diff",
    "doctor",
    "explain",
    "export",
    "fmt",
    "import",
    "learn",
    "minimize",
    "replay",
    "test",
    "types",
    "who-can",
];

/// Prints the JSON Schema of the capability file, or of a report
#[derive(clap::Args)]
#[command(after_help = "\
An editor that knows TOML schemas (Taplo, Even Better TOML) completes and checks capability files \
whose first line names it:
  #:schema ./capability-file.json

Exit status: 0, or 2 when there is no such report.

Examples:
  sidegate schema > policies/capability-file.json
  sidegate schema --report check")]
pub(crate) struct Schema {
    /// The report that VERB prints with --json
    #[arg(long, value_name = "VERB")]
    report: Option<String>,
}

impl Schema {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        report::print(self.text()?)?;
        Ok(Outcome::Holds)
    }

    fn text(&self) -> Result<&'static str, Unusable> {
        let Some(verb) = &self.report else {
            return Ok(CAPABILITY_FILE);
        };
        let found = REPORTS.iter().find(|(name, _)| name == verb);
        found.map(|(_, text)| *text).ok_or_else(|| {
            let names = REPORTS.map(|(name, _)| format!("`{name}`")).join(", ");
            Unusable::new(format!("--report: there is no report `{verb}`; the reports are {names}"))
        })
    }
}
