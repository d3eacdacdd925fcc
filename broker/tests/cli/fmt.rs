//! `sidegate fmt`.

use std::fs;

use crate::harness::{Home, example};

const UNTIDY: &str =
    "version=1\n[[capability]]\nwindows=['w'] # whom\nid='a'\nallow=[{commands=['app.info']}]\n";
const TIDY: &str = "version = 1\n\n[[capability]]\nid = \"a\"\nwindows = [\"w\"] # whom\nallow = [{ commands = [\"app.info\"] }]\n";

#[test]
fn the_examples_are_laid_out_as_they_should_be() {
    let home = Home::new();
    for name in ["kiosk", "notes", "remote", "viewer"] {
        let answer = home.ask(&["fmt", &example(name), "--check"]);
        assert_eq!((answer.status, answer.out.as_str()), (0, ""), "{}", answer.err);
    }
}

#[test]
fn a_file_is_written_only_where_that_was_asked_for_and_needed() {
    let home = Home::new();
    let file = home.write("p.toml", UNTIDY);
    let answer = home.ask(&["fmt", "--check", "p.toml"]);
    assert_eq!((answer.status, answer.out.as_str()), (1, "differs: p.toml\n"));
    let report = home.ask(&["fmt", "--check", "p.toml", "--json"]).report("fmt");
    assert_eq!(report["differing"][0], "p.toml");
    assert_eq!(fs::read_to_string(&file).unwrap(), UNTIDY);

    let answer = home.ask(&["fmt", "p.toml"]);
    assert_eq!((answer.status, answer.out.as_str()), (0, "formatted: p.toml\n"));
    assert_eq!(fs::read_to_string(&file).unwrap(), TIDY);
    let before = fs::metadata(&file).unwrap().modified().unwrap();
    assert_eq!(home.ask(&["fmt", "p.toml"]).out, "");
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), before);
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn where_one_file_is_broken_none_is_written() {
    let home = Home::new();
    let good = home.write("policies/a.toml", UNTIDY);
    let broken = home.write("policies/b.toml", "version = 1\n[[capability]\n");
    let answer = home.ask(&["fmt", "policies"]);
    assert_eq!(answer.status, 1);
    assert!(answer.out.contains("error[toml-syntax]: not TOML"), "{}", answer.out);
    assert!(answer.out.contains("--> policies/b.toml:2:14"), "{}", answer.out);
    assert_eq!(fs::read_to_string(good).unwrap(), UNTIDY);
    assert_eq!(fs::read_to_string(broken).unwrap(), "version = 1\n[[capability]\n");
    let report = home.ask(&["fmt", "policies", "--json"]).report("fmt");
    assert_eq!((&report["ok"], &report["written"]), (&false.into(), &false.into()));
    assert_eq!(home.ask(&["fmt", "nowhere"]).status, 2);
}

#[cfg(unix)]
#[test]
fn a_file_stays_behind_its_link_and_keeps_its_mode() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = Home::new();
    let file = home.write("real.toml", UNTIDY);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.toml", home.path().join("link.toml")).unwrap();
    assert_eq!(home.ask(&["fmt", "link.toml"]).status, 0);
    assert!(home.path().join("link.toml").is_symlink());
    assert_eq!(fs::read_to_string(&file).unwrap(), TIDY);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
}
