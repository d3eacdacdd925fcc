//! The host's binary. Started by the broker it builds the sandbox and starts itself inside;
//! there it closes the rest of the doors and shows windows.

use std::process::ExitCode;

use sidegate_webview_host::arguments::Arguments;

/// It would have stood below the least level asked for, or not at all.
const NOT_CONTAINED: u8 = 3;
/// The command line is wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) => start(&arguments),
        Err(error) => failed(USAGE, &error),
    }
}

#[cfg(target_os = "linux")]
fn start(arguments: &Arguments) -> ExitCode {
    use sidegate_webview_host::{host, sandbox};

    if arguments.inside.is_none() {
        let program = match std::env::current_exe() {
            Ok(program) => program,
            Err(error) => return failed(NOT_CONTAINED, &error),
        };
        return failed(NOT_CONTAINED, &sandbox::launch(&program, arguments));
    }
    match sandbox::enter(arguments) {
        Ok(report) => match host::run(report, arguments.debug) {
            Ok(never) => match never {},
            Err(error) => failed(1, &error),
        },
        Err(refused) => failed(NOT_CONTAINED, &refused),
    }
}

#[cfg(not(target_os = "linux"))]
fn start(_: &Arguments) -> ExitCode {
    failed(
        NOT_CONTAINED,
        &"this platform has neither the sandbox nor the isolated script world that a host rests on",
    )
}

fn failed(status: u8, why: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("sidegate-webview-host: {why}");
    ExitCode::from(status)
}
