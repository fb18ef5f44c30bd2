//! Where a list goes on, as a text that clients carry back to us and need not understand.
//!
//! It names the list that it belongs to and the last payment that was shown. It is no secret and no proof: whoever makes one up
//! begins a list of their own merchant somewhere else. But it is taken only as it was written, and only with its own list, so
//! that a program which mixes two of them up is told.

use data_encoding::BASE64URL_NOPAD;
use domain::dispute::DisputeId;
use domain::id::{RequestHash, TransactionId};
use domain::time::{Day, Timestamp};
use domain::timeline::EventId;
use flow::operations::webhook_endpoint::RangePlace;
use flow::ports::timeline::EventPlace;
use flow::ports::{ListPlace, Listing, dispute};

/// What the parts of a cursor are parted by.
const SEPARATOR: char = '.';
/// The first part of a cursor of a day; the day itself is that of the payment. A reference's is a hash in hex.
const OF_A_DAY: &str = "d";

/// What a cursor of the list of disputes begins with.
const OF_DISPUTES: &str = "dsp.";

/// What a cursor of the list of events begins with.
const OF_EVENTS: &str = "evt.";

/// What a cursor of a redelivery begins with.
const OF_RANGES: &str = "rng.";

/// A place in a list, as it was read from a client's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    list: String,
    place: ListPlace,
}

impl Cursor {
    /// A place in a list.
    #[must_use]
    pub fn new(listing: &Listing, place: ListPlace) -> Self {
        Self { list: list(listing), place }
    }

    /// Reads what [`Cursor::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let inner = String::from_utf8(bytes).ok()?;
        let mut parts = inner.split(SEPARATOR);
        let (list, created_at, id) = (parts.next()?.to_owned(), parts.next()?.parse().ok()?, parts.next()?);
        let id = TransactionId::parse(id).ok()?;
        let cursor = Self { list, place: ListPlace { created_at: Timestamp::from_unix_ms(created_at), id } };
        // A number has many spellings, and more parts may follow; only our own spelling is ours.
        (cursor.text() == text).then_some(cursor)
    }

    /// The text for it.
    #[must_use]
    pub fn text(&self) -> String {
        let ListPlace { created_at, id } = &self.place;
        let inner = format!("{}{SEPARATOR}{}{SEPARATOR}{id}", self.list, created_at.unix_ms());
        BASE64URL_NOPAD.encode(inner.as_bytes())
    }

    /// The day whose list it belongs to, if it belongs to a day's.
    #[must_use]
    pub fn day(&self) -> Option<Day> {
        (self.list == OF_A_DAY).then(|| Day::of(self.place.created_at))
    }

    /// The place, if it is one in this list.
    #[must_use]
    pub fn place_in(self, listing: &Listing) -> Option<ListPlace> {
        let belongs = match listing {
            Listing::Day(day) => self.day() == Some(*day),
            Listing::Reference(_) => self.list == list(listing),
        };
        belongs.then_some(self.place)
    }
}

/// A place in the list of disputes, as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DisputeCursor;

impl DisputeCursor {
    /// Reads what [`DisputeCursor::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<dispute::Place> {
        let inner = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
        let (due_by, id) = inner.strip_prefix(OF_DISPUTES)?.split_once(SEPARATOR)?;
        let due_by = if due_by.is_empty() { None } else { Some(Timestamp::from_unix_ms(due_by.parse().ok()?)) };
        let place = dispute::Place { due_by, id: DisputeId::parse(id).ok()? };
        (Self::text(&place) == text).then_some(place)
    }

    /// The text for a place.
    #[must_use]
    pub fn text(place: &dispute::Place) -> String {
        let due_by = place.due_by.map(|by| by.unix_ms().to_string()).unwrap_or_default();
        BASE64URL_NOPAD.encode(format!("{OF_DISPUTES}{due_by}{SEPARATOR}{}", place.id).as_bytes())
    }
}

/// A place in the list of a day's events, as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCursor;

impl EventCursor {
    /// Reads what [`EventCursor::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<EventPlace> {
        let inner = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
        let place = event_place(inner.strip_prefix(OF_EVENTS)?)?;
        (Self::text(&place) == text).then_some(place)
    }

    /// The text for a place.
    #[must_use]
    pub fn text(place: &EventPlace) -> String {
        BASE64URL_NOPAD.encode(format!("{OF_EVENTS}{}", event_text(place)).as_bytes())
    }
}

/// How far the redelivery of a range of time has come, as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeCursor;

impl RangeCursor {
    /// Reads what [`RangeCursor::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<RangePlace> {
        let inner = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
        let (day, after) = inner.strip_prefix(OF_RANGES)?.split_once(SEPARATOR)?;
        let day = Day::of(Timestamp::from_unix_ms(day.parse().ok()?));
        let after = if after.is_empty() { None } else { Some(event_place(after)?) };
        let place = RangePlace { day, after };
        (Self::text(&place) == text).then_some(place)
    }

    /// The text for a place.
    #[must_use]
    pub fn text(place: &RangePlace) -> String {
        let after = place.after.as_ref().map(event_text).unwrap_or_default();
        let day = place.day.start().unix_ms();
        BASE64URL_NOPAD.encode(format!("{OF_RANGES}{day}{SEPARATOR}{after}").as_bytes())
    }
}

fn event_place(text: &str) -> Option<EventPlace> {
    let (at, id) = text.split_once(SEPARATOR)?;
    Some(EventPlace { at: Timestamp::from_unix_ms(at.parse().ok()?), id: EventId::parse(id).ok()? })
}

fn event_text(place: &EventPlace) -> String {
    format!("{}{SEPARATOR}{}", place.at.unix_ms(), place.id)
}

/// What a cursor calls its list. A reference is the merchant's own text and stays out of it.
fn list(listing: &Listing) -> String {
    match listing {
        Listing::Day(_) => OF_A_DAY.to_owned(),
        Listing::Reference(reference) => RequestHash::of([("reference", reference.as_str())]).short(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::card_data::contains_card_number;
    use crate::http::secret_data::contains_secret;
    use domain::text::Text;
    use proptest::prelude::*;

    const AT: i64 = 1_795_434_360_007;

    fn place(unix_ms: i64, number: u32) -> ListPlace {
        ListPlace { created_at: Timestamp::from_unix_ms(unix_ms), id: world::payments::id(number) }
    }

    fn day(unix_ms: i64) -> Listing {
        Listing::Day(Day::of(Timestamp::from_unix_ms(unix_ms)))
    }

    fn reference(text: &str) -> Listing {
        Listing::Reference(Text::parse(text).unwrap())
    }

    #[test]
    fn a_cursor_leads_back_to_its_place_in_its_own_list_only() {
        let lists = [day(AT), day(AT + 86_400_000), reference("order-1"), reference("order-2"), reference("d")];
        for (number, own) in lists.iter().enumerate() {
            let at = if number == 1 { AT + 86_400_000 } else { AT };
            let text = Cursor::new(own, place(at, 7)).text();
            for other in &lists {
                let led = Cursor::parse(&text).unwrap().place_in(other);
                assert_eq!(led, (own == other).then(|| place(at, 7)), "{own:?} in {other:?}");
            }
        }
    }

    #[test]
    fn a_cursor_of_a_day_knows_its_day_and_one_of_a_reference_does_not() {
        let of = |listing: &Listing| Cursor::parse(&Cursor::new(listing, place(AT, 1)).text()).unwrap().day();
        assert_eq!(of(&day(AT)), Some(Day::of(Timestamp::from_unix_ms(AT))));
        assert_eq!(of(&reference("order-1")), None);
    }

    #[test]
    fn what_was_not_written_here_is_no_cursor() {
        let id = world::payments::id(1);
        let written = Cursor::new(&day(AT), place(AT, 1)).text();
        for inner in [
            format!("d.+{AT}.{id}"),
            format!("d.0{AT}.{id}"),
            format!("d.{AT}.{id}."),
            format!("d.{AT}.{id}.more"),
            format!("d.99999999999999999999.{id}"),
            format!("d.{AT}.pi_1"),
            format!("d.{AT}"),
            "d".to_owned(),
            String::new(),
        ] {
            assert_eq!(Cursor::parse(&BASE64URL_NOPAD.encode(inner.as_bytes())), None, "{inner}");
        }
        for text in
            [format!("{written}="), format!(" {written}"), written[1..].to_owned(), "%00".to_owned(), "ü".to_owned()]
        {
            assert_eq!(Cursor::parse(&text), None, "{text}");
        }
        assert_eq!(Cursor::parse(&BASE64URL_NOPAD.encode(&[0xff; 40])), None);
    }

    #[test]
    fn a_cursor_of_disputes_leads_back_to_its_place_and_is_no_other_lists() {
        for due_by in [Some(Timestamp::from_unix_ms(AT)), None] {
            let place = dispute::Place { due_by, id: world::disputes::id(7) };
            let text = DisputeCursor::text(&place);
            assert_eq!(DisputeCursor::parse(&text), Some(place));
            assert_eq!(Cursor::parse(&text), None);
            assert_eq!(DisputeCursor::parse(&format!("{text}=")), None);
        }
        assert_eq!(DisputeCursor::parse(&Cursor::new(&day(AT), place(AT, 1)).text()), None);
        for inner in ["dsp.x.dsp_stripe_du_1", "dsp.+1.dsp_stripe_du_1", "dsp.1.du_1", "dsp.1", ""] {
            assert_eq!(DisputeCursor::parse(&BASE64URL_NOPAD.encode(inner.as_bytes())), None, "{inner}");
        }
    }

    #[test]
    fn a_cursor_of_events_and_one_of_a_redelivery_lead_back_and_are_no_other_lists() {
        let id = EventId::parse("evt_pay_srgsc5zsbqycrakmfcc3opqd6l_7").unwrap();
        let place = EventPlace { at: Timestamp::from_unix_ms(AT), id };
        let text = EventCursor::text(&place);
        assert_eq!(EventCursor::parse(&text), Some(place.clone()));
        assert_eq!((RangeCursor::parse(&text), DisputeCursor::parse(&text), Cursor::parse(&text)), (None, None, None));
        let day = Day::of(Timestamp::from_unix_ms(AT));
        for after in [None, Some(place)] {
            let place = RangePlace { day, after };
            let text = RangeCursor::text(&place);
            assert_eq!((RangeCursor::parse(&text), EventCursor::parse(&text)), (Some(place), None));
        }
        for inner in
            ["rng.1.", "rng.x.", "rng.86400000.1.evt_1", "evt.1.evt_1", "evt.+1.evt_pay_srgsc5zsbqycrakmfcc3opqd6l_7"]
        {
            let text = BASE64URL_NOPAD.encode(inner.as_bytes());
            assert_eq!((EventCursor::parse(&text), RangeCursor::parse(&text)), (None, None), "{inner}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fall_over(text in "\\PC{0,100}") {
            drop(Cursor::parse(&text));
            drop((EventCursor::parse(&text), RangeCursor::parse(&text)));
        }

        #[test]
        fn whatever_it_names_is_found_again_and_is_not_taken_for_a_card_or_a_secret(
            unix_ms in any::<i64>(), number in any::<u32>(), name in "\\PC{1,20}"
        ) {
            for listing in [day(unix_ms), reference(&name)] {
                let text = Cursor::new(&listing, place(unix_ms, number)).text();
                let led = Cursor::parse(&text).and_then(|cursor| cursor.place_in(&listing));
                prop_assert_eq!(led, Some(place(unix_ms, number)));
                prop_assert!(!contains_card_number(&text) && !contains_secret(&text), "{}", text);
            }
        }
    }
}
