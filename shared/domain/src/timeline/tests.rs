//! What is told of a change.
