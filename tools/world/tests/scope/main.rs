//! The small scope, searched without exception: one payment, one or two who act on it, and everything that can go wrong.
//!
//! - [`operations`]: every step of each operation fails in every way, and is run twice; also any two steps.
//! - [`disputes`]: the same at PayPal, and of what is disputed.
//! - [`pairs`]: any two who act on one payment, in every order of their calls, and killed after each.
//! - [`orders`]: six events of one payment, in every order, doubled, and around the answer to the request that caused them.
//!
//! What is done, and who looks, is in [`world::scope`].

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::indexing_slicing,
    reason = "a search that does not hold together is a failed test"
)]

mod disputes;
mod operations;
mod orders;
mod pairs;
