//! The least and the most that a merchant asks for at once, per currency.

use std::collections::BTreeMap;

use super::{Currency, Money};

/// The limits of a merchant. A currency that is not named has none but the gateway's own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AmountLimits(BTreeMap<&'static str, Limit>);

/// The least and the most of one currency, in its minor units; both are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit {
    least: i64,
    most: i64,
}

/// Why an amount is none that the merchant asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutOfLimits {
    /// Less than the least.
    #[error("must be at least {} minor units of {}", .0.minor_units(), .0.currency().code())]
    TooSmall(Money),
    /// More than the most.
    #[error("must be at most {} minor units of {}", .0.minor_units(), .0.currency().code())]
    TooLarge(Money),
}

/// Why a text is no list of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no list of limits such as EUR:50..500000,USD:50..,JPY:..1000000")]
pub struct NoLimits;

impl AmountLimits {
    /// Reads limits as an operator writes them: `EUR:50..500000,USD:50..,JPY:..1000000`, in minor units. Nothing means no limits.
    ///
    /// # Errors
    /// If it is no such list, if a currency stands in it twice, or if nothing lies between a least and its most.
    pub fn parse(text: &str) -> Result<Self, NoLimits> {
        let mut limits = BTreeMap::new();
        for entry in text.split(',').filter(|_| !text.is_empty()) {
            let (code, range) = entry.split_once(':').ok_or(NoLimits)?;
            let (least, most) = range.split_once("..").ok_or(NoLimits)?;
            let limit = Limit { least: bound(least, 1)?, most: bound(most, i64::MAX)? };
            let currency = Currency::from_code(code).map_err(|_| NoLimits)?;
            if limit.least > limit.most || limits.insert(currency.code(), limit).is_some() {
                return Err(NoLimits);
            }
        }
        Ok(Self(limits))
    }

    /// Whether so much may be asked for.
    ///
    /// # Errors
    /// With what it would have to be.
    pub fn check(&self, amount: Money) -> Result<(), OutOfLimits> {
        let Some(limit) = self.0.get(amount.currency().code()) else { return Ok(()) };
        let of = |minor_units| Money { minor_units, currency: amount.currency() };
        if amount.minor_units() < limit.least {
            return Err(OutOfLimits::TooSmall(of(limit.least)));
        }
        if amount.minor_units() > limit.most { Err(OutOfLimits::TooLarge(of(limit.most))) } else { Ok(()) }
    }
}

/// One end of a range: a number of minor units, or nothing.
fn bound(text: &str, open: i64) -> Result<i64, NoLimits> {
    if text.is_empty() {
        return Ok(open);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NoLimits);
    }
    text.parse().ok().filter(|number| *number > 0).ok_or(NoLimits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(limits: &str, minor_units: i64, code: &str) -> String {
        let amount = Money::payable(minor_units, Currency::from_code(code).unwrap()).unwrap();
        let checked = AmountLimits::parse(limits).unwrap().check(amount);
        checked.map_or_else(|why| why.to_string(), |()| "allowed".to_owned())
    }

    #[test]
    fn both_ends_are_allowed_and_what_lies_beyond_them_is_told_where_they_are() {
        let limits = "EUR:50..500000,USD:50..,JPY:..1000000";
        for (minor_units, code) in [(50, "EUR"), (500_000, "EUR"), (i64::MAX, "USD"), (1, "JPY"), (1, "GBP")] {
            assert_eq!(checked(limits, minor_units, code), "allowed", "{minor_units} {code}");
        }
        assert_eq!(checked(limits, 49, "EUR"), "must be at least 50 minor units of EUR");
        assert_eq!(checked(limits, 500_001, "EUR"), "must be at most 500000 minor units of EUR");
        assert_eq!(checked(limits, 1_000_001, "JPY"), "must be at most 1000000 minor units of JPY");
        assert_eq!(checked("", 1, "EUR"), "allowed");
    }

    #[test]
    fn a_list_that_is_not_understood_is_no_list() {
        for text in [
            "EUR",
            "EUR:",
            "EUR:50",
            "eur:50..",
            "XAU:1..",
            "EUR:5..4",
            "EUR:0..",
            "EUR:-1..",
            "EUR:+1..",
            "EUR:1.5..",
            "EUR:50..,",
            ",",
            "EUR:50..,EUR:60..",
            "EUR:50.. ",
            "EUR:9223372036854775808..",
        ] {
            assert_eq!(AmountLimits::parse(text), Err(NoLimits), "{text}");
        }
    }
}
