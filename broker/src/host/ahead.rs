//! Bytes of a host that were read ahead: the frames of calls made at once come with one system call.
//! Who sent them was checked when they were read; what they say is the connection's to find out.

/// How much is read ahead: thirty calls of 2 KiB. Whoever wants more to wait for it leaves it in the
/// socket, whose buffer is about three times as large.
pub(super) const AHEAD: usize = 64 << 10;

/// What was read and is part of no frame yet: no more than [`AHEAD`] bytes, taken once for a
/// connection.
#[derive(Debug)]
pub(super) struct Ahead {
    bytes: Vec<u8>,
    taken: usize,
    filled: usize,
}

impl Ahead {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; AHEAD], taken: 0, filled: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.filled
    }

    /// Where to read to, once all that was read before is taken.
    pub(super) fn room(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// So many bytes were read there.
    pub(super) fn fill(&mut self, bytes: usize) {
        (self.taken, self.filled) = (0, bytes.min(self.bytes.len()));
    }

    /// Moves what fits into `wanted`; how many bytes that is.
    pub(super) fn take(&mut self, wanted: &mut [u8]) -> usize {
        let waiting = self.bytes.get(self.taken..self.filled).unwrap_or_default();
        let moved = waiting.len().min(wanted.len());
        if let (Some(to), Some(from)) = (wanted.get_mut(..moved), waiting.get(..moved)) {
            to.copy_from_slice(from);
        }
        self.taken = self.taken.saturating_add(moved);
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_taken_once_and_in_order() {
        let mut ahead = Ahead::new();
        let mut wanted = [0; 3];
        assert_eq!(ahead.take(&mut wanted), 0);
        ahead.room()[..5].copy_from_slice(b"abcde");
        ahead.fill(5);
        for (moved, taken) in [(3, b"abc"), (2, b"dec"), (0, b"dec")] {
            assert_eq!(ahead.take(&mut wanted), moved);
            assert_eq!(&wanted, taken);
            assert_eq!(ahead.is_empty(), moved < 3, "{moved}");
        }
        ahead.fill(AHEAD + 1);
        assert_eq!(ahead.take(&mut vec![0; 2 * AHEAD]), AHEAD, "never more than there is");
    }
}
