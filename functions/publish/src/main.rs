//! The `publish` function: wiring only. See [`handler`] for what it does.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::dynamo::stream::StreamEvent;
use adapters::event_bus::EventBus;
use adapters::host::now;
use adapters::sqs::{DeadLetters, DeliveryQueue};
use adapters::telemetry::install_panic_hook;
use adapters::warm_up::warm_up;
use lambda_runtime::{Error, LambdaEvent, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    install_panic_hook("publish", environment.log()?, now);
    let aws = Aws::from_environment()?;
    let publish = handler::Publish {
        store: PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?),
        bus: environment.event_bus_name().map(|name| EventBus::new(aws.event_bridge(), name)),
        nudges: DeliveryQueue::new(aws.sqs(), environment.text("DELIVERY_QUEUE_URL")?),
        dead_letters: DeadLetters::new(aws.sqs(), environment.text("DEAD_LETTER_QUEUE_URL")?),
        failures: environment.stream_failures()?,
        limits: environment.limits()?,
        policy: environment.policy()?,
        retention: environment.retention()?,
        log: environment.log()?,
    };
    warm_up(publish.store.warm()).await;
    let publish = &publish;
    let serve = async move |event: LambdaEvent<StreamEvent>| {
        publish.batch(&event.payload, event.context.deadline).await.map_err(Error::from)
    };
    lambda_runtime::run(service_fn(serve)).await
}
