use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use lambda_http::http::HeaderValue;
use lambda_http::{Body, http};
use proptest::prelude::*;

use super::*;
use crate::secrets::{Document as _, Secret, SecretError};

const SHOP_SECRET: &str = "0123456789abcdefABCDEF";
const NEW_SECRET: &str = "fedcba9876543210FEDCBA";

/// A vault whose document can be changed, or taken away.
struct Shelf {
    document: Mutex<Option<String>>,
    reads: AtomicUsize,
}

impl Vault for &Shelf {
    async fn read(&self, _: &str) -> Result<Secret, SecretError> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        self.document.lock().unwrap().clone().map(Secret::new).ok_or(SecretError::Unreachable)
    }
}

fn entry(name: &str, secret: &str, rest: &str) -> String {
    let sha256 = data_encoding::HEXLOWER.encode(&Sha256::digest(secret));
    format!(r#""{name}":{{"sha256":"{sha256}","scopes":["payments:write","moon:land"],"expiresAt":{rest}}}"#)
}

fn document(entries: &[String]) -> String {
    format!(r#"{{"keys":{{{}}}}}"#, entries.join(","))
}

fn shelf(entries: &[String]) -> Shelf {
    Shelf { document: Mutex::new(Some(document(entries))), reads: AtomicUsize::new(0) }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_434_360_000 + second * 1_000)
}

fn request(headers: &[&str]) -> Request {
    let mut request = http::Request::builder().body(Body::Empty).unwrap();
    for value in headers {
        request.headers_mut().append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    request
}

async fn who(keys: &Cached<ClientKeys, &Shelf>, header: &str, second: i64) -> Result<String, Refusal> {
    let caller = authenticate(keys, &request(&[header]), at(second), &mut Line::new("test", at(0))).await;
    caller.map(|caller| caller.name().to_owned()).map_err(|problem| problem.refusal())
}

fn bearer(name: &str, secret: &str) -> String {
    format!("Bearer qk_{name}_{secret}")
}

#[tokio::test]
async fn a_valid_key_is_its_owner_with_the_owners_scopes_only() {
    let shelf = shelf(&[entry("shop_eu-1", SHOP_SECRET, "null")]);
    let keys = Cached::new(&shelf, "client-keys", 0);
    let caller =
        authenticate(&keys, &request(&[&bearer("shop_eu-1", SHOP_SECRET)]), at(0), &mut Line::new("test", at(0)))
            .await
            .unwrap();
    assert_eq!(caller.name(), "shop_eu-1");
    assert_eq!(caller.require(Scope::PaymentsWrite), Ok(()));
    for scope in Scope::ALL.into_iter().filter(|scope| *scope != Scope::PaymentsWrite) {
        assert_eq!(caller.require(scope).unwrap_err().refusal(), Refusal::Forbidden, "{}", scope.name());
    }
    assert_eq!(who(&keys, &format!("bearer  qk_shop_eu-1_{SHOP_SECRET}"), 0).await, Ok("shop_eu-1".to_owned()));
}

#[tokio::test]
async fn anything_else_is_nobody() {
    let shelf = shelf(&[entry("shop", SHOP_SECRET, "null"), entry("other", NEW_SECRET, "null")]);
    let keys = Cached::new(&shelf, "client-keys", 0);
    let short = entry("short", "a", "null");
    *shelf.document.lock().unwrap() =
        Some(document(&[entry("shop", SHOP_SECRET, "null"), entry("other", NEW_SECRET, "null"), short]));
    for header in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer qk_",
        "Bearer qk__",
        "Bearer qk_shop_",
        "Bearer qk_short_a",
        &format!("Bearer {SHOP_SECRET}"),
        &format!("Basic qk_shop_{SHOP_SECRET}"),
        &format!("qk_shop_{SHOP_SECRET}"),
        &format!("Bearer sk_shop_{SHOP_SECRET}"),
        &bearer("shop", NEW_SECRET),
        &bearer("shop", &SHOP_SECRET.to_uppercase()),
        &bearer("shop", &format!("{SHOP_SECRET}0")),
        &bearer("Shop", SHOP_SECRET),
        &bearer("", SHOP_SECRET),
        &bearer("nobody", SHOP_SECRET),
        &bearer("shop", &"0".repeat(1_000)),
        &format!("{} ", bearer("shop", &format!("{SHOP_SECRET}, qk_shop_{SHOP_SECRET}"))),
    ] {
        assert_eq!(who(&keys, header, 0).await, Err(Refusal::Unauthorized), "{header}");
    }
    let valid = bearer("shop", SHOP_SECRET);
    let not_one: [&[&str]; 3] = [&[], &[&valid, &valid], &["Basic x", &valid]];
    for headers in not_one {
        let problem = authenticate(&keys, &request(headers), at(0), &mut Line::new("test", at(0))).await.unwrap_err();
        assert_eq!(problem.refusal(), Refusal::Unauthorized);
    }
}

#[tokio::test]
async fn a_key_ends_when_its_time_is_over() {
    let shelf = shelf(&[entry("shop", SHOP_SECRET, r#""2026-11-23T11:47:00Z""#)]);
    let keys = Cached::new(&shelf, "client-keys", 0);
    assert!(who(&keys, &bearer("shop", SHOP_SECRET), 59).await.is_ok());
    assert_eq!(who(&keys, &bearer("shop", SHOP_SECRET), 60).await, Err(Refusal::Unauthorized));
}

#[tokio::test]
async fn a_new_and_a_rolled_key_work_at_once_and_guessing_costs_one_read_in_ten_seconds() {
    let shelf = shelf(&[entry("shop", SHOP_SECRET, "null")]);
    let keys = Cached::new(&shelf, "client-keys", 0);
    assert!(who(&keys, &bearer("shop", SHOP_SECRET), 0).await.is_ok());
    *shelf.document.lock().unwrap() =
        Some(document(&[entry("shop", NEW_SECRET, "null"), entry("app", NEW_SECRET, "null")]));
    assert_eq!(
        who(&keys, &bearer("app", NEW_SECRET), 5).await,
        Err(Refusal::Unauthorized),
        "the document was read 5 s ago"
    );
    assert!(who(&keys, &bearer("shop", NEW_SECRET), 10).await.is_ok());
    assert!(who(&keys, &bearer("app", NEW_SECRET), 10).await.is_ok());
    assert_eq!(who(&keys, &bearer("shop", SHOP_SECRET), 11).await, Err(Refusal::Unauthorized), "the old key is gone");
    for second in 11..20 {
        assert_eq!(who(&keys, &bearer("nobody", SHOP_SECRET), second).await, Err(Refusal::Unauthorized));
    }
    assert_eq!(shelf.reads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn while_secrets_manager_is_down_known_keys_work_and_a_cold_start_asks_to_come_back() {
    let shelf = shelf(&[entry("shop", SHOP_SECRET, "null")]);
    let keys = Cached::new(&shelf, "client-keys", 0);
    assert!(who(&keys, &bearer("shop", SHOP_SECRET), 0).await.is_ok());
    *shelf.document.lock().unwrap() = None;
    assert!(who(&keys, &bearer("shop", SHOP_SECRET), 3_570).await.is_ok());
    assert_eq!(who(&keys, &bearer("nobody", SHOP_SECRET), 3_590).await, Err(Refusal::Unauthorized));
    // The key may have been revoked an hour ago.
    assert_eq!(who(&keys, &bearer("shop", SHOP_SECRET), 3_600).await, Err(Refusal::Unavailable));
    *shelf.document.lock().unwrap() = Some(document(&[entry("shop", SHOP_SECRET, "null")]));
    assert!(who(&keys, &bearer("shop", SHOP_SECRET), 3_610).await.is_ok());
    *shelf.document.lock().unwrap() = None;

    let cold = Cached::new(&shelf, "client-keys", 0);
    let problem = authenticate(&cold, &request(&[&bearer("shop", SHOP_SECRET)]), at(0), &mut Line::new("test", at(0)))
        .await
        .unwrap_err();
    assert_eq!((problem.refusal(), problem.refusal().row().retry_after_seconds), (Refusal::Unavailable, Some(2)));
    assert_eq!(
        who(&cold, "Bearer nonsense", 0).await,
        Err(Refusal::Unauthorized),
        "what is no key needs no keys to be refused"
    );
}

#[test]
fn an_entry_that_cannot_be_read_lets_nobody_in_and_leaves_the_others_alone() {
    let text = document(&[
        entry("good", SHOP_SECRET, "null"),
        entry("bad-date", SHOP_SECRET, r#""tomorrow""#),
        r#""bad-hash":{"sha256":"00","scopes":[],"expiresAt":null}"#.to_owned(),
        r#""bad-kind":7"#.to_owned(),
    ]);
    let keys = ClientKeys::parse(&Secret::new(text)).unwrap();
    assert_eq!(keys.unreadable(), ["bad-date", "bad-hash", "bad-kind"]);
    assert!(keys.grant("good").is_some());
    for text in ["", "[]", r#"{"keys":[]}"#, "{}"] {
        assert_eq!(
            ClientKeys::parse(&Secret::new(text.to_owned())),
            Err(SecretError::Unreadable("client keys")),
            "{text}"
        );
    }
}

#[test]
fn nothing_fits_nobody() {
    // An unknown name is compared with a hash of zeros. Even whoever had its preimage would not be let in.
    let presented = PresentedKey { name: "nobody".to_owned(), hash: [0; 32] };
    assert_eq!(presented.caller(&ClientKeys::default(), at(0)), None);
}

proptest! {
    #[test]
    fn no_header_makes_it_fall_over_or_lets_anybody_in(header in "(Bearer )?(qk_)?[ -~]{0,60}") {
        let keys = ClientKeys::parse(&Secret::new(document(&[entry("shop", SHOP_SECRET, "null")]))).unwrap();
        if let Some(presented) = PresentedKey::parse(&header) {
            prop_assert_eq!(presented.caller(&keys, at(0)), None);
        }
    }
}
