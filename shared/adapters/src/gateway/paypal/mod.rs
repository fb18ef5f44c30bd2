//! PayPal: one order for each payment.

#![allow(dead_code, reason = "its parts stand before what uses them")]

mod amount;
mod credentials;
mod error;
#[cfg(test)]
mod fixtures;
mod http;
mod issue;
mod link;
mod message;
mod patience;
mod reply;
mod token;
pub mod webhook;

pub use credentials::{Credentials, PaypalApp};
pub use message::API_VERSION;
