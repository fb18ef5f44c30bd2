//! The store contract, kept by the twin in memory, by ministack's DynamoDB, and by Amazon's own DynamoDB Local.
//!
//! The twin is always tested. The two servers are tested where the environment says where they are, as
//! `cargo xtask test` does; elsewhere one loud line says that they were not, and on CI that is a failure. Each rule has
//! a table of its own.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test speaks by panicking")]

use std::{
    env,
    future::Future,
    io::Write as _,
    sync::{LazyLock, Once},
    time::{Duration, SystemTime},
};

use adapters::{aws::Aws, dynamo::PaymentTable};
use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType, TableStatus,
    },
};
use tokio::runtime::{Builder, Runtime};
use world::{
    for_each_keyring_rule, for_each_store_rule, for_each_telling_rule, for_each_webhook_rule,
    store::MemoryStore,
    store_contract::{self as contract, Bench},
    turns,
};

mod twin {
    use super::*;

    macro_rules! rule {
        ($rule:ident) => {
            #[test]
            fn $rule() {
                let bench = TwinBench::new();
                turns::block_on(contract::$rule(&bench));
            }
        };
    }
    for_each_store_rule!(rule);
    for_each_webhook_rule!(rule);
    for_each_telling_rule!(rule);
}

mod ministack {
    use super::*;

    static TOLD: Once = Once::new();

    macro_rules! rule {
        ($rule:ident) => {
            #[test]
            fn $rule() {
                on_server("QUITTANCE_DYNAMODB_MINISTACK", "ministack", &TOLD, async |bench: TableBench| {
                    contract::$rule(&bench).await;
                });
            }
        };
    }
    for_each_store_rule!(rule);
    for_each_webhook_rule!(rule);
    for_each_keyring_rule!(rule);
    for_each_telling_rule!(rule);
}

mod dynamodb_local {
    use super::*;

    static TOLD: Once = Once::new();

    macro_rules! rule {
        ($rule:ident) => {
            #[test]
            fn $rule() {
                on_server("QUITTANCE_DYNAMODB_LOCAL", "DynamoDB Local", &TOLD, async |bench: TableBench| {
                    contract::$rule(&bench).await;
                });
            }
        };
    }
    for_each_store_rule!(rule);
    for_each_webhook_rule!(rule);
    for_each_keyring_rule!(rule);
    for_each_telling_rule!(rule);
}

/// The twin, with an index that lags until the rule gives it a moment.
struct TwinBench(MemoryStore);

impl TwinBench {
    fn new() -> Self {
        let store = MemoryStore::default();
        store.hold_index();
        Self(store)
    }
}

impl Bench for TwinBench {
    type Store = MemoryStore;
    const PAUSES_MAX: u32 = 1;

    fn store(&self) -> &MemoryStore {
        &self.0
    }

    async fn pause(&self) {
        self.0.catch_up_index();
    }
}

/// A table on a server.
struct TableBench(PaymentTable);

impl Bench for TableBench {
    type Store = PaymentTable;
    /// Ten seconds, which no index on one machine needs.
    const PAUSES_MAX: u32 = 100;

    fn store(&self) -> &PaymentTable {
        &self.0
    }

    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// One runtime for all rules, as a function has one for all requests: they share the connector, and a connection dies
/// with the runtime that opened it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().enable_all().build().unwrap());

/// Runs a rule on a fresh table, if the server is there.
fn on_server<F: Future<Output = ()>>(variable: &str, server: &str, told: &Once, rule: impl FnOnce(TableBench) -> F) {
    let Some(endpoint) = env::var(variable).ok().filter(|endpoint| !endpoint.is_empty()) else {
        assert!(env::var("CI").as_deref() != Ok("true"), "{variable} is not set: CI must test the store on {server}");
        // The test harness hides what passing tests print; this must be seen.
        told.call_once(|| {
            drop(writeln!(
                std::io::stderr(),
                "\n*** NOT TESTED: the store on {server}, because {variable} is not set ***"
            ));
        });
        return;
    };
    RUNTIME.block_on(async {
        let client = client(&endpoint);
        let name = make_table(&client).await;
        rule(TableBench(PaymentTable::new(client.clone(), name.clone()))).await;
        client.delete_table().table_name(name).send().await.unwrap();
    });
}

/// The client that the functions use, with their limits, pointed at `endpoint`.
fn client(endpoint: &str) -> Client {
    let variable = |name: &str| match name {
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("test".to_owned()),
        "AWS_ENDPOINT_URL_DYNAMODB" => Some(endpoint.to_owned()),
        _ => None,
    };
    Aws::from_variables(variable).unwrap().dynamodb()
}

/// A table as template.yaml declares it, under a name that nobody else uses.
async fn make_table(client: &Client) -> String {
    #[expect(clippy::disallowed_methods, reason = "a name that no other run has taken needs the real clock")]
    let unique = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let name = format!("store-contract-{}-{unique}", std::process::id());
    let text = ["pk", "dp", "yp", "ref"].map(|name| attribute(name, ScalarAttributeType::S));
    let numbers = ["du", "ca"].map(|name| attribute(name, ScalarAttributeType::N));
    let created = client
        .create_table()
        .table_name(&name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(text.into_iter().chain(numbers).collect()))
        .key_schema(key("pk", KeyType::Hash))
        .global_secondary_indexes(index("due", "dp", "du"))
        .global_secondary_indexes(index("byDay", "yp", "ca"))
        .global_secondary_indexes(index("reference", "ref", "ca"))
        .send()
        .await;
    if let Err(failed) = created {
        // A server that has just started may be slower than the client is patient: then it was asked twice by one call.
        let failed = failed.into_service_error();
        assert!(failed.is_resource_in_use_exception(), "{failed:?}");
    }
    for _ in 0..50 {
        let described = client.describe_table().table_name(&name).send().await.unwrap();
        if described.table().and_then(|table| table.table_status()) == Some(&TableStatus::Active) {
            return name;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the table {name} never became active");
}

fn attribute(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().unwrap()
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap()
}

fn index(name: &str, hash: &str, range: &str) -> GlobalSecondaryIndex {
    GlobalSecondaryIndex::builder()
        .index_name(name)
        .key_schema(key(hash, KeyType::Hash))
        .key_schema(key(range, KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .unwrap()
}
