//! The server under a real editor: Neovim without a screen, driven by `editor.lua`.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Home, repository};

#[test]
fn neovim_shows_what_is_wrong_and_answers_at_the_cursor() {
    let home = Home::new();
    home.write(
        "app/sidegate.toml",
        "version = 1\nid = \"org.example.a\"\nname = \"A\"\n[[window]]\nlabel = \"main\"\ntitle = \
         \"A\"\npage = \"a.html\"\n",
    );
    home.write(
        "app/policies/shared.toml",
        "version = 1\n[[permission]]\nid = \"notes:read\"\nallow = [{ commands = [\"fs.list\"], \
         path = [\"$APPDATA/ü/**\"] }]\n",
    );
    let file = home.write(
        "app/policies/main.toml",
        "version = 1\n[[capability]]\nid = \"main\"\ndescription = \"🦀ü\" # 🦀\nwindows = \
         [\"main\"]\nuse = [\"notes:read\", \"notes:red\"]\nallow = [{ commands = \
         [\"fs.read_text\"], path = [\"$APPDATA/*.md\"], limit = { rate = \"2/m\" } }]\n",
    );
    let output = Command::new("nvim")
        .args(["--headless", "--clean", "-n", "-S"])
        .arg(repository().join("broker/tests/cli/lsp/editor.lua"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .env("LC_ALL", "C.UTF-8")
        .env("SIDEGATE", env!("CARGO_BIN_EXE_sidegate"))
        .env("ROOT", home.path())
        .env("FILE", &file)
        .stdin(Stdio::null())
        .output()
        .expect("Neovim; `make setup` installs it");
    let said = String::from_utf8(output.stdout).unwrap();
    let seen: Value = serde_json::from_str(said.trim()).unwrap_or_else(|_| panic!("{said}"));
    assert_eq!(seen["error"], Value::Null, "{seen:#}");

    let shown = seen["before"].as_array().unwrap();
    assert_eq!(shown.len(), 1, "{seen:#}");
    assert_eq!(shown[0]["code"], "unknown-permission");
    assert_eq!(seen["underlined"], "\"notes:red\"");
    let hover = seen["hover"].as_str().unwrap();
    assert!(hover.starts_with("`fs.read_text`: "), "{hover}");
    assert!(hover.ends_with("on `$APPDATA/*.md`, at most 2 a minute"), "{hover}");
    let shared = home.path().join("app/policies/shared.toml");
    assert_eq!(seen["definition"], json!([shared, 2]));
    assert_eq!(seen["fix"], "change to `notes:read`");
    assert_eq!(seen["fixed"], "use = [\"notes:read\", \"notes:read\"]");
    assert_eq!(seen["completion"], json!(["linux", "macos", "windows"]));
    assert_eq!(seen["symbols"], json!(["main"]));
    assert_eq!(seen["exit"], 0);
}
