//! `expand[]=latest_charge.balance_transaction`: an id in an answer becomes the object it names.

use serde_json::Value;

use super::{book::Book, error::StripeError, render};

/// Stripe's limits.
const MAX_EXPANSIONS: usize = 20;
const MAX_DEPTH: usize = 4;

/// What is an object behind its id, by the name of the field that holds the id.
const EXPANDABLE: &[&str] = &[
    "balance_transaction",
    "charge",
    "customer",
    "data",
    "failure_balance_transaction",
    "latest_charge",
    "payment_intent",
    "payment_method",
    "review",
];

/// Refuses paths that nothing answers to. Asked before a call executes, so that a typing error moves no money.
pub(crate) fn check(paths: &[String]) -> Result<(), StripeError> {
    if paths.len() > MAX_EXPANSIONS {
        return Err(
            StripeError::invalid(format!("You may expand at most {MAX_EXPANSIONS} properties.")).param("expand")
        );
    }
    for path in paths {
        if path.split('.').count() > MAX_DEPTH {
            return Err(
                StripeError::invalid(format!("You cannot expand more than {MAX_DEPTH} levels.")).param("expand")
            );
        }
        if let Some(unknown) = path.split('.').find(|part| !EXPANDABLE.contains(part)) {
            return Err(StripeError::invalid(format!("This property cannot be expanded ({unknown}).")).param("expand"));
        }
    }
    Ok(())
}

/// Replaces the ids at this path by their objects. A path that leads nowhere in this object changes nothing.
pub(crate) fn expand(book: &Book, value: &mut Value, path: &str) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(child) = value.get_mut(first) else { return };
    if let Some(object) = child.as_str().and_then(|id| object_of(book, first, id)) {
        *child = object;
    }
    match (rest, child) {
        (Some(rest), Value::Array(items)) => items.iter_mut().for_each(|item| expand(book, item, rest)),
        (Some(rest), child) => expand(book, child, rest),
        (None, _) => {}
    }
}

fn object_of(book: &Book, field: &str, id: &str) -> Option<Value> {
    match field {
        "charge" | "latest_charge" => book.charges.get(id).map(|charge| render::charge(book, charge)),
        "payment_intent" => book.intents.get(id).map(|intent| render::intent(book, intent)),
        "payment_method" => book.methods.get(id).map(render::method),
        "balance_transaction" | "failure_balance_transaction" => book.movements.get(id).map(render::movement),
        _ => None,
    }
}
