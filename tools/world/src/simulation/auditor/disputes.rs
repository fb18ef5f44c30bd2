//! What is promised about disputes.
//!
//! | promise | when | what is compared |
//! |---|---|---|
//! | P3 | always | no refund is begun of what the payment's row says a dispute holds; what is told as left is left |
//! | P3 | at rest | what is told as left is left in the gateway's books too |
//! | P4 | always | an answer that is told as refused or overtaken was not taken by the gateway |
//! | P2 | always | evidence that is told as submitted was taken |
//! | P5 | always | a request of ours is served once; what was submitted a client had asked to submit, in so many words |
//! | P6 | always | after a 2xx to an event there is a row |
//! | P7 | at rest | nothing is in doubt; the row says what the gateway says, is linked, and the payment says it too |
//! | P7 | in calm weather | an alarm that is due is raised |
//! | P9 | always | rows move by one version, forget nothing, and go no stage back |

use std::{collections::BTreeMap, time::Duration};

use domain::{
    dispute::{
        ActKind, ActProgress, Dispute, DisputeId, Link, Papers, Reminder, Snapshot, SnapshotStatus, Stage, Standing,
        Status,
    },
    id::{TransactionId, gateway_key},
    money::Money,
    payment::{Payment, PaymentDispute, Refund},
    time::Timestamp,
};
use flow::operations::dispute::Wish;

use super::Auditor;
use crate::{
    disputes::{Served, SimDisputes, holds},
    simulation::functions::dispute::{Answer, Ask},
    store::{DisputeCommit, MemoryStore},
};

/// Whoever took the row before may have kept it for a quarter of an hour; then three sweeps, and a minute for the look.
const IN_TIME: Duration = Duration::from_secs((15 + 4) * 60);

/// What the auditor knows of disputes.
#[derive(Debug, Default)]
pub(in crate::simulation) struct Docket {
    /// How many commits were read.
    pub(in crate::simulation) read: usize,
    /// How many served answers were read.
    served: usize,
    rows: BTreeMap<DisputeId, Dispute>,
    asked: BTreeMap<DisputeId, Vec<Ask>>,
    /// How far disputes had gone when our requests were written down, by their keys.
    opened_at: BTreeMap<String, Option<Stage>>,
    /// When a newer version was told than any before, and which.
    heard: BTreeMap<DisputeId, Vec<(u64, u64)>>,
}

impl Auditor {
    /// The desk sends a request.
    pub(in crate::simulation) fn asked_about_dispute(&mut self, id: &DisputeId, ask: &Ask) {
        self.docket.asked.entry(id.clone()).or_default().push(ask.clone());
    }

    /// The desk hears an answer to what it sent.
    pub(in crate::simulation) fn told_of_dispute(
        &mut self,
        id: &DisputeId,
        ask: &Ask,
        answer: &Answer,
        (sent, turn): (u64, u64),
    ) {
        let heard = self.docket.heard.entry(id.clone()).or_default();
        let before = heard.iter().rev().find(|(at, _)| *at < sent).map_or(0, |(_, version)| *version);
        let Answer::Dispute(dispute, _) = answer else {
            if matches!(answer, Answer::Refused("not_found")) && before > 0 {
                self.breach("P5", "a dispute that was told is not there any more", id.to_string());
            }
            return;
        };
        if heard.last().is_none_or(|(_, version)| *version < dispute.version) {
            heard.push((turn, dispute.version));
        }
        if dispute.version < before {
            self.breach("P5", "an answer is older than what was told before it was asked for", id.to_string());
        }
        let act = dispute.act_of(&ask.request.key);
        if act.is_none_or(|act| act.request_hash != ask.request.hash) {
            self.breach("P5", "a request about a dispute was taken and is not there", format!("{ask:?}"));
        }
    }

    /// The row of a dispute was written.
    pub(in crate::simulation) fn reads_dispute(&mut self, commit: &DisputeCommit, disputes: &SimDisputes) {
        self.docket.read = self.docket.read.saturating_add(1);
        let row = &commit.dispute;
        if commit.event == "act_opened" {
            let key = gateway_key::dispute(&row.id, row.acts.len());
            self.docket.opened_at.insert(key, row.standing().map(|standing| standing.stage));
        }
        match self.docket.rows.insert(row.id.clone(), row.clone()) {
            Some(before) => self.compare_disputes(&before, row, &commit.event),
            None if row.version == 1 => {}
            None => self.breach("P9", "a dispute came from nowhere", format!("{row:?}")),
        }
        let is_over = row.standing().is_some_and(|standing| standing.status.is_over());
        let is_untold = matches!(row.link, Link::Payment { .. }) && !row.is_told;
        if row.due.is_none() && (!is_over || is_untold || row.open_act().is_some()) {
            self.breach("P7", "nobody is due to look at a dispute", format!("v{} of {}", row.version, row.id));
        }
        self.compare_acts(row, disputes);
    }

    fn compare_disputes(&mut self, before: &Dispute, row: &Dispute, event: &str) {
        let which = || format!("v{} of {}, {event}", row.version, row.id);
        if row.version != before.version.saturating_add(1) {
            self.breach("P9", "a write of a dispute passed over another", which());
        }
        let stage = |dispute: &Dispute| dispute.standing().map(|standing| standing.stage);
        if stage(row) < stage(before) {
            self.breach("P9", "a dispute went back", which());
        }
        let is_linked_anew = matches!(before.link, Link::Payment { .. }) && row.link != before.link;
        if is_linked_anew || row.mode != before.mode || row.created_at != before.created_at {
            self.breach("P9", "what never changes was changed of a dispute", which());
        }
        let kept = row.acts.iter().zip(&before.acts).all(|(now, before)| {
            now.key == before.key && now.kind == before.kind && (before.is_open() || now == before)
        });
        if row.acts.len() < before.acts.len() || !kept {
            self.breach("P9", "a dispute has forgotten something", which());
        }
        let (_, earlier) = row.acts.split_last().unzip();
        if earlier.into_iter().flatten().any(domain::dispute::Act::is_open) {
            self.breach("house", "two answers to a dispute are open", which());
        }
        if event == "deadline_near" && row.reminded <= before.reminded {
            self.breach("house", "an alarm was raised twice", which());
        }
    }

    /// What a row says of the merchant's answers, and what the gateway was given.
    fn compare_acts(&mut self, row: &Dispute, disputes: &SimDisputes) {
        let served = disputes.served();
        for (place, act) in row.acts.iter().enumerate().filter(|(_, act)| act.kind != ActKind::Draft) {
            let key = gateway_key::dispute(&row.id, place.saturating_add(1));
            let was_taken = served.iter().any(|served| served.key.as_ref() == Some(&key));
            // Who gave in and has lost may have lost in some other way.
            let is_plain = act.kind != ActKind::Accept && !disputes.is_answered_behind_our_back(&row.id);
            // What was overtaken and arrives all the same is evidence too, and nobody can tell it from what came after it.
            let needs_proof = is_plain && !row.acts.iter().any(|act| act.progress == ActProgress::Overtaken);
            match act.progress {
                ActProgress::Done if !was_taken && needs_proof => {
                    self.breach("P2", "an answer is told as done, and the gateway has none", format!("{act:?}"));
                }
                ActProgress::Refused { .. } if was_taken => {
                    self.breach("P4", "an answer is told as refused, and the gateway has it", format!("{act:?}"));
                }
                _ => {}
            }
        }
    }

    /// The gateway's disputes have changed, perhaps.
    pub(in crate::simulation) fn reads_docket(&mut self, disputes: &SimDisputes) {
        let all = disputes.served();
        for served in all.get(self.docket.served..).unwrap_or_default() {
            let Some(key) = &served.key else { continue };
            let of_key = |it: &&Served| it.key.as_ref() == Some(key);
            if all.iter().filter(of_key).count() > 1 {
                self.breach("P5", "one answer to a dispute was taken twice", format!("{served:?}"));
            }
            let asked = self.docket.asked.get(&served.id).map_or(&[][..], Vec::as_slice);
            let is_asked_for = match served.kind {
                ActKind::Accept => asked.iter().any(|ask| ask.wish.is_none()),
                ActKind::Submit { .. } => asked_to_submit(asked, &served.papers),
                ActKind::Draft => false,
            };
            if !is_asked_for {
                self.breach("P5", "a dispute was answered as nobody had asked", format!("{served:?}"));
            }
            if self.docket.answers_what_came_later(served) {
                self.breach("P5", "an answer was given to a question that came later", format!("{served:?}"));
            }
        }
        self.docket.served = all.len();
    }

    /// P3, from outside: somebody is told of a payment's money.
    pub(super) fn sees_disputed(&mut self, payment: &Payment) {
        let (left, captured) = (payment.refundable().minor_units(), payment.captured().minor_units());
        let gone = reserved(payment).saturating_add(held_by(&payment.disputes));
        if left > 0 && left.saturating_add(gone) > captured {
            self.breach("P3", "told that money can go back that a dispute holds", format!("{left} of {captured}"));
        }
    }

    /// P3 and P6, in the row: a payment was written anew.
    pub(super) fn compare_disputed(&mut self, before: &Payment, row: &Payment) {
        for dispute in &row.disputes {
            let known = before.disputes.iter().find(|known| known.id == dispute.id);
            if known.is_some_and(|known| known.version > dispute.version) {
                self.breach("P6", "what is older was written over a dispute", format!("{dispute:?}"));
            }
        }
        let began = row.refunds.iter().filter(|refund| !before.refunds.iter().any(|known| known.id == refund.id));
        let began: i64 = began.filter(|refund| refund.reference.is_none()).map(|it| it.amount.minor_units()).sum();
        let gone = reserved(before).saturating_add(held_by(&before.disputes));
        if began > 0 && began.saturating_add(gone) > row.captured().minor_units() {
            self.breach("P3", "a refund was begun of money that a dispute holds", format!("{began}, v{}", row.version));
        }
    }

    /// P7: an alarm that is due is raised, once nothing goes wrong any more.
    pub(in crate::simulation) fn alarms_are_raised(&mut self, store: &MemoryStore, calm: Timestamp, now: Timestamp) {
        for dispute in store.dispute_ids().iter().filter_map(|id| store.dispute(id)) {
            let Some(by) = awaited_by(&dispute).filter(|by| now < *by) else { continue };
            let is_late = |reminder: &Reminder| {
                let due = by.unix_ms().saturating_sub(ms(reminder.before()));
                let asked = dispute.updated_at.max(calm).unix_ms();
                now.unix_ms() >= due.max(asked).saturating_add(ms(IN_TIME))
            };
            let latest = Reminder::ALL.into_iter().rev().find(is_late);
            if latest.is_some_and(|latest| dispute.reminded.is_none_or(|raised| raised < latest)) {
                self.breach("P7", "an alarm was not raised", format!("{latest:?} of {}", dispute.id));
            }
        }
    }

    /// P7 and P2 at rest: a dispute's row says what the gateway says, and its payment's row says so too.
    pub(in crate::simulation) fn disputes_are_settled(&mut self, store: &MemoryStore, disputes: &SimDisputes) {
        for row in store.dispute_ids().iter().filter_map(|id| store.dispute(id)) {
            if row.attention.is_some() {
                continue;
            }
            if row.open_act().is_some() {
                self.breach("P7", "an answer to a dispute is stuck", format!("{row:?}"));
            }
            let Some(shown) = disputes.shown(&row.id) else { continue };
            if !says_the_same(&row, &shown) {
                self.breach("P2", "a dispute and the gateway differ at rest", format!("{row:?}, {shown:?}"));
            }
            let domain::dispute::Behind::Payment { id, .. } = &shown.behind else { continue };
            if row.payment() != Some(id) {
                self.breach("P2", "a dispute is not linked to its payment", format!("{row:?}"));
            }
            self.payment_is_told(store, id, &row, disputes);
        }
    }

    fn payment_is_told(&mut self, store: &MemoryStore, id: &TransactionId, row: &Dispute, disputes: &SimDisputes) {
        let Some(payment) = store.row(id) else {
            return self.breach("P5", "a payment is gone", id.to_string());
        };
        let told = payment.disputes.iter().find(|told| told.id == row.id);
        let knows = told.is_some_and(|told| Some(told.standing) == row.standing());
        let amount = row.known.as_ref().map(|known| known.amount);
        if !knows || told.map(|told| told.amount) != amount {
            self.breach("P2", "a payment does not know how its dispute stands", format!("{told:?}, {row:?}"));
        }
        let (left, captured) = (payment.refundable().minor_units(), payment.captured().minor_units());
        // Of what a person is at, nothing is said.
        let is_plain = |told: &&PaymentDispute| store.dispute(&told.id).is_some_and(|row| row.attention.is_none());
        let known = payment.disputes.iter().filter(is_plain).filter_map(|told| disputes.shown(&told.id));
        let held: i64 = known.filter(holds).filter_map(|shown| shown.amount).map(Money::minor_units).sum();
        if left > 0 && left.saturating_add(reserved(&payment)).saturating_add(held) > captured {
            self.breach("P3", "money is offered to go back that the gateway holds", format!("{left} of {captured}"));
        }
    }

    /// P6: an event about a dispute was answered a 2xx.
    pub(in crate::simulation) fn acknowledged_dispute(&mut self, id: &DisputeId) {
        if !self.docket.rows.contains_key(id) {
            self.breach("P6", "an event about a dispute was acknowledged and has no effect", id.to_string());
        }
    }
}

impl Docket {
    /// Whether a request was sent for a stage that nobody knew of when it was asked for, and of which we knew by then. What
    /// was on its way when the stage changed cannot be called back.
    fn answers_what_came_later(&self, served: &Served) -> bool {
        let asked_at = served.key.as_ref().and_then(|key| self.opened_at.get(key)).copied().flatten();
        let row = self.rows.get(&served.id);
        let knew =
            row.filter(|row| row.open_act().is_some()).and_then(Dispute::standing).map(|standing| standing.stage);
        asked_at.is_some() && knew >= served.stage && served.stage > asked_at
    }
}

fn asked_to_submit(asked: &[Ask], papers: &Papers) -> bool {
    let wishes = || asked.iter().filter_map(|ask| ask.wish.as_ref());
    let named = wishes().any(|wish| matches!(wish, Wish::Submit(Some(named)) if named == papers));
    let put_by = wishes().any(|wish| matches!(wish, Wish::Draft(put_by) if put_by == papers));
    // What lies there is what was put by, or what was submitted before.
    let submits_what_lies_there = wishes().any(|wish| *wish == Wish::Submit(None));
    named || (put_by && submits_what_lies_there)
}

fn says_the_same(row: &Dispute, shown: &Snapshot) -> bool {
    let Some(known) = &row.known else { return false };
    let SnapshotStatus::Known(status) = shown.status else { return false };
    let Some(standing) = known.standing else { return false };
    standing.status == status
        && shown.stage.is_none_or(|stage| standing.stage >= stage)
        && Some(known.amount) == shown.amount
        && known.due_by == shown.due_by
        && known.submissions == shown.submissions
}

/// The gateways' rule, as the payment's row tells it.
fn held_by(disputes: &[PaymentDispute]) -> i64 {
    let is_held = |standing: Standing| match standing.status {
        Status::Lost | Status::Prevented => true,
        Status::Won | Status::Closed => false,
        Status::NeedsResponse | Status::UnderReview => standing.stage != Stage::Inquiry,
    };
    disputes.iter().filter(|told| is_held(told.standing)).map(|told| told.amount.minor_units()).sum()
}

fn reserved(payment: &Payment) -> i64 {
    payment.refunds.iter().filter(|refund| Refund::reserves(refund)).map(|it| it.amount.minor_units()).sum()
}

fn awaited_by(dispute: &Dispute) -> Option<Timestamp> {
    let is_awaited = dispute.standing().is_none_or(|standing| standing.status == Status::NeedsResponse);
    let is_taken = dispute.open_act().is_some_and(|act| act.progress == ActProgress::Taken);
    dispute.known.as_ref()?.due_by.filter(|_| is_awaited && !is_taken)
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
