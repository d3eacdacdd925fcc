//! JSON5, after a look at how deep it is: the parser recurses, and has no bound of its own.

use serde_json::Value;

/// As `serde_json` has it.
const MAX_DEPTH: usize = 128;

pub(super) fn parse(text: &str) -> Result<Value, String> {
    if depth(text) > MAX_DEPTH {
        return Err("it is nested too deeply".to_owned());
    }
    json5::from_str(text).map_err(|error| error.to_string())
}

/// How deep brackets are nested, those in strings and comments left out. Where a text is no JSON5,
/// any number that is not too small.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut rest = text.chars().peekable();
    while let Some(here) = rest.next() {
        match here {
            '[' | '{' => {
                depth = depth.saturating_add(1);
                deepest = deepest.max(depth);
            }
            ']' | '}' => depth = depth.saturating_sub(1),
            '"' | '\'' => {
                while let Some(inner) = rest.next() {
                    match inner {
                        '\\' => drop(rest.next()),
                        _ if inner == here => break,
                        _ => {}
                    }
                }
            }
            '/' if rest.peek() == Some(&'/') => {
                let ends = |c: &char| matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}');
                while rest.next_if(|c| !ends(c)).is_some() {}
            }
            '/' if rest.next_if_eq(&'*').is_some() => {
                while let Some(inner) = rest.next() {
                    if inner == '*' && rest.next_if_eq(&'/').is_some() {
                        break;
                    }
                }
            }
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_deep_is_refused_before_it_is_parsed() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(parse(&deep(128)).is_ok());
        assert!(parse(&deep(129)).is_err());
        assert!(parse(&deep(1_000_000)).is_err());
        assert_eq!(depth("[']', \"\\\"]\", /* ] */ [ // ]\n ['/']]]"), 3);
    }
}
