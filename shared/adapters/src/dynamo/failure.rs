//! What a failed call comes to. The code says enough to act on; messages stay out, because they may quote a row.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use flow::ports::{Dependency, Error};

use crate::aws::failure_code;

/// The failure of a call that is not a condition's refusal. It may have been served all the same.
pub(super) fn of_call<E: ProvideErrorMetadata, R>(failed: &SdkError<E, R>) -> Error {
    Error::Unavailable { dependency: Dependency::Store, detail: failure_code(failed).to_owned() }
}
