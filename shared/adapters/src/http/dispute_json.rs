//! The dispute as every answer shows it: one shape, every field always there.
//!
//! Must never: show a client's idempotency key or a request hash.

use std::collections::BTreeMap;

use domain::dispute::{Act, ActProgress, Dispute, Known, Papers, Standing, Ways};
use domain::id::TransactionId;
use domain::payment::{PaymentDispute, Review};
use domain::personal::Opened;
use schemars::JsonSchema;
use serde::Serialize;

use super::payment_json::{ReviewJson, gateway_name};
use super::schema::{
    CURRENCY, DISPUTE_ID, MOMENT, TRANSACTION_ID, dispute_actions, dispute_acts, dispute_reasons,
    dispute_request_statuses, dispute_requests, dispute_statuses, dispute_statuses_or_null, gateways, stages,
    stages_or_null,
};
use crate::rfc3339;

/// A dispute as clients see it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Dispute")]
pub struct DisputeJson {
    #[schemars(extend("pattern" = DISPUTE_ID))]
    dispute_id: String,
    /// Null where the disputed charge was not made here.
    #[schemars(extend("pattern" = TRANSACTION_ID))]
    transaction_id: Option<String>,
    #[schemars(extend("enum" = gateways()))]
    gateway: &'static str,
    /// What the gateway's dashboard calls it.
    gateway_dispute_id: String,
    #[schemars(extend("enum" = stages_or_null()))]
    stage: Option<&'static str>,
    #[schemars(extend("enum" = dispute_statuses_or_null()))]
    status: Option<&'static str>,
    /// What the gateway takes from the merchant now.
    #[schemars(extend("items" = dispute_actions()))]
    actions: Vec<&'static str>,
    /// Whether `amount` is missing from what may be refunded of the payment.
    holds_money: bool,
    amount: Option<i64>,
    #[schemars(extend("pattern" = CURRENCY))]
    currency: Option<&'static str>,
    #[schemars(extend("enum" = dispute_reasons()))]
    reason: Option<&'static str>,
    /// The gateway's own word.
    gateway_reason: Option<String>,
    /// Answer before then.
    #[schemars(extend("format" = MOMENT))]
    due_by: Option<String>,
    /// What the merchant brings forward; null where it is not shown.
    evidence: Option<BTreeMap<&'static str, String>>,
    #[schemars(extend("enum" = dispute_acts()))]
    pending: Option<&'static str>,
    requests: Vec<RequestJson>,
    attention: Option<ReviewJson>,
    version: u64,
    #[schemars(extend("format" = MOMENT))]
    created_at: String,
    #[schemars(extend("format" = MOMENT))]
    updated_at: String,
}

/// A dispute as it is shown by itself: with what the merchant brings forward.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ShownDispute")]
pub struct ShownDisputeJson {
    #[serde(flatten)]
    dispute: DisputeJson,
    /// Whether that was erased with its payer; null while it cannot be opened.
    evidence_erased: Option<bool>,
}

/// Something that the merchant asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "DisputeRequest")]
struct RequestJson {
    #[schemars(extend("enum" = dispute_requests()))]
    kind: &'static str,
    #[schemars(extend("enum" = dispute_request_statuses()))]
    status: &'static str,
    /// The gateway's code for why it refused.
    failure_code: Option<String>,
    #[schemars(extend("format" = MOMENT))]
    created_at: String,
}

/// A dispute as a payment shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentDispute")]
pub(super) struct PaymentDisputeJson {
    #[schemars(extend("pattern" = DISPUTE_ID))]
    dispute_id: String,
    #[schemars(extend("enum" = stages()))]
    stage: &'static str,
    #[schemars(extend("enum" = dispute_statuses()))]
    status: &'static str,
    amount: i64,
    #[schemars(extend("pattern" = CURRENCY))]
    currency: &'static str,
    holds_money: bool,
}

/// One page of disputes.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Disputes")]
pub struct DisputesJson {
    disputes: Vec<DisputeJson>,
    /// Where to go on; null at the end.
    next_cursor: Option<String>,
}

impl DisputesJson {
    /// These, and where to go on.
    #[must_use]
    pub fn of(disputes: &[Dispute], next_cursor: Option<String>) -> Self {
        Self { disputes: disputes.iter().map(DisputeJson::from).collect(), next_cursor }
    }
}

impl DisputeJson {
    /// The dispute as events show it: whoever wants to read what the merchant brings forward asks for the dispute.
    pub(super) fn of_an_event(dispute: &Dispute) -> Self {
        Self { evidence: Some(BTreeMap::new()), ..Self::from(dispute) }
    }
}

impl ShownDisputeJson {
    /// The dispute, and its papers if they could be opened.
    #[must_use]
    pub fn of(dispute: &Dispute, papers: Option<&Opened<Papers>>) -> Self {
        let mut shown = DisputeJson::from(dispute);
        shown.evidence = match papers {
            Some(Opened::Readable(papers)) => {
                Some(papers.iter().map(|(paper, text)| (paper.name(), text.to_owned())).collect())
            }
            Some(Opened::Erased) | None => None,
        };
        Self { dispute: shown, evidence_erased: papers.map(|papers| *papers == Opened::Erased) }
    }
}

/// As lists and problems show it: without what the merchant brings forward, for that is the payer's own.
impl From<&Dispute> for DisputeJson {
    fn from(dispute: &Dispute) -> Self {
        let (known, standing) = (dispute.known.as_ref(), dispute.standing());
        Self {
            dispute_id: dispute.id.as_str().to_owned(),
            transaction_id: dispute.payment().map(TransactionId::as_str).map(str::to_owned),
            gateway: gateway_name(dispute.id.gateway()),
            gateway_dispute_id: dispute.id.reference().as_str().to_owned(),
            stage: standing.map(|standing| standing.stage.name()),
            status: standing.map(|standing| standing.status.name()),
            actions: known.map(|known| known.ways).into_iter().flat_map(Ways::names).collect(),
            holds_money: standing.is_some_and(Standing::holds_money),
            amount: known.map(|known| known.amount.minor_units()),
            currency: known.map(|known| known.amount.currency().code()),
            reason: known.map(|known| known.reason.name()),
            gateway_reason: known.and_then(gateway_reason),
            due_by: known.and_then(|known| known.due_by).map(rfc3339::format),
            evidence: None,
            pending: dispute.open_act().map(|act| act.kind.name()),
            requests: dispute.acts.iter().map(RequestJson::from).collect(),
            attention: dispute.attention.map(|review: Review| ReviewJson::from(review)),
            version: dispute.version,
            created_at: rfc3339::format(dispute.created_at),
            updated_at: rfc3339::format(dispute.updated_at),
        }
    }
}

fn gateway_reason(known: &Known) -> Option<String> {
    known.gateway_reason.as_ref().map(|word| word.as_str().to_owned())
}

impl From<&Act> for RequestJson {
    fn from(act: &Act) -> Self {
        Self {
            kind: act.kind.name(),
            status: act.progress.name(),
            failure_code: match &act.progress {
                ActProgress::Refused { code } => Some(code.clone()),
                ActProgress::Unanswered
                | ActProgress::Answered { .. }
                | ActProgress::Taken
                | ActProgress::Done
                | ActProgress::Overtaken => None,
            },
            created_at: rfc3339::format(act.started_at),
        }
    }
}

impl From<&PaymentDispute> for PaymentDisputeJson {
    fn from(dispute: &PaymentDispute) -> Self {
        Self {
            dispute_id: dispute.id.as_str().to_owned(),
            stage: dispute.standing.stage.name(),
            status: dispute.standing.status.name(),
            amount: dispute.amount.minor_units(),
            currency: dispute.amount.currency().code(),
            holds_money: dispute.standing.holds_money(),
        }
    }
}
