//! How an intent ends without money: somebody cancels it, or the network lets its hold lapse.

use serde_json::Value;

use super::{
    book::{Book, Occasion},
    error::StripeError,
    lifecycle::{Move, Status},
    objects::Standing,
};

impl Book {
    pub(crate) fn cancel_intent(
        &mut self,
        id: &str,
        reason: Option<String>,
        occasion: &Occasion,
    ) -> Result<Value, StripeError> {
        self.end(id, reason, "charge.refunded", occasion)
    }

    /// Nobody captured in time: the card network takes its promise back, and Stripe cancels the intent by itself.
    pub(crate) fn lapse(&mut self, id: &str, occasion: &Occasion) -> Result<Value, StripeError> {
        if self.intent(id)?.status != Status::RequiresCapture {
            return Err(self.unexpected(id, "expired", "requires_capture"));
        }
        self.end(id, Some("automatic".to_owned()), "charge.expired", occasion)
    }

    fn end(
        &mut self,
        id: &str,
        reason: Option<String>,
        of_the_hold: &'static str,
        occasion: &Occasion,
    ) -> Result<Value, StripeError> {
        let held = self.intent(id)?.latest_charge.clone();
        let intent = self.intent_mut(id)?;
        if intent.go(Move::Cancel).is_err() {
            let from = "requires_payment_method, requires_capture, requires_confirmation, requires_action";
            return Err(self.unexpected(id, "canceled", from));
        }
        intent.canceled_at = Some(occasion.now.seconds());
        intent.cancellation_reason = reason;
        intent.amount_capturable = 0;
        intent.challenge = None;
        if let Some(charge) = held.as_deref().and_then(|held| self.charges.get_mut(held))
            && charge.standing == Standing::Authorized
        {
            charge.standing = Standing::Released;
            charge.amount_refunded = charge.amount;
            let charge = charge.id.clone();
            self.announce_charge(of_the_hold, &charge, occasion);
        }
        self.announce_intent("payment_intent.canceled", id, occasion);
        self.rendered_intent(id)
    }
}
