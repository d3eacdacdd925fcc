//! `sidegate ui-archive`.

use std::fs;

use sidegate::UiArchive;

use crate::harness::Home;

#[test]
fn the_pages_of_an_app_become_one_file_that_a_broker_takes() {
    let home = Home::new();
    home.write("ui/index.html", "home");
    home.write("ui/js/app.js", "script");
    home.write("ui/.cache/x", "not for pages");
    let answer = home.ask(&["ui-archive", "ui", "app.ui"]);
    let bytes = fs::read(home.path().join("app.ui")).unwrap();
    let wrote = format!("wrote `app.ui`, {} bytes\n", bytes.len());
    assert_eq!((answer.status, answer.out, answer.err), (0, wrote, String::new()));
    let built_in: &'static [u8] = bytes.leak();
    let names: Vec<_> = UiArchive::parse(built_in).unwrap().names().collect();
    assert_eq!(names, ["index.html", "js/app.js"]);
    assert!(sidegate::Broker::builder().ui_archive(built_in).is_ok());
    assert!(sidegate::Broker::builder().ui_archive(b"another file").is_err());
}

#[test]
fn what_cannot_be_packed_is_named_and_nothing_is_written() {
    let home = Home::new();
    home.write("ui/index.html", "home");
    std::os::unix::fs::symlink("/etc/passwd", home.path().join("ui/users.txt")).unwrap();
    for (directory, named) in [("ui", "ui/users.txt"), ("absent", "absent")] {
        let answer = home.ask(&["ui-archive", directory, "app.ui"]);
        assert_eq!(answer.status, 2, "{directory}: {}", answer.out);
        assert!(answer.err.contains(named), "{}", answer.err);
        assert!(!home.path().join("app.ui").exists(), "{directory}");
    }
}
