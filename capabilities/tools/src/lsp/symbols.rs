//! What a document consists of: capabilities, permissions, tests, and what must never be.

use gen_lsp_types::{DocumentSymbol, SymbolKind};
use toml::de::DeTable;

use super::asked::Asked;
use super::tree;

/// The kinds of tables, the key that names one, and what an editor shows them as.
const KINDS: [(&str, &str, SymbolKind); 4] = [
    ("permission", "id", SymbolKind::Interface),
    ("capability", "id", SymbolKind::Class),
    ("test", "call", SymbolKind::Method),
    ("never", "why", SymbolKind::Constant),
];

/// All of them, in the order of the text.
pub(super) fn symbols(asked: &Asked<'_>) -> Vec<DocumentSymbol> {
    let tree = asked.tree();
    let document = tree.get_ref();
    let mut tables: Vec<_> = KINDS
        .into_iter()
        .flat_map(|(kind, key, shown)| {
            tree::tables(document, kind)
                .map(move |(table, header)| (header, named(table, kind, key), shown))
        })
        .collect();
    tables.sort_by_key(|(header, ..)| header.start);
    let ends = tables.iter().skip(1).map(|(header, ..)| header.start).chain([asked.text().len()]);
    let ends: Vec<_> = ends.collect();
    let symbols = tables.into_iter().zip(ends).map(|((header, (name, detail), kind), end)| {
        // The table of one header goes on up to the next one, the space between them left out.
        let inner = asked.text().get(header.start..end).unwrap_or_default().trim_end();
        let whole = header.start..header.start.saturating_add(inner.len()).max(header.end);
        let (whole, header) = (asked.lines.range(whole), asked.lines.range(header));
        DocumentSymbol::new(name, detail, kind, None, None, whole, header, None)
    });
    symbols.collect()
}

fn named(table: &DeTable<'_>, kind: &str, key: &str) -> (String, Option<String>) {
    // A symbol without a name is against the protocol.
    let name = tree::string(table, key).map(|(name, _)| name).filter(|name| !name.is_empty());
    let description = tree::string(table, "description").map(|(text, _)| text.to_owned());
    (name.unwrap_or(kind).to_owned(), description.or_else(|| name.map(|_| kind.to_owned())))
}
