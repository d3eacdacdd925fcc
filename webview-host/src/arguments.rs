//! The command line of the host: two words from the broker, and what the launcher adds for
//! the process that it starts inside the sandbox. An unknown word is refused.

use std::ffi::{OsStr, OsString};

use sidegate::wire::{HostProfile, ProfileError, SandboxLevel};

/// Why a command line was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// No such option.
    #[error(
        "unknown argument `{0}`; expected `--least <A|B|C|none>`, `--most <A|B|C|none>`, `--profile <words>` or `--debug`"
    )]
    Unknown(String),
    /// An option without its value.
    #[error("`{0}` wants a value")]
    NoValue(&'static str),
    /// No such level.
    #[error("`{0}` is no sandbox level; expected `A`, `B`, `C` or `none`")]
    Level(String),
    /// No such profile.
    #[error("`--profile`: {0}")]
    Profile(#[from] ProfileError),
}

/// The least and the most sandbox that a host is to stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// It does not start below this level.
    pub least: SandboxLevel,
    /// It does not try for more: to see how an app fares on a lesser machine.
    pub most: SandboxLevel,
}

/// What the launcher tells the process inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    /// The level whose outer part stands.
    pub level: SandboxLevel,
    /// Why it is not a higher one, a line each.
    pub missing: Vec<String>,
}

/// A parsed command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// The levels asked for.
    pub bounds: Bounds,
    /// What the host is given beyond what every host has.
    pub profile: HostProfile,
    /// Whether inspectors may be opened and the host is to talk.
    pub debug: bool,
    /// Present in the process inside the sandbox.
    pub inside: Option<Inside>,
    /// What follows `--`: for programs other than the host.
    pub rest: Vec<OsString>,
}

impl Arguments {
    /// Reads a command line without the program's name.
    ///
    /// # Errors
    /// The first word that is not understood.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, ArgumentError> {
        let mut words = words.into_iter();
        let bounds = Bounds { least: SandboxLevel::A, most: SandboxLevel::A };
        let profile = HostProfile::default();
        let mut parsed = Self { bounds, profile, debug: false, inside: None, rest: Vec::new() };
        let mut level = None;
        let mut missing = Vec::new();
        while let Some(word) = words.next() {
            match word.to_str() {
                Some("--least") => parsed.bounds.least = level_of("--least", words.next())?,
                Some("--most") => parsed.bounds.most = level_of("--most", words.next())?,
                Some("--profile") => {
                    let words = words.next().ok_or(ArgumentError::NoValue("--profile"))?;
                    parsed.profile = shown(&words).parse()?;
                }
                Some("--inside") => level = Some(level_of("--inside", words.next())?),
                Some("--missing") => {
                    let line = words.next().ok_or(ArgumentError::NoValue("--missing"))?;
                    missing.push(shown(&line));
                }
                Some("--debug") => parsed.debug = true,
                Some("--") => parsed.rest = words.by_ref().collect(),
                _ => return Err(ArgumentError::Unknown(shown(&word))),
            }
        }
        parsed.inside = level.map(|level| Inside { level, missing });
        Ok(parsed)
    }

    /// The command line of the process inside the sandbox.
    #[must_use]
    pub fn inside(&self, level: SandboxLevel, missing: &[String]) -> Vec<OsString> {
        let mut words: Vec<OsString> =
            ["--least", &self.bounds.least.to_string(), "--inside", &level.to_string()]
                .map(OsString::from)
                .into();
        words.extend(["--profile", &self.profile.to_string()].map(OsString::from));
        for line in missing {
            words.extend(["--missing", line].map(OsString::from));
        }
        words.extend(self.debug.then(|| OsString::from("--debug")));
        if !self.rest.is_empty() {
            words.push("--".into());
            words.extend(self.rest.iter().cloned());
        }
        words
    }
}

fn level_of(option: &'static str, value: Option<OsString>) -> Result<SandboxLevel, ArgumentError> {
    let value = value.ok_or(ArgumentError::NoValue(option))?;
    match value.to_str() {
        Some("A") => Ok(SandboxLevel::A),
        Some("B") => Ok(SandboxLevel::B),
        Some("C") => Ok(SandboxLevel::C),
        Some("none") => Ok(SandboxLevel::None),
        _ => Err(ArgumentError::Level(shown(&value))),
    }
}

fn shown(word: &OsStr) -> String {
    word.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, ArgumentError> {
        Arguments::parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn a_host_asks_for_level_a_unless_told_otherwise() {
        let parsed = parse("").unwrap();
        assert_eq!(parsed.bounds, Bounds { least: SandboxLevel::A, most: SandboxLevel::A });
        assert_eq!(parsed.inside, None);
    }

    #[test]
    fn each_wrong_line_is_refused() {
        for (line, error) in [
            ("--leest A", ArgumentError::Unknown("--leest".into())),
            ("--least", ArgumentError::NoValue("--least")),
            ("--least D", ArgumentError::Level("D".into())),
            ("--least a", ArgumentError::Level("a".into())),
            ("A", ArgumentError::Unknown("A".into())),
            ("--profile", ArgumentError::NoValue("--profile")),
            ("--profile cpu", ArgumentError::Profile("cpu".parse::<HostProfile>().unwrap_err())),
        ] {
            assert_eq!(parse(line), Err(error), "{line}");
        }
    }

    #[test]
    fn the_line_for_the_inside_reads_back() {
        let outside = parse("--least C --most B --profile no-jit --debug -- x --y").unwrap();
        let missing = vec!["no bubblewrap".to_owned(), "--debug".to_owned()];
        let inside = Arguments::parse(outside.inside(SandboxLevel::C, &missing)).unwrap();
        assert_eq!(inside.inside, Some(Inside { level: SandboxLevel::C, missing }));
        assert_eq!(inside.bounds.least, SandboxLevel::C);
        assert!(inside.debug && !inside.profile.jit);
        assert_eq!(inside.rest, ["x", "--y"]);
    }
}
