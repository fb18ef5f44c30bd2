//! The `retry` function: wiring only. See [`handler`] for what it does.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::gateway::stripe::{BaseUrl, Stripe};
use adapters::host::{dice, now};
use adapters::net::gateway_client;
use adapters::secrets::{Cached, SecretsManager};
use adapters::telemetry::install_panic_hook;
use adapters::warm_up::warm_up;
use aws_lambda_events::event::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    install_panic_hook("retry", environment.log()?, now);
    let aws = Aws::from_environment()?;
    let stripe_key =
        Cached::new(SecretsManager::new(aws.secrets_manager()), environment.text("STRIPE_SECRET_ARN")?, dice());
    let base_url = BaseUrl::parse(&environment.text("STRIPE_BASE_URL")?)?;
    let retry = handler::Retry {
        store: PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?),
        gateway: Stripe::new(gateway_client()?, base_url, stripe_key, dice),
        limits: environment.limits()?,
        log: environment.log()?,
    };
    warm_up(async { tokio::join!(retry.store.warm(), retry.gateway.warm()) }).await;
    let retry = &retry;
    let serve = async move |event: LambdaEvent<SqsEvent>| {
        Ok::<_, Error>(retry.batch(event.payload, event.context.deadline).await)
    };
    lambda_runtime::run(service_fn(serve)).await
}
