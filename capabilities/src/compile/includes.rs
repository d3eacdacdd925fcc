//! The files that a file includes: each must be there. Reading them is [`crate::sources`]' work.

use std::path::Path;

use super::{Compiler, File};
use crate::diagnostics::{Diagnostic, FileText, Place};
use crate::sources::is_beneath;
use crate::written::At;

impl Compiler<'_> {
    pub(super) fn check_includes(&mut self, files: &[File<'_>]) {
        for (file, written) in files {
            for name in &written.includes {
                self.include(file, name);
            }
        }
    }

    fn include(&mut self, file: &FileText<'_>, name: &At<String>) {
        let place = Place::of(file, name.span);
        if !is_beneath(&name.value, "toml") {
            let message =
                format!("`{}` is not the name of a `.toml` file beneath this one", name.value);
            let plain = || {
                let parts = name.value.split('/').filter(|part| !matches!(*part, "" | "."));
                let plain = parts.collect::<Vec<_>>().join("/");
                let is_other_way = !name.value.starts_with('/') && is_beneath(&plain, "toml");
                is_other_way.then_some(plain)
            };
            let plain = plain().unwrap_or_else(|| "shared/notes.toml".to_owned());
            let help = format!("write `include = [\"{plain}\"]`");
            return self.report(Diagnostic::error("bad-include", &place, message).help(help));
        }
        let directory = Path::new(file.name).parent().unwrap_or(Path::new(""));
        let full_name = directory.join(&name.value).to_string_lossy().into_owned();
        if self.sources.text(&full_name).is_some() {
            return;
        }
        let names = self.sources.names().filter(|name| name.ends_with(".toml"));
        let beneath =
            names.filter_map(|name| Path::new(name).strip_prefix(directory).ok()?.to_str());
        let help = self.did_you_mean(&name.value, beneath);
        let message = format!("there is no file `{full_name}`");
        let make = || "write that file, or name one that lies beneath this one".to_owned();
        self.report(
            Diagnostic::error("bad-include", &place, message).help(help.unwrap_or_else(make)),
        );
    }
}
