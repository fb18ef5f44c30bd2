//! The charge on a payment's object, in a row: `g` the gateway's name for it, and once it is settled `n` `c` what was
//! credited and its currency, `f` the fee, `fc` its currency where that is another, `x` the rate.

use domain::{
    gateway::Charge,
    money::{Currency, Money},
    settlement::{ExchangeRate, Settlement},
    text::GatewayToken,
};

use super::super::attributes::{Attributes, Unfit, Written};

/// Writes the charge.
pub(super) fn write(charge: &Charge) -> Written {
    let map = Written::default().text("g", charge.reference.as_str());
    map.maybe(charge.settlement.as_ref(), write_settlement)
}

/// Reads it back.
pub(super) fn read(map: &Attributes<'_>) -> Result<Charge, Unfit> {
    let reference = map.parsed("g", GatewayToken::parse)?;
    let is_settled = map.maybe_text("c")?.is_some();
    Ok(Charge { reference, settlement: is_settled.then(|| read_settlement(map)).transpose()? })
}

/// Writes what a charge came to.
pub(super) fn write_settlement(map: Written, Settlement { net, fee, rate }: &Settlement) -> Written {
    let elsewhere = (fee.currency() != net.currency()).then(|| fee.currency().code());
    map.number("n", net.minor_units())
        .text("c", net.currency().code())
        .number("f", fee.minor_units())
        .maybe(elsewhere, |map, code| map.text("fc", code))
        .maybe(rate.as_ref(), |map, rate| map.text("x", rate.as_str()))
}

/// Reads it back.
pub(super) fn read_settlement(map: &Attributes<'_>) -> Result<Settlement, Unfit> {
    let currency = map.parsed("c", Currency::from_code)?;
    let of_fee = map.maybe_parsed("fc", Currency::from_code)?.unwrap_or(currency);
    let money = |name: &str, currency| Money::try_new(map.number(name)?, currency).map_err(|why| map.unfit(name, why));
    let rate = map.maybe_parsed("x", ExchangeRate::parse)?;
    Ok(Settlement { net: money("n", currency)?, fee: money("f", of_fee)?, rate })
}
