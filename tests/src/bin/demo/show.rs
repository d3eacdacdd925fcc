//! The demo on a display that is there: the app, to be used, and what to look at.

use std::{
    env,
    ffi::OsString,
    path::PathBuf,
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use sidegate_tests::Home;
use signal_hook::{consts::SIGINT, flag};

use crate::{Outcome, Places, log, stage::Stage};

/// Runs the app in the foreground until its windows are closed, or until Ctrl+C, then shows what
/// was refused.
pub(crate) fn on_this_display(places: &Places) -> Outcome<ExitCode> {
    let stage = Stage::set(Home::at(&places.output.join("home"))?, &places.app)?;
    println!("{}", what_to_look_at(&stage));
    let mut command = places.binaries.sidegate();
    command.arg("run").arg(&places.app).envs(stage.home.environment());
    // Its default place is in the home that the app does not see any more.
    command.envs(authority().map(|path| ("XAUTHORITY", path)));
    // Ctrl+C at the terminal reaches the app as well, which ends then; this outlives it.
    flag::register(SIGINT, Arc::new(AtomicBool::new(false)))?;
    let status = command.status()?;

    println!("\nThe calls that were refused:\n");
    log::print_denials(&places.binaries, &stage.log())?;
    println!("\nThe log: {}", log::verify(&places.binaries, &stage.log())?);
    println!("{}", stage.log().display());
    // What the notes hold now is up to whoever used the app.
    if !status.success() {
        eprintln!("error: the app ended with {status}");
    }
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn authority() -> Option<OsString> {
    env::var_os("XAUTHORITY").or_else(|| {
        let default = PathBuf::from(env::var_os("HOME")?).join(".Xauthority");
        default.exists().then(|| default.into_os_string())
    })
}

fn what_to_look_at(stage: &Stage) -> String {
    format!(
        "Two windows open, each in a process of its own that holds no power over the system.\n\
         \n\
         Notes    write something: Ctrl+N, a name, Enter, text, Ctrl+S. It may list, read and\n\
         \x20        write in this folder, and nothing else:\n\
         \x20        {notes}\n\
         Preview  runs a hostile note, and shows what became of each of its tries.\n\
         \n\
         Every call stands in the log, with the rule that allowed it or the reason against it:\n\
         {log}\n\
         Close the windows, or press Ctrl+C here, to end the demo. It keeps its home for the next time:\n\
         {home}\n",
        notes = stage.notes().display(),
        log = stage.log().display(),
        home = stage.home.path().display(),
    )
}
