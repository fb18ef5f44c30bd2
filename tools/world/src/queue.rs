//! The queue's twin: keeps every nudge with its delay, until a test takes it out. It can refuse, as a queue can.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::id::RowId;
use flow::ports::{Dependency, Error, Nudge};

use crate::turns;

/// A nudge that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nudged {
    /// The row to look at.
    pub id: RowId,
    /// After how long.
    pub delay: Duration,
}

/// A queue in memory.
#[derive(Debug, Default)]
pub struct MemoryQueue(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    nudges: VecDeque<Nudged>,
    calls_to_fail: u32,
    takes_at_most: Option<usize>,
}

impl MemoryQueue {
    /// Makes the next `calls` fail. Nothing of them is taken.
    pub fn fail_next(&self, calls: u32) {
        self.inner().calls_to_fail = calls;
    }

    /// Makes every batch lose what is beyond its first `count` entries, as SQS may do entry by entry.
    pub fn take_at_most(&self, count: usize) {
        self.inner().takes_at_most = Some(count);
    }

    /// The nudges that wait, oldest first.
    #[must_use]
    pub fn waiting(&self) -> Vec<Nudged> {
        self.inner().nudges.iter().cloned().collect()
    }

    /// Takes all nudges out, oldest first.
    #[must_use]
    pub fn drain(&self) -> Vec<Nudged> {
        self.inner().nudges.drain(..).collect()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, nudges: impl IntoIterator<Item = Nudged>) -> Result<usize, Error> {
        let mut inner = self.inner();
        if inner.calls_to_fail > 0 {
            inner.calls_to_fail = inner.calls_to_fail.saturating_sub(1);
            return Err(Error::Unavailable { dependency: Dependency::Queue, detail: "injected".to_owned() });
        }
        let (most, before) = (inner.takes_at_most.unwrap_or(usize::MAX), inner.nudges.len());
        inner.nudges.extend(nudges.into_iter().take(most));
        Ok(inner.nudges.len().saturating_sub(before))
    }
}

impl Nudge for MemoryQueue {
    async fn nudge(&self, id: &RowId, delay: Duration) -> Result<(), Error> {
        turns::pass().await;
        self.send([Nudged { id: id.clone(), delay }]).map(|_| ())
    }

    async fn nudge_all(&self, ids: &[RowId]) -> Result<usize, Error> {
        turns::pass().await;
        self.send(ids.iter().map(|id| Nudged { id: id.clone(), delay: Duration::ZERO }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{payments, turns::block_on};

    #[test]
    fn a_nudge_waits_with_its_delay_until_it_is_taken_out() {
        let (queue, id) = (MemoryQueue::default(), RowId::Payment(payments::id(1)));
        let delay = Duration::from_secs(15);
        block_on(queue.nudge(&id, delay)).unwrap();
        assert_eq!(queue.waiting(), [Nudged { id: id.clone(), delay }]);
        assert_eq!(queue.drain(), [Nudged { id, delay }]);
        assert!(queue.drain().is_empty());
    }

    #[test]
    fn a_queue_that_fails_takes_nothing_and_recovers() {
        let (queue, id) = (MemoryQueue::default(), RowId::Payment(payments::id(1)));
        queue.fail_next(1);
        assert!(block_on(queue.nudge(&id, Duration::ZERO)).is_err());
        assert!(queue.waiting().is_empty());
        assert_eq!(block_on(queue.nudge_all(&[id.clone(), id])), Ok(2));
    }

    #[test]
    fn a_batch_may_be_taken_in_part() {
        let queue = MemoryQueue::default();
        queue.take_at_most(2);
        let ids = [1, 2, 3].map(|number| RowId::Payment(payments::id(number)));
        assert_eq!(block_on(queue.nudge_all(&ids)), Ok(2));
        assert_eq!(queue.drain().len(), 2);
    }
}
