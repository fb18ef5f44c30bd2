//! Two who act on one payment, in every order of their calls; and each of them killed wherever something is half done, or not
//! answered by the gateway, in every order too.
//!
//! Whatever the order, the end is one that they could have come to one after the other, or, where one of them was refused,
//! one that the other comes to alone. So nothing is half done, done twice, or done and told to be refused.

use std::fmt;

use domain::gateway::RefundStatus;

use super::{
    deed::{Deed, Told},
    fault::{self, Fault},
    house::House,
    play::{Beginning, End},
    wire::{Trace, Wire},
};
use crate::{
    gateway::Verdict,
    turns::{self, block_on, in_every_order},
};

/// More calls than anybody makes.
const CALLS_MAX: usize = 24;

/// Somebody who acts.
#[derive(Debug, Clone)]
pub enum Racer {
    /// Through us.
    Deed(Deed),
    /// At the gateway, which then delivers all the events that there are.
    Outside(Outside),
}

/// What other people do at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// The payer's browser confirms by itself.
    BrowserConfirms(Verdict),
    /// The payer does what the bank asks.
    PayerAnswers(Verdict),
    /// A slow bank decides.
    BankDecides(Verdict),
    /// The merchant takes held money in the dashboard.
    DashboardCaptures(i64),
    /// The merchant cancels there, or a hold runs out.
    DashboardCancels,
    /// The merchant refunds there.
    DashboardRefunds(i64),
    /// The payer's bank sends the last refund back.
    RefundComesBack,
    /// Nobody does anything: the events are those that others cause.
    Nobody,
}

/// What was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Raced {
    /// Orders of their calls.
    pub orders: u64,
    /// Orders in which one of them was killed, or not answered by the gateway.
    pub disturbed: u64,
}

impl std::ops::AddAssign for Raced {
    fn add_assign(&mut self, other: Self) {
        self.orders = self.orders.saturating_add(other.orders);
        self.disturbed = self.disturbed.saturating_add(other.disturbed);
    }
}

/// The ends that two may come to.
struct Ends {
    one_first: Run,
    other_first: Run,
    one_alone: Run,
    other_alone: Run,
}

/// What came of it.
struct Run {
    told: Vec<Told>,
    end: End,
    /// Whether somebody acts who does not ask us.
    is_overtakable: bool,
}

/// Whether anything goes wrong while two race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    /// Nothing.
    Fair,
    /// Once nothing does; then one of them is killed where something is half done, or not answered by the gateway.
    Rough,
}

/// Lets two race from `beginning`.
///
/// # Panics
/// If a promise is broken, or they come to an end that neither order explains.
pub fn race(beginning: Beginning, one: &Racer, other: &Racer, track: Track) -> Raced {
    let ends = Ends {
        one_first: block_on(in_turn(beginning, &[one, other])),
        other_first: block_on(in_turn(beginning, &[other, one])),
        one_alone: block_on(in_turn(beginning, &[one])),
        other_alone: block_on(in_turn(beginning, &[other])),
    };
    let heat = Heat { beginning, one, other, ends: &ends };
    let mut longest = [Trace::new(), Trace::new()];
    let orders = in_every_order(|order| {
        for (longest, trace) in longest.iter_mut().zip(heat.run(order, None)) {
            if trace.len() > longest.len() {
                *longest = trace;
            }
        }
    });
    let mut raced = Raced { orders: u64::from(orders), disturbed: 0 };
    if track == Track::Fair {
        return raced;
    }
    for (who, trace) in [Who::One, Who::Other].into_iter().zip(&longest) {
        for (number, (_, point)) in trace.iter().enumerate().take(CALLS_MAX) {
            for fault in fault::of_races(*point) {
                let orders = in_every_order(|order| {
                    heat.run(order, Some((who, number, fault)));
                });
                raced.disturbed = raced.disturbed.saturating_add(u64::from(orders));
            }
        }
    }
    raced
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    One,
    Other,
}

/// One pair.
struct Heat<'a> {
    beginning: Beginning,
    one: &'a Racer,
    other: &'a Racer,
    ends: &'a Ends,
}

impl Heat<'_> {
    /// One order, and what becomes of one of their calls. The calls that each has made.
    fn run(&self, order: &mut turns::Order, planned: Option<(Who, usize, Fault)>) -> [Trace; 2] {
        let wire = |who| {
            let plan = planned.filter(|(victim, ..)| *victim == who).map(|(_, number, fault)| (number, fault));
            Wire::with(plan.into_iter().collect())
        };
        let (one, other) = (wire(Who::One), wire(Who::Other));
        block_on(async {
            let house = self.beginning.house().await;
            let told = order.race(self.one.acts(&house, &one), self.other.acts(&house, &other));
            for (racer, told) in [(self.one, &told.0), (self.other, &told.1)] {
                if matches!(told, Told::Nothing | Told::Failed(_)) {
                    racer.acts_again(&house).await;
                }
            }
            house.step_ends();
            house.settles().await;
            self.check(&house, planned, &told);
        });
        [one.trace(), other.trace()]
    }

    fn check(&self, house: &House, planned: Option<(Who, usize, Fault)>, told: &(Told, Told)) {
        let Ends { one_first, other_first, one_alone, other_alone } = self.ends;
        let end = house.end();
        let story = || format!("{:?}\n{self}{planned:?}\ntold {told:#?}\n{end:?}\n{}", self.beginning, house.story());
        let breach = house.breach();
        assert!(breach.is_none(), "{breach:?}\n{}", story());
        let (one, other) = told;
        let is_explained = one_first.explains(&end, [one, other])
            || other_first.explains(&end, [other, one])
            || (!other.is_well() && one_alone.explains(&end, [one]))
            || (!one.is_well() && other_alone.explains(&end, [other]));
        assert!(is_explained, "an end that no order explains\n{}", story());
        let each_could = one_alone.is_well() && other_alone.is_well();
        let nobody_could = matches!(told, (Told::Refused(_), Told::Refused(_)));
        assert!(!(each_could && nobody_could), "each could have, and nobody could\n{}", story());
    }
}

impl fmt::Display for Heat<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ends { one_first, other_first, one_alone, other_alone } = self.ends;
        writeln!(formatter, "{:?}\nagainst {:?}\nmay end as", self.one, self.other)?;
        for Run { told, end, .. } in [one_first, other_first, one_alone, other_alone] {
            writeln!(formatter, "{end:?}, told {} times well", told.iter().filter(|told| told.is_well()).count())?;
        }
        Ok(())
    }
}

impl Run {
    fn is_well(&self) -> bool {
        self.told.iter().all(Told::is_well)
    }

    /// Whether this is how it ended, and whoever asked for something was answered alike. What others do at the gateway may
    /// overtake what was accepted.
    fn explains<const N: usize>(&self, end: &End, told: [&Told; N]) -> bool {
        let alike = |(mine, told): (&Told, &Told)| match told {
            Told::Failed(_) | Told::Nothing => true,
            Told::Payment(..) | Told::Dispute(..) | Told::Refused(_) | Told::Received(_) | Told::Done => {
                mine.is_well() == told.is_well()
            }
        };
        self.end == *end && (self.is_overtakable || self.told.iter().zip(told).all(alike))
    }
}

/// They act one after the other, undisturbed.
async fn in_turn(beginning: Beginning, racers: &[&Racer]) -> Run {
    let house = beginning.house().await;
    let mut told = Vec::new();
    for racer in racers {
        told.push(racer.acts(&house, &Wire::default()).await);
    }
    house.step_ends();
    house.settles().await;
    let breach = house.breach();
    assert!(breach.is_none(), "{breach:?}\n{beginning:?} {racers:?}\n{}", house.story());
    let is_overtakable = racers.iter().any(|racer| matches!(racer, Racer::Outside(_)));
    Run { told, end: house.end(), is_overtakable }
}

impl Racer {
    async fn acts(&self, house: &House, wire: &Wire) -> Told {
        match self {
            Self::Deed(deed) => {
                let told = deed.done(house, wire).await;
                house.is_true(deed, &told);
                told
            }
            Self::Outside(outside) => wire.until_killed(outside.acts(house, wire)).await.unwrap_or(Told::Nothing),
        }
    }

    /// Whoever was killed, or has failed, is asked again, and nobody disturbs them this time. What was done outside is done; its events
    /// come again.
    async fn acts_again(&self, house: &House) {
        let again = match self {
            Self::Deed(deed) => Self::Deed(deed.clone()),
            Self::Outside(_) => Self::Outside(Outside::Nobody),
        };
        again.acts(house, &Wire::default()).await;
    }
}

impl Outside {
    async fn acts(self, house: &House, wire: &Wire) -> Told {
        turns::pass().await;
        let came = self.happens(house);
        house.look();
        turns::pass().await;
        let events = house.take_events();
        for (place, event) in events.iter().enumerate() {
            let deed = Deed::Webhook(Box::new(event.clone()));
            let told = deed.done(house, wire).await;
            house.is_true(&deed, &told);
            if matches!(told, Told::Nothing | Told::Failed(_)) {
                house.come_again(events.get(place..).unwrap_or_default());
                return told;
            }
        }
        if came { Told::Done } else { Told::Refused("too late") }
    }

    /// It happens, if it can.
    pub(super) fn happens(self, house: &House) -> bool {
        let Some(object) = house.row().map(|row| row.object) else { return false };
        let gateway = house.shop.gateway();
        match self {
            Self::BrowserConfirms(verdict) => gateway.browser_confirms(&object, verdict),
            Self::PayerAnswers(verdict) => gateway.payer_authenticates(&object, verdict),
            Self::BankDecides(verdict) => gateway.bank_decides(&object, verdict),
            Self::DashboardCaptures(minor_units) => gateway.dashboard_captures(&object, minor_units),
            Self::DashboardCancels => gateway.dashboard_cancels(&object),
            Self::DashboardRefunds(minor_units) => gateway.dashboard_refunds(&object, minor_units),
            Self::RefundComesBack => {
                let made = gateway.refunds_made();
                let last = made.iter().rev().find(|refund| refund.object == object && refund.stands());
                let failed = RefundStatus::Failed { code: "lost_or_stolen_card".to_owned() };
                last.is_some_and(|refund| gateway.refund_moves(&refund.reference, failed))
            }
            Self::Nobody => true,
        }
    }
}
