//! The header `Idempotency-Key`: bare, or quoted as the IETF draft's structured field wants it.

use domain::id::IdempotencyKey;
use lambda_http::Request;

use super::problem::{Problem, Refusal};

/// The name of the header.
pub const HEADER: &str = "idempotency-key";

/// Reads the key of a request that creates something or moves money.
///
/// # Errors
/// 400 if there is none, more than one, or one that is not 1 to 255 visible ASCII characters. Two of them are seen only where the
/// event shows two: of a REST event `lambda_http` keeps the last, of an HTTP event API Gateway joins them with a comma. Either is
/// the same key for the same request each time, and that is what counts.
pub fn required(request: &Request) -> Result<IdempotencyKey, Problem> {
    let mut values = request.headers().get_all(HEADER).iter();
    let value = values.next().ok_or(Refusal::IdempotencyKeyMissing)?;
    if values.next().is_some() {
        return Err(invalid("The header Idempotency-Key is given more than once"));
    }
    let text = value.to_str().ok().and_then(unquoted);
    let text =
        text.ok_or_else(|| invalid("The header Idempotency-Key must be visible ASCII, bare or as one quoted string"))?;
    if text.is_empty() {
        return Err(Problem::new(Refusal::IdempotencyKeyMissing));
    }
    IdempotencyKey::parse(&text).map_err(|error| invalid(format!("The header Idempotency-Key {error}")))
}

fn invalid(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Refusal::InvalidRequest).with_detail(detail)
}

/// `"a\"b"` is `a"b` (RFC 8941 string); a bare key is itself. One that opens a quote and does not close it is none.
fn unquoted(text: &str) -> Option<String> {
    let text = text.trim_matches([' ', '\t']);
    let Some(inner) = text.strip_prefix('"') else { return Some(text.to_owned()) };
    let inner = inner.strip_suffix('"')?;
    let mut key = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return None,
            '\\' => key.push(characters.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            _ => key.push(character),
        }
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::http::HeaderValue;
    use lambda_http::{Body, http};

    fn key_of(values: &[&[u8]]) -> Result<String, &'static str> {
        let mut request = http::Request::builder().body(Body::Empty).unwrap();
        for value in values {
            request.headers_mut().append(HEADER, HeaderValue::from_bytes(value).unwrap());
        }
        required(&request).map(|key| key.as_str().to_owned()).map_err(|problem| problem.refusal().row().code)
    }

    #[test]
    fn a_key_is_the_same_bare_and_quoted() {
        assert_eq!(key_of(&[b"order-42"]).unwrap(), "order-42");
        assert_eq!(key_of(&[b"\"order-42\""]).unwrap(), "order-42");
        assert_eq!(key_of(&[b"  \"order-42\"\t"]).unwrap(), "order-42");
        assert_eq!(key_of(&[br#""a\"b\\c""#]).unwrap(), r#"a"b\c"#);
        assert_eq!(key_of(&[br#"a"b"#]).unwrap(), r#"a"b"#);
        assert_eq!(key_of(&["k".repeat(255).as_bytes()]).unwrap().len(), 255);
        assert_eq!(key_of(&[format!("\"{}\"", "k".repeat(255)).as_bytes()]).unwrap().len(), 255);
    }

    #[test]
    fn of_two_keys_in_a_rest_event_the_last_counts_every_time() {
        let event = r#"{"resource":"/x","path":"/x","httpMethod":"POST","headers":{"Idempotency-Key":"two"},
            "multiValueHeaders":{"Idempotency-Key":["one","two"]},"isBase64Encoded":false,"body":null,
            "requestContext":{"resourceId":"r","apiId":"a","stage":"v1","requestId":"i","identity":{},"resourcePath":"/x",
            "httpMethod":"POST","path":"/v1/x","accountId":"1"}}"#;
        let request = lambda_http::request::from_str(event).unwrap();
        assert_eq!(required(&request).unwrap().as_str(), "two");
    }

    #[test]
    fn no_key_is_told_apart_from_a_bad_one() {
        let missing: [&[&[u8]]; 4] = [&[], &[b""], &[b"  "], &[b"\"\""]];
        for missing in missing {
            assert_eq!(key_of(missing), Err("idempotency_key_missing"), "{missing:?}");
        }
        let long = "k".repeat(256);
        for bad in [
            long.as_bytes(),
            b"two words",
            "schl\u{fc}ssel".as_bytes(),
            b"\xff",
            b"tab\tbed",
            b"\"open",
            b"\"",
            b"\"a\"b\"",
            br#""a\b""#,
            br#""a\""#,
            br#""a b""#,
        ] {
            assert_eq!(key_of(&[bad]), Err("invalid_request"), "{bad:?}");
        }
        assert_eq!(key_of(&[b"one", b"two"]), Err("invalid_request"));
        assert_eq!(key_of(&[b"one", b"one"]), Err("invalid_request"));
    }
}
