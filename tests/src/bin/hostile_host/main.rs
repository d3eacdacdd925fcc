//! A host without windows and without scruples: a test plays it from afar, see
//! `sidegate_tests::hostile`. It knows no attack itself; it does with the broker's socket, its
//! standard input, what it is ordered to.

mod calling;
mod tricks;

use std::{
    env,
    error::Error,
    fs::File,
    io::{self, Read},
    os::{fd::AsFd, unix::net::UnixStream},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use rustix::event::{PollFd, PollFlags, poll};
use sidegate_tests::hostile::{self, CONTROL, Order, Report};

/// How much is read from the broker at once.
const PIECE: usize = 64 << 10;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args_os();
    let name = PathBuf::from(arguments.next().unwrap_or_default());
    if arguments.next().is_some_and(|first| first == tricks::CHILD) {
        tricks::write_as_child()?;
        return Ok(ExitCode::SUCCESS);
    }
    let beside = name.parent().unwrap_or(Path::new("/"));
    let control = UnixStream::connect(beside.join(CONTROL))?;
    let host = Arc::new(Host {
        control: Mutex::new(control.try_clone()?),
        heard: Mutex::new(Heard::PassedOn),
    });
    host.tell(&Report::Up(std::process::id()))?;
    let listener = Arc::clone(&host);
    thread::spawn(move || listener.listen());
    host.obey(control)
}

/// What both threads share.
struct Host {
    control: Mutex<UnixStream>,
    /// Held while it is read, so that nothing is read after it was forbidden.
    heard: Mutex<Heard>,
}

/// What becomes of what the broker says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    PassedOn,
    ThrownAway,
    /// Not by the thread that listens, from then on.
    NotRead,
}

impl Host {
    /// Does what it is told, until it is told to end.
    fn obey(&self, mut orders: UnixStream) -> Result<ExitCode, Box<dyn Error>> {
        loop {
            let done = match hostile::read(&mut orders)? {
                Order::Write(bytes) => tricks::write(&bytes),
                Order::WriteSingly(bytes) => bytes.iter().try_for_each(|b| tricks::write(&[*b])),
                Order::WriteFromChild(bytes) => tricks::write_from_child(&bytes),
                Order::WriteWithDescriptors(bytes, count) => tricks::pass(&bytes, count),
                Order::WriteInTheNameOf(bytes, pid, uid) => tricks::forge(&bytes, pid, uid),
                Order::ShutWriting => tricks::shut_writing(),
                Order::StopReading => {
                    self.hears(Heard::NotRead);
                    Ok(())
                }
                Order::Flood(calling) => {
                    self.hears(Heard::ThrownAway);
                    calling::flood(&calling, || self.tell(&Report::Floods))
                }
                Order::Time(calling, count, pause) => {
                    self.hears(Heard::NotRead);
                    let took = calling::time(&calling, count, pause);
                    took.and_then(|took| self.tell(&Report::Took(took)))
                }
                Order::End(status) => return Ok(ExitCode::from(u8::try_from(status)?)),
            };
            self.tell(&Report::Done(done.map_err(|error| error.to_string())))?;
        }
    }

    /// Passes on what the broker says.
    fn listen(&self) -> io::Result<()> {
        let mut socket = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let mut piece = vec![0; PIECE];
        loop {
            poll(&mut [PollFd::new(&socket, PollFlags::IN)], None)?;
            let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
            let becomes = *heard;
            if becomes == Heard::NotRead {
                // For good; but the process lives as long as its other thread.
                return Ok(());
            }
            let length = match socket.read(&mut piece) {
                Ok(0) | Err(_) => return self.tell(&Report::HungUp),
                Ok(length) => length,
            };
            drop(heard);
            if becomes == Heard::PassedOn {
                let heard = piece.get(..length).unwrap_or_default().to_vec();
                self.tell(&Report::Heard(heard))?;
            }
        }
    }

    fn hears(&self, heard: Heard) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = heard;
    }

    fn tell(&self, report: &Report) -> io::Result<()> {
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        hostile::write(&mut *control, report)
    }
}
