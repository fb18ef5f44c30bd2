//! Payments, from their beginning to whatever end they come to; and what is refused.

use super::{Folder, NEW_RUN, OPENED, PLAIN, REPLAYED, SUCCEEDED, Step, TAKEN};

pub(super) const PAYMENT: Folder = Folder {
    title: "A payment",
    says: "Opened, declined once, paid with another card, and told by Stripe's webhook too.",
    steps: &[
        Step { title: "Initiate", event: "initiate", status: 201, before: NEW_RUN, tests: OPENED, ..PLAIN },
        Step { title: "Initiate, the same again", event: "initiate-again", tests: REPLAYED, ..PLAIN },
        Step {
            title: "Initiate, another body under the same key",
            event: "initiate-again",
            status: 422,
            code: "idempotency_key_reused",
            varied: &[("1999", "2999")],
            ..PLAIN
        },
        Step {
            title: "Confirm, declined",
            event: "confirm-declined",
            status: 402,
            code: "payment_declined",
            tests: &["pm.test('says why', () => pm.expect(problem.decline.payerMessage).to.be.a('string'));"],
            ..PLAIN
        },
        Step { title: "Confirm, another card", event: "confirm", tests: SUCCEEDED, ..PLAIN },
        Step { title: "Confirm, the same again", event: "confirm-again", tests: REPLAYED, ..PLAIN },
        Step { title: "Status", event: "status", tests: SUCCEEDED, ..PLAIN },
        Step {
            title: "Status, and how it came to it",
            event: "status-timeline",
            until: Some(("pm.response.json().timelineComplete", 50)),
            tests: &["pm.test('tells all', () => pm.expect(pm.response.json().timeline.length).to.be.at.least(4));"],
            ..PLAIN
        },
        Step { title: "Stripe's webhook", event: "webhook", is_signed: true, tests: TAKEN, ..PLAIN },
        Step {
            title: "Stripe's webhook, delivered again",
            event: "webhook-again",
            is_signed: true,
            tests: &["pm.test('changes nothing', () => pm.expect(pm.response.json().received).to.eql('superseded'));"],
            ..PLAIN
        },
        Step {
            title: "A webhook that somebody forged",
            event: "webhook-forged",
            status: 400,
            code: "invalid_request",
            tests: &["pm.test('says why', () => pm.expect(problem.detail).to.include('The webhook is not taken'));"],
            ..PLAIN
        },
        Step {
            title: "Payments of that reference",
            event: "payments",
            unasked: &["status"],
            // The list follows by a moment.
            until: Some((
                "pm.response.json().payments.some(payment => payment.transactionId === pm.environment.get('transactionId'))",
                50,
            )),
            tests: &[
                "const listed = pm.response.json().payments.find(payment => payment.transactionId === pm.environment.get('transactionId'));",
                "pm.test('shows the payment', () => pm.expect((listed || {}).status).to.eql('succeeded'));",
            ],
            ..PLAIN
        },
    ],
};

pub(super) const REFUND: Folder = Folder {
    title: "A refund",
    says: "A part of what was paid, and not more than is left.",
    steps: &[
        Step {
            title: "Initiate, to be refunded",
            event: "initiate",
            status: 201,
            before: NEW_RUN,
            tests: OPENED,
            ..PLAIN
        },
        Step { title: "Confirm, to be refunded", event: "confirm", tests: SUCCEEDED, ..PLAIN },
        Step {
            title: "Refund, more than was paid",
            event: "refund-too-much",
            status: 422,
            code: "amount_exceeds_refundable",
            ..PLAIN
        },
        Step {
            title: "Refund",
            event: "refund",
            tests: &["pm.test('is missing', () => pm.expect(pm.response.json().amountRefundable).to.eql(1499));"],
            ..PLAIN
        },
        Step { title: "Refund, the same again", event: "refund-again", tests: REPLAYED, ..PLAIN },
    ],
};

pub(super) const HOLD: Folder = Folder {
    title: "Hold now, capture later",
    says: "The money is held, then less of it is taken; what is left is let go.",
    steps: &[
        Step {
            title: "Initiate, to be captured by hand",
            event: "initiate-manual-capture",
            status: 201,
            before: NEW_RUN,
            tests: OPENED,
            ..PLAIN
        },
        Step {
            title: "Confirm, which holds",
            event: "confirm-manual-capture",
            tests: &["pm.test('is held', () => pm.expect(pm.response.json().status).to.eql('requires_capture'));"],
            ..PLAIN
        },
        Step {
            title: "Capture, more than is held",
            event: "capture-too-much",
            status: 422,
            code: "amount_exceeds_capturable",
            ..PLAIN
        },
        Step { title: "Capture a part", event: "capture", tests: SUCCEEDED, ..PLAIN },
        Step { title: "Capture, the same again", event: "capture-again", tests: REPLAYED, ..PLAIN },
        Step {
            title: "Cancel what is paid",
            event: "cancel-too-late",
            status: 409,
            code: "invalid_state",
            tests: &["pm.test('shows it', () => pm.expect(problem.payment.status).to.eql('succeeded'));"],
            ..PLAIN
        },
    ],
};

pub(super) const CANCEL: Folder = Folder {
    title: "A cancel",
    says: "Of a payment that nobody paid.",
    steps: &[
        Step {
            title: "Initiate, and nobody pays",
            event: "initiate-abandoned",
            status: 201,
            before: NEW_RUN,
            tests: OPENED,
            ..PLAIN
        },
        Step {
            title: "Cancel",
            event: "cancel",
            tests: &["pm.test('is canceled', () => pm.expect(pm.response.json().status).to.eql('canceled'));"],
            ..PLAIN
        },
        Step { title: "Cancel, the same again", event: "cancel-again", tests: REPLAYED, ..PLAIN },
    ],
};

pub(super) const PAYPAL: Folder = Folder {
    title: "PayPal",
    says: "The payer approves first. Here the sandbox is told that they do; by hand, open nextAction.url.",
    steps: &[
        Step {
            title: "Initiate at PayPal",
            event: "initiate-paypal",
            status: 201,
            before: NEW_RUN,
            tests: &[
                "const order = pm.response.json();",
                "pm.environment.set('transactionId', order.transactionId);",
                "pm.test('sends the payer to PayPal', () => pm.expect(order.nextAction.type).to.eql('redirect'));",
            ],
            ..PLAIN
        },
        Step {
            title: "The payer approves",
            event: "payer/decide",
            steers: Some(r#"{"transactionId": "{{transactionId}}", "decision": "approve"}"#),
            ..PLAIN
        },
        Step {
            title: "Status, until it may be confirmed",
            event: "status",
            until: Some(("(pm.response.json().nextAction || {}).type === 'confirm'", 50)),
            tests: &["pm.test('is approved', () => pm.expect(pm.response.json().nextAction.type).to.eql('confirm'));"],
            ..PLAIN
        },
        Step { title: "Confirm what was approved", event: "confirm-paypal", tests: SUCCEEDED, ..PLAIN },
        Step {
            title: "Refund at PayPal",
            event: "refund-paypal",
            tests: &[
                "const refunded = pm.response.json();",
                "pm.test('has its refund', () => pm.expect(refunded.refunds.map(refund => refund.amount)).to.eql([500]));",
                "pm.test('is missing', () => pm.expect(refunded.amountRefundable).to.eql(2000));",
            ],
            ..PLAIN
        },
    ],
};

pub(super) const REFUSED: Folder = Folder {
    title: "What is refused",
    says: "But for the payment that it begins with, nothing is stored and nothing is sent. The type of each problem is a link to what to do.",
    steps: &[
        Step {
            title: "Initiate, nothing wrong",
            event: "initiate",
            status: 201,
            before: NEW_RUN,
            tests: OPENED,
            ..PLAIN
        },
        Step {
            title: "Initiate, all wrong",
            event: "initiate-invalid",
            status: 400,
            code: "invalid_request",
            tests: &["pm.test('says all at once', () => pm.expect(problem.errors.length).to.be.at.least(3));"],
            ..PLAIN
        },
        Step { title: "A card number", event: "initiate-card-number", status: 422, code: "raw_card_data", ..PLAIN },
        Step { title: "Confirm, all wrong", event: "confirm-invalid", status: 400, code: "invalid_request", ..PLAIN },
        Step {
            title: "Status without a key",
            event: "status-unauthorized",
            status: 401,
            code: "unauthorized",
            ..PLAIN
        },
        Step {
            title: "A list that cannot be",
            event: "payments-invalid",
            status: 400,
            code: "invalid_request",
            ..PLAIN
        },
    ],
};
