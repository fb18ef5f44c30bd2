//! The `sweep` function: wiring only. See [`handler`] for what it does.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::host::{SystemHost, now};
use adapters::sqs::{DeliveryQueue, Queues, RetryQueue};
use adapters::telemetry::{Line, install_panic_hook};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::de::IgnoredAny;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let environment = Environment::of_process();
    install_panic_hook("sweep", environment.log()?, now);
    let (limits, policy, log) = (environment.limits()?, environment.policy()?, &environment.log()?);
    let aws = Aws::from_environment()?;
    let sweep = handler::Sweep {
        store: PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?),
        nudges: Queues {
            retry: RetryQueue::new(aws.sqs(), environment.text("RETRY_QUEUE_URL")?),
            deliveries: DeliveryQueue::new(aws.sqs(), environment.text("DELIVERY_QUEUE_URL")?),
        },
    };
    let sweep = &sweep;
    lambda_runtime::run(service_fn(move |_: LambdaEvent<IgnoredAny>| async move {
        let host = SystemHost::new(limits, policy, None);
        let mut line = Line::new("sweep", now());
        let swept = sweep.once(&host, &mut line).await;
        line.notes(host.take_notes());
        line.write_to_stdout(log);
        swept.map_err(Error::from)
    }))
    .await
}
