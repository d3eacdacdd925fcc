//! Reading real files: what is taken, what is passed over, what is refused.

use std::os::unix::fs::symlink;

use super::*;

fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn read(directory: &tempfile::TempDir, name: &str) -> Result<Vec<String>, SourceError> {
    let sources = Sources::read(&[directory.path().join(name)])?;
    let front = format!("{}/", directory.path().display());
    Ok(sources.names().map(|name| name.strip_prefix(&front).unwrap().to_owned()).collect())
}

#[test]
fn a_directory_is_read_with_the_schemas_its_policies_name() {
    let policy =
        "[[permission]]\nallow = [{ args = \"schemas/a.json\" }, { args = \"../b.json\" }]";
    let files = [
        ("p/a.toml", policy),
        ("p/sub/b.toml", ""),
        ("p/.hidden.toml", ""),
        ("p/.git/c.toml", ""),
        ("p/readme.md", ""),
        ("p/schemas/a.json", "{}"),
        ("p/schemas/other.json", "{}"),
        ("b.json", "{}"),
    ];
    let directory = directory(&files);
    let all = ["p/a.toml", "p/schemas/a.json", "p/sub/b.toml"];
    assert_eq!(read(&directory, "p").unwrap(), all);
    assert_eq!(read(&directory, "p/a.toml").unwrap(), ["p/a.toml", "p/schemas/a.json"]);
    let twice = Sources::read(&[directory.path().join("p"), directory.path().join("p/a.toml")]);
    assert_eq!(twice.unwrap().names().count(), 3);
}

#[test]
fn the_version_does_not_depend_on_where_the_directory_lies() {
    let inner = |directory: &tempfile::TempDir| {
        let sources = Sources::read(&[directory.path().join("p")]).unwrap();
        sources.versioned().map(|(name, text)| format!("{name} {text}")).collect::<Vec<_>>()
    };
    let files = [("p/a.toml", "x"), ("p/b/c.toml", "y")];
    let (one, other) = (directory(&files), directory(&files));
    assert_eq!(inner(&one), ["a.toml x", "b/c.toml y"]);
    assert_eq!(inner(&one), inner(&other));
}

#[test]
fn what_cannot_be_read_whole_is_refused() {
    let directory = directory(&[("p/a.toml", ""), ("empty/x", ""), ("large/a.toml", "")]);
    let path = |name: &str| directory.path().join(name);
    fs::write(path("large/a.toml"), vec![b'#'; 1024 * 1024 + 1]).unwrap();
    fs::create_dir(path("binary")).unwrap();
    fs::write(path("binary/a.toml"), b"\xff").unwrap();
    fs::create_dir(path("link")).unwrap();
    symlink("/etc/hosts", path("link/a.toml")).unwrap();
    fs::create_dir(path("loop")).unwrap();
    symlink(".", path("loop/again")).unwrap();
    assert!(matches!(read(&directory, "none"), Err(SourceError::Io { .. })));
    assert!(matches!(read(&directory, "empty"), Err(SourceError::NoPolicy)));
    assert!(matches!(read(&directory, "large"), Err(SourceError::TooMuch(..))));
    assert!(matches!(read(&directory, "binary"), Err(SourceError::NotUtf8(_))));
    assert!(matches!(read(&directory, "link"), Err(SourceError::SymbolicLink(_))));
    assert!(matches!(read(&directory, "loop"), Err(SourceError::SymbolicLink(_))));
}

/// Opening a pipe that nobody writes to waits for ever.
#[test]
fn a_pipe_is_no_policy_and_is_not_waited_for() {
    let directory = directory(&[("p/a.toml", "args = \"s.json\""), ("q/a.toml", "")]);
    let pipe = |name: &str| {
        let made = std::process::Command::new("mkfifo").arg(directory.path().join(name)).status();
        assert!(made.unwrap().success());
    };
    pipe("p/x.toml");
    pipe("q/s.json");
    let Err(error) = read(&directory, "p") else { panic!("a pipe was read") };
    assert!(matches!(error, SourceError::NotAFile(_)), "{error}");
    let Err(error) = read(&directory, "p/x.toml") else { panic!("a pipe was read") };
    assert!(error.to_string().ends_with("/p/x.toml` is not a regular file"), "{error}");
    assert_eq!(read(&directory, "q").unwrap(), ["q/a.toml"]);
}

#[test]
fn a_name_that_does_not_show_as_it_is_is_refused() {
    #[rustfmt::skip]
    let cases = [
        ("a\u{1b}[2J.toml", "a\\u{1b}[2J.toml"),
        ("a\n.toml", "a\\n.toml"),
        ("a\u{202e}lmot.toml", "a\\u{202e}lmot.toml"),
        ("sub\u{2066}/a.toml", "sub\\u{2066}/a.toml"),
    ];
    for (name, shown) in cases {
        let directory = directory(&[(&format!("p/{name}"), "")]);
        let Err(error) = read(&directory, "p") else { panic!("{name:?} was read") };
        let end = format!("p/{shown}` has a character that does not show; rename it");
        assert!(error.to_string().ends_with(&end), "{error}");
    }
    let hidden =
        directory(&[("p/a.toml", "include = [\"\\u202e.toml\"]"), ("p/\u{202e}.toml", "")]);
    assert!(matches!(read(&hidden, "p/a.toml"), Err(SourceError::HiddenCharacter(_))));
    let missing = Sources::read(&[PathBuf::from("/no\u{1b}where.toml")]).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read `/no\\u{1b}where.toml`"), "{missing}");
    let plain = directory(&[("p/é e\u{301} 文's.toml", "")]);
    assert_eq!(read(&plain, "p").unwrap().len(), 1);
}

#[test]
fn unsaved_texts_stand_in_the_place_of_files() {
    let directory = directory(&[("p/a.toml", "saved"), ("p/b.toml", ""), ("other/x.toml", "")]);
    let path = |name: &str| directory.path().join(name);
    let unsaved = [
        ("p/a.toml", "args = \"new.json\""),
        ("p/new.json", "{}"),
        ("p/sub/c.toml", "new"),
        ("p/.hidden/d.toml", ""),
        ("p/notes.md", ""),
        ("elsewhere/e.toml", ""),
    ];
    let unsaved: BTreeMap<_, _> =
        unsaved.into_iter().map(|(name, text)| (path(name), text.to_owned())).collect();
    let sources = Sources::read_with(&[path("p")], &unsaved).unwrap();
    let text = |name: &str| sources.text(path(name).to_str().unwrap());
    assert_eq!(sources.names().count(), 4);
    assert_eq!(text("p/a.toml"), Some("args = \"new.json\""));
    assert_eq!(text("p/b.toml"), Some(""));
    assert_eq!(text("p/new.json"), Some("{}"));
    assert_eq!(text("p/sub/c.toml"), Some("new"));
    let alone = Sources::read_with(&[path("elsewhere/e.toml")], &unsaved).unwrap();
    assert_eq!(alone.names().count(), 1);
    let large = BTreeMap::from([(path("p/a.toml"), "#".repeat(1024 * 1024 + 1))]);
    assert!(matches!(Sources::read_with(&[path("p")], &large), Err(SourceError::TooMuch(..))));
}

/// Each file may be as large as it may be, and all of them together may not.
#[test]
fn g03_files_are_bounded_in_number_and_in_all() {
    let directory = directory(&[("p/readme.md", "")]);
    let folder = directory.path().join("p");
    let named = |number: usize| folder.join(format!("{number:05}.toml"));
    let read = |files: BTreeMap<_, _>| {
        let read = Sources::read_with(std::slice::from_ref(&folder), &files);
        read.map(|sources| sources.names().count())
    };
    let large: BTreeMap<_, _> = (0..16).map(|n| (named(n), "#".repeat(1024 * 1024))).collect();
    assert_eq!(read(large.clone()).unwrap(), 16);
    let more = large.into_iter().chain([(named(16), "#".to_owned())]).collect();
    let error = read(more).unwrap_err().to_string();
    assert!(error.contains("at most 16 MiB in all"), "{error}");
    let empty: BTreeMap<_, _> = (0..20_000).map(|n| (named(n), String::new())).collect();
    assert_eq!(read(empty.clone()).unwrap(), 20_000);
    let more = empty.into_iter().chain([(named(20_000), String::new())]).collect();
    let error = read(more).unwrap_err().to_string();
    assert!(error.contains("at most 20,000 files"), "{error}");
}
