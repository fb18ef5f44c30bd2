//! The world outside, in memory: what tests stand on instead of AWS, a clock and a gateway.
//!
//! - [`store`] and [`queue`] are twins of the table and the queue: they keep the same promises, and break down on request.
//! - [`host`] is a machine whose clock stands still until somebody moves it.
//! - [`gateway`] is a gateway with its own books, its own people and its own mishaps.
//! - [`disputes`] is what gateways and banks do about a dispute, [`warnings`] what banks say of fraud.
//! - [`merchant`] are the merchant's own servers, which hear of events.
//! - `kept` holds what was sent and may outlive its sender.
//! - [`shop`] puts these together as one stack, and [`audit`] compares its rows with the gateway's books.
//! - [`scenes`] brings a payment to each place where it can stand.
//! - [`post`] is the way of an event to the merchant, put together as one stack.
//! - [`proof`] tells `cargo xtask test` how much was tried.
//! - [`counting`] stands before any port and counts the round trips that go through.
//! - [`store_contract`] is what every store must keep; the twin and the real table are held to it alike.
//! - [`events`] reads the event files, and lets an endpoint answer them.
//! - [`openapi`] keeps the description of the API true to the functions that it describes.
//! - [`payments`] makes payments up, from ordinary to absurd.
//! - [`scope`] tries everything that can go wrong with one payment, without exception.
//! - [`simulation`] runs the real operations, many at once, through everything that can go wrong, and has an auditor watch.
//! - [`turns`] runs futures without a runtime, one turn after the other, so that every run is the same.
//!
//! Nothing that is deployed may depend on this crate.

pub mod audit;
pub mod counting;
pub mod disputes;
pub mod events;
pub mod gateway;
pub mod host;
mod kept;
pub mod merchant;
pub mod openapi;
pub mod payments;
pub mod people;
pub mod post;
pub mod proof;
pub mod queue;
pub mod scenes;
pub mod scope;
pub mod shop;
pub mod simulation;
pub mod store;
pub mod store_contract;
pub mod telling;
pub mod turns;
pub mod warnings;
