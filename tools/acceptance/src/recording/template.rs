//! The recorder's stack: one function, and everything that calls a function of ours.

use serde_json::{Map, Value, json};

use super::MARK;
use crate::repository::deployed_functions;

/// The name of the API's stage, as template.yaml has it.
pub(super) const STAGE: &str = "v1";

/// The template of a recorder of this name. It knows nothing of the local AWS: deployed elsewhere, it would record there.
pub(super) fn of(name: &str) -> Value {
    let code = format!(
        "import json\n\ndef handler(event, context):\n    if 'httpMethod' in event:\n        \
         return {{'statusCode': 200, 'headers': {{'content-type': 'application/json'}}, 'body': json.dumps(event)}}\n    \
         print('{MARK}' + json.dumps(event))\n"
    );
    let arn = json!({"Fn::GetAtt": ["Recorder", "Arn"]});
    let target = json!([{"Id": "recorder", "Arn": arn}]);
    let called_by = |service: &str, source: Value| {
        json!({"Type": "AWS::Lambda::Permission", "Properties": {
            "Action": "lambda:InvokeFunction", "FunctionName": arn, "Principal": service, "SourceArn": source}})
    };
    let rule = |name: &str| json!({"Fn::GetAtt": [name, "Arn"]});
    json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Role": role(),
            "Recorder": {"Type": "AWS::Lambda::Function", "DependsOn": "Logs", "Properties": {
                "FunctionName": name, "Runtime": "python3.12", "Handler": "index.handler", "Timeout": 10,
                "Role": {"Fn::GetAtt": ["Role", "Arn"]}, "Code": {"ZipFile": code}}},
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {
                "LogGroupName": format!("/aws/lambda/{name}"), "RetentionInDays": 1}},
            "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": name, "Body": routes()}},
            "Deployment": {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}},
            "Stage": {"Type": "AWS::ApiGateway::Stage", "Properties": {
                "RestApiId": {"Ref": "Api"}, "DeploymentId": {"Ref": "Deployment"}, "StageName": STAGE,
                // What the template's stage says where nobody says otherwise.
                "Variables": {"problemTypeBase": "urn:quittance:problem:"}}},
            "Called": called_by("apigateway.amazonaws.com", json!({"Fn::Sub":
                "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/*"})),
            "Queue": {"Type": "AWS::SQS::Queue"},
            "FromQueue": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
                "FunctionName": arn, "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "BatchSize": 10}},
            "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"}}},
            "FromTable": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
                "FunctionName": arn, "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
                "StartingPosition": "TRIM_HORIZON", "BatchSize": 100}},
            "Minute": {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 minute)", "Targets": target}},
            "MinuteCalls": called_by("events.amazonaws.com", rule("Minute")),
            "Shop": {"Type": "AWS::Events::Rule", "Properties": {
                "EventPattern": {"source": ["shop.example"]}, "Targets": target}},
            "ShopCalls": called_by("events.amazonaws.com", rule("Shop")),
        },
        "Outputs": {
            "Api": {"Value": {"Ref": "Api"}}, "Queue": {"Value": {"Ref": "Queue"}}, "Table": {"Value": {"Ref": "Table"}},
        },
    })
}

fn role() -> Value {
    let may = json!([
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": {"Fn::GetAtt": ["Logs", "Arn"]}},
        {"Effect": "Allow", "Action": ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}},
        {"Effect": "Allow", "Action": ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            "Resource": {"Fn::GetAtt": ["Table", "StreamArn"]}},
        {"Effect": "Allow", "Action": "dynamodb:ListStreams", "Resource": "*"},
    ]);
    json!({"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]},
        "Policies": [{"PolicyName": "recorder", "PolicyDocument": {"Version": "2012-10-17", "Statement": may}}]}})
}

/// Every route of template.yaml, before the recorder.
fn routes() -> Value {
    let mut paths = Map::new();
    for route in deployed_functions().into_iter().flat_map(|function| function.routes) {
        let (method, path) = route.split_once(' ').unwrap_or_else(|| panic!("{route} is no route"));
        let uri = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Recorder.Arn}/invocations";
        let methods = paths.entry(path.to_owned()).or_insert_with(|| json!({}));
        methods[method.to_lowercase()] = json!({"responses": {}, "x-amazon-apigateway-integration":
            {"type": "aws_proxy", "httpMethod": "POST", "uri": {"Fn::Sub": uri}}});
    }
    json!({"openapi": "3.0.1", "info": {"title": "recorder", "version": "1.0"}, "paths": paths})
}
