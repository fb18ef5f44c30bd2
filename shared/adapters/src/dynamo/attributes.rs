//! Attributes by name and type, written and read. What does not fit is told by the path to it, never by its value.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    str::FromStr,
};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use flow::ports::Error;

use super::words::Word;

/// A row, or a map inside a row, as DynamoDB has it.
pub type Item = HashMap<String, AttributeValue>;

/// What does not fit: it cannot be read, or could not be read again if it were written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` {why}")]
pub struct Unfit {
    path: String,
    why: String,
}

impl Unfit {
    pub(super) fn new(path: &str, why: impl fmt::Display) -> Self {
        Self { path: path.to_owned(), why: why.to_string() }
    }
}

impl From<Unfit> for Error {
    fn from(unfit: Unfit) -> Self {
        Self::Unreadable { detail: unfit.to_string() }
    }
}

/// Attributes that are being written.
#[derive(Debug, Default)]
pub(super) struct Written(Item);

impl Written {
    pub(super) fn text(self, name: &str, value: impl Into<String>) -> Self {
        self.put(name, AttributeValue::S(value.into()))
    }

    pub(super) fn word(self, name: &str, value: impl Word) -> Self {
        self.text(name, value.word())
    }

    pub(super) fn number(self, name: &str, value: impl ToString) -> Self {
        self.put(name, AttributeValue::N(value.to_string()))
    }

    pub(super) fn flag(self, name: &str, value: bool) -> Self {
        self.put(name, AttributeValue::Bool(value))
    }

    pub(super) fn bytes(self, name: &str, value: Vec<u8>) -> Self {
        self.put(name, AttributeValue::B(Blob::new(value)))
    }

    pub(super) fn map(self, name: &str, value: Self) -> Self {
        self.put(name, AttributeValue::M(value.0))
    }

    pub(super) fn list(self, name: &str, values: impl IntoIterator<Item = Self>) -> Self {
        let maps = values.into_iter().map(|value| AttributeValue::M(value.0)).collect();
        self.put(name, AttributeValue::L(maps))
    }

    /// What is not there leaves no attribute behind.
    pub(super) fn maybe<T>(self, value: Option<T>, write: impl FnOnce(Self, T) -> Self) -> Self {
        match value {
            Some(value) => write(self, value),
            None => self,
        }
    }

    pub(super) fn into_item(self) -> Item {
        self.0
    }

    fn put(mut self, name: &str, value: AttributeValue) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }
}

/// Attributes that are being read, and where in the row they stand. Whatever nobody asks for is left alone: the next
/// release may have put it there.
#[derive(Debug)]
pub(super) struct Attributes<'a> {
    item: &'a Item,
    path: String,
}

impl<'a> Attributes<'a> {
    /// The attributes of a whole row.
    pub(super) const fn of(item: &'a Item) -> Self {
        Self { item, path: String::new() }
    }

    pub(super) fn unfit(&self, name: &str, why: impl fmt::Display) -> Unfit {
        Unfit::new(&self.path_to(name), why)
    }

    pub(super) fn text(&self, name: &str) -> Result<&'a str, Unfit> {
        self.must(name, self.maybe_text(name)?)
    }

    pub(super) fn maybe_text(&self, name: &str) -> Result<Option<&'a str>, Unfit> {
        self.get(name, "is not a string", |value| value.as_s().ok().map(String::as_str))
    }

    /// A text that is read by one of the domain's own parsers.
    pub(super) fn parsed<T, E: fmt::Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Unfit> {
        parse(self.text(name)?).map_err(|why| self.unfit(name, why))
    }

    pub(super) fn maybe_parsed<T, E: fmt::Display>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Unfit> {
        self.maybe_text(name)?.map(parse).transpose().map_err(|why| self.unfit(name, why))
    }

    pub(super) fn word<W: Word>(&self, name: &str) -> Result<W, Unfit> {
        self.must(name, self.maybe_word(name)?)
    }

    pub(super) fn maybe_word<W: Word>(&self, name: &str) -> Result<Option<W>, Unfit> {
        self.maybe_parsed(name, |text| W::from_word(text).ok_or("is a word that this release does not know"))
    }

    pub(super) fn number<N: FromStr>(&self, name: &str) -> Result<N, Unfit> {
        self.must(name, self.maybe_number(name)?)
    }

    pub(super) fn maybe_number<N: FromStr>(&self, name: &str) -> Result<Option<N>, Unfit> {
        let digits = self.get(name, "is not a number", |value| value.as_n().ok())?;
        digits.map(|digits| digits.parse().map_err(|_| self.unfit(name, "is out of range"))).transpose()
    }

    pub(super) fn flag(&self, name: &str) -> Result<bool, Unfit> {
        self.must(name, self.maybe_flag(name)?)
    }

    pub(super) fn maybe_flag(&self, name: &str) -> Result<Option<bool>, Unfit> {
        self.get(name, "is not a boolean", |value| value.as_bool().ok().copied())
    }

    pub(super) fn bytes(&self, name: &str) -> Result<&'a [u8], Unfit> {
        self.must(name, self.maybe_bytes(name)?)
    }

    pub(super) fn maybe_bytes(&self, name: &str) -> Result<Option<&'a [u8]>, Unfit> {
        self.get(name, "is not binary", |value| value.as_b().ok().map(AsRef::as_ref))
    }

    pub(super) fn maybe_map(&self, name: &str) -> Result<Option<Self>, Unfit> {
        let item = self.get(name, "is not a map", |value| value.as_m().ok())?;
        Ok(item.map(|item| Self { item, path: self.path_to(name) }))
    }

    /// Reads each map of a list.
    pub(super) fn list<T>(&self, name: &str, read: impl Fn(&Self) -> Result<T, Unfit>) -> Result<Vec<T>, Unfit> {
        self.must(name, self.maybe_list(name, read)?)
    }

    pub(super) fn maybe_list<T>(
        &self,
        name: &str,
        read: impl Fn(&Self) -> Result<T, Unfit>,
    ) -> Result<Option<Vec<T>>, Unfit> {
        let Some(values) = self.get(name, "is not a list", |value| value.as_l().ok())? else { return Ok(None) };
        let element = |(index, value): (usize, &'a AttributeValue)| {
            let path = format!("{}[{index}]", self.path_to(name));
            let item = value.as_m().map_err(|_| Unfit::new(&path, "is not a map"))?;
            read(&Self { item, path })
        };
        values.iter().enumerate().map(element).collect::<Result<_, _>>().map(Some)
    }

    /// All names that are there. They may be somebody else's, so none is told.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.item.keys().map(String::as_str)
    }

    /// All names that are there, with their texts. They are somebody else's names, so none is told.
    pub(super) fn texts(&self) -> Result<BTreeMap<String, String>, Unfit> {
        let pair = |(name, value): (&String, &AttributeValue)| Some((name.clone(), value.as_s().ok()?.clone()));
        let pairs: Option<BTreeMap<String, String>> = self.item.iter().map(pair).collect();
        pairs.ok_or_else(|| Unfit::new(&self.path, "holds what is not a string"))
    }

    fn get<T>(
        &self,
        name: &str,
        otherwise: &'static str,
        take: impl FnOnce(&'a AttributeValue) -> Option<T>,
    ) -> Result<Option<T>, Unfit> {
        let Some(value) = self.item.get(name) else { return Ok(None) };
        take(value).map(Some).ok_or_else(|| self.unfit(name, otherwise))
    }

    fn must<T>(&self, name: &str, value: Option<T>) -> Result<T, Unfit> {
        value.ok_or_else(|| self.unfit(name, "is missing"))
    }

    fn path_to(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}
