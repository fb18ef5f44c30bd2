//! A stand-in for the gateways: what local runs and tests talk to instead of Stripe and PayPal.
//!
//! It speaks the gateways' own protocols on one port, keeps state, honours idempotency keys as the gateways do,
//! sends signed webhooks, shows the payer a page for 3-D Secure or for PayPal's approval, and misbehaves on request.
//!
//! It must never know anything of Quittance: it is written against the gateways' contracts alone, so that it can
//! contradict us. What keeps it honest is code that we did not write: the gateways' official SDKs drive it in
//! `tests/`.
//!
//! Where things are: [`server`] accepts connections and can tear them; `faults` decides which requests suffer; `stripe/`
//! and `paypal/` are the gateways (their module pages have the maps); `aws` passes calls on to the local AWS, or does
//! not; `webhooks` delivers what happened; `merchants` takes what somebody else delivers; `control` is what tests use to steer and to look inside; `state` is everything
//! under one mutex.

// A PaymentIntent is one JSON literal of fifty fields.
#![recursion_limit = "256"]

mod aws;
mod clock;
mod config;
mod control;
mod faults;
mod held;
mod ids;
mod ledger;
mod merchants;
mod page;
mod paypal;
mod plan;
mod server;
mod shelf;
mod state;
mod stripe;
mod webhooks;

pub use config::{Config, ConfigError, Contract, Endpoint, Settlement};
pub use server::Sandbox;
