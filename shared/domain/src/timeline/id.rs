//! What a change is called: by the row that changed, and by the version that it made of it.

use std::fmt;

use crate::{dispute::DisputeId, id::TransactionId, warning::WarningId};

/// A row whose changes are told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A payment.
    Payment(TransactionId),
    /// A dispute.
    Dispute(DisputeId),
    /// An early fraud warning.
    Warning(WarningId),
}

/// The public id of an event: `evt_`, the id of what changed, and the version that the change made of it. Nobody has to remember
/// what was told under which id: a change that is told again is told under the same one, and no two changes share one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EventId {
    text: String,
    subject: Subject,
    version: u64,
}

/// Why a text is no event's id. The sentence completes "`<field>` …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an event id: `evt_`, the id of what changed, `_`, and its version")]
pub struct NotAnEventId;

const PREFIX: &str = "evt_";

impl Subject {
    /// Reads an id that somebody else wrote; none if it is not one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        // No two kinds of ids begin alike.
        let payment = TransactionId::parse(text).ok().map(Self::Payment);
        let dispute = || DisputeId::parse(text).ok().map(Self::Dispute);
        payment.or_else(dispute).or_else(|| WarningId::parse(text).ok().map(Self::Warning))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Payment(id) => id.as_str(),
            Self::Dispute(id) => id.as_str(),
            Self::Warning(id) => id.as_str(),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl EventId {
    /// The id of the change that made `version` of `subject`.
    #[must_use]
    pub fn of(subject: Subject, version: u64) -> Self {
        Self { text: format!("{PREFIX}{subject}_{version}"), subject, version }
    }

    /// Reads an id that somebody else wrote.
    ///
    /// # Errors
    /// If it cannot be one of ours.
    pub fn parse(text: &str) -> Result<Self, NotAnEventId> {
        let (subject, version) =
            text.strip_prefix(PREFIX).and_then(|rest| rest.rsplit_once('_')).ok_or(NotAnEventId)?;
        let subject = Subject::parse(subject).ok_or(NotAnEventId)?;
        let id = Self::of(subject, version.parse().map_err(|_| NotAnEventId)?);
        // `07` and `+7` are other ways to write a number, and would be other names for one event.
        if id.version > 0 && id.text == text { Ok(id) } else { Err(NotAnEventId) }
    }

    /// The id as text: letters, digits, `_` and `-`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What changed.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The version that the change made of it. Versions of one subject are counted from 1 without a gap.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }
}

impl Ord for EventId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.subject, self.version).cmp(&(&other.subject, other.version))
    }
}

impl PartialOrd for EventId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_id_says_what_changed_and_how_often_it_had_changed() {
        for (text, version) in [
            ("evt_pay_srgsc5zsbqycrakmfcc3opqd6l_7", 7),
            ("evt_dsp_paypal_PP-D-10001_1", 1),
            ("evt_dsp_stripe_du_1Pgc_12_340", 340),
            ("evt_wrn_stripe_issfr_1Ab_2", 2),
        ] {
            let id = EventId::parse(text).unwrap();
            assert_eq!((id.as_str(), id.version()), (text, version));
            assert_eq!(EventId::of(id.subject().clone(), version), id);
        }
    }

    #[test]
    fn what_is_not_an_event_id_of_ours_is_not_read_as_one() {
        for text in [
            "",
            "evt_",
            "evt_1NGT",
            "pay_srgsc5zsbqycrakmfcc3opqd6l_7",
            "evt_pay_srgsc5zsbqycrakmfcc3opqd6l",
            "evt_pay_srgsc5zsbqycrakmfcc3opqd6l_",
            "evt_pay_srgsc5zsbqycrakmfcc3opqd6l_0",
            "evt_pay_srgsc5zsbqycrakmfcc3opqd6l_07",
            "evt_pay_srgsc5zsbqycrakmfcc3opqd6l_+7",
            "evt_pay_srgsc5zsbqycrakmfcc3opqd6l_-7",
            "evt_pay_srgsc5zsbqycrakmfcc3opqd6l_18446744073709551616",
        ] {
            assert_eq!(EventId::parse(text), Err(NotAnEventId), "{text}");
        }
    }
}
