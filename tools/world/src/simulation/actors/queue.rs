//! The retry queue, message by message: a message may be late, doubled and out of order; it comes back when its receiver
//! fails or is killed, once its visibility has run out; after five receives it lies in the dead-letter queue, from where
//! somebody may send it back, days later.

use std::{sync::Arc, time::Duration};

use domain::id::TransactionId;

use crate::simulation::{
    coverage::Sometimes,
    functions::{Reply, look},
    stage::Stage,
};

/// As the template has it.
const RECEIVES_MAX: u32 = 5;
const VISIBILITY: Duration = Duration::from_secs(360);

/// Starts every message that was taken since.
pub(in crate::simulation) fn messages_are_taken(stage: &Arc<Stage>) {
    const LATE: [Duration; 4] =
        [Duration::from_secs(1), Duration::from_secs(60), Duration::from_secs(1200), Duration::from_secs(5 * 3600)];
    for message in stage.queue.drain() {
        let late = stage.strikes(|climate| climate.messages);
        let late = if late { stage.draw(&LATE).unwrap_or_default() } else { Duration::ZERO };
        let delay = message.delay.saturating_add(late);
        stage.spawn(travel(Arc::clone(stage), message.id.clone(), delay));
        if stage.strikes(|climate| climate.messages) {
            stage.happened(Sometimes::DoubledMessage);
            stage.spawn(travel(Arc::clone(stage), message.id, delay));
        }
    }
}

async fn travel(stage: Arc<Stage>, id: TransactionId, delay: Duration) {
    stage.sleep(delay).await;
    for round in 0..2_u32 {
        for _ in 0..RECEIVES_MAX {
            stage.tell(|| "a message of the retry queue is received".to_owned());
            let invocation = look(&stage, id.clone());
            // SQS waits for nobody: what is not deleted when its visibility runs out is handed out again.
            if let Some(Reply::Retry(Ok(()))) = stage.reply(invocation, VISIBILITY).await {
                return;
            }
            stage.sleep(VISIBILITY).await;
        }
        stage.tell(|| "a message goes to the dead-letter queue".to_owned());
        const LATER: [Duration; 2] = [Duration::from_secs(2 * 86_400), Duration::from_secs(5 * 86_400)];
        if round == 0 {
            stage.sleep(stage.draw(&LATER).unwrap_or_default()).await;
            stage.happened(Sometimes::RedriveAfterDays);
            stage.tell(|| "a message comes back from the dead-letter queue".to_owned());
        }
    }
}
