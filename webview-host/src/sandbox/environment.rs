//! The environment inside: written anew, never handed down. A variable that is not made here
//! does not exist there, and with it everything that WebKit, GTK, GIO, GStreamer or the loader
//! would take from one (`LD_PRELOAD`, `GTK_MODULES`, `WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS`,
//! `WEBKIT_INSPECTOR_SERVER`, a dead session bus).

use std::ffi::OsString;

use sidegate::wire::{HostProfile, SandboxLevel};

use super::display::{Display, RUNTIME};

/// The variables of its own environment that a host makes use of: the display's, which it
/// names anew inside, and the language, which it passes on.
pub const PASSED_ON: [&str; 9] = [
    "DISPLAY",
    "XAUTHORITY",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
];

/// Where the language is read from: names of locales, of no use as paths.
const LANGUAGE: [&str; 4] = ["LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES"];

/// The home directory inside: empty, in memory, gone with the process.
pub(super) const HOME: &str = "/home/sidegate";

/// What the compilers are switched off by where no memory is run that was written: the filter
/// refuses what they need, and one that does not know it takes its process along. There are two,
/// JavaScriptCore's and that of Mesa, which draws by code of its own making where it has no card.
const WITHOUT_COMPILERS: [(&str, &str); 4] = [
    ("JSC_useJIT", "0"),
    ("WEBKIT_DISABLE_COMPOSITING_MODE", "1"),
    ("GALLIUM_DRIVER", "softpipe"),
    ("DRAW_USE_LLVM", "0"),
];

/// Name and value.
pub(super) type Variable = (&'static str, OsString);

/// The whole environment inside bubblewrap.
pub(super) fn inside(
    display: &Display,
    level: SandboxLevel,
    profile: &HostProfile,
) -> Vec<Variable> {
    let mut variables = common(level, profile);
    variables.push(("HOME", HOME.into()));
    variables.extend(display.variables_inside());
    variables
}

/// The whole environment where there is no bubblewrap.
pub(super) fn bare(display: &Display, level: SandboxLevel, profile: &HostProfile) -> Vec<Variable> {
    let mut variables = common(level, profile);
    variables.push(("HOME", RUNTIME.into())); // does not exist, so nothing is kept in it
    variables.extend(display.variables_bare());
    variables
}

fn common(level: SandboxLevel, profile: &HostProfile) -> Vec<Variable> {
    let mut variables: Vec<Variable> = [
        ("PATH", "/usr/bin"),
        // There is no bus to find these on; looking for one only takes time.
        ("NO_AT_BRIDGE", "1"),
        ("GTK_USE_PORTAL", "0"),
        ("GIO_USE_VFS", "local"),
        ("GSETTINGS_BACKEND", "memory"),
    ]
    .map(|(name, value)| (name, value.into()))
    .into();
    if level == SandboxLevel::A {
        variables.push(("WEBKIT_FORCE_SANDBOX", "1".into()));
    }
    if !profile.jit {
        variables.extend(WITHOUT_COMPILERS.map(|(name, value)| (name, value.into())));
    }
    let language = LANGUAGE.into_iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    variables.extend(language.filter(|(_, value)| is_locale(value)));
    variables
}

/// A locale is a name. One with a slash would be a file to load.
fn is_locale(value: &OsString) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_.@-".contains(&b);
    value.to_str().is_some_and(|text| text.bytes().all(allowed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_a_name() {
        for (value, allowed) in
            [("C.UTF-8", true), ("de_DE@euro", true), ("/tmp/evil", false), ("a:b", false)]
        {
            assert_eq!(is_locale(&value.into()), allowed, "{value}");
        }
    }
}
