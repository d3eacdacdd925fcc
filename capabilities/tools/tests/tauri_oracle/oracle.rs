//! What Tauri says to a call.

use std::cell::RefCell;
use std::collections::BTreeMap;

use glob::{MatchOptions, Pattern};
use serde_json::Value;
use sidegate_capabilities::Directories;
use tauri_utils::acl::capability::Capability;
use tauri_utils::acl::manifest::Manifest;
use tauri_utils::acl::resolved::{Resolved, ResolvedCommand, ResolvedScope};
use tauri_utils::acl::{ExecutionContext, RemoteUrlPattern};
use tauri_utils::platform::Target;
use url::Url;

use crate::apps::{APP, App, Call, TARGETS};

/// Tauri's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Allowed,
    Denied,
    /// The command may be called, and what it may do is for a plugin that is not known.
    Plugins,
}

/// What a wildcard does with a name that begins with a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hidden {
    Skipped,
    Matched,
}

impl Answer {
    pub(crate) fn of(allowed: bool) -> Self {
        if allowed { Self::Allowed } else { Self::Denied }
    }
}

/// An app as Tauri resolves it.
pub(crate) struct Oracle {
    manifests: BTreeMap<String, Manifest>,
    on: Vec<Resolution>,
}

struct Resolution {
    target: Target,
    whole: Resolved,
    /// Each capability as if there were no other.
    apart: Vec<(Capability, Resolved)>,
}

/// What a command may touch, of several scopes.
#[derive(Default)]
struct Scope {
    allow: Vec<Value>,
    deny: Vec<Value>,
}

impl Scope {
    fn add(&mut self, scope: &ResolvedScope) {
        self.allow.extend(scope.allow.iter().cloned().map(Value::from));
        self.deny(scope);
    }

    fn deny(&mut self, scope: &ResolvedScope) {
        self.deny.extend(scope.deny.iter().cloned().map(Value::from));
    }
}

impl Oracle {
    pub(crate) fn of(app: &App) -> Self {
        let manifests: BTreeMap<String, Manifest> =
            serde_json::from_value(app.manifests.clone()).unwrap();
        let capabilities: BTreeMap<String, Capability> = app
            .capabilities
            .iter()
            .map(|one| {
                let mut one: Capability = serde_json::from_value(one.clone()).unwrap();
                // A permission of an app that has none is an error there, and passed over here.
                one.permissions.retain(|used| {
                    manifests.contains_key(used.identifier().get_prefix().unwrap_or(APP))
                });
                (one.identifier.clone(), one)
            })
            .collect();
        let on = TARGETS.iter().map(|target| {
            let target = target.theirs;
            let resolve = |some| Resolved::resolve(&manifests, some, target).unwrap();
            let alone = |one: &Capability| resolve([(one.identifier.clone(), one.clone())].into());
            let active = capabilities.values().filter(|one| one.is_active(&target));
            let apart = active.map(|one| (one.clone(), alone(one))).collect();
            Resolution { target, whole: resolve(capabilities.clone()), apart }
        });
        let on = on.collect();
        Self { manifests, on }
    }

    fn on(&self, target: Target) -> &Resolution {
        self.on.iter().find(|on| on.target == target).unwrap()
    }

    /// What Tauri says.
    pub(crate) fn whole(&self, target: Target, call: &Call) -> Answer {
        let (resolved, full) = (&self.on(target).whole, call.full());
        if resolved.denied_commands.contains_key(&full) {
            // Whatever the window and the origin: `authority.rs` asks whether there is an answer to
            // the question for the origin, not what it is.
            return Answer::Denied;
        }
        if call.key == APP && !resolved.has_app_acl {
            return Answer::of(call.page.is_none());
        }
        let matching = matching(resolved, &full, call);
        if matching.is_empty() {
            return Answer::Denied;
        }
        let mut scope = Scope::default();
        for id in matching.iter().filter_map(|one| one.scope_id) {
            scope.add(&resolved.command_scope[&id]);
        }
        if let Some(global) = resolved.global_scope.get(call.key) {
            scope.add(global);
        }
        self.touches(&scope, call, Hidden::Skipped)
    }

    /// What Tauri would say if a denial and a scope were for the windows and origins of their
    /// capability, and a scope that names no command for the commands of its capability.
    pub(crate) fn apart(&self, target: Target, call: &Call, denied: Hidden) -> Answer {
        let full = call.full();
        let (mut scope, mut allowed) = (Scope::default(), false);
        for (capability, resolved) in &self.on(target).apart {
            if !is_for(capability, call) {
                continue;
            }
            if resolved.denied_commands.contains_key(&full) {
                return Answer::Denied;
            }
            let matching = matching(resolved, &full, call);
            for id in matching.iter().filter_map(|one| one.scope_id) {
                scope.add(&resolved.command_scope[&id]);
            }
            if let Some(global) = resolved.global_scope.get(call.key) {
                if matching.is_empty() { scope.deny(global) } else { scope.add(global) }
            }
            allowed |= !matching.is_empty();
        }
        if allowed { self.touches(&scope, call, denied) } else { Answer::Denied }
    }

    fn touches(&self, scope: &Scope, call: &Call, denied: Hidden) -> Answer {
        match (call.key, call.touched) {
            ("fs", Some((_, path))) => {
                let path = absolute(path);
                let any = |list: &[Value], hidden: Hidden| {
                    let options = MatchOptions {
                        require_literal_separator: true,
                        require_literal_leading_dot: hidden == Hidden::Skipped,
                        ..MatchOptions::default()
                    };
                    list.iter().any(|value| path_pattern(value).matches_with(&path, options))
                };
                Answer::of(any(&scope.allow, Hidden::Skipped) && !any(&scope.deny, denied))
            }
            ("http", Some((_, address))) => {
                let any = |list: &[Value]| {
                    list.iter().any(|value| takes_in(value["url"].as_str().unwrap(), address))
                };
                Answer::of(any(&scope.allow) && !any(&scope.deny))
            }
            // What is open already, and what names files by another argument.
            ("fs" | "http", None) => Answer::Allowed,
            (key, _) => {
                let manifest = self.manifests.get(key);
                let has_schema = manifest.is_some_and(|one| one.global_scope_schema.is_some());
                let is_free = scope.allow.is_empty() && scope.deny.is_empty() && !has_schema;
                if is_free { Answer::Allowed } else { Answer::Plugins }
            }
        }
    }
}

fn matching<'r>(resolved: &'r Resolved, full: &str, call: &Call) -> Vec<&'r ResolvedCommand> {
    let allowed = resolved.allowed_commands.get(full).into_iter().flatten();
    allowed
        .filter(|one| {
            let is_for = |patterns: &[Pattern]| patterns.iter().any(|one| one.matches(call.window));
            context_is(&one.context, call) && (is_for(&one.windows) || is_for(&one.webviews))
        })
        .collect()
}

fn context_is(context: &ExecutionContext, call: &Call) -> bool {
    match (context, call.page) {
        (ExecutionContext::Local, None) => true,
        (ExecutionContext::Remote { url }, Some(page)) => takes_in(url.as_str(), page),
        _ => false,
    }
}

fn is_for(capability: &Capability, call: &Call) -> bool {
    let mut labels = capability.windows.iter().chain(&capability.webviews);
    let mut urls = capability.remote.iter().flat_map(|remote| &remote.urls);
    let from = call.page.map_or(capability.local, |page| urls.any(|url| takes_in(url, page)));
    from && labels.any(|label| Pattern::new(label).unwrap().matches(call.window))
}

/// As `tauri::scope::fs` has it: without a `/` at the end, with the directory of the variable.
fn path_pattern(value: &Value) -> Pattern {
    let text = value["path"].as_str().unwrap().trim_end_matches('/');
    let text = text.replace("$DOCUMENT/", "$DOCUMENTS/");
    Pattern::new(&absolute(&text)).unwrap()
}

fn absolute(text: &str) -> String {
    let Some(rest) = text.strip_prefix('$') else { return text.to_owned() };
    let (variable, below) = rest.split_once('/').unwrap_or((rest, ""));
    let directories = Directories::sample();
    let directory = directories.get(variable).unwrap().to_str().unwrap().to_owned();
    if below.is_empty() { directory } else { format!("{directory}/{below}") }
}

/// Whether a `URLPattern` takes in an address. The plugin `http` makes of a text what Tauri makes of
/// a remote address. Asked once for each pair: to read a pattern takes longer than all else.
fn takes_in(pattern: &str, address: &str) -> bool {
    thread_local! {
        static ASKED: RefCell<BTreeMap<(String, String), bool>> = RefCell::default();
    }
    ASKED.with_borrow_mut(|asked| {
        *asked.entry((pattern.to_owned(), address.to_owned())).or_insert_with(|| {
            let pattern: RemoteUrlPattern = pattern.parse().unwrap();
            pattern.test(&Url::parse(address).unwrap())
        })
    })
}
