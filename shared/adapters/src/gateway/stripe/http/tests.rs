//! The shell against a server that does as it is told, byte by byte.

use std::net::TcpListener;

use domain::gateway::{Answer, Gateway as GatewayName, Hand, ObjectStatus, Outcome};

use super::*;
use crate::gateway::{
    scripted::{Server, Then, http},
    stripe::{
        fixtures::{intent, terms},
        message::field,
        reply,
    },
};

fn ok() -> Then {
    Then::Answer(http("200 OK", "", &intent("succeeded").to_string()))
}

fn error(status: &str, headers: &str, code: &str) -> Then {
    let body = format!("{{\"error\":{{\"type\":\"invalid_request_error\",\"code\":\"{code}\"}}}}");
    Then::Answer(http(status, headers, &body))
}

fn shell_of(server: &Server) -> Shell<Keys> {
    shell_with(server, Keys::default())
}

fn shell_with(server: &Server, keys: Keys) -> Shell<Keys> {
    Shell::new(crate::net::gateway_client().unwrap(), server.base_url.clone(), keys, Mode::Test, || 0)
}

/// Keys that change when one is refused, if there is another.
#[derive(Debug, Default)]
struct Keys {
    rolled: bool,
    /// The other one is of live mode.
    put_right: bool,
}

impl ApiKeys for Keys {
    async fn current(&self) -> Option<ApiKey> {
        ApiKey::new("sk_test_old")
    }

    async fn refused(&self) -> Option<ApiKey> {
        ApiKey::new(match (self.rolled, self.put_right) {
            (false, _) => "sk_test_old",
            (true, false) => "sk_test_new",
            (true, true) => "rk_live_new",
        })
    }
}

struct NoKeys;

impl ApiKeys for NoKeys {
    async fn current(&self) -> Option<ApiKey> {
        None
    }

    async fn refused(&self) -> Option<ApiKey> {
        None
    }
}

fn confirm() -> StripeRequest {
    let form = vec![field("payment_method", "pm_card_visa")];
    StripeRequest::post("/v1/payment_intents/pi_1/confirm".into(), "pay_1:confirm:1".into(), form)
}

const BUDGET: Duration = Duration::from_secs(5);

async fn answer_of(shell: &Shell<Keys>) -> Answer {
    shell.call(&confirm(), BUDGET).await.map(reply::answer).answer
}

fn unknown(reason: UnknownReason) -> Answer {
    Answer { outcome: Outcome::Unknown(reason), hand: Hand::First }
}

fn is_captured(answer: &Answer) -> bool {
    answer.outcome.object().is_some_and(|object| matches!(object.status, ObjectStatus::Captured { .. }))
}

#[tokio::test]
async fn a_request_carries_its_key_its_version_and_its_form() {
    let server = Server::with(vec![ok(), ok()]);
    let shell = shell_of(&server);
    assert!(is_captured(&answer_of(&shell).await));
    shell
        .call(&StripeRequest::get("/v1/payment_intents/pi_1".into()).written_for("2030-01-01.old"), BUDGET)
        .await
        .answer
        .unwrap();
    let sent = server.sent();
    let (post, get) = (sent[0].to_lowercase(), sent[1].to_lowercase());
    assert!(post.starts_with("post /v1/payment_intents/pi_1/confirm http/1.1\r\n"), "{post}");
    for line in [
        "idempotency-key: pay_1:confirm:1\r\n",
        "stripe-version: 2026-10-28.endive\r\n",
        "authorization: bearer sk_test_old\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
    ] {
        assert!(post.contains(line), "{post}");
    }
    assert!(post.ends_with("\r\n\r\npayment_method=pm_card_visa"), "{post}");
    assert!(
        get.starts_with("get /v1/payment_intents/pi_1 ") && get.contains("stripe-version: 2030-01-01.old\r\n"),
        "{get}"
    );
    assert!(!get.contains("idempotency-key"), "{get}");
    assert_eq!(server.connections(), 1, "the connection is kept");
}

#[tokio::test]
async fn a_connection_that_died_in_the_meantime_is_replaced_once_with_the_same_bytes() {
    let server = Server::with(vec![ok(), Then::HangUp, ok()]);
    let shell = shell_of(&server);
    answer_of(&shell).await;
    assert!(is_captured(&answer_of(&shell).await));
    let sent = server.sent();
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[1], sent[2], "the second try is not the same bytes");
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_is_lost_twice_is_lost() {
    let server = Server::with(vec![Then::HangUp, Then::HangUp, ok()]);
    assert_eq!(answer_of(&shell_of(&server)).await, unknown(UnknownReason::ConnectionLost));
    assert_eq!(server.sent().len(), 2);
}

#[tokio::test]
async fn what_stripe_asks_to_be_repeated_is_repeated_under_the_same_key() {
    let server = Server::with(vec![
        error("500 Internal Server Error", "Stripe-Should-Retry: true\r\n", "x"),
        error("409 Conflict", "", "idempotency_key_in_use"),
        Then::Answer(http("200 OK", "Idempotent-Replayed: true\r\n", &intent("succeeded").to_string())),
    ]);
    let answer = answer_of(&shell_of(&server)).await;
    assert!(is_captured(&answer));
    assert_eq!(answer.hand, Hand::Replayed);
    let sent = server.sent();
    assert!(sent.len() == 3 && sent[0] == sent[1] && sent[1] == sent[2]);
}

#[tokio::test]
async fn what_stripe_asks_not_to_be_repeated_is_not() {
    let server = Server::with(vec![error("409 Conflict", "Stripe-Should-Retry: false\r\n", "lock_timeout"), ok()]);
    assert_eq!(answer_of(&shell_of(&server)).await, unknown(UnknownReason::KeyInUse));
    let server = Server::with(vec![error("503 Service Unavailable", "Stripe-Should-Retry: maybe\r\n", "x"), ok()]);
    assert_eq!(answer_of(&shell_of(&server)).await, unknown(UnknownReason::ServerError));
    assert_eq!(server.sent().len(), 1);
}

#[tokio::test]
async fn a_rolled_api_key_is_read_anew_and_a_wrong_one_is_not_tried_twice() {
    let server = Server::with(vec![error("401 Unauthorized", "", "api_key_expired"), ok()]);
    assert!(is_captured(&answer_of(&shell_with(&server, Keys { rolled: true, ..Keys::default() })).await));
    assert!(server.sent()[1].contains("Bearer sk_test_new"));
    let server = Server::with(vec![error("401 Unauthorized", "", "api_key_expired"), ok()]);
    assert_eq!(answer_of(&shell_of(&server)).await, unknown(UnknownReason::Unauthorized));
    assert_eq!(server.sent().len(), 1);
    let server = Server::with(vec![error("401 Unauthorized", "", ""), error("401 Unauthorized", "", ""), ok()]);
    assert_eq!(
        answer_of(&shell_with(&server, Keys { rolled: true, ..Keys::default() })).await,
        unknown(UnknownReason::Unauthorized)
    );
}

#[tokio::test]
async fn without_an_api_key_nothing_is_sent() {
    let server = Server::with(vec![ok()]);
    let shell = Shell::new(crate::net::gateway_client().unwrap(), server.base_url.clone(), NoKeys, Mode::Test, || 0);
    assert_eq!(shell.call(&confirm(), BUDGET).await.answer, Err(UnknownReason::NotSent));
    assert_eq!(server.connections(), 0);
}

/// A live key was put into a stack of test mode, or the other way round.
#[tokio::test]
async fn a_key_of_the_other_mode_is_refused_before_anything_is_asked() {
    let in_a_live_stack = |server: &Server, keys: Keys| {
        Shell::new(crate::net::gateway_client().unwrap(), server.base_url.clone(), keys, Mode::Live, || 0)
    };
    for rolled in [false, true] {
        let server = Server::with(vec![ok()]);
        let shell = in_a_live_stack(&server, Keys { rolled, ..Keys::default() });
        assert_eq!(answer_of(&shell).await, unknown(UnknownReason::Unauthorized));
        assert_eq!(server.connections(), 0);
    }
    let server = Server::with(vec![ok()]);
    let put_right = in_a_live_stack(&server, Keys { rolled: true, put_right: true });
    assert!(is_captured(&answer_of(&put_right).await), "somebody put a good one there meanwhile");
    assert!(server.sent()[0].contains("Bearer rk_live_new"));
    // And a key that Stripe has refused is not followed by one of the other mode.
    let server = Server::with(vec![error("401 Unauthorized", "", "api_key_expired"), ok()]);
    let switched = shell_with(&server, Keys { rolled: true, put_right: true });
    assert_eq!(answer_of(&switched).await, unknown(UnknownReason::Unauthorized));
    assert_eq!(server.sent().len(), 1);
}

#[tokio::test]
async fn silence_ends_with_the_budget() {
    let server = Server::with(vec![Then::Hang]);
    let budget = Duration::from_millis(300);
    let before = Instant::now();
    assert_eq!(shell_of(&server).call(&confirm(), budget).await.answer, Err(UnknownReason::Timeout));
    assert!((budget..Duration::from_secs(3)).contains(&before.elapsed()), "{:?}", before.elapsed());
    assert_eq!(server.sent().len(), 1);
}

#[tokio::test]
async fn retries_count_towards_the_budget() {
    let busy = || error("409 Conflict", "", "lock_timeout");
    let server = Server::with(vec![busy(), Then::Hang]);
    let budget = Duration::from_millis(900);
    let before = Instant::now();
    assert_eq!(shell_of(&server).call(&confirm(), budget).await.answer, Err(UnknownReason::Timeout));
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
}

#[tokio::test]
async fn nobody_there_means_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = BaseUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let shell = Shell::new(crate::net::gateway_client().unwrap(), base_url, Keys::default(), Mode::Test, || 0);
    assert_eq!(answer_of(&shell).await, unknown(UnknownReason::NotSent));
    shell.warm().await;
}

#[tokio::test]
async fn half_an_answer_proves_nothing_and_is_not_asked_for_again() {
    let whole = http("200 OK", "", &intent("succeeded").to_string());
    let half = whole.as_bytes()[..whole.len() - 10].to_vec();
    let server = Server::with(vec![Then::AnswerAndHangUp(half), ok()]);
    assert_eq!(answer_of(&shell_of(&server)).await, unknown(UnknownReason::Unreadable));
    assert_eq!(server.sent().len(), 1);
}

#[tokio::test]
async fn garbage_proves_nothing() {
    let server = Server::with(vec![Then::Answer(http("200 OK", "", "<html>we are back soon</html>"))]);
    assert_eq!(answer_of(&shell_of(&server)).await, unknown(UnknownReason::Unreadable));
    // What is not even HTTP is a connection that is of no use: it is replaced once.
    let garbage = || Then::AnswerAndHangUp(b"\x16\x03\x01 this is not http\r\n\r\n".to_vec());
    let server = Server::with(vec![garbage(), garbage(), ok()]);
    assert_eq!(answer_of(&shell_of(&server)).await, unknown(UnknownReason::ConnectionLost));
}

#[tokio::test]
async fn a_body_without_end_is_not_read_to_its_end() {
    // All that is wrong with this answer is its length.
    let mut flood = format!("HTTP/1.1 200 OK\r\n\r\n{}", intent("succeeded")).into_bytes();
    flood.resize(BODY_MAX_BYTES * 3, b' ');
    let server = Server::with(vec![Then::AnswerAndHangUp(flood)]);
    assert_eq!(answer_of(&shell_of(&server)).await, unknown(UnknownReason::Unreadable));
    let claim = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{{", 1_u64 << 40);
    let server = Server::with(vec![Then::AnswerAndHangUp(claim.into_bytes())]);
    assert_eq!(answer_of(&shell_of(&server)).await, unknown(UnknownReason::Unreadable));
}

#[tokio::test]
async fn a_warm_connection_is_the_one_that_the_first_request_uses() {
    let server = Server::with(vec![Then::Answer("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".into()), ok()]);
    let shell = shell_of(&server);
    shell.warm().await;
    assert!(is_captured(&answer_of(&shell).await));
    let sent = server.sent();
    assert!(sent[0].starts_with("HEAD ") && !sent[0].contains("sk_test"), "{}", sent[0]);
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn the_port_opens_an_object_and_looks_at_one() {
    use domain::id::{RequestHash, TransactionId};
    use flow::ports::{Gateway, OpenOutcome, OpenRequest};

    use crate::gateway::stripe::{Stripe, fixtures};

    let body = intent("requires_payment_method").to_string();
    let opened = Then::Answer(http("200 OK", "Request-Id: req_1\r\n", &body));
    let server = Server::with(vec![opened, error("404 Not Found", "Request-Id: req_2\r\n", "resource_missing")]);
    let client = crate::net::gateway_client().unwrap();
    let stripe = Stripe::new(client, server.base_url.clone(), Keys::default(), Mode::Test, || 0);
    let (id, terms) = (TransactionId::parse(fixtures::TRANSACTION_ID).unwrap(), terms(2_500, "EUR"));
    let asked = OpenRequest {
        id: &id,
        gateway: GatewayName::Stripe,
        terms: &terms,
        request_hash: RequestHash::of([]),
        round: 1,
    };
    let opened = stripe.open(&asked, BUDGET).await;
    assert!(matches!(opened.answer, OpenOutcome::Opened(_)));
    assert_eq!(opened.request_id, RequestId::of("req_1"));
    // An object of ours that is not there: we look with another account's key.
    let missing = Outcome::Unknown(UnknownReason::Misconfigured);
    let looked = stripe.fetch(&fixtures::payment(), BUDGET).await;
    assert_eq!(looked, Traced { answer: missing, request_id: RequestId::of("req_2") });
    assert!(
        server.sent()[1].starts_with("GET /v1/payment_intents/pi_1?expand%5B%5D=latest_charge.balance_transaction ")
    );
}

/// What comes of a call, and what Stripe calls the request that it is traced to.
async fn traced(script: Vec<Then>, budget: Duration) -> (Result<u16, UnknownReason>, Option<String>) {
    let server = Server::with(script);
    let told = shell_of(&server).call(&confirm(), budget).await;
    (told.answer.map(|response| response.status), told.request_id.map(|id| id.as_str().to_owned()))
}

/// The headers of a response that Stripe calls so.
fn named(id: &str) -> String {
    format!("Request-Id: {id}\r\n")
}

#[tokio::test]
async fn an_answer_is_traced_to_the_last_sending_that_stripe_responded_to() {
    let busy = || error("409 Conflict", &named("req_1"), "lock_timeout");
    let paid = Then::Answer(http("200 OK", &named("req_2"), &intent("succeeded").to_string()));
    assert_eq!(traced(vec![busy(), paid], BUDGET).await, (Ok(200), Some("req_2".to_owned())));
    // The second has no name of its own, and the first has another answer.
    assert_eq!(traced(vec![busy(), ok()], BUDGET).await, (Ok(200), None));
    // Who asks why nothing was heard asks about what was heard last.
    let silent = traced(vec![busy(), Then::Hang], Duration::from_millis(900)).await;
    assert_eq!(silent, (Err(UnknownReason::Timeout), Some("req_1".to_owned())));
}

#[tokio::test]
async fn what_nobody_knows_the_outcome_of_is_traced_if_there_was_a_response() {
    let failed = error("500 Internal Server Error", &named("req_1"), "x");
    assert_eq!(traced(vec![failed], BUDGET).await, (Ok(500), Some("req_1".to_owned())));
    let whole = http("200 OK", &named("req_2"), &intent("succeeded").to_string());
    let half = Then::AnswerAndHangUp(whole.as_bytes()[..whole.len() - 10].to_vec());
    assert_eq!(traced(vec![half], BUDGET).await, (Err(UnknownReason::Unreadable), Some("req_2".to_owned())));
    assert_eq!(traced(vec![Then::Hang], Duration::from_millis(300)).await, (Err(UnknownReason::Timeout), None));
}

#[tokio::test]
async fn what_could_not_be_a_name_is_dropped_and_harms_no_answer() {
    for odd in ["", "req 1", "req_\u{e9}", &"r".repeat(101)] {
        let answer = Then::Answer(http("200 OK", &named(odd), &intent("succeeded").to_string()));
        assert_eq!(traced(vec![answer], BUDGET).await, (Ok(200), None), "{odd:?}");
    }
}
