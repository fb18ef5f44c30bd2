//! Both gateways as one: each call goes to the one that the payment is at.

use std::time::Duration;

use domain::{
    dispute::{self, DisputeId, Papers},
    gateway::{Answer, Gateway as GatewayName, Outcome, RefundAnswer, RefundSnapshot, Traced, UnknownReason},
    id::{AttemptNumber, RefundId},
    money::Money,
    payment::Payment,
    warning::{self, WarningId},
};
use flow::{
    commit::{self, Committed},
    ports::{
        AmountRefusal, Gateway, OpenOutcome, OpenRequest,
        dispute::{DisputeGateway, PapersRefusal},
        warning::WarningGateway,
    },
};

use super::{
    paypal::{Paypal, PaypalApp},
    stripe::{ApiKeys, Stripe},
    wire::{BadBaseUrl, BaseUrl},
};
use crate::{
    config::{ConfigError, Environment},
    host::dice,
    net::{GatewayClientError, gateway_client},
    secrets::{Cached, PaypalAppSecret, SecretsManager, StripeApiKey},
};

/// Stripe and PayPal.
#[derive(Debug)]
pub struct Gateways<K, A> {
    /// Stripe, with its keys.
    pub stripe: Stripe<K>,
    /// PayPal, with its app.
    pub paypal: Paypal<A>,
}

/// Why there are no gateways.
#[derive(Debug, thiserror::Error)]
pub enum NoGateways {
    /// A variable is missing.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A gateway cannot be where it is said to be.
    #[error(transparent)]
    BadBaseUrl(#[from] BadBaseUrl),
    /// There is nothing to call them with.
    #[error(transparent)]
    Client(#[from] GatewayClientError),
}

impl Gateways<Cached<StripeApiKey>, Cached<PaypalAppSecret>> {
    /// The gateways of this environment, with their secrets in `vault`.
    ///
    /// # Errors
    /// If a variable is missing or malformed. That a secret is empty is no error here: a merchant may have one gateway.
    pub fn of(environment: &Environment, vault: &SecretsManager) -> Result<Self, NoGateways> {
        let client = gateway_client()?;
        let stripe_key = Cached::new(vault.clone(), environment.text("STRIPE_SECRET_ARN")?, dice());
        let paypal_app = Cached::new(vault.clone(), environment.text("PAYPAL_SECRET_ARN")?, dice());
        let stripe_url = BaseUrl::parse(&environment.text("STRIPE_BASE_URL")?)?;
        let paypal_url = BaseUrl::parse(&environment.text("PAYPAL_BASE_URL")?)?;
        let mode = environment.mode()?;
        Ok(Self {
            stripe: Stripe::new(client.clone(), stripe_url, stripe_key, mode, dice),
            paypal: Paypal::new(client, paypal_url, paypal_app, mode, dice),
        })
    }
}

impl<K: ApiKeys, A: PaypalApp> Gateways<K, A> {
    /// Reads the secrets and opens the connections before the first request needs them. Takes two seconds at most, and
    /// never fails.
    pub async fn warm(&self) {
        tokio::join!(self.stripe.warm(), self.paypal.warm());
    }
}

impl<K: ApiKeys, A: PaypalApp> Gateway for Gateways<K, A> {
    fn api_version(&self) -> &'static str {
        self.stripe.api_version()
    }

    fn accepts(&self, gateway: GatewayName, amount: Money) -> Result<(), AmountRefusal> {
        match gateway {
            GatewayName::Stripe => self.stripe.accepts(gateway, amount),
            GatewayName::PayPal => Paypal::<A>::accepts(amount),
        }
    }

    async fn open(&self, asked: &OpenRequest<'_>, budget: Duration) -> Traced<OpenOutcome> {
        match asked.gateway {
            GatewayName::Stripe => self.stripe.open(asked, budget).await,
            GatewayName::PayPal => self.paypal.open(asked, budget).await,
        }
    }

    async fn confirm(&self, committed: &Committed, attempt: AttemptNumber, budget: Duration) -> Traced<Answer> {
        match committed.payment().gateway {
            GatewayName::Stripe => self.stripe.confirm(committed, attempt, budget).await,
            GatewayName::PayPal => self.paypal.confirm(committed, attempt, budget).await,
        }
    }

    async fn capture(&self, committed: &Committed, budget: Duration) -> Traced<Answer> {
        match committed.payment().gateway {
            GatewayName::Stripe => self.stripe.capture(committed, budget).await,
            GatewayName::PayPal => self.paypal.capture(committed, budget).await,
        }
    }

    async fn cancel(&self, committed: &Committed, fresh: u64, budget: Duration) -> Traced<Answer> {
        match committed.payment().gateway {
            GatewayName::Stripe => self.stripe.cancel(committed, fresh, budget).await,
            GatewayName::PayPal => self.paypal.cancel(committed, fresh, budget).await,
        }
    }

    async fn refund(&self, committed: &Committed, refund: &RefundId, budget: Duration) -> Traced<RefundAnswer> {
        match committed.payment().gateway {
            GatewayName::Stripe => self.stripe.refund(committed, refund, budget).await,
            GatewayName::PayPal => self.paypal.refund(committed, refund, budget).await,
        }
    }

    async fn refunds(&self, payment: &Payment, budget: Duration) -> Traced<Result<Vec<RefundSnapshot>, UnknownReason>> {
        match payment.gateway {
            GatewayName::Stripe => self.stripe.refunds(payment, budget).await,
            GatewayName::PayPal => self.paypal.refunds(payment, budget).await,
        }
    }

    async fn fetch(&self, payment: &Payment, budget: Duration) -> Traced<Outcome> {
        match payment.gateway {
            GatewayName::Stripe => self.stripe.fetch(payment, budget).await,
            GatewayName::PayPal => self.paypal.fetch(payment, budget).await,
        }
    }
}

impl<K: ApiKeys, A: PaypalApp> DisputeGateway for Gateways<K, A> {
    fn accepts_papers(&self, id: &DisputeId, papers: &Papers) -> Result<(), PapersRefusal> {
        match id.gateway() {
            GatewayName::Stripe => self.stripe.accepts_papers(id, papers),
            GatewayName::PayPal => Paypal::<A>::accepts_papers(papers),
        }
    }

    async fn fetch_dispute(&self, id: &DisputeId, budget: Duration) -> Traced<dispute::Outcome> {
        match id.gateway() {
            GatewayName::Stripe => self.stripe.fetch_dispute(id, budget).await,
            GatewayName::PayPal => self.paypal.fetch_dispute(id, budget).await,
        }
    }

    async fn answer_dispute(
        &self,
        committed: &commit::dispute::Committed,
        papers: &Papers,
        budget: Duration,
    ) -> Traced<dispute::Answer> {
        match committed.dispute().id.gateway() {
            GatewayName::Stripe => self.stripe.answer_dispute(committed, papers, budget).await,
            GatewayName::PayPal => self.paypal.answer_dispute(committed, papers, budget).await,
        }
    }
}

impl<K: ApiKeys, A: PaypalApp> WarningGateway for Gateways<K, A> {
    async fn fetch_warning(&self, id: &WarningId, budget: Duration) -> Traced<warning::Outcome> {
        self.stripe.fetch_warning(id, budget).await
    }
}
