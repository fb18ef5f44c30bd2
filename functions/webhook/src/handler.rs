//! `POST /webhook/{gateway}`: takes in what a gateway tells by itself. The one route without an API key: the signature over the raw
//! bytes says who speaks.
//!
//! Answers 200 to everything that is signed and either applied, superseded or none of ours; 400 to what is not signed as it should
//! be; 404 to a gateway we do not have; 500 or 503 to what could not be written down, so that the gateway delivers it again.

use adapters::gateway::paypal::webhook::{Unverified, Verifier};
use adapters::gateway::stripe::webhook::verify;
use adapters::gateway::webhook::{Age, WebhookRefusal};
use adapters::http::answer::Answer;
use adapters::http::path;
use adapters::http::problem::{Problem, Refusal};
use adapters::http::serve::Endpoint;
use adapters::secrets::{Cached, PaypalEndpoint, SigningSecrets, Vault};
use adapters::telemetry::{Count, Field, Level, Line};
use domain::gateway::Mode;
use flow::operations::webhook::{GatewayEvent, Received, Subject, webhook};
use flow::ports::dispute::{CreateDispute, LoadDispute, ReplaceDispute};
use flow::ports::warning::{LoadWarning, WriteWarning};
use flow::ports::{Host, LoadPayment, Nudge, ReplacePayment};
use lambda_http::Request;
use lambda_http::http::StatusCode;
use serde::Serialize;

/// What the function works with. There is no gateway key among it.
pub(crate) struct Webhook<V, S, N> {
    /// What Stripe signs with.
    pub(crate) signing_secrets: Cached<SigningSecrets, V>,
    /// What PayPal signs for.
    pub(crate) paypal_endpoint: Cached<PaypalEndpoint, V>,
    /// Who checks that it did.
    pub(crate) paypal: Verifier,
    /// Where payments, disputes and warnings are.
    pub(crate) store: S,
    /// Who looks at what an event leaves open.
    pub(crate) nudges: N,
    /// Whether money is real.
    pub(crate) mode: Mode,
    /// Whether recordings are taken: on a developer's own machine only.
    pub(crate) age: Age,
}

/// What became of a gateway's event.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Taken {
    #[cfg_attr(test, schemars(extend("enum" = words())))]
    received: &'static str,
}

impl<V, S, N> Endpoint for Webhook<V, S, N>
where
    V: Vault,
    S: LoadPayment + ReplacePayment + LoadDispute + CreateDispute + ReplaceDispute + LoadWarning + WriteWarning,
    N: Nudge,
{
    const FUNCTION: &'static str = "webhook";
    const ROUTE: &'static str = "POST /webhook/{gateway}";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let event = match path::parameter(request, "gateway").as_deref() {
            Some("stripe") => self.of_stripe(host, request, line).await?,
            Some("paypal") => self.of_paypal(host, request, line).await?,
            Some(_) | None => return Err(Problem::new(Refusal::NotFound)),
        };
        line.set(Field::GatewayEventId(&event.id));
        match &event.subject {
            Subject::Payment { id, .. } => line.set(Field::TransactionId(id)),
            Subject::Dispute { id } => line.set(Field::DisputeId(id)),
            Subject::Warning { id } => line.set(Field::WarningId(id)),
            Subject::Other => {}
        }
        let received = webhook(host, &self.store, &self.nudges, self.mode, event).await;
        let received = received.map_err(|error| Problem::from(&error))?;
        line.set(Field::Outcome(word(received)));
        match received {
            Received::NotYet => {
                return Err(Problem::new(Refusal::Internal)
                    .with_detail("The payment is not there yet: deliver the event again"));
            }
            Received::WrongMode => line.count(Count::WebhookOfOtherMode),
            Received::NotOurs | Received::NoRow => line.count(Count::WebhookNotOurs),
            Received::Applied | Received::Superseded | Received::Foreign => {}
        }
        Ok(Answer::json(StatusCode::OK, &Taken { received: word(received) }))
    }
}

impl<V: Vault, S, N> Webhook<V, S, N> {
    async fn of_stripe<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<GatewayEvent, Problem> {
        let now = host.now();
        let known = self.signing_secrets.get(now).await.map_err(|_| unavailable(line))?;
        let mut verdict = self.verify(&known, request, host);
        if verdict == Err(WebhookRefusal::Forged) {
            // The secret may have been rolled since it was last read.
            let rolled = self.signing_secrets.refresh(now).await.map_err(|_| unavailable(line))?;
            if rolled != known {
                verdict = self.verify(&rolled, request, host);
            }
        }
        verdict.map_err(|refusal| not_taken(refusal, line))
    }

    async fn of_paypal<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<GatewayEvent, Problem> {
        let now = host.now();
        let known = self.paypal_endpoint.get(now).await.map_err(|_| unavailable(line))?;
        let verify = async |endpoint: &PaypalEndpoint| {
            self.paypal.verify(endpoint, request.headers(), request.body(), now, self.age).await
        };
        let mut verdict = verify(&known).await;
        if verdict == Err(Unverified::Refused(WebhookRefusal::Forged)) {
            // The endpoint may have been made anew since its id was last read.
            let renewed = self.paypal_endpoint.refresh(now).await.map_err(|_| unavailable(line))?;
            if renewed != known {
                verdict = verify(&renewed).await;
            }
        }
        verdict.map_err(|why| match why {
            Unverified::Refused(refusal) => not_taken(refusal, line),
            Unverified::NoCertificate => {
                line.set(Field::Outcome("no_certificate"));
                line.raise(Level::Error);
                Problem::new(Refusal::Unavailable)
            }
        })
    }

    fn verify<H: Host>(
        &self,
        secrets: &SigningSecrets,
        request: &Request,
        host: &H,
    ) -> Result<GatewayEvent, WebhookRefusal> {
        let header =
            request.headers().get("stripe-signature").and_then(|header| header.to_str().ok()).unwrap_or_default();
        let secrets = secrets.all().iter().map(adapters::secrets::Secret::expose);
        verify(secrets, header, request.body(), host.now(), self.age)
    }
}

fn not_taken(refusal: WebhookRefusal, line: &mut Line) -> Problem {
    line.count(Count::WebhookForged);
    line.set(Field::Outcome(refusal.name()));
    Problem::new(Refusal::InvalidRequest).with_detail(format!("The webhook is not taken: {refusal}"))
}

fn unavailable(line: &mut Line) -> Problem {
    line.set(Field::SecretTrouble("signing secrets"));
    line.raise(Level::Error);
    Problem::new(Refusal::Unavailable)
}

/// What is answered to what is taken, as a schema.
#[cfg(test)]
fn words() -> Vec<&'static str> {
    let taken = [
        Received::Applied,
        Received::Superseded,
        Received::NotOurs,
        Received::WrongMode,
        Received::Foreign,
        Received::NoRow,
    ];
    taken.map(word).to_vec()
}

const fn word(received: Received) -> &'static str {
    match received {
        Received::Applied => "applied",
        Received::Superseded => "superseded",
        Received::NotOurs => "not_ours",
        Received::WrongMode => "wrong_mode",
        Received::Foreign => "foreign_object",
        Received::NoRow => "no_payment",
        Received::NotYet => "not_yet",
    }
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
