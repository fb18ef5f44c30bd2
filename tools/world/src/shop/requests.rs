//! What a client asks for, when nothing about it matters but what a test says.

use domain::{
    gateway::Gateway as GatewayName,
    id::{IdempotencyKey, RequestHash},
    money::AmountLimits,
    payment::{CancelReason, CancelRequest, CaptureMethod, ConfirmRequest, Instrument},
    text::{GatewayToken, WebUrl},
};
use flow::{
    operations::{
        capture::Wish,
        initiate::{InitiateRequest, Rules},
        refund,
    },
    ports::Actor,
};

use super::must;
use crate::{gateway::SimGateway, payments};

/// What the shop's stack opens payments for: test money, as much as anybody likes.
#[must_use]
pub fn rules() -> Rules {
    Rules { mode: SimGateway::MODE, amounts: AmountLimits::default() }
}

/// What a client asks for when it opens a payment: 12.50 EUR, with a page to come back to.
#[must_use]
pub fn order(key: &str) -> InitiateRequest {
    let terms = domain::payment::Terms {
        return_url: Some(must(WebUrl::parse("https://shop.example/done"))),
        ..payments::waiting(0).terms
    };
    InitiateRequest {
        key: must(IdempotencyKey::parse(key)),
        request_hash: RequestHash::of([("amount", "1250"), ("currency", "EUR")]),
        gateway: GatewayName::Stripe,
        terms,
        payer: None,
        actor: client(),
    }
}

/// The same, with the money held until it is captured.
#[must_use]
pub fn held_order(key: &str) -> InitiateRequest {
    let mut request = order(key);
    request.terms.capture = CaptureMethod::Manual;
    request
}

/// What a client asks for when it confirms with a payer at the screen.
#[must_use]
pub fn card(key: &str) -> ConfirmRequest {
    ConfirmRequest {
        key: must(IdempotencyKey::parse(key)),
        request_hash: RequestHash::of([("paymentMethod", "pm_card_visa")]),
        instrument: Instrument::PaymentMethod(must(GatewayToken::parse("pm_card_visa"))),
        return_url: None,
        off_session: false,
        api_version: "2026-10-28.endive".to_owned(),
    }
}

/// What a client asks for when it confirms what a payer has approved.
#[must_use]
pub fn approved(key: &str) -> ConfirmRequest {
    ConfirmRequest { request_hash: RequestHash::of([]), instrument: Instrument::Approved, ..card(key) }
}

/// What a client asks for when it opens a payment that its payer approves at PayPal.
#[must_use]
pub fn paypal_order(key: &str) -> InitiateRequest {
    InitiateRequest { gateway: GatewayName::PayPal, ..order(key) }
}

/// What a client asks for when it charges a payer who is away.
#[must_use]
pub fn card_on_file(key: &str) -> ConfirmRequest {
    ConfirmRequest { off_session: true, ..card(key) }
}

/// What a client asks for when it takes held money: so much of it, or all.
#[must_use]
pub fn wish(key: &str, minor_units: Option<i64>) -> Wish {
    let amount = minor_units.map_or_else(|| "all".to_owned(), |minor_units| minor_units.to_string());
    let request_hash = RequestHash::of([("amount", amount.as_str())]);
    Wish { key: must(IdempotencyKey::parse(key)), request_hash, minor_units }
}

/// What a client asks for when it gives money back: so much of it, or all that is left.
#[must_use]
pub fn give_back(key: &str, minor_units: Option<i64>) -> refund::Wish {
    let Wish { key, request_hash, minor_units } = wish(key, minor_units);
    refund::Wish { key, request_hash, minor_units, reason: None }
}

/// What a client asks for when it cancels.
#[must_use]
pub fn cancellation(key: &str) -> CancelRequest {
    let (key, reason) = (must(IdempotencyKey::parse(key)), CancelReason::RequestedByCustomer);
    CancelRequest { key, request_hash: RequestHash::of([("reason", reason.name())]), reason: Some(reason) }
}

/// The name of a client's request.
#[must_use]
pub fn key(name: &str) -> IdempotencyKey {
    must(IdempotencyKey::parse(name))
}

/// Who asks.
#[must_use]
pub fn client() -> Actor {
    Actor::Client("shop".to_owned())
}
