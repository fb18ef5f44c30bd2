//! The body of `POST /payment/cancel`: which payment, and why.

use adapters::http::problem::{Problem, Refusal};
use domain::id::{IdempotencyKey, RequestHash, TransactionId};
use domain::payment::{CancelReason, CancelRequest};
use serde::Deserialize;

/// A payment that is to be ended.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "CancelRequest"))]
pub(super) struct CancelBody {
    /// What initiate answered.
    #[cfg_attr(test, schemars(extend("pattern" = adapters::http::schema::TRANSACTION_ID)))]
    transaction_id: String,
    /// The gateway is told.
    reason: Option<ReasonWord>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "snake_case")]
enum ReasonWord {
    Duplicate,
    Fraudulent,
    RequestedByCustomer,
    Abandoned,
}

impl CancelBody {
    /// The request, under this key.
    ///
    /// # Errors
    /// 404 if the id cannot be a payment's.
    pub(super) fn into_request(self, key: IdempotencyKey) -> Result<(TransactionId, CancelRequest), Problem> {
        let reason = self.reason.map(CancelReason::from);
        let id = TransactionId::parse(&self.transaction_id).map_err(|_| Problem::new(Refusal::NotFound))?;
        let fields = [("transactionId", Some(id.as_str())), ("reason", reason.map(CancelReason::name))];
        let given = fields.into_iter().filter_map(|(name, value)| value.map(|value| (name, value)));
        let request_hash = RequestHash::of(given);
        Ok((id, CancelRequest { key, request_hash, reason }))
    }
}

impl From<ReasonWord> for CancelReason {
    fn from(word: ReasonWord) -> Self {
        match word {
            ReasonWord::Duplicate => Self::Duplicate,
            ReasonWord::Fraudulent => Self::Fraudulent,
            ReasonWord::RequestedByCustomer => Self::RequestedByCustomer,
            ReasonWord::Abandoned => Self::Abandoned,
        }
    }
}
