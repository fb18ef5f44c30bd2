//! What the clock does: it starts a sweep every minute, as a rule; and on some day somebody deploys a new release.

use std::{sync::Arc, time::Duration};

use domain::time::Timestamp;
use flow::ports::Host as _;

use crate::simulation::{
    coverage::Sometimes,
    functions::{Release, sweep_once},
    stage::Stage,
};

const MINUTE_MS: i64 = 60_000;

/// How long it can be that no sweep runs: a start that is lost, an outage, a day on which nobody notices.
const OUTAGES: [Duration; 5] = [
    Duration::from_secs(60),
    Duration::from_secs(20 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(13 * 3600),
    Duration::from_secs(26 * 3600),
];

/// Starts the sweep. Minutes in which no row is due are passed over: a sweep would find nothing. Whoever writes a row
/// wakes it up.
pub(in crate::simulation) async fn sweeper(stage: Arc<Stage>) {
    const NOTHING_IS_DUE: Duration = Duration::from_secs(86_400);
    loop {
        let now = stage.clock.now();
        let due = stage.store.earliest_due().map_or_else(|| now.plus(NOTHING_IS_DUE), |due| due.max(now));
        let minute = next_minute(due);
        stage.until_or_woken(minute).await;
        if stage.clock.now() < minute {
            continue;
        }
        if stage.strikes(|climate| climate.sweeps) {
            let outage = stage.draw(&OUTAGES).unwrap_or_default();
            stage.tell(|| format!("no sweep is started for {} s", outage.as_secs()));
            if outage >= Duration::from_secs(12 * 3600) {
                stage.happened(Sometimes::LongOutage);
            }
            let end = stage.clock.now().plus(outage);
            while !stage.is_calm() && stage.clock.now() < end {
                stage.until_or_woken(end).await;
            }
            continue;
        }
        stage.tell(|| "the minute's sweep is started".to_owned());
        sweep_once(&stage);
        // The next one comes in a minute, whether this one has ended or not.
        stage.sleep(Duration::from_secs(1)).await;
    }
}

/// How long somebody waits who acts now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    /// So long.
    For(Duration),
    /// Until somebody looks at a row: those who act by themselves meet those who look only if they are made to.
    UntilALook,
}

/// Waits.
pub(super) async fn pause(stage: &Stage, pause: Option<Pause>) {
    /// From the start of a sweep to the answer of the gateway it takes about so long.
    const MOMENTS: [Duration; 4] =
        [Duration::from_millis(10), Duration::from_millis(30), Duration::from_millis(50), Duration::from_millis(500)];
    match (pause, stage.store.earliest_due()) {
        (Some(Pause::UntilALook), Some(due)) => {
            let sweep = next_minute(due.max(stage.clock.now()));
            stage.until(sweep.plus(stage.draw(&MOMENTS).unwrap_or_default())).await;
        }
        (Some(Pause::For(duration)), _) => stage.sleep(duration).await,
        (Some(Pause::UntilALook) | None, _) => {}
    }
}

fn next_minute(after: Timestamp) -> Timestamp {
    let ms = after.unix_ms();
    Timestamp::from_unix_ms(ms.saturating_add(MINUTE_MS).saturating_sub(ms.rem_euclid(MINUTE_MS)))
}

/// Somebody deploys a new release, at some moment or never.
pub(in crate::simulation) async fn deployer(stage: Arc<Stage>) {
    const MOMENTS: [Option<Duration>; 5] = [
        None,
        Some(Duration::from_millis(15)),
        Some(Duration::from_secs(20)),
        Some(Duration::from_secs(1800)),
        Some(Duration::from_secs(30 * 3600)),
    ];
    let Some(Some(after)) = stage.draw(&MOMENTS) else { return };
    stage.sleep(after).await;
    stage.deploy(Release::SECOND);
    stage.happened(Sometimes::Deploy);
    stage.tell(|| "a new release is deployed".to_owned());
}
