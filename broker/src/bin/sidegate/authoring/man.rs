//! `sidegate man`: the manual, a page for each verb.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};

use crate::report::{self, Outcome, Unusable};

/// Writes the manual pages of all verbs
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when they are written, 2 when they cannot be.

Examples:
  sidegate man | man -l -
  sidegate man --out ~/.local/share/man/man1")]
pub(crate) struct Man {
    /// Writes sidegate.1 and a page for each verb into this directory, and not the first of them to
    /// standard output
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let mut command = crate::Arguments::command().disable_help_subcommand(true);
        // With everything that holds for the verbs handed down to them.
        command.build();
        match &self.out {
            None => report::print(String::from_utf8_lossy(&page(&command, "sidegate")?))?,
            Some(directory) => {
                fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
                write(&command, "sidegate", directory)?;
            }
        }
        Ok(Outcome::Holds)
    }
}

/// Writes the page of a command and those of its verbs.
fn write(command: &Command, name: &str, directory: &Path) -> Result<(), Unusable> {
    let path = directory.join(format!("{name}.1"));
    fs::write(&path, page(command, name)?).map_err(|error| unwritable(&path, &error))?;
    let verbs = command.get_subcommands().filter(|verb| verb.get_name() != "help");
    verbs
        .into_iter()
        .try_for_each(|verb| write(verb, &format!("{name}-{}", verb.get_name()), directory))
}

fn page(command: &Command, name: &str) -> Result<Vec<u8>, Unusable> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).title(name).render(&mut page)?;
    Ok(page)
}

fn unwritable(path: &Path, error: &std::io::Error) -> Unusable {
    Unusable::new(format!("cannot write `{}`: {error}", report::shown(path)))
}
