//! The app's menu bar: what can be chosen, and what that stands for. It is the manifest's alone; a
//! page adds nothing to it.

use serde::Deserialize;
use serde_json::Value;
use sidegate_capabilities::CommandName;

use super::{ManifestError, value};
use crate::wire;

/// The label under which the app itself calls what its menu names. No window has it; a capability
/// names it like one.
pub(crate) const CORE: &str = "core";

/// The most items of all menus: more than a screen shows.
const MAX_ITEMS: usize = 128;

/// The most bytes of a title.
const MAX_TITLE: usize = 128;

/// The menu bar of an app.
#[derive(Debug, Clone, Default)]
pub struct Menus(Vec<Menu>);

/// One menu.
#[derive(Debug, Clone)]
pub struct Menu {
    title: String,
    items: Vec<MenuEntry>,
}

/// What can be chosen.
#[derive(Debug, Clone)]
pub struct MenuEntry {
    title: String,
    keys: Option<String>,
    chosen: Chosen,
}

/// What an item stands for.
#[derive(Debug, Clone, PartialEq)]
pub enum Chosen {
    /// A call of the app itself, as window `core`: what the policy does not grant that label is
    /// refused like any call.
    Command {
        /// The command.
        command: CommandName,
        /// Its arguments, an object.
        args: Value,
    },
    /// An event for the core to act on.
    Event(String),
}

/// A menu as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    title: String,
    #[serde(default)]
    item: Vec<WrittenItem>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenItem {
    title: String,
    keys: Option<String>,
    command: Option<String>,
    args: Option<Value>,
    event: Option<String>,
}

impl Menus {
    pub(super) fn parse(written: Vec<Written>) -> Result<Self, ManifestError> {
        let items: usize = written.iter().map(|menu| menu.item.len()).sum();
        if items > MAX_ITEMS {
            return Err(value("menu", format!("there are at most {MAX_ITEMS} items")));
        }
        written.into_iter().map(Menu::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What the item of that number stands for.
    pub(crate) fn chosen(&self, number: u32) -> Option<&Chosen> {
        let number = usize::try_from(number).ok()?;
        self.0.iter().flat_map(|menu| &menu.items).nth(number).map(|item| &item.chosen)
    }

    /// The same for a host, which learns titles, keys and numbers.
    pub(crate) fn for_host(&self) -> Vec<wire::Menu> {
        let mut numbers = 0..;
        let mut item = |item: &MenuEntry| {
            let (title, keys) = (item.title.clone(), item.keys.clone());
            wire::MenuItem { number: numbers.next().unwrap_or(u32::MAX), title, keys }
        };
        let menus = self.0.iter();
        menus
            .map(|menu| wire::Menu {
                title: menu.title.clone(),
                items: menu.items.iter().map(&mut item).collect(),
            })
            .collect()
    }
}

impl Menu {
    fn parse(written: Written) -> Result<Self, ManifestError> {
        let items = written.item.into_iter().map(MenuEntry::parse).collect::<Result<_, _>>()?;
        Ok(Self { title: title(written.title)?, items })
    }
}

impl MenuEntry {
    fn parse(written: WrittenItem) -> Result<Self, ManifestError> {
        let WrittenItem { title: text, keys, command, args, event } = written;
        let is_keys = |keys: &String| {
            keys.len() <= 32 && keys.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'&')
        };
        if keys.as_ref().is_some_and(|keys| !is_keys(keys)) {
            return Err(value("menu.item.keys", "keys are written like `<Control>s`"));
        }
        let chosen = match (command, args, event) {
            (Some(command), args, None) => {
                let command = CommandName::parse(&command)
                    .map_err(|error| value("menu.item.command", error.to_string()))?;
                let args = args.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
                if !args.is_object() {
                    return Err(value("menu.item.args", "arguments are a table"));
                }
                Chosen::Command { command, args }
            }
            (None, None, Some(event)) => Chosen::Event(title(event)?),
            _ => {
                let problem = "an item has either a `command`, with `args` or not, or an `event`";
                return Err(value("menu.item", problem));
            }
        };
        Ok(Self { title: title(text)?, keys, chosen })
    }
}

fn title(text: String) -> Result<String, ManifestError> {
    if text.is_empty() || text.len() > MAX_TITLE || text.chars().any(char::is_control) {
        let problem = format!("a title has 1 to {MAX_TITLE} bytes and no control characters");
        return Err(value("menu.title", problem));
    }
    Ok(text)
}
