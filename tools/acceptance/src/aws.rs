//! The account's owner, who sees everything: logs, rows, secrets, functions.
//!
//! The local AWS takes its root user at his word, so these requests bear a credential and no signature.

use data_encoding::BASE64;
use serde_json::{Value, json};

use crate::wire::{Answer, Http};

/// What everybody who calls a function calls.
const LIVE: &str = "live";
/// A page of CloudWatch Logs.
const PAGE: u32 = 10_000;

/// The local AWS, and what the stack is called there.
#[derive(Debug, Clone)]
pub struct Aws {
    pub(crate) http: Http,
    /// Where it is.
    pub endpoint: String,
    /// The region it plays.
    pub region: String,
    /// The payments' table.
    pub table: String,
    /// The retry queue.
    pub retry_queue: String,
    /// The stack's name, which all functions' names begin with.
    pub stack: String,
}

/// Somebody's right to act for an hour.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Its name.
    pub access_key_id: String,
    /// What requests are signed with.
    pub secret_access_key: String,
    /// What says whose it is.
    pub session_token: String,
}

impl Aws {
    /// What a function answers to an event, as Lambda's own API invokes it: by its alias, as everybody who calls it.
    ///
    /// # Panics
    /// If Lambda does not take the event.
    pub async fn invoke(&self, function: &str, event: &str) -> Answer {
        let path = format!("/2015-03-31/functions/{}/invocations?Qualifier={LIVE}", self.function_name(function));
        self.request("POST", &path, "lambda", &[], event).await
    }

    /// The same of a copy, which has no alias.
    ///
    /// # Panics
    /// If Lambda does not take the event.
    pub async fn invoke_copy(&self, copy: &str, event: &str) -> Answer {
        let path = format!("/2015-03-31/functions/{}/invocations", self.function_name(copy));
        self.request("POST", &path, "lambda", &[], event).await
    }

    /// Which version of a function an alias is at.
    pub async fn alias_version(&self, function: &str, alias: &str) -> String {
        let path = format!("/2015-03-31/functions/{}/aliases/{alias}", self.function_name(function));
        self.request("GET", &path, "lambda", &[], "").await.expect(200).text_at("/FunctionVersion")
    }

    /// What the queues and streams call that a function reads.
    ///
    /// # Panics
    /// If the account's mappings cannot be read.
    pub async fn event_source_targets(&self, function: &str) -> Vec<String> {
        let path = format!("/2015-03-31/event-source-mappings/?FunctionName={}", self.function_name(function));
        let mappings = self.request("GET", &path, "lambda", &[], "").await.expect(200).at("/EventSourceMappings");
        let target = |mapping: &Value| mapping["FunctionArn"].as_str().unwrap_or_default().to_owned();
        mappings.as_array().unwrap().iter().map(target).collect()
    }

    /// A function as it was deployed: `Role`, `Environment`, …
    pub async fn function(&self, function: &str) -> Value {
        let path = format!("/2015-03-31/functions/{}/configuration", self.function_name(function));
        self.request("GET", &path, "lambda", &[], "").await.expect(200).json()
    }

    /// A variable of a function's environment.
    pub async fn variable(&self, function: &str, name: &str) -> Option<String> {
        self.function(function).await["Environment"]["Variables"][name].as_str().map(str::to_owned)
    }

    /// A function that differs from a deployed one only in its environment. The deployed one stays as it is.
    ///
    /// # Panics
    /// If the account does not take it.
    pub async fn copy_function(&self, function: &str, copy: &str, name: &str, value: &str) {
        let of = self.function(function).await;
        let mut variables = of["Environment"]["Variables"].clone();
        variables[name] = json!(value);
        let path = format!("/2015-03-31/functions/{}", self.function_name(function));
        let code = self.request("GET", &path, "lambda", &[], "").await.expect(200).text_at("/Code/Location");
        let zip = self.http.bytes(&code).await;
        let body = json!({
            "FunctionName": self.function_name(copy),
            "Role": of["Role"], "Runtime": of["Runtime"], "Handler": of["Handler"], "Timeout": of["Timeout"],
            "Architectures": of["Architectures"], "MemorySize": of["MemorySize"],
            "Environment": {"Variables": variables},
            "Code": {"ZipFile": BASE64.encode(&zip)},
        });
        drop(self.request("POST", "/2015-03-31/functions", "lambda", &[], &body.to_string()).await.expect(201));
    }

    /// Takes a function away again.
    pub async fn delete_function(&self, function: &str) {
        let path = format!("/2015-03-31/functions/{}", self.function_name(function));
        drop(self.request("DELETE", &path, "lambda", &[], "").await.expect(204));
    }

    /// When a function is called by the clock: each rule's expression and state.
    ///
    /// # Panics
    /// If the account's rules cannot be read.
    pub async fn schedules(&self, function: &str) -> Vec<String> {
        let arn = self.function(function).await["FunctionArn"].as_str().unwrap().to_owned();
        let target = json!({"TargetArn": format!("{arn}:{LIVE}")});
        let names =
            self.target("events", "AWSEvents.ListRuleNamesByTarget", &target).await.expect(200).at("/RuleNames");
        let mut schedules = Vec::new();
        for name in names.as_array().unwrap() {
            let rule = self.target("events", "AWSEvents.DescribeRule", &json!({"Name": name})).await.expect(200);
            schedules.push(format!("{} {}", rule.text_at("/ScheduleExpression"), rule.text_at("/State")));
        }
        schedules
    }

    /// Everything that a function has logged.
    pub async fn logs(&self, function: &str) -> Vec<String> {
        self.logs_that_fit(function, "").await
    }

    /// What a function has logged with this text in it. A log that is long is not read whole.
    pub async fn logs_about(&self, function: &str, text: &str) -> Vec<String> {
        self.logs_that_fit(function, &format!("\"{text}\"")).await
    }

    async fn logs_that_fit(&self, function: &str, pattern: &str) -> Vec<String> {
        self.logs_of(&self.function_name(function), pattern).await
    }

    /// The same of a function that is none of the stack's.
    pub(crate) async fn logs_of(&self, name: &str, pattern: &str) -> Vec<String> {
        let group = format!("/aws/lambda/{name}");
        let body = json!({"logGroupName": group, "filterPattern": pattern, "limit": PAGE});
        let answer = self.target("logs", "Logs_20140328.FilterLogEvents", &body).await.expect(200).json();
        let events = answer["events"].as_array().unwrap();
        events.iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }

    /// A payment's row, null if there is none.
    pub async fn row(&self, transaction_id: &str) -> Value {
        let key = json!({"pk": {"S": format!("PAY#{transaction_id}")}});
        let body = json!({"TableName": self.table, "Key": key, "ConsistentRead": true});
        self.target("dynamodb", "DynamoDB_20120810.GetItem", &body).await.expect(200).at("/Item")
    }

    /// Pauses what has this name: `everything`, `stripe` or `paypal`. As docs/RUNBOOK.md says to whoever has no checkout.
    pub async fn pause(&self, what: &str) {
        let entry = json!({"M": {"by": {"S": "a test"}, "why": {"S": "to see that it holds"}}});
        self.throw_switch("SET #what = :entry", what, json!({":entry": entry})).await;
    }

    /// Ends a pause, if there is one.
    pub async fn resume(&self, what: &str) {
        self.throw_switch("REMOVE #what", what, Value::Null).await;
    }

    async fn throw_switch(&self, expression: &str, what: &str, values: Value) {
        let mut body = json!({
            "TableName": self.table, "Key": {"pk": {"S": "CTL#pause"}},
            "UpdateExpression": expression, "ExpressionAttributeNames": {"#what": what},
        });
        if !values.is_null() {
            body["ExpressionAttributeValues"] = values;
        }
        drop(self.target("dynamodb", "DynamoDB_20120810.UpdateItem", &body).await.expect(200));
    }

    /// All rows of the table, as one text.
    pub async fn all_rows(&self) -> String {
        let mut text = String::new();
        let mut body = json!({"TableName": self.table, "ConsistentRead": true});
        loop {
            let page = self.target("dynamodb", "DynamoDB_20120810.Scan", &body).await.expect(200);
            text.push_str(&page.text);
            let last = page.at("/LastEvaluatedKey");
            if last.is_null() {
                return text;
            }
            body["ExclusiveStartKey"] = last;
        }
    }

    /// A secret's document.
    pub async fn secret(&self, arn: &str) -> Value {
        let answer = self.target("secretsmanager", "secretsmanager.GetSecretValue", &json!({"SecretId": arn})).await;
        serde_json::from_str(&answer.expect(200).text_at("/SecretString")).unwrap()
    }

    /// Puts another document into a secret.
    pub async fn put_secret(&self, arn: &str, document: &Value) {
        let body = json!({"SecretId": arn, "SecretString": document.to_string()});
        drop(self.target("secretsmanager", "secretsmanager.PutSecretValue", &body).await.expect(200));
    }

    /// What a function may do, for a test to try.
    ///
    /// # Panics
    /// If the role cannot be assumed.
    pub async fn as_function(&self, function: &str) -> Credentials {
        let role = self.function(function).await["Role"].as_str().unwrap().to_owned();
        let form = format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=acceptance&RoleArn={role}");
        let answer = self.form("sts", &form).await;
        let part = |name: &str| {
            let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{answer}"));
            rest.split('<').next().unwrap_or_default().to_owned()
        };
        Credentials {
            access_key_id: part("AccessKeyId"),
            secret_access_key: part("SecretAccessKey"),
            session_token: part("SessionToken"),
        }
    }

    fn function_name(&self, function: &str) -> String {
        format!("{}-{function}", self.stack)
    }

    pub(crate) async fn target(&self, service: &str, target: &str, body: &Value) -> Answer {
        let headers: [(&str, &[u8]); 2] =
            [("content-type", b"application/x-amz-json-1.1"), ("x-amz-target", target.as_bytes())];
        self.request("POST", "/", service, &headers, &body.to_string()).await
    }

    /// A call of one of the services that take forms and answer in XML.
    pub(crate) async fn form(&self, service: &str, form: &str) -> String {
        let content_type: (&str, &[u8]) = ("content-type", b"application/x-www-form-urlencoded");
        self.request("POST", "/", service, &[content_type], form).await.expect(200).text
    }

    pub(crate) async fn request(
        &self,
        method: &str,
        path: &str,
        service: &str,
        headers: &[(&str, &[u8])],
        body: &str,
    ) -> Answer {
        let scope = format!("AWS4-HMAC-SHA256 Credential=test/20260101/{}/{service}/aws4_request", self.region);
        let authorization: (&str, &[u8]) = ("authorization", scope.as_bytes());
        let headers: Vec<_> = headers.iter().copied().chain([authorization]).collect();
        self.http.send(method, &format!("{}{path}", self.endpoint), &headers, body).await
    }
}
