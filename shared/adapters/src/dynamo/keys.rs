//! The keys of the table and of its indexes, as template.yaml declares them.
//!
//! | index | partition | order | holds |
//! |---|---|---|---|
//! | the table | `pk` = `PAY#<id>`, `DSP#<id>`, `WRN#<id>`, `DLV#<event>#<endpoint>`, `ENDPOINTS`, `CUS#<person>`, `TML#<id>#<version>`, `JRN#<id>#<movement>`, `CTL#pause`, `BRK#<mark>#<hour>` | | every row |
//! | `due` | `dp` = `doubt#<shard>`, `<shard>` or `delivery#<shard>` | `du` = due | rows that somebody must look at, those in doubt and those of deliveries apart from the others: both attributes are there only then |
//! | `byDay` | `yp` = `<yyyy-mm-dd>#<shard>`, `events#…`, `journal#…` | `ca` = created at | every payment, announced event and movement of money; the keys never change, so it costs one unit once |
//! | `reference` | `ref` | `ca` | payments that the merchant gave a name |
//! | `disputes` | `xp` = status | `xd` = deadline and id | disputes that somebody has looked at; the order is a text, so that no two are equal |
//!
//! A shard is a hash of the id. Changing how it is made leaves old rows where they are until they are written again,
//! so that a reader must ask for the old shards too.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    brake::{Hour, Mark},
    dispute::{Dispute, DisputeId, Status},
    id::{RowId, TransactionId},
    journal::{Movement, MovementKind},
    payment::Payment,
    personal::{Keyring, PersonId},
    time::{Day, Timestamp},
    timeline::{Entry, EventId, Subject},
    warning::{Warning, WarningId},
    webhook::{Delivery, DeliveryId, EndpointId},
};
use flow::ports::{
    DuePartition, DuePlace, ListPlace, Urgency, dispute,
    timeline::{EventPlace, Moved},
};
use time::OffsetDateTime;

use super::{
    attributes::{Attributes, Item, Unfit, Written},
    words::Word as _,
};

pub(super) const PK: &str = "pk";
pub(super) const DUE_INDEX: &str = "due";
pub(super) const DUE_PARTITION: &str = "dp";
pub(super) const DUE: &str = "du";
pub(super) const DAY_INDEX: &str = "byDay";
pub(super) const DAY_PARTITION: &str = "yp";
pub(super) const CREATED_AT: &str = "ca";
pub(super) const REFERENCE_INDEX: &str = "reference";
pub(super) const REFERENCE: &str = "ref";

pub(super) const DISPUTE_INDEX: &str = "disputes";
pub(super) const DISPUTE_PARTITION: &str = "xp";
pub(super) const DISPUTE_ORDER: &str = "xd";

const PAYMENT_PREFIX: &str = "PAY#";
const DISPUTE_PREFIX: &str = "DSP#";
const WARNING_PREFIX: &str = "WRN#";
const DELIVERY_PREFIX: &str = "DLV#";
/// All endpoints of the merchant stand in one row.
const ENDPOINTS: &str = "ENDPOINTS";
const PERSON_PREFIX: &str = "CUS#";
const ENTRY_PREFIX: &str = "TML#";
const MOVEMENT_PREFIX: &str = "JRN#";
const DECLINES_PREFIX: &str = "BRK#";
/// What is paused stands in one row.
const PAUSES: &str = "CTL#pause";

/// What has no deadline sorts after everything that has one: this is in the year 33658.
const NO_DEADLINE_MS: i64 = 999_999_999_999_999;

/// Before the day, where the entry is no payment's.
const EVENT_DAYS: &str = "events#";
const JOURNAL_DAYS: &str = "journal#";

/// A day's payments are spread over so many partitions: 8 × 1,000 writes a second is far above any one merchant.
pub(super) const DAY_SHARDS: u32 = 8;

/// The key of a payment's row.
pub(super) fn of_payment(id: &TransactionId) -> AttributeValue {
    AttributeValue::S(format!("{PAYMENT_PREFIX}{id}"))
}

/// The key of a dispute's row.
pub(super) fn of_dispute(id: &DisputeId) -> AttributeValue {
    AttributeValue::S(format!("{DISPUTE_PREFIX}{id}"))
}

/// The key of a warning.
pub(super) fn of_warning(id: &WarningId) -> AttributeValue {
    AttributeValue::S(format!("{WARNING_PREFIX}{id}"))
}

/// The key of a delivery.
pub(super) fn of_delivery(id: &DeliveryId) -> AttributeValue {
    AttributeValue::S(format!("{DELIVERY_PREFIX}{}#{}", id.event(), id.endpoint()))
}

/// The key of the row of all endpoints.
pub(super) fn of_endpoints() -> AttributeValue {
    AttributeValue::S(ENDPOINTS.to_owned())
}

/// The key of the row of a person's keys.
pub(super) fn of_person(person: &PersonId) -> AttributeValue {
    AttributeValue::S(format!("{PERSON_PREFIX}{person}"))
}

/// The key of an entry of the timeline.
pub(super) fn of_entry(id: &EventId) -> AttributeValue {
    AttributeValue::S(entry_key(id))
}

fn entry_key(id: &EventId) -> String {
    format!("{ENTRY_PREFIX}{}#{}", id.subject(), id.version())
}

/// The key of the row that says what is paused.
pub(super) fn of_pauses() -> AttributeValue {
    AttributeValue::S(PAUSES.to_owned())
}

/// The key of what an hour's declines against somebody are counted in.
pub(super) fn of_declines(against: &Mark, hour: Hour) -> AttributeValue {
    AttributeValue::S(format!("{DECLINES_PREFIX}{}#{}", against.as_str(), hour.number()))
}

/// Writes all keys of a payment.
pub(super) fn write(written: Written, payment: &Payment) -> Result<Written, Unfit> {
    let day_partition = day_partition(Day::of(payment.created_at), shard(payment.id.as_str(), DAY_SHARDS))
        .ok_or_else(|| Unfit::new(CREATED_AT, "has no calendar day"))?;
    let due_partition =
        DuePartition { urgency: Urgency::of(payment), shard: shard(payment.id.as_str(), DuePartition::SHARDS) };
    Ok(written
        .text(PK, format!("{PAYMENT_PREFIX}{}", payment.id))
        .text(DAY_PARTITION, day_partition)
        .number(CREATED_AT, payment.created_at.unix_ms())
        .maybe(payment.due, |written, due| {
            written.text(DUE_PARTITION, due_partition_name(due_partition)).number(DUE, due.unix_ms())
        })
        .maybe(payment.terms.reference.as_ref(), |written, reference| written.text(REFERENCE, reference.as_str())))
}

/// Writes all keys of a dispute. One that nobody has looked at yet is in no list.
pub(super) fn write_dispute(written: Written, dispute: &Dispute) -> Written {
    let shard = shard(dispute.id.as_str(), DuePartition::SHARDS);
    let due_partition = DuePartition { urgency: Urgency::of_dispute(dispute), shard };
    written
        .text(PK, format!("{DISPUTE_PREFIX}{}", dispute.id))
        .number(CREATED_AT, dispute.created_at.unix_ms())
        .maybe(dispute.due, |written, due| {
            written.text(DUE_PARTITION, due_partition_name(due_partition)).number(DUE, due.unix_ms())
        })
        .maybe(dispute.listed_as(), |written, status| {
            written
                .text(DISPUTE_PARTITION, dispute_partition(status))
                .text(DISPUTE_ORDER, dispute_order(&dispute::Place::of(dispute)))
        })
}

/// Writes all keys of a warning. It is in no list: the payment that it is about shows it.
pub(super) fn write_warning(written: Written, warning: &Warning) -> Written {
    let shard = shard(warning.id.as_str(), DuePartition::SHARDS);
    let due_partition = DuePartition { urgency: Urgency::Look, shard };
    written
        .text(PK, format!("{WARNING_PREFIX}{}", warning.id))
        .number(CREATED_AT, warning.created_at.unix_ms())
        .maybe(warning.due, |written, due| {
            written.text(DUE_PARTITION, due_partition_name(due_partition)).number(DUE, due.unix_ms())
        })
}

/// Writes all keys of a delivery. It is in no list: its event and its endpoint name it.
pub(super) fn write_delivery(written: Written, delivery: &Delivery) -> Written {
    let shard = shard(delivery.id.as_str(), DuePartition::SHARDS);
    let due_partition = DuePartition { urgency: Urgency::Delivery, shard };
    written
        .text(PK, format!("{DELIVERY_PREFIX}{}#{}", delivery.id.event(), delivery.id.endpoint()))
        .number(CREATED_AT, delivery.created_at.unix_ms())
        .maybe(delivery.due, |written, due| {
            written.text(DUE_PARTITION, due_partition_name(due_partition)).number(DUE, due.unix_ms())
        })
}

/// Writes the key of the row of all endpoints. Nobody must look at it, and it is in no list.
pub(super) fn write_endpoints(written: Written) -> Written {
    written.text(PK, ENDPOINTS)
}

/// Writes the keys of a person's row. Nobody must look at it, and it is in no list.
pub(super) fn write_keyring(written: Written, ring: &Keyring) -> Written {
    written.text(PK, format!("{PERSON_PREFIX}{}", ring.person)).number(CREATED_AT, ring.created_at.unix_ms())
}

/// Reads from the table's key whose keys they are.
pub(super) fn read_person(row: &Attributes<'_>) -> Result<PersonId, Unfit> {
    let person = row.text(PK)?.strip_prefix(PERSON_PREFIX).and_then(PersonId::parse);
    person.ok_or_else(|| row.unfit(PK, "is not a person's key"))
}

/// Writes all keys of an entry of the timeline. What is not announced is in no list.
pub(super) fn write_entry(written: Written, entry: &Entry) -> Result<Written, Unfit> {
    let written = written.text(PK, entry_key(&entry.id)).number(CREATED_AT, entry.at.unix_ms());
    if !entry.event_type.is_announced() {
        return Ok(written);
    }
    let shard = shard(entry.id.as_str(), DAY_SHARDS);
    let partition = event_partition(Day::of(entry.at), shard);
    Ok(written.text(DAY_PARTITION, partition.ok_or_else(|| Unfit::new(CREATED_AT, "has no calendar day"))?))
}

/// Writes all keys of a movement that a change has made.
pub(super) fn write_movement(written: Written, of: &Moved<'_>, movement: &Movement) -> Result<Written, Unfit> {
    let (key, at) = (movement_key(of, movement), of.payment.updated_at);
    let partition = day_partition(Day::of(at), shard(&key, DAY_SHARDS))
        .ok_or_else(|| Unfit::new(CREATED_AT, "has no calendar day"))?;
    let partition = format!("{JOURNAL_DAYS}{partition}");
    Ok(written.text(PK, key).text(DAY_PARTITION, partition).number(CREATED_AT, at.unix_ms()))
}

/// A movement bears the name of what it is wherever there can be only one: told of two changes, it is the same row.
fn movement_key(Moved { payment, id }: &Moved<'_>, movement: &Movement) -> String {
    let (kind, version) = (movement.kind.name(), id.version());
    let name = match &movement.kind {
        MovementKind::Capture => format!("{kind}#{}", payment.captured().minor_units()),
        MovementKind::Refund(refund) | MovementKind::RefundFailed(refund) => format!("{kind}#{refund}"),
        // A dispute takes and gives back more than once, and a fee may be told again.
        MovementKind::DisputeWithdrawn(dispute) | MovementKind::DisputeReinstated(dispute) => {
            format!("{kind}#{dispute}#{version}")
        }
        MovementKind::Fee(_) | MovementKind::FeeReturned(_) => format!("{kind}#{version}"),
    };
    format!("{MOVEMENT_PREFIX}{}#{name}", payment.id)
}

/// The name of a partition of a day's events, if the day is one of the calendar.
pub(super) fn event_partition(day: Day, shard: u32) -> Option<String> {
    Some(format!("{EVENT_DAYS}{}", day_partition(day, shard)?))
}

/// The name of a partition of the list of disputes.
pub(super) fn dispute_partition(status: Status) -> String {
    status.word().to_owned()
}

/// A place in the list of disputes, as a text that sorts as the places do: the deadline in as many digits as the year
/// 9999 needs, then the id.
pub(super) fn dispute_order(place: &dispute::Place) -> String {
    let due_by = place.due_by.map_or(NO_DEADLINE_MS, |by| by.unix_ms().clamp(0, NO_DEADLINE_MS));
    format!("{due_by:015}#{}", place.id)
}

/// The place of an entry of the list of disputes.
pub(super) fn read_dispute_place(entry: &Attributes<'_>) -> Result<dispute::Place, Unfit> {
    let order = entry.text(DISPUTE_ORDER)?;
    let (digits, _) = order.split_once('#').ok_or_else(|| entry.unfit(DISPUTE_ORDER, "has no id"))?;
    let unix_ms: i64 = digits.parse().map_err(|_| entry.unfit(DISPUTE_ORDER, "has no deadline"))?;
    let due_by = (unix_ms < NO_DEADLINE_MS).then(|| Timestamp::from_unix_ms(unix_ms));
    Ok(dispute::Place { due_by, id: read_dispute_id(entry)? })
}

/// Reads a dispute's id from the table's key.
pub(super) fn read_dispute_id(row: &Attributes<'_>) -> Result<DisputeId, Unfit> {
    let id = row.text(PK)?.strip_prefix(DISPUTE_PREFIX).ok_or_else(|| row.unfit(PK, "is not a dispute's key"))?;
    DisputeId::parse(id).map_err(|why| row.unfit(PK, why))
}

/// Reads a warning's id from the table's key.
pub(super) fn read_warning_id(row: &Attributes<'_>) -> Result<WarningId, Unfit> {
    let id = row.text(PK)?.strip_prefix(WARNING_PREFIX).ok_or_else(|| row.unfit(PK, "is not a warning's key"))?;
    WarningId::parse(id).map_err(|why| row.unfit(PK, why))
}

/// Reads a delivery's id from the table's key.
pub(super) fn read_delivery_id(row: &Attributes<'_>) -> Result<DeliveryId, Unfit> {
    let is_none = || row.unfit(PK, "is not a delivery's key");
    let names = row.text(PK)?.strip_prefix(DELIVERY_PREFIX).ok_or_else(is_none)?;
    let (event, endpoint) = names.split_once('#').ok_or_else(is_none)?;
    let event = EventId::parse(event).map_err(|why| row.unfit(PK, why))?;
    Ok(DeliveryId::of(event, EndpointId::parse(endpoint).map_err(|why| row.unfit(PK, why))?))
}

/// Reads the id of a row of any kind from the table's key.
fn read_row_id(row: &Attributes<'_>) -> Result<RowId, Unfit> {
    if row.text(PK)?.starts_with(DISPUTE_PREFIX) {
        return read_dispute_id(row).map(RowId::Dispute);
    }
    if row.text(PK)?.starts_with(WARNING_PREFIX) {
        return read_warning_id(row).map(RowId::Warning);
    }
    if row.text(PK)?.starts_with(DELIVERY_PREFIX) {
        return read_delivery_id(row).map(RowId::Delivery);
    }
    read_id(row).map(RowId::Payment)
}

/// The key of a row whose changes are told.
pub(super) fn of_subject(subject: &Subject) -> AttributeValue {
    match subject {
        Subject::Payment(id) => of_payment(id),
        Subject::Dispute(id) => of_dispute(id),
        Subject::Warning(id) => of_warning(id),
    }
}

/// Whether this is the key of a row of a kind that DynamoDB deletes by itself.
pub(super) fn goes_by_itself(key: &str) -> bool {
    [DELIVERY_PREFIX, ENTRY_PREFIX, DECLINES_PREFIX].iter().any(|prefix| key.starts_with(prefix))
}

/// What the row of this key is, if its changes are told.
pub(super) fn subject_of(key: &str) -> Option<Subject> {
    let payment = key.strip_prefix(PAYMENT_PREFIX).and_then(|id| TransactionId::parse(id).ok()).map(Subject::Payment);
    let dispute = || key.strip_prefix(DISPUTE_PREFIX).and_then(|id| DisputeId::parse(id).ok()).map(Subject::Dispute);
    let warning = || key.strip_prefix(WARNING_PREFIX).and_then(|id| WarningId::parse(id).ok()).map(Subject::Warning);
    payment.or_else(dispute).or_else(warning)
}

/// Reads the id of a change from the table's key.
pub(super) fn read_event_id(row: &Attributes<'_>) -> Result<EventId, Unfit> {
    let key = row.text(PK)?.strip_prefix(ENTRY_PREFIX).ok_or_else(|| row.unfit(PK, "is not an entry's key"))?;
    let (subject, version) = key.rsplit_once('#').ok_or_else(|| row.unfit(PK, "has no version"))?;
    let subject = Subject::parse(subject).ok_or_else(|| row.unfit(PK, "is of nothing of ours"))?;
    Ok(EventId::of(subject, version.parse().map_err(|_| row.unfit(PK, "has no version"))?))
}

/// Reads the id from the table's key.
pub(super) fn read_id(row: &Attributes<'_>) -> Result<TransactionId, Unfit> {
    let digits = row.text(PK)?.strip_prefix(PAYMENT_PREFIX).ok_or_else(|| row.unfit(PK, "is not a payment's key"))?;
    TransactionId::parse(digits).map_err(|why| row.unfit(PK, why))
}

/// The name of a partition of the `due` index.
#[must_use]
pub fn due_partition_name(DuePartition { urgency, shard }: DuePartition) -> String {
    match urgency {
        Urgency::Doubt => format!("doubt#{shard}"),
        Urgency::Look => shard.to_string(),
        Urgency::Delivery => format!("delivery#{shard}"),
    }
}

/// The name of a partition of the `byDay` index, if the day is one of the calendar.
pub(super) fn day_partition(day: Day, shard: u32) -> Option<String> {
    let start = i128::from(day.start().unix_ms()).checked_mul(1_000_000)?;
    let start = OffsetDateTime::from_unix_timestamp_nanos(start).ok()?;
    Some(format!("{:04}-{:02}-{:02}#{shard}", start.year(), u8::from(start.month()), start.day()))
}

/// The place of an entry of the `due` index.
pub(super) fn read_due_place(entry: &Attributes<'_>) -> Result<DuePlace, Unfit> {
    Ok(DuePlace { due: Timestamp::from_unix_ms(entry.number(DUE)?), id: read_row_id(entry)? })
}

/// The place of an entry of a list's index.
pub(super) fn read_list_place(entry: &Attributes<'_>) -> Result<ListPlace, Unfit> {
    Ok(ListPlace { created_at: Timestamp::from_unix_ms(entry.number(CREATED_AT)?), id: read_id(entry)? })
}

/// The place of an entry of the list of events.
pub(super) fn read_event_place(entry: &Attributes<'_>) -> Result<EventPlace, Unfit> {
    Ok(EventPlace { at: Timestamp::from_unix_ms(entry.number(CREATED_AT)?), id: read_event_id(entry)? })
}

/// A place in the `due` index, as a query wants it. The row need not be there any more.
pub(super) fn of_due_place(partition: DuePartition, place: &DuePlace) -> Item {
    HashMap::from([
        (DUE_PARTITION.to_owned(), AttributeValue::S(due_partition_name(partition))),
        (DUE.to_owned(), AttributeValue::N(place.due.unix_ms().to_string())),
        (PK.to_owned(), of_row(&place.id)),
    ])
}

fn of_row(id: &RowId) -> AttributeValue {
    match id {
        RowId::Payment(id) => of_payment(id),
        RowId::Dispute(id) => of_dispute(id),
        RowId::Warning(id) => of_warning(id),
        RowId::Delivery(id) => of_delivery(id),
    }
}

/// FNV-1a: spreads any ids evenly, is the same on every machine, and never changes.
fn shard(id: &str, shards: u32) -> u32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let hash = id.bytes().fold(OFFSET, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(PRIME));
    // The low bits of FNV mix less than the high ones.
    (hash ^ (hash >> 16)).checked_rem(shards).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_day_in_utc() {
        let of = |unix_ms| day_partition(Day::of(Timestamp::from_unix_ms(unix_ms)), 3);
        for (unix_ms, day) in
            [(0, "1970-01-01#3"), (1_795_434_360_007, "2026-11-23#3"), (951_868_799_999, "2000-02-29#3")]
        {
            assert_eq!(of(unix_ms).as_deref(), Some(day));
        }
        assert_eq!(of(i64::MAX), None);
    }

    #[test]
    fn a_thousand_payments_fill_the_shards_evenly() {
        let mut filled = [0_u32; 8];
        for number in 0..1_000 {
            filled[usize::try_from(shard(world::payments::id(number).as_str(), 8)).unwrap()] += 1;
        }
        assert!(filled.iter().all(|count| (90..=160).contains(count)), "{filled:?}");
    }
}
