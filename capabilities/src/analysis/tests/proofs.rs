//! A statement is proved just where no call of the world breaks it.

use proptest::prelude::*;

use super::super::never::{Broken, prove_all};
use super::world::{
    calls, command_patterns, compile, deny_paths, is_allowed, policy, verdicts, window_patterns,
};
use crate::analysis::Call;
use crate::capability::WindowPattern;
use crate::directories::Directories;
use crate::never::{Never, NeverOrigin};
use crate::origin::{Origin, OriginPattern};
use crate::platform::Platform;
use crate::policy::{Context, Policy};
use crate::rule::CommandPattern;
use crate::scope::{Argument, PathPattern, ResolvedPath};
use crate::sources::Sources;
use crate::verdict::Effect;

fn never() -> impl Strategy<Value = Never> {
    let origin = prop::sample::select(&["remote", "local", "https://*.example.com"][..]);
    let origins = prop::collection::vec(origin, 0..2);
    let parts = (
        command_patterns(),
        prop::option::of(window_patterns()),
        prop::option::of(window_patterns()),
        (prop::option::of(origins.clone()), origins),
        prop::option::of(deny_paths()),
    );
    parts.prop_map(|(commands, windows, except, (origins, except_origins), path)| {
        let windows_of = |texts: Vec<&str>| -> Vec<_> {
            texts.into_iter().map(|text| WindowPattern(text.into())).collect()
        };
        let origins_of = |texts: Vec<&str>| -> Vec<_> {
            let one = |text: &str| match text {
                "remote" => NeverOrigin::Remote,
                _ => NeverOrigin::Like(OriginPattern::parse(text).unwrap()),
            };
            texts.into_iter().map(one).collect()
        };
        let path_of =
            |text| PathPattern::parse(text, Effect::Deny, &Directories::default()).unwrap();
        Never {
            why: "it may not".to_owned(),
            commands: commands.into_iter().map(|text| CommandPattern(text.into())).collect(),
            windows: windows.map(windows_of),
            except_windows: except.map(windows_of).unwrap_or_default(),
            origins: origins.map(origins_of),
            except_origins: origins_of(except_origins),
            path: path.map(|texts| texts.into_iter().map(path_of).collect()),
            url: None,
            key: None,
        }
    })
}

/// By the types' own matchers.
fn names(never: &Never, call: &Call) -> bool {
    let window = |patterns: &[WindowPattern]| patterns.iter().any(|one| one.matches(&call.window));
    let origin = |origins: &[NeverOrigin]| {
        origins.iter().any(|one| match one {
            NeverOrigin::Remote => call.origin != Origin::local(),
            NeverOrigin::Like(pattern) => pattern.matches(&call.origin),
        })
    };
    let path = call.args.get(Argument::Path.name()).and_then(|path| path.as_str());
    let directories = &Directories::default();
    let path = path.map(|path| ResolvedPath::parse(path, directories, Platform::Linux).unwrap());
    never.commands.iter().any(|one| one.matches(call.command.as_str()))
        && never.windows.as_deref().is_none_or(window)
        && !window(&never.except_windows)
        && never.origins.as_deref().is_none_or(origin)
        && !origin(&never.except_origins)
        && never.path.as_ref().is_none_or(|patterns| {
            path.is_some_and(|path| patterns.iter().any(|pattern| pattern.matches(&path)))
        })
}

fn agrees(text: &str, never: &Never, exact: bool) -> Result<(), TestCaseError> {
    let policy = compile(text);
    let breaks = |call: &Call| is_allowed(&policy, call) && names(never, call);
    let all = calls();
    let allowed = verdicts(&policy, &all);
    let found =
        all.iter().zip(allowed).find(|(call, verdict)| verdict.is_some() && names(never, call));
    match prove_all([never].into_iter(), &policy).pop() {
        None => prop_assert!(found.is_none(), "{found:?} was proved not to be\n{text}"),
        Some((_, Broken::Call { call, .. })) => prop_assert!(breaks(&call), "{call}\n{text}"),
        Some((_, other)) => prop_assert!(!exact, "{other:?}\n{text}"),
    }
    Ok(())
}

/// What a call names is bounded as it is written; what is reasoned about is longer.
#[test]
fn an_address_that_its_canonical_form_makes_longer_breaks_a_statement_too() {
    let directories = Directories::default();
    let entries = [
        format!("url = [\"https://h/{}\"]", "a".repeat(8_182)),
        format!("url = [\"https://h/{}\"]", "\u{e9}".repeat(4_000)),
        format!("url = [\"https://{}h/\"]", "\u{e9}.".repeat(2_500)),
    ];
    for entry in entries {
        let text = format!(
            "version = 1\n[[capability]]\nid = \"a\"\nwindows = [\"main\"]\n\
             allow = [{{ commands = [\"net.get\"], {entry} }}]\n\
             [[never]]\nwhy = \"it may not\"\ncommands = [\"net.*\"]\n"
        );
        let sources = Sources::from_texts([("p.toml", text)]);
        let errors = Policy::compile(&sources, &Context::new(&directories)).unwrap_err();
        let codes: Vec<_> = errors.iter().map(|error| error.code).collect();
        assert_eq!(codes, ["broken-invariant"], "{:.60}", entry);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn without_schemas_every_answer_is_a_proof_or_a_call(text in policy(0.0), never in never()) {
        agrees(&text, &never, true)?;
    }

    #[test]
    fn with_schemas_what_is_proved_holds(text in policy(0.3), never in never()) {
        agrees(&text, &never, false)?;
    }
}
