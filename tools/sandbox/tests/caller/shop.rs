//! A merchant's server that speaks to PayPal.

use serde_json::{Value, json};

use super::{Answer, Caller};

/// A caller with a token.
pub(crate) struct Shop {
    pub(crate) caller: Caller,
    token: String,
}

/// `Basic` of `sandbox-client:secret`.
pub(crate) const CLIENT: &str = "Basic c2FuZGJveC1jbGllbnQ6c2VjcmV0";

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::with(Caller::start().await).await
    }

    pub(crate) async fn with(caller: Caller) -> Self {
        let token = token(&caller).await;
        Self { caller, token }
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[], body).await.expect("an answer")
    }

    pub(crate) async fn post_with_key(&self, path: &str, body: Value, key: &str) -> Answer {
        self.send("POST", path, &[("paypal-request-id", key)], body).await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Value::Null).await.expect("an answer")
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Result<Answer, hyper_util::client::legacy::Error> {
        let bearer = format!("Bearer {}", self.token);
        let own = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let headers: Vec<(&str, &str)> = own.into_iter().chain(headers.iter().copied()).collect();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.caller.send(method, path, &headers, &body).await
    }

    /// A new order of ten euros that bears this payment's id; its id.
    pub(crate) async fn ordered(&self, intent: &str, transaction_id: &str) -> String {
        let body = order(intent, "EUR", "10.00", transaction_id);
        self.post("/v2/checkout/orders", body).await.text_at("id")
    }

    /// The payer approves, with an account that does this.
    pub(crate) async fn approved(&self, order: &str, capture: &str) {
        let body = json!({ "objectId": order, "decision": "approve", "capture": capture });
        self.caller.steer("POST", "/_sandbox/payer/decide", &body.to_string()).await;
    }

    /// A new order of ten euros, approved and captured; the ids of the order and of the capture.
    pub(crate) async fn paid(&self, transaction_id: &str) -> (String, String) {
        let order = self.ordered("CAPTURE", transaction_id).await;
        self.approved(&order, "completed").await;
        let captured = self.post(&format!("/v2/checkout/orders/{order}/capture"), Value::Null).await;
        (order, captured.text_at("purchase_units.0.payments.captures.0.id"))
    }

    /// A new order of ten euros, approved and authorised; the id of the authorisation.
    pub(crate) async fn held(&self, transaction_id: &str) -> String {
        let order = self.ordered("AUTHORIZE", transaction_id).await;
        self.approved(&order, "completed").await;
        let authorized = self.post(&format!("/v2/checkout/orders/{order}/authorize"), Value::Null).await;
        authorized.text_at("purchase_units.0.payments.authorizations.0.id")
    }

    /// Arms a fault at PayPal; its id.
    pub(crate) async fn break_paypal(&self, mut fault: Value) -> String {
        fault["gateway"] = "paypal".into();
        self.caller.steer("POST", "/_sandbox/faults", &fault.to_string()).await.text_at("id")
    }

    /// The gateway's, status, amount and refunds' statuses and amounts of every row.
    pub(crate) async fn ledger(&self) -> Value {
        let ledger = self.caller.steer("GET", "/_sandbox/ledger", "").await.json();
        let rows = |name: &str| -> Vec<Value> {
            let of = |row: &Value| json!([row["gateway"], row["status"], row["amount"], row["currency"]]);
            ledger[name].as_array().expect("rows").iter().map(of).collect()
        };
        json!({ "charges": rows("charges"), "refunds": rows("refunds") })
    }
}

impl Answer {
    /// The text at this path, as in `purchase_units.0.payments.captures.0.id`.
    pub(crate) fn text_at(&self, path: &str) -> String {
        let found = self.json().pointer(&format!("/{}", path.replace('.', "/"))).cloned();
        let text = found.as_ref().and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text at {path} of {self:?}")).to_owned()
    }

    /// The status and the first issue of a refusal.
    pub(crate) fn issue(&self) -> (u16, String) {
        (self.status, self.text_at("details.0.issue"))
    }
}

pub(crate) async fn token(caller: &Caller) -> String {
    let answer = caller.send("POST", "/v1/oauth2/token", &[("authorization", CLIENT)], "grant_type=client_credentials");
    answer.await.expect("an answer").text_at("access_token")
}

pub(crate) fn order(intent: &str, currency: &str, value: &str, transaction_id: &str) -> Value {
    json!({
        "intent": intent,
        "purchase_units": [{
            "amount": { "currency_code": currency, "value": value },
            "custom_id": transaction_id,
            "invoice_id": transaction_id,
            "description": "three <socks>",
        }],
        "payment_source": { "paypal": { "experience_context": {
            "return_url": "https://shop.example/done?basket=7",
            "cancel_url": "https://shop.example/back",
            "user_action": "PAY_NOW",
        } } },
    })
}
