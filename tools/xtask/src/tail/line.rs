//! A change of a payment as one line of a terminal.
//!
//! Every text of a row goes through [`shown`] on its way into a line: a merchant's customers can put into a reference
//! what moves a cursor or turns the reading direction.

use std::env;
use std::io::{self, IsTerminal};

use tz::TimeZone;

use super::row::{Change, Told};

/// `requires_payment_method → processing`, the widest of the common ways.
const MOVE_WIDTH: usize = 36;
/// Longer texts are cut: whoever wants all of them asks for the payment.
const TEXT_MAX: usize = 120;

/// Where the lines go: with colours or without, and in which time zone.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) colours: Colours,
    pub(super) zone: TimeZone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    On,
    Off,
}

/// How a part of a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    Plain,
    Faint,
    Good,
    Bad,
    /// Nobody knows.
    Doubt,
    UnderWay,
    Alarm,
}

impl Screen {
    pub(super) fn from_environment() -> Self {
        let says = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let dumb = says("TERM").as_deref() == Some("dumb");
        let colours =
            if io::stdout().is_terminal() && says("NO_COLOR").is_none() && !dumb { Colours::On } else { Colours::Off };
        let zone = match env::var("TZ") {
            Ok(name) => TimeZone::from_posix_tz(&name),
            Err(_) => TimeZone::local(),
        };
        // A machine that does not know where it is counts in UTC.
        Self { colours, zone: zone.unwrap_or_else(|_| TimeZone::utc()) }
    }

    pub(super) fn line(&self, told: &Told) -> String {
        match told {
            Told::Change(change) => self.change(change),
            Told::Unreadable { id, lacks } => self.odd(id, &format!("a row that cannot be read: it has no `{lacks}`")),
            Told::Removed { id } => self.odd(id, "the row was removed"),
        }
    }

    fn change(&self, change: &Change) -> String {
        let look = look_of(&change.state, change.reason.as_deref());
        let way = match change.before.as_deref() {
            None => format!("→ {}", change.state),
            Some(before) if before == change.state => before.to_owned(),
            Some(before) => format!("{before} → {}", change.state),
        };
        let way = format!("{:<MOVE_WIDTH$}", shown(&way));
        let mut line = format!(
            "{}  {}  {}  {} · {} · v{}",
            self.paint(Look::Faint, &self.clock(change.at_ms)),
            self.paint(Look::Plain, &change.id),
            self.paint(look, &way),
            self.paint(look, &change.event),
            self.paint(Look::Plain, &change.by),
            change.version,
        );
        if let Some(due_ms) = change.due_ms {
            line.push_str(" · ");
            line.push_str(&self.paint(Look::Faint, &due(due_ms.saturating_sub(change.at_ms))));
        }
        if let Some(reason) = &change.attention {
            line.push_str(" · ");
            line.push_str(&self.paint(Look::Alarm, &format!("ATTENTION: {reason}")));
        }
        line
    }

    fn odd(&self, id: &str, what: &str) -> String {
        format!("--:--:--.---  {}  {}", self.paint(Look::Plain, id), self.paint(Look::Alarm, what))
    }

    /// The only way into a line.
    fn paint(&self, look: Look, text: &str) -> String {
        let text = shown(text);
        match (self.colours, look.code()) {
            (Colours::On, Some(code)) => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            (Colours::On, None) | (Colours::Off, _) => text,
        }
    }

    fn clock(&self, at_ms: i64) -> String {
        let seconds = at_ms.div_euclid(1_000);
        let offset = self.zone.find_local_time_type(seconds).map_or(0, |kind| i64::from(kind.ut_offset()));
        let of_day = seconds.saturating_add(offset).rem_euclid(86_400);
        let (hours, minutes, seconds) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", at_ms.rem_euclid(1_000))
    }
}

impl Look {
    /// Select Graphic Rendition, as every terminal since the VT100 has it.
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Faint => Some("2"),
            Self::Good => Some("32"),
            Self::Bad => Some("31"),
            Self::Doubt => Some("33"),
            Self::UnderWay => Some("36"),
            Self::Alarm => Some("1;37;41"),
        }
    }
}

fn look_of(state: &str, reason: Option<&str>) -> Look {
    match (state, reason) {
        ("succeeded", _) => Look::Good,
        ("failed" | "canceled" | "expired", _) => Look::Bad,
        ("processing", Some("outcome_unknown")) => Look::Doubt,
        ("requires_payment_method" | "requires_action" | "requires_capture" | "processing", _) => Look::UnderWay,
        _ => Look::Plain,
    }
}

/// When somebody looks again, counted from the event.
fn due(in_ms: i64) -> String {
    match in_ms {
        ..=0 => "due now".to_owned(),
        1..10_000 => {
            let tenths = (in_ms.saturating_add(50) / 100).max(1);
            if tenths % 10 == 0 {
                format!("due in {} s", tenths / 10)
            } else {
                format!("due in {}.{} s", tenths / 10, tenths % 10)
            }
        }
        10_000..120_000 => format!("due in {} s", in_ms.saturating_add(500) / 1_000),
        120_000..7_200_000 => format!("due in {} min", in_ms.saturating_add(30_000) / 60_000),
        7_200_000..172_800_000 => format!("due in {} h", in_ms.saturating_add(1_800_000) / 3_600_000),
        _ => format!("due in {} d", in_ms.saturating_add(43_200_000) / 86_400_000),
    }
}

/// A text of a row as it may stand in a terminal.
pub(super) fn shown(text: &str) -> String {
    spelled_out(text, TEXT_MAX)
}

/// A text in which what is not seen, or makes others be seen elsewhere, is spelled out; cut after `max` characters.
pub(super) fn spelled_out(text: &str, max: usize) -> String {
    let mut safe = String::new();
    for character in text.chars().take(max) {
        if character.is_control() || is_formatting(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    if text.chars().nth(max).is_some() {
        safe.push('…');
    }
    safe
}

/// Unicode's invisible and direction-turning characters (`Cf`, and the two separators).
const fn is_formatting(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}
