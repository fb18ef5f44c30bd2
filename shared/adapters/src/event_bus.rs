//! The merchant's event bus: the same events, for what the merchant runs inside AWS. It is off unless the stack's parameter says
//! otherwise.
//!
//! An event is there at least once; whoever reacts to it tells by its id whether that was before.
//!
//! Must never: put another text on the bus than the one that endpoints get.

use aws_sdk_eventbridge::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::PutEventsRequestEntry,
};
use flow::ports::{
    Dependency, Error,
    timeline::{Bus, Event},
};

/// Who sends, in the bus's rules.
const SOURCE: &str = "quittance";

/// A bus of EventBridge's.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    name: String,
}

impl EventBus {
    /// The bus of this name.
    #[must_use]
    pub const fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }
}

impl Bus for EventBus {
    async fn put(&self, event: &Event) -> Result<(), Error> {
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.event_type.name())
            .detail(String::from_utf8_lossy(&event.body))
            .build();
        let answer = self.client.put_events().entries(entry).send().await.map_err(|error| unavailable(&error))?;
        // It answers 200 also to what it did not take.
        match answer.entries().iter().find_map(|entry| entry.error_code()) {
            Some(code) => Err(failed(code)),
            None => Ok(()),
        }
    }
}

/// AWS's own name for what went wrong, or the kind of silence. Never its message: that may quote what was sent.
fn unavailable<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> Error {
    failed(match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "unreadable answer",
        SdkError::ConstructionFailure(_) | SdkError::ServiceError(_) | _ => error.code().unwrap_or("failed"),
    })
}

fn failed(detail: &str) -> Error {
    Error::Unavailable { dependency: Dependency::Bus, detail: detail.to_owned() }
}
