//! What is made of an app here, and its answers.

use std::collections::BTreeMap;

use serde_json::{Map, json};
use sidegate_capabilities::{
    Args, CommandName, Context, Directories, Origin, Platform, Policy, Sources, WallTime,
    WindowLabel,
};
use sidegate_tools::tauri::{self, Difference};

use crate::apps::{App, Call, WINDOWS};

pub(crate) struct Ours {
    pub(crate) text: String,
    pub(crate) differences: Vec<Difference>,
    commands: BTreeMap<String, String>,
    policy: Policy,
}

impl Ours {
    pub(crate) fn of(app: &App, platform: Platform) -> Self {
        let capabilities = json!(app.capabilities);
        let app = tauri::App {
            manifests: serde_json::from_value(app.manifests.clone()).unwrap(),
            capabilities: serde_json::from_value(capabilities).unwrap(),
            windows: WINDOWS.map(str::to_owned).to_vec(),
        };
        let import = tauri::import(&app);
        let sources = Sources::from_texts([("tauri.toml", import.text.clone())]);
        let directories = Directories::sample();
        let compiled = Policy::compile(&sources, &Context::new(&directories).platform(platform))
            .unwrap_or_else(|found| panic!("{found:?}\n{}", import.text));
        Self {
            text: import.text,
            differences: import.differences,
            commands: import.commands,
            policy: compiled.policy,
        }
    }

    pub(crate) fn allows(&self, call: &Call) -> bool {
        let Some(command) = self.commands.get(&call.full()) else { return false };
        let command = CommandName::parse(command).unwrap();
        let window = WindowLabel::parse(call.window).unwrap();
        let origin = call.page.map_or_else(Origin::local, |page| Origin::of_url(page).unwrap());
        let touched = call.touched.into_iter();
        let args: Map<_, _> = touched.map(|(name, what)| (name.to_owned(), json!(what))).collect();
        let principal = self.policy.principal(&window, &origin, WallTime::from_unix(0));
        principal.decide(&command, &Args::new(args)).is_allowed()
    }
}
