//! `sidegate run`: an app from its directory, with the built-in handlers.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use sidegate::app::Manifest;
use sidegate::confirm::{Answer, Lasting, Question};
use sidegate::{Broker, Builder, Moment};
use tracing_subscriber::EnvFilter;

use crate::key::public_key;
use crate::report::{Outcome, Unusable};
use crate::script;
use crate::tend::{self, Follow};

/// Runs an app: the broker, its hosts and their windows
#[derive(clap::Args)]
#[command(after_help = "\
Exit status: 0 when the last window was closed or the broker was asked to end, 1 when a host could \
not be kept running (with --script: when a call failed), 2 when the app cannot be read.

A script is a JSON object a line: {\"window\": \"editor\", \"command\": \"fs.list\", \"args\": {…}}, \
with \"origin\" where it is not app://localhost. Each is answered by a line: {\"ok\": …} or {\"error\": …}.

What the policy has the person asked about (`ask`) is put to them in a window of its own. With --headless \
there is nobody to ask: such calls are refused, but with `--answer yes`.

The policy is followed: when its files (with --bundle: the bundle) have changed, or on SIGHUP, it is \
read again and put in force as a whole; one that is broken leaves the one before in force, and is \
shown as `sidegate check` shows it. On SIGTERM or SIGINT no call is started any more, those in flight \
may finish (`drain_seconds` of the manifest, 5 without it); a second one cancels them.

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
    /// What the person answers where the policy has them asked: without it they are not there
    #[arg(long, value_name = "ANSWER", requires = "headless")]
    answer: Option<Said>,
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
    /// Does not follow the files of the policy, as `watch = false` in the manifest; SIGHUP still reads
    /// them again
    #[arg(long)]
    no_watch: bool,
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
            builder = builder.observe_files(next).map_err(Unusable::new)?;
        }
        if self.log_args {
            builder = builder.dangerously_log_args();
        }
        if self.debug {
            builder = builder.debug();
        }
        builder = self.ask_with(builder);
        let broker = builder.build().map_err(Unusable::new)?;
        let follow = self.follow()?;
        // One thread for all that decides: a call then wakes no other core, and the hosts, which
        // end when the thread that started them does, live as long as the process.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            match &self.script {
                Some(script) => {
                    tend::while_running(&broker, follow, script::run(&broker, script)).await
                }
                None => tend::while_running(&broker, follow, show(&broker)).await,
            }
        })
    }

    /// Who asks the person: a window, where there are windows, and else whoever wrote the command line.
    fn ask_with(&self, builder: Builder) -> Builder {
        match self.answer {
            None if self.headless => builder,
            None => builder.confirm_in_window(),
            Some(said) => {
                let answer = Answer::from(said);
                builder.confirm_with(move |_: Question| std::future::ready(answer))
            }
        }
    }

    fn follow(&self) -> Result<Follow, Unusable> {
        let manifest = Manifest::read(&self.app).map_err(Unusable::new)?;
        Ok(if self.no_watch || !manifest.watch { Follow::SignalsAlone } else { Follow::Files })
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

/// What is said in the person's place.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Said {
    /// Each call may run that they would be asked about
    Yes,
    /// None may
    No,
}

impl From<Said> for Answer {
    /// For the call alone: nothing is remembered that no person said.
    fn from(said: Said) -> Self {
        match said {
            Said::Yes => Self::Yes(Lasting::Call),
            Said::No => Self::No(Lasting::Call),
        }
    }
}

async fn show(broker: &Broker) -> Result<Outcome, Unusable> {
    let started = Moment::now();
    // It ends with its last window, or when the broker is shut down.
    match broker.run_until(std::future::pending()).await {
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
