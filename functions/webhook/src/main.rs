//! The `webhook` function: wiring only.

fn main() {}
