//! Amounts as PayPal writes them: a decimal text and a currency code. The API of Quittance always speaks minor units by
//! ISO 4217.
//!
//! Must never: round, or go through a floating-point number. What PayPal cannot write is refused before it is sent; what
//! it writes and we cannot count is no amount.

use domain::money::{Currency, Money};
use flow::ports::AmountRefusal;
use serde::{Deserialize, Serialize};

/// 999,999,999,999,999.99: whatever PayPal documents as `MAX_VALUE_EXCEEDED` lies above it.
const LARGEST_WHOLE_UNITS: i64 = 999_999_999_999_999;
/// The longest text that PayPal's contract allows for a value.
const VALUE_MAX_CHARACTERS: usize = 32;

/// How PayPal writes a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// With the decimals that ISO 4217 gives it.
    AsIso,
    /// In whole units only, though ISO 4217 gives it two decimals.
    WholeUnits,
}

/// PayPal's money object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WireAmount {
    pub(super) currency_code: String,
    pub(super) value: String,
}

impl WireAmount {
    /// The amount as PayPal wants it written.
    ///
    /// # Errors
    /// Why PayPal cannot write it.
    pub(super) fn of(amount: Money) -> Result<Self, AmountRefusal> {
        let currency = amount.currency();
        let scale = scale(currency).ok_or(AmountRefusal::CurrencyNotSupported)?;
        let units = amount.minor_units();
        let (whole, rest) = (units.div_euclid(scale), units.rem_euclid(scale));
        if whole > LARGEST_WHOLE_UNITS {
            return Err(AmountRefusal::TooLarge);
        }
        let value = match written(currency).ok_or(AmountRefusal::CurrencyNotSupported)? {
            Written::WholeUnits if rest != 0 => return Err(AmountRefusal::NotAMultiple { multiple: scale }),
            Written::WholeUnits => whole.to_string(),
            Written::AsIso if currency.exponent() == 0 => whole.to_string(),
            Written::AsIso => format!("{whole}.{rest:0digits$}", digits = usize::from(currency.exponent())),
        };
        Ok(Self { currency_code: currency.code().to_owned(), value })
    }

    /// The amount in a currency that PayPal has; none if it is not a whole number of its minor units, or below zero.
    pub(super) fn read(&self) -> Option<Money> {
        let currency = Currency::from_code(&self.currency_code).ok().filter(|currency| written(*currency).is_some())?;
        Money::try_new(minor_units(&self.value, currency)?, currency).ok()
    }
}

/// The currencies that PayPal has, and how it writes them. None: it does not have it.
///
/// BRL, CNY and MYR are for accounts in their own country, and RUB is listed though nobody can pay with it at present:
/// whether this merchant's account may is for PayPal to say, and there is only one way to write them.
fn written(currency: Currency) -> Option<Written> {
    match currency.code() {
        // PayPal counts them without decimals. (So it does with the yen, and so does ISO.)
        "HUF" | "TWD" => Some(Written::WholeUnits),
        "AUD" | "BRL" | "CAD" | "CHF" | "CNY" | "CZK" | "DKK" | "EUR" | "GBP" | "HKD" | "ILS" | "JPY" | "MXN"
        | "MYR" | "NOK" | "NZD" | "PHP" | "PLN" | "RUB" | "SEK" | "SGD" | "THB" | "USD" => Some(Written::AsIso),
        _ => None,
    }
}

/// How many minor units make one of the currency.
fn scale(currency: Currency) -> Option<i64> {
    10_i64.checked_pow(u32::from(currency.exponent()))
}

/// Reads a decimal text exactly. More decimals than the currency has are taken if they are zeros: they say nothing.
fn minor_units(text: &str, currency: Currency) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = text.len() <= VALUE_MAX_CHARACTERS
        && !text.is_empty()
        && !text.ends_with('.')
        && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
    let digits = usize::from(currency.exponent());
    let (counted, beyond) = fraction.split_at_checked(digits).unwrap_or((fraction, ""));
    if !is_number || beyond.bytes().any(|byte| byte != b'0') {
        return None;
    }
    format!("{whole}{counted:0<digits$}").parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::currencies;

    fn money(minor_units: i64, code: &str) -> Money {
        Money::try_new(minor_units, Currency::from_code(code).unwrap()).unwrap()
    }

    fn wire(value: &str, code: &str) -> WireAmount {
        WireAmount { currency_code: code.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn amounts_are_written_with_the_decimals_that_paypal_wants() {
        for (minor_units, code, value) in [
            (2_500, "EUR", "25.00"),
            (5, "USD", "0.05"),
            (1_234, "JPY", "1234"),
            (17_500, "HUF", "175"),
            (80_000, "TWD", "800"),
            (99_999_999_999_999_999, "EUR", "999999999999999.99"),
            (999_999_999_999_999, "JPY", "999999999999999"),
        ] {
            assert_eq!(WireAmount::of(money(minor_units, code)), Ok(wire(value, code)), "{minor_units} {code}");
        }
    }

    #[test]
    fn what_paypal_cannot_write_is_refused_with_the_reason() {
        for (minor_units, code, refusal) in [
            (17_550, "HUF", AmountRefusal::NotAMultiple { multiple: 100 }),
            (80_045, "TWD", AmountRefusal::NotAMultiple { multiple: 100 }),
            (100_000_000_000_000_000, "EUR", AmountRefusal::TooLarge),
            (1_000_000_000_000_000, "JPY", AmountRefusal::TooLarge),
            (i64::MAX, "HUF", AmountRefusal::TooLarge),
            (1_000, "KWD", AmountRefusal::CurrencyNotSupported),
            (1_000, "ISK", AmountRefusal::CurrencyNotSupported),
            (1_000, "INR", AmountRefusal::CurrencyNotSupported),
        ] {
            assert_eq!(WireAmount::of(money(minor_units, code)), Err(refusal), "{minor_units} {code}");
        }
    }

    /// PayPal's page of currency codes, and the decimals that it gives them.
    #[test]
    fn every_currency_of_iso_has_a_verdict_and_it_is_that_of_paypals_list() {
        let listed =
            "AUD BRL CAD CNY CZK DKK EUR HKD HUF ILS JPY MYR MXN TWD NZD NOK PHP PLN GBP RUB SGD SEK CHF THB USD";
        let without_decimals = ["HUF", "JPY", "TWD"];
        for currency in currencies() {
            let one = Money::try_new(scale(currency).unwrap(), currency).unwrap();
            let code = currency.code();
            let expected = if !listed.split(' ').any(|listed| listed == code) {
                Err(AmountRefusal::CurrencyNotSupported)
            } else if without_decimals.contains(&code) {
                Ok(wire("1", code))
            } else {
                Ok(wire("1.00", code))
            };
            assert_eq!(WireAmount::of(one), expected, "{code}");
        }
    }

    #[test]
    fn what_paypal_writes_is_read_exactly() {
        for (value, code, minor_units) in [
            ("25.00", "EUR", 2_500),
            ("25", "EUR", 2_500),
            ("25.5", "EUR", 2_550),
            (".05", "EUR", 5),
            ("0025.500", "EUR", 2_550),
            ("175", "HUF", 17_500),
            ("175.00", "HUF", 17_500),
            ("1234.00", "JPY", 1_234),
            ("0.00", "USD", 0),
        ] {
            assert_eq!(wire(value, code).read(), Some(money(minor_units, code)), "{value} {code}");
        }
    }

    #[test]
    fn what_is_not_an_amount_of_a_currency_that_paypal_has_is_none() {
        for (value, code) in [
            ("25.005", "EUR"),
            ("12.34", "JPY"),
            ("", "EUR"),
            (".", "EUR"),
            ("25.", "EUR"),
            ("-25.00", "EUR"),
            ("+25.00", "EUR"),
            ("25,00", "EUR"),
            ("2 5", "EUR"),
            ("1e3", "EUR"),
            ("1.2.3", "EUR"),
            ("٢٥", "EUR"),
            ("99999999999999999999.00", "EUR"),
            ("000000000000000000000000000000025", "EUR"),
            ("25.00", "eur"),
            ("25.00", "KWD"),
            ("25.00", "XYZ"),
        ] {
            assert_eq!(wire(value, code).read(), None, "{value} {code}");
        }
    }

    proptest! {
        #[test]
        fn to_paypal_and_back_is_the_same_amount_or_a_refusal(
            currency in prop::sample::select(currencies()),
            minor_units in prop_oneof![0..=i64::MAX, 0..=1_000_000_i64],
        ) {
            let amount = Money::try_new(minor_units, currency).unwrap();
            match WireAmount::of(amount) {
                Ok(written) => prop_assert_eq!(written.read(), Some(amount)),
                Err(AmountRefusal::CurrencyNotSupported) => prop_assert!(written(currency).is_none()),
                Err(AmountRefusal::NotAMultiple { multiple }) => prop_assert!(minor_units.checked_rem(multiple) != Some(0)),
                Err(AmountRefusal::TooLarge) => prop_assert!(minor_units > LARGEST_WHOLE_UNITS),
            }
        }

        #[test]
        fn what_is_read_can_be_written_again(value in "[0-9]{0,18}(\\.[0-9]{1,3})?", code in "EUR|HUF|JPY|TWD|USD") {
            if let Some(read) = wire(&value, &code).read() {
                match WireAmount::of(read) {
                    Ok(written) => prop_assert_eq!(written.read(), Some(read)),
                    Err(refusal) => prop_assert!(refusal != AmountRefusal::CurrencyNotSupported, "{}", refusal),
                }
            }
        }
    }
}
