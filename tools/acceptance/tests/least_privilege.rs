//! What each function may do, tried out under its own role: the signature of an operation is its IAM policy.
//!
//! Every function makes every call. The local AWS enforces the roles (`AUTH=true`), so what is granted here is what
//! template.yaml grants, but for a condition that it does not know: on AWS, the sweep gets one row and no other, and confirm changes a
//! part of no row but those of declines. No call changes anything: what is granted is refused for another reason, or touches nothing.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

use std::collections::HashMap;
use std::fmt::Write as _;

use acceptance::aws::Credentials;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::CANARIES;
use adapters::aws::Aws;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use data_encoding::HEXLOWER;
use expect_test::expect;
use sha2::{Digest as _, Sha256};

const FUNCTIONS: [&str; 15] = [
    "initiate",
    "confirm",
    "capture",
    "cancel",
    "refund",
    "status",
    "customer",
    "payments",
    "dispute",
    "webhook",
    "retry",
    "sweep",
    "publish",
    "deliver",
    "webhook-endpoint",
];

/// The call's name, and the same as wide as a column.
const CALLS: [&str; 24] = [
    "GetItem",
    "BatchGetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Scan",
    "Query table",
    "Query due",
    "Query byDay",
    "Query reference",
    "Query disputes",
    "secret: Stripe",
    "secret: PayPal",
    "Stripe webhook",
    "PayPal webhook",
    "secret: clients",
    "secret: signing",
    "SendMessage",
    "ReceiveMessage",
    "send delivery",
    "take delivery",
    "PutEvents",
    "make a key",
    "unwrap a key",
];

#[test]
fn a_function_may_do_what_its_operation_does_and_nothing_else() {
    on_stack(async |stack| {
        let things = Things::of(stack).await;
        let mut columns = Vec::new();
        for function in FUNCTIONS {
            columns.push(may(&clients(stack, &stack.aws.as_function(function).await), &things).await);
        }
        let mut table = format!("{:<16}", "");
        for function in FUNCTIONS {
            write!(table, " {:<8}", function.chars().take(8).collect::<String>()).unwrap();
        }
        for (row, call) in CALLS.iter().enumerate() {
            write!(table, "\n{call:<16}").unwrap();
            for column in &columns {
                write!(table, " {:<8}", if column[row] { "yes" } else { "-" }).unwrap();
            }
        }
        let table: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        expect![[r#"
                             initiate confirm  capture  cancel   refund   status   customer payments dispute  webhook  retry    sweep    publish  deliver  webhook-
            GetItem          yes      yes      yes      yes      yes      yes      yes      -        yes      yes      yes      yes      yes      yes      yes
            BatchGetItem     -        yes      -        -        -        yes      -        yes      yes      -        -        -        yes      -        yes
            PutItem          yes      yes      yes      yes      yes      -        yes      -        yes      yes      yes      -        yes      yes      yes
            UpdateItem       -        yes      -        -        -        -        -        -        -        -        -        -        -        -        -
            DeleteItem       -        -        -        -        -        -        -        -        -        -        -        -        -        -        -
            Scan             -        -        -        -        -        -        -        -        -        -        -        -        -        -        -
            Query table      -        -        -        -        -        -        -        -        -        -        -        -        -        -        -
            Query due        -        -        -        -        -        -        -        -        -        -        -        yes      -        -        -
            Query byDay      -        -        -        -        -        -        -        yes      -        -        -        yes      -        -        yes
            Query reference  -        -        -        -        -        -        -        yes      -        -        -        -        -        -        -
            Query disputes   -        -        -        -        -        -        -        -        yes      -        -        -        -        -        -
            secret: Stripe   yes      yes      yes      yes      yes      -        -        -        yes      -        yes      -        -        -        -
            secret: PayPal   yes      yes      yes      yes      yes      -        -        -        yes      -        yes      -        -        -        -
            Stripe webhook   -        -        -        -        -        -        -        -        -        yes      -        -        -        -        -
            PayPal webhook   -        -        -        -        -        -        -        -        -        yes      -        -        -        -        -
            secret: clients  yes      yes      yes      yes      yes      yes      yes      yes      yes      -        -        -        -        -        yes
            secret: signing  -        -        -        -        -        -        -        -        -        -        -        -        -        yes      yes
            SendMessage      -        yes      yes      yes      yes      -        -        -        yes      yes      -        yes      -        -        -
            ReceiveMessage   -        -        -        -        -        -        -        -        -        -        yes      -        -        -        -
            send delivery    -        -        -        -        -        -        -        -        -        -        -        yes      yes      -        yes
            take delivery    -        -        -        -        -        -        -        -        -        -        -        -        -        yes      -
            PutEvents        -        -        -        -        -        -        -        -        -        -        -        -        yes      -        -
            make a key       yes      -        -        -        -        -        -        -        yes      -        -        -        -        -        -
            unwrap a key     yes      -        -        -        -        yes      -        -        yes      -        yes      -        -        -        -
        "#]]
        .assert_eq(&table);
    });
}

#[test]
fn a_function_is_told_only_of_what_it_may_use() {
    on_stack(async |stack| {
        let mut told = String::new();
        for function in FUNCTIONS {
            let environment = stack.aws.function(function).await["Environment"]["Variables"].clone();
            let wanted = |name: &&String| name.ends_with("_ARN") || name.ends_with("_URL");
            let names: Vec<&str> = environment.as_object().unwrap().keys().filter(wanted).map(String::as_str).collect();
            writeln!(told, "{function}: {}", names.join(", ")).unwrap();
            let text = environment.to_string();
            assert!(!text.contains("sk_test") && !text.contains("whsec_"), "{function} bears a secret: {text}");
        }
        expect![[r#"
            initiate: CLIENT_KEYS_ARN, PAYPAL_BASE_URL, PAYPAL_SECRET_ARN, PEOPLE_KEY_ARN, STRIPE_BASE_URL, STRIPE_SECRET_ARN
            confirm: CLIENT_KEYS_ARN, PAYPAL_BASE_URL, PAYPAL_SECRET_ARN, RETRY_QUEUE_URL, STRIPE_BASE_URL, STRIPE_SECRET_ARN
            capture: CLIENT_KEYS_ARN, PAYPAL_BASE_URL, PAYPAL_SECRET_ARN, RETRY_QUEUE_URL, STRIPE_BASE_URL, STRIPE_SECRET_ARN
            cancel: CLIENT_KEYS_ARN, PAYPAL_BASE_URL, PAYPAL_SECRET_ARN, RETRY_QUEUE_URL, STRIPE_BASE_URL, STRIPE_SECRET_ARN
            refund: CLIENT_KEYS_ARN, PAYPAL_BASE_URL, PAYPAL_SECRET_ARN, RETRY_QUEUE_URL, STRIPE_BASE_URL, STRIPE_SECRET_ARN
            status: CLIENT_KEYS_ARN, PEOPLE_KEY_ARN
            customer: CLIENT_KEYS_ARN
            payments: CLIENT_KEYS_ARN
            dispute: CLIENT_KEYS_ARN, PAYPAL_BASE_URL, PAYPAL_SECRET_ARN, PEOPLE_KEY_ARN, RETRY_QUEUE_URL, STRIPE_BASE_URL, STRIPE_SECRET_ARN
            webhook: PAYPAL_BASE_URL, PAYPAL_WEBHOOK_SECRET_ARN, RETRY_QUEUE_URL, STRIPE_WEBHOOK_SECRET_ARN
            retry: PAYPAL_BASE_URL, PAYPAL_SECRET_ARN, PEOPLE_KEY_ARN, STRIPE_BASE_URL, STRIPE_SECRET_ARN
            sweep: DELIVERY_QUEUE_URL, RETRY_QUEUE_URL
            publish: DEAD_LETTER_QUEUE_URL, DELIVERY_QUEUE_URL
            deliver: WEBHOOK_SIGNING_KEY_ARN
            webhook-endpoint: CLIENT_KEYS_ARN, DELIVERY_QUEUE_URL, WEBHOOK_SIGNING_KEY_ARN
        "#]]
        .assert_eq(&told);
    });
}

#[test]
fn every_fixed_secret_of_the_stack_is_looked_for_in_every_answer() {
    on_stack(async |stack| {
        let things = Things::of(stack).await;
        for (arn, part) in
            [(&things.stripe, "/apiKey"), (&things.paypal, "/clientSecret"), (&things.webhook, "/signingSecrets/0")]
        {
            let secret = stack.aws.secret(arn).await.pointer(part).unwrap().as_str().unwrap().to_owned();
            assert!(CANARIES.contains(&secret.as_str()), "{part} of the stack's secrets is no canary");
        }
        let kept = stack.aws.secret(&things.clients).await["keys"]["local"]["sha256"].clone();
        let is_client_key = |secret: &&str| kept == HEXLOWER.encode(&Sha256::digest(secret)).as_str();
        assert!(CANARIES.iter().any(is_client_key), "the client key is no canary");
    });
}

#[test]
fn credentials_that_nobody_gave_open_nothing() {
    on_stack(async |stack| {
        let given = stack.aws.as_function("status").await;
        let things = Things::of(stack).await;
        let stolen = Credentials { secret_access_key: "guessed".to_owned(), ..given };
        assert_eq!(may(&clients(stack, &stolen), &things).await, [false; CALLS.len()]);
    });
}

/// What the calls are about.
struct Things {
    table: String,
    queue: String,
    stripe: String,
    paypal: String,
    webhook: String,
    paypal_webhook: String,
    clients: String,
    signing: String,
    deliveries: String,
    bus: String,
    people: String,
}

impl Things {
    async fn of(stack: &Stack) -> Self {
        let arn = async |function: &str, name: &str| stack.aws.variable(function, name).await.unwrap();
        Self {
            table: stack.aws.table.clone(),
            queue: stack.aws.retry_queue.clone(),
            stripe: arn("confirm", "STRIPE_SECRET_ARN").await,
            paypal: arn("confirm", "PAYPAL_SECRET_ARN").await,
            webhook: arn("webhook", "STRIPE_WEBHOOK_SECRET_ARN").await,
            paypal_webhook: arn("webhook", "PAYPAL_WEBHOOK_SECRET_ARN").await,
            clients: arn("confirm", "CLIENT_KEYS_ARN").await,
            signing: arn("deliver", "WEBHOOK_SIGNING_KEY_ARN").await,
            deliveries: arn("publish", "DELIVERY_QUEUE_URL").await,
            bus: arn("publish", "EVENT_BUS_NAME").await,
            people: arn("status", "PEOPLE_KEY_ARN").await,
        }
    }
}

/// The functions' own AWS clients, with somebody's credentials.
fn clients(stack: &Stack, credentials: &Credentials) -> Aws {
    let variable = |name: &str| match name {
        "AWS_REGION" => Some(stack.aws.region.clone()),
        "AWS_ENDPOINT_URL" => Some(stack.aws.endpoint.clone()),
        "AWS_ACCESS_KEY_ID" => Some(credentials.access_key_id.clone()),
        "AWS_SECRET_ACCESS_KEY" => Some(credentials.secret_access_key.clone()),
        "AWS_SESSION_TOKEN" => Some(credentials.session_token.clone()),
        _ => None,
    };
    Aws::from_variables(variable).unwrap()
}

/// Which of [`CALLS`] are let through.
async fn may(aws: &Aws, things: &Things) -> [bool; CALLS.len()] {
    let (rows, secrets, queue, events) = (aws.dynamodb(), aws.secrets_manager(), aws.sqs(), aws.event_bridge());
    let people = aws.kms();
    let (table, url, deliveries) = (&things.table, &things.queue, &things.deliveries);
    let nobody = || AttributeValue::S("PAY#nobody".to_owned());
    // A row without its key, a message longer delayed than SQS allows, more messages than it gives at once.
    let query = |index: Option<&str>, key: &str| {
        let condition = format!("{key} = :key");
        let query = rows.query().table_name(table).set_index_name(index.map(str::to_owned));
        query.key_condition_expression(condition).expression_attribute_values(":key", nobody()).limit(1)
    };
    let key = HashMap::from([("pk".to_owned(), nobody())]);
    let keys = KeysAndAttributes::builder().keys(key).build().unwrap();
    let secret = |arn: &str| secrets.get_secret_value().secret_id(arn);
    [
        granted(rows.get_item().table_name(table).key("pk", nobody()).send().await),
        granted(rows.batch_get_item().request_items(table, keys).send().await),
        granted(rows.put_item().table_name(table).item("no", nobody()).send().await),
        granted(rows.update_item().table_name(table).key("no", nobody()).send().await),
        granted(rows.delete_item().table_name(table).key("pk", nobody()).send().await),
        granted(rows.scan().table_name(table).limit(1).send().await),
        granted(query(None, "pk").send().await),
        granted(query(Some("due"), "dp").send().await),
        granted(query(Some("byDay"), "yp").send().await),
        granted(query(Some("reference"), "ref").send().await),
        granted(query(Some("disputes"), "xp").send().await),
        granted(secret(&things.stripe).send().await),
        granted(secret(&things.paypal).send().await),
        granted(secret(&things.webhook).send().await),
        granted(secret(&things.paypal_webhook).send().await),
        granted(secret(&things.clients).send().await),
        granted(secret(&things.signing).send().await),
        granted(queue.send_message().queue_url(url).message_body("{}").delay_seconds(901).send().await),
        granted(queue.receive_message().queue_url(url).max_number_of_messages(11).send().await),
        granted(queue.send_message().queue_url(deliveries).message_body("{}").delay_seconds(901).send().await),
        granted(queue.receive_message().queue_url(deliveries).max_number_of_messages(11).send().await),
        granted(events.put_events().entries(nothing(&things.bus)).send().await),
        granted(people.generate_data_key().key_id(&things.people).key_spec(DataKeySpec::Aes256).send().await),
        granted(people.decrypt().key_id(&things.people).ciphertext_blob(Blob::new(vec![0; 100])).send().await),
    ]
}

/// An event without its text: the bus takes no notice of it.
fn nothing(bus: &str) -> PutEventsRequestEntry {
    PutEventsRequestEntry::builder().event_bus_name(bus).source("nobody").build()
}

/// Whatever else was wrong with the call, its caller was allowed to make it.
fn granted<T, E: std::fmt::Debug>(answer: Result<T, E>) -> bool {
    let Err(error) = answer else { return true };
    let error = format!("{error:?}");
    let refused =
        ["AccessDenied", "InvalidSignature", "SignatureDoesNotMatch", "UnrecognizedClient", "InvalidClientTokenId"];
    let answered = error.contains("ServiceError");
    assert!(answered, "no answer, so nothing is known: {error}");
    !refused.iter().any(|code| error.contains(code))
}
