//! What is people's own: an export of the table shows none of it, whoever may ask is shown it, and whoever is erased is shown to nobody,
//! while their payments stay.

#![expect(clippy::arithmetic_side_effects, reason = "small numbers, and tests are built with overflow checks")]
#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::gateway::Gateway::{self, Stripe};
use acceptance::stack::{Stack, on_stack};
use acceptance::{eventually, say, unique};
use data_encoding::BASE64;
use domain::personal::PersonId;
use domain::text::Text;
use serde_json::{Value, json};

/// The functions that hear of payers, and those that tell of payments.
const FUNCTIONS: [&str; 7] = ["initiate", "status", "customer", "dispute", "retry", "publish", "webhook"];

/// Somebody who pays here, and nowhere else.
struct Person {
    id: String,
    email: String,
    name: String,
    address: String,
    letter: String,
    ip: String,
}

impl Person {
    fn new() -> Self {
        let mark = unique("pia").replace('-', "");
        Self {
            id: format!("customer-{mark}"),
            email: format!("{mark}@mail.example"),
            name: format!("Pia {mark} Payer"),
            address: format!("1 {mark} Street, 10115 Berlin"),
            letter: format!("Dear {mark}, thank you for your order."),
            ip: format!("2001:db8::{mark}"),
        }
    }

    fn customer(&self) -> Value {
        json!({"customer": {"id": self.id, "email": self.email, "name": self.name}})
    }

    fn papers(&self) -> Value {
        json!({
            "customerName": self.name, "customerEmail": self.email, "customerPurchaseIp": self.ip,
            "billingAddress": self.address, "explanation": self.letter,
        })
    }

    /// Every text that is theirs.
    fn texts(&self) -> [&str; 6] {
        [&self.id, &self.email, &self.name, &self.address, &self.letter, &self.ip]
    }
}

/// Whether an export of the table has this text, as it is or as binary attributes are written down: three ways, by where in the bytes it
/// begins.
fn shows(export: &str, text: &str) -> bool {
    let encoded = (0..3).map(|shift| {
        let bytes = [&vec![0; shift], text.as_bytes()].concat();
        // What its neighbours have a part in is left away, at both ends.
        let whole = bytes.len() - bytes.len() % 3;
        let encoded = BASE64.encode(&bytes[..whole]);
        encoded[if shift == 0 { 0 } else { 4 }..].to_owned()
    });
    export.contains(text) || encoded.into_iter().any(|encoded| export.contains(&encoded))
}

#[test]
fn an_export_shows_what_it_shows() {
    for lead in ["", "x", "xy", "xyz"] {
        let stored = BASE64.encode(format!("{lead}pia@mail.example and more").as_bytes());
        assert!(shows(&format!(r#"{{"B":"{stored}"}}"#), "pia@mail.example"), "{lead}");
    }
    assert!(shows(r#"{"S":"pia@mail.example"}"#, "pia@mail.example"));
    assert!(!shows(r#"{"S":"jo@mail.example","B":"AAAA"}"#, "pia@mail.example"));
}

#[test]
fn an_export_of_the_table_and_the_logs_show_nothing_of_anybody_and_who_may_ask_is_shown_it() {
    on_stack(async |stack| {
        let mut looked = 0_usize;
        for gateway in Gateway::BOTH {
            let person = Person::new();
            let payment = stack.paid(gateway, person.customer()).await;
            let dispute = disputed(stack, &payment).await;
            let draft = json!({"submit": false, "evidence": person.papers()});
            let drafted = stack.api.evidence(&dispute, &unique("draft"), &draft).await.expect(200).json();
            assert_eq!((&drafted["evidence"], &drafted["evidenceErased"]), (&person.papers(), &json!(false)));
            // What there is to tell of it is told.
            drop(stack.api.told(&payment.id).await);
            shows_nothing(stack, &person, &mut looked).await;
            let shown = stack.api.payer(&payment.id).await.expect(200).json();
            let told = &shown["customer"];
            assert_eq!(
                (&told["id"], &told["email"], &told["name"], &told["erased"]),
                (&json!(person.id), &json!(person.email), &json!(person.name), &json!(false))
            );
            assert!(!stack.api.status(&payment.id).await.expect(200).text.contains(&person.email));
            assert_eq!(stack.api.dispute(&dispute).await.expect(200).at("/evidence"), person.papers());
            let listed = stack.api.disputes("status=needs_response&limit=50").await.expect(200).text;
            assert!(person.texts().iter().all(|text| !listed.contains(text)), "{listed}");
            let submitted = stack.api.evidence(&dispute, &unique("submit"), &json!({"submit": true})).await;
            assert!(matches!(submitted.status, 200 | 202), "{}", submitted.text);
            shows_nothing(stack, &person, &mut looked).await;
        }
        say(&format!("personal data: {looked} texts looked for in every row and log, none found"));
    });
}

#[test]
fn whoever_is_erased_is_shown_to_nobody_and_their_payment_goes_on() {
    on_stack(async |stack| {
        let person = Person::new();
        let payment = stack.paid(Stripe, person.customer()).await;
        let dispute = disputed(stack, &payment).await;
        let draft = json!({"submit": false, "evidence": person.papers()});
        drop(stack.api.evidence(&dispute, &unique("draft"), &draft).await.expect(200));
        for _ in 0..2 {
            let erased = stack.api.erase(&person.id).await;
            assert_eq!((erased.status, erased.text.as_str()), (204, ""));
        }
        let shown = stack.api.payer(&payment.id).await.expect(200).json();
        let told = json!({"id": null, "email": null, "name": null, "erased": true});
        assert_eq!((&shown["customer"], &shown["amountCaptured"]), (&told, &json!(1999)));
        let shown = stack.api.dispute(&dispute).await.expect(200).json();
        assert_eq!((&shown["evidence"], &shown["evidenceErased"]), (&Value::Null, &json!(true)));
        let nothing = stack.api.evidence(&dispute, &unique("submit"), &json!({"submit": true})).await.expect(422);
        assert_eq!(nothing.text_at("/code"), "nothing_to_submit");
        // The merchant still has a way, and the money too.
        drop(stack.api.accept(&dispute, &unique("accept")).await);
        // Whoever comes back is somebody new.
        let terms = Stack::terms(Stripe, &person.customer());
        let again = Opened::of(&stack.api.initiate(&unique("again"), &terms).await.expect(201));
        assert_eq!(stack.api.payer(&again.id).await.expect(200).at("/customer/email"), json!(person.email));
        let before = stack.api.payer(&payment.id).await.expect(200);
        assert_eq!(before.at("/customer/erased"), json!(true), "and what was erased stays so");
    });
}

#[test]
fn a_payer_without_a_name_is_erased_by_their_payment_and_a_name_that_nobody_knows_all_the_same() {
    on_stack(async |stack| {
        let person = Person::new();
        let terms = Stack::terms(Stripe, &json!({"customer": {"email": person.email}}));
        let opened = Opened::of(&stack.api.initiate(&unique("guest"), &terms).await.expect(201));
        assert_eq!(stack.api.payer(&opened.id).await.expect(200).at("/customer/email"), json!(person.email));
        assert_eq!(stack.api.erase(&opened.id).await.status, 204);
        assert_eq!(stack.api.payer(&opened.id).await.expect(200).at("/customer/erased"), json!(true));
        assert_eq!(stack.api.erase(&unique("nobody")).await.status, 204);
        let nothing = stack.api.open().await;
        assert_eq!(stack.api.payer(&nothing.id).await.expect(200).at("/customer"), Value::Null);
    });
}

#[test]
fn while_kms_is_down_nobodys_name_is_taken_or_shown_and_every_payment_goes_on() {
    on_stack(async |stack| {
        let (person, stranger) = (Person::new(), Person::new());
        let payment = stack.ready(Stripe, person.customer()).await;
        let mut rules = Vec::new();
        for somebody in [&person, &stranger] {
            let row = PersonId::of_customer(&Text::parse(&somebody.id).unwrap()).to_string();
            let down = json!({"service": "kms", "containing": row, "fault": "status", "status": 500, "times": 1_000});
            rules.push(stack.sandbox.aws_misbehaves(down).await);
        }
        let (key, terms) = (unique("down"), Stack::terms(Stripe, &stranger.customer()));
        let refused = stack.api.initiate(&key, &terms).await;
        assert_eq!((refused.status, refused.text_at("/code").as_str()), (503, "unavailable"), "{}", refused.text);
        drop(stack.charged(&payment).await.expect(200));
        assert_eq!(stack.api.status(&payment.id).await.expect(200).text_at("/status"), "succeeded");
        drop(stack.api.refund(&payment, &unique("refund"), Some(500)).await.expect(200));
        for rule in &rules {
            stack.sandbox.aws_behaves_again(rule).await;
        }
        let opened = Opened::of(&stack.api.initiate(&key, &terms).await.expect(201));
        assert_eq!(stack.api.payer(&opened.id).await.expect(200).at("/customer/name"), json!(stranger.name));
    });
}

/// The dispute of a payment, once somebody has looked.
async fn disputed(stack: &Stack, payment: &Opened) -> String {
    let gateways = stack.sandbox.disputes(&payment.id, json!({})).await;
    let dispute = format!("dsp_{}_{gateways}", payment.gateway.name());
    eventually("the dispute waits for the merchant", async || {
        let answer = stack.api.dispute(&dispute).await;
        if answer.at("/status") == "needs_response" { Ok(()) } else { Err(answer.text) }
    })
    .await;
    dispute
}

async fn shows_nothing(stack: &Stack, person: &Person, looked: &mut usize) {
    let export = stack.aws.all_rows().await;
    for text in person.texts() {
        assert!(!shows(&export, text), "the table shows {text}");
        for function in FUNCTIONS {
            let lines = stack.aws.logs_about(function, text).await;
            assert!(lines.is_empty(), "{function} has logged {text}: {lines:?}");
        }
        *looked = looked.saturating_add(1);
    }
}
