//! The merchant's program, as HTTP.md tells it to speak.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::signature::{header, now};
use crate::wire::{Answer, Http};
use crate::{eventually, unique};

/// Calls our API with one key.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http,
    url: String,
    key: String,
}

/// A payment that was opened, and what its parts are called.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Where it is paid.
    pub gateway: Gateway,
    /// Its public id.
    pub id: String,
    /// The gateway's object.
    pub intent: String,
    /// What a payer's browser confirms with; at PayPal there is none.
    pub client_secret: String,
}

impl Client {
    pub(crate) const fn new(http: Http, url: String, key: String) -> Self {
        Self { http, url, key }
    }

    /// The same client with another API key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// Where the API is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sends exactly this.
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &[u8])], body: impl Into<Vec<u8>>) -> Answer {
        self.http.send(method, &format!("{}{path}", self.url), headers, body).await
    }

    /// What is answered to Stripe when it tells an event about this object, and signs it with this.
    pub async fn stripe_tells(&self, secret: &str, kind: &str, object: &Value) -> Answer {
        let event = json!({
            "id": unique("evt"), "object": "event", "api_version": "2026-10-28.endive", "created": now(), "type": kind,
            "livemode": false, "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null},
            "data": {"object": object},
        });
        let body = event.to_string();
        let signature = header(secret, now(), &body);
        let headers: [(&str, &[u8]); 2] =
            [("content-type", b"application/json; charset=utf-8"), ("stripe-signature", signature.as_bytes())];
        self.send("POST", "/webhook/stripe", &headers, body).await
    }

    /// Sends a body as a well-behaved client does.
    pub async fn post(&self, path: &str, idempotency_key: &str, body: impl Into<Vec<u8>>) -> Answer {
        let bearer = self.bearer();
        let headers: [(&str, &[u8]); 3] = [
            ("authorization", bearer.as_bytes()),
            ("content-type", b"application/json"),
            ("idempotency-key", idempotency_key.as_bytes()),
        ];
        self.send("POST", path, &headers, body).await
    }

    /// `POST /payment/initiate`
    pub async fn initiate(&self, idempotency_key: &str, body: &Value) -> Answer {
        self.post("/payment/initiate", idempotency_key, body.to_string()).await
    }

    /// `POST /payment/confirm`
    pub async fn confirm(&self, idempotency_key: &str, body: &Value) -> Answer {
        self.post("/payment/confirm", idempotency_key, body.to_string()).await
    }

    /// `POST /payment/capture`, of everything, under a key of its own.
    pub async fn capture(&self, payment: &Opened) -> Answer {
        self.post("/payment/capture", &unique("capture"), json!({"transactionId": payment.id}).to_string()).await
    }

    /// `POST /payment/cancel`, under a key of its own.
    pub async fn cancel(&self, payment: &Opened) -> Answer {
        self.post("/payment/cancel", &unique("cancel"), json!({"transactionId": payment.id}).to_string()).await
    }

    /// `POST /payment/refund`, of so much, or of all that is left.
    pub async fn refund(&self, payment: &Opened, key: &str, amount: Option<i64>) -> Answer {
        let mut body = json!({"transactionId": payment.id});
        if let Some(amount) = amount {
            body["amount"] = json!(amount);
        }
        self.post("/payment/refund", key, body.to_string()).await
    }

    /// `GET /payment/status/{transactionId}`
    pub async fn status(&self, id: &str) -> Answer {
        let bearer = self.bearer();
        self.send("GET", &format!("/payment/status/{id}"), &[("authorization", bearer.as_bytes())], "").await
    }

    /// `GET /payment/status/{transactionId}?expand=customer`
    pub async fn payer(&self, id: &str) -> Answer {
        let bearer = self.bearer();
        let path = format!("/payment/status/{id}?expand=customer");
        self.send("GET", &path, &[("authorization", bearer.as_bytes())], "").await
    }

    /// `DELETE /customers/{customerId}`, for a name that needs no escapes.
    pub async fn erase(&self, customer: &str) -> Answer {
        let bearer = self.bearer();
        self.send("DELETE", &format!("/customers/{customer}"), &[("authorization", bearer.as_bytes())], "").await
    }

    /// `GET /payments`
    pub async fn payments(&self, query: &str) -> Answer {
        let bearer = self.bearer();
        self.send("GET", &format!("/payments?{query}"), &[("authorization", bearer.as_bytes())], "").await
    }

    /// `GET /disputes`
    pub async fn disputes(&self, query: &str) -> Answer {
        let bearer = self.bearer();
        self.send("GET", &format!("/disputes?{query}"), &[("authorization", bearer.as_bytes())], "").await
    }

    /// `GET /disputes/{disputeId}`
    pub async fn dispute(&self, id: &str) -> Answer {
        let bearer = self.bearer();
        self.send("GET", &format!("/disputes/{id}"), &[("authorization", bearer.as_bytes())], "").await
    }

    /// `POST /disputes/{disputeId}/evidence`
    pub async fn evidence(&self, id: &str, key: &str, body: &Value) -> Answer {
        self.post(&format!("/disputes/{id}/evidence"), key, body.to_string()).await
    }

    /// `POST /disputes/{disputeId}/accept`
    pub async fn accept(&self, id: &str, key: &str) -> Answer {
        self.post(&format!("/disputes/{id}/accept"), key, "{}").await
    }

    /// The value of the header `Authorization`.
    #[must_use]
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.key)
    }

    /// Confirms under this key, as a payment of its gateway is confirmed.
    pub async fn charge(&self, payment: &Opened, key: &str) -> Answer {
        self.confirm(key, &payment.confirmation()).await
    }

    /// Opens a payment of 19.99 EUR.
    pub async fn open(&self) -> Opened {
        self.open_with(json!({"amount": 1999, "currency": "EUR"})).await
    }

    /// Opens a payment with these terms.
    ///
    /// # Panics
    /// If it is not opened.
    pub async fn open_with(&self, terms: Value) -> Opened {
        Opened::of(&self.initiate(&unique("open"), &terms).await.expect(201))
    }

    /// Confirms with a payment method under a key of its own.
    pub async fn pay(&self, payment: &Opened, method: &str) -> Answer {
        let body = json!({"transactionId": payment.id, "paymentMethod": method});
        self.confirm(&unique("pay"), &body).await
    }

    /// The payment, once it has this status.
    ///
    /// # Panics
    /// If it never has.
    pub async fn settled(&self, id: &str, status: &str) -> Value {
        eventually(&format!("{id} is {status}"), async || {
            let answer = self.status(id).await.expect(200);
            if answer.text_at("/status") == status { Ok(answer.json()) } else { Err(answer.text) }
        })
        .await
    }
}

impl Opened {
    /// Reads what initiate answered.
    ///
    /// # Panics
    /// If that is not a payment that waits for its payer.
    #[must_use]
    pub fn of(answer: &Answer) -> Self {
        let id = answer.text_at("/transactionId");
        let (kind, next) = (answer.text_at("/nextAction/type"), answer.at("/nextAction"));
        let text = |name: &str| next[name].as_str().unwrap_or_default().to_owned();
        let unreadable = || -> (&str, &str) { panic!("{}", answer.text) };
        match (answer.text_at("/gateway").as_str(), kind.as_str()) {
            ("stripe", "provide_payment_method") => {
                let client_secret = text("clientSecret");
                // Stripe's client secret begins with the name of its object; its own libraries read it from there.
                let (intent, _) = client_secret.split_once("_secret_").unwrap_or_else(unreadable);
                Self { gateway: Gateway::Stripe, id, intent: intent.to_owned(), client_secret: client_secret.clone() }
            }
            ("paypal", "redirect") => {
                // The page on which its payer approves an order ends with the order's name.
                let page = text("url");
                let (_, order) = page.rsplit_once('/').unwrap_or_else(unreadable);
                Self { gateway: Gateway::PayPal, id, intent: order.to_owned(), client_secret: String::new() }
            }
            _ => panic!("{}", answer.text),
        }
    }

    /// What confirms it: a card at Stripe; at PayPal its payer has approved, and there is nothing to say.
    #[must_use]
    pub fn confirmation(&self) -> Value {
        match self.gateway {
            Gateway::Stripe => json!({"transactionId": self.id, "paymentMethod": "pm_card_visa"}),
            Gateway::PayPal => json!({"transactionId": self.id}),
        }
    }
}
