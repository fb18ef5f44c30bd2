//! Early fraud warnings: a bank says that a charge may be fraudulent, before anybody has disputed it.

use serde_json::Value;

use super::{
    super::{
        book::{Book, Occasion},
        error::StripeError,
        objects::Standing,
    },
    render,
};

/// What a bank may believe.
const FRAUD_TYPES: &[&str] = &[
    "card_never_received",
    "fraudulent_card_application",
    "made_with_counterfeit_card",
    "made_with_lost_card",
    "made_with_stolen_card",
    "misc",
    "unauthorized_use_of_card",
];

/// A `radar.early_fraud_warning`.
#[derive(Clone, Debug)]
pub(crate) struct Warning {
    pub(crate) id: String,
    pub(crate) created: u64,
    pub(crate) charge: String,
    pub(crate) intent: String,
    pub(crate) fraud_type: &'static str,
    /// Nobody has disputed the charge yet, and there is something left to refund.
    pub(crate) actionable: bool,
}

impl Book {
    /// The bank warns of a charge.
    pub(crate) fn warn_of_fraud(
        &mut self,
        charge: &str,
        fraud_type: &str,
        occasion: &Occasion,
    ) -> Result<Value, StripeError> {
        let Some(fraud_type) = FRAUD_TYPES.iter().copied().find(|known| *known == fraud_type) else {
            return Err(StripeError::invalid(format!("the fraud type must be one of {}", FRAUD_TYPES.join(", "))));
        };
        let warned = self.charges.get(charge).filter(|charge| charge.standing == Standing::Captured);
        let taken = warned.ok_or_else(|| StripeError::invalid(format!("{charge} has taken no money")))?;
        let intent = taken.intent.clone();
        let warning = Warning {
            id: self.ids.next("issfr_"),
            created: occasion.now.seconds(),
            charge: charge.to_owned(),
            intent,
            fraud_type,
            actionable: self.calls_for_action(charge),
        };
        let (id, shown) = (warning.id.clone(), render::warning(&warning));
        self.warnings.put(&id, warning)?;
        self.announce("radar.early_fraud_warning.created", shown.clone(), occasion);
        Ok(shown)
    }

    /// A charge was disputed or refunded: there may be nothing left to do about its warnings.
    pub(in super::super) fn review_warnings(&mut self, charge: &str, occasion: &Occasion) {
        let actionable = self.calls_for_action(charge);
        let stale = self.warnings.iter().filter(|warning| warning.charge == charge && warning.actionable != actionable);
        for id in stale.map(|warning| warning.id.clone()).collect::<Vec<_>>() {
            let Some(warning) = self.warnings.get_mut(&id) else { continue };
            warning.actionable = actionable;
            let shown = render::warning(warning);
            self.announce("radar.early_fraud_warning.updated", shown, occasion);
        }
    }

    pub(super) fn get_warning(&self, id: &str) -> Result<Value, StripeError> {
        let missing = || StripeError::missing_in_path("early fraud warning", id);
        self.warnings.get(id).map(render::warning).ok_or_else(missing)
    }

    fn calls_for_action(&self, charge: &str) -> bool {
        !self.is_disputed(charge) && self.charges.get(charge).is_some_and(|charge| charge.left() > 0)
    }
}
