//! How each gateway proves that an event is its own.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Delivery;
use crate::{clock::Moment, config::Contract, paypal::certificates};

/// The headers under which this goes out now.
pub(super) fn headers(delivery: &Delivery, public_url: &str, now: Moment) -> Vec<(&'static str, String)> {
    match &delivery.endpoint.contract {
        Contract::Stripe { secret, .. } => vec![
            ("content-type", "application/json; charset=utf-8".to_owned()),
            ("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)".to_owned()),
            ("stripe-signature", signature(secret, now.seconds(), &delivery.body)),
        ],
        Contract::Paypal { webhook_id } => {
            let time = crate::paypal::time(now);
            let signed = signed_text(&delivery.transmission_id, &time, webhook_id, &delivery.body);
            vec![
                ("content-type", "application/json".to_owned()),
                ("user-agent", "PayPal/AUHD-1.0-1".to_owned()),
                ("paypal-auth-algo", "SHA256withRSA".to_owned()),
                ("paypal-cert-url", certificates::url(public_url)),
                ("paypal-transmission-id", delivery.transmission_id.clone()),
                ("paypal-transmission-sig", BASE64.encode(&certificates::sign(signed.as_bytes()))),
                ("paypal-transmission-time", time),
            ]
        }
    }
}

/// What PayPal signs: the checksum of the raw body as an unsigned decimal, not the body.
fn signed_text(transmission_id: &str, time: &str, webhook_id: &str, body: &[u8]) -> String {
    format!("{transmission_id}|{time}|{webhook_id}|{}", crc32fast::hash(body))
}

/// `t=…,v1=…`: HMAC-SHA256 over time, dot and body, with the whole secret as the key.
fn signature(secret: &str, seconds: u64, body: &[u8]) -> String {
    // HMAC takes a key of any length, so there is no second case to lie about.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(format!("{seconds}.").as_bytes());
    mac.update(body);
    format!("t={seconds},v1={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_official_sdk() {
        // Computed by the official Python SDK.
        let expected = "t=1700000000,v1=0c8670ed117751cc551a20e35839447075c42800ea3cf3e8a2fbda99cd1e6edd";
        assert_eq!(signature("whsec_test_secret", 1_700_000_000, br#"{"id":"evt_1","object":"event"}"#), expected);
    }

    #[test]
    fn paypals_checksum_is_an_unsigned_decimal() {
        // The check value of CRC-32 in the catalogue of CRCs, 0xCBF43926: as a signed number it would be negative.
        assert_eq!(signed_text("i", "t", "w", b"123456789"), "i|t|w|3421780262");
    }
}
