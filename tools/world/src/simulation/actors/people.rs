//! Those who act at the gateway and not through us: payers with their browsers, banks, and whoever works in the merchant's
//! dashboard there. We hear of it by a webhook, or when we look.

use std::{sync::Arc, time::Duration};

use domain::{
    gateway::{ObjectStatus, RefundStatus},
    text::GatewayToken,
};

use super::{
    client::Order,
    postman::{Care, events_are_made, send_out},
    schedule::{Pause, pause},
};
use crate::{
    gateway::Verdict,
    simulation::{coverage::Sometimes, stage::Stage, watch},
};

/// What banks say. The plain one charges.
const VERDICTS: [Verdict; 7] = [
    Verdict::Challenge,
    Verdict::Pending,
    Verdict::Decline("generic_decline"),
    Verdict::Decline("insufficient_funds"),
    Verdict::Decline("stolen_card"),
    Verdict::Decline("duplicate_transaction"),
    Verdict::Decline("some_new_code"),
];

/// The bank makes up its mind about the charge that it is asked for next.
pub(in crate::simulation) fn bank_makes_up_its_mind(stage: &Stage) {
    stage.gateway.bank_will_say(verdict(stage));
}

fn verdict(stage: &Stage) -> Verdict {
    let odd = stage.strikes(|climate| climate.people);
    let verdict = if odd { stage.draw(&VERDICTS) } else { None };
    verdict.unwrap_or(Verdict::Charge)
}

/// The payer's bank makes up its mind about the refund that it is sent next.
pub(in crate::simulation) fn bank_takes_a_refund(stage: &Stage) {
    let odd = stage.strikes(|climate| climate.people);
    let fails = if odd { stage.draw(&[false, true]) } else { None };
    stage.gateway.refunds_become(fails.map(|fails| if fails { bounced() } else { RefundStatus::Pending }));
}

fn bounced() -> RefundStatus {
    RefundStatus::Failed { code: "lost_or_stolen_card".to_owned() }
}

/// A payer's bank makes up its mind about one refund, or changes it. Whether there is one.
fn refund_moves(stage: &Stage, object: &GatewayToken) -> bool {
    let made = stage.gateway.refunds_made();
    let Some(refund) = made.iter().rev().find(|refund| refund.object == *object && refund.stands()) else {
        return false;
    };
    let to = match refund.status {
        RefundStatus::Pending => match stage.draw(&[0_u8, 1, 2]) {
            Some(1) => bounced(),
            Some(2) => RefundStatus::Canceled,
            _ => RefundStatus::Succeeded,
        },
        _ => bounced(),
    };
    stage.gateway.refund_moves(&refund.reference, to)
}

/// What banks have still to decide they decide now.
pub(in crate::simulation) fn banks_decide(stage: &Arc<Stage>) {
    for refund in stage.gateway.refunds_made() {
        if refund.status == RefundStatus::Pending {
            stage.gateway.refund_moves(&refund.reference, RefundStatus::Succeeded);
        }
    }
    for (object, status) in stage.gateway.objects() {
        if status == ObjectStatus::Pending {
            let verdicts = [Verdict::Charge, Verdict::Decline("generic_decline")];
            let verdict = stage.choose(|choices| choices.pick(&verdicts)).unwrap_or(Verdict::Charge);
            stage.gateway.bank_decides(&object, verdict);
            stage.tell(|| format!("the bank decides at last: {verdict:?}"));
        }
    }
    watch::ledger(stage);
    events_are_made(stage);
}

/// What a payer does who has been asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PayersDeed {
    /// Authenticates, and the bank decides.
    Authenticates,
    /// Fails, or turns back.
    Fails,
    /// Confirms in the browser, without the client.
    PaysInBrowser,
    /// Approves an order on the gateway's page.
    Approves,
}

/// The payer acts.
pub(super) fn payer(stage: &Arc<Stage>, object: &GatewayToken, deed: PayersDeed) {
    let verdict = verdict(stage);
    let done = match deed {
        PayersDeed::Authenticates => stage.gateway.payer_authenticates(object, verdict),
        PayersDeed::Fails => stage.gateway.payer_fails(object),
        PayersDeed::PaysInBrowser => stage.gateway.browser_confirms(object, verdict),
        PayersDeed::Approves => stage.gateway.payer_approves(object),
    };
    match deed {
        PayersDeed::PaysInBrowser if done => stage.happened(Sometimes::BrowserConfirm),
        PayersDeed::Approves if done => stage.happened(Sometimes::OrderApproved),
        PayersDeed::PaysInBrowser | PayersDeed::Approves | PayersDeed::Authenticates | PayersDeed::Fails => {}
    }
    stage.tell(|| format!("the payer: {deed:?} ({verdict:?}), possible: {done}"));
    watch::ledger(stage);
    events_are_made(stage);
}

/// What is done at the gateway behind our back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    BankDecides,
    Cancels,
    CapturesAll,
    CapturesPart,
    OpensAnother,
    OpensAnotherThatIsPaid,
    ChangesTheAmount,
    UsesANewWord,
    MovesMoneyAfterAll,
    RefundMoves,
    Refunds,
}

const DEEDS: [Deed; 16] = [
    Deed::BankDecides,
    Deed::Cancels,
    Deed::CapturesAll,
    Deed::CapturesPart,
    Deed::BankDecides,
    Deed::OpensAnother,
    Deed::MovesMoneyAfterAll,
    Deed::OpensAnotherThatIsPaid,
    Deed::MovesMoneyAfterAll,
    Deed::ChangesTheAmount,
    Deed::UsesANewWord,
    Deed::Cancels,
    Deed::RefundMoves,
    Deed::Refunds,
    Deed::RefundMoves,
    Deed::Refunds,
];

/// Everybody who acts on one order's object, now and then.
pub(in crate::simulation) async fn people(stage: Arc<Stage>, order: Arc<Order>) {
    const PAUSES: [Pause; 6] = [
        Pause::For(Duration::from_millis(20)),
        Pause::For(Duration::from_secs(3)),
        Pause::UntilALook,
        Pause::For(Duration::from_secs(120)),
        Pause::For(Duration::from_secs(4 * 3600)),
        Pause::For(Duration::from_secs(26 * 3600)),
    ];
    let rounds = stage.draw(&[0_u32, 1, 2, 4]).unwrap_or(0);
    for _ in 0..rounds {
        pause(&stage, stage.draw(&PAUSES)).await;
        let Some(object) = stage.store.row(&order.id).map(|row| row.object) else { continue };
        let deed = if stage.strikes(|climate| climate.dashboard) { stage.draw(&DEEDS) } else { None };
        act(&stage, &order, &object, deed.unwrap_or(Deed::BankDecides));
        watch::ledger(&stage);
        // What only an event tells is not lost for good: the gateway delivers it again for days.
        let only_told = matches!(deed, Some(Deed::MovesMoneyAfterAll | Deed::RefundMoves | Deed::Refunds));
        let care = if only_told { Care::Registered } else { Care::Ordinary };
        send_out(&stage, care);
    }
}

fn act(stage: &Arc<Stage>, order: &Order, object: &GatewayToken, deed: Deed) {
    let gateway = &stage.gateway;
    let amount = order.request.terms.amount.minor_units();
    let is_untouched = || gateway.object(object).is_some_and(|object| object.status == ObjectStatus::AwaitsMethod);
    let done = match deed {
        Deed::BankDecides => gateway.bank_decides(object, verdict(stage)),
        Deed::Cancels => gateway.dashboard_cancels(object),
        Deed::CapturesAll => gateway.dashboard_captures(object, amount),
        Deed::CapturesPart => gateway.dashboard_captures(object, amount / 3),
        Deed::OpensAnother | Deed::OpensAnotherThatIsPaid => {
            let other = gateway.opens_another(&order.id, &order.request.terms);
            stage.with_auditor(|auditor| auditor.opened_behind_our_back(other.clone()));
            let paid = deed == Deed::OpensAnotherThatIsPaid;
            gateway.browser_confirms(&other, if paid { Verdict::Charge } else { Verdict::Decline("lost_card") })
        }
        // A person's fault, and only before anything has moved: what it makes of money that has is nobody's promise.
        Deed::ChangesTheAmount if is_untouched() => {
            gateway.dashboard_reprices(object, amount.saturating_add(1));
            true
        }
        Deed::UsesANewWord if is_untouched() => {
            gateway.moves_to_unheard_of(object, "dance");
            true
        }
        Deed::ChangesTheAmount | Deed::UsesANewWord => false,
        Deed::MovesMoneyAfterAll => gateway.money_moves_after_all(object),
        Deed::RefundMoves => refund_moves(stage, object),
        Deed::Refunds => {
            let done = gateway.dashboard_refunds(object, amount.saturating_add(3) / 4);
            if done {
                stage.happened(Sometimes::DashboardRefund);
            }
            done
        }
    };
    stage.tell(|| format!("at the gateway: {deed:?}, possible: {done}"));
}
