//! Whatever path a page asks for, nothing outside the allowed directory is read, changed or made.
#![cfg(all(target_os = "linux", feature = "core"))]
#![expect(clippy::unwrap_used, reason = "a test says so by panicking, in its helpers too")]

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use sidegate::confined::{ConfinedPath, Directory, Relative};

const CANARY: &str = "what nobody may see";
const WRITTEN: &str = "what a page wrote";

/// What paths are made of: names that are there, ways out, and what only looks like one.
const NAMES: &[&str] = &[
    "file", "folder", "base", "link", "up", "secret", "root", "new", "outside", "around", "..",
    ".", "", "...", "\0", "\n", "etc", "passwd", "proc", "self", "%2e%2e", "..\\", "．．", "~",
    "*",
];

/// A directory full of ways out, and what lies around it.
struct World {
    root: tempfile::TempDir,
    base: Directory,
}

impl World {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        fs::create_dir_all(at("around/base/folder/base")).unwrap();
        fs::create_dir_all(at("around/outside/folder")).unwrap();
        for file in
            ["secret", "around/secret", "around/outside/secret", "around/outside/folder/file"]
        {
            fs::write(at(file), CANARY).unwrap();
        }
        for file in ["file", "folder/file"] {
            fs::write(at("around/base").join(file), "inside").unwrap();
        }
        for (link, target) in [
            ("link", at("around/outside")),
            ("up", "..".into()),
            ("secret", "../secret".into()),
            ("root", "/".into()),
            ("folder/link", "../../outside".into()),
            ("folder/up", "../..".into()),
            ("folder/new", at("around/outside/new")),
        ] {
            symlink(target, at("around/base").join(link)).unwrap();
        }
        let base = Directory::open(&at("around/base")).unwrap();
        Self { root, base }
    }

    /// All that is not in the allowed directory, with its content.
    fn around(&self) -> Vec<(PathBuf, Option<String>)> {
        let mut seen = Vec::new();
        let mut folders = vec![self.root.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() && entry.path() != self.base.path() {
                    folders.push(entry.path());
                }
                seen.push((entry.path(), fs::read_to_string(entry.path()).ok()));
            }
        }
        seen.sort();
        seen
    }

    /// The names that are in the folder that a path names when `..` and links are not followed.
    fn is_inside(&self, path: &Relative, name: &str) -> bool {
        let found = self.base.path().join(path.as_str()).join(name);
        fs::symlink_metadata(&found).is_ok() && !is_through_a_link(self.base.path(), path)
    }
}

fn is_through_a_link(base: &Path, path: &Relative) -> bool {
    let mut here = base.to_owned();
    path.names().any(|name| {
        here.push(name);
        here.is_symlink()
    })
}

fn any_path(world: &World) -> impl Strategy<Value = String> + use<> {
    let root = world.root.path().to_str().unwrap().to_owned();
    let joined =
        prop::collection::vec(prop::sample::select(NAMES), 0..7).prop_map(|names| names.join("/"));
    prop_oneof![
        8 => joined.clone(),
        1 => joined.prop_map(move |path| format!("{root}/{path}")),
        2 => any::<String>(),
        1 => "[./a\\\\]{0,12}",
    ]
}

#[test]
fn nothing_outside_is_read_changed_or_made() {
    let world = World::new();
    let before = world.around();
    let (parsed, done) = (Cell::new(0), Cell::new(0));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let result = runner.run(&any_path(&world), |text| {
        let Ok(relative) = Relative::parse(&text) else {
            return Ok(());
        };
        let path = ConfinedPath::new(world.base.clone(), relative.clone());
        if let Ok(text) = path.read_text(1 << 16) {
            prop_assert!(text == "inside" || text == WRITTEN, "read {text:?}");
        }
        if let Ok(listing) = path.list(99) {
            for entry in listing.entries {
                prop_assert!(world.is_inside(&relative, &entry.name), "listed {:?}", entry.name);
            }
        }
        parsed.set(parsed.get() + 1);
        done.set(done.get() + usize::from(path.write_text(WRITTEN).is_ok()));
        prop_assert_eq!(world.around(), before.clone());
        Ok(())
    });
    result.unwrap();
    // Paths that are all refused show nothing.
    let (parsed, done) = (parsed.get(), done.get());
    assert!(parsed > 200 && done > 50, "{parsed} parsed, {done} written");
}
