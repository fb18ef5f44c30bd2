//! The rows of the disputes: a real dispute, moved by the real `decide`, `judge` and `apply`, in a normal form.

use std::collections::{BTreeMap, HashMap};

use domain::{
    dispute::{
        ActKind, ActProgress, Behind, Command, Decision, Dispute, Evidence, Judgement, KeptPapers, Outcome, Paper,
        Papers, Reason, Rejection, Request, Snapshot, SnapshotStatus, Source, Stage, Status, Ways, apply, decide,
        judge,
    },
    gateway::{Hand, Mode, UnknownReason},
    id::RequestHash,
    schedule::Limits,
    time::Timestamp,
};
use world::disputes::made_up;

use super::bank::{ACTS, Answer, Kind, Shown, place};
use crate::{
    rows::{LATER, NOW, key, now},
    search::QuickHash,
};

/// A row, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct RowId(u16);

impl RowId {
    /// A chargeback that asks, and that nobody has answered.
    pub(crate) const ASKS: Self = Self(0);
}

/// What is asked of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Question {
    /// `decide`: a client answers.
    Act(Kind),
    /// `decide`: a look.
    Claim,
    /// `decide`: an event.
    Notice,
    /// `decide`: what is not seen to have arrived is sent once more.
    SendAgain,
    /// `judge`, of which the names are.
    Answered(u8, Hand, Answer),
    Fetched(Shown),
    Unseen,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) to: RowId,
    /// The word for what happened.
    pub(crate) fact: &'static str,
}

/// What the row tells of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    /// Nobody knows; it may be sent again.
    Unanswered,
    /// Its key was answered, and the dispute tells the rest.
    Answered,
    Done,
    Refused,
    Overtaken,
}

/// What the model needs to know of a row again and again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    /// How many answers clients have given.
    pub(crate) asked: u8,
    pub(crate) kinds: [Kind; ACTS],
    pub(crate) told: [Told; ACTS],
    pub(crate) stage: u8,
    pub(crate) status: Option<Status>,
    pub(crate) is_marked: bool,
    pub(crate) is_due: bool,
    /// Whether that is now.
    pub(crate) is_due_now: bool,
    /// What no row may be.
    pub(crate) flaw: Option<&'static str>,
}

impl Facts {
    /// The answer that nobody knows the end of.
    pub(crate) fn open(&self) -> Option<(u8, Told)> {
        let told = self.asked.checked_sub(1).map(|last| self.told[usize::from(last)])?;
        matches!(told, Told::Unanswered | Told::Answered).then_some((self.asked, told))
    }
}

/// All rows that were met.
pub(crate) struct Rows {
    disputes: Vec<Dispute>,
    facts: Vec<Facts>,
    /// By their text, because a dispute cannot be hashed.
    ids: HashMap<String, RowId>,
    moves: HashMap<(RowId, Question), Option<Moved>, QuickHash>,
}

impl Rows {
    pub(crate) fn new() -> Self {
        let mut rows = Self { disputes: Vec::new(), facts: Vec::new(), ids: HashMap::new(), moves: HashMap::default() };
        let mut asks = made_up::open(1);
        if let Some(known) = &mut asks.known {
            known.due_by = None;
        }
        // Somebody has looked, and will look again.
        asks.due = Some(NOW.plus(LATER));
        assert_eq!(rows.number(asks), RowId::ASKS, "the first row is the first");
        rows
    }

    pub(crate) fn facts(&self, row: RowId) -> &Facts {
        &self.facts[usize::from(row.0)]
    }

    /// What `question` makes of a row: none if nothing changes.
    pub(crate) fn ask(&mut self, row: RowId, question: Question) -> Option<Moved> {
        if let Some(known) = self.moves.get(&(row, question)) {
            return *known;
        }
        let dispute = self.disputes[usize::from(row.0)].clone();
        let evidence = match question {
            Question::Act(_) | Question::Claim | Question::Notice | Question::SendAgain => None,
            Question::Answered(number, hand, answer) => {
                Some(Evidence { source: Source::Act(usize::from(number), hand), outcome: outcome(&dispute, answer) })
            }
            Question::Fetched(shown) => {
                Some(Evidence { source: Source::Fetch, outcome: outcome(&dispute, Answer::Shown(shown)) })
            }
            Question::Unseen => {
                Some(Evidence { source: Source::Fetch, outcome: Outcome::Unknown(UnknownReason::Timeout) })
            }
        };
        let event = match evidence {
            Some(evidence) => match judge(&dispute, &evidence, &now()) {
                Judgement::Change(event) => Some(event),
                Judgement::Nothing => None,
            },
            None => decided(&dispute, question),
        };
        let moved = event.map(|event| {
            let mut after = dispute.clone();
            apply(&mut after, &event);
            Moved { to: self.number(after), fact: event.fact.name() }
        });
        self.moves.insert((row, question), moved);
        moved
    }

    /// The number of a dispute's normal form. That its payment is told is another matter, and so is how often it was
    /// looked at. What is due soon is due: whoever took it may still be at work. It is no row that was made just now.
    fn number(&mut self, mut dispute: Dispute) -> RowId {
        (dispute.version, dispute.rounds, dispute.updated_at, dispute.created_at) = (2, 0, NOW, NOW);
        (dispute.mode, dispute.is_told) = (Mode::Test, true);
        dispute.due = dispute.due.map(|due| if due.since(NOW) <= Limits::NEAR { NOW } else { NOW.plus(LATER) });
        dispute.acts.iter_mut().for_each(|act| (act.started_at, act.sent_at) = (NOW, NOW));
        if let Some(review) = &mut dispute.attention {
            review.since = NOW;
        }
        let text = format!("{dispute:?}");
        if let Some(known) = self.ids.get(&text) {
            return *known;
        }
        let row = RowId(u16::try_from(self.disputes.len()).expect("far fewer rows"));
        self.facts.push(facts(&dispute));
        self.disputes.push(dispute);
        self.ids.insert(text, row);
        row
    }
}

fn decided(dispute: &Dispute, question: Question) -> Option<domain::dispute::Event> {
    let mut dispute = dispute.clone();
    let command = match question {
        Question::Act(kind) => wish(u8::try_from(dispute.acts.len() + 1).expect("few"), kind, "same"),
        Question::Notice => Command::Notice,
        Question::SendAgain => {
            // What was sent has arrived by now, or never will.
            dispute.acts.iter_mut().for_each(|act| act.sent_at = Timestamp::from_unix_ms(0));
            Command::SendAgain
        }
        Question::Claim | Question::Answered(..) | Question::Fetched(_) | Question::Unseen => {
            // Time goes by until it is due.
            dispute.due = dispute.due.map(|_| NOW);
            Command::Claim
        }
    };
    match decide(&dispute, &command, &now()) {
        Ok(Decision::Execute(event)) => Some(event),
        Ok(Decision::AlreadyApplied | Decision::Nothing) | Err(_) => None,
    }
}

/// The answer of this number, given with this body.
fn wish(number: u8, kind: Kind, body: &str) -> Command {
    let request = Request { key: key(&format!("answer-{number}")), hash: RequestHash::of([("body", body)]) };
    let papers = BTreeMap::from([(Paper::Explanation, format!("It was delivered, says answer {number}."))]);
    match kind {
        Kind::Submits => Command::Submit { request, papers: Some(KeptPapers::clear(&Papers::parse(papers).unwrap())) },
        Kind::Accepts => Command::Accept(request),
    }
}

fn outcome(dispute: &Dispute, answer: Answer) -> Outcome {
    let known = dispute.known.as_ref().expect("somebody has looked");
    match answer {
        Answer::Shown(shown) => Outcome::Dispute(Box::new(Snapshot {
            reference: dispute.id.reference().clone(),
            mode: None,
            behind: Behind::Payment { id: dispute.payment().expect("it is linked").clone(), object: None },
            charge: known.charge.clone(),
            amount: Some(known.amount),
            reason: Reason::NotReceived,
            gateway_reason: known.gateway_reason.clone(),
            stage: Some(Stage::ALL[usize::from(shown.stage) + 1]),
            status: SnapshotStatus::Known(shown.status),
            ways: Ways::usual(Stage::ALL[usize::from(shown.stage) + 1], shown.status),
            due_by: None,
            submissions: Some(u32::from(shown.count)),
        })),
        Answer::Taken => Outcome::Taken,
        Answer::Refused => Outcome::Refused { code: "dispute_closed".to_owned() },
        Answer::Failure => Outcome::Unknown(UnknownReason::ServerError),
        Answer::Silence => Outcome::Unknown(UnknownReason::Timeout),
    }
}

fn facts(dispute: &Dispute) -> Facts {
    let (mut told, mut kinds) = ([Told::Nothing; ACTS], [Kind::Submits; ACTS]);
    for (number, act) in (1..).zip(&dispute.acts) {
        told[place(number)] = match act.progress {
            ActProgress::Unanswered => Told::Unanswered,
            ActProgress::Answered { .. } | ActProgress::Taken => Told::Answered,
            ActProgress::Done => Told::Done,
            ActProgress::Refused { .. } => Told::Refused,
            ActProgress::Overtaken => Told::Overtaken,
        };
        kinds[place(number)] = if act.kind == ActKind::Accept { Kind::Accepts } else { Kind::Submits };
    }
    let standing = dispute.standing();
    let stage = standing.and_then(|standing| Stage::ALL.iter().position(|stage| *stage == standing.stage));
    Facts {
        asked: u8::try_from(dispute.acts.len()).expect("few"),
        kinds,
        told,
        stage: stage.and_then(|stage| u8::try_from(stage.saturating_sub(1)).ok()).unwrap_or(0),
        status: standing.map(|standing| standing.status),
        is_marked: dispute.attention.is_some(),
        is_due: dispute.due.is_some(),
        is_due_now: dispute.due == Some(NOW),
        flaw: flaw(dispute, &kinds),
    }
}

/// What no row may be, whatever stands in the gateway's books.
fn flaw(dispute: &Dispute, kinds: &[Kind; ACTS]) -> Option<&'static str> {
    let is_over = dispute.standing().is_some_and(|standing| standing.status.is_over());
    let is_open = |act: &domain::dispute::Act| act.is_open();
    let is_known = |number: u8| {
        let kind = kinds[place(number)];
        decide(dispute, &wish(number, kind, "same"), &now()) == Ok(Decision::AlreadyApplied)
            && decide(dispute, &wish(number, kind, "other"), &now()) == Err(Rejection::IdempotencyKeyReused)
    };
    let (_, earlier) = dispute.acts.split_last().unzip();
    if dispute.due.is_none() && (!is_over || dispute.open_act().is_some()) {
        Some("P7: nobody will look at a dispute that is not over")
    } else if earlier.into_iter().flatten().any(is_open) {
        Some("P5: two answers are open at the same time")
    } else if !(1..).take(dispute.acts.len()).all(is_known) {
        Some("P5: an answer that is given again has an effect, or is not known again")
    } else {
        None
    }
}
