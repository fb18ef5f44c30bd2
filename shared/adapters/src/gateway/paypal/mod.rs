//! PayPal: one order for each payment.

#![allow(dead_code, reason = "its parts stand before what uses them")]

mod amount;
