//! What is answered, whatever it is: JSON, never cached by anybody, with the request's id.
//!
//! Must never: let a browser do anything with it. Clients are the merchant's servers, so there is no CORS, and no origin may read it.

use domain::payment::Payment;
use flow::steps::Requested;
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY, RETRY_AFTER,
    STRICT_TRANSPORT_SECURITY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use lambda_http::http::{Response, StatusCode};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use serde::Serialize;

use super::payment_json::PaymentJson;
use super::problem::{Problem, Refusal, TypeBase};
use crate::telemetry::{Field, Line};

/// Tells a client that its request had been done before.
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The name under which our logs know the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
/// What every answer says of itself, for a browser that somebody points at it: it is kept nowhere, is what it says it is, loads nothing,
/// stands in nobody's page, tells nobody where it came from, and is never asked for without TLS (for two years). The template has API
/// Gateway say the same of its own answers (`tools/acceptance/tests/edge.rs`).
pub const OF_EVERY_ANSWER: [(HeaderName, HeaderValue); 5] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=63072000")),
];
/// What API Gateway calls a request is 36 characters long; what is much longer is no name.
const REQUEST_ID_LENGTH_MAX: usize = 100;

/// An answer, before it is bound to its request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    status: StatusCode,
    content: Content,
    replayed: bool,
}

/// What an answer shows.
#[derive(Debug, Clone, PartialEq)]
enum Content {
    Nothing,
    Json(String),
    /// Written down when it is known where its code is explained.
    Problem(Box<Problem>),
}

impl Answer {
    /// Any JSON.
    #[must_use]
    pub fn json(status: StatusCode, body: &impl Serialize) -> Self {
        Self { status, content: Content::Json(written(body)), replayed: false }
    }

    /// That it is done, and that there is nothing to show.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { status: StatusCode::NO_CONTENT, content: Content::Nothing, replayed: false }
    }

    /// The payment as it stands.
    #[must_use]
    pub fn payment(status: StatusCode, payment: &Payment) -> Self {
        Self::json(status, &PaymentJson::from(payment))
    }

    /// What a client's request on a payment came to: `what_it_is_now` says what its own attempt or act has become, and
    /// the line which payment it was and where that stands.
    pub fn requested(requested: Requested, line: &mut Line, what_it_is_now: impl FnOnce(&Payment) -> Self) -> Self {
        let (payment, replayed) = match requested {
            Requested::Done(payment) => (payment, false),
            Requested::Replayed(payment) => (payment, true),
        };
        line.set(Field::State(payment.state.name()));
        line.set(Field::Replayed(replayed));
        what_it_is_now(&payment).replayed(replayed)
    }

    /// The same answer, marked as one to a request that had been done before.
    #[must_use]
    pub const fn replayed(mut self, replayed: bool) -> Self {
        self.replayed = replayed;
        self
    }

    /// The status, for the log.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The problem's code, for the log.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match &self.content {
            Content::Problem(problem) => Some(problem.refusal().row().code),
            Content::Nothing | Content::Json(_) => None,
        }
    }

    /// The response to the request with this id, of a stack whose problems' types begin with this.
    #[must_use]
    pub fn into_response(self, request_id: &str, type_base: TypeBase<'_>) -> Response<Body> {
        let retry_after_seconds = match &self.content {
            Content::Problem(problem) => problem.retry_after_seconds(),
            Content::Nothing | Content::Json(_) => None,
        };
        let (content_type, body) = match self.content {
            Content::Nothing => (None, String::new()),
            Content::Json(body) => (Some("application/json"), body),
            Content::Problem(problem) => (Some("application/problem+json"), written(&problem.document(type_base))),
        };
        let mut response = Response::new(Body::Text(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        headers.extend(OF_EVERY_ANSWER);
        if let Ok(request_id) = HeaderValue::from_str(request_id) {
            headers.insert(REQUEST_ID, request_id);
        }
        if self.replayed {
            headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(seconds) = retry_after_seconds {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="quittance""#));
        }
        response
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let status = problem.refusal().row().status;
        Self { status, content: Content::Problem(Box::new(problem)), replayed: false }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self::from(Problem::new(refusal))
    }
}

/// Our own structs of strings and integers always serialize; if one did not, an empty body is still an honest status.
fn written(body: &impl Serialize) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

/// The name of a request: API Gateway's, which its own logs bear too; else Lambda's.
#[must_use]
pub fn request_id(request: &Request) -> String {
    let of_api_gateway = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV1(context)) => context.request_id.clone(),
        Some(RequestContext::ApiGatewayV2(context)) => context.request_id.clone(),
        _ => None,
    };
    of_api_gateway
        .or_else(|| request.lambda_context_ref().map(|context| context.request_id.clone()))
        .filter(|id| id.len() <= REQUEST_ID_LENGTH_MAX && id.bytes().all(|byte| byte.is_ascii_graphic()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::payment_json::tests::a_payment;

    fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[test]
    fn an_answer_is_json_that_nobody_caches_and_bears_the_requests_id() {
        let response = Answer::payment(StatusCode::CREATED, &a_payment()).into_response("req-1", TypeBase::NAME);
        assert_eq!(response.status(), 201);
        assert_eq!(header(&response, "content-type"), "application/json");
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert_eq!(header(&response, "request-id"), "req-1");
        assert_eq!(header(&response, "idempotent-replayed"), "");
        let Body::Text(body) = response.body() else { panic!("{:?}", response.body()) };
        assert!(body.contains(r#""status":"requires_payment_method""#));
    }

    #[test]
    fn whatever_is_answered_a_browser_can_do_nothing_with_it_and_no_origin_may_read_it() {
        let answers = Refusal::ALL.map(Answer::from).into_iter();
        for answer in answers.chain([Answer::payment(StatusCode::OK, &a_payment()).replayed(true)]) {
            let response = answer.into_response("req-1", TypeBase::NAME);
            for (name, value) in [
                ("cache-control", "no-store"),
                ("x-content-type-options", "nosniff"),
                ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
                ("referrer-policy", "no-referrer"),
                ("strict-transport-security", "max-age=63072000"),
            ] {
                let told: Vec<_> = response.headers().get_all(name).iter().collect();
                assert_eq!(told, [value], "{name}");
            }
            let cors = response.headers().keys().find(|name| name.as_str().starts_with("access-control-"));
            assert_eq!(cors, None, "{}", response.status());
        }
    }

    #[test]
    fn a_replay_says_so() {
        let response =
            Answer::payment(StatusCode::OK, &a_payment()).replayed(true).into_response("req-1", TypeBase::NAME);
        assert_eq!(header(&response, "idempotent-replayed"), "true");
    }

    #[test]
    fn a_problem_says_how_to_come_back() {
        let response = Answer::from(Refusal::GatewayUnavailable).into_response("bad\nid", TypeBase::NAME);
        assert_eq!((response.status().as_u16(), header(&response, "retry-after")), (503, "5"));
        assert_eq!(header(&response, "content-type"), "application/problem+json");
        assert_eq!(header(&response, "request-id"), "", "an id that is none is left out");
        let response = Answer::from(Refusal::Unauthorized).into_response("", TypeBase::NAME);
        assert_eq!(header(&response, "www-authenticate"), r#"Bearer realm="quittance""#);
        assert_eq!(header(&response, "retry-after"), "");
    }

    #[test]
    fn a_request_is_named_as_api_gateway_names_it_in_both_of_its_formats() {
        let rest = r#"{"resource":"/x","path":"/x","httpMethod":"GET","headers":{},"multiValueHeaders":{},"queryStringParameters":null,
            "multiValueQueryStringParameters":null,"pathParameters":null,"stageVariables":null,"isBase64Encoded":false,"body":null,
            "requestContext":{"resourceId":"r","apiId":"a","stage":"v1","requestId":"rest-1","identity":{},"resourcePath":"/x",
            "httpMethod":"GET","path":"/v1/x","accountId":"1","authorizer":null}}"#;
        let http = r#"{"version":"2.0","routeKey":"$default","rawPath":"/x","rawQueryString":"","headers":{},"isBase64Encoded":false,
            "requestContext":{"accountId":"1","apiId":"a","domainName":"d","domainPrefix":"p","requestId":"http-1","routeKey":"$default",
            "stage":"$default","time":"t","timeEpoch":1,"http":{"method":"GET","path":"/x","protocol":"HTTP/1.1","sourceIp":"::1","userAgent":"u"}}}"#;
        assert_eq!(request_id(&lambda_http::request::from_str(rest).unwrap()), "rest-1");
        assert_eq!(request_id(&lambda_http::request::from_str(http).unwrap()), "http-1");
        assert_eq!(request_id(&lambda_http::http::Request::builder().body(Body::Empty).unwrap()), "");
    }
}
