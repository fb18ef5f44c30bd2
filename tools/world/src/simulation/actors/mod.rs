//! Everybody who acts from outside: clients and their payers, banks, whoever works in the gateway's dashboard, the
//! gateway's postman, the queue, and the clock that starts the sweep. Each is a small program that does what such people
//! and machines do, at its worst where the weather is bad.

mod client;
mod disputes;
mod people;
mod postman;
mod queue;
mod reader;
mod schedule;
mod switch;

pub(super) use self::{
    client::{Client, Order},
    disputes::disputes,
    people::{bank_makes_up_its_mind, bank_takes_a_refund, banks_decide, people},
    postman::events_are_made,
    queue::{Message, messages_are_taken},
    reader::{reader, reads_everything},
    schedule::{deployer, sweeper},
    switch::somebody_at_the_switch,
};
