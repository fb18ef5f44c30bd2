//! The gateway: what its dashboard shows, what a payer does there, and how it is made to misbehave.

use serde_json::{Value, json};

use crate::client::Opened;
use crate::gateway::Gateway;
use crate::wire::{Answer, Http};
use crate::{eventually, signature};

/// The sandbox takes any key of this form.
const SECRET_KEY: &[u8] = b"Bearer sk_test_sandbox";
/// `sandbox:secret`, as PayPal has its merchants say it: any client of the sandbox's may ask for a token.
const CLIENT: &[u8] = b"Basic c2FuZGJveDpzZWNyZXQ=";
/// What a browser shows.
const PUBLISHABLE_KEY: &str = "pk_test_sandbox";
/// Stripe's longest page.
const PAGE: usize = 100;
/// No program of the tests opens this many pages of objects.
const PAGES_MAX: usize = 20;

/// The gateway of the stack.
#[derive(Debug, Clone)]
pub struct Sandbox {
    http: Http,
    url: String,
    /// When this program began, in seconds since 1970: what is older is not of its making.
    began: u64,
}

impl Sandbox {
    pub(crate) fn new(http: Http, url: String) -> Self {
        Self { http, url, began: signature::now() }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The ledger's rows of a payment, oldest first, as `(status, amount, currency)`.
    pub async fn charges(&self, transaction_id: &str) -> Vec<(String, i64, String)> {
        let ledger = self.control("GET", "ledger", &Value::Null).await.expect(200).json();
        let rows = ledger["charges"].as_array().unwrap();
        rows.iter()
            .filter(|row| row["transactionId"] == transaction_id)
            .map(|row| {
                let text = |name: &str| row[name].as_str().unwrap().to_owned();
                (text("status"), row["amount"].as_i64().unwrap(), text("currency"))
            })
            .collect()
    }

    /// The ledger's refunds of a payment's object, oldest first, as `(status, amount, our id)`.
    pub async fn refunds(&self, intent: &str) -> Vec<(String, i64, Option<String>)> {
        let ledger = self.control("GET", "ledger", &Value::Null).await.expect(200).json();
        let rows = ledger["refunds"].as_array().unwrap();
        rows.iter()
            .filter(|row| row["objectId"] == intent)
            .map(|row| {
                // At PayPal a refund bears the id of its payment too.
                let ours = row["refundId"].as_str().and_then(|ids| ids.rsplit('.').next()).map(str::to_owned);
                (row["status"].as_str().unwrap().to_owned(), row["amount"].as_i64().unwrap(), ours)
            })
            .collect()
    }

    /// An object, as the gateway shows it to the merchant's server.
    pub async fn intent(&self, id: &str) -> Value {
        self.server("GET", &format!("/v1/payment_intents/{id}"), "").await.expect(200).json()
    }

    /// What the charge on an object came to, as the gateway has booked it, in the words of our own API.
    ///
    /// # Panics
    /// If nothing is booked.
    pub async fn settlement(&self, id: &str) -> Value {
        let path = format!("/v1/payment_intents/{id}?expand[]=latest_charge.balance_transaction");
        let booked = self.server("GET", &path, "").await.expect(200).at("/latest_charge/balance_transaction");
        let currency = booked["currency"].as_str().unwrap_or_else(|| panic!("{id}: {booked}")).to_uppercase();
        let rate = &booked["exchange_rate"];
        json!({
            "currency": currency, "feeCurrency": currency,
            "gross": booked["amount"], "fee": booked["fee"], "net": booked["net"],
            "exchangeRate": rate.is_number().then(|| rate.to_string()),
        })
    }

    /// An object's refunds, newest first, as the gateway shows them to the merchant's server.
    pub async fn shown_refunds(&self, intent: &str) -> Vec<Value> {
        let path = format!("/v1/refunds?payment_intent={intent}&limit={PAGE}");
        self.server("GET", &path, "").await.expect(200).json()["data"].as_array().unwrap().clone()
    }

    /// An order, as PayPal shows it to the merchant's server.
    pub async fn order(&self, id: &str) -> Value {
        self.shown_by_paypal(&format!("/v2/checkout/orders/{id}")).await
    }

    pub(crate) async fn shown_by_paypal(&self, path: &str) -> Value {
        let (url, form) = (format!("{}/v1/oauth2/token", self.url), "grant_type=client_credentials".to_owned());
        let token = self.form(&url, &[("authorization", CLIENT)], form).await.expect(200).text_at("/access_token");
        let (url, bearer) = (format!("{}{path}", self.url), format!("Bearer {token}"));
        self.http.send("GET", &url, &[("authorization", bearer.as_bytes())], "").await.expect(200).json()
    }

    /// The ledger's disputes of a payment, oldest first, as `(status, amount)`, in Stripe's words.
    pub async fn booked_disputes(&self, transaction_id: &str) -> Vec<(String, i64)> {
        let ledger = self.control("GET", "ledger", &Value::Null).await.expect(200).json();
        let rows = ledger["disputes"].as_array().unwrap();
        let ours = rows.iter().filter(|row| row["transactionId"] == transaction_id);
        ours.map(|row| (row["status"].as_str().unwrap().to_owned(), row["amount"].as_i64().unwrap())).collect()
    }

    /// What the gateway says of the object of a payment, in its own word.
    pub(crate) async fn standing(&self, payment: &Opened) -> String {
        let object = match payment.gateway {
            Gateway::Stripe => self.intent(&payment.intent).await,
            Gateway::PayPal => self.order(&payment.intent).await,
        };
        object["status"].as_str().unwrap_or_default().to_owned()
    }

    /// For how many of the objects that were opened since this program began `wanted` says yes.
    pub async fn count_intents(&self, wanted: impl Fn(&Value) -> bool) -> usize {
        self.find_intents(wanted).await.len()
    }

    /// The objects that were opened since this program began and of which `wanted` says yes, newest first.
    ///
    /// # Panics
    /// If there are more objects than the tests can have made.
    pub async fn find_intents(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        let mut found = Vec::new();
        let mut after = String::new();
        for _ in 0..PAGES_MAX {
            let path = format!("/v1/payment_intents?limit={PAGE}{after}");
            let page = self.server("GET", &path, "").await.expect(200).json();
            let objects = page["data"].as_array().unwrap();
            let ours: Vec<&Value> =
                objects.iter().take_while(|object| object["created"].as_u64().unwrap() >= self.began).collect();
            found.extend(ours.iter().filter(|object| wanted(object)).map(|object| (*object).clone()));
            if page["has_more"] != true || ours.len() < objects.len() {
                return found;
            }
            let last = objects.last().and_then(|object| object["id"].as_str()).unwrap();
            after = format!("&starting_after={last}");
        }
        panic!("the sandbox has more than {PAGES_MAX} pages of objects");
    }

    /// A browser confirms by itself, with what it was given.
    pub async fn confirm_in_browser(&self, intent: &str, client_secret: &str, method: &str) -> Answer {
        let form = format!("key={PUBLISHABLE_KEY}&client_secret={client_secret}&payment_method={method}");
        self.form(&format!("{}/v1/payment_intents/{intent}/confirm", self.url), &[], form).await
    }

    /// A one-use token for a payment method, as the gateway's form in a browser makes it.
    ///
    /// # Panics
    /// If it is not made.
    pub async fn confirmation_token(&self, method: &str) -> String {
        let form = format!("payment_method={method}");
        self.server("POST", "/v1/test_helpers/confirmation_tokens", &form).await.expect(200).text_at("/id")
    }

    /// A payment method that is made of a ready-made token, as a browser makes it.
    ///
    /// # Panics
    /// If it is not made.
    pub async fn method_of(&self, token: &str) -> String {
        self.server("POST", "/v1/payment_methods", &format!("type=card&card[token]={token}"))
            .await
            .expect(200)
            .text_at("/id")
    }

    /// The payer's browser opens a page of the bank.
    pub async fn payer_opens(&self, page: &str) -> Answer {
        self.http.send("GET", page, &[], "").await
    }

    /// The payer presses a button there: `approve` or `fail`.
    pub async fn payer_presses(&self, page: &str, button: &str) -> Answer {
        self.form(page, &[], format!("decision={button}")).await
    }

    /// The bank decides about a payment that it has kept open.
    pub async fn settle(&self, intent: &str, outcome: &str) {
        drop(self.control("POST", "settle", &json!({"objectId": intent, "outcome": outcome})).await.expect(200));
    }

    /// The payer's browser confirms a payment by itself; the answer is what the browser gets.
    pub async fn payer_confirms(&self, transaction_id: &str, method: &str) -> Answer {
        self.control("POST", "payer/confirm", &json!({"transactionId": transaction_id, "paymentMethod": method})).await
    }

    /// The payer decides at their bank, `approve` or `fail`, or on PayPal's page, `approve` or `cancel`.
    pub async fn payer_decides(&self, transaction_id: &str, decision: &str) -> Value {
        self.happens("payer/decide", json!({"transactionId": transaction_id, "decision": decision})).await
    }

    /// The payer approves on PayPal's page, with an account or a card that does this: `{capture?, card?, refunds?}`.
    pub async fn payer_approves(&self, transaction_id: &str, mut with: Value) -> Value {
        with["transactionId"] = json!(transaction_id);
        with["decision"] = json!("approve");
        self.happens("payer/decide", with).await
    }

    /// Every way in which a payer's instrument says no by itself: `{stripe: [{method, token, code, …}], paypal: [{card,
    /// responseCode}]}`.
    pub async fn declines(&self) -> Value {
        self.control("GET", "declines", &Value::Null).await.expect(200).json()
    }

    /// No token of PayPal's that was given out is good any more.
    pub async fn revokes_tokens(&self) {
        drop(self.happens("paypal/tokens/revoke", Value::Null).await);
    }

    /// A person cancels the payment at the gateway's dashboard.
    pub async fn dashboard_cancels(&self, transaction_id: &str) -> Value {
        self.happens("dashboard/cancel", json!({"transactionId": transaction_id})).await
    }

    /// The same, where somebody else may be faster: 200, or why it cannot be.
    pub async fn dashboard_tries_to_cancel(&self, transaction_id: &str) -> Answer {
        self.control("POST", "dashboard/cancel", &json!({"transactionId": transaction_id})).await
    }

    /// A person captures an authorisation there, or a part of it.
    pub async fn dashboard_captures(&self, transaction_id: &str, amount: Option<i64>) -> Value {
        self.happens("dashboard/capture", json!({"transactionId": transaction_id, "amount": amount})).await
    }

    /// A person refunds what was captured there, or a part of it.
    pub async fn dashboard_refunds(&self, transaction_id: &str, amount: Option<i64>) -> Value {
        self.happens("dashboard/refund", json!({"transactionId": transaction_id, "amount": amount})).await
    }

    /// A bank, or PayPal, decides about what is pending of a payment's object: `succeeded`, `failed` or `canceled`.
    pub async fn settles(&self, transaction_id: &str, outcome: &str) {
        drop(self.happens("settle", json!({"transactionId": transaction_id, "outcome": outcome})).await);
    }

    /// The payer, or their bank, disputes a payment: `{reason?, stage?, amount?, dueInDays?}`. The answer is the gateway's id for it.
    pub async fn disputes(&self, transaction_id: &str, mut wanted: Value) -> String {
        wanted["transactionId"] = json!(transaction_id);
        self.happens("disputes", wanted).await["id"].as_str().unwrap().to_owned()
    }

    /// A bank warns that a payment may be fraud, of this kind. The answer is the gateway's id for the warning.
    pub async fn warns(&self, transaction_id: &str, kind: &str) -> String {
        let wanted = json!({"transactionId": transaction_id, "fraudType": kind});
        self.happens("fraud_warnings", wanted).await["id"].as_str().unwrap().to_owned()
    }

    /// What becomes of a dispute.
    pub async fn decides(&self, dispute: &str, decision: &str) {
        drop(self.happens("disputes/decide", json!({"disputeId": dispute, "decision": decision})).await);
    }

    /// A dispute, as the gateway shows it to the merchant's server.
    pub async fn dispute(&self, gateway: Gateway, id: &str) -> Value {
        match gateway {
            Gateway::Stripe => self.server("GET", &format!("/v1/disputes/{id}"), "").await.expect(200).json(),
            Gateway::PayPal => self.shown_by_paypal(&format!("/v1/customer/disputes/{id}")).await,
        }
    }

    /// How often the merchant has brought something forward in a dispute: at PayPal, how many pieces.
    pub async fn submissions(&self, gateway: Gateway, id: &str) -> u64 {
        let shown = self.dispute(gateway, id).await;
        match gateway {
            Gateway::Stripe => shown["evidence_details"]["submission_count"].as_u64().unwrap(),
            Gateway::PayPal => {
                let pieces = shown["evidences"].as_array().into_iter().flatten();
                u64::try_from(pieces.filter(|piece| piece["source"] == "SUBMITTED_BY_SELLER").count()).unwrap()
            }
        }
    }

    /// Nobody captured in time, and the gateway lets the hold go.
    pub async fn hold_lapses(&self, transaction_id: &str) -> Value {
        self.happens("lapse", json!({"transactionId": transaction_id})).await
    }

    /// A second object that bears the id of a payment: `{money: untouched|held|taken, amount?, currency?, livemode?}`.
    pub async fn duplicate(&self, transaction_id: &str, mut wanted: Value) -> Value {
        wanted["transactionId"] = json!(transaction_id);
        self.happens("duplicates", wanted).await
    }

    /// One more event about a payment's object: `{type?, livemode?, changesBack?, idempotencyKey?}`. The answer is the object that
    /// it shows.
    pub async fn retells(&self, transaction_id: &str, mut event: Value) -> Value {
        event["transactionId"] = json!(transaction_id);
        self.happens("events", event).await
    }

    /// Hours pass for the idempotency keys of a payment (24 let them die). The answer is for how many.
    pub async fn keys_age(&self, transaction_id: &str, hours: u32) -> u64 {
        let aged = self.happens("keys/age", json!({"transactionId": transaction_id, "hours": hours})).await;
        aged["aged"].as_u64().unwrap()
    }

    /// From now on this goes wrong, at Stripe unless it says otherwise: `{gateway?, method, path, transactionId?, containing?, fault, status?, delayMs?, changesBack?, skip?, times}`.
    /// The answer is the fault's id.
    pub async fn misbehaves(&self, mut fault: Value) -> String {
        if fault["gateway"].is_null() {
            fault["gateway"] = json!("stripe");
        }
        self.control("POST", "faults", &fault).await.expect(201).text_at("/id")
    }

    /// From now on this goes wrong, for this payment only.
    pub async fn misbehaves_for(&self, transaction_id: &str, mut fault: Value) -> String {
        fault["transactionId"] = json!(transaction_id);
        self.misbehaves(fault).await
    }

    /// How often a fault has struck.
    pub async fn struck(&self, fault: &str) -> u64 {
        struck(&self.control("GET", "faults", &Value::Null).await.expect(200).json(), fault)
    }

    /// This fault is over, whether it has struck or not.
    pub async fn behaves_again(&self, fault: &str) {
        drop(self.control("DELETE", &format!("faults/{fault}"), &Value::Null).await.expect(204));
    }

    /// Everything is well again.
    pub async fn behaves(&self) {
        drop(self.control("DELETE", "faults", &Value::Null).await.expect(204));
    }

    /// From now on AWS does this to the functions: `{service, operation?, containing?, fault, status?, delayMs?, skip?, times}`. The
    /// tests' own calls go straight to AWS and are spared. The answer is the fault's id.
    pub async fn aws_misbehaves(&self, fault: Value) -> String {
        self.control("POST", "aws/faults", &fault).await.expect(201).text_at("/id")
    }

    /// How often a fault of AWS has struck.
    pub async fn aws_struck(&self, fault: &str) -> u64 {
        struck(&self.control("GET", "aws/faults", &Value::Null).await.expect(200).json(), fault)
    }

    /// This fault of AWS is over, whether it has struck or not.
    pub async fn aws_behaves_again(&self, fault: &str) {
        drop(self.control("DELETE", &format!("aws/faults/{fault}"), &Value::Null).await.expect(204));
    }

    /// AWS is well again.
    pub async fn aws_behaves(&self) {
        drop(self.control("DELETE", "aws/faults", &Value::Null).await.expect(204));
    }

    /// No webhook goes out until `release`.
    pub async fn hold_webhooks(&self) {
        drop(self.control("POST", "webhooks/hold", &Value::Null).await.expect(204));
    }

    /// What was held goes out, in this order, each so many times.
    pub async fn release_webhooks(&self, order: &str, copies: u32) {
        drop(self.control("POST", "webhooks/release", &json!({"order": order, "copies": copies})).await.expect(200));
    }

    /// Every delivery of an event of this type about an object, oldest first.
    pub async fn deliveries(&self, intent: &str, kind: &str) -> Vec<Value> {
        let report = self.control("GET", "webhooks", &Value::Null).await.expect(200).json();
        let all = report["deliveries"].as_array().unwrap();
        all.iter().filter(|line| line["objectId"] == intent && line["type"] == kind).cloned().collect()
    }

    /// Waits until `copies` deliveries of an event have been answered with a 200.
    pub async fn delivered(&self, intent: &str, kind: &str, copies: usize) {
        eventually(&format!("{kind} about {intent} was delivered {copies} times"), async || {
            let lines = self.deliveries(intent, kind).await;
            let taken = lines.iter().filter(|line| line["status"] == 200).count();
            if taken >= copies { Ok(()) } else { Err(format!("{lines:?}")) }
        })
        .await;
    }

    async fn happens(&self, what: &str, body: Value) -> Value {
        self.control("POST", what, &body).await.expect(200).json()
    }

    pub(crate) async fn control(&self, method: &str, what: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.http.send(method, &format!("{}/_sandbox/{what}", self.url), &[], body).await
    }

    pub(crate) async fn server(&self, method: &str, path: &str, form: &str) -> Answer {
        let url = format!("{}{path}", self.url);
        if method == "GET" {
            return self.http.send(method, &url, &[("authorization", SECRET_KEY)], "").await;
        }
        self.form(&url, &[("authorization", SECRET_KEY)], form.to_owned()).await
    }

    async fn form(&self, url: &str, headers: &[(&str, &[u8])], form: String) -> Answer {
        let content_type: (&str, &[u8]) = ("content-type", b"application/x-www-form-urlencoded");
        let headers: Vec<_> = headers.iter().copied().chain([content_type]).collect();
        self.http.send("POST", url, &headers, form).await
    }
}

/// How often the fault of this id has struck, as a list of faults tells.
fn struck(listing: &Value, fault: &str) -> u64 {
    let lists = ["faults", "spent"].into_iter().filter_map(|list| listing[list].as_array());
    lists.flatten().find(|rule| rule["id"] == fault).and_then(|rule| rule["struck"].as_u64()).unwrap()
}
