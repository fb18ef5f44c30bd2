//! Each fault on each call of both gateways, with webhooks and without any: one charge or none, the row equal to the ledger, settled
//! within three sweeps of its due.
//!
//! Every cell is a payment of its own, and its fault strikes nobody else's, so that all cells of a column meet their faults at once. A
//! fault strikes as often as it is met until it is taken away: nothing heals within the call that meets it.
//!
//! 1. Openings are broken: the client is told that nothing happened, and comes back with the same key.
//! 2. Confirms, captures, cancels and refunds are broken, asked for, answered 202, and mended.
//! 3. Looks are broken: a payer's bank has decided, and whoever asks the gateway about it gets no answer. Then they are mended.
//! 4. So are lists: a refund's answer was lost, and whoever looks for it gets no answer.
//! 5. At last PayPal forgets whom it knows, and whoever asks for a new token gets none at first.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::fmt;

use acceptance::client::Opened;
use acceptance::gateway::{Call, Gateway};
use acceptance::settle::{Settler, Tally, settle};
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{a_few_at_a_time, eventually, say, unique};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

/// More often than anybody asks before the fault is taken away.
const ALWAYS: u32 = 1_000;

/// Each wants a process of its own, and most of them wait.
const ASKED_AT_ONCE: usize = 30;

const SAVED_BEFORE: &str = "saved_500_before";
const SAVED_AFTER: &str = "saved_500_after";

/// What can go wrong on the way to the gateway and back. Hangs outlast the gateway budget of the local stage, which is 2 s.
const FAULTS: [(&str, &str); 11] = [
    ("500", r#"{"fault": "status", "status": 500}"#),
    ("503", r#"{"fault": "status", "status": 503}"#),
    ("429", r#"{"fault": "status", "status": 429}"#),
    ("reset_before", r#"{"fault": "reset_before"}"#),
    ("reset_after", r#"{"fault": "reset_after"}"#),
    ("hang_before", r#"{"fault": "hang_before", "delayMs": 4000}"#),
    ("hang_after", r#"{"fault": "hang_after", "delayMs": 4000}"#),
    ("garbage_after", r#"{"fault": "garbage_after"}"#),
    // A request that was given up and arrives all the same.
    ("slow_before", r#"{"fault": "slow_before", "delayMs": 3000}"#),
    // An error that is remembered, which is Stripe's way.
    (SAVED_BEFORE, r#"{"fault": "saved_status_before"}"#),
    (SAVED_AFTER, r#"{"fault": "saved_status_after"}"#),
];

/// Whether the gateway tells us by itself what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Webhooks {
    On,
    HeldForEver,
}

/// What is asked for, and gets no answer.
const ASKED: [(Gateway, &[Call]); 2] = [
    (Gateway::Stripe, &[Call::Confirm, Call::Capture, Call::End, Call::Refund]),
    (Gateway::PayPal, &[Call::Confirm, Call::Hold, Call::Capture, Call::End, Call::Release, Call::Refund]),
];
const LOOKED_AT: [(Gateway, &[Call]); 2] = [(Gateway::Stripe, &[Call::Look]), (Gateway::PayPal, &[Call::Look])];
const LISTED: [(Gateway, &[Call]); 2] = [(Gateway::Stripe, &[Call::List]), (Gateway::PayPal, &[Call::List])];

/// One fault on one call.
struct Cell {
    call: Call,
    fault: &'static str,
    payment: Opened,
    /// Where the payer's bank asks them, if it does.
    page: String,
    /// The sandbox's name for the fault, once it is there.
    armed: String,
}

/// What a column of the matrix has shown.
#[derive(Default)]
struct Shown {
    cells: usize,
    charges: usize,
    refunds: usize,
    called: usize,
    by: Tally,
}

#[test]
#[ignore = "takes its time: cargo xtask test --full"]
fn each_fault_on_each_gateway_call_ends_with_one_charge_or_none_and_the_row_equal_to_the_ledger() {
    on_stack(async |stack| {
        let told = column(stack, Webhooks::On).await;
        say(&format!("fault matrix, webhooks on: {told}"));
        assert!(told.by.of(Settler::Webhook) > 0, "what the gateway tells is listened to");

        stack.sandbox.hold_webhooks().await;
        let untold = column(stack, Webhooks::HeldForEver).await;
        stack.sandbox.release_webhooks("fifo", 1).await;
        say(&format!("fault matrix, webhooks held for ever: {untold}"));
        assert_eq!(untold.by.of(Settler::Webhook), 0, "nobody was told anything");
        assert!(untold.by.of(Settler::Nudge) > 0, "lost answers are found before any sweep comes");

        let unknown = tokens_fail(stack).await;
        say(&format!("fault matrix, whoever asks PayPal for a token: {unknown}"));
    });
}

/// All cells, under one regime of webhooks.
async fn column(stack: &Stack, webhooks: Webhooks) -> Shown {
    let mut shown = Shown::default();
    // Looked at last, opened first: a payer is left alone for a while.
    let mut looked_at = cells(stack, LOOKED_AT).await;
    let openings = Gateway::BOTH.into_iter().flat_map(|gateway| faults(gateway).map(move |fault| (gateway, fault)));
    let opened = a_few_at_a_time(openings, async |(gateway, fault)| opening(stack, gateway, fault).await).await;
    shown.count(&opened, stack, webhooks).await;
    let asked = asked_and_mended(stack, webhooks).await;
    join(shown.count(&asked, stack, webhooks), looks_fail(stack, &mut looked_at, webhooks)).await;
    shown.count(&looked_at, stack, webhooks).await;
    let listed = lists_fail(stack).await;
    shown.count(&listed, stack, webhooks).await;
    shown
}

/// An initiate that gets no answer is answered 503 and has stored nothing; the same key opens the payment later.
async fn opening(stack: &Stack, gateway: Gateway, fault: &'static str) -> Cell {
    let key = unique("lost");
    let terms = Stack::terms(gateway, &json!({"description": key, "metadata": {"order": key}}));
    let mut rule = rule(gateway, fault, Call::Open);
    rule["containing"] = json!(key);
    let armed = stack.sandbox.misbehaves(rule).await;
    let answer = stack.api.initiate(&key, &terms).await;
    mended(stack, &armed, fault).await;
    let told = (answer.status, answer.text_at("/code"), answer.at("/retryable"));
    assert_eq!(told, (503, "gateway_unavailable".to_owned(), json!(true)), "{fault}: {}", answer.text);
    let seconds: u32 = answer.header("retry-after").parse().unwrap_or_default();
    assert!(seconds > 0, "{fault}: the client is told when to come back");
    let payment = Opened::of(&stack.api.initiate(&key, &terms).await.expect(201));
    if gateway == Gateway::PayPal {
        drop(stack.sandbox.payer_decides(&payment.id, "approve").await);
    } else {
        let objects = stack.sandbox.count_intents(|object| object["metadata"]["order"] == key.as_str()).await;
        // An object whose opening the gateway itself has forgotten is never handed out to anybody.
        let orphans = usize::from(fault == SAVED_AFTER);
        assert_eq!(objects, orphans.saturating_add(1), "{fault}: the gateway finds its object again by our key");
    }
    drop(stack.charged(&payment).await.expect(200));
    Cell { call: Call::Open, fault, payment, page: String::new(), armed }
}

/// Confirms, captures, cancels and refunds that get no answer, and a gateway that is well again afterwards.
async fn asked_and_mended(stack: &Stack, webhooks: Webhooks) -> Vec<Cell> {
    let mut cells = cells(stack, ASKED).await;
    for cell in &mut cells {
        cell.armed = cell.arm(stack).await;
    }
    let mut answers = Vec::new();
    for some in cells.chunks(ASKED_AT_ONCE) {
        answers.extend(join_all(some.iter().map(|cell| cell.ask(stack))).await);
    }
    join_all(cells.iter().map(|cell| cell.mended(stack))).await;
    for (cell, answer) in cells.iter().zip(answers) {
        let words = ["/status", "/processingReason", "/pending/kind"].map(|part| answer.text_at(part));
        let [status, reason, pending] = words.each_ref().map(String::as_str);
        let told = (answer.status, status, reason, pending);
        // A webhook may tell us what we have done before our own call has given up.
        // And that a hold was let go is told by the hold, whatever the answer looks like.
        let needs_no_answer = cell.call == Call::Release && cell.fault == "garbage_after";
        let was_told = (webhooks == Webhooks::On || needs_no_answer) && told == (200, cell.end(webhooks).0, "", "");
        assert!(was_told || told == cell.unanswered(), "{}: {} {}", cell.name(), answer.status, answer.text);
        let refund = answer.text_at("/refunds/0/status");
        let is_known = if answer.status == 202 { refund == "pending" } else { refund == "succeeded" };
        assert_eq!(is_known, cell.call == Call::Refund, "{}: {}", cell.name(), answer.text);
    }
    cells
}

/// The bank has decided, and the gateway does not answer whoever asks it about that. Until every cell has met its fault.
async fn looks_fail(stack: &Stack, cells: &mut [Cell], webhooks: Webhooks) {
    for cell in cells.iter_mut() {
        cell.armed = cell.arm(stack).await;
    }
    join_all(cells.iter().map(async |cell| match cell.payment.gateway {
        // A success is told by a webhook, if there are any. That the payer has failed, only a look can prove (E3).
        Gateway::Stripe => {
            let button = if webhooks == Webhooks::On { "fail" } else { "approve" };
            drop(stack.sandbox.payer_presses(&cell.page, button).await);
        }
        Gateway::PayPal => drop(stack.sandbox.payer_decides(&cell.payment.id, "approve").await),
    }))
    .await;
    all_hindered(stack, cells).await;
}

/// The gateway has not heard of a refund, and does not answer whoever asks it for its refunds. Until every cell has met its fault.
async fn lists_fail(stack: &Stack) -> Vec<Cell> {
    let mut cells = cells(stack, LISTED).await;
    drop(
        a_few_at_a_time(cells.iter_mut(), async |cell| {
            cell.armed = cell.arm(stack).await;
            let unheard = json!({"fault": "reset_before", "times": ALWAYS});
            let unheard = cell.payment.gateway.fault(Call::Refund, unheard);
            let unheard = stack.sandbox.misbehaves_for(&cell.payment.id, unheard).await;
            let answer = cell.ask(stack).await.expect(202);
            assert_eq!(answer.text_at("/refunds/0/status"), "pending", "{}", cell.name());
            stack.sandbox.behaves_again(&unheard).await;
        })
        .await,
    );
    all_hindered(stack, &cells).await;
    cells
}

/// Every cell meets its fault, for somebody looks; then all is well again.
async fn all_hindered(stack: &Stack, cells: &[Cell]) {
    let hindered = join_all(cells.iter().map(|cell| {
        eventually("somebody looked, and got no answer", async || match stack.sandbox.struck(&cell.armed).await {
            0 => Err(cell.name()),
            _ => Ok(()),
        })
    }));
    drop(stack.while_sweeping(hindered).await);
    join_all(cells.iter().map(|cell| cell.mended(stack))).await;
}

/// No token that was given out is good any more, and each fault meets one of those who ask for another.
async fn tokens_fail(stack: &Stack) -> Shown {
    let ready = async |fault| {
        let payment = stack.ready(Gateway::PayPal, json!({})).await;
        Cell { call: Call::Confirm, fault, payment, page: String::new(), armed: String::new() }
    };
    let mut cells = a_few_at_a_time(faults(Gateway::PayPal), ready).await;
    for cell in &mut cells {
        let mut rule = rule(Gateway::PayPal, cell.fault, Call::Confirm);
        rule["path"] = json!("/v1/oauth2/token");
        rule["times"] = json!(1);
        cell.armed = stack.sandbox.misbehaves(rule).await;
    }
    stack.sandbox.revokes_tokens().await;
    for (cell, answer) in cells.iter().zip(join_all(cells.iter().map(|cell| cell.ask(stack))).await) {
        assert!(matches!(answer.status, 200 | 202), "{}: {}", cell.name(), answer.text);
    }
    let mut shown = Shown::default();
    shown.count(&cells, stack, Webhooks::On).await;
    join_all(cells.iter().map(|cell| cell.mended(stack))).await;
    shown
}

/// The faults that a gateway knows.
fn faults(gateway: Gateway) -> impl Iterator<Item = &'static str> {
    let all = FAULTS.iter().map(|(fault, _)| *fault);
    // To PayPal an error is an error, whatever its number, and nothing that it remembers.
    all.filter(move |fault| gateway == Gateway::Stripe || !matches!(*fault, "503" | "429" | SAVED_BEFORE | SAVED_AFTER))
}

/// A payment for each fault on each of these calls, brought to where the call comes next.
async fn cells(stack: &Stack, calls: [(Gateway, &[Call]); 2]) -> Vec<Cell> {
    let pairs = calls.into_iter().flat_map(|(gateway, calls)| {
        calls.iter().flat_map(move |call| faults(gateway).map(move |fault| (gateway, *call, fault)))
    });
    // A look bears no key, so no error can be saved under it.
    let is_look = |call| matches!(call, Call::Look | Call::List);
    let pairs = pairs.filter(|(_, call, fault)| !is_look(*call) || !matches!(*fault, SAVED_BEFORE | SAVED_AFTER));
    a_few_at_a_time(pairs, async |(gateway, call, fault)| {
        let mut page = String::new();
        let payment = match (gateway, call) {
            (Gateway::Stripe, Call::Look) => {
                let payment = stack.opened(gateway, json!({})).await;
                let asked = stack.api.pay(&payment, "pm_card_threeDSecure2Required").await.expect(200);
                page = asked.text_at("/nextAction/url");
                payment
            }
            (Gateway::PayPal, Call::Look) => stack.opened(gateway, json!({"confirmation": "automatic"})).await,
            (_, Call::Open | Call::End) => stack.opened(gateway, json!({})).await,
            (_, Call::Confirm) => stack.ready(gateway, json!({})).await,
            (_, Call::Hold) => stack.ready(gateway, json!({"capture": "manual"})).await,
            (_, Call::Capture | Call::Release) => stack.paid(gateway, json!({"capture": "manual"})).await,
            (_, _) => stack.paid(gateway, json!({})).await,
        };
        Cell { call, fault, payment, page, armed: String::new() }
    })
    .await
}

impl Cell {
    fn name(&self) -> String {
        format!("{:?} {:?} {} {}", self.payment.gateway, self.call, self.fault, self.payment.id)
    }

    /// Its fault strikes its payment from now on, whenever this is asked for.
    async fn arm(&self, stack: &Stack) -> String {
        stack.sandbox.misbehaves_for(&self.payment.id, rule(self.payment.gateway, self.fault, self.call)).await
    }

    /// What a client is told while nobody knows: `status`, `processingReason`, and the kind of what is `pending`.
    const fn unanswered(&self) -> (u16, &'static str, &'static str, &'static str) {
        match (self.call, self.payment.gateway) {
            (Call::Open | Call::Confirm | Call::Hold | Call::Look, _) => (202, "processing", "outcome_unknown", ""),
            (Call::Capture, _) => (202, "requires_capture", "", "capture"),
            (Call::Release, _) => (202, "requires_capture", "", "cancel"),
            (Call::End, Gateway::Stripe) => (202, "requires_payment_method", "", "cancel"),
            (Call::End, Gateway::PayPal) => (202, "requires_action", "", "cancel"),
            (_, _) => (202, "succeeded", "", ""),
        }
    }

    /// How the payment ends, how many charges stand then, and after how many attempts.
    fn end(&self, webhooks: Webhooks) -> (&'static str, usize, usize) {
        match (self.call, self.fault) {
            // The gateway says that this key has failed, and shows an object that nobody has charged: the payer may try again.
            (Call::Confirm, SAVED_BEFORE) => ("requires_payment_method", 0, 1),
            // A second capture under another key might be a second one. See `calls_for_a_person`.
            (Call::Capture, SAVED_BEFORE) | (Call::Hold, _) => ("requires_capture", 1, 1),
            (Call::End, _) => ("canceled", 0, 0),
            (Call::Release, _) => ("canceled", 0, 1),
            (Call::Look, _) if webhooks == Webhooks::On && self.payment.gateway == Gateway::Stripe => {
                ("requires_payment_method", 0, 1)
            }
            (_, _) => ("succeeded", 1, 1),
        }
    }

    /// How many refunds stand at its end.
    fn refunds(&self) -> usize {
        let was_asked = matches!(self.call, Call::Refund | Call::List);
        usize::from(was_asked && !self.calls_for_a_person())
    }

    /// Whether only a person can settle it.
    fn calls_for_a_person(&self) -> bool {
        matches!((self.call, self.fault), (Call::Capture | Call::Refund, SAVED_BEFORE))
    }

    async fn mended(&self, stack: &Stack) {
        mended(stack, &self.armed, &self.name()).await;
    }

    async fn ask(&self, stack: &Stack) -> Answer {
        match self.call {
            Call::Open | Call::Confirm | Call::Hold | Call::Look => stack.charged(&self.payment).await,
            Call::Capture => stack.api.capture(&self.payment).await,
            Call::End | Call::Release => stack.api.cancel(&self.payment).await,
            Call::Refund | Call::List | Call::Evidence | Call::Accept | Call::LookAtDispute => {
                stack.api.refund(&self.payment, &unique("refund"), Some(500)).await
            }
        }
    }
}

impl Shown {
    /// Waits until these cells are settled, and counts what they came to.
    async fn count(&mut self, cells: &[Cell], stack: &Stack, webhooks: Webhooks) {
        let payments: Vec<&Opened> = cells.iter().map(|cell| &cell.payment).collect();
        let settled = settle(stack, &payments).await;
        for (cell, settled) in cells.iter().zip(&settled) {
            let at_rest = &settled.at_rest;
            let attempts = at_rest.payment["attempts"].as_array().map(Vec::len).unwrap_or_default();
            let end = (at_rest.status.as_str(), at_rest.charges, attempts);
            assert_eq!(end, cell.end(webhooks), "{}: {}", cell.name(), at_rest.payment);
            assert_eq!(at_rest.calls_for_a_person, cell.calls_for_a_person(), "{}: {}", cell.name(), at_rest.payment);
            let refunds = stack.sandbox.refunds(&cell.payment.intent).await;
            assert_eq!(refunds.len(), cell.refunds(), "{}: {refunds:?} {}", cell.name(), at_rest.payment);
            self.refunds = self.refunds.saturating_add(refunds.len());
            self.called = self.called.saturating_add(usize::from(at_rest.calls_for_a_person));
            self.charges = self.charges.saturating_add(at_rest.charges);
        }
        self.cells = self.cells.saturating_add(cells.len());
        self.by.add(&settled);
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cells, charges, refunds, called, by } = self;
        write!(formatter, "{cells} cells, {charges} charges, {refunds} refunds, {called} for a person, settled by {by}")
    }
}

/// This fault, on this call, until it is taken away.
fn rule(gateway: Gateway, fault: &str, call: Call) -> Value {
    let (_, text) = FAULTS.iter().find(|(name, _)| *name == fault).unwrap();
    let mut rule: Value = serde_json::from_str(text).unwrap();
    rule["times"] = json!(ALWAYS);
    gateway.fault(call, rule)
}

/// The fault is over, and nothing is green because it never met its own.
async fn mended(stack: &Stack, armed: &str, whose: &str) {
    let struck = stack.sandbox.struck(armed).await;
    assert!(struck > 0, "never met: {whose}");
    stack.sandbox.behaves_again(armed).await;
}
