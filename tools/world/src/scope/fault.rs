//! What can become of a call to somebody outside: each fate of the simulation's list, in each way in which it can be had.

use domain::gateway::UnknownReason;

use crate::{
    gateway::mishaps::{NOT_SERVED, UNHEARD},
    simulation::coverage::{Fate, Point},
};

/// A fate, and how it is had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What becomes of the call.
    pub fate: Fate,
    /// In which way, where there are several.
    pub how: How,
}

/// In which way a call has its fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// There is only one.
    Plainly,
    /// The caller sees this.
    Seen(UnknownReason),
    /// It is served when so many steps have ended since.
    After(u32),
}

/// When something arrives that nobody waits for: while nothing else has happened, or when others have acted since.
const LATE: [u32; 3] = [1, 2, 3];
/// What happens to calls of every kind: they are doubled on their way, and their caller is killed.
const ALWAYS: [Fate; 4] = [Fate::MeetsItself, Fate::KilledBefore, Fate::KilledDuring, Fate::KilledAfter];

/// The same for a call of this kind. What PayPal is told about a dispute it knows by no key, and so it must not be doubled:
/// nothing sends a request again by itself that is no reading.
pub fn always(point: Point) -> impl Iterator<Item = &'static Fate> {
    ALWAYS.iter().filter(move |fate| !(point == Point::GatewayAnswerDispute && **fate == Fate::MeetsItself))
}

/// Everything that can become of a call.
#[must_use]
pub fn every(point: Point) -> Vec<Fault> {
    let fates = point.faults().iter().filter(|fate| **fate != Fate::MeetsItself).chain(always(point));
    fates.flat_map(|fate| ways(point, *fate)).collect()
}

/// One fault of each kind that leaves something else behind: what pairs of faults are made of.
#[must_use]
pub fn different(point: Point) -> Vec<Fault> {
    let kept = |fault: &Fault| match fault.fate {
        // To whoever sees it, these are calls that were not served.
        Fate::Throttled | Fate::Failed => false,
        // Killed after a call or before the next, it leaves the same.
        Fate::KilledBefore => false,
        Fate::NotApplied | Fate::AnswerLost => matches!(fault.how, How::Plainly | How::Seen(UnknownReason::Timeout)),
        Fate::Late | Fate::KilledDuring => matches!(fault.how, How::After(1 | 2)),
        Fate::MeetsItself => is_write(point),
        Fate::Applied
        | Fate::Stale
        | Fate::InPart
        | Fate::SavedFailure
        | Fate::SavedFailureDone
        | Fate::Refused
        | Fate::KilledAfter => true,
    };
    every(point).into_iter().filter(kept).collect()
}

/// What two who race are put through: not answered by the gateway, and killed where something is half done. Whoever has only
/// read has not begun, and whoever has written what came of it is done.
pub(super) fn of_races(point: Point) -> Vec<Fault> {
    let kept = |fault: &Fault| match fault.fate {
        Fate::KilledAfter => is_gateways(point) || matches!(point, Point::WriteIntent | Point::WriteClaim),
        Fate::AnswerLost => is_gateways(point) && fault.how == How::Seen(UnknownReason::Timeout),
        Fate::Applied
        | Fate::NotApplied
        | Fate::Late
        | Fate::Throttled
        | Fate::Failed
        | Fate::MeetsItself
        | Fate::Stale
        | Fate::InPart
        | Fate::SavedFailure
        | Fate::SavedFailureDone
        | Fate::Refused
        | Fate::KilledBefore
        | Fate::KilledDuring => false,
    };
    every(point).into_iter().filter(kept).collect()
}

fn ways(point: Point, fate: Fate) -> Vec<Fault> {
    let hows: Vec<How> = match fate {
        Fate::NotApplied if is_gateways(point) => NOT_SERVED.map(How::Seen).to_vec(),
        Fate::AnswerLost if is_gateways(point) => UNHEARD.map(How::Seen).to_vec(),
        Fate::Throttled if is_gateways(point) => vec![How::Seen(UnknownReason::RateLimited)],
        Fate::Failed if is_gateways(point) => vec![How::Seen(UnknownReason::ServerError)],
        Fate::Late | Fate::KilledDuring => LATE.map(How::After).to_vec(),
        Fate::Applied
        | Fate::NotApplied
        | Fate::AnswerLost
        | Fate::Throttled
        | Fate::Failed
        | Fate::MeetsItself
        | Fate::Stale
        | Fate::InPart
        | Fate::SavedFailure
        | Fate::SavedFailureDone
        | Fate::Refused
        | Fate::KilledBefore
        | Fate::KilledAfter => vec![How::Plainly],
    };
    hows.into_iter().map(|how| Fault { fate, how }).collect()
}

const fn is_gateways(point: Point) -> bool {
    matches!(
        point,
        Point::GatewayOpen
            | Point::GatewayConfirm
            | Point::GatewayCapture
            | Point::GatewayCancel
            | Point::GatewayFetch
            | Point::GatewayRefund
            | Point::GatewayListRefunds
            | Point::GatewayFetchDispute
            | Point::GatewayAnswerDispute
    )
}

const fn is_write(point: Point) -> bool {
    matches!(
        point,
        Point::Create
            | Point::WriteIntent
            | Point::WriteClaim
            | Point::WriteOutcome
            | Point::CreateDispute
            | Point::WriteDisputeIntent
            | Point::WriteDisputeClaim
            | Point::WriteDisputeOutcome
    )
}

impl Fault {
    /// Whether the gateway itself made something else of the request than it would have: then the payment may come to
    /// another end, by rights.
    #[must_use]
    pub const fn changes_the_truth(self) -> bool {
        matches!(self.fate, Fate::SavedFailure | Fate::SavedFailureDone | Fate::Refused)
    }

    /// What the caller of a gateway sees.
    pub(super) const fn seen(self) -> UnknownReason {
        match self.how {
            How::Seen(reason) => reason,
            How::Plainly | How::After(_) => UnknownReason::Timeout,
        }
    }

    pub(super) const fn steps(self) -> u32 {
        match self.how {
            How::After(steps) => steps,
            How::Plainly | How::Seen(_) => 1,
        }
    }
}
