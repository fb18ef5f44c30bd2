//! The alarms before a deadline. Whoever does not answer in time loses, whatever the merits.

use std::time::Duration;

use super::{ActProgress, Dispute, Status};
use crate::time::Timestamp;

/// An alarm, from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reminder {
    /// Seven days are left.
    Week,
    /// Three days are left.
    ThreeDays,
    /// One day is left.
    Day,
}

const DAY: Duration = Duration::from_secs(24 * 3600);

impl Reminder {
    /// All alarms, the first one first.
    pub const ALL: [Self; 3] = [Self::Week, Self::ThreeDays, Self::Day];

    /// The word for it in rows and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Week => "7d",
            Self::ThreeDays => "3d",
            Self::Day => "1d",
        }
    }

    /// How long before the deadline it is raised.
    #[must_use]
    pub const fn before(self) -> Duration {
        match self {
            Self::Week => DAY.saturating_mul(7),
            Self::ThreeDays => DAY.saturating_mul(3),
            Self::Day => DAY,
        }
    }

    fn is_due(self, by: Timestamp, at: Timestamp) -> bool {
        at.plus(self.before()) >= by
    }
}

impl Dispute {
    /// The alarm that must be raised now: the last one whose moment has come, unless it was raised. One that comes after
    /// it makes those before it needless. Once the deadline is over there is nothing to hurry for.
    #[must_use]
    pub fn reminder_due(&self, at: Timestamp) -> Option<Reminder> {
        let by = self.awaited_by()?;
        let latest = Reminder::ALL.into_iter().rev().find(|reminder| reminder.is_due(by, at))?;
        (at < by && self.reminded.is_none_or(|raised| raised < latest)).then_some(latest)
    }

    /// When the next alarm falls due.
    #[must_use]
    pub(super) fn next_reminder(&self, at: Timestamp) -> Option<Timestamp> {
        if self.reminder_due(at).is_some() {
            return Some(at);
        }
        let by = self.awaited_by()?;
        let next = Reminder::ALL.into_iter().find(|reminder| !reminder.is_due(by, at))?;
        Some(before(by, next.before()))
    }

    /// The deadline of an answer that the gateway does not have: one of which nobody knows what came of it may be none.
    #[must_use]
    pub(super) fn awaited_by(&self) -> Option<Timestamp> {
        let known = self.known.as_ref()?;
        if self.open_act().is_some_and(|act| act.progress == ActProgress::Taken) {
            return None;
        }
        match known.standing.map(|standing| standing.status) {
            // Whose turn it is may be anybody's where nobody knows the gateway's word for it.
            None | Some(Status::NeedsResponse) => known.due_by,
            Some(Status::UnderReview | Status::Won | Status::Lost | Status::Prevented | Status::Closed) => None,
        }
    }
}

fn before(moment: Timestamp, duration: Duration) -> Timestamp {
    let ms = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_unix_ms(moment.unix_ms().saturating_sub(ms))
}
