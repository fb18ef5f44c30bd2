//! OAuth: who is calling. A client id and its secret are changed into a token; the token opens everything else, until it
//! expires or somebody takes it back.

use std::collections::HashMap;

use axum::http::{HeaderMap, header::AUTHORIZATION};
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::error::PaypalError;
use crate::{clock::Moment, ids::Ids};

/// Nine hours, as PayPal has it.
const LIFE_S: u32 = 32_400;
/// Older tokens are forgotten first; PayPal would keep far more, but a sandbox must end somewhere.
const MAX_TOKENS: usize = 10_000;
/// What the client ids of the sandbox's merchant begin with; every other client is a mistake.
const CLIENT_PREFIX: &str = "sandbox";

/// The tokens that were given out.
#[derive(Debug)]
pub(crate) struct Tokens {
    expiries: HashMap<String, Moment>,
    life_s: u32,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { expiries: HashMap::new(), life_s: LIFE_S }
    }
}

impl Tokens {
    /// Gives out a token for `POST /v1/oauth2/token`.
    pub(super) fn grant(
        &mut self,
        headers: &HeaderMap,
        form: &[(String, String)],
        ids: &mut Ids,
        now: Moment,
    ) -> Result<Value, PaypalError> {
        identify_client(headers)?;
        let grant = form.iter().find(|(name, _)| name == "grant_type").map(|(_, value)| value.as_str());
        match grant {
            Some("client_credentials") => {}
            Some(_) => return Err(PaypalError::oauth(400, "unsupported_grant_type", "Grant Type is not supported")),
            None => return Err(PaypalError::oauth(400, "invalid_request", "Grant Type is a required parameter")),
        }
        if self.expiries.len() >= MAX_TOKENS {
            self.expiries.retain(|_, expiry| now < *expiry);
        }
        if self.expiries.len() >= MAX_TOKENS {
            self.expiries.clear();
        }
        let token = ids.next("A21AA");
        self.expiries.insert(token.clone(), now.after_ms(u64::from(self.life_s).saturating_mul(1_000)));
        Ok(json!({
            "scope": "https://uri.paypal.com/services/payments/payment https://uri.paypal.com/services/disputes/read-seller",
            "access_token": token,
            "token_type": "Bearer",
            "app_id": "APP-80W284485P519543T",
            "expires_in": self.life_s,
            "nonce": ids.next(""),
        }))
    }

    /// Lets whoever bears a living token pass.
    pub(super) fn admit(&self, headers: &HeaderMap, now: Moment) -> Result<(), PaypalError> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some((scheme, token)) = header.and_then(|header| header.split_once(' ')) else {
            return Err(PaypalError::of_status(401));
        };
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(PaypalError::of_status(401));
        }
        let lives = self.expiries.get(token.trim()).is_some_and(|expiry| now < *expiry);
        if lives { Ok(()) } else { Err(PaypalError::stale_token()) }
    }

    /// From now on tokens live this long.
    pub(crate) fn live_for(&mut self, seconds: u32) {
        self.life_s = seconds;
    }

    /// Takes back every token, and says how many there were.
    pub(crate) fn revoke_all(&mut self) -> usize {
        let revoked = self.expiries.len();
        self.expiries.clear();
        revoked
    }
}

/// Basic authentication with a client of the sandbox's merchant and any secret.
fn identify_client(headers: &HeaderMap) -> Result<(), PaypalError> {
    let refused = || PaypalError::oauth(401, "invalid_client", "Client Authentication failed");
    let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(refused)?;
    let (scheme, encoded) = header.split_once(' ').ok_or_else(refused)?;
    let decoded = BASE64.decode(encoded.trim().as_bytes()).map_err(|_| refused())?;
    let pair = String::from_utf8(decoded).map_err(|_| refused())?;
    match pair.split_once(':') {
        Some((client, secret))
            if scheme.eq_ignore_ascii_case("basic") && client.starts_with(CLIENT_PREFIX) && !secret.is_empty() =>
        {
            Ok(())
        }
        _ => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Moment = Moment { ms: 1_000_000 };

    fn headers(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, authorization.parse().unwrap())])
    }

    fn basic(pair: &str) -> HeaderMap {
        headers(&format!("Basic {}", BASE64.encode(pair.as_bytes())))
    }

    fn form(grant: &str) -> Vec<(String, String)> {
        vec![("grant_type".to_owned(), grant.to_owned())]
    }

    #[test]
    fn a_token_opens_until_it_expires_or_is_taken_back() {
        let mut tokens = Tokens::default();
        tokens.live_for(60);
        let mut token = || {
            let grant =
                tokens.grant(&basic("sandbox-client:secret"), &form("client_credentials"), &mut Ids::new(), NOW);
            headers(&format!("Bearer {}", grant.unwrap()["access_token"].as_str().unwrap()))
        };
        let (first, second) = (token(), token());
        assert_eq!(tokens.admit(&first, NOW.after_ms(59_999)), Ok(()));
        assert_eq!(tokens.admit(&first, NOW.after_ms(60_000)), Err(PaypalError::stale_token()));
        assert_eq!(tokens.revoke_all(), 2);
        assert_eq!(tokens.admit(&second, NOW), Err(PaypalError::stale_token()));
    }

    #[test]
    fn only_the_sandboxs_merchant_gets_a_token_and_only_for_itself() {
        let mut tokens = Tokens::default();
        let mut error = |headers: &HeaderMap, form: &[(String, String)]| {
            tokens.grant(headers, form, &mut Ids::new(), NOW).unwrap_err().body("")["error"].clone()
        };
        let good = form("client_credentials");
        for bad in [
            basic("live-client:secret"),
            basic("sandbox-client:"),
            basic("sandbox"),
            headers("Basic !!"),
            HeaderMap::new(),
        ] {
            assert_eq!(error(&bad, &good), "invalid_client");
        }
        assert_eq!(error(&basic("sandbox:s"), &form("password")), "unsupported_grant_type");
        assert_eq!(error(&basic("sandbox:s"), &[]), "invalid_request");
    }

    #[test]
    fn nothing_but_a_bearer_token_opens() {
        let tokens = Tokens::default();
        assert_eq!(tokens.admit(&HeaderMap::new(), NOW), Err(PaypalError::of_status(401)));
        assert_eq!(tokens.admit(&basic("sandbox:s"), NOW), Err(PaypalError::of_status(401)));
        assert_eq!(tokens.admit(&headers("Bearer A21AAunknown"), NOW), Err(PaypalError::stale_token()));
    }
}
