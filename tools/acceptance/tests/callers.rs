//! Who is calling: 401 to nobody we know, 403 to somebody who may not, and one 404 for whatever is not there to be seen.
//!
//! The routes are read from template.yaml, so that a new one is covered the day it is deployed.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use acceptance::client::Client;
use acceptance::gateway::Gateway;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{eventually, unique};
use adapters::http::authenticate::PUBLIC_ROUTES;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

/// The secret of every key that these tests make; its name tells them apart.
const SECRET: &str = "acceptanceonlyacceptanceonlyacceptanceonly";

#[test]
fn every_route_but_the_public_ones_wants_a_key() {
    on_stack(async |stack| {
        let local = stack.api.bearer();
        let (_, local_key) = local.split_once(' ').unwrap();
        let wrong = [
            None,
            Some(String::new()),
            Some("Bearer".to_owned()),
            Some("Bearer ".to_owned()),
            Some(format!("Bearer {}", local_key.to_uppercase())),
            Some(format!("Bearer {}x", local_key)),
            Some(format!("Bearer qk_nobody_{SECRET}")),
            Some(format!("Bearer qk_local_{SECRET}")),
            Some("Bearer sk_test_sandbox".to_owned()),
            Some(format!("Basic {local_key}")),
            Some(local_key.to_owned()),
        ];
        let routes = routes();
        let public: BTreeSet<_> = PUBLIC_ROUTES.iter().map(|(method, path, _)| (*method, *path)).collect();
        let deployed: BTreeSet<_> = routes.iter().map(|(method, path)| (method.as_str(), path.as_str())).collect();
        assert!(public.is_subset(&deployed), "{public:?} in {deployed:?}");
        for (method, path) in deployed.difference(&public) {
            let path = path.replace("{transactionId}", "pay_aaaaaaaaaaaaaaaaaaaaaaaaaa");
            let path = path.replace("{disputeId}", "dsp_stripe_du_1");
            let path = path.replace("{endpointId}", "whe_aaaaaaaaaaaaaaaaaaaaaaaaaa");
            let path = path.replace("{eventId}", "evt_pay_aaaaaaaaaaaaaaaaaaaaaaaaaa_1");
            let path = path.replace("{customerId}", "c-1");
            assert!(!path.contains('{'), "say what stands for the parameter of {path}");
            for authorization in &wrong {
                let refused = called(&stack.api, method, &path, authorization.as_deref()).await;
                check(&refused, 401, "unauthorized", &format!("{method} {path} {authorization:?}"));
                assert!(refused.header("www-authenticate").starts_with("Bearer"), "{path}");
            }
        }
    });
}

#[test]
fn without_a_key_nothing_is_said_about_the_request() {
    on_stack(async |stack| {
        // Whoever is nobody learns neither what is wrong with a body nor whether a payment exists.
        let payment = stack.api.open().await;
        let of_theirs = called(&stack.api, "GET", &format!("/payment/status/{}", payment.id), None).await;
        let of_none = called(&stack.api, "GET", "/payment/status/pay_aaaaaaaaaaaaaaaaaaaaaaaaaa", None).await;
        let of_nonsense = called(&stack.api, "POST", "/payment/initiate", None).await;
        assert_eq!((&of_theirs.text, &of_theirs.text), (&of_none.text, &of_nonsense.text));
    });
}

#[test]
fn a_key_may_do_what_its_scopes_say_and_no_more() {
    on_stack(async |stack| {
        let keys = keys(stack).await;
        let payment = stack.api.open().await;
        let card = json!({"transactionId": payment.id, "paymentMethod": "pm_card_visa"});
        let terms = json!({"amount": 1999, "currency": "EUR"});

        let seen = once_known(async || keys.reader.status(&payment.id).await).await;
        assert_eq!(seen.text_at("/transactionId"), payment.id);
        let (open, pay) = (unique("scope"), unique("scope"));
        for (client, who) in [(&keys.reader, "a reader"), (&keys.nothing, "a key without scopes")] {
            let opened = once_known(async || client.initiate(&open, &terms).await).await;
            check(&opened, 403, "forbidden", &format!("{who} opens"));
            let paid = once_known(async || client.confirm(&pay, &card).await).await;
            check(&paid, 403, "forbidden", &format!("{who} pays"));
            let taken = once_known(async || client.capture(&payment).await).await;
            check(&taken, 403, "forbidden", &format!("{who} captures"));
            let ended = once_known(async || client.cancel(&payment).await).await;
            check(&ended, 403, "forbidden", &format!("{who} cancels"));
        }
        let listed = once_known(async || keys.reader.payments("limit=1").await).await;
        assert_eq!(listed.status, 200, "{}", listed.text);
        assert!(stack.sandbox.charges(&payment.id).await.is_empty());

        for (client, who) in [(&keys.writer, "a writer"), (&keys.nothing, "a key without scopes")] {
            let seen = once_known(async || client.status(&payment.id).await).await;
            check(&seen, 403, "forbidden", &format!("{who} reads"));
            let listed = once_known(async || client.payments("limit=1").await).await;
            check(&listed, 403, "forbidden", &format!("{who} lists"));
        }
        // The refused requests have not used up their keys either.
        let opened = once_known(async || keys.writer.initiate(&open, &terms).await).await;
        assert_eq!(opened.status, 201, "{}", opened.text);
        let paid = once_known(async || keys.writer.confirm(&pay, &card).await).await;
        assert_eq!((paid.status, paid.text_at("/status").as_str()), (200, "succeeded"));
    });
}

#[test]
fn money_is_given_back_by_whoever_may_refund_and_by_nobody_else() {
    on_stack(async |stack| {
        let keys = keys(stack).await;
        let payment = stack.api.open().await;
        drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
        let back = unique("scope");
        for (client, who) in
            [(&keys.reader, "a reader"), (&keys.writer, "a writer"), (&keys.nothing, "a key without scopes")]
        {
            let refused = once_known(async || client.refund(&payment, &back, Some(500)).await).await;
            check(&refused, 403, "forbidden", &format!("{who} refunds"));
        }
        assert!(stack.sandbox.refunds(&payment.intent).await.is_empty());
        let given = once_known(async || keys.refunder.refund(&payment, &back, Some(500)).await).await;
        assert_eq!((given.status, given.header("idempotent-replayed")), (200, ""), "{}", given.text);
        let other = stack.api.open().await;
        for (answer, what) in [
            (once_known(async || keys.refunder.pay(&other, "pm_card_visa").await).await, "pays"),
            (once_known(async || keys.refunder.cancel(&other).await).await, "cancels"),
            (once_known(async || keys.refunder.status(&other.id).await).await, "reads"),
        ] {
            check(&answer, 403, "forbidden", &format!("who may only refund {what}"));
        }
    });
}

#[test]
fn a_dispute_is_read_by_whoever_may_read_payments_and_answered_by_whoever_may_answer_disputes() {
    on_stack(async |stack| {
        let keys = keys(stack).await;
        let payment = stack.paid(Gateway::PayPal, json!({})).await;
        let id = stack.sandbox.disputes(&payment.id, json!({})).await;
        let dispute = format!("dsp_paypal_{id}");
        eventually("the dispute is there", async || {
            let answer = stack.api.dispute(&dispute).await;
            if answer.at("/status") == "needs_response" { Ok(()) } else { Err(answer.text) }
        })
        .await;
        assert_eq!(once_known(async || keys.reader.dispute(&dispute).await).await.status, 200);
        assert_eq!(once_known(async || keys.reader.disputes("limit=1").await).await.status, 200);
        let papers = json!({"submit": true, "evidence": {"explanation": "It was delivered."}});
        let key = unique("scope");
        for (client, who) in [(&keys.reader, "a reader"), (&keys.writer, "a writer"), (&keys.refunder, "a refunder")] {
            let answered = once_known(async || client.evidence(&dispute, &key, &papers).await).await;
            check(&answered, 403, "forbidden", &format!("{who} answers"));
            let accepted = once_known(async || client.accept(&dispute, &key).await).await;
            check(&accepted, 403, "forbidden", &format!("{who} gives in"));
        }
        for (client, who) in [(&keys.disputer, "who may only answer"), (&keys.nothing, "a key without scopes")] {
            let seen = once_known(async || client.dispute(&dispute).await).await;
            check(&seen, 403, "forbidden", &format!("{who} reads"));
            let listed = once_known(async || client.disputes("limit=1").await).await;
            check(&listed, 403, "forbidden", &format!("{who} lists"));
        }
        assert_eq!(stack.sandbox.submissions(Gateway::PayPal, &id).await, 0);
        let answered = once_known(async || keys.disputer.evidence(&dispute, &key, &papers).await).await;
        assert!(matches!(answered.status, 200 | 202), "{}", answered.text);
    });
}

#[test]
fn a_key_ends_when_its_time_is_over() {
    on_stack(async |stack| {
        let keys = keys(stack).await;
        let payment = stack.api.open().await;
        let seen = once_known(async || keys.to_expire.status(&payment.id).await).await;
        assert_eq!(seen.status, 200, "it is good until 2099");
        // Both stand in the same document, so whoever knows one knows the other.
        check(&keys.expired.status(&payment.id).await, 401, "unauthorized", "it was good until 2020");
    });
}

#[test]
fn whatever_is_not_a_payment_is_not_found_in_the_same_words() {
    on_stack(async |stack| {
        let unknown = stack.api.status("pay_aaaaaaaaaaaaaaaaaaaaaaaaaa").await;
        check(&unknown, 404, "not_found", "unknown");
        for id in ["pay_", "pay_x", "PAY_AAAAAAAAAAAAAAAAAAAAAAAAAA", "pi_1", "x", "%27%20OR%201=1", "pay_%00", "null"]
        {
            let answer = stack.api.status(id).await;
            assert_eq!((answer.status, &answer.text), (404, &unknown.text), "{id}");
        }
        for id in ["pay_aaaaaaaaaaaaaaaaaaaaaaaaaa", "pay_x", "", "pi_1"] {
            let body = json!({"transactionId": id, "paymentMethod": "pm_card_visa"});
            let answer = stack.api.confirm(&unique("nowhere"), &body).await;
            assert_eq!((answer.status, &answer.text), (404, &unknown.text), "{id}");
            for path in ["/payment/capture", "/payment/cancel", "/payment/refund"] {
                let body = json!({"transactionId": id}).to_string();
                let answer = stack.api.post(path, &unique("nowhere"), body).await;
                assert_eq!((answer.status, &answer.text), (404, &unknown.text), "{path} {id}");
            }
        }
    });
}

#[test]
fn only_the_routes_of_the_template_are_there() {
    on_stack(async |stack| {
        let bearer = stack.api.bearer();
        for (method, path) in [
            ("GET", "/payment/initiate"),
            ("DELETE", "/payment/confirm"),
            ("POST", "/payment/status/pay_aaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("GET", "/payment/capture"),
            ("PUT", "/payment/cancel"),
            ("GET", "/payment/refund"),
            ("POST", "/payment/refunds"),
            ("POST", "/payments"),
            ("GET", "/payments/pay_aaaaaaaaaaaaaaaaaaaaaaaaaa"),
            ("GET", "/webhook/stripe"),
            ("GET", "/webhook/paypal"),
            ("POST", "/disputes"),
            ("DELETE", "/disputes/dsp_stripe_du_1"),
            ("GET", "/disputes/dsp_stripe_du_1/evidence"),
            ("GET", "/customers/c-1"),
            ("DELETE", "/customers"),
            ("GET", "/"),
            ("GET", "/payment"),
            ("POST", "/payment/initiate/again"),
        ] {
            let answer = called(&stack.api, method, path, Some(&bearer)).await;
            assert!(matches!(answer.status, 403..=405), "{method} {path}: {} {}", answer.status, answer.text);
        }
    });
}

/// Clients with keys that the local stack does not have by itself.
struct Keys {
    reader: Client,
    writer: Client,
    refunder: Client,
    disputer: Client,
    nothing: Client,
    to_expire: Client,
    expired: Client,
}

/// Adds the keys to the secret *client keys*, once for all tests.
async fn keys(stack: &Stack) -> &'static Keys {
    static KEYS: OnceCell<Keys> = OnceCell::const_new();
    let made = async || {
        let arn = stack.aws.variable("status", "CLIENT_KEYS_ARN").await.unwrap();
        let mut document = stack.aws.secret(&arn).await;
        let mut add = |name: &str, scopes: &[&str], expires_at: Option<&str>| {
            let name = format!("acceptance-{name}");
            let sha256 = HEXLOWER.encode(&Sha256::digest(SECRET));
            document["keys"][&name] = json!({"sha256": sha256, "scopes": scopes, "expiresAt": expires_at});
            stack.api.with_key(&format!("qk_{name}_{SECRET}"))
        };
        let keys = Keys {
            reader: add("reader", &["payments:read"], None),
            writer: add("writer", &["payments:write"], None),
            refunder: add("refunder", &["refunds:write"], None),
            disputer: add("disputer", &["disputes:write"], None),
            nothing: add("nothing", &[], None),
            to_expire: add("to-expire", &["payments:read"], Some("2099-01-01T00:00:00Z")),
            expired: add("expired", &["payments:read"], Some("2020-01-01T00:00:00Z")),
        };
        stack.aws.put_secret(&arn, &document).await;
        keys
    };
    KEYS.get_or_init(made).await
}

/// What is answered once the function has read the new keys: it looks at most every ten seconds.
async fn once_known(call: impl AsyncFn() -> Answer) -> Answer {
    eventually("the function knows the new key", async || {
        let answer = call().await;
        if answer.status == 401 { Err(answer.text) } else { Ok(answer) }
    })
    .await
}

async fn called(api: &Client, method: &str, path: &str, authorization: Option<&str>) -> Answer {
    let key = unique("called");
    let mut headers: Vec<(&str, &[u8])> =
        vec![("content-type", b"application/json"), ("idempotency-key", key.as_bytes())];
    headers.extend(authorization.map(|value| ("authorization", value.as_bytes())));
    let body = if method == "GET" { "" } else { r#"{"amount":-1,"nonsense":true}"# };
    api.send(method, path, &headers, body).await
}

#[track_caller]
fn check(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!((answer.status, answer.text_at("/code").as_str()), (status, code), "{what}: {}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    assert_eq!((answer.at("/payment"), answer.at("/decline")), (Value::Null, Value::Null), "{what}");
}

/// Every method and path that template.yaml deploys.
fn routes() -> Vec<(String, String)> {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let template = fs::read_to_string(template).unwrap();
    let value = |line: &str, name: &str| line.trim().strip_prefix(name).map(|value| value.trim().to_owned());
    let lines: Vec<&str> = template.lines().collect();
    let routes: Vec<_> =
        lines.windows(2).filter_map(|pair| Some((value(pair[1], "Method:")?, value(pair[0], "Path:")?))).collect();
    assert_eq!(routes.len(), template.matches("Type: Api\n").count(), "each route says its path, then its method");
    routes
}
