//! The gateways. Each folder speaks one gateway's language and translates it into the domain's words; nothing else in
//! the workspace knows a gateway's JSON.

pub mod gateways;
mod patience;
pub mod paypal;
#[cfg(test)]
mod scripted;
pub mod stripe;
pub mod webhook;
mod wire;
mod word;

/// Every currency of ISO 4217 that has minor units: each gateway has a verdict on each.
#[cfg(test)]
fn currencies() -> Vec<domain::money::Currency> {
    let letters = || (b'A'..=b'Z').map(char::from);
    letters()
        .flat_map(|a| letters().flat_map(move |b| letters().map(move |c| String::from_iter([a, b, c]))))
        .filter_map(|code| domain::money::Currency::from_code(&code).ok())
        .collect()
}
