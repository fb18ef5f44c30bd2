//! How disputes and early fraud warnings look on the wire.

use serde_json::{Map, Value, json};

use super::{
    super::{book::Book, render},
    Dispute,
    calls::EVIDENCE,
    complaint::{Eligibility, code_of_visa},
    warnings::Warning,
};

pub(in super::super) fn dispute(book: &Book, dispute: &Dispute) -> Value {
    let movements = dispute.movements.iter().filter_map(|id| book.movements.get(id));
    let eligibility = match dispute.eligibility {
        Some(Eligibility::VisaCompellingEvidence3) => Some((
            "visa_compelling_evidence_3",
            json!({ "required_actions": ["missing_prior_undisputed_transactions"], "status": "requires_action" }),
        )),
        Some(Eligibility::VisaCompliance) => {
            Some(("visa_compliance", json!({ "status": "requires_fee_acknowledgement" })))
        }
        None => None,
    };
    let eligible_types: Vec<&str> = eligibility.iter().map(|(name, _)| *name).collect();
    let eligible: Map<String, Value> =
        eligibility.iter().map(|(name, how)| ((*name).to_owned(), how.clone())).collect();
    let submitted = dispute.submissions > 0;
    let mut shown = json!({
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": movements.map(render::movement).collect::<Vec<_>>(),
        "charge": dispute.charge,
        "created": dispute.created,
        "currency": dispute.currency,
        "enhanced_eligibility_types": eligible_types,
        "evidence": evidence(dispute),
        "evidence_details": {
            "due_by": dispute.due.seconds(),
            "enhanced_eligibility": eligible,
            "has_evidence": dispute.has_evidence(),
            "past_due": dispute.past_due,
            "submission_count": dispute.submissions,
            "submission_method": if submitted { "manual" } else { "not_submitted" },
        },
        "intended_submission_method": dispute.method,
        "is_charge_refundable": book.is_refundable_despite(dispute),
        "livemode": book.intents.get(&dispute.intent).is_some_and(|intent| intent.livemode),
        // The dispute's own; nothing of the payment's is here, only the ids of its objects.
        "metadata": dispute.metadata,
        "payment_intent": dispute.intent,
        "reason": dispute.reason,
        "status": dispute.status.name(),
    });
    if let (Some(fields), Some(brand)) = (shown.as_object_mut(), card_brand(book, dispute)) {
        let code = code_of_visa(dispute.reason).filter(|_| brand == "visa");
        fields.insert("network_reason_code".to_owned(), json!(code));
        let card =
            json!({ "brand": brand, "case_type": dispute.case.name(), "network": brand, "network_reason_code": code });
        fields.insert("payment_method_details".to_owned(), json!({ "type": "card", "card": card }));
    }
    shown
}

pub(in super::super) fn warning(warning: &Warning) -> Value {
    json!({
        "id": warning.id,
        "object": "radar.early_fraud_warning",
        "actionable": warning.actionable,
        "charge": warning.charge,
        "created": warning.created,
        "fraud_type": warning.fraud_type,
        "livemode": false,
        "payment_intent": warning.intent,
    })
}

/// `None` if it was not a card that paid.
fn card_brand(book: &Book, dispute: &Dispute) -> Option<&'static str> {
    let charge = book.charges.get(&dispute.charge)?;
    let test = book.methods.get(&charge.payment_method)?.test;
    (!test.is_bank_account()).then_some(test.brand)
}

/// Every field, also those that nobody has filled.
fn evidence(dispute: &Dispute) -> Value {
    let mut shown: Map<String, Value> =
        EVIDENCE.iter().map(|(name, _)| ((*name).to_owned(), json!(dispute.evidence.get(*name)))).collect();
    shown.insert("enhanced_evidence".to_owned(), json!({}));
    if let Some(appeal) = &dispute.appeal {
        let card =
            json!({ "reason_for_filing": appeal.reason_for_filing, "supporting_files": appeal.supporting_files });
        shown.insert("appeal".to_owned(), json!({ "card": card }));
    }
    Value::Object(shown)
}
