//! The roles of `deploy/github-oidc.yaml`: whom they trust, and what they may do.

use std::collections::BTreeSet;

use acceptance::repository::{read, resources};
use serde_json::{Value, json};

use super::{ROLES, documents, needs, stack};

/// What tells of payments, opens the gateways, or runs code on their behalf: neither of the two roles may.
const FORBIDDEN: [&str; 30] = [
    "secretsmanager:GetSecretValue",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:PutSecretValue",
    "secretsmanager:PutResourcePolicy",
    "dynamodb:GetItem",
    "dynamodb:BatchGetItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetRecords",
    "dynamodb:PartiQLSelect",
    "dynamodb:ExportTableToPointInTime",
    "dynamodb:RestoreTableToPointInTime",
    "dynamodb:PutResourcePolicy",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "sqs:AddPermission",
    "logs:GetLogEvents",
    "logs:FilterLogEvents",
    "logs:StartQuery",
    "logs:Unmask",
    "logs:PutSubscriptionFilter",
    "lambda:InvokeFunction",
    "lambda:InvokeAsync",
    "iam:AttachRolePolicy",
    "iam:DeleteRolePermissionsBoundary",
    "iam:CreatePolicyVersion",
    "iam:CreateAccessKey",
];

#[test]
fn the_role_trusts_one_environment_of_one_repository() {
    let Some(documents) = documents() else { return };
    let trust = statements(&documents[ROLES]["Resources"]["Deployer"]["Properties"]["AssumeRolePolicyDocument"]);
    let [statement] = trust.as_slice() else { panic!("{trust:?}") };
    assert_eq!(
        statement["Condition"],
        json!({"StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": {"Fn::Sub": "repo:${Repository}:environment:${GitHubEnvironment}"},
        }})
    );
    let executor = statements(&documents[ROLES]["Resources"]["Executor"]["Properties"]["AssumeRolePolicyDocument"]);
    assert!(
        executor.iter().all(|statement| statement["Principal"] == json!({"Service": "cloudformation.amazonaws.com"}))
    );
}

#[test]
fn who_deploys_can_only_have_cloudformation_do_it() {
    let Some(documents) = documents() else { return };
    let granted = granted(&documents[ROLES]["Resources"]["Deployer"]);
    let services: BTreeSet<&str> =
        granted.iter().flat_map(|(actions, _)| actions).filter_map(|action| action.split(':').next()).collect();
    assert_eq!(services, BTreeSet::from(["cloudformation", "iam", "s3"]));
    for (actions, statement) in &granted {
        assert!(!actions.iter().any(|action| action.contains('*')), "{statement}");
        let onto_the_stack = actions.contains(&"cloudformation:CreateChangeSet".to_owned())
            && !statement["Resource"].to_string().contains("transform/");
        if onto_the_stack || actions.contains(&"iam:PassRole".to_owned()) {
            assert!(!statement["Condition"].is_null(), "{statement}");
        }
    }
}

#[test]
fn neither_role_reads_what_is_kept_or_calls_what_does() {
    let Some(documents) = documents() else { return };
    for role in ["Deployer", "Executor"] {
        for (actions, statement) in granted(&documents[ROLES]["Resources"][role]) {
            for pattern in &actions {
                let what = pattern.split_once(':').unwrap().1;
                assert!(!what.starts_with('*'), "{role}: all of a service: {statement}");
                if let Some(forbidden) = FORBIDDEN.iter().find(|action| covers(pattern, action)) {
                    panic!("{role}: {pattern} is {forbidden}");
                }
            }
            // What lies under a key is opened for a service that makes a table or a secret, and for nobody else.
            if actions.iter().any(|pattern| covers(pattern, "kms:Decrypt")) {
                assert!(statement["Condition"]["StringEquals"]["kms:ViaService"].is_array(), "{role}: {statement}");
            }
        }
    }
}

/// Without it, whoever brings a template is the account's administrator: it makes a role, and writes down what that may do.
#[test]
fn no_role_is_made_or_given_a_right_without_the_boundary() {
    let (Some(documents), Some(stack)) = (documents(), stack()) else { return };
    let mut held = BTreeSet::new();
    for (actions, statement) in granted(&documents[ROLES]["Resources"]["Executor"]) {
        let gives = ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"];
        for action in gives.into_iter().filter(|action| actions.iter().any(|pattern| covers(pattern, action))) {
            let wanted = json!({"StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}});
            assert_eq!(statement["Condition"], wanted, "{action}");
            held.insert(action);
        }
    }
    assert_eq!(held.len(), 3, "{held:?}");
    let wanted = json!({"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundary"}, {"Ref": "AWS::NoValue"}]});
    for (name, role) in roles_of(stack) {
        assert_eq!(role["Properties"]["PermissionsBoundary"], wanted, "{name} could not be made from GitHub");
    }
}

/// One more right, and more than a function needs is within a template's reach; one less, and a release from GitHub breaks what it deploys.
#[test]
fn the_boundary_is_what_the_roles_of_the_template_may_do_together_and_all_of_it_is_this_stacks() {
    let (Some(documents), Some(stack)) = (documents(), stack()) else { return };
    let boundary = statements(&documents[ROLES]["Resources"]["Boundary"]["Properties"]["PolicyDocument"]);
    let mut within = BTreeSet::new();
    for statement in &boundary {
        let actions = actions_of(statement);
        let conditions = &statement["Condition"]["StringEquals"];
        let is_ours = |(key, value): (&String, &Value)| {
            key.starts_with("aws:ResourceTag/") && *value == json!({"Ref": "StackName"})
        };
        let tagged = conditions.as_object().into_iter().flatten().any(is_ours);
        let ends = [":${StackName}-", "/${StackName}-", "event-bus/${StackName}"];
        let named = all_texts(&statement["Resource"]).iter().all(|arn| ends.iter().any(|end| arn.contains(end)));
        let shows_nothing = actions == ["dynamodb:ListStreams", "cloudwatch:DescribeAlarms"];
        assert!(tagged || named || shows_nothing, "whose is it? {statement}");
        if conditions["kms:ViaService"].is_null() {
            within.extend(actions);
        }
    }
    let mut used = BTreeSet::new();
    for (_, role) in roles_of(stack) {
        for (actions, _) in granted(role) {
            used.extend(actions);
        }
    }
    assert_eq!(within, used);
}

/// A right that the role lacks fails a deploy from GitHub, long after it was tried by hand.
#[test]
fn the_role_that_cloudformation_has_may_do_what_each_kind_of_resource_needs() {
    let (Some(documents), Some(stack)) = (documents(), stack()) else { return };
    let granted: Vec<String> =
        granted(&documents[ROLES]["Resources"]["Executor"]).into_iter().flat_map(|(actions, _)| actions).collect();
    let mut kinds = BTreeSet::new();
    for (name, resource) in stack["Resources"].as_object().unwrap() {
        kinds.insert(resource["Type"].as_str().unwrap());
        for action in needs::of(resource["Type"].as_str().unwrap()) {
            assert!(granted.iter().any(|pattern| covers(pattern, action)), "{name} needs {action}");
        }
    }
    let known: BTreeSet<&str> = needs::kinds().collect();
    assert_eq!(known, kinds, "kinds that nobody knows the needs of, or that there are not");
    for (name, text) in resources() {
        if text.lines().any(|line| line == "    Type: AWS::SecretsManager::Secret") {
            assert!(read(ROLES).contains(&format!(":secret:{name}-*\n")), "{name}");
        }
    }
}

/// What another stack of Quittance in the same account has, a deploy of this one cannot change: secrets and keys have no name of the stack's.
#[test]
fn secrets_and_keys_of_another_stack_are_out_of_reach() {
    let (Some(documents), Some(stack)) = (documents(), stack()) else { return };
    let (mut secrets, mut keys) = (0_usize, 0_usize);
    for (actions, statement) in granted(&documents[ROLES]["Resources"]["Executor"]) {
        let tags = |operator: &str, tag: &str| statement["Condition"][operator][tag] == json!({"Ref": "StackName"});
        let changes_secrets = ["secretsmanager:UpdateSecret", "secretsmanager:DeleteSecret"];
        if actions.iter().any(|action| changes_secrets.contains(&action.as_str())) {
            assert!(tags("StringEquals", "aws:ResourceTag/aws:cloudformation:stack-name"), "{statement}");
            secrets = secrets.saturating_add(1);
        }
        if actions.iter().any(|action| action.starts_with("kms:")) {
            let tag = "aws:ResourceTag/quittance-stack";
            assert!(tags("StringEqualsIfExists", tag) || tags("StringEquals", tag), "{statement}");
            keys = keys.saturating_add(1);
        }
    }
    assert!(secrets > 0 && keys > 0, "{secrets} {keys}");
    let tag = json!([{"Key": "quittance-stack", "Value": {"Ref": "AWS::StackName"}}]);
    for (name, resource) in stack["Resources"].as_object().unwrap() {
        if resource["Type"] == "AWS::KMS::Key" {
            assert_eq!(resource["Properties"]["Tags"], tag, "{name}");
        }
    }
}

/// A stack that is taken back a year later needs the code that it had.
#[test]
fn code_that_a_stack_may_go_back_to_is_not_deleted() {
    let Some(documents) = documents() else { return };
    let rules = &documents[ROLES]["Resources"]["Code"]["Properties"]["LifecycleConfiguration"]["Rules"];
    for rule in rules.as_array().unwrap() {
        assert!(!rule.as_object().unwrap().keys().any(|key| key.starts_with("Expiration")), "{rule}");
    }
}

fn roles_of(stack: &Value) -> Vec<(&String, &Value)> {
    let all = stack["Resources"].as_object().unwrap().iter();
    let roles: Vec<(&String, &Value)> = all.filter(|(_, resource)| resource["Type"] == "AWS::IAM::Role").collect();
    assert!(!roles.is_empty());
    roles
}

fn statements(policy: &Value) -> Vec<Value> {
    policy["Statement"].as_array().unwrap().iter().map(unconditional).collect()
}

/// A statement that only one environment's role has is held to what the others are.
fn unconditional(statement: &Value) -> Value {
    let only_if = statement["Fn::If"].as_array();
    only_if.map_or_else(|| statement.clone(), |parts| parts[1].clone())
}

/// Each statement of a role's policies, with its actions.
fn granted(role: &Value) -> Vec<(Vec<String>, Value)> {
    let policies = role["Properties"]["Policies"].as_array().unwrap();
    let each = policies.iter().flat_map(|policy| statements(&policy["PolicyDocument"]));
    each.map(|statement| (actions_of(&statement), statement)).collect()
}

fn actions_of(statement: &Value) -> Vec<String> {
    let action = &statement["Action"];
    // The stage decides between these (Mappings, SendMessages).
    if action.is_object() { vec!["sqs:SendMessage".to_owned()] } else { all_texts(action) }
}

/// A text, or the texts of a list, or of what is put together of parameters.
fn all_texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(all_texts).collect(),
        Value::Object(function) => function.values().flat_map(all_texts).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// Whether a pattern with stars at its end means this action. IAM does not look at capitals.
fn covers(pattern: &str, action: &str) -> bool {
    let (pattern, action) = (pattern.to_lowercase(), action.to_lowercase());
    assert!(!pattern.trim_end_matches('*').contains('*'), "{pattern}: a star in the middle is not understood here");
    pattern.strip_suffix('*').map_or_else(|| pattern == action, |beginning| action.starts_with(beginning))
}

/// SAM writes template.yaml out before it is sent. This file is sent as it stands, and CloudFormation takes no aliases of YAML.
#[test]
fn the_roles_are_written_without_aliases() {
    let text = read(ROLES);
    let mut words = text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(str::split_whitespace);
    assert_eq!(words.find(|word| word.len() > 1 && (word.starts_with('*') || word.starts_with('&'))), None);
}
