//! The content security policy, by what WebKit does of it.

use super::folder::Folder;

/// A page with scripts and styles of every kind, and what of them had an effect.
const PAGE: &str = "<!doctype html>
<script nonce=\"{{nonce}}\">globalThis.ran = ['with nonce'];</script>
<script>ran.push('without');</script>
<script nonce=guessed>ran.push('with another');</script>
<script nonce>ran.push('with an empty one');</script>
<style nonce=\"{{nonce}}\">#a { color: rgb(1, 2, 3) }</style>
<style>#b { color: rgb(1, 2, 3) }</style>
<p id=a onclick=\"ran.push('handler')\"><p id=b><p id=c style=\"color: rgb(1, 2, 3)\">
<script src=tell.js></script>";

const TELL: &str = "
    try { eval('ran.push(\"eval\")'); } catch {}
    document.getElementById('a').click();
    for (const id of ['a', 'b', 'c']) {
      const { color } = getComputedStyle(document.getElementById(id));
      if (color === 'rgb(1, 2, 3)') ran.push(id);
    }
    sidegate.invoke('window.set_title', { title: ran.join(', ') });";

#[test]
fn an_inline_script_runs_if_it_shows_the_nonce_and_what_is_added_is_added() {
    let folder_of = |keys: &str| {
        let folder = Folder::new(keys, "");
        folder.write("index.html", PAGE);
        folder.write("tell.js", TELL);
        folder
    };
    for (keys, expected) in [
        ("", "with nonce, a"),
        ("csp.dangerously.script-src = [\"'unsafe-eval'\"]", "with nonce, eval, a"),
        ("csp.dangerously.style-src = [\"'unsafe-inline'\"]", "with nonce, a, b, c"),
        ("csp.script-src = [\"'wasm-unsafe-eval'\"]", "with nonce, a"),
    ] {
        folder_of(keys).run(&[]).wait_for_title(expected);
    }
}

/// The nonce that a page has seen is worth nothing in its next document.
#[test]
fn a_reload_has_another_nonce() {
    let page = "<!doctype html><script nonce=\"{{nonce}}\">
        const { nonce } = document.currentScript;
        const before = new URLSearchParams(location.search).get('before');
        if (!before) location.search = new URLSearchParams({ before: nonce });
        const title = `${nonce.length}, ${before?.length}, ${nonce === before}`;
        if (before) sidegate.invoke('window.set_title', { title });
        </script>";
    let folder = Folder::new("", "");
    folder.write("index.html", page);
    folder.run(&[]).wait_for_title("24, 24, false");
}
