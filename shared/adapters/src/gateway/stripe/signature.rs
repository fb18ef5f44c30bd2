//! Stripe's signature over a webhook: HMAC-SHA256 of `"{t}.{raw body}"` with the whole `whsec_…` text as the key.
//!
//! Must never: look at the body before the signature holds, or compare in a time that tells how much was right.

use data_encoding::HEXLOWER_PERMISSIVE;
use domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// Stripe signs once for each active secret; nobody has this many.
const SIGNATURES_MAX: usize = 16;
/// A header of that many signatures and times to spare.
const HEADER_MAX_BYTES: usize = 4_096;
/// Nobody keeps more secrets active at a time; each costs a pass over the body.
const SECRETS_MAX: usize = 16;

/// A signature header, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Signature<'a> {
    /// The time as Stripe wrote it: those bytes are signed, not the number.
    time: &'a str,
    /// When it was signed.
    pub(super) signed_at: Timestamp,
    /// What Stripe computed, once for each secret that it has.
    v1: Vec<[u8; 32]>,
}

impl<'a> Signature<'a> {
    /// Takes a header apart; none if it has no time or no signature that could hold. Schemes other than `v1` and
    /// signatures that are not hex are passed over.
    pub(super) fn parse(header: &'a str) -> Option<Self> {
        if header.len() > HEADER_MAX_BYTES {
            return None;
        }
        let parts = || header.split(',').filter_map(|part| part.trim().split_once('='));
        let time = parts().find(|(scheme, _)| *scheme == "t").map(|(_, time)| time)?;
        let v1: Vec<_> = parts()
            .filter(|(scheme, _)| *scheme == "v1")
            .filter_map(|(_, hex)| HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok()?.try_into().ok())
            .take(SIGNATURES_MAX)
            .collect();
        if v1.is_empty() {
            return None;
        }
        Some(Self { time, signed_at: timestamp(time)?, v1 })
    }

    /// Whether one of the secrets made one of the signatures over this body.
    pub(super) fn holds<'s>(&self, secrets: impl IntoIterator<Item = &'s str>, body: &[u8]) -> bool {
        // An empty secret would let everybody sign.
        let secrets = secrets.into_iter().filter(|secret| !secret.is_empty()).take(SECRETS_MAX);
        secrets.filter_map(|secret| sign(secret, self.time, body)).any(|ours| {
            let matching = self.v1.iter().map(|theirs| ours.ct_eq(theirs));
            matching.fold(subtle::Choice::from(0), |any, one| any | one).into()
        })
    }
}

/// What Stripe computes with a secret.
fn sign(secret: &str, time: &str, body: &[u8]) -> Option<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac.finalize().into_bytes().into())
}

/// A whole number of seconds since 1970, without sign or spaces.
fn timestamp(time: &str) -> Option<Timestamp> {
    let digits = time.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: i64 = time.parse().ok().filter(|_| digits)?;
    seconds.checked_mul(1_000).map(Timestamp::from_unix_ms)
}

/// A header as Stripe writes it, for tests.
#[cfg(test)]
pub(super) fn header(secret: &str, seconds: i64, body: &[u8]) -> String {
    let time = seconds.to_string();
    format!("t={time},v1={}", HEXLOWER_PERMISSIVE.encode(&sign(secret, &time, body).unwrap()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"evt_1","object":"event"}"#;
    const SECRET: &str = "whsec_test_secret";
    const V1: &str = "0c8670ed117751cc551a20e35839447075c42800ea3cf3e8a2fbda99cd1e6edd";

    fn holds(header: &str, secrets: &[&str]) -> bool {
        Signature::parse(header).is_some_and(|signature| signature.holds(secrets.iter().copied(), BODY))
    }

    /// Computed by Stripe's own SDK.
    #[test]
    fn the_known_vector_holds() {
        let header = format!("t=1700000000,v1={V1}");
        assert!(holds(&header, &[SECRET]));
        assert_eq!(Signature::parse(&header).unwrap().signed_at, Timestamp::from_unix_ms(1_700_000_000_000));
        assert_eq!(self::header(SECRET, 1_700_000_000, BODY), header);
    }

    #[test]
    fn any_signature_and_any_secret_will_do_while_a_secret_is_rolled() {
        let wrong = "0".repeat(64);
        assert!(holds(&format!("t=1700000000,v1={wrong},v1={V1}"), &["whsec_old", SECRET]));
        assert!(holds(&format!("v0=legacy, v1=not-hex, v1={V1}, t=1700000000"), &[SECRET, "whsec_new"]));
        assert!(holds(&format!("t=1700000000,v1={}", V1.to_uppercase()), &[SECRET]));
    }

    #[test]
    fn a_time_is_digits_even_if_something_else_is_signed() {
        for time in ["+1700000000", "-1700000000", "1700000000 ", "1.7e9", ""] {
            let v1 = HEXLOWER_PERMISSIVE.encode(&sign(SECRET, time, BODY).unwrap());
            assert!(!holds(&format!("t={time},v1={v1}"), &[SECRET]), "{time}");
        }
    }

    #[test]
    fn nothing_else_will() {
        let wrong = "0".repeat(64);
        for header in [
            format!("t=1700000001,v1={V1}"),
            format!("t=1700000000,v1={wrong}"),
            format!("t=1700000000,v0={V1}"),
            format!("t=1700000000,v1={}", &V1[..62]),
            format!("t=1700000000,v1={V1}00"),
            format!("t=+1700000000,v1={V1}"),
            format!("t= 1700000000,v1={V1}"),
            format!("t=,v1={V1}"),
            format!("t=99999999999999999999,v1={V1}"),
            format!("v1={V1}"),
            "t=1700000000".to_owned(),
            "t=1700000000,v1=".to_owned(),
            String::new(),
            "=,==,,t=v1".to_owned(),
            format!("t=1700000000,v1={V1},{}", "x".repeat(HEADER_MAX_BYTES)),
        ] {
            assert!(!holds(&header, &[SECRET]), "{header}");
        }
        let right = format!("t=1700000000,v1={V1}");
        assert!(!holds(&right, &[]));
        assert!(!holds(&right, &["whsec_other"]));
        let by_nobody = header("", 1_700_000_000, BODY);
        assert!(!holds(&by_nobody, &[""]), "an empty secret lets everybody sign");
    }
}
