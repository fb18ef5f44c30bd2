//! PayPal's webhooks as an endpoint meets them: who signed them, what is in them, and which come when.

mod caller;

use caller::{
    Caller,
    merchant::Merchant,
    shop::{Shop, order},
};
use data_encoding::BASE64;
use rustls_pki_types::{CertificateDer, UnixTime, pem::PemObject};
use sandbox::Config;
use serde_json::{Value, json};
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring};

const ORDERS: &str = "/v2/checkout/orders";

#[tokio::test]
async fn an_event_is_signed_under_a_chain_that_ends_at_the_root() {
    let shop = Shop::open().await;
    let merchant = Merchant::listening_to_paypal(&shop.caller, "WH-7").await;
    shop.paid("pay_1").await;
    merchant.told("PAYMENT.CAPTURE.COMPLETED").await;
    let (headers, body) = merchant.received().remove(0);
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("paypal-auth-algo"), "SHA256withRSA");

    let url = header("paypal-cert-url");
    assert!(url.starts_with(&format!("{}/v1/notifications/certs/CERT-", shop.caller.sandbox.url())), "{url}");
    let chain = shop.caller.send("GET", &url, &[], "").await.unwrap();
    let chain: Vec<CertificateDer> =
        CertificateDer::pem_slice_iter(chain.text.as_bytes()).map(Result::unwrap).collect();
    let root = shop.caller.steer("GET", "/_sandbox/paypal/root_certificate", "").await.text;
    let root = CertificateDer::from_pem_slice(root.as_bytes()).unwrap();
    let leaf = EndEntityCert::try_from(&chain[0]).unwrap();
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_800_000_000));
    let anchors = [anchor_from_trusted_cert(&root).unwrap()];
    let usage = KeyUsage::server_auth();
    leaf.verify_for_usage(&[ring::RSA_PKCS1_2048_8192_SHA256], &anchors, &chain[1..], now, usage, None, None).unwrap();
    let name = "messageverificationcerts.paypal.com".try_into().unwrap();
    leaf.verify_is_valid_for_subject_name(&name).unwrap();

    let signature = BASE64.decode(header("paypal-transmission-sig").as_bytes()).unwrap();
    let (id, time) = (header("paypal-transmission-id"), header("paypal-transmission-time"));
    let verify = |webhook: &str, body: &[u8]| {
        let text = format!("{id}|{time}|{webhook}|{}", crc32fast::hash(body));
        leaf.verify_signature(ring::RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), &signature)
    };
    assert_eq!(verify("WH-7", &body), Ok(()));
    assert!(verify("WH-8", &body).is_err(), "an event for one endpoint proves nothing to another");
    assert!(verify("WH-7", b"{}").is_err());
    let unknown = shop.caller.send("GET", "/v1/notifications/certs/CERT-1", &[], "").await.unwrap();
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn the_chain_is_the_same_on_another_day() {
    let root = async || Caller::start().await.steer("GET", "/_sandbox/paypal/root_certificate", "").await.text;
    let first = root().await;
    assert!(first.starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(first, root().await);
}

#[tokio::test]
async fn every_step_of_a_payment_is_told_as_it_stood_then() {
    let shop = Shop::open().await;
    let merchant = Merchant::listening_to_paypal(&shop.caller, "WH-1").await;
    let (order, capture) = shop.paid("pay_1").await;
    let refund = format!("/v2/payments/captures/{capture}/refund");
    shop.post(&refund, json!({"custom_id": "ref_1", "amount": {"currency_code": "EUR", "value": "1.00"}})).await;
    let approved = merchant.told("CHECKOUT.ORDER.APPROVED").await;
    assert_eq!((&approved["resource"]["id"], &approved["resource"]["status"]), (&json!(order), &json!("APPROVED")));
    assert_eq!(approved["resource"]["purchase_units"][0]["custom_id"], "pay_1");
    assert_eq!(approved["resource_type"], "checkout-order");
    let completed = merchant.told("PAYMENT.CAPTURE.COMPLETED").await;
    assert_eq!(
        (&completed["resource"]["custom_id"], &completed["resource"]["status"]),
        (&json!("pay_1"), &json!("COMPLETED"))
    );
    assert_eq!(completed["resource"]["supplementary_data"]["related_ids"]["order_id"], json!(order));
    merchant.told("CHECKOUT.ORDER.COMPLETED").await;
    let refunded = merchant.told("PAYMENT.CAPTURE.REFUNDED").await;
    assert_eq!((&refunded["resource_type"], &refunded["resource"]["custom_id"]), (&json!("refund"), &json!("ref_1")));
    let up = refunded["resource"]["links"].as_array().unwrap().iter().find(|link| link["rel"] == "up").unwrap();
    assert!(up["href"].as_str().unwrap().ends_with(&format!("/v2/payments/captures/{capture}")));
}

#[tokio::test]
async fn what_becomes_of_holds_and_of_what_was_pending_is_told() {
    let shop = Shop::open().await;
    let merchant = Merchant::listening_to_paypal(&shop.caller, "WH-1").await;
    let held = shop.held("pay_1").await;
    merchant.told("PAYMENT.AUTHORIZATION.CREATED").await;
    shop.post(&format!("/v2/payments/authorizations/{held}/void"), Value::Null).await;
    assert_eq!(merchant.told("PAYMENT.AUTHORIZATION.VOIDED").await["resource"]["id"], json!(held));
    for (id, fate, outcome, kinds) in [
        ("pay_2", "echeck", Some("failed"), ["PAYMENT.CAPTURE.PENDING", "PAYMENT.CAPTURE.DENIED"]),
        ("pay_3", "declined", None, ["PAYMENT.CAPTURE.DECLINED", "CHECKOUT.ORDER.COMPLETED"]),
    ] {
        let order = shop.ordered("CAPTURE", id).await;
        shop.approved(&order, fate).await;
        shop.post(&format!("{ORDERS}/{order}/capture"), Value::Null).await;
        if let Some(outcome) = outcome {
            let body = json!({ "transactionId": id, "outcome": outcome }).to_string();
            shop.caller.steer("POST", "/_sandbox/settle", &body).await;
        }
        for kind in kinds {
            merchant.told(kind).await;
        }
    }
}

#[tokio::test]
async fn events_are_held_and_told_again_and_each_gateway_has_its_own_listeners() {
    let shop = Shop::open().await;
    let paypal = Merchant::listening_to_paypal(&shop.caller, "WH-1").await;
    let stripe = Merchant::listening(&shop.caller, 0).await;
    shop.caller.steer("POST", "/_sandbox/webhooks/hold", "").await;
    let id = shop.ordered("CAPTURE", "pay_1").await;
    shop.approved(&id, "completed").await;
    shop.caller.opened().await;
    shop.caller.steer("POST", "/_sandbox/webhooks/release", r#"{"order": "lifo", "copies": 3}"#).await;
    assert_eq!(paypal.heard(3).await.len(), 3);
    assert_eq!(stripe.heard(3).await[0]["type"], "payment_intent.created");
    let retold = json!({"transactionId": "pay_1", "type": "CHECKOUT.ORDER.APPROVED", "changesBack": 1}).to_string();
    shop.caller.steer("POST", "/_sandbox/events", &retold).await;
    assert_eq!(paypal.heard(4).await[3]["resource"]["status"], "PAYER_ACTION_REQUIRED");
    let unknown = json!({"transactionId": "pay_1", "type": "CHECKOUT.ORDER.EATEN"}).to_string();
    assert_eq!(shop.caller.send("POST", "/_sandbox/events", &[], &unknown).await.unwrap().status, 400);
}

#[tokio::test]
async fn an_endpoint_of_the_start_survives_a_reset() {
    let endpoint = sandbox::Endpoint::of_paypal("http://127.0.0.1:9/paypal", "WH-1");
    let caller = Caller::with(Config { endpoints: vec![endpoint], ..Config::default() }).await;
    caller.steer("POST", "/_sandbox/reset", "").await;
    let report = caller.steer("GET", "/_sandbox/webhooks", "").await.json();
    assert_eq!(report["endpoints"], json!([{"url": "http://127.0.0.1:9/paypal", "webhookId": "WH-1"}]));
    let shop = Shop::with(caller).await;
    assert_eq!(shop.post(ORDERS, order("CAPTURE", "EUR", "1", "pay_1")).await.status, 201);
}
