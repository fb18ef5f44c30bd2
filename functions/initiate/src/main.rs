//! The `initiate` function: wiring only. See [`handler`] for what it accepts and answers.

mod handler;

use adapters::aws::Aws;
use adapters::config::Environment;
use adapters::dynamo::PaymentTable;
use adapters::gateway::gateways::Gateways;
use adapters::host::{dice, now};
use adapters::http::serve::serve;
use adapters::kms::PeopleKeys;
use adapters::secrets::{Cached, SecretsManager};
use adapters::telemetry::install_panic_hook;
use adapters::warm_up::warm_up;
use flow::operations::initiate::Rules;
use flow::personal::People;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let environment = Environment::of_process();
    install_panic_hook("initiate", environment.log()?, now);
    let aws = Aws::from_environment()?;
    let vault = SecretsManager::new(aws.secrets_manager());
    let table = PaymentTable::new(aws.dynamodb(), environment.text("TABLE_NAME")?);
    let initiate = handler::Initiate {
        keys: Cached::new(vault.clone(), environment.text("CLIENT_KEYS_ARN")?, dice()),
        people: People { store: table.clone(), keys: PeopleKeys::of(&environment, &aws)? },
        store: table,
        gateway: Gateways::of(&environment, &vault)?,
        default_gateway: environment.default_gateway()?,
        rules: Rules { mode: environment.mode()?, amounts: environment.amount_limits()? },
        checkout_expiry: environment.checkout_expiry()?,
    };
    warm_up(async { tokio::join!(initiate.keys.get(now()), initiate.store.warm(), initiate.gateway.warm()) }).await;
    serve(initiate, &environment).await
}
