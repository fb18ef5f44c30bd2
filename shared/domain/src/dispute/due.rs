//! When somebody must look at a dispute again. One pure rule is asked after every change: a dispute that is not over,
//! or whose payment nobody knows, or that its payment has not been told of, always has a `due`.

use std::time::Duration;

use super::{ActProgress, Dispute, Fact, Known, Link, Status};
use crate::{
    schedule::{Limits, backoff, look_delay, stray_look},
    time::{Now, Timestamp},
};

/// Looks at a dispute that nobody says anything new about become rarer, as for a payment; a bank takes two months.
const FREQUENT_LOOKS: u32 = 4;
/// From then on, as a multiple of the first look: one a day.
const RARE_LOOK: u32 = 288;

/// The moment after which somebody must look at `after`, the row as `fact` leaves it. None: it is at its end.
#[must_use]
pub(super) fn due(after: &Dispute, fact: &Fact, now: &Now) -> Option<Timestamp> {
    let limits = now.limits;
    let soon = now.at.plus(backoff(after.rounds, limits, now.dice));
    match fact {
        Fact::LookAsked | Fact::ActAnswered { .. } => return Some(now.at),
        Fact::ActOpened { .. } | Fact::SentAgain | Fact::Claimed => {
            let in_call = now.at.plus(limits.gateway_timeout.saturating_mul(2));
            return Some(in_call.max(soon));
        }
        // Of what nobody has ever seen, nobody knows that it is there.
        Fact::OutcomeUnknown { .. } if after.known.is_none() => return stray_look(after.created_at, after.rounds, now),
        Fact::OutcomeUnknown { .. } => return Some(soon.max(sendable(after, now))),
        // A look that came to nothing is still owed, though the payment knows now what was known before.
        Fact::Told(_) if after.rounds > 0 => return after.due,
        // Papers that are put by, and an alarm that is raised, change nothing at the gateway.
        Fact::Drafted { .. }
        | Fact::Moved { .. }
        | Fact::Looked
        | Fact::Told(_)
        | Fact::Reminded(_)
        | Fact::ReviewAsked => {}
    }
    if after.owes_telling() {
        return Some(if matches!(fact, Fact::Moved { .. }) { now.at } else { soon });
    }
    if after.open_act().is_some() {
        return Some(soon.max(sendable(after, now)));
    }
    let look = now.at.plus(look(after.rounds, limits));
    let Some(known) = &after.known else { return stray_look(after.created_at, after.rounds, now) };
    // It moves no payment of ours, and its events tell how it ends.
    let is_stray = after.payment().is_none() && now.at.since(after.created_at) >= Limits::STRAY;
    match known.standing.map(|standing| standing.status) {
        None | Some(Status::NeedsResponse | Status::UnderReview) if is_stray => None,
        // Of what nobody understands the deadline holds all the same.
        None | Some(Status::NeedsResponse) => {
            // At the deadline the gateway decides, and somebody must see how.
            let deadline = known.due_by.filter(|by| *by > now.at);
            let sooner = [after.next_reminder(now.at), deadline].into_iter().flatten().min();
            Some(sooner.map_or(look, |sooner| sooner.min(look)))
        }
        Some(Status::UnderReview) => Some(look),
        // Whose money was won or lost is still to be seen, and that payment to be told.
        Some(Status::Won | Status::Lost | Status::Prevented | Status::Closed) if after.link == Link::Unknown => {
            Some(look)
        }
        Some(Status::Won | Status::Lost | Status::Prevented | Status::Closed) => None,
    }
}

/// From when on a look may send the open act's request once more.
fn sendable(after: &Dispute, now: &Now) -> Timestamp {
    let open = after.open_act().filter(|act| act.progress == ActProgress::Unanswered);
    open.map_or(now.at, |act| act.is_on_its_way_until(now))
}

fn look(rounds: u32, limits: Limits) -> Duration {
    if rounds < FREQUENT_LOOKS { look_delay(rounds, limits) } else { limits.first_look.saturating_mul(RARE_LOOK) }
}

impl Dispute {
    /// Whether the payment whose money it is about does not know yet how it stands.
    #[must_use]
    pub const fn owes_telling(&self) -> bool {
        match self.link {
            Link::Payment { .. } => !self.is_told && matches!(self.known, Some(Known { standing: Some(_), .. })),
            Link::Unknown | Link::NotOurs => false,
        }
    }
}
