//! Calls that are made here and not ordered one by one: what is timed is then the broker alone, and
//! a flood takes none of the processor time of the test.

use std::{
    fs::File,
    io::{self, Read},
    ops::{Range, RangeFrom},
    os::fd::AsFd,
    thread,
    time::{Duration, Instant},
};

use sidegate::wire::{LENGTH_BYTES, MAX_TO_HOST, ToHost, decode, frame_length};
use sidegate_tests::hostile::Calling;

use crate::tricks;

/// Bytes of calls that are written at once: a longer one goes alone.
const BURST: usize = 64 << 10;

/// Calls without end, or until the broker lets go of the socket. `begun` is called when the broker has taken
/// most of the first ones, of which the socket holds a part.
pub(crate) fn flood(calling: &Calling, begun: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    let mut frame = Numbered::of(calling)?;
    let mut numbers = 1..;
    let mut burst = |numbers: &mut RangeFrom<u64>| {
        let mut bytes = Vec::new();
        for number in numbers {
            bytes.extend_from_slice(frame.with(number)?);
            if bytes.len() >= BURST {
                break;
            }
        }
        tricks::write(&bytes)
    };
    burst(&mut numbers)?;
    begun()?;
    loop {
        burst(&mut numbers)?;
    }
}

/// The frame of a call, in which the number alone is exchanged: whoever has to make a whole one for each
/// call is slower than the broker.
struct Numbered<'a> {
    calling: &'a Calling,
    frame: Vec<u8>,
    /// Where the digits of the number are.
    digits: Range<usize>,
}

impl<'a> Numbered<'a> {
    fn of(calling: &'a Calling) -> io::Result<Self> {
        let frame = calling.frame(1)?;
        let number = calling.id(1).to_string();
        let before = format!("{} ", calling.token);
        let mut places = frame.windows(before.len());
        let at = places.position(|bytes| bytes == before.as_bytes());
        let start = at.ok_or_else(|| io::Error::other("the token is not in its call"))?;
        let start = start.saturating_add(before.len());
        let digits = start..start.saturating_add(number.len());
        Ok(Self { calling, frame, digits })
    }

    fn with(&mut self, number: u64) -> io::Result<&[u8]> {
        let id = self.calling.id(number).to_string();
        if id.len() != self.digits.len() {
            self.frame = self.calling.frame(number)?;
            self.digits.end = self.digits.start.saturating_add(id.len());
        }
        if let Some(digits) = self.frame.get_mut(self.digits.clone()) {
            digits.copy_from_slice(id.as_bytes());
        }
        Ok(&self.frame)
    }
}

/// Calls one after another; how long each took.
pub(crate) fn time(calling: &Calling, count: u64, pause: Duration) -> io::Result<Vec<Duration>> {
    let mut socket = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut took = Vec::new();
    for number in 1..=count {
        let frame = calling.frame(number)?;
        thread::sleep(pause);
        let start = Instant::now();
        tricks::write(&frame)?;
        await_answer(&mut socket, calling.id(number))?;
        took.push(start.elapsed());
    }
    Ok(took)
}

fn await_answer(socket: &mut File, id: u64) -> io::Result<()> {
    let start = format!("{{\"id\":{id},");
    loop {
        let mut prefix = [0; LENGTH_BYTES];
        socket.read_exact(&mut prefix)?;
        let mut body = vec![0; frame_length(prefix, MAX_TO_HOST).map_err(io::Error::other)?];
        socket.read_exact(&mut body)?;
        if let ToHost::Reply { json, .. } = decode(&body).map_err(io::Error::other)?
            && json.starts_with(&start)
        {
            return Ok(());
        }
    }
}
