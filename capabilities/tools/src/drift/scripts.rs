//! The parts of a file that are script.

use std::ops::Range;

/// The script in a file, by its name. In a page only what stands in `<script>` is; the markup of Svelte
/// and Vue holds expressions, and is read as a whole.
pub(super) fn scripts(name: &str, text: &str) -> Vec<Range<usize>> {
    let is_page = name.ends_with(".html") || name.ends_with(".htm");
    if is_page { elements(text) } else { std::iter::once(0..text.len()).collect() }
}

fn elements(text: &str) -> Vec<Range<usize>> {
    // Of one length with the text, byte for byte.
    let lower = text.to_ascii_lowercase();
    let find = |what: &str, from: usize| {
        lower.get(from..).and_then(|rest| rest.find(what)).map(|at| at.saturating_add(from))
    };
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = find("<script", at).and_then(|start| find(">", start)) {
        let start = start.saturating_add(1);
        let end = find("</script", start).unwrap_or(text.len());
        found.push(start..end);
        at = end;
    }
    found
}
