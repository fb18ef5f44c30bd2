//! What the gateway's secrets hold. (The client keys' document belongs to `http::authenticate`.)

use std::time::Duration;

use serde::Deserialize;

use super::{Document, REVOCABLE_SERVES_AT_MOST, Secret, SecretError};

/// While a signing secret is being rolled, two are valid. More than a handful means that somebody forgot to remove old ones.
const SIGNING_SECRETS_MAX: usize = 5;

/// `{"apiKey":"sk_…"}`: what Stripe is called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeApiKey(Secret);

impl StripeApiKey {
    /// The key.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.0
    }
}

impl Document for StripeApiKey {
    fn parse(secret: &Secret) -> Result<Self, SecretError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Stored {
            api_key: Secret,
        }
        let stored: Stored = parse_as(secret, "Stripe API key")?;
        let key = stored.api_key.expose().trim();
        if is_visible(key) {
            Ok(Self(Secret::new(key.to_owned())))
        } else {
            Err(SecretError::Unreadable("Stripe API key"))
        }
    }
}

/// `{"clientId":"…","clientSecret":"…"}`: what PayPal grants tokens to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaypalAppSecret {
    client_id: String,
    client_secret: Secret,
}

impl PaypalAppSecret {
    /// The id, which is no secret.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The secret.
    #[must_use]
    pub const fn client_secret(&self) -> &Secret {
        &self.client_secret
    }
}

impl Document for PaypalAppSecret {
    fn parse(secret: &Secret) -> Result<Self, SecretError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Stored {
            client_id: String,
            client_secret: Secret,
        }
        let stored: Stored = parse_as(secret, "PayPal app")?;
        let (id, secret) = (stored.client_id.trim(), stored.client_secret.expose().trim());
        // HTTP's basic authentication puts a colon between the two.
        let usable = is_visible(id) && !id.contains(':') && is_visible(secret);
        let app = || Self { client_id: id.to_owned(), client_secret: Secret::new(secret.to_owned()) };
        usable.then(app).ok_or(SecretError::Unreadable("PayPal app"))
    }
}

/// `{"signingSecrets":["whsec_…"]}`: what webhooks are signed with, every secret that is valid at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningSecrets(Vec<Secret>);

impl SigningSecrets {
    /// The secrets, at least one.
    #[must_use]
    pub fn all(&self) -> &[Secret] {
        &self.0
    }
}

impl Document for SigningSecrets {
    /// Whoever knows one can tell us that a payment was paid.
    const SERVES_AT_MOST: Duration = REVOCABLE_SERVES_AT_MOST;

    fn parse(secret: &Secret) -> Result<Self, SecretError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Stored {
            signing_secrets: Vec<Secret>,
        }
        let stored: Stored = parse_as(secret, "signing secrets")?;
        let secrets: Vec<Secret> =
            stored.signing_secrets.iter().map(|text| Secret::new(text.expose().trim().to_owned())).collect();
        // An empty signing secret would let everybody sign.
        let usable =
            (1..=SIGNING_SECRETS_MAX).contains(&secrets.len()) && secrets.iter().all(|one| !one.expose().is_empty());
        if usable { Ok(Self(secrets)) } else { Err(SecretError::Unreadable("signing secrets")) }
    }
}

/// `{"signingKey":"…"}`: what the secrets of the merchant's webhook endpoints are derived from. It is never sent anywhere, and must never
/// be replaced: whoever replaces it makes every endpoint's secret another one at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSigningKey(Secret);

/// As many characters as make a key that nobody guesses.
const SIGNING_KEY_LENGTH_MIN: usize = 32;

impl WebhookSigningKey {
    /// The key.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.0
    }
}

impl Document for WebhookSigningKey {
    fn parse(secret: &Secret) -> Result<Self, SecretError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Stored {
            signing_key: Secret,
        }
        let stored: Stored = parse_as(secret, "webhook signing key")?;
        let key = stored.signing_key.expose().trim();
        let usable = is_visible(key) && key.len() >= SIGNING_KEY_LENGTH_MIN;
        usable.then(|| Self(Secret::new(key.to_owned()))).ok_or(SecretError::Unreadable("webhook signing key"))
    }
}

/// A header cannot hold anything else, and a stray newline from a shell is the classic way to break a key.
fn is_visible(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// `{"webhookId":"…"}`: what PayPal calls our endpoint. It is a part of what each event is signed over, and no secret; it
/// lies here because PayPal gives it out only after the endpoint has an address. On a developer's own machine there is
/// `"trustedRoot"` beside it, the certificate of whoever stands in for PayPal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaypalEndpoint {
    webhook_id: String,
    trusted_root: Option<String>,
}

impl PaypalEndpoint {
    /// What PayPal calls our endpoint.
    #[must_use]
    pub fn webhook_id(&self) -> &str {
        &self.webhook_id
    }

    /// The root under which a stand-in signs, as PEM.
    #[must_use]
    pub fn trusted_root(&self) -> Option<&str> {
        self.trusted_root.as_deref()
    }
}

impl Document for PaypalEndpoint {
    /// Whoever is trusted can tell us that a payment was paid.
    const SERVES_AT_MOST: Duration = REVOCABLE_SERVES_AT_MOST;

    fn parse(secret: &Secret) -> Result<Self, SecretError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Stored {
            webhook_id: String,
            trusted_root: Option<String>,
        }
        let stored: Stored = parse_as(secret, "PayPal endpoint")?;
        let webhook_id = stored.webhook_id.trim();
        // A bar would move the borders between what is signed.
        let usable = is_visible(webhook_id) && !webhook_id.contains('|');
        let endpoint = || Self { webhook_id: webhook_id.to_owned(), trusted_root: stored.trusted_root };
        usable.then(endpoint).ok_or(SecretError::Unreadable("PayPal endpoint"))
    }
}

/// serde's own error quotes what it stumbled over, so it is dropped.
fn parse_as<'a, T: Deserialize<'a>>(secret: &'a Secret, name: &'static str) -> Result<T, SecretError> {
    serde_json::from_str(secret.expose()).map_err(|_| SecretError::Unreadable(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn the_documents_are_read() {
        assert_eq!(
            StripeApiKey::parse(&secret(r#"{"apiKey":" sk_test_1\n"}"#)).unwrap().secret().expose(),
            "sk_test_1"
        );
        let app = PaypalAppSecret::parse(&secret(r#"{"clientId":"AbC","clientSecret":"x\n"}"#)).unwrap();
        assert_eq!((app.client_id(), app.client_secret().expose()), ("AbC", "x"));
        let endpoint = PaypalEndpoint::parse(&secret(r#"{"webhookId":" 8PT5\n"}"#)).unwrap();
        assert_eq!((endpoint.webhook_id(), endpoint.trusted_root()), ("8PT5", None));
        let key = format!(r#"{{"signingKey":"{}"}}"#, "k".repeat(32));
        assert_eq!(WebhookSigningKey::parse(&secret(&key)).unwrap().secret().expose(), "k".repeat(32));
        let at_home = PaypalEndpoint::parse(&secret(r#"{"webhookId":"8PT5","trustedRoot":"PEM"}"#)).unwrap();
        assert_eq!(at_home.trusted_root(), Some("PEM"));
        let secrets = SigningSecrets::parse(&secret(r#"{"signingSecrets":["whsec_new","whsec_old"]}"#)).unwrap();
        assert_eq!(secrets.all().iter().map(Secret::expose).collect::<Vec<_>>(), ["whsec_new", "whsec_old"]);
    }

    #[test]
    fn a_document_that_would_sign_or_call_with_nothing_is_not_read() {
        for text in ["", "{}", "sk_test_1", r#"{"apiKey":""}"#, r#"{"apiKey":"a b"}"#, r#"{"apiKey":7}"#] {
            assert_eq!(StripeApiKey::parse(&secret(text)), Err(SecretError::Unreadable("Stripe API key")), "{text}");
        }
        for (id, word) in [("", "x"), ("a", ""), ("a:b", "x"), ("a b", "x")] {
            let text = format!(r#"{{"clientId":"{id}","clientSecret":"{word}"}}"#);
            assert!(PaypalAppSecret::parse(&secret(&text)).is_err(), "{text}");
        }
        assert!(PaypalAppSecret::parse(&secret(r#"{"clientId":"a"}"#)).is_err());
        for text in ["{}", r#"{"signingKey":""}"#, r#"{"signingKey":"too short"}"#, r#"{"signingKey":7}"#] {
            assert!(WebhookSigningKey::parse(&secret(text)).is_err(), "{text}");
        }
        for text in ["{}", r#"{"webhookId":""}"#, r#"{"webhookId":"a|b"}"#, r#"{"webhookId":7}"#] {
            assert!(PaypalEndpoint::parse(&secret(text)).is_err(), "{text}");
        }
        let many = format!(r#"{{"signingSecrets":[{}"x"]}}"#, r#""x","#.repeat(5));
        for text in ["{}", r#"{"signingSecrets":[]}"#, r#"{"signingSecrets":["whsec_1",""]}"#, &many] {
            assert!(SigningSecrets::parse(&secret(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn neither_debug_nor_an_error_shows_a_word_of_a_secret() {
        let key = StripeApiKey::parse(&secret(r#"{"apiKey":"sk_test_canary"}"#)).unwrap();
        assert!(!format!("{key:?} {:?}", secret("canary")).contains("canary"));
        let app = PaypalAppSecret::parse(&secret(r#"{"clientId":"a","clientSecret":"canary"}"#)).unwrap();
        assert!(!format!("{app:?}").contains("canary"));
        let error = SigningSecrets::parse(&secret(r#"{"signingSecrets":"canary"}"#)).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("canary"));
    }
}
