//! What may never be (P1, P2, P4, P5, P9), said of a row alone, of one move, and of a row beside the gateway's books.
//! Nothing here asks how the code came to it.

use domain::{
    gateway::Hand,
    id::RequestHash,
    payment::{
        ActProgress, AttemptProgress, AttemptSource, CancelRequest, CaptureRequest, Command, ConfirmRequest, Decision,
        Event, Evidence, Fact, Judgement, Payment, Rejection, Source, decide, judge,
    },
};

use super::{
    gateway::{Books, Cause, place},
    rows::{Asked, Facts, OpenAct, Question, Stage, Told, now, outcome, stage},
    state::{Answer, Status, Why},
};

/// What no row may be, whatever stands in the gateway's books.
pub(crate) fn flaw(payment: &Payment) -> Option<&'static str> {
    let open_acts = payment.acts.iter().filter(|act| act.progress == ActProgress::Open).count();
    let open_attempts = payment.attempts.iter().filter(|attempt| attempt.is_open()).count();
    if payment.due.is_none() != payment.state.is_terminal() {
        Some("P7: nobody will ever look at a row that is not at its end")
    } else if open_attempts > 1 || open_acts > 1 {
        Some("P1: two attempts or two acts are open")
    } else if payment.state.is_terminal() && (open_attempts > 0 || open_acts > 0) {
        Some("P9: something is open at the end")
    } else if payment.state.is_terminal() && !is_still(payment) {
        Some("P9: something moves a payment that is at its end")
    } else if believes_events(payment) {
        Some("E3: an event that proves nothing is believed")
    } else if !knows_its_requests(payment) {
        Some("P5: a request that is sent again has an effect, or is not known again")
    } else {
        None
    }
}

/// Whether nothing but the proof that money moved after all can move it.
fn is_still(payment: &Payment) -> bool {
    let answers = Status::ALL
        .into_iter()
        .filter(|status| *status != Status::Captured || stage(payment) == Stage::Succeeded)
        .flat_map(|status| [Answer::Shown(status), Answer::InTheWay(status)])
        .chain([Answer::Declined(Why::Vague), Answer::Refused, Answer::Failure, Answer::Silence]);
    let hands = [Hand::First, Hand::Replayed];
    let numbers = || payment.attempts.iter().map(|attempt| attempt.number);
    let own = numbers().flat_map(|number| hands.map(|hand| Source::Attempt(number, hand)));
    let acts = (1..=payment.acts.len()).flat_map(|act| hands.map(|hand| Source::Act(act, hand)));
    let events = numbers().map(Some).chain([None]).map(|cause| Source::Event { cause });
    let sources: Vec<Source> = own.chain(acts).chain(events).chain([Source::Fetch]).collect();
    let is_nothing = |source, answer| {
        let evidence = Evidence { source, outcome: outcome(payment, answer) };
        judge(payment, &evidence, &now()) == Judgement::Nothing
    };
    let mut pairs = answers.flat_map(|answer| sources.iter().map(move |source| (*source, answer)));
    let own_commands = [Command::Expire, Command::Reattempt, Command::Claim];
    pairs.all(|(source, answer)| is_nothing(source, answer))
        && own_commands.iter().all(|command| decide(payment, command, &now()) == Ok(Decision::Nothing))
}

/// Whether what an event says that is not final makes a difference; or the event of an answer that is on the row
/// already, or an old hold on a row that knows it, does anything. (`forgetting` relies on it, too.)
fn believes_events(payment: &Payment) -> bool {
    let judged = |cause, answer| {
        judge(payment, &Evidence { source: Source::Event { cause }, outcome: outcome(payment, answer) }, &now())
    };
    let passing = [Status::AwaitsMethod, Status::AwaitsPayer, Status::Pending].map(Answer::Shown);
    let declined = Answer::Declined(Why::Vague);
    let is_read = passing.into_iter().any(|answer| judged(None, answer) != judged(None, declined));
    let known = payment.attempts.iter().filter(|attempt| attempt.progress != AttemptProgress::Unanswered);
    let is_repeated = known.into_iter().any(|attempt| {
        let is_news = |answer| judged(Some(attempt.number), answer) != Judgement::Nothing;
        passing.into_iter().any(is_news) || (!attempt.is_open() && is_news(declined))
    });
    let is_held_again =
        stage(payment) == Stage::Held && judged(None, Answer::Shown(Status::Authorized)) != Judgement::Nothing;
    is_read || is_repeated || is_held_again
}

/// Whether each request that it was moved by is known again, and told from another with its key.
fn knows_its_requests(payment: &Payment) -> bool {
    let known = |command: &dyn Fn(RequestHash) -> Command, hash| {
        decide(payment, &command(hash), &now()) == Ok(Decision::AlreadyApplied)
            && decide(payment, &command(RequestHash::of([("another", "body")])), &now())
                == Err(Rejection::IdempotencyKeyReused)
    };
    let attempts = payment.attempts.iter().all(|attempt| match &attempt.source {
        AttemptSource::Automatic | AttemptSource::Gateway => true,
        AttemptSource::Api { key, request_hash, instrument, return_url, off_session, api_version } => {
            let confirm = |request_hash| {
                Command::Confirm(ConfirmRequest {
                    key: key.clone(),
                    request_hash,
                    instrument: instrument.clone(),
                    return_url: return_url.clone(),
                    off_session: *off_session,
                    api_version: api_version.clone(),
                })
            };
            known(&confirm, *request_hash)
        }
    });
    attempts
        && payment.acts.iter().filter_map(|act| act.request.as_ref().map(|request| (act, request))).all(
            |(act, (key, hash))| match act.ends_as() {
                None => {
                    let capture = |request_hash| {
                        Command::Capture(CaptureRequest { key: key.clone(), request_hash, amount: None })
                    };
                    known(&capture, *hash)
                }
                Some(_) => {
                    let cancel =
                        |request_hash| Command::Cancel(CancelRequest { key: key.clone(), request_hash, reason: None });
                    known(&cancel, *hash)
                }
            },
        )
}

/// The promise that one move breaks: P9, the table of DESIGN section 5, and no success after an end.
pub(crate) fn illegal_move(
    before: &Payment,
    after: &Payment,
    event: &Event,
    question: Question,
) -> Option<&'static str> {
    let (from, to) = (stage(before), stage(after));
    if matches!(event.fact, Fact::CapturedLate { .. }) {
        return Some("P4: the money moved after the payment had ended without it");
    }
    let legal = match question {
        Question::Ask(Asked::Confirm) => {
            matches!(from, Stage::AwaitsMethod | Stage::Scheduled) && to == Stage::OutcomeUnknown
        }
        Question::Ask(Asked::Reattempt) => from == Stage::Scheduled && to == Stage::OutcomeUnknown,
        Question::Ask(Asked::Capture | Asked::Cancel | Asked::Expire | Asked::Claim) => from == to,
        Question::Show(..) => match from {
            Stage::Succeeded | Stage::Ended(_) => from == to,
            Stage::Held => matches!(to, Stage::Held | Stage::Succeeded | Stage::Ended(_)),
            Stage::AwaitsMethod
            | Stage::OutcomeUnknown
            | Stage::GatewayPending
            | Stage::Scheduled
            | Stage::AwaitsPayer => to != Stage::OutcomeUnknown || from == to,
        },
    };
    // Nobody fails or schedules a payment whose payer can still choose.
    let scheduled_by_a_decline =
        to != Stage::Scheduled || from == Stage::Scheduled || matches!(event.fact, Fact::AttemptDeclined { .. });
    (!legal || !scheduled_by_a_decline).then_some("P9: the state moved where the table has no way")
}

/// The promise that a row breaks beside the gateway's books.
pub(crate) fn broken(row: &Facts, books: &Books) -> Option<&'static str> {
    if let Some(flaw) = row.flaw {
        return Some(flaw);
    }
    if books.charges > 1 {
        return Some("P1: two charges");
    }
    if books.has_served_twice {
        return Some("P5: one attempt was put to the bank twice");
    }
    claimed(row.stage, books).or_else(|| (1..=row.attempts).find_map(|number| untrue(row, books, number)))
}

/// What the state tells, and is not so.
fn claimed(stage: Stage, books: &Books) -> Option<&'static str> {
    match stage {
        Stage::Succeeded => {
            (books.status != Status::Captured).then_some("P2: succeeded, and the gateway has no charge")
        }
        Stage::Held => (books.charges == 0).then_some("P2: requires_capture, and the gateway holds nothing"),
        Stage::Ended(_) if books.status != Status::Canceled => {
            Some("P4: ended without money, and the gateway's object is not canceled")
        }
        Stage::Ended(ended) => books
            .canceled_as
            .is_some_and(|asked| asked != ended)
            .then_some("P4: it ended otherwise than the one wrote down who had it canceled"),
        Stage::AwaitsMethod | Stage::OutcomeUnknown | Stage::GatewayPending | Stage::Scheduled | Stage::AwaitsPayer => {
            None
        }
    }
}

/// What is told of an attempt of ours, and is not so.
fn untrue(row: &Facts, books: &Books, number: u8) -> Option<&'static str> {
    let holds_money = matches!(books.status, Status::Authorized | Status::Captured);
    let took_money = holds_money && books.cause == Some(Cause::Attempt(number));
    match row.told[place(number)] {
        Told::Declined | Told::NotCharged if took_money => {
            Some("P4: an attempt was told declined or not charged, and it took the money")
        }
        Told::Declined if !books.has_refused(number) => {
            Some("P4: an attempt was told declined, and the gateway never declined it")
        }
        Told::Nothing | Told::Charged | Told::Declined | Told::NotCharged => None,
    }
}

/// Whether the row says what the books say, and waits for nobody but its payer, its merchant, a bank or a date; or is
/// marked for a person (P7).
pub(crate) fn rests(row: &Facts, books: &Books) -> bool {
    let agrees = match row.stage {
        Stage::AwaitsMethod | Stage::Scheduled => books.status == Status::AwaitsMethod,
        Stage::OutcomeUnknown => false,
        Stage::GatewayPending => books.status == Status::Pending,
        Stage::AwaitsPayer => books.status == Status::AwaitsPayer,
        Stage::Held => books.status == Status::Authorized,
        Stage::Succeeded => books.status == Status::Captured,
        Stage::Ended(_) => books.status == Status::Canceled,
    };
    let is_answered = row.open.is_none_or(|(_, answered)| answered);
    let waits_for_a_bank = books.status == Status::Pending && matches!(row.open_act, Some(OpenAct::Close(_)));
    let has_asked = row.open_act.is_none() || waits_for_a_bank;
    agrees && is_answered && (has_asked || row.is_marked)
}
