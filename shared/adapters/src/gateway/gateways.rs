//! Both gateways as one: each call goes to the one that the payment is at.

use std::time::Duration;

use domain::{
    dispute::{self, DisputeId, Papers},
    gateway::{Answer, Gateway as GatewayName, Outcome, RefundAnswer, RefundSnapshot, UnknownReason},
    id::{AttemptNumber, RefundId},
    money::Money,
    payment::Payment,
};
use flow::{
    commit::{self, Committed},
    ports::{
        AmountRefusal, Gateway, OpenOutcome, OpenRequest,
        dispute::{DisputeGateway, PapersRefusal},
    },
};

use super::{
    paypal::{Paypal, PaypalApp},
    stripe::{ApiKeys, Stripe},
};

/// Stripe and PayPal.
#[derive(Debug)]
pub struct Gateways<K, A> {
    /// Stripe, with its keys.
    pub stripe: Stripe<K>,
    /// PayPal, with its app.
    pub paypal: Paypal<A>,
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

    async fn open(&self, asked: &OpenRequest<'_>, budget: Duration) -> OpenOutcome {
        match asked.gateway {
            GatewayName::Stripe => self.stripe.open(asked, budget).await,
            GatewayName::PayPal => self.paypal.open(asked, budget).await,
        }
    }

    async fn confirm(&self, committed: &Committed, attempt: AttemptNumber, budget: Duration) -> Answer {
        match committed.payment().gateway {
            GatewayName::Stripe => self.stripe.confirm(committed, attempt, budget).await,
            GatewayName::PayPal => self.paypal.confirm(committed, attempt, budget).await,
        }
    }

    async fn capture(&self, committed: &Committed, budget: Duration) -> Answer {
        match committed.payment().gateway {
            GatewayName::Stripe => self.stripe.capture(committed, budget).await,
            GatewayName::PayPal => self.paypal.capture(committed, budget).await,
        }
    }

    async fn cancel(&self, committed: &Committed, fresh: u64, budget: Duration) -> Answer {
        match committed.payment().gateway {
            GatewayName::Stripe => self.stripe.cancel(committed, fresh, budget).await,
            GatewayName::PayPal => self.paypal.cancel(committed, fresh, budget).await,
        }
    }

    async fn refund(&self, committed: &Committed, refund: &RefundId, budget: Duration) -> RefundAnswer {
        match committed.payment().gateway {
            GatewayName::Stripe => self.stripe.refund(committed, refund, budget).await,
            GatewayName::PayPal => self.paypal.refund(committed, refund, budget).await,
        }
    }

    async fn refunds(&self, payment: &Payment, budget: Duration) -> Result<Vec<RefundSnapshot>, UnknownReason> {
        match payment.gateway {
            GatewayName::Stripe => self.stripe.refunds(payment, budget).await,
            GatewayName::PayPal => self.paypal.refunds(payment, budget).await,
        }
    }

    async fn fetch(&self, payment: &Payment, budget: Duration) -> Outcome {
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

    async fn fetch_dispute(&self, id: &DisputeId, budget: Duration) -> dispute::Outcome {
        match id.gateway() {
            GatewayName::Stripe => self.stripe.fetch_dispute(id, budget).await,
            GatewayName::PayPal => self.paypal.fetch_dispute(id, budget).await,
        }
    }

    async fn answer_dispute(&self, committed: &commit::dispute::Committed, budget: Duration) -> dispute::Answer {
        match committed.dispute().id.gateway() {
            GatewayName::Stripe => self.stripe.answer_dispute(committed, budget).await,
            GatewayName::PayPal => self.paypal.answer_dispute(committed, budget).await,
        }
    }
}
