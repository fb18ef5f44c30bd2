//! The `sweep` function: wiring only.

fn main() {}
