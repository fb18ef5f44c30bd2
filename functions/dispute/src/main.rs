//! The `dispute` function: wiring only. See [`handler`] for what it accepts and answers.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::gateway::gateways::Gateways;
use adapters::host::{dice, now};
use adapters::http::serve::serve;
use adapters::kms::PeopleKeys;
use adapters::secrets::{Cached, SecretsManager};
use adapters::sqs::RetryQueue;
use adapters::telemetry::install_panic_hook;
use adapters::warm_up::warm_up;
use flow::personal::People;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let environment = Environment::of_process();
    install_panic_hook("dispute", environment.log()?, now);
    let aws = Aws::from_environment()?;
    let vault = SecretsManager::new(aws.secrets_manager());
    let table = PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?);
    let dispute = handler::Disputes {
        keys: Cached::new(vault.clone(), environment.text("CLIENT_KEYS_ARN")?, dice()),
        people: People { store: table.clone(), keys: PeopleKeys::of(&environment, &aws)? },
        store: table,
        gateway: Gateways::of(&environment, &vault)?,
        nudges: RetryQueue::new(aws.sqs(), environment.text("RETRY_QUEUE_URL")?),
    };
    warm_up(async { tokio::join!(dispute.keys.get(now()), dispute.store.warm(), dispute.gateway.warm()) }).await;
    serve(dispute, &environment).await
}
