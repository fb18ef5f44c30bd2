//! The merchant's wish, in a row. It is written anew with every version, and never changes.

use std::time::Duration;

use domain::{
    money::{Currency, Money},
    payment::{Customer, Terms},
    text::{Metadata, Text, WebUrl},
};

use super::{
    super::{
        attributes::{Attributes, Unfit, Written},
        keys,
    },
    minor_units,
};

/// Writes the terms; the reference is written with the keys.
pub(super) fn write(row: Written, terms: &Terms) -> Result<Written, Unfit> {
    let currency = terms.amount.currency();
    let expires_in = u64::try_from(terms.expires_in.as_millis()).map_err(|why| Unfit::new("ei", why))?;
    Ok(row
        .number("am", minor_units(terms.amount, currency, "am")?)
        .text("cu", currency.code())
        .word("cm", terms.capture)
        .word("cf", terms.confirmation)
        .number("ei", expires_in)
        .maybe(terms.customer.as_ref(), |row, customer| row.map("cr", write_customer(customer)))
        .maybe(terms.description.as_ref(), |row, text| row.text("ds", text.as_str()))
        .maybe(terms.statement_descriptor.as_ref(), |row, text| row.text("sd", text.as_str()))
        .maybe(write_metadata(&terms.metadata), |row, metadata| row.map("md", metadata))
        .maybe(terms.return_url.as_ref(), |row, url| row.text("ru", url.as_str()))
        .maybe(terms.cancel_url.as_ref(), |row, url| row.text("xu", url.as_str())))
}

/// Reads them back.
pub(super) fn read(row: &Attributes<'_>) -> Result<Terms, Unfit> {
    let currency = row.parsed("cu", Currency::from_code)?;
    Ok(Terms {
        amount: Money::payable(row.number("am")?, currency).map_err(|why| row.unfit("am", why))?,
        capture: row.word("cm")?,
        confirmation: row.word("cf")?,
        reference: row.maybe_parsed(keys::REFERENCE, Text::parse)?,
        customer: row.maybe_map("cr")?.map(|customer| read_customer(&customer)).transpose()?,
        description: row.maybe_parsed("ds", Text::parse)?,
        statement_descriptor: row.maybe_parsed("sd", Text::parse)?,
        metadata: read_metadata(row)?,
        return_url: row.maybe_parsed("ru", WebUrl::parse)?,
        cancel_url: row.maybe_parsed("xu", WebUrl::parse)?,
        expires_in: row.number("ei").map(Duration::from_millis)?,
    })
}

fn write_customer(customer: &Customer) -> Written {
    Written::default()
        .maybe(customer.id.as_ref(), |map, id| map.text("i", id.as_str()))
        .maybe(customer.email.as_ref(), |map, email| map.text("e", email.as_str()))
        .maybe(customer.name.as_ref(), |map, name| map.text("n", name.as_str()))
}

fn read_customer(map: &Attributes<'_>) -> Result<Customer, Unfit> {
    Ok(Customer {
        id: map.maybe_parsed("i", Text::parse)?,
        email: map.maybe_parsed("e", Text::parse)?,
        name: map.maybe_parsed("n", Text::parse)?,
    })
}

fn write_metadata(metadata: &Metadata) -> Option<Written> {
    let mut pairs = metadata.iter().peekable();
    pairs.peek()?;
    Some(pairs.fold(Written::default(), |map, (key, value)| map.text(key, value)))
}

fn read_metadata(row: &Attributes<'_>) -> Result<Metadata, Unfit> {
    let Some(map) = row.maybe_map("md")? else { return Ok(Metadata::default()) };
    Metadata::parse(map.texts()?).map_err(|(_, why)| row.unfit("md", why))
}
