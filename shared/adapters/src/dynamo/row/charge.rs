//! The charge on a payment's object, in a row: `g` the gateway's name for it, and once it is settled `a` `c` amount and
//! currency, `f` `fc` the fee and its currency, `x` the rate.

use domain::{
    gateway::{Charge, Settlement},
    money::{Currency, Money},
    text::{GatewayToken, Text},
};

use super::super::attributes::{Attributes, Unfit, Written};

/// Writes the charge.
pub(super) fn write(charge: &Charge) -> Written {
    let map = Written::default().text("g", charge.reference.as_str());
    map.maybe(charge.settlement.as_ref(), |map, Settlement { amount, fee, rate }| {
        map.number("a", amount.minor_units())
            .text("c", amount.currency().code())
            .number("f", fee.minor_units())
            .text("fc", fee.currency().code())
            .maybe(rate.as_ref(), |map, rate| map.text("x", rate.as_str()))
    })
}

/// Reads it back.
pub(super) fn read(map: &Attributes<'_>) -> Result<Charge, Unfit> {
    let reference = map.parsed("g", GatewayToken::parse)?;
    let settlement = map.maybe_text("c")?.is_some().then(|| read_settlement(map)).transpose()?;
    Ok(Charge { reference, settlement })
}

fn read_settlement(map: &Attributes<'_>) -> Result<Settlement, Unfit> {
    Ok(Settlement {
        amount: money(map, "a", "c")?,
        fee: money(map, "f", "fc")?,
        rate: map.maybe_parsed("x", Text::parse)?,
    })
}

fn money(map: &Attributes<'_>, minor_units: &str, currency: &str) -> Result<Money, Unfit> {
    let currency = map.parsed(currency, Currency::from_code)?;
    Money::try_new(map.number(minor_units)?, currency).map_err(|why| map.unfit(minor_units, why))
}
