//! Also what other adapters' tests use: AWS clients that get the answers they are told to get, over no network.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use super::*;

/// A request as it would have left.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) uri: String,
    pub(crate) authorization: String,
    pub(crate) body: serde_json::Value,
}

/// Answers in turn, and keeps what was sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script(Arc<Mutex<Exchange>>);

#[derive(Debug, Default)]
struct Exchange {
    answers: VecDeque<(u16, String)>,
    sent: Vec<Sent>,
}

impl Script {
    /// AWS clients that get these answers, in this order, and no more.
    pub(crate) fn of(answers: Vec<(u16, String)>) -> (Aws, Self) {
        let script = Self::that_answers(answers);
        (Aws::with_http_client(variables, script.client()).unwrap(), script)
    }

    fn that_answers(answers: Vec<(u16, String)>) -> Self {
        Self(Arc::new(Mutex::new(Exchange { answers: answers.into(), sent: Vec::new() })))
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.0.lock().unwrap().sent.clone()
    }

    fn client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }
}

impl HttpConnector for Script {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Exchange { answers, sent } = &mut *self.0.lock().unwrap();
        sent.push(Sent {
            uri: request.uri().to_owned(),
            authorization: request.headers().get("authorization").unwrap_or_default().to_owned(),
            body: serde_json::from_slice(request.body().bytes().unwrap()).unwrap(),
        });
        HttpConnectorFuture::ready(match answers.pop_front() {
            Some((status, body)) => Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body))),
            None => Err(ConnectorError::user("more requests than answers".into())),
        })
    }
}

fn variables(name: &str) -> Option<String> {
    let value = match name {
        "AWS_REGION" => "eu-central-1",
        "AWS_ACCESS_KEY_ID" => "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY" => "not-a-secret",
        "AWS_SESSION_TOKEN" => "the-session",
        _ => return None,
    };
    Some(value.to_owned())
}

async fn sent_with(endpoint: &str, endpoint_of_dynamodb: Option<&str>) -> Sent {
    let script = Script::that_answers(vec![(200, "{}".to_owned())]);
    let lookup = |name: &str| match name {
        "AWS_ENDPOINT_URL" => Some(endpoint.to_owned()),
        "AWS_ENDPOINT_URL_DYNAMODB" => endpoint_of_dynamodb.map(str::to_owned),
        _ => variables(name),
    };
    Aws::with_http_client(lookup, script.client()).unwrap().dynamodb().list_tables().send().await.unwrap();
    script.sent().remove(0)
}

#[tokio::test]
async fn the_real_endpoint_of_the_region_is_the_default_and_requests_are_signed_with_the_environments_key() {
    let sent = sent_with("", None).await;
    assert_eq!(sent.uri, "https://dynamodb.eu-central-1.amazonaws.com/");
    assert!(sent.authorization.contains("Credential=AKIDEXAMPLE/"), "{}", sent.authorization);
    assert!(sent.authorization.contains("x-amz-security-token"), "{}", sent.authorization);
}

#[tokio::test]
async fn an_endpoint_for_all_services_is_overridden_by_one_for_the_service() {
    assert_eq!(sent_with("http://127.0.0.1:4566", None).await.uri, "http://127.0.0.1:4566/");
    assert_eq!(sent_with("http://127.0.0.1:4566", Some("http://127.0.0.1:8000")).await.uri, "http://127.0.0.1:8000/");
}

#[test]
fn a_missing_or_empty_variable_is_named() {
    for missing in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        let without = |name: &str| if name == missing { None } else { variables(name) };
        assert!(Aws::from_variables(without).unwrap_err().to_string().contains(missing));
        let empty = |name: &str| if name == missing { Some(String::new()) } else { variables(name) };
        assert!(Aws::from_variables(empty).unwrap_err().to_string().contains(missing));
    }
}

#[tokio::test]
async fn the_shared_connector_reaches_a_plain_http_endpoint() {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        assert!(stream.read(&mut [0_u8; 8192]).unwrap() > 0);
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 17\r\n\r\n{\"TableNames\":[]}";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let lookup = |name: &str| if name == "AWS_ENDPOINT_URL" { Some(url.clone()) } else { variables(name) };
    let tables = Aws::from_variables(lookup).unwrap().dynamodb().list_tables().send().await.unwrap();
    assert!(tables.table_names().is_empty());
    server.join().unwrap();
}

#[test]
fn a_write_with_all_its_tries_fits_into_the_time_that_a_gateway_call_leaves() {
    assert!(OPERATION_TIMEOUT < Duration::from_secs(5));
    assert!(ATTEMPT_TIMEOUT.saturating_mul(ATTEMPTS_MAX) <= OPERATION_TIMEOUT);
}
