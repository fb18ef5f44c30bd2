//! The oracle: compares a payment, as our API and our row tell of it, with the gateway's own books.
//!
//! It knows nothing of how either came about. What may never be seen, at any moment, is a breach, and it panics: more than one charge (P1),
//! a success without its charge (P2), more going back than was taken (P3), an end without the gateway's own word for it (P4), an open row that nobody will look at (P7),
//! a settlement that is not the gateway's. What is only not known *yet* is an answer, for whoever waits.
//!
//! The row is read before the books: money moves first and is written down after, so a row may know less than the books read later, and
//! never more.

use serde_json::Value;

use crate::client::Opened;
use crate::gateway::Gateway;
use crate::stack::Stack;

/// A payment that has come to rest, and its row agrees with the gateway's books.
#[derive(Debug, Clone)]
pub struct AtRest {
    /// The payment as our API shows it.
    pub payment: Value,
    /// Its status.
    pub status: String,
    /// How many charges stand for it: taken, held, or still with a bank. Never more than one.
    pub charges: usize,
    /// Whether it rests because a person was called: nobody knows, and asking again cannot help.
    pub calls_for_a_person: bool,
    /// Who wrote the row last: `client:…`, `webhook:…` or `retry`.
    pub by: String,
    /// What they wrote.
    pub event: String,
}

/// The payment at rest, or what is not settled yet.
///
/// # Errors
/// What nobody knows yet, or what the row does not say yet.
///
/// # Panics
/// If a promise is broken that must hold at every moment.
pub async fn row_equals_ledger(stack: &Stack, payment: &Opened) -> Result<AtRest, String> {
    let (row, shown) = (stack.aws.row(&payment.id).await, stack.api.status(&payment.id).await.expect(200).json());
    if row["v"]["N"].as_str() != Some(shown["version"].to_string().as_str()) {
        return Err("the row is moving".to_owned());
    }
    let charges: Vec<_> = stack.sandbox.charges(&payment.id).await;
    let standing: Vec<_> = charges.iter().filter(|(status, ..)| stands(status)).collect();
    let story = || format!("{shown}\nthe books: {charges:?}\nthe row: {row}");
    assert!(standing.len() <= 1, "P1: charged {} times: {}", standing.len(), story());
    assert_eq!(row["ob"]["S"], payment.intent.as_str(), "only the row's own object is ever handed out");

    let status = shown["status"].as_str().unwrap_or_default();
    let is_end = matches!(status, "succeeded" | "failed" | "canceled" | "expired");
    let refunds = Refunds::of(&shown, &stack.sandbox.refunds(&payment.intent).await);
    let is_owed = refunds.are_under_way || owes_settlement(&shown, &row) || watches_refunds(payment, &shown);
    assert!(!row["du"].is_null() || (is_end && !is_owed), "P7: nobody will look: {}", story());
    assert!(row["du"].is_null() || !is_end || is_owed || !row["lo"].is_null(), "looked at in vain: {}", story());
    if payment.gateway == Gateway::Stripe && !shown["settlement"].is_null() {
        assert_eq!(shown["settlement"], stack.sandbox.settlement(&payment.intent).await, "{}", story());
    }
    assert!(refunds.at_gateway <= shown["amountCaptured"].as_i64().unwrap_or_default(), "P3: {refunds:?} {}", story());
    assert!(refunds.at_most_as_told, "P3: more is offered than is left: {refunds:?} {}", story());
    let charged = attempts(&shown, "charged");
    assert!(charged <= 1, "P1: {charged} attempts are said to have charged: {}", story());

    let books = standing.first().map(|(status, amount, currency)| (status.as_str(), *amount, currency.as_str()));
    let currency = shown["currency"].as_str().unwrap_or_default().to_lowercase();
    let said = |standing: &'static str, field: &str| Some((standing, shown[field].as_i64()?, currency.as_str()));
    let at_gateway = stack.sandbox.standing(payment).await;
    // An order of PayPal's does not end: there the row alone says how a payment ended, and the books whether money moved.
    let is_there = |status: &str| payment.gateway == Gateway::PayPal || at_gateway == status;
    let agrees = match status {
        "succeeded" => {
            assert_eq!(books, said("succeeded", "amountCaptured"), "P2: {}", story());
            assert_eq!(charged, 1, "P2: {}", story());
            assert!(is_there("succeeded"), "P2: {at_gateway} {}", story());
            true
        }
        "failed" | "canceled" | "expired" => {
            assert_eq!(books, None, "P4: {}", story());
            assert!(is_there("canceled"), "P4: {at_gateway} {}", story());
            true
        }
        "requires_capture" => {
            assert!(!charges.is_empty(), "P2: nothing was ever held: {}", story());
            books == said("authorized", "amountCapturable")
        }
        "processing" => shown["processingReason"] == "gateway_pending" && books == said("pending", "amount"),
        "requires_action" if payment.gateway == Gateway::PayPal => {
            books.is_none() && is_told(&shown, &row, &at_gateway)
        }
        _ => books.is_none() && is_there(status),
    };
    let disputes = disputes_agree(&shown, &stack.sandbox.booked_disputes(&payment.id).await);
    let is_open = shown["pending"] != Value::Null || attempts(&shown, "unanswered") > 0;
    let calls_for_a_person = shown["attention"] != Value::Null;
    if (!agrees || is_open || !refunds.agree || !disputes) && !calls_for_a_person {
        return Err(format!(
            "{status} {} {}, at the gateway {at_gateway}, {refunds:?}, disputes told rightly: {disputes}",
            shown["processingReason"], shown["pending"]
        ));
    }
    let text = |name: &str| row[name]["S"].as_str().unwrap_or_default().to_owned();
    let (by, event) = (text("by"), text("ev"));
    let (status, charges) = (status.to_owned(), standing.len());
    Ok(AtRest { status, charges, calls_for_a_person, by, event, payment: shown })
}

/// Whether a payment that waits for its payer at PayPal tells that they have approved, and is not about to be charged for that. Whoever
/// was declined is sent back, approved or not.
fn is_told(shown: &Value, row: &Value, order: &str) -> bool {
    let is_approved = order == "APPROVED" && attempts(shown, "declined") == 0;
    let is_charged_then = row["cf"]["S"] == "automatic";
    !is_approved || (shown["nextAction"]["type"] == "confirm" && !is_charged_then)
}

/// Whether the payment tells of each dispute in the books how it stands, and of no other. The books do not say how far one has gone, nor
/// that what is lost may be fought once more.
fn disputes_agree(shown: &Value, books: &[(String, i64)]) -> bool {
    let mut booked: Vec<(&str, i64)> = books.iter().map(|(status, amount)| (in_our_words(status), *amount)).collect();
    let told = shown["disputes"].as_array().into_iter().flatten().map(|dispute| {
        let is_fought_again = dispute["stage"] == "appeal" && dispute["status"] == "needs_response";
        let status = if is_fought_again { "lost" } else { dispute["status"].as_str().unwrap_or_default() };
        (status, dispute["amount"].as_i64().unwrap_or_default())
    });
    let mut told: Vec<(&str, i64)> = told.collect();
    booked.sort_unstable();
    told.sort_unstable();
    booked == told
}

fn in_our_words(status: &str) -> &str {
    match status {
        "warning_closed" => "closed",
        "warning_needs_response" => "needs_response",
        "warning_under_review" | "appeal_under_review" => "under_review",
        "appeal_needs_response" => "lost",
        same => same,
    }
}

/// Whether money was taken, is held, or may still be taken without anybody asking again.
fn stands(status: &str) -> bool {
    matches!(status, "succeeded" | "authorized" | "pending")
}

/// Whether somebody will look for what the charge came to: four times, where nobody has told.
fn owes_settlement(shown: &Value, row: &Value) -> bool {
    const LOOKS_MAX: u64 = 4;
    let looks = row["sl"]["N"].as_str().and_then(|looks| looks.parse().ok()).unwrap_or(0_u64);
    shown["status"] == "succeeded" && shown["settlement"].is_null() && looks < LOOKS_MAX
}

/// Whether somebody will look, once a day for a month, at what was refunded by hand: at Stripe nobody tells if it comes back.
fn watches_refunds(payment: &Opened, shown: &Value) -> bool {
    let by_hand = |refund: &Value| refund["source"] == "gateway" && refund["status"] == "succeeded";
    let refunds = shown["refunds"].as_array();
    payment.gateway == Gateway::Stripe && refunds.into_iter().flatten().any(by_hand)
}

/// How many attempts ended so.
fn attempts(payment: &Value, status: &str) -> usize {
    payment["attempts"].as_array().into_iter().flatten().filter(|attempt| attempt["status"] == status).count()
}

/// A refund in the gateway's books: its status, how much, and our id if it bears one.
type BookedRefund = (String, i64, Option<String>);

/// The refunds that our API shows, compared with those in the books.
#[derive(Debug)]
struct Refunds {
    /// How much has gone back at the gateway, or is on its way.
    at_gateway: i64,
    /// Whether one of ours is not at its end.
    are_under_way: bool,
    /// Whether what is offered, and what stands at the gateway of ours, is no more than was captured.
    at_most_as_told: bool,
    /// Whether each says of each what the other does.
    agree: bool,
}

impl Refunds {
    fn of(shown: &Value, books: &[BookedRefund]) -> Self {
        let told: Vec<&Value> = shown["refunds"].as_array().into_iter().flatten().collect();
        let is_standing = |status: &str| matches!(status, "pending" | "succeeded");
        let sum = |wanted: &dyn Fn(&BookedRefund) -> bool| -> i64 {
            books.iter().filter(|refund| is_standing(&refund.0) && wanted(refund)).map(|refund| refund.1).sum()
        };
        let ours = sum(&|refund| refund.2.is_some());
        let offered = shown["amountRefundable"].as_i64().unwrap_or_default();
        let mut booked: Vec<(&str, &str, i64)> = books
            .iter()
            .map(|(status, amount, id)| (id.as_deref().unwrap_or_default(), status.as_str(), *amount))
            .collect();
        // What the gateway refused has failed here and is not there.
        let is_there = |it: &(&str, &str, i64)| it.1 != "failed" || booked.contains(it);
        let mut known: Vec<_> = told.iter().map(|refund| as_booked(refund)).filter(is_there).collect();
        booked.sort_unstable();
        known.sort_unstable();
        Self {
            at_gateway: sum(&|_| true),
            are_under_way: told.iter().any(|refund| refund["status"] == "pending"),
            at_most_as_told: offered == 0
                || ours.saturating_add(offered) <= shown["amountCaptured"].as_i64().unwrap_or_default(),
            agree: booked == known,
        }
    }
}

/// A refund as the books would have it: our id if we made it, its status, how much.
fn as_booked(refund: &Value) -> (&str, &str, i64) {
    let text = |name: &str| refund[name].as_str().unwrap_or_default();
    let id = if refund["source"] == "api" { text("refundId") } else { "" };
    (id, text("status"), refund["amount"].as_i64().unwrap_or_default())
}
