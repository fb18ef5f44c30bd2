//! A JSON document as it was sent: every key in its order, repeated ones too, with the place of each part.
//!
//! serde's own maps silently keep the last of two equal keys, and a signature, a log or a proxy may have seen the first. So
//! bodies are first read into this tree, looked through (for card numbers, for what is not strict), and then deserialized.
//!
//! Must never: recurse deeper than the parser's own limit, or put a value into an error.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Nothing that our API takes nests deeper than 3; 16 is room to grow.
const DEPTH_MAX: usize = 16;

/// More faults than this are not listed: nobody reads them, and the answer must stay small.
pub(super) const FAULTS_MAX: usize = 10;

/// No name of ours is longer, and no key that metadata may have. A longer one is a client's own, and is shown as far as this.
pub(super) const POINTER_SEGMENT_MAX: usize = 64;

/// A pointer is shown as far as this, so that ten of them with their sentences stay a few kilobytes, whatever was sent.
const POINTER_MAX: usize = 256;

/// Stands where a pointer was cut.
const CUT: char = '…';

/// A JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Integer(i128),
    /// A number with a fraction, an exponent, or more digits than 64 bits hold. Its value is of no use to us.
    NotInteger,
    String(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// A part of a document that can bear a text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Node<'a> {
    Key(&'a str),
    Value(&'a Json),
}

/// What is wrong with a part of a document. The sentence completes "`<pointer>` …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) pointer: Pointer,
    pub(crate) detail: String,
}

/// A place in a document: RFC 6901, kept from the inside out, because that is how it is found. What clients have named at
/// great length is cut: it is shown so that a person finds the place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Pointer(Vec<String>);

impl Json {
    /// Reads a document; what comes after it, and nesting beyond the parser's own limit (128), is an error.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Everything that is JSON but not what we take: repeated keys, numbers that are not whole, deep nesting.
    pub(crate) fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        self.collect_faults(1, &mut faults);
        faults
    }

    /// The place of the first node that `wanted` says yes to. For a key this is the object that has it: the key may be the secret.
    pub(crate) fn find(&self, wanted: &mut impl FnMut(Node<'_>) -> bool) -> Option<Pointer> {
        if wanted(Node::Value(self)) {
            return Some(Pointer::default());
        }
        match self {
            Self::Array(items) => items
                .iter()
                .enumerate()
                .find_map(|(index, item)| item.find(wanted).map(|pointer| pointer.within(&index.to_string()))),
            Self::Object(entries) => {
                if entries.iter().any(|(key, _)| wanted(Node::Key(key))) {
                    return Some(Pointer::default());
                }
                entries.iter().find_map(|(key, value)| value.find(wanted).map(|pointer| pointer.within(key)))
            }
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::NotInteger | Self::String(_) => None,
        }
    }

    fn collect_faults(&self, depth: usize, faults: &mut Vec<Fault>) {
        let before = faults.len();
        if before >= FAULTS_MAX {
            return;
        }
        match self {
            Self::NotInteger => {
                faults.push(Fault::new("must be a whole number, written without a fraction or an exponent"))
            }
            Self::Array(_) | Self::Object(_) if depth > DEPTH_MAX => {
                faults.push(Fault::new(format!("is nested deeper than {DEPTH_MAX} levels")));
            }
            Self::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    item.collect_faults_within(&index.to_string(), depth, faults);
                }
            }
            Self::Object(entries) => {
                let mut seen = std::collections::BTreeSet::new();
                for (key, value) in entries {
                    if !seen.insert(key) && faults.len() < FAULTS_MAX {
                        faults.push(Fault::new("is given more than once").within(key));
                    }
                    value.collect_faults_within(key, depth, faults);
                }
            }
            Self::Null | Self::Bool(_) | Self::Integer(_) | Self::String(_) => {}
        }
    }

    fn collect_faults_within(&self, key: &str, depth: usize, faults: &mut Vec<Fault>) {
        let before = faults.len();
        self.collect_faults(depth.saturating_add(1), faults);
        for fault in faults.iter_mut().skip(before) {
            fault.pointer.push(key);
        }
    }
}

impl Fault {
    /// A fault of the whole document (so far).
    pub(crate) fn new(detail: impl Into<String>) -> Self {
        Self { pointer: Pointer::default(), detail: detail.into() }
    }

    /// The same fault, seen from one level further out.
    pub(crate) fn within(self, key: &str) -> Self {
        Self { pointer: self.pointer.within(key), detail: self.detail }
    }
}

impl Pointer {
    fn within(mut self, key: &str) -> Self {
        self.push(key);
        self
    }

    fn push(&mut self, key: &str) {
        self.0.push(cut(key, POINTER_SEGMENT_MAX));
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segments = self.0.iter().rev().map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1")));
        formatter.write_str(&cut(&segments.collect::<String>(), POINTER_MAX))
    }
}

/// At most so many characters of a text, with a sign where some are missing.
pub(super) fn cut(text: &str, length_max: usize) -> String {
    if text.chars().nth(length_max).is_none() {
        return text.to_owned();
    }
    text.chars().take(length_max.saturating_sub(1)).chain([CUT]).collect()
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Json;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Integer(value.into()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::NotInteger)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            object.push(entry);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn faults_of(text: &str) -> Vec<(String, String)> {
        let tree = Json::parse(text.as_bytes()).unwrap();
        tree.faults().into_iter().map(|fault| (fault.pointer.to_string(), fault.detail)).collect()
    }

    #[test]
    fn a_repeated_key_is_a_fault_at_every_depth() {
        assert_eq!(faults_of(r#"{"a":1,"a":1}"#), [("/a".to_owned(), "is given more than once".to_owned())]);
        assert_eq!(faults_of(r#"{"m":[{"x":{"k":1,"k":2}}]}"#)[0].0, "/m/0/x/k");
        // The same key written with an escape.
        assert_eq!(faults_of(r#"{"a":1,"\u0061":2}"#)[0].0, "/a");
        assert!(faults_of(r#"{"a":{"b":1},"b":{"a":1},"c":[{"b":1},{"b":1}]}"#).is_empty());
    }

    #[test]
    fn only_whole_numbers_are_taken() {
        for number in ["1.5", "1.0", "1e3", "-0", "1E-2", "18446744073709551616", "-9223372036854775809"] {
            let faults = faults_of(&format!(r#"{{"m":{{"amount":{number}}}}}"#));
            assert_eq!(faults.len(), 1, "{number}");
            assert_eq!(faults[0].0, "/m/amount", "{number}");
        }
        assert!(faults_of(r#"{"amount":18446744073709551615,"other":-9223372036854775808}"#).is_empty());
    }

    #[test]
    fn sixteen_levels_are_taken_and_seventeen_are_not() {
        let nested = |levels: usize| format!("{}1{}", r#"{"k":"#.repeat(levels), "}".repeat(levels));
        assert!(faults_of(&nested(16)).is_empty());
        let faults = faults_of(&nested(17));
        assert_eq!((faults.len(), faults[0].0.as_str()), (1, "/k".repeat(16).as_str()));
        assert!(Json::parse(nested(100_000).as_bytes()).is_err(), "the parser's own limit keeps the stack");
        assert!(Json::parse("[".repeat(60_000).as_bytes()).is_err());
    }

    #[test]
    fn the_list_of_faults_is_bounded() {
        let many: Vec<String> = (0..1_000).map(|_| r#""k":0.5"#.to_owned()).collect();
        assert_eq!(faults_of(&format!("{{{}}}", many.join(","))).len(), FAULTS_MAX);
    }

    #[test]
    fn what_a_client_named_at_great_length_is_cut_in_the_pointer() {
        let long = "k".repeat(60_000);
        let faults = faults_of(&format!(r#"{{"{long}":{{{}"a":1}}}}"#, r#""a":1,"#.repeat(20)));
        assert_eq!(faults.len(), FAULTS_MAX);
        assert!(faults.iter().all(|(pointer, _)| *pointer == format!("/{}…/a", "k".repeat(63))), "{faults:?}");
        let exact = "ü".repeat(POINTER_SEGMENT_MAX);
        assert_eq!(faults_of(&format!(r#"{{"{exact}":0.5}}"#))[0].0, format!("/{exact}"));
        let deep = format!("{}0.5{}", format!(r#"{{"{}":"#, "k".repeat(64)).repeat(16), "}".repeat(16));
        let pointer = &faults_of(&deep)[0].0;
        assert_eq!((pointer.chars().count(), pointer.ends_with(CUT)), (POINTER_MAX, true), "{pointer}");
    }

    #[test]
    fn a_pointer_escapes_what_rfc_6901_says() {
        assert_eq!(faults_of(r#"{"a/b~c":{"":0.5}}"#)[0].0, "/a~1b~0c/");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_fall_over(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(tree) = Json::parse(&bytes) { tree.faults(); }
        }

        #[test]
        fn no_text_of_json_characters_makes_it_fall_over(text in r#"[\[\]{}",:0-9eE.\-\\utrnl ]{0,200}"#) {
            if let Ok(tree) = Json::parse(text.as_bytes()) { tree.faults(); }
        }
    }
}
