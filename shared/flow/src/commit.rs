//! The one way a payment changes: load → decide → commit.
//!
//! A commit is one conditional write. When somebody else was first, the row that stands is decided on anew, a bounded
//! number of times. What commits successfully yields a [`Committed`], and only that opens a gateway's door.

pub mod dispute;
pub mod warning;
pub mod webhook;

use std::time::Duration;

use domain::{
    gateway::{EvidenceKind, Hand, Outcome, RefundOutcome, Traced},
    payment::{
        Command, Decision, Disputed, Event, Evidence, Fact, Judgement, Payment, PaymentDispute, PaymentWarning,
        RefundEvidence, Rejection, Source, apply, decide, judge, judge_dispute, judge_refund, judge_warning,
    },
    text::GatewayToken,
    time::Now,
};

use crate::ports::{Actor, Cause, Error, Grounds, Host, Note, ReplacePayment, Replaced, Write, WriterToken};

/// How often a change is decided anew when others get in first. Twenty clients at one payment is far beyond real use;
/// each round has at least one winner.
pub(crate) const CONFLICTS_MAX: u32 = 24;
/// The longest pause between two tries.
const CONFLICT_PAUSE_MAX_MS: u64 = 40;

/// A payment whose row stands as it says. Made only here, by a write that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed(Payment);

impl Committed {
    /// The payment.
    #[must_use]
    pub const fn payment(&self) -> &Payment {
        &self.0
    }

    /// The payment, for good.
    #[must_use]
    pub fn into_payment(self) -> Payment {
        self.0
    }
}

/// What became of a command.
#[derive(Debug)]
pub enum Executed {
    /// It was executed, and the row says so.
    Committed(Committed),
    /// It had been executed before.
    AlreadyApplied(Payment),
    /// There was nothing to do.
    Nothing(Payment),
}

/// Why a command was not executed.
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// It may not be done as the payment stands.
    #[error("refused")]
    Rejected(Rejection, Box<Payment>),
    /// Something outside failed.
    #[error("failed")]
    Failed(#[from] Error),
}

/// What became of evidence.
#[derive(Debug)]
pub enum Recorded {
    /// It changed the payment, and the row says so.
    Committed(Committed),
    /// It changed nothing.
    Nothing(Payment),
    /// It was about another object, and did not move the payment.
    Foreign(Payment),
}

impl Recorded {
    /// The payment as it stands.
    #[must_use]
    pub fn into_payment(self) -> Payment {
        match self {
            Self::Committed(committed) => committed.into_payment(),
            Self::Nothing(payment) | Self::Foreign(payment) => payment,
        }
    }
}

/// Executes a command on a payment that was just loaded.
///
/// # Errors
/// If it is refused, or if something outside fails; in the latter case it may have been executed.
pub async fn execute<H: Host, S: ReplacePayment>(
    host: &H,
    store: &S,
    mut payment: Payment,
    command: &Command,
    actor: &Actor,
) -> Result<Executed, ExecuteError> {
    for _ in 0..CONFLICTS_MAX {
        let event = match decide(&payment, command, &host.circumstances()) {
            Ok(Decision::Execute(event)) => event,
            Ok(Decision::AlreadyApplied) => return Ok(Executed::AlreadyApplied(payment)),
            Ok(Decision::Nothing) => return Ok(Executed::Nothing(payment)),
            Err(rejection) => return Err(ExecuteError::Rejected(rejection, Box::new(payment))),
        };
        match commit(host, store, payment, &event, Grounds::default(), actor).await? {
            Ok(committed) => return Ok(Executed::Committed(committed)),
            Err(stands) => payment = stands,
        }
    }
    // Nothing was written by us: others are at work on it, and whoever asks again finds them done.
    Err(ExecuteError::Rejected(Rejection::InProgress, Box::new(payment)))
}

/// Writes down what evidence proves about a payment that was just loaded.
///
/// # Errors
/// If something outside fails; it may have been written.
pub async fn record<H: Host, S: ReplacePayment>(
    host: &H,
    store: &S,
    payment: Payment,
    evidence: Traced<Evidence>,
    actor: &Actor,
) -> Result<Recorded, Error> {
    let Traced { answer: mut evidence, request_id } = evidence;
    // How we came by it stays true, whatever it is worth once somebody else has written.
    let grounds = Grounds { evidence: Some(evidence.source.kind()), request_id: request_id.as_ref() };
    if let Outcome::Unknown(reason) = evidence.outcome {
        host.note(Note::OutcomeUnknown(reason));
    }
    let weigh = |payment: &Payment, now: &Now, is_overtaken: bool| {
        if is_overtaken {
            evidence.source = overtaken(&evidence);
        }
        judge(payment, &evidence, now)
    };
    weighed(host, store, payment, weigh, grounds, actor).await
}

/// Writes down what evidence proves about the refunds of a payment that was just loaded.
///
/// # Errors
/// If something outside fails; it may have been written.
pub async fn record_refund<H: Host, S: ReplacePayment>(
    host: &H,
    store: &S,
    payment: Payment,
    evidence: Traced<RefundEvidence>,
    actor: &Actor,
) -> Result<Recorded, Error> {
    let Traced { answer: evidence, request_id } = evidence;
    let grounds = Grounds { evidence: Some(evidence.kind()), request_id: request_id.as_ref() };
    let unknown = match &evidence {
        RefundEvidence::Unseen(reason) => Some(*reason),
        RefundEvidence::Answered { outcome: RefundOutcome::Unknown(reason), .. } => Some(*reason),
        RefundEvidence::Answered { outcome: RefundOutcome::Refund(_) | RefundOutcome::Refused { .. }, .. }
        | RefundEvidence::Seen(_)
        | RefundEvidence::Listed(_)
        | RefundEvidence::Absent { .. }
        | RefundEvidence::Hinted => None,
    };
    if let Some(reason) = unknown {
        host.note(Note::OutcomeUnknown(reason));
    }
    let mut evidence = Some(evidence);
    let weigh = |payment: &Payment, now: &Now, is_overtaken: bool| {
        if is_overtaken {
            evidence = evidence.take().and_then(overtaken_refund);
        }
        evidence.as_ref().map_or(Judgement::Nothing, |evidence| judge_refund(payment, evidence, now))
    };
    weighed(host, store, payment, weigh, grounds, actor).await
}

/// Writes down what a dispute says of itself, on the payment whose id bears what it is about.
///
/// # Errors
/// If something outside fails; it may have been written.
pub async fn record_dispute<H: Host, S: ReplacePayment>(
    host: &H,
    store: &S,
    payment: Payment,
    (dispute, disputed): (PaymentDispute, Disputed),
    actor: &Actor,
) -> Result<Recorded, Error> {
    // It bears a version of its own, so that being overtaken takes nothing from it.
    let weigh = |payment: &Payment, now: &Now, _: bool| judge_dispute(payment, &disputed, &dispute, now);
    let grounds = Grounds { evidence: Some(EvidenceKind::Dispute), request_id: None };
    weighed(host, store, payment, weigh, grounds, actor).await
}

/// Writes down what a bank says of a charge on `object`, on the payment whose id that bears.
///
/// # Errors
/// If something outside fails; it may have been written.
pub async fn record_warning<H: Host, S: ReplacePayment>(
    host: &H,
    store: &S,
    payment: Payment,
    (warning, object): (PaymentWarning, GatewayToken),
    actor: &Actor,
) -> Result<Recorded, Error> {
    // It bears a version of its own, so that being overtaken takes nothing from it.
    let weigh = |payment: &Payment, now: &Now, _: bool| judge_warning(payment, &object, &warning, now);
    let grounds = Grounds { evidence: Some(EvidenceKind::Warning), request_id: None };
    weighed(host, store, payment, weigh, grounds, actor).await
}

/// Decides, writes, and decides anew when somebody else was first: `weigh` is told that, from then on.
async fn weighed<H: Host, S: ReplacePayment>(
    host: &H,
    store: &S,
    mut payment: Payment,
    mut weigh: impl FnMut(&Payment, &Now, bool) -> Judgement,
    grounds: Grounds<'_>,
    actor: &Actor,
) -> Result<Recorded, Error> {
    for round in 0..CONFLICTS_MAX {
        let (event, is_foreign) = match weigh(&payment, &host.circumstances(), round > 0) {
            Judgement::Change(event) => (event, false),
            Judgement::Nothing => return Ok(Recorded::Nothing(payment)),
            Judgement::Foreign { holds_money, review } => {
                if round == 0 {
                    host.note(Note::ForeignObject { holds_money });
                }
                let Some(event) = review else { return Ok(Recorded::Foreign(payment)) };
                (event, true)
            }
        };
        match commit(host, store, payment, &event, grounds, actor).await? {
            Ok(committed) if is_foreign => return Ok(Recorded::Foreign(committed.into_payment())),
            Ok(committed) => return Ok(Recorded::Committed(committed)),
            Err(stands) => payment = stands,
        }
    }
    Err(Error::Contended)
}

/// What evidence is worth when somebody else has written since.
fn overtaken(evidence: &Evidence) -> Source {
    match (evidence.source, &evidence.outcome) {
        // E3: an old snapshot. It weighs what a webhook weighs: what is final still counts, anything else only asks for
        // another look.
        (Source::Fetch, _) => Source::Event { cause: None },
        // Who wrote may have sent the same request again, and not been refused.
        (Source::Attempt(number, Hand::First), Outcome::Refused { .. }) => Source::Attempt(number, Hand::Replayed),
        (source @ (Source::Attempt(..) | Source::Act(..) | Source::Event { .. }), _) => source,
    }
}

/// What evidence about refunds is worth when somebody else has written since: what is, is; what is not may be by now.
fn overtaken_refund(evidence: RefundEvidence) -> Option<RefundEvidence> {
    match evidence {
        // Who wrote may have sent the same request again, and not been refused.
        RefundEvidence::Answered { id, outcome: outcome @ RefundOutcome::Refused { .. }, .. } => {
            Some(RefundEvidence::Answered { id, hand: Hand::Replayed, outcome })
        }
        // Who wrote may have asked for a newer look.
        RefundEvidence::Listed(snapshots) => Some(RefundEvidence::Seen(snapshots)),
        RefundEvidence::Answered { .. } | RefundEvidence::Seen(_) | RefundEvidence::Hinted => Some(evidence),
        RefundEvidence::Absent { .. } | RefundEvidence::Unseen(_) => None,
    }
}

/// Writes `payment` as `event` leaves it. The inner error is the row that stands, if somebody else was first.
async fn commit<H: Host, S: ReplacePayment>(
    host: &H,
    store: &S,
    payment: Payment,
    event: &Event,
    grounds: Grounds<'_>,
    actor: &Actor,
) -> Result<Result<Committed, Payment>, Error> {
    let seen = (payment.attention, payment.refund_unknown);
    let mut after = payment;
    apply(&mut after, event);
    let cause = Cause { what: event.fact.name(), why: event.fact.why(), grounds };
    let write = Write { payment: &after, cause, actor, writer: WriterToken(host.dice()) };
    match store.replace(&write).await? {
        Replaced::Replaced => {
            // Said when it is news: a row that is looked at again and again asks each time.
            if event.review.is_some() && (after.attention, after.refund_unknown) != seen {
                host.note(Note::ReviewAsked);
            }
            if let Fact::FraudWarned(_) = event.fact {
                host.note(Note::FraudWarning);
            }
            if event.refund.is_some() {
                host.note(Note::AutomaticRefund);
            }
            Ok(Ok(Committed(after)))
        }
        Replaced::Conflict(stands) => {
            host.note(Note::Conflict);
            host.sleep(Duration::from_millis(host.dice() % CONFLICT_PAUSE_MAX_MS)).await;
            Ok(Err(*stands))
        }
    }
}
