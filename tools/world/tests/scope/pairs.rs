//! Any two who act on one payment, wherever it stands: confirm, capture, cancel, refund, a look, and everything that others do at the
//! gateway with the events that come of it. In every order of their calls; and where most can happen, with either of them
//! killed where something is half done.

use std::ops::AddAssign as _;

use world::{
    gateway::Verdict,
    proof::figure,
    scenes::Scene,
    scope::{
        deed::Deed,
        play::{Beginning, Place},
        race::{Outside, Raced, Racer, Track, race},
    },
    shop::{cancellation, card, give_back, wish},
};

use super::operations::{OUTSIDE, everywhere};

/// The two who act: one of each kind, and for what clients ask the same with another key and another body.
const KINDS: usize = 5;

fn clients_and_look(which: usize) -> [Racer; KINDS] {
    let (confirm, capture, cancel, refund) = match which {
        0 => (card("c1"), wish("p", Some(700)), cancellation("x"), give_back("r", Some(700))),
        _ => (card("c2"), wish("q", None), cancellation("y"), give_back("s", None)),
    };
    [Deed::Confirm(Box::new(confirm)), Deed::Capture(capture), Deed::Cancel(cancel), Deed::Refund(refund), Deed::Retry]
        .map(Racer::Deed)
}

/// Those of them who can do something at all where the payment stands.
fn outside(beginning: Beginning) -> Vec<Racer> {
    let can = OUTSIDE.into_iter().filter(|outside| beginning.admits(*outside));
    can.chain([Outside::Nobody]).map(Racer::Outside).collect()
}

/// Every pair from there.
fn all_pairs(beginning: Beginning, track: Track) -> (u64, Raced) {
    let (ones, others, outside) = (clients_and_look(0), clients_and_look(1), outside(beginning));
    let mut pairs = Vec::new();
    for (place, one) in ones.iter().enumerate() {
        // A look bears no key.
        let is_look = place == KINDS - 1;
        pairs.extend(others.iter().skip(place).filter(|_| !is_look).map(|other| (one, other)));
        // The same request twice, at once.
        pairs.push((one, one));
        pairs.extend(outside.iter().map(|other| (one, other)));
    }
    let mut sum = Raced::default();
    for (one, other) in &pairs {
        sum.add_assign(race(beginning, one, other, track));
    }
    (pairs.len() as u64, sum)
}

/// Races from many beginnings. Tells how much was tried; it must be no less than it was.
fn races(beginnings: impl Iterator<Item = Beginning>, track: Track, least: Raced) {
    let (mut pairs, mut sum) = (0, Raced::default());
    for beginning in beginnings {
        let (count, raced) = all_pairs(beginning, track);
        pairs += count;
        sum.add_assign(raced);
    }
    figure("scope", pairs, "pairs");
    figure("scope", sum.orders, "orders of pairs");
    figure("scope", sum.disturbed, "orders of pairs with one disturbed");
    assert!(sum.orders >= least.orders && sum.disturbed >= least.disturbed, "{sum:?}");
}

#[test]
fn any_two_end_as_one_after_the_other_would_wherever_the_payment_stands() {
    // What will be held makes no difference to what waits.
    races(
        everywhere().filter(|beginning| beginning.place != Place::ToBeHeld),
        Track::Fair,
        Raced { orders: 59_000, disturbed: 0 },
    );
}

#[test]
fn any_two_end_as_one_after_the_other_would_whatever_the_bank_says() {
    let says = [Verdict::Decline("generic_decline"), Verdict::Challenge, Verdict::Pending];
    races(
        says.into_iter().map(|bank| Beginning::at(Scene::Waiting).with_bank(bank)),
        Track::Fair,
        Raced { orders: 24_000, disturbed: 0 },
    );
}

#[test]
fn a_cancel_and_a_confirm_end_as_one_after_the_other_would_though_the_payment_will_be_tried_again() {
    let [confirm, _, cancel, ..] = clients_and_look(0);
    for bank in [Verdict::Charge, Verdict::Decline("generic_decline"), Verdict::Challenge, Verdict::Pending] {
        let raced = race(Beginning::at(Scene::Scheduled).with_bank(bank), &cancel, &confirm, Track::Rough);
        figure("scope", raced.orders, "orders of pairs");
        assert!(raced.orders >= 40 && raced.disturbed >= 100, "{raced:?}");
    }
}

#[test]
fn any_two_end_as_one_after_the_other_would_though_one_is_killed_or_not_answered() {
    let scenes = [Scene::Waiting, Scene::Held, Scene::Paid];
    races(scenes.into_iter().map(Beginning::at), Track::Rough, Raced { orders: 10_500, disturbed: 28_000 });
}
