//! Cancels that nobody would ask for: what is accepted ends the payment that it names, what is refused ends none.

use ::fuzz::Target;
use ::fuzz::requests::{accepted_object, request, seed, told};
use flow::operations::initiate::{initiate, transaction_id};
use world::host::SimHost;
use world::people::Twin;
use world::shop::{key, order, rules};
use world::turns::block_on;

use super::tests::with_nothing;

const HEADER: &str = "idempotency-key";
const FIELDS: [&str; 2] = ["transactionId", "reason"];
const REASONS: [&str; 4] = ["duplicate", "fraudulent", "requested_by_customer", "abandoned"];
const DOCUMENTED: [(u16, &str); 7] = [
    (200, ""),
    (400, "invalid_request"),
    (400, "idempotency_key_missing"),
    (404, "not_found"),
    (413, "body_too_large"),
    (422, "raw_card_data"),
    (422, "secret_in_request"),
];

#[test]
fn whatever_is_sent_only_a_cancel_of_this_payment_ends_it() {
    let (open, other) = (transaction_id(&key("open")), transaction_id(&key("other")));
    let reasons = REASONS.map(|reason| format!("k\n{{\"transactionId\":\"{open}\",\"reason\":\"{reason}\"}}"));
    let events = ["cancel", "cancel-invalid"].map(|name| seed(name, HEADER));
    let target = Target::new("cancel-body").seeds(reasons).seeds(events).words(FIELDS).words(REASONS);
    target.words([open.as_str()]).inputs(800).check(|input| {
        let Some(request) = request("cancel", HEADER, input) else { return "no header".to_owned() };
        let host = SimHost::new(1);
        let endpoint = with_nothing();
        for name in ["open", "other"] {
            block_on(initiate(&host, &endpoint.store, &endpoint.gateway, &Twin::default(), &rules(), order(name)))
                .unwrap();
        }
        let first = told(&endpoint, &host, &request, &DOCUMENTED);
        let again = told(&endpoint, &host, &request, &DOCUMENTED);
        assert_eq!((again.status, &again.json), (first.status, &first.json), "asked twice");
        let ended = |id| endpoint.store.row(id).unwrap().state.is_terminal();
        assert!(!ended(&other), "another payment was ended");
        if first.status == 200 {
            let sent = accepted_object(request.body(), &FIELDS);
            assert_eq!(sent["transactionId"], open.as_str());
            let reason =
                sent.get("reason").filter(|reason| !reason.is_null()).map(|reason| reason.as_str().expect("no word"));
            assert!(reason.is_none_or(|reason| REASONS.contains(&reason)), "{reason:?}");
            assert!(ended(&open) && first.json["status"] == "canceled" && again.replayed && !first.replayed);
        } else {
            assert_eq!(endpoint.store.commits().len(), 2, "{first:?}");
        }
        first.summary()
    });
}
