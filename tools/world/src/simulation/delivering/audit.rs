//! What the merchant must have heard, and may have heard. It is told by what was asked for and by what was heard, not by what those
//! who deliver say of themselves: their rows are what is audited.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{
    time::Timestamp,
    timeline::{EventId, EventType, Subject},
    webhook::{Delivery, DeliveryId, Endpoint, EndpointId, Endpoints, KeepFormer, Progress, SkipReason, Standing},
};
use flow::ports::{Host as _, timeline::Event};

use crate::{
    merchant::{Heard, Merchant},
    simulation::{coverage::Sometimes, stage::Stage},
};

/// Whoever waits for so long has waited long.
const LATE_MS: i64 = 3_600_000;

/// The ten rounds of a delivery take so long at least.
const SCHEDULE: Duration = Duration::from_secs(75 * 3600);

/// Who watches, and what they have seen.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// The endpoints as they stood, each time that they had changed.
    stood: Vec<Endpoints>,
    /// How they stood whenever somebody set about to tell an event; the last time, it was told.
    told_under: BTreeMap<EventId, Vec<usize>>,
    /// From when to when each endpoint was disabled.
    disabled: BTreeMap<EndpointId, Vec<(Timestamp, Option<Timestamp>)>>,
    /// Secrets by the rotations that were asked for.
    secrets: BTreeMap<EndpointId, Secret>,
    /// How much of what was heard is looked through.
    looked: usize,
    wrong: Vec<String>,
}

/// What an endpoint's events must be signed with.
#[derive(Debug, Clone, Copy)]
struct Secret {
    generation: u32,
    former_until: Option<Timestamp>,
}

impl Watch {
    /// Something is wrong.
    pub(super) fn found(&mut self, wrong: String) {
        self.wrong.push(wrong);
    }

    /// Somebody sets about to tell a change that has no entry yet.
    pub(super) fn may_be_told(&mut self, id: EventId) {
        self.told_under.entry(id).or_default().push(self.stood.len().saturating_sub(1));
    }

    /// A registration that was asked for is answered. Its secrets are counted from the second in which it was made.
    pub(super) fn registered(&mut self, id: &EndpointId, at: Timestamp) {
        let generation = u32::try_from(at.unix_ms().div_euclid(1_000)).unwrap_or(0);
        self.secrets.insert(id.clone(), Secret { generation, former_until: None });
    }

    /// A rotation that was asked for is answered.
    pub(super) fn rotated(&mut self, id: &EndpointId, at: Timestamp, keep_former: KeepFormer) {
        let secret = self.secret(id);
        let until = at.plus(keep_former.get());
        let secret = Secret {
            generation: secret.generation.saturating_add(1),
            former_until: Some(until).filter(|until| *until > at),
        };
        self.secrets.insert(id.clone(), secret);
    }

    fn secret(&self, id: &EndpointId) -> Secret {
        self.secrets.get(id).copied().unwrap_or(Secret { generation: 0, former_until: None })
    }

    /// Looks at the endpoints, after whatever may have changed them.
    pub(super) fn sees(&mut self, stage: &Stage) {
        let endpoints = stage.store.endpoints();
        if self.stood.last().is_some_and(|before| before.version == endpoints.version) {
            return;
        }
        for endpoint in &endpoints.endpoints {
            let spans = self.disabled.entry(endpoint.id.clone()).or_default();
            let is_open = spans.last().is_some_and(|(_, until)| until.is_none());
            match endpoint.standing {
                Standing::Disabled { since, .. } if !is_open => spans.push((since, None)),
                Standing::Enabled { .. } if is_open => {
                    spans.last_mut().into_iter().for_each(|(_, until)| *until = Some(stage.clock.now()));
                }
                Standing::Disabled { .. } | Standing::Enabled { .. } => {}
            }
        }
        self.stood.push(endpoints);
    }

    /// Looks at what a batch has sent, before it is known how it has left the endpoints. All that was heard of it.
    pub(super) fn sees_heard(&mut self, merchant: &Merchant) -> Vec<Heard> {
        let heard = merchant.heard_after(self.looked);
        self.looked = self.looked.saturating_add(heard.len());
        for heard in &heard {
            let stood = self.stood.last().and_then(|endpoints| endpoints.find(&heard.endpoint));
            if !stood.is_some_and(|endpoint| endpoint.is_enabled() && endpoint.url.as_str() == heard.url) {
                self.wrong.push(format!("{} was sent to {}, which is not to be sent anything", heard.event, heard.url));
            }
            let secret = self.secret(&heard.endpoint);
            let former =
                secret.former_until.filter(|until| heard.at < *until).map(|_| secret.generation.wrapping_sub(1));
            let signs: Vec<u32> = std::iter::once(secret.generation).chain(former).collect();
            if heard.signed_by != signs {
                let by = &heard.signed_by;
                self.wrong.push(format!("{} was signed by the secrets {by:?} and not by {signs:?}", heard.event));
            }
        }
        heard
    }

    /// Looks at what was heard of a batch with which nothing went wrong, once it is known how it has left the endpoints.
    pub(super) fn sees_undisturbed(&mut self, heard: &[Heard]) {
        let mut once = BTreeSet::new();
        for heard in heard {
            if !once.insert((&heard.endpoint, &heard.event)) {
                self.wrong.push(format!("two were nudged for {} at once, and both have sent it", heard.event));
            }
            let stands = self.stood.last().and_then(|endpoints| endpoints.find(&heard.endpoint));
            if heard.answered.is_gone() && stands.is_some_and(Endpoint::is_enabled) {
                self.wrong.push(format!("{} says that it is gone, and is sent events", heard.endpoint));
            }
        }
    }

    /// What is wrong now that nothing is due any more.
    pub(super) fn audit(mut self, stage: &Stage, merchant: &Merchant) -> Vec<String> {
        let mut wrong = std::mem::take(&mut self.wrong);
        let events: BTreeMap<EventId, Event> =
            stage.store.events().into_iter().map(|event| (event.id.clone(), event)).collect();
        let heard = merchant.heard();
        for event in events.values() {
            for endpoint in self.must_hear(event) {
                let id = DeliveryId::of(event.id.clone(), endpoint.clone());
                if stage.store.delivery(&id).is_none() {
                    wrong.push(format!("{endpoint} wants to hear of {}, and nobody has it delivered", event.id));
                }
            }
        }
        wrong.extend(heard.iter().filter_map(|heard| self.wrongly_heard(events.get(&heard.event), heard)));
        let answers = Answers::of(&heard);
        let deliveries = stage.store.deliveries();
        for delivery in &deliveries {
            if !events.get(delivery.id.event()).is_some_and(|event| self.may_hear(event, delivery.id.endpoint())) {
                wrong.push(format!("{} is the delivery of what nobody wants to hear of", delivery.id.as_str()));
            }
            wrong.extend(self.wrongly_over(delivery, &answers));
        }
        wrong.extend(wrongly_known(&events, &heard, &deliveries));
        if wrong.is_empty() {
            self.happened(stage, &heard, &deliveries, &answers);
        }
        wrong
    }

    /// Who wanted to hear of an event when it was told.
    fn must_hear(&self, event: &Event) -> Vec<EndpointId> {
        let told_under = self.told_under.get(&event.id).and_then(|under| self.stood.get(*under.last()?));
        let subscribers = told_under.into_iter().flat_map(|stood| wants(stood, event.event_type));
        subscribers.map(|endpoint| endpoint.id.clone()).collect()
    }

    /// Whether an endpoint wanted to hear of an event at a moment when somebody set about to tell it.
    fn may_hear(&self, event: &Event, id: &EndpointId) -> bool {
        let under = self.told_under.get(&event.id).into_iter().flatten().filter_map(|under| self.stood.get(*under));
        under.flat_map(|stood| wants(stood, event.event_type)).any(|endpoint| endpoint.id == *id)
    }

    fn wrongly_heard(&self, event: Option<&Event>, heard: &Heard) -> Option<String> {
        let Some(event) = event else {
            return Some(format!("{} was heard and never announced", heard.event));
        };
        if event.body != heard.body {
            return Some(format!("{} was heard in other words than it was told", heard.event));
        }
        let may_hear = self.may_hear(event, &heard.endpoint);
        (!may_hear).then(|| format!("{} has heard of {} and did not want to", heard.endpoint, heard.event))
    }

    /// What is wrong with the end that a delivery has come to.
    fn wrongly_over(&self, delivery: &Delivery, answers: &Answers) -> Option<String> {
        let is_right = match delivery.progress {
            Progress::Pending => false,
            Progress::Delivered { .. } => answers.taken.contains_key(&delivery.id),
            // Nobody is down for as long as the schedule lasts; but rounds are over too in which an endpoint was disabled.
            Progress::Exhausted { at } => {
                let mut spans = self.disabled(delivery);
                answers.gone.contains(&delivery.id)
                    || spans.any(|(since, until)| since <= at && until.is_none_or(|until| delivery.created_at <= until))
            }
            // What was made before its endpoint was disabled waits for it until the schedule is over.
            Progress::Skipped { at, reason: SkipReason::EndpointDisabled } => {
                let is_over = at.since(delivery.created_at) >= SCHEDULE;
                let mut spans = self.disabled(delivery);
                spans.any(|(since, until)| {
                    since <= at && until.is_none_or(|until| at <= until) && (is_over || since < delivery.created_at)
                })
            }
            Progress::Skipped { reason: SkipReason::EndpointRemoved | SkipReason::NoEvent, .. } => false,
        };
        let is_right = is_right && delivery.due.is_none();
        (!is_right).then(|| format!("{} is {:?}, and that is not so", delivery.id.as_str(), delivery.progress))
    }

    /// From when to when the endpoint of a delivery was disabled.
    fn disabled(&self, delivery: &Delivery) -> impl Iterator<Item = (Timestamp, Option<Timestamp>)> {
        self.disabled.get(delivery.id.endpoint()).into_iter().flatten().copied()
    }

    /// What of it must happen sometimes.
    fn happened(&self, stage: &Stage, heard: &[Heard], deliveries: &[Delivery], answers: &Answers) {
        let count = |what, times: usize| (0..times).for_each(|_| stage.happened(what));
        count(Sometimes::HeardTwice, answers.taken.values().filter(|times| **times > 1).count());
        count(Sometimes::SignedByTwo, heard.iter().filter(|heard| heard.signed_by.len() > 1).count());
        let mut newest: BTreeMap<(&EndpointId, &Subject), u64> = BTreeMap::new();
        for heard in heard {
            let newest = newest.entry((&heard.endpoint, heard.event.subject())).or_default();
            count(Sometimes::HeardOutOfOrder, usize::from(heard.event.version() < *newest));
            *newest = heard.event.version().max(*newest);
        }
        for delivery in deliveries {
            match delivery.progress {
                Progress::Delivered { at } => {
                    let waited = at.unix_ms().saturating_sub(delivery.created_at.unix_ms());
                    count(Sometimes::DeliveredLate, usize::from(waited >= LATE_MS));
                }
                Progress::Skipped { .. } => count(Sometimes::DeliverySkipped, 1),
                Progress::Pending | Progress::Exhausted { .. } => {}
            }
        }
    }
}

/// Who wants to hear of events of this type, and is sent any.
fn wants(endpoints: &Endpoints, event_type: EventType) -> impl Iterator<Item = &Endpoint> {
    let is_enabled = |endpoint: &&Endpoint| matches!(endpoint.standing, Standing::Enabled { .. });
    endpoints.endpoints.iter().filter(is_enabled).filter(move |endpoint| endpoint.interest.covers(event_type))
}

/// What the merchant's servers have answered, whether or not that came back.
struct Answers {
    /// How often each delivery was taken.
    taken: BTreeMap<DeliveryId, u32>,
    gone: BTreeSet<DeliveryId>,
}

impl Answers {
    fn of(heard: &[Heard]) -> Self {
        let mut answers = Self { taken: BTreeMap::new(), gone: BTreeSet::new() };
        for heard in heard {
            let id = DeliveryId::of(heard.event.clone(), heard.endpoint.clone());
            if heard.answered.is_taken() {
                let times = answers.taken.entry(id).or_default();
                *times = times.saturating_add(1);
            } else if heard.answered.is_gone() {
                answers.gone.insert(id);
            }
        }
        answers
    }
}

/// Of whom an endpoint knows something else than the newest that was delivered to it, if it keeps what has the highest `sequence` of
/// each payment and dispute, and leaves out whatever comes late.
fn wrongly_known(events: &BTreeMap<EventId, Event>, heard: &[Heard], deliveries: &[Delivery]) -> Vec<String> {
    let mut known: BTreeMap<(&EndpointId, &Subject), (u64, &[u8])> = BTreeMap::new();
    let mut wrong = Vec::new();
    for heard in heard.iter().filter(|heard| heard.answered.is_taken()) {
        let Some(sequence) = sequence_of(&heard.body) else {
            wrong.push(format!("{} has no sequence", heard.event));
            continue;
        };
        let known = known.entry((&heard.endpoint, heard.event.subject())).or_default();
        if sequence > known.0 {
            *known = (sequence, &heard.body);
        }
    }
    let mut newest: BTreeMap<(&EndpointId, &Subject), &EventId> = BTreeMap::new();
    for delivery in deliveries.iter().filter(|delivery| matches!(delivery.progress, Progress::Delivered { .. })) {
        let event = delivery.id.event();
        let newest = newest.entry((delivery.id.endpoint(), event.subject())).or_insert(event);
        *newest = event.max(*newest);
    }
    let is_known = |(of, event): &(&(&EndpointId, &Subject), &&EventId)| {
        let body = known.get(*of).map(|(_, body)| *body);
        let told = events.get(**event).map(|event| event.body.as_slice());
        // What was taken is newer than what is delivered if its answer was lost and its endpoint is disabled since.
        body.is_some() && (body == told || body.and_then(sequence_of) > Some(event.version()))
    };
    let unknown = newest.iter().filter(|newest| !is_known(newest));
    wrong.extend(
        unknown.map(|((endpoint, _), event)| format!("{endpoint} does not know of {event}, the newest it was told")),
    );
    wrong
}

fn sequence_of(body: &[u8]) -> Option<u64> {
    serde_json::from_slice::<serde_json::Value>(body).ok()?.get("sequence")?.as_u64()
}
