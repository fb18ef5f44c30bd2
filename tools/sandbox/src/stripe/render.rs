//! How objects look on the wire: every field that Stripe's version 2026-10-28.endive always shows, and those that differ.

mod balance;

pub(super) use balance::{balance, movement};

use serde_json::{Map, Value, json};

use super::{
    book::Book,
    cards::{Checks, TestMethod},
    error::doc_url,
    objects::{Billing, Charge, ConfirmationToken, Failure, Intent, Metadata, Method, Refund, Shipping, Standing},
};

/// Test cards do not expire while somebody relies on them.
const EXPIRY: (u32, u32) = (12, 2040);

pub(super) fn intent(book: &Book, intent: &Intent) -> Value {
    let said = &intent.particulars;
    let types: Vec<&str> = match (&said.allowed_types, intent.currency.as_str()) {
        (Some(allowed), _) => allowed.iter().map(String::as_str).collect(),
        (None, "usd") if intent.automatic.is_some() => vec!["card", "us_bank_account"],
        (None, _) => vec!["card"],
    };
    json!({
        "id": intent.id,
        "object": "payment_intent",
        "allowed_payment_method_types": said.allowed_types,
        "amount": intent.amount,
        "amount_capturable": intent.amount_capturable,
        "amount_details": { "tip": {} },
        "amount_received": intent.amount_received,
        "application": null,
        "application_fee_amount": null,
        "automatic_payment_methods": intent.automatic.map(|automatic| json!({
            "allow_redirects": if automatic.allow_redirects { "always" } else { "never" },
            "enabled": true,
        })),
        "canceled_at": intent.canceled_at,
        "cancellation_reason": intent.cancellation_reason,
        "capture_method": intent.capture_method.name(),
        "client_secret": intent.client_secret,
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": null,
        "customer_account": null,
        "description": said.description,
        "excluded_payment_method_types": said.excluded_types,
        "last_payment_error": intent.last_failure.as_ref().map(|last| failure(book, last)),
        "latest_charge": intent.latest_charge,
        "livemode": intent.livemode,
        "managed_payments": null,
        "metadata": said.metadata,
        "next_action": next_action(book, intent),
        "on_behalf_of": null,
        "payment_method": intent.payment_method,
        "payment_method_configuration_details": null,
        "payment_method_options": {
            "card": {
                "installments": null,
                "mandate_options": null,
                "network": null,
                "request_three_d_secure": said.request_3ds.as_deref().unwrap_or("automatic"),
            },
        },
        "payment_method_types": types,
        "payment_record": null,
        "processing": null,
        "receipt_email": said.receipt_email,
        "review": null,
        "setup_future_usage": said.setup_future_usage,
        "shipping": said.shipping.as_ref().map(shipping),
        "source": null,
        "statement_descriptor": said.statement_descriptor,
        "statement_descriptor_suffix": said.statement_descriptor_suffix,
        "status": intent.status.name(),
        "transfer_data": null,
        "transfer_group": said.transfer_group,
    })
}

fn next_action(book: &Book, intent: &Intent) -> Value {
    let Some(challenge) = &intent.challenge else { return Value::Null };
    let url = format!("{}/_payer/stripe/{}", book.public_url, challenge.page);
    if challenge.redirect {
        return json!({ "type": "redirect_to_url", "redirect_to_url": { "url": url, "return_url": challenge.return_url } });
    }
    json!({
        "type": "use_stripe_sdk",
        "use_stripe_sdk": { "type": "three_d_secure_redirect", "source": challenge.page, "stripe_js": url },
    })
}

/// The fields that `last_payment_error` and the error of a declined call have in common.
pub(super) fn failure(book: &Book, failure: &Failure) -> Map<String, Value> {
    let decline = failure.decline;
    let method = book.methods.get(&failure.payment_method);
    let fields = [
        ("type", Some(json!(decline.kind))),
        ("code", Some(json!(decline.code))),
        ("decline_code", decline.decline_code.map(Value::from)),
        ("advice_code", decline.advice_code.map(Value::from)),
        ("network_advice_code", decline.network_advice_code.map(Value::from)),
        ("network_decline_code", decline.network_decline_code.map(Value::from)),
        ("message", Some(json!(decline.message))),
        ("param", decline.param.map(Value::from)),
        ("doc_url", Some(json!(doc_url(decline.code)))),
        ("charge", failure.charge.clone().map(Value::from)),
        ("payment_method", method.map(self::method)),
        ("payment_method_type", method.map(|method| json!(type_of(method.test)))),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

pub(super) fn charge(book: &Book, charge: &Charge) -> Value {
    let said = &charge.particulars;
    let method = book.methods.get(&charge.payment_method);
    let (status, decline) = match charge.standing {
        Standing::Pending => ("pending", None),
        Standing::Failed(decline) => ("failed", Some(decline)),
        Standing::Authorized | Standing::Captured | Standing::Released => ("succeeded", None),
    };
    let captured = matches!(charge.standing, Standing::Captured);
    json!({
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "amount_captured": charge.amount_captured,
        "amount_refunded": charge.amount_refunded,
        "application": null,
        "application_fee": null,
        "application_fee_amount": null,
        "balance_transaction": charge.balance_transaction,
        "billing_details": billing(method.map(|method| &method.billing)),
        "calculated_statement_descriptor": "SANDBOX",
        "captured": captured,
        "created": charge.created,
        "currency": charge.currency,
        "customer": null,
        "description": said.description,
        "disputed": book.is_disputed(&charge.id),
        "failure_balance_transaction": null,
        "failure_code": decline.map(|decline| decline.code),
        "failure_message": decline.map(|decline| decline.message),
        "fraud_details": {},
        "livemode": book.intents.get(&charge.intent).is_some_and(|intent| intent.livemode),
        "metadata": said.metadata,
        "on_behalf_of": null,
        "outcome": outcome(charge),
        "paid": status == "succeeded",
        "payment_intent": charge.intent,
        "payment_method": charge.payment_method,
        "payment_method_details": method.map(|method| method_details(method.test, charge)),
        "receipt_email": said.receipt_email,
        "receipt_number": null,
        "receipt_url": null,
        "refunded": charge.amount_refunded > 0 && charge.amount_refunded >= charge.amount_captured,
        "review": null,
        "shipping": said.shipping.as_ref().map(shipping),
        "source": null,
        "source_transfer": null,
        "statement_descriptor": said.statement_descriptor,
        "statement_descriptor_suffix": said.statement_descriptor_suffix,
        "status": status,
        "transfer_data": null,
        "transfer_group": said.transfer_group,
    })
}

fn outcome(charge: &Charge) -> Value {
    let (decline, kind, network_status, seller_message) = match charge.standing {
        Standing::Failed(decline) if decline.blocked => {
            (Some(decline), "blocked", "not_sent_to_network", "Stripe blocked this payment as too risky.")
        }
        Standing::Failed(decline) => {
            (Some(decline), "issuer_declined", "declined_by_network", "The bank declined the payment.")
        }
        Standing::Pending | Standing::Authorized | Standing::Captured | Standing::Released => {
            (None, "authorized", "approved_by_network", "Payment complete.")
        }
    };
    let blocked = decline.is_some_and(|decline| decline.blocked);
    let reason = if blocked { Some("highest_risk_level") } else { decline.and_then(|decline| decline.decline_code) };
    json!({
        "advice_code": decline.and_then(|decline| decline.advice_code),
        "network_advice_code": decline.and_then(|decline| decline.network_advice_code),
        "network_decline_code": decline.and_then(|decline| decline.network_decline_code),
        "network_status": network_status,
        "reason": reason,
        "risk_level": if blocked { "highest" } else { "normal" },
        "risk_score": if blocked { 92 } else { 17 },
        "seller_message": seller_message,
        "type": kind,
    })
}

fn method_details(test: &TestMethod, charge: &Charge) -> Value {
    if test.is_bank_account() {
        return json!({ "type": "us_bank_account", "us_bank_account": {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "fingerprint": fingerprint(test),
            "last4": test.last4(),
            "payment_reference": null,
            "routing_number": "110000000",
        }});
    }
    let secure = charge.authenticated.then(|| {
        json!({
            "authentication_flow": "challenge",
            "electronic_commerce_indicator": "05",
            "exemption_indicator": null,
            "result": "authenticated",
            "result_reason": null,
            "transaction_id": null,
            "version": "2.2.0",
        })
    });
    json!({ "type": "card", "card": {
        "amount_authorized": charge.amount,
        "authorization_code": null,
        "brand": test.brand,
        "checks": checks(test),
        "country": "US",
        "electronic_commerce_indicator": null,
        "exp_month": EXPIRY.0,
        "exp_year": EXPIRY.1,
        "fingerprint": fingerprint(test),
        "funding": "credit",
        "installments": null,
        "last4": test.last4(),
        "mandate": null,
        "network": test.brand,
        "network_transaction_id": null,
        "regulated_status": "unregulated",
        "three_d_secure": secure,
        "transaction_link_id": null,
        "wallet": null,
    }})
}

pub(super) fn method(method: &Method) -> Value {
    let mut rendered = preview(method.test, &method.billing);
    let own = [
        ("id", json!(method.id)),
        ("object", json!("payment_method")),
        ("created", json!(method.created)),
        ("customer", Value::Null),
        ("customer_account", Value::Null),
        ("livemode", json!(false)),
        ("metadata", json!(method.metadata)),
        ("allow_redisplay", json!(method.allow_redisplay.as_deref().unwrap_or("unspecified"))),
    ];
    rendered.extend(own.map(|(name, value)| (name.to_owned(), value)));
    Value::Object(rendered)
}

/// What a payment method and the preview in a confirmation token have in common.
fn preview(test: &TestMethod, billed: &Billing) -> Map<String, Value> {
    let details = if test.is_bank_account() {
        json!({
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "financial_connections_account": null,
            "fingerprint": fingerprint(test),
            "last4": test.last4(),
            "networks": { "preferred": "ach", "supported": ["ach"] },
            "routing_number": "110000000",
            "status_details": null,
        })
    } else {
        json!({
            "brand": test.brand,
            "checks": checks(test),
            "country": "US",
            "display_brand": test.brand,
            "exp_month": EXPIRY.0,
            "exp_year": EXPIRY.1,
            "fingerprint": fingerprint(test),
            "funding": "credit",
            "generated_from": null,
            "last4": test.last4(),
            "networks": { "available": [test.brand], "preferred": null },
            "regulated_status": "unregulated",
            "three_d_secure_usage": { "supported": true },
            "wallet": null,
        })
    };
    let fields = [("type", json!(type_of(test))), ("billing_details", billing(Some(billed))), (type_of(test), details)];
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

pub(super) fn token(token: &ConfirmationToken) -> Value {
    let mut preview = preview(token.test, &token.billing);
    for absent in ["customer", "customer_account"] {
        preview.insert(absent.to_owned(), Value::Null);
    }
    preview.insert("allow_redisplay".to_owned(), json!("unspecified"));
    json!({
        "id": token.id,
        "object": "confirmation_token",
        "created": token.created,
        "expires_at": token.expires_at,
        "livemode": false,
        "mandate_data": null,
        "metadata": null,
        "payment_intent": token.used_by,
        "payment_method_options": { "card": { "cvc_token": null } },
        "payment_method_preview": preview,
        "return_url": token.return_url,
        "setup_future_usage": token.setup_future_usage,
        "setup_intent": null,
        "shipping": token.shipping.as_ref().map(shipping),
        "use_stripe_sdk": false,
    })
}

pub(super) fn refund(refund: &Refund) -> Value {
    let mut rendered = json!({
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": refund.balance_transaction,
        "charge": refund.charge,
        "created": refund.created,
        "currency": refund.currency,
        "customer": null,
        "customer_account": null,
        "destination_details": { "type": "card", "card": { "type": "refund" } },
        "metadata": refund.metadata,
        "payment_intent": refund.intent,
        "payment_method": null,
        "reason": refund.reason,
        "receipt_number": null,
        "source_transfer_reversal": null,
        "status": refund.status.name(),
        "transfer_reversal": null,
    });
    // Optional fields are absent, not null, as long as they say nothing.
    if let (Some(fields), super::objects::RefundStatus::Failed) = (rendered.as_object_mut(), refund.status) {
        fields.insert("failure_reason".to_owned(), json!("expired_or_canceled_card"));
        fields.insert("failure_balance_transaction".to_owned(), json!(refund.failure_balance_transaction));
    }
    rendered
}

pub(super) fn account(currency: &str) -> Value {
    json!({
        "id": "acct_1SandboxOfQuittance",
        "object": "account",
        "business_profile": { "name": "Sandbox" },
        "charges_enabled": true,
        "country": "US",
        "default_currency": currency,
        "details_submitted": true,
        "email": "merchant@example.com",
        "payouts_enabled": true,
        "settings": { "dashboard": { "display_name": "Sandbox" } },
        "type": "standard",
    })
}

fn type_of(test: &TestMethod) -> &'static str {
    if test.is_bank_account() { "us_bank_account" } else { "card" }
}

fn checks(test: &TestMethod) -> Value {
    let (line1, postal, cvc) = match test.checks {
        Checks::Pass => (None, None, Some("pass")),
        Checks::CvcFails => (None, None, Some("fail")),
        Checks::ZipFails => (None, Some("fail"), Some("pass")),
        Checks::AddressFails => (Some("fail"), Some("fail"), Some("pass")),
    };
    json!({ "address_line1_check": line1, "address_postal_code_check": postal, "cvc_check": cvc })
}

/// The same for every use of one card, and of no use for anything else.
fn fingerprint(test: &TestMethod) -> String {
    format!("sandbox{}", test.last4())
}

fn billing(billing: Option<&Billing>) -> Value {
    let nobody = Billing::default();
    let billing = billing.unwrap_or(&nobody);
    json!({
        "address": address(&billing.address),
        "email": billing.email,
        "name": billing.name,
        "phone": billing.phone,
        "tax_id": null,
    })
}

fn shipping(shipping: &Shipping) -> Value {
    json!({
        "address": address(&shipping.address),
        "carrier": shipping.carrier,
        "name": shipping.name,
        "phone": shipping.phone,
        "tracking_number": shipping.tracking_number,
    })
}

fn address(address: &Metadata) -> Value {
    let line = |name: &str| address.get(name).filter(|line| !line.is_empty());
    json!({
        "city": line("city"),
        "country": line("country"),
        "line1": line("line1"),
        "line2": line("line2"),
        "postal_code": line("postal_code"),
        "state": line("state"),
    })
}
