//! One question asked of four engines: may window `main` call this command with this path, where 1,
//! 100 and 10,000 rules each allow one command beneath one directory. Two shapes: each rule has a
//! command of its own, or all have the same command and differ in the directory. It is the last rule
//! that allows. Each engine has its rules loaded before; a round makes the question from the texts
//! that a page would send, as far as the engine wants it made, and asks it.
//!
//! What is compared, and where it is not the same:
//! * ours: a resolved principal decides, with the path read and checked, and says which rule it was,
//!   beneath which directory, and under which limits.
//! * `cedar-policy`: the policies are written as an author of Cedar would write them, not as
//!   `sidegate export` does, with `like` for the path; its `*` goes over `/` and hidden names, so it
//!   has less to do than the others.
//! * `casbin`: a model with window, command and `keyMatch`, whose `*` is a prefix. The cheap comparisons
//!   come first.
//! * Tauri: its `RuntimeAuthority::resolve_access` over `Resolved` of `tauri-utils`, copied here since
//!   the crate `tauri` wants GTK, then the scopes of the commands that were found, with the options
//!   its file plugin has. That the plugin makes the patterns anew for each call, and looks at the disk,
//!   is left out, in its favour.
//!
//! Times depend on the machine and on what else it does. The figure to hold is the ratio, and how it
//! grows with the rules.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench is no production code"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use casbin::{CoreApi, DefaultModel, Enforcer, MemoryAdapter, MgmtApi};
use cedar_policy::{
    Authorizer, Context as CedarContext, Decision, Entities, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use sidegate_capabilities::{
    Args, CommandName, Context, Directories, Origin, Policy, Principal, Sources, WallTime,
    WindowLabel,
};
use tauri_utils::acl::ExecutionContext;
use tauri_utils::acl::resolved::{Resolved, ResolvedCommand};

const RULES: [usize; 3] = [1, 100, 10_000];

/// How rules differ.
#[derive(Clone, Copy)]
enum Shape {
    OwnCommands,
    OneCommand,
}

impl Shape {
    const ALL: [(&'static str, Self); 2] =
        [("a command each", Self::OwnCommands), ("one command", Self::OneCommand)];

    fn command(self, rule: usize) -> String {
        match self {
            Self::OwnCommands => format!("app{rule}.read"),
            Self::OneCommand => "fs.read".to_owned(),
        }
    }
}

fn directory(rule: usize) -> String {
    format!("/home/user/d{rule}")
}

/// An engine with its rules: command and path in, whether it is allowed out.
trait Engine {
    fn allows(&self, command: &str, path: &str) -> bool;
}

fn decide(criterion: &mut Criterion) {
    for (name, shape) in Shape::ALL {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        group.warm_up_time(Duration::from_millis(500));
        group.measurement_time(Duration::from_secs(2));
        for rules in RULES {
            let engines: [(&str, Box<dyn Engine>); 4] = [
                ("sidegate", Box::new(Ours::of(shape, rules))),
                ("cedar", Box::new(Cedar::of(shape, rules))),
                ("casbin", Box::new(Casbin::of(shape, rules))),
                ("tauri", Box::new(Tauri::of(shape, rules))),
            ];
            let (command, inside) =
                (shape.command(rules - 1), format!("{}/x/note.md", directory(rules - 1)));
            for (engine, asked) in &engines {
                assert!(asked.allows(&command, &inside), "{engine}");
                assert!(!asked.allows(&command, "/home/user/other/x/note.md"), "{engine}");
                assert!(!asked.allows("app.other", &inside), "{engine}");
                group.bench_function(BenchmarkId::new(*engine, rules), |bencher| {
                    bencher.iter(|| asked.allows(black_box(&command), black_box(&inside)));
                });
            }
        }
        group.finish();
    }
}

struct Ours(Principal);

impl Ours {
    fn of(shape: Shape, rules: usize) -> Self {
        let text = |n: usize| {
            format!(
                "version = 1\n[[capability]]\nid = \"c{n}\"\ndescription = \"d\"\nwindows = [\"main\"]\n\
                 allow = [{{ commands = [\"{}\"], path = [\"{}/**\"] }}]\n",
                shape.command(n),
                directory(n)
            )
        };
        let sources = Sources::from_texts((0..rules).map(|n| (format!("c{n}.toml"), text(n))));
        let directories = Directories::sample();
        let policy = Policy::compile(&sources, &Context::new(&directories)).unwrap().policy;
        let window = WindowLabel::parse("main").unwrap();
        Self(policy.principal(&window, &Origin::local(), WallTime::from_unix(0)))
    }
}

impl Engine for Ours {
    fn allows(&self, command: &str, path: &str) -> bool {
        let Ok(command) = CommandName::parse(command) else { return false };
        let mut args = serde_json::Map::new();
        args.insert("path".to_owned(), path.into());
        self.0.decide(&command, &Args::new(args)).is_allowed()
    }
}

struct Cedar {
    policies: PolicySet,
    window: EntityUid,
    resource: EntityUid,
    entities: Entities,
    authorizer: Authorizer,
}

impl Cedar {
    fn of(shape: Shape, rules: usize) -> Self {
        let mut text = String::new();
        for n in 0..rules {
            writeln!(
                text,
                "permit (principal == Window::\"main\", action == Action::\"{}\", resource)\n\
                 when {{ context.path like \"{}/*\" }};",
                shape.command(n),
                directory(n)
            )
            .unwrap();
        }
        Self {
            policies: PolicySet::from_str(&text).unwrap(),
            window: EntityUid::from_str("Window::\"main\"").unwrap(),
            resource: EntityUid::from_str("App::\"app\"").unwrap(),
            entities: Entities::empty(),
            authorizer: Authorizer::new(),
        }
    }
}

impl Engine for Cedar {
    fn allows(&self, command: &str, path: &str) -> bool {
        let action = EntityUid::from_type_name_and_id(
            "Action".parse().unwrap(),
            cedar_policy::EntityId::new(command),
        );
        let path = RestrictedExpression::new_string(path.to_owned());
        let context = CedarContext::from_pairs([("path".to_owned(), path)]).unwrap();
        let (window, resource) = (self.window.clone(), self.resource.clone());
        let request = Request::new(window, action, resource, context, None).unwrap();
        let response = self.authorizer.is_authorized(&request, &self.policies, &self.entities);
        response.decision() == Decision::Allow
    }
}

struct Casbin(Enforcer);

const MODEL: &str = "
[request_definition]
r = window, command, path
[policy_definition]
p = window, command, path
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.window == p.window && r.command == p.command && keyMatch(r.path, p.path)
";

impl Casbin {
    fn of(shape: Shape, rules: usize) -> Self {
        let list = (0..rules)
            .map(|n| vec!["main".to_owned(), shape.command(n), format!("{}/*", directory(n))])
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self(runtime.block_on(async {
            let model = DefaultModel::from_str(MODEL).await.unwrap();
            let mut enforcer = Enforcer::new(model, MemoryAdapter::default()).await.unwrap();
            assert!(enforcer.add_policies(list).await.unwrap());
            enforcer
        }))
    }
}

impl Engine for Casbin {
    fn allows(&self, command: &str, path: &str) -> bool {
        self.0.enforce(("main", command, path)).unwrap()
    }
}

/// Tauri's rules, and the patterns of each scope, made beforehand.
struct Tauri {
    resolved: Resolved,
    scopes: Vec<glob::Pattern>,
}

/// As its file plugin has them on Unix.
const OPTIONS: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: true,
};

impl Tauri {
    fn of(shape: Shape, rules: usize) -> Self {
        let mut resolved = Resolved::default();
        let mut scopes = Vec::with_capacity(rules);
        for n in 0..rules {
            let command = ResolvedCommand {
                windows: vec!["main".parse().unwrap()],
                scope_id: Some(u64::try_from(n).unwrap()),
                ..ResolvedCommand::default()
            };
            resolved.allowed_commands.entry(shape.command(n)).or_default().push(command);
            scopes.push(format!("{}/**", directory(n)).parse().unwrap());
        }
        Self { resolved, scopes }
    }

    /// `RuntimeAuthority::resolve_access` of tauri 2.11.6, for a local page.
    fn resolve_access(&self, command: &str, window: &str) -> Option<Vec<ResolvedCommand>> {
        let local = |found: &ResolvedCommand| matches!(found.context, ExecutionContext::Local);
        if self.resolved.denied_commands.get(command).map(|found| found.iter().any(local)).is_some()
        {
            return None;
        }
        let found = self.resolved.allowed_commands.get(command)?;
        let mine = found.iter().filter(|one| {
            local(one)
                && (one.webviews.iter().any(|pattern| pattern.matches(window))
                    || one.windows.iter().any(|pattern| pattern.matches(window)))
        });
        let mine: Vec<_> = mine.cloned().collect();
        (!mine.is_empty()).then_some(mine)
    }
}

impl Engine for Tauri {
    fn allows(&self, command: &str, path: &str) -> bool {
        let Some(found) = self.resolve_access(command, "main") else { return false };
        let scopes = found.iter().filter_map(|one| one.scope_id);
        scopes
            .filter_map(|scope| self.scopes.get(usize::try_from(scope).ok()?))
            .any(|pattern| pattern.matches_path_with(Path::new(path), OPTIONS))
    }
}

criterion_group!(benches, decide);
criterion_main!(benches);
