//! A place in a file, in bytes, and in lines and columns for people.

use std::ops::Range;

/// The bytes from `start` up to `end` of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

/// A text with its line starts, so that finding a line costs no walk through the file.
#[derive(Debug)]
pub(crate) struct FileText<'s> {
    pub(crate) name: &'s str,
    pub(crate) text: &'s str,
    starts: Vec<usize>,
}

impl<'s> FileText<'s> {
    pub(crate) fn new(name: &'s str, text: &'s str) -> Self {
        let after = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = after.map(|(at, _)| at.saturating_add(1)).collect();
        Self { name, text, starts }
    }

    /// The span of a line that is longer than `most` bytes, if there is one.
    pub(crate) fn line_longer_than(&self, most: usize) -> Option<Span> {
        let mut start = 0;
        for end in self.starts.iter().copied().chain([self.text.len()]) {
            if end.saturating_sub(start) > most {
                return Some(Span { start, end });
            }
            start = end;
        }
        None
    }

    /// The span of the inline table that begins at a line and a column, both from 1.
    pub(crate) fn entry_at(&self, line: u32, column: u32) -> Span {
        let before = |number: u32| usize::try_from(number.saturating_sub(1)).unwrap_or(0);
        let start = before(line).checked_sub(1).and_then(|at| self.starts.get(at)).unwrap_or(&0);
        let rest = self.text.get(*start..).unwrap_or_default();
        let skipped: usize = rest.chars().take(before(column)).map(char::len_utf8).sum();
        let start = start.saturating_add(skipped);
        let (mut depth, mut is_text, mut end) = (0_usize, false, start);
        for c in self.text.get(start..).unwrap_or_default().chars() {
            end = end.saturating_add(c.len_utf8());
            match c {
                '"' => is_text = !is_text,
                '{' if !is_text => depth = depth.saturating_add(1),
                '}' if !is_text => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        Span { start, end }
    }

    /// Line and column (in characters) of a byte, both from 1.
    pub(crate) fn line_and_column(&self, offset: usize) -> (u32, u32) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = line.checked_sub(1).and_then(|before| self.starts.get(before)).unwrap_or(&0);
        let before = self.text.get(*start..offset).unwrap_or_default();
        (from_one(line), from_one(before.chars().count()))
    }
}

/// A span, with the file it is of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'s> {
    pub(crate) file: &'s FileText<'s>,
    pub(crate) span: Span,
}

impl<'s> Place<'s> {
    pub(crate) fn of(file: &'s FileText<'s>, span: Span) -> Self {
        Self { file, span }
    }

    /// Line and column of the first byte, both from 1.
    pub(crate) fn line_and_column(&self) -> (u32, u32) {
        self.file.line_and_column(self.span.start)
    }
}

fn from_one(count: usize) -> u32 {
    u32::try_from(count.saturating_add(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let file = FileText::new("f", "a\né = 1\n\nx");
        let cases = [(0, (1, 1)), (1, (1, 2)), (2, (2, 1)), (4, (2, 2)), (9, (3, 1)), (10, (4, 1))];
        for (offset, place) in cases {
            assert_eq!(file.line_and_column(offset), place, "{offset}");
        }
    }

    #[test]
    fn long_lines_are_found() {
        let file = FileText::new("f", "a\nlong\nb");
        assert_eq!(file.line_longer_than(4), Some(Span { start: 2, end: 7 }));
        assert_eq!(file.line_longer_than(5), None);
    }
}
