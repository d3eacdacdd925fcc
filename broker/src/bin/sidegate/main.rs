//! The `sidegate` command line: a thin user of the crate. Each verb is a file; all of them answer
//! 0 when all is well, 1 when what they checked does not hold, 2 for wrong usage or what cannot
//! be read.

mod audit;
mod bundle;
mod check;
mod commands;
mod completions;
mod diff;
mod doctor;
mod drift;
mod entries;
mod explain;
mod export;
mod fmt;
mod follow;
mod import;
mod journal;
mod known;
mod learn;
mod lsp;
mod man;
mod matrix;
mod minimize;
mod overview;
mod page;
mod place;
mod replay;
mod report;
mod run;
mod schema;
mod script;
mod tend;
mod test;
mod types;
mod ui_archive;
mod who_can;

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
    Check(check::Check),
    Explain(explain::Explain),
    WhoCan(who_can::WhoCan),
    Diff(diff::Diff),
    Audit(audit::Audit),
    Import(import::Import),
    Export(export::Export),
    Bundle(bundle::BundleArgs),
    Lsp(lsp::Lsp),
    Fmt(fmt::Fmt),
    Types(types::Types),
    UiArchive(ui_archive::UiArchiveArgs),
    Commands(commands::Commands),
    Completions(completions::Completions),
    Man(man::Man),
    Learn(learn::Learn),
    Minimize(minimize::Minimize),
    Replay(replay::Replay),
    Schema(schema::Schema),
    Test(test::Test),
    Doctor(doctor::Doctor),
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
        Verb::Check(check) => check.run(),
        Verb::Explain(explain) => explain.run(),
        Verb::WhoCan(who_can) => who_can.run(),
        Verb::Diff(diff) => diff.run(),
        Verb::Audit(audit) => audit.run(),
        Verb::Import(import) => import.run(),
        Verb::Export(export) => export.run(),
        Verb::Bundle(bundle) => bundle.run(),
        Verb::Lsp(lsp) => lsp.run(),
        Verb::Fmt(fmt) => fmt.run(),
        Verb::Types(types) => types.run(),
        Verb::UiArchive(archive) => archive.run(),
        Verb::Commands(commands) => commands.run(),
        Verb::Completions(completions) => completions.run(),
        Verb::Man(man) => man.run(),
        Verb::Learn(learn) => learn.run(),
        Verb::Minimize(minimize) => minimize.run(),
        Verb::Replay(replay) => replay.run(),
        Verb::Schema(schema) => schema.run(),
        Verb::Test(test) => test.run(),
        Verb::Doctor(doctor) => doctor.run(),
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
