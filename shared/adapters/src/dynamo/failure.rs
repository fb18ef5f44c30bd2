//! What a failed call comes to. The code says enough to act on; messages stay out, because they may quote a row.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use flow::ports::{Dependency, Error};

/// The failure of a call that is not a condition's refusal. It may have been served all the same.
pub(super) fn of_call<E: ProvideErrorMetadata, R>(failed: &SdkError<E, R>) -> Error {
    let code = match failed {
        SdkError::ServiceError(refused) => refused.err().code().unwrap_or("unknown_code"),
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "timeout",
        SdkError::DispatchFailure(_) => "connection_failed",
        SdkError::ResponseError(_) => "unreadable_answer",
        SdkError::ConstructionFailure(_) => "request_not_built",
        // The SDK may add kinds of failure at any time.
        _ => "unknown_failure",
    };
    Error::Unavailable { dependency: Dependency::Store, detail: code.to_owned() }
}
