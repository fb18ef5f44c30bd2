//! What was committed in a run is told afterwards, through everything that can go wrong with telling: batches of any size, given again
//! though they were told, killed where they wait, refused by the table or the bus, with answers lost.
//!
//! Afterwards is as good as meanwhile: telling reads a stream that the table keeps, and nothing that it does comes back to those whose
//! changes it tells. So it has dice of its own, and the run before it is the same whatever they throw.

use std::{collections::BTreeMap, pin::pin, task::Poll};

use domain::timeline::{Change, EventId, Subject};

use super::{coverage::Sometimes, stage::Stage};
use crate::{
    host::mix,
    store::{Call, Course},
    telling::{MemoryBus, audit, audit_journal, tell},
    turns::{advance, all},
};

/// As the template has it, a batch is a hundred records; small ones are cut in more places.
const BATCHES: [usize; 4] = [1, 3, 10, 100];
/// So many batches go wrong at most. From then on all go well.
const TROUBLES_MAX: u32 = 40;
/// More batches than any run needs: it has some hundred changes, and each trouble costs one.
const BATCHES_MAX: u32 = 20_000;
/// An invocation over a batch takes fewer turns than this.
const TURNS_MAX: u64 = 400;

/// Tells everything that was committed. What is wrong with what was told.
pub(super) fn tells_everything(stage: &Stage, seed: u64) -> Vec<String> {
    let mut teller = Teller { stage, bus: MemoryBus::default(), dice: seed, troubles: TROUBLES_MAX };
    let records = stage.store.stream_after(0);
    let mut from = 0;
    for _ in 0..BATCHES_MAX {
        if from >= records.len() {
            break;
        }
        // Lambda may begin again before what was told: then it is told before.
        let begin = if teller.strikes() { from.saturating_sub(teller.below(5)) } else { from };
        let size = BATCHES.get(teller.below(BATCHES.len())).copied().unwrap_or(1);
        let batch: Vec<&Change> = records.iter().skip(begin).take(size).collect();
        if begin < from {
            stage.happened(Sometimes::ToldAgain);
        }
        from = from.max(begin.saturating_add(teller.batch(&batch)));
    }
    stage.store.faults_end();
    let mut wrong = audit(&stage.store);
    for subject in records.iter().map(|change| change.after.image.subject()).collect::<std::collections::BTreeSet<_>>()
    {
        if let Subject::Payment(id) = &subject
            && let Some(row) = stage.store.row(id)
        {
            wrong.extend(audit_journal(&stage.store, &row));
        }
    }
    wrong.extend(teller.unheard());
    wrong
}

struct Teller<'a> {
    stage: &'a Stage,
    bus: MemoryBus,
    dice: u64,
    troubles: u32,
}

impl Teller<'_> {
    /// Has a batch told. How many of its records need not be given again.
    fn batch(&mut self, batch: &[&Change]) -> usize {
        self.brews();
        let mut rows: BTreeMap<Subject, Vec<(usize, Change)>> = BTreeMap::new();
        for (place, change) in batch.iter().enumerate() {
            rows.entry(change.after.image.subject()).or_default().push((place, (*change).clone()));
        }
        let mut turns = if self.strikes() { self.below_u64(TURNS_MAX).saturating_add(1) } else { u64::MAX };
        let (stage, bus) = (self.stage, &self.bus);
        let tells = all(rows.values().map(|changes| async move {
            let all: Vec<Change> = changes.iter().map(|(_, change)| change.clone()).collect();
            let published = tell(&*stage.clock, &stage.store, bus, &all).await;
            published.failure.and_then(|_| changes.get(published.told)).map(|(place, _)| *place)
        }));
        let told = advance(pin!(tells), || {
            turns = turns.saturating_sub(1);
            turns == 0
        });
        let Poll::Ready(left) = told else {
            self.stage.happened(Sometimes::TellerKilled);
            return 0;
        };
        left.into_iter().flatten().min().unwrap_or(batch.len())
    }

    /// What goes wrong with the calls of the next batch.
    fn brews(&mut self) {
        const COURSES: [Course; 3] = [Course::LostBefore, Course::LostAfter, Course::SentTwice];
        self.stage.store.faults_end();
        for call in [Call::Load, Call::Write] {
            if self.strikes() {
                let before = std::iter::repeat_n(Course::Well, self.below(12));
                let course = COURSES.get(self.below(COURSES.len())).copied().unwrap_or(Course::Well);
                self.stage.store.script(call, before.chain([course]));
                self.stage.happened(Sometimes::TellingFails);
            }
        }
        if self.strikes() {
            self.bus.refuse(1);
        }
    }

    /// What the bus has not heard, has heard in other words, or has heard out of order.
    fn unheard(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut first_heard: BTreeMap<EventId, Vec<u8>> = BTreeMap::new();
        let mut newest: BTreeMap<Subject, u64> = BTreeMap::new();
        for event in self.bus.events() {
            if let Some(body) = first_heard.get(&event.id) {
                if *body != event.body {
                    wrong.push(format!("{} was told in two ways", event.id));
                }
                continue;
            }
            let newest = newest.entry(event.id.subject().clone()).or_default();
            if event.id.version() < *newest {
                wrong.push(format!("{} was heard for the first time after {newest}", event.id));
            }
            *newest = event.id.version();
            first_heard.insert(event.id.clone(), event.body);
        }
        for event in self.stage.store.events() {
            if first_heard.get(&event.id) != Some(&event.body) {
                wrong.push(format!("{} was never heard, or otherwise", event.id));
            }
        }
        wrong
    }

    /// Whether something goes wrong now; never again once enough has.
    fn strikes(&mut self) -> bool {
        let struck = self.troubles > 0 && self.below(6) == 0;
        self.troubles = self.troubles.saturating_sub(u32::from(struck));
        struck
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.below_u64(u64::try_from(bound).unwrap_or(1))).unwrap_or(0)
    }

    fn below_u64(&mut self, bound: u64) -> u64 {
        mix(&mut self.dice).checked_rem(bound).unwrap_or(0)
    }
}
