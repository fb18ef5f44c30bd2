//! Which stack is tested, and the one runtime that all tests of a program share.

use std::convert::Infallible;
use std::env;
use std::fs;
use std::future::Future;
use std::io::Write as _;
use std::pin::pin;
use std::sync::{LazyLock, OnceLock};
use std::time::Duration;

use futures_util::future::{Either, select};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::time::sleep;

use crate::aws::Aws;
use crate::client::Client;
use crate::eventually;
use crate::sandbox::Sandbox;
use crate::wire::Http;

/// Names the file that says where the stack is.
pub(crate) const VARIABLE: &str = "QUITTANCE_STACK";

/// A minute of the tests.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// A deployed local stack.
#[derive(Debug)]
pub struct Stack {
    /// Our API, called with the local key.
    pub api: Client,
    /// The gateway, and what it knows.
    pub sandbox: Sandbox,
    /// The account that the stack is deployed in.
    pub aws: Aws,
}

impl Stack {
    /// The payment, once it has this status, in a world where minutes pass quickly: a sweep comes with every look.
    ///
    /// # Panics
    /// If it never has, or a sweep fails.
    pub async fn settled(&self, id: &str, status: &str) -> Value {
        eventually(&format!("{id} is {status}, however often we sweep"), async || {
            let answer = self.api.status(id).await.expect(200);
            if answer.text_at("/status") == status {
                return Ok(answer.json());
            }
            self.sweep().await;
            sleep(SWEEP_INTERVAL).await;
            Err(answer.text)
        })
        .await
    }

    /// Does this in a world where minutes pass quickly.
    ///
    /// # Panics
    /// If it does, or a sweep fails.
    pub async fn while_sweeping<T>(&self, doing: impl Future<Output = T>) -> T {
        match select(pin!(doing), pin!(self.sweeps())).await {
            Either::Left((done, _)) => done,
            Either::Right((never, _)) => match never {},
        }
    }

    async fn sweeps(&self) -> Infallible {
        loop {
            sleep(SWEEP_INTERVAL).await;
            drop(self.sweep().await);
        }
    }

    /// Does what a minute's passing does.
    ///
    /// # Panics
    /// If the sweep fails.
    pub async fn sweep(&self) -> Value {
        let swept = self.aws.invoke("sweep", "{}").await.expect(200).json();
        assert_eq!(swept["failedPartitions"], 0, "{swept}");
        swept
    }
}

/// One runtime for all tests, because they share connections, and a connection dies with the runtime that opened it.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap());

/// Runs a test on the stack, if there is one.
///
/// # Panics
/// If the test does; on CI also if there is no stack.
pub fn on_stack<F: Future<Output = ()>>(test: impl FnOnce(&'static Stack) -> F) {
    static STACK: OnceLock<Option<Stack>> = OnceLock::new();
    if let Some(stack) = STACK.get_or_init(found) {
        RUNTIME.block_on(test(stack));
    }
}

fn found() -> Option<Stack> {
    let Some(file) = env::var(VARIABLE).ok().filter(|file| !file.is_empty()) else {
        assert!(env::var("CI").as_deref() != Ok("true"), "{VARIABLE} is not set: CI must test the deployed stack");
        // The test harness hides what passing tests print; this must be seen.
        drop(writeln!(
            std::io::stderr(),
            "\n*** NOT TESTED: the deployed stack, because {VARIABLE} is not set; \
             `cargo xtask up --detach` writes target/local/stack.json ***"
        ));
        return None;
    };
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{VARIABLE}={file}: {error}"));
    let stack: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let field = |name: &str| {
        stack[name].as_str().unwrap_or_else(|| panic!("{file} does not say {name}")).trim_end_matches('/').to_owned()
    };
    let http = Http::new();
    let stack = Stack {
        api: Client::new(http.clone(), field("apiUrl"), field("apiKey")),
        sandbox: Sandbox::new(http.clone(), field("sandboxUrl")),
        aws: Aws {
            http,
            endpoint: field("awsEndpointUrl"),
            region: field("region"),
            table: field("tableName"),
            retry_queue: field("retryQueueUrl"),
            stack: field("stackName"),
        },
    };
    // Test programs run one after another; one that failed may have left the gateway broken, or the stack paused.
    RUNTIME.block_on(async {
        for what in ["everything", "stripe", "paypal"] {
            stack.aws.resume(what).await;
        }
        stack.sandbox.behaves().await;
        stack.sandbox.aws_behaves().await;
        stack.sandbox.release_webhooks("fifo", 1).await;
    });
    Some(stack)
}
