//! What is kept to an operating system that this is not: it is somebody's policy all the same.

use crate::harness::Home;

const HERE: &str = "version = 1\n[[capability]]\nid = \"main\"\nwindows = [\"main\"]\n\
                    allow = [{ commands = [\"fs.read_text\"], path = [\"/srv/*\"] }]\n";

/// A capability of another operating system.
fn elsewhere() -> String {
    let other = if cfg!(target_os = "macos") { "linux" } else { "macos" };
    format!(
        "[[capability]]\nid = \"far\"\nwindows = [\"main\"]\nplatforms = [{other:?}]\n\
         allow = [{{ commands = [\"fs.write_text\"], path = [\"$APPDATA/*\"] }}]\n"
    )
}

#[test]
fn diff_sees_what_widens_on_another_operating_system() {
    let home = Home::new();
    home.write("here.toml", HERE);
    home.write("both.toml", &format!("{HERE}{}", elsewhere()));
    for (old, new, status) in [
        ("here.toml", "both.toml", 1),
        ("both.toml", "here.toml", 0),
        ("both.toml", "both.toml", 0),
    ] {
        let answer = home.ask(&["diff", old, new]);
        assert_eq!(answer.status, status, "{old} {new}: {}{}", answer.out, answer.err);
        let says_it = answer.out.contains("`fs.write_text` on path `$APPDATA/*`");
        assert_eq!(says_it, old != new, "{}", answer.out);
    }
}

#[test]
fn check_holds_an_invariant_on_every_operating_system() {
    let never = "[[never]]\nwhy = \"nobody writes\"\ncommands = [\"fs.write_*\"]\n";
    let home = Home::new();
    home.write("here.toml", &format!("{HERE}{never}"));
    home.write("both.toml", &format!("{HERE}{}{never}", elsewhere()));
    assert_eq!(home.ask(&["check", "here.toml"]).status, 0);
    let answer = home.ask(&["check", "both.toml"]);
    assert_eq!(answer.status, 1, "{}", answer.out);
    assert!(answer.out.contains("does not hold: nobody writes (on "), "{}", answer.out);
}
