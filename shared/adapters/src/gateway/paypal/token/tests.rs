//! Who asks for a token, when, and how often.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;
use tokio::sync::Notify;

use super::*;

const START_MS: i64 = 1_700_000_000_000;
const NINE_HOURS: u64 = 32_400;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(START_MS.saturating_add(seconds.saturating_mul(1_000)))
}

fn response(status: u16, body: &str) -> PaypalResponse {
    PaypalResponse { status, body: body.as_bytes().to_vec(), is_of_a_second_sending: false }
}

fn token(name: &str, granted: Timestamp, lives_s: u64) -> Token {
    let body = json!({"access_token": name, "token_type": "Bearer", "expires_in": lives_s, "scope": "x", "nonce": "y"});
    Token::read(&response(200, &body.to_string()), granted).unwrap()
}

/// Grants the tokens `A1`, `A2`, … at a given time, or refuses.
struct Paypal {
    asked: AtomicU32,
    now: Timestamp,
    lives_s: u64,
    refuses: Option<UnknownReason>,
    hangs: bool,
}

impl Paypal {
    fn granting(now: Timestamp, lives_s: u64) -> Self {
        Self { asked: AtomicU32::new(0), now, lives_s, refuses: None, hangs: false }
    }

    fn refusing(now: Timestamp) -> Self {
        Self { refuses: Some(UnknownReason::NotSent), ..Self::granting(now, 1) }
    }

    fn asked(&self) -> u32 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl GrantToken for Paypal {
    async fn grant(&self) -> Result<Token, UnknownReason> {
        let nth = self.asked.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        if self.hangs {
            Notify::new().notified().await;
        }
        tokio::task::yield_now().await;
        self.refuses.map_or_else(|| Ok(token(&format!("A{nth}"), self.now, self.lives_s)), Err)
    }
}

/// An environment that holds a token of nine hours, granted at the start.
async fn holding() -> (Tokens, Token) {
    let tokens = Tokens::default();
    let held = tokens.current(at(0), &Paypal::granting(at(0), NINE_HOURS)).await.unwrap();
    (tokens, held)
}

#[test]
fn a_token_is_sent_as_http_has_it_and_never_shown() {
    let token = token("canary", at(0), 1);
    assert_eq!(token.header(), "Bearer canary");
    assert!(!format!("{token:?} {:?}", token.header()).contains("canary"));
}

#[test]
fn an_answer_without_a_usable_token_is_none_and_says_why() {
    let grant = |fields: serde_json::Value| fields.to_string();
    for (status, body, reason) in [
        (401, grant(json!({"error": "invalid_client", "error_description": "x"})), UnknownReason::Unauthorized),
        (400, grant(json!({"error": "unsupported_grant_type"})), UnknownReason::Unauthorized),
        (403, String::new(), UnknownReason::Unauthorized),
        (429, String::new(), UnknownReason::RateLimited),
        (500, grant(json!({"error": "server_error"})), UnknownReason::NotSent),
        (302, String::new(), UnknownReason::NotSent),
        (200, "<html>".to_owned(), UnknownReason::NotSent),
        (200, r#"["A1","Bearer",9]"#.to_owned(), UnknownReason::NotSent),
        (200, grant(json!({"access_token": "", "token_type": "Bearer", "expires_in": 9})), UnknownReason::NotSent),
        (200, grant(json!({"access_token": "A", "token_type": "mac", "expires_in": 9})), UnknownReason::NotSent),
        (200, grant(json!({"access_token": "A\nB", "token_type": "Bearer", "expires_in": 9})), UnknownReason::NotSent),
        (200, grant(json!({"access_token": "A", "token_type": "Bearer"})), UnknownReason::NotSent),
    ] {
        assert_eq!(Token::read(&response(status, &body), at(0)), Err(reason), "{status} {body}");
    }
}

#[test]
fn a_token_is_renewed_minutes_before_its_end_and_a_short_one_at_half_its_life() {
    let long = token("A", at(0), NINE_HOURS);
    assert!(long.is_fresh(at(32_099)) && !long.is_fresh(at(32_100)) && long.is_alive(at(32_399)));
    assert!(!long.is_alive(at(32_400)));
    let short = token("A", at(0), 10);
    assert!(short.is_fresh(at(4)) && !short.is_fresh(at(5)) && short.is_alive(at(9)) && !short.is_alive(at(10)));
    let boundless = token("A", at(0), u64::MAX);
    assert!(boundless.is_fresh(at(86_000)) && !boundless.is_alive(at(86_400)));
    assert!(!long.is_alive(at(-40_000)), "a clock that jumps back keeps a token for ever");
}

#[tokio::test]
async fn a_fresh_token_is_not_asked_for_again() {
    let (tokens, held) = holding().await;
    let paypal = Paypal::granting(at(0), NINE_HOURS);
    assert_eq!(tokens.current(at(30_000), &paypal).await, Ok(held));
    assert_eq!(paypal.asked(), 0);
}

#[tokio::test]
async fn many_who_need_the_first_token_ask_once() {
    let (tokens, paypal) = (Tokens::default(), Paypal::granting(at(0), NINE_HOURS));
    let all = futures_util::future::join_all((0..20).map(|_| tokens.current(at(0), &paypal))).await;
    assert!(all.iter().all(|one| one == &all[0]));
    assert_eq!(paypal.asked(), 1);
}

#[tokio::test]
async fn near_its_end_one_renews_it_and_the_others_go_on_with_the_old_one() {
    let (tokens, old) = holding().await;
    let paypal = Paypal::granting(at(32_200), NINE_HOURS);
    let all = futures_util::future::join_all((0..5).map(|_| tokens.current(at(32_200), &paypal))).await;
    assert_eq!(paypal.asked(), 1);
    assert_eq!(all.iter().filter(|token| token.as_ref() == Ok(&old)).count(), 4);
    assert!(tokens.current(at(32_200), &paypal).await.unwrap() != old);
    assert_eq!(paypal.asked(), 1);
}

#[tokio::test]
async fn while_paypal_grants_none_the_old_one_serves_to_its_end_and_paypal_is_not_pressed() {
    let (tokens, old) = holding().await;
    let paypal = Paypal::refusing(at(32_200));
    for seconds in [32_200, 32_201, 32_209] {
        assert_eq!(tokens.current(at(seconds), &paypal).await, Ok(old.clone()));
    }
    assert_eq!(paypal.asked(), 1);
    assert_eq!(tokens.current(at(32_210), &paypal).await, Ok(old));
    assert_eq!(paypal.asked(), 2);
    assert_eq!(tokens.current(at(32_400), &paypal).await, Err(UnknownReason::NotSent));
}

#[tokio::test]
async fn nobody_with_a_token_that_works_waits_long_for_another() {
    let (tokens, old) = holding().await;
    let silent = Paypal { hangs: true, ..Paypal::granting(at(0), 1) };
    let before = tokio::time::Instant::now();
    assert_eq!(tokens.current(at(32_200), &silent).await, Ok(old.clone()));
    assert!(before.elapsed() < Duration::from_secs(3));
    assert_eq!(tokens.current(at(32_201), &silent).await, Ok(old));
    assert_eq!(silent.asked(), 1);
}

#[tokio::test]
async fn a_refused_token_is_replaced_once_for_all_who_had_it() {
    let (tokens, old) = holding().await;
    let paypal = Paypal { asked: AtomicU32::new(1), ..Paypal::granting(at(10), NINE_HOURS) };
    let all = futures_util::future::join_all((0..5).map(|_| tokens.instead_of(&old, at(10), &paypal))).await;
    assert!(all.iter().all(|one| one.is_some() && one == &all[0] && one.as_ref() != Some(&old)));
    assert_eq!(paypal.asked(), 2);
    // PayPal insists on the one that it refuses.
    let stubborn = Paypal::granting(at(0), NINE_HOURS);
    let (tokens, old) = holding().await;
    assert_eq!(tokens.instead_of(&old, at(10), &stubborn).await, None);
    assert_eq!(tokens.instead_of(&old, at(10), &Paypal::refusing(at(10))).await, None);
}

#[tokio::test]
async fn who_gives_up_waiting_does_not_keep_others_from_asking() {
    let tokens = Tokens::default();
    let silent = Paypal { hangs: true, ..Paypal::granting(at(0), 1) };
    assert!(timeout(Duration::from_millis(10), tokens.current(at(0), &silent)).await.is_err());
    assert!(tokens.current(at(0), &Paypal::granting(at(0), 60)).await.is_ok());
}
