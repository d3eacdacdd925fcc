//! Calls that are made here and not ordered one by one: what is timed is then the broker alone, and
//! a flood takes none of the processor time of the test.

use std::{
    fs::File,
    io::{self, Read},
    os::fd::AsFd,
    thread,
    time::{Duration, Instant},
};

use sidegate::wire::{LENGTH_BYTES, MAX_TO_HOST, ToHost, decode, frame_length};
use sidegate_tests::hostile::Calling;

use crate::tricks;

/// Calls that are written at once.
const BURST: usize = 64;

/// Calls without end, or until the broker lets go of the socket.
pub(crate) fn flood(calling: &Calling) -> io::Result<()> {
    let mut numbers = 1..;
    loop {
        let burst = numbers.by_ref().take(BURST);
        let frames = burst.map(|number| calling.frame(number)).collect::<io::Result<Vec<_>>>()?;
        tricks::write(&frames.concat())?;
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
