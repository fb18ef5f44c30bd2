//! Money: a whole number of a currency's minor units. No floats, no implicit conversion, no sum across currencies.

mod limits;

use std::fmt;

pub use limits::{AmountLimits, NoLimits, OutOfLimits};

/// An ISO 4217 currency that has minor units (so neither gold nor the testing code).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency(iso_currency::Currency);

impl Currency {
    /// Finds a currency by its upper-case three-letter code.
    ///
    /// # Errors
    /// [`MoneyError::UnknownCurrency`] if ISO 4217 has no such code, or none with minor units.
    pub fn from_code(code: &str) -> Result<Self, MoneyError> {
        iso_currency::Currency::from_code(code)
            .filter(|currency| currency.code() == code && currency.exponent().is_some())
            .map(Self)
            .ok_or(MoneyError::UnknownCurrency)
    }

    /// The three-letter code, upper case.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// How many decimal digits the minor unit stands for: 2 for EUR, 0 for JPY, 3 for KWD.
    #[must_use]
    pub fn exponent(self) -> u16 {
        self.0.exponent().unwrap_or(0)
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

/// An amount that is never negative. Which way it moves is said by what it is used for.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    minor_units: i64,
    currency: Currency,
}

/// Why an amount is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// No such currency.
    #[error("is not an ISO 4217 currency code in upper case, such as EUR")]
    UnknownCurrency,
    /// Below zero, or zero where something must be paid.
    #[error("must be a positive whole number of minor units")]
    NotPositive,
    /// Two currencies in one sum.
    #[error("amounts in different currencies cannot be added")]
    CurrencyMismatch,
    /// The result cannot be expressed.
    #[error("the amount is too large")]
    Overflow,
}

impl Money {
    /// An amount of zero or more.
    ///
    /// # Errors
    /// [`MoneyError::NotPositive`] if it is negative.
    pub fn try_new(minor_units: i64, currency: Currency) -> Result<Self, MoneyError> {
        if minor_units < 0 {
            return Err(MoneyError::NotPositive);
        }
        Ok(Self { minor_units, currency })
    }

    /// An amount that somebody can be asked to pay: more than zero.
    ///
    /// # Errors
    /// [`MoneyError::NotPositive`] if it is zero or negative.
    pub fn payable(minor_units: i64, currency: Currency) -> Result<Self, MoneyError> {
        if minor_units == 0 { Err(MoneyError::NotPositive) } else { Self::try_new(minor_units, currency) }
    }

    /// Nothing, in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self { minor_units: 0, currency }
    }

    /// The number of minor units: cents, yen, fils.
    #[must_use]
    pub const fn minor_units(self) -> i64 {
        self.minor_units
    }

    /// What it is an amount of.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum of two amounts of one currency.
    ///
    /// # Errors
    /// If the currencies differ or the sum cannot be expressed.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        let minor_units = self.minor_units.checked_add(other.minor_units).ok_or(MoneyError::Overflow)?;
        Ok(Self { minor_units, currency: self.currency })
    }

    /// What is left when `other` is taken away; nothing if it is more than there is.
    ///
    /// # Errors
    /// If the currencies differ.
    pub fn less(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        Ok(Self { minor_units: self.minor_units.saturating_sub(other.minor_units).max(0), currency: self.currency })
    }

    /// Whether both are of one currency and this one is no larger.
    #[must_use]
    pub fn is_within(self, other: Self) -> bool {
        self.currency == other.currency && self.minor_units <= other.minor_units
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {:?}", self.minor_units, self.currency)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::from_code(code).unwrap()
    }

    #[test]
    fn exponents_are_those_of_iso_4217() {
        for (code, exponent) in
            [("EUR", 2), ("JPY", 0), ("KWD", 3), ("HUF", 2), ("ISK", 0), ("UGX", 0), ("MGA", 2), ("CLF", 4)]
        {
            assert_eq!(currency(code).exponent(), exponent, "{code}");
        }
    }

    #[test]
    fn a_code_that_is_not_an_upper_case_currency_is_refused() {
        for code in ["eur", "EURO", "", "XXX", "XAU", "XTS", "ZZZ", "ＥＵＲ"] {
            assert_eq!(Currency::from_code(code), Err(MoneyError::UnknownCurrency), "{code}");
        }
    }

    #[test]
    fn nobody_pays_nothing_or_less() {
        for minor_units in [0, -1, i64::MIN] {
            assert_eq!(Money::payable(minor_units, currency("EUR")), Err(MoneyError::NotPositive));
        }
    }

    #[test]
    fn currencies_never_mix() {
        let (euro, yen) = (Money::zero(currency("EUR")), Money::zero(currency("JPY")));
        assert_eq!(euro.checked_add(yen), Err(MoneyError::CurrencyMismatch));
        assert_eq!(euro.less(yen), Err(MoneyError::CurrencyMismatch));
        assert!(!euro.is_within(yen));
    }

    proptest! {
        #[test]
        fn what_is_added_can_be_taken_away(a in 0..=i64::MAX, b in 0..=i64::MAX) {
            let (a, b) = (Money::try_new(a, currency("EUR")).unwrap(), Money::try_new(b, currency("EUR")).unwrap());
            match a.checked_add(b) {
                Ok(sum) => { prop_assert_eq!(sum.less(b), Ok(a)); prop_assert!(a.is_within(sum)); }
                Err(error) => prop_assert_eq!(error, MoneyError::Overflow),
            }
        }

        #[test]
        fn taking_away_never_goes_below_nothing(a in 0..=i64::MAX, b in 0..=i64::MAX) {
            let (a, b) = (Money::try_new(a, currency("EUR")).unwrap(), Money::try_new(b, currency("EUR")).unwrap());
            prop_assert!(a.less(b).unwrap().minor_units() >= 0);
        }
    }

    #[test]
    fn money_shows_itself_as_people_write_it() {
        assert_eq!(currency("EUR").code(), "EUR");
        assert_eq!(format!("{:?} {:?}", currency("JPY"), Money::try_new(1999, currency("EUR"))), "JPY Ok(1999 EUR)");
    }

    #[test]
    fn nothing_is_an_amount_and_less_than_nothing_is_none() {
        assert_eq!(Money::try_new(0, currency("EUR")), Ok(Money::zero(currency("EUR"))));
        assert_eq!(Money::try_new(-1, currency("EUR")), Err(MoneyError::NotPositive));
    }
}
