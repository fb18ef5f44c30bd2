//! The `retry` function: wiring only.

fn main() {}
