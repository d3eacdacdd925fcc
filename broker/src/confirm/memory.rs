//! What was answered. An answer is bound to the window, the origin, the command, what the call names,
//! and the terms of the policy's entry; one that is for good stands in a file of the broker's own, which
//! no command reaches. What cannot be read back, or was forgotten since there was too much, is asked
//! again: nothing here can make a yes of what was none.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sidegate_capabilities::{Ask, CommandName, Origin, WindowLabel};

use super::{Answer, Lasting, Named};
use crate::audit::Digest;
use crate::settings::Settings;
use crate::token::SessionId;

/// How many answers of one session are kept; a further one is for its call alone.
const MAX_OF_SESSION: usize = 256;

/// Of how many sessions they are. The oldest are forgotten first: most of those are gone.
const MAX_SESSIONS: usize = 1024;

/// How often in a row the person may not say yes to a window and a command before they are not asked
/// any more, as long as the broker runs: a page must not wear them down, nor gain by reloading itself.
const MAX_NOES: u32 = 3;

/// Of how many windows and commands that is counted. A policy has fewer.
const MAX_COUNTED: usize = 4096;

/// How many of the last noes are held against questions that wait: there are not that many of those.
const LAST_NOES: usize = 32;

/// What an answer is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct About {
    window: String,
    origin: String,
    command: String,
    #[serde(flatten)]
    named: Named,
    terms: String,
}

/// An answer in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    #[serde(flatten)]
    about: About,
    yes: bool,
}

/// What is known before anybody is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recalled {
    /// Nothing: ask.
    Nothing,
    /// A yes of this session.
    Yes,
    /// A yes for good, which this session has not used yet.
    YesOfOld,
    /// A no.
    No,
    /// The person has said no, or nothing, too often.
    WornOut,
}

/// The memory.
#[derive(Debug)]
pub(crate) struct Memory {
    file: Settings,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    sessions: BTreeMap<SessionId, HashMap<About, bool>>,
    noes: HashMap<(String, String, String), u32>,
    /// How many noes there were, and the last of them with their numbers.
    said_no: u64,
    last_noes: VecDeque<(u64, About)>,
}

impl About {
    pub(crate) fn new(
        (window, origin): (&WindowLabel, &Origin),
        command: &CommandName,
        named: &Named,
        ask: &Ask,
    ) -> Self {
        Self {
            window: window.to_string(),
            origin: origin.to_string(),
            command: command.to_string(),
            named: named.clone(),
            terms: ask.terms().to_owned(),
        }
    }

    /// Its key in the file. Two that share one are told apart by the whole of them.
    fn key(&self) -> String {
        let text = serde_json::to_string(self).unwrap_or_default();
        format!("answer.h{}", Digest::of(text.as_bytes()))
    }

    fn caller(&self) -> (String, String, String) {
        (self.window.clone(), self.origin.clone(), self.command.clone())
    }
}

impl Memory {
    /// The memory with the answers that stand in `file`.
    pub(crate) fn in_file(file: Settings) -> Self {
        Self { file, known: Mutex::default() }
    }

    /// What was said of this before. A yes is held against how often the policy wants it now: one for
    /// good says nothing where each call is to be asked about.
    pub(crate) fn recall(&self, session: SessionId, about: &About, most: Lasting) -> Recalled {
        let known = self.lock();
        let said = known.sessions.get(&session).and_then(|said| said.get(about)).copied();
        let kept = || self.kept(&about.key()).filter(|kept| kept.about == *about);
        match (said, most) {
            (Some(false), _) => return Recalled::No,
            (Some(true), Lasting::Session | Lasting::ForGood) => return Recalled::Yes,
            (Some(true), Lasting::Call) | (None, _) => {}
        }
        match kept().map(|kept| kept.yes) {
            Some(false) => Recalled::No,
            Some(true) if most == Lasting::ForGood => Recalled::YesOfOld,
            _ if known.is_worn_out(about) => Recalled::WornOut,
            Some(true) | None => Recalled::Nothing,
        }
    }

    /// How many noes there were: for whoever begins to wait.
    pub(crate) fn noes(&self) -> u64 {
        self.lock().said_no
    }

    /// Whether this very question was answered with a no since there were `noes` of them. Whoever
    /// waited meanwhile with the same one has had their answer.
    pub(crate) fn was_refused_since(&self, noes: u64, about: &About) -> bool {
        let known = self.lock();
        known.last_noes.iter().any(|(number, refused)| *number > noes && refused == about)
    }

    /// Keeps an answer for as long as it was given for, a yes for no longer than `most`; for how long
    /// it holds.
    pub(crate) fn keep(
        &self,
        session: SessionId,
        about: &About,
        answer: Answer,
        most: Lasting,
    ) -> Lasting {
        let (yes, lasting) = match answer {
            Answer::Yes(lasting) => (true, lasting.min(most)),
            Answer::No(lasting) => (false, lasting),
            Answer::Unasked => (false, Lasting::Call),
        };
        self.lock().count(about, yes);
        let kept = lasting == Lasting::ForGood && self.keep_for_good(about, yes);
        let in_session = lasting > Lasting::Call && self.keep_in_session(session, about, yes);
        match (kept, in_session) {
            (true, _) => Lasting::ForGood,
            (false, true) => Lasting::Session,
            (false, false) => Lasting::Call,
        }
    }

    /// Notes that no answer came.
    pub(crate) fn unanswered(&self, about: &About) {
        self.lock().count(about, false);
    }

    /// Notes that a session has used a yes for good.
    pub(crate) fn used(&self, session: SessionId, about: &About) {
        let _kept = self.keep_in_session(session, about, true);
    }

    /// Forgets every answer to an entry that is not of these terms any more.
    pub(crate) fn forget_but<'t>(&self, terms: impl Iterator<Item = &'t str>) {
        let terms: HashSet<&str> = terms.collect();
        {
            let mut known = self.lock();
            for said in known.sessions.values_mut() {
                said.retain(|about, _| terms.contains(about.terms.as_str()));
            }
            // Another policy is another question: whoever had enough of the last may hear this one.
            known.noes.clear();
        }
        for key in self.file.keys() {
            let stays = self.kept(&key).is_some_and(|kept| terms.contains(&*kept.about.terms));
            if !stays {
                self.remove(&key);
            }
        }
    }

    /// Forgets every answer.
    pub(crate) fn forget_all(&self) {
        *self.lock() = Known::default();
        self.file.keys().iter().for_each(|key| self.remove(key));
    }

    fn keep_for_good(&self, about: &About, yes: bool) -> bool {
        let kept = Kept { about: about.clone(), yes };
        let value = serde_json::to_value(kept).unwrap_or(Value::Null);
        let written = self.file.set(&about.key(), value);
        if let Err(error) = &written {
            tracing::warn!(%error, "an answer for good holds as long as its page is open");
        }
        written.is_ok()
    }

    fn keep_in_session(&self, session: SessionId, about: &About, yes: bool) -> bool {
        let mut known = self.lock();
        if !known.sessions.contains_key(&session) && known.sessions.len() >= MAX_SESSIONS {
            known.sessions.pop_first();
        }
        let said = known.sessions.entry(session).or_default();
        let has_room = said.contains_key(about) || said.len() < MAX_OF_SESSION;
        if has_room {
            said.insert(about.clone(), yes);
        }
        has_room
    }

    fn kept(&self, key: &str) -> Option<Kept> {
        serde_json::from_value(self.file.get(key)?).ok()
    }

    fn remove(&self, key: &str) {
        if let Err(error) = self.file.set(key, Value::Null) {
            // It says nothing all the same: its terms are in no policy.
            tracing::warn!(%error, "an answer that holds no longer stays in its file");
        }
    }

    /// Maps that are each changed in one step: whole, whatever panicked.
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn count(&mut self, about: &About, yes: bool) {
        if yes {
            self.noes.remove(&about.caller());
            return;
        }
        self.said_no = self.said_no.saturating_add(1);
        self.last_noes.push_back((self.said_no, about.clone()));
        if self.last_noes.len() > LAST_NOES {
            self.last_noes.pop_front();
        }
        let is_new = !self.noes.contains_key(&about.caller());
        if is_new && self.noes.len() >= MAX_COUNTED {
            return;
        }
        let noes = self.noes.entry(about.caller()).or_default();
        *noes = noes.saturating_add(1);
    }

    fn is_worn_out(&self, about: &About) -> bool {
        let noes = self.noes.get(&about.caller()).copied();
        // What is not counted any more is not asked any more.
        noes.map_or(self.noes.len() >= MAX_COUNTED, |noes| noes >= MAX_NOES)
    }
}

#[cfg(test)]
mod tests;
