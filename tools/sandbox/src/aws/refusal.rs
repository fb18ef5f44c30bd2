//! What AWS's services themselves say when they cannot: the JSON that their SDKs take for an exception.

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::rule::Service;

/// The service is asked too much.
pub(super) fn throttled(service: Service) -> Response {
    let (kind, message) = match service {
        Service::DynamoDb => (
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded. Consider increasing your \
                provisioning level with the UpdateTable API.",
        ),
        Service::Sqs => ("RequestThrottled", "Request was throttled."),
        Service::SecretsManager => ("ThrottlingException", "Rate exceeded"),
        Service::Kms => ("ThrottlingException", "You have exceeded the rate at which you may call KMS."),
    };
    refusal(service, 400, kind, message)
}

/// The service refuses with this status: a missing permission below 500, trouble of its own from there on.
pub(super) fn of_status(service: Service, status: u16) -> Response {
    let (kind, message) = match (status, service) {
        (..=499, _) => ("AccessDeniedException", "The sandbox was asked to refuse this request."),
        (503, _) => ("ServiceUnavailable", "The service is temporarily unavailable."),
        (_, Service::DynamoDb) => ("InternalServerError", "Internal server error"),
        (_, Service::Sqs) => ("InternalFailure", "The request processing has failed because of an unknown error."),
        (_, Service::SecretsManager) => ("InternalServiceError", "An error occurred on the server side."),
        (_, Service::Kms) => ("KMSInternalException", "An internal error occurred."),
    };
    refusal(service, status, kind, message)
}

fn refusal(service: Service, status: u16, kind: &str, message: &str) -> Response {
    let (namespace, content_type) = match service {
        Service::DynamoDb => ("com.amazonaws.dynamodb.v20120810#", "application/x-amz-json-1.0"),
        Service::Sqs => ("com.amazonaws.sqs#", "application/x-amz-json-1.0"),
        Service::SecretsManager | Service::Kms => ("", "application/x-amz-json-1.1"),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({ "__type": format!("{namespace}{kind}"), "message": message }).to_string();
    let mut response = (status, body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    let request_id = HeaderValue::from_static("00000000-0000-4000-8000-000000000000");
    response.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), request_id);
    response
}
