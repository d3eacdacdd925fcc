//! The document as `sidegate fmt` lays it out. What the editor thinks of indents is not asked: there
//! is one way.

use gen_lsp_types::TextEdit;

use super::asked::Asked;
use crate::fmt;

/// The edit that lays the document out; none where it is already, or cannot be since it is not TOML,
/// which a diagnostic says.
pub(super) fn edits(asked: &Asked<'_>) -> Vec<TextEdit> {
    let text = asked.text();
    let formatted = fmt::format(text).ok().filter(|formatted| formatted != text);
    let edit = |new_text| TextEdit { range: asked.lines.range(0..text.len()), new_text };
    formatted.map(edit).into_iter().collect()
}
