//! Protocols that are nearly right. Each is a lie that the model tells the real `judge` (about the source of what it
//! shows, or the age of a key), or one step of the flow left out or done otherwise. Shipped code has no such switch.
//! A search that cannot find what each of them breaks would prove nothing.

use domain::{gateway::Hand, id::AttemptNumber, payment::Source};

use super::{
    gateway::Books,
    rows::Facts,
    state::{Answer, Clock, Status, Why},
};

/// One thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// E3: an event's `payment_failed` closes whatever attempt is open.
    EventTakenAsDecline,
    /// E3: an event's `requires_payment_method` counts like a fetch.
    EventTakenAsFetch,
    /// E3: a fetch that was overtaken is weighed again as if it were new.
    OldSnapshotRedecided,
    /// E4: a replayed answer counts as the present state.
    ReplayTrusted,
    /// E4: a saved 5xx is not taken as an answer, so that its attempt is sent for ever.
    SavedFailureIsNoAnswer,
    /// E5: a fetched `requires_payment_method` with an error on the object is the decline of the open attempt.
    FetchTakenAsDecline,
    /// E5: a fetched `requires_payment_method` closes an attempt that nobody has answered.
    FetchClosesTheUnanswered,
    /// E5: a fetched `requires_payment_method` never closes an attempt, it is only ever sent again.
    AlwaysSentAgain,
    /// E5: a fetched `requires_payment_method` closes an attempt as soon as nobody sends it again, though what was sent
    /// last may still arrive.
    FetchClosesWhatMayArrive,
    /// E5: under a dead key an attempt is closed whatever the object says.
    DeadKeyClosesBlindly,
    /// E6: an answer closes whatever attempt is open.
    AnswerClosesALaterAttempt,
    /// E9: an attempt is sent again under a dead key.
    SentAgainUnderADeadKey,
    /// A late answer counts as the present state.
    LateAnswerTrusted,
    /// A timeout is a failure.
    TimeoutMeansFailed,
    /// A refusal does not say which object stood in its way.
    RefusalHidesItsObject,
    /// Expiry ends the row without seeing the object canceled.
    ExpiredWithoutCancel,
    /// A cancel is asked for before it is written down.
    CancelWithoutAnAct,
    /// The table has no way from `processing` to `canceled`.
    NoWayFromProcessingToCanceled,
    /// A write is not conditional on the version.
    NoVersionCheck,
    /// A webhook that proves nothing is answered 2xx, and nobody is told to look.
    HintDropped,
    /// Nobody looks at a row that waits for its payer.
    NobodyLooksAtTheWaiting,
}

/// Evidence as it is shown to `judge`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Testimony {
    pub(crate) source: Source,
    pub(crate) answer: Answer,
    pub(crate) clock: Clock,
}

impl Wrong {
    /// What this protocol makes of evidence about `row`.
    pub(crate) fn distort(self, told: Testimony, row: &Facts, books: &Books) -> Testimony {
        let open = row.open.and_then(|(number, answered)| {
            AttemptNumber::try_new(u32::from(number)).ok().map(|number| (number, answered))
        });
        let own = |hand| open.map_or(told.source, |(number, _)| Source::Attempt(number, hand));
        let is_unanswered = open.is_some_and(|(_, answered)| !answered);
        let declined = Answer::Declined(Why::Vague);
        let fetched_nothing = told.source == Source::Fetch && told.answer == Answer::Shown(Status::AwaitsMethod);
        let passing = matches!(told.answer, Answer::Shown(Status::AwaitsPayer | Status::Pending));
        match (self, told.source, told.answer) {
            (Self::EventTakenAsDecline, Source::Event { .. }, Answer::Declined(_)) => {
                Testimony { source: own(Hand::First), ..told }
            }
            (Self::EventTakenAsFetch, Source::Event { .. }, Answer::Declined(_)) => {
                Testimony { source: Source::Fetch, answer: Answer::Shown(Status::AwaitsMethod), ..told }
            }
            (Self::ReplayTrusted, Source::Attempt(number, Hand::Replayed), _) => {
                Testimony { source: Source::Attempt(number, Hand::First), ..told }
            }
            (Self::SavedFailureIsNoAnswer, Source::Attempt(number, Hand::Replayed), Answer::Failure) => {
                Testimony { source: Source::Attempt(number, Hand::First), ..told }
            }
            (Self::FetchTakenAsDecline, ..) if fetched_nothing && is_unanswered && books.has_declined() => {
                Testimony { source: own(Hand::First), answer: declined, ..told }
            }
            (Self::FetchClosesTheUnanswered, ..) if fetched_nothing => Testimony {
                clock: Clock { old_attempts: row.attempts, dead_attempts: row.attempts, ..told.clock },
                ..told
            },
            (Self::FetchClosesWhatMayArrive, ..) if fetched_nothing => {
                Testimony { clock: Clock { dead_attempts: told.clock.old_attempts, ..told.clock }, ..told }
            }
            (Self::DeadKeyClosesBlindly, Source::Fetch, _) if passing && is_unanswered => {
                Testimony { answer: Answer::Shown(Status::AwaitsMethod), ..told }
            }
            (Self::AnswerClosesALaterAttempt, Source::Attempt(_, hand), _) => Testimony { source: own(hand), ..told },
            (Self::LateAnswerTrusted, Source::Attempt(number, Hand::First), _)
                if passing && open == Some((number, true)) =>
            {
                Testimony { source: Source::Fetch, ..told }
            }
            (Self::TimeoutMeansFailed, Source::Attempt(..), Answer::Silence) => Testimony { answer: declined, ..told },
            (Self::RefusalHidesItsObject, _, Answer::InTheWay(Status::Pending | Status::AwaitsPayer)) => {
                Testimony { answer: Answer::Refused, ..told }
            }
            _ => told,
        }
    }

    /// Whether what an event says that is not final makes a difference to it.
    pub(crate) const fn believes_events(self) -> bool {
        matches!(self, Self::EventTakenAsDecline | Self::EventTakenAsFetch | Self::FetchTakenAsDecline)
    }

    /// Whether it writes over whatever stands.
    pub(crate) const fn ignores_versions(self) -> bool {
        matches!(self, Self::NoVersionCheck)
    }

    /// Whether this protocol does not do what the evidence says.
    pub(crate) fn drops(self, fact: &str, row: &Facts) -> bool {
        use super::rows::Stage::{GatewayPending, OutcomeUnknown, Scheduled};
        let is_processing = matches!(row.stage, OutcomeUnknown | GatewayPending | Scheduled);
        (self == Self::AlwaysSentAgain && fact == "attempt_not_charged")
            || (self == Self::HintDropped && fact == "look_asked")
            || (self == Self::NoWayFromProcessingToCanceled
                && is_processing
                && matches!(fact, "canceled" | "expired" | "failed"))
    }
}
