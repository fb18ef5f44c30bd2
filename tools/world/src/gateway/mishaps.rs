//! What a caller sees of a request that went wrong.

use domain::gateway::UnknownReason;

use super::Call;

/// Why a request was not served.
pub(crate) const NOT_SERVED: [UnknownReason; 8] = [
    UnknownReason::NotSent,
    UnknownReason::Timeout,
    UnknownReason::ConnectionLost,
    UnknownReason::Unreadable,
    UnknownReason::KeyInUse,
    UnknownReason::Unauthorized,
    UnknownReason::Misconfigured,
    UnknownReason::KeyMismatch,
];

/// What is seen of a request that was served, and whose answer was lost.
pub(crate) const UNHEARD: [UnknownReason; 4] =
    [UnknownReason::Timeout, UnknownReason::ConnectionLost, UnknownReason::Unreadable, UnknownReason::ServerError];

impl Call {
    /// A code with which the gateway refuses such a request for a reason that is the client's.
    pub(crate) const fn refusal(self) -> &'static str {
        match self {
            Self::Open => "parameter_invalid_string",
            Self::Confirm => "payment_method_unactivated",
            Self::Capture => "capture_charge_authorization_expired",
            Self::Refund => "balance_insufficient",
            Self::Cancel | Self::Fetch | Self::ListRefunds => "resource_missing",
        }
    }
}
