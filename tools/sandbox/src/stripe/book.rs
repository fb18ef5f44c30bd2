//! The simulated account: all objects, what happened to them, and what is still to happen. No HTTP, no clock.
//!
//! Every public operation is one step under the caller's lock. It either changes nothing and refuses, or changes the
//! objects and writes the events that Stripe would send; the events are snapshots, taken at that moment.
//!
//! The operations themselves stand in `intents`, `endings`, `methods`, `refunds`, `disputes`, `files` and `balance`; this file
//! has what they share.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::{
    balance::Movement,
    calls::Call,
    disputes::{Complaint, Dispute, Step, Warning},
    error::StripeError,
    files::File,
    history::Versions,
    keys::Keys,
    objects::{Charge, ConfirmationToken, Intent, Method, Refund},
    render,
};
use crate::{
    clock::Moment,
    config::Settlement,
    ids::Ids,
    shelf::{Full, Shelf},
};

/// The account that everything belongs to.
pub(crate) struct Book {
    pub(super) ids: Ids,
    pub(super) intents: Shelf<Intent>,
    pub(super) charges: Shelf<Charge>,
    pub(super) methods: Shelf<Method>,
    pub(super) tokens: Shelf<ConfirmationToken>,
    pub(super) refunds: Shelf<Refund>,
    pub(super) movements: Shelf<Movement>,
    pub(super) disputes: Shelf<Dispute>,
    pub(super) warnings: Shelf<Warning>,
    pub(super) files: Shelf<File>,
    /// Which intent a payer's page belongs to.
    pub(super) pages: HashMap<String, String>,
    /// Saved answers, by idempotency key.
    pub(crate) keys: Keys,
    /// How each intent and each dispute stood earlier.
    pub(super) intents_were: Versions<Intent>,
    pub(super) disputes_were: Versions<Dispute>,
    /// Intents and disputes that the present step may have changed.
    pub(super) touched: BTreeSet<String>,
    pub(super) agenda: Vec<(Moment, Task)>,
    news: Vec<Event>,
    pub(super) settle_ms: u64,
    /// What the account is kept in, and what Stripe takes.
    pub(super) terms: Settlement,
    pub(super) public_url: String,
}

/// What the world outside the API does later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    DecideDebit { intent: String, paid: bool },
    BookCharge { charge: String },
    OpenDispute { charge: String, complaint: &'static Complaint, amount: i64 },
    TurnDispute { dispute: String, what: Step },
    LapseDispute { dispute: String, due: Moment },
    WarnOfFraud { charge: String },
    FinishRefund { refund: String },
    FailRefund { refund: String },
}

/// When and why an operation happens.
#[derive(Clone, Debug)]
pub(crate) struct Occasion {
    pub(crate) now: Moment,
    pub(crate) cause: Cause,
}

/// Printed into every event as `request`. Null for what payers, banks and the dashboard do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) request_id: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

/// Something happened to an object.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) created: u64,
    pub(crate) object: Value,
    pub(crate) cause: Cause,
}

impl Book {
    pub(crate) fn new(public_url: String, settle_ms: u64, terms: Settlement) -> Self {
        Self {
            ids: Ids::new(),
            intents: Shelf::default(),
            charges: Shelf::default(),
            methods: Shelf::default(),
            tokens: Shelf::default(),
            refunds: Shelf::default(),
            movements: Shelf::default(),
            disputes: Shelf::default(),
            warnings: Shelf::default(),
            files: Shelf::default(),
            pages: HashMap::new(),
            keys: Keys::default(),
            intents_were: Versions::default(),
            disputes_were: Versions::default(),
            touched: BTreeSet::new(),
            agenda: Vec::new(),
            news: Vec::new(),
            settle_ms,
            terms,
            public_url,
        }
    }

    /// Does what the call says.
    pub(crate) fn perform(&mut self, call: Call, occasion: &Occasion) -> Result<Value, StripeError> {
        match call {
            Call::CreateIntent(new) => self.create_intent(*new, occasion),
            Call::GetIntent { id, client_secret } => self.get_intent(&id, client_secret.as_deref()),
            Call::UpdateIntent { id, change } => self.update_intent(&id, *change, occasion),
            Call::ConfirmIntent { id, client_secret, confirmation } => {
                self.confirm_intent(&id, client_secret.as_deref(), *confirmation, occasion)
            }
            Call::CaptureIntent { id, capture } => self.capture_intent(&id, *capture, occasion),
            Call::CancelIntent { id, reason } => self.cancel_intent(&id, reason, occasion),
            Call::ListIntents(page) => {
                let all = self.intents.iter().rev().map(|intent| (intent.id.as_str(), render::intent(self, intent)));
                page.cut("/v1/payment_intents", all)
            }
            Call::CreateMethod(new) => self.create_method(new, occasion),
            Call::GetMethod { id } => self.get_method(&id),
            Call::CreateToken(new) => self.create_token(new, occasion),
            Call::GetToken { id } => self.get_token(&id),
            Call::CreateRefund(new) => self.create_refund(new, occasion),
            Call::GetRefund { id } => {
                self.refunds.get(&id).map(render::refund).ok_or_else(|| StripeError::missing_in_path("refund", &id))
            }
            Call::ListRefunds { page, of } => {
                let wanted = self.refunds.iter().rev().filter(|refund| of.admits(&refund.intent, &refund.charge));
                page.cut("/v1/refunds", wanted.map(|refund| (refund.id.as_str(), render::refund(refund))))
            }
            Call::GetCharge { id } => {
                let charge = self.charges.get(&id).ok_or_else(|| StripeError::missing_in_path("charge", &id))?;
                Ok(render::charge(self, charge))
            }
            Call::ListCharges { page, of } => {
                let wanted = self.charges.iter().rev().filter(|charge| of.admits(&charge.intent, &charge.id));
                page.cut("/v1/charges", wanted.map(|charge| (charge.id.as_str(), render::charge(self, charge))))
            }
            Call::OnDisputes(call) => self.perform_on_disputes(call, occasion),
            Call::CreateFile(new) => self.create_file(new, occasion),
            Call::GetFile { id } => self.get_file(&id),
            Call::GetMovement { id } => self.get_movement(&id),
            Call::ListMovements { page, source, kind } => {
                let wanted = self.movements.iter().rev().filter(|movement| {
                    source.as_deref().is_none_or(|source| source == movement.source)
                        && kind.as_deref().is_none_or(|kind| kind == movement.reason.names().0)
                });
                let shown = wanted.map(|movement| (movement.id.as_str(), render::movement(movement)));
                page.cut("/v1/balance_transactions", shown)
            }
            Call::GetBalance => Ok(render::balance(&self.terms.currency, self.balance())),
            Call::GetAccount => Ok(render::account(&self.terms.currency)),
        }
    }

    /// What became due is done. Called often.
    pub(crate) fn tick(&mut self, now: Moment) {
        let (due, later) = std::mem::take(&mut self.agenda).into_iter().partition(|(when, _)| *when <= now);
        self.agenda = later;
        let occasion = Occasion { now, cause: Cause::default() };
        let due: Vec<(Moment, Task)> = due;
        for (_, task) in due {
            match task {
                // Decided already, by a test: then this has nothing to add.
                Task::DecideDebit { intent, paid } => drop(self.settle_intent(&intent, paid, &occasion)),
                Task::OpenDispute { charge, complaint, amount } => {
                    self.open_foretold_dispute(&charge, *complaint, amount, &occasion);
                }
                // Decided already, by a test, again.
                Task::TurnDispute { dispute, what } => drop(self.turn_dispute(&dispute, what, &occasion)),
                Task::LapseDispute { dispute, due } => self.lapse_dispute(&dispute, due, &occasion),
                Task::WarnOfFraud { charge } => drop(self.warn_of_fraud(&charge, "misc", &occasion)),
                Task::BookCharge { charge } => self.book_charge_late(&charge, &occasion),
                Task::FinishRefund { refund } => self.finish_refund(&refund, &occasion),
                Task::FailRefund { refund } => self.fail_refund(&refund, &occasion),
            }
        }
    }

    /// The events since the last call, oldest first.
    pub(crate) fn take_news(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.news)
    }

    /// Oldest first.
    pub(crate) fn charges(&self) -> impl Iterator<Item = &Charge> {
        self.charges.iter()
    }

    /// Oldest first.
    pub(crate) fn refunds(&self) -> impl Iterator<Item = &Refund> {
        self.refunds.iter()
    }

    pub(crate) fn request_id(&mut self) -> String {
        self.ids.next("req_")
    }

    pub(super) fn announce(&mut self, kind: &'static str, object: Value, occasion: &Occasion) {
        let id = self.ids.next("evt_");
        self.news.push(Event { id, kind, created: occasion.now.seconds(), object, cause: occasion.cause.clone() });
    }

    pub(super) fn announce_intent(&mut self, kind: &'static str, id: &str, occasion: &Occasion) {
        let Some(object) = self.intents.get(id).map(|intent| render::intent(self, intent)) else { return };
        self.announce(kind, object, occasion);
    }

    pub(super) fn announce_charge(&mut self, kind: &'static str, id: &str, occasion: &Occasion) {
        let Some(object) = self.charges.get(id).map(|charge| render::charge(self, charge)) else { return };
        self.announce(kind, object, occasion);
    }

    pub(super) fn rendered_intent(&self, id: &str) -> Result<Value, StripeError> {
        Ok(render::intent(self, self.intent(id)?))
    }

    pub(super) fn intent(&self, id: &str) -> Result<&Intent, StripeError> {
        self.intents.get(id).ok_or_else(|| StripeError::missing_in_path("payment_intent", id))
    }

    pub(super) fn intent_mut(&mut self, id: &str) -> Result<&mut Intent, StripeError> {
        self.touched.insert(id.to_owned());
        self.intents.get_mut(id).ok_or_else(|| StripeError::missing_in_path("payment_intent", id))
    }
}

impl From<Full> for StripeError {
    fn from(Full: Full) -> Self {
        Self::internal("The sandbox is full. POST /_sandbox/reset empties it.")
    }
}

impl Event {
    /// The body of a webhook.
    pub(crate) fn body(&self, api_version: &str, pending_webhooks: usize) -> Value {
        json!({
            "id": self.id,
            "object": "event",
            "api_version": api_version,
            "created": self.created,
            "data": { "object": self.object },
            "livemode": self.object.get("livemode").and_then(Value::as_bool).unwrap_or_default(),
            "pending_webhooks": pending_webhooks,
            "request": { "id": self.cause.request_id, "idempotency_key": self.cause.idempotency_key },
            "type": self.kind,
        })
    }
}
