//! The official library of the Standard Webhooks specification verifies what we sign (`standard_webhooks.py`), because a signer
//! that only its own authors verify agrees with its authors and with nobody else.
//!
//! What it verifies went over a real connection: from our way out to the sandbox's merchant.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that fails, fails, and tells why it did not run"
)]

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::Write as _,
    process::{Command, Stdio},
    time::Duration,
};

use adapters::{
    host::now,
    outbound::{Heard, Sender, Signed, SigningKey, derive},
    secrets::Secret,
};
use data_encoding::BASE64;
use domain::{time::Timestamp, webhook::Reach};
use sandbox::{Config, Sandbox};
use serde_json::{Value, json};

/// Names a Python that has what `tools/xtask/requirements.txt` asks for.
const PYTHON: &str = "QUITTANCE_PYTHON";

const ID: &str = "evt_pay_0123456789abcdefghijklmnop_7";
const BODY: &str = r#"{"id":"evt_pay_0123456789abcdefghijklmnop_7","type":"payment.succeeded","sequence":7}"#;
/// Of every width that UTF-8 has, with what JSON escapes and what it does not.
const UNICODE: &str = r#"{"payer":"Jürgen Ångström","note":"三色 🧦🏽 \u0000 \" שלום é é","empty":""}"#;

fn key(generation: u32) -> SigningKey {
    derive(&Secret::new("the master key of a test".to_owned()), "whe_1", generation)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_specifications_own_library_believes_what_we_send_and_nothing_else() {
    let Some(python) = python() else { return };
    let merchant = Merchant::listening().await;
    let (new, old, strangers) = (key(2), key(1), key(3));
    let signed_now = |body: &str, keys: &[SigningKey]| Signed::new(ID, now(), body.as_bytes(), keys);

    let plain = merchant.sent(&signed_now(BODY, &[key(1)]), BODY).await;
    let unicode = merchant.sent(&signed_now(UNICODE, &[key(1)]), UNICODE).await;
    let rotating = merchant.sent(&signed_now(BODY, &[new.clone(), old.clone()]), BODY).await;
    let ago = |seconds: i64| Timestamp::from_unix_ms(now().unix_ms().saturating_sub(seconds.saturating_mul(1_000)));
    let signed_at = |at| Signed::new(ID, at, BODY.as_bytes(), &[key(1)]);
    let late = merchant.sent(&signed_at(ago(290)), BODY).await;
    let too_late = merchant.sent(&signed_at(ago(310)), BODY).await;
    let too_early = merchant.sent(&signed_at(ago(-310)), BODY).await;
    let mut other_id = plain.clone();
    other_id["headers"]["webhook-id"] = "evt_2".into();
    let mut other_time = plain.clone();
    other_time["headers"]["webhook-timestamp"] =
        now().plus(Duration::from_secs(60)).unix_ms().div_euclid(1_000).to_string().into();
    let mut other_body = plain.clone();
    other_body["body"] = BODY.replace("succeeded", "failed").into();

    let (good, bad) = ("good", "No matching signature found");
    let cases = [
        ("as sent", &plain, &old, good),
        ("in every alphabet", &unicode, &old, good),
        ("rotating, with the new secret", &rotating, &new, good),
        ("rotating, with the old secret", &rotating, &old, good),
        ("rotating, with somebody else's secret", &rotating, &strangers, bad),
        ("with another secret", &plain, &new, bad),
        ("with another body", &other_body, &old, bad),
        ("with another id", &other_id, &old, bad),
        ("with another time", &other_time, &old, bad),
        ("nearly five minutes ago", &late, &old, good),
        ("more than five minutes ago", &too_late, &old, "Message timestamp too old"),
        ("more than five minutes from now", &too_early, &old, "Message timestamp too new"),
    ];
    let asked = cases.map(|(name, received, key, _)| {
        let body = BASE64.encode(received["body"].as_str().unwrap().as_bytes());
        json!({ "name": name, "secret": key.text().expose(), "headers": received["headers"], "body": body })
    });
    let said = library(&python, &asked);
    let expected = cases.map(|(name, _, _, verdict)| (name.to_owned(), verdict.to_owned()));
    assert_eq!(said, BTreeMap::from(expected));
}

#[test]
fn the_specifications_own_library_signs_as_we_do() {
    let Some(python) = python() else { return };
    let at = Timestamp::from_unix_ms(1_795_434_360_999);
    let mut asked = Vec::new();
    let mut ours = BTreeMap::new();
    for (name, body) in [("plain", BODY), ("unicode", UNICODE), ("empty", ""), ("no JSON", "a.b.c\n\r\n ")] {
        for generation in [0, 1, u32::MAX] {
            let (name, key) = (format!("{name} {generation}"), key(generation));
            let seconds = at.unix_ms().div_euclid(1_000);
            ours.insert(name.clone(), Signed::new(ID, at, body.as_bytes(), std::slice::from_ref(&key)).signature);
            let body = BASE64.encode(body.as_bytes());
            asked.push(json!({ "name": name, "secret": key.text().expose(), "id": ID, "at": seconds, "body": body }));
        }
    }
    assert_eq!(library(&python, &asked), ours);
}

/// The sandbox's merchant, and our way to it.
struct Merchant {
    sandbox: Sandbox,
    sender: Sender,
    http: reqwest::Client,
}

impl Merchant {
    async fn listening() -> Self {
        // With the TLS provider that the client asks for, though it needs none here.
        adapters::net::install_tls_provider();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let sandbox = Sandbox::start(Config::default()).await.unwrap();
        Self { sandbox, sender: Sender::new(Reach::Loopback).unwrap(), http }
    }

    /// What the merchant got of this message.
    async fn sent(&self, signed: &Signed, body: &str) -> Value {
        let url = format!("{}/_sandbox/merchant/jo", self.sandbox.url());
        let hook = format!("{url}/hook");
        let heard = self.sender.send(&hook, signed, body.as_bytes().to_vec(), Duration::from_secs(5)).await;
        assert_eq!(heard, Heard::Status { code: 200, retry_after: None });
        let text = self.http.get(&url).send().await.unwrap().text().await.unwrap();
        let mut received: Vec<Value> = serde_json::from_str(&text).unwrap();
        let last = received.pop().unwrap();
        assert_eq!((&last["body"], &last["method"]), (&json!(body), &json!("POST")));
        assert_eq!(last["headers"]["content-type"], "application/json");
        last
    }
}

/// What the environment names, or a loud gap. In CI a gap is a failure.
fn python() -> Option<OsString> {
    let given = std::env::var_os(PYTHON).filter(|value| !value.is_empty());
    if given.is_none() {
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{PYTHON} is not set, and on CI it must be");
        println!("SKIPPED: the official Standard Webhooks library did not verify us, because {PYTHON} is not set.");
    }
    given
}

/// What the library says of each case, by name.
fn library(python: &OsString, cases: &[Value]) -> BTreeMap<String, String> {
    let mut child = Command::new(python)
        .arg("-B")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/standard_webhooks.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let asked = serde_json::to_vec(cases).unwrap();
    child.stdin.take().unwrap().write_all(&asked).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
