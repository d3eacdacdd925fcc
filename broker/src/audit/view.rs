//! Records as a table for people. Whatever stands in a record, what is printed here does nothing to
//! a terminal but show itself.

use super::read::Entry;

/// The widest that the window, origin, command and verdict columns become.
const WIDEST: [usize; 4] = [20, 30, 24, 12];

/// The least room for the last column: a line that is too long is better than one word a line.
const LEAST_REST: usize = 24;

/// `2026-11-23 06:54:26.123`
const TIME_WIDTH: usize = 23;

const HEADINGS: [&str; 4] = ["window", "origin", "command", "verdict"];

/// Whether colours are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// Text alone.
    Never,
    /// Terminal colours.
    Always,
}

/// The records as one table, heading and all.
#[must_use]
pub fn render_table(entries: &[Entry], width: Option<usize>, colour: Colour) -> String {
    let table = Table::fit(entries, width, colour);
    let rows = entries.iter().map(|entry| table.row(entry));
    std::iter::once(table.heading()).chain(rows).collect()
}

/// The columns of a table. It is made once, so that records that come later fall into line.
#[derive(Debug, Clone)]
pub struct Table {
    widths: [usize; 4],
    rest: Option<usize>,
    colour: Colour,
}

impl Table {
    /// Columns as wide as `entries` need them, in lines of `width` characters; without a width,
    /// each record is one line, however long.
    #[must_use]
    pub fn fit(entries: &[Entry], width: Option<usize>, colour: Colour) -> Self {
        let mut widths = HEADINGS.map(str::len);
        for entry in entries {
            for ((width, widest), cell) in widths.iter_mut().zip(WIDEST).zip(cells(entry)) {
                *width = cell.chars().count().clamp(*width, widest.max(*width));
            }
        }
        let gaps = 2_usize.saturating_mul(HEADINGS.len().saturating_add(1));
        let used = widths
            .iter()
            .fold(TIME_WIDTH.saturating_add(gaps), |sum, width| sum.saturating_add(*width));
        let rest = width.map(|width| width.saturating_sub(used).max(LEAST_REST));
        Self { widths, rest, colour }
    }

    /// The line of the headings.
    #[must_use]
    pub fn heading(&self) -> String {
        let time = format!("{:TIME_WIDTH$}", "time (UTC)");
        let line = self.line(&time, &HEADINGS.map(str::to_owned), "reason or rule");
        format!("{}\n", self.paint("1", line.trim_end()))
    }

    /// One record, on one line or on as many as its reason takes.
    #[must_use]
    pub fn row(&self, entry: &Entry) -> String {
        let time: String = entry.time().to_string().chars().take(TIME_WIDTH).collect();
        let time = self.paint("2", &time.replace('T', " "));
        let mut cells = cells(entry);
        for (cell, width) in cells.iter_mut().zip(self.widths) {
            *cell = clip(cell, width);
        }
        let told = wrap(&story(entry), self.rest);
        let mut lines = told.iter();
        let first = lines.next().map(String::as_str).unwrap_or_default();
        let mut row = self.line(&time, &self.coloured(cells, entry), first).trim_end().to_owned();
        row.push('\n');
        let indent = self.line(&" ".repeat(TIME_WIDTH), &Default::default(), "");
        for line in lines {
            row.push_str(&indent);
            row.push_str(line);
            row.push('\n');
        }
        row
    }

    fn line(&self, time: &str, cells: &[String; 4], rest: &str) -> String {
        let mut line = time.to_owned();
        for (cell, width) in cells.iter().zip(self.widths) {
            line.push_str("  ");
            line.push_str(cell);
            let shown = visible(cell);
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(shown)));
        }
        line.push_str("  ");
        line.push_str(rest);
        line
    }

    fn coloured(&self, mut cells: [String; 4], entry: &Entry) -> [String; 4] {
        let code = match entry.event() {
            "call" | "repeated" | "dropped" if entry.is_refusal() => "31",
            "call" | "counted" => "32",
            _ => "36",
        };
        let [.., verdict] = &mut cells;
        *verdict = self.paint(code, verdict);
        cells
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.colour {
            Colour::Never => text.to_owned(),
            Colour::Always => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}

/// The texts of the four columns in the middle.
fn cells(entry: &Entry) -> [String; 4] {
    let text = |key| safe(entry.text(key).unwrap_or_default());
    let verdict = match entry.event() {
        "call" => text("verdict"),
        "repeated" => format!("deny × {}", grouped(entry.number("count").unwrap_or_default())),
        "counted" => format!("allow × {}", grouped(entry.number("count").unwrap_or_default())),
        event => safe(event),
    };
    [text("window"), text("origin"), text("command"), verdict]
}

/// What else a record tells, as a sentence.
fn story(entry: &Entry) -> String {
    let rule = entry.text("rule").map(|rule| format!("[{rule}]"));
    let text = |key| entry.text(key).map(str::to_owned);
    let told: Vec<Option<String>> = match entry.event() {
        "call" | "repeated" | "counted" => {
            let reason = match (entry.text("reason"), entry.text("why")) {
                (Some(reason), Some(why)) => Some(format!("{reason}: {why}")),
                (reason, why) => reason.or(why).map(str::to_owned),
            };
            vec![reason, rule, shadow(entry)]
        }
        "asked" | "answered" => {
            let labelled = |key| Some(format!("{key} {}", show(entry.get(key)?)));
            vec![text("answer"), labelled("when"), labelled("holds"), labelled("by"), rule]
        }
        _ => {
            let labelled = |key| Some(format!("{key} {}", show(entry.get(key)?)));
            let keys = [
                "app",
                "version",
                "log_args",
                "observed",
                "replaced",
                "by",
                "host",
                "pid",
                "level",
                "document",
                "call",
                "bytes",
                "digest",
                "files",
                "missing",
                "in_flight",
            ];
            let mut told = vec![text("state"), text("outcome")];
            told.extend(keys.map(labelled));
            told.push(text("why"));
            told
        }
    };
    let told: Vec<String> = told.into_iter().flatten().map(|part| safe(&part)).collect();
    told.join(" ")
}

/// What the observed policy says of a call, where that is another verdict.
fn shadow(entry: &Entry) -> Option<String> {
    let shadow = entry.get("shadow")?;
    let text = |key: &str| shadow.get(key).and_then(serde_json::Value::as_str);
    let rule = text("rule").map(|rule| format!("[{rule}]"));
    let told = [text("verdict"), text("reason"), rule.as_deref()];
    let told: Vec<&str> = told.into_iter().flatten().collect();
    Some(format!("(observed: {})", told.join(" ")))
}

fn show(value: &serde_json::Value) -> String {
    if let Some(items) = value.as_array() {
        return items.iter().map(show).collect::<Vec<_>>().join(", ");
    }
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `text` with everything escaped that is not a visible character of its own: controls, marks
/// that combine, characters that turn the direction, and the backslash that escapes them.
pub(super) fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' => safe.push(character),
            _ => safe.extend(character.escape_debug()),
        }
    }
    safe
}

/// `1,204`
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in (0..digits.len()).rev().zip(digits.chars()) {
        grouped.push(digit);
        if place > 0 && place % 3 == 0 {
            grouped.push(',');
        }
    }
    grouped
}

/// At most `width` characters of `text`.
pub(super) fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// `text` in lines of at most `width` characters, broken at spaces where there are any.
fn wrap(text: &str, width: Option<usize>) -> Vec<String> {
    let Some(width) = width else {
        return vec![text.to_owned()];
    };
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        for (part, piece) in pieces(word, width).into_iter().enumerate() {
            let Some(line) = lines.last_mut() else {
                continue;
            };
            let used = line.chars().count();
            let needed = used.saturating_add(1).saturating_add(piece.chars().count());
            if used == 0 {
                *line = piece;
            } else if part == 0 && needed <= width {
                line.push(' ');
                line.push_str(&piece);
            } else {
                lines.push(piece);
            }
        }
    }
    lines
}

fn pieces(word: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = word.chars().collect();
    characters.chunks(width.max(1)).map(|chunk| chunk.iter().collect()).collect()
}

/// How many characters of a cell are seen: the colours that [`Table::paint`] put round it are not.
fn visible(cell: &str) -> usize {
    match cell.strip_prefix('\u{1b}').and_then(|rest| rest.split_once('m')) {
        Some((_, painted)) => painted.chars().count().saturating_sub("\u{1b}[0m".len()),
        None => cell.chars().count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(fields: &str) -> Entry {
        let line = format!(r#"{{"seq":1,"time":"2026-11-23T06:54:26.123456Z",{fields}}}"#);
        Entry::parse(line.as_bytes()).unwrap()
    }

    #[test]
    fn a_table_for_people() {
        let entries = [
            entry(r#""event":"start","app":"org.example.notes","version":"0.1.0""#),
            entry(
                r#""event":"call","window":"editor","origin":"app://notes","command":"fs.list",
                "verdict":"allow","rule":"policies/editor.toml:4""#,
            ),
            entry(
                r#""event":"call","window":"preview","origin":"app://notes","command":"fs.write_text",
                "verdict":"deny","reason":"not-allowed","why":"no rule allows `fs.write_text` here""#,
            ),
            entry(
                r#""event":"repeated","window":"preview","origin":"app://notes",
                "command":"fs.write_text","reason":"not-allowed","count":1204"#,
            ),
            entry(
                r#""event":"counted","window":"editor","origin":"app://notes","command":"fs.list",
                "verdict":"allow","rule":"policies/editor.toml:4","first":2,"count":99,
                "shadow":{"verdict":"deny","reason":"not-granted"}"#,
            ),
        ];
        let expected = "\
time (UTC)               window   origin       command        verdict       reason or rule
2026-11-23 06:54:26.123                                       start         app org.example.notes version 0.1.0
2026-11-23 06:54:26.123  editor   app://notes  fs.list        allow         [policies/editor.toml:4]
2026-11-23 06:54:26.123  preview  app://notes  fs.write_text  deny          not-allowed: no rule allows `fs.write_text` here
2026-11-23 06:54:26.123  preview  app://notes  fs.write_text  deny × 1,204  not-allowed
2026-11-23 06:54:26.123  editor   app://notes  fs.list        allow × 99    [policies/editor.toml:4] (observed: deny not-granted)
";
        assert_eq!(render_table(&entries, None, Colour::Never), expected);
        let narrow = render_table(&entries, Some(104), Colour::Never);
        assert!(narrow.lines().all(|line| line.chars().count() <= 104), "{narrow}");
        assert!(narrow.lines().count() > expected.lines().count());
        let coloured = render_table(&entries, None, Colour::Always);
        let codes =
            ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[36m", "\u{1b}[0m"];
        let plain = codes.iter().fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(plain, expected);
    }

    #[test]
    fn numbers_texts_and_lines_are_cut_to_be_read() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1204, "1,204"), (u64::MAX, "18,446,744,073,709,551,615")]
        {
            assert_eq!(grouped(number), text);
        }
        for (text, width, clipped) in [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("éééé", 3, "éé…")]
        {
            assert_eq!(clip(text, width), clipped);
        }
        for (text, width, lines) in [
            ("", 4, vec![""]),
            ("a bc def", 4, vec!["a bc", "def"]),
            ("abcdefghij k", 4, vec!["abcd", "efgh", "ij k"]),
        ] {
            assert_eq!(wrap(text, Some(width)), lines, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn h01_what_is_shown_holds_no_character_that_acts(text in proptest::prelude::any::<String>()) {
            let fields = serde_json::json!({ "seq": 1, "time": "2026-11-23T06:54:26Z", "event": "call",
                "window": text, "origin": text, "command": text, "verdict": text, "reason": text, "why": text, "rule": text });
            let entry = Entry::parse(fields.to_string().as_bytes()).unwrap();
            let row = Table::fit(std::slice::from_ref(&entry), None, Colour::Never).row(&entry);
            let line = row.strip_suffix('\n').unwrap();
            // Only visible characters, and the sign of what was left out, stand in a row.
            assert!(line.chars().all(|c| matches!(c, ' '..='~' | '…') || c.escape_debug().count() == 1));
            assert!(!line.contains('\n'));
        }
    }
}
