//! The `sidegate` command line: a thin user of the crate. Each verb is a file; all of them answer
//! 0 when all is well, 1 when what they checked does not hold, 2 for wrong usage or what cannot
//! be read.

mod audit;
#[cfg(feature = "cli")]
mod authoring;
mod doctor;
mod entries;
mod follow;
mod key;
mod overview;
mod report;
mod run;
mod script;
mod tend;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use report::Outcome;

/// A least-privilege broker between WebView windows and the powers of an app.
#[derive(Parser)]
#[command(name = "sidegate", version, arg_required_else_help = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Run(run::Run),
    Audit(audit::Audit),
    Doctor(doctor::Doctor),
    #[cfg(feature = "cli")]
    #[command(flatten)]
    Authoring(authoring::Verb),
}

fn main() -> ExitCode {
    let matches = overview::grouped(Arguments::command()).try_get_matches();
    let arguments = match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output with 0, wrong usage to standard error with 2.
            let _unwritable = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let outcome = match arguments.verb {
        Verb::Run(run) => run.run(),
        Verb::Audit(audit) => audit.run(),
        Verb::Doctor(doctor) => doctor.run(),
        #[cfg(feature = "cli")]
        Verb::Authoring(verb) => verb.run(),
    };
    match outcome {
        Ok(Outcome::Holds) => ExitCode::SUCCESS,
        Ok(Outcome::DoesNotHold) => ExitCode::from(1),
        // A reader that has seen enough, `head` say, is no error.
        Err(unusable) if unusable.is_closed_pipe() => ExitCode::SUCCESS,
        Err(unusable) => {
            eprintln!("error: {unusable}");
            ExitCode::from(2)
        }
    }
}
