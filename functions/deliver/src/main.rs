//! The `deliver` function: wiring only. See [`handler`] for what it does.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::host::{dice, now};
use adapters::outbound::Post;
use adapters::secrets::{Cached, SecretsManager};
use adapters::telemetry::install_panic_hook;
use adapters::warm_up::warm_up;
use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    install_panic_hook("deliver", environment.log()?, now);
    let aws = Aws::from_environment()?;
    let vault = SecretsManager::new(aws.secrets_manager());
    let key = Cached::new(vault, environment.text("WEBHOOK_SIGNING_KEY_ARN")?, dice());
    let deliver = handler::Deliver {
        store: PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?),
        sender: Post::new(key, environment.webhook_reach()?)?,
        limits: environment.limits()?,
        policy: environment.policy()?,
        log: environment.log()?,
    };
    warm_up(async { tokio::join!(deliver.store.warm(), deliver.sender.key().get(now())) }).await;
    let deliver = &deliver;
    let serve = async move |event: LambdaEvent<SqsEvent>| {
        Ok::<_, Error>(deliver.batch(event.payload, event.context.deadline).await)
    };
    lambda_runtime::run(service_fn(serve)).await
}
