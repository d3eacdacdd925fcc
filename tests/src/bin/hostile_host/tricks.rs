//! What can be done with a socket that one was given.

use std::{
    env,
    io::{self, IoSlice, Read, Write},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd},
    process::{Command, Stdio},
};

use rustix::{
    net::{
        SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, UCred, send, sendmsg,
        shutdown,
    },
    process::{Pid, getgid, getuid},
    thread::set_thread_res_uid,
};

/// The argument of a child.
pub(crate) const CHILD: &str = "child";

/// The most descriptors that Linux takes in one message (`SCM_MAX_FD`).
const MAX_DESCRIPTORS: usize = 253;

/// `nobody`, by convention everywhere.
const NOBODY: u32 = 65534;

/// Writes all of `bytes`.
pub(crate) fn write(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let sent = send(io::stdin(), bytes, SendFlags::NOSIGNAL)?;
        bytes = bytes.get(sent..).unwrap_or_default();
    }
    Ok(())
}

/// Starts this program once more, with the same socket, and has it write `bytes`. They reach it
/// in a file that is its standard output.
pub(crate) fn write_from_child(bytes: &[u8]) -> io::Result<()> {
    let file = tempfile_with(bytes)?;
    let status = Command::new(env::current_exe()?)
        .arg(CHILD)
        .stdin(Stdio::inherit())
        .stdout(Stdio::from(file))
        .status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(status.to_string())) }
}

/// What the child does.
pub(crate) fn write_as_child() -> io::Result<()> {
    let mut bytes = Vec::new();
    std::fs::File::from(io::stdout().as_fd().try_clone_to_owned()?).read_to_end(&mut bytes)?;
    write(&bytes)
}

/// Writes `bytes` and passes `count` descriptors with them.
pub(crate) fn pass(bytes: &[u8], count: usize) -> io::Result<()> {
    let output = io::stdout();
    let passed: Vec<BorrowedFd<'_>> = std::iter::repeat_n(output.as_fd(), count).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&passed)) {
        return Err(io::Error::other("more descriptors than a message takes"));
    }
    sendmsg(io::stdin(), &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Writes `bytes` and says that process `pid` of user `uid` did. Root may say so, hence this
/// thread stops being root first.
pub(crate) fn forge(bytes: &[u8], pid: i32, uid: u32) -> io::Result<()> {
    if getuid().is_root() {
        let nobody = rustix::process::Uid::from_raw(NOBODY);
        set_thread_res_uid(nobody, nobody, nobody)?;
    }
    let wrong = || io::Error::from(io::ErrorKind::InvalidInput);
    let credentials = UCred {
        pid: Pid::from_raw(pid).ok_or_else(wrong)?,
        uid: rustix::process::Uid::from_raw(uid),
        gid: getgid(),
    };
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmCredentials(credentials)) {
        return Err(wrong());
    }
    sendmsg(io::stdin(), &[IoSlice::new(bytes)], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Says that there is no more to come.
pub(crate) fn shut_writing() -> io::Result<()> {
    Ok(shutdown(io::stdin(), Shutdown::Write)?)
}

/// An open file without a name that holds `bytes`, at its start.
fn tempfile_with(bytes: &[u8]) -> io::Result<std::fs::File> {
    use std::io::{Seek, SeekFrom};
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}
