//! `sidegate export`: a policy in another language, for tools that read that.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Map, Value, json};
use sidegate_tools::cedar;

use super::place::Place;
use crate::report::{self, Outcome, Unusable};

/// What is written into the directory of `--out`.
const POLICIES: &str = "policies.cedar";
const SCHEMA: &str = "schema.cedarschema";

/// Writes what a policy enforces in another language
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when the policy is written, 2 when it does not compile or cannot be written.

Example:
  sidegate export cedar my-app --out cedar")]
pub(crate) struct Export {
    #[command(subcommand)]
    to: To,
}

#[derive(Subcommand)]
enum To {
    Cedar(Cedar),
}

/// Writes Cedar policies that decide as this policy does
#[derive(clap::Args)]
#[command(after_help = "\
The head of the policies says how a call becomes a Cedar request. What a solver proves of all \
requests holds of all calls. Exported is what is enforced on this operating system; the end of a \
capability is a condition, so that the text holds at any time. Limits, filters of results and the \
audit log are left out.

Exit status: 0 when the policies are written, 2 when the policy does not compile or something \
cannot be read or written, or a file to be written is there already.

Examples:
  sidegate export cedar my-app
  sidegate export cedar my-app --out cedar
  cedar validate --policies cedar/policies.cedar --schema cedar/schema.cedarschema")]
struct Cedar {
    /// Capability files, directories of them, or the directory of an app
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Writes `policies.cedar` and `schema.cedarschema` into this directory, and nothing to standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Export {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        match self.to {
            To::Cedar(cedar) => cedar.run(),
        }
    }
}

impl Cedar {
    fn run(self) -> Result<Outcome, Unusable> {
        let export = cedar::export(&Place::read(&self.paths)?.policy()?);
        let files = match &self.out {
            Some(out) => write(out, &[(POLICIES, export.policies()), (SCHEMA, cedar::SCHEMA)])?,
            None => Vec::new(),
        };
        let counts = export.counts();
        if self.json {
            let schemas: Map<String, Value> =
                export.schemas().map(|(name, schema)| (name, schema.clone())).collect();
            let report = json!({
                "files": files,
                "policies": export.policies(),
                "schema": cedar::SCHEMA,
                "permits": counts.permits,
                "forbids": counts.forbids,
                "left_out": counts.left_out,
                "args": schemas,
            });
            report::print(format_args!("{report}\n"))?;
        } else if files.is_empty() {
            report::print(export.policies())?;
        } else {
            let wrote: String =
                files.iter().map(|file| format!("wrote `{}`\n", report::shown(file))).collect();
            report::print(wrote)?;
        }
        Ok(Outcome::Holds)
    }
}

/// Writes the files, and never over one that is there: then none is written.
fn write(out: &Path, files: &[(&str, &str)]) -> Result<Vec<PathBuf>, Unusable> {
    fs::create_dir_all(out).map_err(|error| Unusable::of_file("make", out, &error))?;
    let mut open = Vec::with_capacity(files.len());
    for (name, text) in files {
        let path = out.join(name);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => open.push((path, file, text)),
            Err(error) => {
                for (path, ..) in open {
                    // An empty file that stays says by itself that nothing was exported.
                    let _ = fs::remove_file(path);
                }
                return Err(Unusable::of_file("write", &path, &error));
            }
        }
    }
    let mut written = Vec::with_capacity(open.len());
    for (path, mut file, text) in open {
        let failed = |error| Unusable::of_file("write", &path, &error);
        file.write_all(text.as_bytes()).map_err(failed)?;
        written.push(path);
    }
    Ok(written)
}
