//! What the caveats of one narrowed token come to: checked once against the chain, compiled, and
//! kept with the root that it was narrowed from.

use sidegate_capabilities::{Args, CommandName, Narrowing, Principal, Scope};

use super::Identity;
use crate::clock::Moment;
use crate::token::{Caveat, CaveatKind, Caveats, Tag};

/// Which caveat refuses a call, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Outside {
    /// The call, or who makes it, is not what the caveat asks for.
    #[error("the token was narrowed: its `{0}` caveat does not allow this call")]
    Of(CaveatKind),
    /// The caveat says nothing that can be understood here, so it allows nothing.
    #[error("the token was narrowed: its `{0}` caveat cannot be read, and allows nothing")]
    Unreadable(CaveatKind),
    /// It has a `uses` caveat, and more such tokens are being counted than there is room for.
    #[error("the token was narrowed: its uses cannot be counted, too many others are")]
    Uncounted,
}

impl Outside {
    /// The kind of the caveat.
    pub(crate) fn kind(self) -> CaveatKind {
        match self {
            Self::Of(kind) | Self::Unreadable(kind) => kind,
            Self::Uncounted => CaveatKind::Uses,
        }
    }
}

/// A narrowed token that was found to be genuine.
#[derive(Debug)]
pub(crate) struct Attenuation {
    tag: Tag,
    caveats: Caveats,
    narrowing: Narrowing,
    expires: Option<Moment>,
    /// What no call can change: a caveat about another document, or one that cannot be read.
    never: Option<Outside>,
    uses: Vec<Uses>,
}

/// So many uses of the token that these caveats make, and of all that is narrowed from it.
#[derive(Debug)]
pub(super) struct Uses {
    pub(super) of: Caveats,
    pub(super) most: u32,
}

impl Attenuation {
    /// Checks the chain from the root's tag on, in the same time whether it is right or not, and
    /// compiles what it says. `None`: the tag is not the one that these caveats make.
    pub(super) fn verify(
        (root, issued): (&Tag, Moment),
        (caveats, shown): (&Caveats, &Tag),
        identity: &Identity,
        principal: &Principal,
    ) -> Option<Self> {
        let mut tag = root.clone();
        for (kind, body) in caveats.iter() {
            tag = tag.extended(kind, body);
        }
        if !tag.is(shown) {
            return None;
        }
        let mut made = Self {
            tag,
            caveats: caveats.clone(),
            narrowing: principal.narrowing(),
            expires: None,
            never: None,
            uses: Vec::new(),
        };
        for (place, (kind, body)) in caveats.iter().enumerate() {
            match Caveat::read(kind, body) {
                Some(caveat) => made.add(caveat, place, issued, identity),
                None => made.refuse(Outside::Unreadable(kind)),
            }
        }
        Some(made)
    }

    fn add(&mut self, caveat: Caveat, place: usize, issued: Moment, identity: &Identity) {
        let kind = caveat.kind();
        let (scope, patterns) = match caveat {
            Caveat::Commands(patterns) => (Scope::Commands, patterns),
            Caveat::Path(patterns) => (Scope::Path, patterns),
            Caveat::Url(patterns) => (Scope::Url, patterns),
            Caveat::Key(patterns) => (Scope::Key, patterns),
            Caveat::Expires { after_issue } => {
                let end = issued.after(std::time::Duration::from_millis(after_issue));
                self.expires = Some(self.expires.map_or(end, |before| before.min(end)));
                return;
            }
            Caveat::Uses { count, .. } => {
                let of = self.caveats.first(place.saturating_add(1));
                self.uses.push(Uses { of, most: count.get() });
                return;
            }
            Caveat::Origin(origin) if origin == identity.origin => return,
            Caveat::Window(label) if label == identity.label => return,
            Caveat::Origin(_) | Caveat::Window(_) => return self.refuse(Outside::Of(kind)),
        };
        if self.narrowing.add(scope, patterns.iter()).is_err() {
            self.refuse(Outside::Unreadable(kind));
        }
    }

    /// The first that refuses is the one that is named.
    fn refuse(&mut self, outside: Outside) {
        self.never = self.never.or(Some(outside));
    }

    /// Whether `shown` is this token's tag.
    pub(super) fn is(&self, shown: &Tag) -> bool {
        self.tag.is(shown)
    }

    pub(super) fn caveats(&self) -> &Caveats {
        &self.caveats
    }

    pub(super) fn uses(&self) -> &[Uses] {
        &self.uses
    }

    /// When it ends by itself, where that is before its root does.
    pub(super) fn ends(&self) -> Option<Moment> {
        self.expires
    }

    /// What is refused whatever the call is.
    pub(super) fn holds(&self, now: Moment) -> Result<(), Outside> {
        if let Some(never) = self.never {
            return Err(never);
        }
        match self.expires {
            Some(end) if now >= end => Err(Outside::Of(CaveatKind::Expires)),
            Some(_) | None => Ok(()),
        }
    }

    /// What is refused of a call.
    pub(super) fn allows(&self, command: &CommandName, args: &Args) -> Result<(), Outside> {
        match self.narrowing.outside(command, args) {
            None => Ok(()),
            Some(scope) => Err(Outside::Of(match scope {
                Scope::Commands => CaveatKind::Commands,
                Scope::Path => CaveatKind::Path,
                Scope::Url => CaveatKind::Url,
                Scope::Key => CaveatKind::Key,
            })),
        }
    }
}
