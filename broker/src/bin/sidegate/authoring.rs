//! The verbs for whoever writes a policy or builds an app. What an app is shipped with has no need
//! of them, and may be built without (feature `cli`).

mod bundle;
mod check;
mod commands;
mod completions;
mod diff;
mod drift;
mod explain;
mod export;
mod fmt;
mod import;
mod journal;
mod known;
mod learn;
mod lsp;
mod man;
mod matrix;
mod minimize;
mod page;
mod place;
mod plural;
mod replay;
mod schema;
mod test;
mod types;
mod ui_archive;
mod who_can;

use clap::Subcommand;

use crate::report::{Outcome, Unusable};

#[derive(Subcommand)]
pub(crate) enum Verb {
    Check(check::Check),
    Explain(explain::Explain),
    WhoCan(who_can::WhoCan),
    Diff(diff::Diff),
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
}

impl Verb {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        match self {
            Self::Check(verb) => verb.run(),
            Self::Explain(verb) => verb.run(),
            Self::WhoCan(verb) => verb.run(),
            Self::Diff(verb) => verb.run(),
            Self::Import(verb) => verb.run(),
            Self::Export(verb) => verb.run(),
            Self::Bundle(verb) => verb.run(),
            Self::Lsp(verb) => verb.run(),
            Self::Fmt(verb) => verb.run(),
            Self::Types(verb) => verb.run(),
            Self::UiArchive(verb) => verb.run(),
            Self::Commands(verb) => verb.run(),
            Self::Completions(verb) => verb.run(),
            Self::Man(verb) => verb.run(),
            Self::Learn(verb) => verb.run(),
            Self::Minimize(verb) => verb.run(),
            Self::Replay(verb) => verb.run(),
            Self::Schema(verb) => verb.run(),
            Self::Test(verb) => verb.run(),
        }
    }
}
