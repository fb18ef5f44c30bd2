//! What PayPal sends along with an event: who signed it, when, and the signature.
//!
//! Must never: look at the body before the signature holds. What is signed is the body's checksum, and a checksum can be
//! met by another body; so the signature proves that PayPal sent *some* body with this checksum, under this id, at this
//! time, to this endpoint. What that is worth is said in the module above.

use data_encoding::BASE64;
use domain::time::Timestamp;
use reqwest::header::HeaderMap;

use crate::rfc3339;

/// The longest of them, an address, has 80 characters; a signature of 4096 bits has 684.
const HEADER_MAX_BYTES: usize = 1_024;
/// The one that PayPal uses.
const ALGORITHM: &str = "SHA256withRSA";

/// The headers of an event, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Transmission<'a> {
    id: &'a str,
    /// The time as PayPal wrote it: those bytes are signed, not the moment.
    time: &'a str,
    /// When it was sent.
    pub(super) sent_at: Timestamp,
    /// Where the certificate is.
    pub(super) certificate_url: &'a str,
    /// What PayPal computed.
    pub(super) signature: Vec<u8>,
}

impl<'a> Transmission<'a> {
    /// Takes the headers apart; none if one is missing or cannot be right.
    pub(super) fn of(headers: &'a HeaderMap) -> Option<Self> {
        let header = |name: &str| {
            let mut values = headers.get_all(name).iter();
            // Two of a kind: whose is the other?
            let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
            (!value.is_empty() && value.len() <= HEADER_MAX_BYTES).then_some(value)
        };
        if header("paypal-auth-algo")? != ALGORITHM {
            return None;
        }
        let (id, time) = (header("paypal-transmission-id")?, header("paypal-transmission-time")?);
        // A bar would move the borders between what is signed.
        if id.contains('|') || time.contains('|') {
            return None;
        }
        Some(Self {
            id,
            time,
            sent_at: rfc3339::parse(time)?,
            certificate_url: header("paypal-cert-url")?,
            signature: BASE64.decode(header("paypal-transmission-sig")?.as_bytes()).ok()?,
        })
    }

    /// What PayPal signed for the endpoint `webhook_id`: the checksum of the raw body is written as an unsigned decimal.
    pub(super) fn signed_text(&self, webhook_id: &str, body: &[u8]) -> String {
        format!("{}|{}|{webhook_id}|{}", self.id, self.time, crc32fast::hash(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers as PayPal sends them, but for `changed`.
    fn headers(changed: &[(&'static str, &str)]) -> HeaderMap {
        let sent = [
            ("paypal-auth-algo", "SHA256withRSA"),
            ("paypal-cert-url", "https://api.paypal.com/v1/notifications/certs/CERT-1"),
            ("paypal-transmission-id", "69cd13f0-d67a-11e5-baa3-778b53f4ae55"),
            ("paypal-transmission-sig", "AAEC"),
            ("paypal-transmission-time", "2016-02-18T20:01:35Z"),
        ];
        let value = |name, usual| changed.iter().find(|(known, _)| *known == name).map_or(usual, |(_, value)| *value);
        sent.iter().map(|(name, usual)| (name.parse().unwrap(), value(*name, *usual).parse().unwrap())).collect()
    }

    /// The example of PayPal's documentation, with the check value of the catalogue of CRCs: as a signed number it would
    /// be negative.
    #[test]
    fn the_checksum_is_an_unsigned_decimal_between_bars() {
        let headers = headers(&[]);
        let transmission = Transmission::of(&headers).unwrap();
        assert_eq!(
            transmission.signed_text("WH-7", b"123456789"),
            "69cd13f0-d67a-11e5-baa3-778b53f4ae55|2016-02-18T20:01:35Z|WH-7|3421780262"
        );
        assert_eq!(transmission.sent_at, Timestamp::from_unix_ms(1_455_825_695_000));
        assert_eq!((transmission.signature.as_slice(), transmission.certificate_url.len()), (&[0, 1, 2][..], 52));
    }

    #[test]
    fn headers_that_cannot_be_right_are_none() {
        let long = "x".repeat(HEADER_MAX_BYTES + 1);
        for (name, value) in [
            ("paypal-auth-algo", "SHA1withRSA"),
            ("paypal-auth-algo", ""),
            ("paypal-transmission-id", ""),
            ("paypal-transmission-id", "a|2016-02-18T20:01:35Z"),
            ("paypal-transmission-id", long.as_str()),
            ("paypal-transmission-time", "yesterday"),
            ("paypal-transmission-time", "1455825695"),
            ("paypal-transmission-sig", "not base64!"),
            ("paypal-transmission-sig", ""),
            ("paypal-cert-url", ""),
        ] {
            assert_eq!(Transmission::of(&headers(&[(name, value)])), None, "{name}: {value}");
        }
        for name in ["auth-algo", "cert-url", "transmission-id", "transmission-sig", "transmission-time"] {
            let name = format!("paypal-{name}");
            let mut missing = headers(&[]);
            let value = missing.remove(&name).unwrap();
            assert_eq!(Transmission::of(&missing), None, "{name}");
            let mut twice = headers(&[]);
            twice.append(name.parse::<reqwest::header::HeaderName>().unwrap(), value);
            assert_eq!(Transmission::of(&twice), None, "{name}");
        }
    }
}
