//! The `initiate` function: wiring only.

fn main() {}
