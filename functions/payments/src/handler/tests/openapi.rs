//! The route of this function in docs/openapi.yaml, with its event files as examples.

use world::openapi::{CURSOR, Description, Operation, PLAIN_TEXT, Tag};

use super::query::{LIMIT_DEFAULT, LIMIT_MAX, PARAMETERS};
use super::*;

#[test]
fn the_description_for_machines_says_what_the_route_does() {
    let statuses = domain::payment::Status::ALL.map(domain::payment::Status::name);
    let parameters = [
        (
            json!({"type": "string", "format": "date"}),
            "The payments that were opened on this day in UTC. Default, without `reference`: today.",
        ),
        (
            json!({"type": "string", "minLength": 1, "maxLength": 100, "pattern": PLAIN_TEXT}),
            "The payments that the merchant gave this name. Not together with `day`.",
        ),
        (json!({"type": "string", "enum": statuses}), "Only those that stand so now."),
        (json!({"type": "string", "enum": ["true"]}), "Only those that a person must look at."),
        (json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT}), "How many at most."),
        (json!({"type": "string", "pattern": CURSOR}), "The `nextCursor` of the page before."),
    ];
    let route = Operation::get("/payments", "listPayments", Tag::Payments, "List payments")
        .says("Newest first. Go on until `nextCursor` is null: a page may be shorter than `limit`, or empty, and still have one.")
        .needs(Scope::PaymentsRead)
        .answers::<PageJson>(200, "A page of payments.")
        .then(200, "next", json!({"operationId": "listPayments", "parameters": {"cursor": "$response.body#/nextCursor"}}));
    let route = PARAMETERS
        .into_iter()
        .zip(parameters)
        .fold(route, |route, (name, (schema, says))| route.asks(name, schema, says));
    let mut description = Description::of("payments", [route]);
    let host = SimHost::new(1);
    let two = seven(&host).into_iter().take(2).collect::<Vec<_>>();
    let endpoint = endpoint(&two, &Arc::default());
    for event in ["payments", "payments-of-a-day", "payments-invalid", "payments-card-number"] {
        description.tell(&endpoint, &host, event);
    }
    description.holds(|| (super::endpoint(&[], &Arc::default()), SimHost::new(1)));
    description.keep();
}
