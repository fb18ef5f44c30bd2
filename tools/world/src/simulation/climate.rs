//! How bad the weather of one run is. Not every run has every trouble: some faults hide behind others, and a run with
//! few of them goes further. Each trouble is drawn once per run, from never to often.

use super::{choices::Choices, coverage::Point};

/// One in so many; 0 is never, and the plainest.
type Rate = u32;

/// How often what goes wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Climate {
    /// Calls to the table.
    pub(super) store: Rate,
    /// Calls to the queue.
    pub(super) queue: Rate,
    /// Calls to the gateway.
    pub(super) gateway: Rate,
    /// Functions are killed, per call.
    pub(super) kills: Rate,
    /// Calls take long.
    pub(super) slow: Rate,
    /// Clocks are wrong, or jump.
    pub(super) clocks: Rate,
    /// Webhooks are lost, late, doubled, forged.
    pub(super) webhooks: Rate,
    /// Messages are late, doubled; come back from the dead-letter queue.
    pub(super) messages: Rate,
    /// What banks and payers do is other than the ordinary.
    pub(super) people: Rate,
    /// The sweep is not started.
    pub(super) sweeps: Rate,
    /// Somebody works in the gateway's dashboard.
    pub(super) dashboard: Rate,
    /// Clients do what they should not, or nothing more.
    pub(super) clients: Rate,
}

impl Climate {
    pub(super) fn draw(choices: &mut Choices) -> Self {
        // The numbers are a life's experience: in a run of some fifty calls the last ones still let something through.
        let mut one_of = |rates: [Rate; 4]| choices.pick(&rates).unwrap_or(0);
        Self {
            store: one_of([0, 60, 20, 7]),
            queue: one_of([0, 12, 4, 2]),
            gateway: one_of([0, 30, 9, 4]),
            kills: one_of([0, 60, 20, 8]),
            slow: one_of([0, 0, 50, 12]),
            clocks: one_of([0, 0, 60, 15]),
            webhooks: one_of([0, 8, 4, 2]),
            messages: one_of([0, 0, 8, 3]),
            people: one_of([0, 8, 4, 2]),
            sweeps: one_of([0, 0, 12, 4]),
            dashboard: one_of([0, 0, 12, 5]),
            clients: one_of([0, 12, 6, 3]),
        }
    }
}

/// What strikes a function at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The call goes wrong.
    Fault,
    /// The function is killed.
    Kill,
    /// It takes long.
    Slow,
    /// The function's clock jumps.
    Clock,
}

impl Climate {
    /// Draws what strikes a function at a call, if anything does: one draw for all of them, for most calls go well.
    pub(super) fn strikes_at(&self, point: Point, choices: &mut Choices) -> Option<Trouble> {
        const ALL: u32 = 1_000;
        let faults = match point {
            Point::Load
            | Point::Create
            | Point::WriteIntent
            | Point::WriteClaim
            | Point::WriteOutcome
            | Point::List
            | Point::FindDue
            | Point::CountDue
            | Point::LoadDispute
            | Point::CreateDispute
            | Point::WriteDisputeIntent
            | Point::WriteDisputeClaim
            | Point::WriteDisputeOutcome => self.store,
            Point::Nudge | Point::NudgeAll => self.queue,
            Point::GatewayOpen
            | Point::GatewayConfirm
            | Point::GatewayCapture
            | Point::GatewayCancel
            | Point::GatewayFetch
            | Point::GatewayRefund
            | Point::GatewayListRefunds
            | Point::GatewayFetchDispute
            | Point::GatewayAnswerDispute => self.gateway,
        };
        let troubles = [
            (faults, Trouble::Fault),
            (self.kills, Trouble::Kill),
            (self.slow, Trouble::Slow),
            (self.clocks, Trouble::Clock),
        ];
        let share = |rate: Rate| ALL.checked_div(rate).unwrap_or(0);
        // From the top down, so that small numbers are plain. It is drawn in the best climate too: what is drawn later means
        // the same then, and a run that breaks something can be given a better one.
        let mut from = ALL;
        let drawn = choices.below(ALL);
        troubles.into_iter().find_map(|(rate, trouble)| {
            from = from.saturating_sub(share(rate));
            (drawn >= from).then_some(trouble)
        })
    }
}
