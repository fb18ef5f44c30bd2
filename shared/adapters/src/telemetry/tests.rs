use domain::gateway::UnknownReason;
use domain::id::IdempotencyKey;
use expect_test::expect;
use flow::ports::Dependency;

use super::*;

const AT: Timestamp = Timestamp::from_unix_ms(1_795_434_360_007);

fn written(line: Line, least: Level) -> String {
    let mut out = Vec::new();
    line.write(&Log { stack: "quittance-test".to_owned(), least }, &mut out);
    String::from_utf8(out).unwrap()
}

fn parsed(line: Line) -> Value {
    let text = written(line, Level::Debug);
    assert_eq!(text.matches('\n').count(), 1, "one line: {text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_request_is_one_line() {
    let id = TransactionId::derive("merchant", "initiate", &IdempotencyKey::parse("order-1").unwrap());
    let mut line = Line::new("confirm", AT);
    for field in [
        Field::RequestId("req-1"),
        Field::Route("POST /payment/confirm"),
        Field::Status(402),
        Field::Code("payment_declined"),
        Field::TransactionId(&id),
        Field::Caller("shop"),
        Field::Duration(Duration::from_micros(812_900)),
    ] {
        line.set(field);
    }
    expect![[r#"
        {
          "caller": "shop",
          "code": "payment_declined",
          "durationMs": 812,
          "function": "confirm",
          "level": "info",
          "requestId": "req-1",
          "route": "POST /payment/confirm",
          "status": 402,
          "timestamp": "2026-11-23T11:46:00.007Z",
          "transactionId": "pay_srgsc5zsbqycrakmfcc3opqd6l"
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&parsed(line)).unwrap());
}

#[test]
fn what_operators_count_is_a_metric_in_the_same_line() {
    let mut line = Line::new("retry", AT);
    line.notes([Note::Conflict, Note::Conflict, Note::OutcomeUnknown(UnknownReason::Timeout)]);
    let line = parsed(line);
    assert_eq!((&line["level"], &line["conflict"], &line["outcomeUnknown"]), (&json!("warn"), &json!(2), &json!(1)));
    assert_eq!(line["unknownReason"], "timeout");
    assert_eq!(
        line["_aws"],
        json!({"Timestamp": AT.unix_ms(), "CloudWatchMetrics": [{
            "Namespace": "Quittance",
            "Dimensions": [["stack"]],
            "Metrics": [{"Name": "conflict", "Unit": "Count"}, {"Name": "outcomeUnknown", "Unit": "Count"}],
        }]})
    );
    assert_eq!(line["stack"], "quittance-test", "the dimension is a field of the line");
    assert_eq!(line["function"], "retry", "which function it was, the line says too");
}

#[test]
fn what_is_measured_is_said_also_when_it_is_nothing_and_however_quiet_the_log_is() {
    let mut line = Line::new("sweep", AT);
    line.measure(Gauge::Found(0));
    line.measure(Gauge::InDoubt(3));
    line.measure(Gauge::OldestDue(Duration::from_millis(61_900)));
    let line: Value = serde_json::from_str(&written(line, Level::Error)).unwrap();
    assert_eq!((&line["found"], &line["inDoubt"], &line["oldestDueSeconds"]), (&json!(0), &json!(3), &json!(61)));
    assert_eq!(
        line["_aws"]["CloudWatchMetrics"][0]["Metrics"],
        json!([
            {"Name": "found", "Unit": "Count"},
            {"Name": "inDoubt", "Unit": "Count"},
            {"Name": "oldestDueSeconds", "Unit": "Seconds"},
        ])
    );
    assert_eq!(line["level"], "info", "measuring is no trouble");
}

#[test]
fn no_two_metrics_have_one_name_and_none_has_a_fields() {
    let names: Vec<&str> = Count::ALL.map(Count::name).into_iter().chain(Gauge::NAMES).collect();
    let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(distinct.len(), names.len(), "{names:?}");
    let failure = Error::Contended;
    let fields = [Field::Nudged(1), Field::UnreadableKeys(1), Field::Failure(&failure), Field::Outcome("looked")];
    for field in fields {
        assert!(!distinct.contains(field.name_and_value().0), "{field:?}");
    }
}

#[test]
fn the_level_is_the_worst_thing_that_happened() {
    let level = |change: &dyn Fn(&mut Line)| {
        let mut line = Line::new("confirm", AT);
        change(&mut line);
        parsed(line)["level"].as_str().unwrap().to_owned()
    };
    let failure = Error::Unavailable { dependency: Dependency::Store, detail: "timeout".to_owned() };
    assert_eq!(level(&|_| {}), "info");
    assert_eq!(level(&|line| line.notes([Note::Conflict])), "info");
    assert_eq!(level(&|line| line.notes([Note::ReviewAsked, Note::Conflict])), "error");
    assert_eq!(level(&|line| line.notes([Note::OutcomeUnknown(UnknownReason::Unauthorized)])), "error");
    assert_eq!(level(&|line| line.set(Field::Failure(&failure))), "error");
}

#[test]
fn a_failure_is_said_once_and_counted() {
    let mut line = Line::new("status", AT);
    line.set(Field::Failure(&Error::Unavailable { dependency: Dependency::Store, detail: "timeout".to_owned() }));
    let line = parsed(line);
    assert_eq!((&line["failure"], &line["failed"]), (&json!("the store is not available: timeout"), &json!(1)));
}

#[test]
fn a_row_that_cannot_be_read_is_counted_as_one_and_not_as_weather() {
    let mut line = Line::new("retry", AT);
    line.set(Field::Failure(&Error::Unreadable { detail: "sv".to_owned() }));
    let line = parsed(line);
    assert_eq!((&line["unreadableRow"], &line["failed"], &line["level"]), (&json!(1), &Value::Null, &json!("error")));
}

#[test]
fn a_part_of_the_index_that_failed_is_counted_and_says_why() {
    let mut line = Line::new("sweep", AT);
    let timeout = || Error::Unavailable { dependency: Dependency::Store, detail: "timeout".to_owned() };
    line.notes([Note::PartitionFailed(timeout()), Note::PartitionFailed(timeout())]);
    let line = parsed(line);
    assert_eq!((&line["partitionFailed"], &line["level"]), (&json!(2), &json!("warn")));
    assert_eq!(line["failure"], "the store is not available: timeout");
}

#[test]
fn what_others_chose_cannot_break_the_line_or_fill_the_log() {
    let mut line = Line::new("status", AT);
    let hostile = format!("a\"\n{{\u{1b}[31m\u{202e}{}", "x".repeat(10_000));
    line.set(Field::RequestId(&hostile));
    line.set(Field::Caller(&hostile));
    let text = written(line, Level::Debug);
    assert!(text.is_ascii() && text.matches('\n').count() == 1);
    assert!(text.len() < 5_000, "{}", text.len());
}

#[test]
fn a_quiet_level_hides_lines_but_never_a_metric() {
    assert_eq!(written(Line::new("status", AT), Level::Warn), "");
    let mut counted = Line::new("status", AT);
    counted.notes([Note::Conflict]);
    assert!(written(counted, Level::Error).contains("conflict"));
    assert_eq!((Level::from_name("warn"), Level::from_name("loud")), (Level::Warn, Level::Info));
}

#[test]
fn a_panic_says_where_and_never_what() {
    let line = parsed(panic_line("retry", AT, "functions/retry/src/handler.rs:7"));
    assert_eq!(
        (&line["panickedAt"], &line["panicked"], &line["level"]),
        (&json!("functions/retry/src/handler.rs:7"), &json!(1), &json!("error"))
    );
}
