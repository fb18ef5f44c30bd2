//! The one place that reads the clock. Everything behind it is handed the time, so that it can be tested at any time.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970. Stripe speaks seconds; retries and timers need finer steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    pub(crate) ms: u64,
}

impl Moment {
    pub(crate) fn now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the border at which time becomes an argument")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX) }
    }

    /// What Stripe writes into `created`.
    pub(crate) fn seconds(self) -> u64 {
        self.ms.saturating_div(1000)
    }

    /// To the millisecond, in UTC. Nobody's clock here is beyond the year 9999, where there is no such text.
    pub(crate) fn rfc3339(self) -> String {
        let nanoseconds = i128::from(self.ms).saturating_mul(1_000_000);
        let utc = time::OffsetDateTime::from_unix_timestamp_nanos(nanoseconds);
        utc.unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap_or_default()
    }

    pub(crate) fn after_ms(self, ms: u64) -> Self {
        Self { ms: self.ms.saturating_add(ms) }
    }
}
