//! The entries of some logs, as a filter wants them.

use std::path::PathBuf;

use sidegate::audit::{Entry, Filter, Reader};

use crate::report::{Outcome, shown};

/// What is in the logs now, as the filter wants it; lines that are no records are told and
/// passed over.
pub(crate) fn read(readers: &mut [(PathBuf, Reader)], filter: &Filter) -> (Vec<Entry>, Outcome) {
    let mut entries = Vec::new();
    let mut outcome = Outcome::Holds;
    for (log, reader) in readers {
        for read in reader {
            match read {
                Ok(entry) if filter.takes(&entry) => entries.push(entry),
                Ok(_) => {}
                Err(error) => {
                    eprintln!("{}: {error}", shown(log));
                    outcome = Outcome::DoesNotHold;
                }
            }
        }
    }
    (entries, outcome)
}
