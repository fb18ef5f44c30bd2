//! Webhooks as somebody else might send them, and signed ones that Stripe never would: a row changes only by its own
//! object's word, and what nobody has signed changes nothing.

use ::fuzz::requests::{request, seed, told};
use ::fuzz::{Target, head_and_body};
use data_encoding::HEXLOWER;
use domain::payment::PaymentState;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use world::events::{payment, paypal_endpoint, paypal_verifier, signing_secrets, store_with};
use world::host::SimHost;
use world::queue::MemoryQueue;
use world::turns::block_on;

use super::*;

const HEADER: &str = "stripe-signature";
const SECRET: &[u8] = b"whsec_local_development_only";
const OBJECT: &str = "pi_qHkMiCK4yw6E6F4uvJRlmLA5";
const WORDS: [&str; 20] = [
    "id",
    "object",
    "payment_intent",
    "event",
    "type",
    "payment_intent.succeeded",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "status",
    "succeeded",
    "canceled",
    "requires_capture",
    "requires_action",
    "amount",
    "amount_received",
    "currency",
    "livemode",
    "metadata",
    "transaction_id",
    OBJECT,
];
const DOCUMENTED: [(u16, &str); 3] = [(200, ""), (400, "invalid_request"), (500, "internal")];

#[test]
fn whatever_is_posted_a_payment_succeeds_only_by_its_own_objects_signed_word() {
    let seeds = ["webhook", "webhook-declined", "webhook-forged"].map(|name| seed(name, HEADER));
    Target::new("webhook-body").seeds(seeds).words(WORDS).inputs(800).check(|input| {
        let (_, body) = head_and_body(input);
        let as_sent =
            request("webhook", HEADER, input).map_or("no header".to_owned(), |request| posted(&request, body));
        let signed = [signature(body).as_bytes(), b"\n", body].concat();
        let signed =
            request("webhook", HEADER, &signed).map_or("no header".to_owned(), |request| posted(&request, body));
        // The recorded signature still holds for the recorded body, and for no other.
        assert!(as_sent.starts_with("400 ") || as_sent == signed || as_sent == "no header", "{as_sent}, {signed}");
        format!("{as_sent} {signed}")
    });
}

fn posted(request: &Request, body: &[u8]) -> String {
    let host = SimHost::new(1);
    let before = payment(&host);
    let endpoint = Webhook {
        signing_secrets: signing_secrets(),
        paypal_endpoint: paypal_endpoint(),
        paypal: paypal_verifier(),
        store: block_on(store_with(&before)),
        nudges: MemoryQueue::default(),
        mode: Mode::Test,
        age: Age::Recorded,
    };
    let told = told(&endpoint, &host, request, &DOCUMENTED);
    let after = endpoint.store.row(&before.id).unwrap();
    if told.status != 200 {
        assert_eq!(after, before, "{told:?}");
        assert!(endpoint.nudges.waiting().is_empty());
    }
    if after != before {
        let Some(event) = ::fuzz::json(body) else { return "nothing to compare with".to_owned() };
        let object = &event["data"]["object"];
        let about = object["metadata"]["transaction_id"].as_str();
        assert_eq!((about, object["object"].as_str()), (Some(before.id.as_str()), Some("payment_intent")), "{event}");
        assert_eq!(event["livemode"], false, "{event}");
        match &after.state {
            PaymentState::Succeeded { captured } => {
                assert_eq!((&object["id"], &object["status"]), (&OBJECT.into(), &"succeeded".into()), "{event}");
                assert_eq!((&object["amount"], &object["livemode"]), (&1999.into(), &false.into()), "{event}");
                assert!(object["currency"].as_str().is_some_and(|code| code.eq_ignore_ascii_case("eur")), "{event}");
                assert_eq!(object["amount_received"].as_i64(), Some(captured.minor_units()), "{event}");
            }
            PaymentState::Canceled => {
                assert_eq!((&object["id"], &object["status"]), (&OBJECT.into(), &"canceled".into()))
            }
            PaymentState::RequiresCapture { .. } => assert_eq!(object["status"], "requires_capture", "{event}"),
            // What is not final asks for a look, and moves nothing.
            other @ (PaymentState::RequiresPaymentMethod
            | PaymentState::Processing(_)
            | PaymentState::RequiresAction(_)
            | PaymentState::Failed
            | PaymentState::Expired) => assert_eq!(other, &before.state, "{event}"),
        }
    }
    format!("{} {} {}", told.status, told.json["received"].as_str().unwrap_or_default(), after.state.name())
}

fn signature(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
    mac.update(b"1795435200.");
    mac.update(body);
    format!("t=1795435200,v1={}", HEXLOWER.encode(&mac.finalize().into_bytes()))
}
