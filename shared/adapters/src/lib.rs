//! What stands between the flow and the outside world: the only crate that knows AWS, a gateway or HTTP.
//!
//! Two layers. What every adapter may use: [`net`] (TLS, connectors), [`aws`] (configured clients), [`rfc3339`], [`named`], [`secrets`],
//! [`config`] (the environment), [`host`] (clock, dice, notes), [`telemetry`] (the log line) and [`warm_up`]. The adapters
//! themselves, which never import each other; `main` hands one what another made.

pub mod aws;
pub mod config;
pub mod dynamo;
pub mod event_bus;
pub mod gateway;
pub mod host;
pub mod http;
pub mod kms;
mod named;
pub mod net;
pub mod outbound;
pub mod rfc3339;
pub mod secrets;
pub mod sqs;
pub mod telemetry;
pub mod warm_up;
