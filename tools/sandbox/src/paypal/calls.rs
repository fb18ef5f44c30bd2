//! The requests that the sandbox understands: from method, path and body to a typed call, or a refusal.
//!
//! Parsing refuses what PayPal refuses before it looks at any object; the book refuses the rest.

use axum::http::Method;
use serde_json::Value;

use super::{
    cards,
    error::PaypalError,
    money::Money,
    objects::{Card, Intent, Unit},
    shape::{
        Fields,
        Need::{May, Must},
        Shape::{self, Amount, Anything, Flag, List, NotSimulated, Object, OneOf, Plain, Text, Url},
        check,
    },
};

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    CreateOrder(Box<NewOrder>),
    GetOrder(String),
    CaptureOrder { id: String, card: Option<Card> },
    AuthorizeOrder { id: String, card: Option<Card> },
    GetAuthorization(String),
    CaptureAuthorization { id: String, capture: NewCapture },
    VoidAuthorization(String),
    GetCapture(String),
    RefundCapture { id: String, refund: NewRefund },
    GetRefund(String),
}

#[derive(Clone, Debug)]
pub(crate) struct NewOrder {
    pub(crate) intent: Intent,
    pub(crate) unit: Unit,
    pub(crate) wallet: bool,
    pub(crate) card: Option<Card>,
    pub(crate) return_url: Option<String>,
    pub(crate) cancel_url: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct NewCapture {
    pub(crate) amount: Option<Money>,
    pub(crate) invoice_id: Option<String>,
    pub(crate) final_capture: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct NewRefund {
    pub(crate) amount: Option<Money>,
    pub(crate) custom_id: Option<String>,
    pub(crate) invoice_id: Option<String>,
    pub(crate) note_to_payer: Option<String>,
}

impl Call {
    /// What a second request under the same key must not do again.
    pub(crate) fn takes_a_key(&self) -> bool {
        match self {
            Self::CreateOrder(_)
            | Self::CaptureOrder { .. }
            | Self::AuthorizeOrder { .. }
            | Self::CaptureAuthorization { .. }
            | Self::VoidAuthorization(_)
            | Self::RefundCapture { .. } => true,
            Self::GetOrder(_) | Self::GetAuthorization(_) | Self::GetCapture(_) | Self::GetRefund(_) => false,
        }
    }

    /// The object that no other call may work on meanwhile.
    pub(crate) fn locks(&self) -> Option<&str> {
        match self {
            Self::CaptureOrder { id, .. }
            | Self::AuthorizeOrder { id, .. }
            | Self::CaptureAuthorization { id, .. }
            | Self::VoidAuthorization(id)
            | Self::RefundCapture { id, .. } => Some(id),
            Self::CreateOrder(_)
            | Self::GetOrder(_)
            | Self::GetAuthorization(_)
            | Self::GetCapture(_)
            | Self::GetRefund(_) => None,
        }
    }
}

/// The call that this method, path (after `/v2/`) and body mean.
pub(crate) fn parse(method: &Method, path: &str, body: &[u8]) -> Result<Call, PaypalError> {
    let segments: Vec<&str> = path.split('/').collect();
    let id = || segments.get(2).map(|id| (*id).to_owned()).unwrap_or_default();
    match (method.as_str(), segments.as_slice()) {
        ("POST", ["checkout", "orders"]) => Ok(Call::CreateOrder(Box::new(new_order(&json(body)?)?))),
        ("GET", ["checkout", "orders", _]) => Ok(Call::GetOrder(id())),
        ("POST", ["checkout", "orders", _, "capture"]) => Ok(Call::CaptureOrder { id: id(), card: completion(body)? }),
        ("POST", ["checkout", "orders", _, "authorize"]) => {
            Ok(Call::AuthorizeOrder { id: id(), card: completion(body)? })
        }
        ("GET", ["payments", "authorizations", _]) => Ok(Call::GetAuthorization(id())),
        ("POST", ["payments", "authorizations", _, "capture"]) => {
            Ok(Call::CaptureAuthorization { id: id(), capture: new_capture(&json(body)?)? })
        }
        ("POST", ["payments", "authorizations", _, "void"]) => Ok(Call::VoidAuthorization(id())),
        ("GET", ["payments", "captures", _]) => Ok(Call::GetCapture(id())),
        ("POST", ["payments", "captures", _, "refund"]) => {
            Ok(Call::RefundCapture { id: id(), refund: new_refund(&json(body)?)? })
        }
        ("GET", ["payments", "refunds", _]) => Ok(Call::GetRefund(id())),
        ("PATCH", ["checkout", "orders", _])
        | ("POST", ["checkout", "orders", _, _] | ["payments", "authorizations", _, "reauthorize"]) => {
            Err(PaypalError::not_simulated(path))
        }
        _ => Err(PaypalError::of_status(404)),
    }
}

/// An empty body is an empty object.
fn json(body: &[u8]) -> Result<Value, PaypalError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(body).map_err(|_| PaypalError::issue("MALFORMED_REQUEST_JSON").field("/", ""))
}

const RETURN: Fields = &[("return_url", May, Url), ("cancel_url", May, Url)];
const EXPERIENCE: Fields = &[
    ("brand_name", May, Text(127)),
    ("locale", May, Text(10)),
    ("shipping_preference", May, OneOf(&["GET_FROM_FILE", "NO_SHIPPING", "SET_PROVIDED_ADDRESS"])),
    ("contact_preference", May, OneOf(&["NO_CONTACT_INFO", "UPDATE_CONTACT_INFO", "RETAIN_CONTACT_INFO"])),
    ("return_url", May, Url),
    ("cancel_url", May, Url),
    ("landing_page", May, OneOf(&["LOGIN", "GUEST_CHECKOUT", "NO_PREFERENCE", "BILLING"])),
    ("user_action", May, OneOf(&["CONTINUE", "PAY_NOW"])),
    ("payment_method_preference", May, OneOf(&["UNRESTRICTED", "IMMEDIATE_PAYMENT_REQUIRED"])),
];
const WALLET: Fields = &[
    ("experience_context", May, Object(EXPERIENCE)),
    ("email_address", May, Text(254)),
    ("name", May, Anything),
    ("attributes", May, NotSimulated),
    ("vault_id", May, NotSimulated),
    ("billing_agreement_id", May, NotSimulated),
    ("stored_credential", May, NotSimulated),
    ("phone", May, Anything),
    ("birth_date", May, Anything),
    ("tax_info", May, Anything),
    ("address", May, Anything),
];
const CARD: Fields = &[
    ("name", May, Text(300)),
    ("number", May, Text(19)),
    ("expiry", May, Text(7)),
    ("security_code", May, Text(4)),
    ("billing_address", May, Anything),
    ("experience_context", May, Object(RETURN)),
    ("attributes", May, NotSimulated),
    ("vault_id", May, NotSimulated),
    ("single_use_token", May, NotSimulated),
    ("stored_credential", May, NotSimulated),
    ("network_token", May, NotSimulated),
];
const SOURCE: Fields = &[
    ("paypal", May, Object(WALLET)),
    ("card", May, Object(CARD)),
    ("token", May, NotSimulated),
    ("apple_pay", May, NotSimulated),
    ("google_pay", May, NotSimulated),
    ("venmo", May, NotSimulated),
];
const UNIT: Fields = &[
    ("reference_id", May, Text(256)),
    ("amount", Must, Shape::Amount),
    ("custom_id", May, Text(127)),
    ("invoice_id", May, Text(127)),
    ("description", May, Text(127)),
    ("soft_descriptor", May, Text(22)),
    ("items", May, NotSimulated),
    ("shipping", May, NotSimulated),
    ("payee", May, NotSimulated),
    ("payment_instruction", May, NotSimulated),
    ("supplementary_data", May, NotSimulated),
];
const ORDER: Fields = &[
    ("intent", Must, OneOf(&["CAPTURE", "AUTHORIZE"])),
    // PayPal takes ten; the sandbox simulates payments of one.
    ("purchase_units", Must, List(1, UNIT)),
    ("payment_source", May, Object(SOURCE)),
    // The old place of what is `experience_context` now.
    ("application_context", May, Object(EXPERIENCE)),
    ("processing_instruction", May, OneOf(&["NO_INSTRUCTION"])),
    ("payer", May, NotSimulated),
];
const COMPLETION: Fields = &[("payment_source", May, Object(SOURCE)), ("amount", May, NotSimulated)];
const CAPTURE: Fields = &[
    ("amount", May, Amount),
    ("invoice_id", May, Text(127)),
    ("final_capture", May, Flag),
    ("note_to_payer", May, Text(255)),
    ("soft_descriptor", May, Text(22)),
    ("payment_instruction", May, NotSimulated),
];
const REFUND: Fields = &[
    ("amount", May, Amount),
    // Its own schema lets PayPal take any character here, and show few.
    ("custom_id", May, Plain(127)),
    ("invoice_id", May, Text(127)),
    ("note_to_payer", May, Text(255)),
    ("payment_instruction", May, NotSimulated),
];

fn new_order(body: &Value) -> Result<NewOrder, PaypalError> {
    check(body, ORDER)?;
    let found = |pointer: &str| body.pointer(pointer);
    let text = |pointer: &str| found(pointer).and_then(Value::as_str).map(str::to_owned);
    let of_unit = |name: &str| text(&format!("/purchase_units/0/{name}"));
    let amount_at = "/purchase_units/0/amount";
    let way = |name: &str| {
        text(&format!("/payment_source/paypal/experience_context/{name}"))
            .or_else(|| text(&format!("/payment_source/card/experience_context/{name}")))
            .or_else(|| text(&format!("/application_context/{name}")))
    };
    Ok(NewOrder {
        intent: if text("/intent").as_deref() == Some("AUTHORIZE") { Intent::Authorize } else { Intent::Capture },
        unit: Unit {
            reference_id: of_unit("reference_id").unwrap_or_else(|| "default".to_owned()),
            amount: Money::read(found(amount_at).unwrap_or(&Value::Null), amount_at)?,
            custom_id: of_unit("custom_id"),
            invoice_id: of_unit("invoice_id"),
            description: of_unit("description"),
            soft_descriptor: of_unit("soft_descriptor"),
        },
        wallet: found("/payment_source/paypal").is_some(),
        card: card_in(body)?,
        return_url: way("return_url"),
        cancel_url: way("cancel_url"),
    })
}

/// The body of capture and authorise: a card, or nothing.
fn completion(body: &[u8]) -> Result<Option<Card>, PaypalError> {
    let body = json(body)?;
    check(&body, COMPLETION)?;
    card_in(&body)
}

fn card_in(body: &Value) -> Result<Option<Card>, PaypalError> {
    let pointer = "/payment_source/card";
    body.pointer(pointer).map(|card| cards::presented(card, pointer)).transpose()
}

fn new_capture(body: &Value) -> Result<NewCapture, PaypalError> {
    check(body, CAPTURE)?;
    Ok(NewCapture {
        amount: amount_in(body)?,
        invoice_id: text_in(body, "invoice_id"),
        final_capture: body.get("final_capture").and_then(Value::as_bool).unwrap_or_default(),
    })
}

fn new_refund(body: &Value) -> Result<NewRefund, PaypalError> {
    check(body, REFUND)?;
    Ok(NewRefund {
        amount: amount_in(body)?,
        custom_id: text_in(body, "custom_id"),
        invoice_id: text_in(body, "invoice_id"),
        note_to_payer: text_in(body, "note_to_payer"),
    })
}

fn amount_in(body: &Value) -> Result<Option<Money>, PaypalError> {
    body.get("amount").map(|amount| Money::read(amount, "/amount")).transpose()
}

fn text_in(body: &Value, name: &str) -> Option<String> {
    body.get(name).and_then(Value::as_str).map(str::to_owned)
}
