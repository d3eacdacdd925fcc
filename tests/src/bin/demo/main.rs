//! The demo: the notes app of `policies/notes` under the stock broker. On a display it is simply
//! there to be used; without one it is worked by real input on a private display, and the end of
//! it says whether all that is honest worked and all that is hostile was refused.

mod log;
mod report;
mod show;
mod stage;
mod tour;

use std::{
    env,
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
};

use sidegate_tests::Binaries;

use self::report::Report;

/// What any part of the demo may end with.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// Where everything is.
struct Places {
    /// The app's folder, with its manifest.
    app: PathBuf,
    /// What the demo leaves for people to look at.
    output: PathBuf,
    binaries: Binaries,
}

fn main() -> ExitCode {
    if env::args_os().len() > 1 {
        eprintln!("usage: demo\n(unset DISPLAY and WAYLAND_DISPLAY for the private display)");
        return ExitCode::from(2);
    }
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: the demo cannot go on: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<ExitCode> {
    let places = Places::find()?;
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("DISPLAY") || set("WAYLAND_DISPLAY") {
        return show::on_this_display(&places);
    }
    println!("No display here: the demo runs on a private one and works the app by itself.\n");
    let mut report = Report::default();
    if let Err(error) = tour::run(&places, &mut report) {
        report.failed("the demo came to its end", error.as_ref());
    }
    println!("\n{}", report.verdict());
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Places {
    /// The output lies beside the folder of the binaries: `target/demo` for `target/debug`.
    fn find() -> Outcome<Self> {
        let binaries = Binaries::beside_this_program()?;
        let target = binaries.folder().parent().unwrap_or(binaries.folder());
        let output = target.join("demo");
        std::fs::create_dir_all(&output)?;
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no workspace")?;
        Ok(Self { app: workspace.join("policies/notes"), output, binaries })
    }
}
