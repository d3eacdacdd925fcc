//! One entry: its patterns read, its schema compiled.

use std::sync::Arc;

use super::{Compiler, Owner};
use crate::ask::AskRule;
use crate::diagnostics::Diagnostic;
use crate::directories::VARIABLES;
use crate::policy::Context;
use crate::rule::Entry;
use crate::scope::{Argument, KeyPattern, PathPattern, PatternError, UrlPattern};
use crate::verdict::Effect;
use crate::written::{At, WrittenEntry, nearest};

impl Compiler<'_> {
    pub(super) fn entry(&mut self, owner: Owner<'_>, written: &WrittenEntry) -> Entry {
        let Context { directories, platform, .. } = *self.context;
        let path = self.scope(owner, Argument::Path, list(&written.path), |text| {
            Ok(PathPattern::parse(text, owner.effect, directories)?.on(platform))
        });
        let url = self.scope(owner, Argument::Url, list(&written.url), UrlPattern::parse);
        let key = self.scope(owner, Argument::Key, list(&written.key), KeyPattern::parse);
        let schema = written.args.as_ref().and_then(|args| self.schema(owner, args));
        let ask = written.ask.as_ref().map(|ask| {
            let schema = schema.as_ref().map(|schema| schema.written());
            let terms = terms(written, schema);
            Arc::new(AskRule { when: ask.when, text: ask.text.clone(), terms })
        });
        self.check_asking(owner, written);
        let entry = Entry {
            commands: self.commands(owner, &written.commands),
            path: path.as_ref().map(|patterns| patterns.iter().map(|(_, p)| p.clone()).collect()),
            url: url.as_ref().map(|patterns| patterns.iter().map(|(_, p)| p.clone()).collect()),
            key: key.map(|patterns| patterns.into_iter().map(|(_, pattern)| pattern).collect()),
            schema,
            ask,
            limits: written.limits,
            result: written.result.clone().map(Into::into),
            audit: Arc::new(written.audit.clone()),
            is_dangerous: written.dangerous.is_some(),
        };
        if owner.effect == Effect::Allow && !owner.is_dangerous && written.dangerous.is_none() {
            self.check_entry_danger(owner, written, path.as_deref(), url.as_deref());
        }
        entry
    }

    /// Reads the patterns of one scope, each with the text it came from.
    pub(super) fn scope<'w, P>(
        &mut self,
        owner: Owner<'_>,
        argument: Argument,
        written: Option<&'w [At<String>]>,
        read: impl Fn(&str) -> Result<P, PatternError>,
    ) -> Option<Vec<(&'w At<String>, P)>> {
        let written = written?;
        let mut patterns = Vec::with_capacity(written.len());
        for text in written {
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
        if let Some(variable) = error.variable {
            let help = match nearest(&variable, VARIABLES) {
                Some(known) if known != variable => format!("did you mean `${known}`?"),
                _ => {
                    let known = self.context.directories.names().map(|name| format!("`${name}`"));
                    format!("the variables are {}", known.collect::<Vec<_>>().join(", "))
                }
            };
            return self.report_text(owner, text.span, |place| {
                Diagnostic::error("unknown-variable", place, error.message).help(help)
            });
        }
        let (code, kind) = match argument {
            Argument::Path => ("bad-path", "path"),
            Argument::Url => ("bad-url", "URL"),
            Argument::Key => ("bad-key", "key"),
        };
        let message = format!("`{}` is not a {kind} pattern", text.value);
        self.report_text(owner, text.span, |place| {
            Diagnostic::error(code, place, message).label(error.message).maybe_help(error.help)
        });
    }
}

/// What an entry is about, in one text that is another where any of it is. Limits, results and the log
/// are no part of it: they are not what a person is asked about.
fn terms(written: &WrittenEntry, schema: Option<&serde_json::Value>) -> String {
    let texts = |list: Option<&[At<String>]>| -> Option<Vec<String>> {
        list.map(|list| list.iter().map(|text| text.value.clone()).collect())
    };
    let ask = written.ask.as_ref();
    serde_json::json!([
        texts(Some(&written.commands)),
        texts(list(&written.path)),
        texts(list(&written.url)),
        texts(list(&written.key)),
        schema,
        ask.map(|ask| ask.when),
        ask.and_then(|ask| ask.text.as_deref()),
    ])
    .to_string()
}

/// The texts of a scope, where it is written.
fn list(scope: &Option<At<Vec<At<String>>>>) -> Option<&[At<String>]> {
    scope.as_ref().map(|list| list.value.as_slice())
}
