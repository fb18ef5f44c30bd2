use lambda_http::{Body, http};
use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Confirm {
    transaction_id: String,
    off_session: Option<bool>,
    amount: Option<i64>,
}

fn request(content_type: Option<&str>, body: impl Into<Body>) -> Request {
    let builder = http::Request::builder().method("POST").uri("https://api.example/v1/payment/confirm");
    let builder = content_type.into_iter().fold(builder, |builder, value| builder.header("content-type", value));
    builder.body(body.into()).unwrap()
}

/// The code, then each pointer with its detail.
fn refusal(request: &Request) -> String {
    let document =
        serde_json::to_value(parse::<Confirm>(request).unwrap_err().document(crate::http::problem::TypeBase::NAME))
            .unwrap();
    let errors = document["errors"].as_array().unwrap().iter();
    let errors =
        errors.map(|error| format!(" {}: {}", error["pointer"].as_str().unwrap(), error["detail"].as_str().unwrap()));
    format!("{}{}", document["code"].as_str().unwrap(), errors.collect::<String>())
}

fn refusal_of(body: &str) -> String {
    refusal(&request(Some("application/json"), body))
}

#[test]
fn a_body_that_fits_is_read_as_text_and_as_bytes() {
    let text = r#"{"transactionId":"pay_x","offSession":true}"#;
    let expected = Confirm { transaction_id: "pay_x".to_owned(), off_session: Some(true), amount: None };
    assert_eq!(parse::<Confirm>(&request(Some("application/json"), text)).unwrap(), expected);
    assert_eq!(
        parse::<Confirm>(&request(Some("Application/JSON; charset=\"UTF-8\""), text.as_bytes().to_vec())).unwrap(),
        expected
    );
}

#[test]
fn every_fault_is_named_by_its_place() {
    for (body, expected) in [
        ("", "invalid_request : is missing"),
        ("not json", "invalid_request : is not JSON"),
        ("{\"a\":1", "invalid_request : is not JSON"),
        ("{} {}", "invalid_request : is not JSON"),
        ("\u{feff}{}", "invalid_request : is not JSON"),
        ("{\"a\":\"\\ud800\"}", "invalid_request : is not JSON"),
        ("{'a':1}", "invalid_request : is not JSON"),
        ("{\"amount\":NaN}", "invalid_request : is not JSON"),
        ("{\"amount\":01}", "invalid_request : is not JSON"),
        ("{}", "invalid_request /transactionId: is missing"),
        ("[]", "invalid_request : must be an object"),
        ("null", "invalid_request : must be an object"),
        (
            r#"{"transactionId":"p","amount":1.5}"#,
            "invalid_request /amount: must be a whole number, written without a fraction or an exponent",
        ),
        (r#"{"transactionId":"p","transactionId":"q"}"#, "invalid_request /transactionId: is given more than once"),
        (r#"{"transactionId":"p","amount":"5"}"#, "invalid_request /amount: must be a whole number"),
        (
            r#"{"transactionId":"p","extra":1}"#,
            "invalid_request /extra: is not a field of this request; its fields are `transactionId`, `offSession`, `amount`",
        ),
    ] {
        assert_eq!(refusal_of(body), expected, "{body}");
    }
    assert_eq!(refusal(&request(Some("application/json"), vec![b'"', 0xff, b'"'])), "invalid_request : is not UTF-8");
}

#[test]
fn only_json_by_its_own_header_is_taken() {
    let body = r#"{"transactionId":"p"}"#;
    for content_type in [
        None,
        Some(""),
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/json; charset=latin-1"),
        Some("application/json; version=2"),
        Some("application/jsonp"),
        Some("application/problem+json"),
        Some("application/json, text/plain"),
    ] {
        assert_eq!(refusal(&request(content_type, body)), "unsupported_media_type", "{content_type:?}");
    }
    let mut twice = request(Some("application/json"), body);
    twice.headers_mut().append("content-type", http::HeaderValue::from_static("text/html"));
    assert_eq!(refusal(&twice), "unsupported_media_type");
}

#[test]
fn the_largest_body_is_64_kb() {
    let of_length = |length: usize| format!(r#"{{"transactionId":"{}"}}"#, "x".repeat(length - 20));
    assert_eq!(of_length(BODY_MAX_BYTES).len(), BODY_MAX_BYTES);
    assert!(parse::<Confirm>(&request(Some("application/json"), of_length(BODY_MAX_BYTES))).is_ok());
    assert_eq!(refusal_of(&of_length(BODY_MAX_BYTES + 1)), "body_too_large");
}

#[test]
fn a_card_number_is_found_before_any_other_fault_and_never_echoed() {
    const CARD: &str = "4242424242424242";
    for (body, pointer) in [
        (format!(r#"{{"transactionId":"{CARD}"}}"#), "/transactionId"),
        (format!(r#"{{"{CARD}":1}}"#), ""),
        (format!(r#"{{"{CARD}":1,"{CARD}":1}}"#), ""),
        (format!(r#"{{"metadata":{{"a":[1,{{"{CARD}":true}}]}}}}"#), "/metadata/a/1"),
        (format!(r#"{{"amount":{CARD}}}"#), "/amount"),
        (format!(r#"{{"amount":-{CARD}}}"#), "/amount"),
        (format!(r#"{{"amount":{CARD}.0}}"#), ""),
        (format!(r#"{{"amount":{CARD}e0}}"#), ""),
        (r#"{"a":"x","b":"my card is 4242 4242 4242 4242, thanks"}"#.to_owned(), "/b"),
        (r#"{"a":"\u0034242\u00a04242\u200942424242"}"#.to_owned(), "/a"),
        (r#"{"a":"４２４２４２４２４２４２４２４２"}"#.to_owned(), "/a"),
        (r#"{"a":"٤٢٤٢-٤٢٤٢-٤٢٤٢-٤٢٤٢"}"#.to_owned(), "/a"),
        (format!("card={CARD}"), ""),
        ("card=4242+4242+4242+4242&cvc=123".to_owned(), ""),
        (format!("{{\"a\":\"{CARD}\""), ""),
        (format!("\"{CARD}\""), ""),
    ] {
        let problem = parse::<Confirm>(&request(Some("application/json"), body.as_str())).unwrap_err();
        let document = serde_json::to_value(problem.document(crate::http::problem::TypeBase::NAME)).unwrap();
        assert_eq!(document["code"], "raw_card_data", "{body}");
        assert_eq!(document["errors"][0]["pointer"], pointer, "{body}");
        assert!(!document.to_string().contains("4242"), "{body}");
    }
}

#[test]
fn a_card_number_in_the_path_the_query_or_the_key_is_found_too() {
    let clean = || request(Some("application/json"), r#"{"transactionId":"p"}"#);
    let with_header = |name: &'static str, value: &str| {
        let mut request = clean();
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    assert_eq!(parse::<Confirm>(&clean()).map(|_| ()), Ok(()));
    assert!(refusal(&with_header("idempotency-key", "4242-4242-4242-4242")).starts_with("raw_card_data"));
    let mut query = clean();
    *query.uri_mut() = "https://api.example/v1/payment/confirm?ref=%34242%204242+4242-42%342".parse().unwrap();
    assert!(refusal(&query).starts_with("raw_card_data"));
    let path = lambda_http::RequestExt::with_raw_http_path(clean(), "/payment/status/4242%2042424242%2D4242");
    assert!(refusal(&path).starts_with("raw_card_data"));
    assert!(screen(&path).is_err());
    assert!(screen(&request(None, "4242 4242 4242 4242")).is_err());
    assert_eq!(screen(&clean()), Ok(()));
}

#[test]
fn headers_that_are_neither_kept_nor_shown_are_not_screened() {
    for (name, value) in [
        ("x-amzn-trace-id", "Root=1-42424242-424242424242424242424242"),
        ("x-forwarded-for", "4242.4242.4242.4242"),
        ("x-datadog-trace-id", "4242424242424242"),
        ("x-cloud-trace-context", "105445aa7843bc8bf206b12000100000/4242424242424242;o=1"),
        ("user-agent", "4242424242424242"),
    ] {
        let mut request = request(Some("application/json"), r#"{"transactionId":"p"}"#);
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(parse::<Confirm>(&request).map(|_| ()), Ok(()), "{name}");
    }
}

#[test]
fn a_secret_is_found_before_any_other_fault_and_never_echoed() {
    // Put together here, so that no scanner takes this file for a leak.
    let canary = "Canary4eC39HqLyjWDarjtT1";
    let stripe = format!("sk_live_{canary}");
    let ours = format!("qk_shop_{canary}");
    for (body, pointer) in [
        (format!(r#"{{"transactionId":"{stripe}"}}"#), "/transactionId"),
        (format!(r#"{{"metadata":{{"note":["my key: {ours}"]}}}}"#), "/metadata/note/0"),
        (format!(r#"{{"{stripe}":1,"{stripe}":1}}"#), ""),
        (format!(r#"{{"a":{{"{ours}":{{"b":"4242424242424242"}}}}}}"#), "/a"),
        (r#"{"a":"\u0073k_live_Canary4eC39HqLyjWDarjtT1"}"#.to_owned(), "/a"),
        (format!("key={stripe}"), ""),
        (format!(r#"{{"a":"{stripe}""#), ""),
    ] {
        let problem = parse::<Confirm>(&request(Some("application/json"), body.as_str())).unwrap_err();
        let document = serde_json::to_value(problem.document(crate::http::problem::TypeBase::NAME)).unwrap();
        assert_eq!((&document["code"], &document["status"]), (&"secret_in_request".into(), &422.into()), "{body}");
        assert_eq!(document["errors"][0]["pointer"], pointer, "{body}");
        assert!(!document.to_string().contains("Canary"), "{document}");
    }
    let mut keyed = request(Some("application/json"), r#"{"transactionId":"p"}"#);
    keyed.headers_mut().insert("idempotency-key", format!("\"{stripe}\"").parse().unwrap());
    assert!(refusal(&keyed).starts_with("secret_in_request"));
    assert!(screen(&keyed).is_err());
    let mut authorized = request(Some("application/json"), r#"{"transactionId":"p"}"#);
    authorized.headers_mut().insert("authorization", format!("Bearer {ours}").parse().unwrap());
    assert_eq!(parse::<Confirm>(&authorized).map(|_| ()), Ok(()), "that is where it belongs");
}

#[test]
fn an_answer_is_small_whatever_was_sent() {
    let long = "k".repeat(60_000);
    for body in [
        format!(r#"{{"{long}":{{{}"a":1}}}}"#, r#""a":1,"#.repeat(20)),
        format!(r#"{{"{long}":1}}"#),
        format!(r#"{{"a":{{"{long}":"4242424242424242"}}}}"#),
        format!(r#"{{"transactionId":["{long}"]}}"#),
        format!(r#"{{"{}":0.5}}"#, "\\u0001".repeat(10_000)),
    ] {
        let problem = parse::<Confirm>(&request(Some("application/json"), body)).unwrap_err();
        let length = serde_json::to_string(&problem.document(crate::http::problem::TypeBase::NAME)).unwrap().len();
        assert!(length < 4_096, "{length} bytes");
    }
}

proptest! {
    #[test]
    fn no_body_makes_it_fall_over(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        drop(parse::<Confirm>(&request(Some("application/json"), bytes)));
    }
}
