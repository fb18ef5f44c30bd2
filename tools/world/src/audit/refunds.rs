//! Compares the refunds of a row with the gateway's own books.

use domain::{
    gateway::RefundStatus,
    payment::{Payment, Refund, RefundProgress},
};

use super::{Breach, Hour};
use crate::gateway::{Refunded, SimGateway};

pub(super) fn breaches(payment: &Payment, gateway: &SimGateway, hour: Hour) -> Vec<Breach> {
    let made = gateway.refunds_made();
    let on_object: Vec<&Refunded> = made.iter().filter(|refund| refund.object == payment.object).collect();
    let mut breaches = Vec::new();
    breaches.extend(too_much(payment, &on_object));
    breaches.extend(payment.refunds.iter().filter_map(|refund| untrue(refund, &on_object, hour)));
    if hour == Hour::AtRest && payment.attention.is_none() {
        let is_known =
            |refund: &Refunded| payment.refunds.iter().any(|known| known.reference.as_ref() == Some(&refund.reference));
        let unseen = on_object.iter().filter(|refund| !is_known(refund));
        breaches.extend(unseen.map(|refund| Breach::RefundUnseen(refund.reference.clone())));
    }
    breaches
}

/// What stands in the books, and what the row offers beside what it has asked for, is never more than was taken. The
/// dashboard asks nobody; what it takes is known when it is told.
fn too_much(payment: &Payment, on_object: &[&Refunded]) -> Option<Breach> {
    let standing = on_object.iter().filter(|refund| refund.stands());
    let (by_hand, ours): (Vec<&&Refunded>, Vec<&&Refunded>) = standing.partition(|refund| refund.id.is_none());
    let sum = |refunds: &[&&Refunded]| refunds.iter().map(|refund| refund.minor_units).sum::<i64>();
    let captured = payment.captured().minor_units();
    let all = sum(&by_hand).saturating_add(sum(&ours));
    let promised = sum(&ours).saturating_add(payment.refundable().minor_units());
    let most = all.max(if captured == 0 { 0 } else { promised });
    (captured > 0 && most > captured).then_some(Breach::RefundedTooMuch(most))
}

fn untrue(refund: &Refund, on_object: &[&Refunded], hour: Hour) -> Option<Breach> {
    let is_it =
        |made: &&&Refunded| made.id.as_ref() == Some(&refund.id) || refund.reference.as_ref() == Some(&made.reference);
    let twice = on_object.iter().filter(is_it).filter(|made| made.stands()).count() > 1;
    let status = on_object.iter().find(is_it).map(|made| &made.status);
    let is_true = match (&refund.progress, status) {
        // Of what nobody knows, nothing is said.
        (RefundProgress::Unanswered | RefundProgress::Answered { .. }, _) => true,
        (RefundProgress::Failed { .. }, None | Some(RefundStatus::Failed { .. })) => true,
        (RefundProgress::Succeeded, Some(RefundStatus::Succeeded))
        | (RefundProgress::Pending, Some(RefundStatus::Pending))
        | (RefundProgress::Canceled, Some(RefundStatus::Canceled)) => true,
        // Midway a row may know less than the gateway; what failed has failed for good.
        (RefundProgress::Pending, Some(_)) => hour == Hour::Midway,
        (RefundProgress::Succeeded, Some(RefundStatus::Failed { .. } | RefundStatus::Canceled)) => hour == Hour::Midway,
        (
            RefundProgress::Succeeded
            | RefundProgress::Pending
            | RefundProgress::Failed { .. }
            | RefundProgress::Canceled,
            _,
        ) => false,
    };
    (twice || !is_true).then(|| Breach::RefundUntrue(refund.id.clone(), refund.progress.name()))
}
