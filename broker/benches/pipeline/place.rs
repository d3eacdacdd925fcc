//! Where an end runs, and the raw exchange that a call is held against.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;

use rustix::thread::{CpuSet, sched_setaffinity};

/// The core of either end: on one, both share it; on two, each exchange wakes the other core twice.
pub(super) const PLACES: [(&str, [usize; 2]); 2] = [("one core", [0, 0]), ("two cores", [0, 1])];

/// Keeps this thread on `core`.
pub(super) fn pin(core: usize) {
    let mut set = CpuSet::new();
    set.set(core);
    // On a machine with one core both placements are the same.
    let _one_core = sched_setaffinity(None, &set);
}

/// A ping-pong of messages of these lengths, both ends blocking: what the kernel alone takes.
pub(super) struct Raw {
    socket: File,
    there: Vec<u8>,
    back: Vec<u8>,
}

impl Raw {
    pub(super) fn start(core: usize, (there, back): (usize, usize)) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        thread::spawn(move || {
            pin(core);
            let mut end = theirs;
            let (mut message, reply) = (vec![0; there], vec![b'x'; back]);
            while end.read_exact(&mut message).is_ok() && end.write_all(&reply).is_ok() {}
        });
        let socket = File::from(OwnedFd::from(ours));
        Self { socket, there: vec![b'x'; there], back: vec![0; back] }
    }

    pub(super) fn exchange(&mut self) {
        self.socket.write_all(&self.there).unwrap();
        self.socket.read_exact(&mut self.back).unwrap();
    }
}
