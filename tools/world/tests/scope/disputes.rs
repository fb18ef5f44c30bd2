//! PayPal's orders and both gateways' disputes, wherever they can stand: every step fails once, in every way in which it
//! can, and is run twice; and where the merchant answers, any two steps fail.

use domain::{dispute::Papers, gateway::Gateway};
use flow::{
    operations::{
        dispute::Wish,
        webhook::{GatewayEvent, Subject},
    },
    ports::Host as _,
};
use world::{
    gateway::SimGateway,
    host::SimHost,
    scenes::OrderScene,
    scope::{
        deed::Deed,
        dispute::{DisputeScene, papers, request},
        play::{Beginning, Place},
    },
    shop::{approved, cancellation, give_back, wish},
    simulation::coverage::Operation,
};

use crate::operations::Trial;

const GATEWAYS: [Gateway; 2] = [Gateway::Stripe, Gateway::PayPal];

/// Every place where a payment of PayPal's can stand.
pub(crate) fn at_paypal() -> impl Iterator<Item = Beginning> {
    OrderScene::ALL.into_iter().map(|scene| Beginning::of(Place::Order(scene)))
}

/// Every place where a dispute can stand, at both gateways.
pub(crate) fn disputed() -> impl Iterator<Item = Beginning> {
    let scenes = DisputeScene::ALL.into_iter();
    scenes.flat_map(|scene| GATEWAYS.map(|gateway| Beginning::of(Place::Disputed(scene, gateway))))
}

/// Where the merchant's answer is written down, and nobody knows what became of it.
pub(crate) fn half_answered() -> impl Iterator<Item = Beginning> {
    let scenes = [DisputeScene::Submitting, DisputeScene::Accepting].into_iter();
    scenes.flat_map(|scene| GATEWAYS.map(|gateway| Beginning::of(Place::Disputed(scene, gateway))))
}

/// The gateway says that there is news of the dispute.
pub(crate) fn news_of_a_dispute(beginning: &Beginning) -> Deed {
    let gateway = match beginning.place {
        Place::Disputed(_, gateway) => gateway,
        Place::Nowhere | Place::Scene(_) | Place::ToBeHeld | Place::OnItsWay | Place::Order(_) => Gateway::Stripe,
    };
    Deed::Webhook(Box::new(GatewayEvent {
        id: "evt_dispute".to_owned(),
        created_at: SimHost::new(0).now(),
        mode: SimGateway::MODE,
        subject: Subject::Dispute { id: world::disputes::at(gateway, 1) },
    }))
}

fn submission(papers: Option<Papers>) -> Deed {
    Deed::Evidence(request("s"), Wish::Submit(papers))
}

#[test]
fn whatever_becomes_of_evidence_it_is_submitted_once_or_not_at_all() {
    Trial::of(Operation::Evidence)
        .once(disputed(), &submission(Some(papers("It was delivered."))))
        .once(disputed(), &submission(None))
        .once(disputed(), &Deed::Evidence(request("d"), Wish::Draft(papers("It will be."))))
        // It knows no keys: whatever is sent twice can be taken twice.
        .in_pairs(
            [Beginning::of(Place::Disputed(DisputeScene::Asks, Gateway::PayPal))],
            &submission(Some(papers("It was delivered."))),
        )
        .closes(15_000, 224);
}

#[test]
fn whatever_becomes_of_giving_in_it_is_done_once_or_not_at_all() {
    let at_paypal = Beginning::of(Place::Disputed(DisputeScene::Asks, Gateway::PayPal));
    let accept = Deed::Accept(request("a"));
    Trial::of(Operation::Accept).once(disputed(), &accept).in_pairs([at_paypal], &accept).closes(2_990, 88);
}

#[test]
fn whatever_becomes_of_an_orders_confirm_capture_cancel_and_refund_its_money_moves_once() {
    let once = |operation, deed: &Deed| Trial::of(operation).once(at_paypal(), deed).tells(610, 26);
    once(Operation::Confirm, &Deed::Confirm(Box::new(approved("c2"))));
    once(Operation::Capture, &Deed::Capture(wish("p", Some(700))));
    once(Operation::Cancel, &Deed::Cancel(cancellation("x")));
    once(Operation::Refund, &Deed::Refund(give_back("r", Some(300))));
}
