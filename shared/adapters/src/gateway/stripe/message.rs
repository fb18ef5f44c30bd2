//! What goes to Stripe and what comes back, as plain values: a request can be compared and a response made up without
//! a socket.

/// The version of Stripe's API that Quittance is written for. The webhook endpoint is made for the same one.
pub const API_VERSION: &str = "2026-10-28.endive";

/// A request to Stripe. The same value is always the same bytes.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct StripeRequest {
    pub(super) path: String,
    /// The version it is written for.
    pub(super) api_version: String,
    pub(super) act: Act,
}

/// Whether a request changes anything.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Act {
    /// It only looks, and may be repeated as it is.
    Get,
    /// It acts, so it has a key, and Stripe acts once for each key.
    Post {
        idempotency_key: String,
        /// Fields in the order they are written, bracketed names and all.
        form: Vec<(String, String)>,
    },
}

/// Why there is nothing to send. Nothing was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsendable {
    /// The row does not ask for it.
    NotOnTheRow,
    /// Stripe has no way to do it; this is the code for why.
    Impossible(&'static str),
}

impl StripeRequest {
    /// A look.
    pub(super) fn get(path: String) -> Self {
        Self { path, api_version: API_VERSION.to_owned(), act: Act::Get }
    }

    /// An act.
    pub(super) fn post(path: String, idempotency_key: String, form: Vec<(String, String)>) -> Self {
        Self { path, api_version: API_VERSION.to_owned(), act: Act::Post { idempotency_key, form } }
    }

    /// The same request, written for another version.
    pub(super) fn written_for(self, api_version: &str) -> Self {
        Self { api_version: api_version.to_owned(), ..self }
    }
}

/// A response of Stripe's: whatever came back whole, and nothing that did not.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct StripeResponse {
    pub(super) status: u16,
    /// `Idempotent-Replayed`: it is the saved answer to an earlier request with the same key.
    pub(super) replayed: bool,
    /// `Stripe-Should-Retry`, where Stripe says so.
    pub(super) should_retry: Option<bool>,
    pub(super) body: Vec<u8>,
}

impl Act {
    /// The body: `application/x-www-form-urlencoded`. Written here and not by a library's default, because a re-send must
    /// be the same bytes for as long as Stripe remembers the key, also across an upgrade of ours.
    pub(super) fn body(&self) -> Option<String> {
        match self {
            Self::Get => None,
            Self::Post { form, .. } => {
                let fields = form.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
                Some(fields.collect::<Vec<_>>().join("&"))
            }
        }
    }
}

/// Percent-encodes everything that is not plainly harmless.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
        }
        encoded
    })
}

/// One field of a form.
pub(super) fn field(name: &str, value: impl Into<String>) -> (String, String) {
    (name.to_owned(), value.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_as_stripe_reads_it() {
        let form = vec![field("amount", "2500"), field("metadata[größe & co]", "a b+c=d\n%")];
        let request = StripeRequest::post("/v1/payment_intents".into(), "key".into(), form);
        assert_eq!(
            request.act.body().unwrap(),
            "amount=2500&metadata%5Bgr%C3%B6%C3%9Fe%20%26%20co%5D=a%20b%2Bc%3Dd%0A%25"
        );
        assert_eq!(StripeRequest::get("/v1/payment_intents/pi_1".into()).act.body(), None);
    }
}
