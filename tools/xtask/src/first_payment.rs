//! Takes one payment through the deployed API and tells what it did, then how to go on by hand.

use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::failure::{Failure, While};
use crate::http::{self, Answer};
use crate::place::Place;
use crate::{logs, secrets, step};

/// A payment whose outcome is not known at once is settled by the webhook or the retry function.
const SETTLE_PATIENCE: Duration = Duration::from_secs(90);
/// How much of the functions' logs explains a payment that went wrong.
const SHOWN_LINES: usize = 15;
const POLL: Duration = Duration::from_millis(500);

/// initiate → confirm with the card that always works → status, and the commands to do it by hand.
pub(crate) fn take(place: &Place) -> Result<(), Failure> {
    let payment = charge(place).map_err(|failure| match logs::save(place) {
        None => failure,
        Some(path) => Failure::new(format!(
            "{failure}\nwhat the functions logged ({}):\n{}",
            place.shown(&path),
            step::last_lines(&path, SHOWN_LINES)
        )),
    })?;
    tell_how_to_go_on(place, &payment);
    Ok(())
}

/// The payment alone; returns its id.
pub(crate) fn charge(place: &Place) -> Result<String, Failure> {
    charge_at(&place.api_url())
}

/// The same through any address that serves our routes.
pub(crate) fn charge_at(api: &str) -> Result<String, Failure> {
    println!("· taking one payment of 19.99 EUR");
    let nonce = nonce()?;
    let order = json!({"amount": 1999, "currency": "EUR", "reference": "first-payment"});
    let opened = post(api, "initiate", &format!("first-{nonce}"), &order)?;
    expect("initiate", &opened, 201, "requires_payment_method")?;
    let id = opened
        .text("transactionId")
        .ok_or_else(|| Failure::new(format!("initiate answered without transactionId: {}", opened.body)))?
        .to_owned();
    println!("  POST /payment/initiate          201  {id}  requires_payment_method");

    let card = json!({"transactionId": id, "paymentMethod": "pm_card_visa"});
    let confirmed = post(api, "confirm", &format!("first-{nonce}-confirm"), &card)?;
    if !matches!(confirmed.status, 200 | 202) {
        return Err(unexpected("confirm", &confirmed));
    }
    println!(
        "  POST /payment/confirm           {}  charged pm_card_visa  {}",
        confirmed.status,
        confirmed.text("status").unwrap_or("?")
    );

    let settled = wait_for_success(api, &id)?;
    println!(
        "  GET  /payment/status/{{id}}       {}  {}  captured {} {}",
        settled.status,
        settled.text("status").unwrap_or("?"),
        settled.body.get("amountCaptured").unwrap_or(&Value::Null),
        settled.text("currency").unwrap_or("?"),
    );
    Ok(id)
}

fn wait_for_success(api: &str, id: &str) -> Result<Answer, Failure> {
    let started = Instant::now();
    let url = format!("{api}/payment/status/{id}");
    loop {
        let answer = http::get(&url, &[("authorization", &authorization())])?;
        match answer.text("status") {
            Some("succeeded") => return Ok(answer),
            Some("processing") if started.elapsed() < SETTLE_PATIENCE => thread::sleep(POLL),
            _ => return Err(unexpected("status", &answer)),
        }
    }
}

fn post(api: &str, route: &str, idempotency_key: &str, body: &Value) -> Result<Answer, Failure> {
    let url = format!("{api}/payment/{route}");
    http::post(&url, &[("authorization", &authorization()), ("idempotency-key", idempotency_key)], body)
}

fn authorization() -> String {
    format!("Bearer {}", secrets::local_api_key())
}

fn expect(route: &str, answer: &Answer, status: u16, state: &str) -> Result<(), Failure> {
    if answer.status == status && answer.text("status") == Some(state) {
        return Ok(());
    }
    Err(unexpected(route, answer))
}

fn unexpected(route: &str, answer: &Answer) -> Failure {
    Failure::new(format!(
        "the first payment did not go as it should: {route} answered {} {}",
        answer.status, answer.body
    ))
}

/// Each `up` pays anew: an Idempotency-Key of an earlier run would only replay its answer.
fn nonce() -> Result<String, Failure> {
    let mut bytes = [0_u8; 8];
    let what = "reading random bytes";
    std::fs::File::open("/dev/urandom").while_doing(what)?.read_exact(&mut bytes).while_doing(what)?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}

fn tell_how_to_go_on(place: &Place, payment: &str) {
    println!(
        "
Go on by hand:

  API={api}
  KEY={key}

  curl -sS $API/payment/status/{payment} -H \"Authorization: Bearer $KEY\"

  curl -sS $API/payment/initiate -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' \\
    -H \"Idempotency-Key: $(date +%s)\" -d '{{\"amount\": 1250, \"currency\": \"EUR\", \"reference\": \"order-1\"}}'

  curl -sS $API/payment/confirm -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' \\
    -H \"Idempotency-Key: $(date +%s)\" -d '{{\"transactionId\": \"pay_…\", \"paymentMethod\": \"pm_card_visa\"}}'

  pm_card_visa_chargeDeclined is declined, pm_card_threeDSecure2Required asks the payer; what moved at the gateway:
  curl -sS {sandbox}/_sandbox/ledger",
        api = place.api_url(),
        key = secrets::local_api_key(),
        sandbox = place.sandbox_url(),
    );
}
