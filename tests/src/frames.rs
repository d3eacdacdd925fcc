//! The kinds of frame that a page can have, and a script that tries from within one whatever a
//! document could try to be heard.

use serde_json::json;

/// Tries all that a document could try to be heard: the bridge, wry's own handler and WebKit's.
/// It tells that it ran, and whether it saw a bridge, by asking for an address.
pub const ATTACK: &str = "
    const mark = document.currentScript?.dataset.mark ?? 'frame';
    const tries = [
      () => sidegate.invoke('attack', mark),
      () => window.ipc.postMessage('attack'),
      () => window.webkit.messageHandlers.sidegate.postMessage('m' + '0'.repeat(32) + 'attack'),
      () => window.webkit.messageHandlers.ipc.postMessage('attack'),
      () => sidegateBridge.challenge('0'.repeat(32)),
    ];
    const attack = () => { for (const attempt of tries) { try { attempt(); } catch {} } };
    attack();
    setInterval(attack, 20);
    const seen = 'app://localhost/ran?' + typeof window.sidegate;
    fetch(seen).catch(() => {});
    new Image().src = seen;";

/// A frame of each kind with its name, and `inner` in it. `app://localhost/frame` and
/// `app://evil/frame` are for the test to serve.
#[must_use]
pub fn frames(inner: &str) -> [(&'static str, String); 10] {
    let data = format!("data:text/html,{}", inner.replace('#', "%23").replace('%', "%25"));
    let make_blob = format!(
        "const f = document.createElement('iframe');
         f.src = URL.createObjectURL(new Blob([{}], {{ type: 'text/html' }}));
         document.body.append(f);",
        json!(inner).to_string().replace("</", "<\\/"),
    );
    let write = format!(
        "const f = document.createElement('iframe'); document.body.append(f);
         f.contentDocument.open(); f.contentDocument.write({}); f.contentDocument.close();",
        json!(inner).to_string().replace("</", "<\\/"),
    );
    let by_script = format!(
        "const f = document.createElement('iframe'); document.body.append(f);
         f.contentWindow.eval({});",
        json!(ATTACK),
    );
    [
        ("cross-origin", "<iframe src='app://evil/frame'></iframe>".into()),
        ("same origin", "<iframe src='/frame'></iframe>".into()),
        ("sandboxed", "<iframe sandbox='allow-scripts' src='/frame'></iframe>".into()),
        (
            "sandboxed srcdoc",
            format!("<iframe sandbox='allow-scripts' srcdoc=\"{}\"></iframe>", escaped(inner)),
        ),
        ("srcdoc", format!("<iframe srcdoc=\"{}\"></iframe>", escaped(inner))),
        ("data", format!("<iframe src=\"{}\"></iframe>", escaped(&data))),
        ("blob", format!("<script>{make_blob}</script>")),
        ("about:blank, written", format!("<script>{write}</script>")),
        ("about:blank, by script", format!("<script>{by_script}</script>")),
        (
            "javascript",
            format!(
                "<iframe src=\"javascript:{}\"></iframe>",
                escaped(&format!("(() => {{{ATTACK}}})()"))
            ),
        ),
    ]
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;")
}
