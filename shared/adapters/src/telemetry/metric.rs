//! Everything that operators count and measure, and so everything that an alarm can watch.
//!
//! All metrics have one dimension, the stack: CloudWatch takes money for each combination of name and dimension, and an alarm that
//! watches one metric over all functions needs no arithmetic. Which function it was, the line itself says.

use std::time::Duration;

use domain::gateway::UnknownReason;
use flow::ports::{Error, Note};

use super::Level;

/// The metrics' namespace in CloudWatch.
pub const NAMESPACE: &str = "Quittance";
/// Their one dimension: test and live are two stacks, and may live in one account.
pub const DIMENSION: &str = "stack";

/// Something that operators count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Something outside failed.
    Failed,
    /// A panic was caught.
    Panicked,
    /// A payment was marked for a person.
    ReviewAsked,
    /// A dispute must be answered within days, and has not been.
    DisputeDeadline,
    /// A bank says that a charge may be fraud.
    FraudWarning,
    /// A refund was made by itself.
    AutomaticRefund,
    /// Money stands on another object that bears our id.
    ForeignCharge,
    /// Another object bears our id, without money.
    ForeignObject,
    /// The gateway does not take our key, or our requests.
    GatewayMisconfigured,
    /// A gateway call came to nothing known.
    OutcomeUnknown,
    /// An outcome could not be written down.
    OutcomeNotRecorded,
    /// A nudge could not be sent.
    NudgeLost,
    /// A write was overtaken and decided again.
    Conflict,
    /// Versions of a row were not told when the next one was.
    TimelineGap,
    /// A row, or an entry of an index, could not be read.
    UnreadableRow,
    /// A row was deleted, which nothing of ours does.
    RowDeleted,
    /// A part of the due index could not be read, or its rows not be nudged.
    PartitionFailed,
    /// A record of a queue was no nudge, or one of the stream could not be told: it is in a dead-letter queue, or on its way there.
    Poison,
    /// A try to deliver an event to the merchant failed.
    DeliveryFailed,
    /// An event was not delivered to the merchant, and is not tried any more.
    DeliveryExhausted,
    /// An endpoint of the merchant said that it is gone.
    EndpointGone,
    /// A webhook's signature did not fit.
    WebhookForged,
    /// A webhook was of the other mode.
    WebhookOfOtherMode,
    /// A webhook was about nothing of ours.
    WebhookNotOurs,
    /// Something looked like a card number.
    RawCardData,
    /// Something looked like a secret key.
    SecretInRequest,
    /// Whoever pays had been declined too often for another try.
    CardTesting,
    /// The brake on card testing could not count, or not read what it had counted.
    BrakeFailed,
}

impl Count {
    /// All of them.
    pub const ALL: [Self; 28] = [
        Self::Failed,
        Self::Panicked,
        Self::ReviewAsked,
        Self::DisputeDeadline,
        Self::FraudWarning,
        Self::AutomaticRefund,
        Self::ForeignCharge,
        Self::ForeignObject,
        Self::GatewayMisconfigured,
        Self::OutcomeUnknown,
        Self::OutcomeNotRecorded,
        Self::NudgeLost,
        Self::Conflict,
        Self::TimelineGap,
        Self::UnreadableRow,
        Self::RowDeleted,
        Self::PartitionFailed,
        Self::Poison,
        Self::DeliveryFailed,
        Self::DeliveryExhausted,
        Self::EndpointGone,
        Self::WebhookForged,
        Self::WebhookOfOtherMode,
        Self::WebhookNotOurs,
        Self::RawCardData,
        Self::SecretInRequest,
        Self::CardTesting,
        Self::BrakeFailed,
    ];

    /// The metric's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Panicked => "panicked",
            Self::ReviewAsked => "reviewAsked",
            Self::DisputeDeadline => "disputeDeadline",
            Self::FraudWarning => "fraudWarning",
            Self::AutomaticRefund => "automaticRefund",
            Self::ForeignCharge => "foreignCharge",
            Self::ForeignObject => "foreignObject",
            Self::GatewayMisconfigured => "gatewayMisconfigured",
            Self::OutcomeUnknown => "outcomeUnknown",
            Self::OutcomeNotRecorded => "outcomeNotRecorded",
            Self::NudgeLost => "nudgeLost",
            Self::Conflict => "conflict",
            Self::TimelineGap => "timelineGap",
            Self::UnreadableRow => "unreadableRow",
            Self::RowDeleted => "rowDeleted",
            Self::PartitionFailed => "partitionFailed",
            Self::Poison => "poison",
            Self::DeliveryFailed => "deliveryFailed",
            Self::DeliveryExhausted => "deliveryExhausted",
            Self::EndpointGone => "endpointGone",
            Self::WebhookForged => "webhookForged",
            Self::WebhookOfOtherMode => "webhookOfOtherMode",
            Self::WebhookNotOurs => "webhookNotOurs",
            Self::RawCardData => "rawCardData",
            Self::SecretInRequest => "secretInRequest",
            Self::CardTesting => "cardTesting",
            Self::BrakeFailed => "brakeFailed",
        }
    }

    /// How bad one of it is. What is an error has an alarm; a test holds that.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Failed
            | Self::Panicked
            | Self::ReviewAsked
            // Whoever is silent until the deadline has lost, whatever the merits.
            | Self::DisputeDeadline
            | Self::ForeignCharge
            // Our key being refused is not the weather: somebody must put it right.
            | Self::GatewayMisconfigured
            // After three days the merchant's system has not heard, and will not unless somebody asks for it.
            | Self::DeliveryExhausted
            // Nobody looks at such a row by itself.
            | Self::UnreadableRow => Level::Error,
            Self::ForeignObject
            // Whoever wants to hear of each can; it is the bank's business, and nothing of ours is out of order.
            | Self::FraudWarning
            | Self::OutcomeUnknown
            | Self::OutcomeNotRecorded
            | Self::NudgeLost
            // What is known of it is made good in the same moment.
            | Self::TimelineGap
            | Self::RowDeleted
            | Self::PartitionFailed
            | Self::Poison
            // There will be another try, for three days; whoever says that they are gone has said so.
            | Self::DeliveryFailed
            | Self::EndpointGone
            // Anybody can send these, as many as they like: an alarm would be theirs to ring.
            | Self::WebhookForged
            | Self::WebhookOfOtherMode
            | Self::RawCardData
            | Self::SecretInRequest
            // It does what it is there for; and where it fails, payments go on.
            | Self::CardTesting
            | Self::BrakeFailed => Level::Warn,
            // A gateway tells more than we asked to hear, and that is no fault of anybody's; nor is a crowd at one row.
            // And a refund by itself is what the merchant has asked for.
            Self::WebhookNotOurs | Self::AutomaticRefund | Self::Conflict => Level::Info,
        }
    }

    /// What a failure counts as. A row that cannot be read is no weather: asking again does not help.
    pub(super) const fn of_failure(error: &Error) -> Self {
        match error {
            Error::Unreadable { .. } => Self::UnreadableRow,
            Error::Unavailable { .. } | Error::OutOfTime | Error::Contended => Self::Failed,
        }
    }

    /// What a note of the flow counts as.
    pub(super) const fn of(note: &Note) -> Self {
        match note {
            Note::OutcomeUnknown(
                UnknownReason::Unauthorized | UnknownReason::KeyMismatch | UnknownReason::Misconfigured,
            ) => Self::GatewayMisconfigured,
            Note::OutcomeUnknown(_) => Self::OutcomeUnknown,
            Note::NudgeLost(_) => Self::NudgeLost,
            Note::OutcomeNotRecorded(_) => Self::OutcomeNotRecorded,
            Note::ForeignObject { holds_money: true } => Self::ForeignCharge,
            Note::ForeignObject { holds_money: false } => Self::ForeignObject,
            Note::ReviewAsked => Self::ReviewAsked,
            Note::DisputeDeadline(_) => Self::DisputeDeadline,
            Note::FraudWarning => Self::FraudWarning,
            Note::AutomaticRefund => Self::AutomaticRefund,
            Note::DeliveryFailed => Self::DeliveryFailed,
            Note::DeliveryExhausted => Self::DeliveryExhausted,
            Note::EndpointGone => Self::EndpointGone,
            Note::Conflict => Self::Conflict,
            Note::TimelineGap { .. } => Self::TimelineGap,
            Note::PartitionFailed(_) => Self::PartitionFailed,
            Note::CardTesting => Self::CardTesting,
            Note::BrakeFailed(_) => Self::BrakeFailed,
            Note::PapersNotOpened(error) => Self::of_failure(error),
        }
    }
}

/// Something that is measured again and again, also when there is nothing: that it is measured at all tells something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gauge {
    /// Rows that a sweep found due, deliveries apart.
    Found(usize),
    /// Deliveries that a sweep found due.
    DeliveriesFound(usize),
    /// Rows whose outcome nobody knows, due or not.
    InDoubt(usize),
    /// How long the row has been due that has been due longest.
    OldestDue(Duration),
    /// For how long payments have been opened and nothing was told.
    Untold(Duration),
    /// How many things the merchant has paused.
    Paused(usize),
}

impl Gauge {
    /// The names of all of them.
    pub const NAMES: [&'static str; 6] = [
        Self::Found(0).name(),
        Self::DeliveriesFound(0).name(),
        Self::InDoubt(0).name(),
        Self::OldestDue(Duration::ZERO).name(),
        Self::Untold(Duration::ZERO).name(),
        Self::Paused(0).name(),
    ];

    /// The metric's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found(_) => "found",
            Self::DeliveriesFound(_) => "deliveriesFound",
            Self::InDoubt(_) => "inDoubt",
            Self::OldestDue(_) => "oldestDueSeconds",
            Self::Untold(_) => "untoldSeconds",
            Self::Paused(_) => "paused",
        }
    }

    pub(super) fn value(self) -> u64 {
        match self {
            Self::Found(count) | Self::DeliveriesFound(count) | Self::InDoubt(count) | Self::Paused(count) => {
                u64::try_from(count).unwrap_or(u64::MAX)
            }
            Self::OldestDue(age) | Self::Untold(age) => age.as_secs(),
        }
    }

    /// The unit, in CloudWatch's words.
    pub(super) const fn unit(self) -> &'static str {
        match self {
            Self::Found(_) | Self::DeliveriesFound(_) | Self::InDoubt(_) | Self::Paused(_) => "Count",
            Self::OldestDue(_) | Self::Untold(_) => "Seconds",
        }
    }
}
