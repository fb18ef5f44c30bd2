//! The merchant's switch, as the stage knows it: which pause of everything there is, so that one is not taken for the next.

use domain::{gateway::Gateway, pause::Paused};

use super::Stage;

/// Names one pause of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::simulation) struct PauseId(u64);

/// How the switch stands.
#[derive(Debug, Default)]
pub(super) struct Switch {
    paused: Option<PauseId>,
    /// How many pauses there were.
    pauses: u64,
}

impl Stage {
    /// Somebody throws the switch.
    pub(in crate::simulation) fn pause(&self, what: Paused) {
        self.store.pause(what);
        let switch = &mut self.inner().switch;
        if what == Paused::Everything && switch.paused.is_none() {
            switch.pauses = switch.pauses.saturating_add(1);
            switch.paused = Some(PauseId(switch.pauses));
        }
    }

    /// And back.
    pub(in crate::simulation) fn resume(&self, what: Paused) {
        self.store.resume(what);
        if what == Paused::Everything {
            self.inner().switch.paused = None;
        }
    }

    /// Whatever is paused, it is so no more.
    pub(super) fn resume_all(&self) {
        for what in [Paused::Everything, Paused::At(Gateway::Stripe), Paused::At(Gateway::PayPal)] {
            self.resume(what);
        }
    }

    /// The pause of everything that there is now.
    pub(in crate::simulation) fn everything_is_paused(&self) -> Option<PauseId> {
        self.inner().switch.paused
    }
}
