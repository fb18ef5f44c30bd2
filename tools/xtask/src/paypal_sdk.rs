//! The official PayPal SDK, which keeps the sandbox honest: an npm package, at the versions that its lock file names.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::place::Place;
use crate::tools::{self, Package};

const SDK: Package = Package {
    name: "paypal-sdk",
    wanted: include_str!("../npm/paypal-sdk/package.json"),
    locked: include_str!("../npm/paypal-sdk/package-lock.json"),
    says: "fetching the official PayPal SDK (10 MB, once)",
};

/// The folder that holds it; `None` where node or npm is missing.
pub(crate) fn install(place: &Place) -> Result<Option<PathBuf>, Failure> {
    tools::npm(place, &SDK)
}
