//! The `confirm` function: wiring only.

fn main() {}
