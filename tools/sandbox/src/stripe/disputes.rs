//! Disputes: the payer's bank takes the money back, or asks first; the merchant answers in time, once, or loses.
//!
//! A dispute knows its charge and its PaymentIntent by their ids and nothing of their metadata. While it holds the
//! money, the charge cannot be refunded.

mod calls;
mod complaint;
mod lifecycle;
mod render;
mod warnings;

pub(super) use calls::{Call, Name, find, parse};
pub(super) use complaint::{COMPELLING, COMPLIANCE, FRAUDULENT, INQUIRY, NOT_RECEIVED};
pub(crate) use complaint::{Case, Complaint, reason, reasons};
pub(crate) use lifecycle::{Status, Step};
pub(super) use render::{dispute as shown, warning as shown_warning};
pub(super) use warnings::Warning;

use serde_json::Value;

use self::{
    calls::{Appeal, Change, DOCUMENTS},
    complaint::Eligibility,
    lifecycle::step,
};
use super::{
    balance::{Posting, Reason},
    book::{Book, Occasion, Task},
    cards::Aftermath,
    error::StripeError,
    objects::{Charge, Metadata, Standing},
};
use crate::clock::Moment;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// How long the merchant has to answer, if nobody says.
const ANSWER_MS: u64 = 10 * DAY_MS;
/// What the bank believes, when the evidence says so: the magic words of Stripe's test mode.
const VERDICTS: &[(&str, Step)] =
    &[("winning_evidence", Step::Win), ("losing_evidence", Step::Lose), ("escalate_inquiry_evidence", Step::Escalate)];

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dispute {
    pub(crate) id: String,
    pub(crate) charge: String,
    pub(crate) intent: String,
    pub(crate) created: u64,
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) reason: &'static str,
    pub(crate) status: Status,
    case: Case,
    eligibility: Option<Eligibility>,
    due: Moment,
    evidence: Metadata,
    appeal: Option<Appeal>,
    submissions: u32,
    /// The last submission came too late to count.
    past_due: bool,
    method: Option<String>,
    metadata: Metadata,
    /// Its balance transactions, oldest first.
    movements: Vec<String>,
}

/// What is to be disputed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewDispute {
    pub(crate) complaint: Complaint,
    /// All that is left of the charge if nobody says.
    pub(crate) amount: Option<i64>,
    pub(crate) due_in_ms: u64,
}

impl Dispute {
    fn has_evidence(&self) -> bool {
        !self.evidence.is_empty() || self.appeal.is_some()
    }

    /// What the bank makes of the evidence; `None` if it takes its time.
    fn verdict(&self) -> Option<Step> {
        if self.past_due {
            return Some(Step::Lose);
        }
        let text = self.evidence.get("uncategorized_text")?;
        VERDICTS.iter().find(|(words, _)| text.contains(words)).map(|(_, step)| *step)
    }
}

impl Book {
    pub(super) fn perform_on_disputes(&mut self, call: Call, occasion: &Occasion) -> Result<Value, StripeError> {
        match call {
            Call::Get { id } => self.dispute(&id).map(|dispute| shown(self, dispute)),
            Call::List { page, of } => {
                let wanted = self.disputes.iter().rev().filter(|it| of.admits(&it.intent, &it.charge));
                page.cut("/v1/disputes", wanted.map(|dispute| (dispute.id.as_str(), shown(self, dispute))))
            }
            Call::Update { id, change } => self.update_dispute(&id, *change, occasion),
            Call::Close { id } => self.turn_dispute(&id, Step::Accept, occasion),
            Call::GetWarning { id } => self.get_warning(&id),
            Call::ListWarnings { page, of } => {
                let wanted = self.warnings.iter().rev().filter(|it| of.admits(&it.intent, &it.charge));
                let shown = wanted.map(|warning| (warning.id.as_str(), shown_warning(warning)));
                page.cut("/v1/radar/early_fraud_warnings", shown)
            }
        }
    }

    /// The payer's bank disputes a charge. Of a test card's owner this is known before.
    pub(crate) fn open_dispute(
        &mut self,
        charge: &str,
        new: NewDispute,
        occasion: &Occasion,
    ) -> Result<Value, StripeError> {
        let refused = |message: String| Err(StripeError::invalid(message));
        let taken = self.charges.get(charge).filter(|charge| charge.standing == Standing::Captured);
        let Some(taken) = taken.cloned() else { return refused(format!("{charge} has taken no money")) };
        let elsewhere = self.disputed_elsewhere(charge);
        let amount = new.amount.unwrap_or_else(|| taken.left().saturating_sub(elsewhere));
        // A bank may dispute what was refunded already, but nothing twice.
        if amount <= 0 || amount > taken.amount_captured.saturating_sub(elsewhere) {
            return refused(format!("{amount} of {charge} cannot be disputed"));
        }
        let id = self.ids.next("du_");
        let due = occasion.now.after_ms(new.due_in_ms);
        let dispute = Dispute {
            id: id.clone(),
            charge: charge.to_owned(),
            intent: taken.intent,
            created: occasion.now.seconds(),
            amount,
            currency: taken.currency,
            reason: new.complaint.reason,
            status: match new.complaint.case {
                Case::Inquiry => Status::WarningNeedsResponse,
                Case::Chargeback | Case::Compliance => Status::NeedsResponse,
                Case::Resolution => Status::Prevented,
            },
            case: new.complaint.case,
            eligibility: new.complaint.eligibility,
            due,
            evidence: Metadata::new(),
            appeal: None,
            submissions: 0,
            past_due: false,
            method: None,
            metadata: Metadata::new(),
            movements: Vec::new(),
        };
        let status = dispute.status;
        self.disputes.put(&id, dispute)?;
        self.touched.insert(id.clone());
        let withdrawn = self.move_money(&id, false, occasion)?;
        self.expect_an_answer(&id, occasion);
        let closed = status.is_over().then_some("charge.dispute.closed");
        for kind in ["charge.dispute.created"].into_iter().chain(withdrawn).chain(closed) {
            self.announce_dispute(kind, &id, occasion);
        }
        self.review_warnings(charge, occasion);
        self.dispute(&id).map(|dispute| shown(self, dispute))
    }

    /// Something happens to a dispute: its state, the money, and what is told of it.
    pub(crate) fn turn_dispute(&mut self, id: &str, what: Step, occasion: &Occasion) -> Result<Value, StripeError> {
        let dispute = self.dispute(id)?;
        let from = dispute.status;
        let Ok(to) = step(from, what) else { return Err(not_now(dispute)) };
        let dispute = self.dispute_mut(id)?;
        dispute.status = to;
        if what == Step::Submit {
            dispute.submissions = dispute.submissions.saturating_add(1);
            dispute.past_due = dispute.due <= occasion.now;
        }
        if !from.holds_the_money() && to.holds_the_money() {
            dispute.case = if to == Status::Prevented { Case::Resolution } else { Case::Chargeback };
        }
        if matches!(to, Status::NeedsResponse | Status::AppealNeedsResponse) {
            dispute.due = occasion.now.after_ms(ANSWER_MS);
            dispute.past_due = false;
        }
        let moved = self.move_money(id, from.holds_the_money(), occasion)?;
        self.expect_an_answer(id, occasion);
        let told = if to.is_over() { "charge.dispute.closed" } else { "charge.dispute.updated" };
        for kind in [told].into_iter().chain(moved) {
            self.announce_dispute(kind, id, occasion);
        }
        self.dispute(id).map(|dispute| shown(self, dispute))
    }

    fn update_dispute(&mut self, id: &str, change: Change, occasion: &Occasion) -> Result<Value, StripeError> {
        let dispute = self.dispute(id)?;
        let answers = !change.evidence.is_empty() || change.appeal.is_some();
        let submits = change.submit.unwrap_or(answers);
        if (answers || submits) && step(dispute.status, Step::Submit).is_err() {
            return Err(not_now(dispute));
        }
        if change.appeal.is_some() && dispute.status != Status::AppealNeedsResponse {
            let message = "An appeal can be made only of a dispute with the status appeal_needs_response.";
            return Err(StripeError::invalid(message).param("evidence[appeal]"));
        }
        self.are_uploaded(&change)?;
        let mut changed = dispute.clone();
        changed.evidence.extend(change.evidence);
        changed.evidence.retain(|_, text| !text.is_empty());
        changed.appeal = change.appeal.or(changed.appeal);
        changed.method = change.method.or(changed.method);
        changed.metadata.extend(change.metadata);
        changed.metadata.retain(|_, text| !text.is_empty());
        if submits && !changed.has_evidence() {
            return Err(StripeError::invalid("There is no evidence to submit.").param("submit"));
        }
        *self.dispute_mut(id)? = changed;
        if !submits {
            self.announce_dispute("charge.dispute.updated", id, occasion);
            return self.dispute(id).map(|dispute| shown(self, dispute));
        }
        let submitted = self.turn_dispute(id, Step::Submit, occasion)?;
        if let Some(what) = self.dispute(id)?.verdict() {
            let task = Task::TurnDispute { dispute: id.to_owned(), what };
            self.agenda.push((occasion.now.after_ms(self.settle_ms), task));
        }
        Ok(submitted)
    }

    /// The charge of this id, or the latest one of the intent of this id.
    pub(crate) fn charge_behind(&self, id: &str) -> Result<String, StripeError> {
        if self.charges.get(id).is_some() {
            return Ok(id.to_owned());
        }
        let charge = self.intent(id)?.latest_charge.clone();
        charge.ok_or_else(|| StripeError::invalid(format!("{id} was never charged")))
    }

    /// The owner of a test card, or its bank, does something about the charge later.
    pub(super) fn foretell(&mut self, charge: &str, occasion: &Occasion) {
        let Some(taken) = self.charges.get(charge) else { return };
        let Some(method) = self.methods.get(&taken.payment_method) else { return };
        let when = occasion.now.after_ms(self.settle_ms);
        match method.test.aftermath {
            Aftermath::Nothing => {}
            Aftermath::FraudWarning => self.agenda.push((when, Task::WarnOfFraud { charge: charge.to_owned() })),
            Aftermath::Disputes(complaints) => {
                let parts = i64::try_from(complaints.len()).unwrap_or(i64::MAX).max(1);
                let share = taken.amount_captured.div_euclid(parts);
                let mut amount = share.saturating_add(taken.amount_captured.rem_euclid(parts));
                for complaint in complaints {
                    self.agenda.push((when, Task::OpenDispute { charge: charge.to_owned(), complaint, amount }));
                    amount = share;
                }
            }
        }
    }

    /// What was foretold happens, unless the money was given back meanwhile.
    pub(super) fn open_foretold_dispute(
        &mut self,
        charge: &str,
        complaint: Complaint,
        amount: i64,
        occasion: &Occasion,
    ) {
        if self.charges.get(charge).is_some_and(|charge| charge.left() > 0) {
            let new = NewDispute { complaint, amount: Some(amount), due_in_ms: ANSWER_MS };
            // Another dispute may have taken it all.
            drop(self.open_dispute(charge, new, occasion));
        }
    }

    /// The time to answer is over: who has said nothing has lost, and an inquiry is forgotten.
    pub(super) fn lapse_dispute(&mut self, id: &str, due: Moment, occasion: &Occasion) {
        let what = match self.disputes.get(id) {
            Some(dispute) if dispute.due != due => return,
            Some(dispute) if dispute.status == Status::WarningNeedsResponse => Step::Win,
            Some(dispute) if matches!(dispute.status, Status::NeedsResponse | Status::AppealNeedsResponse) => {
                Step::Lose
            }
            Some(_) | None => return,
        };
        drop(self.turn_dispute(id, what, occasion));
    }

    /// Who has all their money back asks no more.
    pub(super) fn settle_inquiries(&mut self, charge: &str, occasion: &Occasion) {
        if self.charges.get(charge).is_none_or(|charge| charge.left() > 0) {
            return;
        }
        let open = |it: &&Dispute| {
            it.charge == charge && matches!(it.status, Status::WarningNeedsResponse | Status::WarningUnderReview)
        };
        for id in self.disputes.iter().filter(open).map(|it| it.id.clone()).collect::<Vec<_>>() {
            drop(self.turn_dispute(&id, Step::Win, occasion));
        }
    }

    pub(super) fn is_disputed(&self, charge: &str) -> bool {
        self.disputes.iter().any(|dispute| dispute.charge == charge)
    }

    /// Refuses to refund what a dispute holds, or has lost.
    pub(super) fn may_refund(&self, charge: &Charge) -> Result<(), StripeError> {
        let holds = |it: &Dispute| it.charge == charge.id && it.status.holds_the_money();
        if !self.disputes.iter().any(holds) {
            return Ok(());
        }
        let message = format!("Charge {} has been charged back; cannot issue a refund.", charge.id);
        Err(StripeError::invalid(message).code("charge_disputed"))
    }

    fn is_refundable_despite(&self, dispute: &Dispute) -> bool {
        let charge = self.charges.get(&dispute.charge);
        charge.is_some_and(|charge| charge.left() > 0 && self.may_refund(charge).is_ok())
    }

    /// Oldest first.
    pub(crate) fn disputes(&self) -> impl Iterator<Item = &Dispute> {
        self.disputes.iter()
    }

    pub(crate) fn dispute(&self, id: &str) -> Result<&Dispute, StripeError> {
        self.disputes.get(id).ok_or_else(|| StripeError::missing_in_path("dispute", id))
    }

    fn dispute_mut(&mut self, id: &str) -> Result<&mut Dispute, StripeError> {
        self.touched.insert(id.to_owned());
        self.disputes.get_mut(id).ok_or_else(|| StripeError::missing_in_path("dispute", id))
    }

    fn announce_dispute(&mut self, kind: &'static str, id: &str, occasion: &Occasion) {
        let Some(object) = self.disputes.get(id).map(|dispute| shown(self, dispute)) else { return };
        self.announce(kind, object, occasion);
    }

    /// What other disputes of this charge have taken, or may take.
    fn disputed_elsewhere(&self, charge: &str) -> i64 {
        let counts = |it: &&Dispute| it.charge == charge && (it.status.holds_the_money() || !it.status.is_over());
        self.disputes.iter().filter(counts).fold(0, |sum, it| sum.saturating_add(it.amount))
    }

    /// Takes the money or gives it back, as the new state demands; answers what is told of it.
    fn move_money(&mut self, id: &str, held: bool, occasion: &Occasion) -> Result<Option<&'static str>, StripeError> {
        let dispute = self.dispute(id)?.clone();
        let (reason, told) = match (held, dispute.status.holds_the_money()) {
            (false, true) if dispute.status == Status::Prevented => {
                (Reason::PreventedDispute, "charge.dispute.funds_withdrawn")
            }
            (false, true) => (Reason::Dispute, "charge.dispute.funds_withdrawn"),
            (true, false) => (Reason::DisputeReversal, "charge.dispute.funds_reinstated"),
            (true, true) | (false, false) => return Ok(None),
        };
        let posting = Posting {
            reason,
            source: id,
            amount: if held { dispute.amount } else { dispute.amount.saturating_neg() },
            currency: &dispute.currency,
            description: Some(format!(
                "Chargeback {} for {}",
                if held { "reversal" } else { "withdrawal" },
                dispute.charge
            )),
        };
        let movement = self.post(posting, occasion)?;
        self.dispute_mut(id)?.movements.push(movement);
        Ok(Some(told))
    }

    fn expect_an_answer(&mut self, id: &str, occasion: &Occasion) {
        let Some(dispute) = self.disputes.get(id) else { return };
        if step(dispute.status, Step::Submit).is_ok() {
            let when = dispute.due.max(occasion.now).after_ms(self.settle_ms);
            self.agenda.push((when, Task::LapseDispute { dispute: id.to_owned(), due: dispute.due }));
        }
    }

    /// Evidence names documents by the ids of files that were uploaded for this.
    fn are_uploaded(&self, change: &Change) -> Result<(), StripeError> {
        let named = change.evidence.iter().filter(|(name, id)| DOCUMENTS.contains(&name.as_str()) && !id.is_empty());
        let named = named.map(|(name, id)| (format!("evidence[{name}]"), id));
        let filed = change.appeal.iter().flat_map(|appeal| &appeal.supporting_files);
        let filed = filed.map(|id| ("evidence[appeal][card][supporting_files]".to_owned(), id));
        for (param, id) in named.chain(filed) {
            if self.files.get(id).is_none() {
                return Err(StripeError::missing_in_param("file upload", id, &param));
            }
        }
        Ok(())
    }
}

/// Evidence can be submitted once, and a dispute that is over stays over.
fn not_now(dispute: &Dispute) -> StripeError {
    let message = if dispute.status.is_over() {
        "This dispute is already closed."
    } else {
        "This dispute is under review; its evidence has already been submitted."
    };
    StripeError::invalid(format!("{message} (status: {})", dispute.status.name()))
}
