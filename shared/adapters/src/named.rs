//! JSON objects whose fields have names. serde's derived structs also take an array, its items for the fields in the
//! order of their declaration: `["pay_…"]` would be a nudge. What comes from outside is read by name or not at all.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// Something that was read from an object, never from an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(PhantomData)).map(Self)
    }
}

struct Fields<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Point {
        x: u8,
        y: Option<u8>,
    }

    #[test]
    fn an_array_is_not_read_as_the_fields_of_an_object() {
        let read = |text: &str| serde_json::from_str::<Named<Point>>(text).ok().map(|named| named.0);
        assert_eq!(read(r#"{"x":1,"z":3}"#), Some(Point { x: 1, y: None }));
        assert_eq!(
            serde_json::from_str::<Point>("[1,2]").unwrap(),
            Point { x: 1, y: Some(2) },
            "or this is not needed"
        );
        for other in ["[1,2]", r#"{"x":1,"x":2}"#, "7", "null", r#""x""#] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
