//! PayPal's disputes, read and written.

use std::collections::BTreeMap;

use domain::{
    dispute::{Act, ActProgress, KeptPapers, Known, Standing},
    gateway::Mode,
    id::{IdempotencyKey, RequestHash, TransactionId},
    money::{Currency, Money},
    personal::Kept,
    policy::Policy,
    schedule::Limits,
    time::{Now, Timestamp},
};
use serde_json::json;

use super::*;
use crate::gateway::paypal::message::{Act as Sent, PaypalResponse};

const ID: &str = "pay_srgsc5zsbqycrakmfcc3opqd6l";

fn shown() -> Value {
    json!({
        "dispute_id": "PP-D-10001", "create_time": "2026-11-23T12:00:00.000Z", "reason": "UNAUTHORISED",
        "status": "WAITING_FOR_SELLER_RESPONSE", "dispute_life_cycle_stage": "CHARGEBACK",
        "dispute_amount": {"currency_code": "EUR", "value": "10.00"},
        "disputed_transactions": [{"seller_transaction_id": "3C679366HH908993F", "custom": ID, "invoice_number": ID}],
        "seller_response_due_date": "2026-12-03T12:00:00.000Z",
        "links": [{"href": "https://x.example/v1/customer/disputes/PP-D-10001", "rel": "self", "method": "GET"}],
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut shown = shown();
    shown[name] = value;
    shown
}

fn response(status: u16, body: &Value) -> Called {
    Ok(PaypalResponse { status, body: body.to_string().into_bytes(), is_of_a_second_sending: false })
}

fn snapshot(body: &Value) -> Snapshot {
    let Outcome::Dispute(snapshot) = seen(response(200, body)) else { panic!("not read: {body}") };
    *snapshot
}

fn resolved(outcome: &str) -> Value {
    let mut shown = with("status", json!("RESOLVED"));
    shown["dispute_outcome"] = json!({"outcome_code": outcome});
    shown
}

/// The request for the open act of a dispute whose papers lie in clear.
fn request(dispute: &Dispute) -> Option<PaypalRequest> {
    let clear = dispute.papers.iter().filter_map(|(paper, kept)| match kept {
        Kept::Clear(text) => Some((paper, text.clone())),
        Kept::Sealed(_) => None,
    });
    super::request(dispute, &Papers::parse(clear.collect()).unwrap())
}

fn dispute(kind: ActKind, stage: Stage, papers: &[(Paper, &str)]) -> Dispute {
    let now = Now { at: Timestamp::from_unix_ms(0), limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 };
    let mut dispute = Dispute::noticed(named_by(&shown()).unwrap(), Mode::Test, &now);
    let snapshot = snapshot(&shown());
    dispute.known = Some(Known {
        charge: snapshot.charge,
        amount: snapshot.amount.unwrap(),
        reason: snapshot.reason,
        gateway_reason: snapshot.gateway_reason,
        standing: Some(Standing { stage, status: Status::NeedsResponse }),
        ways: Ways::usual(stage, Status::NeedsResponse),
        due_by: snapshot.due_by,
        submissions: Some(0),
    });
    let papers: BTreeMap<Paper, String> = papers.iter().map(|(paper, text)| (*paper, (*text).to_owned())).collect();
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

fn ours() -> Behind {
    Behind::Payment { id: TransactionId::parse(ID).unwrap(), object: None }
}

/// With links to what may be done now.
fn linked(mut shown: Value, acts: &[&str]) -> Value {
    let link = |rel: &&str| json!({"href": "https://x.example/act", "rel": rel, "method": "POST"});
    shown["links"] = acts.iter().map(link).collect();
    shown
}

const SUBMIT: ActKind = ActKind::Submit { before: Some(0) };

#[test]
fn a_dispute_is_read_with_the_payment_that_it_is_about() {
    let read = snapshot(&shown());
    assert_eq!(read.behind, ours());
    assert_eq!(read.amount, Money::payable(1_000, Currency::from_code("EUR").unwrap()).ok());
    assert_eq!((read.mode, read.submissions, read.reason), (None, Some(0), Reason::Fraudulent));
    assert_eq!(read.charge.unwrap().as_str(), "3C679366HH908993F");
    assert_eq!(read.due_by, rfc3339::parse("2026-12-03T12:00:00.000Z"));
    let by_invoice = snapshot(&with("disputed_transactions", json!([{"invoice_number": ID}])));
    assert_eq!(by_invoice.behind, ours());
    for (transactions, behind) in [
        (json!([{"custom": "order 7"}]), Behind::NotOurs),
        (json!([]), Behind::NotOurs),
        (Value::Null, Behind::NotShown),
    ] {
        assert_eq!(snapshot(&with("disputed_transactions", transactions)).behind, behind);
    }
}

#[test]
fn each_status_and_outcome_of_paypals_has_its_place_and_a_new_one_has_none() {
    let known = SnapshotStatus::Known;
    let other = |word: &str| SnapshotStatus::Unrecognized(word.to_owned());
    for (body, wanted) in [
        (with("status", json!("OPEN")), known(Status::NeedsResponse)),
        (with("status", json!("WAITING_FOR_SELLER_RESPONSE")), known(Status::NeedsResponse)),
        (with("status", json!("WAITING_FOR_BUYER_RESPONSE")), known(Status::UnderReview)),
        (with("status", json!("UNDER_REVIEW")), known(Status::UnderReview)),
        (with("status", json!("OTHER")), other("OTHER")),
        (with("status", json!("RESOLVED")), other("RESOLVED")),
        (resolved("RESOLVED_BUYER_FAVOUR"), known(Status::Lost)),
        (resolved("ACCEPTED"), known(Status::Lost)),
        (resolved("RESOLVED_SELLER_FAVOUR"), known(Status::Won)),
        (resolved("RESOLVED_WITH_PAYOUT"), known(Status::Won)),
        (resolved("DENIED"), known(Status::Won)),
        (resolved("CANCELED_BY_BUYER"), known(Status::Closed)),
        (resolved("NONE"), known(Status::Closed)),
        (resolved("SETTLED_BY_DUEL"), other("SETTLED_BY_DUEL")),
    ] {
        let read = snapshot(&body);
        assert_eq!((read.stage, read.status), (Some(Stage::Chargeback), wanted), "{body}");
    }
    for (word, stage) in [
        ("INQUIRY", Stage::Inquiry),
        ("CHARGEBACK", Stage::Chargeback),
        ("PRE_ARBITRATION", Stage::PreArbitration),
        ("ARBITRATION", Stage::Arbitration),
    ] {
        assert_eq!(snapshot(&with("dispute_life_cycle_stage", json!(word))).stage, Some(stage));
    }
    assert_eq!(snapshot(&with("dispute_life_cycle_stage", json!("DUEL"))).status, other("DUEL"));
}

#[test]
fn what_is_lost_and_may_be_appealed_waits_for_the_merchant_once_more() {
    let read = snapshot(&linked(resolved("RESOLVED_BUYER_FAVOUR"), &["appeal"]));
    assert_eq!((read.stage, read.status), (Some(Stage::Appeal), SnapshotStatus::Known(Status::NeedsResponse)));
    assert_eq!(read.ways, Ways { answer: Some(Channel::Appeal), accept: false });
}

#[test]
fn what_may_be_done_is_what_paypals_links_say() {
    let (evidence, appeal) = (Some(Channel::Evidence), Some(Channel::Appeal));
    for (acts, answer, accept) in [
        (vec!["provide_evidence", "accept_claim"], evidence, true),
        (vec!["provide-evidence"], evidence, false),
        (vec!["accept-claim"], None, true),
        (vec!["appeal"], appeal, false),
        (vec!["send_message"], None, false),
        (vec![], None, false),
    ] {
        assert_eq!(snapshot(&linked(shown(), &acts)).ways, Ways { answer, accept }, "{acts:?}");
    }
    let mut silent = shown();
    silent.as_object_mut().unwrap().remove("links");
    assert_eq!(snapshot(&silent).ways, Ways { answer: evidence, accept: true }, "where it shows none at all");
    let theirs = linked(with("status", json!("UNDER_REVIEW")), &["provide_evidence"]);
    assert_eq!(snapshot(&theirs).ways, Ways::NONE, "it is not the merchant's turn");
    let mut partly = linked(shown(), &["provide_evidence", "accept_claim"]);
    partly["allowed_response_options"] = json!({"accept_claim": {"accept_claim_types": ["REFUND_WITH_RETURN"]}});
    assert!(!snapshot(&partly).ways.accept, "all of it cannot be given back");
}

/// Some settle for a part, and the rest stays the merchant's.
#[test]
fn what_was_lost_is_what_the_payer_got() {
    let euros = |minor_units| Money::payable(minor_units, Currency::from_code("EUR").unwrap()).ok();
    for (outcome, refunded, amount) in [
        ("RESOLVED_BUYER_FAVOUR", json!({"currency_code": "EUR", "value": "3.00"}), euros(300)),
        ("RESOLVED_BUYER_FAVOUR", json!({"currency_code": "EUR", "value": "0.00"}), euros(1_000)),
        ("RESOLVED_BUYER_FAVOUR", json!("three"), euros(1_000)),
        ("RESOLVED_SELLER_FAVOUR", json!({"currency_code": "EUR", "value": "3.00"}), euros(1_000)),
    ] {
        let mut shown = resolved(outcome);
        shown["dispute_outcome"]["amount_refunded"] = refunded;
        assert_eq!(snapshot(&shown).amount, amount, "{shown}");
    }
}

#[test]
fn what_the_merchant_brought_forward_is_counted_and_what_the_payer_did_is_not() {
    let pieces = json!([{"source": "SUBMITTED_BY_SELLER"}, {"source": "SUBMITTED_BY_BUYER"}, {}]);
    assert_eq!(snapshot(&with("evidences", pieces)).submissions, Some(1));
}

#[test]
fn evidence_goes_as_a_form_with_its_tracking_number_and_everything_else_as_notes() {
    let papers = [
        (Paper::Explanation, "It was\r delivered".replace('\r', "\n")),
        (Paper::ShippingCarrier, "Royal Mail".to_owned()),
        (Paper::ShippingTrackingNumber, "JJD0099".to_owned()),
    ];
    let papers: Vec<(Paper, &str)> = papers.iter().map(|(paper, text)| (*paper, text.as_str())).collect();
    let request = request(&dispute(SUBMIT, Stage::Chargeback, &papers)).unwrap();
    assert_eq!(request.path, "/v1/customer/disputes/PP-D-10001/provide-evidence");
    let Sent::Form { request_id, boundary, body } = request.act else { panic!("it is no form") };
    assert_eq!(request_id, "dsp_paypal_PP-D-10001:act:1");
    let start = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"input\"\r\nContent-Type: application/json\r\n\r\n"
    );
    let input = body.strip_prefix(&start).unwrap().strip_suffix(&format!("\r\n--{boundary}--\r\n")).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(input).unwrap(),
        json!({"evidences": [
            {"evidence_type": "PROOF_OF_FULFILLMENT",
             "evidence_info": {"tracking_info": [{"carrier_name": "ROYAL_MAIL", "tracking_number": "JJD0099"}]}},
            {"evidence_type": "OTHER",
             "notes": "explanation: It was\n delivered\nshippingCarrier: Royal Mail\nshippingTrackingNumber: JJD0099"},
        ]})
    );
}

#[test]
fn an_appeal_goes_another_way_and_giving_in_says_so() {
    let appeal = request(&dispute(SUBMIT, Stage::Appeal, &[(Paper::Explanation, "once more")])).unwrap();
    assert_eq!(appeal.path, "/v1/customer/disputes/PP-D-10001/appeal");
    let accept = request(&dispute(ActKind::Accept, Stage::Chargeback, &[])).unwrap();
    assert_eq!(accept.path, "/v1/customer/disputes/PP-D-10001/accept-claim");
    let Sent::Form { body, .. } = accept.act else { panic!("PayPal takes it as a form only") };
    assert!(body.contains(r#"{"note":"Accepted by the merchant.","accept_claim_type":"REFUND"}"#), "{body}");
    let mut asked_anew = dispute(SUBMIT, Stage::Appeal, &[(Paper::Explanation, "once more")]);
    asked_anew.known.as_mut().unwrap().ways = Ways { answer: Some(Channel::Evidence), accept: true };
    assert_eq!(request(&asked_anew).unwrap().path, "/v1/customer/disputes/PP-D-10001/provide-evidence");
    assert!(request(&dispute(ActKind::Draft, Stage::Chargeback, &[])).is_none());
}

#[test]
fn long_texts_are_cut_into_notes_that_paypal_takes_and_nothing_is_lost() {
    let text = "ü".repeat(4_500);
    let pieces = pieces(&text);
    assert_eq!(pieces.iter().map(|piece| piece.chars().count()).collect::<Vec<_>>(), [2_000, 2_000, 500]);
    assert_eq!(pieces.concat(), text);
}

#[test]
fn a_document_cannot_be_named_to_paypal() {
    let papers = |paper, text: &str| Papers::parse(BTreeMap::from([(paper, text.to_owned())])).unwrap();
    assert_eq!(accepts(&papers(Paper::Explanation, "text")), Ok(()));
    assert_eq!(accepts(&papers(Paper::Receipt, "file_1")).unwrap_err().paper, Some(Paper::Receipt));
}

#[test]
fn what_paypal_would_refuse_of_a_shipment_is_refused_before_anything_is_written() {
    let refused = |number: &str, carrier: Option<&str>| {
        let carrier = carrier.map(|carrier| (Paper::ShippingCarrier, carrier.to_owned()));
        let all = [(Paper::ShippingTrackingNumber, number.to_owned())].into_iter().chain(carrier).collect();
        accepts(&Papers::parse(all).unwrap()).err().and_then(|refusal| refusal.paper)
    };
    assert_eq!(refused("JJD0099", Some("Pigeon Post")), None);
    assert_eq!(refused("JJD0099", None), Some(Paper::ShippingCarrier));
    assert_eq!(refused(&"9".repeat(256), Some("UPS")), Some(Paper::ShippingTrackingNumber));
    assert_eq!(refused("JJD0099", Some(&"P".repeat(2_001))), Some(Paper::ShippingCarrier));
}

#[test]
fn what_is_done_is_taken_what_is_refused_is_for_the_dispute_to_explain_and_silence_is_neither() {
    assert_eq!(answer(response(200, &json!({"links": []}))), first_hand(Outcome::Taken));
    assert_eq!(answer(Err(UnknownReason::Timeout)), first_hand(Outcome::Unknown(UnknownReason::Timeout)));
    assert_eq!(answer(response(500, &json!({}))), first_hand(Outcome::Unknown(UnknownReason::ServerError)));
    // None of them is among the issues of orders and payments.
    for (status, code) in [
        (400, "ACTION_NOT_ALLOWED_IN_CURRENT_DISPUTE_STATE"),
        (422, "INVALID_EVIDENCE_FILE"),
        (404, "RESOURCE_NOT_FOUND"),
    ] {
        let refused = Answer { outcome: Outcome::Refused { code: code.to_owned() }, hand: Hand::Replayed };
        assert_eq!(answer(response(status, &crate::gateway::paypal::fixtures::issue(code))), refused, "{code}");
    }
    assert_eq!(seen(response(200, &json!({"status": "OPEN"}))), Outcome::Unknown(UnknownReason::Unreadable));
}
