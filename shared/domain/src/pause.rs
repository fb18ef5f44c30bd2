//! What the merchant has paused: everything, or what one gateway moves. Nothing that moves money begins there any more; what has begun is
//! still found out, and what only lets go of money goes on.
//!
//! Who paused it, since when and why stands beside it for people, and decides nothing.

use std::{collections::BTreeSet, time::Duration};

use crate::gateway::Gateway;

/// Something that is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Paused {
    /// Whatever moves money.
    Everything,
    /// What moves money at one gateway.
    At(Gateway),
}

/// All that is paused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pauses(BTreeSet<Paused>);

impl Pauses {
    /// Whoever looks may rely for so long on what they saw: a pause holds everywhere after that, and the time of a request that had
    /// begun before. Whoever throws a switch waits for ten seconds; asking the table for it at each payment would cost every payment.
    pub const SEEN_FOR: Duration = Duration::from_secs(10);

    /// These, and nothing else.
    #[must_use]
    pub fn of(paused: impl IntoIterator<Item = Paused>) -> Self {
        Self(paused.into_iter().collect())
    }

    /// Why nothing that moves money may begin at `gateway`; none if it may.
    #[must_use]
    pub fn at(&self, gateway: Gateway) -> Option<Paused> {
        [Paused::Everything, Paused::At(gateway)].into_iter().find(|paused| self.0.contains(paused))
    }

    /// How many things are paused.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_stands_still_when_it_is_paused_or_everything_is() {
        let (stripe, paypal) = (Gateway::Stripe, Gateway::PayPal);
        let nothing = Pauses::default();
        assert_eq!((nothing.at(stripe), nothing.at(paypal), nothing.count()), (None, None, 0));
        let one = Pauses::of([Paused::At(paypal)]);
        assert_eq!((one.at(stripe), one.at(paypal), one.count()), (None, Some(Paused::At(paypal)), 1));
        let all = Pauses::of([Paused::Everything, Paused::At(paypal)]);
        assert_eq!((all.at(stripe), all.at(paypal)), (Some(Paused::Everything), Some(Paused::Everything)));
        assert_eq!(all.count(), 2);
    }
}
