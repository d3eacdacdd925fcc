//! The keys of a capability file: where each may stand, what it means, what is typed for it.

/// A kind of table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    File,
    Permission,
    Capability,
    Allow,
    Deny,
    Use,
    Limit,
    Result,
    Ask,
    Audit,
    Test,
    Never,
    /// Whose keys are the author's own: a schema, parameters.
    Free,
}

/// A key.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    /// What it means, in a sentence or two.
    pub(super) about: &'static str,
    /// What stands behind it, with `$1` for the first blank.
    pub(super) value: &'static str,
}

impl Section {
    /// The table behind a key, or each of them.
    pub(super) fn inner(self, key: &str) -> Self {
        match (self, key) {
            (Self::File, "permission") => Self::Permission,
            (Self::File, "capability") => Self::Capability,
            (Self::File, "test") => Self::Test,
            (Self::File, "never") => Self::Never,
            (Self::Permission | Self::Capability, "allow") => Self::Allow,
            (Self::Permission | Self::Capability, "deny") => Self::Deny,
            (Self::Permission | Self::Capability, "use") => Self::Use,
            (Self::Allow, "limit") => Self::Limit,
            (Self::Allow, "result") => Self::Result,
            (Self::Allow, "ask") => Self::Ask,
            (Self::Allow, "audit") => Self::Audit,
            _ => Self::Free,
        }
    }

    /// The table that a path of keys leads to.
    pub(super) fn of<'k>(keys: impl IntoIterator<Item = &'k str>) -> Self {
        keys.into_iter().fold(Self::File, Self::inner)
    }

    /// The keys that may stand in it.
    pub(super) fn keys(self) -> &'static [Key] {
        match self {
            Self::File => FILE,
            Self::Permission => PERMISSION,
            Self::Capability => CAPABILITY,
            Self::Allow => ALLOW,
            Self::Deny => DENY,
            Self::Use => USE,
            Self::Limit => LIMIT,
            Self::Result => RESULT,
            Self::Ask => ASK,
            Self::Audit => AUDIT,
            Self::Test => TEST,
            Self::Never => NEVER,
            Self::Free => &[],
        }
    }

    /// One of them.
    pub(super) fn key(self, name: &str) -> Option<&'static Key> {
        self.keys().iter().find(|key| key.name == name)
    }
}

const fn key(name: &'static str, value: &'static str, about: &'static str) -> Key {
    Key { name, about, value }
}

const DESCRIPTION: Key = key("description", "\"$1\"", "What it is for, in a sentence, for people.");
const PLATFORMS: Key = key(
    "platforms",
    "[\"$1\"]",
    "The systems it is for: `linux`, `macos`, `windows`. Without it, all of them.",
);
const USES: Key = key(
    "use",
    "[\"$1\"]",
    "The permissions it takes over, by id: `\"notes:read\"`, or with values for parameters, \
     `{ id = \"files:read\", dir = \"$DOCUMENTS\" }`.",
);
const ALLOW_KEY: Key = key(
    "allow",
    "[\n  { commands = [\"$1\"] },\n]",
    "Entries that say which calls are allowed. What no entry allows is denied.",
);
const DENY_KEY: Key = key(
    "deny",
    "[\n  { commands = [\"$1\"] },\n]",
    "Entries that say which calls are denied, whatever allows them.",
);
const COMMANDS: Key = key(
    "commands",
    "[\"$1\"]",
    "The commands it is about; `*` is any run of characters, dots too.",
);
const ARGS: Key = key(
    "args",
    "{ properties = { $1 } }",
    "A JSON Schema that the arguments must meet: a table, or the name of a `.json` file beside the \
     policy.",
);

const FILE: &[Key] = &[
    key("version", "1", "The version of the language: 1."),
    key("include", "[\"$1\"]", "Files beneath this one's directory that belong to it."),
    key("permission", "", "Entries with a name, which capabilities take over by `use`."),
    key("capability", "", "What some windows may do."),
    key("test", "", "A call, and the verdict that it must have; `sidegate test` asks."),
    key("never", "", "What no call may do, proved whenever the policy is compiled."),
];

const PERMISSION: &[Key] = &[
    key("id", "\"$1\"", "Its name, which stands in `use`."),
    DESCRIPTION,
    PLATFORMS,
    key("params", "[\"$1\"]", "The names that stand as `{name}` in its patterns."),
    key("defaults", "{ $1 }", "Values of parameters that a use leaves out."),
    USES,
    ALLOW_KEY,
    DENY_KEY,
];

const CAPABILITY: &[Key] = &[
    key("id", "\"$1\"", "Its name, which stands in verdicts and in the audit log."),
    DESCRIPTION,
    key("windows", "[\"$1\"]", "The windows it is for, by label; `*` is any run of characters."),
    key(
        "origins",
        "[\"$1\"]",
        "Whose pages it is for: `local`, the app's own, or patterns like \
         `https://*.example.com`. Without it, the app's own alone.",
    ),
    PLATFORMS,
    key(
        "expires",
        "$1",
        "The moment, with its offset, from which on it grants and denies nothing: \
         `2027-01-01T00:00:00Z`.",
    ),
    key(
        "observe",
        "true",
        "Not enforced: calls are recorded with what it would have said of them. One with the id of \
         an enforced capability stands in its place there.",
    ),
    USES,
    ALLOW_KEY,
    DENY_KEY,
    key("dangerous", "\"$1\"", "Why it is meant to be as wide as it is."),
];

const ALLOW: &[Key] = &[
    COMMANDS,
    key(
        "path",
        "[\"$1\"]",
        "The files: patterns that begin with a variable or `/`. Without it the call has no path; \
         empty, no call matches. Wildcards pass over hidden names.",
    ),
    key(
        "url",
        "[\"$1\"]",
        "The addresses: patterns like `https://*.example.com/api/**`. Without it the call has no \
         address; empty, no call matches.",
    ),
    key(
        "key",
        "[\"$1\"]",
        "The keys of settings: words joined by dots, `*` within one, `**` for any number. Without \
         it the call has no key; empty, no call matches.",
    ),
    ARGS,
    key(
        "ask",
        "\"${1:each call}\"",
        "The person is asked first, by the broker: before `each call`, in `each session` (each \
         document), or `once`. Without an answer the call is refused.",
    ),
    key("limit", "{ rate = \"$1/s\" }", "How much of it: rate, burst, calls at once, size, time."),
    key("result", "{ omit = [\"/$1\"] }", "What of the answer reaches the page."),
    key("audit", "{ args = true }", "What of the call stands in the audit log."),
    key("dangerous", "\"$1\"", "Why it is meant to be as wide as it is."),
];

const DENY: &[Key] = &[
    COMMANDS,
    key(
        "path",
        "[\"$1\"]",
        "The files it is kept to; without it the command is denied altogether. May begin with \
         `**/` for anywhere; hidden names match.",
    ),
    key("url", "[\"$1\"]", "The addresses it is kept to; without it, all."),
    key("key", "[\"$1\"]", "The keys of settings it is kept to; without it, all."),
    ARGS,
];

const USE: &[Key] =
    &[key("id", "\"$1\"", "The permission's id. All other keys are values of its parameters.")];

const LIMIT: &[Key] = &[
    key("rate", "\"$1/s\"", "Calls over time: `20/s`, `5/m`, `100/h`."),
    key("burst", "$1", "The most calls at once after a pause."),
    key("in_flight", "$1", "The most calls that run at once."),
    key("bytes", "\"$1 KiB\"", "The most bytes of the arguments of one call."),
    key("deadline", "\"$1s\"", "The longest time for one call: `500ms`, `2s`, `1m`."),
];

const RESULT: &[Key] = &[
    key("omit", "[\"/$1\"]", "JSON pointers to what is left out of the answer."),
    key("keep", "[\"/$1\"]", "JSON pointers to all that is left in the answer."),
    key("max_bytes", "\"$1 KiB\"", "The most bytes of an answer."),
];

const ASK: &[Key] = &[
    key(
        "when",
        "\"${1:each call}\"",
        "`each call`; `each session`: before the first of a document; `once`: before the first, for \
         good.",
    ),
    key("text", "\"$1\"", "What the call does, in a few words: what the person reads."),
];

const AUDIT: &[Key] = &[
    key("args", "true", "Whether the values of arguments may stand in the log."),
    key("redact", "[\"/$1\"]", "JSON pointers to the values that never do."),
    key(
        "calls",
        "\"$1\"",
        "`each`: every allowed call is written; `counted`: they are counted, not written one by \
         one.",
    ),
];

const TEST: &[Key] = &[
    key("window", "\"$1\"", "The label of the window that calls."),
    key("origin", "\"$1\"", "The origin of the page that calls; without it, the app's own."),
    key("call", "\"$1\"", "The command."),
    key("args", "{ $1 }", "The arguments."),
    key("expect", "\"$1\"", "The verdict that it must have: `allow` or `deny`."),
    key(
        "because",
        "\"$1\"",
        "The id of the capability or permission that must have decided it, or for a refusal the \
         code of its reason.",
    ),
    key("at", "$1", "The moment of the call, with its offset."),
];

const NEVER: &[Key] = &[
    key("why", "\"$1\"", "Why not."),
    key("commands", "[\"$1\"]", "The commands that must not be reached."),
    key("windows", "[\"$1\"]", "By which windows; without it, by any."),
    key("except_windows", "[\"$1\"]", "By any window but these."),
    key(
        "origins",
        "[\"$1\"]",
        "By whose pages: `local`, `remote` for all but the app's own, or patterns; without it, by \
         any.",
    ),
    key("except_origins", "[\"$1\"]", "By any page but these."),
    key("path", "[\"$1\"]", "With which files; hidden names match, `**/` is anywhere."),
    key("url", "[\"$1\"]", "With which addresses."),
    key("key", "[\"$1\"]", "With which keys of settings."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    /// The schema that editors complete with knows the same keys, table by table.
    #[test]
    fn the_keys_are_those_of_the_schema() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../policies/schemas/capability-file.json");
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let use_table = "/definitions/use/items/anyOf/1";
        let tables = [
            (Section::File, ""),
            (Section::Permission, "/definitions/permission"),
            (Section::Capability, "/definitions/capability"),
            (Section::Allow, "/definitions/allowEntry"),
            (Section::Deny, "/definitions/denyEntry"),
            (Section::Use, use_table),
            (Section::Limit, "/definitions/limit"),
            (Section::Result, "/definitions/result"),
            (Section::Audit, "/definitions/audit"),
            (Section::Test, "/definitions/test"),
            (Section::Never, "/definitions/never"),
        ];
        for (section, pointer) in tables {
            let properties = schema.pointer(pointer).and_then(|one| one["properties"].as_object());
            let written: BTreeSet<&str> = properties
                .unwrap_or_else(|| panic!("{pointer}"))
                .keys()
                .map(String::as_str)
                .collect();
            let mine: BTreeSet<&str> = section.keys().iter().map(|key| key.name).collect();
            assert_eq!(mine, written, "{section:?}");
            assert_eq!(mine.len(), section.keys().len(), "{section:?}: each once");
        }
    }
}
