//! What came of a work: nothing to complain about, or what there was instead.

use std::time::Duration;

use acceptance::wire::Answer;
use tokio::time::sleep;

/// How often something is looked for that takes its time, a second apart.
const SOON: u32 = 20;
/// Long enough for something to have happened.
pub(crate) const A_SECOND: Duration = Duration::from_secs(1);

/// An answer of this status.
pub(crate) fn is(answer: &Answer, status: u16) -> Result<(), String> {
    if answer.status == status { Ok(()) } else { Err(format!("{} {}", answer.status, answer.text)) }
}

/// A function that was invoked, and did not fail as a whole.
pub(crate) fn went_well(answer: &Answer) -> Result<(), String> {
    is(answer, 200)?;
    if answer.header("x-amz-function-error").is_empty() { Ok(()) } else { Err(answer.text.clone()) }
}

/// Looks for a while. What there was instead, if it never comes.
pub(crate) async fn soon(mut look: impl AsyncFnMut() -> Result<(), String>) -> Result<(), String> {
    let mut instead = Ok(());
    for _ in 0..SOON {
        instead = look().await;
        if instead.is_ok() {
            break;
        }
        sleep(A_SECOND).await;
    }
    instead
}
