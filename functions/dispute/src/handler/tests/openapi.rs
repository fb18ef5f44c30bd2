//! The routes of this function in docs/openapi.yaml, with its event files as examples.

use adapters::http::authenticate::Scope;
use adapters::http::problem::Refusal;
use serde_json::json;
use world::openapi::{CURSOR, Description, Operation, Tag};

use super::super::query::{LIMIT_DEFAULT, LIMIT_MAX, PARAMETERS};
use super::*;

/// What both answers to a dispute may be refused for.
const REFUSED: [Refusal; 5] =
    [Refusal::NotFound, Refusal::InvalidState, Refusal::InProgress, Refusal::GatewayRefused, Refusal::Paused];

#[test]
fn the_description_for_machines_says_what_the_routes_do() {
    let mut description = Description::of("dispute", [list(), show(), evidence(), accept()]);
    let host = SimHost::new(1);
    let waiting = || function(&host, Status::NeedsResponse);
    let function = waiting();
    for event in
        ["dispute-list", "dispute-list-invalid", "dispute", "dispute-evidence-invalid", "dispute-evidence-draft"]
    {
        description.tell(&function, &host, event);
    }
    description.tell(&function, &host, "dispute-evidence");
    description.tell(&function, &host, "dispute-evidence-again");
    let refusing = waiting();
    refusing.gateway.disputes().script([Fate::Refused("not_this_one")]);
    description.tell(&refusing, &host, "dispute-accept");
    let accepting = waiting();
    description.tell(&accepting, &host, "dispute-accept");
    description.tell(&accepting, &host, "dispute-accept");
    description.tell(&super::function(&host, Status::Lost), &host, "dispute-accept");
    let paypals = function_of(&host, &DisputeId::parse("dsp_paypal_PP-D-12501").unwrap(), Status::NeedsResponse);
    description.tell(&paypals, &host, "dispute-evidence-paypal");
    description.holds(|| {
        let host = SimHost::new(1);
        (super::function(&host, Status::NeedsResponse), host)
    });
    description.keep();
}

fn list() -> Operation {
    let statuses = Status::ALL.map(Status::name);
    let parameters = [
        (json!({"type": "string", "enum": statuses}), "Only those of this status. Default: those that are not over."),
        (json!({"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": LIMIT_DEFAULT}), "How many at most."),
        (json!({"type": "string", "pattern": CURSOR}), "The `nextCursor` of the page before."),
    ];
    let route = Operation::get("/disputes", "listDisputes", Tag::Disputes, "List disputes")
        .says("The nearest deadline first.")
        .needs(Scope::PaymentsRead)
        .answers::<DisputesJson>(200, "A page of disputes, without the merchant's evidence.");
    PARAMETERS.into_iter().zip(parameters).fold(route, |route, (name, (schema, says))| route.asks(name, schema, says))
}

fn show() -> Operation {
    of_one(Operation::get("/disputes/{disputeId}", "getDispute", Tag::Disputes, "See how a dispute stands"))
        .needs(Scope::PaymentsRead)
        .answers::<ShownDisputeJson>(200, "The dispute, with what the merchant brings forward.")
        .refuses([Refusal::NotFound])
}

fn evidence() -> Operation {
    of_one(Operation::post("/disputes/{disputeId}/evidence", "answerDispute", Tag::Disputes, "Bring evidence forward"))
        .says("Puts evidence by, or submits it for good. Never submit again after a 202.")
        .needs(Scope::DisputesWrite)
        .under_a_key()
        .takes::<super::super::body::EvidenceBody>()
        .answers::<ShownDisputeJson>(200, "It is put by; or submitted, and `status` is what the gateway says.")
        .answers::<ShownDisputeJson>(202, "Nobody knows yet whether it was submitted.")
        .refuses(REFUSED)
        .refuses([Refusal::NothingToSubmit])
        .may_be_replayed([200, 202, 422])
}

fn accept() -> Operation {
    of_one(Operation::post("/disputes/{disputeId}/accept", "acceptDispute", Tag::Disputes, "Give in"))
        .says("The money is the payer's.")
        .needs(Scope::DisputesWrite)
        .under_a_key()
        .takes::<super::super::body::AcceptBody>()
        .answers::<ShownDisputeJson>(200, "It is given in to.")
        .answers::<ShownDisputeJson>(202, "Nobody knows yet what came of it.")
        .refuses(REFUSED)
        .may_be_replayed([200, 202, 422])
}

fn of_one(operation: Operation) -> Operation {
    operation.in_path(
        "disputeId",
        json!({"type": "string"}),
        "`dsp_stripe_` or `dsp_paypal_`, and what the gateway calls it.",
    )
}
