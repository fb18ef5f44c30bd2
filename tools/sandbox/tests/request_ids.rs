//! Each response bears the gateway's own name for the request, as the real ones do: it is what their support asks for. A name
//! that came twice would lead it to another request.

mod caller;

use std::collections::BTreeSet;

use caller::{Caller, EURO_10, shop::Shop};
use serde_json::json;

const CREATE: &str = "/v1/payment_intents";
const ORDERS: &str = "/v2/checkout/orders";

#[tokio::test]
async fn stripe_names_every_request_whatever_becomes_of_it() {
    let caller = Caller::start().await;
    let first = caller.post_with_key(CREATE, EURO_10, "k").await;
    caller.break_stripe(json!({"path": "/v1/payment_intents/*", "fault": "status", "status": 503, "times": 1})).await;
    let id = first.at("id").as_str().unwrap().to_owned();
    let looked = [
        caller.get(&format!("{CREATE}/{id}")).await,
        caller.get(&format!("{CREATE}/{id}")).await,
        caller.get(&format!("{CREATE}/pi_unknown")).await,
        caller.get(&format!("/v1/refunds?payment_intent={id}")).await,
    ];
    assert_eq!(looked.each_ref().map(|answer| answer.status), [503, 200, 404, 200]);
    // What is given again is given under a name of its own.
    let again = caller.post_with_key(CREATE, EURO_10, "k").await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let answers = looked.iter().chain([&first, &again]);
    let names: BTreeSet<_> = answers.map(|answer| answer.header("request-id").unwrap()).collect();
    assert_eq!(names.len(), 6, "{names:?}");
    assert!(names.iter().all(|name| name.starts_with("req_") && name.len() <= 100), "{names:?}");
}

#[tokio::test]
async fn paypal_names_every_request_and_says_it_again_in_its_refusals() {
    let shop = Shop::open().await;
    let id = shop.ordered("CAPTURE", "pay_1").await;
    shop.break_paypal(json!({"method": "GET", "path": "/v2/**", "fault": "status", "status": 500, "times": 1})).await;
    let answers = [
        shop.get(&format!("{ORDERS}/{id}")).await,
        shop.get(&format!("{ORDERS}/{id}")).await,
        shop.post_with_key(&format!("{ORDERS}/{id}/capture"), json!({}), "k").await,
        shop.post_with_key(&format!("{ORDERS}/{id}/capture"), json!({}), "k").await,
        shop.get("/v1/customer/disputes/PP-D-1").await,
    ];
    let names: BTreeSet<_> = answers.iter().map(|answer| answer.header("paypal-debug-id").unwrap()).collect();
    assert_eq!(names.len(), answers.len(), "{names:?}");
    for refused in answers.iter().filter(|answer| answer.status >= 400) {
        assert_eq!(refused.at("debug_id").as_str(), refused.header("paypal-debug-id"), "{refused:?}");
    }
}
