//! Who pays a payment: what status shows when it is asked for, and nothing else does.

use domain::personal::{Opened, Payer};
use domain::text::Text;
use schemars::JsonSchema;
use serde::Serialize;

/// Who pays, as far as the merchant has told and nobody has erased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Customer")]
pub(super) struct CustomerJson {
    id: Option<String>,
    email: Option<String>,
    name: Option<String>,
    erased: bool,
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
