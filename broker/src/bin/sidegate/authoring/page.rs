//! The table of windows and commands as a page of its own: nothing is fetched, every text is
//! escaped, and the content security policy names the one style and the one script by their hashes.

use std::fmt::Write as _;

use ring::digest::{SHA256, digest};

use super::matrix::{Cell, Matrix, Row, State};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page.
pub(crate) fn of(matrix: &Matrix) -> String {
    let mut out = String::new();
    let (style, script) = (hash(STYLE), hash(SCRIPT));
    let _infallible = write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'sha256-{style}'; script-src 'sha256-{script}'; base-uri 'none'; \
         form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>who may do what</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>Who may do what</h1>\n<p>policy <code>{}</code></p>\n</header>\n",
        escape(&matrix.policy)
    );
    controls(&mut out);
    table(&mut out, matrix);
    let _infallible = write!(
        out,
        "<section id=\"detail\" aria-live=\"polite\"><p>Choose a cell to see the grant in words.\
         </p></section>\n<script>{SCRIPT}</script>\n</body>\n</html>\n"
    );
    out
}

fn controls(out: &mut String) {
    out.push_str(
        "<p class=\"controls\"><label>filter <input id=\"filter\" type=\"search\" \
         placeholder=\"window or command\" autocomplete=\"off\"></label>",
    );
    for state in State::ALL {
        let name = state.name();
        let _infallible = write!(
            out,
            "<label class=\"{name}\"><input type=\"checkbox\" value=\"{name}\" checked> {name}</label>"
        );
    }
    out.push_str("</p>\n");
}

/// A line for each command, a column for each window.
fn table(out: &mut String, matrix: &Matrix) {
    out.push_str("<div class=\"scroll\"><table>\n<thead><tr><th scope=\"col\">command</th>");
    for Row { window, origin, .. } in &matrix.rows {
        let _infallible = write!(
            out,
            "<th scope=\"col\">{}<small>{}</small></th>",
            escape(window),
            escape(origin)
        );
    }
    out.push_str("</tr></thead>\n<tbody>\n");
    for (at, command) in matrix.commands.iter().enumerate() {
        let _infallible = write!(out, "<tr><th scope=\"row\">{}</th>", escape(command.as_str()));
        for row in &matrix.rows {
            if let Some(found) = row.cells.get(at) {
                cell(out, found, &format!("{command} from {} at {}", row.window, row.origin));
            }
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table></div>\n");
}

fn cell(out: &mut String, cell: &Cell, title: &str) {
    let name = cell.state.name();
    let shown = if cell.state == State::Deny { "–" } else { name };
    let words = if cell.words.is_empty() { "denied".to_owned() } else { cell.words.join("\n") };
    let _infallible = write!(
        out,
        "<td class=\"{name}\"><button type=\"button\" data-title=\"{}\" data-words=\"{}\">{shown}</button></td>",
        escape(title),
        escape(&words)
    );
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// SHA-256 in base64, as a content security policy has it.
fn hash(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(44);
    for chunk in digest(&SHA256, text.as_bytes()).as_ref().chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = usize::try_from(bits >> shift & 63).unwrap_or(0);
            let digit = DIGITS.get(digit).copied().map_or('=', char::from);
            out.push(if at <= chunk.len() { digit } else { '=' });
        }
    }
    out
}
