//! Places that no page should reach, however small the pattern: what grants powers, what tells what
//! happened, what is run without being asked for, and keys.

use std::path::Path;

use crate::directories::Directories;
use crate::scope::PathPattern;

/// A kind of place, as a message names it.
type Kind = &'static str;

const POLICY: Kind = "the app's own policy";
const LOG: Kind = "the app's own log";
const KEYS: Kind = "where keys and passwords are kept";
const STARTED: Kind = "what is started without being asked for";
const SHELL: Kind = "what every shell runs";
const PROCESSES: Kind = "where all files are once more, by way of processes";
const DEVICES: Kind = "the machine's devices";

/// From the root on.
const ROOT: [(&str, Kind); 3] =
    [("proc", PROCESSES), ("dev", DEVICES), ("run/user", "where programs of the session listen")];

/// Beneath the home directory.
const HOME: [(&str, Kind); 41] = [
    (".ssh", KEYS),
    (".gnupg", KEYS),
    (".aws", KEYS),
    (".azure", KEYS),
    (".docker", KEYS),
    (".kube", KEYS),
    (".netrc", KEYS),
    (".git-credentials", KEYS),
    (".password-store", KEYS),
    (".mozilla", KEYS),
    (".local/share/keyrings", KEYS),
    (".pki", KEYS),
    ("Library/Keychains", KEYS),
    (".config/autostart", STARTED),
    (".config/systemd", STARTED),
    (".config/environment.d", STARTED),
    (".local/share/applications", STARTED),
    (".local/share/dbus-1", STARTED),
    (".local/share/systemd", STARTED),
    (".local/bin", STARTED),
    (".xinitrc", STARTED),
    (".xprofile", STARTED),
    (".xsession", STARTED),
    (".xsessionrc", STARTED),
    (".gitconfig", STARTED),
    ("Library/LaunchAgents", STARTED),
    ("AppData/Roaming/Microsoft/Windows/Start Menu/Programs/Startup", STARTED),
    (".profile", SHELL),
    (".bashrc", SHELL),
    (".bash_profile", SHELL),
    (".bash_login", SHELL),
    (".bash_logout", SHELL),
    (".zshrc", SHELL),
    (".zshenv", SHELL),
    (".zprofile", SHELL),
    (".zlogin", SHELL),
    (".kshrc", SHELL),
    (".config/fish", SHELL),
    (".config/chromium", KEYS),
    (".config/google-chrome", KEYS),
    (".config/gh", KEYS),
];

/// Beneath the directories of a variable.
const OF_THE_APP: [(&str, &str, Kind); 3] = [
    ("APPLOG", "", LOG),
    ("RESOURCES", "policies", POLICY),
    ("RESOURCES", "sidegate.toml", POLICY),
];

/// Beside the app's own directory of a variable: `$APPCONFIG` lies where all programs are configured,
/// wherever that is.
const BESIDE_THE_APP: [(&str, &str, Kind); 5] = [
    ("APPCONFIG", "autostart", STARTED),
    ("APPCONFIG", "systemd", STARTED),
    ("APPCONFIG", "environment.d", STARTED),
    ("APPCONFIG", "fish", SHELL),
    ("APPDATA", "applications", STARTED),
];

/// All of these places, as the directories of one app have them.
pub(in crate::compile) struct Places(Vec<Place>);

/// One of them.
struct Place {
    /// The names of its path, from the root on.
    names: Vec<String>,
    shown: String,
    kind: Kind,
}

impl Places {
    pub(in crate::compile) fn of(directories: &Directories) -> Self {
        let text = |name: &str| directories.text(name);
        let app = OF_THE_APP.iter().filter_map(|(variable, name, kind)| {
            Some(Place::beneath(text(variable)?, &format!("${variable}"), name, kind))
        });
        let home = HOME
            .iter()
            .filter_map(|(name, kind)| Some(Place::beneath(text("HOME")?, "$HOME", name, kind)));
        let beside = BESIDE_THE_APP.iter().filter_map(|(variable, name, kind)| {
            let above = Path::new(text(variable)?).parent()?.to_str()?;
            Some(Place::beneath(above, above, name, kind))
        });
        let root = ROOT.iter().map(|(name, kind)| Place::beneath("", "", name, kind));
        Self(app.chain(home).chain(beside).chain(root).collect())
    }

    /// The first place that the pattern matches some path of, and what it is.
    pub(super) fn reached(&self, pattern: &PathPattern) -> Option<(&str, Kind)> {
        let reaches = |place: &&Place| pattern.reaches(place.names.iter().map(String::as_str));
        self.0.iter().find(reaches).map(|place| (place.shown.as_str(), place.kind))
    }
}

impl Place {
    fn beneath(directory: &str, shown: &str, name: &str, kind: Kind) -> Self {
        let path = joined(directory, name);
        let names = path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Self { names, shown: joined(shown, name), kind }
    }
}

fn joined(base: &str, name: &str) -> String {
    match name {
        "" => base.to_owned(),
        _ => format!("{}/{name}", base.trim_end_matches('/')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Effect;

    #[test]
    fn e18_a_pattern_reaches_what_it_matches_some_path_of() {
        let cases = [
            ("$APPDATA/**", None),
            ("$APPCONFIG/**", None),
            ("$APPDATA/notes/*.md", None),
            ("$HOME/Documents/**", None),
            ("$HOME/*.md", None),
            ("$HOME/.config/app/**", None),
            ("$RESOURCES/ui/**", None),
            ("$RESOURCES/*.png", None),
            ("$RESOURCES/**", Some("$RESOURCES/policies")),
            ("$RESOURCES/*", Some("$RESOURCES/policies")),
            ("$RESOURCES/policies/a.toml", Some("$RESOURCES/policies")),
            ("$RESOURCES/sidegate.toml", Some("$RESOURCES/sidegate.toml")),
            ("$APPLOG/audit.jsonl", Some("$APPLOG")),
            ("$APPLOG", Some("$APPLOG")),
            ("/home/user/.local/state/app/*", Some("$APPLOG")),
            ("/home/*/.ssh/id_ed25519", Some("$HOME/.ssh")),
            ("$HOME/.ssh", Some("$HOME/.ssh")),
            ("$HOME/.s*/x", Some("$HOME/.ssh")),
            ("$HOME/.*", Some("$HOME/.ssh")),
            ("$HOME/.gnupg/**", Some("$HOME/.gnupg")),
            ("$HOME/.config/**", Some("$HOME/.config/autostart")),
            ("$HOME/.config/*/*.desktop", Some("$HOME/.config/autostart")),
            ("$HOME/.bash*", Some("$HOME/.bashrc")),
            ("$HOME/.zshenv", Some("$HOME/.zshenv")),
            ("$HOME/.SSH/*", Some("$HOME/.ssh")),
            ("/Home/User/.Ssh/*", Some("$HOME/.ssh")),
            ("$HOME/library/*/x.plist", Some("$HOME/Library/Keychains")),
            ("/proc/self/root/home/user/**", Some("/proc")),
            ("/dev/input/*", Some("/dev")),
            ("/device/*", None),
            ("$HOME/Library/*/x.plist", Some("$HOME/Library/Keychains")),
        ];
        let directories = Directories::sample();
        let places = Places::of(&directories);
        for (text, expected) in cases {
            let pattern = PathPattern::parse(text, Effect::Allow, &directories).unwrap();
            let found = places.reached(&pattern).map(|(place, _)| place);
            assert_eq!(found, expected, "{text}");
        }
    }

    /// Where all programs are configured need not be `~/.config`.
    #[test]
    fn e18_autostart_is_found_beside_the_apps_own_settings() {
        let directories =
            Directories::new([("HOME", "/home/ada"), ("APPCONFIG", "/etc/xdg/ada/app")]).unwrap();
        let pattern = PathPattern::parse("/etc/xdg/ada/**", Effect::Allow, &directories).unwrap();
        let found = Places::of(&directories);
        assert_eq!(found.reached(&pattern), Some(("/etc/xdg/ada/autostart", STARTED)));
    }
}
