//! The retry queue and what polls it. A message may be late, doubled and out of order. Those that are there when the
//! function is called come together, up to five, and share one machine: what kills it hits all that are under way.
//! What the answer names, and all of a batch without an answer, comes back once its visibility has run out; after five
//! receives it lies in the dead-letter queue, from where somebody may send it back, days later.

use std::{sync::Arc, time::Duration};

use domain::id::RowId;

use crate::simulation::{
    coverage::Sometimes,
    executor::Act,
    functions::{Reply, look},
    stage::Stage,
};

/// As the template has it.
const BATCH_MAX: usize = 5;
const RECEIVES_MAX: u32 = 5;
const VISIBILITY: Duration = Duration::from_secs(360);

/// A message of the queue.
#[derive(Debug, Clone)]
pub(in crate::simulation) struct Message {
    id: RowId,
    receives: u32,
    is_redriven: bool,
}

/// Sends every message on its way that was taken since.
pub(in crate::simulation) fn messages_are_taken(stage: &Arc<Stage>) {
    const LATE: [Duration; 4] =
        [Duration::from_secs(1), Duration::from_secs(60), Duration::from_secs(1200), Duration::from_secs(5 * 3600)];
    for taken in stage.queue.drain() {
        let late = stage.strikes(|climate| climate.messages);
        let late = if late { stage.draw(&LATE).unwrap_or_default() } else { Duration::ZERO };
        let delay = taken.delay.saturating_add(late);
        let message = Message { id: taken.id, receives: 0, is_redriven: false };
        if stage.strikes(|climate| climate.messages) {
            stage.happened(Sometimes::DoubledMessage);
            stage.spawn(arrives(Arc::clone(stage), message.clone(), delay));
        }
        stage.spawn(arrives(Arc::clone(stage), message, delay));
    }
}

/// A message becomes visible, and whoever polls the queue takes it, with all that is there by then.
fn arrives(stage: Arc<Stage>, message: Message, after: Duration) -> Act {
    /// A poll takes a moment; where many messages wait it takes longer.
    const AT_ONCE: Duration = Duration::from_millis(5);
    const SLOW: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(20)];
    Box::pin(async move {
        stage.sleep(after).await;
        if message.is_redriven && message.receives == 0 {
            stage.happened(Sometimes::RedriveAfterDays);
            stage.tell(|| "a message comes back from the dead-letter queue".to_owned());
        }
        stage.with_inbox(|inbox| inbox.push(message));
        let slow = stage.strikes(|climate| climate.messages);
        stage.sleep(if slow { stage.draw(&SLOW).unwrap_or(AT_ONCE) } else { AT_ONCE }).await;
        poll(&stage).await;
    })
}

async fn poll(stage: &Arc<Stage>) {
    let batch = stage.with_inbox(|inbox| inbox.drain(..inbox.len().min(BATCH_MAX)).collect::<Vec<_>>());
    if batch.is_empty() {
        return;
    }
    stage.tell(|| format!("the retry queue hands out {}", messages(batch.len())));
    let invocation = look(stage, batch.iter().map(|message| message.id.clone()).collect());
    // SQS waits for nobody: what is not deleted when its visibility runs out is handed out again.
    let verdicts = match stage.reply(invocation, VISIBILITY).await {
        Some(Reply::Retry(verdicts)) => verdicts,
        _ => Vec::new(),
    };
    note(stage, batch.len(), &verdicts);
    for (place, message) in batch.into_iter().enumerate() {
        if verdicts.get(place) != Some(&Ok(())) {
            comes_back(stage, message);
        }
    }
}

fn comes_back(stage: &Arc<Stage>, message: Message) {
    const LATER: [Duration; 2] = [Duration::from_secs(2 * 86_400), Duration::from_secs(5 * 86_400)];
    let receives = message.receives.saturating_add(1);
    if receives < RECEIVES_MAX {
        stage.spawn(arrives(Arc::clone(stage), Message { receives, ..message }, VISIBILITY));
        return;
    }
    stage.tell(|| "a message goes to the dead-letter queue".to_owned());
    if !message.is_redriven {
        let later = stage.draw(&LATER).unwrap_or_default();
        stage.spawn(arrives(Arc::clone(stage), Message { receives: 0, is_redriven: true, ..message }, later));
    }
}

fn note<T, E>(stage: &Stage, batch: usize, verdicts: &[Result<T, E>]) {
    if batch < 2 {
        return;
    }
    stage.happened(Sometimes::Batch);
    if verdicts.is_empty() {
        stage.happened(Sometimes::BatchKilled);
    } else if verdicts.iter().any(Result::is_ok) && verdicts.iter().any(Result::is_err) {
        stage.happened(Sometimes::BatchInPart);
    }
}

fn messages(count: usize) -> String {
    if count == 1 { "a message".to_owned() } else { format!("{count} messages at once") }
}
