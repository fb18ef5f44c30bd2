//! One file per function, of the same name.

pub mod cancel;
pub mod capture;
pub mod confirm;
pub mod customer;
pub mod deliver;
pub mod dispute;
pub mod initiate;
pub mod payments;
pub mod publish;
pub mod refund;
pub mod retry;
pub mod status;
pub mod sweep;
pub mod webhook;
pub mod webhook_endpoint;
