//! A stack's endpoint at Stripe.
//!
//! Stripe shows the secret of an endpoint once, in the answer that makes it. So what is done is ordered by what a crash leaves, and what fails
//! is taken back at once where it can be:
//!
//! | step | a failure of it | a crash after it leaves |
//! |---|---|---|
//! | the secret is put as it is, unless it is empty: we may do that | nothing was changed | nothing |
//! | endpoints of ours whose secret is lost are deleted | nothing else was changed | nothing |
//! | the endpoint is made, marked as ours | nothing, or one whose answer got lost | one that nobody can check: the next call deletes it |
//! | it is marked with its secret's print, as shown | it is deleted | the same |
//! | the secret is put beside those that are there | it is deleted | one that is heard: the next call sees that the print fits, and marks it as kept |
//! | it is marked with the print, as kept | it is heard, as after a crash before it | all is done |
//!
//! The print is the beginning of the secret's SHA-256. Whatever is marked as kept is never deleted: if its print does not fit any more, the
//! secret was rolled at Stripe or taken from the stack, and which of the two it is, nobody can see from here.

mod endpoint;
mod merchant;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::{Done, Gateway, Stack, Wish};
use crate::failure::Failure;
use crate::interrupt;
use endpoint::{Endpoint, Mark, Standing, print};
use merchant::Merchant;

/// What the webhook function reads of Stripe's events; a test beside the code that reads them holds the list.
pub(super) const EVENTS: &str = include_str!("../../../../shared/adapters/src/gateway/stripe/webhook/events.txt");
/// How an endpoint's events are written; chosen when it is made, and never again.
pub(super) const API_VERSION: &str = "2026-10-28.endive";
/// The functions read no more, and then none at all.
const SECRETS_MAX: usize = 5;
/// The stack's output that names the secret.
const KEPT: &str = "StripeWebhookSecretArn";

/// Finds or makes the endpoint, and mends it.
pub(super) fn register(stack: &Stack<'_>, wish: Wish) -> Result<Done, Failure> {
    let Some(merchant) = Merchant::of(stack)? else { return Ok(Done::NoCredentials) };
    let url = stack.address(Gateway::Stripe);
    if wish == Wish::Rolled {
        roll(&merchant, &merchant.endpoints(&url)?, &secrets(stack)?)?;
    }
    let found = merchant.endpoints(&url)?;
    // After the endpoints, so that one whose secret somebody else has put meanwhile is not taken for lost.
    let secrets = secrets(stack)?;
    let there = There::of(found, &secrets);
    if wish == Wish::Replace || there.heard.is_empty() {
        if let (Wish::Nothing, Some(first)) = (wish, there.unfit.first()) {
            return Err(unfit(first));
        }
        must_have_room(&secrets)?;
        may_put(stack)?;
        merchant.delete_all(&there.lost)?;
        interrupt::check()?;
        make(&merchant, stack, &url)?;
    } else {
        merchant.delete_all(&there.lost)?;
    }
    for endpoint in &there.heard {
        interrupt::check()?;
        merchant.mend(endpoint)?;
    }
    there.say(wish);
    Ok(Done::Registered)
}

/// What has the stack's address, by what is to be done with it.
#[derive(Debug, Default)]
struct There {
    /// Of ours, and the functions have its secret.
    heard: Vec<Endpoint>,
    /// Of ours, and nobody has its secret.
    lost: Vec<Endpoint>,
    /// Of ours, and none of the secrets is the one that it was made with.
    unfit: Vec<Endpoint>,
    by_hand: Vec<Endpoint>,
    /// Of a version that is not read here, whoever made it.
    of_others: Vec<Endpoint>,
}

impl There {
    fn of(found: Vec<Endpoint>, secrets: &[String]) -> Self {
        let mut there = Self::default();
        for endpoint in found {
            let list = match endpoint.standing(secrets) {
                Standing::Lost => &mut there.lost,
                _ if endpoint.version != API_VERSION => &mut there.of_others,
                Standing::Heard => &mut there.heard,
                Standing::Unfit => &mut there.unfit,
                Standing::ByHand => &mut there.by_hand,
            };
            list.push(endpoint);
        }
        there
    }

    /// What a person has to do with the rest.
    fn say(&self, wish: Wish) {
        let twice = "has the same address, so each event comes twice, which does no harm";
        let later = "delete it at Stripe when the new one is heard and nothing waits for this one any more";
        let as_well = if wish == Wish::Replace { 0 } else { 1 };
        for Endpoint { id, .. } in self.heard.iter().skip(as_well) {
            match wish {
                Wish::Replace => println!("stripe: {id} goes on; {later}, and then take its secret out of the stack's"),
                Wish::Nothing | Wish::Rolled => println!("stripe: {id} {twice}; delete one"),
            }
        }
        for Endpoint { id, .. } in &self.unfit {
            println!("stripe: {id} was made with a secret that the stack does not have; {later}");
        }
        for Endpoint { id, .. } in &self.by_hand {
            println!(
                "stripe: {id} was made by hand and {twice} if its secret is the stack's, and else is refused; {later}"
            );
        }
        for Endpoint { id, version, .. } in &self.of_others {
            println!("stripe: {id} has the same address and speaks {version}, which is not read here; {later}");
        }
    }
}

fn unfit(endpoint: &Endpoint) -> Failure {
    Failure::new(format!(
        "stripe: {} was made by this command, and none of the stack's secrets is the one that it was made with. Nothing was changed.\n\
         If it was rolled at Stripe, and the new secret stands first in the stack's: --rolled.\n\
         If the stack has lost it: --replace makes another endpoint beside this one.",
        endpoint.id
    ))
}

/// Whoever has rolled an endpoint's secret says so; nothing else shows it.
fn roll(merchant: &Merchant, found: &[Endpoint], secrets: &[String]) -> Result<(), Failure> {
    let [new, ..] = secrets else { return Err(Failure::new("the stack has no signing secret: put the new one in")) };
    let ours = |endpoint: &&Endpoint| {
        endpoint.version == API_VERSION && matches!(endpoint.standing(secrets), Standing::Heard | Standing::Unfit)
    };
    let ours: Vec<&Endpoint> = found.iter().filter(ours).collect();
    match ours.as_slice() {
        [one] => {
            merchant.mark(&one.id, Mark::Kept, &print(new))?;
            println!("stripe: {} is marked: its secret is the first one of the stack's", one.id);
            Ok(())
        }
        [] => Err(Failure::new("this command has made no endpoint of the stack's address that could have been rolled")),
        _ => Err(Failure::new(
            "there are several endpoints of the stack's address: delete all but the one that was rolled",
        )),
    }
}

/// Makes an endpoint that the functions can check, or none.
fn make(merchant: &Merchant, stack: &Stack<'_>, url: &str) -> Result<(), Failure> {
    let (id, secret) = merchant.make(url, &stack.name)?;
    let print = print(&secret);
    let kept = merchant.mark(&id, Mark::Shown, &print).and_then(|()| keep(stack, &secret));
    let count = match kept {
        Ok(count) => count,
        Err(failure) => {
            let then = match merchant.delete(&id) {
                Ok(()) => format!("{id}, which had just been made, is deleted again"),
                Err(again) => format!("{id} was just made and could not be deleted ({again}); the next call does it"),
            };
            return Err(Failure::new(format!("{failure}\nstripe: {then}")));
        }
    };
    println!("stripe: made {id} for {url}, pinned to {API_VERSION}, for {} events", events().len());
    println!(
        "stripe: its signing secret is in the stack's secret, one of {count}; the functions know it in five minutes at most"
    );
    merchant.mark(&id, Mark::Kept, &print).map_err(|failure| {
        Failure::new(format!("{failure}\nstripe: {id} is heard, and only not marked as such: call this again"))
    })
}

/// Puts a secret in front of those that are there at this moment, and says how many there are.
fn keep(stack: &Stack<'_>, secret: &str) -> Result<usize, Failure> {
    let mut all = secrets(stack)?;
    must_have_room(&all)?;
    all.insert(0, secret.to_owned());
    let mut document = stack.secrets.secret(KEPT)?.unwrap_or_else(|| json!({}));
    if let Some(fields) = document.as_object_mut() {
        fields.insert("signingSecrets".to_owned(), json!(all));
    }
    match stack.secrets.put_secret(KEPT, &document) {
        Ok(()) => Ok(all.len()),
        // It may have been put, and the answer got lost.
        Err(failure) => match secrets(stack) {
            Ok(now) if now.iter().any(|kept| kept == secret) => Ok(now.len()),
            Ok(_) | Err(_) => Err(failure),
        },
    }
}

fn must_have_room(secrets: &[String]) -> Result<(), Failure> {
    if secrets.len() < SECRETS_MAX {
        return Ok(());
    }
    let sentence = "the secret of Stripe's webhooks is full, and nothing was changed; take out what is not in use any more, and call this again";
    Err(Failure::new(sentence))
}

/// Puts the secret as it is: whoever may not finds out before there is an endpoint.
fn may_put(stack: &Stack<'_>) -> Result<(), Failure> {
    let Some(document) = stack.secrets.secret(KEPT)? else { return Ok(()) };
    stack.secrets.put_secret(KEPT, &document).map_err(|failure| {
        Failure::new(format!("{failure}\nstripe: its signing secret could not be kept, so no endpoint was made"))
    })
}

/// The signing secrets that the functions have, as they read them.
fn secrets(stack: &Stack<'_>) -> Result<Vec<String>, Failure> {
    let Some(document) = stack.secrets.secret(KEPT)? else { return Ok(Vec::new()) };
    let unreadable = || {
        Failure::new(format!(
            "{KEPT} does not hold {{\"signingSecrets\": […]}}, up to {SECRETS_MAX}; nothing was changed"
        ))
    };
    let listed = document.get("signingSecrets").and_then(Value::as_array);
    let listed = listed.filter(|listed| listed.len() <= SECRETS_MAX).ok_or_else(unreadable)?;
    let text = |secret: &Value| secret.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    listed.iter().map(|secret| text(secret).ok_or_else(unreadable)).collect()
}

fn events() -> Vec<&'static str> {
    EVENTS.lines().collect()
}
