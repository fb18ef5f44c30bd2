//! What a payment's row says of the early fraud warnings about its charge. The warnings themselves have rows of their own
//! ([`crate::warning`]), until they have been told.

use super::{Fact, Judgement, Payment, decide::happened};
use crate::{
    text::{GatewayToken, Text},
    time::{Now, Timestamp},
    warning::{Link, Warning, WarningId},
};

/// As many warnings as a payment's row bears. A bank sends one for a charge; where there are more, the newest tell.
pub const WARNINGS_MAX: usize = 5;

/// An early fraud warning, as the payment's row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentWarning {
    /// Its id.
    pub id: WarningId,
    /// What kind of fraud the bank believes in, in the gateway's word.
    pub kind: Text<64>,
    /// Whether giving the money back may still keep the charge from being disputed.
    pub is_actionable: bool,
    /// When the bank warned.
    pub warned_at: Timestamp,
    /// The version of the warning that this was said of: what is older is not heard.
    pub version: u64,
}

impl PaymentWarning {
    /// What the payment's row says of `warning`, and the object whose charge it is about; nothing while that is not known.
    #[must_use]
    pub fn of(warning: &Warning) -> Option<(Self, GatewayToken)> {
        let (known, Link::Payment { object, .. }) = (warning.known.as_ref()?, &warning.link) else { return None };
        let summary = Self {
            id: warning.id.clone(),
            kind: known.kind.clone(),
            is_actionable: known.is_actionable,
            warned_at: known.warned_at,
            version: warning.version,
        };
        Some((summary, object.clone()))
    }

    fn says_the_same(&self, other: &Self) -> bool {
        (&self.kind, self.is_actionable, self.warned_at) == (&other.kind, other.is_actionable, other.warned_at)
    }
}

/// Weighs an early fraud warning about a charge on `object`.
#[must_use]
pub fn judge_warning(payment: &Payment, object: &GatewayToken, warning: &PaymentWarning, now: &Now) -> Judgement {
    if *object != payment.object {
        // E7: the payment is not moved by what another object does that bears its id.
        return Judgement::Foreign { holds_money: false, review: None };
    }
    let known = payment.warnings.iter().find(|known| known.id == warning.id);
    if known.is_some_and(|known| known.version >= warning.version || known.says_the_same(warning)) {
        return Judgement::Nothing;
    }
    Judgement::Change(happened(payment, Fact::FraudWarned(warning.clone()), now))
}

/// Writes a warning down. It never grows a row beyond the bound.
pub(super) fn warned(payment: &mut Payment, warning: &PaymentWarning) {
    if let Some(known) = payment.warnings.iter_mut().find(|known| known.id == warning.id) {
        *known = warning.clone();
        return;
    }
    if payment.warnings.len() >= WARNINGS_MAX {
        payment.warnings.remove(0);
    }
    payment.warnings.push(warning.clone());
}
