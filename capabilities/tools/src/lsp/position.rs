//! Places in a text, as the protocol counts them: lines from 0, and columns in the units of an
//! encoding that was agreed on.

use std::ops::Range as Bytes;

use gen_lsp_types::{Position, Range};

/// What a column counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// Units of UTF-16: what holds where nothing was agreed on.
    #[default]
    Utf16,
}

/// A text with its line starts.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str, encoding: Encoding) -> Self {
        let bytes = text.as_bytes();
        let ends_line = |at: usize, byte: u8| {
            byte == b'\n' || byte == b'\r' && bytes.get(at.saturating_add(1)) != Some(&b'\n')
        };
        let ends = bytes.iter().enumerate().filter(|(at, byte)| ends_line(*at, **byte));
        let starts = [0].into_iter().chain(ends.map(|(at, _)| at.saturating_add(1)));
        Self { text, starts: starts.collect(), encoding }
    }

    /// The text.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// The place of a byte; one beyond the end is the end, one within a character its start.
    pub(super) fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset = offset.saturating_sub(1);
        }
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let before = self.text.get(start..offset).unwrap_or_default();
        let column = match self.encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.encode_utf16().count(),
        };
        Position { line: count(line), character: count(column) }
    }

    /// The byte at a place. As the protocol has it, a column beyond its line is the line's end;
    /// so is a line beyond the text the text's end, and a place within a character its start.
    pub(super) fn offset(&self, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line).copied() else {
            return self.text.len();
        };
        let next = self.starts.get(line.saturating_add(1)).copied();
        let line = self.text.get(start..next.unwrap_or(self.text.len())).unwrap_or_default();
        let line = line.trim_end_matches(['\n', '\r']);
        let wanted = usize::try_from(position.character).unwrap_or(usize::MAX);
        let mut column = 0_usize;
        for (at, character) in line.char_indices() {
            column = column.saturating_add(match self.encoding {
                Encoding::Utf8 => character.len_utf8(),
                Encoding::Utf16 => character.len_utf16(),
            });
            if column > wanted {
                return start.saturating_add(at);
            }
        }
        start.saturating_add(line.len())
    }

    /// The places of the first byte and of the one after the last.
    pub(super) fn range(&self, span: Bytes<usize>) -> Range {
        Range { start: self.position(span.start), end: self.position(span.end) }
    }

    /// The bytes between two places, in order whichever comes first.
    pub(super) fn span(&self, range: Range) -> Bytes<usize> {
        let (start, end) = (self.offset(range.start), self.offset(range.end));
        start.min(end)..start.max(end)
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a = \"ü🦀x\"\r\nb\rc\n\nd";

    #[test]
    fn places_and_bytes_are_each_others_inverse() {
        // Byte, line, column in UTF-8, column in UTF-16.
        let cases = [
            (0, 0, 0, 0),
            (5, 0, 5, 5),
            (7, 0, 7, 6),
            (11, 0, 11, 8),
            (12, 0, 12, 9),
            (13, 0, 13, 10),
            (15, 1, 0, 0),
            (17, 2, 0, 0),
            (19, 3, 0, 0),
            (20, 4, 0, 0),
            (21, 4, 1, 1),
        ];
        for (byte, line, utf8, utf16) in cases {
            for (encoding, character) in [(Encoding::Utf8, utf8), (Encoding::Utf16, utf16)] {
                let lines = Lines::new(TEXT, encoding);
                let position = Position { line, character };
                assert_eq!(lines.position(byte), position, "{byte} {encoding:?}");
                assert_eq!(lines.offset(position), byte, "{position:?} {encoding:?}");
            }
        }
    }

    #[test]
    fn what_is_no_place_is_the_nearest_one() {
        let utf16 = Lines::new(TEXT, Encoding::Utf16);
        let at = |line, character| utf16.offset(Position { line, character });
        assert_eq!(at(0, 7), 7, "within the surrogates");
        assert_eq!(at(0, 99), 13, "beyond the line, before its end");
        assert_eq!(at(9, 0), TEXT.len(), "beyond the text");
        let utf8 = Lines::new(TEXT, Encoding::Utf8);
        assert_eq!(utf8.offset(Position { line: 0, character: 9 }), 7, "within a character");
        assert_eq!(utf8.position(8), utf8.position(7));
        assert_eq!(utf8.position(999), utf8.position(TEXT.len()));
        let backwards = Range {
            start: Position { line: 0, character: 5 },
            end: Position { line: 0, character: 0 },
        };
        assert_eq!(utf8.span(backwards), 0..5);
    }
}
