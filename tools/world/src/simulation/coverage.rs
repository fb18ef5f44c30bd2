//! What a campaign has been through: every fate of every call of every operation, and the rare things that must happen
//! sometimes. A simulation that never gets anywhere finds nothing, so that what never happened is a failure.
//!
//! [`AWAIT_POINTS`] lists where each operation waits for somebody outside. It is held in both directions: a point that
//! is not in the list, and one of the list that was never reached, are found alike.

use std::collections::BTreeMap;

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
pub const AWAIT_POINTS: [(Operation, &[Point]); 10] = {
    use Operation::{Cancel, Capture, Confirm, Initiate, Payments, Refund, Retry, Status, Sweep, Webhook};
    use Point::{
        CountDue, Create, FindDue, GatewayCancel, GatewayCapture, GatewayConfirm, GatewayFetch, GatewayListRefunds,
        GatewayOpen, GatewayRefund, List, Load, Nudge, NudgeAll, WriteClaim, WriteIntent, WriteOutcome,
    };
    [
        (Initiate, &[GatewayOpen, Create, Load]),
        (Confirm, &[Load, WriteIntent, GatewayConfirm, WriteOutcome, Nudge]),
        (Capture, &[Load, WriteIntent, GatewayCapture, WriteOutcome, Nudge]),
        (Cancel, &[Load, WriteIntent, GatewayCancel, WriteOutcome, Nudge]),
        (Refund, &[Load, WriteIntent, GatewayRefund, WriteOutcome, Nudge]),
        (Status, &[Load]),
        (Payments, &[List]),
        (Webhook, &[Load, WriteOutcome, Nudge]),
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

    /// The ways in which such a call can go wrong.
    #[must_use]
    pub const fn faults(self) -> &'static [Fate] {
        use Fate::{
            AnswerLost, Failed, InPart, Late, MeetsItself, NotApplied, Refused, SavedFailure, SavedFailureDone, Stale,
            Throttled,
        };
        match self {
            Self::Load => &[NotApplied, AnswerLost, Late, Throttled, Failed],
            Self::Create | Self::WriteIntent | Self::WriteClaim | Self::WriteOutcome => {
                &[NotApplied, AnswerLost, Late, Throttled, Failed, MeetsItself]
            }
            Self::List | Self::FindDue | Self::CountDue => &[NotApplied, AnswerLost, Late, Throttled, Failed, Stale],
            Self::Nudge => &[NotApplied, AnswerLost, Late, Throttled, Failed],
            Self::NudgeAll => &[NotApplied, AnswerLost, Late, Throttled, Failed, InPart],
            Self::GatewayOpen | Self::GatewayConfirm => {
                &[NotApplied, AnswerLost, Late, Throttled, Failed, SavedFailure, SavedFailureDone, Refused]
            }
            Self::GatewayCapture | Self::GatewayRefund => {
                &[NotApplied, AnswerLost, Late, Throttled, Failed, SavedFailure, SavedFailureDone, Refused]
            }
            Self::GatewayCancel => &[NotApplied, AnswerLost, Late, Throttled, Failed, SavedFailure, SavedFailureDone],
            Self::GatewayFetch | Self::GatewayListRefunds => &[NotApplied, AnswerLost, Late, Throttled, Failed],
        }
    }
}

/// What must happen sometimes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sometimes {
    /// A charge is made by a request whose sender had given up.
    LateCharge,
    /// A write that arrives late goes through.
    LateWriteThatLands,
    /// A write that arrives late finds that somebody else was first.
    LateWriteThatIsOvertaken,
    /// A write meets itself and is recognised.
    SelfConflict,
    /// A write is overtaken by another and decided again.
    Conflict,
    /// The sweep is shown an index that lags behind the rows.
    StaleIndex,
    /// An unanswered attempt is found whose key has died.
    DeadKey,
    /// An open capture is found whose key has died.
    DeadCaptureKey,
    /// Somebody is shown a list that does not know of a payment yet.
    StaleList,
    /// A function goes on after its caller gave up, and writes.
    ZombieWriter,
    /// Money moves after the payment had ended otherwise: the row becomes `succeeded`.
    LateSuccess,
    /// A function is killed between writing down what it is about to ask and asking it.
    KilledBetweenCommitAndCall,
    /// A function is killed between the gateway's answer and writing it down.
    KilledBetweenCallAndCommit,
    /// A function runs out of its time.
    OutOfTime,
    /// A message comes back from the dead-letter queue, days later.
    RedriveAfterDays,
    /// A message is received twice.
    DoubledMessage,
    /// Several messages come in one invocation.
    Batch,
    /// Such an invocation is killed, or out of time, and all of them come back.
    BatchKilled,
    /// Some of them come back and others do not.
    BatchInPart,
    /// A webhook is never delivered.
    LostWebhook,
    /// A webhook is delivered twice.
    DoubledWebhook,
    /// A webhook arrives an hour or more after what it tells.
    LateWebhook,
    /// A webhook is delivered again because it was not taken.
    RedeliveredWebhook,
    /// An event of the other mode arrives.
    EventOfOtherMode,
    /// An event about another object that bears the payment's id arrives.
    ForeignObject,
    /// The gateway repeats an answer.
    ReplayedAnswer,
    /// The gateway repeats a failure it has saved.
    ReplayedFailure,
    /// A client's request is answered as a replay.
    ReplayedRequest,
    /// A key is used with another body, and refused.
    ReusedKey,
    /// A browser confirms by itself.
    BrowserConfirm,
    /// A payer approves an order.
    OrderApproved,
    /// What was approved is charged without its client.
    AutomaticConfirm,
    /// An order's payment ends while a request on it might still arrive, and is watched.
    WatchedEnd,
    /// A payer is asked to authenticate.
    Challenge,
    /// A bank takes its time.
    SlowBank,
    /// A charge is declined.
    Decline,
    /// A declined charge is tried again by Quittance itself.
    Reattempt,
    /// A payment is given up because no try can help.
    GivenUp,
    /// A cancel loses its race against a charge.
    ChargeBeatsCancel,
    /// A payment expires.
    Expired,
    /// A function's clock goes backwards.
    ClockBackwards,
    /// A function's clock is ahead of the others.
    ClockAhead,
    /// A new release is deployed while requests of the old one are on their way.
    Deploy,
    /// A row that the release before wrote is written anew by the present one.
    RowOfTheReleaseBefore,
    /// A doubt is found where the release before put all that is due.
    DoubtInAnOldPartition,
    /// The same request is made at the same time by two.
    TwoAtOnce,
    /// A person is called.
    PersonCalled,
    /// The sweep does not run for half a day or more.
    LongOutage,
    /// A payment is paid.
    Paid,
    /// Of what is held, a part is taken.
    TakenInPart,
    /// A payment is refunded.
    Refunded,
    /// A payment is refunded in part.
    RefundedInPart,
    /// A refund is sent again, for the gateway does not have it.
    RefundSentAgain,
    /// A refund whose answer was lost is found at the gateway.
    RefundFound,
    /// A refund fails at once.
    RefundFails,
    /// A refund that had succeeded fails after all.
    RefundFailsLater,
    /// A refund takes its time.
    RefundPending,
    /// A refund of which nobody heard is not there, and its key has died.
    DeadRefundKey,
    /// The dashboard refunds.
    DashboardRefund,
    /// Money that came too late goes back by itself.
    RefundedByItself,
}

impl Sometimes {
    /// All of them.
    pub const ALL: [Self; 60] = [
        Self::LateCharge,
        Self::LateWriteThatLands,
        Self::LateWriteThatIsOvertaken,
        Self::SelfConflict,
        Self::Conflict,
        Self::StaleIndex,
        Self::StaleList,
        Self::DeadKey,
        Self::DeadCaptureKey,
        Self::ZombieWriter,
        Self::LateSuccess,
        Self::KilledBetweenCommitAndCall,
        Self::KilledBetweenCallAndCommit,
        Self::OutOfTime,
        Self::RedriveAfterDays,
        Self::DoubledMessage,
        Self::Batch,
        Self::BatchKilled,
        Self::BatchInPart,
        Self::LostWebhook,
        Self::DoubledWebhook,
        Self::LateWebhook,
        Self::RedeliveredWebhook,
        Self::EventOfOtherMode,
        Self::ForeignObject,
        Self::ReplayedAnswer,
        Self::ReplayedFailure,
        Self::ReplayedRequest,
        Self::ReusedKey,
        Self::BrowserConfirm,
        Self::OrderApproved,
        Self::AutomaticConfirm,
        Self::WatchedEnd,
        Self::Challenge,
        Self::SlowBank,
        Self::Decline,
        Self::Reattempt,
        Self::GivenUp,
        Self::ChargeBeatsCancel,
        Self::Expired,
        Self::ClockBackwards,
        Self::ClockAhead,
        Self::Deploy,
        Self::RowOfTheReleaseBefore,
        Self::DoubtInAnOldPartition,
        Self::TwoAtOnce,
        Self::PersonCalled,
        Self::LongOutage,
        Self::Paid,
        Self::TakenInPart,
        Self::Refunded,
        Self::RefundedInPart,
        Self::RefundSentAgain,
        Self::RefundFound,
        Self::RefundFails,
        Self::RefundFailsLater,
        Self::RefundPending,
        Self::DeadRefundKey,
        Self::DashboardRefund,
        Self::RefundedByItself,
    ];
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
        let never = every_cell().filter(|cell| !self.fates.contains_key(cell));
        let never = never.map(|(operation, point, fate)| format!("never: {operation:?} {point:?} {fate:?}"));
        let known: Vec<_> = every_cell().collect();
        let unknown = self.fates.keys().filter(|cell| !known.contains(cell));
        let unknown = unknown.map(|(operation, point, fate)| format!("not listed: {operation:?} {point:?} {fate:?}"));
        let unheard = Sometimes::ALL.iter().filter(|what| self.times(**what) == 0);
        never.chain(unknown).chain(unheard.map(|what| format!("never: {what:?}"))).collect()
    }
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
