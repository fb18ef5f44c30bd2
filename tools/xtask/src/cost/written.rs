//! Numbers as the tables have them.

use super::CENT;

/// The price of a million, in dollars: a thousand nanodollars are $1.
pub(super) fn per_million(nanodollars: u64) -> String {
    let (whole, rest) = (nanodollars / 1_000, nanodollars % 1_000);
    if rest % 10 == 0 { format!("${whole}.{:02}", rest / 10) } else { format!("${whole}.{rest:03}") }
}

/// To the cent, rounded up: nobody is told less than they pay.
pub(super) fn dollars(nanodollars: u64) -> String {
    let cents = nanodollars.div_ceil(CENT);
    format!("${}.{:02}", thousands(cents / 100), cents % 100)
}

/// A thousandth of a cent is the last digit that means anything.
pub(super) fn thousandths_of_cents(nanodollars: u64) -> String {
    let thousandths = nanodollars.saturating_mul(1_000).div_ceil(CENT);
    format!("{}.{:03} ¢", thousandths / 1_000, thousandths % 1_000)
}

/// What ten have, for one: 45 is `4.5`, and 40 `4`.
pub(super) fn tenths(of_ten: u64) -> String {
    match (of_ten / 10, of_ten % 10) {
        (whole, 0) => whole.to_string(),
        (whole, rest) => format!("{whole}.{rest}"),
    }
}

/// `10,000,000`
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_to_the_cent_and_never_too_low() {
        assert_eq!([0, 1, CENT, 123_456 * CENT].map(dollars), ["$0.00", "$0.01", "$0.01", "$1,234.56"]);
        assert_eq!([1, 999, 1_000, 10_000_000].map(thousands), ["1", "999", "1,000", "10,000,000"]);
        assert_eq!(thousandths_of_cents(CENT / 4), "0.250 ¢");
        assert_eq!([3_500, 625, 200].map(per_million), ["$3.50", "$0.625", "$0.20"]);
        assert_eq!([40, 45, 9].map(tenths), ["4", "4.5", "0.9"]);
    }
}
