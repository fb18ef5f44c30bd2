//! How a message is proven to be ours, by the Standard Webhooks specification 1.0.0, and the keys that it is proven with.
//!
//! A key is never stored. That of an endpoint's generation is derived from the one master key, so that who reads the table can
//! sign nothing, and rotating a key is counting its generation up. While two generations are active, both sign; a receiver is
//! content with either.
//!
//! Must never: change how a key is derived (every merchant's copy would be wrong at once), or show a key to anybody but the
//! merchant who asks for it.

use std::fmt;

use data_encoding::BASE64;
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::ZeroizeOnDrop;

use crate::secrets::Secret;

/// What tells a reader, and a scanner of leaked secrets, what the text is.
const PREFIX: &str = "whsec_";
/// An endpoint has at most two at a time, the present one and the one before it: who rotates again gives up the one before that. The
/// header stays short, whoever should come with more.
const SIGNATURES_MAX: usize = 2;

/// What one generation of an endpoint's secret signs with.
#[derive(Clone, ZeroizeOnDrop)]
pub struct SigningKey([u8; 32]);

/// The key of an endpoint's generation: HMAC-SHA256 of `"<endpoint>:<generation>"` under the master key.
///
/// Which key belongs to whom is never ambiguous: the generation is digits alone, so the last colon parts the two.
#[must_use]
pub fn derive(master: &Secret, endpoint: &str, generation: u32) -> SigningKey {
    SigningKey(hmac(master.expose().as_bytes(), [format!("{endpoint}:{generation}").as_bytes()]))
}

impl SigningKey {
    /// As the merchant gets it, and gives it to their library: `whsec_` and the key in base64.
    #[must_use]
    pub fn text(&self) -> Secret {
        Secret::new(format!("{PREFIX}{}", BASE64.encode(&self.0)))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningKey(…)")
    }
}

/// A message's three headers: which message it is, when it was sent, and the proof. They belong to these very bytes and this try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// `webhook-id`: the same each time that the message is sent, so that who got it twice knows.
    pub id: String,
    /// `webhook-timestamp`: when it was sent this time, in seconds since 1970, so that nobody can send it again next week.
    pub timestamp: String,
    /// `webhook-signature`: a signature of each key, parted by spaces, those of the newest keys first.
    pub signature: String,
}

impl Signed {
    /// Signs a message with each of the keys, which come newest first. At most two sign.
    #[must_use]
    pub fn new(id: &str, at: Timestamp, body: &[u8], keys: &[SigningKey]) -> Self {
        let timestamp = at.unix_ms().div_euclid(1_000).to_string();
        let signatures = keys.iter().take(SIGNATURES_MAX).map(|key| signature(&key.0, id, &timestamp, body));
        let signature = signatures.collect::<Vec<_>>().join(" ");
        Self { id: id.to_owned(), timestamp, signature }
    }

    /// The headers by their names.
    pub(super) fn headers(&self) -> [(&'static str, &str); 3] {
        [("webhook-id", &self.id), ("webhook-timestamp", &self.timestamp), ("webhook-signature", &self.signature)]
    }
}

fn signature(key: &[u8], id: &str, timestamp: &str, body: &[u8]) -> String {
    format!("v1,{}", BASE64.encode(&hmac(key, [id.as_bytes(), b".", timestamp.as_bytes(), b".", body])))
}

fn hmac<const PARTS: usize>(key: &[u8], parts: [&[u8]; PARTS]) -> [u8; 32] {
    // HMAC takes a key of any length, so there is no second case to lie about; and nobody could verify this one.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_unix_ms(1_614_265_330_999);
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;

    fn master() -> Secret {
        Secret::new("MASTER KEY of the tests".to_owned())
    }

    /// The vector in the tests of the specification's own libraries.
    #[test]
    fn the_signature_is_the_one_of_the_reference_implementation() {
        let key = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signature(&key, ID, "1614265330", BODY), expected);
    }

    /// Computed with Python's `hmac`. If this changes, every merchant's secret is wrong.
    #[test]
    fn a_key_is_derived_as_it_was_on_the_day_that_the_merchant_got_it() {
        let text = |endpoint, generation| derive(&master(), endpoint, generation).text().expose().to_owned();
        assert_eq!(text("whe_1", 1), "whsec_llZPPYClURlobHhaoqv0cAAyGv6F2F+tbiexldqy604=");
        assert_eq!(text("whe_1", 2), "whsec_LM0h9Y8vYu6VmvnhiSMqAHL3Pc8VW2bPlD+d88Y5ego=");
        assert_eq!(text("whe_2", 1), "whsec_/we3zRoTrBdz2Do9kV0XzwQENgD0QP7HReeMrXnf8bw=");
        let another = derive(&Secret::new("another".to_owned()), "whe_1", 1);
        assert_ne!(another.text().expose(), text("whe_1", 1));
    }

    #[test]
    fn each_active_key_signs_and_the_newest_comes_first() {
        let (new, old) = (derive(&master(), "whe_1", 2), derive(&master(), "whe_1", 1));
        let of = |keys: &[SigningKey]| Signed::new(ID, AT, BODY, keys);
        let both = of(&[new.clone(), old.clone()]);
        assert_eq!(both.signature, format!("{} {}", of(&[new]).signature, of(std::slice::from_ref(&old)).signature));
        assert_eq!(
            both.headers(),
            [("webhook-id", ID), ("webhook-timestamp", "1614265330"), ("webhook-signature", both.signature.as_str()),]
        );
        assert_eq!(of(&vec![old; 20]).signature.split(' ').count(), SIGNATURES_MAX);
    }

    #[test]
    fn a_signature_is_of_this_message_at_this_moment_and_no_other() {
        let keys = [derive(&master(), "whe_1", 1)];
        let of = |id: &str, at: Timestamp, body: &[u8]| Signed::new(id, at, body, &keys).signature;
        let right = of(ID, AT, BODY);
        assert_eq!(of(ID, AT, BODY), right);
        let a_second_later = AT.plus(std::time::Duration::from_secs(1));
        for other in [of("msg_2", AT, BODY), of(ID, a_second_later, BODY), of(ID, AT, b"{}"), of(ID, AT, b"")] {
            assert_ne!(other, right);
        }
    }

    #[test]
    fn a_key_shows_nothing_of_itself() {
        let key = derive(&master(), "whe_1", 1);
        assert_eq!(format!("{key:?} {:?}", key.text()), "SigningKey(…) Secret(…)");
    }
}
