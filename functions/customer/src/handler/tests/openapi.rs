//! The route of this function in docs/openapi.yaml, with its event files as examples.

use serde_json::json;
use world::openapi::{Description, Operation, PLAIN_TEXT, Tag};

use super::*;

#[test]
fn the_description_for_machines_says_what_the_route_does() {
    let name = json!({"type": "string", "minLength": 1, "maxLength": 100, "pattern": PLAIN_TEXT});
    let route = Operation::delete("/customers/{customerId}", "eraseCustomer", Tag::Customers, "Erase a person")
        .says(
            "What was kept of them can be read by nobody any more, at once. The answer does not tell whether anybody of that name was known. \
             Payments go on as if nothing had happened.",
        )
        .needs(Scope::CustomersWrite)
        .in_path("customerId", name, "The `customer.id` that you gave; of a payer without one, the `transactionId`. Percent-encoded.")
        .answers_nothing(204, "Nobody of that name is known any more.")
        .refuses([adapters::http::problem::Refusal::InvalidRequest]);
    let mut description = Description::of("customer", [route]);
    let (function, host) = (function(), SimHost::new(1));
    for event in ["customer", "customer-invalid"] {
        description.tell(&function, &host, event);
    }
    description.holds(|| (super::function(), SimHost::new(1)));
    description.keep();
}
