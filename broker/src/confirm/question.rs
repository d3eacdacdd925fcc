//! What the person reads. All of it is the broker's and the policy's text, but for the values that the
//! call names: those are the page's, and are shown as values, with nothing in them that does not show,
//! each on a line of its own and cut where it is long.

use std::fmt;

use serde_json::Value;
use sidegate_capabilities::{Ask, CommandName, Origin, Permit, WindowLabel, visible};

use super::Lasting;

/// How much of a value is shown at its start, in characters.
const SHOWN_FRONT: usize = 160;

/// And at its end: what a path ends with says what it is.
const SHOWN_BACK: usize = 60;

/// How many arguments are shown besides the resources; of more than that nobody reads all.
const MAX_SHOWN: usize = 12;

/// What a call names, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub(crate) struct Named {
    pub(crate) path: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) key: Option<String>,
}

impl Named {
    /// What the permit resolved: the place that is opened, and not the text that led there.
    pub(crate) fn of(permit: &Permit<'_>) -> Self {
        Self {
            path: permit
                .path
                .as_ref()
                .map(|grant| grant.base().join(grant.relative()).to_string_lossy().into_owned()),
            url: permit.url.as_ref().map(ToString::to_string),
            key: permit.key.as_deref().map(str::to_owned),
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("path", &self.path), ("url", &self.url), ("key", &self.key)];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

/// What a question is made of.
pub(crate) struct Wording<'a> {
    pub(crate) window: &'a WindowLabel,
    pub(crate) origin: &'a Origin,
    pub(crate) command: &'a CommandName,
    pub(crate) ask: &'a Ask,
    /// What whoever wrote the command says of it.
    pub(crate) description: Option<&'a str>,
    pub(crate) named: &'a Named,
    /// The arguments as the log may have them: what is kept out there is not shown here.
    pub(crate) args: &'a Value,
}

/// A question for the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    window: WindowLabel,
    origin: Origin,
    command: CommandName,
    what: String,
    values: Vec<(String, String)>,
    most: Lasting,
}

impl Question {
    pub(crate) fn new(wording: &Wording<'_>) -> Self {
        let most = Lasting::most(wording.ask.when());
        let said = wording.ask.text().or(wording.description);
        let what = said.map_or_else(|| format!("call `{}`", wording.command), shown);
        let mut values: Vec<_> =
            wording.named.iter().map(|(name, value)| (name.to_owned(), shown(value))).collect();
        // A yes that holds for more than this call is given whatever the other arguments are.
        if most == Lasting::Call {
            values.extend(others(wording.args));
        }
        Self {
            window: wording.window.clone(),
            origin: wording.origin.clone(),
            command: wording.command.clone(),
            what,
            values,
            most,
        }
    }

    /// The label of the window that asks. Its title is the page's to set, and says nothing.
    #[must_use]
    pub fn window(&self) -> &WindowLabel {
        &self.window
    }

    /// The origin of its document.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The command.
    #[must_use]
    pub fn command(&self) -> &CommandName {
        &self.command
    }

    /// What the call does: the policy's text, else the description of the command, else its name.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What the call names, each with the name of its argument: as it may be shown, on one line.
    pub fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// How long a yes holds at most. One that was meant for longer holds for this long.
    #[must_use]
    pub fn most(&self) -> Lasting {
        self.most
    }
}

#[cfg(test)]
impl Question {
    /// A question of the window `editor`, for tests of who asks it.
    pub(crate) fn like(what: &str, values: &[(&str, &str)], most: Lasting) -> Self {
        let values = values.iter().map(|(name, value)| (shown(name), shown(value)));
        Self {
            window: WindowLabel::parse("editor").unwrap(),
            origin: Origin::local(),
            command: CommandName::parse("work.do").unwrap(),
            what: shown(what),
            values: values.collect(),
            most,
        }
    }
}

/// All of it as plain text, a fact a line.
impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { window, origin, command, what, values, most } = self;
        writeln!(f, "The window `{window}` ({origin}) wants to: {what}")?;
        writeln!(f, "  command: {command}")?;
        for (name, value) in values {
            writeln!(f, "  {name}: {value}")?;
        }
        f.write_str(match most {
            Lasting::Call => "May it, this once?",
            Lasting::Session => "May it, as long as this page is open, with whatever else it says?",
            Lasting::ForGood => "May it, from now on, with whatever else it says?",
        })
    }
}

/// The arguments beside the resources.
fn others(args: &Value) -> Vec<(String, String)> {
    let Some(args) = args.as_object() else { return Vec::new() };
    let others: Vec<_> =
        args.iter().filter(|(name, _)| !["path", "url", "key"].contains(&name.as_str())).collect();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    };
    let mut values: Vec<_> = others
        .iter()
        .take(MAX_SHOWN)
        .map(|(name, value)| (shown(name), shown(&text(value))))
        .collect();
    let more = others.len().saturating_sub(MAX_SHOWN);
    if more > 0 {
        values.push(("…".to_owned(), format!("and {more} arguments more")));
    }
    values
}

/// A text of the page's as it may be shown: nothing in it moves what stands around it, and how much
/// was left out is said.
fn shown(text: &str) -> String {
    let length = text.chars().count();
    let out = length.saturating_sub(SHOWN_FRONT.saturating_add(SHOWN_BACK));
    if out == 0 {
        return visible(text).into_owned();
    }
    let front: String = text.chars().take(SHOWN_FRONT).collect();
    let back: String = text.chars().skip(length.saturating_sub(SHOWN_BACK)).collect();
    format!("{} … ({out} characters more) … {}", visible(&front), visible(&back))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_a_page_wrote_is_shown_as_a_value_and_does_nothing_else() {
        let long = format!("{}{}", "a".repeat(SHOWN_FRONT), "b".repeat(SHOWN_BACK));
        let longer = format!("{}xx{}", "a".repeat(SHOWN_FRONT), "b".repeat(SHOWN_BACK));
        let cut = format!(
            "{} … (2 characters more) … {}",
            "a".repeat(SHOWN_FRONT),
            "b".repeat(SHOWN_BACK)
        );
        for (text, expected) in [
            ("a note.md", "a note.md"),
            ("文 é", "文 é"),
            ("x\nAllow everything?", "x\\nAllow everything?"),
            ("a\u{202e}dm.exe", "a\\u{202e}dm.exe"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            (&long, &long),
            (&longer, &cut),
        ] {
            assert_eq!(shown(text), expected);
        }
    }

    #[test]
    fn arguments_are_counted_where_they_are_many() {
        let few = json!({ "path": "/a", "n": 1, "text": "x\ny", "list": ["a"] });
        let expected = [("list", "[\"a\"]"), ("n", "1"), ("text", "x\\ny")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut found = others(&few);
        found.sort();
        assert_eq!(found, expected);
        let many: serde_json::Map<_, _> = (0..20).map(|n| (format!("a{n}"), json!(n))).collect();
        let found = others(&Value::Object(many));
        assert_eq!(found.len(), MAX_SHOWN + 1);
        assert_eq!(found.last().unwrap().1, "and 8 arguments more");
    }
}
