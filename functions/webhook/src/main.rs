//! The `webhook` function: wiring only. See [`handler`] for what it accepts and answers.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::gateway::paypal::BaseUrl;
use adapters::gateway::paypal::webhook::Verifier;
use adapters::gateway::webhook::Age;
use adapters::host::{dice, now};
use adapters::http::serve::serve;
use adapters::net::gateway_client;
use adapters::secrets::{Cached, SecretsManager};
use adapters::sqs::RetryQueue;
use adapters::telemetry::install_panic_hook;
use adapters::warm_up::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let environment = Environment::of_process();
    install_panic_hook("webhook", environment.log()?, now);
    let aws = Aws::from_environment()?;
    let vault = SecretsManager::new(aws.secrets_manager());
    let paypal_url = BaseUrl::parse(&environment.text("PAYPAL_BASE_URL")?)?;
    let webhook = handler::Webhook {
        signing_secrets: Cached::new(vault.clone(), environment.text("STRIPE_WEBHOOK_SECRET_ARN")?, dice()),
        paypal_endpoint: Cached::new(vault, environment.text("PAYPAL_WEBHOOK_SECRET_ARN")?, dice()),
        paypal: Verifier::new(gateway_client()?, paypal_url, environment.mode()?),
        store: PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?),
        nudges: RetryQueue::new(aws.sqs(), environment.text("RETRY_QUEUE_URL")?),
        mode: environment.mode()?,
        age: if environment.takes_recorded_webhooks()? { Age::Recorded } else { Age::Checked },
    };
    warm_up(async { tokio::join!(webhook.signing_secrets.get(now()), webhook.store.warm()) }).await;
    serve(webhook, &environment).await
}
