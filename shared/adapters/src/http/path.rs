//! What stands in a request's path.

use domain::id::TransactionId;
use domain::text::Text;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt as _};

use super::problem::{Problem, Refusal};

/// The payment that `…/{transactionId}` names.
///
/// # Errors
/// 404 also for what cannot be an id: to a client, no payment is no payment.
pub fn transaction_id(request: &Request) -> Result<TransactionId, Problem> {
    let text = parameter(request, "transactionId").ok_or(Refusal::NotFound)?;
    TransactionId::parse(&text).map_err(|_| Problem::new(Refusal::NotFound))
}

/// What the merchant calls the person that `…/{customerId}` names. It may be any text, so it is percent-encoded in a path.
///
/// # Errors
/// 400 for what no payment could bear.
pub fn customer_id(request: &Request) -> Result<Text<100>, Problem> {
    let text = parameter(request, "customerId").ok_or(Refusal::NotFound)?;
    // A REST API passes on what it got; an HTTP API, which `cargo lambda watch` plays, has decoded it. To decode twice would be to
    // erase somebody else.
    let is_encoded = matches!(request.request_context_ref(), Some(RequestContext::ApiGatewayV1(_)));
    let text = if is_encoded { decoded(&text) } else { Some(text) };
    let invalid = |why: String| Problem::invalid_field("/customerId", why);
    let text = text.ok_or_else(|| invalid("must be percent-encoded UTF-8".to_owned()))?;
    Text::parse(&text).map_err(|why| invalid(why.to_string()))
}

/// Percent-encoding undone, once; none if that is no text.
#[must_use]
pub fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        bytes.extend(data_encoding::HEXLOWER_PERMISSIVE.decode(digits).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

/// A path parameter by its name in the route.
#[must_use]
pub fn parameter(request: &Request, name: &str) -> Option<String> {
    request
        .path_parameters_ref()
        .and_then(|parameters| parameters.first(name))
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::{Body, http};
    use std::collections::HashMap;

    fn status_of(id: &str) -> Result<TransactionId, Problem> {
        let parameters = HashMap::from([("transactionId".to_owned(), id.to_owned())]);
        transaction_id(&http::Request::builder().body(Body::Empty).unwrap().with_path_parameters(parameters))
    }

    #[test]
    fn a_customers_name_is_decoded_once() {
        for (encoded, name) in [
            ("c-1", "c-1"),
            ("pia%40shop.example", "pia@shop.example"),
            ("a%2Fb", "a/b"),
            ("a%252Fb", "a%2Fb"),
            ("J%C3%BCrgen+1", "Jürgen+1"),
            ("%c3%bc", "ü"),
        ] {
            assert_eq!(decoded(encoded).as_deref(), Some(name), "{encoded}");
        }
        for wrong in ["%", "a%2", "%zz", "%ff", "%C3"] {
            assert_eq!(decoded(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_cannot_be_an_id_is_not_found() {
        assert_eq!(status_of("pay_abcdefghijklmnopqrstuvwxyz").unwrap().as_str(), "pay_abcdefghijklmnopqrstuvwxyz");
        for id in
            ["", "pay_", "../pay_abcdefghijklmnopqrstuvwxyz", "pay_ABCDEFGHIJKLMNOPQRSTUVWXYZ", "pi_1", "' OR 1=1"]
        {
            assert_eq!(status_of(id).unwrap_err().refusal(), Refusal::NotFound, "{id}");
        }
        let without = http::Request::builder().body(Body::Empty).unwrap();
        assert_eq!(transaction_id(&without).unwrap_err().refusal(), Refusal::NotFound);
    }
}
