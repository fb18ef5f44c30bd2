//! What was committed in a run is told afterwards, through everything that can go wrong with telling: batches of any size, given again
//! though they were told, killed where they wait, refused by the table or the bus, with answers lost.
//!
//! Afterwards is as good as meanwhile: telling reads a stream that the table keeps, and nothing that it does comes back to those whose
//! changes it tells. So it has dice of its own, and the run before it is the same whatever they throw.
//!
//! What it announces is delivered, between its batches and after them: see [`super::delivering`].

use std::{collections::BTreeMap, pin::pin, task::Poll};

use domain::timeline::{Change, EventId, Subject};

use super::{coverage::Sometimes, delivering::Courier, dice::Dice, stage::Stage};
use crate::{
    queue::MemoryQueue,
    store::{Call, Course},
    telling::{MemoryBus, audit, audit_journal, tell_all_who_listen},
    turns::{advance, all},
};

/// As the template has it, a batch is a hundred records; small ones are cut in more places.
const BATCHES: [usize; 4] = [1, 3, 10, 100];
/// So many batches go wrong at most. From then on all go well.
const TROUBLES_MAX: u32 = 40;
/// And one thing in so many, until then.
const ONE_IN: usize = 6;
/// More batches than any run needs: it has some hundred changes, and each trouble costs one.
const BATCHES_MAX: u32 = 20_000;
/// An invocation over a batch takes fewer turns than this.
const TURNS_MAX: u64 = 400;

/// Tells everything that was committed. What is wrong with what was told.
pub(super) fn tells_everything(stage: &Stage, seed: u64) -> Vec<String> {
    let nudges = MemoryQueue::default();
    let dice = Dice::new(seed, ONE_IN, TROUBLES_MAX);
    let mut teller = Teller { stage, bus: MemoryBus::default(), nudges: &nudges, dice };
    let mut courier = Courier::called(stage, &nudges, seed);
    let records = stage.store.stream_after(0);
    let mut from = 0;
    for _ in 0..BATCHES_MAX {
        if from >= records.len() {
            break;
        }
        // Lambda may begin again before what was told: then it is told before.
        let begin = if teller.dice.strikes() { from.saturating_sub(teller.dice.below(5)) } else { from };
        let size = teller.dice.pick(&BATCHES).unwrap_or(1);
        let batch: Vec<&Change> = records.iter().skip(begin).take(size).collect();
        if begin < from {
            stage.happened(Sometimes::ToldAgain);
        }
        courier.before_telling(&batch);
        from = from.max(begin.saturating_add(teller.batch(&batch)));
        courier.between_tellings();
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
    wrong.extend(courier.comes_to_rest());
    wrong
}

struct Teller<'a> {
    stage: &'a Stage,
    bus: MemoryBus,
    /// Where deliveries are nudged.
    nudges: &'a MemoryQueue,
    dice: Dice,
}

impl Teller<'_> {
    /// Has a batch told. How many of its records need not be given again.
    fn batch(&mut self, batch: &[&Change]) -> usize {
        self.brews();
        let mut rows: BTreeMap<Subject, Vec<(usize, Change)>> = BTreeMap::new();
        for (place, change) in batch.iter().enumerate() {
            rows.entry(change.after.image.subject()).or_default().push((place, (*change).clone()));
        }
        let mut turns = if self.dice.strikes() { self.dice.below_u64(TURNS_MAX).saturating_add(1) } else { u64::MAX };
        let (stage, bus, nudges) = (self.stage, &self.bus, self.nudges);
        let tells = all(rows.values().map(|changes| async move {
            let all: Vec<Change> = changes.iter().map(|(_, change)| change.clone()).collect();
            let published = tell_all_who_listen(&*stage.clock, &stage.store, bus, nudges, &all).await;
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
            if self.dice.strikes() {
                let before = std::iter::repeat_n(Course::Well, self.dice.below(12));
                let course = self.dice.pick(&COURSES).unwrap_or(Course::Well);
                self.stage.store.script(call, before.chain([course]));
                self.stage.happened(Sometimes::TellingFails);
            }
        }
        if self.dice.strikes() {
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
}
