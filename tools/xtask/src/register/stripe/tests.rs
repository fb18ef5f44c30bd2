//! The command against a sandbox: each row of the table, and whatever may be there before it is called.

use serde_json::{Value, json};

use super::endpoint::{MADE_BY, US};
use super::*;
use crate::register::trial::{API, Put, Trial};
use crate::register::{Mode, OPERATORS_KEY};

const MARKED: &str = "/v1/webhook_endpoints/*";
const MADE: &str = "/v1/webhook_endpoints";

impl Trial {
    fn register(&self, wish: Wish) -> Result<Done, String> {
        register(&self.stack(), wish).map_err(|failure| failure.to_string())
    }

    /// Registers, and gives the id of the one endpoint that there is then.
    fn registered(&self) -> String {
        assert_eq!(self.register(Wish::Nothing), Ok(Done::Registered));
        let [one] = self.endpoints().try_into().unwrap();
        assert_heard(self, &one);
        id_of(&one)
    }

    fn secrets(&self) -> Vec<String> {
        let listed = self.secrets.get(KEPT)["signingSecrets"].as_array().cloned().unwrap_or_default();
        listed.iter().map(|secret| secret.as_str().unwrap().to_owned()).collect()
    }

    fn set_secrets(&self, secrets: &[&str]) {
        self.secrets.set(KEPT, json!({ "signingSecrets": secrets }));
    }

    fn endpoint(&self, id: &str) -> Value {
        self.endpoints().into_iter().find(|endpoint| endpoint["id"] == id).unwrap()
    }
}

fn id_of(endpoint: &Value) -> String {
    endpoint["id"].as_str().unwrap().to_owned()
}

fn assert_heard(trial: &Trial, endpoint: &Value) {
    let kept = endpoint["metadata"]["secret_print"].as_str().unwrap();
    assert!(trial.secrets().iter().any(|secret| print(secret) == kept), "{endpoint}");
    assert_eq!((&endpoint["status"], &endpoint["api_version"]), (&json!("enabled"), &json!(API_VERSION)));
    assert_eq!(endpoint["enabled_events"].as_array().unwrap().len(), events().len());
}

fn url() -> String {
    format!("{API}/webhook/stripe")
}

#[test]
fn an_endpoint_is_made_once_and_its_secret_stands_before_those_that_are_there() {
    let trial = Trial::start();
    trial.secrets.set(KEPT, json!({"signingSecrets": ["whsec_old"], "note": "stays"}));
    let id = trial.registered();
    let [new, old] = trial.secrets().try_into().unwrap();
    assert!(new.starts_with("whsec_") && old == "whsec_old");
    assert_eq!(trial.secrets.get(KEPT)["note"], "stays");
    let puts = trial.secrets.were_put.get();
    assert_eq!(trial.registered(), id);
    assert_eq!(trial.secrets.were_put.get(), puts, "nothing is put again");
}

#[test]
fn whoever_may_not_put_the_secret_makes_no_endpoint() {
    let trial = Trial::start();
    trial.set_secrets(&["whsec_old"]);
    trial.break_stripe(json!({"method": "POST", "path": MADE, "fault": "reset_after", "times": 1}));
    trial.secrets.next_puts(&[Put::Refused]);
    assert!(trial.register(Wish::Nothing).unwrap_err().contains("no endpoint was made"));
    assert_eq!((trial.endpoints().len(), trial.faults_left()), (0, 1), "Stripe was not even asked");
}

#[test]
fn a_secret_that_cannot_be_kept_leaves_no_endpoint_however_often_it_is_tried() {
    let trial = Trial::start();
    for _ in 0..3 {
        trial.secrets.next_puts(&[Put::Refused]);
        let failure = trial.register(Wish::Nothing).unwrap_err();
        assert!(failure.contains("AccessDenied") && failure.contains("deleted again"), "{failure}");
        assert_eq!((trial.endpoints().len(), trial.secrets().len()), (0, 0));
    }
    trial.registered();
}

#[test]
fn a_secret_that_was_put_though_nobody_heard_so_is_kept() {
    let trial = Trial::start();
    trial.secrets.next_puts(&[Put::Unheard]);
    trial.registered();
    assert_eq!(trial.secrets().len(), 1);
}

#[test]
fn an_endpoint_whose_answer_was_lost_is_deleted_by_the_next_call() {
    let trial = Trial::start();
    trial.break_stripe(json!({"method": "POST", "path": MADE, "fault": "reset_after", "times": 1}));
    trial.register(Wish::Nothing).unwrap_err();
    let deaf = id_of(&trial.endpoints()[0]);
    assert_ne!(trial.registered(), deaf);
}

#[test]
fn an_endpoint_that_cannot_be_marked_is_deleted_at_once_or_by_the_next_call() {
    let trial = Trial::start();
    trial.break_stripe(json!({"method": "POST", "path": MARKED, "fault": "status", "times": 1}));
    assert!(trial.register(Wish::Nothing).unwrap_err().contains("deleted again"));
    assert_eq!((trial.endpoints().len(), trial.secrets().len()), (0, 0));

    trial.break_stripe(json!({"path": MARKED, "fault": "status", "times": 2}));
    assert!(trial.register(Wish::Nothing).unwrap_err().contains("the next call does it"));
    let deaf = id_of(&trial.endpoints()[0]);
    assert_ne!(trial.registered(), deaf);
}

/// Whoever was killed between the first mark and the secret.
#[test]
fn an_endpoint_whose_secret_was_shown_and_never_kept_is_deleted() {
    let trial = Trial::start();
    let shown = format!("metadata[{}]", Mark::Shown.name());
    let ours = format!("metadata[{MADE_BY}]");
    let form = [("url", &*url()), ("enabled_events[]", "*"), ("api_version", API_VERSION), (&ours, US)];
    let deaf = trial.change("", &form);
    trial.change(&id_of(&deaf), &[(&shown, &print("whsec_gone"))]);
    trial.set_secrets(&["whsec_old"]);
    assert_ne!(trial.registered(), id_of(&deaf));
}

#[test]
fn an_endpoint_that_is_heard_and_was_not_marked_so_any_more_stays() {
    let trial = Trial::start();
    trial.break_stripe(json!({"method": "POST", "path": MARKED, "fault": "status", "skip": 1, "times": 1}));
    assert!(trial.register(Wish::Nothing).unwrap_err().contains("call this again"));
    let heard = id_of(&trial.endpoints()[0]);
    assert_eq!(trial.secrets().len(), 1);
    assert_eq!(trial.registered(), heard);
    assert_eq!(trial.secrets().len(), 1);
}

#[test]
fn an_endpoint_whose_secret_was_rolled_is_never_deleted() {
    let trial = Trial::start();
    let id = trial.registered();
    // As the runbook has it: rolled at Stripe, and only the new one is left in the stack.
    trial.set_secrets(&["whsec_rolled"]);
    let failure = trial.register(Wish::Nothing).unwrap_err();
    assert!(failure.contains(&id) && failure.contains("--rolled") && failure.contains("--replace"), "{failure}");
    assert_eq!(trial.endpoints().len(), 1, "and no other is made");
    assert_eq!(trial.register(Wish::Rolled), Ok(Done::Registered));
    assert_eq!((trial.registered(), trial.secrets()), (id, vec!["whsec_rolled".to_owned()]));
}

#[test]
fn an_endpoint_is_replaced_by_another_beside_it() {
    let trial = Trial::start();
    let first = trial.registered();
    assert_eq!(trial.register(Wish::Replace), Ok(Done::Registered));
    for endpoint in trial.endpoints() {
        assert_heard(&trial, &endpoint);
    }
    assert_eq!((trial.endpoints().len(), trial.secrets().len()), (2, 2));
    let refused = trial.register(Wish::Rolled).unwrap_err();
    assert!(refused.contains("several endpoints"), "which of the two it was, nobody says: {refused}");

    // The stack has lost both secrets.
    trial.set_secrets(&["whsec_other"]);
    trial.register(Wish::Nothing).unwrap_err();
    assert_eq!(trial.register(Wish::Replace), Ok(Done::Registered));
    assert_eq!(trial.endpoints().len(), 3);
    assert!(trial.endpoints().iter().any(|endpoint| endpoint["id"] == *first));
    assert_eq!(trial.register(Wish::Nothing), Ok(Done::Registered), "one of them is heard");
}

#[test]
fn there_is_nothing_to_be_rolled_where_the_command_made_nothing_or_the_stack_has_nothing() {
    let trial = Trial::start();
    assert!(trial.register(Wish::Rolled).unwrap_err().contains("no signing secret"));
    trial.by_hand(&json!({"url": url(), "secret": "whsec_hand"}));
    trial.set_secrets(&["whsec_hand"]);
    assert!(trial.register(Wish::Rolled).unwrap_err().contains("has made no endpoint"));
}

#[test]
fn one_that_was_made_by_hand_is_left_and_ours_is_made_beside_it_and_mended() {
    for secrets in [vec!["whsec_hand"], vec![]] {
        let trial = Trial::start();
        let by_hand = trial.by_hand(&json!({"url": url(), "secret": "whsec_hand"}));
        trial.set_secrets(&secrets);
        let before = trial.endpoint(&by_hand);
        trial.register(Wish::Nothing).unwrap();
        let ours = id_of(&trial.endpoints()[0]);
        assert_heard(&trial, &trial.endpoint(&ours));
        trial.change(&ours, &[("enabled_events[]", "refund.failed"), ("disabled", "true")]);
        trial.register(Wish::Nothing).unwrap();
        assert_heard(&trial, &trial.endpoint(&ours));
        assert_eq!((trial.endpoint(&by_hand), trial.endpoints().len()), (before, 2));
    }
}

#[test]
fn each_of_ours_is_mended() {
    let trial = Trial::start();
    trial.registered();
    trial.register(Wish::Replace).unwrap();
    for endpoint in trial.endpoints() {
        trial.change(&id_of(&endpoint), &[("enabled_events[]", "refund.failed")]);
    }
    trial.register(Wish::Nothing).unwrap();
    for endpoint in trial.endpoints() {
        assert_heard(&trial, &endpoint);
    }
}

#[test]
fn one_of_another_version_is_left_whoever_made_it() {
    let trial = Trial::start();
    let other = trial.by_hand(&json!({"url": url(), "secret": "whsec_old", "api_version": "2019-01-01"}));
    trial.set_secrets(&["whsec_old"]);
    let (ours, kept) = (format!("metadata[{MADE_BY}]"), format!("metadata[{}]", Mark::Kept.name()));
    for form in [vec![], vec![(&*ours, US), (&*kept, &*print("whsec_old"))]] {
        trial.change(&other, &form);
        let before = trial.endpoint(&other);
        trial.register(Wish::Nothing).unwrap();
        assert_eq!((trial.endpoint(&other), trial.endpoints().len()), (before, 2));
    }
    assert_heard(&trial, &trial.endpoints()[0]);
}

#[test]
fn with_five_secrets_nothing_is_made_and_with_more_nothing_is_believed() {
    let trial = Trial::start();
    let five = ["whsec_1", "whsec_2", "whsec_3", "whsec_4", "whsec_5"];
    trial.set_secrets(&five);
    assert!(trial.register(Wish::Nothing).unwrap_err().contains("is full"));
    assert!(trial.endpoints().is_empty() && trial.secrets() == five && trial.secrets.were_put.get() == 0);

    trial.set_secrets(&five[..4]);
    trial.registered();
    let mut six = trial.secrets();
    six.push("whsec_6".to_owned());
    let readable = trial.secrets.get(KEPT);
    for bad in [json!({ "signingSecrets": six }), json!({"signingSecrets": [""]}), json!({"secrets": []}), json!([])] {
        trial.secrets.set(KEPT, bad.clone());
        assert!(trial.register(Wish::Nothing).unwrap_err().contains("does not hold"), "{bad}: the functions take none");
    }
    trial.secrets.set(KEPT, readable);
    trial.registered();
}

#[test]
fn a_key_of_the_other_mode_is_refused_before_anything_is_asked() {
    let trial = Trial::start();
    let nobody = "http://127.0.0.1:9".to_owned();
    for (mode, key) in
        [(Mode::Live, "sk_test_1"), (Mode::Live, "rk_test_1"), (Mode::Test, "rk_live_1"), (Mode::Test, "sk_live_1")]
    {
        for given in [None, Some(key.to_owned())] {
            let kept = if given.is_some() { "sk_test_sandbox" } else { key };
            trial.secrets.set("StripeSecretArn", json!({ "apiKey": kept }));
            let stack = Stack { mode, operators_key: given, stripe: nobody.clone(), ..trial.stack() };
            let failure = register(&stack, Wish::Nothing).unwrap_err().to_string();
            assert!(failure.contains("nothing was asked with it") && !failure.contains(key), "{failure}");
        }
    }
}

/// Stripe's own command line reads another variable, which may be set for another account.
#[test]
fn the_operators_key_is_taken_and_the_version_is_in_every_request() {
    assert_ne!(OPERATORS_KEY, "STRIPE_API_KEY");
    let trial = Trial::start();
    let stripe = trial.answering(200);
    let (url, operators_key) = (stripe.url.clone(), Some(" rk_test_operator\n".to_owned()));
    // Whoever answers once does not answer what comes then.
    let stack = Stack { stripe: url, operators_key, ..trial.stack() };
    register(&stack, Wish::Nothing).unwrap_err();
    let asked = stripe.asked.lock().unwrap().to_ascii_lowercase();
    assert!(asked.contains("\r\nauthorization: bearer rk_test_operator\r\n"), "{asked}");
    assert!(asked.contains(&format!("\r\nstripe-version: {API_VERSION}\r\n")), "{asked}");
}

#[test]
fn a_stack_without_a_key_has_nothing_to_register() {
    let trial = Trial::start();
    trial.secrets.set("StripeSecretArn", json!({}));
    assert_eq!(trial.register(Wish::Nothing), Ok(Done::NoCredentials));
}

#[test]
fn an_endpoint_speaks_the_version_that_payments_are_made_in() {
    let adapters = include_str!("../../../../../shared/adapters/src/gateway/stripe/message.rs");
    assert!(adapters.contains(&format!("pub const API_VERSION: &str = \"{API_VERSION}\";")));
    let documents = include_str!("../../../../../shared/adapters/src/secrets/documents.rs");
    assert!(documents.contains(&format!("const SIGNING_SECRETS_MAX: usize = {SECRETS_MAX};")));
}
