//! What `check` finds of an app beside its policy: its own commands, and the calls in its scripts.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use sidegate::capabilities::{Color, Diagnostics, Policy, Sources};
use sidegate_tools::drift::{Drift, FrontEnd, uncovered_calls, unused_commands};

use super::place::Place;
use crate::report::{Unusable, shown};

/// How many calls that cannot be read are shown by their place.
const MAX_SHOWN: usize = 5;

/// What was found, with the texts that it stands in.
pub(crate) struct Found {
    pub(crate) diagnostics: Diagnostics,
    drift: Drift,
    passed: usize,
    sources: Sources,
}

/// Looks at the app in a directory.
pub(crate) fn find(app: &Path, place: &Place, policy: &Policy) -> Result<Found, Unusable> {
    let pages = FrontEnd::read(app).map_err(Unusable::new)?;
    let mut drift = uncovered_calls(policy, &place.commands()?, &pages);
    let mut all = std::mem::take(&mut drift.diagnostics);
    let mut texts: BTreeMap<&str, &str> = BTreeMap::new();
    let manifest = place.own.as_ref().map(|own| (shown(&own.path), own));
    if let Some((name, own)) = &manifest {
        all.extend(unused_commands(policy, &own.commands, (name, &own.text)));
        texts.insert(name, &own.text);
    }
    let diagnostics: Diagnostics = all.into_iter().collect();
    let is_shown = |name: &str| diagnostics.iter().any(|one| one.file == name);
    texts.extend(pages.files().filter(|(name, _)| is_shown(name)));
    let sources = Sources::from_texts(texts);
    Ok(Found { diagnostics, drift, passed: pages.passed(), sources })
}

impl Found {
    /// The part of the report that is about scripts.
    pub(crate) fn report(&self) -> Value {
        let place = |(file, line, column): &(String, u32, u32)| json!({ "file": file, "line": line, "column": column });
        json!({
            "files": self.drift.files,
            "passed_over": self.passed,
            "calls": self.drift.calls,
            "unread": self.drift.unread.iter().map(place).collect::<Vec<_>>(),
        })
    }

    /// The diagnostics, and a line on the calls that cannot be read, where there are some.
    pub(crate) fn render(&self, color: Color) -> String {
        let mut out = self.diagnostics.render(&self.sources, color);
        let unread = &self.drift.unread;
        if !unread.is_empty() {
            let places: Vec<_> = unread
                .iter()
                .take(MAX_SHOWN)
                .map(|(file, line, column)| format!("{file}:{line}:{column}"))
                .collect();
            let more = if unread.len() > MAX_SHOWN { ", …" } else { "" };
            let calls = if unread.len() == 1 {
                "1 call".to_owned()
            } else {
                format!("{} calls", unread.len())
            };
            out.push_str(&format!("{calls} cannot be read: {}{more}\n", places.join(", ")));
        }
        out
    }
}
