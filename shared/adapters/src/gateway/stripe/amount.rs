//! Amounts as Stripe counts them. The API of Quittance always speaks minor units by ISO 4217; Stripe mostly does.
//!
//! Must never: guess how Stripe counts a currency. A factor of a hundred is a factor of a hundred of somebody's money.

use domain::money::{Currency, Money};
use flow::ports::AmountRefusal;

/// "12 digits for most card payments": no way to pay takes more. Many take less, and which one the payer will choose nobody
/// knows yet: that Stripe refuses by itself (`amount_too_large`).
const LARGEST: i64 = 999_999_999_999;

/// The step between ISO's minor units and Stripe's, where there is one.
const HUNDRED: i64 = 100;
/// Three-decimal amounts must end in zero: Stripe's partners count in two decimals.
const TEN: i64 = 10;

/// How Stripe counts a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counting {
    /// As ISO 4217 does.
    AsIso,
    /// As ISO 4217 does, but the last digit must be zero.
    LastDigitZero,
    /// With two decimals that the currency does not have: a hundred times the minor units.
    TwoDecimalsMore,
    /// Without the two decimals that the currency has: whole units only.
    TwoDecimalsFewer,
}

/// The amount as Stripe wants it written.
///
/// # Errors
/// Why Stripe cannot write it.
pub(super) fn to_stripe(amount: Money) -> Result<i64, AmountRefusal> {
    let units = amount.minor_units();
    let written = match counting(amount.currency()).ok_or(AmountRefusal::CurrencyNotSupported)? {
        Counting::AsIso => Some(units),
        Counting::LastDigitZero => Some(multiple_of(TEN, units)?),
        Counting::TwoDecimalsMore => units.checked_mul(HUNDRED),
        Counting::TwoDecimalsFewer => multiple_of(HUNDRED, units)?.checked_div(HUNDRED),
    };
    written.filter(|written| *written <= LARGEST).ok_or(AmountRefusal::TooLarge)
}

/// Stripe's amount in minor units; none if it is not a whole number of them, or not in a currency that Stripe has.
pub(super) fn from_stripe(written: i64, currency: Currency) -> Option<i64> {
    match counting(currency)? {
        Counting::AsIso | Counting::LastDigitZero => Some(written),
        Counting::TwoDecimalsMore => {
            written.checked_rem(HUNDRED).filter(|rest| *rest == 0).and_then(|_| written.checked_div(HUNDRED))
        }
        Counting::TwoDecimalsFewer => written.checked_mul(HUNDRED),
    }
}

fn multiple_of(multiple: i64, units: i64) -> Result<i64, AmountRefusal> {
    if units.checked_rem(multiple) == Some(0) { Ok(units) } else { Err(AmountRefusal::NotAMultiple { multiple }) }
}

/// How Stripe counts. None: Stripe does not say, so nothing is sent. (A two-decimal currency that Stripe does not take
/// is left to Stripe to refuse: there is only one way to write it.)
fn counting(currency: Currency) -> Option<Counting> {
    match currency.code() {
        // ISO has taken their decimals away; Stripe keeps them "for backwards compatibility".
        "ISK" | "UGX" => Some(Counting::TwoDecimalsMore),
        // ISO counts iraimbilanja, fifths of an ariary, as hundredths; Stripe does not count them.
        "MGA" => Some(Counting::TwoDecimalsFewer),
        "BHD" | "JOD" | "KWD" | "OMR" | "TND" => Some(Counting::LastDigitZero),
        "BIF" | "CLP" | "DJF" | "GNF" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "VND" | "VUV" | "XAF" | "XOF"
        | "XPF" => Some(Counting::AsIso),
        _ if currency.exponent() == 2 => Some(Counting::AsIso),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gateway::currencies;

    fn money(minor_units: i64, code: &str) -> Money {
        Money::try_new(minor_units, Currency::from_code(code).unwrap()).unwrap()
    }

    #[test]
    fn the_special_cases_of_stripes_documentation() {
        for (minor_units, code, written) in [
            (1_000, "USD", 1_000),
            (10, "JPY", 10),
            (5, "ISK", 500),
            (5, "UGX", 500),
            (300, "MGA", 3),
            (5_120, "KWD", 5_120),
            (17_550, "HUF", 17_550),
            (80_045, "TWD", 80_045),
            (999_999_999_999, "IDR", 999_999_999_999),
            (999_999_999_999, "USD", 999_999_999_999),
        ] {
            assert_eq!(to_stripe(money(minor_units, code)), Ok(written), "{code}");
        }
    }

    #[test]
    fn what_stripe_cannot_write_is_refused_with_the_reason() {
        for (minor_units, code, refusal) in [
            (5_124, "KWD", AmountRefusal::NotAMultiple { multiple: 10 }),
            (301, "MGA", AmountRefusal::NotAMultiple { multiple: 100 }),
            (1_000_000_000_000, "USD", AmountRefusal::TooLarge),
            (10_000_000_000, "ISK", AmountRefusal::TooLarge),
            (i64::MAX, "UGX", AmountRefusal::TooLarge),
            (1_000_000_000_000, "IDR", AmountRefusal::TooLarge),
            // Three decimals, but Stripe does not say how it counts them.
            (1_000, "IQD", AmountRefusal::CurrencyNotSupported),
            (1_000, "LYD", AmountRefusal::CurrencyNotSupported),
            (1, "CLF", AmountRefusal::CurrencyNotSupported),
            (1, "UYI", AmountRefusal::CurrencyNotSupported),
        ] {
            assert_eq!(to_stripe(money(minor_units, code)), Err(refusal), "{minor_units} {code}");
        }
    }

    #[test]
    fn an_amount_that_is_not_whole_in_minor_units_is_not_rounded() {
        let crown = Currency::from_code("ISK").unwrap();
        assert_eq!(from_stripe(500, crown), Some(5));
        assert_eq!(from_stripe(550, crown), None);
        assert_eq!(from_stripe(i64::MAX, Currency::from_code("MGA").unwrap()), None);
        assert_eq!(from_stripe(100, Currency::from_code("CLF").unwrap()), None);
    }

    #[test]
    fn every_currency_that_stripe_counts_goes_there_and_back() {
        for currency in currencies().into_iter().filter(|currency| counting(*currency).is_some()) {
            let amount = Money::try_new(1_234_500, currency).unwrap();
            let written = to_stripe(amount).unwrap();
            assert_eq!(from_stripe(written, currency), Some(1_234_500), "{currency:?}");
        }
    }

    #[test]
    fn currencies_that_differ_from_iso_are_exactly_these() {
        let counted = |counting_as| {
            let codes = currencies().into_iter().filter(move |currency| counting(*currency) == counting_as);
            codes.map(Currency::code).collect::<Vec<_>>()
        };
        assert_eq!(counted(Some(Counting::TwoDecimalsMore)), ["ISK", "UGX"]);
        assert_eq!(counted(Some(Counting::TwoDecimalsFewer)), ["MGA"]);
        assert_eq!(counted(Some(Counting::LastDigitZero)), ["BHD", "JOD", "KWD", "OMR", "TND"]);
        let refused = counted(None);
        assert_eq!(refused, ["CLF", "IQD", "LYD", "UYI", "UYW"]);
    }

    /// Stripe's page of currencies: the lists as they stand there, and a verdict on every currency that there is.
    #[test]
    fn one_unit_of_every_currency_is_written_as_stripes_lists_say() {
        let zero_decimal = "BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF";
        let three_decimal = "BHD JOD KWD OMR TND";
        // UGX stands in the first list too; the special case wins. HUF and TWD are whole in payouts only.
        let (special, two_decimal_charges) = ("ISK UGX", "HUF TWD");
        // Neither two decimals by ISO nor in any list: how Stripe would count them is not said.
        let unlisted = "CLF IQD LYD UYI UYW";
        let stands_in = |list: &str, code: &str| list.split(' ').any(|listed| listed == code);
        for currency in currencies() {
            let code = currency.code();
            let one = money(10_i64.pow(u32::from(currency.exponent())), code);
            let expected = if stands_in(unlisted, code) {
                Err(AmountRefusal::CurrencyNotSupported)
            } else if stands_in(zero_decimal, code) {
                Ok(1)
            } else if stands_in(three_decimal, code) {
                Ok(1_000)
            } else {
                Ok(100)
            };
            assert_eq!(to_stripe(one), expected, "{code}");
            if stands_in(special, code) || stands_in(two_decimal_charges, code) {
                assert_eq!(expected, Ok(100), "{code}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_stripe_can_write_comes_back_as_it_was(
            currency in prop::sample::select(currencies()),
            minor_units in prop_oneof![0..=i64::MAX, 0..=1_000_000_i64],
        ) {
            let amount = Money::try_new(minor_units, currency).unwrap();
            if let Ok(written) = to_stripe(amount) {
                prop_assert_eq!(from_stripe(written, currency), Some(minor_units), "{:?}", amount);
            }
        }

        #[test]
        fn what_stripe_writes_is_read_exactly_or_not_at_all(
            currency in prop::sample::select(currencies()),
            written in 0..=LARGEST,
        ) {
            if let Some(read) = from_stripe(written, currency) {
                let amount = Money::try_new(read, currency).unwrap();
                prop_assert!(!matches!(to_stripe(amount), Ok(other) if other != written), "{:?}", amount);
            }
        }
    }
}
