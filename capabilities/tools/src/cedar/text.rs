//! Words of Cedar: literals, patterns, comments, and conditions of any length.

/// How many conditions are joined without parentheses.
const FLAT: usize = 4;

/// A text as a string literal. Cedar reads Rust's escapes.
pub(super) fn literal(text: &str) -> String {
    format!("\"{}\"", text.escape_debug())
}

/// Texts as a set.
pub(super) fn set<S: AsRef<str>>(texts: &[S]) -> String {
    let literals: Vec<_> = texts.iter().map(|text| literal(text.as_ref())).collect();
    format!("[{}]", literals.join(", "))
}

/// Whether an attribute matches one of the patterns, in which `*` is any run of characters and
/// nothing else has a meaning: so it is in a Cedar pattern too.
pub(super) fn like_any(attribute: &str, patterns: &[String]) -> String {
    let (wild, literals): (Vec<_>, Vec<_>) = patterns.iter().partition(|text| text.contains('*'));
    let mut tests = Vec::new();
    match literals.as_slice() {
        [] => {}
        [one] => tests.push(format!("{attribute} == {}", literal(one))),
        many => tests.push(format!("{}.contains({attribute})", set(many))),
    }
    tests.extend(wild.iter().map(|text| format!("{attribute} like {}", literal(text))));
    any(&tests)
}

/// Whether one of the conditions holds. Many of them are a tree and not a chain: what reads an
/// expression goes down it, and one that is too deep is an error, for which Cedar leaves the policy
/// out, a `forbid` as well.
fn any(tests: &[String]) -> String {
    if tests.is_empty() {
        return "false".to_owned();
    }
    if tests.len() <= FLAT {
        return tests.join(" || ");
    }
    let (front, back) = tests.split_at(tests.len() / 2);
    format!("({}) || ({})", any(front), any(back))
}

/// A text within a comment: it must not end the line.
pub(super) fn comment(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_stay_literals() {
        let cases = [
            ("a", r#""a""#),
            ("a\"); permit(", r#""a\"); permit(""#),
            ("a\\", r#""a\\""#),
            ("a\n\u{202e}", r#""a\n\u{202e}""#),
            ("é*", r#""é*""#),
        ];
        for (text, expected) in cases {
            assert_eq!(literal(text), expected);
        }
        assert_eq!(comment("a\n\rpermit(\u{7}"), "a  permit( ");
    }

    #[test]
    fn patterns_are_a_condition() {
        let cases: [(&[&str], &str); 6] = [
            (&[], "false"),
            (&["a"], r#"x == "a""#),
            (&["a*"], r#"x like "a*""#),
            (&["a", "b"], r#"["a", "b"].contains(x)"#),
            (&["a", "b*", "c"], r#"["a", "c"].contains(x) || x like "b*""#),
            (
                &["a*", "b*", "c*", "d*", "e*"],
                r#"(x like "a*" || x like "b*") || (x like "c*" || x like "d*" || x like "e*")"#,
            ),
        ];
        for (patterns, expected) in cases {
            let patterns: Vec<_> = patterns.iter().map(|text| (*text).to_owned()).collect();
            assert_eq!(like_any("x", &patterns), expected);
        }
    }
}
