//! The objects as PayPal shows them: whole, or as little as `Prefer: return=minimal` asks for.

use serde_json::{Map, Value, json};

use super::{
    book::Book,
    calls::Call,
    money::{Currency, Money},
    objects::{
        Authorization, AuthorizationStatus, Capture, CaptureStatus, Card, Intent, Order, OrderStatus, Refund,
        RefundStatus, Source,
    },
};
use crate::clock::Moment;

/// The account that everything is paid to, and the one that pays; PayPal's ids leave out what is easily misread.
pub(super) const MERCHANT_ID: &str = "SANDBXMERCH23";
pub(super) const MERCHANT_EMAIL: &str = "merchant@example.com";
pub(super) const PAYER_ID: &str = "SANDBXPAYER23";
/// What PayPal keeps of a capture: 3.49 % and 49 cents, in hundredths of a per cent and in cents.
const FEE_PER_TEN_THOUSAND: i64 = 349;
const FEE_CENTS: i64 = 49;
/// What the merchant's account is kept in; other currencies are converted when they arrive.
const ACCOUNT_CURRENCY: &str = "EUR";

/// RFC 3339, in whole seconds, as PayPal writes it.
pub(crate) fn time(moment: Moment) -> String {
    let seconds = i64::try_from(moment.seconds()).unwrap_or_default();
    let utc = time::OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    utc.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

pub(super) fn order(book: &Book, order: &Order) -> Value {
    let mut shown = Map::new();
    let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
    put("id", json!(order.id));
    put("intent", json!(if order.intent == Intent::Capture { "CAPTURE" } else { "AUTHORIZE" }));
    put("status", json!(status(order.status)));
    if let Some(source) = source(order) {
        put("payment_source", source);
    }
    put("purchase_units", json!([unit(book, order)]));
    if order.funding.is_some() {
        put("payer", payer());
    }
    put("create_time", json!(time(order.created)));
    put("update_time", json!(time(order.updated)));
    put("links", links_of_order(book, order));
    Value::Object(shown)
}

fn status(status: OrderStatus) -> &'static str {
    match status {
        OrderStatus::Created => "CREATED",
        OrderStatus::PayerActionRequired => "PAYER_ACTION_REQUIRED",
        OrderStatus::Approved => "APPROVED",
        OrderStatus::Completed => "COMPLETED",
    }
}

fn source(order: &Order) -> Option<Value> {
    match &order.source {
        Source::Card(card) => Some(json!({ "card": shown_card(card) })),
        Source::Unnamed if order.funding.is_none() => None,
        Source::Wallet if order.funding.is_none() => Some(json!({ "paypal": {} })),
        Source::Unnamed | Source::Wallet => Some(json!({ "paypal": {
            "email_address": "payer@example.com",
            "account_id": PAYER_ID,
            "account_status": "VERIFIED",
            "name": { "given_name": "Pat", "surname": "Payer" },
            "address": { "country_code": "DE" },
        } })),
    }
}

fn shown_card(card: &Card) -> Value {
    json!({ "name": card.name, "last_digits": card.last_digits, "brand": card.brand, "type": "CREDIT", "expiry": card.expiry })
        .as_object()
        .map(|fields| fields.iter().filter(|(_, value)| !value.is_null()))
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

fn payer() -> Value {
    json!({
        "name": { "given_name": "Pat", "surname": "Payer" },
        "email_address": "payer@example.com",
        "payer_id": PAYER_ID,
        "address": { "country_code": "DE" },
    })
}

fn unit(book: &Book, order: &Order) -> Value {
    let unit = &order.unit;
    let mut shown = Map::new();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            shown.insert(name.to_owned(), value);
        }
    };
    put("reference_id", Some(json!(unit.reference_id)));
    put("amount", Some(unit.amount.json()));
    put("payee", Some(payee()));
    put("description", unit.description.as_ref().map(|text| json!(text)));
    put("custom_id", unit.custom_id.as_ref().map(|text| json!(text)));
    put("invoice_id", unit.invoice_id.as_ref().map(|text| json!(text)));
    put("soft_descriptor", unit.soft_descriptor.as_ref().map(|text| json!(text)));
    put("payments", payments(book, order));
    Value::Object(shown)
}

/// Inside an order, payments are shown without what the order says already.
fn payments(book: &Book, order: &Order) -> Option<Value> {
    let bare = |mut shown: Value| {
        if let Value::Object(fields) = &mut shown {
            fields.remove("supplementary_data");
            fields.remove("payee");
            fields.remove("payer");
        }
        shown
    };
    let held = order.authorizations.iter().filter_map(|id| book.authorizations.get(id));
    let taken = order.captures.iter().filter_map(|id| book.captures.get(id));
    let returned = order.refunds.iter().filter_map(|id| book.refunds.get(id));
    let lists = [
        ("authorizations", held.map(|it| bare(authorization(book, it))).collect::<Vec<_>>()),
        ("captures", taken.map(|it| bare(capture(book, it))).collect()),
        ("refunds", returned.map(|it| bare(refund(book, it))).collect()),
    ];
    let shown: Map<String, Value> = lists
        .into_iter()
        .filter(|(_, list)| !list.is_empty())
        .map(|(name, list)| (name.to_owned(), Value::Array(list)))
        .collect();
    (!shown.is_empty()).then_some(Value::Object(shown))
}

fn payee() -> Value {
    json!({ "email_address": MERCHANT_EMAIL, "merchant_id": MERCHANT_ID })
}

fn links_of_order(book: &Book, order: &Order) -> Value {
    let itself = format!("{}/v2/checkout/orders/{}", book.public_url, order.id);
    let mut links = vec![link(&itself, "self", "GET")];
    let approve = if order.source == Source::Unnamed { "approve" } else { "payer-action" };
    match order.status {
        OrderStatus::Created | OrderStatus::PayerActionRequired => {
            links.push(link(&book.page(&order.id), approve, "GET"))
        }
        OrderStatus::Approved | OrderStatus::Completed => {}
    }
    if matches!(order.status, OrderStatus::Created | OrderStatus::Approved) {
        links.push(link(&itself, "update", "PATCH"));
        let act = if order.intent == Intent::Capture { "capture" } else { "authorize" };
        links.push(link(&format!("{itself}/{act}"), act, "POST"));
    }
    Value::Array(links)
}

pub(super) fn authorization(book: &Book, held: &Authorization) -> Value {
    let itself = format!("{}/v2/payments/authorizations/{}", book.public_url, held.id);
    let mut links = vec![link(&itself, "self", "GET")];
    if matches!(held.status, AuthorizationStatus::Created | AuthorizationStatus::PartiallyCaptured) {
        links.push(link(&format!("{itself}/capture"), "capture", "POST"));
        links.push(link(&format!("{itself}/void"), "void", "POST"));
    }
    links.push(link(&format!("{}/v2/checkout/orders/{}", book.public_url, held.order), "up", "GET"));
    let name = match held.status {
        AuthorizationStatus::Created => "CREATED",
        AuthorizationStatus::Pending => "PENDING",
        AuthorizationStatus::Denied => "DENIED",
        AuthorizationStatus::PartiallyCaptured => "PARTIALLY_CAPTURED",
        AuthorizationStatus::Captured => "CAPTURED",
        AuthorizationStatus::Voided => "VOIDED",
    };
    let mut shown = json!({
        "id": held.id,
        "status": name,
        "amount": held.amount.json(),
        "seller_protection": protection(),
        "expiration_time": time(held.expires),
        "create_time": time(held.created),
        "update_time": time(held.updated),
        "links": links,
        "supplementary_data": { "related_ids": { "order_id": held.order } },
        "payee": payee(),
    });
    if held.status == AuthorizationStatus::Pending {
        put(&mut shown, "status_details", json!({ "reason": "PENDING_REVIEW" }));
    }
    with_the_orders_ids(book, &held.order, &mut shown);
    shown
}

pub(super) fn capture(book: &Book, taken: &Capture) -> Value {
    let itself = format!("{}/v2/payments/captures/{}", book.public_url, taken.id);
    let mut links = vec![link(&itself, "self", "GET"), link(&format!("{itself}/refund"), "refund", "POST")];
    let order_url = format!("{}/v2/checkout/orders/{}", book.public_url, taken.order);
    let above = taken.authorization.as_ref().map(|id| format!("{}/v2/payments/authorizations/{id}", book.public_url));
    links.push(link(&above.unwrap_or(order_url), "up", "GET"));
    let (name, reason) = match taken.status {
        CaptureStatus::Completed if taken.refunded >= taken.amount.minor => ("REFUNDED", Some("REFUNDED")),
        CaptureStatus::Completed if taken.refunded > 0 => ("PARTIALLY_REFUNDED", None),
        CaptureStatus::Completed if taken.reversed > 0 => ("COMPLETED", Some("CHARGEBACK")),
        CaptureStatus::Completed => ("COMPLETED", None),
        CaptureStatus::Pending(reason) => ("PENDING", Some(reason)),
        CaptureStatus::Declined => ("DECLINED", None),
        CaptureStatus::Failed => ("FAILED", None),
    };
    let mut related = json!({ "order_id": taken.order });
    if let Some(authorization) = &taken.authorization {
        put(&mut related, "authorization_id", json!(authorization));
    }
    let mut shown = json!({
        "id": taken.id,
        "status": name,
        "amount": taken.amount.json(),
        "final_capture": taken.final_capture,
        "seller_protection": protection(),
        "disbursement_mode": "INSTANT",
        "create_time": time(taken.created),
        "update_time": time(taken.updated),
        "links": links,
        "supplementary_data": { "related_ids": related },
        "payee": payee(),
    });
    if let Some(reason) = reason {
        put(&mut shown, "status_details", json!({ "reason": reason }));
    }
    if taken.status == CaptureStatus::Completed {
        put(&mut shown, "seller_receivable_breakdown", breakdown(taken.amount));
    }
    with_the_orders_ids(book, &taken.order, &mut shown);
    if let Some(invoice) = &taken.invoice_id {
        put(&mut shown, "invoice_id", json!(invoice));
    }
    shown
}

pub(super) fn refund(book: &Book, back: &Refund) -> Value {
    let itself = format!("{}/v2/payments/refunds/{}", book.public_url, back.id);
    let above = format!("{}/v2/payments/captures/{}", book.public_url, back.capture);
    let total = book.captures.get(&back.capture).map_or(0, |capture| capture.refunded);
    let none = Money::new(0, back.amount.currency).json();
    let mut shown = json!({
        "id": back.id,
        "status": back.status.name(),
        "amount": back.amount.json(),
        "seller_payable_breakdown": {
            "gross_amount": back.amount.json(),
            // PayPal keeps its fee.
            "paypal_fee": none,
            "net_amount": back.amount.json(),
            "total_refunded_amount": Money::new(total, back.amount.currency).json(),
        },
        "payer": payee(),
        "create_time": time(back.created),
        "update_time": time(back.updated),
        "links": [link(&itself, "self", "GET"), link(&above, "up", "GET")],
    });
    // What bears no id of its own bears that of what it gives back.
    let of_order = book.orders.get(&back.order).and_then(|order| order.unit.custom_id.as_ref());
    let custom_id = back.custom_id.as_ref().or(of_order);
    for (name, text) in [
        ("custom_id", custom_id),
        ("invoice_id", back.invoice_id.as_ref()),
        ("note_to_payer", back.note_to_payer.as_ref()),
    ] {
        if let Some(text) = text {
            put(&mut shown, name, json!(text));
        }
    }
    if back.status == RefundStatus::Pending {
        put(&mut shown, "status_details", json!({ "reason": "ECHECK" }));
    }
    shown
}

/// What is left of an object when the caller prefers little.
pub(super) fn minimal(call: &Call, whole: Value) -> Value {
    match call {
        Call::GetOrder(_) | Call::GetAuthorization(_) | Call::GetCapture(_) | Call::GetRefund(_) => whole,
        Call::CreateOrder(_) | Call::CaptureOrder { .. } | Call::AuthorizeOrder { .. } => {
            // What was paid is always shown, and nothing else of the purchase unit.
            let payments = whole.pointer("/purchase_units/0/payments").cloned();
            let reference = whole.pointer("/purchase_units/0/reference_id").cloned();
            let mut shown = only(whole, &["id", "status", "payment_source", "payer", "links"]);
            if let Some(payments) = payments {
                put(&mut shown, "purchase_units", json!([{ "reference_id": reference, "payments": payments }]));
            }
            shown
        }
        Call::CaptureAuthorization { .. } | Call::VoidAuthorization(_) | Call::RefundCapture { .. } => {
            only(whole, &["id", "status", "status_details", "links"])
        }
    }
}

impl Money {
    /// Worth so much where the merchant's account is kept, rounded down.
    pub(super) fn in_account_currency(self) -> Self {
        let account = Currency::of(ACCOUNT_CURRENCY).unwrap_or(self.currency);
        let per_thousand = i128::from(self.currency.cents_per_thousand);
        let cents = i128::from(self.minor).saturating_mul(per_thousand);
        let cents = cents.div_euclid(i128::from(self.currency.scale()).saturating_mul(1_000));
        Self::new(i64::try_from(cents).unwrap_or(i64::MAX), account)
    }
}

/// What reaches the merchant's account.
fn breakdown(gross: Money) -> Value {
    let share = gross.minor.saturating_mul(FEE_PER_TEN_THOUSAND).div_euclid(10_000);
    let fixed = FEE_CENTS.saturating_mul(gross.currency.scale()).div_euclid(100);
    // Whole steps of the currency, and never more than there is.
    let step = gross.currency.step();
    let fee = share.saturating_add(fixed).div_euclid(step).saturating_mul(step).min(gross.minor);
    let net = Money::new(gross.minor.saturating_sub(fee), gross.currency);
    let mut shown = json!({
        "gross_amount": gross.json(),
        "paypal_fee": Money::new(fee, gross.currency).json(),
        "net_amount": net.json(),
    });
    if gross.currency.code != ACCOUNT_CURRENCY {
        let worth = net.in_account_currency();
        let rate = gross.currency.cents_per_thousand;
        let (whole, rest) = (rate.div_euclid(100_000), rate.rem_euclid(100_000));
        put(&mut shown, "receivable_amount", worth.json());
        put(
            &mut shown,
            "exchange_rate",
            json!({
                "source_currency": gross.currency.code,
                "target_currency": ACCOUNT_CURRENCY,
                "value": format!("{whole}.{rest:05}"),
            }),
        );
    }
    shown
}

fn protection() -> Value {
    json!({ "status": "ELIGIBLE", "dispute_categories": ["ITEM_NOT_RECEIVED", "UNAUTHORIZED_TRANSACTION"] })
}

/// Payments bear the merchant's ids of their order, and what the processor of a card said.
fn with_the_orders_ids(book: &Book, order: &str, shown: &mut Value) {
    let Some(order) = book.orders.get(order) else { return };
    for (name, text) in [("custom_id", &order.unit.custom_id), ("invoice_id", &order.unit.invoice_id)] {
        if let Some(text) = text {
            put(shown, name, json!(text));
        }
    }
    let answer = match &order.source {
        Source::Card(card) => Some(card.answer),
        Source::Wallet | Source::Unnamed => order.funding.and_then(|funding| funding.card),
    };
    if let Some(answer) = answer {
        let said = json!({
            "response_code": answer.response_code, "avs_code": answer.avs_code, "cvv_code": answer.cvv_code,
        });
        put(shown, "processor_response", said);
    }
}

fn link(href: &str, rel: &str, method: &str) -> Value {
    json!({ "href": href, "rel": rel, "method": method })
}

fn put(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(name.to_owned(), value);
    }
}

fn only(mut object: Value, names: &[&str]) -> Value {
    if let Value::Object(fields) = &mut object {
        fields.retain(|name, _| names.contains(&name.as_str()));
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken_down(code: &str, minor: i64) -> Value {
        breakdown(Money::new(minor, Currency::of(code).unwrap()))
    }

    #[test]
    fn gross_is_fee_and_net_and_foreign_money_is_converted() {
        let home = broken_down("EUR", 10_000);
        assert_eq!((&home["paypal_fee"]["value"], &home["net_amount"]["value"]), (&json!("3.98"), &json!("96.02")));
        assert!(home.get("exchange_rate").is_none());
        let abroad = broken_down("USD", 10_000);
        assert_eq!(abroad["exchange_rate"]["value"], "0.92000");
        assert_eq!(abroad["receivable_amount"], json!({"currency_code": "EUR", "value": "88.33"}));
        let yen = broken_down("JPY", 1_000);
        assert_eq!((&yen["paypal_fee"]["value"], &yen["receivable_amount"]["value"]), (&json!("34"), &json!("5.89")));
        let forints = broken_down("HUF", 17_500);
        assert_eq!((&forints["paypal_fee"]["value"], &forints["net_amount"]["value"]), (&json!("6"), &json!("169")));
    }

    #[test]
    fn a_fee_never_exceeds_what_was_paid() {
        assert_eq!(broken_down("EUR", 1)["net_amount"]["value"], "0.00");
    }

    #[test]
    fn times_are_those_of_rfc_3339() {
        assert_eq!(time(Moment { ms: 1_700_000_000_999 }), "2023-11-14T22:13:20Z");
    }
}
