//! The steps of each operation, in order, over ports.
//!
//! - [`ports`] are the traits of everything that lies outside: store, gateway, queue, clock.
//! - [`commit`] is the one way a payment changes: load → decide → commit.
//! - [`steps`] are what operations that ask a gateway have in common.
//! - [`operations`] has one file per function, of the same name. An operation's parameters are its permissions:
//!   what it is not handed it cannot touch, and its IAM policy grants exactly the same.
//! - [`personal`] is how what is somebody's own is kept: sealed, under keys that can be taken away.
//!
//! This crate knows the domain only: no AWS, no HTTP, no gateway's JSON.

pub mod commit;
pub mod operations;
pub mod personal;
pub mod ports;
pub mod steps;
