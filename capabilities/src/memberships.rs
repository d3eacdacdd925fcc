//! Which patterns and schemas of a policy a call's arguments are in, whatever its window, origin and
//! command. For tools that hand a policy to an engine which has no such patterns of its own: it is
//! told what they match, and puts together the rest.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::args::Args;
use crate::capability::Capability;
use crate::rule::{Entry, Rule};
use crate::scope::{KeyPattern, Named, PathPattern, Resources, UrlPattern};
use crate::verdict::Effect;

/// What a call's arguments are in.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Memberships<'p> {
    /// The argument `path`.
    pub path: Membership<'p>,
    /// The argument `url`.
    pub url: Membership<'p>,
    /// The argument `key`.
    pub key: Membership<'p>,
    /// The schemas that accept the arguments, as written.
    pub schemas: Vec<&'p Value>,
}

/// What an argument that names a resource is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership<'p> {
    /// The call has no such argument.
    Absent,
    /// It has, and it names nothing.
    Unreadable,
    /// It names a resource. The patterns that match it, as written: a wildcard of a deny entry
    /// matches hidden names and one of an allow entry does not, so each has a set of its own.
    Named {
        /// Of the allow entries.
        allow: BTreeSet<&'p str>,
        /// Of the deny entries.
        deny: BTreeSet<&'p str>,
    },
}

/// Every rule counts, those of other windows and of capabilities that are over too.
pub(crate) fn of<'p>(
    capabilities: &'p [Capability],
    resources: &Resources<'_>,
    args: &Args,
) -> Memberships<'p> {
    let rules: Vec<_> = capabilities.iter().flat_map(Capability::rules).collect();
    let path = Scope {
        patterns: |entry| entry.path.as_deref(),
        matches: PathPattern::matches,
        written: PathPattern::written,
    };
    let url = Scope {
        patterns: |entry| entry.url.as_deref(),
        matches: UrlPattern::matches,
        written: UrlPattern::written,
    };
    let key = Scope {
        patterns: |entry| entry.key.as_deref(),
        matches: KeyPattern::matches,
        written: KeyPattern::written,
    };
    Memberships {
        path: path.membership(&rules, &resources.path),
        url: url.membership(&rules, &resources.url),
        key: key.membership(&rules, &resources.key),
        schemas: accepting(&rules, args),
    }
}

/// One kind of scope: where an entry has it, and how its patterns are asked.
struct Scope<P, T> {
    patterns: fn(&Entry) -> Option<&[P]>,
    matches: fn(&P, &T) -> bool,
    written: fn(&P) -> &str,
}

impl<P, T> Scope<P, T> {
    fn membership<'p>(&self, rules: &[&'p Rule], named: &Named<T>) -> Membership<'p>
    where
        P: 'p,
    {
        let resource = match named {
            Named::Absent => return Membership::Absent,
            Named::Bad(_) => return Membership::Unreadable,
            Named::Good(resource) => resource,
        };
        let of = |effect| {
            let mine = rules.iter().filter(|rule| rule.reference.effect == effect);
            let patterns = mine.filter_map(|rule| (self.patterns)(&rule.entry)).flatten();
            let found = patterns.filter(|pattern| (self.matches)(pattern, resource));
            found.map(|pattern| (self.written)(pattern)).collect()
        };
        Membership::Named { allow: of(Effect::Allow), deny: of(Effect::Deny) }
    }
}

/// The schemas that accept the arguments, each once.
fn accepting<'p>(rules: &[&'p Rule], args: &Args) -> Vec<&'p Value> {
    let mut found: Vec<&Value> = Vec::new();
    for schema in rules.iter().filter_map(|rule| rule.entry.schema.as_deref()) {
        if !found.contains(&schema.written()) && schema.accepts(args) {
            found.push(schema.written());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::directories::Directories;
    use crate::policy::{Context, Policy};
    use crate::sources::Sources;

    #[test]
    fn what_the_arguments_of_a_call_are_in() {
        let text = r#"
version = 1
[[capability]]
id = "c"
description = "d"
windows = ["main"]
expires = 2020-01-01T00:00:00Z
allow = [
  { commands = ["a"], path = ["/d/**", "/d/*"], args = { required = ["n"] } },
  { commands = ["b"], path = ["/d/*"], key = ["a.*"], url = ["https://example.com/**"] },
]
deny = [{ commands = ["a"], path = ["/d/*"] }]
"#;
        let directories = Directories::sample();
        let sources = Sources::from_texts([("p.toml".to_owned(), text.to_owned())]);
        let policy = Policy::compile(&sources, &Context::new(&directories)).unwrap().policy;
        let named = |allow: &[&'static str], deny: &[&'static str]| Membership::Named {
            allow: allow.iter().copied().collect(),
            deny: deny.iter().copied().collect(),
        };
        let schema = json!({ "required": ["n"] });
        #[rustfmt::skip]
        let cases = [
            (json!({}), Membership::Absent, Membership::Absent, Membership::Absent, vec![]),
            (json!({"path": "/d/x", "n": 1}), named(&["/d/*", "/d/**"], &["/d/*"]), Membership::Absent, Membership::Absent, vec![&schema]),
            (json!({"path": "/d/.x"}), named(&[], &["/d/*"]), Membership::Absent, Membership::Absent, vec![]),
            (json!({"path": "/d//x", "key": 1}), Membership::Unreadable, Membership::Absent, Membership::Unreadable, vec![]),
            (json!({"key": "a.b", "url": "https://example.com/x"}), Membership::Absent, named(&["https://example.com/**"], &[]), named(&["a.*"], &[]), vec![]),
            (json!({"key": "b.b", "url": "https://example.org/x"}), Membership::Absent, named(&[], &[]), named(&[], &[]), vec![]),
        ];
        for (args, path, url, key, schemas) in cases {
            let args = Args::new(args.as_object().unwrap().clone());
            let expected = Memberships { path, url, key, schemas };
            assert_eq!(policy.memberships(&args), expected, "{:?}", args.as_value());
        }
    }
}
