//! The lists: payments and events by day, payments by the merchant's reference. Their indexes hold keys only; each row is read for itself, so
//! that what is shown is how the payment stands and not how it stood when the index last caught up.
//!
//! A day lies in several shards. Each is asked for its newest keys, and the newest of all are taken; the place of the
//! last one is where every shard goes on: one cursor for all of them, which stays good whatever is written meanwhile.
//! DynamoDB does not say in which order it keeps rows of the same millisecond, so their order is made here, and a
//! millisecond is shown only when each shard has given all that it has of it.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, KeysAndAttributes},
};
use domain::time::{Day, Timestamp};
use flow::ports::{
    Dependency, Error, ListPage, ListPayments, ListPlace, Listing,
    timeline::{DayList, EventPlace, FindNewest},
};
use futures_util::future::try_join_all;

use super::{
    PaymentTable,
    attributes::{Attributes, Item, Unfit},
    failure, keys, row,
};

/// Keys that one shard is asked for. They are small: a hundred are less than three reads of a row.
const KEYS_PER_QUERY: i32 = 100;
/// How often one shard is asked on, where a whole page is of one millisecond. An import can do that, no shop can.
const QUERIES_MAX: u32 = 50;
/// DynamoDB reads at most so many rows in one call.
const ROWS_PER_READ: usize = 100;
/// How often DynamoDB is asked again for rows that it left out of its answer.
const READS_MAX: u32 = 4;
/// A list without an end in time.
const FOREVER: Timestamp = Timestamp::from_unix_ms(i64::MAX);

/// A place in a list, newest last.
pub(super) trait Placed: Ord + Clone + Send + Sync {
    /// When it came to stand there.
    fn moment(&self) -> Timestamp;
    /// Reads it from an entry of the list's index.
    fn read(entry: &Attributes<'_>) -> Result<Self, Unfit>;
}

impl Placed for ListPlace {
    fn moment(&self) -> Timestamp {
        self.created_at
    }

    fn read(entry: &Attributes<'_>) -> Result<Self, Unfit> {
        keys::read_list_place(entry)
    }
}

impl Placed for EventPlace {
    fn moment(&self) -> Timestamp {
        self.at
    }

    fn read(entry: &Attributes<'_>) -> Result<Self, Unfit> {
        keys::read_event_place(entry)
    }
}

/// Some places of a list.
pub(super) struct Places<P> {
    /// They, newest first.
    pub(super) places: Vec<P>,
    /// Whether there may be more.
    pub(super) has_more: bool,
    /// Entries that could not be read.
    pub(super) unreadable: usize,
}

impl ListPayments for PaymentTable {
    async fn list(&self, listing: &Listing, after: Option<&ListPlace>, limit: u32) -> Result<ListPage, Error> {
        let (index, attribute) = match listing {
            Listing::Day(_) => (keys::DAY_INDEX, keys::DAY_PARTITION),
            Listing::Reference(_) => (keys::REFERENCE_INDEX, keys::REFERENCE),
        };
        let listed = self.places(index, attribute, partitions(listing), after, limit).await?;
        let (places, more, unfit) = (listed.places, listed.has_more, listed.unreadable);
        let mut page =
            ListPage { next: places.last().filter(|_| more).cloned(), unreadable: unfit, ..ListPage::default() };
        let mut rows = self.rows(&places).await?;
        for place in &places {
            // Rows are never deleted, but a table that was restored may lack what its index still has.
            match rows.remove(place.id.as_str()).map(|item| row::read(&item)) {
                Some(Ok(payment)) => page.payments.push(payment),
                Some(Err(_)) | None => page.unreadable = page.unreadable.saturating_add(1),
            }
        }
        Ok(page)
    }
}

impl FindNewest for PaymentTable {
    async fn any_since(&self, list: DayList, day: Day, from: Timestamp) -> Result<bool, Error> {
        // One after another: the first shard that has something ends it.
        for partition in shards_of(list, day) {
            if self.newest_of(partition, FOREVER).await?.is_some_and(|newest| newest >= from) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn newest(&self, list: DayList, day: Day, until: Timestamp) -> Result<Option<Timestamp>, Error> {
        let shards = shards_of(list, day).map(|partition| self.newest_of(partition, until));
        Ok(try_join_all(shards).await?.into_iter().flatten().max())
    }
}

/// The partitions that a day's list is spread over.
fn shards_of(list: DayList, day: Day) -> impl Iterator<Item = String> {
    (0..keys::DAY_SHARDS).filter_map(move |shard| match list {
        DayList::Payments => keys::day_partition(day, shard),
        DayList::Events => keys::event_partition(day, shard),
    })
}

/// What one shard has to go on with, newest first.
struct Shard<P> {
    places: Vec<P>,
    has_more: bool,
    unreadable: usize,
}

impl<P> Default for Shard<P> {
    fn default() -> Self {
        Self { places: Vec::new(), has_more: false, unreadable: 0 }
    }
}

impl PaymentTable {
    /// The newest places in all these partitions of an index that is ordered by when things came to be.
    pub(super) async fn places<P: Placed>(
        &self,
        index: &str,
        attribute: &str,
        partitions: Vec<String>,
        after: Option<&P>,
        limit: u32,
    ) -> Result<Places<P>, Error> {
        let shards = partitions.into_iter().map(|partition| self.shard(index, attribute, partition, after));
        let (places, has_more, unreadable) = merged(try_join_all(shards).await?, after, limit);
        Ok(Places { places, has_more, unreadable })
    }

    async fn shard<P: Placed>(
        &self,
        index: &str,
        attribute: &str,
        partition: String,
        after: Option<&P>,
    ) -> Result<Shard<P>, Error> {
        let until = after.map_or(FOREVER, P::moment);
        let asked = self.newest_first(index, attribute, partition, until).limit(KEYS_PER_QUERY);
        let (mut shard, mut reached) = (Shard::default(), None);
        for _ in 0..QUERIES_MAX {
            let answer = asked.clone().set_exclusive_start_key(reached).send().await;
            let answer = answer.map_err(|failed| failure::of_call(&failed))?;
            shard.read(answer.items());
            reached = answer.last_evaluated_key;
            shard.has_more = reached.is_some();
            if !shard.has_more || shard.has_a_whole_moment(after) {
                return Ok(shard);
            }
        }
        let detail = "more rows of one millisecond than can be put in order".to_owned();
        Err(Error::Unavailable { dependency: Dependency::Store, detail })
    }

    /// When the newest thing in one shard of a day came to be, of those that were there by `until`.
    async fn newest_of(&self, partition: String, until: Timestamp) -> Result<Option<Timestamp>, Error> {
        let asked = self.newest_first(keys::DAY_INDEX, keys::DAY_PARTITION, partition, until).limit(1);
        let answer = asked.send().await.map_err(|failed| failure::of_call(&failed))?;
        let moment = |entry| Attributes::of(entry).number(keys::CREATED_AT).map(Timestamp::from_unix_ms);
        Ok(answer.items().first().map(moment).transpose()?)
    }

    /// Asks one shard of an index that is ordered by when things came to be, from `until` back.
    fn newest_first(&self, index: &str, attribute: &str, partition: String, until: Timestamp) -> QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.name)
            .index_name(index)
            .key_condition_expression("#partition = :partition AND #created <= :newest")
            .expression_attribute_names("#partition", attribute)
            .expression_attribute_names("#created", keys::CREATED_AT)
            .expression_attribute_values(":partition", AttributeValue::S(partition))
            .expression_attribute_values(":newest", AttributeValue::N(until.unix_ms().to_string()))
            .scan_index_forward(false)
    }

    /// The rows at these places, by their ids.
    async fn rows(&self, places: &[ListPlace]) -> Result<HashMap<String, Item>, Error> {
        let rows = self.rows_of(places.iter().map(|place| keys::of_payment(&place.id)).collect()).await?;
        let named = rows.into_iter().map(|item| {
            let id = keys::read_id(&Attributes::of(&item))?;
            Ok((id.as_str().to_owned(), item))
        });
        named.collect::<Result<_, Unfit>>().map_err(Error::from)
    }

    /// The rows of these keys, in any order.
    pub(super) async fn rows_of(&self, wanted: Vec<AttributeValue>) -> Result<Vec<Item>, Error> {
        self.read_all(wanted, None).await
    }

    /// Of these keys, those of which there is a row, in any order.
    pub(super) async fn keys_of(&self, wanted: Vec<AttributeValue>) -> Result<Vec<Item>, Error> {
        self.read_all(wanted, Some(keys::PK)).await
    }

    async fn read_all(&self, wanted: Vec<AttributeValue>, only: Option<&str>) -> Result<Vec<Item>, Error> {
        let mut rows = Vec::new();
        for wanted in wanted.chunks(ROWS_PER_READ) {
            let keys = wanted.iter().map(|key| HashMap::from([(keys::PK.to_owned(), key.clone())]));
            let keys = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true);
            let keys = keys.set_projection_expression(only.map(str::to_owned)).build();
            let keys = keys.map_err(|why| Error::Unreadable { detail: why.to_string() })?;
            let mut left = Some(HashMap::from([(self.name.clone(), keys)]));
            for _ in 0..READS_MAX {
                let Some(asked) = left.take() else { break };
                let answer = self.client.batch_get_item().set_request_items(Some(asked)).send().await;
                let answer = answer.map_err(|failed| failure::of_call(&failed))?;
                rows.extend(answer.responses.unwrap_or_default().into_values().flatten());
                left = answer.unprocessed_keys.filter(|keys| !keys.is_empty());
            }
            if left.is_some() {
                let detail = "rows were left out of the answer each time".to_owned();
                return Err(Error::Unavailable { dependency: Dependency::Store, detail });
            }
        }
        Ok(rows)
    }
}

impl<P: Placed> Shard<P> {
    fn read(&mut self, entries: &[Item]) {
        for entry in entries {
            match P::read(&Attributes::of(entry)) {
                Ok(place) => self.places.push(place),
                Err(_) => self.unreadable = self.unreadable.saturating_add(1),
            }
        }
    }

    /// Whether it has given all that it has of some millisecond that the list goes on with. Of its last one it may have
    /// more.
    fn has_a_whole_moment(&self, after: Option<&P>) -> bool {
        let last = oldest(self);
        self.places.iter().any(|place| after.is_none_or(|after| place < after) && Some(place.moment()) > last)
    }
}

/// The partitions that a list lies in.
fn partitions(listing: &Listing) -> Vec<String> {
    match listing {
        Listing::Day(day) => (0..keys::DAY_SHARDS).filter_map(|shard| keys::day_partition(*day, shard)).collect(),
        Listing::Reference(reference) => vec![reference.as_str().to_owned()],
    }
}

/// The first places of all shards together, whether there are more, and how many could not be read.
fn merged<P: Placed>(shards: Vec<Shard<P>>, after: Option<&P>, limit: u32) -> (Vec<P>, bool, usize) {
    let unreadable = shards.iter().map(|shard| shard.unreadable).sum();
    // A shard that has more has not given all of its last millisecond: what is as old, or older, waits.
    let horizon = shards.iter().filter(|shard| shard.has_more).filter_map(oldest).max();
    let mut places: Vec<P> = shards.into_iter().flat_map(|shard| shard.places).collect();
    places.retain(|place| after.is_none_or(|after| place < after));
    places.sort_unstable_by(|one, other| other.cmp(one));
    let whole = places.iter().take_while(|place| horizon.is_none_or(|horizon| place.moment() > horizon)).count();
    let shown = whole.min(usize::try_from(limit).unwrap_or(usize::MAX));
    let more = shown < places.len() || horizon.is_some();
    places.truncate(shown);
    (places, more, unreadable)
}

fn oldest<P: Placed>(shard: &Shard<P>) -> Option<Timestamp> {
    shard.places.last().map(P::moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(at: i64, number: u32) -> ListPlace {
        ListPlace { created_at: Timestamp::from_unix_ms(at), id: world::payments::id(number) }
    }

    /// Eight shards as DynamoDB shows them: newest first, some keys at a time, the same millisecond in any order.
    fn shards_of(all: &[ListPlace], after: Option<&ListPlace>, keys: usize) -> Vec<Shard<ListPlace>> {
        let shard = |number: usize| {
            let mut places: Vec<ListPlace> = all.iter().skip(number).step_by(8).cloned().collect();
            places.retain(|place| after.is_none_or(|after| place.created_at <= after.created_at));
            places.sort_by_key(|place| std::cmp::Reverse(place.created_at));
            let mut shard = Shard::default();
            for page in places.chunks(keys) {
                shard.places.extend(page.iter().cloned());
                shard.has_more = shard.places.len() < places.len();
                if shard.has_a_whole_moment(after) {
                    break;
                }
            }
            shard
        };
        (0..8).map(shard).collect()
    }

    #[test]
    fn pages_over_all_shards_show_each_row_once_and_the_newest_first() {
        // Three rows share each millisecond, and of one an import made forty.
        let moment = |number: u32| if (90..130).contains(&number) { 30 } else { number / 3 };
        let all: Vec<ListPlace> = (0..200).map(|number| place(i64::from(moment(number)), number)).collect();
        let mut wanted = all.clone();
        wanted.sort_unstable_by(|one, other| other.cmp(one));
        for (keys, limit) in [(1, 9), (5, 7), (4, 100), (100, 1), (100, 100), (200, 33)] {
            let (mut seen, mut after): (Vec<ListPlace>, Option<ListPlace>) = (Vec::new(), None);
            for _ in 0..=all.len() {
                let (places, more, _) = merged(shards_of(&all, after.as_ref(), keys), after.as_ref(), limit);
                assert!(places.len() <= usize::try_from(limit).unwrap());
                seen.extend(places.iter().cloned());
                after = places.last().filter(|_| more).cloned();
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, wanted, "{keys} keys of each shard, {limit} rows a page");
        }
    }
}
