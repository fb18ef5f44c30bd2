//! What a campaign has been through: every fate of every call of every operation, and the rare things that must happen
//! sometimes. A simulation that never gets anywhere finds nothing, so that what never happened is a failure.
//!
//! [`AWAIT_POINTS`] lists where each operation waits for somebody outside. It is held in both directions: a point that
//! is not in the list, and one of the list that was never reached, are found alike.

mod sometimes;

use std::collections::BTreeMap;

pub use sometimes::Sometimes;

/// What is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// POST /payment/initiate
    Initiate,
    /// POST /payment/confirm
    Confirm,
    /// POST /payment/capture
    Capture,
    /// POST /payment/cancel
    Cancel,
    /// POST /payment/refund
    Refund,
    /// GET /payment/status
    Status,
    /// GET /payments
    Payments,
    /// POST /disputes/{id}/evidence
    Evidence,
    /// POST /disputes/{id}/accept
    Accept,
    /// POST /webhook
    Webhook,
    /// A message of the retry queue.
    Retry,
    /// The minute's sweep.
    Sweep,
}

/// A call to somebody outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// Reading a row.
    Load,
    /// Creating a row.
    Create,
    /// Writing down what the gateway is about to be asked.
    WriteIntent,
    /// Writing down that somebody looks.
    WriteClaim,
    /// Writing down what came of it.
    WriteOutcome,
    /// Reading a list.
    List,
    /// Reading the index of due rows.
    FindDue,
    /// Counting the index of due rows.
    CountDue,
    /// Sending a nudge.
    Nudge,
    /// Sending many nudges.
    NudgeAll,
    /// Having the gateway open an object.
    GatewayOpen,
    /// Having the gateway charge.
    GatewayConfirm,
    /// Having the gateway take what is held.
    GatewayCapture,
    /// Having the gateway cancel.
    GatewayCancel,
    /// Looking at the gateway's object.
    GatewayFetch,
    /// Having the gateway give money back.
    GatewayRefund,
    /// Looking at what the gateway gave back.
    GatewayListRefunds,
    /// Reading a dispute's row.
    LoadDispute,
    /// Creating a dispute's row.
    CreateDispute,
    /// Writing down what the gateway is about to be told, or what is put by.
    WriteDisputeIntent,
    /// Writing down that somebody looks at a dispute.
    WriteDisputeClaim,
    /// Writing down what came of it.
    WriteDisputeOutcome,
    /// Looking at the gateway's dispute.
    GatewayFetchDispute,
    /// Answering a dispute.
    GatewayAnswerDispute,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It is served, and answered.
    Applied,
    /// It never arrives.
    NotApplied,
    /// It is served, and its answer is lost.
    AnswerLost,
    /// It is served after its caller has given up.
    Late,
    /// It is turned away: too many.
    Throttled,
    /// It is answered with a failure.
    Failed,
    /// It is served, its answer is lost, and the SDK sends it again: it meets itself.
    MeetsItself,
    /// It is answered with what was so a while ago.
    Stale,
    /// A part of it is served.
    InPart,
    /// The gateway fails before it does anything, and saves this failure under the key.
    SavedFailure,
    /// The gateway fails after it did everything, and saves this failure under the key.
    SavedFailureDone,
    /// The gateway refuses it for a reason that is the client's.
    Refused,
    /// Its caller is killed before it leaves.
    KilledBefore,
    /// Its caller is killed while it is on its way; it is served all the same.
    KilledDuring,
    /// Its caller is killed once it is answered.
    KilledAfter,
}

/// Where each operation waits for somebody outside.
pub const AWAIT_POINTS: [(Operation, &[Point]); 12] = {
    use Operation::{
        Accept, Cancel, Capture, Confirm, Evidence, Initiate, Payments, Refund, Retry, Status, Sweep, Webhook,
    };
    use Point::{
        CountDue, Create, CreateDispute, FindDue, GatewayAnswerDispute, GatewayCancel, GatewayCapture, GatewayConfirm,
        GatewayFetch, GatewayFetchDispute, GatewayListRefunds, GatewayOpen, GatewayRefund, List, Load, LoadDispute,
        Nudge, NudgeAll, WriteClaim, WriteDisputeClaim, WriteDisputeIntent, WriteDisputeOutcome, WriteIntent,
        WriteOutcome,
    };
    const ANSWER: &[Point] =
        &[LoadDispute, WriteDisputeIntent, GatewayAnswerDispute, GatewayFetchDispute, WriteDisputeOutcome, Nudge];
    // Whose the papers are, the payment says.
    const EVIDENCE: &[Point] =
        &[LoadDispute, Load, WriteDisputeIntent, GatewayAnswerDispute, GatewayFetchDispute, WriteDisputeOutcome, Nudge];
    [
        (Initiate, &[GatewayOpen, Create, Load]),
        (Confirm, &[Load, WriteIntent, GatewayConfirm, WriteOutcome, Nudge]),
        (Capture, &[Load, WriteIntent, GatewayCapture, WriteOutcome, Nudge]),
        (Cancel, &[Load, WriteIntent, GatewayCancel, WriteOutcome, Nudge]),
        (Refund, &[Load, WriteIntent, GatewayRefund, WriteOutcome, Nudge]),
        (Status, &[Load]),
        (Payments, &[List]),
        (Evidence, EVIDENCE),
        (Accept, ANSWER),
        (Webhook, &[Load, WriteOutcome, LoadDispute, CreateDispute, WriteDisputeOutcome, Nudge]),
        (
            Retry,
            &[
                Load,
                WriteClaim,
                WriteIntent,
                GatewayConfirm,
                GatewayCapture,
                GatewayCancel,
                GatewayFetch,
                GatewayRefund,
                GatewayListRefunds,
                WriteOutcome,
                LoadDispute,
                WriteDisputeClaim,
                GatewayFetchDispute,
                GatewayAnswerDispute,
                WriteDisputeOutcome,
            ],
        ),
        (Sweep, &[FindDue, CountDue, NudgeAll]),
    ]
};

impl Point {
    /// Which write it is that writes this event down.
    pub(crate) fn of_write(event: &str) -> Self {
        match event {
            "attempt_started" | "act_opened" | "refund_started" => Self::WriteIntent,
            "claimed" => Self::WriteClaim,
            _ => Self::WriteOutcome,
        }
    }

    /// The same for a dispute's row.
    pub(crate) fn of_dispute_write(event: &str) -> Self {
        match event {
            "act_opened" | "evidence_drafted" => Self::WriteDisputeIntent,
            "claimed" => Self::WriteDisputeClaim,
            _ => Self::WriteDisputeOutcome,
        }
    }

    /// Whether the call has the gateway take money or give it, or opens what a payer may pay.
    pub(crate) const fn moves_money(self) -> bool {
        match self {
            Self::GatewayOpen
            | Self::GatewayConfirm
            | Self::GatewayCapture
            | Self::GatewayRefund
            | Self::GatewayAnswerDispute => true,
            Self::Load
            | Self::Create
            | Self::WriteIntent
            | Self::WriteClaim
            | Self::WriteOutcome
            | Self::List
            | Self::FindDue
            | Self::CountDue
            | Self::LoadDispute
            | Self::CreateDispute
            | Self::WriteDisputeIntent
            | Self::WriteDisputeClaim
            | Self::WriteDisputeOutcome
            | Self::Nudge
            | Self::NudgeAll
            | Self::GatewayCancel
            | Self::GatewayFetch
            | Self::GatewayListRefunds
            | Self::GatewayFetchDispute => false,
        }
    }

    /// The ways in which such a call can go wrong.
    #[must_use]
    pub const fn faults(self) -> &'static [Fate] {
        use Fate::{
            AnswerLost, Failed, InPart, Late, MeetsItself, NotApplied, Refused, SavedFailure, SavedFailureDone, Stale,
            Throttled,
        };
        match self {
            Self::Load | Self::LoadDispute => &[NotApplied, AnswerLost, Late, Throttled, Failed],
            Self::Create
            | Self::WriteIntent
            | Self::WriteClaim
            | Self::WriteOutcome
            | Self::CreateDispute
            | Self::WriteDisputeIntent
            | Self::WriteDisputeClaim
            | Self::WriteDisputeOutcome => &[NotApplied, AnswerLost, Late, Throttled, Failed, MeetsItself],
            Self::List | Self::FindDue | Self::CountDue => &[NotApplied, AnswerLost, Late, Throttled, Failed, Stale],
            Self::Nudge => &[NotApplied, AnswerLost, Late, Throttled, Failed],
            Self::NudgeAll => &[NotApplied, AnswerLost, Late, Throttled, Failed, InPart],
            Self::GatewayOpen | Self::GatewayConfirm => {
                &[NotApplied, AnswerLost, Late, Throttled, Failed, SavedFailure, SavedFailureDone, Refused]
            }
            Self::GatewayCapture | Self::GatewayRefund | Self::GatewayAnswerDispute => {
                &[NotApplied, AnswerLost, Late, Throttled, Failed, SavedFailure, SavedFailureDone, Refused]
            }
            Self::GatewayCancel => &[NotApplied, AnswerLost, Late, Throttled, Failed, SavedFailure, SavedFailureDone],
            Self::GatewayFetchDispute => &[NotApplied, AnswerLost, Late, Throttled, Failed, InPart],
            Self::GatewayFetch | Self::GatewayListRefunds => &[NotApplied, AnswerLost, Late, Throttled, Failed],
        }
    }
}

/// How often each thing happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    fates: BTreeMap<(Operation, Point, Fate), u64>,
    sometimes: BTreeMap<Sometimes, u64>,
}

impl Coverage {
    /// A call had this fate.
    pub fn saw(&mut self, operation: Operation, point: Point, fate: Fate) {
        count(self.fates.entry((operation, point, fate)).or_default(), 1);
    }

    /// It happened.
    pub fn happened(&mut self, what: Sometimes) {
        count(self.sometimes.entry(what).or_default(), 1);
    }

    /// Adds what another run saw.
    pub fn add(&mut self, other: &Self) {
        for (key, times) in &other.fates {
            count(self.fates.entry(*key).or_default(), *times);
        }
        for (what, times) in &other.sometimes {
            count(self.sometimes.entry(*what).or_default(), *times);
        }
    }

    /// Calls to somebody outside.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.fates.iter().filter(|((_, _, fate), _)| *fate != Fate::KilledAfter).map(|(_, times)| times).sum()
    }

    /// Calls that went wrong.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.fates.iter().filter(|((_, _, fate), _)| *fate != Fate::Applied).map(|(_, times)| times).sum()
    }

    /// How many (operation, await point, fate) there are, and how many of them were seen.
    #[must_use]
    pub fn cells(&self) -> (usize, usize) {
        let seen = every_cell().filter(|cell| self.fates.contains_key(cell)).count();
        (every_cell().count(), seen)
    }

    /// The cell that was seen least often, and how often: how near a campaign is to having a gap.
    #[must_use]
    pub fn rarest(&self) -> Option<((Operation, Point, Fate), u64)> {
        let times = every_cell().map(|cell| (cell, self.fates.get(&cell).copied().unwrap_or(0)));
        times.min_by_key(|(_, times)| *times)
    }

    /// How often it happened.
    #[must_use]
    pub fn times(&self, what: Sometimes) -> u64 {
        self.sometimes.get(&what).copied().unwrap_or(0)
    }

    /// What should have been seen and was not, and what was seen and should not exist.
    #[must_use]
    pub fn gaps(&self) -> Vec<String> {
        let never = every_cell().filter(|cell| !self.fates.contains_key(cell) && !is_too_rare(cell));
        let never = never.map(|(operation, point, fate)| format!("never: {operation:?} {point:?} {fate:?}"));
        let known: Vec<_> = every_cell().collect();
        let unknown = self.fates.keys().filter(|cell| !known.contains(cell));
        let unknown = unknown.map(|(operation, point, fate)| format!("not listed: {operation:?} {point:?} {fate:?}"));
        let unheard = Sometimes::ALL.iter().filter(|what| self.times(**what) == 0);
        never.chain(unknown).chain(unheard.map(|what| format!("never: {what:?}"))).collect()
    }
}

/// What a campaign of a change may miss. Small scope tries each of them.
const TOO_RARE: [(Operation, Point, Fate); 3] = [
    (Operation::Accept, Point::Nudge, Fate::KilledAfter),
    // Whoever wrote it down was killed before it was sent, and then it is refused.
    (Operation::Retry, Point::GatewayAnswerDispute, Fate::Refused),
    // An answer is lost, is sent again while nothing is paused, and just then its sender is killed.
    (Operation::Retry, Point::GatewayAnswerDispute, Fate::KilledAfter),
];

fn is_too_rare(cell: &(Operation, Point, Fate)) -> bool {
    // Only a refusal of PayPal's that is answered at once is looked at within the same request.
    TOO_RARE.contains(cell) || matches!(cell, (Operation::Evidence | Operation::Accept, Point::GatewayFetchDispute, _))
}

/// Every (operation, await point, fate) that exists.
fn every_cell() -> impl Iterator<Item = (Operation, Point, Fate)> {
    const ALWAYS: [Fate; 4] = [Fate::Applied, Fate::KilledBefore, Fate::KilledDuring, Fate::KilledAfter];
    AWAIT_POINTS.into_iter().flat_map(|(operation, points)| {
        points
            .iter()
            .flat_map(move |point| ALWAYS.iter().chain(point.faults()).map(move |fate| (operation, *point, *fate)))
    })
}

fn count(counter: &mut u64, times: u64) {
    *counter = counter.saturating_add(times);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_never_seen_and_what_does_not_exist_are_both_gaps() {
        let mut coverage = Coverage::default();
        for (operation, point, fate) in every_cell() {
            coverage.saw(operation, point, fate);
        }
        Sometimes::ALL.into_iter().for_each(|what| coverage.happened(what));
        assert_eq!(coverage.gaps(), Vec::<String>::new());
        coverage.saw(Operation::Status, Point::Nudge, Fate::Applied);
        assert_eq!(coverage.gaps(), ["not listed: Status Nudge Applied"]);
        assert!(Coverage::default().gaps().contains(&"never: Confirm GatewayConfirm KilledDuring".to_owned()));
        assert!(Coverage::default().gaps().contains(&"never: LateCharge".to_owned()));
    }
}
