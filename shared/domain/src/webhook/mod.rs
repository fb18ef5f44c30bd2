//! Webhooks: how the merchant's own servers hear of what happened.
//!
//! - [`Endpoints`] are all of the merchant's endpoints, in one row: whoever reads it knows all who must be told.
//! - A [`Delivery`] is one event on its way to one endpoint. It has a row of its own, with a `due` until its end, so that no server
//!   that is down for a day, and no death of ours, makes anybody lose an event.
//!
//! What is told stands in [`crate::timeline`]. A delivery is made at least once, and always with the same id: whoever hears of an
//! event twice can tell.
//!
//! Must never: hold a signing secret. It is derived from a key that this crate never sees, and only the number of its
//! [`Generation`] is written down.

mod delivery;
mod endpoint;
mod id;
mod registry;
mod schedule;
mod url;

pub use delivery::{
    Answer, Command as DeliveryCommand, Delivery, Event as DeliveryEvent, Fact as DeliveryFact, KEPT_AFTER_END,
    Progress, Reason, SkipReason, TRIES_MAX, Try, TryResult, apply as apply_to_delivery, decide as decide_on_delivery,
    judge,
};
pub use endpoint::{
    DisableReason, Endpoint, EndpointId, Former, Generation, Interest, InterestError, NotAnEndpointId, ROTATIONS_MAX,
    Rotation, Standing,
};
pub use id::{DeliveryId, NotADeliveryId};
pub use registry::{
    Command, Decision, ENDPOINTS_MAX, Endpoints, Event, Fact, KeepFormer, Registration, Rejection, RotationRequest,
    TooLong, apply, decide,
};
pub use schedule::{LEASE, RETRY_AFTER_MAX, SEND_TIMEOUT};
pub use url::{EndpointUrl, Reach, UrlError};

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]
mod tests;
