//! Places that no page should reach, however small the pattern: what grants powers, what tells what
//! happened, what is run without being asked for, and keys.

use std::path::Path;

use crate::directories::Directories;
use crate::scope::{PathPattern, PlaceName};

/// A kind of place, as a message names it.
type Kind = &'static str;

const POLICY: Kind = "the app's own policy";
const LOG: Kind = "the app's own log";
const KEYS: Kind = "where keys and passwords are kept";
const STARTED: Kind = "what is started without being asked for";
const SHELL: Kind = "what every shell runs";
const PROCESSES: Kind = "where all files are once more, by way of processes";
const DEVICES: Kind = "the machine's devices";
const OTHERS: Kind = "the home of another user";

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

/// Where the homes of all users lie. A path on Windows is written here from the drive on.
const HOMES: [&str; 3] = ["/home", "/Users", "/C:/Users"];

/// The home of who may do everything.
const HOME_OF_ROOT: &str = "/root";

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
    /// Whether it is everything beneath that, but for the place of this name.
    but: Option<String>,
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
        let own = text("HOME").unwrap_or_default();
        let others = HOMES.iter().map(|homes| Place::homes_but(homes, own));
        let of_root = (own != HOME_OF_ROOT).then(|| Place::beneath("", "", "root", OTHERS));
        Self(app.chain(home).chain(beside).chain(root).chain(others).chain(of_root).collect())
    }

    /// The first place that the pattern matches some path of, and what it is.
    pub(super) fn reached(&self, pattern: &PathPattern) -> Option<(&str, Kind)> {
        let reaches = |place: &&Place| {
            let names = place.names.iter().map(|name| PlaceName::Is(name));
            pattern.reaches(names.chain(place.but.as_deref().map(PlaceName::IsNot)))
        };
        self.0.iter().find(reaches).map(|place| (place.shown.as_str(), place.kind))
    }
}

impl Place {
    fn beneath(directory: &str, shown: &str, name: &str, kind: Kind) -> Self {
        let path = joined(directory, name);
        let names = path.split('/').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        Self { names, but: None, shown: joined(shown, name), kind }
    }

    /// The homes in a directory but for the one that `own` is, or lies in.
    fn homes_but(homes: &str, own: &str) -> Self {
        let beneath = own.strip_prefix(homes).and_then(|rest| rest.strip_prefix('/'));
        let but = beneath.and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let shown = format!("{homes}/*");
        Self { but: Some(but.to_owned()), shown, ..Self::beneath("", "", homes, OTHERS) }
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
            ("/home/bob/notes/**", Some("/home/*")),
            ("/home/*/notes", Some("/home/*")),
            ("/home/b?b/notes", Some("/home/*")),
            ("/h*/bob/a", Some("/home/*")),
            ("/HOME/bob/a", Some("/home/*")),
            ("/home/user/notes/**", None),
            ("/home/user2/notes/**", Some("/home/*")),
            ("/home", None),
            ("/home/*", Some("/home/*")),
            ("/Users/ada/Documents/**", Some("/Users/*")),
            ("/C:/Users/ada/*", Some("/C:/Users/*")),
            ("/root/a", Some("/root")),
            ("/roots/a", None),
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

    /// Whose home it is depends on who runs the app.
    #[test]
    fn e18_the_users_own_home_is_no_other_users() {
        for (home, text, expected) in [
            ("/root", "/root/notes/**", None),
            ("/root", "/home/ada/a", Some("/home/*")),
            ("/Users/ada", "/Users/ada/notes/*", None),
            ("/Users/ada", "/Users/bob/notes/*", Some("/Users/*")),
            ("/home/people/ada", "/home/people/ada/notes/*", None),
            ("/srv/ada", "/home/ada/a", Some("/home/*")),
        ] {
            let directories = Directories::new([("HOME", home)]).unwrap();
            let pattern = PathPattern::parse(text, Effect::Allow, &directories).unwrap();
            let places = Places::of(&directories);
            let found = places.reached(&pattern).map(|(place, _)| place);
            assert_eq!(found, expected, "{home} {text}");
        }
    }
}
