//! Each fault on each gateway call, with webhooks and without any: one charge or none, the row equal to the ledger, settled within three
//! sweeps of its due.
//!
//! Every cell is a payment of its own, and its fault strikes nobody else's, so that all cells of a column meet their faults at once. A
//! fault strikes as often as it is met until it is taken away: nothing heals within the call that meets it.
//!
//! 1. Openings are broken: the client is told that nothing happened, and comes back with the same key.
//! 2. Confirms, captures, cancels and refunds are broken, asked for, answered 202, and mended.
//! 3. Looks are broken: a payer's bank has decided, and whoever asks the gateway about it gets no answer. Then they are mended.
//! 4. So are lists: a refund's answer was lost, and whoever looks for it gets no answer.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::fmt;
use std::time::Duration;

use acceptance::client::Opened;
use acceptance::settle::{Settler, Tally, settle};
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{a_few_at_a_time, eventually, say, unique};
use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tokio::time::sleep;

/// More often than anybody asks before the fault is taken away.
const ALWAYS: u32 = 1_000;

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
    ("saved_500_before", r#"{"fault": "saved_status_before"}"#),
    ("saved_500_after", r#"{"fault": "saved_status_after"}"#),
];

/// Whether the gateway tells us by itself what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Webhooks {
    On,
    HeldForEver,
}

/// The gateway call that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Open,
    Confirm,
    Capture,
    Cancel,
    Refund,
    Fetch,
    List,
}

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
    });
}

/// All cells, under one regime of webhooks.
async fn column(stack: &Stack, webhooks: Webhooks) -> Shown {
    let mut shown = Shown::default();
    // Looked at last, opened first: a payer is left alone for a while.
    let mut looked_at = cells(stack, &[Call::Fetch]).await;
    let opened = join_all(FAULTS.map(|(fault, _)| opening(stack, fault))).await;
    shown.count(&opened, stack, webhooks).await;
    let asked = asked_and_mended(stack, webhooks).await;
    join(shown.count(&asked, stack, webhooks), looks_fail(stack, &mut looked_at, webhooks)).await;
    shown.count(&looked_at, stack, webhooks).await;
    let listed = lists_fail(stack).await;
    shown.count(&listed, stack, webhooks).await;
    shown
}

/// An initiate that gets no answer is answered 503 and has stored nothing; the same key opens the payment later.
async fn opening(stack: &Stack, fault: &'static str) -> Cell {
    let key = unique("lost");
    let terms = json!({"amount": 1999, "currency": "EUR", "metadata": {"order": key}});
    let mut rule = rule(fault, "POST", Call::Open.path());
    rule["containing"] = json!(key);
    let armed = stack.sandbox.misbehaves(rule).await;
    let answer = stack.api.initiate(&key, &terms).await;
    mended(stack, &armed, fault).await;
    let told = (answer.status, answer.text_at("/code"), answer.at("/retryable"));
    assert_eq!(told, (503, "gateway_unavailable".to_owned(), json!(true)), "{fault}: {}", answer.text);
    let seconds: u32 = answer.header("retry-after").parse().unwrap_or_default();
    assert!(seconds > 0, "{fault}: the client is told when to come back");
    let payment = Opened::of(&stack.api.initiate(&key, &terms).await.expect(201));
    drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200));
    let objects = stack.sandbox.count_intents(|object| object["metadata"]["order"] == key.as_str()).await;
    // An object whose opening the gateway itself has forgotten is never handed out to anybody.
    let orphans = usize::from(fault == "saved_500_after");
    assert_eq!(objects, orphans.saturating_add(1), "{fault}: the gateway finds its object again by our key");
    Cell { call: Call::Open, fault, payment, page: String::new(), armed }
}

/// Confirms, captures, cancels and refunds that get no answer, and a gateway that is well again afterwards.
async fn asked_and_mended(stack: &Stack, webhooks: Webhooks) -> Vec<Cell> {
    let mut cells = cells(stack, &[Call::Confirm, Call::Capture, Call::Cancel, Call::Refund]).await;
    for cell in &mut cells {
        let rule = rule(cell.fault, "POST", cell.call.path());
        cell.armed = stack.sandbox.misbehaves_for(&cell.payment.id, rule).await;
    }
    let answers = join_all(cells.iter().map(|cell| cell.ask(stack))).await;
    join_all(cells.iter().map(|cell| mended(stack, &cell.armed, cell.fault))).await;
    for (cell, answer) in cells.iter().zip(answers) {
        let words = ["/status", "/processingReason", "/pending/kind"].map(|part| answer.text_at(part));
        let [status, reason, pending] = words.each_ref().map(String::as_str);
        let told = (answer.status, status, reason, pending);
        // A webhook may tell us what we have done before our own call has given up.
        let was_told = webhooks == Webhooks::On && told == (200, cell.end(webhooks).0, "", "");
        assert!(was_told || told == cell.call.unanswered(), "{}: {} {}", cell.name(), answer.status, answer.text);
        let refund = answer.text_at("/refunds/0/status");
        let is_known = if answer.status == 202 { refund == "pending" } else { refund == "succeeded" };
        assert_eq!(is_known, cell.call == Call::Refund, "{}: {}", cell.name(), answer.text);
    }
    cells
}

/// The bank has decided, and the gateway does not answer whoever asks it about that. Until every cell has met its fault.
async fn looks_fail(stack: &Stack, cells: &mut [Cell], webhooks: Webhooks) {
    for cell in cells.iter_mut() {
        let rule = rule(cell.fault, "GET", cell.call.path());
        cell.armed = stack.sandbox.misbehaves_for(&cell.payment.id, rule).await;
    }
    // A success is told by a webhook, if there are any. That the payer has failed, only a look can prove (E3).
    let button = if webhooks == Webhooks::On { "fail" } else { "approve" };
    join_all(cells.iter().map(|cell| stack.sandbox.payer_presses(&cell.page, button))).await;
    all_hindered(stack, cells).await;
}

/// The gateway has not heard of a refund, and does not answer whoever asks it for its refunds. Until every cell has met its fault.
async fn lists_fail(stack: &Stack) -> Vec<Cell> {
    let mut cells = cells(stack, &[Call::List]).await;
    for cell in &mut cells {
        let rule = rule(cell.fault, "GET", cell.call.path());
        cell.armed = stack.sandbox.misbehaves_for(&cell.payment.id, rule).await;
        let unheard = json!({"method": "POST", "path": cell.call.path(), "fault": "reset_before", "times": ALWAYS});
        let unheard = stack.sandbox.misbehaves_for(&cell.payment.id, unheard).await;
        let answer = cell.ask(stack).await.expect(202);
        assert_eq!(answer.text_at("/refunds/0/status"), "pending", "{}", cell.name());
        stack.sandbox.behaves_again(&unheard).await;
    }
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
    let sweeping = async {
        loop {
            drop(stack.sweep().await);
            sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! { _ = hindered => {}, () = sweeping => {} }
    join_all(cells.iter().map(|cell| mended(stack, &cell.armed, cell.fault))).await;
}

/// A payment for each fault on each of these calls, brought to where the call comes next.
async fn cells(stack: &Stack, calls: &[Call]) -> Vec<Cell> {
    let pairs = calls.iter().flat_map(|call| FAULTS.map(|(fault, _)| (*call, fault)));
    // A look bears no key, so no error can be saved under it.
    let is_look = |call| matches!(call, Call::Fetch | Call::List);
    let pairs = pairs.filter(|(call, fault)| !is_look(*call) || !fault.starts_with("saved"));
    a_few_at_a_time(pairs, async |(call, fault)| {
        let mut terms = json!({"amount": 1999, "currency": "EUR", "returnUrl": "https://shop.example/done"});
        terms["capture"] = json!(if call == Call::Capture { "manual" } else { "automatic" });
        let payment = stack.api.open_with(terms).await;
        let mut page = String::new();
        match call {
            Call::Fetch => {
                let asked = stack.api.pay(&payment, "pm_card_threeDSecure2Required").await.expect(200);
                page = asked.text_at("/nextAction/url");
            }
            Call::Capture => {
                let held = stack.api.pay(&payment, "pm_card_visa").await.expect(200);
                assert_eq!(held.text_at("/status"), "requires_capture");
            }
            Call::Refund | Call::List => drop(stack.api.pay(&payment, "pm_card_visa").await.expect(200)),
            Call::Open | Call::Confirm | Call::Cancel => {}
        }
        Cell { call, fault, payment, page, armed: String::new() }
    })
    .await
}

impl Call {
    /// Where the gateway is asked.
    const fn path(self) -> &'static str {
        match self {
            Self::Open => "/v1/payment_intents",
            Self::Confirm => "/v1/payment_intents/*/confirm",
            Self::Capture => "/v1/payment_intents/*/capture",
            Self::Cancel => "/v1/payment_intents/*/cancel",
            Self::Fetch => "/v1/payment_intents/*",
            Self::Refund | Self::List => "/v1/refunds",
        }
    }

    /// What a client is told while nobody knows: `status`, `processingReason`, and the kind of what is `pending`.
    const fn unanswered(self) -> (u16, &'static str, &'static str, &'static str) {
        match self {
            Self::Open | Self::Confirm | Self::Fetch => (202, "processing", "outcome_unknown", ""),
            Self::Capture => (202, "requires_capture", "", "capture"),
            Self::Cancel => (202, "requires_payment_method", "", "cancel"),
            Self::Refund | Self::List => (202, "succeeded", "", ""),
        }
    }
}

impl Cell {
    fn name(&self) -> String {
        format!("{:?} {} {}", self.call, self.fault, self.payment.id)
    }

    /// How the payment ends, how many charges stand then, and after how many attempts.
    fn end(&self, webhooks: Webhooks) -> (&'static str, usize, usize) {
        match (self.call, self.fault) {
            // The gateway says that this key has failed, and shows an object that nobody has charged: the payer may try again.
            (Call::Confirm, "saved_500_before") => ("requires_payment_method", 0, 1),
            // A second capture under another key might be a second one. See `calls_for_a_person`.
            (Call::Capture, "saved_500_before") => ("requires_capture", 1, 1),
            (Call::Cancel, _) => ("canceled", 0, 0),
            (Call::Fetch, _) if webhooks == Webhooks::On => ("requires_payment_method", 0, 1),
            (Call::Open | Call::Confirm | Call::Capture | Call::Refund | Call::Fetch | Call::List, _) => {
                ("succeeded", 1, 1)
            }
        }
    }

    /// How many refunds stand at its end.
    fn refunds(&self) -> usize {
        let was_asked = matches!(self.call, Call::Refund | Call::List);
        usize::from(was_asked && !self.calls_for_a_person())
    }

    /// Whether only a person can settle it.
    fn calls_for_a_person(&self) -> bool {
        matches!((self.call, self.fault), (Call::Capture | Call::Refund, "saved_500_before"))
    }

    async fn ask(&self, stack: &Stack) -> Answer {
        match self.call {
            Call::Open | Call::Confirm | Call::Fetch => stack.api.pay(&self.payment, "pm_card_visa").await,
            Call::Capture => stack.api.capture(&self.payment).await,
            Call::Cancel => stack.api.cancel(&self.payment).await,
            Call::Refund | Call::List => stack.api.refund(&self.payment, &unique("refund"), Some(500)).await,
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

/// This fault, on this path, until it is taken away.
fn rule(fault: &str, method: &str, path: &str) -> Value {
    let (_, text) = FAULTS.iter().find(|(name, _)| *name == fault).unwrap();
    let mut rule: Value = serde_json::from_str(text).unwrap();
    rule["method"] = json!(method);
    rule["path"] = json!(path);
    rule["times"] = json!(ALWAYS);
    rule
}

/// The fault is over, and no cell is green because it never met its own.
async fn mended(stack: &Stack, armed: &str, fault: &str) {
    let struck = stack.sandbox.struck(armed).await;
    assert!(struck > 0, "{fault} was never met");
    stack.sandbox.behaves_again(armed).await;
}
