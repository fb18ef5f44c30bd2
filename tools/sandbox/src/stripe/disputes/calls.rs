//! What the merchant asks about disputes and early fraud warnings: routes, their parameters, and the typed calls.

use axum::http::Method;

use super::super::{
    calls::{Of, Page, of, page},
    error::StripeError,
    form::Tree,
    objects::Metadata,
    routes::{LIST_OF, ONLY_EXPAND},
    shape::{
        Fields,
        Shape::{Flag, Hash, LongText, Metadata as MetadataHash, NotSimulated, OneOf, Text, Texts},
    },
};

/// Stripe's limit on all texts of a dispute's evidence together.
const MAX_EVIDENCE_CHARACTERS: usize = 150_000;

/// What is to be done.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Get { id: String },
    List { page: Page, of: Of },
    Update { id: String, change: Box<Change> },
    Close { id: String },
    GetWarning { id: String },
    ListWarnings { page: Page, of: Of },
}

/// What the merchant adds to a dispute.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    /// An empty text unsets its field.
    pub(super) evidence: Metadata,
    pub(super) appeal: Option<Appeal>,
    /// `None` means yes as soon as there is evidence: Stripe's default, which costs the merchant its only chance.
    pub(super) submit: Option<bool>,
    pub(super) method: Option<String>,
    pub(super) metadata: Metadata,
}

/// Why the merchant fights once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Appeal {
    pub(super) reason_for_filing: Option<String>,
    pub(super) supporting_files: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Get,
    List,
    Update,
    Close,
    GetWarning,
    ListWarnings,
}

/// The route of this method and path (without `/v1`), and what it takes.
pub(crate) fn find(method: &Method, path: &[&str]) -> Option<(Name, Fields)> {
    match (method.as_str(), path) {
        ("GET", ["disputes"]) => Some((Name::List, LIST_OF)),
        ("GET", ["disputes", _]) => Some((Name::Get, ONLY_EXPAND)),
        ("POST", ["disputes", _]) => Some((Name::Update, UPDATE)),
        ("POST", ["disputes", _, "close"]) => Some((Name::Close, ONLY_EXPAND)),
        ("GET", ["radar", "early_fraud_warnings"]) => Some((Name::ListWarnings, LIST_OF)),
        ("GET", ["radar", "early_fraud_warnings", _]) => Some((Name::GetWarning, ONLY_EXPAND)),
        _ => None,
    }
}

/// Reads a request whose parameters are known to be of their shapes.
pub(crate) fn parse(name: Name, path: &[&str], tree: &Tree) -> Result<Call, StripeError> {
    let place = if matches!(name, Name::GetWarning) { 2 } else { 1 };
    let id = path.get(place).map(|id| (*id).to_owned()).unwrap_or_default();
    Ok(match name {
        Name::Get => Call::Get { id },
        Name::List => Call::List { page: page(tree)?, of: of(tree) },
        Name::Update => Call::Update { id, change: Box::new(change(tree)?) },
        Name::Close => Call::Close { id },
        Name::GetWarning => Call::GetWarning { id },
        Name::ListWarnings => Call::ListWarnings { page: page(tree)?, of: of(tree) },
    })
}

fn change(tree: &Tree) -> Result<Change, StripeError> {
    let evidence = tree.map("evidence");
    if evidence.values().map(|text| text.chars().count()).sum::<usize>() > MAX_EVIDENCE_CHARACTERS {
        let message = format!("Evidence can have up to {MAX_EVIDENCE_CHARACTERS} characters in all.");
        return Err(StripeError::invalid(message).param("evidence"));
    }
    let filed = tree.get("evidence").and_then(|evidence| evidence.get("appeal")).and_then(|appeal| appeal.get("card"));
    Ok(Change {
        evidence,
        appeal: filed.map(|filed| Appeal {
            reason_for_filing: filed.owned_text("reason_for_filing"),
            supporting_files: filed.texts("supporting_files").unwrap_or_default(),
        }),
        submit: tree.flag("submit"),
        method: tree.owned_text("intended_submission_method"),
        metadata: tree.map("metadata"),
    })
}

/// The fields of evidence that are ids of uploaded files; the others are texts.
pub(super) const DOCUMENTS: &[&str] = &[
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "duplicate_charge_documentation",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
];

pub(super) const EVIDENCE: Fields = &[
    ("access_activity_log", LongText),
    ("appeal", Hash(&[("card", Hash(&[("reason_for_filing", LongText), ("supporting_files", Texts)]))])),
    ("billing_address", Text),
    ("cancellation_policy", Text),
    ("cancellation_policy_disclosure", LongText),
    ("cancellation_rebuttal", LongText),
    ("customer_communication", Text),
    ("customer_email_address", Text),
    ("customer_name", Text),
    ("customer_purchase_ip", Text),
    ("customer_signature", Text),
    ("duplicate_charge_documentation", Text),
    ("duplicate_charge_explanation", LongText),
    ("duplicate_charge_id", Text),
    ("enhanced_evidence", NotSimulated),
    ("product_description", LongText),
    ("receipt", Text),
    ("refund_policy", Text),
    ("refund_policy_disclosure", LongText),
    ("refund_refusal_explanation", LongText),
    ("service_date", Text),
    ("service_documentation", Text),
    ("shipping_address", Text),
    ("shipping_carrier", Text),
    ("shipping_date", Text),
    ("shipping_documentation", Text),
    ("shipping_tracking_number", Text),
    ("uncategorized_file", Text),
    ("uncategorized_text", LongText),
];

const UPDATE: Fields = &[
    ("evidence", Hash(EVIDENCE)),
    ("expand", Texts),
    // Stripe's own submissions are not simulated.
    ("intended_submission_method", OneOf(&["manual"])),
    ("metadata", MetadataHash),
    ("submit", Flag),
];
