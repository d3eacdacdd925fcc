//! What the kernel tells of changes in directories. An event is a hint and no more: it may come
//! late, or for a change that was undone, and a flood of them is one hint.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use rustix::fs::inotify::{CreateFlags, ReadFlags, Reader, WatchFlags, add_watch, init};
use tokio::io::unix::AsyncFd;
use tokio::time::{Instant, timeout_at};

use super::watch::Place;

/// How long it must be quiet before the files are read: an editor that saves, or `git` that writes
/// a few files, takes less from one to the next.
const QUIET: Duration = Duration::from_millis(50);

/// How long the files are let be while they are written: with a flood of events, they are read no
/// more often than this, and no later.
const AT_MOST: Duration = Duration::from_secs(1);

/// How many files are told apart as being written; beyond that, quiet is all that is waited for.
const MAX_WRITING: usize = 1024;

/// Bytes of events that are read at once; the longest event has 272.
const BUFFER: usize = 4096;

/// How often the buffer is filled before what has come is heeded: a flood is read in pieces.
const MAX_FILLS: usize = 16;

/// Watches on directories.
#[derive(Debug)]
pub(super) struct Inotify {
    fd: AsyncFd<OwnedFd>,
    /// The names that matter, by watch; in a directory without any, everything does.
    names: HashMap<i32, HashSet<OsString>>,
    everything: HashSet<i32>,
    /// Files that were written to and not closed since.
    writing: HashSet<(i32, OsString)>,
    /// Something stirred that was not told yet.
    stirred: bool,
}

impl Inotify {
    /// Watches these places, of which there may be too many (`None`).
    pub(super) fn over(places: &Option<Vec<Place>>) -> io::Result<Self> {
        let Some(places) = places else {
            return Err(io::Error::other("there are too many directories"));
        };
        let fd = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let (mut names, mut everything) = (HashMap::<_, HashSet<_>>::new(), HashSet::new());
        let flags = WatchFlags::CLOSE_WRITE
            | WatchFlags::MODIFY
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::MOVE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::ATTRIB
            | WatchFlags::ONLYDIR;
        for Place { directory, name } in places {
            let watch = match add_watch(&fd, directory, flags) {
                // It went away since it was listed; the directory above tells of that.
                Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => continue,
                watch => watch?,
            };
            match name {
                Some(name) => drop(names.entry(watch).or_default().insert(name.clone())),
                None => drop(everything.insert(watch)),
            }
        }
        #[expect(
            deprecated,
            reason = "what replaces it is unsafe, for types whose descriptor may not be their own"
        )]
        let fd = AsyncFd::new(fd)?;
        Ok(Self { fd, names, everything, writing: HashSet::new(), stirred: false })
    }

    /// Over when something stirred, and then was quiet for a moment. May be dropped and called
    /// again.
    pub(super) async fn settled(&mut self) {
        while !self.stirred {
            self.events().await;
        }
        let began = Instant::now();
        let latest = began.checked_add(AT_MOST).unwrap_or(began);
        loop {
            let quiet = Instant::now().checked_add(QUIET).filter(|_| self.writing.is_empty());
            let quiet = quiet.unwrap_or(latest);
            if timeout_at(quiet.min(latest), self.events()).await.is_err() {
                return;
            }
        }
    }

    /// Waits for events and takes those that there are.
    async fn events(&mut self) {
        loop {
            let Ok(mut ready) = self.fd.readable().await else {
                // The descriptor is of no use any more. Whoever waits reads the files and makes
                // another; not at once, lest it turn in circles.
                tokio::time::sleep(AT_MOST).await;
                self.stirred = true;
                return;
            };
            let mut buffer = [MaybeUninit::uninit(); BUFFER];
            let mut reader = Reader::new(ready.get_inner(), &mut buffer);
            let (mut fills, mut heeded) = (0_usize, false);
            while fills < MAX_FILLS || !reader.is_buffer_empty() {
                fills = fills.saturating_add(usize::from(reader.is_buffer_empty()));
                let Ok(event) = reader.next() else {
                    ready.clear_ready();
                    break;
                };
                let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                let matters = name.is_none_or(|name| {
                    let names = self.names.get(&event.wd());
                    self.everything.contains(&event.wd())
                        || names.is_some_and(|names| names.contains(name))
                });
                if matters {
                    heeded = true;
                    note(&mut self.writing, event.wd(), event.events(), name);
                }
            }
            if heeded {
                self.stirred = true;
                return;
            }
        }
    }
}

/// Notes whether a file is being written.
fn note(
    writing: &mut HashSet<(i32, OsString)>,
    watch: i32,
    events: ReadFlags,
    name: Option<&OsStr>,
) {
    let Some(name) = name else { return };
    let file = (watch, name.to_owned());
    if events.contains(ReadFlags::MODIFY) && writing.len() < MAX_WRITING {
        writing.insert(file);
    } else if !events.contains(ReadFlags::MODIFY) {
        writing.remove(&file);
    }
}
