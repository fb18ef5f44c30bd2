//! Each operation, wherever the payment stands when it is called: every step fails once, in every way in which it can, and
//! is run twice; and where something is done, any two steps fail. Where an operation waits for somebody is listed in
//! [`AWAIT_POINTS`], and what of it was not tried fails the test.

use std::pin::pin;

use crate::disputes::{at_paypal, disputed, half_answered, news_of_a_dispute};
use domain::{
    payment::{ConfirmRequest, Instrument, Status},
    text::GatewayToken,
    time::Day,
};
use flow::{operations::payments::Wanted, ports::Listing};
use world::{
    gateway::Verdict,
    proof::figure,
    scenes::Scene,
    scope::{
        Tried,
        deed::Deed,
        every_step_failed_once_and_run_twice, every_two_steps_failed,
        fault::always,
        play::{Beginning, Place, Time},
        race::Outside,
    },
    shop::{cancellation, card, card_on_file, give_back, order, wish},
    simulation::coverage::{AWAIT_POINTS, Operation},
    store,
    turns::{advance, block_on},
};

const VERDICTS: [Verdict; 4] =
    [Verdict::Charge, Verdict::Decline("generic_decline"), Verdict::Challenge, Verdict::Pending];
/// What a bank says to a charge whose payer is away: yes, not now, never, not without the payer, and later.
const VERDICTS_AWAY: [Verdict; 5] = [
    Verdict::Charge,
    Verdict::Decline("insufficient_funds"),
    Verdict::Decline("stolen_card"),
    Verdict::Challenge,
    Verdict::Pending,
];

/// What others do at the gateway, each of which makes an event of another kind.
pub(crate) const OUTSIDE: [Outside; 12] = [
    Outside::BrowserConfirms(Verdict::Charge),
    Outside::BrowserConfirms(Verdict::Decline("generic_decline")),
    Outside::BrowserConfirms(Verdict::Challenge),
    Outside::BrowserConfirms(Verdict::Pending),
    Outside::PayerAnswers(Verdict::Charge),
    Outside::PayerAnswers(Verdict::Decline("generic_decline")),
    Outside::BankDecides(Verdict::Charge),
    Outside::BankDecides(Verdict::Decline("generic_decline")),
    Outside::DashboardCaptures(300),
    Outside::DashboardCancels,
    Outside::DashboardRefunds(300),
    Outside::RefundComesBack,
];

/// Every place where a payment can stand.
pub(crate) fn everywhere() -> impl Iterator<Item = Beginning> {
    let places = Scene::ALL.into_iter().map(Place::Scene).chain([Place::ToBeHeld, Place::OnItsWay]);
    places.map(Beginning::of).chain([Beginning { time: Time::Over, ..Beginning::at(Scene::Waiting) }])
}

fn with_banks(beginnings: impl Iterator<Item = Beginning>, banks: &[Verdict]) -> Vec<Beginning> {
    beginnings.flat_map(|beginning| banks.iter().map(move |bank| beginning.with_bank(*bank))).collect()
}

/// One operation from many beginnings: one fault from all of them, two from those of which something new is to be learnt.
pub(crate) struct Trial {
    operation: Operation,
    tried: Tried,
    pairs: u64,
}

impl Trial {
    pub(crate) fn of(operation: Operation) -> Self {
        Self { operation, tried: Tried::default(), pairs: 0 }
    }

    pub(crate) fn once(mut self, beginnings: impl IntoIterator<Item = Beginning>, deed: &Deed) -> Self {
        for beginning in beginnings {
            self.tried.add(every_step_failed_once_and_run_twice(beginning, deed));
        }
        self
    }

    pub(crate) fn in_pairs(mut self, beginnings: impl IntoIterator<Item = Beginning>, deed: &Deed) -> Self {
        for beginning in beginnings {
            let tried = every_two_steps_failed(beginning, deed);
            self.pairs += tried.schedules;
            self.tried.add(tried);
        }
        self
    }

    /// Tells what was tried. It must be everything that there is, and no less than it was.
    pub(crate) fn closes(self, schedules_min: u64, twice_min: u64) {
        let (operation, cells) = (self.operation, self.tried.cells.clone());
        self.tells(schedules_min, twice_min);
        let expected = AWAIT_POINTS.into_iter().filter(|(of, _)| *of == operation).flat_map(|(_, points)| points);
        for point in expected {
            for fate in point.faults().iter().chain(always(*point)) {
                assert!(cells.contains(&(operation, *point, *fate)), "never tried: {operation:?} {point:?} {fate:?}");
            }
        }
    }

    /// Tells what was tried. It must be no less than it was.
    pub(crate) fn tells(self, schedules_min: u64, twice_min: u64) {
        let Self { operation, tried: Tried { points, schedules, twice, .. }, pairs } = self;
        let points = points.into_iter().filter(|(of, _)| *of == operation).count();
        figure("scope", points as u64, "await points");
        figure("scope", schedules, "schedules");
        figure("scope", pairs, "of them with two faults");
        figure("scope", twice, "runs twice");
        assert!(schedules >= schedules_min && twice >= twice_min, "{schedules} {twice}");
    }
}

fn confirm(request: ConfirmRequest) -> Deed {
    Deed::Confirm(Box::new(request))
}

#[test]
fn whatever_becomes_of_initiate_one_payment_is_opened() {
    let deed = Deed::Initiate(Box::new(order("order")));
    let opened_before = [Beginning::at(Scene::Waiting), Beginning::at(Scene::Paid)];
    Trial::of(Operation::Initiate)
        .once([Beginning::of(Place::Nowhere)].into_iter().chain(opened_before), &deed)
        .in_pairs([Beginning::of(Place::Nowhere), Beginning::at(Scene::Waiting)], &deed)
        .closes(7_700, 24);
}

#[test]
fn whatever_becomes_of_confirm_the_payer_is_charged_once_or_not_at_all() {
    // What was declined is not tried again while its payer is away: it is another card.
    let other = Instrument::PaymentMethod(GatewayToken::parse("pm_card_mastercard").unwrap());
    let away = confirm(ConfirmRequest { instrument: other, ..card_on_file("c2") });
    let there = confirm(card("c2"));
    // Elsewhere a confirm is refused, whatever the bank would say.
    let taken = [Place::Scene(Scene::Waiting), Place::Scene(Scene::Scheduled), Place::ToBeHeld].map(Beginning::of);
    Trial::of(Operation::Confirm)
        .once(everywhere(), &there)
        .once(with_banks(taken.into_iter(), &VERDICTS), &there)
        // The scenes' own confirm: it may be unanswered, declined, scheduled again, or paid.
        .once(everywhere(), &confirm(card("c")))
        .once(with_banks(taken.into_iter().take(2), &VERDICTS_AWAY), &away)
        .in_pairs([Beginning::at(Scene::Waiting)], &there)
        .in_pairs([Beginning::at(Scene::Waiting).with_bank(Verdict::Decline("insufficient_funds"))], &away)
        .closes(17_900, 358);
}

#[test]
fn whatever_becomes_of_capture_the_money_is_taken_once() {
    let (whole, part) = (Deed::Capture(wish("p", None)), Deed::Capture(wish("p", Some(700))));
    Trial::of(Operation::Capture)
        .once(everywhere(), &whole)
        .once(everywhere(), &part)
        .in_pairs([Beginning::at(Scene::Held)], &part)
        .closes(8_300, 140);
}

#[test]
fn whatever_becomes_of_cancel_the_payment_ends_as_the_gateway_says() {
    let deed = Deed::Cancel(cancellation("x"));
    let scenes = [Scene::Waiting, Scene::Held];
    Trial::of(Operation::Cancel)
        .once(everywhere(), &deed)
        .in_pairs(scenes.map(Beginning::at), &deed)
        .closes(10_200, 114);
}

#[test]
fn whatever_becomes_of_refund_the_money_goes_back_once() {
    let (whole, part) = (Deed::Refund(give_back("r", None)), Deed::Refund(give_back("r", Some(300))));
    Trial::of(Operation::Refund)
        .once(everywhere(), &whole)
        .once(everywhere(), &part)
        .in_pairs([Beginning::at(Scene::Paid), Beginning::at(Scene::Refunding)], &part)
        .closes(1, 1);
}

#[test]
fn whatever_becomes_of_status_nothing_is_changed() {
    Trial::of(Operation::Status).once(everywhere(), &Deed::Status).closes(1_900, 64);
}

#[test]
fn whatever_becomes_of_a_webhook_what_it_says_for_good_is_known_in_the_end() {
    const IN_PAIRS: [(Place, Outside); 2] = [
        (Place::Scene(Scene::Waiting), Outside::BrowserConfirms(Verdict::Challenge)),
        (Place::Scene(Scene::Held), Outside::DashboardCaptures(300)),
    ];
    let mut trial = Trial::of(Operation::Webhook);
    let mut kinds = 0;
    for beginning in everywhere() {
        for before in OUTSIDE.into_iter().filter(|outside| beginning.admits(*outside)) {
            let beginning = Beginning { before, ..beginning };
            for event in beginning.events() {
                let deed = Deed::Webhook(Box::new(event));
                trial = trial.once([beginning], &deed);
                kinds += 1;
                if IN_PAIRS.contains(&(beginning.place, before)) {
                    trial = trial.in_pairs([beginning], &deed);
                }
            }
        }
    }
    assert!(kinds >= 20, "{kinds}");
    for beginning in disputed() {
        trial = trial.once([beginning], &news_of_a_dispute(&beginning));
    }
    trial.closes(19_000, 414);
}

#[test]
fn whatever_becomes_of_a_look_the_payment_is_moved_on() {
    let outside = everywhere().flat_map(|beginning| {
        let admitted = OUTSIDE.into_iter().filter(move |outside| beginning.admits(*outside));
        admitted.map(move |before| Beginning { before, ..beginning })
    });
    let charges = [Place::Scene(Scene::Unanswered), Place::Scene(Scene::Scheduled), Place::OnItsWay].map(Beginning::of);
    let acts = [Scene::Unanswered, Scene::Scheduled, Scene::Capturing, Scene::Refunding];
    Trial::of(Operation::Retry)
        .once(everywhere(), &Deed::Retry)
        .once(with_banks(charges.into_iter(), &VERDICTS_AWAY), &Deed::Retry)
        .once(outside.collect::<Vec<_>>(), &Deed::Retry)
        .in_pairs(acts.map(Beginning::at), &Deed::Retry)
        .in_pairs([Beginning { time: Time::Over, ..Beginning::at(Scene::Waiting) }], &Deed::Retry)
        .once(at_paypal(), &Deed::Retry)
        .once(disputed(), &Deed::LookAtDispute)
        .in_pairs(half_answered(), &Deed::LookAtDispute)
        .closes(32_000, 1_500);
}

#[test]
fn whatever_becomes_of_a_sweep_the_next_one_finds_what_it_left() {
    let scenes = [Scene::Waiting, Scene::Unanswered, Scene::Capturing, Scene::Paid];
    Trial::of(Operation::Sweep).once(scenes.map(Beginning::at), &Deed::Sweep).closes(4_600, 396);
}

/// The one operation that reads a list: its pages are lost, on the way there and back, and it is killed where it waits for them.
#[test]
fn whatever_becomes_of_payments_the_list_is_the_same_when_it_is_asked_for_again() {
    let mut schedules = 0;
    for (scene, wanted) in Scene::ALL.into_iter().flat_map(|scene| [(scene, None), (scene, Some(Status::Failed))]) {
        block_on(async {
            let (shop, id) = scene.set().await;
            let row = shop.row(&id);
            let wanted = Wanted {
                listing: Listing::Day(Day::of(row.created_at)),
                status: wanted,
                attention_only: false,
                after: None,
                limit: 10,
            };
            let plain = shop.payments(&wanted).await;
            for course in [store::Course::LostBefore, store::Course::LostAfter] {
                shop.store().script(store::Call::List, [course]);
                assert!(shop.payments(&wanted).await.is_err(), "{course:?}");
                schedules += 1;
            }
            for turns in 0..2 {
                let mut turn = 0;
                let enough = || {
                    turn += 1;
                    turn > turns
                };
                assert!(advance(pin!(shop.payments(&wanted)), enough).is_pending(), "two turns to a page");
                schedules += 1;
            }
            assert_eq!((shop.payments(&wanted).await, shop.row(&id)), (plain, row));
        });
    }
    figure("scope", 1, "await points");
    figure("scope", schedules, "schedules");
    assert_eq!(usize::try_from(schedules), Ok(2 * Scene::ALL.len() * 4));
}
