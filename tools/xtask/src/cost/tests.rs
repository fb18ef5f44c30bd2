use super::*;

const TEMPLATE: &str = include_str!("../../../../template.yaml");
const PAGE: &str = include_str!("../../../../docs/GOING_LIVE.md");
/// Everything that is counted and measured, by name.
const METRICS: &str = include_str!("../../../../shared/adapters/src/telemetry/metric.rs");

#[test]
fn the_page_bears_what_is_printed() {
    for table in [table(TEMPLATE), kinds()] {
        assert!(PAGE.contains(&table), "docs/GOING_LIVE.md must say:\n{table}");
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
fn every_key_is_turned_each_year_and_no_function_leaves_out_lambdas_own_lines() {
    assert_eq!(TEMPLATE.matches("EnableKeyRotation: true").count(), TEMPLATE.matches("Type: AWS::KMS::Key\n").count());
    assert!(!TEMPLATE.contains("SystemLogLevel"));
}

#[test]
fn every_count_and_every_measure_has_its_price() {
    let name = |line: &'static str| line.trim().strip_prefix("Self::")?.split_once(" => \"")?.1.strip_suffix("\",");
    let names: Vec<(bool, &str)> = METRICS
        .lines()
        .filter_map(|line| Some((line.contains("(_)"), name(line)?)))
        // Units begin with a capital letter.
        .filter(|(_, name)| name.starts_with(|letter: char| letter.is_ascii_lowercase()))
        .collect();
    let of = |is_measure: bool| u64::try_from(names.iter().filter(|(found, _)| *found == is_measure).count()).unwrap();
    assert_eq!((of(true), of(false)), (MEASURES, COUNTS[2]), "{names:?}");
}

#[test]
fn the_queues_have_as_many_senders_and_readers_as_are_reckoned_with() {
    // In one line or in a list, each queue that somebody may send to stands after the word; one mapping is for two words of the local AWS.
    let mut statements = Vec::new();
    let mut is_sending = None;
    for line in TEMPLATE.lines() {
        let says = |words: &[&str]| words.iter().any(|word| line.contains(word));
        if line.contains("Action:") {
            is_sending = says(&["sqs:SendMessage", "SendMessages]"]).then_some(true);
            if says(&["sqs:ReceiveMessage"]) {
                is_sending = Some(false);
            }
        }
        if let (Some(sending), true) = (is_sending, line.contains("Resource:")) {
            let queues = line.matches("RetryQueue.Arn").count() + line.matches("DeliveryQueue.Arn").count();
            statements.extend(std::iter::repeat_n(sending, queues));
            is_sending = None;
        }
    }
    let senders = statements.iter().filter(|sending| **sending).count();
    assert_eq!((senders, statements.len() - senders), (10, 2));
}

#[test]
fn the_bill_is_what_comes_out_by_hand() {
    let mut lines = sold(&Counts::of_ten());
    lines.extend(standing(TEMPLATE));
    let of = |what: &str| lines.iter().find(|line| line.what == what).unwrap().comes_to.map(dollars);
    // 4.5 × $3.50 for each million: $0.01575, $1.575, $157.50.
    assert_eq!(of("API Gateway"), ["$0.02", "$1.58", "$157.50"]);
    // 3.015 s × 0.25 GB × $0.0000166667 = $0.0000125625.
    assert_eq!(of("Lambda, time"), ["$0.02", "$1.26", "$125.64"]);
    // 0.125 GB-seconds and two secrets are $0.00000208334 and $0.000016; 12,700, 63,500 and 1,270,000 begin.
    assert_eq!(of("Lambda, environments that begin"), ["$0.23", "$1.15", "$22.97"]);
    // $0.000003, and 0.75 millionths for a read and a write.
    assert_eq!(of("a payer who is new"), ["$0.01", "$0.38", "$37.50"]);
    // 12.7 × 1204 bytes are 15.2908 kB, at $0.68 a million of them.
    assert_eq!(of("logs"), ["$0.02", "$1.04", "$103.98"]);
    // 17,520, four and forty times as many, at $0.000008.
    assert_eq!(of("secrets, read anew"), ["$0.15", "$0.57", "$5.61"]);
    // Four keys, each $1, and $1 more for each of two turns.
    assert_eq!(of("keys of KMS, from the third year on"), ["$12.00"; 3]);
    // 15 × 8,760 and 730 × 22 are 147,460, at $0.000003.
    assert_eq!(of("questions to KMS, for the table and the queues"), ["$0.45"; 3]);
    assert_eq!(of("counts"), ["$0.90", "$3.00", "$8.40"]);
    // 200 + 834 + 683 + 2,500 nanodollars, 43,800 times.
    assert_eq!(of("the sweep"), ["$0.19"; 3]);
}
