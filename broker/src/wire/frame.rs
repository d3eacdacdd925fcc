//! Bytes to messages and back. No I/O: whoever owns the socket reads four bytes, asks
//! [`frame_length`], reads that many more, and asks [`decode`].

use serde::{Deserialize, Serialize};

/// How many bytes of a frame are its length.
pub const LENGTH_BYTES: usize = 4;

/// The longest frame a host may send: one page message at its limit and the envelope round it.
pub const MAX_FROM_HOST: usize = super::Calls::MAX_MESSAGE + 4096;

/// The longest frame the broker sends: an asset of 16 MiB and the envelope round it.
pub const MAX_TO_HOST: usize = (16 << 20) + 4096;

/// Why a frame was refused. Each of them ends the connection: after a broken frame nothing on
/// it can be told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// A frame holds at least one byte.
    #[error("the frame is empty")]
    Empty,
    /// The length announced is over the bound.
    #[error("the frame of {length} bytes is over the bound of {bound}")]
    TooLong {
        /// Bytes announced.
        length: usize,
        /// Bytes allowed.
        bound: usize,
    },
    /// The bytes are no message of this protocol.
    #[error("the frame is not a message of this protocol")]
    Malformed,
    /// The bytes hold a message and then more.
    #[error("{extra} bytes follow the message in its frame")]
    Trailing {
        /// Bytes left over.
        extra: usize,
    },
}

/// The length that the first four bytes of a frame announce, if it is within `bound`.
///
/// # Errors
/// [`FrameError::Empty`] and [`FrameError::TooLong`]; nothing was allocated.
pub fn frame_length(prefix: [u8; LENGTH_BYTES], bound: usize) -> Result<usize, FrameError> {
    let length = usize::try_from(u32::from_le_bytes(prefix)).unwrap_or(usize::MAX);
    match length {
        0 => Err(FrameError::Empty),
        _ if length > bound => Err(FrameError::TooLong { length, bound }),
        _ => Ok(length),
    }
}

/// The message in the body of a frame.
///
/// # Errors
/// [`FrameError::Malformed`] and [`FrameError::Trailing`].
pub fn decode<'a, M: Deserialize<'a>>(body: &'a [u8]) -> Result<M, FrameError> {
    let (message, rest) = postcard::take_from_bytes(body).map_err(|_| FrameError::Malformed)?;
    match rest.len() {
        0 => Ok(message),
        extra => Err(FrameError::Trailing { extra }),
    }
}

/// A whole frame, length and body, no longer than `bound` in its body.
///
/// # Errors
/// [`FrameError::TooLong`]; [`FrameError::Malformed`] where the message cannot be encoded.
pub fn encode<M: Serialize>(message: &M, bound: usize) -> Result<Vec<u8>, FrameError> {
    // Room for most messages, or for what stands before the long part of a long one.
    let mut frame = Vec::with_capacity(256);
    frame.extend_from_slice(&[0; LENGTH_BYTES]);
    let mut frame = postcard::to_extend(message, frame).map_err(|_| FrameError::Malformed)?;
    let length = frame.len().saturating_sub(LENGTH_BYTES);
    let too_long = FrameError::TooLong { length, bound };
    if length > bound {
        return Err(too_long);
    }
    let prefix = u32::try_from(length).map_err(|_| too_long)?.to_le_bytes();
    for (slot, byte) in frame.iter_mut().zip(prefix) {
        *slot = byte;
    }
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{DocumentId, FromHost, ToHost, WindowId};

    fn message() -> FromHost<'static> {
        FromHost::Message { window: WindowId(3), document: DocumentId(9), bytes: b"c..." }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let frame = encode(&message(), MAX_FROM_HOST).unwrap();
        let (prefix, body) = frame.split_at(LENGTH_BYTES);
        let length = frame_length(prefix.try_into().unwrap(), MAX_FROM_HOST).unwrap();
        assert_eq!(length, body.len());
        assert_eq!(decode::<FromHost<'_>>(body).unwrap(), message());
    }

    /// What is new goes last: a message that there was before keeps its bytes, and what the fuzzer has
    /// found its meaning.
    #[test]
    fn a_message_keeps_its_bytes() {
        let window = WindowId(3);
        for (message, bytes) in [
            (ToHost::Answer { window, number: 9, allowed: true }, &[5, 3, 9, 1][..]),
            (ToHost::Ping { number: 1 }, &[9, 1]),
            (ToHost::Quit, &[10]),
            (ToHost::Asking { window, number: 300 }, &[11, 3, 172, 2]),
        ] {
            let frame = encode(&message, MAX_TO_HOST).unwrap();
            assert_eq!(&frame[LENGTH_BYTES..], bytes, "{message:?}");
            assert_eq!(decode::<ToHost<'_>>(bytes).unwrap(), message);
        }
    }

    #[test]
    fn a_length_is_refused_before_memory_is_taken() {
        let bound = MAX_FROM_HOST;
        for (announced, expected) in [
            (0, Err(FrameError::Empty)),
            (1, Ok(1)),
            (bound as u32, Ok(bound)),
            (bound as u32 + 1, Err(FrameError::TooLong { length: bound + 1, bound })),
            (1 << 31, Err(FrameError::TooLong { length: 1 << 31, bound })),
            (u32::MAX, Err(FrameError::TooLong { length: u32::MAX as usize, bound })),
        ] {
            assert_eq!(frame_length(u32::to_le_bytes(announced), bound), expected, "{announced}");
        }
    }

    #[test]
    fn a_message_is_read_whole_or_refused() {
        let frame = encode(&message(), MAX_FROM_HOST).unwrap();
        let body = &frame[LENGTH_BYTES..];
        for cut in 0..body.len() {
            assert_eq!(decode::<FromHost<'_>>(&body[..cut]), Err(FrameError::Malformed), "{cut}");
        }
        let longer = [body, b"!"].concat();
        assert_eq!(decode::<FromHost<'_>>(&longer), Err(FrameError::Trailing { extra: 1 }));
    }

    #[test]
    fn a_message_over_the_bound_is_not_sent() {
        let long = vec![0; 100];
        let message =
            FromHost::Message { window: WindowId(1), document: DocumentId(1), bytes: &long };
        assert!(matches!(encode(&message, 99), Err(FrameError::TooLong { .. })));
    }
}
