//! Payment methods and confirmation tokens: everything a charge can be made with.
//!
//! Stripe's ready-made ids (`pm_card_visa`) are recipes, not objects: each use makes a new payment method. So here.

use serde_json::Value;

use super::{
    book::{Book, Occasion},
    calls::{CardSource, NewMethod, NewToken},
    cards::TestMethod,
    error::StripeError,
    objects::{Billing, ConfirmationToken, Method},
    render,
};

/// Stripe keeps a confirmation token for twelve hours.
const TOKEN_LIFE_SECONDS: u64 = 12 * 60 * 60;

/// Where the payment method of a confirmation comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Stored(String),
    ReadyMade(&'static TestMethod),
    Token(String),
}

impl Book {
    pub(super) fn create_method(&mut self, new: NewMethod, occasion: &Occasion) -> Result<Value, StripeError> {
        let test = match &new.card {
            CardSource::Token(token) => TestMethod::by_token(token)
                .filter(|test| !test.is_bank_account())
                .ok_or_else(|| StripeError::missing_in_param("token", token, "card[token]"))?,
            CardSource::Number(number) => TestMethod::by_number(number).ok_or_else(|| {
                StripeError::card("incorrect_number", "Your card number is incorrect.").param("number")
            })?,
        };
        let id = self.put_method(test, new.billing, occasion)?;
        let method = self.methods.get_mut(&id).ok_or_else(|| StripeError::internal("A method vanished."))?;
        method.metadata = new.metadata;
        method.allow_redisplay = new.allow_redisplay;
        Ok(render::method(method))
    }

    pub(super) fn get_method(&mut self, id: &str) -> Result<Value, StripeError> {
        self.methods.get(id).map(render::method).ok_or_else(|| StripeError::missing_in_path("PaymentMethod", id))
    }

    pub(super) fn create_token(&mut self, new: NewToken, occasion: &Occasion) -> Result<Value, StripeError> {
        let (source, test) = self.method_source(&new.payment_method)?;
        let billing = match &source {
            Source::Stored(id) => self.methods.get(id).map(|method| method.billing.clone()).unwrap_or_default(),
            Source::ReadyMade(_) | Source::Token(_) => Billing::default(),
        };
        let id = self.ids.next("ctoken_");
        let token = ConfirmationToken {
            id: id.clone(),
            created: occasion.now.seconds(),
            expires_at: occasion.now.seconds().saturating_add(TOKEN_LIFE_SECONDS),
            test,
            billing,
            return_url: new.return_url,
            setup_future_usage: new.setup_future_usage,
            shipping: new.shipping,
            used_by: None,
        };
        let rendered = render::token(&token);
        self.tokens.put(&id, token)?;
        Ok(rendered)
    }

    pub(super) fn get_token(&self, id: &str) -> Result<Value, StripeError> {
        self.tokens.get(id).map(render::token).ok_or_else(|| StripeError::missing_in_path("confirmation_token", id))
    }

    /// What `payment_method=…` names.
    pub(super) fn method_source(&self, id: &str) -> Result<(Source, &'static TestMethod), StripeError> {
        if let Some(method) = self.methods.get(id) {
            return Ok((Source::Stored(id.to_owned()), method.test));
        }
        let test = TestMethod::by_method_id(id)
            .ok_or_else(|| StripeError::missing_in_param("PaymentMethod", id, "payment_method"))?;
        Ok((Source::ReadyMade(test), test))
    }

    /// What `confirmation_token=…` names, if it may still be used.
    pub(super) fn token_source(
        &self,
        id: &str,
        occasion: &Occasion,
    ) -> Result<(Source, &'static TestMethod), StripeError> {
        let refused =
            |message: String, code: &str| StripeError::invalid(message).code(code).param("confirmation_token");
        let token = self
            .tokens
            .get(id)
            .ok_or_else(|| StripeError::missing_in_param("confirmation_token", id, "confirmation_token"))?;
        if token.used_by.is_some() {
            let message = format!("The ConfirmationToken {id} has already been used to confirm an intent.");
            return Err(refused(message, "token_already_used"));
        }
        if token.expires_at <= occasion.now.seconds() {
            return Err(refused(format!("The ConfirmationToken {id} has expired."), "resource_missing"));
        }
        Ok((Source::Token(id.to_owned()), token.test))
    }

    pub(super) fn return_url_of(&self, source: &Source) -> Option<String> {
        match source {
            Source::Token(id) => self.tokens.get(id)?.return_url.clone(),
            Source::Stored(_) | Source::ReadyMade(_) => None,
        }
    }

    /// The source as a stored payment method; a token is used up by this.
    pub(super) fn consume(&mut self, source: Source, intent: &str, occasion: &Occasion) -> Result<String, StripeError> {
        if let Source::Token(id) = &source
            && let Some(token) = self.tokens.get_mut(id)
        {
            token.used_by = Some(intent.to_owned());
            let (shipping, usage) = (token.shipping.clone(), token.setup_future_usage.clone());
            let intent = self.intent_mut(intent)?;
            intent.particulars.shipping = shipping.or_else(|| intent.particulars.shipping.take());
            intent.particulars.setup_future_usage = usage.or_else(|| intent.particulars.setup_future_usage.take());
        }
        self.materialize(source, occasion)
    }

    pub(super) fn materialize(&mut self, source: Source, occasion: &Occasion) -> Result<String, StripeError> {
        match source {
            Source::Stored(id) => Ok(id),
            Source::ReadyMade(test) => self.put_method(test, Billing::default(), occasion),
            Source::Token(id) => {
                let (test, billing) = match self.tokens.get(&id) {
                    Some(token) => (token.test, token.billing.clone()),
                    None => return Err(StripeError::internal("A confirmation token vanished.")),
                };
                self.put_method(test, billing, occasion)
            }
        }
    }

    fn put_method(
        &mut self,
        test: &'static TestMethod,
        billing: Billing,
        occasion: &Occasion,
    ) -> Result<String, StripeError> {
        let id = self.ids.next("pm_");
        let method = Method {
            id: id.clone(),
            created: occasion.now.seconds(),
            test,
            metadata: Default::default(),
            billing,
            allow_redisplay: None,
        };
        self.methods.put(&id, method)?;
        Ok(id)
    }
}
