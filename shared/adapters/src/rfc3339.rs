//! Moments as text: RFC 3339 in UTC, to the millisecond, in answers, logs and secrets.

use domain::time::{Day, Timestamp};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// `2026-11-23T11:46:00.123Z`.
#[must_use]
pub fn format(moment: Timestamp) -> String {
    let nanoseconds = i128::from(moment.unix_ms()).saturating_mul(1_000_000);
    // A moment beyond the year 9999 has no RFC 3339 form. The end of the last year that has one says so clearly enough.
    let Ok(moment) = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds) else {
        return "9999-12-31T23:59:59.999Z".to_owned();
    };
    let (date, hour, minute, second, ms) =
        (moment.date(), moment.hour(), moment.minute(), moment.second(), moment.millisecond());
    format!(
        "{:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z",
        date.year(),
        u8::from(date.month()),
        date.day()
    )
}

/// Reads any RFC 3339 moment that has this form in UTC too; finer parts than milliseconds are dropped.
#[must_use]
pub fn parse(text: &str) -> Option<Timestamp> {
    // An hour before midnight of the last year is, somewhere west of here, in a year that cannot be written.
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?.checked_to_offset(UtcOffset::UTC)?;
    if moment.year() < 0 {
        return None;
    }
    i64::try_from(moment.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(Timestamp::from_unix_ms)
}

/// Reads a day in UTC, as `2026-11-23`.
#[must_use]
pub fn parse_day(text: &str) -> Option<Day> {
    // A full moment makes the calendar, leap years and all, somebody else's work; its length keeps out what goes on after the day.
    (text.len() == "2026-11-23".len()).then(|| parse(&format!("{text}T00:00:00Z"))).flatten().map(Day::of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_moment_reads_as_people_write_it() {
        assert_eq!(format(Timestamp::from_unix_ms(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(format(Timestamp::from_unix_ms(1_795_434_360_007)), "2026-11-23T11:46:00.007Z");
        assert_eq!(format(Timestamp::from_unix_ms(i64::MAX)), "9999-12-31T23:59:59.999Z");
        assert_eq!(parse("2026-11-23T13:46:00.0079+02:00"), Some(Timestamp::from_unix_ms(1_795_434_360_007)));
    }

    #[test]
    fn what_is_not_a_moment_is_not_read_as_one() {
        for text in ["", "2026-11-23", "2026-11-23T11:46:00", "yesterday", "2026-13-01T00:00:00Z"] {
            assert_eq!(parse(text), None, "{text}");
        }
        for beyond in ["9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00+23:59"] {
            assert_eq!(parse(beyond), None, "{beyond}");
        }
    }

    #[test]
    fn a_day_is_one_of_the_calendar_written_in_full() {
        let first_moment = |text| parse_day(text).map(|day| format(day.start()));
        assert_eq!(first_moment("2026-11-23").as_deref(), Some("2026-11-23T00:00:00.000Z"));
        assert_eq!(first_moment("2024-02-29").as_deref(), Some("2024-02-29T00:00:00.000Z"));
        for text in
            ["", "2026-02-29", "2026-13-01", "2026-1-1", "26-11-23", "2026-11-23T", "23.11.2026", "today", "２０２６"]
        {
            assert_eq!(parse_day(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(unix_ms in -62_135_596_800_000..253_402_300_799_999_i64) {
            prop_assert_eq!(parse(&format(Timestamp::from_unix_ms(unix_ms))), Some(Timestamp::from_unix_ms(unix_ms)));
        }
    }
}
