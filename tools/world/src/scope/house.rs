//! One stack in which a play is given, what is on its way in it, and somebody who watches: after every call that is served,
//! the rows are compared with the gateway's books, as far as anything can be said of a payment that is under way.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{dispute::DisputeId, id::TransactionId, payment::Payment, time::Timestamp};
use flow::{operations::webhook::GatewayEvent, ports::Host as _};

use super::{dispute::Docket, wire::Way};
use crate::{
    audit::{self, Hour, may_become},
    shop::Shop,
};

/// No request is on its way for longer: whatever carries it gives up before.
const WAY_MAX: Duration = Duration::from_secs(3_600);

/// One stack with one payment.
#[derive(Debug)]
pub(super) struct House {
    pub(super) shop: Shop,
    pub(super) id: TransactionId,
    /// The dispute about it, if there is one.
    pub(super) dispute: Option<DisputeId>,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    strays: Vec<Stray>,
    opinions: BTreeMap<String, Opinion>,
    /// Events that were not taken, and come again.
    untaken: Vec<GatewayEvent>,
    watch: Watch,
    docket: Docket,
}

/// What the gateway thinks of a request, by its key: the same bytes are refused each time, or not before they were served. It
/// reads a request before it looks for its key, and so it may refuse to be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opinion {
    /// It refuses it.
    Refuses,
    /// It does not; it may be on its way.
    OnItsWay,
    /// It has served it.
    Served,
}

/// What is done with a request that arrives.
type Service = Box<dyn Fn(&Shop, Way) + Send>;

/// Something that arrives when nobody waits for it any more.
struct Stray {
    sent_at: Timestamp,
    steps: u32,
    key: Option<String>,
    serve: Service,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Watch {
    commits: usize,
    row: Option<Payment>,
    breach: Option<String>,
}

impl House {
    pub(super) fn new(shop: Shop, id: TransactionId) -> Self {
        shop.store().hold_index();
        // What was sent before may still be on its way.
        let sent = shop.gateway().sent().into_iter().filter_map(|request| request.key);
        let opinions = sent.map(|key| (key, Opinion::OnItsWay)).collect();
        let house = Self { shop, id, dispute: None, inner: Mutex::new(Inner { opinions, ..Inner::default() }) };
        house.look();
        house
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was found broken first.
    pub(super) fn breach(&self) -> Option<String> {
        self.inner().watch.breach.clone()
    }

    pub(super) fn breaks(&self, what: String) {
        self.inner().watch.breach.get_or_insert(what);
    }

    /// Keeps a request that arrives after so many steps.
    pub(super) fn keep(&self, steps: u32, key: Option<String>, serve: impl Fn(&Shop, Way) + Send + 'static) {
        let sent_at = self.shop.host().now();
        self.inner().strays.push(Stray { sent_at, steps, key, serve: Box::new(serve) });
    }

    /// How a request with this key is served that would be served so.
    pub(super) fn way_for(&self, key: Option<&str>, way: Way) -> Way {
        let Some(key) = key else { return way };
        let mut inner = self.inner();
        let opinion = inner.opinions.get(key).copied();
        let (way, opinion) = match (way, opinion) {
            (Way::Unserved(_), _) => return way,
            (Way::Refused, Some(Opinion::OnItsWay)) => return Way::FAILED,
            (Way::Refused, Some(Opinion::Served)) => return way,
            (Way::Refused, None) | (_, Some(Opinion::Refuses)) => (Way::Refused, Opinion::Refuses),
            (_, None | Some(Opinion::OnItsWay | Opinion::Served)) => (way, Opinion::Served),
        };
        inner.opinions.insert(key.to_owned(), opinion);
        way
    }

    /// A step has ended: what was on its way for long enough arrives.
    pub(super) fn step_ends(&self) {
        let strays = std::mem::take(&mut self.inner().strays);
        for mut stray in strays {
            stray.steps = stray.steps.saturating_sub(1);
            if stray.steps > 0 {
                self.inner().strays.push(stray);
            } else if self.shop.host().now().since(stray.sent_at) < WAY_MAX {
                (stray.serve)(&self.shop, self.way_for(stray.key.as_deref(), Way::Served));
                self.look();
            }
        }
    }

    pub(super) fn has_strays(&self) -> bool {
        !self.inner().strays.is_empty()
    }

    /// The events that the gateway has to deliver, oldest first.
    pub(super) fn take_events(&self) -> Vec<GatewayEvent> {
        let mut events = std::mem::take(&mut self.inner().untaken);
        events.extend(self.shop.gateway().take_events());
        events
    }

    /// Some of them were not taken.
    pub(super) fn come_again(&self, events: &[GatewayEvent]) {
        self.inner().untaken.extend_from_slice(events);
    }

    /// The row as it stands, if there is one.
    #[must_use]
    pub(super) fn row(&self) -> Option<Payment> {
        self.shop.store().row(&self.id)
    }

    /// The moment comes at which somebody must look, if it has not come.
    pub(super) fn is_due(&self) {
        if let Some(due) = self.row().and_then(|row| row.due) {
            self.shop.host().advance(due.since(self.shop.host().now()));
        }
    }

    pub(super) fn time_passes(&self, duration: Duration) {
        self.shop.host().advance(duration);
    }

    /// Somebody looks at what was written since, and at the books.
    pub(super) fn look(&self) {
        let inner = &mut *self.inner();
        let watch = &mut inner.watch;
        let commits = self.shop.store().commits_after(watch.commits);
        watch.commits = watch.commits.saturating_add(commits.len());
        for commit in commits {
            let breach = watch.compare(&commit.payment).or_else(|| {
                let found = audit::breaches(&commit.payment, self.shop.gateway(), Hour::Midway);
                found.first().map(|breach| format!("v{}: {breach:?}", commit.payment.version))
            });
            if let Some(breach) = breach {
                watch.breach.get_or_insert(breach);
            }
            watch.row = Some(commit.payment);
        }
        if let Some(breach) = self.books().or_else(|| inner.docket.reads(&self.shop)) {
            watch.breach.get_or_insert(breach);
        }
    }

    /// P1, and P5: one request of ours is decided on once, however often it is sent.
    fn books(&self) -> Option<String> {
        let charges = self.shop.gateway().charges();
        let standing = charges.iter().filter(|charge| charge.stands()).count();
        match audit::decided_twice(&charges) {
            _ if standing > 1 => Some(format!("P1: {standing} charges stand")),
            Some(charge) => Some(format!("P5: one request was decided on twice: {charge:?}")),
            None => None,
        }
    }
}

impl Watch {
    /// P9, and that a row has a `due` until its end.
    fn compare(&self, row: &Payment) -> Option<String> {
        let version = row.version;
        if !row.state.is_terminal() && row.due.is_none() {
            return Some(format!("P7: v{version} is not at its end, and nobody will look at it"));
        }
        let Some(before) = &self.row else {
            return (version != 1 && self.commits == 0).then(|| format!("P9: v{version} came from nowhere"));
        };
        let (from, to) = (before.state.status(), row.state.status());
        if version != before.version.saturating_add(1) {
            Some(format!("P9: v{version} was written over v{}", before.version))
        } else if !may_become(from, to) {
            Some(format!("P9: v{version} went from {from:?} to {to:?}"))
        } else if (&row.object, &row.terms, row.created_at) != (&before.object, &before.terms, before.created_at) {
            Some(format!("P9: v{version} has changed what never changes"))
        } else if row.attempts.len() < before.attempts.len() || row.acts.len() < before.acts.len() {
            Some(format!("P9: v{version} has forgotten something"))
        } else {
            None
        }
    }
}

impl std::fmt::Debug for Stray {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Stray").field("steps", &self.steps).finish_non_exhaustive()
    }
}
