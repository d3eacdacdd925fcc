//! The record of a decided call, by far the most there are of: its text is made by hand, where the
//! serializer of all events would go over each byte several times. The two are held to be the same.

use serde::Serialize;
use serde_json::Value;

use super::event::{Shadow, Verdict};
use super::hash::Digest;
use super::{ascii, clip};

/// A decided call.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Call<'a> {
    /// The label of the window that asked.
    #[serde(serialize_with = "clip::name")]
    pub window: &'a str,
    /// The host the window is in.
    pub host: u64,
    /// The document of the window.
    pub document: u64,
    /// The origin of the document.
    #[serde(serialize_with = "clip::origin")]
    pub origin: &'a str,
    /// The command, as the page wrote it.
    #[serde(serialize_with = "clip::name")]
    pub command: &'a str,
    /// The number the page gave the call.
    pub call: u64,
    /// The decision.
    pub verdict: Verdict,
    /// The stage of the pipeline that decided: receive, authenticate, limit, decide, validate,
    /// scope, ask or record.
    pub stage: &'static str,
    /// The rule that decided, as `file:line`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "clip::maybe_text")]
    pub rule: Option<&'a str>,
    /// The code of the reason for a refusal.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "clip::maybe_name")]
    pub reason: Option<&'a str>,
    /// The reason as a sentence for the developer, with what would allow the call.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "clip::maybe_text")]
    pub why: Option<&'a str>,
    /// The arguments, only where the policy wants them in the log: `args`, or `args_cut` when long.
    #[serde(flatten, serialize_with = "clip::args")]
    pub args: Option<&'a Value>,
    /// JSON pointers into the arguments whose values are kept out: `null` stands there instead.
    #[serde(skip_serializing_if = "<[String]>::is_empty", serialize_with = "clip::list")]
    pub redacted: &'a [String],
    /// The length of the arguments.
    pub args_bytes: u64,
    /// What the arguments were, for comparison. Left out of all calls of a command of which some are
    /// kept out: with the others known, a short one could be guessed from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args_digest: Option<Digest>,
    /// What the observed policy says, where that is another verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow<'a>>,
    /// From the arrival of the call to its decision, in microseconds.
    pub micros: u64,
}

impl Call<'_> {
    /// Appends the members of its event to an object that has some. `None`, and nothing was appended:
    /// it says something that few calls say, and is the serializer's.
    pub(super) fn push(&self, buffer: &mut Vec<u8>) -> Option<Result<(), serde_json::Error>> {
        let is_plain = self.args.is_none() && self.redacted.is_empty() && self.shadow.is_none();
        is_plain.then(|| self.push_plain(&mut Members(buffer)))
    }

    fn push_plain(&self, members: &mut Members<'_>) -> Result<(), serde_json::Error> {
        members.literal(b",\"event\":\"call\"");
        members.text(b",\"window\":", self.window, clip::MAX_NAME)?;
        members.number(b",\"host\":", self.host)?;
        members.number(b",\"document\":", self.document)?;
        members.text(b",\"origin\":", self.origin, clip::MAX_ORIGIN)?;
        members.text(b",\"command\":", self.command, clip::MAX_NAME)?;
        members.number(b",\"call\":", self.call)?;
        members.literal(match self.verdict {
            Verdict::Allow => b",\"verdict\":\"allow\"",
            Verdict::Deny => b",\"verdict\":\"deny\"",
        });
        members.text(b",\"stage\":", self.stage, usize::MAX)?;
        for (name, text, most) in [
            (&b",\"rule\":"[..], self.rule, clip::MAX_TEXT),
            (b",\"reason\":", self.reason, clip::MAX_NAME),
            (b",\"why\":", self.why, clip::MAX_TEXT),
        ] {
            text.map_or(Ok(()), |text| members.text(name, text, most))?;
        }
        members.number(b",\"args_bytes\":", self.args_bytes)?;
        if let Some(digest) = &self.args_digest {
            members.text(b",\"args_digest\":", digest.as_str(), usize::MAX)?;
        }
        members.number(b",\"micros\":", self.micros)
    }
}

/// What becomes the members of an object. A name comes with all that stands round it.
struct Members<'a>(&'a mut Vec<u8>);

impl Members<'_> {
    fn literal(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }

    fn text(&mut self, name: &[u8], text: &str, most: usize) -> Result<(), serde_json::Error> {
        self.literal(name);
        ascii::push_text(self.0, &clip::Clipped::new(text, most))
    }

    fn number(&mut self, name: &[u8], number: u64) -> Result<(), serde_json::Error> {
        self.literal(name);
        ascii::push(self.0, &number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Event;
    use proptest::prelude::*;

    fn by_hand(call: &Call<'_>) -> Option<String> {
        let mut buffer = b"{".to_vec();
        call.push(&mut buffer)?.unwrap();
        // What every record has before its event.
        buffer.remove(1);
        buffer.push(b'}');
        Some(String::from_utf8(buffer).unwrap())
    }

    fn serialized(call: Call<'_>) -> String {
        let mut buffer = Vec::new();
        ascii::push(&mut buffer, &Event::Call(call)).unwrap();
        String::from_utf8(buffer).unwrap()
    }

    /// Texts of every kind: plain, to be escaped, at their limit, over it.
    fn text() -> impl Strategy<Value = String> {
        let long = (prop_oneof![Just("x"), Just("é"), Just("\"")], 120_usize..1_100);
        prop_oneof![
            3 => "[a-z:/._ `,()0-9-]{0,40}",
            1 => any::<String>(),
            1 => long.prop_map(|(letter, times)| letter.repeat(times)),
        ]
    }

    proptest! {
        #[test]
        fn a_record_made_by_hand_is_the_serialized_one(
            texts in proptest::array::uniform6(text()),
            has in proptest::array::uniform5(any::<bool>()),
            numbers in proptest::array::uniform5(any::<u64>()),
        ) {
            let [window, origin, command, rule, reason, why] = &texts;
            let [has_rule, has_reason, has_why, has_digest, is_allowed] = has;
            let [host, document, number, args_bytes, micros] = numbers;
            let call = Call {
                window,
                host,
                document,
                origin,
                command,
                call: number,
                verdict: if is_allowed { Verdict::Allow } else { Verdict::Deny },
                stage: "decide",
                rule: has_rule.then_some(rule),
                reason: has_reason.then_some(reason),
                why: has_why.then_some(why),
                args: None,
                redacted: &[],
                args_bytes,
                args_digest: has_digest.then(|| Digest::of(why.as_bytes())),
                shadow: None,
                micros,
            };
            prop_assert_eq!(by_hand(&call), Some(serialized(call)));
        }
    }

    #[test]
    fn what_few_calls_say_is_the_serializers() {
        let (args, redacted) = (serde_json::json!({ "a": 1 }), ["/a".to_owned()]);
        let plain = Call {
            window: "w",
            host: 1,
            document: 1,
            origin: "app://localhost",
            command: "a.b",
            call: 1,
            verdict: Verdict::Allow,
            stage: "decide",
            rule: None,
            reason: None,
            why: None,
            args: None,
            redacted: &[],
            args_bytes: 2,
            args_digest: None,
            shadow: None,
            micros: 1,
        };
        assert_eq!(by_hand(&plain), Some(serialized(plain)));
        let shadow = Shadow { verdict: Verdict::Deny, reason: None, rule: None };
        for call in [
            Call { args: Some(&args), ..plain },
            Call { redacted: &redacted, ..plain },
            Call { shadow: Some(shadow), ..plain },
        ] {
            assert_eq!(by_hand(&call), None, "{call:?}");
        }
    }
}
