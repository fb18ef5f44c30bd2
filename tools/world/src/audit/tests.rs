//! The auditor finds what it is there to find.
