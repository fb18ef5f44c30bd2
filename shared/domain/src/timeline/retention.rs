//! How long what is told of a row is kept.
//!
//! An entry is the mark that its change is told, and the next change looks for it. So one may only go that is not the newest of its row
//! by then: a row with a `due` is written again when that has come, long before; a row that is at rest may never be written again, or
//! in years, and the entry on which it rests stays as long as the row.
//!
//! Must never: let an entry go on which a row rests.

use std::time::Duration;

use super::Image;
use crate::time::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// The longest month, so that nothing goes earlier than was said.
const DAYS_OF_A_MONTH: u32 = 31;

/// How long entries of the timeline are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention(Option<Duration>);

impl Retention {
    /// As long as the table.
    pub const FOR_EVER: Self = Self(None);

    /// So many months, each of 31 days; none means for ever.
    #[must_use]
    pub const fn of_months(months: u32) -> Self {
        if months == 0 {
            Self::FOR_EVER
        } else {
            Self(Some(DAY.saturating_mul(DAYS_OF_A_MONTH).saturating_mul(months)))
        }
    }

    /// From when on the entry of the change that made `image` may be deleted; never, if the row rests on it. In whole seconds, as
    /// DynamoDB counts.
    #[must_use]
    pub fn ends(self, image: &Image) -> Option<Timestamp> {
        let (kept, due) = (self.0?, image.due()?);
        let seconds = image.updated_at().max(due).plus(kept).unix_ms().div_euclid(1_000);
        Some(Timestamp::from_unix_ms(seconds.saturating_add(1).saturating_mul(1_000)))
    }
}
