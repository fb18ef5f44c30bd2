//! All of the merchant's endpoints as one row. The names that payments have too mean the same; these are its own:
//!
//! | names | meaning |
//! |---|---|
//! | `pk` | `ENDPOINTS` |
//! | `on` | the endpoint that the last change was of |
//! | `ep` | the endpoints, oldest first: `i` id, `u` URL, `d` description, `ty` the types it wants to hear of (each `n`; not there if it is all), `h` hash of the request that registered it, `t` when that was, `ds` `dr` disabled since and why, `g` generation of its secret, `fg` `fu` the one before it and until when that signs, `rk` `rh` key and hash of the request that made the present one |
//!
//! No secret stands in it: which generation signs is all that is written down.

use domain::{
    id::IdempotencyKey,
    text::Text,
    timeline::EventType,
    webhook::{
        ENDPOINTS_MAX, Endpoint, EndpointId, EndpointUrl, Endpoints, Former, Generation, Interest, Rotation, Standing,
    },
};
use flow::ports::Cause;
use flow::ports::webhook::EndpointsWrite;

use super::{
    super::{
        attributes::{Attributes, Item, Unfit, Written},
        keys,
    },
    VERSION, caused_by, hash_bytes, is_of, maybe_time, read_hash, time,
};

/// The shape of the first release that has endpoints.
const FIRST: u32 = 1;

const ENDPOINTS: &str = "ep";
const TYPES: &str = "ty";

/// The whole row as it shall stand.
///
/// # Errors
/// If it could not be read again.
pub fn lay_out(write: &EndpointsWrite<'_>) -> Result<Item, Unfit> {
    let endpoints = &write.endpoints.endpoints;
    if endpoints.len() > ENDPOINTS_MAX {
        return Err(Unfit::new(ENDPOINTS, "has more than there may be"));
    }
    let endpoints = endpoints.iter().map(write_endpoint).collect::<Result<Vec<_>, _>>()?;
    let row = caused_by(write.writer, &Cause::of(write.event), write.actor)
        .number("sv", FIRST)
        .number(VERSION, write.endpoints.version)
        .number("ua", write.at.unix_ms())
        .text("on", write.endpoint.as_str())
        .list(ENDPOINTS, endpoints);
    Ok(keys::write_endpoints(row).into_item())
}

/// Reads a row back.
///
/// # Errors
/// If it is none that this release wrote.
pub fn read(item: &Item) -> Result<Endpoints, Unfit> {
    let row = Attributes::of(item);
    if row.number::<u32>("sv")? != FIRST {
        return Err(row.unfit("sv", "is a version that this release does not read"));
    }
    Ok(Endpoints { endpoints: row.list(ENDPOINTS, read_endpoint)?, version: row.number(VERSION)? })
}

/// Whether the row is this very write.
#[must_use]
pub fn is_written_by(stands: &Item, write: &EndpointsWrite<'_>) -> bool {
    is_of(stands, write.writer, write.endpoints.version)
}

fn write_endpoint(endpoint: &Endpoint) -> Result<Written, Unfit> {
    let map = Written::default()
        .text("i", endpoint.id.as_str())
        .text("u", endpoint.url.as_str())
        .maybe(endpoint.description.as_ref(), |map, description| map.text("d", description.as_str()))
        .bytes("h", hash_bytes(endpoint.request_hash)?)
        .number("t", endpoint.created_at.unix_ms())
        .number("g", endpoint.generation.get())
        .maybe(endpoint.former, |map, former| {
            map.number("fg", former.generation.get()).number("fu", former.until.unix_ms())
        });
    let map = match &endpoint.interest {
        Interest::All => map,
        Interest::Only(types) => map.list(TYPES, types.iter().map(|of| Written::default().text("n", of.name()))),
    };
    let map = match endpoint.standing {
        Standing::Enabled => map,
        Standing::Disabled { since, reason } => map.number("ds", since.unix_ms()).word("dr", reason),
    };
    Ok(match &endpoint.rotation {
        Some(rotation) => map.text("rk", rotation.key.as_str()).bytes("rh", hash_bytes(rotation.request_hash)?),
        None => map,
    })
}

fn read_endpoint(map: &Attributes<'_>) -> Result<Endpoint, Unfit> {
    Ok(Endpoint {
        id: map.parsed("i", EndpointId::parse)?,
        url: map.parsed("u", EndpointUrl::parse)?,
        interest: read_interest(map)?,
        description: map.maybe_parsed("d", Text::parse)?,
        standing: match maybe_time(map, "ds")? {
            Some(since) => Standing::Disabled { since, reason: map.word("dr")? },
            None => Standing::Enabled,
        },
        generation: read_generation(map, "g")?,
        former: match maybe_time(map, "fu")? {
            Some(until) => Some(Former { generation: read_generation(map, "fg")?, until }),
            None => None,
        },
        rotation: match map.maybe_parsed("rk", IdempotencyKey::parse)? {
            Some(key) => Some(Rotation { key, request_hash: read_hash(map, "rh")? }),
            None => None,
        },
        request_hash: read_hash(map, "h")?,
        created_at: time(map, "t")?,
    })
}

fn read_interest(map: &Attributes<'_>) -> Result<Interest, Unfit> {
    let known = |of: &Attributes<'_>| {
        of.parsed("n", |name| EventType::named(name).ok_or("is a type that this release does not know"))
    };
    match map.maybe_list(TYPES, known)? {
        Some(types) => Interest::only(&types).map_err(|why| map.unfit(TYPES, why)),
        None => Ok(Interest::All),
    }
}

fn read_generation(map: &Attributes<'_>, name: &str) -> Result<Generation, Unfit> {
    Generation::try_new(map.number(name)?).ok_or_else(|| map.unfit(name, "is out of range"))
}
