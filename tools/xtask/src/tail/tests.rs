//! Lines, as they are printed. The rows are the golden rows of the adapter that writes them, and the words are the
//! domain's own, so that neither can drift away from what is read here.

use domain::decline::{Decline, GatewayWords};
use domain::gateway::NextAction;
use domain::id::AttemptNumber;
use domain::money::{Currency, Money};
use domain::payment::{
    AfterDecline, Attempt, AttemptProgress, AttemptSource, CancelReason, End, Fact, PaymentState, ProcessingReason,
    ReviewReason,
};
use domain::time::Timestamp;
use serde_json::{Value, json};

use super::line::{Colours, Screen, shown};
use super::row::{self, Told};

const WAITING: &str = include_str!("../../../../shared/adapters/src/dynamo/golden/v1/waiting.json");
const CHALLENGED: &str = include_str!("../../../../shared/adapters/src/dynamo/golden/v1/three_d_secure.json");
const DECLINED: &str = include_str!("../../../../shared/adapters/src/dynamo/golden/v1/declined_and_scheduled.json");
const CAPTURED: &str = include_str!("../../../../shared/adapters/src/dynamo/golden/v1/captured_by_hand.json");
const REFUNDED: &str = include_str!("../../../../shared/adapters/src/dynamo/golden/v2/refunded.json");

#[test]
fn a_payments_life_reads_line_by_line() {
    let lines = [
        line(None, &golden(WAITING, "initiated")),
        line(Some("requires_payment_method"), &golden(CHALLENGED, "action_required")),
        line(Some("processing"), &golden(DECLINED, "attempt_declined")),
        line(Some("requires_capture"), &golden(CAPTURED, "captured")),
    ];
    assert_eq!(
        lines,
        [
            "09:00:12.347  pay_subfan3kgn3hkmqxb6v7i2fe5v  → requires_payment_method             \
             initiated 12.50 EUR · client:shop · v1 · due in 5 min",
            "09:00:14.347  pay_subfan3kgn3hkmqxb6v7i2fe5v  requires_payment_method → requires_action  \
             action required: redirect · client:shop · v3 · due in 5 min",
            "09:00:14.347  pay_subfan3kgn3hkmqxb6v7i2fe5v  processing                            \
             attempt 2 declined: brand_new_code · client:shop · v3 · due in 24 h · ATTENTION: unrecognized_status",
            "09:00:14.347  pay_subfan3kgn3hkmqxb6v7i2fe5v  requires_capture → succeeded          \
             captured 10.00 EUR · client:shop · v3",
        ]
    );
    assert_eq!(event(&golden(CAPTURED, "initiated")), "initiated 12.50 EUR \"ORDER-2026-118394\"");
}

#[test]
fn every_event_of_the_domain_is_told_in_words() {
    let money = Money::payable(1, Currency::from_code("EUR").unwrap()).unwrap();
    let number = AttemptNumber::try_new(1).unwrap();
    let (source, progress) = (AttemptSource::Gateway, AttemptProgress::Unanswered);
    let attempt = Attempt { number, source, started_at: Timestamp::from_unix_ms(0), progress };
    let decline = Decline::judge(GatewayWords::default());
    let then = AfterDecline::AwaitMethod;
    for (row, fact, words) in [
        (CHALLENGED, Fact::AttemptStarted(attempt), "attempt 1 started"),
        (CHALLENGED, Fact::AttemptAnswered { number }, "attempt 1 answered"),
        (CHALLENGED, Fact::OutcomeUnknown { reason: "timeout" }, "outcome unknown"),
        (DECLINED, Fact::AttemptDeclined { number, decline, then }, "attempt 2 declined: brand_new_code"),
        (CHALLENGED, Fact::AttemptNotCharged { number }, "attempt 1 not charged"),
        (CHALLENGED, Fact::ActionRequired(NextAction::Confirm), "action required: redirect"),
        (CHALLENGED, Fact::GatewayPending, "gateway pending"),
        (WAITING, Fact::MethodRequired, "method required"),
        (CAPTURED, Fact::Authorized { capturable: money }, "authorized 10.00 EUR"),
        (CAPTURED, Fact::Captured { amount: money }, "captured 10.00 EUR"),
        (CAPTURED, Fact::CapturedLate { amount: money }, "captured 10.00 EUR late"),
        (WAITING, Fact::Ended(End::Canceled), "canceled"),
        (WAITING, Fact::Ended(End::Expired), "expired"),
        (WAITING, Fact::Ended(End::Failed), "failed"),
        (WAITING, Fact::Claimed, "claimed"),
        (WAITING, Fact::LookAsked, "look asked"),
        (CAPTURED, Fact::RefundsHinted, "refunds hinted"),
        (WAITING, Fact::Looked, "looked, nothing new"),
        (DECLINED, Fact::ReviewAsked, "review asked: unrecognized_status"),
    ] {
        assert_eq!(event(&golden(row, fact.name())), words, "{}", fact.name());
    }
    let mut unknown = golden(CHALLENGED, "outcome_unknown");
    unknown["wy"] = json!({"S": "timeout"});
    assert_eq!(event(&unknown), "outcome unknown: timeout");
    assert_eq!(event(&golden(CAPTURED, "act_opened")), "capture of 10.00 EUR opened");
    let mut canceled = golden(CAPTURED, Fact::ActRefused { code: String::new() }.name());
    canceled["ac"]["L"].as_array_mut().unwrap().pop();
    assert_eq!(event(&canceled), "cancel refused: payment_intent_unexpected_state");
    canceled["ev"] = json!({"S": "act_opened"});
    assert_eq!(event(&canceled), "cancel opened");
    canceled["ac"]["L"][0]["M"]["r"] = json!({"S": CancelReason::Duplicate.name()});
    assert_eq!(event(&canceled), "cancel opened: duplicate");
}

#[test]
fn a_refund_is_told_with_its_amount_and_whose_it_is() {
    for (place, event, words) in [
        (0, "refund_started", "refund of 1.00 EUR started"),
        (1, "refund_answered", "refund of 1.00 EUR answered"),
        (2, "refund_answered", "refund of 1.00 EUR answered: charge_disputed"),
        (3, "refund_pending", "refund of 1.00 EUR pending"),
        (4, "refund_succeeded", "refund of 1.00 EUR succeeded"),
        (5, "refund_failed", "refund of 1.00 EUR failed: lost_or_stolen_card"),
        (6, "refund_canceled", "refund of 1.00 EUR at the gateway's dashboard canceled"),
    ] {
        let row = golden(REFUNDED, event);
        let mut before = row.clone();
        before["rf"]["L"][place]["M"]["p"] = json!({"S": "otherwise"});
        assert_eq!(told(&json!({"NewImage": row, "OldImage": before})), words);
        before["rf"]["L"].as_array_mut().unwrap().remove(place);
        assert_eq!(told(&json!({"NewImage": row, "OldImage": before})), words, "seen for the first time");
        // Which one it was cannot be seen without what was before, nor where several have moved.
        assert_eq!(told(&json!({"NewImage": row})), event.replace('_', " "));
        before["rf"]["L"].as_array_mut().unwrap().pop();
        before["rf"]["L"].as_array_mut().unwrap().remove(0);
        assert_eq!(told(&json!({"NewImage": row, "OldImage": before})), event.replace('_', " "));
    }
    assert_eq!(event(&golden(REFUNDED, "refunds_moved")), "refunds moved");
}

#[test]
fn what_a_later_release_writes_is_told_in_its_own_words() {
    let mut row = golden(WAITING, "money_was_blessed");
    row["st"] = json!({"S": "blessed"});
    row["by"] = json!({"S": "bishop:b"});
    assert_eq!(
        line(Some("requires_payment_method"), &row),
        "09:00:12.347  pay_subfan3kgn3hkmqxb6v7i2fe5v  requires_payment_method → blessed     \
         money was blessed · bishop:b · v1 · due in 5 min"
    );
    // An event that does not bear its details is told without them.
    assert_eq!(event(&golden(WAITING, "attempt_declined")), "attempt declined");
    let mut unknown_money = golden(CAPTURED, "captured");
    unknown_money["cu"] = json!({"S": "ZZZ"});
    assert_eq!(event(&unknown_money), "captured");
}

#[test]
fn amounts_have_the_digits_of_their_currency() {
    for (units, currency, words) in [
        (1_999, "EUR", "captured 19.99 EUR"),
        (5, "EUR", "captured 0.05 EUR"),
        (500, "JPY", "captured 500 JPY"),
        (12_340, "KWD", "captured 12.340 KWD"),
        (1, "KWD", "captured 0.001 KWD"),
        (i64::MAX, "CLF", "captured 922337203685477.5807 CLF"),
    ] {
        let mut row = golden(CAPTURED, "captured");
        row["sm"] = json!({"N": units.to_string()});
        row["cu"] = json!({"S": currency});
        assert_eq!(event(&row), words);
    }
}

#[test]
fn no_text_of_a_row_reaches_the_terminal_raw() {
    let hostile = "\u{1b}[2J\u{9b}31m\r\n\u{7}\u{202e}\u{200b}\u{feff}é";
    let spelled = "\\u{1b}[2J\\u{9b}31m\\u{d}\\u{a}\\u{7}\\u{202e}\\u{200b}\\u{feff}é";
    let mut row = golden(CAPTURED, hostile);
    for name in ["ev", "st", "by"] {
        row[name] = json!({"S": hostile});
    }
    row["rv"] = json!({"M": {"r": {"S": hostile}}});
    let told = record(&format!("pay_{hostile}"), Some(hostile), &row);
    assert_eq!(
        screen(Colours::Off).line(&told),
        format!("09:00:14.347  pay_{spelled}  {spelled}  {spelled} · {spelled} · v3 · ATTENTION: {spelled}")
    );
    for (event, name) in [("initiated", "ref"), ("action_required", "sn")] {
        let mut row = golden(CAPTURED, event);
        row[name] = json!({"S": hostile});
        assert!(line(None, &row).contains(spelled), "{name}");
    }
    for told in [Told::Removed { id: hostile.to_owned() }, Told::Unreadable { id: hostile.to_owned(), lacks: "st" }] {
        assert!(screen(Colours::Off).line(&told).contains(spelled));
    }
    for screen in [screen(Colours::Off), screen(Colours::On)] {
        let ours = screen.line(&told).replace("\u{1b}[0m", "").replace("\u{1b}[2m", "").replace("\u{1b}[1;37;41m", "");
        assert!(ours.chars().all(|character| character.is_ascii_graphic() || " é·→".contains(character)), "{ours:?}");
    }
}

#[test]
fn a_long_text_is_cut() {
    assert_eq!(shown(&"x".repeat(120)), "x".repeat(120));
    assert_eq!(shown(&"x".repeat(100_000)), format!("{}…", "x".repeat(120)));
}

#[test]
fn colours_say_how_a_payment_stands() {
    let mut row = golden(DECLINED, "attempt_declined");
    row["sr"] = json!({"S": "outcome_unknown"});
    assert_eq!(
        screen(Colours::On).line(&record(ID, Some("requires_payment_method"), &row)),
        "\u{1b}[2m09:00:14.347\u{1b}[0m  pay_subfan3kgn3hkmqxb6v7i2fe5v  \
         \u{1b}[33mrequires_payment_method → processing\u{1b}[0m  \
         \u{1b}[33mattempt 2 declined: brand_new_code\u{1b}[0m · client:shop · v3 · \
         \u{1b}[2mdue in 24 h\u{1b}[0m · \u{1b}[1;37;41mATTENTION: unrecognized_status\u{1b}[0m"
    );
    let captured = Money::zero(Currency::from_code("EUR").unwrap());
    for (state, colour) in [
        (PaymentState::Succeeded { captured }, "32"),
        (PaymentState::Failed, "31"),
        (PaymentState::Canceled, "31"),
        (PaymentState::Expired, "31"),
        (PaymentState::Processing(ProcessingReason::OutcomeUnknown), "33"),
        (PaymentState::Processing(ProcessingReason::GatewayPending), "36"),
        (PaymentState::RequiresPaymentMethod, "36"),
        (PaymentState::RequiresAction(NextAction::Confirm), "36"),
        (PaymentState::RequiresCapture { capturable: captured }, "36"),
    ] {
        let mut row = golden(WAITING, "looked");
        row["st"] = json!({"S": state.name()});
        if let PaymentState::Processing(reason) = &state {
            row["sr"] = json!({"S": reason.name()});
        }
        let line = screen(Colours::On).line(&record(ID, None, &row));
        assert!(line.contains(&format!("\u{1b}[{colour}mlooked")), "{} {line:?}", state.name());
    }
}

#[test]
fn attention_is_loud_whatever_the_reason() {
    for reason in ReviewReason::ALL {
        let mut row = golden(CAPTURED, Fact::ReviewAsked.name());
        row["rv"] = json!({"M": {"r": {"S": reason.name()}, "t": {"N": "1"}}});
        assert!(line(None, &row).ends_with(&format!(" · ATTENTION: {}", reason.name())));
    }
}

#[test]
fn a_due_is_counted_from_the_event() {
    for (in_ms, words) in [
        (-5, "due now"),
        (0, "due now"),
        (1, "due in 0.1 s"),
        (2_000, "due in 2 s"),
        (1_740, "due in 1.7 s"),
        (9_999, "due in 10 s"),
        (89_600, "due in 90 s"),
        (900_000, "due in 15 min"),
        (86_400_000, "due in 24 h"),
        (604_800_000, "due in 7 d"),
    ] {
        let mut row = golden(CAPTURED, "captured");
        row["du"] = json!({"N": 1_793_610_014_347_i64.saturating_add(in_ms).to_string()});
        let line = line(None, &row);
        assert_eq!(line.rsplit(" · ").next(), Some(words));
    }
}

#[test]
fn a_row_that_cannot_be_read_and_a_row_that_is_gone_are_told() {
    let mut row = golden(WAITING, "initiated");
    row.as_object_mut().unwrap().remove("st");
    assert_eq!(line(None, &row), format!("--:--:--.---  {ID}  a row that cannot be read: it has no `st`"));
    let removed = json!({"dynamodb": {"Keys": {"pk": {"S": format!("PAY#{ID}")}}, "OldImage": row}});
    assert_eq!(
        screen(Colours::Off).line(&row::read(&removed).unwrap()),
        format!("--:--:--.---  {ID}  the row was removed")
    );
}

#[test]
fn rows_of_other_kinds_are_left_aside() {
    for record in [json!({}), json!({"dynamodb": {}}), json!({"dynamodb": {"Keys": {"pk": {"S": "DSP#dp_1"}}}})] {
        assert_eq!(row::read(&record), None);
    }
}

#[test]
fn times_are_local() {
    let told = record(ID, None, &golden(WAITING, "initiated"));
    for (zone, clock) in [("CET-1CEST,M3.5.0,M10.5.0/3", "10:00:12.347"), ("<+0545>-5:45", "14:45:12.347")] {
        let screen = Screen { colours: Colours::Off, zone: tz::TimeZone::from_posix_tz(zone).unwrap() };
        assert!(screen.line(&told).starts_with(clock), "{zone}");
    }
}

const ID: &str = "pay_subfan3kgn3hkmqxb6v7i2fe5v";

/// A golden row, as `event` would have left it.
fn golden(text: &str, event: &str) -> Value {
    let mut row: Value = serde_json::from_str(text).unwrap();
    row["ev"] = json!({"S": event});
    row
}

fn record(id: &str, before: Option<&str>, row: &Value) -> Told {
    let mut images = json!({"Keys": {"pk": {"S": format!("PAY#{id}")}}, "NewImage": row});
    if let Some(before) = before {
        images["OldImage"] = json!({"st": {"S": before}});
    }
    row::read(&json!({"dynamodb": images})).unwrap()
}

fn screen(colours: Colours) -> Screen {
    Screen { colours, zone: tz::TimeZone::utc() }
}

fn line(before: Option<&str>, row: &Value) -> String {
    screen(Colours::Off).line(&record(ID, before, row))
}

fn event(row: &Value) -> String {
    told(&json!({"NewImage": row}))
}

/// What has happened between these images, in words.
fn told(images: &Value) -> String {
    let mut images = images.clone();
    images["Keys"] = json!({"pk": {"S": format!("PAY#{ID}")}});
    match row::read(&json!({"dynamodb": images})).unwrap() {
        Told::Change(change) => change.event,
        told @ (Told::Unreadable { .. } | Told::Removed { .. }) => panic!("{told:?}"),
    }
}
