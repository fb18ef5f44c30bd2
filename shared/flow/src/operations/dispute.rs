//! `dispute`: what a merchant sees of its disputes, and what it answers.
//!
//! An answer is carried out like every other request, by the row:
//!
//! | step | a crash after it leaves |
//! |---|---|
//! | 1. load, decide, commit the act with its papers | a row whose `due` has it sent later, or seen to have been sent |
//! | 2. ask the gateway, commit what came of it; if that is a refusal which may be of a second copy, look | the same; the dispute itself is the fence against a second answer |
//! | 3. nudge: the payment's row must learn of it, and what nobody knows must be looked at | the same; the sweep comes |
//!
//! Papers that are only put by go into the row and to nobody else. The payment's row is `retry`'s to write.
//!
//! They are sealed before anything is written, with the payer's key, and opened where they are shown or sent: what is sent is what the
//! row says. Of a payer who was erased nothing can be sent any more; then an act that is open ends as refused (`evidence_erased`).

use std::time::Duration;

use domain::{
    dispute::{
        ActKind, ActProgress, Answer, Command, Decision, Dispute, DisputeId, Evidence, KeptPapers, Outcome, Paper,
        Papers, Rejection, Request, Source, Status, decide,
    },
    gateway::{Hand, Traced, UnknownReason},
    id::RowId,
    pause::Paused,
    personal::{Field, Kept, Opened, PersonId, Place as Spot},
};

use crate::{
    commit::dispute::{Committed, ExecuteError, Executed, Recorded, execute, record},
    ports::{
        Actor, Error, Host, LoadPayment, Note, Nudge,
        dispute::{DisputeGateway, ListDisputes, LoadDispute, PapersRefusal, Place, ReplaceDispute},
        pause::LoadPauses,
        personal::{Open, Seal},
    },
    steps::{GATEWAY_TIME_MIN, paused},
};

/// Pages that one request reads at most of each status: rows that have moved on since the index caught up are passed over.
const PAGES_MAX: u32 = 3;

/// The code of a submission whose papers nobody can read any more.
const EVIDENCE_ERASED: &str = "evidence_erased";
/// The same of papers that are not what was sealed.
const EVIDENCE_UNREADABLE: &str = "evidence_unreadable";

/// What a client wants to bring forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Put these papers by.
    Draft(Papers),
    /// Submit, for good: these, or what was put by.
    Submit(Option<Papers>),
}

/// A client's request about a dispute.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// About which.
    pub id: &'a DisputeId,
    /// Its key, and its hash.
    pub request: &'a Request,
    /// Who asks.
    pub actor: &'a Actor,
}

/// What became of a client's request.
#[derive(Debug)]
pub enum Requested {
    /// It was carried out, now.
    Done(Dispute),
    /// It had been carried out before.
    Replayed(Dispute),
}

/// Why a client's request was not carried out. The gateway was not asked.
#[derive(Debug, thiserror::Error)]
pub enum DisputeError {
    /// There is no such dispute.
    #[error("there is no such dispute")]
    NotFound,
    /// The gateway does not take these papers.
    #[error("papers refused")]
    PapersRefused(PapersRefusal),
    /// It may not be done as the dispute stands.
    #[error("refused")]
    Rejected(Rejection, Box<Dispute>),
    /// The merchant has paused it. Nothing was written down.
    #[error("paused")]
    Paused(Paused),
    /// Something outside failed.
    #[error("failed")]
    Failed(#[from] Error),
}

impl From<ExecuteError> for DisputeError {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Rejected(rejection, dispute) => Self::Rejected(rejection, dispute),
            ExecuteError::Failed(error) => Self::Failed(error),
        }
    }
}

/// Reads a dispute.
///
/// # Errors
/// If there is none, or the store fails.
pub async fn dispute<S: LoadDispute>(store: &S, id: &DisputeId) -> Result<Dispute, DisputeError> {
    store.load_dispute(id).await?.ok_or(DisputeError::NotFound)
}

/// Which disputes are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Those that stand in one of these ways.
    pub statuses: Vec<Status>,
    /// Only those after this place.
    pub after: Option<Place>,
    /// How many at most.
    pub limit: usize,
}

/// Some of the disputes that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// They, the nearest deadline first.
    pub disputes: Vec<Dispute>,
    /// Where to go on, if there may be more.
    pub next: Option<Place>,
    /// Rows that could not be read and were passed over.
    pub unreadable: usize,
}

/// Lists disputes, the nearest deadline first.
///
/// # Errors
/// If the store fails.
pub async fn disputes<S: ListDisputes>(store: &S, wanted: &Wanted) -> Result<Listed, Error> {
    let mut listed = Listed::default();
    // Up to where every status has been read to its end: beyond it, something may be missing.
    let mut horizon: Option<Place> = None;
    for status in &wanted.statuses {
        let (found, reached) = of_status(store, *status, wanted, &mut listed.unreadable).await?;
        listed.disputes.extend(found);
        horizon = match (horizon, reached) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
    listed.disputes.retain(|dispute| horizon.as_ref().is_none_or(|horizon| Place::of(dispute) <= *horizon));
    listed.disputes.sort_by_cached_key(Place::of);
    if listed.disputes.len() > wanted.limit {
        listed.disputes.truncate(wanted.limit);
        horizon = listed.disputes.last().map(Place::of);
    }
    listed.next = horizon;
    Ok(listed)
}

/// The disputes of one status, and how far they were read, if there may be more.
async fn of_status<S: ListDisputes>(
    store: &S,
    status: Status,
    wanted: &Wanted,
    unreadable: &mut usize,
) -> Result<(Vec<Dispute>, Option<Place>), Error> {
    let limit = u32::try_from(wanted.limit).unwrap_or(u32::MAX);
    let (mut found, mut reached) = (Vec::new(), wanted.after.clone());
    for _ in 0..PAGES_MAX {
        let page = store.list_disputes(status, reached.as_ref(), limit).await?;
        *unreadable = unreadable.saturating_add(page.unreadable);
        found.extend(page.disputes.into_iter().filter(|dispute| dispute.listed_as() == Some(status)));
        reached = page.next;
        if reached.is_none() || found.len() >= wanted.limit {
            break;
        }
    }
    Ok((found, reached))
}

/// The papers of a dispute, in clear: none of a payer who was erased.
///
/// # Errors
/// If the keys cannot be had, or do not open what is kept.
pub async fn papers<H: Host, S: LoadPayment, P: Open>(
    host: &H,
    store: &S,
    people: &P,
    dispute: &Dispute,
) -> Result<Opened<Papers>, Error> {
    let texts: Vec<(Spot, &Kept)> =
        dispute.papers.iter().map(|(paper, kept)| (spot(&dispute.id, paper), kept)).collect();
    if texts.is_empty() {
        return Ok(Opened::Readable(Papers::nothing()));
    }
    let person = match dispute.papers.person() {
        // The first release kept them in clear, without a name.
        None => payer(store, dispute).await?,
        // Put by before anybody knew whose payment it was, they go with its payer too.
        Some(own) if own == own_person(dispute) => {
            let payer = payer(store, dispute).await?;
            if payer != own && people.is_erased(&payer).await? {
                return Ok(Opened::Erased);
            }
            own
        }
        Some(person) => person,
    };
    let opened = match people.open_texts(host, &person, &texts).await? {
        Opened::Readable(opened) => opened,
        Opened::Erased => return Ok(Opened::Erased),
    };
    let papers = dispute.papers.iter().map(|(paper, _)| paper).zip(opened).collect();
    let readable = Papers::parse(papers);
    readable.map(Opened::Readable).map_err(|(_, why)| Error::Unreadable { detail: format!("a paper {why}") })
}

/// Puts papers by, or gives them to the gateway.
///
/// # Errors
/// If the gateway was not asked. Once it was asked there is always a dispute to answer with.
pub async fn evidence<H, S, G, N, P>(
    host: &H,
    store: &S,
    gateway: &G,
    nudges: &N,
    people: &P,
    asked: Asked<'_>,
    wish: Wish,
) -> Result<Requested, DisputeError>
where
    H: Host,
    S: LoadDispute + ReplaceDispute + LoadPayment + LoadPauses,
    G: DisputeGateway,
    N: Nudge,
    P: Seal + Open,
{
    let dispute = dispute(store, asked.id).await?;
    let request = asked.request.clone();
    if let Some(stored) = dispute.act_of(&request.key) {
        // It tells what came of it, whatever became of the papers.
        let is_same = stored.request_hash == request.hash;
        return if is_same {
            Ok(Requested::Replayed(dispute))
        } else {
            Err(DisputeError::Rejected(Rejection::IdempotencyKeyReused, Box::new(dispute)))
        };
    }
    let (given, is_final) = match wish {
        Wish::Draft(papers) => (Some(papers), false),
        Wish::Submit(papers) => (papers, true),
    };
    let put_by = match &given {
        Some(papers) => Opened::Readable(papers.clone()),
        None => papers(host, store, people, &dispute).await?,
    };
    let Opened::Readable(brought) = put_by else {
        return Err(DisputeError::Rejected(Rejection::NothingToSubmit, Box::new(dispute)));
    };
    gateway.accepts_papers(asked.id, &brought).map_err(DisputeError::PapersRefused)?;
    let kept = match given {
        Some(papers) => Some(sealed(host, store, people, &dispute, &papers, asked.actor).await?),
        None => None,
    };
    let command = match (is_final, kept) {
        (false, kept) => Command::Draft { request, papers: kept.unwrap_or_default() },
        (true, papers) => Command::Submit { request, papers },
    };
    answer(host, store, gateway, nudges, people, dispute, &command, asked.actor).await
}

/// The papers as the row will keep them: under the key of the payment's payer, or where there is none, one of the dispute's own.
async fn sealed<H: Host, S: LoadPayment, P: Seal>(
    host: &H,
    store: &S,
    people: &P,
    dispute: &Dispute,
    papers: &Papers,
    actor: &Actor,
) -> Result<KeptPapers, Error> {
    let person = payer(store, dispute).await?;
    let texts: Vec<(Spot, &str)> = papers.iter().map(|(paper, text)| (spot(&dispute.id, paper), text)).collect();
    let sealed = people.seal_texts(host, &person, &texts, actor).await?;
    Ok(KeptPapers::sealed(person, papers.iter().map(|(paper, _)| paper).zip(sealed)))
}

/// Who paid what is disputed; where nobody knows, a person of the dispute's own.
async fn payer<S: LoadPayment>(store: &S, dispute: &Dispute) -> Result<PersonId, Error> {
    let Some(id) = dispute.payment() else { return Ok(own_person(dispute)) };
    let customer = store.load(id).await?.and_then(|payment| payment.terms.customer);
    Ok(customer.map_or_else(|| PersonId::of_payment(id), |customer| customer.person))
}

fn own_person(dispute: &Dispute) -> PersonId {
    PersonId::of_row(&dispute.id.clone().into())
}

fn spot(id: &DisputeId, paper: Paper) -> Spot {
    Spot { row: id.clone().into(), field: Field::Paper(paper) }
}

/// Gives in.
///
/// # Errors
/// If the gateway was not asked. Once it was asked there is always a dispute to answer with.
pub async fn accept<H, S, G, N, P>(
    host: &H,
    store: &S,
    gateway: &G,
    nudges: &N,
    people: &P,
    asked: Asked<'_>,
) -> Result<Requested, DisputeError>
where
    H: Host,
    S: LoadDispute + ReplaceDispute + LoadPayment + LoadPauses,
    G: DisputeGateway,
    N: Nudge,
    P: Open,
{
    let dispute = dispute(store, asked.id).await?;
    let command = Command::Accept(asked.request.clone());
    answer(host, store, gateway, nudges, people, dispute, &command, asked.actor).await
}

async fn answer<H, S, G, N, P>(
    host: &H,
    store: &S,
    gateway: &G,
    nudges: &N,
    people: &P,
    dispute: Dispute,
    command: &Command,
    actor: &Actor,
) -> Result<Requested, DisputeError>
where
    H: Host,
    S: ReplaceDispute + LoadPayment + LoadPauses,
    G: DisputeGateway,
    N: Nudge,
    P: Open,
{
    if host.gateway_budget() < GATEWAY_TIME_MIN {
        // Better to be asked again than to leave a request that somebody else must finish.
        return Err(DisputeError::Failed(Error::OutOfTime));
    }
    match decide(&dispute, command, &host.circumstances()) {
        Ok(Decision::Execute(_)) => {}
        Ok(Decision::AlreadyApplied | Decision::Nothing) => return Ok(Requested::Replayed(dispute)),
        Err(rejection) => return Err(DisputeError::Rejected(rejection, Box::new(dispute))),
    }
    if let Some(paused) = stopped(host, store, &dispute, command).await? {
        return Err(DisputeError::Paused(paused));
    }
    let committed = match execute(host, store, dispute, command, actor).await? {
        Executed::Committed(committed) => committed,
        Executed::AlreadyApplied(dispute) | Executed::Nothing(dispute) => return Ok(Requested::Replayed(dispute)),
    };
    if committed.dispute().open_act().is_none() {
        return Ok(Requested::Done(committed.into_dispute()));
    }
    let before = committed.dispute().clone();
    let dispute = match sent(host, store, gateway, people, &committed, actor).await {
        Ok(dispute) => dispute,
        Err(error) => {
            // The row as committed tells the truth: nobody knows. Its `due` takes over.
            host.note(Note::OutcomeNotRecorded(error));
            before
        }
    };
    let delay = if dispute.is_in_doubt() { host.limits().first_delay } else { Duration::ZERO };
    if (dispute.is_in_doubt() || dispute.owes_telling())
        && let Err(error) = nudges.nudge(&RowId::Dispute(dispute.id.clone()), delay).await
    {
        host.note(Note::NudgeLost(error));
    }
    Ok(Requested::Done(dispute))
}

/// Why this may not be done to a dispute now; none if it may. Papers that are only put by move nothing.
async fn stopped<H: Host, S: LoadPauses>(
    host: &H,
    store: &S,
    dispute: &Dispute,
    command: &Command,
) -> Result<Option<Paused>, Error> {
    if matches!(command, Command::Draft { .. }) {
        return Ok(None);
    }
    paused(host, store, dispute.id.gateway()).await
}

/// Sends the open act of a committed dispute for the first time. What the answer does not tell, the dispute itself does: whoever
/// was refused should know it now and not after the next sweep.
async fn sent<H: Host, S: ReplaceDispute + LoadPayment, G: DisputeGateway, P: Open>(
    host: &H,
    store: &S,
    gateway: &G,
    people: &P,
    committed: &Committed,
    actor: &Actor,
) -> Result<Dispute, Error> {
    let dispute = send(host, store, gateway, people, committed, Sending::First, actor).await?;
    let is_answered = dispute.open_act().is_some_and(|act| matches!(act.progress, ActProgress::Answered { .. }));
    let budget = host.gateway_budget();
    if !is_answered || budget < GATEWAY_TIME_MIN {
        return Ok(dispute);
    }
    let told = gateway.fetch_dispute(&dispute.id, budget).await;
    let evidence = told.map(|outcome| Evidence { source: Source::Fetch, outcome });
    let seen = record(host, store, dispute.clone(), evidence, actor).await;
    // That it was answered is written down already.
    Ok(seen.map_or(dispute, Recorded::into_dispute))
}

/// Whether an act's request may have been sent before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sending {
    /// It was written down a moment ago, by us.
    First,
    /// Somebody may have sent it, and may have been heard.
    Again,
}

/// Sends the open act of a committed dispute, and writes down what came of it.
pub(crate) async fn send<H: Host, S: ReplaceDispute + LoadPayment, G: DisputeGateway, P: Open>(
    host: &H,
    store: &S,
    gateway: &G,
    people: &P,
    committed: &Committed,
    sending: Sending,
    actor: &Actor,
) -> Result<Dispute, Error> {
    let dispute = committed.dispute();
    let told = match to_send(host, store, people, dispute).await {
        Ok(papers) => gateway.answer_dispute(committed, &papers, host.gateway_budget()).await,
        // What was sent before may have been served, and the dispute tells.
        Err(unsent) => Traced { answer: Answer { outcome: unsent.outcome(host), hand: Hand::First }, request_id: None },
    };
    let hand = match (sending, &told.answer.outcome) {
        // A request that is refused now says nothing about the same request that may have been served before.
        (Sending::Again, Outcome::Refused { .. }) => Hand::Replayed,
        (Sending::First | Sending::Again, _) => told.answer.hand,
    };
    let source = Source::Act(dispute.acts.len(), hand);
    let evidence = told.map(|answer| Evidence { source, outcome: answer.outcome });
    let recorded = record(host, store, dispute.clone(), evidence, actor).await?;
    Ok(recorded.into_dispute())
}

/// What the open act brings forward: nothing, where the merchant gives in.
async fn to_send<H: Host, S: LoadPayment, P: Open>(
    host: &H,
    store: &S,
    people: &P,
    dispute: &Dispute,
) -> Result<Papers, Unsent> {
    match dispute.open_act().map(|act| act.kind) {
        Some(ActKind::Submit { .. }) => match papers(host, store, people, dispute).await {
            Ok(Opened::Readable(papers)) => Ok(papers),
            Ok(Opened::Erased) => Err(Unsent::Erased),
            Err(error) => Err(Unsent::Failed(error)),
        },
        Some(ActKind::Accept | ActKind::Draft) | None => Ok(Papers::nothing()),
    }
}

/// Why nothing was sent this time.
enum Unsent {
    /// Its payer was erased.
    Erased,
    /// The papers could not be opened.
    Failed(Error),
}

impl Unsent {
    /// What that comes to. Whoever looks goes on with everything else: the payment is told, and the deadline is watched.
    fn outcome<H: Host>(self, host: &H) -> Outcome {
        let code = match self {
            Self::Erased => EVIDENCE_ERASED,
            Self::Failed(error) => {
                let is_lost = matches!(error, Error::Unreadable { .. });
                host.note(Note::PapersNotOpened(error));
                if !is_lost {
                    return Outcome::Unknown(UnknownReason::NotSent);
                }
                // Asking again does not help: the merchant must be able to bring it forward anew.
                EVIDENCE_UNREADABLE
            }
        };
        Outcome::Refused { code: code.to_owned() }
    }
}
