//! What a charge came to in the merchant's own account, as the gateway tells it. Told, and never computed: a rate of ours
//! would be a guess about somebody's money.

use crate::money::Money;

/// What a charge came to in the merchant's own account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// What was credited, after the fee, in the account's currency.
    pub net: Money,
    /// What the gateway kept, in the currency that it took it in: the account's, or the charge's where it took its fee
    /// before it exchanged the rest (PayPal).
    pub fee: Money,
    /// The rate that the money was exchanged at; none where nothing was exchanged, or the gateway does not say.
    pub rate: Option<ExchangeRate>,
}

impl Settlement {
    /// What the charge was worth in the account's currency before the fee; none where the fee is in another currency, and
    /// the two cannot be added.
    #[must_use]
    pub fn gross(&self) -> Option<Money> {
        self.net.checked_add(self.fee).ok()
    }
}

/// What an amount in one currency was multiplied by to be one in another, digit by digit as the gateway wrote it. It is text,
/// because nothing is computed with it: an amount times a rate would be rounded by us otherwise than by the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExchangeRate(String);

/// Why a text is no rate. The sentence completes "`<field>` …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a rate: digits, at most one point between them, not all of them zero")]
pub struct NotARate;

impl ExchangeRate {
    /// Stripe writes a double, which has at most 17 digits that say anything and may begin with some zeros; PayPal's amounts
    /// have 32 characters at most.
    pub const MAX_LENGTH: usize = 40;

    /// Reads a positive decimal number, without sign or exponent.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, NotARate> {
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
        let is_decimal = is_number(whole) && fraction.is_none_or(is_number);
        let is_something = text.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        if is_decimal && is_something && text.len() <= Self::MAX_LENGTH {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotARate)
        }
    }

    /// The rate as the gateway wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn money(minor_units: i64, code: &str) -> Money {
        Money::try_new(minor_units, Currency::from_code(code).unwrap()).unwrap()
    }

    #[test]
    fn a_rate_is_a_decimal_number_and_stays_as_it_was_written() {
        for rate in ["1", "0.92000", "0.925925926", "0.0000061", &"1".repeat(40)] {
            assert_eq!(ExchangeRate::parse(rate).unwrap().as_str(), rate);
        }
        for other in ["", ".5", "5.", "1.2.3", "-1.2", "+1", "1e-5", "0", "0.00", "1,2", " 1", "NaN", &"1".repeat(41)] {
            assert_eq!(ExchangeRate::parse(other), Err(NotARate), "{other:?}");
        }
    }

    #[test]
    fn before_the_fee_it_was_the_sum_of_both_where_they_are_of_one_currency() {
        let settled = |fee| Settlement { net: money(8_833, "EUR"), fee, rate: None };
        assert_eq!(settled(money(366, "EUR")).gross(), Some(money(9_199, "EUR")));
        assert_eq!(settled(money(398, "USD")).gross(), None);
        assert_eq!(settled(money(i64::MAX, "EUR")).gross(), None, "what cannot be written down is not told");
    }
}
