//! Days and moments. "23.11.2026 - 30.11.2026" is 16 digits that begin as a Mastercard does, and the seconds of a clock with nine
//! digits after them and the hours to UTC are thirteen.
//!
//! One is told by its whole shape and by numbers that a calendar and a clock have, in this century or the last: `23.11.2026`,
//! `11/23/2026`, `2026-11-23T11:46:00.123456789-05:00` (with a space for the `T` too). No card is written in such groups.

/// Days as they are written with the year last; `#` is a digit.
const DAYS: [&str; 3] = ["##.##.####", "##/##/####", "##-##-####"];
/// What RFC 3339 begins with, and what some write instead.
const MOMENTS: [&str; 3] = ["####-##-##T##:##:##", "####-##-##t##:##:##", "####-##-## ##:##:##"];
/// Nanoseconds: no clock tells more.
const FRACTION_MAX: usize = 9;
/// The zones, after the time.
const ZONES: [&str; 4] = ["Z", "z", "+##:##", "-##:##"];

/// How many bytes the day or moment has that this text begins with, if it does.
pub(super) fn at_start(text: &str) -> Option<usize> {
    let length = day(text).or_else(|| moment(text))?;
    let goes_on = text.get(length..)?.starts_with(|next: char| next.is_ascii_alphanumeric());
    (!goes_on).then_some(length)
}

fn day(text: &str) -> Option<usize> {
    let length = DAYS.iter().find_map(|shape| length_of(text, shape))?;
    let is_one = is_within(text, 0, 1, 31) && is_within(text, 3, 1, 31) && is_in_our_time(text.get(6..)?);
    is_one.then_some(length)
}

fn moment(text: &str) -> Option<usize> {
    let seconds = MOMENTS.iter().find_map(|shape| length_of(text, shape))?;
    let is_one = is_in_our_time(text)
        && is_within(text, 5, 1, 12)
        && is_within(text, 8, 1, 31)
        && is_within(text, 11, 0, 23)
        && is_within(text, 14, 0, 59)
        && is_within(text, 17, 0, 60);
    let rest = text.get(seconds..).filter(|_| is_one)?;
    let fraction = match rest.strip_prefix('.') {
        Some(digits) => digits.bytes().take_while(u8::is_ascii_digit).count().saturating_add(1),
        None => 0,
    };
    let after = rest.get(fraction..).filter(|_| fraction <= FRACTION_MAX.saturating_add(1))?;
    let zone = ZONES.iter().find_map(|shape| length_of(after, shape))?;
    let is_zone = zone == 1 || (is_within(after, 1, 0, 23) && is_within(after, 4, 0, 59));
    is_zone.then_some(seconds.saturating_add(fraction).saturating_add(zone))
}

/// The shape's length, if the text begins so.
fn length_of(text: &str, shape: &str) -> Option<usize> {
    let fits = |(byte, wanted): (&u8, u8)| if wanted == b'#' { byte.is_ascii_digit() } else { *byte == wanted };
    let begin = text.as_bytes().get(..shape.len())?;
    begin.iter().zip(shape.bytes()).all(fits).then_some(shape.len())
}

fn is_within(text: &str, place: usize, least: u8, most: u8) -> bool {
    let number = text.get(place..place.saturating_add(2)).and_then(|digits| digits.parse::<u8>().ok());
    number.is_some_and(|number| (least..=most).contains(&number))
}

fn is_in_our_time(year: &str) -> bool {
    year.starts_with("19") || year.starts_with("20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_moments_are_told_whole() {
        for text in [
            "23.11.2026",
            "11/23/2026",
            "30-01-1999",
            "2026-11-23T11:46:00Z",
            "2026-11-23t11:46:00.1z",
            "2026-11-23 11:46:60.123456789-05:30",
            "2026-06-09T15:18:43.532601775+00:00",
        ] {
            assert_eq!(at_start(text), Some(text.len()), "{text}");
            assert_eq!(at_start(&format!("{text} - 1")), Some(text.len()), "{text}");
            assert_eq!(at_start(&format!("{text}1")), None, "{text} and more");
        }
    }

    #[test]
    fn what_has_another_shape_or_is_in_no_calendar_is_none() {
        for text in [
            "",
            "41.11.1111",
            "23.11.2126",
            "23.32.2026",
            "00.11.2026",
            "23.11/2026",
            "23 11 2026",
            "2026-11-23T11:46:00",
            "2026-11-23T11:46:00.1234567890Z",
            "2026-11-23T11:46:00.Y",
            "2026-13-23T11:46:00Z",
            "2026-11-23T24:46:00Z",
            "2026-11-23T11:46:00-24:00",
            "4242-11-23T11:46:00Z",
        ] {
            assert_eq!(at_start(text), None, "{text}");
        }
    }
}
