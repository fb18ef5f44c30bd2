//! A word of a gateway's (a code, a status, a kind) cut to what a row, an answer and a log can bear.
//!
//! Gateways add words without notice, so none is refused; but whatever stands where a word belongs may not grow without
//! end, or bring control characters or a payer's data along.

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// Stripe's longest code is 57 characters long, PayPal's longest issue 49.
const LENGTH_MAX: usize = 64;

/// A word of a gateway's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word(String);

impl Word {
    /// Keeps what can belong to a word. What cannot stands as `?`, which is in no gateway's word: it may not turn
    /// something else into a word that means something.
    pub(super) fn of(text: &str) -> Self {
        let belongs = |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
        let kept = text.chars().map(|character| if belongs(character) { character } else { '?' });
        Self(kept.take(LENGTH_MAX).collect())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self::of(&text))
    }
}

/// Reads a field that is of use but not needed: of another shape than we know, it counts as absent. What a gateway changes
/// in a corner must not hide from us that money moved.
pub(super) fn if_readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Value::deserialize(deserializer).map(|value| serde_json::from_value(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_short_and_has_no_room_for_anything_else() {
        assert_eq!(Word::of("card_declined").as_str(), "card_declined");
        assert_eq!(Word::of("two words\n<b>ü</b>").as_str(), "two?words??b????b?");
        assert_ne!(Word::of("succ{eeded").as_str(), "succeeded", "what is left of it would mean something");
        assert_eq!(Word::of(&"x".repeat(1000)).as_str().len(), LENGTH_MAX);
    }
}
