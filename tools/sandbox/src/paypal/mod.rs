//! The PayPal side: the API under `/v2` with its tokens, and the page on which a payer approves.
//!
//! A request passes, in this order: `tokens` (who), `calls` with `shape`, `money` and `cards` (what is asked), `keys` (seen
//! before?), the lock of its object, and then the `book`, whose operations stand in `orders`, `captures`, `refunds` and
//! `disputes` (which have an API of their own, `resolution`). Who hears of it all is said through `listeners`.
//! `render` makes the answer, `error` with `issues` the refusal. `outside` is what happens without any request. Nothing
//! in here knows time, except as an argument, or the network.

mod approval;
mod book;
mod calls;
mod captures;
mod cards;
pub(crate) mod certificates;
mod disputes;
mod error;
mod events;
mod gateway;
mod history;
mod issues;
mod keys;
mod listeners;
mod money;
mod objects;
mod orders;
mod outside;
mod refunds;
mod render;
mod resolution;
mod shape;
mod tokens;

pub(crate) use approval::{decide, decided, show};
pub(crate) use book::Book;
pub(crate) use cards::{answer as card, declining as declining_cards};
pub(crate) use certificates::serve as certificate;
pub(crate) use disputes::{Dispute, NewDispute, Outcome, Stage, Turn};
pub(crate) use error::PaypalError;
pub(crate) use events::Event;
pub(crate) use gateway::{grant, owns, refusal, serve};
pub(crate) use issues::find as find_issue;
pub(crate) use money::Money;
pub(crate) use objects::{AuthorizationStatus, CaptureStatus, Fate, Funding, Intent, RefundFate, RefundStatus};
pub(crate) use outside::{Decision, Second};
pub(crate) use render::time;
