//! The gateways. Each folder speaks one gateway's language and translates it into the domain's words; nothing else in
//! the workspace knows a gateway's JSON.

pub mod stripe;
