//! Alarms: each watches something that is really counted, tells somebody, and has its page in RUNBOOK.md; and when something really
//! goes wrong, the line that the alarm lives by stands in the log.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test speaks by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acceptance::client::Opened;
use acceptance::cloudwatch::{Metric, metrics_in};
use acceptance::repository::{deployed_functions, read, resources};
use acceptance::signature::{SECRET, now};
use acceptance::stack::{Stack, on_stack};
use acceptance::{eventually, say};
use adapters::telemetry::{Count, DIMENSION, Gauge, Level, Line, Log, NAMESPACE};
use domain::payment::ReviewReason;
use domain::time::Timestamp;
use serde_json::{Value, json};

/// An alarm as template.yaml declares it.
struct Alarm {
    /// Its name among the resources.
    resource: String,
    /// Its name after the stack's.
    name: String,
    /// The section of RUNBOOK.md that its description names.
    section: String,
    properties: BTreeMap<String, String>,
}

impl Alarm {
    fn is_of(&self, namespace: &str) -> bool {
        self.properties["Namespace"] == namespace
    }

    fn metric(&self) -> &str {
        &self.properties["MetricName"]
    }
}

#[test]
fn every_alarm_has_its_section_in_the_runbook_and_every_section_its_alarm() {
    let named: BTreeSet<String> = alarms().into_iter().map(|alarm| alarm.section).collect();
    assert_eq!(named, headings("Alarms"));
}

#[test]
fn whatever_a_person_is_asked_to_look_at_has_its_section_in_the_runbook() {
    let reasons: BTreeSet<String> = ReviewReason::ALL.map(|reason| reason.name().to_owned()).into();
    assert_eq!(reasons, headings("Payments that wait for a person"));
}

#[test]
fn every_alarm_tells_the_topic_under_a_name_that_the_topic_lets_in() {
    let alarms = alarms();
    for Alarm { resource, name, section, properties } in &alarms {
        assert_eq!(properties["AlarmActions"], "[!Ref Alarms]", "{resource}");
        assert!(properties.get("OKActions").is_none_or(|told| told == "[!Ref Alarms]"), "{resource}");
        assert!(name == section || section == "function-errors", "{resource}: {name} is another word than {section}");
    }
    let names: BTreeSet<&str> = alarms.iter().map(|alarm| alarm.name.as_str()).collect();
    assert_eq!(names.len(), alarms.len());
    let topic = resource("AlarmsPolicy");
    assert!(topic.contains(":alarm:${AWS::StackName}-*"), "the topic lets in alarms of this stack: {topic}");
}

#[test]
fn an_alarm_of_ours_watches_what_is_really_counted_under_the_dimension_it_is_counted_under() {
    let counted: BTreeSet<&str> = Count::ALL.map(Count::name).into_iter().chain(Gauge::NAMES).collect();
    let ours: Vec<Alarm> = alarms().into_iter().filter(|alarm| alarm.is_of(NAMESPACE)).collect();
    assert!(!ours.is_empty());
    for alarm in ours {
        assert!(counted.contains(alarm.metric()), "{}: nobody counts {}", alarm.resource, alarm.metric());
        let dimension = format!("[{{ Name: {DIMENSION}, Value: !Ref AWS::StackName }}]");
        assert_eq!(alarm.properties["Dimensions"], dimension, "{}", alarm.resource);
    }
    assert!(
        read("template.yaml").contains("\n        STACK_NAME: !Ref AWS::StackName\n"),
        "functions know whose they are"
    );
}

#[test]
fn whatever_is_an_error_has_an_alarm() {
    let watched: BTreeSet<String> = alarms().iter().map(|alarm| alarm.metric().to_owned()).collect();
    for count in Count::ALL.into_iter().filter(|count| count.level() == Level::Error) {
        assert!(watched.contains(count.name()), "{} is an error, and nobody is told", count.name());
    }
}

#[test]
fn every_function_has_an_alarm_for_its_errors() {
    let of_errors: BTreeSet<(String, String)> = alarms()
        .into_iter()
        .filter(|alarm| alarm.is_of("AWS/Lambda") && alarm.metric() == "Errors")
        .map(|alarm| (alarm.name, alarm.properties["Dimensions"].clone()))
        .collect();
    let wanted = deployed_functions().into_iter().map(|function| {
        let dimension = format!("[{{ Name: FunctionName, Value: !Ref {} }}]", function.logical_id);
        (format!("{}-errors", function.binary), dimension)
    });
    assert_eq!(of_errors, wanted.collect());
}

#[test]
fn silence_is_an_alarm_only_where_something_is_measured_each_minute() {
    for alarm in alarms() {
        let treated = alarm.properties["TreatMissingData"].as_str();
        let wanted = if alarm.name == "sweep-stopped" { "breaching" } else { "notBreaching" };
        assert_eq!(treated, wanted, "{}", alarm.resource);
        assert!(treated == "notBreaching" || Gauge::NAMES.contains(&alarm.metric()), "{}", alarm.resource);
    }
}

#[test]
fn every_metric_is_in_the_table_of_logging_md_with_its_level() {
    let text = read("docs/LOGGING.md");
    let (_, rest) = text.split_once("\n## What is counted\n").unwrap();
    let (table, _) = rest.split_once("\n## ").unwrap();
    let told: BTreeSet<(String, String)> = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| {
            let (name, rest) = line.split_once("` | ").unwrap();
            (name.to_owned(), rest.split(" |").next().unwrap().to_owned())
        })
        .collect();
    let level = |count: Count| format!("{:?}", count.level()).to_lowercase();
    let counts = Count::ALL.map(|count| (count.name().to_owned(), level(count)));
    let gauges = Gauge::NAMES.map(|name| (name.to_owned(), "–".to_owned()));
    assert_eq!(told, counts.into_iter().chain(gauges).collect());
}

#[test]
fn every_alarm_is_deployed_and_watches_what_there_is() {
    on_stack(async |stack| {
        let deployed = stack.aws.alarms().await;
        let full = |alarm: &Alarm| format!("{}-{}", stack.aws.stack, alarm.name);
        let declared: BTreeSet<String> = alarms().iter().map(full).collect();
        let names = deployed.iter().map(|alarm| alarm["AlarmName"].as_str().unwrap().to_owned());
        assert_eq!(names.collect::<BTreeSet<_>>(), declared);

        let dimension = |alarm: &Value, at: usize| alarm["Dimensions"][at]["Value"].as_str().unwrap().to_owned();
        for alarm in &deployed {
            let what = alarm["AlarmName"].as_str().unwrap();
            match alarm["Namespace"].as_str().unwrap() {
                "AWS/SQS" => {
                    let queue = match what.trim_start_matches(&stack.aws.stack) {
                        "-dead-letters" => stack.aws.dead_letter_queue().await,
                        "-delivery-dead-letters" => {
                            let deliveries = stack.aws.variable("publish", "DELIVERY_QUEUE_URL").await.unwrap();
                            stack.aws.dead_letters_of(&deliveries).await
                        }
                        "-untold" => stack.aws.variable("publish", "DEAD_LETTER_QUEUE_URL").await.unwrap(),
                        _ => stack.aws.retry_queue.clone(),
                    };
                    assert_eq!(dimension(alarm, 0), queue.rsplit('/').next().unwrap(), "{what}");
                }
                "AWS/Lambda" if alarm["MetricName"] == "IteratorAge" => {
                    assert_eq!(dimension(alarm, 0), format!("{}-publish", stack.aws.stack), "{what}");
                }
                "AWS/Lambda" => assert_eq!(format!("{}-errors", dimension(alarm, 0)), what),
                "AWS/ApiGateway" => {
                    assert_eq!((dimension(alarm, 0), dimension(alarm, 1)), (stack.aws.stack.clone(), "v1".to_owned()));
                }
                NAMESPACE => assert_eq!(dimension(alarm, 0), stack.aws.stack, "{what}"),
                other => panic!("{what} watches {other}"),
            }
        }
        say(&format!("{} alarms are deployed", deployed.len()));
    });
}

/// Each fault is a real one; the line is the function's own; and the local CloudWatch judges the alarm by what stands in it.
#[test]
fn what_goes_wrong_stands_in_the_log_as_the_alarm_expects_it_and_somebody_is_told() {
    on_stack(async |stack| {
        let topic = stack.aws.alarm("attention").await["AlarmActions"][0].as_str().unwrap().to_owned();
        let listener = stack.aws.listen(&topic).await;

        let mismatched = stack.api.open().await;
        news_of(stack, &mismatched, |object| object["amount"] = json!(999)).await;
        let foreign = stack.api.open().await;
        news_of(stack, &foreign, |object| object["id"] = json!("pi_3SomebodyElsesObject0000000")).await;

        let locked_out = stack.api.open().await;
        let fault = json!({"path": "/v1/payment_intents/*/confirm", "fault": "status", "status": 401, "times": 2});
        let fault = stack.sandbox.misbehaves_for(&locked_out.id, fault).await;
        drop(stack.api.pay(&locked_out, "pm_card_visa").await.expect(202));
        stack.sandbox.behaves_again(&fault).await;

        let tableless = stack.api.open().await;
        let rule = json!({
            "service": "dynamodb", "operation": "GetItem", "containing": tableless.row_key(), "fault": "throttle", "times": 1_000,
        });
        let throttled = stack.sandbox.aws_misbehaves(rule).await;
        drop(stack.api.status(&tableless.id).await.expect(503));
        stack.sandbox.aws_behaves_again(&throttled).await;

        for (alarm, function, payment) in [
            ("attention", "webhook", &mismatched),
            ("foreign-charge", "webhook", &foreign),
            ("gateway-misconfigured", "confirm", &locked_out),
            ("dependency-failing", "status", &tableless),
        ] {
            let line = line_of(stack, function, payment, &stack.aws.alarm(alarm).await).await;
            goes_off(stack, alarm, &line).await;
            let told = stack.aws.heard(&listener, alarm).await;
            let description = told["AlarmDescription"].as_str().unwrap();
            assert!(description.ends_with(&format!("docs/RUNBOOK.md#{alarm}")), "{told}");
        }
        stack.aws.dismiss(listener).await;
        drop(stack.settled(&locked_out.id, "succeeded").await);
        say("4 faults, 4 alarms, 4 messages");
    });
}

#[test]
fn a_sweep_measures_the_payments_of_which_nobody_knows() {
    on_stack(async |stack| {
        let lost = stack.api.open().await;
        let fault = json!({"path": "/v1/payment_intents/*/confirm", "fault": "hang_before", "times": 3});
        let fault = stack.sandbox.misbehaves_for(&lost.id, fault).await;
        drop(stack.api.pay(&lost, "pm_card_visa").await.expect(202));
        let swept = stack.sweep().await;
        assert!(swept["inDoubt"].as_u64().unwrap() > 0, "{swept}");

        let [doubts, oldest_due, sweep_stopped] = ["doubts", "oldest-due", "sweep-stopped"].map(async |name| {
            let alarm = stack.aws.alarm(name).await;
            let metric = alarm["MetricName"].as_str().unwrap().to_owned();
            (alarm, metric)
        });
        let ((doubts, in_doubt), (oldest_due, oldest), (stopped, found)) =
            (doubts.await, oldest_due.await, sweep_stopped.await);
        let line = eventually("the sweep has said how many", async || {
            let lines = stack.aws.logs("sweep").await;
            let lines = lines.iter().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let ours = lines.into_iter().find(|line| line[&in_doubt] == swept["inDoubt"]);
            ours.ok_or_else(|| format!("no line says {} {in_doubt}", swept["inDoubt"]))
        })
        .await;
        for (alarm, metric, unit) in
            [(doubts, in_doubt, "Count"), (oldest_due, oldest, "Seconds"), (stopped, found, "Count")]
        {
            assert_eq!(watched(&alarm, &line).unit, unit, "{metric}");
        }
        // That it measures at all ends the alarm that no sweep gets through.
        stack.aws.forget_alarm("sweep-stopped").await;
        let measured = watched(&stack.aws.alarm("sweep-stopped").await, &line);
        stack.aws.put_metric(&measured).await;
        assert_eq!(stack.aws.alarm("sweep-stopped").await["StateValue"], "OK");
        stack.sandbox.behaves_again(&fault).await;
        drop(stack.settled(&lost.id, "succeeded").await);
    });
}

/// What nobody calls cannot say so. The sweep says that somebody tells; and what it would say if nobody did, is written here as it writes
/// it, because the stack's one source of changes serves all other tests.
#[test]
fn the_sweep_measures_whether_anything_is_told_and_silence_rings() {
    on_stack(async |stack| {
        let swept = stack.sweep().await;
        assert_eq!(swept["untoldMs"], 0, "what is opened here is told: {swept}");
        let line = eventually("a sweep has said so", async || {
            let lines = stack.aws.logs("sweep").await;
            let mut lines = lines.iter().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            lines.find(|line| line["untoldSeconds"] == 0).ok_or_else(|| "no line says that all is told".to_owned())
        })
        .await;
        stack.aws.forget_alarm("telling-stopped").await;
        stack.aws.put_metric(&watched(&stack.aws.alarm("telling-stopped").await, &line)).await;
        assert_eq!(stack.aws.alarm("telling-stopped").await["StateValue"], "OK", "{line}");

        let mut silent = Line::new("sweep", Timestamp::from_unix_ms(i64::try_from(now()).unwrap() * 1_000));
        silent.measure(Gauge::Untold(Duration::from_secs(20 * 60)));
        let mut text = Vec::new();
        silent.write(&Log { stack: stack.aws.stack.clone(), least: Level::Error }, &mut text);
        goes_off(stack, "telling-stopped", &serde_json::from_slice(&text).unwrap()).await;
        stack.aws.forget_alarm("telling-stopped").await;
    });
}

/// The alarms of template.yaml.
fn alarms() -> Vec<Alarm> {
    let declared = resources().into_iter().filter(|(_, text)| text.contains("Type: AWS::CloudWatch::Alarm\n"));
    let alarms: Vec<Alarm> = declared
        .map(|(resource, text)| {
            let lines = text.lines().filter_map(|line| line.trim().split_once(": "));
            let properties: BTreeMap<String, String> =
                lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            let name = properties["AlarmName"].strip_prefix("!Sub ${AWS::StackName}-");
            let name = name.unwrap_or_else(|| panic!("{resource} is not called after its stack")).to_owned();
            let (_, section) = text.split_once("docs/RUNBOOK.md#").unwrap_or_else(|| panic!("{resource}: what to do?"));
            let section = section.lines().next().unwrap_or_default().to_owned();
            Alarm { resource, name, section, properties }
        })
        .collect();
    assert!(!alarms.is_empty());
    alarms
}

fn resource(name: &str) -> String {
    let found = resources().into_iter().find(|(resource, _)| resource == name);
    found.unwrap_or_else(|| panic!("template.yaml has no {name}")).1
}

/// What stands under a chapter of RUNBOOK.md, by the anchors that its headings have.
fn headings(chapter: &str) -> BTreeSet<String> {
    let text = read("docs/RUNBOOK.md");
    let chapters = text.split("\n## ").find(|part| part.lines().next() == Some(chapter));
    let chapter = chapters.unwrap_or_else(|| panic!("RUNBOOK.md has no chapter {chapter:?}"));
    let anchor = |heading: &str| {
        let kept = heading.chars().filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter));
        kept.collect::<String>().to_lowercase().replace(' ', "-")
    };
    chapter.lines().filter_map(|line| line.strip_prefix("### ")).map(anchor).collect()
}

/// Stripe tells that a payment was charged, but for what `change` makes of it.
async fn news_of(stack: &Stack, payment: &Opened, change: impl FnOnce(&mut Value)) {
    let mut object = stack.sandbox.intent(&payment.intent).await;
    object["status"] = json!("succeeded");
    object["amount_received"] = object["amount"].clone();
    change(&mut object);
    drop(stack.api.stripe_tells(SECRET, "payment_intent.succeeded", &object).await.expect(200));
}

/// The line of a function's log that is about a payment and bears what the alarm watches.
async fn line_of(stack: &Stack, function: &str, payment: &Opened, alarm: &Value) -> Value {
    let metric = alarm["MetricName"].as_str().unwrap();
    eventually(&format!("{function} counts {metric} of {}", payment.id), async || {
        let logged = stack.aws.logs(function).await;
        let mut lines = logged.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let ours = lines.find(|line| line["transactionId"] == payment.id.as_str() && !line[metric].is_null());
        ours.ok_or_else(|| format!("{} lines, and none of them", logged.len()))
    })
    .await
}

/// What the alarm watches, as CloudWatch would find it in this line.
fn watched(alarm: &Value, line: &Value) -> Metric {
    let dimensions = alarm["Dimensions"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let dimensions: BTreeMap<String, String> =
        dimensions.map(|dimension| (text(&dimension["Name"]), text(&dimension["Value"]))).collect();
    let is_it = |metric: &Metric| {
        metric.namespace == alarm["Namespace"] && metric.name == alarm["MetricName"] && metric.dimensions == dimensions
    };
    metrics_in(line).into_iter().find(is_it).unwrap_or_else(|| panic!("{alarm} does not watch {line}"))
}

/// The alarm goes off by what stands in this line, and did not before. The local CloudWatch adds up what is recent; how many bad
/// minutes it takes is for AWS to count.
async fn goes_off(stack: &Stack, alarm: &str, line: &Value) {
    stack.aws.forget_alarm(alarm).await;
    assert_eq!(stack.aws.alarm(alarm).await["StateValue"], "INSUFFICIENT_DATA");
    stack.aws.put_metric(&watched(&stack.aws.alarm(alarm).await, line)).await;
    assert_eq!(stack.aws.alarm(alarm).await["StateValue"], "ALARM", "{line}");
}
