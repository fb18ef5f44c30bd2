//! The body of `POST /payment/capture`: which payment, and how much of it.

use adapters::http::problem::{Problem, Refusal};
use domain::id::{IdempotencyKey, RequestHash, TransactionId};
use domain::money::MoneyError;
use flow::operations::capture::Wish;
use serde::Deserialize;

/// Money that is to be taken.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "CaptureRequest"))]
pub(super) struct CaptureBody {
    /// What initiate answered.
    #[cfg_attr(test, schemars(extend("pattern" = adapters::http::schema::TRANSACTION_ID)))]
    transaction_id: String,
    /// At most `amountCapturable`. Default: all of it.
    #[cfg_attr(test, schemars(range(min = 1, max = i64::MAX)))]
    amount: Option<i64>,
}

impl CaptureBody {
    /// The request, under this key.
    ///
    /// # Errors
    /// 400 if the amount is none in any currency; 404 if the id cannot be a payment's.
    pub(super) fn into_wish(self, key: IdempotencyKey) -> Result<(TransactionId, Wish), Problem> {
        let request_hash = self.hash();
        if self.amount.is_some_and(|minor_units| minor_units <= 0) {
            return Err(Problem::invalid_field("/amount", MoneyError::NotPositive.to_string()));
        }
        let id = TransactionId::parse(&self.transaction_id).map_err(|_| Problem::new(Refusal::NotFound))?;
        Ok((id, Wish { key, request_hash, minor_units: self.amount }))
    }

    /// Naming all that is held and naming nothing are different requests: what is held may not be what the client thinks.
    fn hash(&self) -> RequestHash {
        let amount = self.amount.map(|minor_units| minor_units.to_string());
        let fields = [("transactionId", Some(self.transaction_id.as_str())), ("amount", amount.as_deref())];
        RequestHash::of(fields.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))))
    }
}
