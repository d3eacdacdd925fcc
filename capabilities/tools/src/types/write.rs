//! The declarations themselves: the bridge, and a member of `Commands` for each command.

use std::fmt::Write as _;

use serde_json::Value;
use sidegate_capabilities::outline::Entry;
use sidegate_capabilities::{Limits, Principal};

use super::schema::{Member, Of, Reader, grouped, intersection, object};
use super::{Ground, comment, filter, literal, pattern};
use crate::commands::{Answers, Resource, Signature};
use crate::reach::{Reached, scope};

/// The indentation of a command's `args` and `result`.
const INDENT: usize = 8;

/// What ends the file.
pub(super) const TAIL: &str = "    }
  }
}
";

/// What the bridge's functions take beside a command and its arguments.
const OPTIONS: &str = include_str!("options.d.ts");

/// What stands before the commands. It is the bridge as `webview-host` puts it into a page.
pub(super) fn head(principal: &Principal) -> String {
    format!(
        "\
// Written by `sidegate types` for the window `{}` on {}.
// Do not edit it: run the command again when the policy or the commands change.
// A type tells what may be called; whether a call is allowed is decided by the app's core.
export {{}};

declare global {{
  interface Window {{
    /** The way to the app's core. It cannot be replaced. */
    readonly sidegate: Sidegate.Bridge;
  }}

  /** The way to the app's core. */
  const sidegate: Sidegate.Bridge;

  namespace Sidegate {{
    interface Bridge {{
      /** Calls a command. What is refused or fails rejects with a {{@link CallError}}. */
      readonly invoke: <C extends keyof Commands>(
        command: C,
        ...rest: {{}} extends Commands[C][\"args\"]
          ? [args?: Commands[C][\"args\"], options?: CallOptions | null]
          : [args: Commands[C][\"args\"], options?: CallOptions | null]
      ) => Promise<Commands[C][\"result\"]>;

      /** Calls a command that answers item by item. Leaving the loop cancels the call. */
      readonly stream: <C extends keyof Commands>(
        command: C,
        ...rest: {{}} extends Commands[C][\"args\"]
          ? [args?: Commands[C][\"args\"], options?: CallOptions | null]
          : [args: Commands[C][\"args\"], options?: CallOptions | null]
      ) => AsyncIterableIterator<Commands[C] extends {{ item: infer Item }} ? Item : never>;

      /** Hears of the events of a topic, until what it resolves to is called. */
      readonly listen: (
        topic: string,
        handler: (payload: any) => void,
        options?: ListenOptions | null,
      ) => Promise<() => void>;

      /** Lends a port to call through, for less than the page may itself. */
      readonly delegate: (narrowing: Narrowing) => Promise<Delegation>;

      /** The values that the app's windows share. */
      readonly state: State;
    }}

{OPTIONS}",
        principal.window(),
        comment(&principal.origin().to_string()),
    )
}

/// The member for one command.
pub(super) fn command(out: &mut String, reached: &Reached<'_>, ground: Ground<'_>) {
    out.push_str("      /**\n");
    for line in documentation(reached) {
        let line = format!("       * {}", comment(&line));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push_str("       */\n");
    let name = literal(reached.command.as_str());
    let (args, result) = (args(reached, ground), result(reached));
    let answers = reached.signature.answers;
    let result = match answers {
        Answers::Value | Answers::Values => result,
        Answers::Bytes | Answers::Pieces => "ArrayBuffer".to_owned(),
    };
    // What is asked by `stream` has items and no result.
    let told = if answers.is_stream() {
        format!("item: {result};\n        result: never")
    } else {
        format!("result: {result}")
    };
    let _ = write!(out, "      {name}: {{\n        args: {args};\n        {told};\n      }};\n");
}

fn documentation(reached: &Reached<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(description) = &reached.signature.description {
        lines.extend([description.clone(), String::new()]);
    }
    lines.extend(reached.allow.iter().map(|entry| {
        let limits = limits(&entry.limits);
        let limits = limits.map(|limits| format!(", at most {limits}")).unwrap_or_default();
        let schema = if entry.args.is_some() { ", arguments as its schema says" } else { "" };
        let ask = entry.ask.map(|when| format!(", after the person was asked ({when})"));
        let ask = ask.unwrap_or_default();
        format!("- allowed{}{schema}{limits}{ask} ({})", places(entry, " where"), at(entry))
    }));
    lines.extend(reached.deny.iter().map(|entry| {
        let schema =
            if entry.args.is_some() { ", for arguments that its schema takes" } else { "" };
        format!("- denied{}{schema} ({})", places(entry, " where"), at(entry))
    }));
    lines
}

fn at(entry: &Entry) -> String {
    format!("{}:{}, `{}`", entry.rule.file, entry.rule.line, entry.rule.capability)
}

fn places(entry: &Entry, before: &str) -> String {
    let mut out = String::new();
    for resource in [Resource::Path, Resource::Url, Resource::Key] {
        if let Some(patterns) = scope(entry, resource) {
            let patterns: Vec<_> = patterns.iter().map(|pattern| format!("`{pattern}`")).collect();
            let and = if out.is_empty() { before } else { " and" };
            let _ = write!(out, "{and} `{}` is in {}", resource.argument(), patterns.join(", "));
        }
    }
    out
}

fn limits(limits: &Limits) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(rate) = limits.rate {
        let span = match rate.per_second.seconds() {
            1 => "second".to_owned(),
            seconds => format!("{seconds} seconds"),
        };
        parts.push(
            format!("{} calls a {span}", rate.per_second.calls())
                .replace("a 60 seconds", "a minute"),
        );
    }
    parts.extend(limits.in_flight.map(|most| format!("{most} at once")));
    parts.extend(limits.bytes.map(|most| format!("{most} bytes")));
    parts.extend(limits.deadline.map(|most| format!("{most:?} each")));
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The type of the arguments: of each entry that narrows them differently, one.
fn args(reached: &Reached<'_>, ground: Ground<'_>) -> String {
    let mut groups: Vec<(Option<String>, Vec<&Entry>)> = Vec::new();
    for entry in &reached.allow {
        let narrowed = narrowed(reached.signature, entry.args.as_ref());
        match groups.iter_mut().find(|(found, _)| *found == narrowed) {
            Some((_, entries)) => entries.push(entry),
            None => groups.push((narrowed, vec![entry])),
        }
    }
    let types: Vec<_> = groups
        .into_iter()
        .map(|(narrowed, entries)| {
            let own = own(reached.signature, resources(reached.signature, &entries, ground));
            intersection([own].into_iter().chain(narrowed).collect())
        })
        .collect();
    let many = types.len() > 1;
    let types: Vec<_> =
        types.iter().map(|ty| if many { grouped(ty) } else { ty.clone() }).collect();
    types.join(" | ")
}

/// The resources as members, typed by the patterns of all the entries.
fn resources(signature: &Signature, entries: &[&Entry], ground: Ground<'_>) -> Vec<Member> {
    let member = |resource: &Resource| {
        let scopes = entries.iter().filter_map(|entry| scope(entry, *resource));
        let patterns: Vec<String> = scopes.flatten().cloned().collect();
        let ty = match resource {
            Resource::Path => pattern::path(&patterns, ground),
            Resource::Key => pattern::key(&patterns),
            Resource::Url => "string".to_owned(),
        };
        // An entry without a scope allows the call that names none.
        let required = entries.iter().all(|entry| scope(entry, *resource).is_some());
        Member { name: resource.argument().to_owned(), required, ty, description: None }
    };
    let named =
        |resource: &&Resource| entries.iter().any(|entry| scope(entry, **resource).is_some());
    let optional = signature.optional.iter().filter(named);
    signature.resources.iter().chain(optional).map(member).collect()
}

/// What the handler takes, and the resources.
fn own(signature: &Signature, resources: Vec<Member>) -> String {
    let open = Some("unknown".to_owned());
    let Some(keywords) = &signature.args else {
        return object(&resources, open.as_ref(), INDENT);
    };
    let root = Value::Object(keywords.clone());
    let reader = Reader::new(&root, Of::Arguments, INDENT);
    let is_plain =
        ["anyOf", "oneOf", "allOf", "$ref"].iter().all(|key| !keywords.contains_key(*key));
    if !is_plain {
        return intersection(vec![object(&resources, open.as_ref(), INDENT), reader.ty(&root)]);
    }
    let members: Vec<_> = resources.into_iter().chain(reader.members(keywords)).collect();
    object(&members, reader.others(keywords).as_ref(), INDENT)
}

/// What a policy's schema says beyond that, as far as a type can say it.
fn narrowed(signature: &Signature, policy: Option<&Value>) -> Option<String> {
    let root = policy?;
    let keywords = root.as_object()?;
    let reader = Reader::new(root, Of::Arguments, INDENT);
    let own =
        signature.args.as_ref().and_then(|args| args.get("properties")).and_then(Value::as_object);
    let own: Vec<&str> = signature
        .resources
        .iter()
        .chain(&signature.optional)
        .map(|resource| resource.argument())
        .chain(own.into_iter().flatten().map(|(name, _)| name.as_str()))
        .collect();
    let mut members = reader.members(keywords);
    if reader.others(keywords).is_none() {
        let others = own.iter().filter(|name| members.iter().all(|member| member.name != **name));
        let never = others.map(|name| Member {
            name: (*name).to_owned(),
            required: false,
            ty: "never".to_owned(),
            description: None,
        });
        let never: Vec<_> = never.collect();
        members.extend(never);
    }
    members.retain(|member| member.required || member.ty != "unknown");
    (!members.is_empty()).then(|| object(&members, None, INDENT))
}

/// The type of what is left of the result.
fn result(reached: &Reached<'_>) -> String {
    let Some(schema) = &reached.signature.result else {
        return "unknown".to_owned();
    };
    let left = filter::filtered(schema, &reached.allow);
    // What definitions say is looked up in the schema as it was, which has them all.
    Reader::new(schema, Of::Result, INDENT).ty(&left)
}
