//! The border to our clients: what a request must look like, who sent it, and what an answer looks like.
//!
//! A handler goes through the same doors in the same order: [`authenticate`] (who is it), [`Caller::require`] (may they), the
//! body or path (what do they want), the idempotency key (is it a replay). Each door gives a type or a [`Problem`].
//!
//! Must never: echo or log a body, a key or anything that looks like a card number or a secret.
//!
//! [`Caller::require`]: authenticate::Caller::require
//! [`Problem`]: problem::Problem
//! [`authenticate`]: authenticate::authenticate

pub mod answer;
pub mod authenticate;
pub mod body;
pub mod card_data;
pub mod cursor;
mod customer_json;
pub mod dispute_json;
pub mod event_json;
mod fields;
#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "a test that overflows fails, as it should")]
mod fuzz;
pub mod idempotency_key;
mod json;
mod operation_errors;
pub mod path;
pub mod payment_json;
pub mod problem;
pub mod query;
pub mod schema;
pub mod screen;
mod secret_data;
pub mod serve;
pub mod status_json;
mod timeline_json;
pub mod webhook_endpoint_json;
