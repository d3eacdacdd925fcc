//! Grants that are wider than anybody means: an error, unless `dangerous = "why"` says that this
//! one is meant.

use super::{Compiler, Owner};
use crate::capability::WindowPattern;
use crate::diagnostics::{Diagnostic, FileText, Place, Span};
use crate::origin::OriginPattern;
use crate::rule::{CommandPattern, Rule};
use crate::scope::{PathPattern, UrlPattern};
use crate::written::{At, WrittenCapability, WrittenEntry};

impl Compiler<'_> {
    pub(super) fn check_entry_danger(
        &mut self,
        owner: Owner<'_>,
        entry: &WrittenEntry,
        path: Option<&[(&At<String>, PathPattern)]>,
        url: Option<&[(&At<String>, UrlPattern)]>,
    ) {
        for text in &entry.commands {
            if CommandPattern(text.value.as_str().into()).is_any() {
                let help = "name the commands, like `fs.read_*`";
                self.entry_too_wide(
                    owner,
                    text,
                    "allows every command there is or ever will be",
                    help,
                );
            }
        }
        let directories = self.context.directories;
        for (text, pattern) in path.into_iter().flatten() {
            if pattern.is_too_wide(directories) {
                let help = "name a directory, like `$APPDATA/notes/**`";
                self.entry_too_wide(owner, text, "takes in the whole home directory", help);
            }
        }
        for (text, pattern) in url.into_iter().flatten() {
            if pattern.is_too_wide() {
                let help = "name the domain, like `https://*.example.com/**`";
                self.entry_too_wide(
                    owner,
                    text,
                    "takes in everybody beneath a top-level name",
                    help,
                );
            }
        }
    }

    pub(super) fn check_windows_danger(
        &mut self,
        file: &FileText<'_>,
        capability: &WrittenCapability,
        allow: &[Rule],
    ) {
        if allow.is_empty() || capability.dangerous.is_some() {
            return;
        }
        for text in &capability.windows {
            if !text.value.is_empty() && WindowPattern(text.value.as_str().into()).is_any() {
                let help = "name the windows, like `editor` and `editor-*`";
                self.too_wide(file, text, "is every window there is or ever will be", help);
            }
        }
    }

    pub(super) fn check_origin_danger(
        &mut self,
        file: &FileText<'_>,
        capability: &WrittenCapability,
        text: &At<String>,
        pattern: &OriginPattern,
    ) {
        if capability.dangerous.is_some() {
            return;
        }
        if pattern.host().is_too_wide() {
            let help = "name the domain, like `https://*.example.com`";
            self.too_wide(file, text, "is everybody beneath a top-level name", help);
        }
        if pattern.is_plain_text() {
            let help = "write `https`";
            self.too_wide(file, text, "is anybody on the way to that host", help);
        }
    }

    fn entry_too_wide(&mut self, owner: Owner<'_>, text: &At<String>, what: &str, help: &str) {
        let message = format!("`{}` {what}", text.value);
        self.report_text(owner, text.span, |place| {
            Diagnostic::error("too-wide", place, message).help(unless_meant(help))
        });
    }

    fn too_wide(&mut self, file: &FileText<'_>, text: &At<String>, what: &str, help: &str) {
        let span: Span = text.span;
        let place = Place::of(file, span);
        self.report(
            Diagnostic::error("too-wide", &place, format!("`{}` {what}", text.value))
                .help(unless_meant(help)),
        );
    }
}

fn unless_meant(help: &str) -> String {
    format!("{help}; if it is meant, say why: `dangerous = \"…\"`")
}
