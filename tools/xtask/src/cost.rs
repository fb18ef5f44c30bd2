//! `cargo xtask cost`: what a stack costs a month at three sizes of shop, with the arithmetic. docs/GOING_LIVE.md bears what it prints, and a test
//! holds the two together.
//!
//! It is arithmetic: counts for ten payments as they are mixed ([`payment`]), times AWS's list prices (us-east-1, `x86_64`, no free tier), plus what a
//! stack costs without any. What stands in the template is counted there; what is assumed says so below, and errs on the dear side.
//!
//! Must never: reckon in floats. A nanodollar is the smallest part here, and a table of them is exact.

mod payment;
mod written;

use self::payment::{Counts, KINDS};
use self::written::{dollars, per_million, tenths, thousands, thousandths_of_cents};
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
const KEPT_KB_MONTH: u64 = 250 + 200;
/// $0.40 a million.
const QUEUE_REQUEST: u64 = 400;
/// A kilobyte that is logged, $0.50 a gigabyte, masked, $0.12, and kept: $0.03 a month, for a year as in production, and AWS reckons with what is left of it
/// when it is compressed, a sixth or so.
const LOGGED_KB: u64 = 500 + 120 + 60;
/// A kilobyte that leaves AWS: $0.09 a gigabyte.
const SENT_KB: u64 = 90;
/// A question to KMS: $0.03 for ten thousand.
const KEY_QUESTION: u64 = 3_000;
/// $0.05 for ten thousand; and each asks KMS, for the secrets lie under a key of the stack's.
const SECRET_READ: u64 = 5_000 + KEY_QUESTION;
/// $0.40.
const SECRET_MONTH: u64 = 40 * CENT;
/// $1; a key is turned each year, and each of the first two turns adds as much.
const KEY_MONTH: u64 = 3 * NANODOLLARS;
/// $0.10.
const ALARM_MONTH: u64 = 10 * CENT;
/// A measure or a count of our own that is sent in every hour: $0.30.
const METRIC_MONTH: u64 = 30 * CENT;

// ── Around each call ──

/// Assumed: a line of 700 bytes, as the longer ones of LOGGING.md are; Lambda's own three (START, END, REPORT), 400 bytes together; and for each
/// of the four CloudWatch's own 26.
const LOGGED_BYTES: u64 = 700 + LAMBDAS_LINES;
const LAMBDAS_LINES: u64 = 400 + 4 * 26;
/// Assumed: so long does a new environment begin, and is paid for since August 2025, and it reads two secrets.
const BEGIN_MS: u64 = 500;
const BEGIN_SECRETS: u64 = 2;
/// Assumed: one of so many calls begins one. Lambda lets an environment go after some quiet minutes, and a small shop has mostly those.
const CALLS_OF_ONE: [u64; 3] = [1, 20, 100];
/// What a year leaves: payments stay, and what is told of them is kept for twelve months.
const MONTHS_KEPT: u64 = 12;
/// Assumed: each payer is somebody new, whose key KMS makes, and who has a row: it is looked for, and written.
const NEW_PAYER: u64 = KEY_QUESTION + READ_UNIT + WRITE_UNIT;

// ── A stack without payments ──

/// The hours of a month, as AWS counts them, and its minutes: so often does the sweep come.
const HOURS: u64 = 730;
const MINUTES: u64 = HOURS * 60;
/// A sweep asks 24 partitions of an index and twice eight for the two newest, half a unit each.
const SWEEP_READ_UNITS: u64 = (24 + 16) / 2;
const SWEEP_MS: u64 = 200;
const SWEEP_LOGGED_BYTES: u64 = 500 + LAMBDAS_LINES;
/// Lambda looks into a queue with five long polls of twenty seconds each; two queues are read.
const POLLS: u64 = 2 * 5 * 3 * MINUTES;
/// In each sweep's line.
const MEASURES: u64 = 6;
/// What else is counted, each under a name of its own. Assumed: so many of them happen in each hour.
const COUNTS: [u64; 3] = [3, 10, 28];
/// A function that is awake reads two secrets each five minutes. Assumed: this many environments are awake all month in each of the three shops.
const SECRET_READS: u64 = 2 * FIVE_MINUTES;
const FIVE_MINUTES: u64 = MINUTES / 5;
const AWAKE: [u64; 3] = [1, 4, 40];
/// SQS asks KMS twice in an hour for each role that sends to a queue, and once for each that reads it: ten and two, as the template has them.
const QUEUE_KEY_QUESTIONS: u64 = HOURS * (2 * 10 + 2);
/// The template's `MemorySize`.
const MEMORY_MB: u64 = 256;

/// Prints the tables.
pub(crate) fn run(place: &Place) -> Result<(), Failure> {
    let template = std::fs::read_to_string(place.root.join("template.yaml")).while_doing("reading template.yaml")?;
    print!("{}\n{}", table(&template), kinds());
    Ok(())
}

/// One line of the bill: what it is, how it is reckoned, and what it comes to in each shop, in nanodollars.
struct Line {
    what: &'static str,
    how: String,
    comes_to: [u64; 3],
}

impl Line {
    /// So many for ten payments, at this price.
    fn each(what: &'static str, of_ten: u64, unit: &str, price: u64) -> Self {
        let how = format!("{} {unit} × {} a million", tenths(of_ten), per_million(price));
        Self::part(what, of_ten.saturating_mul(1_000), how, price)
    }

    /// So many thousandths for ten payments, at this price for a whole one.
    fn part(what: &'static str, thousandths_of_ten: u64, how: String, price: u64) -> Self {
        let of =
            |payments: u64| (payments / 10).saturating_mul(thousandths_of_ten).saturating_mul(price).div_ceil(1_000);
        Self { what, how, comes_to: SHOPS.map(of) }
    }

    /// The same whatever is sold.
    fn always(what: &'static str, how: String, nanodollars: u64) -> Self {
        Self { what, how, comes_to: [nanodollars; 3] }
    }
}

/// The bill as the page bears it.
fn table(template: &str) -> String {
    let mut lines = sold(&Counts::of_ten());
    lines.extend(standing(template));
    let mut text = String::from("| | how it is reckoned |");
    for payments in SHOPS {
        text.push_str(&format!(" {} |", thousands(payments)));
    }
    text.push_str("\n|---|---|---:|---:|---:|\n");
    for line in &lines {
        let [small, middle, large] = line.comes_to.map(dollars);
        text.push_str(&format!("| {} | {} | {small} | {middle} | {large} |\n", line.what, line.how));
    }
    let sums = sums(&lines);
    let [small, middle, large] = sums.map(dollars);
    text.push_str(&format!("| **a month** | | **{small}** | **{middle}** | **{large}** |\n"));
    text.push_str("| for one payment | |");
    for (payments, sum) in SHOPS.into_iter().zip(sums) {
        text.push_str(&format!(" {} |", thousandths_of_cents(sum.div_ceil(payments))));
    }
    text.push('\n');
    text
}

/// What one payment of each kind costs where many are sold, without what stands there anyway.
fn kinds() -> String {
    let mut text =
        String::from("| a payment | of ten | requests | calls | changes | costs |\n|---|---:|---:|---:|---:|---:|\n");
    for kind in KINDS {
        let counts = Counts::of_ten_alike(&kind);
        let [.., (payments, sum)] = pairs(SHOPS, sums(&sold(&counts)));
        let costs = thousandths_of_cents(sum.div_ceil(payments));
        let (requests, calls) = (tenths(counts.requests), tenths(counts.calls));
        text.push_str(&format!(
            "| {} | {} | {requests} | {calls} | {} | {costs} |\n",
            kind.name, kind.of_ten, kind.changes
        ));
    }
    text
}

fn pairs(one: [u64; 3], other: [u64; 3]) -> [(u64, u64); 3] {
    let ([a, b, c], [x, y, z]) = (one, other);
    [(a, x), (b, y), (c, z)]
}

fn sums(lines: &[Line]) -> [u64; 3] {
    let plus = |sum: [u64; 3], line: &Line| pairs(sum, line.comes_to).map(|(sum, part)| sum.saturating_add(part));
    lines.iter().fold([0; 3], plus)
}

/// What is paid for because of payments.
fn sold(ten: &Counts) -> Vec<Line> {
    let calls = tenths(ten.calls);
    let begins = pairs(SHOPS, CALLS_OF_ONE)
        .map(|(payments, of_one)| (payments / 10).saturating_mul(ten.calls).div_ceil(of_one).saturating_mul(begin()));
    vec![
        Line::each("API Gateway", ten.requests, "requests", API_REQUEST),
        Line::each("the firewall's looks", ten.requests, "requests", FIREWALL_REQUEST),
        Line::each("Lambda, calls", ten.calls, "calls", LAMBDA_CALL),
        Line::part(
            "Lambda, time",
            ten.ms.saturating_mul(MEMORY_MB).div_ceil(1_024),
            format!("{} ms with {MEMORY_MB} MB × $0.0000166667 a GB-second", tenths(ten.ms)),
            LAMBDA_GB_SECOND,
        ),
        Line {
            what: "Lambda, environments that begin",
            how: format!(
                "one of {} calls: {BEGIN_MS} ms, {BEGIN_SECRETS} secrets",
                CALLS_OF_ONE.map(|calls| calls.to_string()).join(", ")
            ),
            comes_to: begins,
        },
        Line::each("DynamoDB, writes", ten.writes, "units", WRITE_UNIT),
        Line::each("DynamoDB, reads", ten.reads, "units", READ_UNIT),
        Line::part(
            "DynamoDB, kept, after a year",
            ten.kept_bytes.saturating_mul(MONTHS_KEPT),
            format!("{MONTHS_KEPT} months of {} bytes × $0.45 a GB and month", tenths(ten.kept_bytes)),
            KEPT_KB_MONTH,
        ),
        Line::part(
            "a payer who is new",
            10_000,
            "a question to KMS, $0.03 for ten thousand, a read and a write".to_owned(),
            NEW_PAYER,
        ),
        Line::each("SQS", ten.queued, "requests", QUEUE_REQUEST),
        Line::part(
            "logs",
            ten.calls.saturating_mul(LOGGED_BYTES),
            format!("{calls} × {LOGGED_BYTES} bytes × $0.68 a GB"),
            LOGGED_KB,
        ),
        Line::part(
            "what leaves AWS",
            ten.sent_bytes,
            format!("{} bytes × $0.09 a GB", tenths(ten.sent_bytes)),
            SENT_KB,
        ),
    ]
}

/// What is paid for because it is there.
fn standing(template: &str) -> Vec<Line> {
    let counted = |kind: &str| -> u64 {
        let line = format!("    Type: {kind}");
        template.lines().filter(|found| **found == line).map(|_| 1_u64).sum()
    };
    let month = |count: u64, price: u64| count.saturating_mul(price);
    let (secrets, keys) = (counted("AWS::SecretsManager::Secret"), counted("AWS::KMS::Key"));
    let alarms = counted("AWS::CloudWatch::Alarm");
    let functions = counted("AWS::Serverless::Function");
    let table_questions = functions.saturating_mul(FIVE_MINUTES);
    let listed = |numbers: [u64; 3]| numbers.map(|number| number.to_string()).join(", ");
    vec![
        Line {
            what: "secrets, read anew",
            how: format!("{} environments × {SECRET_READS} × $0.08 for ten thousand, with KMS", listed(AWAKE)),
            comes_to: AWAKE.map(|awake| month(awake.saturating_mul(SECRET_READS), SECRET_READ)),
        },
        Line::always("the firewall", "$5, and $1 for each of five rules".to_owned(), FIREWALL_MONTH),
        Line::always("secrets", format!("{secrets} × $0.40"), month(secrets, SECRET_MONTH)),
        Line::always("keys of KMS, from the third year on", format!("{keys} × $3"), month(keys, KEY_MONTH)),
        Line::always(
            "questions to KMS, for the table and the queues",
            format!("({functions} functions × {FIVE_MINUTES} + {QUEUE_KEY_QUESTIONS}) × $0.03 for ten thousand"),
            month(table_questions.saturating_add(QUEUE_KEY_QUESTIONS), KEY_QUESTION),
        ),
        Line::always("alarms", format!("{alarms} × $0.10"), month(alarms, ALARM_MONTH)),
        Line::always("measures", format!("{MEASURES} × $0.30"), month(MEASURES, METRIC_MONTH)),
        Line {
            what: "counts",
            how: format!("{} × $0.30", listed(COUNTS)),
            comes_to: COUNTS.map(|count| month(count, METRIC_MONTH)),
        },
        Line::always(
            "the sweep",
            format!("{MINUTES} × {SWEEP_MS} ms, {SWEEP_READ_UNITS} units, {SWEEP_LOGGED_BYTES} bytes logged"),
            sweeps(),
        ),
        Line::always(
            "queues that are looked into",
            format!("{POLLS} requests × $0.40 a million"),
            month(POLLS, QUEUE_REQUEST),
        ),
    ]
}

/// What it takes that an environment begins.
const fn begin() -> u64 {
    lambda(BEGIN_MS).saturating_add(BEGIN_SECRETS.saturating_mul(SECRET_READ))
}

/// What it takes to come each minute of a month.
fn sweeps() -> u64 {
    let line = SWEEP_LOGGED_BYTES.saturating_mul(LOGGED_KB).div_ceil(1_000);
    let one = LAMBDA_CALL
        .saturating_add(lambda(SWEEP_MS))
        .saturating_add(line)
        .saturating_add(SWEEP_READ_UNITS.saturating_mul(READ_UNIT));
    one.saturating_mul(MINUTES)
}

/// So many milliseconds of a function.
const fn lambda(ms: u64) -> u64 {
    ms.saturating_mul(MEMORY_MB).saturating_mul(LAMBDA_GB_SECOND).div_ceil(1_024 * 1_000)
}

#[cfg(test)]
mod tests;
