//! `sidegate completions`: what a shell needs to complete the verbs and their options.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::report::{self, Outcome, Unusable};

/// Prints a completion script for a shell
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when it is printed, 2 when there is none for that shell.

Examples:
  sidegate completions bash > ~/.local/share/bash-completion/completions/sidegate
  sidegate completions fish > ~/.config/fish/completions/sidegate.fish")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        let mut script = Vec::new();
        clap_complete::generate(
            self.shell,
            &mut crate::Arguments::command(),
            "sidegate",
            &mut script,
        );
        report::print(String::from_utf8_lossy(&script))?;
        Ok(Outcome::Holds)
    }
}
