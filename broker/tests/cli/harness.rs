//! A run of the program in a home of its own, and the check that its report is as documented.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A home that is nobody's, in which the program runs.
pub(crate) struct Home(TempDir);

/// What a run of the program came to.
pub(crate) struct Answer {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file and the directories above it.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The program, in this home, with nothing of the caller's environment.
    pub(crate) fn sidegate(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sidegate"));
        command.env_clear().env("HOME", self.path()).env("LC_ALL", "C.UTF-8");
        command.current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Runs it.
    pub(crate) fn ask<W: AsRef<std::ffi::OsStr>>(&self, words: &[W]) -> Answer {
        Answer::of(self.sidegate().args(words).output().unwrap())
    }
}

impl Answer {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The report of `--json`: one object on one line, as `policies/schemas/report-VERB.json`
    /// documents it.
    pub(crate) fn report(&self, verb: &str) -> Value {
        assert_eq!(self.out.trim_end().lines().count(), 1, "{}{}", self.out, self.err);
        let value: Value = serde_json::from_str(&self.out).unwrap();
        let file = repository().join(format!("policies/schemas/report-{verb}.json"));
        let schema = fs::read_to_string(&file).unwrap_or_else(|_| panic!("no {}", file.display()));
        let schema: Value = serde_json::from_str(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let faults: Vec<_> = validator
            .iter_errors(&value)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{faults:#?}\n{value:#}");
        value
    }
}

/// The top of the source tree.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// One of the apps in `policies`.
pub(crate) fn example(name: &str) -> String {
    repository().join("policies").join(name).to_str().unwrap().to_owned()
}
