//! A stand-in for the gateways: what local runs and tests talk to instead of Stripe (and, later, PayPal).
//!
//! It speaks the gateway's own protocol on one port, keeps state, honours idempotency keys as the gateway does,
//! sends signed webhooks, shows the payer a page for 3-D Secure, and misbehaves on request.
//!
//! It must never know anything of Quittance: it is written against the gateway's contract alone, so that it can
//! contradict us. What keeps it honest is code that we did not write: the gateway's official SDK drives it in
//! `tests/`.
//!
//! Where things are: [`server`] accepts connections and can tear them; `faults` decides which requests suffer;
//! `stripe/` is the gateway (its module page has the map); `aws` passes calls on to the local AWS, or does not; `webhooks` delivers what happened; `control` is what
//! tests use to steer and to look inside; `state` is everything under one mutex.

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
mod page;
mod paypal;
mod plan;
mod server;
mod shelf;
mod state;
mod stripe;
mod webhooks;

pub use config::{Config, ConfigError, Contract, Endpoint};
pub use server::Sandbox;
