//! Ctrl-C, `kill` and a closed terminal, as a flag that every wait looks at.
//!
//! The first one lets us tear down what we started; there is no second meaning.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::{Failure, While};

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// From here on the signals set the flag instead of ending the process.
pub(crate) fn listen() -> Result<(), Failure> {
    let flag = Arc::clone(INTERRUPTED.get_or_init(|| Arc::new(AtomicBool::new(false))));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&flag)).while_doing("listening for Ctrl-C")?;
    }
    Ok(())
}

pub(crate) fn interrupted() -> bool {
    INTERRUPTED.get().is_some_and(|flag| flag.load(Ordering::SeqCst))
}

/// Stops a sequence of steps at the next border between two of them.
pub(crate) fn check() -> Result<(), Failure> {
    if interrupted() { Err(Failure::new("interrupted")) } else { Ok(()) }
}
