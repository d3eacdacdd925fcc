//! The head of a log: which record was the last one when the log last came to the disk. It is the
//! only thing that shows records cut off the end.

use serde::Deserialize;

use super::chain::Chain;
use super::hash::Link;

/// More than the longest head has.
pub(super) const MAX_HEAD: usize = 256;

/// The content of `<log>.head`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    chain: Chain,
    /// Where the line of the last record ends.
    pub(super) bytes: u64,
}

/// The same as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    seq: u64,
    bytes: u64,
    hash: String,
}

impl Head {
    /// The head of a log that ends so.
    pub(super) fn of(chain: Chain, bytes: u64) -> Self {
        Self { chain, bytes }
    }

    /// The head as it is written: one line.
    pub(super) fn to_line(self) -> Vec<u8> {
        let Self { chain: Chain { seq, link }, bytes } = self;
        format!("{{\"seq\":{seq},\"bytes\":{bytes},\"hash\":\"{link}\"}}\n").into_bytes()
    }

    /// The head written as `text`, in that one writing.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let Written { seq, bytes, hash } = serde_json::from_slice(text).ok()?;
        let head = Self { chain: Chain { seq, link: Link::parse(hash.as_bytes())? }, bytes };
        (head.to_line() == text).then_some(head)
    }

    /// The last record.
    pub(super) fn chain(&self) -> Chain {
        self.chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_one_writing() {
        let head = Head::of(Chain::genesis(), 12);
        let line = String::from_utf8(head.to_line()).unwrap();
        assert!(line.len() < MAX_HEAD);
        assert_eq!(Head::parse(line.as_bytes()), Some(head));
        for other in [
            line.trim_end().to_owned(),
            format!(" {line}"),
            line.replace("12", "012"),
            line.replace("\"seq\":0", "\"seq\":0,\"seq\":0"),
            line.to_uppercase(),
            String::new(),
        ] {
            assert_eq!(Head::parse(other.as_bytes()), None, "{other}");
        }
    }
}
