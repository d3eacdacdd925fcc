//! `sidegate run`: an app from its directory, with the built-in handlers.

use std::future::Future;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use sidegate::capabilities::Sources;
use sidegate::{Broker, Moment};
use tracing_subscriber::EnvFilter;

use crate::bundle::public_key;
use crate::report::{Outcome, Unusable};
use crate::script;

/// Runs an app: the broker, its hosts and their windows
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when the last window was closed or the broker was asked to end, 1 when a host could \
not be kept running (with --script: when a call failed), 2 when the app cannot be read.

A script is a JSON object a line: {\"window\": \"editor\", \"command\": \"fs.list\", \"args\": {…}}, \
with \"origin\" where it is not app://localhost. Each is answered by a line: {\"ok\": …} or {\"error\": …}.

Examples:
  sidegate run my-app
  sidegate run my-app --headless --script calls.jsonl")]
pub(crate) struct Run {
    /// The directory of the app: `sidegate.toml`, `policies` and `ui`
    #[arg(value_name = "APP_DIR")]
    app: PathBuf,
    /// Opens no window; the calls of --script are made instead
    #[arg(long, requires = "script")]
    headless: bool,
    /// Calls to make as the app's windows, one by one; `-` is standard input
    #[arg(long, value_name = "FILE", requires = "headless")]
    script: Option<PathBuf>,
    /// Writes the audit log here and not to the app's own state directory
    #[arg(long, value_name = "FILE")]
    audit: Option<PathBuf>,
    /// Takes the policy from this signed bundle, and from nothing else
    #[arg(long, value_name = "FILE", requires = "key")]
    bundle: Option<PathBuf>,
    /// The public key, or a file that holds it, whose signature the bundle must have
    #[arg(long, value_name = "KEY", requires = "bundle")]
    key: Option<String>,
    /// Capability files, or a directory of them: what they would decide otherwise is recorded, and
    /// changes nothing (see `sidegate audit --observed`)
    #[arg(long, value_name = "PATH")]
    observe: Option<PathBuf>,
    /// For the app's developers: the log has the values of all arguments, whatever they are
    #[arg(long)]
    log_args: bool,
    /// For the app's developers: pages can be inspected, and more is said
    #[arg(long)]
    debug: bool,
}

impl Run {
    pub(crate) fn run(self) -> Result<Outcome, Unusable> {
        self.log();
        sidegate::harden_process().map_err(Unusable::new)?;
        let mut builder = Broker::builder();
        if let (Some(bundle), Some(key)) = (&self.bundle, &self.key) {
            builder = builder.policy_bundle(bundle, public_key(key)?);
        }
        builder = builder.app_dir(&self.app).map_err(Unusable::new)?;
        if let Some(log) = &self.audit {
            builder = builder.audit_log(log);
        }
        if let Some(next) = &self.observe {
            let next = Sources::read(std::slice::from_ref(next)).map_err(Unusable::new)?;
            builder = builder.observe(next);
        }
        if self.log_args {
            builder = builder.dangerously_log_args();
        }
        if self.debug {
            builder = builder.debug();
        }
        let broker = builder.build().map_err(Unusable::new)?;
        // One thread for all that decides: a call then wakes no other core, and the hosts, which
        // end when the thread that started them does, live as long as the process.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            match &self.script {
                Some(script) => script::run(&broker, script).await,
                None => show(&broker).await,
            }
        })
    }

    fn log(&self) {
        let level = if self.debug { "sidegate=debug" } else { "sidegate=warn" };
        let filter = EnvFilter::try_from_env("SIDEGATE_LOG").unwrap_or_else(|_| level.into());
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_ansi(io::stderr().is_terminal())
            .with_writer(io::stderr)
            .init();
    }
}

async fn show(broker: &Broker) -> Result<Outcome, Unusable> {
    let started = Moment::now();
    let end = asked_to_end()?;
    match broker.run_until(end).await {
        Ok(()) => {
            tracing::debug!(after = ?Moment::now().since(started), "the app has ended");
            Ok(Outcome::Holds)
        }
        Err(error) => {
            eprintln!("error: {error}");
            Ok(Outcome::DoesNotHold)
        }
    }
}

/// Over when the broker is interrupted, terminated, or its terminal hangs up.
#[cfg(unix)]
fn asked_to_end() -> Result<impl Future<Output = ()>, Unusable> {
    use tokio::signal::unix::{Signal, SignalKind, signal};
    let on = |kind| signal(kind).map_err(Unusable::from);
    let mut interrupt: Signal = on(SignalKind::interrupt())?;
    let mut terminate: Signal = on(SignalKind::terminate())?;
    let mut hangup: Signal = on(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    })
}

/// Over when the broker is interrupted.
#[cfg(not(unix))]
fn asked_to_end() -> Result<impl Future<Output = ()>, Unusable> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            // It cannot be told: the app ends with its last window then.
            std::future::pending::<()>().await;
        }
    })
}
