//! Whoever throws the merchant's switch: somebody pauses payments, all of them or those at one gateway, and ends that after a while.
//!
//! What must hold meanwhile is asked at each call to the gateway ([`crate::simulation::machine`]): an invocation that began in a pause
//! sends nothing that moves money while it lasts.

use std::{sync::Arc, time::Duration};

use domain::{gateway::Gateway, pause::Paused};

use crate::simulation::{coverage::Sometimes, stage::Stage};

/// How long a pause lasts: a moment, an evening, longer than the keys of either gateway live.
const LASTS: [Duration; 4] = [
    Duration::from_secs(60),
    Duration::from_secs(20 * 60),
    Duration::from_secs(4 * 3600),
    Duration::from_secs(14 * 3600),
];

/// Pauses at some moments or never, for as long as the weather is bad.
pub(in crate::simulation) async fn somebody_at_the_switch(stage: Arc<Stage>) {
    const MOMENTS: [Option<Duration>; 6] = [
        None,
        None,
        Some(Duration::from_millis(15)),
        Some(Duration::from_secs(20)),
        Some(Duration::from_secs(1800)),
        Some(Duration::from_secs(10 * 3600)),
    ];
    while let Some(Some(after)) = stage.draw(&MOMENTS) {
        stage.sleep(after).await;
        let what = stage.draw(&[Paused::Everything, Paused::At(Gateway::Stripe), Paused::At(Gateway::PayPal)]);
        let (Some(what), Some(lasts)) = (what.filter(|_| !stage.is_calm()), stage.draw(&LASTS)) else { return };
        stage.happened(if lasts > Duration::from_secs(12 * 3600) { Sometimes::LongPause } else { Sometimes::Paused });
        stage.tell(|| format!("{what:?} is paused for {} s", lasts.as_secs()));
        stage.pause(what);
        stage.sleep(lasts).await;
        stage.tell(|| format!("{what:?} is paused no more"));
        stage.resume(what);
    }
}
