//! None of a function's rights is superfluous: each is taken away in turn, the function does its work through its own door, and something
//! breaks. Then the right is given back.
//!
//! Which work needs which right is [`works::Work::that_needs`]. What works without one of them fails the test: either the right can go, or
//! the work is the wrong one. Work is done with all rights first, so that what breaks does so for the want of the right alone.
//!
//! One after another, because a function without a right is one that others miss; and the function begins anew each time, because one
//! that is warm remembers its secrets. That takes minutes: `cargo xtask test --full` runs it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test speaks by panicking")]

mod checks;
mod disputed;
mod works;

use std::panic::{AssertUnwindSafe, resume_unwind};

use acceptance::environments::kill;
use acceptance::permissions::grants;
use acceptance::repository::deployed_functions;
use acceptance::roles::{Policy, Right};
use acceptance::say;
use acceptance::stack::{Stack, on_stack};
use futures_util::FutureExt as _;
use works::Work;

/// What AWS does for a function under its role, before and after it runs. The local AWS does it as itself and never asks, so nothing here
/// would break; AWS documents each as needed.
const UNASKED: [&str; 9] = [
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
];

/// What the local AWS answers a request that it hands to an environment which we have just killed while it began: others call the function
/// too. That says nothing about its rights.
const KILLED_AT_BIRTH: &str = "bootstrap exited during init";

#[test]
#[ignore = "takes minutes, and takes rights away that others need: cargo xtask test --full"]
fn without_any_of_its_rights_a_function_does_less() {
    on_stack(async |stack| {
        let (mut taken, mut superfluous) = (0_usize, Vec::new());
        for function in deployed_functions() {
            let (role, function) = (format!("{}Role", function.logical_id), function.binary);
            let policy = stack.aws.policy(&function).await;
            let rights = named(&role, &policy);
            let asked = rights.iter().filter(|(right, _)| !UNASKED.contains(&right.action.as_str()));
            let cells: Vec<(&Right, &str, Work)> = asked
                .map(|(right, thing)| (right, thing.as_str(), Work::that_needs(&function, &right.action, thing)))
                .collect();
            let mut done: Vec<Work> = Vec::new();
            for (.., work) in &cells {
                if !done.contains(work) {
                    let did = under(stack, &function, &policy, *work).await;
                    assert_eq!(did, Ok(()), "{function}: {work:?} with every right");
                    done.push(*work);
                }
            }
            for (right, thing, work) in cells {
                let did = under(stack, &function, &policy.without(right), work).await;
                match did {
                    Ok(()) => superfluous.push(format!("{function}: {} on {thing} ({work:?})", right.action)),
                    Err(_) => taken = taken.saturating_add(1),
                }
            }
            // Whoever comes next meets nobody who remembers having been refused.
            kill(stack, &function);
        }
        assert!(superfluous.is_empty(), "nothing breaks without:\n{}", superfluous.join("\n"));
        say(&format!("{taken} rights taken away, one at a time: without each, something breaks"));
    });
}

/// What comes of a work when its function, begun anew, may do this and nothing else. It may do what it could before, afterwards.
async fn under(stack: &Stack, function: &str, policy: &Policy, work: Work) -> Result<(), String> {
    let before = stack.aws.policy(function).await;
    stack.aws.put_policy(function, policy).await;
    kill(stack, function);
    let mut did = AssertUnwindSafe(work.is_done(stack, function)).catch_unwind().await;
    if matches!(&did, Ok(Err(why)) if why.contains(KILLED_AT_BIRTH)) {
        did = AssertUnwindSafe(work.is_done(stack, function)).catch_unwind().await;
    }
    stack.aws.put_policy(function, &before).await;
    kill(stack, function);
    if function == "webhook-endpoint" {
        works::tidy(stack).await;
    }
    did.unwrap_or_else(|panicked| resume_unwind(panicked))
}

/// The deployed rights of a role, each with the words that the template has for its thing: both are in the template's order.
fn named(role: &str, policy: &Policy) -> Vec<(Right, String)> {
    let mut declared = Vec::new();
    for grant in grants().into_iter().filter(|grant| grant.by == role) {
        for action in grant.actions() {
            for thing in grant.things() {
                declared.push((action.clone(), thing));
            }
        }
    }
    let rights = policy.rights();
    let actions = |rights: &[Right]| rights.iter().map(|right| right.action.clone()).collect::<Vec<_>>();
    let wanted: Vec<String> = declared.iter().map(|(action, _)| action.clone()).collect();
    assert_eq!(actions(&rights), wanted, "{role}: what is deployed is what the template says");
    rights.into_iter().zip(declared).map(|(right, (_, thing))| (right, thing)).collect()
}
