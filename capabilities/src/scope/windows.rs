//! Names that Windows takes for something else than a file of that name. Deciding does not ask which
//! of them a given Windows still honours: what is not plainly a name is refused.

/// Devices, whatever the directory and whatever follows a dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Devices with a number.
const NUMBERED: [&str; 2] = ["com", "lpt"];

/// Whether a name is one file to every reader.
pub(super) fn check(name: &str) -> Result<(), &'static str> {
    if name.contains(['\\', ':', '<', '>', '"', '|', '?', '*']) {
        return Err("a name of the path has a character that no name has on Windows");
    }
    if name.ends_with(['.', ' ']) || name.starts_with(' ') {
        return Err("a name of the path begins or ends with a blank, or ends with a dot");
    }
    if is_device(name) {
        return Err("a name of the path is a device on Windows");
    }
    if is_short(name) {
        return Err("a name of the path may be the short form of another on Windows");
    }
    Ok(())
}

/// `NUL`, `con.txt`, `com1`, and with blanks before the dot.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let is = |device: &str| stem.eq_ignore_ascii_case(device);
    let mut front = stem.chars();
    let is_numbered = front.next_back().is_some_and(is_digit)
        && NUMBERED.iter().any(|device| front.as_str().eq_ignore_ascii_case(device));
    is_numbered || DEVICES.into_iter().any(is)
}

/// A digit, also one that stands high or low: Windows takes `COM¹` for `COM1`.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '²' | '³' | '¹' | '⁰'..='⁹' | '₀'..='₉')
}

/// `PROGRA~1`, `A~2.TXT`: before the first dot, a `~` and digits at the end.
fn is_short(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    stem.rsplit_once('~').is_some_and(|(_, number)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directories::Directories;
    use crate::platform::Platform;
    use crate::scope::ResolvedPath;

    fn is_read(text: &str) -> bool {
        ResolvedPath::parse(text, &Directories::sample(), Platform::Windows).is_ok()
    }

    /// Whole paths, each with `\` and with `/`.
    #[test]
    fn e17_a_windows_path_begins_with_a_variable() {
        let forms = [
            r"\\server\share",
            r"\\?\C:\x",
            r"\\.\pipe\x",
            r"\\.\NUL",
            r"\??\C:\x",
            r"C:x",
            r"C:\x",
            r"C:",
            r"\x",
            r"x\y",
            r"..\x",
            r"NUL",
            r"$APPDATA\x",
            r"$APPDATA\..\x",
            r"$APPDATA:x",
            r"$HOME\\x",
        ];
        for form in forms {
            assert!(!is_read(form), "{form}");
        }
        for form in forms.map(|form| form.replace('\\', "/")) {
            assert_eq!(is_read(&form), form == "$APPDATA/x", "{form}");
        }
    }

    #[test]
    fn e17_what_windows_reads_in_its_own_way_is_no_name() {
        #[rustfmt::skip]
        let names = [
            "NUL", "nul.txt", "con.txt", "CON .txt", "aux.tar.gz", "PRN", "CONIN$", "conout$",
            "com0", "COM9.log", "COM¹", "LPT⁰", "lpt³.x", "com₁", "lpt1 ",
            "file:stream", "x::$DATA", ":", "C:", "C:x",
            "x.", "x ", " x", "x...", ". .",
            "PROGRA~1", "a~12.txt", "A~1.TXT",
            r"a\b", r"a\..\b", r"..\b", r"\",
            "x|y", "x?", "*", "x<", "x>", "\"x\"",
        ];
        for name in names {
            assert!(check(name).is_err(), "{name:?}");
            for text in [format!("$APPDATA/{name}"), format!("$APPDATA/d/{name}/e")] {
                assert!(!is_read(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn e17_plain_names_are_none_the_worse_for_windows() {
        #[rustfmt::skip]
        let names = [
            "a", "a b.md", ".a", "console", "com", "com10", "comx", "xcom1", "lpt", "nulls.txt",
            "a~b", "~", "~x1", "a~1b", "x.con", "é", "\u{ff0e}\u{ff0e}\u{ff0f}",
        ];
        for name in names {
            assert_eq!(check(name), Ok(()), "{name:?}");
            assert!(is_read(&format!("$APPDATA/{name}")), "{name:?}");
        }
        assert!(is_read("$APPDATA"));
    }

    /// On Linux these are names like others.
    #[test]
    fn e17_elsewhere_they_are_names() {
        for text in [r"/a\..\b", "/NUL", "/x.", "/x::$DATA", "/PROGRA~1"] {
            let parsed = ResolvedPath::parse(text, &Directories::sample(), Platform::Linux).is_ok();
            assert!(parsed, "{text}");
        }
    }
}
