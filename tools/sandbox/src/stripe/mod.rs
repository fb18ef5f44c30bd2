//! The Stripe side: the API under `/v1`, and the page on which a payer authenticates.
//!
//! A request passes, in this order: `auth` (who), `form` (what was sent), `keys` (seen before?), `calls` with `routes`
//! and `shape` (what is asked, and nothing that Stripe would not take), the lock of its object, and then the `book`,
//! where `lifecycle` alone decides what may become of an intent, and `disputes` what may become of a dispute. Whatever money
//! moves is written down by `balance`. `render` makes the answer. Nothing in here knows time, except as an argument, or the
//! network.

mod amounts;
mod auth;
mod balance;
mod book;
mod calls;
mod cards;
mod challenge;
mod declines;
mod disputes;
mod endings;
mod endpoints;
mod error;
mod expand;
mod files;
mod form;
mod gateway;
mod history;
mod intents;
mod keys;
mod lifecycle;
mod methods;
mod objects;
mod others;
mod payer;
mod refunds;
mod render;
mod routes;
mod shape;
mod subject;

pub(crate) use balance::settles_in;
pub(crate) use book::{Book, Cause, Event, Occasion};
pub(crate) use calls::{Capture, NewRefund};
pub(crate) use cards::declining_methods;
pub(crate) use disputes::{Case, Complaint, NewDispute, Step, reason, reasons};
pub(crate) use error::StripeError;
pub(crate) use gateway::{refusal, serve};
pub(crate) use keys::Whose;
pub(crate) use objects::{Particulars, Standing};
pub(crate) use others::{Duplicate, Money, Retold};
pub(crate) use payer::{decide, show};

/// The one version of Stripe's API that is simulated.
pub(crate) const PINNED_VERSION: &str = "2026-10-28.endive";
