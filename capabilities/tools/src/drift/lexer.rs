//! JavaScript and TypeScript as tokens, as far as a call can be told from a comment, a text or a
//! regular expression. It is no parser: it never fails, and what it does not understand is passed over
//! one character at a time. A parser of both languages would be many times the size of this crate,
//! and would still refuse the markup of Svelte and Vue that this reads through.
//!
//! Each character is looked at a few times at most, whatever the text: what was looked for in vain is
//! not looked for again before the place where that ended.

use std::ops::Range;

/// A token, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) span: Range<usize>,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    /// A name or a keyword, with the `#` of a private one.
    Word(&'t str),
    /// A string, or a template without anything put in, between its quotes as written.
    Text(&'t str),
    /// A template with something put in: the tokens of what is put in follow it.
    Template,
    /// Anything else, by its character.
    Sign(char),
    /// A number or a regular expression.
    Other,
}

/// The most templates inside one another.
const MAX_DEPTH: usize = 32;

/// Words before which an expression begins, so that a `/` behind them begins a regular expression.
const BEFORE_EXPRESSION: [&str; 13] = [
    "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "else", "do",
    "await", "yield",
];

/// The tokens of a text.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    read(text).tokens
}

fn read(text: &str) -> Lexer<'_> {
    let mut lexer = Lexer {
        text,
        at: 0,
        tokens: Vec::new(),
        braces: Vec::new(),
        closed: [0; CLOSED],
        looked: 0,
    };
    while lexer.step() {}
    lexer
}

/// What may be open and never closed.
#[derive(Clone, Copy)]
enum Closed {
    Single,
    Double,
    Template,
    Regex,
}

/// How many of these there are.
const CLOSED: usize = 4;

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token<'t>>,
    /// Open braces within each template that is open.
    braces: Vec<usize>,
    /// Up to where each kind has been looked through without an end to it. Another one that begins
    /// before that has no end either: it is in the same place of the same text.
    closed: [usize; CLOSED],
    /// How many characters were looked at for an end.
    looked: usize,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return false;
        };
        if first.is_whitespace() {
            self.at = self.at.saturating_add(first.len_utf8());
        } else if rest.starts_with("//") {
            self.skip_to("\n");
        } else if rest.starts_with("/*") {
            self.skip_to("*/");
        } else if rest.starts_with("<!--") {
            self.skip_to("-->");
        } else if is_word_start(first) {
            let length = rest.find(|c| !is_word_part(c)).unwrap_or(rest.len());
            let length = length.max(first.len_utf8());
            self.push(Kind::Word(rest.get(..length).unwrap_or_default()), length);
        } else if first.is_ascii_digit() {
            let length = rest.find(|c| !is_word_part(c) && c != '.').unwrap_or(rest.len());
            self.push(Kind::Other, length);
        } else {
            self.sign(first);
        }
        true
    }

    fn sign(&mut self, first: char) {
        match first {
            '"' | '\'' => {
                let kind = if first == '"' { Closed::Double } else { Closed::Single };
                match self.closed(kind, |rest| quoted(rest, first)) {
                    Some((length, ())) => self.text_token(length),
                    None => self.push(Kind::Sign(first), 1),
                }
            }
            '`' => self.template(),
            '/' if self.begins_expression() => match self.closed(Closed::Regex, regex) {
                Some((length, ())) => self.push(Kind::Other, length),
                None => self.push(Kind::Sign('/'), 1),
            },
            '{' => {
                if let Some(open) = self.braces.last_mut() {
                    *open = open.saturating_add(1);
                }
                self.push(Kind::Sign('{'), 1);
            }
            '}' => match self.braces.last_mut() {
                Some(0) => {
                    self.braces.pop();
                    self.at = self.at.saturating_add(1);
                    self.template_rest();
                }
                Some(open) => {
                    *open = open.saturating_sub(1);
                    self.push(Kind::Sign('}'), 1);
                }
                None => self.push(Kind::Sign('}'), 1),
            },
            other => self.push(Kind::Sign(other), other.len_utf8()),
        }
    }

    /// What `find` says of the rest of the text, unless it was looked through in vain.
    fn closed<T>(
        &mut self,
        kind: Closed,
        find: impl FnOnce(&'t str) -> Result<(usize, T), usize>,
    ) -> Option<(usize, T)> {
        if self.closed.get(kind as usize).is_some_and(|end| self.at < *end) {
            return None;
        }
        match find(self.rest()) {
            Ok((length, end)) => {
                self.looked = self.looked.saturating_add(length);
                Some((length, end))
            }
            Err(length) => {
                self.looked = self.looked.saturating_add(length);
                if let Some(end) = self.closed.get_mut(kind as usize) {
                    *end = self.at.saturating_add(length);
                }
                None
            }
        }
    }

    fn text_token(&mut self, length: usize) {
        let inner = self.rest().get(1..length.saturating_sub(1)).unwrap_or_default();
        self.push(Kind::Text(inner), length);
    }

    /// A template from its first quote on.
    fn template(&mut self) {
        match self.closed(Closed::Template, |rest| template_end(rest.get(1..).unwrap_or_default()))
        {
            Some((length, End::Quote)) => self.text_token(length.saturating_add(2)),
            Some((length, End::Put)) if self.braces.len() < MAX_DEPTH => {
                self.push(Kind::Template, length.saturating_add(3));
                self.braces.push(0);
            }
            _ => self.push(Kind::Sign('`'), 1),
        }
    }

    /// A template from behind something that was put in.
    fn template_rest(&mut self) {
        match self.closed(Closed::Template, template_end) {
            Some((length, End::Quote)) => {
                self.at = self.at.saturating_add(length).saturating_add(1)
            }
            Some((length, End::Put)) => {
                self.at = self.at.saturating_add(length).saturating_add(2);
                self.braces.push(0);
            }
            None => {}
        }
    }

    /// Whether an expression may begin here, and so a `/` is no division.
    fn begins_expression(&self) -> bool {
        match self.tokens.last().map(|token| token.kind) {
            None => true,
            Some(Kind::Word(word)) => BEFORE_EXPRESSION.contains(&word),
            // `</p>` is markup; behind a bracket a division is likelier.
            Some(Kind::Sign(sign)) => !matches!(sign, ')' | ']' | '}' | '<'),
            Some(Kind::Text(_) | Kind::Template | Kind::Other) => false,
        }
    }

    fn push(&mut self, kind: Kind<'t>, length: usize) {
        let end = self.at.saturating_add(length);
        self.tokens.push(Token { kind, span: self.at..end });
        self.at = end;
    }

    fn skip_to(&mut self, end: &str) {
        let rest = self.rest();
        let length = rest.find(end).map_or(rest.len(), |at| at.saturating_add(end.len()));
        self.at = self.at.saturating_add(length);
    }
}

/// How a part of a template ends.
enum End {
    /// With its quote.
    Quote,
    /// With a `${`.
    Put,
}

/// The length of what stands before the end.
fn template_end(text: &str) -> Result<(usize, End), usize> {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '`' => return Ok((at, End::Quote)),
            '$' if letters.peek().is_some_and(|(_, next)| *next == '{') => {
                return Ok((at, End::Put));
            }
            _ => {}
        }
    }
    Err(text.len())
}

/// The length of a string with its quotes. One that is not closed on its line is none: an apostrophe
/// in the text of some markup, say.
fn quoted(text: &str, quote: char) -> Result<(usize, ()), usize> {
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '\n' => return Err(at),
            _ if letter == quote => return Ok((at.saturating_add(1), ())),
            _ => {}
        }
    }
    Err(text.len())
}

/// The length of a regular expression, which ends on its line.
fn regex(text: &str) -> Result<(usize, ()), usize> {
    let mut in_class = false;
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '\n' => return Err(at),
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => return Ok((at.saturating_add(1), ())),
            _ => {}
        }
    }
    Err(text.len())
}

fn is_word_start(letter: char) -> bool {
    letter.is_alphabetic() || matches!(letter, '_' | '$' | '#')
}

fn is_word_part(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$' | '#')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A script that was written to take long takes a few looks at each of its characters.
    #[test]
    fn every_text_is_read_in_a_few_looks_at_each_character() {
        let repeated = [
            "`\n", "`", "`${", "`${}", "`\\`", "\"\\", "'\\'", "\"\\\n", "/[", "/\\/", "=/[/\n",
            "(/a", "<!--", "/*", "${`", "}`", "{`${", "\\`", "'", "a/",
        ];
        for part in repeated {
            for front in ["", "`", "/", "\"", "`${"] {
                let text = format!("{front}{}", part.repeat(100_000));
                let lexer = read(&text);
                let most = text.len().saturating_mul(4);
                assert!(lexer.looked <= most, "{front:?} {part:?}: {} looks", lexer.looked);
                assert!(lexer.tokens.len() <= text.len());
            }
        }
    }

    /// What is looked for in vain once is nowhere: the reader that looks each time reads the same.
    #[test]
    fn what_has_no_end_is_signs() {
        let signs = |text| tokens(text).iter().all(|token| matches!(token.kind, Kind::Sign(_)));
        assert!(signs("`\\`\\`\\`"));
        assert!(signs("\"\\\"\\\"\\\""));
        let [Token { kind: Kind::Sign('\''), .. }, .., Token { kind: Kind::Text("b"), .. }] =
            tokens("'\\'\n'b'").as_slice()
        else {
            panic!("the next line is read by itself");
        };
    }
}
