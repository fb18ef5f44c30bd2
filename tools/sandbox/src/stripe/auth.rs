//! Who is calling. Only keys of the test mode open anything here: a live key that reaches the sandbox is a mistake.

use axum::http::{HeaderMap, header::AUTHORIZATION};
use data_encoding::BASE64;

use super::{calls::Caller, error::StripeError, form::Tree};

/// Reads the key from `Authorization` (Bearer, or Basic with the key as user name), or from the form as browsers send it.
pub(crate) fn identify(headers: &HeaderMap, tree: &Tree) -> Result<Caller, StripeError> {
    let header = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let key = match header {
        Some(header) => key_in(header).ok_or_else(|| StripeError::unauthorized("Invalid Authorization header."))?,
        None => tree.owned_text("key").ok_or_else(|| {
            StripeError::unauthorized(
                "You did not provide an API key. You need to provide your API key in the \
                Authorization header, using Bearer auth.",
            )
        })?,
    };
    let named = |prefix: &str| key.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty());
    if named("sk_test_") && header.is_some() {
        Ok(Caller::Server)
    } else if named("pk_test_") {
        Ok(Caller::Browser)
    } else {
        Err(StripeError::unauthorized(format!("Invalid API Key provided: {}", masked(&key))))
    }
}

fn key_in(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let decoded = String::from_utf8(BASE64.decode(rest.trim().as_bytes()).ok()?).ok()?;
        return decoded.split(':').next().map(str::to_owned);
    }
    None
}

/// Enough to recognise the key, too little to use it.
fn masked(key: &str) -> String {
    let shown: String = key.chars().take(8).collect();
    format!("{shown}****")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stripe::form::Form;

    fn identified(authorization: Option<&str>, encoded: &str) -> Option<Caller> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, value.parse().unwrap());
        }
        identify(&headers, &Form::decode(encoded.as_bytes()).unwrap().tree).ok()
    }

    #[test]
    fn a_test_key_opens_by_bearer_and_by_basic() {
        assert_eq!(identified(Some("Bearer sk_test_1"), ""), Some(Caller::Server));
        assert_eq!(identified(Some(&format!("Basic {}", BASE64.encode(b"sk_test_1:"))), ""), Some(Caller::Server));
    }

    #[test]
    fn nothing_else_opens() {
        for bad in [
            "Bearer sk_live_1",
            "Bearer sk_test_",
            "Bearer ",
            "sk_test_1",
            "Basic !!!",
            "Digest sk_test_1",
            "Bearer rk_test_1",
        ] {
            assert_eq!(identified(Some(bad), ""), None, "{bad}");
        }
        assert_eq!(identified(None, ""), None);
        assert_eq!(identified(None, "key=sk_test_1"), None, "a secret key does not belong in a form");
    }

    #[test]
    fn a_browser_sends_the_publishable_key_in_the_form() {
        assert_eq!(identified(None, "key=pk_test_1"), Some(Caller::Browser));
    }

    #[test]
    fn a_refused_key_is_not_echoed() {
        assert_eq!(masked("sk_live_abcdef"), "sk_live_****");
    }
}
