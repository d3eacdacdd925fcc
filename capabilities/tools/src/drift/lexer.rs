//! JavaScript and TypeScript as tokens, as far as a call can be told from a comment, a text or a
//! regular expression. It is no parser: it never fails, and what it does not understand is passed over
//! one character at a time. A parser of both languages would be many times the size of this crate,
//! and would still refuse the markup of Svelte and Vue that this reads through.

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
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new(), braces: Vec::new() };
    while lexer.step() {}
    lexer.tokens
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token<'t>>,
    /// Open braces within each template that is open.
    braces: Vec<usize>,
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
            '"' | '\'' => match self.quoted(first) {
                Some(length) => self.text_token(length),
                None => self.push(Kind::Sign(first), 1),
            },
            '`' => self.template(),
            '/' if self.begins_expression() => match regex(self.rest()) {
                Some(length) => self.push(Kind::Other, length),
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

    /// The length of a string with its quotes. One that is not closed on its line is none: an
    /// apostrophe in the text of some markup, say.
    fn quoted(&self, quote: char) -> Option<usize> {
        let mut letters = self.rest().char_indices().skip(1);
        while let Some((at, letter)) = letters.next() {
            match letter {
                '\\' => drop(letters.next()),
                '\n' => return None,
                _ if letter == quote => return Some(at.saturating_add(1)),
                _ => {}
            }
        }
        None
    }

    fn text_token(&mut self, length: usize) {
        let inner = self.rest().get(1..length.saturating_sub(1)).unwrap_or_default();
        self.push(Kind::Text(inner), length);
    }

    /// A template from its first quote on.
    fn template(&mut self) {
        match template_end(self.rest().get(1..).unwrap_or_default()) {
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
        match template_end(self.rest()) {
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
fn template_end(text: &str) -> Option<(usize, End)> {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '`' => return Some((at, End::Quote)),
            '$' if letters.peek().is_some_and(|(_, next)| *next == '{') => {
                return Some((at, End::Put));
            }
            _ => {}
        }
    }
    None
}

/// The length of a regular expression, which ends on its line.
fn regex(text: &str) -> Option<usize> {
    let mut in_class = false;
    let mut letters = text.char_indices().skip(1);
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '\n' => return None,
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => return Some(at.saturating_add(1)),
            _ => {}
        }
    }
    None
}

fn is_word_start(letter: char) -> bool {
    letter.is_alphabetic() || matches!(letter, '_' | '$' | '#')
}

fn is_word_part(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '$' | '#')
}
