//! What a merchant has to do with beside payments: disputes, their own endpoints, people.

use super::{DISABLED, Folder, HIDES_SECRETS, NEW_RUN, OPENED, PLAIN, REPLAYED, SUCCEEDED, Step};

pub(super) const DISPUTE: Folder = Folder {
    title: "A dispute",
    says: "A card whose payer disputes the charge a moment later; evidence is put by, then submitted for good.",
    steps: &[
        Step {
            title: "Initiate, to be disputed",
            event: "initiate",
            status: 201,
            before: NEW_RUN,
            tests: OPENED,
            ..PLAIN
        },
        Step {
            title: "Confirm, with a card that will dispute it",
            event: "confirm",
            varied: &[("pm_card_visa", "pm_card_createDispute")],
            tests: SUCCEEDED,
            ..PLAIN
        },
        Step {
            title: "Status, until it is disputed",
            event: "status",
            until: Some(("(pm.response.json().disputes[0] || {}).status === 'needs_response'", 50)),
            tests: &[
                "const dispute = pm.response.json().disputes[0];",
                "pm.test('needs a response', () => pm.expect(dispute.status).to.eql('needs_response'));",
                "pm.environment.set('disputeId', dispute.disputeId);",
            ],
            ..PLAIN
        },
        Step {
            title: "Disputes, the nearest deadline first",
            event: "dispute-list",
            // The list follows by a moment.
            until: Some(("pm.response.json().disputes.length > 0", 50)),
            tests: &[
                "const deadlines = pm.response.json().disputes.map(dispute => dispute.dueBy).filter(dueBy => dueBy);",
                "pm.test('has open ones', () => pm.expect(deadlines).to.not.be.empty);",
                "pm.test('the nearest deadline is first', () => pm.expect(deadlines).to.eql([...deadlines].sort()));",
            ],
            ..PLAIN
        },
        Step {
            title: "The dispute",
            event: "dispute",
            tests: &[
                "const dispute = pm.response.json();",
                "pm.test('is of the payment', () => pm.expect(dispute.transactionId).to.eql(pm.environment.get('transactionId')));",
                "pm.test('takes evidence', () => pm.expect(dispute.actions).to.include('evidence'));",
            ],
            ..PLAIN
        },
        Step {
            title: "Evidence that is none",
            event: "dispute-evidence-invalid",
            status: 400,
            code: "invalid_request",
            ..PLAIN
        },
        Step {
            title: "Evidence, put by",
            event: "dispute-evidence-draft",
            tests: &[
                "const drafted = pm.response.json();",
                "pm.test('is kept', () => pm.expect(drafted.evidence).to.eql({explanation: 'Delivered on 23 November.'}));",
                "pm.test('is not submitted', () => pm.expect(drafted.status).to.eql('needs_response'));",
            ],
            ..PLAIN
        },
        Step {
            title: "Evidence, submitted",
            event: "dispute-evidence",
            tests: &[
                "const submitted = pm.response.json();",
                "pm.test('is under review', () => pm.expect(submitted.status).to.eql('under_review'));",
                "pm.test('is what was sent', () => pm.expect(submitted.evidence.shippingTrackingNumber).to.eql('JJD0099'));",
            ],
            ..PLAIN
        },
        Step { title: "Evidence, the same again", event: "dispute-evidence-again", tests: REPLAYED, ..PLAIN },
        Step {
            title: "Accept, after it was answered",
            event: "dispute-accept",
            status: 409,
            code: "invalid_state",
            tests: &["pm.test('shows it', () => pm.expect(problem.dispute.status).to.eql('under_review'));"],
            ..PLAIN
        },
    ],
};

pub(super) const WEBHOOKS_TO_YOU: Folder = Folder {
    title: "Webhooks to you",
    says: "An endpoint of yours, its secrets, and what it is told of a payment. Nobody answers at that address.",
    steps: &[
        Step {
            title: "Register",
            event: "webhook-endpoint",
            status: 201,
            before: NEW_RUN,
            tests: &[
                "const registered = pm.response.json();",
                "pm.environment.set('endpointId', registered.endpointId);",
                "pm.test('shows its secret', () => pm.expect(registered.signingSecret).to.match(/^whsec_/));",
            ],
            ..PLAIN
        },
        Step { title: "Register, the same again", event: "webhook-endpoint-again", tests: REPLAYED, ..PLAIN },
        Step {
            title: "Register what is in your own network",
            event: "webhook-endpoint-invalid",
            status: 400,
            code: "invalid_request",
            ..PLAIN
        },
        Step {
            title: "Endpoints",
            event: "webhook-endpoint-list",
            tests: &[
                "const known = pm.response.json().endpoints.map(endpoint => endpoint.endpointId);",
                "pm.test('has it', () => pm.expect(known).to.include(pm.environment.get('endpointId')));",
                HIDES_SECRETS,
            ],
            ..PLAIN
        },
        Step {
            title: "The endpoint",
            event: "webhook-endpoint-show",
            tests: &[
                "pm.test('is enabled', () => pm.expect(pm.response.json().status).to.eql('enabled'));",
                HIDES_SECRETS,
            ],
            ..PLAIN
        },
        Step {
            title: "Rotate its secret",
            event: "webhook-endpoint-rotate",
            tests: &[
                "const rotated = pm.response.json();",
                "pm.test('shows the new secret', () => pm.expect(rotated.signingSecret).to.match(/^whsec_/));",
                "pm.test('the former one signs too', () => pm.expect(Date.parse(rotated.formerSecretUntil)).to.be.above(Date.now()));",
            ],
            ..PLAIN
        },
        Step { title: "Initiate, to be told of", event: "initiate", status: 201, tests: OPENED, ..PLAIN },
        Step {
            title: "Events, until the payment is among them",
            event: "webhook-endpoint-events",
            until: Some((
                "pm.response.json().events.some(event => event.data.payment.transactionId === pm.environment.get('transactionId'))",
                50,
            )),
            tests: &[
                "const told = pm.response.json().events.find(event => event.data.payment.transactionId === pm.environment.get('transactionId'));",
                "pm.test('tells that it was opened', () => pm.expect((told || {}).type).to.eql('payment.created'));",
                "pm.environment.set('eventId', (told || {}).id);",
            ],
            ..PLAIN
        },
        Step {
            title: "The event, until it is on its way",
            event: "webhook-endpoint-event",
            until: Some((
                "pm.response.json().deliveries.some(delivery => delivery.endpointId === pm.environment.get('endpointId'))",
                50,
            )),
            tests: &[
                "const shown = pm.response.json();",
                "pm.test('is the event', () => pm.expect(shown.event.id).to.eql(pm.environment.get('eventId')));",
                "const receivers = shown.deliveries.map(delivery => delivery.endpointId);",
                "pm.test('goes to the endpoint', () => pm.expect(receivers).to.include(pm.environment.get('endpointId')));",
            ],
            ..PLAIN
        },
        Step {
            title: "Send it again",
            event: "webhook-endpoint-event-redeliver",
            status: 202,
            tests: &[
                "const receivers = pm.response.json().deliveries.map(delivery => delivery.endpointId);",
                "pm.test('to the endpoint alone', () => pm.expect(receivers).to.eql([pm.environment.get('endpointId')]));",
            ],
            ..PLAIN
        },
        Step {
            title: "Send a day again",
            event: "webhook-endpoint-redeliver",
            status: 202,
            before: &[
                "const now = Date.now();",
                "pm.environment.set('from', new Date(now - 24 * 3600 * 1000).toISOString());",
                "pm.environment.set('to', new Date(now).toISOString());",
            ],
            varied: &[("2026-11-01T00:00:00Z", "{{from}}"), ("2026-11-30T23:59:59Z", "{{to}}")],
            tests: &[
                "pm.test('sends what there was', () => pm.expect(pm.response.json().redelivered).to.be.at.least(1));",
            ],
            ..PLAIN
        },
        Step { title: "Disable it", event: "webhook-endpoint-disable", tests: DISABLED, ..PLAIN },
        Step {
            title: "Enable it",
            event: "webhook-endpoint-enable",
            tests: &["pm.test('is enabled', () => pm.expect(pm.response.json().status).to.eql('enabled'));"],
            ..PLAIN
        },
        Step { title: "Disable it for good", event: "webhook-endpoint-disable", tests: DISABLED, ..PLAIN },
    ],
};

pub(super) const PERSON: Folder = Folder {
    title: "A person",
    says: "Erased, as often as anybody asks.",
    steps: &[
        Step { title: "Erase", event: "customer", status: 204, ..PLAIN },
        Step { title: "Erase, again", event: "customer-again", status: 204, ..PLAIN },
    ],
};
