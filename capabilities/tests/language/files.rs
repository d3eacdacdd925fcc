//! Files that include others.

use serde_json::json;
use sidegate_capabilities::{Context, Directories, Policy, Sources};

use crate::{code, errors, told};

#[test]
fn an_included_file_is_read_once_wherever_it_is_included() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write(
        "main.toml",
        "version = 1\ninclude = [\"shared/a.toml\"]\n[[capability]]\nid = \"c\"\nwindows = [\"main\"]\nuse = [\"info\"]\n",
    );
    write("shared/a.toml", "version = 1\ninclude = [\"b.toml\"]\n");
    write(
        "shared/b.toml",
        "version = 1\ninclude = [\"a.toml\"]\n[[permission]]\nid = \"info\"\nallow = [{ commands = [\"app.info\"] }]\n",
    );
    let directories = Directories::sample();
    for path in [directory.path().join("main.toml"), directory.path().to_owned()] {
        let sources = Sources::read(&[path]).unwrap();
        assert_eq!(sources.names().count(), 3);
        let compiled = Policy::compile(&sources, &Context::new(&directories)).unwrap();
        assert_eq!(code(&compiled.policy, "main", "app.info", &json!({})), "allow");
    }
    for (name, expected) in [
        (
            "shared/c.toml",
            "2:12 bad-include: there is no file `shared/c.toml` (write that file, or name one that lies beneath this one)",
        ),
        (
            "../c.toml",
            "2:12 bad-include: `../c.toml` is not the name of a `.toml` file beneath this one (write `include = [\"shared/notes.toml\"]`)",
        ),
        (
            "/etc/c.toml",
            "2:12 bad-include: `/etc/c.toml` is not the name of a `.toml` file beneath this one (write `include = [\"shared/notes.toml\"]`)",
        ),
    ] {
        assert_eq!(told(&errors(&format!("version = 1\ninclude = [\"{name}\"]\n"))), [expected]);
    }
}

#[cfg(unix)]
#[test]
fn no_link_is_included() {
    let directory = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("b.toml"), "version = 1\n").unwrap();
    std::fs::write(directory.path().join("a.toml"), "version = 1\ninclude = [\"in/b.toml\"]\n")
        .unwrap();
    std::os::unix::fs::symlink(outside.path(), directory.path().join("in")).unwrap();
    let error = Sources::read(&[directory.path().join("a.toml")]).unwrap_err();
    assert!(error.to_string().contains("is a symbolic link"), "{error}");
}
