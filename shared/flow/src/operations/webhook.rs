//! `webhook`: applies final facts, asks for a look at the rest. One read, one write, and never a gateway call: this
//! function has no gateway key.
//!
//! What it answers with a 2xx is applied or superseded (promise P6). What it cannot place or write down it leaves to
//! the gateway, which delivers again.

mod dispute;
mod warning;

use std::time::Duration;

use domain::{
    dispute::DisputeId,
    gateway::{Mode, ObjectSnapshot, ObjectStatus, Outcome, Traced},
    id::{RowId, TransactionId, gateway_key},
    payment::{Evidence, Payment, RefundEvidence, Source},
    text::GatewayToken,
    time::Timestamp,
    warning::WarningId,
};

use crate::{
    commit::{Recorded, record, record_refund},
    ports::{
        Actor, Error, Host, LoadPayment, Note, Nudge, ReplacePayment,
        dispute::{CreateDispute, LoadDispute, ReplaceDispute},
        warning::{LoadWarning, WriteWarning},
    },
};

/// An event whose row may still be on its way is refused for so long, and the gateway delivers it again.
const ROW_MAY_COME: Duration = Duration::from_secs(3600);

/// A verified event, in no gateway's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayEvent {
    /// The gateway's id for it.
    pub id: String,
    /// When the gateway made it.
    pub created_at: Timestamp,
    /// Real money or not.
    pub mode: Mode,
    /// What it is about.
    pub subject: Subject,
}

/// What an event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "there is one for each event, and it is moved once")]
pub enum Subject {
    /// An object that bears one of our ids.
    Payment {
        /// The id it bears.
        id: TransactionId,
        /// What the event says.
        news: News,
    },
    /// A dispute; how it stands is asked for.
    Dispute {
        /// Its id.
        id: DisputeId,
    },
    /// An early fraud warning; how it stands is asked for.
    Warning {
        /// Its id.
        id: WarningId,
    },
    /// Nothing of ours, or nothing that moves a payment.
    Other,
}

/// What an event says about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// About its object.
    Object {
        /// How that stood.
        outcome: Outcome,
        /// The idempotency key of the request that made the gateway send this, if one did.
        cause_key: Option<String>,
    },
    /// About money that went back.
    Refund(RefundEvidence),
    /// That something has happened to an object, and not a word about it that is to be believed: it must be looked at.
    Look {
        /// The gateway's name for the object.
        object: GatewayToken,
        /// Whether money is said to stand on it.
        holds_money: bool,
    },
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Received {
    /// It changed a payment, or has a dispute or a warning looked at.
    Applied,
    /// It was known already, or is superseded.
    Superseded,
    /// It is not about a payment of ours.
    NotOurs,
    /// It is of the other mode.
    WrongMode,
    /// It is about another object that bears our id.
    Foreign,
    /// There is no such payment, and none is coming any more.
    NoRow,
    /// There is no such payment yet: deliver again.
    NotYet,
}

/// Takes in a verified event.
///
/// # Errors
/// If it could not be written down, or the look it asks for could not be asked for: the gateway must deliver again.
pub async fn webhook<H, S, N>(
    host: &H,
    store: &S,
    nudges: &N,
    mode: Mode,
    event: GatewayEvent,
) -> Result<Received, Error>
where
    H: Host,
    S: LoadPayment + ReplacePayment + LoadDispute + CreateDispute + ReplaceDispute + LoadWarning + WriteWarning,
    N: Nudge,
{
    if event.mode != mode {
        return Ok(Received::WrongMode);
    }
    let (id, news) = match event.subject {
        Subject::Payment { id, news } => (id, news),
        Subject::Dispute { id } => {
            return dispute::noticed(host, store, nudges, mode, id, &Actor::Webhook(event.id)).await;
        }
        Subject::Warning { id } => {
            return warning::noticed(host, store, nudges, mode, id, &Actor::Webhook(event.id)).await;
        }
        Subject::Other => return Ok(Received::NotOurs),
    };
    let Some(payment) = store.load(&id).await? else {
        let young = host.now().since(event.created_at) < ROW_MAY_COME;
        return Ok(if young { Received::NotYet } else { Received::NoRow });
    };
    let actor = Actor::Webhook(event.id);
    let recorded = match news {
        News::Object { outcome, cause_key } => {
            let cause = cause_key.and_then(|key| gateway_key::attempt_of(&key, &id));
            let evidence = Evidence { source: Source::Event { cause }, outcome };
            record(host, store, payment, Traced::untraced(evidence), &actor).await?
        }
        News::Refund(evidence) => record_refund(host, store, payment, Traced::untraced(evidence), &actor).await?,
        News::Look { object, holds_money } => {
            let evidence = Traced::untraced(hearsay(&payment, object, holds_money));
            record(host, store, payment, evidence, &actor).await?
        }
    };
    match recorded {
        Recorded::Committed(committed) => {
            let payment = committed.payment();
            // Due at once: the event proved nothing final, and somebody must look.
            if payment.due.is_some_and(|due| due <= payment.updated_at)
                && let Err(error) = nudges.nudge(&RowId::Payment(id), Duration::ZERO).await
            {
                // The row says that it is due, so the sweep will come; the event itself is written down.
                host.note(Note::NudgeLost(error));
            }
            Ok(Received::Applied)
        }
        Recorded::Nothing(_) => Ok(Received::Superseded),
        Recorded::Foreign(_) => Ok(Received::Foreign),
    }
}

/// What is only said weighs nothing on the payment's own object, which is looked at: also at its end, if money is said to have
/// moved. Of another object that bears our id nothing else will ever be heard: if money is said to stand on it, a person must
/// know.
fn hearsay(payment: &Payment, object: GatewayToken, holds_money: bool) -> Evidence {
    let amount = payment.terms.amount;
    let status = match (object == payment.object, holds_money) {
        (false, true) => ObjectStatus::Captured { received_minor_units: amount.minor_units() },
        (true, true) => ObjectStatus::Pending,
        (_, false) => ObjectStatus::AwaitsMethod,
    };
    let snapshot = ObjectSnapshot {
        reference: object,
        mode: payment.mode,
        amount_minor_units: amount.minor_units(),
        currency: Some(amount.currency()),
        status,
        charge: None,
    };
    Evidence { source: Source::Event { cause: None }, outcome: Outcome::Object(snapshot) }
}
