//! The gateway is held to what Stripe documents; a double that is wrong proves nothing.
