//! What stands in a request's path.

use domain::id::TransactionId;
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
