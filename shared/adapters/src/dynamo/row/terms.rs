//! The merchant's wish, in a row. It is written anew with every version, and never changes.

use std::time::Duration;

use domain::{
    id::TransactionId,
    money::{Currency, Money},
    payment::{Payment, Terms},
    personal::{Customer, Kept, PersonId},
    text::{Metadata, Text, WebUrl},
};

use super::{
    super::{
        attributes::{Attributes, Unfit, Written},
        keys,
    },
    kept::Names,
    minor_units,
};

const CUSTOMER: &str = "cr";
/// Whose data it is, where that does not follow from the rest.
const PERSON: &str = "p";
const ID: Names = Names { clear: "i", sealed: "si" };
const EMAIL: Names = Names { clear: "e", sealed: "se" };
const NAME: Names = Names { clear: "n", sealed: "sn" };

/// Writes the terms; the reference is written with the keys.
pub(super) fn write(row: Written, payment: &Payment) -> Result<Written, Unfit> {
    let terms = &payment.terms;
    let currency = terms.amount.currency();
    let expires_in = u64::try_from(terms.expires_in.as_millis()).map_err(|why| Unfit::new("ei", why))?;
    Ok(row
        .number("am", minor_units(terms.amount, currency, "am")?)
        .text("cu", currency.code())
        .word("cm", terms.capture)
        .word("cf", terms.confirmation)
        .number("ei", expires_in)
        .maybe(terms.customer.as_ref(), |row, customer| row.map(CUSTOMER, write_customer(customer, &payment.id)))
        .maybe(terms.description.as_ref(), |row, text| row.text("ds", text.as_str()))
        .maybe(terms.statement_descriptor.as_ref(), |row, text| row.text("sd", text.as_str()))
        .maybe(write_metadata(&terms.metadata), |row, metadata| row.map("md", metadata))
        .maybe(terms.return_url.as_ref(), |row, url| row.text("ru", url.as_str()))
        .maybe(terms.cancel_url.as_ref(), |row, url| row.text("xu", url.as_str())))
}

/// Reads them back.
pub(super) fn read(row: &Attributes<'_>, id: &TransactionId) -> Result<Terms, Unfit> {
    let currency = row.parsed("cu", Currency::from_code)?;
    Ok(Terms {
        amount: Money::payable(row.number("am")?, currency).map_err(|why| row.unfit("am", why))?,
        capture: row.word("cm")?,
        confirmation: row.word("cf")?,
        reference: row.maybe_parsed(keys::REFERENCE, Text::parse)?,
        customer: row.maybe_map(CUSTOMER)?.map(|customer| read_customer(&customer, id)).transpose()?,
        description: row.maybe_parsed("ds", Text::parse)?,
        statement_descriptor: row.maybe_parsed("sd", Text::parse)?,
        metadata: read_metadata(row)?,
        return_url: row.maybe_parsed("ru", WebUrl::parse)?,
        cancel_url: row.maybe_parsed("xu", WebUrl::parse)?,
        expires_in: row.number("ei").map(Duration::from_millis)?,
    })
}

fn write_customer(customer: &Customer, payment: &TransactionId) -> Written {
    let Customer { person, id, email, name } = customer;
    let map = Written::default()
        .maybe(id.as_ref(), |map, kept| ID.write(map, kept))
        .maybe(email.as_ref(), |map, kept| EMAIL.write(map, kept))
        .maybe(name.as_ref(), |map, kept| NAME.write(map, kept));
    let follows = *person == person_of(id.as_ref(), payment);
    map.maybe((!follows).then_some(person), |map, person| map.bytes(PERSON, person.as_bytes().to_vec()))
}

fn read_customer(map: &Attributes<'_>, payment: &TransactionId) -> Result<Customer, Unfit> {
    let id = ID.read(map)?;
    let person = match map.maybe_bytes(PERSON)? {
        Some(bytes) => PersonId::of_bytes(bytes).ok_or_else(|| map.unfit(PERSON, "is not a person"))?,
        None => person_of(id.as_ref(), payment),
    };
    Ok(Customer { person, id, email: EMAIL.read(map)?, name: NAME.read(map)? })
}

/// Whose data it is, where the row does not say.
fn person_of(id: Option<&Kept>, payment: &TransactionId) -> PersonId {
    match id {
        Some(Kept::Clear(text)) => {
            Text::parse(text).map_or_else(|_| PersonId::of_payment(payment), |id| PersonId::of_customer(&id))
        }
        Some(Kept::Sealed(_)) | None => PersonId::of_payment(payment),
    }
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
