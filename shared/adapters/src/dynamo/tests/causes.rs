//! What a row says of the write that made it, and that it says it in its own words: nobody has to understand a row to read them.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    gateway::{EvidenceKind, RequestId},
    payment::Payment,
    timeline,
};
use expect_test::expect_file;
use flow::ports::{Actor, Cause, Grounds, Write, WriterToken, dispute, warning};

use super::{
    disputes::fought,
    golden::{as_json, from_json},
    laid_out,
    size::size_of_item,
    stories,
    warnings::told,
    write,
};
use crate::dynamo::{attributes::Item, row};

fn request_id() -> RequestId {
    RequestId::of("req_hJ4xPz0aBcDeFg").unwrap()
}

fn captured(request_id: &RequestId) -> Cause<'_> {
    let grounds = Grounds { evidence: Some(EvidenceKind::Answer), request_id: Some(request_id) };
    Cause { grounds, ..Cause::of("captured") }
}

fn on_an_answer(payment: &Payment) -> Item {
    let (request_id, actor) = (request_id(), Actor::Client("shop".into()));
    row::lay_out(&Write { cause: captured(&request_id), ..write(payment, &actor) }).unwrap()
}

#[test]
fn a_row_says_what_happened_who_made_it_happen_and_on_what_evidence() {
    let text = |text: &str| text.to_owned();
    let cause = timeline::Cause {
        what: text("captured"),
        why: None,
        who: text("client:shop"),
        evidence: Some(text("answer")),
        request_id: Some(text("req_hJ4xPz0aBcDeFg")),
    };
    assert_eq!(row::read_cause(&on_an_answer(&stories::paid())), Ok(cause));
}

#[test]
fn what_somebody_wanted_rests_on_nothing() {
    let item = laid_out(&stories::waiting());
    assert!(!item.contains_key("ec") && !item.contains_key("gi"));
    let timeline::Cause { what, evidence, request_id, .. } = row::read_cause(&item).unwrap();
    assert_eq!((what.as_str(), evidence, request_id), ("attempt_started", None, None));
}

#[test]
fn why_nobody_knows_goes_with_the_request_that_somebody_must_ask_about() {
    let (payment, request_id) = (stories::waiting(), request_id());
    let grounds = Grounds { evidence: Some(EvidenceKind::Fetch), request_id: Some(&request_id) };
    let cause = Cause { what: "outcome_unknown", why: Some("server_error"), grounds };
    let item = row::lay_out(&Write { cause, ..write(&payment, &Actor::Retry) }).unwrap();
    let read = row::read_cause(&item).unwrap();
    assert_eq!((read.why.as_deref(), read.evidence.as_deref()), (Some("server_error"), Some("fetch")));
    assert_eq!((read.who.as_str(), read.request_id.as_deref()), ("retry", Some("req_hJ4xPz0aBcDeFg")));
}

#[test]
fn disputes_and_warnings_say_it_in_the_same_words() {
    let (request_id, dispute, warning) = (request_id(), fought(), told());
    let (cause, writer) = (captured(&request_id), WriterToken(7));
    let actor = Actor::Webhook("evt_1".into());
    let disputed = dispute::Write { dispute: &dispute, cause, actor: &actor, writer };
    let warned = warning::Write { warning: &warning, cause, actor: &actor, writer };
    for item in [row::dispute::lay_out(&disputed).unwrap(), row::warning::lay_out(&warned)] {
        let read = row::read_cause(&item).unwrap();
        assert_eq!((read.what.as_str(), read.who.as_str()), ("captured", "webhook:evt_1"));
        assert_eq!((read.evidence.as_deref(), read.request_id.as_deref()), (Some("answer"), Some(request_id.as_str())));
    }
}

/// The release before this one leaves what it does not know alone, so the version does not tell whether it is there.
#[test]
fn on_what_evidence_is_no_part_of_what_is_stored_of_the_payment() {
    let paid = stories::paid();
    let (with, without) = (on_an_answer(&paid), laid_out(&paid));
    assert_eq!((row::read(&with), with.get("sv")), (Ok(paid), without.get("sv")));
}

#[test]
fn a_row_that_says_it_is_written_as_it_always_was_and_still_read() {
    expect_file!["../golden/v2/paid_on_an_answer.json"].assert_eq(&as_json(&on_an_answer(&stories::paid())));
    let stands = from_json(include_str!("../golden/v2/paid_on_an_answer.json"));
    assert_eq!(row::read(&stands).unwrap(), stories::paid());
    assert_eq!(row::read_cause(&stands), row::read_cause(&on_an_answer(&stories::paid())));
}

#[test]
fn rows_of_releases_that_did_not_say_it_are_still_read() {
    for text in [
        include_str!("../golden/v1/waiting.json"),
        include_str!("../golden/v2/refunded.json"),
        include_str!("../golden/dispute_v1/noticed.json"),
        include_str!("../golden/warning_v1/noticed.json"),
    ] {
        let read = row::read_cause(&from_json(text)).unwrap();
        assert!(!read.what.is_empty() && !read.who.is_empty());
        assert_eq!((read.why, read.evidence, read.request_id), (None, None, None));
    }
}

#[test]
fn a_word_of_a_later_release_is_passed_on_and_what_is_no_word_is_told_by_its_name() {
    let mut item = on_an_answer(&stories::waiting());
    item.insert("ec".into(), AttributeValue::S("hearsay".into()));
    assert_eq!(row::read_cause(&item).unwrap().evidence.as_deref(), Some("hearsay"));
    item.insert("ec".into(), AttributeValue::N("4242".into()));
    assert_eq!(row::read_cause(&item).unwrap_err().to_string(), "`ec` is not a string");
    item.remove("ec");
    item.remove("by");
    assert_eq!(row::read_cause(&item).unwrap_err().to_string(), "`by` is missing");
}

#[test]
fn the_common_case_fits_into_one_write_unit_with_its_evidence_too() {
    for payment in [stories::waiting(), stories::three_d_secure(), stories::paid()] {
        let size = size_of_item(&on_an_answer(&payment));
        assert!(size <= 1024, "{size} bytes");
    }
}
