//! Where in a text a cursor is that is just being typed at. Such a text is broken more often than
//! not, so this reads what stands before the cursor, from the top, and asks nothing of what follows.

/// Where the cursor is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    /// The keys from the top of the document inwards; the last one is the one whose value is
    /// being written, where it is a value.
    pub(super) path: Vec<String>,
    /// Where the word at the cursor begins.
    pub(super) start: usize,
    pub(super) place: Place,
    /// The keys that the table at the cursor has before it.
    pub(super) seen: Vec<String>,
}

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Key,
    Value,
    /// The inside of a string.
    String,
}

impl Cursor {
    /// The place at a byte; `None` in a comment, a header, or behind a word that is finished.
    pub(super) fn at(text: &str, offset: usize) -> Option<Self> {
        let before = text.get(..offset)?;
        let mut scan = Scan::new(before);
        scan.run().then(|| scan.cursor()).flatten()
    }
}

/// A table or a list that has begun and not ended.
#[derive(Debug, Default)]
struct Frame {
    is_list: bool,
    /// The key whose value is being written, split at its dots.
    key: Option<Vec<String>>,
    seen: Vec<String>,
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    header: Vec<String>,
    /// The table of the header, and what is open in it.
    base: Frame,
    open: Vec<Frame>,
    /// Where the bare word at the cursor began.
    word: Option<usize>,
    /// Where the inside of the string at the cursor began.
    string: Option<usize>,
    /// Whether a value ended and nothing came after it yet.
    is_done: bool,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            header: Vec::new(),
            base: Frame::default(),
            open: Vec::new(),
            word: None,
            string: None,
            is_done: false,
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn top(&mut self) -> &mut Frame {
        self.open.last_mut().unwrap_or(&mut self.base)
    }

    /// Reads to the end; whether there is something to say about it.
    fn run(&mut self) -> bool {
        let mut at_line_start = true;
        while let Some(character) = self.rest().chars().next() {
            // A header begins anew, whatever was left open above it.
            let begins_table = self.rest().starts_with("[[")
                || self.open.is_empty() && self.base.key.is_none() && character == '[';
            if at_line_start && begins_table {
                if !self.header() {
                    return false;
                }
                continue;
            }
            match character {
                '#' => match self.rest().find('\n') {
                    Some(end) => self.at = self.at.saturating_add(end),
                    None => return false,
                },
                '"' | '\'' => {
                    if !self.string(character) {
                        return true;
                    }
                }
                _ => self.character(character),
            }
            at_line_start = character == '\n';
        }
        true
    }

    /// Reads a header; whether it ended before the cursor.
    fn header(&mut self) -> bool {
        let Some(end) = self.rest().find('\n') else {
            return false;
        };
        let line = self.rest().get(..end).unwrap_or_default();
        let name = line.split('#').next().unwrap_or_default();
        let name = name.trim().trim_start_matches('[').trim_end_matches(']');
        self.header = split_key(name);
        self.base = Frame::default();
        self.open.clear();
        self.word = None;
        self.is_done = false;
        self.at = self.at.saturating_add(end).saturating_add(1);
        true
    }

    /// Reads a string; whether it ended before the cursor.
    fn string(&mut self, quote: char) -> bool {
        let triple = quote.to_string().repeat(3);
        let (opening, is_long) =
            if self.rest().starts_with(&triple) { (3, true) } else { (1, false) };
        let start = self.at.saturating_add(opening);
        self.word.get_or_insert(self.at);
        let inner = self.text.get(start..).unwrap_or_default();
        let mut escaped = false;
        for (at, character) in inner.char_indices() {
            let here = inner.get(at..).unwrap_or_default();
            let end = if is_long { here.starts_with(&triple) } else { character == quote };
            if escaped {
                escaped = false;
            } else if quote == '"' && character == '\\' {
                escaped = true;
            } else if end {
                self.at = start.saturating_add(at).saturating_add(opening);
                self.is_done = true;
                return true;
            } else if character == '\n' && !is_long {
                // Never closed: it ends with its line.
                self.at = start.saturating_add(at);
                self.is_done = true;
                return true;
            }
        }
        self.at = self.text.len();
        self.string = Some(start);
        false
    }

    fn character(&mut self, character: char) {
        match character {
            '[' | '{' => {
                self.open.push(Frame { is_list: character == '[', ..Frame::default() });
                self.between();
            }
            ']' | '}' => {
                self.open.pop();
                self.word = None;
                self.is_done = true;
            }
            '=' => self.equals(),
            ',' => {
                let top = self.top();
                if !top.is_list {
                    top.key = None;
                }
                self.between();
            }
            '\n' if self.open.is_empty() => {
                self.base.key = None;
                self.between();
            }
            _ if character.is_whitespace() => self.is_done |= self.word.is_some(),
            _ => {
                self.word.get_or_insert(self.at);
            }
        }
        self.at = self.at.saturating_add(character.len_utf8());
    }

    /// What was written is a key.
    fn equals(&mut self) {
        let word = self.word.and_then(|start| self.text.get(start..self.at)).unwrap_or_default();
        let key = split_key(word);
        let top = self.top();
        if !top.is_list && top.key.is_none() {
            top.seen.extend(key.first().cloned());
            top.key = Some(key);
        }
        self.between();
    }

    /// Nothing is begun.
    fn between(&mut self) {
        self.word = None;
        self.is_done = false;
    }

    fn cursor(mut self) -> Option<Cursor> {
        if self.is_done && self.string.is_none() {
            return None;
        }
        let keys = [&self.base].into_iter().chain(&self.open);
        let keys = keys.filter_map(|frame| frame.key.as_ref()).flatten();
        let path = self.header.iter().chain(keys).cloned().collect();
        let end = self.text.len();
        let (word, string) = (self.word, self.string);
        let top = self.top();
        let is_key = !top.is_list && top.key.is_none();
        let place = match (string, is_key) {
            (_, true) => Place::Key,
            (Some(_), false) => Place::String,
            (None, false) => Place::Value,
        };
        let start = string.or(word).unwrap_or(end);
        Some(Cursor { path, start, place, seen: std::mem::take(&mut top.seen) })
    }
}

/// The parts of a key; quotes around a part are not of it.
fn split_key(text: &str) -> Vec<String> {
    let parts = text.split('.').map(|part| part.trim().trim_matches(['"', '\'']).to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_known_in_texts_that_are_being_written() {
        let cases = [
            ("|", "Key  0"),
            ("ver|", "Key  0"),
            ("version = |", "Value version 10"),
            ("version = 1|", "Value version 10"),
            ("version = 1 |", "none"),
            ("# note|", "none"),
            ("[[cap|", "none"),
            ("[[capability]]\n|", "Key capability 15"),
            ("[[capability]] # x\nwin|", "Key capability 19"),
            ("[[capability]]\nid = \"a\"\nuse = [\"no|", "String capability use 32"),
            ("[[capability]]\nuse = [|", "Value capability use 22"),
            ("[[capability]]\nuse = [\"a\", { |", "Key capability use 29"),
            ("[[capability]]\nuse = [\"a\", { id = '|", "String capability use id 35"),
            ("[[capability]]\nallow = [\n  { commands = [\"x\"], pa|", "Key capability allow 47"),
            ("[[capability]]\nallow = [{ limit = { r|", "Key capability allow limit 36"),
            ("[[capability]]\nlimit.ra|", "Key capability 15"),
            (
                "[[capability]]\nallow = [{ limit.rate = \"|",
                "String capability allow limit rate 40",
            ),
            ("[[capability]]\nuse = [\"open\n[[permission]]\ni|", "Key permission 43"),
            ("[[capability]]\nid = \"never closed\nw|", "Key capability 34"),
            ("[[capability]]\nid = \"a\\\"|", "String capability id 21"),
            ("[[capability]]\nid = \"\"\"a\n\"b|", "String capability id 23"),
            ("[[capability]]\ndescription = \"ü [ { #\"\n|", "Key capability 40"),
            ("[capability.limit]\n|", "Key capability limit 19"),
        ];
        let mut wrong = Vec::new();
        for (text, expected) in cases {
            let offset = text.find('|').unwrap();
            let shown = Cursor::at(&text.replace('|', ""), offset)
                .map_or("none".into(), |cursor| {
                    format!("{:?} {} {}", cursor.place, cursor.path.join(" "), cursor.start)
                });
            if shown != expected {
                wrong.push((text, shown, expected));
            }
        }
        assert_eq!(wrong, []);
    }

    #[test]
    fn keys_before_the_cursor_are_known_by_table() {
        let text =
            "[[capability]]\nid = \"a\"\nallow = [{ commands = [], limit = { rate = \"\" }, ";
        let cursor = Cursor::at(text, text.len()).unwrap();
        assert_eq!(cursor.seen, ["commands", "limit"]);
    }
}
