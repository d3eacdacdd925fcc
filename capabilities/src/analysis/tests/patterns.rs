//! Every pattern's language is just the texts that it matches.

use proptest::prelude::*;

use super::super::dimension::Dimension;
use super::super::kinds::{Kinds, Language, Work};
use super::super::patterns::{commands, keys, may_meet, origins, paths, urls, windows};
use super::super::region::Scope;
use crate::capability::WindowPattern;
use crate::directories::Directories;
use crate::glob::{self, Question};
use crate::names::{CommandName, WindowLabel};
use crate::origin::{Origin, OriginPattern};
use crate::platform::Platform;
use crate::rule::CommandPattern;
use crate::scope::{Key, KeyPattern, PathPattern, ResolvedPath, UrlPattern, read_url};
use crate::verdict::Effect;

fn language(scope: Scope) -> Language {
    match scope {
        Scope::In(language) => language,
        Scope::Any => "(?s:.)*".into(),
        Scope::Absent | Scope::Nothing => panic!("no language"),
    }
}

/// Whether the text is of the dimension and in the language.
fn holds(dimension: Dimension, language: &Language, text: &str) -> bool {
    let exact: Language = glob::literal_regex(text).into();
    let kinds =
        Kinds::default().of(dimension, &[language.clone(), exact], &mut Work::of(10_000_000));
    kinds.unwrap().iter().any(|kind| kind.matched == [0, 1])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn of_paths(
        pattern in "/(a|\\.|\\*|\\?|é|\\*\\*){1,2}(/(a|\\.b|\\*|\\*\\*|\\*\\.a|\\?b|\\*\\*\\*)){0,3}",
        path in "/(a|\\.|b|é|A|É){1,3}(/(a|\\.b|b|\\.|\\.\\.|\\.a\\.a|b\\.a|\\.B)){0,3}",
    ) {
        let directories = Directories::default();
        let cases =
            [(Effect::Allow, Platform::Linux), (Effect::Deny, Platform::Linux), (Effect::Deny, Platform::Macos)];
        for (effect, platform) in cases {
            let Ok(pattern) = PathPattern::parse(&pattern, effect, &directories) else { continue };
            let pattern = pattern.on(platform);
            let matched = ResolvedPath::parse(&path, &directories, Platform::Linux)
                .is_ok_and(|path| pattern.matches(&path));
            let language = language(paths(&[pattern]));
            prop_assert_eq!(holds(Dimension::Path, &language, &path), matched);
        }
    }

    #[test]
    fn of_keys(pattern in "(a|\\*|\\*\\*|b\\*)(\\.(a|\\*|\\*\\*|b\\*|-)){0,3}", key in "[ab-]{1,2}(\\.[ab-]{1,2}){0,3}") {
        let pattern = KeyPattern::parse(&pattern).unwrap();
        let matched = pattern.matches(&Key::parse(&key).unwrap());
        prop_assert_eq!(holds(Dimension::Key, &language(keys(&[pattern])), &format!(".{key}")), matched);
    }

    #[test]
    fn of_commands_and_windows(pattern in "[ab*]{0,5}", text in "[ab]{1,6}") {
        let matched = glob::text_matches(&pattern, &text, Question::Literal);
        CommandName::parse(&text).unwrap();
        WindowLabel::parse(&text).unwrap();
        let command = CommandPattern(pattern.as_str().into());
        prop_assert_eq!(holds(Dimension::Command, &language(commands(&[command])), &text), matched);
        let window = WindowPattern(pattern.as_str().into());
        prop_assert_eq!(holds(Dimension::Window, &language(windows(&[window])), &text), matched);
    }

    #[test]
    fn of_origins(
        pattern in "(https|http|app|wss)://(\\*\\.)?(a|b\\.a|localhost)(:80|:443|:8080)?",
        origin in "(https|http|app|wss)://(c\\.)?(b\\.)?(a|localhost)(:80|:443|:8080)?",
    ) {
        let pattern = OriginPattern::parse(&pattern).unwrap();
        let origin = Origin::parse(&origin).unwrap();
        let found = holds(Dimension::Origin, &language(origins(std::slice::from_ref(&pattern))), &origin.to_string());
        prop_assert_eq!(found, pattern.matches(&origin));
    }

    #[test]
    fn of_urls(
        pattern in "https://(\\*\\.)?a\\.b(:8443)?(/(a|\\*|\\*\\*|b\\*|\\*a)){1,3}/?",
        url in "https://(x\\.)?(y\\.)?a\\.b(:8443|:443)?(/[ab.]{1,3}){0,3}/?",
    ) {
        let pattern = UrlPattern::parse(&pattern).unwrap();
        let url = read_url(&url).unwrap();
        let port = url.port_or_known_default().unwrap();
        let text = format!("{}://{}:{port}{}", url.scheme(), url.host_str().unwrap(), url.path());
        prop_assert_eq!(holds(Dimension::Url, &language(urls(std::slice::from_ref(&pattern))), &text), pattern.matches(&url), "{}", text);
    }

    #[test]
    fn the_cheap_question_never_says_no_wrongly(a in "[ab*]{0,4}", b in "[ab*]{0,4}") {
        let (x, y) = (CommandPattern(a.as_str().into()), CommandPattern(b.as_str().into()));
        let both = [language(commands(&[x])), language(commands(&[y]))];
        let kinds = Kinds::default().of(Dimension::Command, &both, &mut Work::of(10_000_000)).unwrap();
        let meet = kinds.iter().any(|kind| kind.matched == [0, 1]);
        prop_assert!(!meet || may_meet(&[a], &[b], String::as_str));
    }
}

#[test]
fn texts_of_a_kind_are_short_and_read_well() {
    let cases = [
        (Dimension::Window, "editor-*", "editor-a"),
        (Dimension::Command, "fs.write_*", "fs.write_a"),
        (Dimension::Window, "*", "a"),
    ];
    for (dimension, written, text) in cases {
        let languages = if dimension == Dimension::Command {
            language(commands(&[CommandPattern(written.into())]))
        } else {
            language(windows(&[WindowPattern(written.into())]))
        };
        let kinds = Kinds::default().of(dimension, &[languages], &mut Work::of(1_000_000)).unwrap();
        assert_eq!(kinds.iter().find(|kind| kind.matched == [0]).unwrap().text, text);
    }
}

#[test]
fn a_text_that_would_be_too_long_is_none() {
    let long = |pattern: String| language(windows(&[WindowPattern(pattern.into())]));
    let of = |languages: &[Language]| {
        Kinds::default().of(Dimension::Window, languages, &mut Work::of(10_000_000)).unwrap()
    };
    let fits = [long("a".repeat(64))];
    assert!(of(&fits).iter().any(|kind| kind.matched == [0]));
    let both = [long(format!("{}*", "a".repeat(40))), long(format!("*{}", "b".repeat(40)))];
    assert!(!of(&both).iter().any(|kind| kind.matched == [0, 1]));
}

#[test]
fn work_is_bounded() {
    let patterns: Vec<_> =
        (0..40).map(|n| language(windows(&[WindowPattern(format!("*a{n}*").into())]))).collect();
    assert!(Kinds::default().of(Dimension::Window, &patterns, &mut Work::of(100_000)).is_err());
}
