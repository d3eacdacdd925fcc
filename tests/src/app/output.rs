//! What a process writes.

use std::{
    io::{BufRead, BufReader, Read},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

/// What a process wrote until now, read while it runs so that it never waits for a full pipe.
#[derive(Debug, Clone, Default)]
pub(super) struct Output {
    text: Arc<Mutex<String>>,
}

impl Output {
    pub(super) fn read(pipe: Option<impl Read + Send + 'static>) -> Self {
        let output = Self::default();
        let (shared, Some(pipe)) = (output.clone(), pipe) else {
            return output;
        };
        thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                shared.append(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
        output
    }

    fn append(&self, line: &str) {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).push_str(line);
    }

    pub(super) fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
