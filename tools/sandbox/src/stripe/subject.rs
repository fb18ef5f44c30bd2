//! Which payment of the merchant's an object or a request is about: what the merchant wrote into the metadata.

use super::{
    book::Book,
    keys::Whose,
    objects::{Charge, Intent},
};

/// Where a merchant keeps its own id of a payment.
const TRANSACTION_ID: &str = "transaction_id";

impl Intent {
    pub(crate) fn transaction_id(&self) -> Option<&str> {
        self.particulars.metadata.get(TRANSACTION_ID).map(String::as_str)
    }
}

impl Charge {
    pub(crate) fn transaction_id(&self) -> Option<&str> {
        self.particulars.metadata.get(TRANSACTION_ID).map(String::as_str)
    }
}

impl Book {
    /// The payment that a request is about: by its own metadata, by the object in its path, by the object in a parameter.
    pub(crate) fn transaction_of(&self, path: &str, form: &[(String, String)]) -> Option<String> {
        let parameter = |name: &str| form.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        if let Some(id) = parameter("metadata[transaction_id]") {
            return Some(id.to_owned());
        }
        let named = path.split('/').chain(parameter("payment_intent")).chain(parameter("charge"));
        named.filter_map(|id| self.intent_behind(id)).find_map(|intent| intent.transaction_id()).map(str::to_owned)
    }

    /// The oldest intent that bears this id.
    pub(crate) fn intent_about(&self, transaction_id: &str) -> Option<&Intent> {
        self.intents.iter().find(|intent| intent.transaction_id() == Some(transaction_id))
    }

    /// Lets time pass for idempotency keys, and says for how many.
    pub(crate) fn age_keys(&mut self, ms: u64, whose: &Whose) -> usize {
        let concerned: Vec<String> = self
            .keys
            .used()
            .filter(|(key, path, form)| match whose {
                Whose::Everybodys => true,
                Whose::Named(name) => key == name,
                Whose::OfObject(id) => {
                    path.split('/').any(|part| part == id) || form.iter().any(|(_, value)| value == id)
                }
                Whose::OfPayment(id) => key.starts_with(id) || self.transaction_of(path, form).as_ref() == Some(id),
            })
            .map(|(key, _, _)| key.to_owned())
            .collect();
        concerned.iter().for_each(|key| self.keys.age(key, ms));
        concerned.len()
    }

    /// The payment that the merchant calls the object of this id.
    pub(crate) fn transaction_behind(&self, id: &str) -> Option<&str> {
        self.intent_behind(id)?.transaction_id()
    }

    /// The intent that an id of any of its objects belongs to.
    fn intent_behind(&self, id: &str) -> Option<&Intent> {
        let of_charge = |id: &str| self.charges.get(id).map(|charge| charge.intent.as_str());
        let of_refund = |id: &str| self.refunds.get(id).map(|refund| refund.intent.as_str());
        let of_dispute = |id: &str| self.disputes.get(id).map(|dispute| dispute.intent.as_str());
        let of_warning = |id: &str| self.warnings.get(id).map(|warning| warning.intent.as_str());
        let source = self.movements.get(id).map_or(id, |movement| movement.source.as_str());
        let of_money = of_charge(source).or_else(|| of_refund(source)).or_else(|| of_dispute(source));
        self.intents.get(of_money.or_else(|| of_warning(id)).unwrap_or(id))
    }
}
