//! From what an operation says to what its client is told: the second half of the table in [`super::problem`].
//!
//! Must never: pass on what our own infrastructure said. That is for the log.

use domain::pause::Paused;
use domain::{dispute, webhook};
use flow::operations::dispute::DisputeError;
use flow::operations::initiate::InitiateError;
use flow::operations::webhook_endpoint::WebhookEndpointError;
use flow::ports::{AmountRefusal, Error};
use flow::steps::{PartError, RequestError};

use super::problem::{FieldError, Problem, Refusal};

impl From<dispute::Rejection> for Refusal {
    fn from(rejection: dispute::Rejection) -> Self {
        match rejection {
            dispute::Rejection::InvalidState { .. }
            | dispute::Rejection::NotTaken { .. }
            | dispute::Rejection::TooManyRequests => Self::InvalidState,
            dispute::Rejection::InProgress => Self::InProgress,
            dispute::Rejection::IdempotencyKeyReused => Self::IdempotencyKeyReused,
            dispute::Rejection::NothingToSubmit => Self::NothingToSubmit,
        }
    }
}

impl From<webhook::Rejection> for Refusal {
    fn from(rejection: webhook::Rejection) -> Self {
        match rejection {
            webhook::Rejection::Unknown => Self::NotFound,
            webhook::Rejection::IdempotencyKeyReused => Self::IdempotencyKeyReused,
            webhook::Rejection::Full => Self::TooManyEndpoints,
        }
    }
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        Self::new(match error {
            Error::Unavailable { .. } | Error::Contended | Error::OutOfTime => Refusal::Unavailable,
            Error::Unreadable { .. } => Refusal::Internal,
        })
        .because_of(error)
    }
}

impl From<&AmountRefusal> for Problem {
    fn from(refusal: &AmountRefusal) -> Self {
        let pointer = match refusal {
            AmountRefusal::CurrencyNotSupported => "/currency",
            AmountRefusal::TooLarge | AmountRefusal::NotAMultiple { .. } => "/amount",
        };
        Self::new(Refusal::AmountNotSupported)
            .with_errors(vec![FieldError { pointer: pointer.to_owned(), detail: refusal.to_string().into() }])
    }
}

impl From<&InitiateError> for Problem {
    fn from(error: &InitiateError) -> Self {
        match error {
            InitiateError::AmountRefused(refusal) => Self::from(refusal),
            InitiateError::OutOfLimits(why) => Self::new(Refusal::AmountOutOfLimits)
                .with_errors(vec![FieldError { pointer: "/amount".to_owned(), detail: why.to_string().into() }]),
            InitiateError::Refused { code, field } => {
                Self::new(Refusal::GatewayRefused).with_gateways_refusal(field.unwrap_or_default(), code)
            }
            InitiateError::KeyReused => Self::new(Refusal::IdempotencyKeyReused),
            InitiateError::GatewayUnavailable(_) => Self::new(Refusal::GatewayUnavailable),
            InitiateError::Paused(paused) => Self::from(*paused),
            InitiateError::Failed(error) => Self::from(error),
        }
    }
}

impl From<Paused> for Problem {
    fn from(paused: Paused) -> Self {
        // Why it is paused is for the merchant's own people.
        Self::new(Refusal::Paused).with_detail(match paused {
            Paused::Everything => "Payments are paused; nothing happened",
            Paused::At(_) => "Payments at this gateway are paused; nothing happened",
        })
    }
}

impl From<&RequestError> for Problem {
    fn from(error: &RequestError) -> Self {
        match error {
            RequestError::NotFound => Self::new(Refusal::NotFound),
            RequestError::Rejected(rejection, payment) => Self::rejected(*rejection, payment),
            RequestError::Paused(paused) => Self::from(*paused),
            RequestError::TooManyDeclines(wait) => Self::new(Refusal::RateLimited)
                .with_detail("There were too many declines; nothing was tried")
                .over_after(*wait),
            RequestError::Failed(error) => Self::from(error),
        }
    }
}

impl From<&PartError> for Problem {
    fn from(error: &PartError) -> Self {
        match error {
            PartError::NotAnAmount(why) => Self::invalid_field("/amount", why.to_string()),
            PartError::AmountRefused(refusal) => Self::from(refusal),
            PartError::NotRequested(error) => Self::from(error),
        }
    }
}

impl From<&DisputeError> for Problem {
    fn from(error: &DisputeError) -> Self {
        match error {
            DisputeError::NotFound => Self::new(Refusal::NotFound),
            DisputeError::PapersRefused(refusal) => {
                let pointer =
                    refusal.paper.map_or("/evidence".to_owned(), |paper| format!("/evidence/{}", paper.name()));
                Self::invalid_field(pointer, refusal.why)
            }
            DisputeError::Rejected(rejection, dispute) => Self::dispute_rejected(*rejection, dispute),
            DisputeError::Paused(paused) => Self::from(*paused),
            DisputeError::Failed(error) => Self::from(error),
        }
    }
}

impl From<&WebhookEndpointError> for Problem {
    fn from(error: &WebhookEndpointError) -> Self {
        match error {
            WebhookEndpointError::NotFound => Self::new(Refusal::NotFound),
            WebhookEndpointError::Rejected(rejection) => Self::new(Refusal::from(*rejection)),
            WebhookEndpointError::Disabled => Self::new(Refusal::EndpointDisabled),
            WebhookEndpointError::Failed(error) => Self::from(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::payment_json::tests::a_payment;
    use domain::gateway::Gateway;
    use domain::money::OutOfLimits;
    use domain::payment::Rejection;
    use flow::ports::Dependency;

    fn told(problem: &Problem) -> (u16, String) {
        let document = serde_json::to_value(problem.document(crate::http::problem::TypeBase::NAME)).unwrap();
        let pointer = document["errors"][0]["pointer"].as_str().unwrap_or_default();
        (
            problem.refusal().row().status.as_u16(),
            format!("{} {pointer}", document["code"].as_str().unwrap()).trim().to_owned(),
        )
    }

    #[test]
    fn every_error_of_an_operation_has_its_answer() {
        let down = || Error::Unavailable { dependency: Dependency::Store, detail: "canary".to_owned() };
        let broken = Error::Unreadable { detail: "canary".to_owned() };
        let everything = Paused::Everything;
        let cases: [(Problem, (u16, &str)); 21] = [
            ((&down()).into(), (503, "unavailable")),
            ((&Error::Contended).into(), (503, "unavailable")),
            ((&broken).into(), (500, "internal")),
            ((&InitiateError::AmountRefused(AmountRefusal::TooLarge)).into(), (422, "amount_not_supported /amount")),
            (
                (&InitiateError::OutOfLimits(OutOfLimits::TooSmall(a_payment().terms.amount))).into(),
                (422, "amount_out_of_limits /amount"),
            ),
            (
                (&InitiateError::AmountRefused(AmountRefusal::CurrencyNotSupported)).into(),
                (422, "amount_not_supported /currency"),
            ),
            (
                (&InitiateError::Refused { code: "c".to_owned(), field: Some("/returnUrl") }).into(),
                (422, "gateway_refused /returnUrl"),
            ),
            ((&InitiateError::KeyReused).into(), (422, "idempotency_key_reused")),
            ((&InitiateError::GatewayUnavailable("timeout")).into(), (503, "gateway_unavailable")),
            ((&InitiateError::Paused(everything)).into(), (503, "paused")),
            ((&RequestError::Paused(everything)).into(), (503, "paused")),
            ((&RequestError::TooManyDeclines(Duration::from_secs(7))).into(), (429, "rate_limited")),
            ((&DisputeError::Paused(Paused::At(Gateway::Stripe))).into(), (503, "paused")),
            ((&InitiateError::Failed(down())).into(), (503, "unavailable")),
            ((&RequestError::NotFound).into(), (404, "not_found")),
            ((&RequestError::Rejected(Rejection::InProgress, Box::new(a_payment()))).into(), (409, "in_progress")),
            ((&RequestError::Failed(down())).into(), (503, "unavailable")),
            ((&WebhookEndpointError::NotFound).into(), (404, "not_found")),
            ((&WebhookEndpointError::Rejected(domain::webhook::Rejection::Full)).into(), (409, "too_many_endpoints")),
            ((&WebhookEndpointError::Disabled).into(), (409, "endpoint_disabled")),
            ((&WebhookEndpointError::Failed(down())).into(), (503, "unavailable")),
        ];
        for (problem, (status, code)) in cases {
            assert_eq!(told(&problem), (status, code.to_owned()));
            assert!(
                !serde_json::to_string(&problem.document(crate::http::problem::TypeBase::NAME))
                    .unwrap()
                    .contains("canary")
            );
        }
    }
}
