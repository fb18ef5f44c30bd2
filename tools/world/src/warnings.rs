//! The gateway's twin for early fraud warnings: what banks say of charges, and answers that get lost on request.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    gateway::{Mode, Traced, UnknownReason},
    payment::Payment,
    text::{GatewayToken, Text},
    time::Timestamp,
    warning::{Known, Link, Outcome, Snapshot, WarningId},
};
use flow::ports::warning::WarningGateway;

use crate::{
    gateway::{SimGateway, request_id},
    turns,
};

/// The warnings of the gateway.
#[derive(Debug)]
pub struct SimWarnings(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    book: BTreeMap<WarningId, Snapshot>,
    lost: VecDeque<UnknownReason>,
    looks: usize,
}

/// The id of the `number`th warning.
///
/// # Panics
/// Never: a decimal number belongs into a token.
#[must_use]
pub fn id(number: u32) -> WarningId {
    must(WarningId::of(&must(GatewayToken::parse(&format!("issfr_{number}")))))
}

/// The object of `payment`, as whose charge's a warning is shown.
#[must_use]
pub fn about(payment: &Payment) -> Link {
    Link::Payment { id: payment.id.clone(), object: payment.object.clone() }
}

impl SimWarnings {
    /// None yet.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Inner { book: BTreeMap::new(), lost: VecDeque::new(), looks: 0 }))
    }

    /// A bank warns of a charge, or has changed its mind about whether there is still something to be done.
    ///
    /// # Panics
    /// Never: its parts are well-formed.
    pub fn say(&self, id: &WarningId, link: Link, is_actionable: bool, warned_at: Timestamp) {
        let snapshot = Snapshot {
            reference: must(GatewayToken::parse(id.reference())),
            mode: Mode::Test,
            link,
            known: Known { kind: must(Text::parse("made_with_stolen_card")), is_actionable, warned_at },
        };
        self.inner().book.insert(id.clone(), snapshot);
    }

    /// Says how the next looks go wrong. What comes after them goes well.
    pub fn lose(&self, answers: impl IntoIterator<Item = UnknownReason>) {
        self.inner().lost.extend(answers);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WarningGateway for SimGateway {
    async fn fetch_warning(&self, id: &WarningId, _: Duration) -> Traced<Outcome> {
        turns::pass().await;
        let told = {
            let mut inner = self.warnings().inner();
            let shown =
                inner.book.get(id).map_or(Outcome::Refused, |snapshot| Outcome::Warning(Box::new(snapshot.clone())));
            inner.looks = inner.looks.saturating_add(1);
            let unknown = inner.lost.pop_front();
            let request_id = request_id("ew", inner.looks, unknown);
            Traced { answer: unknown.map_or(shown, Outcome::Unknown), request_id }
        };
        turns::pass().await;
        told
    }
}

#[expect(clippy::panic, reason = "what a scenario takes for granted must be so, or the test that it is part of fails")]
fn must<T, E: std::fmt::Debug>(made: Result<T, E>) -> T {
    made.unwrap_or_else(|error| panic!("{error:?}"))
}
