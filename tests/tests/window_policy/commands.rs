//! Commands on windows: the `key` scope says which, and the label alone is no authority.

use serde_json::json;

use crate::stage::Stage;

const POLICY: &str = r#"
[[capability]]
id = "editor"
windows = ["editor"]
allow = [
  { commands = ["window.create"], key = ["preview"] },
  { commands = ["window.set_title", "window.state"] },
  { commands = ["window.set_title", "window.close", "window.state"], key = ["preview-*"] },
  { commands = ["window.set_size"] },
  { commands = ["window.list"] },
]
[[capability]]
id = "preview"
windows = ["preview-*"]
allow = [{ commands = ["window.close", "window.set_title"] }]
"#;

/// Calls one after the other, and shows what came of it in the title.
const SCRIPT: &str = "
    const told = [];
    const call = async (command, args) => {
      await sidegate.invoke(command, args).then((answer) => told.push(answer), (error) => told.push(error.code));
      return told.at(-1);
    };
    const until = async (found) => {
      for (let tries = 0; tries < 200 && !(await found()); tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const stands = async (key) => (await sidegate.invoke('window.state', { key }).catch(() => ({}))).stands;
    onload = async () => {
      await call('window.create', { key: 'preview' });
      await until(() => stands('preview-1'));
      await call('window.set_title', { key: 'preview-1', title: 'Named by the editor' });
      await call('window.set_title', { key: 'editor', title: 'x' });
      await call('window.set_title', { key: 'preview-2', title: 'x' });
      await call('window.set_size', { key: 'preview-1', width: 300, height: 200 });
      await call('window.set_size', { width: 300, height: 2 });
      await call('window.create', { key: 'other' });
      await call('window.focus');
      const list = await sidegate.invoke('window.list');
      told.push(list.windows.map((one) => one.window).join());
      await sidegate.invoke('window.set_title', { title: JSON.stringify(told) });
    };";

#[test]
fn a_command_acts_on_the_windows_of_its_scope_and_on_no_other() {
    let other = "onload = () => sidegate.invoke('window.close', { key: 'editor' })
        .catch((error) => sidegate.invoke('window.set_title', { title: error.code }))
        .then(() => new Promise((resolve) => setTimeout(resolve, 4000)))
        .then(() => sidegate.invoke('window.close'))";
    let stage = Stage::start("", POLICY, SCRIPT, other);
    stage.window("Named by the editor");
    let told = stage.desk.wait_for("what was told", crate::stage::LIMIT, |it| it.starts_with('['));
    let told: serde_json::Value = serde_json::from_str(&told.unwrap().title).unwrap();
    let expected = json!([
        { "window": "preview-1" },
        {},
        "denied",
        "not_found",
        "denied",
        "invalid",
        "denied",
        "denied",
        "editor,preview-1",
    ]);
    assert_eq!(told, expected);
    let refused = stage.decision("preview-1", "window.close");
    assert_eq!(
        (&refused["verdict"], &refused["reason"]),
        (&json!("deny"), &json!("scope-missing"))
    );
    // It may close itself, and the app goes on with the other.
    let closed = |record: &serde_json::Value| {
        record["event"] == "window"
            && record["window"] == "preview-1"
            && record["state"] == "closed"
    };
    stage.app.wait_for_record("the end of the preview", crate::stage::LIMIT, closed).unwrap();
    assert_eq!(stage.desk.windows().unwrap().len(), 1);
}
