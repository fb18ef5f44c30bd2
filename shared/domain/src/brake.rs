//! The brake on card testing: whoever tries out stolen cards is declined again and again, from one address, as one customer or with one
//! card. Beyond so many declines in an hour nothing more is tried until the hour is over.
//!
//! What somebody is known by is never kept: declines stand under a mark of it, made with a secret.

use std::{fmt, net::IpAddr, time::Duration};

use sha2::{Digest as _, Sha256};

use crate::{
    id::{AttemptNumber, TransactionId, digits},
    payment::{ConfirmRequest, Instrument, Payment},
    time::Timestamp,
};

/// Behind one address there may be an office, or half a town's telephones: it takes so many times as many declines.
const PAYERS_OF_AN_ADDRESS: u32 = 3;

/// Whoever has an address of IPv6 has all that begin with these 64 bits.
const NETWORK_OF_IPV6: u128 = u128::MAX << 64;

/// An hour by the clock. Declines are counted in each for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hour(i64);

impl Hour {
    const MS: i64 = 3_600 * 1_000;

    /// The hour of a moment.
    #[must_use]
    pub const fn of(at: Timestamp) -> Self {
        Self(at.unix_ms().div_euclid(Self::MS))
    }

    /// Its number since the epoch.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The first moment after it.
    #[must_use]
    pub const fn end(self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.saturating_add(1).saturating_mul(Self::MS))
    }
}

/// What marks are made with, so that nobody who reads them can try out which address or customer makes them.
#[derive(Clone, PartialEq, Eq)]
pub struct Pepper([u8; 32]);

impl Pepper {
    /// From a secret.
    #[must_use]
    pub const fn of(secret: [u8; 32]) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Pepper {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Pepper")
    }
}

/// Somebody whom declines are counted against, without a word of who it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark(String);

impl Mark {
    fn of(pepper: &Pepper, kind: &str, value: &[u8]) -> Self {
        // What comes before the value has a fixed length or an end, so that no two things are hashed alike; and of what comes out
        // the most part is left away, so that nobody can go on from there.
        let hash = Sha256::new().chain_update(pepper.0).chain_update(kind).chain_update([0]).chain_update(value);
        Self(digits(&hash.finalize()))
    }

    /// Its digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Somebody who may have been declined too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspect {
    /// Whom the declines are counted against.
    pub mark: Mark,
    /// With so many in an hour nothing more is tried.
    pub declines_max: u32,
}

/// The attempt that was declined. However often it is counted, it is one decline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclinedAttempt {
    /// Of which payment.
    pub payment: TransactionId,
    /// Which of its attempts.
    pub number: AttemptNumber,
}

/// The brake, as one request meets it.
#[derive(Debug, Clone)]
pub struct Brake {
    /// How many declines an hour takes, of one customer or one card.
    pub declines_max: u32,
    /// What marks are made with.
    pub pepper: Pepper,
    /// The payer's address, where the client says it.
    pub payer_address: Option<IpAddr>,
}

impl Brake {
    /// Whom a decline of this request would be counted against: three at the most, and none where nothing is known of the payer.
    #[must_use]
    pub fn suspects(&self, payment: &Payment, request: &ConfirmRequest) -> Vec<Suspect> {
        let suspect = |kind: &str, value: &[u8], declines_max| Suspect {
            mark: Mark::of(&self.pepper, kind, value),
            declines_max,
        };
        let of_many = self.declines_max.saturating_mul(PAYERS_OF_AN_ADDRESS);
        let address = self.payer_address.map(|address| suspect("address", &network(address), of_many));
        // Of a payer whom the merchant has not named nobody knows that they came before.
        let customer = payment.terms.customer.as_ref().filter(|customer| customer.id.is_some());
        let customer = customer.map(|customer| suspect("customer", customer.person.as_bytes(), self.declines_max));
        let method = match &request.instrument {
            Instrument::PaymentMethod(method) => Some(suspect("method", method.as_str().as_bytes(), self.declines_max)),
            // A token of Stripe's is used once, and what was approved is another thing each time.
            Instrument::ConfirmationToken(_) | Instrument::Approved => None,
        };
        address.into_iter().chain(customer).chain(method).collect()
    }
}

/// How long nothing may be tried, if one of the suspects has been declined too often in this hour: `declines` are theirs, in their order.
#[must_use]
pub fn held_for(suspects: &[Suspect], declines: &[u32], at: Timestamp) -> Option<Duration> {
    let is_too_often = |(suspect, declines): (&Suspect, &u32)| *declines >= suspect.declines_max;
    suspects.iter().zip(declines).any(is_too_often).then(|| Hour::of(at).end().since(at))
}

fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => (address.to_bits() & NETWORK_OF_IPV6).to_be_bytes().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::id::DIGITS;

    fn mark(pepper: u8, kind: &str, value: &str) -> Mark {
        Mark::of(&Pepper::of([pepper; 32]), kind, value.as_bytes())
    }

    fn of_address(address: &str) -> Vec<u8> {
        network(address.parse().unwrap())
    }

    #[test]
    fn a_mark_is_the_same_each_time_and_another_for_whatever_else() {
        assert_eq!(mark(1, "customer", "c_1"), mark(1, "customer", "c_1"));
        let marks = [
            mark(1, "customer", "c_1"),
            mark(2, "customer", "c_1"),
            mark(1, "method", "c_1"),
            mark(1, "customer", "c_2"),
            mark(1, "customer", ""),
        ];
        assert_eq!(marks.iter().collect::<BTreeSet<_>>().len(), marks.len());
        assert!(marks.iter().all(|mark| mark.as_str().len() == DIGITS));
        assert_eq!(format!("{:?}", Pepper::of([7; 32])), "Pepper");
    }

    #[test]
    fn an_address_of_ipv6_is_its_network_and_one_of_ipv4_itself_however_it_is_written() {
        assert_eq!(of_address("2001:db8:1:2::1"), of_address("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(of_address("2001:db8:1:2::1"), of_address("2001:db8:1:3::1"));
        assert_eq!(of_address("203.0.113.7"), of_address("::ffff:203.0.113.7"));
        assert_ne!(of_address("203.0.113.7"), of_address("203.0.113.8"));
    }

    #[test]
    fn an_hour_ends_where_the_next_begins() {
        let at = Timestamp::from_unix_ms(1_793_610_012_347);
        let hour = Hour::of(at);
        assert_eq!(hour.end().unix_ms().rem_euclid(Hour::MS), 0);
        assert!(hour.end() > at && hour.end().since(at) <= Duration::from_secs(3_600));
        assert_eq!(Hour::of(hour.end()).number(), hour.number().saturating_add(1));
    }

    #[test]
    fn whoever_has_been_declined_as_often_as_may_be_is_held_until_the_hour_is_over() {
        let suspects = [(3, "customer"), (9, "address")]
            .map(|(declines_max, kind)| Suspect { mark: mark(1, kind, "x"), declines_max });
        let at = Hour::of(Timestamp::from_unix_ms(1_793_610_012_347)).end().plus(Duration::from_secs(600));
        let held = |declines: [u32; 2]| held_for(&suspects, &declines, at).map(|wait| wait.as_secs());
        assert_eq!([held([2, 8]), held([3, 0]), held([0, 9])], [None, Some(3_000), Some(3_000)]);
        assert_eq!(held_for(&[], &[], at), None);
    }
}
