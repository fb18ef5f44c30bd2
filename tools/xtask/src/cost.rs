//! `cargo xtask cost`: what a stack costs a month at three sizes of shop, with the arithmetic. docs/GOING_LIVE.md bears what it prints, and a test
//! holds the two together.
//!
//! It is arithmetic: counts for one payment, times AWS's list prices (us-east-1, x86_64, no free tier), plus what a stack costs without any. What
//! the table is asked for is counted by tests of `adapters`, what stands in the template is counted there; what is assumed says so below.
//!
//! Must never: reckon in floats. A nanodollar is the smallest part here, and a table of them is exact.

use crate::failure::{Failure, While};
use crate::place::Place;

/// Payments a month.
const SHOPS: [u64; 3] = [1_000, 100_000, 10_000_000];
const NANODOLLARS: u64 = 1_000_000_000;
const CENT: u64 = NANODOLLARS / 100;

// ── Prices, in nanodollars: $1 for a million is a thousand of them for one ──

/// A REST API's request: $3.50 a million.
const API_REQUEST: u64 = 3_500;
/// What the firewall looks at: $0.60 a million requests.
const FIREWALL_REQUEST: u64 = 600;
/// The firewall itself and its five rules: $5 and $1 each.
const FIREWALL_MONTH: u64 = 10 * NANODOLLARS;
/// $0.20 a million.
const LAMBDA_CALL: u64 = 200;
/// A gigabyte of memory for a second, on `x86_64`: $0.0000166667.
const LAMBDA_GB_SECOND: u64 = 16_667;
/// $0.625 a million.
const WRITE_UNIT: u64 = 625;
/// $0.125 a million.
const READ_UNIT: u64 = 125;
/// A kilobyte for a month: $0.25 a gigabyte, and $0.20 for being able to go back to any second of the last 35 days.
const STORED_KB_MONTH: u64 = 250 + 200;
/// $0.40 a million.
const QUEUE_REQUEST: u64 = 400;
/// A kilobyte that is logged, $0.50 a gigabyte, and masked, $0.12.
const LOGGED_KB: u64 = 500 + 120;
/// A kilobyte that leaves AWS: $0.09 a gigabyte.
const SENT_KB: u64 = 90;
/// $0.05 for ten thousand.
const SECRET_READ: u64 = 5_000;
/// $0.40.
const SECRET_MONTH: u64 = 40 * CENT;
/// $1.
const KEY_MONTH: u64 = NANODOLLARS;
/// $0.10.
const ALARM_MONTH: u64 = 10 * CENT;
/// A measure of our own that is sent in every hour: $0.30.
const MEASURE_MONTH: u64 = 30 * CENT;

// ── One payment: opened, confirmed with a card, looked up once, one event of the gateway's, one endpoint of the merchant's that hears all ──

/// Initiate, confirm, status, and the gateway's event.
const API_REQUESTS: u64 = 4;
/// A function for each of these; each of three changes told by itself, and each delivered by itself, which is the dearest.
const LAMBDA_CALLS: u64 = API_REQUESTS + CHANGES + DELIVERIES;
const CHANGES: u64 = 3;
const DELIVERIES: u64 = 3;
/// Assumed, of what is published of Stripe's test mode: it answers an open in half a second and a charge in 1.3 s, while the function waits and is paid
/// for; the merchant's server takes 200 ms for an event.
const LAMBDA_MS: u64 = 500 + 1_300 + 10 + 20 + 50 * CHANGES + 200 * DELIVERIES;
/// The payment's own row, with its indexes; then what telling of it takes, and delivering.
const WRITE_UNITS: u64 =
    OWN_WRITES + OWN_INDEXES + TELLING_WRITES + TELLING_INDEXES + DELIVERING_WRITES + DELIVERING_INDEXES;
const OWN_WRITES: u64 = 3;
const OWN_INDEXES: u64 = 5;
const TELLING_WRITES: u64 = 9;
const TELLING_INDEXES: u64 = 8;
const DELIVERING_WRITES: u64 = 6;
const DELIVERING_INDEXES: u64 = 9;
/// The same of reads; one more for status, and three for the brake on card testing.
const READ_UNITS: u64 = OWN_READS + TELLING_READS + DELIVERING_READS + 1 + 3;
const OWN_READS: u64 = 2;
const TELLING_READS: u64 = 8;
const DELIVERING_READS: u64 = 9;
/// A message is sent, taken and deleted.
const QUEUE_REQUESTS: u64 = 3 * DELIVERIES;
/// Assumed: a line of 700 bytes for each call of a function, as the longer ones of LOGGING.md are.
const LOGGED_BYTES: u64 = 700 * LAMBDA_CALLS;
/// Assumed: answers of 1.5 kB, two requests to the gateway of a kilobyte each, events of 1.5 kB with their headers.
const SENT_BYTES: u64 = 1_500 * API_REQUESTS + 2 * 1_000 + 1_500 * DELIVERIES;
/// Assumed from the sizes that the tests of `adapters` print: a row of a kilobyte, three entries with their events, two movements, three deliveries, and for
/// each of these DynamoDB's own hundred bytes, in the table and in its indexes.
const STORED_BYTES: u64 = 8_000;
/// What a year leaves: payments stay, and what is told of them is kept for twelve months.
const MONTHS_STORED: u64 = 12;

// ── A stack without payments ──

/// The hours of a month, as AWS counts them, in minutes: so often does the sweep come.
const MINUTES: u64 = 730 * 60;
/// A sweep asks 24 partitions of an index and twice eight for the two newest, half a unit each.
const SWEEP_READ_UNITS: u64 = (24 + 16) / 2;
const SWEEP_MS: u64 = 200;
const SWEEP_LOGGED_BYTES: u64 = 500;
/// Lambda looks into a queue with five long polls of twenty seconds each; two queues are read.
const POLLS: u64 = 2 * 5 * 3 * MINUTES;
/// In each sweep's line.
const MEASURES: u64 = 6;
/// A function that is awake reads two secrets each five minutes. Assumed: this many environments are awake all month in each of the three shops.
const SECRET_READS: u64 = 2 * MINUTES / 5;
const AWAKE: [u64; 3] = [1, 4, 40];
/// The template's `MemorySize`.
const MEMORY_MB: u64 = 256;

/// Prints the table.
pub(crate) fn run(place: &Place) -> Result<(), Failure> {
    let template = std::fs::read_to_string(place.root.join("template.yaml")).while_doing("reading template.yaml")?;
    print!("{}", table(&template));
    Ok(())
}

/// One line of the bill: what it is, how it is reckoned, and what it comes to in each shop, in nanodollars.
struct Line {
    what: &'static str,
    how: String,
    comes_to: [u64; 3],
}

impl Line {
    /// So many for each payment, at this price.
    fn each(what: &'static str, count: u64, unit: &str, price: u64) -> Self {
        let how = format!("{count} {unit} × {} a million", per_million(price));
        Self { what, how, comes_to: SHOPS.map(|payments| payments.saturating_mul(count).saturating_mul(price)) }
    }

    /// So many thousandths for each payment, at this price for a whole one.
    fn part(what: &'static str, thousandths: u64, how: String, price: u64) -> Self {
        let of = |payments: u64| payments.saturating_mul(thousandths).saturating_mul(price) / 1_000;
        Self { what, how, comes_to: SHOPS.map(of) }
    }

    /// The same whatever is sold.
    fn always(what: &'static str, how: String, nanodollars: u64) -> Self {
        Self { what, how, comes_to: [nanodollars; 3] }
    }
}

/// The bill as the page bears it.
fn table(template: &str) -> String {
    let lines = lines(template);
    let mut text = String::from("| | how it is reckoned |");
    for payments in SHOPS {
        text.push_str(&format!(" {} |", thousands(payments)));
    }
    text.push_str("\n|---|---|---:|---:|---:|\n");
    let mut sums = [0_u64; 3];
    for line in &lines {
        let [small, middle, large] = line.comes_to.map(dollars);
        text.push_str(&format!("| {} | {} | {small} | {middle} | {large} |\n", line.what, line.how));
        for (sum, part) in sums.iter_mut().zip(line.comes_to) {
            *sum = sum.saturating_add(part);
        }
    }
    let [small, middle, large] = sums.map(dollars);
    text.push_str(&format!("| **a month** | | **{small}** | **{middle}** | **{large}** |\n"));
    text.push_str("| for one payment | |");
    for (payments, sum) in SHOPS.into_iter().zip(sums) {
        text.push_str(&format!(" {} |", thousandths_of_cents(sum.checked_div(payments).unwrap_or(0))));
    }
    text.push('\n');
    text
}

fn lines(template: &str) -> Vec<Line> {
    let counted = |kind: &str| -> u64 {
        let line = format!("    Type: {kind}");
        template.lines().filter(|found| **found == line).map(|_| 1_u64).sum()
    };
    let month = |count: u64, price: u64| count.saturating_mul(price);
    let (secrets, keys) = (counted("AWS::SecretsManager::Secret"), counted("AWS::KMS::Key"));
    let alarms = counted("AWS::CloudWatch::Alarm");
    let reads = AWAKE.map(|awake| month(awake.saturating_mul(SECRET_READS), SECRET_READ));
    let gb_ms = LAMBDA_MS.saturating_mul(MEMORY_MB) / 1_024;
    vec![
        Line::each("API Gateway", API_REQUESTS, "requests", API_REQUEST),
        Line::each("the firewall's looks", API_REQUESTS, "requests", FIREWALL_REQUEST),
        Line::each("Lambda, calls", LAMBDA_CALLS, "calls", LAMBDA_CALL),
        Line::part(
            "Lambda, time",
            gb_ms,
            format!("{LAMBDA_MS} ms with {MEMORY_MB} MB × $0.0000166667 a GB-second"),
            LAMBDA_GB_SECOND,
        ),
        Line::each("DynamoDB, writes", WRITE_UNITS, "units", WRITE_UNIT),
        Line::each("DynamoDB, reads", READ_UNITS, "units", READ_UNIT),
        Line::part(
            "DynamoDB, kept, after a year",
            STORED_BYTES.saturating_mul(MONTHS_STORED),
            format!("{MONTHS_STORED} months of {STORED_BYTES} bytes × $0.45 a GB and month"),
            STORED_KB_MONTH,
        ),
        Line::each("SQS", QUEUE_REQUESTS, "requests", QUEUE_REQUEST),
        Line::part("logs", LOGGED_BYTES, format!("{LOGGED_BYTES} bytes × $0.62 a GB"), LOGGED_KB),
        Line::part("what leaves AWS", SENT_BYTES, format!("{SENT_BYTES} bytes × $0.09 a GB"), SENT_KB),
        Line {
            what: "secrets, read anew",
            how: format!(
                "{} environments × {SECRET_READS} × $0.05 for ten thousand",
                AWAKE.map(|awake| awake.to_string()).join(", ")
            ),
            comes_to: reads,
        },
        Line::always("the firewall", "$5, and $1 for each of five rules".to_owned(), FIREWALL_MONTH),
        Line::always("secrets", format!("{secrets} × $0.40"), month(secrets, SECRET_MONTH)),
        Line::always("keys of KMS", format!("{keys} × $1"), month(keys, KEY_MONTH)),
        Line::always("alarms", format!("{alarms} × $0.10"), month(alarms, ALARM_MONTH)),
        Line::always("measures", format!("{MEASURES} × $0.30"), month(MEASURES, MEASURE_MONTH)),
        Line::always("the sweep", format!("{MINUTES} × {SWEEP_MS} ms, {SWEEP_READ_UNITS} units, a line"), sweeps()),
        Line::always(
            "queues that are looked into",
            format!("{POLLS} requests × $0.40 a million"),
            month(POLLS, QUEUE_REQUEST),
        ),
    ]
}

/// What it takes to come each minute of a month.
fn sweeps() -> u64 {
    let time = SWEEP_MS.saturating_mul(MEMORY_MB).saturating_mul(LAMBDA_GB_SECOND) / 1_024 / 1_000;
    let line = SWEEP_LOGGED_BYTES.saturating_mul(LOGGED_KB) / 1_000;
    let one = LAMBDA_CALL
        .saturating_add(time)
        .saturating_add(line)
        .saturating_add(SWEEP_READ_UNITS.saturating_mul(READ_UNIT));
    one.saturating_mul(MINUTES)
}

/// The price of a million, in dollars: a thousand nanodollars are $1.
fn per_million(nanodollars: u64) -> String {
    let (whole, rest) = (nanodollars / 1_000, nanodollars % 1_000);
    if rest % 10 == 0 { format!("${whole}.{:02}", rest / 10) } else { format!("${whole}.{rest:03}") }
}

/// To the cent, rounded up: nobody is told less than they pay.
fn dollars(nanodollars: u64) -> String {
    let cents = nanodollars.div_ceil(CENT);
    format!("${}.{:02}", thousands(cents / 100), cents % 100)
}

/// A thousandth of a cent is the last digit that means anything.
fn thousandths_of_cents(nanodollars: u64) -> String {
    let thousandths = nanodollars.saturating_mul(1_000).div_ceil(CENT);
    format!("{}.{:03} ¢", thousandths / 1_000, thousandths % 1_000)
}

/// `10,000,000`
fn thousands(number: u64) -> String {
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

    const TEMPLATE: &str = include_str!("../../../template.yaml");
    const PAGE: &str = include_str!("../../../docs/GOING_LIVE.md");
    /// The test that counts what the table is asked for.
    const COUNTED: &str = include_str!("../../../shared/adapters/src/dynamo/tests/price.rs");

    #[test]
    fn the_page_bears_what_is_printed() {
        let table = table(TEMPLATE);
        assert!(PAGE.contains(&table), "docs/GOING_LIVE.md must say:\n{table}");
    }

    #[test]
    fn the_units_are_those_that_the_adapters_tests_count() {
        let telling = |reads: u64, writes: u64, units: u64, indexes: u64| {
            format!("{reads} read units; {writes} writes of {units} units, and {indexes} for the indexes")
        };
        for line in [
            format!("own row: {}", telling(OWN_READS, CHANGES, OWN_WRITES, OWN_INDEXES)),
            format!("publish: {}", telling(TELLING_READS, 8, TELLING_WRITES, TELLING_INDEXES)),
            format!("deliver: {}", telling(DELIVERING_READS, 6, DELIVERING_WRITES, DELIVERING_INDEXES)),
            format!("{CHANGES} changes, {DELIVERIES} events"),
        ] {
            assert!(COUNTED.contains(&line), "{line}");
        }
    }

    #[test]
    fn the_template_gives_each_function_the_memory_that_is_reckoned_with() {
        assert_eq!(
            TEMPLATE.matches(&format!("    MemorySize: {MEMORY_MB}\n")).count(),
            TEMPLATE.matches("MemorySize:").count()
        );
    }

    #[test]
    fn money_is_written_to_the_cent_and_never_too_low() {
        assert_eq!([0, 1, CENT, 123_456 * CENT].map(dollars), ["$0.00", "$0.01", "$0.01", "$1,234.56"]);
        assert_eq!([1, 999, 1_000, 10_000_000].map(thousands), ["1", "999", "1,000", "10,000,000"]);
        assert_eq!(thousandths_of_cents(CENT / 4), "0.250 ¢");
        assert_eq!([3_500, 625, 200].map(per_million), ["$3.50", "$0.625", "$0.20"]);
    }
}
