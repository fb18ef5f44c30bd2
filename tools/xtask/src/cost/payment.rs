//! What payments take, of each kind: requests, calls, units, bytes.
//!
//! Each is opened, confirmed and looked up once, and told to one endpoint of the merchant's that hears all of it; the gateway's events are those that
//! `register-webhooks` subscribes to. An endpoint at Stripe that is sent everything hears three or four of a card.
//!
//! What the table is asked for by a card that is charged at once is counted by tests of `adapters`. The other kinds change their row more often: a change takes
//! a third of what three take, rounded up.

/// How a payer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Assumed: so many of ten payments.
    pub(super) of_ten: u64,
    /// Of the gateway's, by name.
    pub(super) events: &'static [&'static str],
    /// Of the row; each is told.
    pub(super) changes: u64,
    /// What PayPal's events say is never believed: each has the retry function look.
    looks: u64,
    /// Assumed, of what is published of Stripe's test mode: an open is answered in half a second, a charge in 1.3 s and a look in half a second, while a
    /// function waits and is paid for.
    gateway_ms: u64,
}

pub(super) const KINDS: [Kind; 3] = [
    Kind {
        name: "a card, at once",
        of_ten: 5,
        events: &["payment_intent.succeeded"],
        changes: CARD_CHANGES,
        looks: 0,
        gateway_ms: 500 + 1_300,
    },
    // One change more: the payer is asked.
    Kind {
        name: "a card, with 3-D Secure",
        of_ten: 3,
        events: &["payment_intent.requires_action", "payment_intent.succeeded"],
        changes: CARD_CHANGES + 1,
        looks: 0,
        gateway_ms: 500 + 1_300,
    },
    // Assumed: two changes more for what the looks find.
    Kind {
        name: "PayPal",
        of_ten: 2,
        events: &["CHECKOUT.ORDER.APPROVED", "PAYMENT.CAPTURE.COMPLETED"],
        changes: CARD_CHANGES + 3,
        looks: 2,
        gateway_ms: 500 + 1_300 + 2 * 500,
    },
];

/// Initiate, confirm, status.
const ASKED: u64 = 3;
/// Opened, an attempt begun, and what came of it.
pub(super) const CARD_CHANGES: u64 = 3;

// ── What a card that is charged at once asks of the table; the payment's own row, what telling of it takes, and delivering ──

pub(super) const OWN_READS: u64 = 2;
pub(super) const OWN_WRITES: u64 = 3;
pub(super) const OWN_INDEXES: u64 = 5;
pub(super) const TELLING_READS: u64 = 8;
pub(super) const TELLING_WRITES: u64 = 9;
pub(super) const TELLING_INDEXES: u64 = 8;
pub(super) const DELIVERING_READS: u64 = 9;
pub(super) const DELIVERING_WRITES: u64 = 6;
pub(super) const DELIVERING_INDEXES: u64 = 9;
/// One more for status, and three for the brake on card testing.
const CARD_READS: u64 = OWN_READS + TELLING_READS + DELIVERING_READS + 1 + 3;
const CARD_WRITES: u64 =
    OWN_WRITES + OWN_INDEXES + TELLING_WRITES + TELLING_INDEXES + DELIVERING_WRITES + DELIVERING_INDEXES;
/// Assumed from the sizes that the tests of `adapters` print: a row of a kilobyte, three entries with their events, two movements, three deliveries, and for
/// each of these DynamoDB's own hundred bytes, in the table and in its indexes.
const CARD_BYTES: u64 = 8_000;
/// An entry with its event, a delivery, and what is left of a movement.
const CHANGE_BYTES: u64 = 2_500;

/// What ten payments come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// To the API, the gateway's events among them.
    pub(super) requests: u64,
    /// Of functions: one for each request; each change told by itself and delivered by itself, which is the dearest; each look.
    pub(super) calls: u64,
    pub(super) ms: u64,
    pub(super) writes: u64,
    pub(super) reads: u64,
    /// To SQS: a message is sent, taken and deleted.
    pub(super) queued: u64,
    pub(super) sent_bytes: u64,
    pub(super) kept_bytes: u64,
}

impl Counts {
    /// Of ten payments as they are mixed.
    pub(super) fn of_ten() -> Self {
        KINDS.iter().fold(Self::default(), |sum, kind| sum.plus(Self::of(kind), kind.of_ten))
    }

    /// Of ten payments of one kind.
    pub(super) fn of_ten_alike(kind: &Kind) -> Self {
        Self::default().plus(Self::of(kind), 10)
    }

    fn of(kind: &Kind) -> Self {
        let events = kind.events.iter().map(|_| 1_u64).sum::<u64>();
        let more = kind.changes.saturating_sub(CARD_CHANGES);
        let requests = ASKED.saturating_add(events);
        let told = kind.changes.saturating_mul(2);
        Self {
            requests,
            calls: requests.saturating_add(told).saturating_add(kind.looks),
            // Assumed: status takes 10 ms, an event 20, telling 50, and the merchant's server 200 for what it is delivered.
            ms: sum([kind.gateway_ms, 10, times(20, events), times(50 + 200, kind.changes)]),
            writes: sum([CARD_WRITES, times(CARD_WRITES.div_ceil(CARD_CHANGES), more)]),
            // A look reads its row twice.
            reads: sum([CARD_READS, times(CARD_READS.div_ceil(CARD_CHANGES), more), times(2, kind.looks)]),
            queued: times(3, kind.changes.saturating_add(kind.looks)),
            // Assumed: answers of 1.5 kB, requests to the gateway of a kilobyte each, events of 1.5 kB with their headers.
            sent_bytes: sum([
                times(1_500, requests),
                times(1_000, kind.looks.saturating_add(2)),
                times(1_500, kind.changes),
            ]),
            kept_bytes: sum([CARD_BYTES, times(CHANGE_BYTES, more)]),
        }
    }

    fn plus(self, one: Self, count: u64) -> Self {
        let plus = |sum: u64, part: u64| sum.saturating_add(times(part, count));
        Self {
            requests: plus(self.requests, one.requests),
            calls: plus(self.calls, one.calls),
            ms: plus(self.ms, one.ms),
            writes: plus(self.writes, one.writes),
            reads: plus(self.reads, one.reads),
            queued: plus(self.queued, one.queued),
            sent_bytes: plus(self.sent_bytes, one.sent_bytes),
            kept_bytes: plus(self.kept_bytes, one.kept_bytes),
        }
    }
}

fn sum<const N: usize>(parts: [u64; N]) -> u64 {
    parts.into_iter().fold(0, u64::saturating_add)
}

const fn times(one: u64, count: u64) -> u64 {
    one.saturating_mul(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register;

    /// The test that counts what the table is asked for.
    const COUNTED: &str = include_str!("../../../../shared/adapters/src/dynamo/tests/price.rs");

    #[test]
    fn the_units_are_those_that_the_adapters_tests_count() {
        let telling = |reads: u64, writes: u64, units: u64, indexes: u64| {
            format!("{reads} read units; {writes} writes of {units} units, and {indexes} for the indexes")
        };
        for line in [
            format!("own row: {}", telling(OWN_READS, CARD_CHANGES, OWN_WRITES, OWN_INDEXES)),
            format!("publish: {}", telling(TELLING_READS, 8, TELLING_WRITES, TELLING_INDEXES)),
            format!("deliver: {}", telling(DELIVERING_READS, 6, DELIVERING_WRITES, DELIVERING_INDEXES)),
            format!("{CARD_CHANGES} changes, {CARD_CHANGES} events"),
        ] {
            assert!(COUNTED.contains(&line), "{line}");
        }
    }

    #[test]
    fn the_events_are_among_those_that_an_endpoint_is_subscribed_to() {
        for event in KINDS.iter().flat_map(|kind| kind.events) {
            assert!(register::events().any(|line| line == *event), "{event}");
        }
    }

    #[test]
    fn what_each_kind_takes_is_what_comes_out_by_hand() {
        assert_eq!(KINDS.map(|kind| kind.of_ten).iter().sum::<u64>(), 10);
        // At once: 3 + 1 requests; 4 + 3 told + 3 delivered; 1800 + 10 + 20 + 3 × 250 ms; 3 messages; 4 × 1.5 + 2 × 1 + 3 × 1.5 kB.
        // 3-D Secure: 3 + 2; 5 + 4 + 4; 1800 + 10 + 40 + 4 × 250; 40 + 14 and 23 + 8 units; 4 messages; 7.5 + 2 + 6 kB.
        // PayPal: 3 + 2; 5 + 6 + 6 + 2; 2800 + 10 + 40 + 6 × 250; 40 + 3 × 14 and 23 + 3 × 8 + 2 × 2; 6 + 2 messages; 7.5 + 4 + 9 kB.
        let taken = KINDS.map(|kind| {
            let it = Counts::of(&kind);
            [it.requests, it.calls, it.ms, it.writes, it.reads, it.queued, it.sent_bytes, it.kept_bytes]
        });
        assert_eq!(
            taken,
            [
                [4, 10, 2_580, 40, 23, 9, 12_500, 8_000],
                [5, 13, 2_850, 54, 31, 12, 15_500, 10_500],
                [5, 19, 4_350, 82, 51, 24, 20_500, 15_500],
            ]
        );
        // 5 × 4 + 3 × 5 + 2 × 5 requests; 50 + 39 + 38 calls; 12,900 + 8,550 + 8,700 ms.
        let ten = Counts::of_ten();
        assert_eq!((ten.requests, ten.calls, ten.ms), (45, 127, 30_150));
        assert_eq!(Counts::of_ten_alike(&KINDS[0]).ms, 25_800);
    }
}
