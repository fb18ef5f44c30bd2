//! What can be done to a PaymentIntent, and what each of it does to charges and events.
//!
//! Each operation has the same phases: look (may refuse, changes nothing), move (the lifecycle decides), tell (events).

use serde_json::Value;

use crate::ids::Ids;

use super::{
    amounts,
    book::{Book, Occasion, Task},
    calls::{Capture, Confirmation, IntentChange, NewIntent},
    cards::{Debit, Presence, TestMethod, Verdict},
    declines::{AUTHENTICATION_REQUIRED, BANK_INSUFFICIENT_FUNDS, Decline},
    error::StripeError,
    lifecycle::{Answer, Move, Status, step},
    methods::Source,
    objects::{CaptureMethod, ChallengePage, Charge, Failure, Intent, Standing},
    render,
};

impl Book {
    pub(super) fn create_intent(&mut self, new: NewIntent, occasion: &Occasion) -> Result<Value, StripeError> {
        let id = self.new_intent_id(occasion);
        let mut intent = Intent {
            client_secret: self.ids.next(&format!("{id}_secret_")),
            id: id.clone(),
            livemode: new.livemode,
            created: occasion.now.seconds(),
            amount: new.amount,
            currency: new.currency,
            capture_method: new.capture_method,
            automatic: new.automatic,
            particulars: new.particulars,
            status: Status::RequiresPaymentMethod,
            payment_method: None,
            latest_charge: None,
            last_failure: None,
            challenge: None,
            canceled_at: None,
            cancellation_reason: None,
            amount_capturable: 0,
            amount_received: 0,
        };
        let confirmed = match &new.confirm {
            Some(confirmation) => Some(self.method_for(&intent, confirmation, occasion)?),
            None => None,
        };
        if let (Some(method), None) = (&new.payment_method, &confirmed) {
            let source = self.method_source(method)?;
            fits(&intent, source.1)?;
            intent.payment_method = Some(self.materialize(source.0, occasion)?);
            intent.status = Status::RequiresConfirmation;
        }
        self.intents.put(&id, intent)?;
        self.touched.insert(id.clone());
        self.announce_intent("payment_intent.created", &id, occasion);
        if let (Some(source), Some(confirmation)) = (confirmed, new.confirm) {
            self.run_confirmation(&id, source, confirmation, occasion)?;
        }
        self.rendered_intent(&id)
    }

    /// Named after the request's key; if that name is taken (the key was forgotten and used again), any other.
    fn new_intent_id(&mut self, occasion: &Occasion) -> String {
        let named = occasion.cause.idempotency_key.as_deref().map(|key| Ids::named_after("pi_", key));
        named.filter(|id| self.intents.get(id).is_none()).unwrap_or_else(|| self.ids.next("pi_"))
    }

    pub(crate) fn get_intent(&self, id: &str, client_secret: Option<&str>) -> Result<Value, StripeError> {
        self.admit_browser(id, client_secret)?;
        self.rendered_intent(id)
    }

    pub(super) fn update_intent(
        &mut self,
        id: &str,
        change: IntentChange,
        occasion: &Occasion,
    ) -> Result<Value, StripeError> {
        let intent = self.intent(id)?;
        if change.touches_money() && step(intent.status, Move::Attach).is_err() {
            return Err(self.unexpected(
                id,
                "updated",
                "requires_payment_method, requires_confirmation, requires_action",
            ));
        }
        let source = change.payment_method.as_deref().map(|method| self.method_source(method)).transpose()?;
        let method = source.map(|(source, _)| self.materialize(source, occasion)).transpose()?;
        let intent = self.intent_mut(id)?;
        intent.amount = change.amount.unwrap_or(intent.amount);
        intent.currency = change.currency.unwrap_or_else(|| intent.currency.clone());
        intent.capture_method = change.capture_method.unwrap_or(intent.capture_method);
        intent.particulars.update(change.particulars);
        if method.is_some() {
            intent.payment_method = method;
            intent.challenge = None;
            intent.go(Move::Attach).map_err(|_| StripeError::internal("An intent changed while it was updated."))?;
        }
        self.rendered_intent(id)
    }

    pub(super) fn confirm_intent(
        &mut self,
        id: &str,
        client_secret: Option<&str>,
        confirmation: Confirmation,
        occasion: &Occasion,
    ) -> Result<Value, StripeError> {
        self.admit_browser(id, client_secret)?;
        let intent = self.intent(id)?;
        if intent.status == Status::Succeeded {
            let message = "You cannot confirm this PaymentIntent because it has already succeeded after being \
                previously confirmed.";
            return Err(self.unexpected_saying(id, message));
        }
        if step(intent.status, Move::Confirm(Answer::Paid)).is_err() {
            return Err(self.unexpected(
                id,
                "confirmed",
                "requires_payment_method, requires_confirmation, requires_action",
            ));
        }
        let source = self.method_for(intent, &confirmation, occasion)?;
        self.run_confirmation(id, source, confirmation, occasion)?;
        self.rendered_intent(id)
    }

    pub(crate) fn capture_intent(
        &mut self,
        id: &str,
        capture: Capture,
        occasion: &Occasion,
    ) -> Result<Value, StripeError> {
        let intent = self.intent(id)?;
        let (capturable, charge) = (intent.amount_capturable, intent.latest_charge.clone());
        let (Ok(_), Some(charge)) = (step(intent.status, Move::Capture), charge) else {
            return Err(self.unexpected(id, "captured", "requires_capture"));
        };
        let amount = capture.amount.unwrap_or(capturable);
        if amount > capturable {
            let message = "The payment could not be captured because the requested capture amount is greater than \
                the amount you can capture for this charge.";
            return Err(StripeError::invalid(message).code("amount_too_large").param("amount_to_capture"));
        }
        amounts::expressible(amount, &intent.currency, "amount_to_capture")?;
        self.take_money(&charge, amount, occasion)?;
        let intent = self.intent_mut(id)?;
        intent.go(Move::Capture).map_err(|_| StripeError::internal("An intent changed while it was captured."))?;
        intent.particulars.update(capture.particulars);
        intent.amount_capturable = 0;
        intent.amount_received = amount;
        self.announce_charge("charge.captured", &charge, occasion);
        self.announce_intent("payment_intent.succeeded", id, occasion);
        self.rendered_intent(id)
    }

    /// The bank decides about a debit.
    pub(crate) fn settle_intent(&mut self, id: &str, paid: bool, occasion: &Occasion) -> Result<Value, StripeError> {
        let intent = self.intent(id)?;
        let Some((charge, method)) = intent.latest_charge.clone().zip(intent.payment_method.clone()) else {
            return Err(self.unexpected(id, "settled", "processing"));
        };
        let intent = self.intent_mut(id)?;
        if intent.go(Move::Settle { paid }).is_err() {
            return Err(self.unexpected(id, "settled", "processing"));
        }
        let amount = intent.amount;
        if paid {
            intent.amount_received = amount;
            self.take_money(&charge, amount, occasion)?;
            self.announce_charge("charge.succeeded", &charge, occasion);
            self.announce_intent("payment_intent.succeeded", id, occasion);
        } else {
            let decline = match self.methods.get(&method).map(|method| method.test.verdict(Presence::OffSession)) {
                Some(Verdict::Debit(Debit::Bounces(decline))) => decline,
                _ => &BANK_INSUFFICIENT_FUNDS,
            };
            self.note_failure(id, decline, Some(charge.clone()), method)?;
            if let Some(charge) = self.charges.get_mut(&charge) {
                charge.standing = Standing::Failed(decline);
            }
            self.announce_charge("charge.failed", &charge, occasion);
            self.announce_intent("payment_intent.payment_failed", id, occasion);
        }
        self.rendered_intent(id)
    }

    /// A browser shows the intent's client secret; a server shows none.
    fn admit_browser(&self, id: &str, client_secret: Option<&str>) -> Result<(), StripeError> {
        match client_secret {
            Some(shown) if self.intents.get(id).is_none_or(|intent| intent.client_secret != shown) => {
                Err(StripeError::invalid(
                    "The client_secret provided does not match any associated PaymentIntent on this account.",
                )
                .code("payment_intent_invalid_parameter")
                .param("client_secret"))
            }
            _ => Ok(()),
        }
    }

    /// Everything that can be wrong with a confirmation before it changes anything.
    fn method_for(
        &self,
        intent: &Intent,
        confirmation: &Confirmation,
        occasion: &Occasion,
    ) -> Result<Source, StripeError> {
        let (source, test) = match (&confirmation.payment_method, &confirmation.token, &intent.payment_method) {
            (Some(_), Some(_), _) => {
                let message = "You may only specify one of these parameters: payment_method, confirmation_token.";
                return Err(StripeError::invalid(message).code("parameters_exclusive").param("confirmation_token"));
            }
            (Some(method), None, _) => self.method_source(method)?,
            (None, Some(token), _) => self.token_source(token, occasion)?,
            (None, None, Some(method)) => self.method_source(method)?,
            (None, None, None) => {
                let message = "You cannot confirm this PaymentIntent because it's missing a payment method. You can \
                    either update the PaymentIntent with a payment method and then confirm it again, or confirm it \
                    again directly with a payment method or ConfirmationToken.";
                return Err(self.unexpected_about(intent, message));
            }
        };
        fits(intent, test)?;
        let redirects = intent.automatic.is_some_and(|automatic| automatic.allow_redirects);
        let has_way_back = confirmation.return_url.is_some() || self.return_url_of(&source).is_some();
        if redirects && !has_way_back && !confirmation.use_stripe_sdk && !confirmation.by_browser {
            let message = "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. \
                Because some of these payment methods might redirect your customer off of your page, you must \
                provide a `return_url`. If you don't want to accept redirect-based payment methods, set \
                `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to \
                `never` when creating Setup Intents and Payment Intents.";
            return Err(StripeError::invalid(message));
        }
        Ok(source)
    }

    fn run_confirmation(
        &mut self,
        id: &str,
        source: Source,
        confirmation: Confirmation,
        occasion: &Occasion,
    ) -> Result<(), StripeError> {
        let return_url = confirmation.return_url.or_else(|| self.return_url_of(&source));
        let method = self.consume(source, id, occasion)?;
        let test = self
            .methods
            .get(&method)
            .map(|method| method.test)
            .ok_or_else(|| StripeError::internal("A method vanished."))?;
        let intent = self.intent_mut(id)?;
        intent.particulars.update(confirmation.particulars);
        intent.capture_method = confirmation.capture_method.unwrap_or(intent.capture_method);
        intent.payment_method = Some(method);
        intent.challenge = None;
        intent.last_failure = None;
        let wants_3ds = intent.particulars.request_3ds.as_deref().is_some_and(|wish| wish != "automatic");
        let presence = if confirmation.off_session { Presence::OffSession } else { Presence::OnSession { wants_3ds } };
        let verdict = match test.verdict(presence) {
            Verdict::Challenge if confirmation.error_on_requires_action => Verdict::Decline(&AUTHENTICATION_REQUIRED),
            verdict @ (Verdict::Challenge | Verdict::Approve | Verdict::Decline(_) | Verdict::Debit(_)) => verdict,
        };
        self.conclude(id, verdict, Move::Confirm, return_url.filter(|_| !confirmation.use_stripe_sdk), false, occasion)
    }

    /// The verdict becomes charges, states and events.
    pub(super) fn conclude(
        &mut self,
        id: &str,
        verdict: Verdict,
        entry: fn(Answer) -> Move,
        return_url: Option<String>,
        authenticated: bool,
        occasion: &Occasion,
    ) -> Result<(), StripeError> {
        match verdict {
            Verdict::Challenge => self.ask(id, entry, return_url, occasion),
            Verdict::Approve => self.approve(id, entry, authenticated, occasion),
            Verdict::Debit(debit) => self.debit(id, debit, entry, occasion),
            Verdict::Decline(decline) => {
                let charge = self.open_charge(id, Standing::Failed(decline), authenticated, occasion)?;
                self.fail(id, decline, entry, Some(charge), occasion)
            }
        }
    }

    fn ask(
        &mut self,
        id: &str,
        entry: fn(Answer) -> Move,
        return_url: Option<String>,
        occasion: &Occasion,
    ) -> Result<(), StripeError> {
        let page = self.ids.next("payatt_");
        self.pages.insert(page.clone(), id.to_owned());
        let intent = self.intent_mut(id)?;
        let redirect = return_url.is_some() && intent.automatic.is_none_or(|automatic| automatic.allow_redirects);
        intent.challenge = Some(ChallengePage { page, return_url, redirect });
        go(intent, entry(Answer::Challenge))?;
        self.announce_intent("payment_intent.requires_action", id, occasion);
        Ok(())
    }

    fn approve(
        &mut self,
        id: &str,
        entry: fn(Answer) -> Move,
        authenticated: bool,
        occasion: &Occasion,
    ) -> Result<(), StripeError> {
        let manual = self.intent(id)?.capture_method == CaptureMethod::Manual;
        let standing = if manual { Standing::Authorized } else { Standing::Captured };
        let charge = self.open_charge(id, standing, authenticated, occasion)?;
        let intent = self.intent_mut(id)?;
        if manual {
            intent.amount_capturable = intent.amount;
            go(intent, entry(Answer::Authorized))?;
        } else {
            intent.amount_received = intent.amount;
            go(intent, entry(Answer::Paid))?;
        }
        if !manual {
            self.collected(&charge, occasion)?;
        }
        self.announce_charge("charge.succeeded", &charge, occasion);
        let kind = if manual { "payment_intent.amount_capturable_updated" } else { "payment_intent.succeeded" };
        self.announce_intent(kind, id, occasion);
        Ok(())
    }

    fn debit(
        &mut self,
        id: &str,
        debit: Debit,
        entry: fn(Answer) -> Move,
        occasion: &Occasion,
    ) -> Result<(), StripeError> {
        let charge = self.open_charge(id, Standing::Pending, false, occasion)?;
        go(self.intent_mut(id)?, entry(Answer::Pending))?;
        let decided = match debit {
            Debit::Pays => Some(true),
            Debit::Bounces(_) => Some(false),
            Debit::Waits => None,
        };
        if let Some(paid) = decided {
            let when = occasion.now.after_ms(self.settle_ms);
            self.agenda.push((when, Task::DecideDebit { intent: id.to_owned(), paid }));
        }
        self.announce_charge("charge.pending", &charge, occasion);
        self.announce_intent("payment_intent.processing", id, occasion);
        Ok(())
    }

    pub(super) fn fail(
        &mut self,
        id: &str,
        decline: &'static Decline,
        entry: fn(Answer) -> Move,
        charge: Option<String>,
        occasion: &Occasion,
    ) -> Result<(), StripeError> {
        let method = self.intent(id)?.payment_method.clone().unwrap_or_default();
        go(self.intent_mut(id)?, entry(Answer::Declined))?;
        self.note_failure(id, decline, charge.clone(), method)?;
        if let Some(charge) = charge {
            self.announce_charge("charge.failed", &charge, occasion);
        }
        self.announce_intent("payment_intent.payment_failed", id, occasion);
        let intent = self.intent(id)?;
        let mut error = StripeError::card(decline.code, decline.message);
        if let Some(failure) = &intent.last_failure {
            for (name, value) in render::failure(self, failure) {
                error = error.with(&name, value);
            }
        }
        Err(error.with("payment_intent", render::intent(self, intent)))
    }

    /// The method that failed is let go: the next confirmation needs another, or the same one named again.
    fn note_failure(
        &mut self,
        id: &str,
        decline: &'static Decline,
        charge: Option<String>,
        payment_method: String,
    ) -> Result<(), StripeError> {
        let intent = self.intent_mut(id)?;
        intent.payment_method = None;
        intent.last_failure = Some(Failure { decline, charge, payment_method });
        Ok(())
    }

    fn open_charge(
        &mut self,
        intent: &str,
        standing: Standing,
        authenticated: bool,
        occasion: &Occasion,
    ) -> Result<String, StripeError> {
        let bank = standing == Standing::Pending;
        let id = self.ids.next(if bank { "py_" } else { "ch_" });
        let intent = self.intent(intent)?;
        let charge = Charge {
            id: id.clone(),
            intent: intent.id.clone(),
            created: occasion.now.seconds(),
            amount: intent.amount,
            amount_captured: if standing == Standing::Captured { intent.amount } else { 0 },
            amount_refunded: 0,
            currency: intent.currency.clone(),
            payment_method: intent.payment_method.clone().unwrap_or_default(),
            standing,
            was_pending: bank,
            authenticated,
            balance_transaction: None,
            particulars: intent.particulars.clone(),
        };
        let intent = intent.id.clone();
        self.charges.put(&id, charge)?;
        self.intent_mut(&intent)?.latest_charge = Some(id.clone());
        Ok(id)
    }

    fn take_money(&mut self, id: &str, amount: i64, occasion: &Occasion) -> Result<(), StripeError> {
        let charge = self.charges.get_mut(id).ok_or_else(|| StripeError::internal("A charge vanished."))?;
        charge.standing = Standing::Captured;
        charge.amount_captured = amount;
        self.collected(id, occasion)
    }

    pub(super) fn unexpected(&self, id: &str, verb: &str, allowed: &str) -> StripeError {
        let status = self.intents.get(id).map_or("unknown", |intent| intent.status.name());
        let message = format!(
            "This PaymentIntent could not be {verb} because it has a status of {status}. Only a PaymentIntent with \
                one of the following statuses may be {verb}: {allowed}."
        );
        self.unexpected_saying(id, &message)
    }

    fn unexpected_saying(&self, id: &str, message: &str) -> StripeError {
        self.intents
            .get(id)
            .map_or_else(|| StripeError::internal(message), |intent| self.unexpected_about(intent, message))
    }

    /// Stripe encloses the object, so that the caller need not fetch it to learn how it stands.
    fn unexpected_about(&self, intent: &Intent, message: &str) -> StripeError {
        StripeError::invalid(message)
            .code("payment_intent_unexpected_state")
            .with("payment_intent", render::intent(self, intent))
    }
}

/// A bank account pays dollars, at once, no holds, and less than a card may.
fn fits(intent: &Intent, test: &TestMethod) -> Result<(), StripeError> {
    let incompatible =
        |message: &str| Err(StripeError::invalid(message).code("payment_intent_incompatible_payment_method"));
    if !test.is_bank_account() {
        return Ok(());
    }
    if intent.currency != "usd" {
        return incompatible("The payment method type us_bank_account only supports the currency usd.");
    }
    if intent.capture_method == CaptureMethod::Manual {
        return incompatible("The payment method type us_bank_account does not support manual capture.");
    }
    amounts::payable_without_card(intent.amount)
}

fn go(intent: &mut Intent, what: Move) -> Result<(), StripeError> {
    intent.go(what).map_err(|_| StripeError::internal("The lifecycle refused a move that was checked before."))
}
