//! The AWS clients, configured from the environment that Lambda gives.
//!
//! `aws-config` and its default chain stay out: on Lambda the environment always wins, so the chain would add only size and
//! start-up time. Static credentials are right here, because Lambda never changes the credentials of a running environment:
//! it replaces the environment before they expire.
//!
//! Must never: look for credentials anywhere else (no profile, no metadata service), or wait longer for AWS than the function
//! can afford.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::net;

/// One try. A conditional write takes 5 to 20 ms, a cold connection 100 to 300 ms: what takes longer is better asked again.
const ATTEMPT_TIMEOUT: Duration = Duration::from_millis(1_500);

/// All tries together. It is below the 5 s that a gateway call leaves of the function's time to write down the outcome. A
/// nudge that no time is left for is made good by the row's `due`.
const OPERATION_TIMEOUT: Duration = Duration::from_millis(4_500);

/// Conditional writes make repetition safe; a fourth try would not fit into the operation's time.
const ATTEMPTS_MAX: u32 = 3;

/// Throttling in DynamoDB passes within a tenth of a second as its partitions adapt.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

/// The longest pause between two tries.
const BACKOFF_MAX: Duration = Duration::from_millis(400);

/// A variable without which no AWS client can work.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {0} is missing or empty")]
pub struct MissingVariable(&'static str);

/// Builds AWS clients that share credentials, limits and one connector.
#[derive(Debug, Clone)]
pub struct Aws {
    dynamodb: SdkConfig,
    event_bridge: SdkConfig,
    kms: SdkConfig,
    secrets_manager: SdkConfig,
    sqs: SdkConfig,
}

impl Aws {
    /// Reads the process environment. To be called once, in `main`.
    pub fn from_environment() -> Result<Self, MissingVariable> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`Aws::from_environment`], with the variables given by `lookup`.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, MissingVariable> {
        Self::with_http_client(lookup, net::aws_http_client())
    }

    fn with_http_client(
        lookup: impl Fn(&str) -> Option<String>,
        http_client: SharedHttpClient,
    ) -> Result<Self, MissingVariable> {
        let optional = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let required = |name: &'static str| optional(name).ok_or(MissingVariable(name));

        let credentials = Credentials::new(
            required("AWS_ACCESS_KEY_ID")?,
            required("AWS_SECRET_ACCESS_KEY")?,
            optional("AWS_SESSION_TOKEN"),
            None,
            "environment",
        );
        let shared = SdkConfig::builder()
            .behavior_version(aws_sdk_dynamodb::config::BehaviorVersion::latest())
            .region(Region::new(required("AWS_REGION")?))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client)
            .timeout_config(timeouts())
            .retry_config(retries())
            // Our bodies are a few kilobytes: the attempt's timeout says all there is to say about a stalled one.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        let for_service = |variable: &str| {
            let mut config = shared.to_builder();
            config.set_endpoint_url(optional(variable).or_else(|| optional("AWS_ENDPOINT_URL")));
            config.build()
        };
        Ok(Self {
            dynamodb: for_service("AWS_ENDPOINT_URL_DYNAMODB"),
            event_bridge: for_service("AWS_ENDPOINT_URL_EVENTBRIDGE"),
            kms: for_service("AWS_ENDPOINT_URL_KMS"),
            secrets_manager: for_service("AWS_ENDPOINT_URL_SECRETS_MANAGER"),
            sqs: for_service("AWS_ENDPOINT_URL_SQS"),
        })
    }

    /// A client for the table.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.dynamodb)
    }

    /// A client for the merchant's event bus.
    pub fn event_bridge(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.event_bridge)
    }

    /// A client for what people's keys are wrapped under.
    pub fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.kms)
    }

    /// A client for the keys.
    pub fn secrets_manager(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.secrets_manager)
    }

    /// A client for the queues.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sqs)
    }
}

fn timeouts() -> TimeoutConfig {
    // The same for every service: the shared connector keeps one set of connections per set of connection timeouts.
    TimeoutConfig::builder()
        .connect_timeout(net::AWS_CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(BACKOFF_MAX)
}

/// The code of a failed call. Messages stay out, because they may quote what was sent.
pub(crate) fn failure_code<E: ProvideErrorMetadata, R>(failed: &SdkError<E, R>) -> &str {
    match failed {
        SdkError::ServiceError(refused) => refused.err().code().unwrap_or("unknown_code"),
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(failure) if failure.is_timeout() => "timeout",
        SdkError::DispatchFailure(_) => "connection_failed",
        SdkError::ResponseError(_) => "unreadable_answer",
        SdkError::ConstructionFailure(_) => "request_not_built",
        // The SDK may add kinds of failure at any time.
        _ => "unknown_failure",
    }
}

#[cfg(test)]
pub(crate) mod tests;
