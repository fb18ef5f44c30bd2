//! When a delivery is tried again: by the schedule that the Standard Webhooks specification gives.

use std::time::Duration;

/// The longest that one try may take, from the name's look-up to the status of the answer. The specification advises 15 to 30 s; a
/// merchant who needs longer than this to say "thank you" does the work first, and should not.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(15);

/// For so long a claim keeps others off. Whoever has not written down by then what came of a try is not alive any more; if it is,
/// the endpoint hears of the event twice, under one id.
pub const LEASE: Duration = Duration::from_secs(30);

/// How long to wait before each try: a little more than three days in all, so that a server which breaks on a Friday evening has heard
/// of everything by Tuesday morning.
const DELAYS: [Duration; 10] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(5 * 3600),
    Duration::from_secs(10 * 3600),
    Duration::from_secs(14 * 3600),
    Duration::from_secs(20 * 3600),
    Duration::from_secs(24 * 3600),
];

/// No endpoint puts us off for longer: who asks to be left alone for a year is asked again tomorrow.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3600);

/// One part in so many is added by the dice, so that what failed together is not tried again together.
const JITTER_PART: u64 = 10;

/// How many rounds a delivery has, unless somebody asks for it again.
pub(super) const ROUNDS_MAX: u32 = 10;

/// How long to wait after `failed` rounds in a row; none if that was the last.
pub(super) fn delay_after(failed: u32, retry_after: Option<Duration>, dice: u64) -> Option<Duration> {
    let delay = *DELAYS.get(usize::try_from(failed).unwrap_or(usize::MAX))?;
    let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
    let most = millis.checked_div(JITTER_PART).unwrap_or(0);
    let jitter = Duration::from_millis(dice.checked_rem(most.saturating_add(1)).unwrap_or(0));
    let asked = retry_after.unwrap_or_default().min(RETRY_AFTER_MAX);
    Some(delay.saturating_add(jitter).max(asked))
}
