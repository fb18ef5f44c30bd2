//! Tests of the rules: [`table`] shows every cell, [`rules`], [`ends`], [`holds`], [`kept`], [`reattempts`], [`refunds`],
//! [`automatic`], [`settlement`] and [`disputes`] say in sentences what must never break, [`told`] what is told of it, [`walk`] tries
//! long random lives.

mod automatic;
mod disputes;
mod ends;
mod holds;
mod kept;
mod order_table;
mod orders;
mod reattempts;
mod refund_looks;
mod refund_table;
mod refunds;
mod rules;
mod settlement;
mod table;
mod told;
mod told_table;
mod walk;

use std::time::Duration;

use super::*;
use crate::{
    decline::{Decline, GatewayWords},
    gateway::{Charge, Hand, NextAction, ObjectSnapshot, ObjectStatus, Outcome},
    id::IdempotencyKey,
    money::Currency,
    policy::Policy,
    schedule::Limits,
    settlement::{ExchangeRate, Settlement},
    text::{Metadata, WebUrl},
};

pub(super) const START: Timestamp = Timestamp::from_unix_ms(1_800_000_000_000);
pub(super) const DAY: Duration = Duration::from_secs(24 * 3600);
pub(super) const AMOUNT: i64 = 1999;

pub(super) fn at(after_start: Duration) -> Now {
    Now { at: START.plus(after_start), limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 }
}

pub(super) fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::parse(name).unwrap()
}

pub(super) fn hash(of: &str) -> RequestHash {
    RequestHash::of([("body", of)])
}

pub(super) fn euros(minor_units: i64) -> Money {
    Money::try_new(minor_units, Currency::from_code("EUR").unwrap()).unwrap()
}

pub(super) fn payment() -> Payment {
    let terms = Terms {
        amount: euros(AMOUNT),
        capture: CaptureMethod::Automatic,
        confirmation: Confirmation::Explicit,
        reference: None,
        customer: None,
        description: None,
        statement_descriptor: None,
        metadata: Metadata::default(),
        return_url: None,
        cancel_url: None,
        expires_in: DAY,
    };
    let opening = Opening {
        id: TransactionId::derive("merchant", "initiate", &key("order-1")),
        gateway: Gateway::Stripe,
        mode: Mode::Test,
        object: GatewayToken::parse("pi_1").unwrap(),
        client_secret: None,
        payer_url: None,
        request_hash: hash("initiate"),
        terms,
    };
    Payment::open(opening, &at(Duration::ZERO))
}

pub(super) fn confirm_request(name: &str) -> ConfirmRequest {
    ConfirmRequest {
        key: key(name),
        request_hash: hash(name),
        instrument: Instrument::PaymentMethod(GatewayToken::parse("pm_1").unwrap()),
        return_url: None,
        off_session: false,
        api_version: "v1".into(),
    }
}

pub(super) fn snapshot(status: ObjectStatus) -> ObjectSnapshot {
    ObjectSnapshot {
        reference: GatewayToken::parse("pi_1").unwrap(),
        mode: Mode::Test,
        amount_minor_units: AMOUNT,
        currency: Some(Currency::from_code("EUR").unwrap()),
        status,
        charge: None,
    }
}

pub(super) fn object(status: ObjectStatus) -> Outcome {
    Outcome::Object(snapshot(status))
}

/// A charge, and what it came to where that is told.
pub(super) fn charge(reference: &str, settlement: Option<Settlement>) -> Charge {
    Charge { reference: GatewayToken::parse(reference).unwrap(), settlement }
}

pub(super) fn settlement() -> Settlement {
    Settlement { net: euros(1_900), fee: euros(99), rate: Some(ExchangeRate::parse("0.9").unwrap()) }
}

/// The money was taken, and this is told of the charge.
pub(super) fn captured_as(charge: Charge) -> Outcome {
    let status = ObjectStatus::Captured { received_minor_units: AMOUNT };
    Outcome::Object(ObjectSnapshot { charge: Some(charge), ..snapshot(status) })
}

/// The money was taken, and all is told.
pub(super) fn captured() -> Outcome {
    captured_as(charge("ch_1", Some(settlement())))
}

pub(super) fn authorized() -> Outcome {
    object(ObjectStatus::Authorized { capturable_minor_units: AMOUNT })
}

pub(super) fn redirect() -> NextAction {
    NextAction::Redirect(WebUrl::parse("https://bank.example/3ds").unwrap())
}

pub(super) fn declined(code: &str) -> Outcome {
    let decline = Decline::judge(GatewayWords { code, ..GatewayWords::default() });
    Outcome::Declined { decline, object: Some(snapshot(ObjectStatus::AwaitsMethod)) }
}

pub(super) fn first(number: u32) -> Source {
    Source::Attempt(AttemptNumber::try_new(number).unwrap(), Hand::First)
}

pub(super) fn replayed(number: u32) -> Source {
    Source::Attempt(AttemptNumber::try_new(number).unwrap(), Hand::Replayed)
}

/// Commands a payment and applies what it decides.
pub(super) fn command(payment: &mut Payment, command: &Command, now: &Now) -> Result<Decision, Rejection> {
    let decision = decide(payment, command, now)?;
    if let Decision::Execute(event) = &decision {
        apply(payment, event);
    }
    Ok(decision)
}

/// Shows a payment evidence and applies what it proves.
pub(super) fn show(payment: &mut Payment, source: Source, outcome: Outcome, now: &Now) -> Judgement {
    let judgement = judge(payment, &Evidence { source, outcome }, now);
    if let Judgement::Change(event) = &judgement {
        apply(payment, event);
    }
    judgement
}

/// A payment that is being confirmed; nobody knows the answer.
pub(super) fn confirming() -> Payment {
    let mut payment = payment();
    command(&mut payment, &Command::Confirm(confirm_request("c1")), &at(Duration::ZERO)).unwrap();
    payment
}

/// A payment after `source` showed `outcome` while it was being confirmed.
pub(super) fn after(source: Source, outcome: Outcome) -> Payment {
    let mut payment = confirming();
    show(&mut payment, source, outcome, &at(Duration::from_secs(1)));
    payment
}
