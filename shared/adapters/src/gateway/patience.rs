//! Whether a request is sent once more within the same call: always the same bytes under the same key.
//!
//! This is only for what is over in a moment. Everything else goes back to the row, whose `due` asks again when this
//! call, its function and its payer's request are long gone: a connection that could not be made, a timeout, and a failure that
//! the gateway does not ask us to repeat. Which answer is of which kind, each gateway's own `patience` knows.

use std::time::Duration;

/// A connection that died while the environment was frozen is noticed only by using it. The next one is new.
const AFTER_LOST_MAX: u32 = 1;
/// The gateway asks for another try, or another request holds the key or the object.
const AFTER_ASKED_MAX: u32 = 2;
/// What it knows us by was changed, or ran out, and is had anew; one that is wrong stays wrong.
const AFTER_REFUSED_US_MAX: u32 = 1;

/// The first pause; the second is twice as long. A charge that another request is making takes a second or two.
const PAUSE: Duration = Duration::from_millis(400);
/// With less than this left, a try would be cut off before the gateway could answer.
const WORTHWHILE: Duration = Duration::from_millis(500);

/// What came of a try, as far as another one depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// The connection broke.
    Lost,
    /// The gateway does not take what it knows us by.
    RefusedUs,
    /// It will be another answer in a moment.
    Busy,
    /// Anything else: that was the answer.
    Final,
}

/// How the request is sent once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(super) enum Again {
    /// After this pause.
    After(Duration),
    /// As somebody else: with another key or token, if there is one. It is checked before anything else is looked at.
    WithAnotherKey,
}

/// What is left of a call's patience. Each try spends some, so a call ends.
#[derive(Debug, Default)]
pub(super) struct Patience {
    lost: u32,
    asked: u32,
    refused_us: u32,
}

impl Patience {
    /// Whether and how to send again, after `heard`, with `left` of the budget. None: that was the answer.
    pub(super) fn again(&mut self, heard: Heard, left: Duration, dice: u64) -> Option<Again> {
        match heard {
            Heard::Lost => spend(&mut self.lost, AFTER_LOST_MAX).then_some(Again::After(Duration::ZERO)),
            Heard::RefusedUs => spend(&mut self.refused_us, AFTER_REFUSED_US_MAX).then_some(Again::WithAnotherKey),
            Heard::Busy => {
                let pause = jittered(PAUSE.saturating_mul(self.asked.saturating_add(1)), dice);
                let worthwhile = left >= pause.saturating_add(WORTHWHILE);
                (worthwhile && spend(&mut self.asked, AFTER_ASKED_MAX)).then_some(Again::After(pause))
            }
            Heard::Final => None,
        }
    }
}

fn spend(spent: &mut u32, max: u32) -> bool {
    let granted = *spent < max;
    *spent = spent.saturating_add(u32::from(granted));
    granted
}

/// Between half of a pause and the whole, so that two requests that met do not meet again.
fn jittered(pause: Duration, dice: u64) -> Duration {
    let half = pause.checked_div(2).unwrap_or(pause);
    let half_ms = u64::try_from(half.as_millis()).unwrap_or(u64::MAX);
    half.saturating_add(Duration::from_millis(dice.checked_rem(half_ms.saturating_add(1)).unwrap_or(0)))
}
