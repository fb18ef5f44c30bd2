//! The `webhook-endpoint` function: wiring only. See [`handler`] for what it accepts and answers.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::host::{dice, now};
use adapters::http::serve::serve;
use adapters::secrets::{Cached, SecretsManager};
use adapters::sqs::DeliveryQueue;
use adapters::telemetry::install_panic_hook;
use adapters::warm_up::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let environment = Environment::of_process();
    install_panic_hook("webhook-endpoint", environment.log()?, now);
    let aws = Aws::from_environment()?;
    let vault = SecretsManager::new(aws.secrets_manager());
    let function = handler::WebhookEndpoints {
        keys: Cached::new(vault.clone(), environment.text("CLIENT_KEYS_ARN")?, dice()),
        signing_key: Cached::new(vault, environment.text("WEBHOOK_SIGNING_KEY_ARN")?, dice()),
        store: PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?),
        nudges: DeliveryQueue::new(aws.sqs(), environment.text("DELIVERY_QUEUE_URL")?),
        reach: environment.webhook_reach()?,
    };
    warm_up(async { tokio::join!(function.keys.get(now()), function.store.warm()) }).await;
    serve(function, &environment).await
}
