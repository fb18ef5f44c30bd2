//! The `retry` function: wiring only. See [`handler`] for what it does.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::gateway::gateways::Gateways;
use adapters::host::now;
use adapters::kms::PeopleKeys;
use adapters::secrets::SecretsManager;
use adapters::telemetry::install_panic_hook;
use adapters::warm_up::warm_up;
use aws_lambda_events::event::sqs::SqsEvent;
use flow::personal::People;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    install_panic_hook("retry", environment.log()?, now);
    let aws = Aws::from_environment()?;
    let table = PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?);
    let retry = handler::Retry {
        people: People { store: table.clone(), keys: PeopleKeys::of(&environment, &aws)? },
        store: table,
        gateway: Gateways::of(&environment, &SecretsManager::new(aws.secrets_manager()))?,
        limits: environment.limits()?,
        policy: environment.policy()?,
        log: environment.log()?,
    };
    warm_up(async { tokio::join!(retry.store.warm(), retry.gateway.warm()) }).await;
    let retry = &retry;
    let serve = async move |event: LambdaEvent<SqsEvent>| {
        Ok::<_, Error>(retry.batch(event.payload, event.context.deadline).await)
    };
    lambda_runtime::run(service_fn(serve)).await
}
