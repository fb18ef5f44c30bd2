//! Whoever wishes us ill, at every route that template.yaml deploys: keys that open nothing, ids that are nobody's, bodies that no
//! client sends, signatures with one wrong bit. Each matrix is tried whole, and says how large it was.
//!
//! What is wrong with a request *by its meaning* is told by `bad_input`; who may do what, by `callers`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::collections::BTreeMap;
use std::fmt;

use acceptance::client::Client;
use acceptance::repository;
use acceptance::signature::{SECRET as SIGNING_SECRET, header, now};
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{a_few_at_a_time, eventually, say, unique};
use adapters::http::authenticate::PUBLIC_ROUTES;
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What is hostile bears this word, so that whoever echoes it is found out.
const MARK: &str = "hostile-mark";
/// The secret of the keys that are made here.
const SECRET: &str = "hostilekeyhostilekeyhostilekeyhostilekey";
/// The longest body that is taken.
const BODY_MAX: usize = 64 * 1024;
/// `{"amount":1999,"currency":"EUR"}`, as `gzip` writes it.
const GZIPPED: &str =
    "1f8b0800000000000003ab564acccd2fcd2b51b232b4b4b4d4514a2e2d2a4acd4bae54b252720d0d52aa0500927a058c20000000";

#[test]
fn a_key_without_the_scope_of_a_route_opens_it_nowhere_and_one_that_has_ended_opens_nothing() {
    on_stack(async |stack| {
        let keys = Keys::added_to(stack).await;
        let scopes = repository::scopes();
        let mut tried = 0_u32;
        for route in guarded() {
            let scope = &scopes[&route.to_string()];
            let path = route.with(&Ids::UNKNOWN);
            let without = &keys.without[scope.as_str()];
            let refused = once_known(async || called(without, &route.method, &path, "{}").await).await;
            assert_problem(&refused, 403, "forbidden", &format!("{route} without {scope}"));
            let ended = called(&keys.ended, &route.method, &path, "{}").await;
            assert_problem(&ended, 401, "unauthorized", &format!("{route} with a key that has ended"));
            let revoked = called(&keys.revoked, &route.method, &path, "{}").await;
            assert_problem(&revoked, 401, "unauthorized", &format!("{route} with a key that was taken out"));
            tried += 3;
        }
        say(&format!("hostile keys: {tried} calls, none let in"));
    });
}

#[test]
fn an_id_that_is_nobodys_is_not_found_in_the_same_words_on_every_route() {
    on_stack(async |stack| {
        let mut tried = 0_u32;
        // A person is erased whether anybody knows them or not: there is nothing to be found out.
        let names_a_thing = |route: &Route| route.path.contains('{') && !route.path.contains("{customerId}");
        for route in guarded().into_iter().filter(names_a_thing) {
            let body = right_body(&route);
            let unknown = called(&stack.api, &route.method, &route.with(&Ids::UNKNOWN), body).await;
            assert_problem(&unknown, 404, "not_found", &format!("{route}, unknown"));
            for ids in Ids::MALFORMED {
                let path = route.with(&ids);
                let answer = called(&stack.api, &route.method, &path, body).await;
                tried += 1;
                if path.contains("%2F") && answer.text.contains("Missing Authentication Token") {
                    // The local AWS takes an escaped slash for a slash, and has no such route.
                    continue;
                }
                assert_eq!((answer.status, &answer.text), (404, &unknown.text), "{} {path}", route.method);
            }
        }
        say(&format!("hostile ids: {tried} calls, all not found"));
    });
}

#[test]
fn no_route_takes_a_body_that_no_client_sends() {
    on_stack(async |stack| {
        let mut calls = Vec::new();
        for route in routes().into_iter().filter(|route| route.method == "POST") {
            for (what, body, encoding) in bodies() {
                calls.push((route.clone(), what, body, encoding));
            }
        }
        let tried = calls.len();
        a_few_at_a_time(calls, async |(route, what, body, encoding)| {
            let answer = with_body(&stack.api, &route, body, encoding).await;
            let what = format!("{route} with {what}");
            assert!((400..500).contains(&answer.status), "{what}: {} {}", answer.status, answer.text);
            assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
            assert!(!answer.text.contains(MARK), "{what} is echoed: {}", answer.text);
        })
        .await;
        assert!(!stack.aws.all_rows().await.contains(MARK), "what is refused is not stored");
        say(&format!("hostile bodies: {tried} calls, none taken"));
    });
}

#[test]
fn nothing_that_is_sent_becomes_a_header_or_a_line_of_the_log() {
    on_stack(async |stack| {
        let evil = format!("%0d%0aset-cookie:%20{MARK}=1%0d%0a%0d%0a{{%22level%22:%22{MARK}%22}}");
        let paths = [
            ("GET", format!("/payment/status/pay_{evil}")),
            ("GET", format!("/payments?cursor={evil}")),
            ("GET", format!("/payments?{evil}=1")),
            ("GET", format!("/disputes/{evil}")),
            ("GET", format!("/events/{evil}")),
            ("POST", format!("/webhook/{evil}")),
            ("POST", format!("/webhook-endpoints/{evil}/rotate")),
        ];
        let mut ids = Vec::new();
        for (method, path) in &paths {
            let answer = called(&stack.api, method, path, "{}").await;
            assert!((400..500).contains(&answer.status), "{method} {path}: {} {}", answer.status, answer.text);
            assert_eq!(answer.header("set-cookie"), "", "{method} {path}");
            ids.push(answer.header("request-id").to_owned());
        }
        // Bytes that are no text, and a trace that is not AWS's.
        let bearer = stack.api.bearer();
        let headers: [(&str, &[u8]); 5] = [
            ("authorization", bearer.as_bytes()),
            ("content-type", b"application/json"),
            ("idempotency-key", b"hostile-mark\x80\xff"),
            ("x-amzn-trace-id", b"Root=hostile-mark"),
            ("x-request-id", b"hostile-mark"),
        ];
        let answer = stack.api.send("POST", "/payment/initiate", &headers, r#"{"amount":1,"currency":"EUR"}"#).await;
        assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.text);
        ids.push(answer.header("request-id").to_owned());
        for function in ["status", "payments", "dispute", "webhook", "webhook-endpoint", "initiate"] {
            for id in ids.iter().filter(|id| !id.is_empty()) {
                let lines = stack.aws.logs_about(function, id).await;
                let forged = lines.iter().find(|line| line.trim_start().starts_with(&format!("{{\"level\":\"{MARK}")));
                assert!(forged.is_none(), "{function} was made to log a line: {forged:?}");
            }
        }
        say(&format!("hostile headers: {} calls, nothing came through", paths.len() + 1));
    });
}

#[test]
fn a_webhook_with_one_wrong_bit_moves_nothing() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let intent = stack.sandbox.intent(&payment.intent).await;
        let event = json!({
            "id": "evt_hostile", "object": "event", "type": "payment_intent.payment_failed", "livemode": false,
            "data": {"object": intent}
        });
        let body = event.to_string();
        let signature = header(SIGNING_SECRET, now(), &body);
        let flipped = |text: &str, place: usize| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[place] ^= 1;
            bytes
        };
        let mut forged: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        forged.extend((0..signature.len()).map(|place| (flipped(&signature, place), body.clone().into_bytes())));
        forged.extend((0..body.len()).step_by(5).map(|place| (signature.clone().into_bytes(), flipped(&body, place))));
        let tried = forged.len();
        a_few_at_a_time(forged, async |(signature, body)| {
            let headers: [(&str, &[u8]); 2] =
                [("content-type", b"application/json"), ("stripe-signature", signature.as_slice())];
            let answer = stack.api.send("POST", "/webhook/stripe", &headers, body).await;
            let shown = String::from_utf8_lossy(&signature).into_owned();
            assert_eq!(answer.status, 400, "{shown}: {}", answer.text);
        })
        .await;
        let seen = stack.api.status(&payment.id).await.expect(200);
        assert_eq!((seen.at("/version"), seen.text_at("/status")), (json!(1), "requires_payment_method".to_owned()));
        say(&format!("hostile signatures: {tried} calls, none believed"));
    });
}

#[test]
fn no_endpoint_can_be_registered_inside_a_network() {
    on_stack(async |stack| {
        let hosts = [
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "[fd00::1]",
            "[fe80::1]",
            "[::]",
            "[::ffff:10.0.0.1]",
            "[::ffff:169.254.169.254]",
            "[64:ff9b::a00:1]",
            "[2002:a00:1::]",
            "[2001:db8::1]",
            "167772161",
            "0x0a000001",
            "012.0.0.1",
            "10.1",
        ];
        let others = [
            "http://shop.example/hooks",
            "ftp://shop.example/",
            "file:///etc/passwd",
            "gopher://shop.example/",
            "https://user:password@shop.example/",
            "https://shop.example/#fragment",
            "https:///hooks",
            "https://",
            "//shop.example/",
            "https://shop.example:0/",
            "javascript:alert(1)",
            "https://shop.example/\u{0000}",
        ];
        let urls = hosts.iter().map(|host| format!("https://{host}/hooks")).chain(others.map(str::to_owned));
        let mut tried = 0_u32;
        for url in urls {
            let refused = stack.api.register(&unique("hostile"), &json!({"url": url})).await;
            assert_problem(&refused, 400, "invalid_request", &url);
            tried += 1;
        }
        say(&format!("hostile endpoints: {tried} URLs, none registered"));
    });
}

/// What stands for the parameters of a path.
struct Ids {
    transaction: &'static str,
    dispute: &'static str,
    endpoint: &'static str,
    event: &'static str,
    customer: &'static str,
}

impl Ids {
    /// Ids as ours are, of nothing that there is.
    const UNKNOWN: Self = Self {
        transaction: "pay_aaaaaaaaaaaaaaaaaaaaaaaaaa",
        dispute: "dsp_stripe_du_hostile",
        endpoint: "whe_aaaaaaaaaaaaaaaaaaaaaaaaaa",
        event: "evt_pay_aaaaaaaaaaaaaaaaaaaaaaaaaa_1",
        customer: "hostile-nobody",
    };
    const MALFORMED: [Self; 8] = [
        Self::all("x"),
        Self::all("pay_"),
        Self::all("null"),
        Self::all("%00"),
        Self::all("%27%20OR%201=1"),
        Self::all("..%2F..%2Fetc%2Fpasswd"),
        Self::all("PAY%23pay_aaaaaaaaaaaaaaaaaaaaaaaaaa"),
        Self::all("ENDPOINTS"),
    ];

    const fn all(id: &'static str) -> Self {
        Self { transaction: id, dispute: id, endpoint: id, event: id, customer: id }
    }
}

/// A route as template.yaml deploys it.
#[derive(Debug, Clone)]
struct Route {
    method: String,
    path: String,
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

impl Route {
    fn with(&self, ids: &Ids) -> String {
        let path = self.path.replace("{transactionId}", ids.transaction).replace("{disputeId}", ids.dispute);
        let path = path.replace("{endpointId}", ids.endpoint).replace("{eventId}", ids.event);
        let path = path.replace("{customerId}", ids.customer).replace("{gateway}", "stripe");
        assert!(!path.contains('{'), "say what stands for the parameter of {path}");
        path
    }
}

fn routes() -> Vec<Route> {
    let written = repository::deployed_functions().into_iter().flat_map(|function| function.routes);
    let parted = written.map(|route| {
        let (method, path) = route.split_once(' ').unwrap();
        Route { method: method.to_owned(), path: path.to_owned() }
    });
    parted.collect()
}

/// Every route that wants a key.
fn guarded() -> Vec<Route> {
    let is_public = |route: &Route| {
        PUBLIC_ROUTES.iter().any(|(method, path, _)| (*method, *path) == (route.method.as_str(), route.path.as_str()))
    };
    routes().into_iter().filter(|route| !is_public(route)).collect()
}

/// A body that a route would take, if only its id were somebody's.
fn right_body(route: &Route) -> &'static str {
    match route.path.rsplit('/').next() {
        Some("evidence") => r#"{"submit":false,"evidence":{"explanation":"It was delivered."}}"#,
        Some("redeliver") if route.path.starts_with("/webhook-endpoints") => {
            r#"{"from":"2026-11-01T00:00:00Z","to":"2026-11-02T00:00:00Z"}"#
        }
        _ => "{}",
    }
}

/// Bodies, what they are, and how they say that they are encoded.
fn bodies() -> Vec<(&'static str, Vec<u8>, Option<&'static str>)> {
    let deep = format!("{}\"{MARK}\"{}", r#"{"a":"#.repeat(17), "}".repeat(17));
    let deepest = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let wide = format!("{{{}}}", (0..4_000).map(|n| format!(r#""k{n}":1"#)).collect::<Vec<_>>().join(","));
    vec![
        ("a byte too many", format!(r#"{{"a":"{}"}}"#, "x".repeat(BODY_MAX)).into_bytes(), None),
        ("17 levels", deep.into_bytes(), None),
        ("30,000 levels", deepest.into_bytes(), None),
        ("4,000 fields", wide.into_bytes(), None),
        ("a field twice", format!(r#"{{"twice":"{MARK}","twice":"{MARK}"}}"#).into_bytes(), None),
        ("an unknown field", format!(r#"{{"unknown":"{MARK}"}}"#).into_bytes(), None),
        ("bytes that are no UTF-8", b"{\"a\":\"\xff\xfe\xc0\x80\"}".to_vec(), None),
        ("half a surrogate", br#"{"a":"\ud800"}"#.to_vec(), None),
        ("a zero byte", b"{\"a\":\"\x00\"}".to_vec(), None),
        ("two documents", b"{}{}".to_vec(), None),
        ("a number without end", format!(r#"{{"amount":{}}}"#, "9".repeat(10_000)).into_bytes(), None),
        ("an exponent without end", br#"{"amount":1e999999999}"#.to_vec(), None),
        ("a prototype", br#"{"__proto__":{"admin":true},"constructor":1}"#.to_vec(), None),
        ("a formula", format!(r#"["=cmd|'/c calc'!A1","{MARK}"]"#).into_bytes(), None),
        (
            "XML with an entity",
            format!(r#"<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;{MARK}</a>"#).into_bytes(),
            None,
        ),
        ("gzip that says so", data_encoding::HEXLOWER.decode(GZIPPED.as_bytes()).unwrap(), Some("gzip")),
        ("gzip that does not say so", data_encoding::HEXLOWER.decode(GZIPPED.as_bytes()).unwrap(), None),
    ]
}

struct Keys {
    /// Keys that have every scope but one, by that one.
    without: BTreeMap<String, Client>,
    ended: Client,
    revoked: Client,
}

impl Keys {
    async fn added_to(stack: &Stack) -> Self {
        let arn = stack.aws.variable("status", "CLIENT_KEYS_ARN").await.unwrap();
        let mut document = stack.aws.secret(&arn).await;
        let all: Vec<String> = repository::scopes().into_values().collect();
        let client = |name: &str| stack.api.with_key(&format!("qk_{name}_{SECRET}"));
        let entry = |scopes: &[&String], expires_at: Value| json!({"sha256": HEXLOWER.encode(&Sha256::digest(SECRET)), "scopes": scopes, "expiresAt": expires_at});
        let mut without = BTreeMap::new();
        for scope in &all {
            let name = format!("hostile-without-{}", scope.replace([':', '_'], "-"));
            let others: Vec<&String> = all.iter().filter(|other| *other != scope).collect();
            document["keys"][&name] = entry(&others, Value::Null);
            without.insert(scope.clone(), client(&name));
        }
        document["keys"]["hostile-ended"] = entry(&all.iter().collect::<Vec<_>>(), json!("2020-01-01T00:00:00Z"));
        document["keys"].as_object_mut().unwrap().remove("hostile-revoked");
        stack.aws.put_secret(&arn, &document).await;
        Self { without, ended: client("hostile-ended"), revoked: client("hostile-revoked") }
    }
}

/// What is answered once the function has read the new keys: it looks at most every ten seconds.
async fn once_known(call: impl AsyncFn() -> Answer) -> Answer {
    eventually("the function knows the new key", async || {
        let answer = call().await;
        if answer.status == 401 { Err(answer.text) } else { Ok(answer) }
    })
    .await
}

async fn called(api: &Client, method: &str, path: &str, body: &str) -> Answer {
    let (key, bearer) = (unique("hostile"), api.bearer());
    let headers: [(&str, &[u8]); 3] = [
        ("authorization", bearer.as_bytes()),
        ("content-type", b"application/json"),
        ("idempotency-key", key.as_bytes()),
    ];
    api.send(method, path, &headers, if method == "GET" { "" } else { body }).await
}

async fn with_body(api: &Client, route: &Route, body: Vec<u8>, encoding: Option<&str>) -> Answer {
    let (key, bearer) = (unique("hostile"), api.bearer());
    let mut headers: Vec<(&str, &[u8])> = vec![
        ("authorization", bearer.as_bytes()),
        ("content-type", b"application/json"),
        ("idempotency-key", key.as_bytes()),
    ];
    headers.extend(encoding.map(|encoding| ("content-encoding", encoding.as_bytes())));
    api.send("POST", &route.with(&Ids::UNKNOWN), &headers, body).await
}

#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!((answer.status, answer.text_at("/code").as_str()), (status, code), "{what}: {}", answer.text);
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
}
