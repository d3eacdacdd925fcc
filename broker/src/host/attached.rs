//! A host that the app started itself: the same socket, the same attestation, the same desk;
//! only starting and ending the process are the app's.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::connection::{Connection, Ended};
use super::desk::Desk;
use super::group::Group;
use super::life::Life;
use super::output::Output;
use super::socket::{self, Socket};
use super::supervise::converse;
use crate::app::Window;
use crate::core::Core;
use crate::token::HostId;
use crate::wire::ToHost;

/// The broker's end of a connection to a host of the app's own.
#[derive(Debug)]
pub struct Attachment {
    core: Arc<Core>,
    socket: Socket,
    group: Group,
}

/// How an attached host's connection ended, where that was not by closing its last window.
#[derive(Debug, thiserror::Error)]
#[error("the connection of the host ended: {0}")]
pub struct AttachError(String);

impl Attachment {
    pub(crate) fn new(core: Arc<Core>, windows: Vec<Window>) -> io::Result<(Self, OwnedFd)> {
        let (socket, theirs) = socket::pair()?;
        let group = Group::of(&core.pipeline.force.load().policies.enforced, windows);
        Ok((Self { core, socket, group }, theirs))
    }

    /// Serves the host until its last window is closed, or the broker is shut down; then the host is
    /// asked to quit. `pid` is the process that was given the
    /// other end, or an ancestor of it; it is attested before its windows get anything.
    ///
    /// # Errors
    /// [`AttachError`] where the host was not let in, broke the protocol, or hung up. Its windows
    /// have nothing left when this returns; ending the process is the caller's.
    pub async fn serve(self, pid: u32) -> Result<(), AttachError> {
        let Self { core, socket, group } = self;
        let pid = i32::try_from(pid).map_err(|_| AttachError(format!("{pid} is no process")))?;
        let host = HostId(core.next_host.fetch_add(1, Ordering::Relaxed));
        let life = Life::default();
        let (output, queue) = Output::new(life.clone());
        let mut desk = Desk::new(Arc::clone(&core), host, output.clone());
        let _running = core.running();
        let mut connection = Connection::new(socket, pid, life);
        let ended = tokio::select! {
            ended = converse(&core, host, &mut connection, &mut desk, &group, queue) => ended,
            () = core.drained() => {
                desk.close("the app ends");
                // One that does not read it sees the end of the socket.
                let _asked = output.send(&ToHost::Quit);
                return Ok(());
            }
        };
        desk.close(&ended.to_string());
        if matches!(ended, Ended::Done) { Ok(()) } else { Err(AttachError(ended.to_string())) }
    }
}
