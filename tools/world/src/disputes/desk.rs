//! What is done about disputes at the gateway and not through us: by payers, their banks, and whoever works in the
//! merchant's dashboard there. Each of it makes an event, which names the dispute and is believed in nothing else.

use domain::{
    dispute::{ActKind, DisputeId, Outcome, Papers, Snapshot, SnapshotStatus, Stage, Standing, Status},
    gateway::Gateway,
    id::TransactionId,
    money::Money,
    text::GatewayToken,
    time::Timestamp,
};

use super::{SimDisputes, must};
use crate::gateway::SimGateway;

/// The id of the `number`th dispute at a gateway.
///
/// # Panics
/// Never: a decimal number belongs into a token.
#[must_use]
pub fn at(gateway: Gateway, number: u32) -> DisputeId {
    let text = match gateway {
        Gateway::Stripe => format!("du_{number}"),
        Gateway::PayPal => format!("PP-D-{number}"),
    };
    must(DisputeId::of(gateway, must(GatewayToken::parse(&text))))
}

/// Whether so much of the payer's money is not the merchant's to give back. The gateways' rule, not ours.
#[must_use]
pub fn holds(shown: &Snapshot) -> bool {
    match &shown.status {
        SnapshotStatus::Known(Status::Lost | Status::Prevented) => true,
        SnapshotStatus::Known(Status::Won | Status::Closed) => false,
        SnapshotStatus::Known(Status::NeedsResponse | Status::UnderReview) | SnapshotStatus::Unrecognized(_) => {
            shown.stage != Some(Stage::Inquiry)
        }
    }
}

impl SimDisputes {
    /// How much of an object's money disputes hold.
    #[must_use]
    pub fn held_on(&self, object: &GatewayToken) -> i64 {
        let inner = self.inner();
        let of_object = inner.book.iter().filter(|(id, _)| inner.objects.get(id) == Some(object));
        let held = of_object.filter(|(_, shown)| holds(shown)).filter_map(|(_, shown)| shown.amount);
        held.map(Money::minor_units).sum()
    }

    pub(crate) fn object_of(&self, id: &DisputeId) -> Option<GatewayToken> {
        self.inner().objects.get(id).cloned()
    }

    /// Whether somebody answered a dispute in the dashboard.
    #[must_use]
    pub fn is_answered_behind_our_back(&self, id: &DisputeId) -> bool {
        self.inner().served.iter().any(|served| served.id == *id && served.key.is_none())
    }
}

impl SimGateway {
    /// The payer of an object's money disputes some of it.
    pub fn payer_disputes(
        &self,
        id: &DisputeId,
        (object, payment): (&GatewayToken, &TransactionId),
        amount: Money,
        standing: Standing,
        by: Timestamp,
    ) {
        self.disputes().open(id, Some(payment), amount, standing, by);
        self.disputes().inner().objects.insert(id.clone(), object.clone());
        self.dispute_has_news(id);
    }

    /// A dispute changes: the bank asks, decides, takes it up again.
    ///
    /// # Panics
    /// If there is none.
    pub fn dispute_changes(&self, id: &DisputeId, change: impl FnOnce(&mut Snapshot)) {
        change(must(self.disputes().inner().book.get_mut(id).ok_or("there is no such dispute")));
        self.dispute_has_news(id);
    }

    /// Somebody answers a dispute in the dashboard. Whether it asked for an answer.
    pub fn dashboard_answers(&self, id: &DisputeId, kind: ActKind) -> bool {
        let outcome = self.disputes().inner().answer(id, kind, &Papers::nothing(), None);
        let is_taken = !matches!(outcome, Outcome::Refused { .. });
        if is_taken {
            self.dispute_has_news(id);
        }
        is_taken
    }
}
