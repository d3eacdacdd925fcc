//! How a broker ends in good order: nothing new is started, what runs may finish for a while, and the
//! log is closed with its last record.

use std::time::Duration;

use tokio::time::timeout;

use super::Broker;

/// How long the hosts may take to end once nothing is in flight: two seconds to close their windows
/// when they are asked to, and some for a machine that is busy.
const HOSTS_END_WITHIN: Duration = Duration::from_secs(10);

impl Broker {
    /// Ends the broker in good order. From now on calls are refused (`unavailable`); those in flight
    /// may finish for a while ([`Builder::drain`](super::Builder::drain)) and are cancelled then;
    /// [`run_until`](Self::run_until) closes its windows and returns; the audit log gets its last
    /// record, and is on the disk when this returns.
    pub async fn shutdown(&self) {
        self.core.drain().await;
        let mut running = self.core.running.subscribe();
        // A caller that does not poll `run_until` any more is not waited for without end.
        let _late = timeout(HOSTS_END_WITHIN, running.wait_for(|times| *times == 0)).await;
        self.core.stop();
    }

    /// Cancels the calls in flight instead of waiting for them any longer: the second word to a
    /// broker that was asked to end, or the first to one that shall end at once. What
    /// [`shutdown`](Self::shutdown) does beside remains to be done.
    pub fn hurry(&self) {
        self.core.pipeline.gate.close_at_once();
    }
}
