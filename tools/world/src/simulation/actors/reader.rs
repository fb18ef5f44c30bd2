//! Whoever reads lists: the merchant's back office, now and then, and at the end once everything.

use std::{sync::Arc, time::Duration};

use domain::{id::TransactionId, time::Day};
use flow::{
    operations::payments::{Listed, Wanted},
    ports::{Host as _, Listing},
};

use super::{
    client::Order,
    schedule::{Pause, pause},
};
use crate::simulation::{
    functions::{Reply, list},
    stage::Stage,
};

/// How long a reader waits for a page.
const PATIENCE: Duration = Duration::from_secs(29);
/// Pages of one list: more than there are payments in a run, shown one by one, each read twice because an answer was lost.
const PAGES_MAX: u32 = 20;
/// How many payments are asked for at once.
const LIMITS: [usize; 3] = [20, 1, 2];

/// Reads some lists at some moments.
pub(in crate::simulation) async fn reader(stage: Arc<Stage>, orders: Vec<Arc<Order>>) {
    const PAUSES: [Pause; 5] = [
        Pause::For(Duration::from_millis(20)),
        Pause::For(Duration::from_secs(2)),
        Pause::UntilALook,
        Pause::For(Duration::from_secs(900)),
        Pause::For(Duration::from_secs(25 * 3600)),
    ];
    let rounds = stage.draw(&[0_u32, 1, 2, 4]).unwrap_or(0);
    for _ in 0..rounds {
        pause(&stage, stage.draw(&PAUSES)).await;
        let Some(order) = stage.draw(&orders.iter().collect::<Vec<_>>()) else { return };
        let of_order = lists_with(&stage, order);
        let Some(listing) = stage.draw(&of_order.iter().collect::<Vec<_>>()) else { continue };
        let attention_only = stage.draw(&[false, false, true]).unwrap_or(false);
        let limit = stage.draw(&LIMITS).unwrap_or(20);
        reads(&stage, Wanted { listing: listing.clone(), status: None, attention_only, after: None, limit }).await;
    }
}

/// Reads, once nothing goes wrong any more, every list that should show one of these payments.
pub(in crate::simulation) async fn reads_everything(stage: Arc<Stage>, orders: Vec<Arc<Order>>) {
    let mut lists: Vec<Listing> = Vec::new();
    for listing in orders.iter().flat_map(|order| lists_with(&stage, order)) {
        if !lists.contains(&listing) {
            lists.push(listing);
        }
    }
    let versions = || orders.iter().map(|order| stage.store.row(&order.id).map(|row| row.version)).collect::<Vec<_>>();
    for listing in lists {
        let before = versions();
        for attention_only in [false, true] {
            let wanted = Wanted { listing: listing.clone(), status: None, attention_only, after: None, limit: 1 };
            let shown = reads(&stage, wanted.clone()).await;
            // Who needs attention may have changed since it was told.
            if !attention_only || versions() == before {
                stage.with_auditor(|auditor| auditor.read_to_its_end(&wanted, &shown));
            }
        }
    }
}

/// The lists in which a payment should be.
fn lists_with(stage: &Stage, order: &Order) -> Vec<Listing> {
    let opened = stage.store.row(&order.id).map_or_else(|| stage.clock.now(), |row| row.created_at);
    let reference = order.request.terms.reference.clone().map(Listing::Reference);
    std::iter::once(Listing::Day(Day::of(opened))).chain(reference).collect()
}

/// Reads a list page by page. Whom it showed.
async fn reads(stage: &Arc<Stage>, mut wanted: Wanted) -> Vec<TransactionId> {
    let mut shown = Vec::new();
    for _ in 0..PAGES_MAX {
        stage.tell(|| format!("somebody reads {:?}, attention only: {}", wanted.listing, wanted.attention_only));
        let sent = stage.turn_number();
        let invocation = list(stage, wanted.clone());
        let Some(Reply::Listed(Ok(page))) = stage.reply(invocation, PATIENCE).await else { continue };
        let turn = stage.turn_number();
        stage.tell(|| format!("is shown {}", in_a_word(&page)));
        stage.with_auditor(|auditor| auditor.was_shown(&wanted, &page, (sent, turn), &stage.gateway));
        shown.extend(page.payments.into_iter().map(|payment| payment.id));
        let Some(next) = page.next else { break };
        wanted.after = Some(next);
    }
    shown
}

fn in_a_word(page: &Listed) -> String {
    let payments = page.payments.iter().map(|payment| format!("v{} {:?}", payment.version, payment.state));
    payments.collect::<Vec<_>>().join(", ")
}
