//! What a document reaches for without a call.

use std::time::Duration;

use sidegate_tests::{wait, x11::Place};

use crate::stage::{LIMIT, Stage};

/// Reaches for what can be reached for without a person, says so, and waits for a click.
const REACH: &str = "
    const done = (title) => sidegate.invoke('window.set_title', { title });
    onload = async () => {
      await done('Ready');
      navigator.geolocation.getCurrentPosition(() => {}, () => {});
      setTimeout(() => print(), 100);
      const save = document.createElement('a');
      save.href = 'preview.html?saved'; save.download = 'x';
      document.body.append(save);
      save.click();
      setTimeout(() => { location.href = 'https://example.com/a?b'; }, 1200);
      const link = document.createElement('a');
      link.href = 'preview.html?x'; link.target = 'editor';
      link.style = 'position:fixed;inset:0';
      document.body.append(link);
      for (const command of ['webview.camera', 'webview.print', 'webview.made_up']) {
        await sidegate.invoke(command).catch((error) => { refused.push(error.code); });
      }
      await done(`Refused ${refused}`);
    };
    const refused = [];";

const TITLE: &str = r#"
[[capability]]
id = "title"
windows = ["*"]
dangerous = "every window says what it does"
allow = [{ commands = ["window.set_title"] }]
"#;

#[test]
fn c17_what_nothing_grants_is_refused_and_recorded() {
    let stage = Stage::start("", TITLE, REACH, "");
    let window = stage.window("Refused denied,denied,denied");
    stage.desk.click(&window, 250, 180).unwrap();
    for command in
        ["webview.geolocation", "webview.print", "webview.open_window", "webview.navigate"]
    {
        let record = stage.decision("editor", command);
        assert_eq!((&record["verdict"], &record["stage"]), (&"deny".into(), &"decide".into()));
        assert_eq!(record["origin"], "app://localhost", "{record}");
        assert_eq!(record["reason"], "not-granted", "{record}");
    }
    let dropped = |record: &serde_json::Value| {
        let why = record["why"].as_str().unwrap_or_default();
        record["event"] == "dropped" && why == "a download of app://localhost/preview.html?saved"
    };
    if let Err(error) = stage.app.wait_for_record("a download", LIMIT, dropped) {
        panic!("{error}\n{:#?}", stage.app.records().unwrap());
    }
    // A page's own call of such a name is a call of a command that is not there.
    for command in ["webview.camera", "webview.made_up"] {
        assert_eq!(stage.decision("editor", command)["verdict"], "deny");
    }
    // It is still the page that it was.
    assert_eq!(stage.desk.windows().unwrap().len(), 1);
    assert!(stage.desk.title(&window).unwrap().unwrap().starts_with("Refused"));
}

#[test]
fn c17_what_is_granted_is_recorded_and_is_of_no_use_to_a_call() {
    let policy = format!(
        "{TITLE}
[[capability]]
id = \"powers\"
windows = [\"editor\"]
allow = [
  {{ commands = [\"webview.geolocation\", \"webview.print\", \"webview.camera\"] }},
  {{ commands = [\"webview.navigate\"], url = [\"https://example.com/**\"] }},
]
"
    );
    let stage = Stage::start("", &policy, REACH, "");
    for command in ["webview.geolocation", "webview.navigate"] {
        let record = stage.decision("editor", command);
        assert_eq!(record["verdict"], "allow", "{record}");
        assert!(record["rule"].as_str().unwrap().contains("powers"), "{record}");
    }
    let calls = stage.decisions("editor", "webview.camera");
    assert!(calls.iter().all(|call| call["reason"] == "no-handler"), "{calls:?}");
    stage.window("Print");
}

#[test]
fn c10_an_opened_window_is_another_principal_with_a_label_of_the_manifests() {
    let policy = format!(
        "{TITLE}
[[capability]]
id = \"opens\"
windows = [\"editor\"]
allow = [
  {{ commands = [\"webview.open_window\"], key = [\"preview\"] }},
  {{ commands = [\"app.info\"] }},
]
[[capability]]
id = \"previews\"
windows = [\"preview-*\"]
allow = [{{ commands = [\"settings.get\"], key = [\"theme\"] }}]
"
    );
    let other = "onload = async () => {
        const tried = [];
        const calls = [['app.info'], ['settings.get', { key: 'theme' }]];
        for (const [command, args] of calls) {
          await sidegate.invoke(command, args).then(() => tried.push('yes'), (e) => tried.push(e.code));
        }
        const title = `${tried} ${window.opener} ${location.search}`;
        sidegate.invoke('window.set_title', { title });
      }";
    let script = REACH
        .replace("setTimeout(() => print(), 100);", "")
        .replace("setTimeout(() => { location.href = 'https://example.com/a?b'; }, 1200);", "");
    let stage = Stage::start("", &policy, &script, other);
    let window = stage.window("Refused denied,denied,denied");
    stage.desk.click(&window, 250, 180).unwrap();
    let opened = stage.window("denied,yes null ?x");
    let [editor, preview] = [&window, &opened].map(|window| stage.desk.process(window).unwrap());
    assert_ne!(editor, preview, "a host of its own");
    let call = stage.decision("preview-1", "app.info");
    assert_eq!((&call["verdict"], &call["reason"]), (&"deny".into(), &"not-granted".into()));
    assert_eq!(stage.decision("editor", "webview.open_window")["verdict"], "allow");
    // As many as the template has, whatever the page does.
    for _ in 0..4 {
        stage.desk.focus(&window).unwrap();
        stage.desk.click(&window, 450, 340).unwrap();
    }
    let two = || stage.desk.windows().unwrap().iter().filter(|it| it.title.ends_with("?x")).count();
    assert!(wait::until(LIMIT, || two() == 2).is_some());
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(two(), 2);
    let place = Place { x: 600, y: 100, width: 420, height: 300 };
    stage.desk.arrange(&opened, place).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    stage.desk.keep_picture("opened").unwrap();
}
