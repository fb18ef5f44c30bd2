//! What a proof came to, for the closing lines of `cargo xtask test`: how many seeds, schedules and states were tried, and
//! how many planted bugs were found. A test that proves something by doing it many times tells its figures here.
//!
//! The figures go past the test harness, which keeps what passing tests print to itself: each is a line of the file that
//! `QUITTANCE_PROOF` names, and `cargo xtask test` adds up what several tests tell of the same. Without that variable they
//! are only printed.

#![expect(clippy::print_stdout, reason = "figures are for whoever runs the test alone")]

use std::{env, fs::File, io::Write as _};

/// Names the file that figures are written to.
const FILE: &str = "QUITTANCE_PROOF";

/// Tells one figure: `figure("scope", 12_345, "schedules")`.
///
/// # Panics
/// If it was asked for and cannot be written down: a figure that is lost is a proof that nobody knows of.
pub fn figure(of: &str, count: u64, unit: &str) {
    println!("proof: {of}: {count} {unit}");
    if let Some(file) = env::var_os(FILE) {
        // One write in append mode: tests that tell theirs at the same time do not get into each other's lines.
        let written = File::options()
            .create(true)
            .append(true)
            .open(&file)
            .and_then(|mut file| file.write_all(format!("{of}\t{count}\t{unit}\n").as_bytes()));
        assert!(written.is_ok(), "{}: {written:?}", file.display());
    }
}
