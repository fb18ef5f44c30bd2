//! The `confirm` function: wiring only. See [`handler`] for what it accepts and answers.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::gateway::gateways::Gateways;
use adapters::host::{dice, now};
use adapters::http::serve::serve;
use adapters::secrets::{Cached, SecretsManager};
use adapters::sqs::RetryQueue;
use adapters::telemetry::install_panic_hook;
use adapters::warm_up::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let environment = Environment::of_process();
    install_panic_hook("confirm", environment.log()?, now);
    let aws = Aws::from_environment()?;
    let vault = SecretsManager::new(aws.secrets_manager());
    let confirm = handler::Confirm {
        keys: Cached::new(vault.clone(), environment.text("CLIENT_KEYS_ARN")?, dice()),
        store: PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?),
        gateway: Gateways::of(&environment, &vault)?,
        declines_per_hour: environment.declines_per_hour()?,
        nudges: RetryQueue::new(aws.sqs(), environment.text("RETRY_QUEUE_URL")?),
    };
    warm_up(async { tokio::join!(confirm.keys.get(now()), confirm.store.warm(), confirm.gateway.warm()) }).await;
    serve(confirm, &environment).await
}
