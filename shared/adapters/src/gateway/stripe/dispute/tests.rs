//! Stripe's disputes, read and written.

use std::collections::BTreeMap;

use domain::{
    dispute::{Act, ActProgress, KeptPapers, Known, Link, Standing},
    gateway::Mode,
    id::{IdempotencyKey, RequestHash},
    personal::Kept,
    policy::Policy,
    schedule::Limits,
    time::Now,
};
use serde_json::json;

use super::*;
use crate::gateway::stripe::message::Act as Sent;

const ID: &str = "pay_srgsc5zsbqycrakmfcc3opqd6l";

fn shown() -> Value {
    json!({
        "id": "du_1", "object": "dispute", "amount": 1000, "currency": "eur", "livemode": false, "charge": "ch_1",
        "payment_intent": {"id": "pi_1", "object": "payment_intent", "metadata": {"transaction_id": ID}},
        "reason": "product_not_received", "status": "needs_response", "balance_transactions": [], "evidence": {},
        "evidence_details": {"due_by": 1_800_000_000, "has_evidence": false, "past_due": false, "submission_count": 0},
        "is_charge_refundable": false, "metadata": {}, "created": 1_799_000_000,
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut shown = shown();
    shown[name] = value;
    shown
}

fn response(status: u16, body: &Value) -> StripeResponse {
    StripeResponse { status, replayed: false, should_retry: None, body: body.to_string().into_bytes() }
}

fn snapshot(body: &Value) -> Snapshot {
    let Outcome::Dispute(snapshot) = seen(Ok(response(200, body))) else { panic!("not read: {body}") };
    *snapshot
}

/// The request for the open act of a dispute whose papers lie in clear.
fn request(dispute: &Dispute) -> Option<StripeRequest> {
    let clear = dispute.papers.iter().filter_map(|(paper, kept)| match kept {
        Kept::Clear(text) => Some((paper, text.clone())),
        Kept::Sealed(_) => None,
    });
    super::request(dispute, &Papers::parse(clear.collect()).unwrap())
}

fn dispute(kind: ActKind) -> Dispute {
    let now = Now { at: Timestamp::from_unix_ms(0), limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 };
    let id = DisputeId::of(Gateway::Stripe, GatewayToken::parse("du_1").unwrap()).unwrap();
    let mut dispute = Dispute::noticed(id, Mode::Test, &now);
    let snapshot = snapshot(&shown());
    dispute.known = Some(Known {
        charge: snapshot.charge,
        amount: snapshot.amount.unwrap(),
        reason: snapshot.reason,
        gateway_reason: snapshot.gateway_reason,
        standing: Some(Standing { stage: Stage::Chargeback, status: Status::NeedsResponse }),
        ways: Ways::usual(Stage::Chargeback, Status::NeedsResponse),
        due_by: snapshot.due_by,
        submissions: Some(0),
    });
    dispute.link = Link::NotOurs;
    let papers =
        BTreeMap::from([(Paper::Receipt, "file_1".to_owned()), (Paper::Explanation, "It was delivered.".to_owned())]);
    dispute.papers = KeptPapers::clear(&Papers::parse(papers).unwrap());
    dispute.acts.push(Act {
        kind,
        key: IdempotencyKey::parse("k").unwrap(),
        request_hash: RequestHash::of([]),
        started_at: now.at,
        sent_at: now.at,
        progress: ActProgress::Unanswered,
    });
    dispute
}

#[test]
fn a_dispute_is_read_with_the_payment_behind_it() {
    let read = snapshot(&shown());
    let object = GatewayToken::parse("pi_1").ok();
    assert_eq!(read.behind, Behind::Payment { id: TransactionId::parse(ID).unwrap(), object });
    assert_eq!(read.amount, Money::payable(1000, Currency::from_code("EUR").unwrap()).ok());
    assert_eq!((read.mode, read.submissions), (Some(Mode::Test), Some(0)));
    assert_eq!(read.due_by.map(Timestamp::unix_ms), Some(1_800_000_000_000));
    assert_eq!((read.charge.unwrap().as_str(), read.reason), ("ch_1", Reason::NotReceived));
}

#[test]
fn whose_money_it_is_is_said_by_the_payment_intent_and_by_nothing_else() {
    for (intent, behind) in [
        (Value::Null, Behind::NotOurs),
        (json!("pi_1"), Behind::NotShown),
        (json!({"id": "pi_1", "metadata": {}}), Behind::NotOurs),
        (json!({"id": "pi_1", "metadata": {"transaction_id": "order 7"}}), Behind::NotOurs),
    ] {
        assert_eq!(snapshot(&with("payment_intent", intent)).behind, behind);
    }
}

#[test]
fn each_status_of_stripes_has_its_place_and_a_new_one_has_none() {
    let known = |stage, status| (stage, SnapshotStatus::Known(status));
    for (word, wanted) in [
        ("warning_needs_response", known(Some(Stage::Inquiry), Status::NeedsResponse)),
        ("warning_under_review", known(Some(Stage::Inquiry), Status::UnderReview)),
        ("warning_closed", known(Some(Stage::Inquiry), Status::Closed)),
        ("needs_response", known(Some(Stage::Chargeback), Status::NeedsResponse)),
        ("under_review", known(Some(Stage::Chargeback), Status::UnderReview)),
        ("appeal_needs_response", known(Some(Stage::Appeal), Status::NeedsResponse)),
        ("appeal_under_review", known(Some(Stage::Appeal), Status::UnderReview)),
        ("won", known(None, Status::Won)),
        ("lost", known(None, Status::Lost)),
        ("prevented", known(None, Status::Prevented)),
        ("settled_by_duel", (None, SnapshotStatus::Unrecognized("settled_by_duel".into()))),
    ] {
        let read = snapshot(&with("status", json!(word)));
        assert_eq!((read.stage, read.status), wanted, "{word}");
    }
    let ways = |word: &str| snapshot(&with("status", json!(word))).ways;
    assert_eq!(ways("needs_response"), Ways { answer: Some(Channel::Evidence), accept: true });
    assert_eq!(ways("appeal_needs_response"), Ways { answer: Some(Channel::Appeal), accept: false });
    for word in ["under_review", "lost", "settled_by_duel"] {
        assert_eq!(ways(word), Ways::NONE, "{word}");
    }
}

#[test]
fn a_reason_that_is_new_is_other_and_keeps_its_word() {
    let read = snapshot(&with("reason", json!("alien_abduction")));
    assert_eq!((read.reason, read.gateway_reason.unwrap().as_str()), (Reason::Other, "alien_abduction"));
    for (word, wanted) in [
        ("general", Reason::Other),
        ("customer_initiated", Reason::Other),
        ("noncompliant", Reason::Other),
        ("debit_not_authorized", Reason::BankCannotProcess),
        ("duplicate", Reason::Duplicate),
        ("subscription_canceled", Reason::SubscriptionCanceled),
    ] {
        assert_eq!(snapshot(&with("reason", json!(word))).reason, wanted, "{word}");
    }
}

#[test]
fn an_amount_that_cannot_be_written_down_is_left_out_and_the_rest_is_read() {
    for (name, value) in [("currency", json!("zzz")), ("amount", json!(0)), ("amount", json!(-5))] {
        assert_eq!(snapshot(&with(name, value)).amount, None);
    }
}

#[test]
fn what_is_no_dispute_or_no_answer_is_unknown_and_a_refusal_is_one() {
    for body in [with("object", json!("charge")), json!([]), json!({"id": "du_1"})] {
        assert_eq!(seen(Ok(response(200, &body))), Outcome::Unknown(UnknownReason::Unreadable));
    }
    assert_eq!(seen(Err(UnknownReason::Timeout)), Outcome::Unknown(UnknownReason::Timeout));
    assert_eq!(seen(Ok(response(500, &json!({})))), Outcome::Unknown(UnknownReason::ServerError));
    let refusal = json!({"error": {"type": "invalid_request_error", "code": "dispute_closed", "message": "closed"}});
    assert_eq!(seen(Ok(response(400, &refusal))), Outcome::Refused { code: "dispute_closed".into() });
}

#[test]
fn a_look_asks_for_the_payment_intent_too() {
    assert_eq!(look(&dispute(ActKind::Accept).id).path, "/v1/disputes/du_1?expand[]=payment_intent");
}

#[test]
fn papers_are_submitted_in_so_many_words_and_under_the_acts_own_key() {
    let request = request(&dispute(ActKind::Submit { before: Some(0) })).unwrap();
    let Sent::Post { idempotency_key, form } = request.act else { panic!("it acts") };
    assert_eq!((request.path.as_str(), idempotency_key.as_str()), ("/v1/disputes/du_1", "dsp_stripe_du_1:act:1"));
    assert_eq!(
        form,
        [
            field("evidence[uncategorized_text]", "It was delivered."),
            field("evidence[receipt]", "file_1"),
            field("submit", "true"),
            field("expand[]", "payment_intent"),
        ]
    );
}

#[test]
fn an_appeal_says_why_it_is_filed_and_brings_its_files() {
    let mut appealed = dispute(ActKind::Submit { before: Some(1) });
    appealed.known.as_mut().unwrap().ways = Ways::usual(Stage::Appeal, Status::NeedsResponse);
    let form = |dispute: &Dispute| match request(dispute).unwrap().act {
        Sent::Post { form, .. } => form,
        Sent::Get => panic!("it acts"),
    };
    let (files, submit) = (field("evidence[appeal][card][supporting_files][]", "file_1"), field("submit", "true"));
    let why = |text: &str| field("evidence[appeal][card][reason_for_filing]", text);
    let expand = field("expand[]", "payment_intent");
    assert_eq!(form(&appealed), [why("It was delivered."), files.clone(), submit.clone(), expand.clone()]);
    let papers = [(Paper::Explanation, "It was delivered."), (Paper::ShippingDate, "2026-11-01")];
    let papers = Papers::parse(papers.map(|(paper, text)| (paper, text.to_owned())).into()).unwrap();
    appealed.papers = KeptPapers::clear(&papers);
    assert_eq!(form(&appealed), [why("explanation: It was delivered.\nshippingDate: 2026-11-01"), submit, expand]);
}

#[test]
fn giving_in_closes_the_dispute_and_papers_put_by_go_nowhere() {
    let closing = request(&dispute(ActKind::Accept)).unwrap();
    assert_eq!(closing.path, "/v1/disputes/du_1/close");
    assert!(request(&dispute(ActKind::Draft)).is_none());
}

#[test]
fn a_document_must_be_a_file_that_stripe_has() {
    let papers = |paper, text: &str| Papers::parse(BTreeMap::from([(paper, text.to_owned())])).unwrap();
    assert_eq!(accepts(&papers(Paper::Receipt, "file_1")), Ok(()));
    assert_eq!(accepts(&papers(Paper::Explanation, "anything")), Ok(()));
    assert_eq!(accepts(&papers(Paper::Receipt, "receipt_1")).unwrap_err().paper, Some(Paper::Receipt));
}

#[test]
fn every_paper_has_a_name_of_its_own_at_stripe() {
    let names: std::collections::BTreeSet<_> = Paper::ALL.map(stripe_name).into_iter().collect();
    assert_eq!(names.len(), Paper::ALL.len());
}

#[test]
fn an_event_only_names_its_dispute() {
    assert_eq!(named_by(&shown()).map(|id| id.to_string()), Some("dsp_stripe_du_1".to_owned()));
    assert_eq!(named_by(&json!({"id": "du_1", "object": "charge"})), None);
    assert_eq!(named_by(&json!({"id": "du 1", "object": "dispute"})), None);
}
