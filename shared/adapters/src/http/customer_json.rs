//! The payment and who pays it: what status shows when it is asked for, and nothing else does.

use domain::payment::Payment;
use domain::personal::{Opened, Payer};
use domain::text::Text;
use schemars::JsonSchema;
use serde::Serialize;

use super::payment_json::PaymentJson;

/// A payment, and who pays it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PaymentWithCustomer")]
pub struct WithCustomerJson {
    #[serde(flatten)]
    payment: PaymentJson,
    /// Null, if the merchant has told nothing of them.
    customer: Option<CustomerJson>,
}

/// Who pays, as far as the merchant has told and nobody has erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Customer")]
struct CustomerJson {
    id: Option<String>,
    email: Option<String>,
    name: Option<String>,
    erased: bool,
}

impl WithCustomerJson {
    /// The payment, and who pays it.
    #[must_use]
    pub fn of(payment: &Payment, payer: Option<Opened<Payer>>) -> Self {
        Self { payment: PaymentJson::from(payment), customer: payer.map(CustomerJson::from) }
    }
}

impl From<Opened<Payer>> for CustomerJson {
    fn from(opened: Opened<Payer>) -> Self {
        match opened {
            Opened::Readable(Payer { id, email, name }) => {
                Self { id: id.map(owned), email: email.map(owned), name: name.map(owned), erased: false }
            }
            Opened::Erased => Self { id: None, email: None, name: None, erased: true },
        }
    }
}

fn owned<const MAX: usize>(text: Text<MAX>) -> String {
    text.as_str().to_owned()
}
