//! Everything that the sandbox knows, under one mutex, so that what a call did and the events it caused are one step.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{
    aws,
    clock::Moment,
    config::Config,
    faults,
    merchants::Merchants,
    paypal,
    plan::Plan,
    stripe,
    webhooks::{News, Outbox},
};

/// What all connections share.
pub(crate) struct App {
    pub(crate) config: Config,
    /// What redirects and pages call us.
    pub(crate) public_url: String,
    /// The AWS that we stand before.
    pub(crate) upstream: Option<aws::Upstream>,
    /// Somebody put something into the outbox.
    pub(crate) mail: Notify,
    state: Mutex<State>,
}

/// What the mutex guards.
pub(crate) struct State {
    pub(crate) stripe: stripe::Book,
    pub(crate) paypal: paypal::Book,
    /// Objects of either gateway that a call is working on right now.
    pub(crate) busy: BTreeSet<String>,
    pub(crate) faults: Plan<faults::Rule>,
    pub(crate) aws_faults: Plan<aws::Rule>,
    pub(crate) webhooks: Outbox,
    /// Those who take webhooks that are not ours.
    pub(crate) merchants: Merchants,
}

impl App {
    pub(crate) fn new(config: Config, public_url: String) -> Self {
        let state = Mutex::new(State::new(&config, &public_url));
        let upstream = config.aws_url.as_deref().map(aws::Upstream::new);
        Self { config, public_url, upstream, mail: Notify::new(), state }
    }

    /// Locks. Nobody holds this over an `await`.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere must not make every later test fail with a second, meaningless one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something in Stripe's book and mails what it caused, as one step.
    pub(crate) fn act<T>(&self, what: impl FnOnce(&mut stripe::Book, Moment) -> T) -> T {
        let now = Moment::now();
        let mut state = self.state();
        state.stripe.tick(now);
        let result = what(&mut state.stripe, now);
        state.stripe.remember();
        let news = state.stripe.take_news();
        self.mail_out(state, news.into_iter().map(News::Stripe).collect(), now);
        result
    }

    /// Does something in PayPal's book and mails what it caused, as one step.
    pub(crate) fn act_at_paypal<T>(&self, what: impl FnOnce(&mut paypal::Book, Moment) -> T) -> T {
        let now = Moment::now();
        let mut state = self.state();
        state.paypal.tick(now);
        let result = what(&mut state.paypal, now);
        state.paypal.remember();
        let news = state.paypal.take_news();
        self.mail_out(state, news.into_iter().map(News::Paypal).collect(), now);
        result
    }

    /// Forgets everything but the configuration.
    pub(crate) fn reset(&self) {
        *self.state() = State::new(&self.config, &self.public_url);
    }

    fn mail_out(&self, mut state: MutexGuard<'_, State>, news: Vec<News>, now: Moment) {
        for event in &news {
            state.webhooks.publish(event, now);
        }
        drop(state);
        if !news.is_empty() {
            self.mail.notify_one();
        }
    }
}

impl State {
    fn new(config: &Config, public_url: &str) -> Self {
        Self {
            stripe: stripe::Book::new(public_url.to_owned(), config.settle_ms, config.stripe_settlement.clone()),
            paypal: paypal::Book::new(public_url.to_owned(), config.settle_ms),
            busy: BTreeSet::new(),
            faults: Plan::default(),
            aws_faults: Plan::default(),
            webhooks: Outbox::new(config),
            merchants: Merchants::default(),
        }
    }
}
