//! What the collection does, from top to bottom: in each folder one thing that a merchant's program does, with what can go wrong.

/// Some requests that belong together.
#[derive(Debug, Clone, Copy)]
pub struct Folder {
    /// Its name.
    pub title: &'static str,
    /// What it shows.
    pub says: &'static str,
    /// Its requests, in order.
    pub steps: &'static [Step],
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Its name.
    pub title: &'static str,
    /// Whose request it is: a file of `events/`; or a route of the sandbox, if it steers that.
    pub event: &'static str,
    /// What is answered.
    pub status: u16,
    /// And the problem's code, if it is one.
    pub code: &'static str,
    /// The body for the sandbox.
    pub steers: Option<&'static str>,
    /// What stands elsewhere in the body than in the file.
    pub varied: &'static [(&'static str, &'static str)],
    /// What its key ends in, where the file's key would be that of another request.
    pub key: &'static str,
    /// What is seen to beforehand.
    pub before: &'static [&'static str],
    /// Whether it is signed as Stripe signs.
    pub is_signed: bool,
    /// What is waited for, and how often it is asked for.
    pub until: Option<(&'static str, u32)>,
    /// What else holds, and what is kept for the next requests.
    pub tests: &'static [&'static str],
}

const PLAIN: Step = Step {
    title: "",
    event: "",
    status: 200,
    code: "",
    steers: None,
    varied: &[],
    key: "",
    before: &[],
    is_signed: false,
    until: None,
    tests: &[],
};

/// Keys of a run are its own: without that, a second run would be answered what the first one was.
const NEW_RUN: &[&str] = &["pm.environment.set('run', pm.variables.replaceIn('{{$guid}}'));"];
const OPENED: &[&str] = &[
    "const payment = pm.response.json();",
    "pm.environment.set('transactionId', payment.transactionId);",
    "pm.environment.set('paymentIntent', (payment.nextAction.clientSecret || '').split('_secret')[0]);",
    "pm.test('waits for its payer', () => pm.expect(payment.status).to.eql('requires_payment_method'));",
];
const SUCCEEDED: &[&str] = &["pm.test('is paid', () => pm.expect(pm.response.json().status).to.eql('succeeded'));"];
const REPLAYED: &[&str] =
    &["pm.test('is a replay', () => pm.expect(pm.response.headers.get('Idempotent-Replayed')).to.eql('true'));"];

/// All of it.
pub const FOLDERS: &[Folder] = &[PAYMENT, REFUND, HOLD, CANCEL, PAYPAL, DISPUTE, WEBHOOKS_TO_YOU, PERSON, REFUSED];

const PAYMENT: Folder = Folder {
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
        Step { title: "Stripe's webhook", event: "webhook", is_signed: true, ..PLAIN },
        Step { title: "Stripe's webhook, delivered again", event: "webhook-again", is_signed: true, ..PLAIN },
        Step {
            title: "A webhook that somebody forged",
            event: "webhook-forged",
            status: 400,
            code: "invalid_request",
            ..PLAIN
        },
        Step { title: "Payments of that reference", event: "payments", ..PLAIN },
    ],
};

const REFUND: Folder = Folder {
    title: "A refund",
    says: "Of the payment before: a part of it, and not more than is left.",
    steps: &[
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

const HOLD: Folder = Folder {
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

const CANCEL: Folder = Folder {
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

const PAYPAL: Folder = Folder {
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
        Step { title: "Refund at PayPal", event: "refund-paypal", ..PLAIN },
    ],
};

const DISPUTE: Folder = Folder {
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
        Step { title: "Disputes, the nearest deadline first", event: "dispute-list", ..PLAIN },
        Step { title: "The dispute", event: "dispute", ..PLAIN },
        Step {
            title: "Evidence that is none",
            event: "dispute-evidence-invalid",
            status: 400,
            code: "invalid_request",
            ..PLAIN
        },
        Step { title: "Evidence, put by", event: "dispute-evidence-draft", ..PLAIN },
        Step { title: "Evidence, submitted", event: "dispute-evidence", ..PLAIN },
        Step { title: "Evidence, the same again", event: "dispute-evidence-again", tests: REPLAYED, ..PLAIN },
        Step {
            title: "Accept, after it was answered",
            event: "dispute-accept",
            status: 409,
            code: "invalid_state",
            ..PLAIN
        },
    ],
};

const WEBHOOKS_TO_YOU: Folder = Folder {
    title: "Webhooks to you",
    says: "An endpoint of yours, its secrets, and what it was told. Nobody answers at that address.",
    steps: &[
        Step {
            title: "Register",
            event: "webhook-endpoint",
            status: 201,
            before: NEW_RUN,
            tests: &["pm.environment.set('endpointId', pm.response.json().endpointId);"],
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
        Step { title: "Endpoints", event: "webhook-endpoint-list", ..PLAIN },
        Step { title: "The endpoint", event: "webhook-endpoint-show", ..PLAIN },
        Step { title: "Rotate its secret", event: "webhook-endpoint-rotate", ..PLAIN },
        Step {
            title: "Events, until there is one",
            event: "webhook-endpoint-events",
            until: Some(("pm.response.json().events.length > 0", 50)),
            tests: &[
                "pm.environment.set('eventId', pm.response.json().events[0].id || pm.response.json().events[0].eventId);",
            ],
            ..PLAIN
        },
        Step { title: "The event", event: "webhook-endpoint-event", ..PLAIN },
        Step { title: "Send it again", event: "webhook-endpoint-event-redeliver", status: 202, ..PLAIN },
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
            ..PLAIN
        },
        Step { title: "Disable it", event: "webhook-endpoint-disable", ..PLAIN },
        Step { title: "Enable it", event: "webhook-endpoint-enable", ..PLAIN },
        Step { title: "Disable it for good", event: "webhook-endpoint-disable", ..PLAIN },
    ],
};

const PERSON: Folder = Folder {
    title: "A person",
    says: "Erased, as often as anybody asks.",
    steps: &[
        Step { title: "Erase", event: "customer", status: 204, ..PLAIN },
        Step { title: "Erase, again", event: "customer-again", status: 204, ..PLAIN },
    ],
};

const REFUSED: Folder = Folder {
    title: "What is refused",
    says: "Nothing is stored and nothing is sent. The type of each problem is a link to what to do.",
    steps: &[
        Step {
            title: "Initiate, all wrong",
            event: "initiate-invalid",
            status: 400,
            code: "invalid_request",
            before: NEW_RUN,
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
