//! The order of keys, by what they are keys of. One that is not known here comes after those that
//! are, in the order in which it was written.

/// What a table or an inline table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Permission,
    Capability,
    Test,
    Never,
    Entry,
    Limit,
    Result,
    Ask,
    Audit,
    Use,
    /// A table whose keys are its author's own: arguments, a JSON Schema, defaults.
    Free,
}

impl Kind {
    /// What stands behind `key` in a table of this kind.
    pub(super) fn of(self, key: &str) -> Self {
        match (self, key) {
            (Self::File, "permission") => Self::Permission,
            (Self::File, "capability") => Self::Capability,
            (Self::File, "test") => Self::Test,
            (Self::File, "never") => Self::Never,
            (Self::Permission | Self::Capability, "allow" | "deny") => Self::Entry,
            (Self::Permission | Self::Capability, "use") => Self::Use,
            (Self::Entry, "limit") => Self::Limit,
            (Self::Entry, "result") => Self::Result,
            (Self::Entry, "ask") => Self::Ask,
            (Self::Entry, "audit") => Self::Audit,
            _ => Self::Free,
        }
    }

    /// Whether a list of such things has one a line as soon as it has several.
    pub(super) fn is_listed(self) -> bool {
        self == Self::Entry
    }

    /// The place of `key` among its like.
    pub(super) fn rank(self, key: &str) -> usize {
        let keys = self.keys();
        keys.iter().position(|known| *known == key).unwrap_or(keys.len())
    }

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::File => &["version", "include", "permission", "capability", "test", "never"],
            Self::Permission => {
                &["id", "description", "platforms", "params", "defaults", "use", "allow", "deny"]
            }
            Self::Capability => &[
                "id",
                "description",
                "windows",
                "origins",
                "platforms",
                "expires",
                "observe",
                "dangerous",
                "use",
                "allow",
                "deny",
            ],
            Self::Test => &["window", "origin", "at", "call", "args", "expect", "because"],
            Self::Never => &[
                "why",
                "windows",
                "except_windows",
                "origins",
                "except_origins",
                "commands",
                "path",
                "url",
                "key",
            ],
            Self::Entry => &[
                "commands",
                "path",
                "url",
                "key",
                "args",
                "ask",
                "limit",
                "result",
                "audit",
                "log_args",
                "dangerous",
            ],
            Self::Limit => &["rate", "burst", "in_flight", "bytes", "deadline"],
            Self::Result => &["omit", "keep", "max_bytes"],
            Self::Ask => &["when", "text"],
            Self::Audit => &["args", "redact", "calls"],
            Self::Use => &["id"],
            Self::Free => &[],
        }
    }
}
