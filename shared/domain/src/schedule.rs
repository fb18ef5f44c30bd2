//! How long things may take, and how long to wait before they are tried or looked at again. When exactly somebody must
//! look at a row is [`crate::payment`]'s to say.

use std::time::Duration;

use crate::{
    gateway::Gateway,
    time::{Now, Timestamp},
};

/// The time limits of a stack. Template parameters set the first three; the local stage makes them short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest that one gateway call may take.
    pub gateway_timeout: Duration,
    /// How long after an unknown outcome the first nudge comes.
    pub first_delay: Duration,
    /// How long after a payer was asked to pay the first look at the gateway is taken; later looks are rarer.
    pub first_look: Duration,
}

impl Limits {
    /// The limits of a deployed stack, unless its parameters say otherwise.
    pub const STANDARD: Self = Self {
        gateway_timeout: Duration::from_secs(20),
        first_delay: Duration::from_secs(15),
        first_look: Duration::from_secs(300),
    };

    /// Transport back-off never waits longer than this (promise P7).
    pub const BACKOFF_CAP: Duration = Duration::from_secs(15 * 60);

    /// After so many rounds without an answer a person is asked to look. With a first delay of 15 s and the cap above
    /// this is about two hours.
    pub const ROUNDS_BEFORE_REVIEW: u32 = 12;

    /// Stripe keeps idempotency keys for at least 24 h. A key under half of that is young: it may be sent again. PayPal
    /// keeps those of captures of an authorization and of refunds for 45 days, so that this is young there too.
    pub const KEY_YOUNG: Duration = Duration::from_secs(12 * 3600);

    /// PayPal keeps the key of what is asked of an order for 6 h.
    const ORDER_KEY_YOUNG: Duration = Duration::from_secs(3 * 3600);

    /// How old the key of an attempt may be to be sent again.
    #[must_use]
    pub const fn key_young(gateway: Gateway) -> Duration {
        match gateway {
            Gateway::Stripe => Self::KEY_YOUNG,
            Gateway::PayPal => Self::ORDER_KEY_YOUNG,
        }
    }

    /// A request that was given up may still be on its way to the gateway, and be served there. No network holds one for
    /// longer than this.
    pub const ON_ITS_WAY: Duration = Duration::from_secs(2 * 3600);

    /// The looks at a waiting payment, as multiples of `first_look`: 5 min, 15 min, 1 h, then every 4 h.
    const LOOKS: [u32; 4] = [1, 3, 12, 48];

    /// The round from which on looks become no rarer: the last of the steps above.
    pub const RAREST_LOOK: u32 = 3;

    /// So often a payment that has succeeded is looked at for what its charge came to, where no answer has told: once for
    /// each of the steps above, which makes five hours.
    pub const SETTLEMENT_LOOKS_MAX: u32 = 4;

    /// What no payment of ours has a part in, as far as anybody could see, is looked at for so long after it was first heard of: no bank
    /// takes longer to decide. Then only an event has it looked at again.
    pub const STRAY: Duration = Duration::from_secs(120 * 24 * 3600);

    /// What somebody has refunded by hand may come back for so long after it was first seen: banks take from a few days to a month to
    /// say that they cannot place it.
    pub const REFUND_WATCH: Duration = Duration::from_secs(30 * 24 * 3600);

    /// How often it is looked at meanwhile. Nobody waits for it, and a merchant may refund much by hand.
    pub const REFUND_WATCH_INTERVAL: Duration = Duration::from_secs(24 * 3600);

    /// A webhook need not hurry a row that somebody looks at within this time anyway.
    pub const NEAR: Duration = Duration::from_secs(60);
}

/// Our own cap on re-attempts, under every card network's: one a day.
pub const REATTEMPT_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// Our own cap on re-attempts, under every card network's: eight in thirty days.
pub const REATTEMPTS_MAX: usize = 8;
/// How many re-attempts a decline gets that says little about why.
pub const CAUTIOUS_REATTEMPTS_MAX: usize = 3;

/// Full jitter over a doubling window: round 1 waits up to the first delay (and at least half of it, so that a storm
/// of lost answers does not come straight back), the cap ends the doubling.
pub(crate) fn backoff(round: u32, limits: Limits, dice: u64) -> Duration {
    let doublings = 2_u32.saturating_pow(round.saturating_sub(1).min(16));
    let window = limits.first_delay.saturating_mul(doublings).min(Limits::BACKOFF_CAP);
    let half = u64::try_from(window.as_millis()).unwrap_or(u64::MAX) / 2;
    Duration::from_millis(half.saturating_add(dice.checked_rem(half.saturating_add(1)).unwrap_or(0)))
}

/// Looks become rarer the longer nothing happens, and never stop.
pub(crate) fn look_delay(round: u32, limits: Limits) -> Duration {
    let step = usize::try_from(round).unwrap_or(usize::MAX).min(Limits::LOOKS.len().saturating_sub(1));
    let multiple = Limits::LOOKS.get(step).copied().unwrap_or(1);
    limits.first_look.saturating_mul(multiple)
}

/// When to look again at a dispute or a warning that nobody could see or place so far: soon for a while, then once a day, then not
/// any more; a person has been asked long since. It never costs more than a few hundred looks.
pub(crate) fn stray_look(heard_of: Timestamp, rounds: u32, now: &Now) -> Option<Timestamp> {
    const A_DAY: Duration = Duration::from_secs(24 * 3600);
    if rounds < Limits::ROUNDS_BEFORE_REVIEW {
        return Some(now.at.plus(backoff(rounds, now.limits, now.dice)));
    }
    (now.at.since(heard_of) < Limits::STRAY).then(|| now.at.plus(A_DAY))
}

/// When to look again at refunds that may come back, the newest of which was first seen at `since`. The looks stand on the clock,
/// so that whatever else happens to the row puts none of them off.
pub(crate) fn refund_watch(since: Timestamp, at: Timestamp) -> Option<Timestamp> {
    let interval = Limits::REFUND_WATCH_INTERVAL;
    let over = at.since(since).as_secs().checked_div(interval.as_secs()).unwrap_or(0);
    let next = u32::try_from(over).unwrap_or(u32::MAX).saturating_add(1);
    let after = interval.saturating_mul(next);
    (after < Limits::REFUND_WATCH).then(|| since.plus(after))
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn transport_back_off_stays_between_half_the_first_delay_and_a_quarter_of_an_hour(round in 0_u32.., dice in 0_u64..) {
            let wait = backoff(round, Limits::STANDARD, dice);
            prop_assert!(wait >= Limits::STANDARD.first_delay / 2 && wait <= Limits::BACKOFF_CAP, "{wait:?}");
        }
    }

    #[test]
    fn looks_become_rarer_and_never_stop() {
        let delays: Vec<u64> = (0..6).map(|round| look_delay(round, Limits::STANDARD).as_secs() / 60).collect();
        assert_eq!(delays, [5, 15, 60, 240, 240, 240]);
        let rarest = look_delay(Limits::RAREST_LOOK, Limits::STANDARD);
        assert_eq!((rarest, look_delay(u32::MAX, Limits::STANDARD)), (Duration::from_secs(4 * 3600), rarest));
        const { assert!(Limits::RAREST_LOOK < Limits::ROUNDS_BEFORE_REVIEW, "a look that was answered calls nobody") };
    }

    #[test]
    fn the_bounds_are_those_of_the_promises_and_of_the_gateways() {
        assert_eq!(Limits::BACKOFF_CAP.as_secs(), 900, "a quarter of an hour (P7)");
        assert_eq!(Limits::KEY_YOUNG.as_secs(), 43_200, "half of the day that Stripe keeps a key (E9)");
        assert_eq!(Limits::ON_ITS_WAY.as_secs(), 7_200, "and what is sent last arrives while the key lives");
        let of_orders = Limits::key_young(Gateway::PayPal);
        assert_eq!(of_orders.as_secs(), 10_800, "half of the six hours that PayPal keeps an order's key");
        assert!(of_orders + Limits::ON_ITS_WAY < 2 * of_orders, "and what is sent last arrives while that lives");
        assert_eq!(REATTEMPT_INTERVAL.as_secs(), 86_400, "one a day");
    }

    #[test]
    fn a_watch_goes_by_the_day_it_began_and_ends_within_its_month() {
        let began = Timestamp::from_unix_ms(7);
        let day = Duration::from_secs(86_400);
        let next = |after: Duration| refund_watch(began, began.plus(after)).map(|next| next.since(began).as_secs());
        assert_eq!([Duration::ZERO, day / 2, day - Duration::from_millis(1)].map(next), [Some(86_400); 3]);
        assert_eq!([day, day * 28, day * 29, day * 1_000].map(next), [Some(172_800), Some(29 * 86_400), None, None]);
        assert_eq!(Limits::REFUND_WATCH.as_secs(), 30 * 86_400);
    }

    #[test]
    fn back_off_doubles_and_its_jitter_is_half_of_the_window() {
        let bounds = |round| [0, u64::MAX, 7_500].map(|dice| backoff(round, Limits::STANDARD, dice).as_millis());
        assert_eq!(bounds(1), [7_500, 7_500 + u128::from(u64::MAX % 7_501), 15_000]);
        let least = |round| backoff(round, Limits::STANDARD, 0).as_millis();
        assert_eq!([0, 1, 2, 3, 7, 8, u32::MAX].map(least), [7_500, 7_500, 15_000, 30_000, 450_000, 450_000, 450_000]);
    }
}
