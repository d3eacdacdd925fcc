//! Records as they come: `sidegate audit -f`, and the printing of one record.

use std::path::PathBuf;
use std::time::Duration;

use sidegate::audit::{Colour, Entry, Filter, Reader, Table};

use crate::entries::read;
use crate::report::{self, Outcome, Unusable};

/// How often a followed log is looked at: soon enough for eyes, and nothing for the machine.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How records are shown.
pub(crate) struct Show {
    /// None: as JSON.
    table: Option<Table>,
}

impl Show {
    pub(crate) fn new(entries: &[Entry], json: bool, width: Option<usize>, colour: Colour) -> Self {
        Self { table: (!json).then(|| Table::fit(entries, width, colour)) }
    }

    pub(crate) fn heading(&self) -> Result<(), Unusable> {
        self.table.as_ref().map_or(Ok(()), |table| report::print(table.heading()))
    }

    pub(crate) fn entry(&self, entry: &Entry) -> Result<(), Unusable> {
        match &self.table {
            Some(table) => report::print(table.row(entry)),
            None => report::print(format_args!("{}\n", entry.to_json())),
        }
    }
}

/// Shows what is added, until the logs cannot be read further or nobody listens.
pub(crate) fn follow(
    readers: &mut [(PathBuf, Reader)],
    filter: &Filter,
    show: &Show,
) -> Result<Outcome, Unusable> {
    loop {
        let (entries, outcome) = read(readers, filter);
        entries.iter().try_for_each(|entry| show.entry(entry))?;
        if outcome == Outcome::DoesNotHold {
            return Ok(outcome);
        }
        std::thread::sleep(LOOK_EVERY);
    }
}
