//! All of the merchant's endpoints as one row. The names that payments have too mean the same; these are its own:
//!
//! | names | meaning |
//! |---|---|
//! | `pk` | `ENDPOINTS` |
//! | `on` | the endpoint that the last change was of |
//! | `ep` | the endpoints, oldest first: `i` id, `u` URL, `d` description, `ty` the types it wants to hear of (each `n`; not there if it is all), `h` hash of the request that registered it, `t` when that was, `es` enabled since when (not there: since it was registered), or `ds` `dr` disabled since when and why, `g` generation of its secret, `fg` `fu` the one before it and until when that signs, `ro` the newest requests for another one, oldest first (each `k` key, `h` hash, `g` the generation that it made) |
//!
//! A row that was written before there was `ro` has `rk` and `rh` instead: key and hash of the request that made the present secret. It is
//! read, and written no more.
//!
//! No secret stands in it: which generation signs is all that is written down.

use domain::{
    id::IdempotencyKey,
    text::Text,
    timeline::EventType,
    webhook::{
        ENDPOINTS_MAX, Endpoint, EndpointId, EndpointUrl, Endpoints, Former, Generation, Interest, ROTATIONS_MAX,
        Rotation, Standing,
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
const ROTATIONS: &str = "ro";

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
        Standing::Enabled { since } if since == endpoint.created_at => map,
        Standing::Enabled { since } => map.number("es", since.unix_ms()),
        Standing::Disabled { since, reason } => map.number("ds", since.unix_ms()).word("dr", reason),
    };
    if endpoint.rotations.is_empty() {
        return Ok(map);
    }
    if endpoint.rotations.len() > ROTATIONS_MAX {
        return Err(Unfit::new(ROTATIONS, "has more than there may be"));
    }
    let rotations = endpoint.rotations.iter().map(write_rotation).collect::<Result<Vec<_>, _>>()?;
    Ok(map.list(ROTATIONS, rotations))
}

fn write_rotation(rotation: &Rotation) -> Result<Written, Unfit> {
    Ok(Written::default()
        .text("k", rotation.key.as_str())
        .bytes("h", hash_bytes(rotation.request_hash)?)
        .number("g", rotation.generation.get()))
}

fn read_endpoint(map: &Attributes<'_>) -> Result<Endpoint, Unfit> {
    let created_at = time(map, "t")?;
    Ok(Endpoint {
        id: map.parsed("i", EndpointId::parse)?,
        url: map.parsed("u", EndpointUrl::parse)?,
        interest: read_interest(map)?,
        description: map.maybe_parsed("d", Text::parse)?,
        standing: match maybe_time(map, "ds")? {
            Some(since) => Standing::Disabled { since, reason: map.word("dr")? },
            None => Standing::Enabled { since: maybe_time(map, "es")?.unwrap_or(created_at) },
        },
        generation: read_generation(map, "g")?,
        former: match maybe_time(map, "fu")? {
            Some(until) => Some(Former { generation: read_generation(map, "fg")?, until }),
            None => None,
        },
        rotations: read_rotations(map)?,
        request_hash: read_hash(map, "h")?,
        created_at,
    })
}

fn read_rotations(map: &Attributes<'_>) -> Result<Vec<Rotation>, Unfit> {
    if let Some(rotations) = map.maybe_list(ROTATIONS, read_rotation)? {
        return Ok(rotations);
    }
    Ok(match map.maybe_parsed("rk", IdempotencyKey::parse)? {
        Some(key) => {
            vec![Rotation { key, request_hash: read_hash(map, "rh")?, generation: read_generation(map, "g")? }]
        }
        None => Vec::new(),
    })
}

fn read_rotation(map: &Attributes<'_>) -> Result<Rotation, Unfit> {
    Ok(Rotation {
        key: map.parsed("k", IdempotencyKey::parse)?,
        request_hash: read_hash(map, "h")?,
        generation: read_generation(map, "g")?,
    })
}

/// A later release may have announced types that this one does not know, and nobody can be told of them here: they are passed over, so that
/// this endpoint and all others hear of the rest. One that wants to hear of nothing else hears
/// of nothing. Should this release write the row, they are forgotten.
fn read_interest(map: &Attributes<'_>) -> Result<Interest, Unfit> {
    let announced = |of: &Attributes<'_>| Ok(EventType::named(of.text("n")?).filter(|kind| kind.is_announced()));
    Ok(match map.maybe_list(TYPES, announced)? {
        Some(types) => {
            let types: Vec<_> = types.into_iter().flatten().collect();
            Interest::only(&types).unwrap_or(Interest::Only(types))
        }
        None => Interest::All,
    })
}

fn read_generation(map: &Attributes<'_>, name: &str) -> Result<Generation, Unfit> {
    Generation::try_new(map.number(name)?).ok_or_else(|| map.unfit(name, "is out of range"))
}
