//! Tables, headers and keys: everything that stands on lines of its own.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Key, RawString, Table};

use super::comments::{Before, trailing};
use super::order::Kind;
use super::values::{self, Place};

/// The whole document.
pub(super) fn document(document: &DocumentMut) -> String {
    let mut printer = Printer { out: String::new() };
    printer.body(document.as_table(), Kind::File, &[]);
    let after = Before::read(&format!("{}\n", text(Some(document.trailing())))).last();
    if !after.is_empty() {
        let after = if printer.out.is_empty() { after.first() } else { after };
        after.write(&mut printer.out, 0);
    }
    printer.out
}

struct Printer {
    out: String,
}

/// A key with a value, by the way to it from the table it stands in.
type Line<'t> = (Vec<&'t Key>, &'t toml_edit::Value);

impl Printer {
    /// The keys of a table, then the tables within it.
    fn body(&mut self, table: &Table, kind: Kind, path: &[&Key]) {
        let mut first = true;
        for (keys, value) in lines(table, kind) {
            self.line(&keys, value, kind, std::mem::take(&mut first));
        }
        for (key, item) in tables(table, kind) {
            let path: Vec<&Key> = path.iter().copied().chain([key]).collect();
            let inner = kind.of(key.get());
            match item {
                Item::Table(table) => self.table(table, inner, &path),
                Item::ArrayOfTables(tables) => self.array(tables, inner, &path),
                Item::None | Item::Value(_) => {}
            }
        }
    }

    fn line(&mut self, keys: &[&Key], value: &toml_edit::Value, kind: Kind, first: bool) {
        let Some((name, _)) =
            keys.split_first().zip(keys.last()).map(|((first, _), last)| (first, last))
        else {
            return;
        };
        let before = text(keys.first().and_then(|key| key.leaf_decor().prefix()));
        let before = Before::read(before);
        let before = if first { before.first() } else { before };
        before.write(&mut self.out, 0);
        let start = self.out.len();
        self.out.push_str(&dotted(keys));
        self.out.push_str(" = ");
        let column = self.out.get(start..).unwrap_or_default().chars().count();
        let inner = keys.iter().fold(kind, |kind, key| kind.of(key.get()));
        let inner = if keys.len() == 1 { kind.of(name.get()) } else { inner };
        self.out
            .push_str(&values::write(value, Place { kind: inner, indent: 0, column, after: 0 }));
        self.out.push_str(&trailing(text(value.decor().suffix())));
        self.out.push('\n');
    }

    fn table(&mut self, table: &Table, kind: Kind, path: &[&Key]) {
        // One that is only there for what is within it has no header of its own.
        if !table.is_implicit() || !lines(table, kind).is_empty() {
            self.header(table, &format!("[{}]", dotted(path)));
        }
        self.body(table, kind, path);
    }

    fn array(&mut self, tables: &ArrayOfTables, kind: Kind, path: &[&Key]) {
        for table in tables {
            self.header(table, &format!("[[{}]]", dotted(path)));
            self.body(table, kind, path);
        }
    }

    fn header(&mut self, table: &Table, header: &str) {
        let before = Before::read(text(table.decor().prefix())).first();
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        before.write(&mut self.out, 0);
        self.out.push_str(header);
        self.out.push_str(&trailing(text(table.decor().suffix())));
        self.out.push('\n');
    }
}

/// The keys with values, in order; the members of a dotted key stand together.
fn lines(table: &Table, kind: Kind) -> Vec<Line<'_>> {
    let mut found: Vec<Line<'_>> = table.get_values();
    found.sort_by_key(|(keys, _)| keys.first().map(|key| kind.rank(key.get())));
    found
}

/// The tables that have headers, in order.
fn tables(table: &Table, kind: Kind) -> Vec<(&Key, &Item)> {
    let keys = table.iter().filter_map(|(name, _)| table.get_key_value(name));
    let mut found: Vec<_> = keys
        .filter(|(_, item)| match item {
            Item::Table(table) => !table.is_dotted(),
            Item::ArrayOfTables(_) => true,
            Item::None | Item::Value(_) => false,
        })
        .collect();
    found.sort_by_key(|(key, _)| kind.rank(key.get()));
    found
}

fn dotted(keys: &[&Key]) -> String {
    let names: Vec<_> = keys.iter().map(|key| values::key(key)).collect();
    names.join(".")
}

pub(super) fn text(raw: Option<&RawString>) -> &str {
    raw.and_then(RawString::as_str).unwrap_or_default()
}
