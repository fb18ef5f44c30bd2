//! The way out to addresses that somebody else gave us: a merchant's webhook endpoints.
//!
//! [`post`] takes the flow's events there. Four steps, a file each: [`guard`] says where we go at all, [`networks`] which addresses are everybody's, [`sign`] how a
//! message is proven to be ours, and [`send`] carries it and says what was heard.
//!
//! Must never: go anywhere that the guard was not asked about, take an address from elsewhere than the guard, follow where an
//! answer points to, or let a URL, a body or a key into an error or a log.

pub mod guard;
mod networks;
pub mod post;
pub mod send;
pub mod sign;

pub use guard::{Refusal, Target};
pub use post::Post;
pub use send::{Heard, Sender, Unreached};
pub use sign::{Signed, SigningKey, derive};
