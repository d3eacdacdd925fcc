//! One entry: its patterns read, its schema compiled.

use super::{Compiler, Owner};
use crate::diagnostics::{Diagnostic, Place};
use crate::directories::VARIABLES;
use crate::rule::Entry;
use crate::scope::{Argument, KeyPattern, PathPattern, PatternError, UrlPattern};
use crate::verdict::Effect;
use crate::written::{At, WrittenEntry, nearest};

impl Compiler<'_> {
    pub(super) fn entry(&mut self, owner: Owner<'_>, written: &WrittenEntry) -> Entry {
        let directories = self.context.directories;
        let path = self.scope(owner, Argument::Path, written.path.as_ref(), |text| {
            PathPattern::parse(text, owner.effect, directories)
        });
        let url = self.scope(owner, Argument::Url, written.url.as_ref(), UrlPattern::parse);
        let key = self.scope(owner, Argument::Key, written.key.as_ref(), KeyPattern::parse);
        let entry = Entry {
            commands: self.commands(owner, &written.commands),
            path: path.as_ref().map(|patterns| patterns.iter().map(|(_, p)| p.clone()).collect()),
            url: url.as_ref().map(|patterns| patterns.iter().map(|(_, p)| p.clone()).collect()),
            key: key.map(|patterns| patterns.into_iter().map(|(_, pattern)| pattern).collect()),
            schema: written.args.as_ref().and_then(|args| self.schema(owner, args)),
            limits: written.limits,
            result: written.result.clone().map(Into::into),
            log_args: written.log_args,
        };
        if owner.effect == Effect::Allow && !owner.is_dangerous && written.dangerous.is_none() {
            self.check_entry_danger(owner, written, path.as_deref(), url.as_deref());
        }
        entry
    }

    /// Reads the patterns of one scope, each with the text it came from.
    fn scope<'w, P>(
        &mut self,
        owner: Owner<'_>,
        argument: Argument,
        written: Option<&'w At<Vec<At<String>>>>,
        read: impl Fn(&str) -> Result<P, PatternError>,
    ) -> Option<Vec<(&'w At<String>, P)>> {
        let written = written?;
        let mut patterns = Vec::with_capacity(written.value.len());
        for text in &written.value {
            match read(&text.value) {
                Ok(pattern) => patterns.push((text, pattern)),
                Err(error) => self.bad_pattern(owner, argument, text, error),
            }
        }
        Some(patterns)
    }

    fn bad_pattern(
        &mut self,
        owner: Owner<'_>,
        argument: Argument,
        text: &At<String>,
        error: PatternError,
    ) {
        let place = Place::of(owner.file, text.span);
        if let Some(variable) = error.variable {
            let help = match nearest(&variable, VARIABLES) {
                Some(known) if known != variable => format!("did you mean `${known}`?"),
                _ => {
                    let known = self.context.directories.names().map(|name| format!("`${name}`"));
                    format!("the variables are {}", known.collect::<Vec<_>>().join(", "))
                }
            };
            let diagnostic = Diagnostic::error("unknown-variable", &place, error.message);
            return self.report(diagnostic.help(help));
        }
        let (code, kind) = match argument {
            Argument::Path => ("bad-path", "path"),
            Argument::Url => ("bad-url", "URL"),
            Argument::Key => ("bad-key", "key"),
        };
        let message = format!("`{}` is not a {kind} pattern", text.value);
        self.report(
            Diagnostic::error(code, &place, message).label(error.message).maybe_help(error.help),
        );
    }
}
