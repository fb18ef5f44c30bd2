//! What lies outside, as traits. One per capability, so that an operation's signature says what it may do.
//! No method has a default: a port that lies by omission is found by the compiler.

mod actor;
pub mod brake;
pub mod dispute;
pub mod pause;
pub mod personal;
pub mod timeline;
pub mod warning;
pub mod webhook;

pub use actor::Actor;

use std::{future::Future, time::Duration};

use domain::{
    dispute::{Dispute, Reminder},
    gateway::{
        Answer, EvidenceKind, Gateway as GatewayName, OpenedObject, Outcome, RefundAnswer, RefundSnapshot, RequestId,
        Traced, UnknownReason,
    },
    id::{AttemptNumber, RefundId, RequestHash, RowId, TransactionId},
    money::Money,
    payment::{Payment, Terms},
    policy::Policy,
    schedule::Limits,
    text::Text,
    time::{Day, Now, Timestamp},
};

use crate::commit::Committed;

/// The machine we run on: time, dice, and somebody to tell.
pub trait Host: Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// A uniformly random number.
    fn dice(&self) -> u64;
    /// Waits.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
    /// The time limits of this stack.
    fn limits(&self) -> Limits;
    /// What the merchant has us do by ourselves.
    fn policy(&self) -> Policy;
    /// How long a gateway call that is made now may take, so that there is time to write down what came of it.
    fn gateway_budget(&self) -> Duration;
    /// Takes note of something that operators count.
    fn note(&self, note: Note);

    /// The circumstances of a decision taken now.
    fn circumstances(&self) -> Now {
        Now { at: self.now(), limits: self.limits(), policy: self.policy(), dice: self.dice() }
    }
}

/// Something that operators count. Each is one field of the request's log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A gateway call came to nothing known.
    OutcomeUnknown(UnknownReason),
    /// A nudge could not be sent; the row's `due` stands in for it.
    NudgeLost(Error),
    /// The outcome could not be written down; the row's `due` takes over.
    OutcomeNotRecorded(Error),
    /// Another object bears our id. If money stands on it, somebody must reconcile.
    ForeignObject {
        /// Whether money stands on it.
        holds_money: bool,
    },
    /// A person was asked to look at a payment.
    ReviewAsked,
    /// A dispute must be answered soon.
    DisputeDeadline(Reminder),
    /// A bank says that a charge may be fraud.
    FraudWarning,
    /// A refund was made that nobody asked for, because the merchant's settings say so.
    AutomaticRefund,
    /// A try to deliver an event failed; there will be another.
    DeliveryFailed,
    /// An event was not delivered, and is not tried any more.
    DeliveryExhausted,
    /// An endpoint said that it is gone, and is sent nothing any more.
    EndpointGone,
    /// A write was overtaken by another and decided again.
    Conflict,
    /// Versions of a row were not told when the next one was; as much of them was made good as is known.
    TimelineGap {
        /// How many.
        missing: u64,
    },
    /// A part of the due index could not be read, or its rows not be nudged; the next sweep finds them again.
    PartitionFailed(Error),
    /// Whoever pays has been declined so often that nothing more was tried.
    CardTesting,
    /// What is brought forward in a dispute could not be opened; nothing was sent or shown of it this time.
    PapersNotOpened(Error),
    /// A decline could not be counted, or it could not be seen how many there were; the payment went on without.
    BrakeFailed(Error),
}

/// An outside thing failed us. What was asked may or may not have been done, unless the operation says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It did not answer, or said that it cannot now.
    #[error("{dependency} is not available: {detail}")]
    Unavailable {
        /// Who.
        dependency: Dependency,
        /// What it said, without data.
        detail: String,
    },
    /// What is stored cannot be read.
    #[error("the stored row cannot be read: {detail}")]
    Unreadable {
        /// Where it breaks, without data.
        detail: String,
    },
    /// There is not enough time left to begin something, a gateway call or a change that is to be told, and end it in order.
    #[error("there is no time left")]
    OutOfTime,
    /// Others changed the row each time we tried.
    #[error("the payment was changed by others each time")]
    Contended,
}

/// Who failed us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dependency {
    /// The table.
    Store,
    /// The queue.
    Queue,
    /// The secrets.
    Secrets,
    /// The merchant's event bus.
    Bus,
    /// The service that knows people's keys.
    Keys,
}

impl std::fmt::Display for Dependency {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Store => "the store",
            Self::Queue => "the queue",
            Self::Secrets => "the secret store",
            Self::Bus => "the event bus",
            Self::Keys => "the key service",
        })
    }
}

/// Reads a payment.
pub trait LoadPayment: Sync {
    /// The payment as it stands: strongly consistent.
    fn load(&self, id: &TransactionId) -> impl Future<Output = Result<Option<Payment>, Error>> + Send;
}

/// Creates payments.
pub trait CreatePayment: Sync {
    /// Writes the row if there is none of its id.
    fn create(&self, write: &Write<'_>) -> impl Future<Output = Result<Created, Error>> + Send;
}

/// What became of a create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// It is there now.
    Created,
    /// It was there before; this is it.
    Exists(Box<Payment>),
}

/// Changes payments. Only [`crate::commit`] calls it.
pub trait ReplacePayment: Sync {
    /// Writes the row if the stored one is of the version before it, or if the stored one is this very write: the
    /// adapter recognises by `writer` a write of ours that an SDK's own retry made collide with itself.
    fn replace(&self, write: &Write<'_>) -> impl Future<Output = Result<Replaced, Error>> + Send;
}

/// What became of a replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// It is written.
    Replaced,
    /// Somebody else was first; this is what stands.
    Conflict(Box<Payment>),
}

/// A row to write, and what made us write it.
#[derive(Debug, Clone, Copy)]
pub struct Write<'a> {
    /// The row as it shall stand.
    pub payment: &'a Payment,
    /// What happened, why, and on what evidence.
    pub cause: Cause<'a>,
    /// Who made it happen.
    pub actor: &'a Actor,
    /// Names this very write.
    pub writer: WriterToken,
}

/// What made us write a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cause<'a> {
    /// The word for what happened.
    pub what: &'a str,
    /// Why it happened, where the row itself does not tell.
    pub why: Option<&'a str>,
    /// What it rests on.
    pub grounds: Grounds<'a>,
}

/// What a change rests on: nothing, if somebody wanted it. It is for people to read, and decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Grounds<'a> {
    /// The kind of evidence.
    pub evidence: Option<EvidenceKind>,
    /// The gateway's name for the request of ours that the evidence answers.
    pub request_id: Option<&'a RequestId>,
}

impl<'a> Cause<'a> {
    /// What the word alone says: it needs no reason, and rests on nothing.
    #[must_use]
    pub const fn of(what: &'a str) -> Self {
        Self { what, why: None, grounds: Grounds { evidence: None, request_id: None } }
    }
}

/// Names one write among all writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WriterToken(pub u64);

/// Finds rows that somebody must look at. A hint: the index lags behind the rows.
pub trait FindDue: Sync {
    /// The rows of one partition whose `due` lies in `window`, longest due first, at most `limit`, from `after` on.
    fn find_due(
        &self,
        partition: DuePartition,
        window: DueWindow,
        after: Option<DuePlace>,
        limit: u32,
    ) -> impl Future<Output = Result<DuePage, Error>> + Send;

    /// How many rows a partition holds, due or not. Of a very large one only the beginning is counted.
    fn count(&self, partition: DuePartition) -> impl Future<Output = Result<usize, Error>> + Send;
}

/// One partition of the index of due rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DuePartition {
    /// What its rows wait for.
    pub urgency: Urgency,
    /// Which of several it is.
    pub shard: u32,
}

/// What a row that is due waits for. Each kind lies apart, so that doubts are looked at first and can be counted, and no merchant's server
/// that is down hides a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Something of ours is under way whose outcome nobody knows.
    Doubt,
    /// A look, now and then: a payer, a gateway or a date is waited for.
    Look,
    /// A try to deliver an event to the merchant.
    Delivery,
}

impl DuePartition {
    /// Into how many shards the rows of one urgency are cut, so that none is hot.
    pub const SHARDS: u32 = 8;

    /// The partitions of one urgency.
    pub fn of(urgency: Urgency) -> impl Iterator<Item = Self> {
        (0..Self::SHARDS).map(move |shard| Self { urgency, shard })
    }
}

impl Urgency {
    /// How urgent it is to look at `payment` when it is due.
    #[must_use]
    pub fn of(payment: &Payment) -> Self {
        if payment.is_in_doubt() { Self::Doubt } else { Self::Look }
    }

    /// How urgent it is to look at `dispute` when it is due.
    #[must_use]
    pub fn of_dispute(dispute: &Dispute) -> Self {
        if dispute.is_in_doubt() { Self::Doubt } else { Self::Look }
    }
}

/// A span of time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueWindow {
    /// Its beginning.
    pub from: Timestamp,
    /// Its end.
    pub until: Timestamp,
}

/// Some rows that are due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DuePage {
    /// They.
    pub rows: Vec<DuePlace>,
    /// Where to go on, if there may be more.
    pub next: Option<DuePlace>,
    /// Entries that could not be read and were passed over, so that one broken row does not hide the others.
    pub unreadable: usize,
}

/// A row's place in the index of due rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DuePlace {
    /// When it is due.
    pub due: Timestamp,
    /// Its id.
    pub id: RowId,
}

/// Lists payments.
pub trait ListPayments: Sync {
    /// Payments of a list, newest first, at most `limit`, from `after` on. Which rows there are is a hint, for the index
    /// lags; each row is shown as it stands.
    fn list(
        &self,
        listing: &Listing,
        after: Option<&ListPlace>,
        limit: u32,
    ) -> impl Future<Output = Result<ListPage, Error>> + Send;
}

/// A list of payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// Those that were opened on a day.
    Day(Day),
    /// Those that the merchant called so.
    Reference(Text<100>),
}

/// A payment's place in a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListPlace {
    /// When it was opened.
    pub created_at: Timestamp,
    /// Its id.
    pub id: TransactionId,
}

impl ListPlace {
    /// Where `payment` stands in every list.
    #[must_use]
    pub fn of(payment: &Payment) -> Self {
        Self { created_at: payment.created_at, id: payment.id.clone() }
    }
}

/// Some payments of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListPage {
    /// They.
    pub payments: Vec<Payment>,
    /// Where to go on, if there may be more.
    pub next: Option<ListPlace>,
    /// Rows that could not be read and were passed over.
    pub unreadable: usize,
}

/// Sends nudges: "look at this row". A nudge carries no state, and may be lost, doubled or late.
pub trait Nudge: Sync {
    /// Nudges one row after `delay`.
    fn nudge(&self, id: &RowId, delay: Duration) -> impl Future<Output = Result<(), Error>> + Send;
    /// Nudges many rows at once, and says how many were taken.
    fn nudge_all(&self, ids: &[RowId]) -> impl Future<Output = Result<usize, Error>> + Send;
}

/// The gateways: each call goes to the one that the payment is at. What moves money takes a [`Committed`], which only a commit can make: charging before saving does not
/// compile. Every call keeps within its budget and answers with a value, however little that is, and with the gateway's name for the
/// request that it answers; there is no error to forget.
pub trait Gateway: Sync {
    /// The version of Stripe's API that requests are written for. PayPal's stands in its paths.
    fn api_version(&self) -> &'static str;

    /// Whether that gateway can express this amount. Asked before anything is sent.
    ///
    /// # Errors
    /// Why it cannot.
    fn accepts(&self, gateway: GatewayName, amount: Money) -> Result<(), AmountRefusal>;

    /// Opens an object on which no money can move yet.
    fn open(&self, request: &OpenRequest<'_>, budget: Duration) -> impl Future<Output = Traced<OpenOutcome>> + Send;

    /// Sends the committed payment's attempt: always the same bytes under the same key.
    fn confirm(
        &self,
        committed: &Committed,
        attempt: AttemptNumber,
        budget: Duration,
    ) -> impl Future<Output = Traced<Answer>> + Send;

    /// Asks for the committed payment's open capture.
    fn capture(&self, committed: &Committed, budget: Duration) -> impl Future<Output = Traced<Answer>> + Send;

    /// Asks to cancel the committed payment's object. Idempotent by nature, so each try has a key of its own.
    fn cancel(
        &self,
        committed: &Committed,
        fresh: u64,
        budget: Duration,
    ) -> impl Future<Output = Traced<Answer>> + Send;

    /// Asks for one of the committed payment's refunds: always the same bytes under the same key.
    fn refund(
        &self,
        committed: &Committed,
        refund: &RefundId,
        budget: Duration,
    ) -> impl Future<Output = Traced<RefundAnswer>> + Send;

    /// All refunds of the payment's object, whoever made them.
    fn refunds(
        &self,
        payment: &Payment,
        budget: Duration,
    ) -> impl Future<Output = Traced<Result<Vec<RefundSnapshot>, UnknownReason>>> + Send;

    /// Looks at the payment's object.
    fn fetch(&self, payment: &Payment, budget: Duration) -> impl Future<Output = Traced<Outcome>> + Send;
}

/// What a new object is opened for.
#[derive(Debug, Clone, Copy)]
pub struct OpenRequest<'a> {
    /// The id it shall bear.
    pub id: &'a TransactionId,
    /// Where.
    pub gateway: GatewayName,
    /// What it is for.
    pub terms: &'a Terms,
    /// The request's hash.
    pub request_hash: RequestHash,
    /// Which fresh start this is, from 1: after a saved 5xx the next key is taken.
    pub round: u32,
}

/// What opening came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenOutcome {
    /// It is open.
    Opened(Box<OpenedObject>),
    /// The gateway repeats a failure it has saved under this key: take the next one.
    SavedFailure,
    /// The gateway has seen this key with another request.
    KeyMismatch,
    /// The gateway will not have these terms.
    Refused {
        /// Its code.
        code: String,
        /// The field of our client's request that it is about, as a JSON pointer.
        field: Option<&'static str>,
    },
    /// Nobody knows; whatever was opened is inert.
    Unknown(UnknownReason),
}

/// Why a gateway cannot express an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountRefusal {
    /// It does not have the currency.
    #[error("is not a currency that this gateway takes")]
    CurrencyNotSupported,
    /// More than it can write.
    #[error("is more than this gateway takes at once")]
    TooLarge,
    /// The gateway cannot express the last digits.
    #[error("must be a multiple of {multiple} minor units at this gateway")]
    NotAMultiple {
        /// Of what.
        multiple: i64,
    },
}
