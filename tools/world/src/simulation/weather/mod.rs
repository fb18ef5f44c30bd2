//! The ports as a function sees them in bad weather: before each of the twins stands somebody who draws the fate of every
//! call. A caller can see only an answer, a failure or nothing; what was done in truth, and when, is another matter.

mod dispute;
mod gateway;
mod queue;
mod store;

pub(super) use self::{gateway::WeatheredGateway, queue::WeatheredQueue, store::WeatheredStore};

use std::time::Duration;

use flow::ports::{Dependency, Error};

use super::stage::Stage;

/// How long an SDK tries before it gives up.
const SDK_PATIENCE: Duration = Duration::from_secs(3);
/// How long it tries where it is turned away each time.
const SDK_BACKOFF: Duration = Duration::from_millis(300);

/// How much later something arrives that its sender has given up. Nothing is on its way for an hour.
fn lateness(stage: &Stage) -> Duration {
    const LATE: [Duration; 5] = [
        Duration::from_millis(1),
        Duration::from_millis(100),
        Duration::from_secs(5),
        Duration::from_secs(90),
        Duration::from_secs(50 * 60),
    ];
    stage.draw(&LATE).unwrap_or_default()
}

fn unavailable(dependency: Dependency) -> Error {
    Error::Unavailable { dependency, detail: "weather".to_owned() }
}
