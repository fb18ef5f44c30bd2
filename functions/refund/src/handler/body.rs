//! The body of `POST /payment/refund`: which payment, how much of it, and why.

use adapters::http::problem::{Problem, Refusal};
use domain::id::{IdempotencyKey, RequestHash, TransactionId};
use domain::money::MoneyError;
use domain::payment::RefundReason;
use flow::operations::refund::Wish;
use serde::Deserialize;

/// Money that is to go back.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "RefundRequest"))]
pub(super) struct RefundBody {
    /// What initiate answered.
    #[cfg_attr(test, schemars(extend("pattern" = adapters::http::schema::TRANSACTION_ID)))]
    transaction_id: String,
    /// At most `amountRefundable`. Default: all of it.
    #[cfg_attr(test, schemars(range(min = 1, max = i64::MAX)))]
    amount: Option<i64>,
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
}

impl RefundBody {
    /// The request, under this key.
    ///
    /// # Errors
    /// 400 if the amount is none in any currency; 404 if the id cannot be a payment's.
    pub(super) fn into_wish(self, key: IdempotencyKey) -> Result<(TransactionId, Wish), Problem> {
        let reason = self.reason.map(RefundReason::from);
        let request_hash = self.hash(reason);
        if self.amount.is_some_and(|minor_units| minor_units <= 0) {
            return Err(Problem::invalid_field("/amount", MoneyError::NotPositive.to_string()));
        }
        let id = TransactionId::parse(&self.transaction_id).map_err(|_| Problem::new(Refusal::NotFound))?;
        Ok((id, Wish { key, request_hash, minor_units: self.amount, reason }))
    }

    /// Naming all that is left and naming nothing are different requests: what is left may not be what the client thinks.
    fn hash(&self, reason: Option<RefundReason>) -> RequestHash {
        let amount = self.amount.map(|minor_units| minor_units.to_string());
        let fields = [
            ("transactionId", Some(self.transaction_id.as_str())),
            ("amount", amount.as_deref()),
            ("reason", reason.map(RefundReason::name)),
        ];
        RequestHash::of(fields.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))))
    }
}

impl From<ReasonWord> for RefundReason {
    fn from(word: ReasonWord) -> Self {
        match word {
            ReasonWord::Duplicate => Self::Duplicate,
            ReasonWord::Fraudulent => Self::Fraudulent,
            ReasonWord::RequestedByCustomer => Self::RequestedByCustomer,
        }
    }
}
