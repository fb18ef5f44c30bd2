//! The command against a sandbox, and what PayPal may have of our events.

use serde_json::{Value, json};

use super::*;
use crate::register::trial::{API, Put, Trial};

fn webhooks(trial: &Trial) -> Vec<Value> {
    let app = App::of(&trial.stack()).unwrap().unwrap();
    app.send("GET", "", &Body::None).unwrap()["webhooks"].as_array().unwrap().clone()
}

fn kept_id(trial: &Trial) -> String {
    trial.secrets.get(KEPT)[WEBHOOK_ID].as_str().unwrap().to_owned()
}

#[test]
fn a_webhook_is_made_once_and_mended_and_what_else_stands_in_the_secret_stays() {
    let trial = Trial::start();
    trial.secrets.set(KEPT, json!({"trustedRoot": "root"}));
    register(&trial.stack()).unwrap();
    let [made] = webhooks(&trial).try_into().unwrap();
    assert_eq!((kept_id(&trial), &made["url"]), (id_of(&made).unwrap(), &json!(format!("{API}/webhook/paypal"))));
    assert_eq!(trial.secrets.get(KEPT)["trustedRoot"], "root");

    let app = App::of(&trial.stack()).unwrap().unwrap();
    let fewer = json!([{"op": "replace", "path": "/event_types", "value": [{"name": "PAYMENT.CAPTURE.PENDING"}]}]);
    app.send("PATCH", &format!("/{}", kept_id(&trial)), &Body::Json(&fewer)).unwrap();
    for _ in 0..2 {
        register(&trial.stack()).unwrap();
        assert_eq!((webhooks(&trial), trial.secrets.were_put.get()), (vec![made.clone()], 1));
    }
}

#[test]
fn an_app_that_gets_no_token_may_be_one_of_the_other_mode() {
    let trial = Trial::start();
    trial.secrets.set("PayPalSecretArn", json!({"clientId": "of-another-mode", "clientSecret": "hidden"}));
    let failure = register(&trial.stack()).unwrap_err().to_string();
    assert!(failure.contains("401") && failure.contains("test mode") && !failure.contains("hidden"), "{failure}");
    trial.secrets.set("PayPalSecretArn", json!({}));
    assert_eq!(register(&trial.stack()).unwrap(), Done::NoCredentials);
}

#[test]
fn a_webhook_whose_id_could_not_be_kept_is_found_by_its_address() {
    let trial = Trial::start();
    trial.secrets.next_puts(&[Put::Refused]);
    assert!(register(&trial.stack()).unwrap_err().to_string().contains("it is found"));
    register(&trial.stack()).unwrap();
    let [made] = webhooks(&trial).try_into().unwrap();
    assert_eq!(kept_id(&trial), id_of(&made).unwrap());
}

#[test]
fn a_stack_that_moves_takes_its_webhook_along() {
    let trial = Trial::start();
    register(&trial.stack()).unwrap();
    let id = kept_id(&trial);
    let moved = || Stack { api: "http://127.0.0.1:10/v1".to_owned(), ..trial.stack() };
    register(&moved()).unwrap();
    let [one] = webhooks(&trial).try_into().unwrap();
    assert_eq!((id_of(&one).unwrap(), &one["url"]), (id.clone(), &json!("http://127.0.0.1:10/v1/webhook/paypal")));
    assert_eq!((kept_id(&trial), trial.secrets.were_put.get()), (id.clone(), 1));

    // An id that PayPal does not have says nothing.
    trial.secrets.set(KEPT, json!({WEBHOOK_ID: "WH-GONE"}));
    register(&moved()).unwrap();
    assert_eq!(kept_id(&trial), id);
}

#[test]
fn of_two_webhooks_none_is_chosen() {
    let trial = Trial::start();
    register(&trial.stack()).unwrap();
    let (elsewhere, before) = (kept_id(&trial), webhooks(&trial));
    let app = App::of(&trial.stack()).unwrap().unwrap();
    let other = app.make("http://127.0.0.1:10/v1/webhook/paypal", &["PAYMENT.CAPTURE.PENDING".to_owned()]).unwrap();
    let stack = Stack { api: "http://127.0.0.1:10/v1".to_owned(), ..trial.stack() };
    let failure = register(&stack).unwrap_err().to_string();
    assert!(failure.contains(&elsewhere) && failure.contains(&other), "{failure}");
    assert!(webhooks(&trial).contains(&before[0]) && kept_id(&trial) == elsewhere);
}

#[test]
fn of_an_event_of_two_generations_either_may_be_missing_and_of_the_needed_ones_none() {
    let all: Vec<String> = EVENTS.lines().filter(|name| !name.ends_with('*')).map(str::to_owned).collect();
    let without =
        |names: &[&str]| all.iter().filter(|name| !names.contains(&name.as_str())).cloned().collect::<Vec<_>>();
    for gone in [vec![], vec!["PAYMENT.CAPTURE.DECLINED"], vec!["PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.PENDING"]] {
        let wanted = wanted(EVENTS, &without(&gone)).unwrap();
        assert_eq!((wanted.names.len(), wanted.missing), (all.len() - gone.len(), owned(&gone)), "{gone:?}");
    }
    for name in NEEDED {
        let failure = wanted(EVENTS, &without(&[name])).unwrap_err().to_string();
        assert!(failure.contains(name), "{failure}");
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    let mut owned: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    owned.sort_by_key(|name| EVENTS.find(name.as_str()));
    owned
}

#[test]
fn a_family_is_what_paypal_has_of_it() {
    let there_are = ["B.TWO", "A.ONE", "B.ONE", "C"].map(str::to_owned);
    let wanted = wanted("C\nB.*\nD.*\nE", &there_are).unwrap();
    assert_eq!((wanted.names, wanted.missing), (owned(&["B.ONE", "B.TWO", "C"]), owned(&["E"])));
}
