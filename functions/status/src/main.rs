//! The `status` function: wiring only. See [`handler`] for what it accepts and answers.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::host::{dice, now};
use adapters::http::serve::serve;
use adapters::kms::PeopleKeys;
use adapters::secrets::{Cached, SecretsManager};
use adapters::telemetry::install_panic_hook;
use adapters::warm_up::warm_up;
use flow::personal::People;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let environment = Environment::of_process();
    install_panic_hook("status", environment.log()?, now);
    let aws = Aws::from_environment()?;
    let table = PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?);
    let status = handler::Status {
        keys: Cached::new(SecretsManager::new(aws.secrets_manager()), environment.text("CLIENT_KEYS_ARN")?, dice()),
        people: People { store: table.clone(), keys: PeopleKeys::of(&environment, &aws)? },
        store: table,
    };
    warm_up(async { tokio::join!(status.keys.get(now()), status.store.warm()) }).await;
    serve(status, &environment).await
}
