//! What Stripe can charge in, how it counts each currency, and what each is worth. Data, and the arithmetic of rates. Pure.
//!
//! How Stripe counts is not ISO 4217: it has MGA without decimals, and ISK and UGX with two that are always zeros.

use serde_json::Value;

/// One of Stripe's currencies.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Currency {
    pub(crate) code: &'static str,
    /// How many decimals an amount has.
    digits: u32,
    /// Every amount is a multiple of this.
    pub(crate) step: i64,
    /// What one major unit is worth, in millionths of a US dollar.
    worth: i64,
}

/// What an amount in one currency is multiplied by to be one in another: both in their smallest units, as Stripe defines
/// `exchange_rate`. In billionths, so that what is printed is what was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate(i64);

const BILLION: i128 = 1_000_000_000;

const fn cents(code: &'static str, worth: i64) -> Currency {
    Currency { code, digits: 2, step: 1, worth }
}

const fn whole(code: &'static str, worth: i64) -> Currency {
    Currency { digits: 0, ..cents(code, worth) }
}

/// Three decimals, of which the last is a zero.
const fn thousandths(code: &'static str, worth: i64) -> Currency {
    Currency { digits: 3, step: 10, ..cents(code, worth) }
}

/// Two decimals, which are zeros.
const fn hundreds(code: &'static str, worth: i64) -> Currency {
    Currency { step: 100, ..cents(code, worth) }
}

/// Rates of no particular day: they must be plausible and never change.
#[rustfmt::skip] // One line per currency would be three pages.
pub(crate) static CURRENCIES: &[Currency] = &[
    cents("usd", 1_000_000), cents("aed", 272_300), cents("afn", 14_300), cents("all", 11_600), cents("amd", 2_600),
    cents("ang", 558_700), cents("aoa", 1_090), cents("ars", 700), cents("aud", 650_000), cents("awg", 555_600),
    cents("azn", 588_200), cents("bam", 552_200), cents("bbd", 500_000), cents("bdt", 8_200), cents("bgn", 552_200),
    thousandths("bhd", 2_652_500), whole("bif", 340), cents("bmd", 1_000_000), cents("bnd", 770_000),
    cents("bob", 144_700), cents("brl", 187_000), cents("bsd", 1_000_000), cents("bwp", 74_600),
    cents("byn", 293_000), cents("bzd", 500_000), cents("cad", 710_000), cents("cdf", 440), cents("chf", 1_240_000),
    whole("clp", 1_060), cents("cny", 140_500), cents("cop", 260), cents("crc", 1_990), cents("cve", 9_790),
    cents("czk", 47_800), whole("djf", 5_620), cents("dkk", 144_700), cents("dop", 15_700), cents("dzd", 7_690),
    cents("egp", 21_200), cents("etb", 6_500), cents("eur", 1_080_000), cents("fjd", 440_000),
    cents("fkp", 1_310_000), cents("gbp", 1_310_000), cents("gel", 370_000), cents("gip", 1_310_000),
    cents("gmd", 13_700), whole("gnf", 115), cents("gtq", 130_500), cents("gyd", 4_780), cents("hkd", 128_500),
    cents("hnl", 38_000), cents("htg", 7_640), cents("huf", 2_800), cents("idr", 61), cents("ils", 305_000),
    cents("inr", 11_300), hundreds("isk", 7_900), cents("jmd", 6_230), thousandths("jod", 1_410_400),
    whole("jpy", 6_500), cents("kes", 7_740), cents("kgs", 11_400), cents("khr", 249), whole("kmf", 2_190),
    whole("krw", 690), thousandths("kwd", 3_250_000), cents("kyd", 1_200_000), cents("kzt", 1_910), cents("lak", 46),
    cents("lbp", 11), cents("lkr", 3_270), cents("lrd", 5_500), cents("lsl", 58_000), cents("mad", 108_000),
    cents("mdl", 59_300), whole("mga", 222), cents("mkd", 17_600), cents("mmk", 476), cents("mnt", 280),
    cents("mop", 124_900), cents("mur", 21_900), cents("mvr", 64_900), cents("mwk", 577), cents("mxn", 54_000),
    cents("myr", 241_000), cents("mzn", 15_600), cents("nad", 58_000), cents("ngn", 690), cents("nio", 27_200),
    cents("nok", 98_500), cents("npr", 7_080), cents("nzd", 565_000), thousandths("omr", 2_600_800),
    cents("pab", 1_000_000), cents("pen", 296_000), cents("pgk", 236_000), cents("php", 17_000), cents("pkr", 3_560),
    cents("pln", 254_000), whole("pyg", 142), cents("qar", 274_700), cents("ron", 212_000), cents("rsd", 9_220),
    cents("rub", 12_400), whole("rwf", 688), cents("sar", 266_700), cents("sbd", 121_000), cents("scr", 70_000),
    cents("sek", 105_000), cents("sgd", 770_000), cents("shp", 1_310_000), cents("sle", 43_100), cents("sos", 1_750),
    cents("srd", 25_900), cents("std", 44), cents("szl", 58_000), cents("thb", 30_800), cents("tjs", 108_000),
    thousandths("tnd", 339_000), cents("top", 415_000), cents("try", 23_600), cents("ttd", 147_300),
    cents("twd", 32_000), cents("tzs", 406), cents("uah", 23_800), hundreds("ugx", 275), cents("uyu", 25_100),
    cents("uzs", 83), whole("vnd", 38), whole("vuv", 8_170), cents("wst", 360_000), whole("xaf", 1_650),
    cents("xcd", 370_400), cents("xcg", 558_700), whole("xof", 1_650), whole("xpf", 9_050), cents("yer", 4_190),
    cents("zar", 58_000), cents("zmw", 44_000),
];

impl Currency {
    /// By Stripe's spelling, in small letters.
    pub(crate) fn of(code: &str) -> Option<&'static Self> {
        CURRENCIES.iter().find(|currency| currency.code == code)
    }

    fn smallest_units(&self) -> i128 {
        10_i128.saturating_pow(self.digits)
    }
}

impl Rate {
    /// From the one to the other, rounded to nine decimals; `None` if there is nothing to convert.
    pub(crate) fn between(from: &Currency, to: &Currency) -> Option<Self> {
        if from == to {
            return None;
        }
        let above = i128::from(from.worth).saturating_mul(to.smallest_units()).saturating_mul(BILLION);
        let below = i128::from(to.worth).saturating_mul(from.smallest_units());
        i64::try_from(divided(above, below)).ok().map(Self)
    }

    /// The amount in the other currency, rounded to its smallest unit.
    pub(crate) fn applied_to(self, amount: i64) -> i64 {
        let product = i128::from(amount).saturating_mul(i128::from(self.0));
        i64::try_from(divided(product, BILLION)).unwrap_or(i64::MAX)
    }

    pub(crate) fn json(self) -> Value {
        let (whole, rest) = (i128::from(self.0).div_euclid(BILLION), i128::from(self.0).rem_euclid(BILLION));
        // A decimal number in JSON is printed from the shortest text that means it, which is this one.
        format!("{whole}.{rest:09}").parse::<f64>().map_or(Value::Null, Value::from)
    }
}

/// Divides and rounds halves away from zero, so that money taken and the same money given back are the same amount.
fn divided(above: i128, below: i128) -> i128 {
    let half = below.div_euclid(2);
    let magnitude = above.saturating_abs().saturating_add(half).div_euclid(below);
    if above < 0 { magnitude.saturating_neg() } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(from: &str, to: &str) -> Rate {
        Rate::between(Currency::of(from).unwrap(), Currency::of(to).unwrap()).unwrap()
    }

    #[test]
    fn amounts_are_converted_in_smallest_units() {
        for (from, to, printed, amount, converted) in [
            ("eur", "usd", "1.08", 1_000, 1_080),
            ("usd", "eur", "0.925925926", 1_000, 926),
            ("jpy", "usd", "0.65", 1_000, 650),
            ("usd", "jpy", "1.538461538", 1_000, 1_538),
            ("kwd", "usd", "0.325", 10_000, 3_250),
            ("isk", "usd", "0.0079", 100_000, 790),
        ] {
            let rate = rate(from, to);
            assert_eq!(
                (rate.json().to_string(), rate.applied_to(amount)),
                (printed.to_owned(), converted),
                "{from}-{to}"
            );
            assert_eq!(rate.applied_to(-amount), -converted);
        }
    }

    #[test]
    fn every_currency_has_a_rate_to_every_other_and_none_to_itself() {
        for from in CURRENCIES {
            for to in CURRENCIES {
                let rate = Rate::between(from, to);
                assert_eq!(rate.is_none(), from.code == to.code);
                assert!(rate.is_none_or(|rate| rate.0 > 0), "{} to {}", from.code, to.code);
            }
        }
    }

    #[test]
    fn currencies_are_counted_as_stripe_counts_them() {
        let of = |digits: u32, step: i64| -> Vec<&str> {
            let counted = CURRENCIES.iter().filter(|currency| (currency.digits, currency.step) == (digits, step));
            counted.map(|currency| currency.code).collect()
        };
        assert_eq!(of(0, 1).join(" "), "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf");
        assert_eq!(of(3, 10).join(" "), "bhd jod kwd omr tnd");
        assert_eq!(of(2, 100).join(" "), "isk ugx");
        let codes: std::collections::BTreeSet<&str> = CURRENCIES.iter().map(|currency| currency.code).collect();
        assert_eq!(codes.len(), CURRENCIES.len());
    }
}
