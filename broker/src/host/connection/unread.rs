//! A host that does not read what it is answered, over a socket and with the clock of the test.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

use tempfile::TempDir;

use super::*;
use crate::Broker;
use crate::app::{AppDirectories, AppId};
use crate::host::output::REFUSALS;
use crate::host::socket;
use crate::token::HostId;
use crate::wire::{DocumentId, WindowId};

/// More calls than may wait for their host to read what became of them, and fewer than fill a socket.
const CALLS: usize = 3 * REFUSALS;

const SECOND: Duration = Duration::from_secs(1);

struct Stage {
    _home: TempDir,
    _broker: Broker,
    connection: Connection,
    desk: Desk,
    queue: mpsc::Receiver<Queued>,
    /// The host's end, until it hangs up.
    host: Option<UnixStream>,
    window: Window,
}

fn stage() -> Stage {
    let home = TempDir::new().unwrap();
    let app = AppId::parse("org.example.app").unwrap();
    let window = Window::new("main", "index.html").unwrap();
    let broker =
        Broker::builder().id("org.example.app").unwrap().policy("app.toml", "version = 1\n");
    let broker = broker.directories(AppDirectories::beneath(home.path(), &app));
    let broker = broker.audit_log(home.path().join("audit.jsonl")).window(window.clone());
    let broker = broker.build().unwrap();
    let (ours, theirs): (_, OwnedFd) = socket::pair().unwrap();
    let (output, queue) = Output::new(Life::default());
    let desk = Desk::new(Arc::clone(broker.core()), HostId(1), output);
    let (life, myself) = (Life::default(), Pid::try_from(std::process::id()).unwrap());
    life.begin(myself).unwrap();
    let connection = Connection::new(ours, myself, life);
    let host = Some(UnixStream::from(theirs));
    Stage { _home: home, _broker: broker, connection, desk, queue, host, window }
}

fn told(queued: &Queued) -> Vec<u8> {
    queued.frame[LENGTH_BYTES..].to_vec()
}

impl Stage {
    /// Opens the window, and gets its token.
    async fn token(&mut self) -> (WindowId, String) {
        let window = self.desk.open(&self.window).unwrap();
        drop(self.queue.recv().await.unwrap());
        let document = DocumentId(1);
        let url = self.window.url.clone();
        for message in
            [FromHost::Committed { window, document }, FromHost::Document { window, document, url }]
        {
            let place = self.desk.output().place_now().unwrap();
            let held = Arc::clone(&self.connection.held).acquire_owned().await.unwrap();
            self.desk.take(message, held, place).unwrap();
        }
        let body = told(&self.queue.recv().await.unwrap());
        let ToHost::Token { token, .. } = wire::decode(&body).unwrap() else { panic!("a token") };
        (window, token.to_owned())
    }

    /// Calls what is forbidden, again and again, without reading an answer.
    fn flood(&mut self, window: WindowId, token: &str) {
        let mut bytes = Vec::new();
        for id in 1..=CALLS {
            let call = format!("c{token} {id}\n{{\"command\":\"a.b\"}}");
            let message =
                FromHost::Message { window, document: DocumentId(1), bytes: call.as_bytes() };
            bytes.extend(wire::encode(&message, MAX_FROM_HOST).unwrap());
        }
        self.host.as_mut().unwrap().write_all(&bytes).unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn i03_a_host_that_reads_no_answer_is_ended_for_that() {
    let mut stage = stage();
    let (window, token) = stage.token().await;
    stage.flood(window, &token);
    let began = Instant::now();
    let ended = stage.connection.serve_windows(&mut stage.desk, &[]).await.unwrap_err();
    assert!(matches!(ended, Ended::Breach(Breach::Unread)), "{ended}");
    let took = began.elapsed();
    assert!((UNREAD_WITHIN..UNREAD_WITHIN + 3 * SECOND).contains(&took), "{took:?}");
    let mut answers = 0;
    while let Ok(queued) = stage.queue.try_recv() {
        answers += usize::from(is_answer(&queued));
    }
    assert_eq!(answers, REFUSALS, "nothing was judged whose answer has no place");
}

/// A page may cancel what it asks, and so have any number of answers on their way: an honest host that
/// is only slow in reading them is not ended for it.
#[tokio::test(start_paused = true)]
async fn i03_a_host_that_reads_slowly_has_all_its_answers() {
    let mut stage = stage();
    let (window, token) = stage.token().await;
    stage.flood(window, &token);
    let Stage { connection, desk, queue, host, .. } = &mut stage;
    let reading = async {
        let mut answers = 0;
        while answers < CALLS {
            tokio::time::sleep(UNREAD_WITHIN - SECOND).await;
            for _ in 0..REFUSALS / 2 {
                let Ok(queued) = queue.try_recv() else { break };
                answers += usize::from(is_answer(&queued));
            }
        }
        *host = None;
        std::future::pending::<Infallible>().await
    };
    let ended = tokio::select! {
        ended = connection.serve_windows(desk, &[]) => ended,
        never = reading => match never {},
    };
    assert!(matches!(ended, Err(Ended::HungUp)), "{ended:?}");
}

fn is_answer(queued: &Queued) -> bool {
    matches!(wire::decode(&told(queued)).unwrap(), ToHost::Reply { .. })
}
