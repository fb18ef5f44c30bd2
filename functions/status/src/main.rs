//! The `status` function: wiring only.

fn main() {}
