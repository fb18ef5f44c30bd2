//! The rules of a payment, and nothing else.
//!
//! Everything here is pure and synchronous: time, ids and randomness come in as arguments, decisions go out as
//! values. This crate must never know a clock, a socket, a database, a gateway's JSON or a serialisation format;
//! its `Cargo.toml` is the proof.
//!
//! Read in this order: [`money`], [`gateway`] (what a gateway can tell us), [`settlement`], [`payment`] (state, commands, evidence,
//! events), [`decline`], [`schedule`], [`policy`], [`pause`], [`brake`], [`timeline`] and [`journal`] (what is told of it afterwards),
//! [`webhook`] (how the merchant's own servers are told).

pub mod brake;
pub mod decline;
pub mod dispute;
pub mod gateway;
pub mod id;
pub mod journal;
pub mod money;
pub mod pause;
pub mod payment;
pub mod personal;
pub mod policy;
pub mod schedule;
pub mod settlement;
pub mod text;
pub mod time;
pub mod timeline;
pub mod warning;
pub mod webhook;
