//! Finds secrets where none may be: keys of the gateway and of this API that somebody has put into the wrong field.
//!
//! What a client sends is stored, and goes on to the gateway as a description or as metadata. A secret key there would lie in two
//! places that were never meant to keep one.
//!
//! What counts: a prefix that only secrets have, with at least 16 letters and digits after it. Nobody names an order like that by
//! chance. What a browser may know (publishable keys, client secrets) is not looked for.
//!
//! Must never: return, print or keep what it found.

use super::authenticate::{KEY_PREFIX, SECRET_LENGTH_MIN};

/// Stripe's secret and restricted API keys in both modes, and what it signs webhooks with.
const GATEWAY_PREFIXES: [&str; 5] = ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "whsec_"];

/// Stripe's shortest secrets have 24 characters after the prefix; a part of one is no business of ours either.
const GATEWAY_SECRET_LENGTH_MIN: usize = 16;

/// Whether a text bears a secret.
#[must_use]
pub(crate) fn contains_secret(text: &str) -> bool {
    let of_gateway = |prefix: &&str| {
        tails(text, prefix).any(|tail| leading(tail, u8::is_ascii_alphanumeric) >= GATEWAY_SECRET_LENGTH_MIN)
    };
    GATEWAY_PREFIXES.iter().any(of_gateway) || tails(text, KEY_PREFIX).any(is_named_secret)
}

/// What follows each prefix that begins a word: `desk_test_…` is about a desk.
fn tails<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(prefix).filter_map(move |(place, _)| {
        let (before, from_here) = text.split_at_checked(place)?;
        let is_inside_a_word = before.bytes().next_back().is_some_and(|byte| byte.is_ascii_alphanumeric());
        from_here.strip_prefix(prefix).filter(|_| !is_inside_a_word)
    })
}

/// `<name>_<secret>`, as [`authenticate`](super::authenticate) takes it. A name may have underscores too.
fn is_named_secret(tail: &str) -> bool {
    let length = leading(tail, |byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let mut parts = tail.get(..length).unwrap_or_default().split('_');
    let name = parts.next().unwrap_or_default();
    !name.is_empty() && parts.any(|part| leading(part, u8::is_ascii_alphanumeric) >= SECRET_LENGTH_MIN)
}

fn leading(text: &str, belongs: impl Fn(&u8) -> bool) -> usize {
    text.bytes().take_while(|byte| belongs(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_are_found_wherever_they_stand() {
        // Put together here, so that no scanner takes this file for a leak.
        let tail = "4eC39HqLyjWDarjtT1zdp7dc";
        for prefix in GATEWAY_PREFIXES {
            for text in [
                format!("{prefix}{tail}"),
                format!("my key is {prefix}{tail}, thanks"),
                format!("\"{prefix}{tail}\""),
                format!("key={prefix}{tail}"),
                format!("MY_{prefix}{tail}"),
                format!("{prefix} and {prefix}{tail}"),
                format!("{prefix}{}", &tail[..16]),
            ] {
                assert!(contains_secret(&text), "{text}");
            }
        }
        for text in
            ["qk_shop_0123456789abcdef", "Bearer qk_shop_eu-1_0123456789abcdefABCDEF", "qk_a_b_0123456789abcdef."]
        {
            assert!(contains_secret(text), "{text}");
        }
    }

    #[test]
    fn what_only_begins_like_a_secret_or_may_be_known_passes() {
        let tail = "4eC39HqLyjWDarjtT1zdp7dc";
        for text in [
            String::new(),
            "sk_test_".to_owned(),
            "sk_test_…".to_owned(),
            "sk_test_order_2026_11_23_0001".to_owned(),
            format!("sk_live_{}", &tail[..15]),
            format!("desk_test_{tail}"),
            format!("SK_TEST_{tail}"),
            format!("sk_{tail}"),
            format!("pk_live_{tail}"),
            format!("pi_3PqRsT2eZvKYlo2C1a2b3c4d_secret_{tail}"),
            format!("pm_{tail}"),
            format!("cus_{tail}"),
            "qk_shop".to_owned(),
            "qk_shop_0123456789abcde".to_owned(),
            format!("qk_{tail}"),
            format!("qk__{tail}"),
            format!("qk_shop {tail}"),
            "whsec_rotation_of_november".to_owned(),
        ] {
            assert!(!contains_secret(&text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_authenticate_would_take_as_a_key_is_found(name in "[a-z0-9][a-zA-Z0-9.-]{0,20}", secret in "[a-zA-Z0-9]{16,64}") {
            prop_assert!(contains_secret(&format!("note: qk_{name}_{secret}.")), "{} {}", name, secret);
        }

        #[test]
        fn no_text_makes_it_fall_over(text in "(sk_test_|qk_|whsec_|\\PC){0,40}") {
            contains_secret(&text).then(String::new);
        }
    }
}
