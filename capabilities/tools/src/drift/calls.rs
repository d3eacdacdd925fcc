//! Calls of the bridge in a script: `sidegate.invoke("…"`, the names that a script gives to the bridge
//! or to `invoke`, and functions that hand their first parameter on to it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::lexer::{Kind, Token, tokens};
use super::scripts::scripts;

/// The name of the bridge.
const BRIDGE: &str = "sidegate";

/// The name of its one function.
const INVOKE: &str = "invoke";

/// How far back a function's head is looked for.
const MAX_BACK: usize = 2_000;

/// How many tokens of an import or an export are looked at.
const MAX_STATEMENT: usize = 64;

/// A call of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The command; `None` where it is no literal.
    pub command: Option<String>,
    /// The bytes of the command in the file, or of what stands in its place.
    pub span: Range<usize>,
}

/// The calls in a file. `shared` are the functions of other files that it may have imported.
#[must_use]
pub fn calls(name: &str, text: &str, shared: &BTreeSet<String>) -> Vec<Call> {
    let mut found = Vec::new();
    for part in scripts(name, text) {
        let script = text.get(part.clone()).unwrap_or_default();
        let script = Script::read(script, shared);
        found.extend(script.calls().into_iter().map(|(call, _)| Call {
            span: call.span.start.saturating_add(part.start)
                ..call.span.end.saturating_add(part.start),
            ..call
        }));
    }
    found
}

/// The functions that some file exports and that hand their first parameter on as the command.
pub(super) fn wrappers(files: &[(&str, &str)]) -> BTreeSet<String> {
    let mut shared = BTreeSet::new();
    for (name, text) in files {
        for part in scripts(name, text) {
            let script = Script::read(text.get(part).unwrap_or_default(), &BTreeSet::new());
            let exported = script.stated("export");
            shared.extend(
                script.wrappers.iter().filter(|name| exported.contains(name.as_str())).cloned(),
            );
        }
    }
    shared
}

struct Script<'t> {
    tokens: Vec<Token<'t>>,
    /// Names of the bridge.
    bridges: BTreeSet<&'t str>,
    /// Names of its function.
    functions: BTreeSet<String>,
    /// Functions that hand a command on.
    wrappers: BTreeSet<String>,
    /// Where named functions begin, by their first parameter, in order.
    heads: BTreeMap<&'t str, Vec<(usize, &'t str)>>,
}

impl<'t> Script<'t> {
    fn read(text: &'t str, shared: &BTreeSet<String>) -> Self {
        let mut script = Self {
            tokens: tokens(text),
            bridges: BTreeSet::from([BRIDGE]),
            functions: BTreeSet::new(),
            wrappers: BTreeSet::new(),
            heads: BTreeMap::new(),
        };
        script.heads();
        script.aliases();
        script.wrappers = script.calls().into_iter().filter_map(|(_, wrapper)| wrapper).collect();
        let imported = script.stated("import").into_iter().filter(|name| shared.contains(*name));
        let imported: Vec<_> = imported.map(str::to_owned).collect();
        script.functions.extend(imported);
        let wrappers = script.wrappers.clone();
        script.functions.extend(wrappers);
        script
    }

    fn kind(&self, at: usize) -> Option<Kind<'t>> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn is_sign(&self, at: usize, sign: char) -> bool {
        self.kind(at) == Some(Kind::Sign(sign))
    }

    fn word(&self, at: usize) -> Option<&'t str> {
        match self.kind(at) {
            Some(Kind::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// Finds the names that the script gives to the bridge and to its function.
    fn aliases(&mut self) {
        for at in 0..self.tokens.len() {
            let Some(behind) = self.bridge_at(at) else {
                continue;
            };
            let start = self.expression_start(at);
            let Some(before) =
                start.checked_sub(2).filter(|_| self.is_sign(start.saturating_sub(1), '='))
            else {
                continue;
            };
            if let Some(end) = self.invoke_at(behind) {
                if !self.is_call(end)
                    && let Some(name) = self.word(before)
                {
                    self.functions.insert(name.to_owned());
                }
            } else if self.is_sign(before, '}') {
                let names = self.destructured(before);
                self.functions.extend(names);
            } else if !self.is_sign(behind, '.')
                && let Some(name) = self.word(before)
            {
                self.bridges.insert(name);
            }
        }
    }

    /// The names that `{ … invoke … }`, which ends at `end`, gives to the function.
    fn destructured(&self, end: usize) -> Vec<String> {
        let first = end.saturating_sub(32);
        let open = (first..end).rev().find(|at| self.is_sign(*at, '{')).unwrap_or(end);
        let named = (open..end).filter(|at| self.word(*at) == Some(INVOKE));
        let given = named.map(|at| {
            let renamed =
                self.is_sign(at.saturating_add(1), ':').then(|| self.word(at.saturating_add(2)));
            renamed.flatten().unwrap_or(INVOKE).to_owned()
        });
        given.collect()
    }

    /// Where it goes on behind the name of the bridge, if one stands here.
    fn bridge_at(&self, at: usize) -> Option<usize> {
        let is_bridge = self.word(at).is_some_and(|word| self.bridges.contains(word));
        is_bridge.then_some(at.saturating_add(1))
    }

    /// Where it goes on behind `.invoke`, `?.invoke` or `["invoke"]`.
    fn invoke_at(&self, at: usize) -> Option<usize> {
        let dot = if self.is_sign(at, '?') { at.saturating_add(1) } else { at };
        if self.is_sign(dot, '.') && self.word(dot.saturating_add(1)) == Some(INVOKE) {
            return Some(dot.saturating_add(2));
        }
        let is_index = self.is_sign(at, '[')
            && self.kind(at.saturating_add(1)) == Some(Kind::Text(INVOKE))
            && self.is_sign(at.saturating_add(2), ']');
        is_index.then_some(at.saturating_add(3))
    }

    fn is_call(&self, at: usize) -> bool {
        self.is_sign(at, '(')
            || self.is_sign(at, '?')
                && self.is_sign(at.saturating_add(1), '.')
                && self.is_sign(at.saturating_add(2), '(')
    }

    /// Where `window.sidegate` begins, given where `sidegate` stands.
    fn expression_start(&self, at: usize) -> usize {
        let (dot, object) = (at.checked_sub(1), at.checked_sub(2));
        match (dot, object) {
            (Some(dot), Some(object)) if self.is_sign(dot, '.') && self.word(object).is_some() => {
                object
            }
            _ => at,
        }
    }

    /// The calls, each with the function that hands it on, where one does.
    fn calls(&self) -> Vec<(Call, Option<String>)> {
        let mut found = Vec::new();
        for at in 0..self.tokens.len() {
            let behind = match self.bridge_at(at).and_then(|behind| self.invoke_at(behind)) {
                Some(behind) => behind,
                None if self.is_function(at) => at.saturating_add(1),
                None => continue,
            };
            if !self.is_call(behind) {
                continue;
            }
            let Some(open) = (behind..self.tokens.len()).find(|at| self.is_sign(*at, '(')) else {
                continue;
            };
            found.extend(self.call(at, open.saturating_add(1)));
        }
        found
    }

    /// Whether a name of the function stands here, and is used and not made.
    fn is_function(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.kind(before));
        let is_made = matches!(before, Some(Kind::Word("function")))
            || matches!(before, Some(Kind::Sign('.'))) && !self.is_this(at);
        !is_made && self.word(at).is_some_and(|word| self.functions.contains(word))
    }

    fn is_this(&self, at: usize) -> bool {
        at.checked_sub(2).and_then(|at| self.word(at)) == Some("this")
    }

    /// The call whose first argument begins at `at`.
    fn call(&self, start: usize, at: usize) -> Option<(Call, Option<String>)> {
        let token = self.tokens.get(at)?;
        let ends = |at: usize| self.is_sign(at, ',') || self.is_sign(at, ')');
        let is_whole = ends(at.saturating_add(1));
        let call = |command| Call { command, span: token.span.clone() };
        match token.kind {
            Kind::Text(text) if is_whole && !text.contains('\\') => {
                Some((call(Some(text.to_owned())), None))
            }
            Kind::Word(word) if is_whole => match self.handed_on_by(start, word) {
                // What it hands on is read where it is called.
                Some(wrapper) if self.wrappers.contains(&wrapper) => None,
                wrapper => Some((call(None), wrapper)),
            },
            // The parameters of a method of that name, and not a call.
            Kind::Sign(')') => None,
            Kind::Text(_) | Kind::Word(_) | Kind::Template | Kind::Sign(_) | Kind::Other => {
                Some((call(None), None))
            }
        }
    }

    /// The named function whose first parameter is `parameter`, with the place `at` within it.
    fn handed_on_by(&self, at: usize, parameter: &str) -> Option<String> {
        let heads = self.heads.get(parameter)?;
        let before = heads.partition_point(|(open, _)| *open < at).checked_sub(1)?;
        let (open, name) = heads.get(before)?;
        (*open >= at.saturating_sub(MAX_BACK)).then(|| (*name).to_owned())
    }

    /// Finds the heads of named functions: `function name(p`, or `name = (p`.
    fn heads(&mut self) {
        for open in 0..self.tokens.len() {
            let parameter = self.word(open.saturating_add(1)).filter(|_| self.is_sign(open, '('));
            if let Some((parameter, name)) = parameter.zip(self.function_before(open)) {
                self.heads.entry(parameter).or_default().push((open, name));
            }
        }
    }

    /// The name of the function whose parameters open here.
    fn function_before(&self, open: usize) -> Option<&'t str> {
        let name = open.checked_sub(1)?;
        let name = if self.word(name) == Some("async") { name.checked_sub(1)? } else { name };
        let keyword = name.checked_sub(1).and_then(|at| self.word(at));
        match self.word(name) {
            Some(word) if keyword == Some("function") => Some(word),
            _ if self.is_sign(name, '=') => self.word(name.checked_sub(1)?),
            _ => None,
        }
    }

    /// The words within a few behind a keyword: what the script imports or exports.
    fn stated(&self, keyword: &str) -> BTreeSet<&'t str> {
        let starts = (0..self.tokens.len()).filter(|at| self.word(*at) == Some(keyword));
        let words = starts.flat_map(|start| {
            let ends = |at: &usize| {
                self.is_sign(*at, ';')
                    || self.is_sign(*at, '(')
                    || matches!(self.kind(*at), Some(Kind::Text(_)))
            };
            let behind = start..start.saturating_add(MAX_STATEMENT);
            behind.take_while(move |at| !ends(at)).filter_map(|at| self.word(at))
        });
        words.collect()
    }
}
