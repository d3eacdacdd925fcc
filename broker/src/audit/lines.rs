//! The lines of a file that may still be growing. Half a line at its end is told apart, never
//! handed out as a line, and read again when asked again: it may have been taken back meanwhile.

use std::fs::File;
use std::io;

use super::line::MAX_LINE;

/// Bytes asked of the file at once.
const CHUNK: usize = 64 << 10;

/// What comes next in a file.
pub(super) enum Piece<'a> {
    /// A line, without its newline.
    Line(&'a [u8]),
    /// The end of the file, in the middle of a line.
    Torn(&'a [u8]),
    /// A line longer than any record.
    Long,
    /// The end of the file.
    End,
}

/// How far a file was read, and what was read ahead of that.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// Where the next line begins.
    offset: u64,
    /// What was read; the first `used` bytes were handed out.
    buffer: Vec<u8>,
    used: usize,
    /// The bytes in the buffer that are known to hold no newline, after `used`.
    searched: usize,
    /// Where the operating system puts what is read next.
    chunk: Vec<u8>,
}

impl Lines {
    /// The lines from `offset` on; a line begins there.
    pub(super) fn from(offset: u64) -> Self {
        Self { offset, ..Self::default() }
    }

    /// Where the next line begins.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// What comes next in `file`, the same file each time.
    pub(super) fn next(&mut self, file: &File) -> io::Result<Piece<'_>> {
        let ended = loop {
            if let Some(length) = self.newline() {
                return Ok(self.hand_out(length));
            }
            if self.buffer.len().saturating_sub(self.used) > MAX_LINE {
                return Ok(Piece::Long);
            }
            if self.read_on(file)? == 0 {
                break self.used..self.buffer.len();
            }
        };
        if ended.is_empty() {
            return Ok(Piece::End);
        }
        // Nothing of a half line is kept: whoever asks again reads it again.
        self.buffer.drain(..ended.start);
        self.used = self.buffer.len();
        self.searched = 0;
        Ok(Piece::Torn(&self.buffer))
    }

    /// The length of the line that begins at `used`, if its end was read.
    fn newline(&mut self) -> Option<usize> {
        let unsearched = self.buffer.get(self.used.saturating_add(self.searched)..)?;
        match unsearched.iter().position(|byte| *byte == b'\n') {
            Some(further) => Some(self.searched.saturating_add(further)),
            None => {
                self.searched = self.searched.saturating_add(unsearched.len());
                None
            }
        }
    }

    fn hand_out(&mut self, length: usize) -> Piece<'_> {
        let start = self.used;
        let end = start.saturating_add(length);
        self.used = end.saturating_add(1);
        self.searched = 0;
        self.offset = self.offset.saturating_add(length as u64).saturating_add(1);
        match self.buffer.get(start..end) {
            Some(line) if length <= MAX_LINE => Piece::Line(line),
            _ => Piece::Long,
        }
    }

    /// Reads some more and says how much.
    fn read_on(&mut self, file: &File) -> io::Result<usize> {
        self.buffer.drain(..self.used);
        self.used = 0;
        if self.chunk.is_empty() {
            self.chunk = vec![0; CHUNK];
        }
        let offset = self.offset.saturating_add(self.buffer.len() as u64);
        let read = read_at(file, &mut self.chunk, offset)?;
        self.buffer.extend_from_slice(self.chunk.get(..read).unwrap_or_default());
        Ok(read)
    }
}

/// One read, begun again when a signal came between.
fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        #[cfg(unix)]
        let read = std::os::unix::fs::FileExt::read_at(file, buffer, offset);
        #[cfg(windows)]
        let read = std::os::windows::fs::FileExt::seek_read(file, buffer, offset);
        match read {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Fills `buffer` from `offset` on; an error of the kind `UnexpectedEof` where the file ends first.
pub(super) fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        let read = read_at(file, buffer, offset)?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = buffer.get_mut(read..).unwrap_or_default();
        offset = offset.saturating_add(read as u64);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn seen(lines: &mut Lines, file: &File) -> String {
        match lines.next(file).unwrap() {
            Piece::Line(line) => format!("line {}", String::from_utf8_lossy(line)),
            Piece::Torn(line) => format!("torn {}", String::from_utf8_lossy(line)),
            Piece::Long => "long".into(),
            Piece::End => "end".into(),
        }
    }

    #[test]
    fn half_a_line_is_read_again_from_its_start() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"one\n\ntw").unwrap();
        let mut lines = Lines::from(0);
        for expected in ["line one", "line ", "torn tw", "torn tw"] {
            assert_eq!(seen(&mut lines, &file), expected);
        }
        assert_eq!(lines.offset(), 5);
        file.set_len(5).unwrap();
        assert_eq!(seen(&mut lines, &file), "end");
        std::os::unix::fs::FileExt::write_all_at(&file, b"xyz\n", 5).unwrap();
        assert_eq!(seen(&mut lines, &file), "line xyz");
        assert_eq!(seen(&mut lines, &file), "end");
        assert_eq!(lines.offset(), 9);
        assert_eq!(seen(&mut Lines::from(4), &file), "line ");
    }

    #[test]
    fn a_line_may_be_as_long_as_a_record_and_no_longer() {
        for (length, expected) in
            [(MAX_LINE, "line"), (MAX_LINE + 1, "long"), (MAX_LINE * 2, "long")]
        {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&vec![b'x'; length]).unwrap();
            file.write_all(b"\n").unwrap();
            assert!(seen(&mut Lines::from(0), &file).starts_with(expected), "{length}");
        }
    }
}
