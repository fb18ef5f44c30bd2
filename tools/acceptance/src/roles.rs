//! The functions' roles as they are deployed: read, and changed for a while.

use serde_json::{Value, json};

use crate::aws::Aws;
use crate::percent::{decoded, encoded};

/// One call of one thing, as a role grants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// `dynamodb:GetItem`
    pub action: String,
    /// The thing's ARN.
    pub thing: String,
}

/// What AWS takes for one right, and the local AWS for two: whoever may send one message may send ten.
const TWINS: (&str, &str) = ("sqs:SendMessage", "sqs:SendMessageBatch");

/// What a function's role grants.
#[derive(Debug, Clone)]
pub struct Policy(Value);

impl Policy {
    /// Every right in it, in its order.
    ///
    /// # Panics
    /// If it is none that template.yaml could have made.
    #[must_use]
    pub fn rights(&self) -> Vec<Right> {
        self.statements().into_iter().map(|(right, _)| right).filter(|right| right.action != TWINS.1).collect()
    }

    /// The same without one right, and without its twin.
    ///
    /// # Panics
    /// If it is none that template.yaml could have made.
    #[must_use]
    pub fn without(&self, right: &Right) -> Self {
        let is_it = |action: &str| action == right.action || (right.action == TWINS.0 && action == TWINS.1);
        let mut left = self.statements();
        left.retain(|(other, _)| !(is_it(&other.action) && other.thing == right.thing));
        let statements: Vec<Value> = left.into_iter().map(|(_, statement)| statement).collect();
        Self(json!({"Version": "2012-10-17", "Statement": statements}))
    }

    /// Every right, twins too, with the statement that grants it alone, under the condition that it has.
    fn statements(&self) -> Vec<(Right, Value)> {
        let mut statements = Vec::new();
        for statement in self.0["Statement"].as_array().unwrap() {
            for action in list(&statement["Action"]) {
                for thing in list(&statement["Resource"]) {
                    let mut alone = statement.clone();
                    alone["Action"] = json!(action);
                    alone["Resource"] = json!(thing);
                    statements.push((Right { action: action.clone(), thing }, alone));
                }
            }
        }
        statements
    }
}

impl Aws {
    /// What a function may do.
    ///
    /// # Panics
    /// If its role has no policy of its name.
    pub async fn policy(&self, function: &str) -> Policy {
        let role = self.role(function).await;
        let form = format!("Action=GetRolePolicy&Version=2010-05-08&RoleName={role}&PolicyName={function}");
        let answer = self.form("iam", &form).await;
        let (_, rest) = answer.split_once("<PolicyDocument>").unwrap_or_else(|| panic!("{answer}"));
        let (document, _) = rest.split_once("</PolicyDocument>").unwrap_or_else(|| panic!("{answer}"));
        let document = decoded(document);
        Policy(serde_json::from_str(&document).unwrap_or_else(|error| panic!("{error}: {document}")))
    }

    /// From now on a function may do this and nothing else.
    pub async fn put_policy(&self, function: &str, policy: &Policy) {
        let (role, document) = (self.role(function).await, encoded(&policy.0.to_string()));
        let form = format!(
            "Action=PutRolePolicy&Version=2010-05-08&RoleName={role}&PolicyName={function}&PolicyDocument={document}"
        );
        drop(self.form("iam", &form).await);
    }

    async fn role(&self, function: &str) -> String {
        let arn = self.function(function).await["Role"].as_str().unwrap().to_owned();
        arn.rsplit('/').next().unwrap_or_default().to_owned()
    }
}

fn list(value: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned();
    value.as_array().map_or_else(|| vec![text(value)], |items| items.iter().map(text).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(action: &str, thing: &str) -> Right {
        Right { action: action.to_owned(), thing: thing.to_owned() }
    }

    #[test]
    fn a_right_is_one_call_of_one_thing_and_is_taken_away_alone() {
        let policy = Policy(json!({"Statement": [
            {"Effect": "Allow", "Action": ["a:One", "a:Two"], "Resource": ["x", "y"]},
            {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:SendMessageBatch"], "Resource": ["x", "y"]},
            {"Effect": "Allow", "Action": "a:Three", "Resource": "x", "Condition": {"b": {"c": "d"}}},
        ]}));
        let all = [
            ("a:One", "x"),
            ("a:One", "y"),
            ("a:Two", "x"),
            ("a:Two", "y"),
            ("sqs:SendMessage", "x"),
            ("sqs:SendMessage", "y"),
            ("a:Three", "x"),
        ];
        assert_eq!(policy.rights(), all.map(|(action, thing)| right(action, thing)));
        for (action, thing) in all {
            let left: Vec<_> = all.iter().filter(|other| **other != (action, thing)).collect();
            let without = policy.without(&right(action, thing));
            assert_eq!(without.rights(), left.iter().map(|(action, thing)| right(action, thing)).collect::<Vec<_>>());
        }
        let text = policy.without(&right("sqs:SendMessage", "x")).0.to_string();
        assert_eq!(text.matches("SendMessageBatch").count(), 1, "its twin goes with it: {text}");
        assert_eq!(text.matches(r#""Condition":{"b":{"c":"d"}}"#).count(), 1, "what is left is no wider: {text}");
    }
}
