//! What a policy says of itself: tests and invariants, with every name in them looked up, since a
//! misspelt one would hold for the wrong reason.

use std::collections::BTreeSet;

use super::names::commands_help;
use super::{Compiler, File, Owner};
use crate::args::Args;
use crate::capability::Capability;
use crate::diagnostics::{Diagnostic, FileText, Place};
use crate::names::{CommandName, NameError, WindowLabel};
use crate::never::{Never, NeverOrigin};
use crate::origin::{Origin, OriginPattern};
use crate::policy::Context;
use crate::scope::{Argument, KeyPattern, PathPattern, UrlPattern};
use crate::testing::Test;
use crate::verdict::{Effect, Reason};
use crate::written::{At, WrittenNever, WrittenTest};

/// An invariant, and where it stands.
pub(super) struct PlacedNever<'f> {
    pub(super) place: Place<'f>,
    pub(super) never: Never,
}

impl PlacedNever<'_> {
    /// The invariant, and the beginning of what is said where it does not hold.
    pub(super) fn into_parts(self) -> (Never, Diagnostic) {
        (self.never, Diagnostic::error("broken-invariant", &self.place, ""))
    }
}

impl Compiler<'_> {
    pub(super) fn tests(&mut self, files: &[File<'_>], capabilities: &[Capability]) -> Vec<Test> {
        let ids = ids(files);
        let mut tests = Vec::new();
        for (file, written) in files {
            for test in &written.tests {
                self.because(file, test, &ids);
                tests.extend(self.test(file, test, capabilities));
            }
        }
        tests
    }

    fn test(
        &mut self,
        file: &FileText<'_>,
        written: &WrittenTest,
        capabilities: &[Capability],
    ) -> Option<Test> {
        let window = WindowLabel::parse(&written.window.value);
        let window = window.map_err(|error| self.bad_name(file, &written.window, "window", error));
        let command = CommandName::parse(&written.call.value);
        let command = command.map_err(|error| self.bad_name(file, &written.call, "command", error));
        let origin = match &written.origin {
            None => Some(Origin::local()),
            Some(text) if text.value == "local" => Some(Origin::local()),
            Some(text) => self.origin(file, text),
        };
        let (window, command, origin) = (window.ok()?, command.ok()?, origin?);
        self.known_call(file, &written.call);
        self.known_window(file, written, &window, capabilities);
        let (line, column) = file.line_and_column(written.span.start);
        Some(Test {
            file: file.name.to_owned(),
            line,
            column,
            window,
            origin,
            command,
            args: Args::new(written.args.clone()),
            expect: written.expect,
            because: written.because.as_ref().map(|text| text.value.clone()),
            at: written.at,
        })
    }

    fn bad_name(&mut self, file: &FileText<'_>, text: &At<String>, what: &str, error: NameError) {
        let place = Place::of(file, text.span);
        let message = format!("`{}` is not the name of a {what}", text.value);
        let help = format!("write one {what} by its whole name, without a `*`");
        self.report(
            Diagnostic::error("bad-name", &place, message).label(error.to_string()).help(help),
        );
    }

    fn origin(&mut self, file: &FileText<'_>, text: &At<String>) -> Option<Origin> {
        Origin::parse(&text.value)
            .map_err(|error| {
                let place = Place::of(file, text.span);
                let message = format!("`{}` is not an origin", text.value);
                self.report(
                    Diagnostic::error("bad-origin", &place, message)
                        .label(error.to_string())
                        .help("write `local`, or an origin like `https://example.com`"),
                );
            })
            .ok()
    }

    /// A test of a command that nobody handles passes for the wrong reason.
    fn known_call(&mut self, file: &FileText<'_>, text: &At<String>) {
        let Some(commands) = self.context.commands else { return };
        if commands.iter().any(|command| command.as_str() == text.value) {
            return;
        }
        let place = Place::of(file, text.span);
        let help = self.did_you_mean(&text.value, commands.iter().map(CommandName::as_str));
        self.report(
            Diagnostic::error(
                "unknown-command",
                &place,
                format!("there is no command `{}`", text.value),
            )
            .label("no handler has this name")
            .help(help.unwrap_or_else(|| commands_help(commands))),
        );
    }

    /// A call from a window that no capability names is denied, whatever else the policy says.
    fn known_window(
        &mut self,
        file: &FileText<'_>,
        written: &WrittenTest,
        window: &WindowLabel,
        capabilities: &[Capability],
    ) {
        let is_meant = written.because.as_ref().is_some_and(|text| text.value == "no-capability");
        if is_meant || capabilities.iter().any(|capability| capability.names(window)) {
            return;
        }
        let place = Place::of(file, written.window.span);
        let message = format!("no capability names the window `{window}`");
        let help = "if that is what is tested, say so: `because = \"no-capability\"`";
        self.report(Diagnostic::warning("unknown-window", &place, message).help(help));
    }

    fn because(&mut self, file: &FileText<'_>, test: &WrittenTest, ids: &BTreeSet<&str>) {
        let Some(because) = &test.because else { return };
        let codes: &[&str] = match test.expect {
            Effect::Allow => &[],
            Effect::Deny => &Reason::CODES,
        };
        let known = || ids.iter().copied().chain(codes.iter().copied());
        if known().any(|word| word == because.value) {
            return;
        }
        let place = Place::of(file, because.span);
        let message = match test.expect {
            Effect::Allow => format!("`{}` is no capability and no permission", because.value),
            Effect::Deny => {
                format!("`{}` is no capability, no permission and no reason", because.value)
            }
        };
        let list = || match test.expect {
            Effect::Allow => "write the id of the one that is to allow the call".to_owned(),
            Effect::Deny => {
                let codes: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
                format!("the reasons are {}", codes.join(", "))
            }
        };
        let help = self.did_you_mean(&because.value, known()).unwrap_or_else(list);
        self.report(Diagnostic::error("unknown-because", &place, message).help(help));
    }

    pub(super) fn nevers<'f>(&mut self, files: &'f [File<'f>]) -> Vec<PlacedNever<'f>> {
        let mut nevers = Vec::new();
        for (file, written) in files {
            for never in &written.nevers {
                let place = Place::of(file, never.span);
                nevers.push(PlacedNever { place, never: self.never(file, never) });
            }
        }
        nevers
    }

    fn never(&mut self, file: &FileText<'_>, written: &WrittenNever) -> Never {
        // Read as in a deny entry, whose wildcards take in hidden names: an invariant that passed
        // over them would say less than it seems to.
        let owner = Owner {
            file,
            effect: Effect::Deny,
            is_dangerous: false,
            is_invariant: true,
            used_at: None,
        };
        let Context { directories, platform, .. } = *self.context;
        let path = self.scope(owner, Argument::Path, written.path.as_deref(), |text| {
            Ok(PathPattern::parse(text, Effect::Deny, directories)?.on(platform))
        });
        let url = self.scope(owner, Argument::Url, written.url.as_deref(), UrlPattern::parse);
        let key = self.scope(owner, Argument::Key, written.key.as_deref(), KeyPattern::parse);
        Never {
            why: written.why.value.clone(),
            commands: self.commands(owner, &written.commands),
            windows: written.windows.as_ref().map(|list| self.windows(file, list)),
            except_windows: self.windows(file, &written.except_windows),
            origins: written.origins.as_ref().map(|list| self.never_origins(file, list)),
            except_origins: self.never_origins(file, &written.except_origins),
            path: path.map(patterns),
            url: url.map(patterns),
            key: key.map(patterns),
        }
    }

    fn never_origins(&mut self, file: &FileText<'_>, written: &[At<String>]) -> Vec<NeverOrigin> {
        let mut origins = Vec::with_capacity(written.len());
        for text in written {
            if text.value == "remote" {
                origins.push(NeverOrigin::Remote);
                continue;
            }
            match OriginPattern::parse(&text.value) {
                Ok(pattern) => origins.push(NeverOrigin::Like(pattern)),
                Err(error) => self.bad_origin(file, text, error),
            }
        }
        origins
    }
}

fn patterns<P>(read: Vec<(&At<String>, P)>) -> Vec<P> {
    read.into_iter().map(|(_, pattern)| pattern).collect()
}

/// The ids of all capabilities and permissions.
fn ids<'f>(files: &'f [File<'_>]) -> BTreeSet<&'f str> {
    let mut ids = BTreeSet::new();
    for (_, written) in files {
        ids.extend(written.capabilities.iter().map(|capability| capability.id.value.as_str()));
        ids.extend(written.permissions.iter().map(|permission| permission.id.value.as_str()));
    }
    ids
}
