//! What a change rests on: the kind of evidence, and the request of ours that it answers, by the gateway's own name for it. Whoever
//! asks a gateway's support what it did must be able to say of which request.
//!
//! Must never: decide anything. What evidence is worth is weighed by what it says and how we came by it.

/// How we came by what a change rests on, for people to read: one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvidenceKind {
    /// The answer to our own request. If it came to nothing known, or never came, it is what was waited for.
    Answer,
    /// The same, where the request had been sent before: the gateway repeated its answer, or may have served the first sending.
    ReplayedAnswer,
    /// A look at the object.
    Fetch,
    /// A look at all refunds of the object.
    List,
    /// An event that the gateway sent.
    Event,
    /// What a dispute's own row says. Its timeline tells on what that rests.
    Dispute,
    /// What an early fraud warning's own row says. Its timeline tells on what that rests.
    Warning,
}

impl EvidenceKind {
    /// The word for it in rows, logs and timelines.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::ReplayedAnswer => "replayed_answer",
            Self::Fetch => "fetch",
            Self::List => "list",
            Self::Event => "event",
            Self::Dispute => "dispute",
            Self::Warning => "warning",
        }
    }
}

/// A gateway's own name for one request of ours, such as `req_hJ4x…`: what its support asks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// Stripe's are 18 characters, PayPal's 13. What is so long that a row would feel it is none.
    pub const MAX_LENGTH: usize = 100;

    /// The name, if it is one: visible ASCII within its bound. Nothing hangs on it, so anything else is dropped and no error.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let is_one = (1..=Self::MAX_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_one.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Something that a gateway told, and the request of ours that it told it to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traced<T> {
    /// What it told.
    pub answer: T,
    /// The gateway's name for the request. None if there was no response, or it bore no name; and none of what no request has
    /// asked for.
    pub request_id: Option<RequestId>,
}

impl<T> Traced<T> {
    /// What was told to no request that has a name.
    pub const fn untraced(answer: T) -> Self {
        Self { answer, request_id: None }
    }

    /// What is made of what was told: it was told to the same request.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Traced<U> {
        Traced { answer: make(self.answer), request_id: self.request_id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dispute,
        gateway::{Hand, RefundOutcome, UnknownReason},
        id::{AttemptNumber, IdempotencyKey, RefundId, TransactionId},
        payment::{RefundEvidence, Source},
        warning,
    };

    #[test]
    fn the_names_that_gateways_give_requests_are_taken_as_they_are() {
        for name in ["req_hJ4xPz0aBcDeFg", "f0b1c2d3e4f5a", "~!", &"x".repeat(RequestId::MAX_LENGTH)] {
            assert_eq!(RequestId::of(name).as_ref().map(RequestId::as_str), Some(name));
        }
    }

    #[test]
    fn what_is_no_name_is_dropped() {
        for odd in ["", " ", "req 1", "req_1\n", "req_\u{e9}", "req_\u{7f}", &"x".repeat(RequestId::MAX_LENGTH + 1)] {
            assert_eq!(RequestId::of(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn what_is_made_of_an_answer_was_told_to_the_same_request() {
        let request_id = RequestId::of("req_1");
        let told = Traced { answer: 20, request_id: request_id.clone() };
        assert_eq!(told.map(|told| told + 1), Traced { answer: 21, request_id });
        assert_eq!(Traced::untraced(20).map(|told| told + 1).request_id, None);
    }

    #[test]
    fn how_we_came_by_what_is_said_of_a_payment_or_a_dispute_has_one_word() {
        let (first, replayed) = (Hand::First, Hand::Replayed);
        for (source, kind) in [
            (Source::Attempt(AttemptNumber::FIRST, first), EvidenceKind::Answer),
            (Source::Attempt(AttemptNumber::FIRST, replayed), EvidenceKind::ReplayedAnswer),
            (Source::Act(1, first), EvidenceKind::Answer),
            (Source::Act(1, replayed), EvidenceKind::ReplayedAnswer),
            (Source::Fetch, EvidenceKind::Fetch),
            (Source::Event { cause: None }, EvidenceKind::Event),
            (Source::Event { cause: Some(AttemptNumber::FIRST) }, EvidenceKind::Event),
        ] {
            assert_eq!(source.kind(), kind, "{source:?}");
        }
        assert_eq!(dispute::Source::Fetch.kind(), EvidenceKind::Fetch);
        assert_eq!(dispute::Source::Act(1, first).kind(), EvidenceKind::Answer);
        assert_eq!(dispute::Source::Act(1, replayed).kind(), EvidenceKind::ReplayedAnswer);
    }

    #[test]
    fn how_we_came_by_what_is_said_of_refunds_has_one_word_whatever_it_says() {
        let key = IdempotencyKey::parse("k").unwrap();
        let id = RefundId::derive("merchant", &TransactionId::derive("merchant", "initiate", &key), &key);
        let outcome = RefundOutcome::Unknown(UnknownReason::ServerError);
        let answered = |hand| RefundEvidence::Answered { id: id.clone(), hand, outcome: outcome.clone() };
        for (evidence, kind) in [
            (answered(Hand::First), EvidenceKind::Answer),
            (answered(Hand::Replayed), EvidenceKind::ReplayedAnswer),
            (RefundEvidence::Listed(Vec::new()), EvidenceKind::List),
            (RefundEvidence::Absent { id: id.clone() }, EvidenceKind::List),
            (RefundEvidence::Unseen(UnknownReason::Timeout), EvidenceKind::List),
            (RefundEvidence::Seen(Vec::new()), EvidenceKind::Event),
            (RefundEvidence::Hinted, EvidenceKind::Event),
        ] {
            assert_eq!(evidence.kind(), kind, "{evidence:?}");
        }
    }

    #[test]
    fn a_command_rests_on_nothing_but_what_an_event_has_asked_for() {
        assert_eq!(dispute::Command::Notice.grounds(), Some(EvidenceKind::Event));
        for wanted in [dispute::Command::Claim, dispute::Command::SendAgain, dispute::Command::Remind] {
            assert_eq!(wanted.grounds(), None, "{wanted:?}");
        }
        assert_eq!(warning::Command::Notice.grounds(), Some(EvidenceKind::Event));
        assert_eq!(warning::Command::Claim.grounds(), None);
    }

    #[test]
    fn each_kind_of_evidence_has_a_word_of_its_own() {
        let kinds = [
            EvidenceKind::Answer,
            EvidenceKind::ReplayedAnswer,
            EvidenceKind::Fetch,
            EvidenceKind::List,
            EvidenceKind::Event,
            EvidenceKind::Dispute,
            EvidenceKind::Warning,
        ];
        let words = ["answer", "replayed_answer", "fetch", "list", "event", "dispute", "warning"];
        assert_eq!(kinds.map(EvidenceKind::name), words);
    }
}
