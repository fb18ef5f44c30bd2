//! The merchant's own servers: they hear of events, and answer as a test says.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::{
    time::Timestamp,
    timeline::EventId,
    webhook::{Answer, EndpointId},
};
use flow::ports::{
    Dependency, Error,
    webhook::{SendWebhook, Sending},
};

use crate::turns;

/// All of the merchant's servers.
#[derive(Debug, Default)]
pub struct Merchant(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// How each endpoint answers next; what comes after that, it takes.
    scripts: BTreeMap<EndpointId, VecDeque<Answer>>,
    /// How each endpoint answers when its script is over.
    usually: BTreeMap<EndpointId, Answer>,
    heard: Vec<Heard>,
    keys_are_lost: bool,
}

/// What an endpoint has heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Which endpoint.
    pub endpoint: EndpointId,
    /// Where it was called.
    pub url: String,
    /// What it was told.
    pub event: EventId,
    /// In which bytes.
    pub body: Vec<u8>,
    /// Which generations of its secret have signed.
    pub signed_by: Vec<u32>,
    /// When.
    pub at: Timestamp,
    /// What it answered. Whether that came back is another matter.
    pub answered: Answer,
}

/// An answer with this HTTP status.
#[must_use]
pub const fn status(status: u16) -> Answer {
    Answer::Answered { status, retry_after: None }
}

impl Merchant {
    /// Says how an endpoint answers next. What comes after that goes as usual.
    pub fn answers(&self, endpoint: &EndpointId, answers: impl IntoIterator<Item = Answer>) {
        self.inner().scripts.entry(endpoint.clone()).or_default().extend(answers);
    }

    /// Says how an endpoint answers from now on.
    pub fn usually_answers(&self, endpoint: &EndpointId, answer: Answer) {
        self.inner().usually.insert(endpoint.clone(), answer);
    }

    /// From now on the key that signs cannot be had, or can be again.
    pub fn lose_keys(&self, lost: bool) {
        self.inner().keys_are_lost = lost;
    }

    /// All that was heard, in its order.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.inner().heard.clone()
    }

    /// What was heard after the first `known`, in its order.
    #[must_use]
    pub fn heard_after(&self, known: usize) -> Vec<Heard> {
        self.inner().heard.get(known..).unwrap_or_default().to_vec()
    }

    /// An endpoint hears of an event, and has this to answer, whatever becomes of its answer.
    pub fn hears(&self, sending: &Sending<'_>, answer: &Answer) {
        self.inner().hears(sending, answer);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn hears(&mut self, sending: &Sending<'_>, answer: &Answer) {
        self.heard.push(Heard {
            endpoint: sending.endpoint.clone(),
            url: sending.url.as_str().to_owned(),
            event: sending.event.id.clone(),
            body: sending.event.body.clone(),
            signed_by: sending.generations.iter().map(|generation| generation.get()).collect(),
            at: sending.sent_at,
            answered: answer.clone(),
        });
    }
}

impl SendWebhook for Merchant {
    async fn send(&self, sending: &Sending<'_>) -> Result<Answer, Error> {
        turns::pass().await;
        let answer = {
            let mut inner = self.inner();
            if inner.keys_are_lost {
                return Err(Error::Unavailable { dependency: Dependency::Secrets, detail: "injected".to_owned() });
            }
            let scripted = inner.scripts.get_mut(sending.endpoint).and_then(VecDeque::pop_front);
            let usual = inner.usually.get(sending.endpoint).cloned().unwrap_or_else(|| status(200));
            let answer = scripted.unwrap_or(usual);
            // What we refuse to send is not heard.
            if !matches!(answer, Answer::Refused { .. }) {
                inner.hears(sending, &answer);
            }
            answer
        };
        turns::pass().await;
        Ok(answer)
    }
}
