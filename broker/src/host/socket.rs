//! The broker's end of a host's socketpair. Each piece that arrives carries its sender's
//! credentials, which the kernel fills in: `SO_PEERCRED` of a socketpair names the process that
//! made it, which is the broker itself.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair, sockopt,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A process number as the broker's own pid namespace counts.
pub(crate) type Pid = i32;

/// Both ends of a new socketpair: ours, and the host's, which only its process inherits.
pub(crate) fn pair() -> io::Result<(Socket, OwnedFd)> {
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // Before anybody can send: what is sent without it has no sender.
    sockopt::set_socket_passcred(&ours, true)?;
    Ok((Socket::new(ours)?, theirs))
}

/// The broker's end.
#[derive(Debug)]
pub(crate) struct Socket {
    /// Watched for bytes to read alone.
    fd: AsyncFd<OwnedFd>,
}

/// Some bytes that arrived, and from whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    /// How many bytes. None is the end: every holder of the other end has let go.
    pub(crate) bytes: usize,
    /// Who sent them.
    pub(crate) sender: Option<Pid>,
}

/// Why a piece was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SocketError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the sender passed file descriptors")]
    Descriptors,
    #[error("the kernel named no sender")]
    NoSender,
}

impl Socket {
    fn new(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { fd: watch(fd, Interest::READABLE)? })
    }

    /// Waits for bytes and reads what fits into `buffer`. Nothing is lost where the caller stops
    /// waiting.
    pub(crate) async fn read(&self, buffer: &mut [u8]) -> Result<Piece, SocketError> {
        loop {
            let mut ready = self.fd.readable().await?;
            match receive(self.fd.get_ref(), buffer) {
                Ok(Received::Piece(piece)) => {
                    // What did not fill the buffer was all there was, and to ask again would be a
                    // system call for nothing. (Only where another process wrote on the socket it
                    // was not; that is found out with the next bytes that come, and until then
                    // nothing of it is read.)
                    if piece.bytes < buffer.len() {
                        ready.clear_ready();
                    }
                    return Ok(piece);
                }
                Ok(Received::Refused(refused)) => return Err(refused),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A process that ends before it has read all is reset, not closed: the same end.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                    return Ok(Piece { bytes: 0, sender: None });
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes all of `frames`, in order.
    pub(crate) async fn write(&self, mut frames: &mut [IoSlice<'_>]) -> io::Result<()> {
        // What is empty takes no writing.
        IoSlice::advance_slices(&mut frames, 0);
        let mut room = None;
        while !frames.is_empty() {
            let flags = SendFlags::NOSIGNAL | SendFlags::DONTWAIT;
            let sent = sendmsg(self.fd.get_ref(), frames, &mut nothing(), flags);
            match sent.map_err(io::Error::from) {
                Ok(sent) => IoSlice::advance_slices(&mut frames, sent),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    room = Some(wait_for_room(room, self.fd.get_ref()).await?);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Waits until the other end has read some. Only then is room asked about at all: a descriptor that is
/// always watched for it is told of each message that the other end reads, and wakes the broker for it.
async fn wait_for_room(
    watched: Option<AsyncFd<OwnedFd>>,
    fd: &OwnedFd,
) -> io::Result<AsyncFd<OwnedFd>> {
    let watched = match watched {
        Some(watched) => watched,
        None => watch(fd.try_clone()?, Interest::WRITABLE)?,
    };
    // Whether there is any is found out by writing; another time it is waited for anew.
    watched.writable().await?.clear_ready();
    Ok(watched)
}

#[expect(
    deprecated,
    reason = "its unsafe successor wants a descriptor that stays: an OwnedFd's does"
)]
fn watch(fd: OwnedFd, interest: Interest) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, interest)
}

/// No credentials and no descriptors beside the bytes.
fn nothing<'a>() -> SendAncillaryBuffer<'a, 'a, 'a> {
    SendAncillaryBuffer::default()
}

/// What one reading brought.
enum Received {
    Piece(Piece),
    Refused(SocketError),
}

fn receive(fd: impl AsFd, buffer: &mut [u8]) -> io::Result<Received> {
    // Room for credentials and for one descriptor, so that a passed one is seen (and closed)
    // and not only cut off.
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1), ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut slices = [IoSliceMut::new(buffer)];
    let flags = RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT;
    let received = recvmsg(fd, &mut slices, &mut control, flags)?;
    let mut sender = None;
    for message in control.drain() {
        let RecvAncillaryMessage::ScmCredentials(credentials) = message else {
            return Ok(Received::Refused(SocketError::Descriptors));
        };
        sender = Some(credentials.pid.as_raw_nonzero().get());
    }
    if received.flags.contains(ReturnFlags::CTRUNC) {
        return Ok(Received::Refused(SocketError::Descriptors));
    }
    Ok(match (received.bytes, sender) {
        (1.., None) => Received::Refused(SocketError::NoSender),
        (bytes, sender) => Received::Piece(Piece { bytes, sender }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::io::Write;
    use std::process::{Command, Stdio};

    #[tokio::test]
    async fn a01_the_sender_is_the_process_that_wrote_and_not_the_one_that_made_the_pair() {
        let (ours, theirs) = pair().unwrap();
        let peer = rustix::net::sockopt::socket_peercred(ours.fd.get_ref()).unwrap();
        let myself = rustix::process::getpid();
        assert_eq!(peer.pid, myself, "SO_PEERCRED names the maker of the pair");

        let mut child = Command::new("sh")
            .args(["-c", "printf hello >&0"])
            .stdin(Stdio::from(theirs))
            .spawn()
            .unwrap();
        let mut buffer = [0; 16];
        let piece = ours.read(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..piece.bytes], b"hello");
        assert_eq!(piece.sender, Some(child.id() as Pid));
        assert_ne!(piece.sender, Some(myself.as_raw_nonzero().get()));
        child.wait().unwrap();
    }

    #[tokio::test]
    async fn the_end_of_a_host_is_the_end_of_its_bytes() {
        let (ours, theirs) = pair().unwrap();
        let mut theirs = std::fs::File::from(theirs);
        theirs.write_all(b"x").unwrap();
        drop(theirs);
        let mut buffer = [0; 16];
        assert_eq!(ours.read(&mut buffer).await.unwrap().bytes, 1);
        assert_eq!(ours.read(&mut buffer).await.unwrap().bytes, 0);
    }

    #[tokio::test]
    async fn a06_descriptors_are_refused_and_closed() {
        use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, sendmsg};
        let (ours, theirs) = pair().unwrap();
        let passed = [theirs.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(&passed)));
        let slices = [io::IoSlice::new(b"x")];
        sendmsg(&theirs, &slices, &mut control, SendFlags::empty()).unwrap();
        let mut buffer = [0; 16];
        let refused = ours.read(&mut buffer).await.unwrap_err();
        assert!(matches!(refused, SocketError::Descriptors), "{refused}");
    }

    /// More than the socket holds, written to a host that reads when it likes.
    #[tokio::test]
    async fn frames_are_written_whole_and_in_order_however_slowly_they_are_read() {
        use std::io::Read;
        let (ours, theirs) = pair().unwrap();
        let reading = std::thread::spawn(move || {
            let (mut theirs, mut all) = (std::fs::File::from(theirs), Vec::new());
            let mut piece = vec![0; 50_000];
            loop {
                std::thread::sleep(std::time::Duration::from_millis(1));
                match theirs.read(&mut piece).unwrap() {
                    0 => return all,
                    read => all.extend_from_slice(&piece[..read]),
                }
            }
        });
        let frames: Vec<Vec<u8>> = (0..40).map(|n| vec![n; 1 + 3_001 * usize::from(n)]).collect();
        let mut slices: Vec<_> = frames.iter().map(|frame| IoSlice::new(frame)).collect();
        slices.insert(1, IoSlice::new(&[]));
        ours.write(&mut slices).await.unwrap();
        ours.write(&mut []).await.unwrap();
        drop(ours);
        assert!(reading.join().unwrap() == frames.concat());
    }
}
