//! From a JSON tree to a request's own type, with the place of whatever does not fit.
//!
//! serde's derived code tells an error what is missing or unknown, but serde_json's error keeps only a sentence and a column.
//! This deserializer's error keeps the place. It is also narrower than JSON allows: a struct is an object, never an array.
//!
//! Must never: put a value that was sent into an error.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::json::{Fault, Json};

/// Reads a type from a tree.
///
/// # Errors
/// The first thing that does not fit, and where it stands.
pub(crate) fn read<T: DeserializeOwned>(tree: &Json) -> Result<T, Fault> {
    T::deserialize(Value(tree))
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` {}", self.pointer, self.detail)
    }
}

impl Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("must be {expected}"))
    }

    fn invalid_value(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        if matches!(unexpected, Unexpected::Signed(_) | Unexpected::Unsigned(_)) {
            return Self::new("is outside the range of numbers that can be taken");
        }
        Self::new(format!("must be {expected}"))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("must be one of {}", quoted(expected)))
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("is not a field of this request; its fields are {}", quoted(expected))).within(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("is missing").within(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new("is given more than once").within(field)
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A part of the tree, about to be read.
struct Value<'a>(&'a Json);

impl Value<'_> {
    fn integer<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Json::Integer(number) = self.0 else { return Err(Fault::new("must be a whole number")) };
        if let Ok(signed) = i64::try_from(*number) {
            return visitor.visit_i64(signed);
        }
        u64::try_from(*number)
            .map_or_else(|_| Err(Fault::new("is outside the range of numbers")), |n| visitor.visit_u64(n))
    }

    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Json::String(text) = self.0 else { return Err(Fault::new("must be a string")) };
        visitor.visit_str(text)
    }
}

/// Each of these methods has the same shape: the type asks for one kind, and nothing else will do.
macro_rules! deserialize_as {
    ($kind:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> { self.$kind(visitor) })*
    };
}

impl<'de> Deserializer<'de> for Value<'_> {
    type Error = Fault;

    deserialize_as!(integer: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128);
    deserialize_as!(text: deserialize_char deserialize_str deserialize_string deserialize_identifier);
    forward_to_deserialize_any! { f32 f64 bytes byte_buf unit unit_struct tuple tuple_struct ignored_any }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.0 {
            Json::Null => visitor.visit_unit(),
            Json::Bool(value) => visitor.visit_bool(*value),
            Json::Integer(_) => self.integer(visitor),
            Json::NotInteger => Err(Fault::new("must be a whole number")),
            Json::String(_) => self.text(visitor),
            Json::Array(_) => self.deserialize_seq(visitor),
            Json::Object(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Json::Bool(value) = self.0 else { return Err(Fault::new("must be true or false")) };
        visitor.visit_bool(*value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if *self.0 == Json::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Json::Array(items) = self.0 else { return Err(Fault::new("must be an array")) };
        visitor.visit_seq(Items { items: items.iter().enumerate() })
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let Json::Object(entries) = self.0 else { return Err(Fault::new("must be an object")) };
        visitor.visit_map(Entries { entries: entries.iter(), value: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        // Our requests have no enums with data, so an enum is the name of a variant.
        let Json::String(name) = self.0 else { return Err(Fault::unknown_variant("", variants)) };
        visitor.visit_enum(Variant(name))
    }
}

struct Items<'a> {
    items: std::iter::Enumerate<std::slice::Iter<'a, Json>>,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let Some((index, item)) = self.items.next() else { return Ok(None) };
        seed.deserialize(Value(item)).map(Some).map_err(|fault| fault.within(&index.to_string()))
    }
}

struct Entries<'a> {
    entries: std::slice::Iter<'a, (String, Json)>,
    value: Option<&'a (String, Json)>,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Fault> {
        self.value = self.entries.next();
        let Some((key, _)) = self.value else { return Ok(None) };
        let key: StrDeserializer<'_, Fault> = key.as_str().into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some((key, value)) = self.value.take() else { return Err(Fault::new("has a value without a key")) };
        seed.deserialize(Value(value)).map_err(|fault| fault.within(key))
    }
}

struct Variant<'a>(&'a str);

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let name: StrDeserializer<'_, Fault> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, _: T) -> Result<T::Value, Fault> {
        Err(Fault::new("must be a name"))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Fault> {
        Err(Fault::new("must be a name"))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], _: V) -> Result<V::Value, Fault> {
        Err(Fault::new("must be a name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Order {
        amount: i64,
        currency: String,
        capture_mode: Option<Mode>,
        customer: Option<Customer>,
        metadata: Option<BTreeMap<String, String>>,
        lines: Option<Vec<Customer>>,
        off_session: Option<bool>,
        small: Option<u8>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Customer {
        id: String,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Mode {
        Automatic,
        Manual,
    }

    fn order(text: &str) -> Result<Order, String> {
        read(&Json::parse(text.as_bytes()).unwrap()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_request_that_fits_is_read() {
        let read = order(
            r#"{"amount":9223372036854775807,"currency":"EUR","captureMode":"manual","customer":{"id":"c"},
                "metadata":{"k":"v"},"lines":[{"id":"x"}],"offSession":true,"small":null}"#,
        );
        let order = read.unwrap();
        assert_eq!((order.amount, order.capture_mode, order.small), (i64::MAX, Some(Mode::Manual), None));
        assert_eq!(order.metadata.unwrap(), BTreeMap::from([("k".to_owned(), "v".to_owned())]));
    }

    #[test]
    fn whatever_does_not_fit_is_named_by_its_place_and_without_its_value() {
        let with = |field: &str| format!(r#"{{"amount":1,"currency":"EUR",{field}}}"#);
        let cases = [
            (r#"{"currency":"EUR"}"#.to_owned(), "`/amount` is missing"),
            (r#"{"amount":"SENT","currency":"EUR"}"#.to_owned(), "`/amount` must be a whole number"),
            (r#"{"amount":null,"currency":"EUR"}"#.to_owned(), "`/amount` must be a whole number"),
            (
                r#"{"amount":9223372036854775808,"currency":"EUR"}"#.to_owned(),
                "`/amount` is outside the range of numbers that can be taken",
            ),
            (r#"{"amount":1,"currency":5}"#.to_owned(), "`/currency` must be a string"),
            (with(r#""customer":{}"#), "`/customer/id` is missing"),
            (with(r#""customer":["SENT"]"#), "`/customer` must be an object"),
            (
                with(r#""customer":{"id":"a","SENTKEY/x":1}"#),
                "`/customer/SENTKEY~1x` is not a field of this request; its fields are `id`",
            ),
            (with(r#""lines":[{"id":"a"},{"id":1}]"#), "`/lines/1/id` must be a string"),
            (with(r#""lines":{}"#), "`/lines` must be an array"),
            (with(r#""metadata":{"k":1}"#), "`/metadata/k` must be a string"),
            (with(r#""captureMode":"SENT""#), "`/captureMode` must be one of `automatic`, `manual`"),
            (with(r#""captureMode":7"#), "`/captureMode` must be one of `automatic`, `manual`"),
            (with(r#""captureMode":{"manual":null}"#), "`/captureMode` must be one of `automatic`, `manual`"),
            (with(r#""offSession":"true""#), "`/offSession` must be true or false"),
            (with(r#""small":256"#), "`/small` is outside the range of numbers that can be taken"),
            (with(r#""small":-1"#), "`/small` is outside the range of numbers that can be taken"),
            (r#"[1,"EUR"]"#.to_owned(), "`` must be an object"),
            ("null".to_owned(), "`` must be an object"),
            (r#""SENT""#.to_owned(), "`` must be an object"),
        ];
        for (text, expected) in cases {
            let fault = order(&text).unwrap_err();
            assert_eq!(fault, expected, "{text}");
        }
    }
}
