//! An object of which a few members are wanted, by name: they are put in places, and no map is made of
//! them.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::{JsonErrorKind, Node};

/// The members of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Members<const N: usize> {
    /// Those that were asked for, in the order in which they were.
    pub wanted: [Option<Value>; N],
    /// Whether it has any other.
    pub has_others: bool,
}

/// Reads the whole of a text: `None` where that is no object.
pub(super) struct Whole<'b, 'n, const N: usize> {
    pub(super) names: [&'n str; N],
    pub(super) node: Node<'b>,
}

impl<'de, const N: usize> Visitor<'de> for Whole<'_, '_, N> {
    type Value = Option<Members<N>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.expecting(f)
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        self.node.visit_unit().map(|_| None)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
        self.node.visit_bool(value).map(|_| None)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
        self.node.visit_i64(value).map(|_| None)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
        self.node.visit_u64(value).map(|_| None)
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        self.node.visit_f64(value).map(|_| None)
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
        self.node.visit_seq(items).map(|_| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let inner = self.node.inner()?;
        let mut found = [const { None }; N];
        let mut others = BTreeSet::new();
        while let Some(key) = members.next_key_seed(Key(&self.names))? {
            self.node.count_key()?;
            let twice = || self.node.budget.refuse(JsonErrorKind::DuplicateKey);
            match key {
                Name::Wanted(place) => {
                    let place = found.get_mut(place).filter(|place| place.is_none());
                    let place = place.ok_or_else(twice)?;
                    *place = Some(members.next_value_seed(inner)?);
                }
                Name::Other(name) => {
                    if !others.insert(name) {
                        return Err(twice());
                    }
                    let _unwanted = members.next_value_seed(inner)?;
                }
            }
        }
        Ok(Some(Members { wanted: found, has_others: !others.is_empty() }))
    }
}

/// Reads the name of a member.
struct Key<'n>(&'n [&'n str]);

enum Name {
    /// By its place among those that are wanted.
    Wanted(usize),
    Other(String),
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Name, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Name, E> {
        let place = self.0.iter().position(|wanted| *wanted == name);
        Ok(place.map_or_else(|| Name::Other(name.to_owned()), Name::Wanted))
    }
}
