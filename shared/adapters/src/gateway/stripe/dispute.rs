//! Stripe's disputes: a look at one with the PaymentIntent behind it, the merchant's papers, giving in.
//!
//! A dispute bears no id of ours. Its PaymentIntent does, so a look asks for both at once (`expand`).
//!
//! Must never: leave `submit` to Stripe's default, which is to send everything to the bank at once and for good; name a
//! status that Stripe has not named.

use domain::{
    dispute::{
        ActKind, Answer, Behind, Channel, Dispute, DisputeId, Kind, Outcome, Paper, Papers, Reason, Snapshot,
        SnapshotStatus, Stage, Status, Ways,
    },
    gateway::{Gateway, Hand, UnknownReason},
    id::{TransactionId, gateway_key},
    money::{Currency, Money},
    text::{GatewayToken, Text},
    time::Timestamp,
};
use flow::ports::dispute::PapersRefusal;
use serde::Deserialize;
use serde_json::Value;

use super::{
    amount::from_stripe,
    message::{StripeRequest, StripeResponse, field},
    object::mode,
    reply::{Called, understood_refusal},
};
use crate::{
    gateway::word::{Word, if_readable},
    named::Named,
};

/// Whether Stripe takes these papers: all texts, and the files that were uploaded to it for this.
pub(super) fn accepts(papers: &Papers) -> Result<(), PapersRefusal> {
    let is_a_file = |text: &str| text.starts_with("file_");
    let odd = papers.iter().find(|(paper, text)| paper.kind() == Kind::Document && !is_a_file(text));
    match odd {
        Some((paper, _)) => Err(PapersRefusal {
            paper: Some(paper),
            why: "must be the id of a file at Stripe (`file_…`), uploaded there with the purpose dispute_evidence",
        }),
        None => Ok(()),
    }
}

/// The request for a look.
pub(super) fn look(id: &DisputeId) -> StripeRequest {
    StripeRequest::get(format!("/v1/disputes/{}?expand[]=payment_intent", id.reference().as_str()))
}

/// The request for the dispute's open act, with its row's papers; none if there is none.
pub(super) fn request(dispute: &Dispute, papers: &Papers) -> Option<StripeRequest> {
    let act = dispute.open_act()?;
    let path = format!("/v1/disputes/{}", dispute.id.reference().as_str());
    let key = gateway_key::dispute(&dispute.id, dispute.acts.len());
    let expand = field("expand[]", "payment_intent");
    match act.kind {
        // Papers that are put by go nowhere.
        ActKind::Draft => None,
        ActKind::Submit { .. } => {
            let mut form = match dispute.known.as_ref()?.ways.answer? {
                Channel::Evidence => evidence(papers),
                Channel::Appeal => appeal(papers),
            };
            form.push(field("submit", "true"));
            form.push(expand);
            Some(StripeRequest::post(path, key, form))
        }
        ActKind::Accept => Some(StripeRequest::post(format!("{path}/close"), key, vec![expand])),
    }
}

/// The papers, each in Stripe's field for it.
fn evidence(papers: &Papers) -> Vec<(String, String)> {
    papers.iter().map(|(paper, text)| field(&format!("evidence[{}]", stripe_name(paper)), text)).collect()
}

/// An appeal has two fields: why it is filed, and files. Every text is a reason, each line with its name, as long as it is not
/// the only one.
fn appeal(papers: &Papers) -> Vec<(String, String)> {
    let texts: Vec<_> = papers.iter().filter(|(paper, _)| paper.kind() == Kind::Text).collect();
    let reason = match texts.as_slice() {
        [(_, text)] => (*text).to_owned(),
        texts => texts.iter().map(|(paper, text)| format!("{}: {text}", paper.name())).collect::<Vec<_>>().join("\n"),
    };
    let reason = field("evidence[appeal][card][reason_for_filing]", &reason);
    let files = papers.iter().filter(|(paper, _)| paper.kind() == Kind::Document);
    let files = files.map(|(_, file)| field("evidence[appeal][card][supporting_files][]", file));
    (!reason.1.is_empty()).then_some(reason).into_iter().chain(files).collect()
}

/// What a look showed.
pub(super) fn seen(called: Called) -> Outcome {
    match called {
        Ok(response) => outcome(&response),
        Err(reason) => Outcome::Unknown(reason),
    }
}

/// What came of an act.
pub(super) fn answer(called: Called) -> Answer {
    let hand = match &called {
        Ok(response) if response.replayed => Hand::Replayed,
        Ok(_) | Err(_) => Hand::First,
    };
    Answer { outcome: seen(called), hand }
}

/// What comes of a request that is not sent.
pub(super) const fn unsent() -> Answer {
    Answer { outcome: Outcome::Unknown(UnknownReason::NotSent), hand: Hand::First }
}

fn outcome(response: &StripeResponse) -> Outcome {
    if let 200..=299 = response.status {
        let shown = serde_json::from_slice(&response.body).ok().and_then(|Named(shown): Named<Shown>| shown.snapshot());
        return shown.map_or(Outcome::Unknown(UnknownReason::Unreadable), |shown| Outcome::Dispute(Box::new(shown)));
    }
    match understood_refusal(response) {
        Ok(error) => Outcome::Refused { code: error.code().to_owned() },
        Err(reason) => Outcome::Unknown(reason),
    }
}

/// The dispute that an event is about. What the event says of it is old by the time that we read it; a look is not.
pub(super) fn named_by(object: &Value) -> Option<DisputeId> {
    let is_dispute = object.get("object").and_then(Value::as_str) == Some("dispute");
    let id = object.get("id").and_then(Value::as_str).filter(|_| is_dispute)?;
    DisputeId::of(Gateway::Stripe, GatewayToken::parse(id).ok()?).ok()
}

/// A dispute of Stripe's, as far as Quittance reads it.
#[derive(Deserialize)]
struct Shown {
    #[serde(rename = "object")]
    _object: ObjectName,
    id: String,
    livemode: bool,
    amount: i64,
    currency: String,
    status: Word,
    #[serde(default, deserialize_with = "if_readable")]
    reason: Option<Word>,
    #[serde(default)]
    charge: Value,
    #[serde(default)]
    payment_intent: Value,
    #[serde(default, deserialize_with = "if_readable")]
    evidence_details: Option<Named<EvidenceDetails>>,
}

/// The object's own word for what it is. Anything but a dispute is not read as one.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ObjectName {
    Dispute,
}

#[derive(Deserialize)]
struct EvidenceDetails {
    #[serde(default, deserialize_with = "if_readable")]
    due_by: Option<i64>,
    #[serde(default, deserialize_with = "if_readable")]
    submission_count: Option<u32>,
}

impl Shown {
    fn snapshot(&self) -> Option<Snapshot> {
        let (stage, status) = standing(&self.status);
        let details = self.evidence_details.as_ref().map(|Named(details)| details);
        let due_by = details.and_then(|details| details.due_by).and_then(|seconds| seconds.checked_mul(1_000));
        Some(Snapshot {
            reference: GatewayToken::parse(&self.id).ok()?,
            mode: Some(mode(self.livemode)),
            behind: behind(&self.payment_intent),
            charge: token(&self.charge),
            amount: self.money(),
            reason: self.reason.as_ref().map_or(Reason::Other, |word| reason(word.as_str())),
            gateway_reason: self.reason.as_ref().and_then(|word| Text::parse(word.as_str()).ok()),
            stage,
            due_by: due_by.map(Timestamp::from_unix_ms),
            submissions: details.and_then(|details| details.submission_count),
            ways: ways(stage, &status),
            status,
        })
    }

    fn money(&self) -> Option<Money> {
        let currency = Currency::from_code(&self.currency.to_ascii_uppercase()).ok()?;
        Money::payable(from_stripe(self.amount, currency)?, currency).ok()
    }
}

/// Whose money it is about: the PaymentIntent's metadata tell, if Stripe shows them. A charge without a PaymentIntent is
/// of an integration that is not ours.
fn behind(intent: &Value) -> Behind {
    match intent {
        Value::Null => Behind::NotOurs,
        Value::Object(_) => {
            let id = intent.pointer("/metadata/transaction_id").and_then(Value::as_str);
            let id = id.and_then(|id| TransactionId::parse(id).ok());
            id.map_or(Behind::NotOurs, |id| Behind::Payment { id, object: token(intent) })
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Behind::NotShown,
    }
}

/// An object's id, whether Stripe shows the whole object or not.
fn token(object: &Value) -> Option<GatewayToken> {
    let id = object.as_str().or_else(|| object.get("id")?.as_str())?;
    GatewayToken::parse(id).ok()
}

/// Stripe's statuses, all of them. `won` and `lost` do not say what was won or lost.
fn standing(word: &Word) -> (Option<Stage>, SnapshotStatus) {
    let (stage, status) = match word.as_str() {
        "warning_needs_response" => (Some(Stage::Inquiry), Status::NeedsResponse),
        "warning_under_review" => (Some(Stage::Inquiry), Status::UnderReview),
        "warning_closed" => (Some(Stage::Inquiry), Status::Closed),
        "needs_response" => (Some(Stage::Chargeback), Status::NeedsResponse),
        "under_review" => (Some(Stage::Chargeback), Status::UnderReview),
        "appeal_needs_response" => (Some(Stage::Appeal), Status::NeedsResponse),
        "appeal_under_review" => (Some(Stage::Appeal), Status::UnderReview),
        "won" => (None, Status::Won),
        "lost" => (None, Status::Lost),
        "prevented" => (None, Status::Prevented),
        unknown => return (None, SnapshotStatus::Unrecognized(unknown.to_owned())),
    };
    (stage, SnapshotStatus::Known(status))
}

/// What Stripe takes of a dispute that stands so.
fn ways(stage: Option<Stage>, status: &SnapshotStatus) -> Ways {
    match (status, stage) {
        (SnapshotStatus::Known(status), Some(stage)) => Ways::usual(stage, *status),
        (SnapshotStatus::Known(_) | SnapshotStatus::Unrecognized(_), _) => Ways::NONE,
    }
}

/// Stripe's reasons. One that is new is `other`, and its word is kept: it moves nothing.
fn reason(word: &str) -> Reason {
    match word {
        "fraudulent" => Reason::Fraudulent,
        "product_not_received" => Reason::NotReceived,
        "product_unacceptable" => Reason::NotAsDescribed,
        "duplicate" => Reason::Duplicate,
        "credit_not_processed" => Reason::CreditNotProcessed,
        "subscription_canceled" => Reason::SubscriptionCanceled,
        "unrecognized" => Reason::Unrecognized,
        "bank_cannot_process"
        | "check_returned"
        | "debit_not_authorized"
        | "incorrect_account_details"
        | "insufficient_funds" => Reason::BankCannotProcess,
        _ => Reason::Other,
    }
}

/// Stripe's name for a paper.
const fn stripe_name(paper: Paper) -> &'static str {
    match paper {
        Paper::Explanation => "uncategorized_text",
        Paper::ProductDescription => "product_description",
        Paper::CustomerName => "customer_name",
        Paper::CustomerEmail => "customer_email_address",
        Paper::CustomerPurchaseIp => "customer_purchase_ip",
        Paper::BillingAddress => "billing_address",
        Paper::ServiceDate => "service_date",
        Paper::ShippingAddress => "shipping_address",
        Paper::ShippingCarrier => "shipping_carrier",
        Paper::ShippingDate => "shipping_date",
        Paper::ShippingTrackingNumber => "shipping_tracking_number",
        Paper::AccessActivityLog => "access_activity_log",
        Paper::RefundPolicyDisclosure => "refund_policy_disclosure",
        Paper::RefundRefusalExplanation => "refund_refusal_explanation",
        Paper::CancellationPolicyDisclosure => "cancellation_policy_disclosure",
        Paper::CancellationRebuttal => "cancellation_rebuttal",
        Paper::DuplicateChargeId => "duplicate_charge_id",
        Paper::DuplicateChargeExplanation => "duplicate_charge_explanation",
        Paper::Receipt => "receipt",
        Paper::CustomerCommunication => "customer_communication",
        Paper::CustomerSignature => "customer_signature",
        Paper::ShippingDocumentation => "shipping_documentation",
        Paper::ServiceDocumentation => "service_documentation",
        Paper::RefundPolicy => "refund_policy",
        Paper::CancellationPolicy => "cancellation_policy",
        Paper::DuplicateChargeDocumentation => "duplicate_charge_documentation",
        Paper::OtherDocument => "uncategorized_file",
    }
}

#[cfg(test)]
mod tests;
