//! The timeline: everything that ever happened to a payment, a dispute or a warning, one entry for each change.
//!
//! A change is found in the stream of the table, after it was committed, as the row before and the row after. What it was, is said
//! by comparing the two ([`EventType`]); why it was, who made it and on what evidence stands in the row itself ([`Cause`]).
//! Where money moved, the [`crate::journal`] has a row for it.

mod event_type;
mod id;
mod retention;

pub use event_type::EventType;
pub use id::{EventId, NotAnEventId, Subject};
pub use retention::Retention;

use crate::{dispute::Dispute, id::RefundId, journal::Position, payment::Payment, time::Timestamp, warning::Warning};

/// A row as it stood after a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// A payment.
    Payment(Box<Payment>),
    /// A dispute.
    Dispute(Box<Dispute>),
    /// An early fraud warning.
    Warning(Box<Warning>),
}

/// What a row says of the write that made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The word for what happened.
    pub what: String,
    /// Why, where the row itself does not tell.
    pub why: Option<String>,
    /// Who made it happen: `client:<name of the key>`, `webhook:<the gateway's event>`, `retry`.
    pub who: String,
    /// On what evidence, in the word of [`crate::gateway::EvidenceKind`]; none of what somebody wanted. A word that a later
    /// release has written is passed on as it is.
    pub evidence: Option<String>,
    /// The gateway's name for the request of ours whose answer was written down.
    pub request_id: Option<String>,
}

/// A version of a row, and what made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The row.
    pub image: Image,
    /// What made it.
    pub cause: Cause,
}

/// A change of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The row before; none if there was no row.
    pub before: Option<Version>,
    /// The row after.
    pub after: Version,
}

/// One entry of the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What changed, and which change it was.
    pub id: EventId,
    /// What kind of change it was.
    pub event_type: EventType,
    /// When.
    pub at: Timestamp,
    /// Which refunds, if it is about some.
    pub refunds: Vec<RefundId>,
    /// What made it.
    pub cause: Cause,
    /// The word for how the row stood afterwards.
    pub status: String,
    /// What money has moved until then, of a payment.
    pub position: Position,
    /// How many versions before this one have no entry, and never will have: nobody saw how they came about.
    pub unrecorded: u64,
    /// From when on it may be deleted; never, if it is kept for ever, or its row rests on it ([`Retention`]).
    pub expires_at: Option<Timestamp>,
}

/// How a row stood when it was last told of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    /// The word for it.
    pub status: String,
    /// What money had moved by then, of a payment.
    pub position: Position,
}

impl Image {
    /// What it is an image of.
    #[must_use]
    pub fn subject(&self) -> Subject {
        match self {
            Self::Payment(payment) => Subject::Payment(payment.id.clone()),
            Self::Dispute(dispute) => Subject::Dispute(dispute.id.clone()),
            Self::Warning(warning) => Subject::Warning(warning.id.clone()),
        }
    }

    /// Which version of it.
    #[must_use]
    pub const fn version(&self) -> u64 {
        match self {
            Self::Payment(payment) => payment.version,
            Self::Dispute(dispute) => dispute.version,
            Self::Warning(warning) => warning.version,
        }
    }

    /// The change that made it.
    #[must_use]
    pub fn event_id(&self) -> EventId {
        EventId::of(self.subject(), self.version())
    }

    /// When that was.
    #[must_use]
    pub const fn updated_at(&self) -> Timestamp {
        match self {
            Self::Payment(payment) => payment.updated_at,
            Self::Dispute(dispute) => dispute.updated_at,
            Self::Warning(warning) => warning.updated_at,
        }
    }

    /// When somebody must look at it again; never, if it is at rest.
    #[must_use]
    pub const fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Payment(payment) => payment.due,
            Self::Dispute(dispute) => dispute.due,
            Self::Warning(warning) => warning.due,
        }
    }

    /// What money has moved until then.
    #[must_use]
    pub fn position(&self) -> Position {
        match self {
            Self::Payment(payment) => Position::of(payment),
            // What a dispute or a warning moves, it moves on its payment.
            Self::Dispute(_) | Self::Warning(_) => Position::default(),
        }
    }

    /// The word for how it stands.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self {
            Self::Payment(payment) => payment.state.name(),
            Self::Dispute(dispute) => dispute.listed_as().map_or("unseen", |status| status.name()),
            Self::Warning(warning) => warning.standing(),
        }
    }
}

impl Change {
    /// The row before, if it is the very version before.
    #[must_use]
    pub fn predecessor(&self) -> Option<&Version> {
        let number = self.after.image.version();
        self.before.as_ref().filter(|before| before.image.version().checked_add(1) == Some(number))
    }
}

impl Entry {
    /// The entry of the change that made `after` of `before`; of nothing, if it is the first version.
    #[must_use]
    pub fn of(before: Option<&Image>, after: &Version) -> Self {
        let entry = Self::typed(event_type(before, &after.image), after);
        Self { refunds: refunds(&entry, before, &after.image), ..entry }
    }

    /// The entry of a change that nobody saw: only what came of it is known, and how the row stood when it was last told of. Of
    /// `unrecorded` versions before it not even that.
    #[must_use]
    pub fn found(after: &Version, known: Option<&Known>, unrecorded: u64) -> Self {
        let has_moved = known.is_none_or(|known| known.status != after.image.status());
        let event_type = match &after.image {
            Image::Payment(payment) if has_moved => EventType::Payment(payment.state.status()),
            Image::Payment(_) => EventType::PaymentUpdated,
            Image::Dispute(dispute) => match dispute.listed_as() {
                Some(status) if has_moved => EventType::Dispute(status),
                Some(_) => EventType::DisputeUpdated,
                None => EventType::DisputeChecked,
            },
            Image::Warning(_) => EventType::WarningChecked,
        };
        Self { unrecorded, ..Self::typed(event_type, after) }
    }

    /// The entry of a version that nobody saw and of which nothing is known, before one that was found. It is told to nobody; but where
    /// it stands, what comes late is told already.
    #[must_use]
    pub fn mark(id: EventId, at: Timestamp, known: Option<&Known>) -> Self {
        let event_type = match id.subject() {
            Subject::Payment(_) => EventType::PaymentChecked,
            Subject::Dispute(_) => EventType::DisputeChecked,
            Subject::Warning(_) => EventType::WarningChecked,
        };
        let cause = Cause {
            what: "not_recorded".to_owned(),
            why: None,
            who: "publish".to_owned(),
            evidence: None,
            request_id: None,
        };
        let Known { status, position } = known.cloned().unwrap_or_default();
        Self { id, event_type, at, refunds: Vec::new(), cause, status, position, unrecorded: 0, expires_at: None }
    }

    /// What it says of how the row stood.
    #[must_use]
    pub fn known(&self) -> Known {
        Known { status: self.status.clone(), position: self.position.clone() }
    }

    fn typed(event_type: EventType, Version { image, cause }: &Version) -> Self {
        Self {
            id: image.event_id(),
            event_type,
            at: image.updated_at(),
            refunds: Vec::new(),
            cause: cause.clone(),
            status: image.status().to_owned(),
            position: image.position(),
            unrecorded: 0,
            expires_at: None,
        }
    }
}

fn event_type(before: Option<&Image>, after: &Image) -> EventType {
    match (before, after) {
        (Some(Image::Payment(before)), Image::Payment(after)) => EventType::of_payment(Some(before), after),
        (Some(Image::Dispute(before)), Image::Dispute(after)) => EventType::of_dispute(Some(before), after),
        (Some(Image::Warning(before)), Image::Warning(after)) => EventType::of_warning(Some(before), after),
        (_, Image::Payment(after)) => EventType::of_payment(None, after),
        (_, Image::Dispute(after)) => EventType::of_dispute(None, after),
        (_, Image::Warning(after)) => EventType::of_warning(None, after),
    }
}

fn refunds(entry: &Entry, before: Option<&Image>, after: &Image) -> Vec<RefundId> {
    let is_of_a_refund = matches!(
        entry.event_type,
        EventType::RefundCreated | EventType::RefundSucceeded | EventType::RefundFailed | EventType::RefundCanceled
    );
    match (before, after) {
        (Some(Image::Payment(before)), Image::Payment(after)) if is_of_a_refund => {
            event_type::moved_refunds(before, after).map(|refund| refund.id.clone()).collect()
        }
        _ => Vec::new(),
    }
}
