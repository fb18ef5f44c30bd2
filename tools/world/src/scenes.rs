//! A payment in each place where it can stand when somebody asks for something, brought there by what really happens.

use domain::{
    gateway::{Gateway, UnknownReason},
    id::TransactionId,
    money::Money,
    payment::{CaptureRequest, Command, Payment, RefundRequest},
};
use flow::operations::{
    initiate::InitiateRequest,
    refund::{self, refund_id},
};

use crate::{
    gateway::{Call, Course, Verdict},
    shop::{Shop, approved, cancellation, card, card_on_file, give_back, held_order, key, order, paypal_order},
};

/// Where a payment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// It waits for a way to pay.
    Waiting,
    /// A charge was asked for, and its request may still be on its way.
    Unanswered,
    /// A charge was asked for and answered, and nobody has looked at what it came to.
    Answered,
    /// A bank takes its time.
    Pending,
    /// It was declined and will be tried again.
    Scheduled,
    /// The payer must prove who they are.
    Challenged,
    /// The money is held.
    Held,
    /// The money is held, and a capture is written down.
    Capturing,
    /// A cancel is written down.
    Canceling,
    /// It is paid. ■
    Paid,
    /// It is paid, and a refund is written down. ■
    Refunding,
    /// It was refused for good. ■
    Failed,
    /// It was canceled. ■
    Canceled,
    /// Its time was over. ■
    Expired,
}

impl Scene {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Waiting,
        Self::Unanswered,
        Self::Answered,
        Self::Pending,
        Self::Scheduled,
        Self::Challenged,
        Self::Held,
        Self::Capturing,
        Self::Canceling,
        Self::Paid,
        Self::Refunding,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
    ];

    /// A stack with one payment that stands so; nothing is counted, on its way or waiting in the queue yet.
    ///
    /// # Panics
    /// If it cannot be brought there.
    pub async fn set(self) -> (Shop, TransactionId) {
        let shop = Shop::new();
        let order = if matches!(self, Self::Held | Self::Capturing) { held_order("order") } else { order("order") };
        let id = shop.opened(order).await.id;
        self.play(&shop, &id).await;
        drop((shop.gateway().take_events(), shop.queue().drain()));
        shop.tally().take();
        (shop, id)
    }

    async fn play(self, shop: &Shop, id: &TransactionId) {
        let gateway = shop.gateway();
        match self {
            Self::Waiting => {}
            Self::Unanswered => {
                gateway.script(Call::Confirm, [Course::Late]);
                shop.confirmed(id, card("c")).await;
            }
            Self::Answered => {
                gateway.bank_says([Verdict::Challenge]);
                gateway.script(Call::Confirm, [Course::Unheard(UnknownReason::Timeout)]);
                shop.confirmed(id, card("c")).await;
                shop.deliver_events().await;
            }
            Self::Pending => charge(shop, id, Verdict::Pending).await,
            Self::Scheduled => charge_absent(shop, id, "insufficient_funds").await,
            Self::Challenged => charge(shop, id, Verdict::Challenge).await,
            Self::Held | Self::Paid => charge(shop, id, Verdict::Charge).await,
            Self::Capturing => {
                charge(shop, id, Verdict::Charge).await;
                let request_hash = cancellation("written-down").request_hash;
                let request = CaptureRequest { key: key("written-down"), request_hash, amount: None };
                write_down(shop, id, Command::Capture(request)).await;
            }
            Self::Refunding => {
                charge(shop, id, Verdict::Charge).await;
                let refund::Wish { key, request_hash, .. } = give_back("written-down", Some(500));
                let (id_of_refund, amount) = (refund_id(id, &key), part_of(&shop.row(id), 500));
                let request = RefundRequest { id: id_of_refund, key, request_hash, amount, reason: None };
                write_down(shop, id, Command::Refund(request)).await;
            }
            Self::Canceling => write_down(shop, id, Command::Cancel(cancellation("written-down"))).await,
            Self::Failed => {
                charge_absent(shop, id, "stolen_card").await;
                shop.at_rest(id).await;
            }
            Self::Canceled => {
                shop.canceled(id, cancellation("before")).await;
            }
            Self::Expired => {
                shop.host().advance(shop.row(id).terms.expires_in);
                shop.at_rest(id).await;
            }
        }
    }
}

/// Where a payment of PayPal's stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderScene {
    /// It waits for its payer's approval.
    Redirected,
    /// Its payer has approved.
    Approved,
    /// A charge was asked for, and its request may still be on its way.
    Unanswered,
    /// The money is held.
    Held,
    /// It is paid. ■
    Paid,
}

impl OrderScene {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Redirected, Self::Approved, Self::Unanswered, Self::Held, Self::Paid];

    /// A stack with one payment that stands so; nothing is counted, on its way or waiting in the queue yet.
    ///
    /// # Panics
    /// If it cannot be brought there.
    pub async fn set(self) -> (Shop, TransactionId) {
        let shop = Shop::new();
        let order = match self {
            Self::Held => InitiateRequest { gateway: Gateway::PayPal, ..held_order("order") },
            Self::Redirected | Self::Approved | Self::Unanswered | Self::Paid => paypal_order("order"),
        };
        let payment = shop.opened(order).await;
        if self != Self::Redirected {
            shop.gateway().payer_approves(&payment.object);
            shop.deliver_events().await;
            shop.retry(&payment.id).await.ok();
        }
        match self {
            Self::Redirected | Self::Approved => {}
            Self::Unanswered => {
                shop.gateway().script(Call::Confirm, [Course::Late]);
                shop.confirmed(&payment.id, approved("c")).await;
            }
            Self::Held | Self::Paid => drop(shop.confirmed(&payment.id, approved("c")).await),
        }
        drop((shop.gateway().take_events(), shop.queue().drain()));
        shop.tally().take();
        (shop, payment.id)
    }
}

async fn charge(shop: &Shop, id: &TransactionId, verdict: Verdict) {
    shop.gateway().bank_says([verdict]);
    shop.confirmed(id, card("c")).await;
}

async fn charge_absent(shop: &Shop, id: &TransactionId, decline: &'static str) {
    shop.gateway().bank_says([Verdict::Decline(decline)]);
    shop.confirmed(id, card_on_file("c")).await;
}

fn part_of(payment: &Payment, minor_units: i64) -> Option<Money> {
    Money::payable(minor_units, payment.terms.amount.currency()).ok()
}

/// As a function leaves the row that is killed before it asks the gateway.
#[expect(clippy::panic, reason = "what a scenario takes for granted must be so, or the test that it is part of fails")]
async fn write_down(shop: &Shop, id: &TransactionId, command: Command) {
    if let Err(error) = shop.command(id, &command).await {
        panic!("{command:?}: {error:?}");
    }
}

#[cfg(test)]
mod tests {
    use domain::payment::AttemptProgress;

    use super::*;
    use crate::turns::block_on;

    fn in_words(payment: &Payment) -> (&str, Option<&AttemptProgress>, Option<&str>) {
        let open = payment.open_act().map(|act| act.kind.name());
        (payment.state.name(), payment.open_attempt().map(|attempt| &attempt.progress), open)
    }

    #[test]
    fn each_scene_of_an_order_is_what_it_says() {
        use AttemptProgress::Unanswered;
        for (scene, wanted) in OrderScene::ALL.into_iter().zip([
            ("requires_action", None, None),
            ("requires_action", None, None),
            ("processing", Some(&Unanswered), None),
            ("requires_capture", None, None),
            ("succeeded", None, None),
        ]) {
            let (shop, id) = block_on(scene.set());
            assert_eq!(in_words(&shop.row(&id)), wanted, "{scene:?}");
        }
    }

    #[test]
    fn each_scene_is_what_it_says() {
        use AttemptProgress::{Answered, Unanswered};
        for (scene, wanted) in Scene::ALL.into_iter().zip([
            ("requires_payment_method", None, None),
            ("processing", Some(&Unanswered), None),
            ("processing", Some(&Answered), None),
            ("processing", Some(&Answered), None),
            ("processing", None, None),
            ("requires_action", Some(&Answered), None),
            ("requires_capture", None, None),
            ("requires_capture", None, Some("capture")),
            ("requires_payment_method", None, Some("cancel")),
            ("succeeded", None, None),
            ("succeeded", None, None),
            ("failed", None, None),
            ("canceled", None, None),
            ("expired", None, None),
        ]) {
            let (shop, id) = block_on(scene.set());
            assert_eq!(in_words(&shop.row(&id)), wanted, "{scene:?}");
        }
    }
}
