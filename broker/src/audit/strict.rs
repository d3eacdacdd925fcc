//! Whether a text is JSON in the one writing that the log uses: one object, no key twice at any
//! depth, no space between the tokens, nothing but printable ASCII.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::ascii;

/// Why `line` is not in that writing, if it is not.
pub(super) fn fault(line: &[u8]) -> Option<String> {
    stray_byte(line).or_else(|| {
        let parsed = serde_json::from_slice::<Strict>(line);
        parsed.err().map(|error| error.to_string())
    })
}

/// What is said of the first byte that JSON might pass and the log does not write.
fn stray_byte(line: &[u8]) -> Option<String> {
    let (mut quoted, mut escaped) = (false, false);
    for byte in line {
        match byte {
            _ if !ascii::may_stand(*byte) => return Some(format!("it holds the byte {byte:#04x}")),
            _ if escaped => escaped = false,
            b'\\' => escaped = quoted,
            b'"' => quoted = !quoted,
            b' ' if !quoted => return Some("it holds a space outside its texts".to_owned()),
            _ => {}
        }
    }
    None
}

/// Any JSON value without a key twice.
struct Strict;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<Self>()?;
            if let Some(twice) = keys.replace(key) {
                return Err(A::Error::custom(format_args!(
                    "the key `{}` stands twice",
                    twice.escape_debug()
                )));
            }
        }
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E: Error>(self) -> Result<Self, E> {
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_writing() {
        for (text, says) in [
            (r#"{"a":1,"b":[true,null,-1,1.5,"x y",{"a":"\" ,"}]}"#, None),
            (r#"{"a":1,"b":{"c":1,"c":2}}"#, Some("the key `c` stands twice")),
            (r#"{"a":1,"\u0061":2}"#, Some("the key `a` stands twice")),
            (r#"{"a": 1}"#, Some("a space outside")),
            (r#"{"a":1} "#, Some("a space outside")),
            (r#"{"a":"\\" ,"b":1}"#, Some("a space outside")),
            ("{\"a\":1}\r", Some("the byte 0x0d")),
            ("{\"a\":\"é\"}", Some("the byte 0xc3")),
            ("{\"a\":\"\u{7f}\"}", Some("the byte 0x7f")),
            (r#"{"a":1}{"#, Some("trailing characters")),
            (r#"{"a":1"#, Some("EOF")),
        ] {
            let fault = fault(text.as_bytes());
            match says {
                None => assert_eq!(fault, None, "{text}"),
                Some(says) => assert!(fault.unwrap().contains(says), "{text}"),
            }
        }
    }
}
