//! What the gateway says about the charge on its object: its name, and what it came to. It moves no payment; it is kept.

use super::{Case, Judgement, Source, is_held};
use crate::{
    gateway::{Charge, ObjectSnapshot},
    payment::{Fact, decide::learned},
};

impl Case<'_> {
    /// What the object tells of its charge is written down with whatever it proves; by itself, if that is nothing new.
    pub(super) fn with_charge(self, judgement: Judgement, object: Option<&ObjectSnapshot>) -> Judgement {
        let news = object.and_then(|object| self.news(object));
        match (judgement, news) {
            (Judgement::Change(event), Some(charge)) => {
                let review = event.review;
                let mut event = learned(self.payment, event.fact, Some(charge), self.now);
                event.review = review;
                Judgement::Change(event)
            }
            (Judgement::Nothing, news) if self.looks_in_vain(news) => self.told(Fact::SettlementNotTold, news),
            (Judgement::Nothing, Some(charge)) if self.payment.holds_money() => {
                self.told(Fact::ChargeTold, Some(charge))
            }
            (judgement, _) => judgement,
        }
    }

    fn told(self, fact: Fact, news: Option<&Charge>) -> Judgement {
        Judgement::Change(learned(self.payment, fact, news, self.now))
    }

    /// A look at a payment that has succeeded is for what its charge came to. Whatever is wrong with the answer, it is
    /// counted if it did not tell that, so that nobody looks for ever.
    fn looks_in_vain(self, news: Option<&Charge>) -> bool {
        let is_told = news.is_some_and(|charge| charge.settlement.is_some());
        self.source == Source::Fetch && self.payment.settlement_is_owed() && !is_told
    }

    /// What the object says of its charge, if that is more than the row knows.
    fn news(self, object: &ObjectSnapshot) -> Option<&Charge> {
        let is_ours =
            object.reference == self.payment.object && object.is_for(self.payment.terms.amount, self.payment.mode);
        object.charge.as_ref().filter(|charge| is_ours && object.holds_money() && self.is_news(charge, object))
    }

    /// Whether it says more of the charge than the row knows. A hold becomes a capture, never the other way round.
    fn is_news(self, told: &Charge, object: &ObjectSnapshot) -> bool {
        match &self.payment.charge {
            None => true,
            Some(known) if known.reference == told.reference => known.settlement.is_none() && told.settlement.is_some(),
            Some(_) => !self.has_succeeded() && !is_held(object),
        }
    }
}
