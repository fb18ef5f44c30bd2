//! The gateway's signature over a webhook, written down a second time from Stripe's own description.

use std::time::{SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// What the local stage signs webhooks with.
pub const SECRET: &str = "whsec_local_development_only";

/// The header `Stripe-Signature` over this body.
///
/// # Panics
/// Never: HMAC takes a key of any length.
#[must_use]
pub fn header(secret: &str, signed_at: u64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{signed_at}.{body}").as_bytes());
    format!("t={signed_at},v1={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}

/// Seconds since 1970, as the gateway writes them.
///
/// # Panics
/// If the clock is set before 1970.
#[must_use]
pub fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "the tests are outside of the stack and share its real clock")]
    let now = SystemTime::now();
    now.duration_since(UNIX_EPOCH).unwrap().as_secs()
}
