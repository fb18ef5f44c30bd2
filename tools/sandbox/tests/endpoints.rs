//! Webhook endpoints that are made through the gateways' own APIs: what is asked, what is shown once, and what is heard then.

mod caller;

use caller::{Caller, merchant::Merchant, shop::Shop};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

const ENDPOINTS: &str = "/v1/webhook_endpoints";
const WEBHOOKS: &str = "/v1/notifications/webhooks";

#[tokio::test]
async fn stripe_shows_an_endpoints_secret_once_signs_with_it_and_sends_what_was_asked_for() {
    let caller = Caller::start().await;
    let (merchant, url) = Merchant::unheard_of(0).await;
    let form = format!(
        "url={url}&enabled_events[]=payment_intent.succeeded&enabled_events[]=refund.failed\
         &api_version=2026-10-28.endive&description=shop&metadata[stack]=one"
    );
    let made = caller.post(ENDPOINTS, &form).await;
    assert_eq!(made.status, 200, "{made:?}");
    let (id, secret) = (made.at("id"), made.at("secret"));
    let (id, secret) = (id.as_str().unwrap(), secret.as_str().unwrap());
    assert!(id.starts_with("we_") && secret.starts_with("whsec_"), "{made:?}");
    let mut shown = made.json();
    shown.as_object_mut().unwrap().remove("secret");
    assert_eq!(caller.get(&format!("{ENDPOINTS}/{id}")).await.json(), shown, "and never again");
    let listed = caller.get(&format!("{ENDPOINTS}?limit=100")).await.json();
    assert_eq!(listed, json!({"object": "list", "url": ENDPOINTS, "has_more": false, "data": [shown]}));
    assert_eq!(shown["enabled_events"], json!(["payment_intent.succeeded", "refund.failed"]));
    assert_eq!((&shown["status"], &shown["metadata"]), (&json!("enabled"), &json!({"stack": "one"})));

    caller.paid_with("pm_card_visa", "").await;
    merchant.heard(1).await;
    assert_eq!(merchant.kinds(), [json!("payment_intent.succeeded")], "that it was created was not asked for");
    let (headers, body) = merchant.received().remove(0);
    assert!(is_signed(headers["stripe-signature"].to_str().unwrap(), &body, secret));
}

/// `t=…,v1=…`: HMAC-SHA256 over the time, a dot and the body.
#[expect(clippy::unwrap_used, reason = "a test speaks by panicking")]
fn is_signed(header: &str, body: &[u8], secret: &str) -> bool {
    let part = |name: &str| header.split(',').find_map(|part| part.strip_prefix(name)).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{}.", part("t=")).as_bytes());
    mac.update(body);
    HEXLOWER.encode(&mac.finalize().into_bytes()) == part("v1=")
}

#[tokio::test]
async fn stripes_endpoints_are_changed_switched_off_and_deleted() {
    let caller = Caller::start().await;
    let (merchant, url) = Merchant::unheard_of(0).await;
    let made = caller.post(ENDPOINTS, &format!("url={url}&enabled_events[]=*&metadata[a]=1")).await;
    let one = format!("{ENDPOINTS}/{}", made.at("id").as_str().unwrap());
    let changed = caller.post(&one, "enabled_events[]=payment_intent.created&metadata[a]=&metadata[b]=2").await;
    assert_eq!(changed.at("enabled_events"), json!(["payment_intent.created"]));
    assert_eq!((changed.at("metadata"), changed.at("secret")), (json!({"b": "2"}), Value::Null));
    caller.post(&one, "disabled=true").await;
    caller.opened().await;
    assert_eq!(caller.post(&one, "disabled=false").await.at("status"), "enabled");
    let (id, _) = caller.opened().await;
    assert_eq!(merchant.heard(1).await[0]["data"]["object"]["id"], id.as_str(), "the first was for nobody");

    let headers = [("authorization", "Bearer sk_test_1")];
    let gone = caller.send("DELETE", &one, &headers, "").await.unwrap();
    assert_eq!((gone.status, gone.at("deleted")), (200, json!(true)));
    assert_eq!(caller.get(&one).await.status, 404);
    assert_eq!(caller.send("DELETE", &one, &headers, "").await.unwrap().status, 404);
}

#[tokio::test]
async fn what_stripe_would_not_take_for_an_endpoint_is_refused_with_its_parameter() {
    let caller = Caller::start().await;
    let good = "url=http://127.0.0.1:9/&enabled_events[]=refund.failed";
    for (form, param) in [
        ("enabled_events[]=refund.failed", "url"),
        ("url=http://127.0.0.1:9/", "enabled_events"),
        ("url=shop&enabled_events[]=refund.failed", "url"),
        ("url=http://127.0.0.1:9/&enabled_events[]=refund.failed&enabled_events[]=refund.lost", "enabled_events[1]"),
        (&format!("{good}&api_version=2019-01-01"), "api_version"),
        (&format!("{good}&disabled=true"), "disabled"),
        (&format!("{good}&connect=true"), "connect"),
    ] {
        let refused = caller.post(ENDPOINTS, form).await;
        assert_eq!((refused.status, refused.at("error.param")), (400, json!(param)), "{form}: {refused:?}");
    }
    let browser = format!("{good}&key=pk_test_1");
    assert_eq!(caller.send("POST", ENDPOINTS, &[], &browser).await.unwrap().status, 401);
    for _ in 0..16 {
        assert_eq!(caller.post(ENDPOINTS, good).await.status, 200, "Stripe takes an address twice");
    }
    assert_eq!(caller.post(ENDPOINTS, good).await.status, 400);
}

#[tokio::test]
async fn paypal_signs_for_the_webhook_that_it_made_and_sends_what_was_asked_for() {
    let shop = Shop::open().await;
    let (merchant, url) = Merchant::unheard_of(0).await;
    let wanted = json!({"url": url, "event_types": [{"name": "PAYMENT.CAPTURE.COMPLETED"}]});
    let made = shop.post(WEBHOOKS, wanted.clone()).await;
    assert_eq!(made.status, 201, "{made:?}");
    let id = made.text_at("id");
    assert_eq!(shop.get(WEBHOOKS).await.text_at("webhooks.0.id"), id);
    let again = shop.post(WEBHOOKS, wanted).await;
    assert_eq!((again.status, again.text_at("name").as_str()), (400, "WEBHOOK_URL_ALREADY_EXISTS"));

    shop.paid("pay_1").await;
    merchant.heard(1).await;
    assert_eq!(merchant.kinds(), [json!("PAYMENT.CAPTURE.COMPLETED")], "that it was approved was not asked for");
    let report = shop.caller.steer("GET", "/_sandbox/webhooks", "").await.json();
    assert_eq!(report["endpoints"][0]["webhookId"], id.as_str());
}

#[tokio::test]
async fn paypals_webhooks_are_changed_by_replacing_and_deleted() {
    let shop = Shop::open().await;
    let event = |name: &str| json!([{"name": name}]);
    let body = json!({"url": "http://127.0.0.1:9/", "event_types": event("*")});
    let one = format!("{WEBHOOKS}/{}", shop.post(WEBHOOKS, body).await.text_at("id"));
    let replace = |name: &str| json!([{"op": "replace", "path": "/event_types", "value": event(name)}]);
    let patch = async |body: Value| shop.send("PATCH", &one, &[], body).await.unwrap();
    assert_eq!(
        patch(replace("CUSTOMER.DISPUTE.CREATED")).await.text_at("event_types.0.name"),
        "CUSTOMER.DISPUTE.CREATED"
    );
    for (body, name) in [
        (replace("CUSTOMER.DISPUTE.CREATED"), "WEBHOOK_PATCH_REQUEST_NO_CHANGE"),
        (replace("CUSTOMER.DISPUTE.EATEN"), "VALIDATION_ERROR"),
        (json!([{"op": "add", "path": "/event_types", "value": []}]), "VALIDATION_ERROR"),
    ] {
        let refused = patch(body).await;
        assert_eq!((refused.status, refused.text_at("name").as_str()), (400, name));
    }
    let names = shop.get("/v1/notifications/webhooks-event-types").await.json();
    assert!(names["event_types"].as_array().unwrap().iter().any(|event| event["name"] == "PAYMENT.CAPTURE.REVERSED"));
    assert_eq!(shop.send("DELETE", &one, &[], Value::Null).await.unwrap().status, 204);
    assert_eq!(shop.get(&one).await.status, 404);
    let bare = [("authorization", "Bearer nobody")];
    assert_eq!(shop.caller.send("GET", WEBHOOKS, &bare, "").await.unwrap().status, 401);
}

#[tokio::test]
async fn an_endpoint_that_a_test_added_hears_everything_and_is_in_stripes_list() {
    let caller = Caller::start().await;
    let merchant = Merchant::listening(&caller, 0).await;
    let listed = caller.get(ENDPOINTS).await.at("data");
    assert_eq!((listed[0]["enabled_events"][0].as_str(), listed[0].get("secret")), (Some("*"), None));
    caller.opened().await;
    merchant.told("payment_intent.created").await;
}
