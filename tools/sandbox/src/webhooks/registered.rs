//! Who hears what: the endpoints that a merchant has at the gateways, whichever way they came to be.
//!
//! Those that the sandbox was started with, or that a test added, hear everything, as one of the dashboard may; those that a gateway's API made
//! hear what was asked for.

use std::collections::BTreeMap;

use crate::{
    clock::Moment,
    config::{Contract, Endpoint},
};

/// Everything, in the words of both gateways.
const EVERYTHING: &str = "*";

/// An endpoint, and what its gateway knows of it besides.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    /// What the gateway calls it: `we_…`, or PayPal's id of the webhook.
    pub(crate) id: String,
    pub(crate) endpoint: Endpoint,
    /// The names of the events that it hears.
    pub(crate) events: Vec<String>,
    pub(crate) created: Moment,
    pub(crate) description: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
    pub(crate) hearing: Hearing,
}

/// Whether events are sent to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hearing {
    Enabled,
    Disabled,
}

/// Which gateway an endpoint belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Stripe,
    Paypal,
}

impl Registered {
    /// One that hears everything, as nobody's API made it.
    pub(crate) fn by_hand(id: String, endpoint: Endpoint, created: Moment) -> Self {
        Self {
            id,
            endpoint,
            events: vec![EVERYTHING.to_owned()],
            created,
            description: None,
            metadata: BTreeMap::new(),
            hearing: Hearing::Enabled,
        }
    }

    /// Whether an event of this name is for it.
    pub(super) fn hears(&self, kind: &str) -> bool {
        self.hearing == Hearing::Enabled && self.events.iter().any(|name| name == EVERYTHING || name == kind)
    }

    /// Whose it is.
    pub(crate) fn at(&self) -> At {
        match self.endpoint.contract {
            Contract::Stripe { .. } => At::Stripe,
            Contract::Paypal { .. } => At::Paypal,
        }
    }
}
