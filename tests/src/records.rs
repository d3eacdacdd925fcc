//! The audit log as a program reads it, line by line and without the broker's own code: what the
//! suites say of a log must not depend on that.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The file is there and cannot be read.
    #[error("`{}` cannot be read: {why}", log.display())]
    Unreadable {
        /// The log.
        log: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// A line is no JSON.
    #[error("line {line} of `{}` is no JSON: {why}", log.display())]
    NoJson {
        /// The log.
        log: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: serde_json::Error,
    },
}

/// The records of a log, one JSON object each; none where there is no file yet. A last line that
/// is still being written is none.
///
/// # Errors
/// [`RecordsError`], with the line that is wrong.
pub fn read(log: &Path) -> Result<Vec<Value>, RecordsError> {
    let text = match fs::read_to_string(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(why) => {
            return Err(RecordsError::Unreadable { log: log.to_owned(), why });
        }
        Ok(text) => text,
    };
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let parse = |(text, line): (&str, usize)| {
        let log = log.to_owned();
        serde_json::from_str(text).map_err(|why| RecordsError::NoJson { log, line, why })
    };
    whole.lines().zip(1..).map(parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whole_lines_are_records() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("audit.jsonl");
        assert_eq!(read(&log).unwrap(), [Value::Null; 0], "no file");
        for (text, records) in [
            ("", vec![]),
            ("{\"seq\":1", vec![]),
            ("{\"seq\":1}\n", vec![json!({"seq": 1})]),
            ("{\"seq\":1}\n{\"seq\":2}\n{\"se", vec![json!({"seq": 1}), json!({"seq": 2})]),
        ] {
            fs::write(&log, text).unwrap();
            assert_eq!(read(&log).unwrap(), records, "{text}");
        }
    }

    #[test]
    fn a_line_that_is_no_json_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("audit.jsonl");
        for text in ["{}\nnot\n{}\n", "{}\n\n{}\n"] {
            fs::write(&log, text).unwrap();
            let error = read(&log).unwrap_err().to_string();
            assert!(error.starts_with("line 2 of `/"), "{error}");
        }
        let error = read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("cannot be read"), "{error}");
    }
}
