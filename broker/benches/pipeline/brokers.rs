//! The brokers that are measured: one command that gives back what it is given, audit on.

use std::fs;
use std::path::Path;

use sidegate::app::{AppDirectories, AppId, Window};
use sidegate::wire::SandboxLevel;
use sidegate::{Broker, Builder, Call, Command, HandlerError};

const APP: &str = "org.example.bench";

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct Echo {
    text: String,
}

/// One with a window, which a host can open.
pub(super) fn with_window(home: &Path) -> Broker {
    let window = Window::new("bench", "index.html").unwrap();
    let builder = builder(home).policy("bench.toml", &policy(0)).window(window);
    builder.least_sandbox(SandboxLevel::None).build().unwrap()
}

/// One with so many capability files, each of which names the window.
pub(super) fn with_files(home: &Path, files: usize) -> Broker {
    let policies = home.join("policies");
    fs::create_dir(&policies).unwrap();
    for n in 0..files {
        fs::write(policies.join(format!("c{n}.toml")), policy(n)).unwrap();
    }
    builder(home).policies(policies).unwrap().build().unwrap()
}

fn builder(home: &Path) -> Builder {
    let id = AppId::parse(APP).unwrap();
    let echo = async |_: Call, args: Echo| Ok::<_, HandlerError>(args.text);
    let builder = Broker::builder().id(APP).unwrap();
    let builder = builder.directories(AppDirectories::beneath(home, &id));
    builder.command(Command::new("echo", echo))
}

fn policy(n: usize) -> String {
    let commands = if n == 0 { r#""echo""#.to_owned() } else { format!(r#""other{n}.*""#) };
    format!(
        "version = 1\n[[capability]]\nid = \"c{n}\"\nwindows = [\"bench\", \"bench-*\"]\n\
         allow = [{{ commands = [{commands}] }}]\n"
    )
}
