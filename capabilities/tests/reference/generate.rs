//! Policies and calls at random, from small alphabets, so that they meet. A generator of our own:
//! ten million calls are to take minutes, and a seed is all it takes to see one again.

use serde_json::{Map, Value};

use crate::model::{Call, Capability, Entry, Limit, Schema};

pub(crate) const APPDATA: &str = "/d/app";
pub(crate) const HOME: &str = "/h/user";

const COMMANDS: [&str; 6] = ["fs.read", "fs.write", "app.info", "settings.get", "fs", "net.get"];
const COMMAND_PATTERNS: [&str; 9] =
    ["fs.read", "fs.*", "app.info", "*.get", "settings.*", "f*", "fs.w*e", "net.get", "*a*e*"];
const WINDOWS: [&str; 3] = ["main", "main-2", "other"];
const WINDOW_PATTERNS: [&str; 4] = ["main", "main*", "o*r", "*-2"];
const ORIGINS: [&str; 5] = [
    "app://localhost",
    "https://example.com",
    "https://www.example.com",
    "https://notexample.com",
    "https://www.example.com:8443",
];
const ORIGIN_PATTERNS: [&str; 6] = [
    "local",
    "local",
    "local",
    "https://example.com",
    "https://*.example.com",
    "https://*.example.com:8443",
];
const PATHS: [&str; 20] = [
    "/d/a",
    "/d/.a",
    "/d/b/a",
    "/d/.b/a",
    "/d",
    "/e/a",
    "/d/../e",
    "d/a",
    "/d/b/.a/c",
    "/d/*",
    "/d/ab",
    "/d//a",
    "$APPDATA",
    "$APPDATA/a",
    "$APPDATA/.a/b",
    "/d/app/a",
    "$NONE/a",
    "$HOME/x/a",
    "/h/user/x/a",
    "/d/é",
];
const ALLOW_PATHS: [&str; 14] = [
    "/d/**",
    "/d/*",
    "/d/a",
    "/e/*",
    "/d/.*",
    "/d/**/a",
    "/d/.b/**",
    "$APPDATA/**",
    "$APPDATA",
    "$HOME/x/**",
    "/d/*/*",
    "/d/?",
    "/h/*/x/*",
    "/d/a*",
];
const DENY_PATHS: [&str; 9] =
    ["**/.*", "/d/b/**", "**/a", "/e/**", "/d/*", "**/.*/**", "$APPDATA/*", "**/?", "/d/a"];
const URLS: [&str; 14] = [
    "https://example.com/a/b",
    "https://example.com/",
    "https://www.example.com/api/x",
    "https://www.example.com/api/",
    "https://a.b.example.com/api/x/y",
    "https://notexample.com/api/x",
    "https://example.com.evil.com/api/x",
    "http://127.0.0.1:8080/abc",
    "https://user@example.com/",
    "https://example.com//x",
    "https://example.com:8443/x",
    "ftp://example.com/a",
    "example.com/a",
    "wss://example.com/a/b",
];
const URL_PATTERNS: [&str; 7] = [
    "https://example.com/**",
    "https://*.example.com/api/*",
    "https://*.example.com/**",
    "http://127.0.0.1:8080/a*c",
    "https://example.com:8443/**/x",
    "https://example.com/a/*",
    "wss://example.com/**",
];
const KEYS: [&str; 6] = ["a.b", "a", "a.b.c", "a..b", "ab.b", ""];
const KEY_PATTERNS: [&str; 6] = ["a.*", "a", "a.**", "*.b", "a*.b", "**.c"];
const POINTERS: [&str; 4] = ["/a", "/b", "/b/c", "/e"];
const ARGUMENTS: [&str; 6] = ["n", "s", "path", "url", "key", "z"];

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn policy(&mut self) -> Vec<Capability> {
        let count = 1 + self.below(5);
        (0..count).map(|n| self.capability(n)).collect()
    }

    pub(crate) fn capability(&mut self, n: usize) -> Capability {
        Capability {
            id: format!("c{n}"),
            windows: self.some_of(&WINDOW_PATTERNS),
            origins: self.some_of(&ORIGIN_PATTERNS),
            allow: (0..self.below(7)).map(|_| self.allow_entry()).collect(),
            deny: (0..self.below(5) / 2).map(|_| self.deny_entry()).collect(),
        }
    }

    pub(crate) fn call(&mut self) -> Call {
        let mut args = Map::new();
        let path = if self.one_in(20) { Value::from(1) } else { self.one_of(&PATHS).into() };
        let url = if self.one_in(20) { Value::Null } else { self.one_of(&URLS).into() };
        let key = if self.one_in(20) { Value::Array(vec![]) } else { self.one_of(&KEYS).into() };
        let n = if self.one_in(8) { "3".into() } else { Value::from(self.below(4)) };
        let s = match self.below(6) {
            0 => Value::from(1),
            1 => Value::from("ééé"),
            2 => "c".into(),
            3 => "abab".into(),
            _ => "ab".into(),
        };
        let command = self.one_of(&COMMANDS);
        for (name, value) in [("path", path), ("url", url), ("key", key)] {
            if self.wants(command, name) {
                args.insert(name.to_owned(), value);
            }
        }
        for (name, value) in [("n", n), ("s", s)] {
            if self.one_in(2) {
                args.insert(name.to_owned(), value);
            }
        }
        if self.one_in(8) {
            args.insert("z".to_owned(), Value::Bool(true));
        }
        let (window, origin) = (self.one_of(&WINDOWS), self.one_of(&ORIGINS[..]));
        let origin = if self.one_in(3) { origin } else { ORIGINS[0] };
        Call { window, origin, command, args }
    }

    fn allow_entry(&mut self) -> Entry {
        let mut entry = self.entry(&ALLOW_PATHS);
        if self.one_in(12) {
            entry.path = Some(Vec::new());
        }
        if self.one_in(3) {
            entry.limit = self.limit();
        }
        if self.one_in(4) {
            entry.omit = vec![self.one_of(&POINTERS)];
        }
        if self.one_in(4) {
            entry.keep = Some((0..self.below(3)).map(|_| self.one_of(&POINTERS)).collect());
        }
        if self.one_in(4) {
            entry.max_bytes = Some(64 + self.below(4) as u64);
        }
        entry.logs_args = self.one_in(2);
        entry.ask = self.one_in(3).then(|| self.below(3));
        entry
    }

    fn deny_entry(&mut self) -> Entry {
        self.entry(&DENY_PATHS)
    }

    fn entry(&mut self, paths: &[&'static str]) -> Entry {
        let commands = self.some_of(&COMMAND_PATTERNS);
        let about = commands[0].clone();
        let mut scope = |name, list| self.wants(&about, name).then(|| self.some_of(list));
        let path = scope("path", paths);
        let url = scope("url", &URL_PATTERNS);
        let key = scope("key", &KEY_PATTERNS);
        let schema = self.one_in(4).then(|| self.schema());
        Entry { commands, path, url, key, schema, ..Entry::default() }
    }

    /// Whether a call or an entry about these commands has this argument: mostly the one that such a
    /// command is about, now and then another one.
    fn wants(&mut self, commands: &str, argument: &str) -> bool {
        let usual = match commands.as_bytes()[0] {
            b'f' => "path",
            b'n' => "url",
            b's' => "key",
            _ => "",
        };
        if argument == usual { !self.one_in(8) } else { self.one_in(10) }
    }

    fn schema(&mut self) -> Schema {
        Schema {
            maximum: self.one_in(2).then(|| self.below(4) as i64),
            max_length: self.one_in(3).then(|| self.below(5)),
            only: self.one_in(4).then(|| vec!["ab", "c"]),
            is_of_a_and_b: self.one_in(4),
            is_string: self.one_in(4),
            required: (0..self.below(2)).map(|_| self.one_of(&ARGUMENTS)).collect(),
            closed: self.one_in(4).then(|| {
                let mut names = ARGUMENTS.to_vec();
                names.retain(|_| !self.one_in(3));
                names
            }),
        }
    }

    fn limit(&mut self) -> Limit {
        let rate = self.one_in(2).then(|| (1 + self.below(70) as u32, self.one_of(&[1, 60])));
        Limit {
            rate,
            burst: rate.and_then(|_| self.one_in(2).then(|| 1 + self.below(9) as u32)),
            in_flight: self.one_in(2).then(|| 1 + self.below(4) as u32),
            bytes: self.one_in(2).then(|| 100 + self.below(4) as u64),
            deadline_ms: self.one_in(2).then(|| 1 + self.below(4) as u64),
        }
    }

    fn some_of(&mut self, list: &[&str]) -> Vec<String> {
        (0..=self.below(3)).map(|_| list[self.below(list.len())].to_owned()).collect()
    }

    fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
