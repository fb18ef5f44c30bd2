//! The `customer` function: wiring only. See [`handler`] for what it accepts and answers.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::host::{dice, now};
use adapters::http::serve::serve;
use adapters::secrets::{Cached, SecretsManager};
use adapters::telemetry::install_panic_hook;
use adapters::warm_up::warm_up;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let environment = Environment::of_process();
    install_panic_hook("customer", environment.log()?, now);
    let aws = Aws::from_environment()?;
    let customer = handler::Customers {
        keys: Cached::new(SecretsManager::new(aws.secrets_manager()), environment.text("CLIENT_KEYS_ARN")?, dice()),
        store: PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?),
    };
    warm_up(async { tokio::join!(customer.keys.get(now()), customer.store.warm()) }).await;
    serve(customer, &environment).await
}
