//! The reader: the records of a log as far as they are whole, for showing and counting. It
//! believes what stands there; whether that is what was written is the verifier's business.

use std::fs::File;
use std::io;
use std::path::Path;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::ascii;
use super::lines::{Lines, Piece};
use super::time::Timestamp;

/// Reads a log record by record. After its end it may be asked again: `None` means "no more for
/// now", and half a record that is just being written is not handed out.
#[derive(Debug)]
pub struct Reader {
    file: File,
    lines: Lines,
    line: u64,
    stopped: bool,
}

impl Reader {
    /// The records of the log at `path`, from the first on.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: File::open(path)?, lines: Lines::from(0), line: 0, stopped: false })
    }

    fn read(&mut self) -> Result<Option<Entry>, ReadError> {
        let line = self.line.saturating_add(1);
        let offset = self.lines.offset();
        match self.lines.next(&self.file)? {
            Piece::Torn(_) => Ok(None),
            Piece::Long => Err(ReadError::TooLong { line }),
            Piece::Line(text) => {
                self.line = line;
                Entry::parse(text).map(Some).ok_or(ReadError::NotARecord { line })
            }
            Piece::End if self.file.metadata()?.len() < offset => {
                Err(ReadError::Shortened { line })
            }
            Piece::End => Ok(None),
        }
    }
}

impl Iterator for Reader {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.stopped {
            return None;
        }
        let result = self.read();
        // Behind a line that is no record there are more; behind the others nothing can be told.
        self.stopped = matches!(
            result,
            Err(ReadError::Io(_) | ReadError::TooLong { .. } | ReadError::Shortened { .. })
        );
        result.transpose()
    }
}

/// Why a record could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system did not let the log be read.
    #[error("cannot read the audit log: {0}")]
    Io(#[from] io::Error),
    /// The line is no record. The next one may be.
    #[error("line {line} of the audit log is no record")]
    NotARecord {
        /// The line, from 1.
        line: u64,
    },
    /// The line is longer than any record.
    #[error("line {line} of the audit log is longer than any record")]
    TooLong {
        /// The line, from 1.
        line: u64,
    },
    /// What was read before is no longer in the file.
    #[error("the audit log was cut off before line {line} while it was read")]
    Shortened {
        /// The line, from 1.
        line: u64,
    },
}

/// One record as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    seq: u64,
    time: Timestamp,
    fields: Map<String, Value>,
}

impl Entry {
    /// The record in `line`, if it has a number, a time and the name of its event.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(line) else {
            return None;
        };
        let seq = fields.get("seq")?.as_u64()?;
        let time = Timestamp::parse(fields.get("time")?.as_str()?)?;
        fields.get("event")?.as_str()?;
        Some(Self { seq, time, fields })
    }

    /// Its number.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// When it was written, by the wall clock of then.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.time
    }

    /// The name of its event.
    #[must_use]
    pub fn event(&self) -> &str {
        self.text("event").unwrap_or_default()
    }

    /// The text under `key`.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key)?.as_str()
    }

    /// The number under `key`.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        self.fields.get(key)?.as_u64()
    }

    /// Whatever stands under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.fields.get(key)
    }

    /// Whether it tells of something that was refused.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self.event() {
            "call" => self.text("verdict") != Some("allow"),
            event => matches!(event, "repeated" | "dropped"),
        }
    }

    /// The record as one line of JSON that does nothing to a terminal.
    #[must_use]
    pub fn to_json(&self) -> String {
        to_ascii_json(self)
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields.serialize(serializer)
    }
}

/// Any report as one line of JSON that does nothing to a terminal; empty if it has no JSON form.
#[must_use]
pub fn to_ascii_json<T: Serialize + ?Sized>(report: &T) -> String {
    let mut buffer = Vec::new();
    match ascii::push(&mut buffer, report) {
        Ok(()) => String::from_utf8(buffer).unwrap_or_default(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn what_is_no_record_is_named_and_what_follows_is_read() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        let time = "2026-11-23T06:54:26.123456Z";
        let good = |seq: u64| format!(r#"{{"seq":{seq},"time":"{time}","event":"stop"}}"#);
        let text = format!("{}\nnonsense\n\n{}\n{}", good(1), good(2), good(3));
        log.write_all(text.as_bytes()).unwrap();
        let mut reader = Reader::open(log.path()).unwrap();
        assert_eq!(reader.next().unwrap().unwrap().seq(), 1);
        for line in [2, 3] {
            let error = reader.next().unwrap().unwrap_err();
            assert!(matches!(error, ReadError::NotARecord { line: at } if at == line), "{error}");
        }
        assert_eq!(reader.next().unwrap().unwrap().seq(), 2);
        assert!(reader.next().is_none(), "half a record is none");
        log.write_all(b"\n").unwrap();
        assert_eq!(reader.next().unwrap().unwrap().seq(), 3);
        assert!(reader.next().is_none());
        log.as_file().set_len(10).unwrap();
        assert!(matches!(reader.next(), Some(Err(ReadError::Shortened { line: 6 }))));
        assert!(reader.next().is_none());
    }
}
