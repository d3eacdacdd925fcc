//! The names that a policy speaks of: commands, windows, origins.

use std::sync::Arc;

use super::{Compiler, Owner};
use crate::capability::WindowPattern;
use crate::diagnostics::{Diagnostic, FileText, Place};
use crate::names::{CommandName, MAX_LABEL_BYTES, is_label_byte};
use crate::origin::{OriginPattern, OriginPatternError};
use crate::rule::CommandPattern;
use crate::written::{At, WrittenCapability};

impl Compiler<'_> {
    pub(super) fn commands(
        &mut self,
        owner: Owner<'_>,
        written: &[At<String>],
    ) -> Vec<CommandPattern> {
        let mut patterns = Vec::with_capacity(written.len());
        for text in written {
            let pattern = CommandPattern(Arc::from(text.value.as_str()));
            if pattern.is_well_formed() {
                self.known_command(owner, text, &pattern);
                patterns.push(pattern);
                continue;
            }
            let message = format!("`{}` is not a command pattern", text.value);
            let help = as_command(&text.value).map(|meant| {
                let known = self.context.commands.into_iter().flatten().map(CommandName::as_str);
                format!("did you mean `{}`?", self.suggest(&meant, known).unwrap_or(&meant))
            });
            let help = help.unwrap_or_else(|| "write it like `fs.read_text` or `fs.*`".to_owned());
            self.report_text(owner, text.span, |place| {
                Diagnostic::error("bad-command", place, message)
                    .label("a command is lower-case words joined by dots; `*` is any run of characters")
                    .help(help)
            });
        }
        patterns
    }

    /// With the handlers known, a name without one is a mistake, and a pattern that no handler's
    /// name matches is worth a look.
    fn known_command(&mut self, owner: Owner<'_>, text: &At<String>, pattern: &CommandPattern) {
        let Some(commands) = self.context.commands else {
            return;
        };
        if commands.iter().any(|command| pattern.matches(command.as_str())) {
            return;
        }
        let listed = || commands_help(commands);
        if pattern.is_literal() {
            let message = format!("there is no command `{}`", text.value);
            let known = commands.iter().map(CommandName::as_str);
            let help = self.did_you_mean(&text.value, known).unwrap_or_else(listed);
            self.report_text(owner, text.span, |place| {
                let (code, label) = ("unknown-command", "no handler has this name");
                if owner.is_invariant {
                    return Diagnostic::warning(code, place, message).label(label).help(help);
                }
                Diagnostic::error(code, place, message).label(label).help(help)
            });
        } else {
            let message = format!("no command matches `{}`", text.value);
            self.report_text(owner, text.span, |place| {
                Diagnostic::warning("unmatched-command", place, message).help(listed())
            });
        }
    }

    pub(super) fn windows(
        &mut self,
        file: &FileText<'_>,
        written: &[At<String>],
    ) -> Vec<WindowPattern> {
        let mut patterns = Vec::with_capacity(written.len());
        for text in written {
            let is_pattern = !text.value.is_empty()
                && text.value.len() <= MAX_LABEL_BYTES
                && text.value.bytes().all(|byte| is_label_byte(byte) || byte == b'*');
            if is_pattern {
                patterns.push(WindowPattern(Arc::from(text.value.as_str())));
                continue;
            }
            let place = Place::of(file, text.span);
            let message = format!("`{}` is not a window pattern", text.value);
            self.report(
                Diagnostic::error("bad-window", &place, message)
                    .label("a label is letters, digits, `_` and `-`; `*` is any run of characters")
                    .help("write it like `editor` or `editor-*`"),
            );
        }
        patterns
    }

    pub(super) fn origins(
        &mut self,
        file: &FileText<'_>,
        capability: &WrittenCapability,
    ) -> Vec<OriginPattern> {
        let Some(written) = &capability.origins else {
            return vec![OriginPattern::local()];
        };
        let mut patterns = Vec::with_capacity(written.len());
        for text in written {
            match OriginPattern::parse(&text.value) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => self.bad_origin(file, text, error),
            }
        }
        patterns
    }

    pub(super) fn bad_origin(
        &mut self,
        file: &FileText<'_>,
        text: &At<String>,
        error: OriginPatternError,
    ) {
        let place = Place::of(file, text.span);
        let message = format!("`{}` is not an origin pattern", text.value);
        self.report(
            Diagnostic::error("bad-origin", &place, message)
                .label(error.to_string())
                .help(origin_help(&text.value, error)),
        );
    }
}

/// `fs.readText` and `fs:read-text` as they would be written here.
fn as_command(written: &str) -> Option<String> {
    let mut text = String::with_capacity(written.len());
    for letter in written.chars() {
        if letter.is_ascii_uppercase() && text.ends_with(|c: char| c.is_ascii_lowercase()) {
            text.push('_');
        }
        text.push(match letter {
            '-' | ' ' => '_',
            ':' | '/' => '.',
            _ => letter.to_ascii_lowercase(),
        });
    }
    CommandPattern(Arc::from(text.as_str())).is_well_formed().then_some(text)
}

fn origin_help(written: &str, error: OriginPatternError) -> String {
    match error {
        OriginPatternError::Shape
            if CommandName::parse(written).is_ok() && written.contains('.') =>
        {
            format!("write `https://{written}`")
        }
        OriginPatternError::Longer => match written.split_once("://") {
            Some((scheme, rest)) => {
                let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
                let host = rest.get(..end).unwrap_or_default();
                format!("write `{scheme}://{}`", host.rsplit('@').next().unwrap_or_default())
            }
            None => "write it like `https://example.com`".to_owned(),
        },
        OriginPatternError::Any
        | OriginPatternError::Opaque
        | OriginPatternError::Shape
        | OriginPatternError::Port
        | OriginPatternError::Host(_) => {
            "write `local` for the app's own pages, or an origin like `https://*.example.com`"
                .to_owned()
        }
    }
}

pub(super) fn commands_help(commands: &[CommandName]) -> String {
    let list = commands.iter().map(|command| format!("`{command}`")).collect::<Vec<_>>();
    format!("the commands are {}", list.join(", "))
}
