//! PayPal's disputes: a look at one, what the merchant brings forward, an appeal, giving in.
//!
//! A dispute bears the ids of the order that it is about, so a look at it tells whose money it is. What may be done is said by
//! its links: a lost dispute that has the link `appeal` waits for the merchant once more.
//!
//! Must never: name a status that PayPal has not named; count on a key of ours, because PayPal promises none for disputes;
//! believe that what was refused was refused for the first time. The dispute itself is the fence: it takes one answer at a
//! time, and tells what became of it.

use domain::{
    dispute::{
        ActKind, Answer, Behind, Channel, Dispute, DisputeId, Outcome, Paper, Papers, Reason, Snapshot, SnapshotStatus,
        Stage, Status, Ways,
    },
    gateway::{Gateway, Hand, UnknownReason},
    id::gateway_key,
    money::Money,
    text::{GatewayToken, Text},
};
use flow::ports::dispute::PapersRefusal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    amount::WireAmount,
    link::Link,
    message::PaypalRequest,
    refund::ids,
    reply::{Called, No, done},
};
use crate::{
    gateway::word::{Word, if_readable},
    named::Named,
    rfc3339,
};

/// PayPal's bound for the notes of one piece of evidence.
const NOTES_MAX_CHARS: usize = 2_000;
/// How the merchant gives in: all of it goes back.
const WHOLE_REFUND: &str = "REFUND";
/// PayPal's bounds for a shipment.
const TRACKING_NUMBER_MAX_CHARS: usize = 255;
const CARRIER_MAX_CHARS: usize = 2_000;
/// The carriers that PayPal knows by a name of their own and merchants use; any other is `OTHER`.
const CARRIERS: [&str; 7] = ["UPS", "USPS", "FEDEX", "DHL", "TNT", "ROYAL_MAIL", "PARCELFORCE"];

/// Whether PayPal takes these papers: texts, of any number. It has no names for files that were given it before, and wants to
/// know whose a tracking number is.
pub(super) fn accepts(papers: &Papers) -> Result<(), PapersRefusal> {
    let refused = |paper, why| Err(PapersRefusal { paper: Some(paper), why });
    let is_longer = |paper, max| papers.get(paper).is_some_and(|text| text.chars().count() > max);
    if let Some((paper, _)) = papers.iter().find(|(paper, _)| paper.kind() == domain::dispute::Kind::Document) {
        return refused(paper, "cannot be sent to PayPal by its name; add it in PayPal's dashboard");
    }
    if papers.get(Paper::ShippingTrackingNumber).is_some() && papers.get(Paper::ShippingCarrier).is_none() {
        return refused(Paper::ShippingCarrier, "is needed beside shippingTrackingNumber at PayPal");
    }
    if is_longer(Paper::ShippingTrackingNumber, TRACKING_NUMBER_MAX_CHARS) {
        return refused(Paper::ShippingTrackingNumber, "may have 255 characters at PayPal");
    }
    if is_longer(Paper::ShippingCarrier, CARRIER_MAX_CHARS) {
        return refused(Paper::ShippingCarrier, "may have 2000 characters at PayPal");
    }
    Ok(())
}

/// The request for a look.
pub(super) fn look(id: &DisputeId) -> PaypalRequest {
    PaypalRequest::get(format!("/v1/customer/disputes/{}", id.reference().as_str()))
}

/// The request for the dispute's open act, with its row's papers; none if there is none.
pub(super) fn request(dispute: &Dispute, papers: &Papers) -> Option<PaypalRequest> {
    let act = dispute.open_act()?;
    let itself = format!("/v1/customer/disputes/{}", dispute.id.reference().as_str());
    let key = gateway_key::dispute(&dispute.id, dispute.acts.len());
    match act.kind {
        // Papers that are put by go nowhere.
        ActKind::Draft => None,
        ActKind::Submit { .. } => {
            let folder = match dispute.known.as_ref()?.ways.answer? {
                Channel::Evidence => "provide-evidence",
                Channel::Appeal => "appeal",
            };
            let evidences = Evidences { evidences: evidences(papers) };
            Some(PaypalRequest::form(format!("{itself}/{folder}"), key, &evidences))
        }
        ActKind::Accept => {
            let body = AcceptClaim { note: "Accepted by the merchant.", accept_claim_type: WHOLE_REFUND };
            Some(PaypalRequest::form(format!("{itself}/accept-claim"), key, &body))
        }
    }
}

/// What a look showed.
pub(super) fn seen(called: Called) -> Outcome {
    match done(called) {
        Ok(response) => {
            let shown = serde_json::from_slice(&response.body).ok().map(|Named(shown): Named<Shown>| shown);
            let shown = shown.and_then(|shown| shown.snapshot());
            shown.map_or(Outcome::Unknown(UnknownReason::Unreadable), |shown| Outcome::Dispute(Box::new(shown)))
        }
        Err(No::Said(error)) => Outcome::Refused { code: error.code().to_owned() },
        Err(No::Unknown(reason)) => Outcome::Unknown(reason),
    }
}

/// What came of an act: PayPal says that it was done, and shows nothing; or it says why not. Its words for that are not in
/// its table of issues, and none of them means that anything was done. But who is refused may have been served before, for
/// nobody can tell two sendings apart: so a refusal is an answer that the dispute itself must explain.
pub(super) fn answer(called: Called) -> Answer {
    match done(called) {
        Ok(_) => first_hand(Outcome::Taken),
        Err(No::Said(error)) => {
            Answer { outcome: Outcome::Refused { code: error.code().to_owned() }, hand: Hand::Replayed }
        }
        Err(No::Unknown(reason)) => first_hand(Outcome::Unknown(reason)),
    }
}

/// An answer that was made now.
pub(super) const fn first_hand(outcome: Outcome) -> Answer {
    Answer { outcome, hand: Hand::First }
}

/// The dispute that an event is about. What the event says of it is old by the time that we read it; a look is not.
pub(super) fn named_by(resource: &Value) -> Option<DisputeId> {
    let id = resource.get("dispute_id").and_then(Value::as_str)?;
    DisputeId::of(Gateway::PayPal, GatewayToken::parse(id).ok()?).ok()
}

#[derive(Serialize)]
struct AcceptClaim {
    note: &'static str,
    accept_claim_type: &'static str,
}

#[derive(Serialize)]
struct Evidences {
    evidences: Vec<Evidence>,
}

#[derive(Serialize)]
struct Evidence {
    evidence_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_info: Option<EvidenceInfo>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
}

#[derive(Serialize)]
struct EvidenceInfo {
    tracking_info: [TrackingInfo; 1],
}

#[derive(Serialize)]
struct TrackingInfo {
    carrier_name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier_name_other: Option<String>,
    tracking_number: String,
}

/// The papers in PayPal's words: what can be followed as a proof of fulfilment, everything else as notes, each line with its
/// name. Always the same bytes for the same papers.
fn evidences(papers: &Papers) -> Vec<Evidence> {
    let fulfilment = papers.get(Paper::ShippingTrackingNumber).map(|number| Evidence {
        evidence_type: "PROOF_OF_FULFILLMENT",
        evidence_info: Some(EvidenceInfo { tracking_info: [tracking(papers, number)] }),
        notes: None,
    });
    let text: Vec<String> = papers.iter().map(|(paper, text)| format!("{}: {text}", paper.name())).collect();
    let notes = pieces(&text.join("\n")).into_iter().map(|notes| Evidence {
        evidence_type: "OTHER",
        evidence_info: None,
        notes: Some(notes),
    });
    fulfilment.into_iter().chain(notes).collect()
}

fn tracking(papers: &Papers, number: &str) -> TrackingInfo {
    let named = papers.get(Paper::ShippingCarrier).unwrap_or_default();
    let known = CARRIERS.into_iter().find(|carrier| named.to_ascii_uppercase().replace([' ', '-'], "_") == **carrier);
    let other = known.is_none().then(|| named.to_owned()).filter(|named| !named.is_empty());
    TrackingInfo {
        carrier_name: known.unwrap_or("OTHER"),
        carrier_name_other: other,
        tracking_number: number.to_owned(),
    }
}

/// The text in pieces that PayPal takes.
fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(NOTES_MAX_CHARS).map(|piece| piece.iter().collect()).collect()
}

/// A dispute of PayPal's, as far as Quittance reads it.
#[derive(Deserialize)]
struct Shown {
    dispute_id: String,
    status: Word,
    #[serde(default, deserialize_with = "if_readable")]
    reason: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    dispute_life_cycle_stage: Option<Word>,
    #[serde(default, deserialize_with = "if_readable")]
    dispute_amount: Option<Named<WireAmount>>,
    #[serde(default, deserialize_with = "if_readable")]
    dispute_outcome: Option<Named<DisputeOutcome>>,
    #[serde(default)]
    allowed_response_options: Value,
    #[serde(default, deserialize_with = "if_readable")]
    seller_response_due_date: Option<String>,
    #[serde(default)]
    disputed_transactions: Value,
    #[serde(default)]
    evidences: Value,
    #[serde(default, deserialize_with = "if_readable")]
    links: Option<Vec<Named<Link>>>,
}

#[derive(Deserialize)]
struct DisputeOutcome {
    outcome_code: Word,
    #[serde(default, deserialize_with = "if_readable")]
    amount_refunded: Option<Named<WireAmount>>,
}

impl Shown {
    fn snapshot(&self) -> Option<Snapshot> {
        let (stage, status) = self.standing();
        let text = |name: &str| self.disputed_transactions.pointer(&format!("/0/{name}")).and_then(Value::as_str);
        let of_seller = |piece: &&Value| piece.get("source").and_then(Value::as_str) == Some("SUBMITTED_BY_SELLER");
        let submitted = self.evidences.as_array().map_or(0, |pieces| pieces.iter().filter(of_seller).count());
        Some(Snapshot {
            reference: GatewayToken::parse(&self.dispute_id).ok()?,
            // PayPal does not say; its sandbox is another place.
            mode: None,
            behind: self.behind(),
            charge: text("seller_transaction_id").and_then(|id| GatewayToken::parse(id).ok()),
            amount: self.amount(status == SnapshotStatus::Known(Status::Lost)),
            reason: self.reason.as_ref().map_or(Reason::Other, |word| reason(word.as_str())),
            gateway_reason: self.reason.as_ref().and_then(|word| Text::parse(word.as_str()).ok()),
            ways: self.ways(&status),
            stage,
            status,
            due_by: self.seller_response_due_date.as_deref().and_then(rfc3339::parse),
            submissions: u32::try_from(submitted).ok(),
        })
    }

    fn behind(&self) -> Behind {
        let Some(transactions) = self.disputed_transactions.as_array() else { return Behind::NotShown };
        let ours = |name: &str| {
            let all = transactions.iter().filter_map(|transaction| transaction.get(name)?.as_str());
            all.filter_map(ids).map(|(payment, _)| payment).next()
        };
        let id = ours("custom").or_else(|| ours("invoice_number"));
        // It names the capture, and not the order.
        id.map_or(Behind::NotOurs, |id| Behind::Payment { id, object: None })
    }

    /// How much is disputed; once it was lost, how much of that the payer got.
    fn amount(&self, is_lost: bool) -> Option<Money> {
        let outcome = self.dispute_outcome.as_ref().filter(|_| is_lost);
        let given = outcome.and_then(|Named(outcome)| outcome.amount_refunded.as_ref()).and_then(|Named(it)| it.read());
        let is_some_money = |amount: &Money| amount.minor_units() > 0;
        given.filter(is_some_money).or_else(|| self.dispute_amount.as_ref().and_then(|Named(amount)| amount.read()))
    }

    /// What its links allow: whatever is not there, PayPal refuses. Where it shows no links at all, what is usual.
    fn ways(&self, status: &SnapshotStatus) -> Ways {
        let SnapshotStatus::Known(Status::NeedsResponse) = status else { return Ways::NONE };
        if self.links.is_none() {
            return Ways::usual(Stage::Chargeback, Status::NeedsResponse);
        }
        let answer = if self.links_to("provide_evidence") {
            Some(Channel::Evidence)
        } else {
            self.links_to("appeal").then_some(Channel::Appeal)
        };
        let types = self.allowed_response_options.pointer("/accept_claim/accept_claim_types").and_then(Value::as_array);
        let takes_refunds = types.is_none_or(|types| types.iter().any(|it| it.as_str() == Some(WHOLE_REFUND)));
        Ways { answer, accept: takes_refunds && self.links_to("accept_claim") }
    }

    /// PayPal's words, all of them. `OTHER` and whatever is new is no status that we know.
    fn standing(&self) -> (Option<Stage>, SnapshotStatus) {
        let unknown = |word: &Word| SnapshotStatus::Unrecognized(word.as_str().to_owned());
        let stage = match self.dispute_life_cycle_stage.as_ref().map(|word| (word, word.as_str())) {
            None => None,
            Some((_, "INQUIRY")) => Some(Stage::Inquiry),
            Some((_, "CHARGEBACK")) => Some(Stage::Chargeback),
            Some((_, "PRE_ARBITRATION")) => Some(Stage::PreArbitration),
            Some((_, "ARBITRATION")) => Some(Stage::Arbitration),
            Some((word, _)) => return (None, unknown(word)),
        };
        let status = match self.status.as_str() {
            "OPEN" | "WAITING_FOR_SELLER_RESPONSE" => Status::NeedsResponse,
            "WAITING_FOR_BUYER_RESPONSE" | "UNDER_REVIEW" => Status::UnderReview,
            "RESOLVED" => match self.outcome() {
                Some("RESOLVED_BUYER_FAVOUR") if self.links_to("appeal") => {
                    return (Some(Stage::Appeal), SnapshotStatus::Known(Status::NeedsResponse));
                }
                Some("RESOLVED_BUYER_FAVOUR" | "ACCEPTED") => Status::Lost,
                // PayPal pays the payer, or does not take the claim up: the merchant keeps the money.
                Some("RESOLVED_SELLER_FAVOUR" | "RESOLVED_WITH_PAYOUT" | "DENIED") => Status::Won,
                Some("CANCELED_BY_BUYER" | "NONE") => Status::Closed,
                Some(word) => return (stage, SnapshotStatus::Unrecognized(word.to_owned())),
                None => return (stage, unknown(&self.status)),
            },
            _ => return (stage, unknown(&self.status)),
        };
        (stage, SnapshotStatus::Known(status))
    }

    fn outcome(&self) -> Option<&str> {
        self.dispute_outcome.as_ref().map(|Named(outcome)| outcome.outcome_code.as_str())
    }

    fn links_to(&self, act: &str) -> bool {
        self.links.iter().flatten().any(|Named(link)| link.is(act))
    }
}

/// PayPal's reasons. One that is new is `other`, and its word is kept: it moves nothing.
fn reason(word: &str) -> Reason {
    match word {
        "UNAUTHORISED" => Reason::Fraudulent,
        "MERCHANDISE_OR_SERVICE_NOT_RECEIVED" => Reason::NotReceived,
        "MERCHANDISE_OR_SERVICE_NOT_AS_DESCRIBED" => Reason::NotAsDescribed,
        "DUPLICATE_TRANSACTION" => Reason::Duplicate,
        "INCORRECT_AMOUNT" => Reason::IncorrectAmount,
        "CREDIT_NOT_PROCESSED" => Reason::CreditNotProcessed,
        "CANCELED_RECURRING_BILLING" => Reason::SubscriptionCanceled,
        "PAYMENT_BY_OTHER_MEANS" => Reason::PaidByOtherMeans,
        _ => Reason::Other,
    }
}

#[cfg(test)]
#[path = "dispute/tests.rs"]
mod tests;
