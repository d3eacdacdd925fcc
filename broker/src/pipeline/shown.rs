//! Shown: which values of a call's arguments may stand in the log. By default none do; an allow
//! entry may want them, and so may whoever runs the app to write a policy for it. What an entry says
//! is to be kept out stays out either way.

use serde_json::{Map, Value};
use sidegate_capabilities::{Args, CommandName, Policy};

use crate::audit::Pattern;
use crate::session::Policies;

/// What may be shown of which command.
#[derive(Debug, Default)]
pub(crate) struct Showing {
    /// Whether the arguments of every call are wanted, refused ones too.
    everything: bool,
    /// The pointers that are kept out, by the commands that they are kept out of. They hold for
    /// every call of such a command, whether or not the entry that names them speaks of that call: a
    /// call that is refused would otherwise show what an allowed one keeps.
    redacted: Vec<(Vec<Pattern>, Vec<String>)>,
}

/// Arguments as the log may have them.
#[derive(Debug)]
pub(super) struct Shown {
    /// With `null` in the place of what is kept out.
    pub(super) args: Value,
    /// The pointers of what was there and is kept out.
    pub(super) redacted: Vec<String>,
}

impl Showing {
    /// What the policies keep out, the observed one too; with `everything`, all the rest is shown of
    /// every call.
    pub(crate) fn under(policies: &Policies, everything: bool) -> Self {
        let both = std::iter::once(&policies.enforced).chain(policies.shadow.as_ref());
        let entries = both.flat_map(Policy::outline).flat_map(|capability| capability.allow);
        let redacting = entries.filter(|entry| !entry.audit.redact.is_empty());
        let redacted = redacting.map(|entry| {
            let commands = entry.commands.into_iter().map(Pattern::new).collect();
            (commands, entry.audit.redact)
        });
        Self { everything, redacted: redacted.collect() }
    }

    /// Whether the arguments of every call are wanted.
    pub(super) fn is_of_everything(&self) -> bool {
        self.everything
    }

    /// The arguments, where those of every call are wanted.
    pub(super) fn everything(&self, command: &CommandName, args: &Args) -> Option<Shown> {
        self.everything.then(|| self.of(command, args))
    }

    /// Whether something is kept out of what the log has of this command; of a message whose command
    /// could not be read, where it is of any. Then no digest of the whole is written either, of
    /// allowed calls and of refused ones: from it a short value could be guessed.
    pub(super) fn keeps_out_of(&self, command: Option<&str>) -> bool {
        self.redacted.iter().any(|(commands, _)| {
            command.is_none_or(|name| commands.iter().any(|pattern| pattern.fits(name)))
        })
    }

    /// The arguments without what is kept out.
    pub(super) fn of(&self, command: &CommandName, args: &Args) -> Shown {
        let mut shown = Shown { args: args.as_value().clone(), redacted: Vec::new() };
        let mine = self
            .redacted
            .iter()
            .filter(|(commands, _)| commands.iter().any(|pattern| pattern.fits(command.as_str())));
        for pointer in mine.flat_map(|(_, pointers)| pointers) {
            let names: Vec<String> = pointer.split('/').skip(1).map(unescape).collect();
            if blank(&mut shown.args, &names) && !shown.redacted.contains(pointer) {
                shown.redacted.push(pointer.clone());
            }
        }
        shown
    }
}

/// Puts `null` where the names lead, and says whether they led anywhere. An array on the way means
/// each of its elements, as it does in a `result`.
fn blank(value: &mut Value, names: &[String]) -> bool {
    match (value, names) {
        (Value::Object(map), [last]) => map.get_mut(last).map(Value::take).is_some(),
        (Value::Object(map), [first, rest @ ..]) => blank_in(map, first, rest),
        (Value::Array(items), _) => {
            let mut any = blank_at(items, names);
            for item in items {
                any |= blank(item, names);
            }
            any
        }
        _ => false,
    }
}

fn blank_in(map: &mut Map<String, Value>, first: &str, rest: &[String]) -> bool {
    map.get_mut(first).is_some_and(|inner| blank(inner, rest))
}

/// The same where the first name is the place of an element, as RFC 6901 has it: both readings of a
/// pointer keep their value out.
fn blank_at(items: &mut [Value], names: &[String]) -> bool {
    let Some((first, rest)) = names.split_first() else {
        return false;
    };
    let at: Option<&mut Value> = first.parse().ok().and_then(|at: usize| items.get_mut(at));
    at.is_some_and(|item| {
        if rest.is_empty() {
            *item = Value::Null;
            return true;
        }
        blank(item, rest)
    })
}

/// A name of a JSON pointer. In this order: `~01` is `~1`.
fn unescape(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn h03_what_is_kept_out_is_nowhere() {
        let showing = |pointers: &[&str]| Showing {
            everything: true,
            redacted: vec![(
                vec![Pattern::new("vault.*")],
                pointers.iter().map(|pointer| (*pointer).to_owned()).collect(),
            )],
        };
        let args =
            json!({ "pin": "1234", "list": [{ "pin": 1 }, { "pin": 2, "a": 3 }], "a/b~": [7] });
        let Value::Object(map) = args.clone() else { panic!("an object") };
        let args_of_it = Args::new(map);
        let vault = CommandName::parse("vault.open").unwrap();
        for (pointers, expected, redacted) in [
            (
                vec!["/pin"],
                json!({ "pin": null, "list": [{ "pin": 1 }, { "pin": 2, "a": 3 }], "a/b~": [7] }),
                vec!["/pin"],
            ),
            (
                vec!["/list/pin"],
                json!({ "pin": "1234", "list": [{ "pin": null }, { "pin": null, "a": 3 }], "a/b~": [7] }),
                vec!["/list/pin"],
            ),
            (
                vec!["/a~1b~0"],
                json!({ "pin": "1234", "list": [{ "pin": 1 }, { "pin": 2, "a": 3 }], "a/b~": null }),
                vec!["/a~1b~0"],
            ),
            (
                vec!["/list", "/pin", "/pin"],
                json!({ "pin": null, "list": null, "a/b~": [7] }),
                vec!["/list", "/pin"],
            ),
            (
                vec!["/list/1/pin", "/a~1b~0/0"],
                json!({ "pin": "1234", "list": [{ "pin": 1 }, { "pin": null, "a": 3 }], "a/b~": [null] }),
                vec!["/list/1/pin", "/a~1b~0/0"],
            ),
            (vec!["/none", "/pin/deeper", "/list/none", "/list/9", ""], args.clone(), vec![]),
        ] {
            let shown = showing(&pointers).of(&vault, &args_of_it);
            assert_eq!(
                (shown.args, shown.redacted),
                (expected, redacted.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>()),
                "{pointers:?}"
            );
        }
        for (command, expected) in
            [(Some("vault.open"), true), (Some("app.info"), false), (None, true)]
        {
            assert_eq!(showing(&["/pin"]).keeps_out_of(command), expected, "{command:?}");
            assert!(!Showing::default().keeps_out_of(command));
        }
        let other = CommandName::parse("app.info").unwrap();
        assert_eq!(showing(&["/pin"]).of(&other, &args_of_it).args, args);
        assert!(Showing::default().everything(&other, &args_of_it).is_none());
    }
}
