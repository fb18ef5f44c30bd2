//! What a whole response means.

use domain::gateway::UnknownReason;

use super::message::PaypalResponse;

/// What came of a call: a response, or the reason why there is none.
pub(super) type Called = Result<PaypalResponse, UnknownReason>;
