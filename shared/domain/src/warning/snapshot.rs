//! What a gateway can tell us about an early fraud warning. Adapters translate into these types.

use super::{Known, Link};
use crate::{
    gateway::{Mode, UnknownReason},
    text::GatewayToken,
};

/// A warning as the gateway said it stood, at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The gateway's name for it.
    pub reference: GatewayToken,
    /// Real money or not.
    pub mode: Mode,
    /// Whose charge it is about; unknown if the gateway did not show that.
    pub link: Link,
    /// The rest.
    pub known: Known,
}

/// What a look came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The gateway showed the warning.
    Warning(Box<Snapshot>),
    /// The gateway would not show it: it has none of that name, say.
    Refused,
    /// Nobody knows.
    Unknown(UnknownReason),
}
