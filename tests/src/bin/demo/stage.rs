//! What lies in the home before the app starts: notes to begin with, a link out of their folder,
//! and secrets of which no window may learn.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use sidegate_tests::Home;

use crate::Outcome;

/// The app's identifier in its manifest.
pub(crate) const APP: &str = "org.sidegate.notes";

/// The secrets, by their place in the home: where the hostile note looks for some, so that it is
/// not for want of a file that it finds none.
const CANARIES: [(&str, &str); 3] = [
    (".ssh/id_ed25519", "not a key, but as secret as one: canary-of-the-demo-7fb1c06e\n"),
    (".local/share/secrets.txt", "nobody's business: canary-of-the-demo-d2a94e83\n"),
    (".local/share/secrets.md", "nobody's business either: canary-of-the-demo-41c8f5b0\n"),
];

/// The word that every canary has in common.
const SONG: &str = "canary-of-the-demo";

/// The note that leads out of the folder, and where to.
const LINK: &str = "link.md";
const LINKED: &str = ".local/share/secrets.md";

/// A home with everything in its place.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) home: Home,
    seeds: Vec<(String, String)>,
}

impl Stage {
    /// Puts everything in its place; notes that are there already stay as they are.
    pub(crate) fn set(home: Home, app: &Path) -> Outcome<Self> {
        let stage = Self { home, seeds: seeds(&app.join("seed"))? };
        for (place, secret) in CANARIES {
            write(&stage.home.path().join(place), secret)?;
        }
        if !stage.notes().exists() {
            for (name, text) in &stage.seeds {
                write(&stage.notes().join(name), text)?;
            }
            symlink(stage.home.path().join(LINKED), stage.notes().join(LINK))?;
        }
        Ok(stage)
    }

    /// The folder of the notes.
    pub(crate) fn notes(&self) -> PathBuf {
        self.home.data(APP).join("notes")
    }

    /// The audit log.
    pub(crate) fn log(&self) -> PathBuf {
        self.home.audit_log(APP)
    }

    /// Says that nothing was taken and nothing changed, but for the notes `written` here.
    pub(crate) fn is_unharmed(&self, written: &[&str]) -> Outcome<String> {
        for (place, secret) in CANARIES {
            if fs::read_to_string(self.home.path().join(place))? != secret {
                return Err(format!("`~/{place}` was changed").into());
            }
        }
        for (name, text) in &self.seeds {
            if fs::read_to_string(self.notes().join(name))? != *text {
                return Err(format!("the note `{name}` was changed").into());
            }
        }
        let known = |name: &str| {
            name == LINK || written.contains(&name) || self.seeds.iter().any(|(n, _)| n == name)
        };
        for entry in fs::read_dir(self.notes())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !known(&name) {
                return Err(format!("`{name}` is among the notes, and nobody wrote it").into());
            }
        }
        if !fs::symlink_metadata(self.notes().join(LINK))?.is_symlink() {
            return Err("the link was replaced".into());
        }
        let mut singing = Vec::new();
        files_with(SONG, self.home.path(), &mut singing)?;
        let canary = |file: &PathBuf| CANARIES.iter().any(|(place, _)| file.ends_with(place));
        if let Some(file) = singing.iter().find(|file| !canary(file)) {
            return Err(format!("a secret found its way to `{}`", file.display()).into());
        }
        Ok(format!("{} secrets, {} notes", CANARIES.len(), self.seeds.len()))
    }
}

fn seeds(folder: &Path) -> Outcome<Vec<(String, String)>> {
    let mut seeds = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        seeds.push((name, fs::read_to_string(entry.path())?));
    }
    if seeds.is_empty() {
        return Err(format!("there are no notes to begin with in `{}`", folder.display()).into());
    }
    Ok(seeds)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// The files below `folder` that hold `word`; links are not followed.
fn files_with(word: &str, folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            files_with(word, &path, found)?;
        } else if kind.is_file() && contains(&fs::read(&path)?, word.as_bytes()) {
            found.push(path);
        }
    }
    Ok(())
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|part| part == word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sidegate_tests::Home;

    fn stage(app: &Path) -> Stage {
        write(&app.join("seed/a.md"), "first").unwrap();
        Stage::set(Home::temporary().unwrap(), app).unwrap()
    }

    #[test]
    fn whatever_was_harmed_is_found() {
        let app = tempfile::tempdir().unwrap();
        type Harm = fn(&Stage);
        let harms: [(&str, Harm); 7] = [
            ("`~/.ssh/id_ed25519` was changed", |stage| {
                write(&stage.home.path().join(".ssh/id_ed25519"), "mine now").unwrap();
            }),
            ("the note `a.md` was changed", |stage| {
                write(&stage.notes().join("a.md"), "first!").unwrap();
            }),
            ("No such file", |stage| fs::remove_file(stage.notes().join("a.md")).unwrap()),
            ("`planted.md` is among the notes", |stage| {
                write(&stage.notes().join("planted.md"), "").unwrap();
            }),
            ("the link was replaced", |stage| {
                fs::remove_file(stage.notes().join(LINK)).unwrap();
                write(&stage.notes().join(LINK), "").unwrap();
            }),
            ("`~/.local/share/secrets.md` was changed", |stage| {
                write(&stage.notes().join(LINK), "").unwrap()
            }),
            ("a secret found its way to", |stage| {
                write(&stage.log(), "{\"path\":\"canary-of-the-demo-\"}\n").unwrap();
            }),
        ];
        for (expected, harm) in harms {
            let stage = stage(app.path());
            stage.is_unharmed(&[]).unwrap();
            harm(&stage);
            let found = stage.is_unharmed(&[]).unwrap_err().to_string();
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn what_was_written_on_purpose_is_no_harm() {
        let app = tempfile::tempdir().unwrap();
        let stage = stage(app.path());
        write(&stage.notes().join("mine.md"), "").unwrap();
        stage.is_unharmed(&["mine.md"]).unwrap();
    }

    #[test]
    fn notes_that_are_there_already_stay() {
        let app = tempfile::tempdir().unwrap();
        let Stage { home, .. } = stage(app.path());
        write(&home.data(APP).join("notes/a.md"), "changed since").unwrap();
        let again = Stage::set(home, app.path()).unwrap();
        assert_eq!(fs::read_to_string(again.notes().join("a.md")).unwrap(), "changed since");
    }
}
