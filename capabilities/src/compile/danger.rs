//! Grants that are wider than anybody means: an error, unless `dangerous = "why"` says that this
//! one is meant.

mod changes;
mod places;
mod powers;

pub(crate) use changes::may_change;
pub(super) use places::Places;

use powers::takes_in_a_power;

use super::{Compiler, Owner};
use crate::capability::WindowPattern;
use crate::diagnostics::{Diagnostic, FileText, Place};
use crate::directories::Directories;
use crate::names::CommandName;
use crate::origin::OriginPattern;
use crate::rule::{CommandPattern, Rule};
use crate::scope::{PathPattern, UrlPattern};
use crate::written::{At, WrittenCapability, WrittenEntry};

/// What an allow entry with this pattern would need a reason for.
pub(crate) fn reached_place(pattern: &PathPattern, directories: &Directories) -> Option<String> {
    let places = Places::of(directories);
    let (place, kind) = places.reached(pattern)?;
    Some(reaches(place, kind))
}

fn reaches(place: &str, kind: &str) -> String {
    format!("reaches `{place}`, {kind}")
}

impl Compiler<'_> {
    pub(super) fn check_entry_danger(
        &mut self,
        owner: Owner<'_>,
        entry: &WrittenEntry,
        path: Option<&[(&At<String>, PathPattern)]>,
        url: Option<&[(&At<String>, UrlPattern)]>,
    ) {
        for text in &entry.commands {
            if CommandPattern(text.value.as_str().into()).names_nothing() {
                let help = "name the commands, like `fs.read_*`";
                self.entry_too_wide(
                    owner,
                    text,
                    "allows every command there is or ever will be",
                    help,
                );
            }
        }
        for (text, pattern) in path.into_iter().flatten() {
            self.check_path_danger(owner, text, pattern);
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

    fn check_path_danger(&mut self, owner: Owner<'_>, text: &At<String>, pattern: &PathPattern) {
        let directories = self.context.directories;
        if pattern.is_too_wide(directories) {
            let help = "name a directory, like `$APPDATA/notes/**`";
            return self.entry_too_wide(owner, text, "takes in the whole home directory", help);
        }
        if let Some((place, kind)) = self.places.reached(pattern) {
            let what = reaches(place, kind);
            let help = "name files of the app's own, like `$APPDATA/notes/**`";
            self.entry_too_wide(owner, text, &what, help);
        }
    }

    /// Whom a capability is for. One that allows nothing may be for everybody.
    pub(super) fn check_audience_danger(
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
        let mut first_remote = None;
        for text in capability.origins.iter().flatten() {
            let Ok(pattern) = OriginPattern::parse(&text.value) else { continue };
            self.check_origin_danger(file, text, &pattern);
            if pattern != OriginPattern::local() {
                first_remote = first_remote.or(Some(text));
            }
        }
        if let Some(origin) = first_remote {
            self.check_remote_danger(file, capability, origin, allow);
        }
    }

    fn check_origin_danger(
        &mut self,
        file: &FileText<'_>,
        text: &At<String>,
        pattern: &OriginPattern,
    ) {
        if pattern.host().is_too_wide() {
            let help = "name the domain, like `https://*.example.com`";
            self.too_wide(file, text, "is everybody beneath a top-level name", help);
        }
        if pattern.is_plain_text() {
            let help = "write `https`";
            self.too_wide(file, text, "is anybody on the way to that host", help);
        }
    }

    /// A page from the network that may change something on this machine.
    fn check_remote_danger(
        &mut self,
        file: &FileText<'_>,
        capability: &WrittenCapability,
        origin: &At<String>,
        allow: &[Rule],
    ) {
        // A permission gives reasons for what it says itself; who may use it is the capability's word.
        let is_meant =
            |rule: &&Rule| rule.entry.is_dangerous && rule.reference.permission.is_none();
        for rule in allow.iter().filter(|rule| !is_meant(rule)) {
            let does = |one: &&CommandPattern| self.may_change(one) || takes_in_a_power(one);
            let Some(changing) = rule.entry.commands.iter().find(does) else {
                continue;
            };
            let here = Place::of(file, origin.span);
            let message = if self.may_change(changing) && !changing.0.starts_with("webview.") {
                format!("`{}` may change something, and `{}` may call it", changing.0, origin.value)
            } else {
                let origin = &origin.value;
                format!("`{}` is for the app's own pages, and `{origin}` may have it", changing.0)
            };
            let own = capability.allow.iter().zip(1..).find(|(_, index)| {
                rule.reference.permission.is_none() && *index == rule.reference.index
            });
            let text = own.and_then(|(entry, _)| {
                entry.commands.iter().find(|text| *text.value == *changing.0)
            });
            let found = if let Some(text) = text {
                Diagnostic::error("remote-change", &Place::of(file, text.span), message)
                    .label("its name says so")
                    .help(unless_meant("leave changing things to the app's own pages"))
                    .also(&here, "a page of this origin comes from the network")
            } else {
                let help = format!("leave out what brings in {}", rule.reference);
                Diagnostic::error("remote-change", &here, message)
                    .label("a page of this origin comes from the network")
                    .help(unless_meant(&help))
            };
            self.report(found);
        }
    }

    /// By its own words, or because a command that is known to be there does and matches it.
    fn may_change(&self, pattern: &CommandPattern) -> bool {
        let does = |command: &CommandName| {
            pattern.matches(command.as_str())
                && changes::may_change(&CommandPattern(command.as_str().into()))
        };
        changes::may_change(pattern)
            || !pattern.is_literal() && self.context.commands.into_iter().flatten().any(does)
    }

    fn entry_too_wide(&mut self, owner: Owner<'_>, text: &At<String>, what: &str, help: &str) {
        let message = format!("`{}` {what}", text.value);
        self.report_text(owner, text.span, |place| {
            Diagnostic::error("too-wide", place, message).help(unless_meant(help))
        });
    }

    fn too_wide(&mut self, file: &FileText<'_>, text: &At<String>, what: &str, help: &str) {
        let place = Place::of(file, text.span);
        self.report(
            Diagnostic::error("too-wide", &place, format!("`{}` {what}", text.value))
                .help(unless_meant(help)),
        );
    }
}

fn unless_meant(help: &str) -> String {
    format!("{help}; if it is meant, say why: `dangerous = \"…\"`")
}
