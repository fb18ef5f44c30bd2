//! Short texts that a caller may attach to a payment, each with its bound. A value of these types is within it.

use std::{collections::BTreeMap, fmt};

/// Why a text was not taken. The sentence completes "`<field>` …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing in it.
    #[error("must not be empty")]
    Empty,
    /// More than it may hold.
    #[error("must be at most {max} characters long")]
    TooLong {
        /// The bound.
        max: usize,
    },
    /// A control character, which no log or bank statement can show.
    #[error("must not contain control characters")]
    Control,
    /// Not an address a payer can be sent to.
    #[error("must be an absolute https URL (http is taken for localhost only)")]
    NotAWebUrl,
    /// A metadata key with brackets, which forms use to nest.
    #[error("must not contain `[` or `]`")]
    Brackets,
    /// Not of the shape its gateway gives it.
    #[error("must consist of letters, digits, `_` and `-`")]
    NotAToken,
    /// Too many metadata keys.
    #[error("must have at most {max} keys")]
    TooManyKeys {
        /// The bound.
        max: usize,
    },
    /// Too much metadata.
    #[error("must be at most {max} bytes long in all")]
    TooLarge {
        /// The bound.
        max: usize,
    },
    /// A metadata key that Quittance uses itself.
    #[error("must not use the key `{key}`, which Quittance sets itself")]
    ReservedKey {
        /// The key.
        key: &'static str,
    },
}

/// A text of 1 to `MAX` characters without control characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// Takes a text that is within its bound.
    ///
    /// # Errors
    /// If it is empty, too long or has control characters.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.chars().count() > MAX {
            return Err(TextError::TooLong { max: MAX });
        }
        if text.chars().any(char::is_control) {
            return Err(TextError::Control);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A gateway's name for one of its things, such as `pm_card_visa`: safe in a URL, a form and a log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GatewayToken(String);

impl GatewayToken {
    /// Stripe's longest ids are 66 characters; 255 is the bound it documents.
    pub const MAX_LENGTH: usize = 255;

    /// Takes a token.
    ///
    /// # Errors
    /// If it is empty, too long or has characters that no gateway puts in an id.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        if text.is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > Self::MAX_LENGTH {
            return Err(TextError::TooLong { max: Self::MAX_LENGTH });
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
            return Err(TextError::NotAToken);
        }
        Ok(Self(text.to_owned()))
    }

    /// The token as the gateway spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address that a payer's browser is sent to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebUrl(String);

impl WebUrl {
    /// What browsers and gateways take without trouble.
    pub const MAX_LENGTH: usize = 2048;

    /// Takes an absolute URL: https, or http on the developer's own machine.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        if text.len() > Self::MAX_LENGTH {
            return Err(TextError::TooLong { max: Self::MAX_LENGTH });
        }
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let Some(rest) = rest.filter(|_| printable) else { return Err(TextError::NotAWebUrl) };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.split(':').next().unwrap_or_default();
        let at_home = host == "localhost" || host == "127.0.0.1";
        // `user@host` in a redirect is how a link pretends to lead elsewhere.
        if host.is_empty() || authority.contains('@') || (text.starts_with("http://") && !at_home) {
            return Err(TextError::NotAWebUrl);
        }
        Ok(Self(text.to_owned()))
    }

    /// The URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A secret that a payer's browser needs and no log may show.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// Wraps what the gateway gave.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself. Whoever calls this sends it to the merchant's client, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ClientSecret(…)")
    }
}

/// The merchant's own key-value pairs: small, and never read by us.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata(BTreeMap<String, String>);

impl Metadata {
    /// As many keys as a payment row can carry and stay under 1 kB in the common case.
    pub const MAX_KEYS: usize = 20;
    /// All keys and values together, in bytes.
    pub const MAX_BYTES: usize = 1024;
    /// Stripe's bound for a key.
    pub const MAX_KEY_CHARS: usize = 40;
    /// Stripe's bound for a value.
    pub const MAX_VALUE_CHARS: usize = 500;
    /// The key under which the gateway's object carries our id.
    pub const RESERVED_KEY: &str = "transaction_id";

    /// Takes key-value pairs that are within the bounds.
    ///
    /// # Errors
    /// The offending key (none if it is the whole) and what is wrong.
    pub fn parse(pairs: BTreeMap<String, String>) -> Result<Self, (Option<String>, TextError)> {
        if pairs.len() > Self::MAX_KEYS {
            return Err((None, TextError::TooManyKeys { max: Self::MAX_KEYS }));
        }
        let mut bytes: usize = 0;
        for (key, value) in &pairs {
            let of_key = |error| (Some(key.clone()), error);
            if key == Self::RESERVED_KEY {
                return Err(of_key(TextError::ReservedKey { key: Self::RESERVED_KEY }));
            }
            Text::<{ Self::MAX_KEY_CHARS }>::parse(key).map_err(of_key)?;
            if key.contains(['[', ']']) {
                return Err(of_key(TextError::Brackets));
            }
            if !value.is_empty() {
                Text::<{ Self::MAX_VALUE_CHARS }>::parse(value).map_err(of_key)?;
            }
            bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
        }
        if bytes > Self::MAX_BYTES {
            return Err((None, TextError::TooLarge { max: Self::MAX_BYTES }));
        }
        Ok(Self(pairs))
    }

    /// The pairs, in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_web_url_is_https_or_at_home() {
        for good in
            ["https://shop.example/done?x=1#y", "http://localhost:3000/", "http://127.0.0.1/x", "https://a:8443"]
        {
            assert!(WebUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/done",
            "ftp://x/",
            "javascript:alert(1)",
            "http://shop.example/",
            "https://",
            "https:///x",
            "https://a b/",
            "http://localhost@evil.example/",
            "https://good.example@evil.example/",
            "https://x/\n",
            "HTTPS://x/",
            "https://x/<script>",
        ] {
            assert_eq!(WebUrl::parse(bad), Err(TextError::NotAWebUrl), "{bad}");
        }
    }

    #[test]
    fn a_text_keeps_its_bound_in_characters() {
        assert!(Text::<3>::parse("äöü").is_ok());
        assert_eq!(Text::<3>::parse("abcd"), Err(TextError::TooLong { max: 3 }));
        assert_eq!(Text::<3>::parse(""), Err(TextError::Empty));
        assert_eq!(Text::<3>::parse("a\nb"), Err(TextError::Control));
    }

    #[test]
    fn metadata_cannot_pretend_to_be_our_id_or_grow_without_end() {
        let one = |key: &str, value: &str| Metadata::parse(BTreeMap::from([(key.to_owned(), value.to_owned())]));
        assert!(one("order", "7").is_ok());
        assert!(matches!(one("transaction_id", "pay_x"), Err((Some(_), TextError::ReservedKey { .. }))));
        assert!(one("k", &"v".repeat(501)).is_err());
        assert!(matches!(one("k[0]", "v"), Err((Some(_), TextError::Brackets))));
        let many = (0..21).map(|n| (format!("k{n}"), String::new())).collect();
        assert!(matches!(Metadata::parse(many), Err((None, TextError::TooManyKeys { .. }))));
        let large = (0..4).map(|n| (format!("k{n}"), "v".repeat(300))).collect();
        assert!(matches!(Metadata::parse(large), Err((None, TextError::TooLarge { .. }))));
    }

    #[test]
    fn a_client_secret_is_not_shown() {
        assert_eq!(format!("{:?}", ClientSecret::new("pi_1_secret_2".into())), "ClientSecret(…)");
    }

    #[test]
    fn what_was_taken_is_given_back_as_it_was() {
        assert_eq!(Text::<3>::parse("äöü").unwrap().as_str(), "äöü");
        assert_eq!(GatewayToken::parse("pm_card-visa").unwrap().as_str(), "pm_card-visa");
        assert_eq!(WebUrl::parse("https://a/").unwrap().as_str(), "https://a/");
        assert_eq!(ClientSecret::new("pi_1_secret_2".into()).expose(), "pi_1_secret_2");
        let pairs = [("b", "2"), ("a", "1")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let metadata = Metadata::parse(BTreeMap::from(pairs)).unwrap();
        assert_eq!(metadata.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "2")]);
    }

    #[test]
    fn a_token_has_letters_digits_underscores_and_dashes_up_to_its_bound() {
        for good in ["p".to_owned(), "9_-".to_owned(), "p".repeat(254), "p".repeat(255)] {
            assert!(GatewayToken::parse(&good).is_ok(), "{good}");
        }
        for long in [256, 300] {
            assert_eq!(GatewayToken::parse(&"p".repeat(long)), Err(TextError::TooLong { max: 255 }));
        }
        assert_eq!(GatewayToken::parse(""), Err(TextError::Empty));
        for bad in ["pm.1", "pm 1", "../etc", "pm_ü", "pm/1"] {
            assert_eq!(GatewayToken::parse(bad), Err(TextError::NotAToken), "{bad}");
        }
    }

    #[test]
    fn a_url_may_be_as_long_as_browsers_take_it_and_no_longer() {
        let url = |length: usize| format!("https://a/{}", "x".repeat(length.checked_sub(10).unwrap()));
        for fits in [2_047, 2_048] {
            assert!(WebUrl::parse(&url(fits)).is_ok(), "{fits}");
        }
        for long in [2_049, 3_000] {
            assert_eq!(WebUrl::parse(&url(long)), Err(TextError::TooLong { max: 2_048 }));
        }
    }

    #[test]
    fn metadata_may_be_as_much_as_its_bounds_say() {
        let twenty = (0..20).map(|number| (format!("k{number}"), String::new())).collect();
        assert!(Metadata::parse(twenty).is_ok());
        let bytes =
            |last: usize| [("a", 500), ("b", 500), ("c", last)].map(|(key, of)| (key.to_owned(), "v".repeat(of)));
        assert!(Metadata::parse(BTreeMap::from(bytes(21))).is_ok(), "1024 bytes with their keys");
        assert_eq!(Metadata::parse(BTreeMap::from(bytes(22))), Err((None, TextError::TooLarge { max: 1_024 })));
    }
}
