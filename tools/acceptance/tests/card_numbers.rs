//! Promise P8: a card number is refused wherever it stands, and nothing of it is stored, logged, echoed or sent on.
//!
//! One program, because at its end it looks through everything that the stack has kept: the functions' logs, the table, and
//! the gateway's objects.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

use acceptance::client::Client;
use acceptance::stack::{Stack, on_stack};
use acceptance::wire::Answer;
use acceptance::{eventually, unique};
use serde_json::{Value, json};

/// Visa, American Express (15 digits), an old Visa (13), Maestro (19): test numbers that every gateway publishes.
const CARDS: [&str; 4] = ["4242424242424242", "378282246310005", "4222222222222", "6304000000000000000"];
const CARD: &str = CARDS[0];
const FUNCTIONS: [&str; 13] = [
    "initiate",
    "confirm",
    "capture",
    "cancel",
    "refund",
    "status",
    "customer",
    "payments",
    "dispute",
    "webhook",
    "webhook-endpoint",
    "publish",
    "deliver",
];
/// The routes that take a body from clients.
const POSTS: [&str; 11] = [
    "/payment/initiate",
    "/payment/confirm",
    "/payment/capture",
    "/payment/cancel",
    "/payment/refund",
    "/disputes/dsp_stripe_du_1/evidence",
    "/disputes/dsp_stripe_du_1/accept",
    "/webhook-endpoints",
    "/webhook-endpoints/whe_aaaaaaaaaaaaaaaaaaaaaaaaaa/rotate",
    "/webhook-endpoints/whe_aaaaaaaaaaaaaaaaaaaaaaaaaa/redeliver",
    "/events/evt_pay_aaaaaaaaaaaaaaaaaaaaaaaaaa_1/redeliver",
];

#[test]
fn a_card_number_is_refused_wherever_it_stands_and_nothing_keeps_it() {
    on_stack(async |stack| {
        let payment = stack.api.open().await;
        let mut refused = Vec::new();
        for body in bodies(&payment.id) {
            for path in POSTS {
                let answer = stack.api.post(path, &unique("card"), body.clone()).await;
                refused.push((format!("{path} {body}"), answer));
            }
        }
        for (what, answer) in heads(&stack.api, &payment.id).await {
            refused.push((what, answer));
        }
        for (what, answer) in &refused {
            assert_eq!(
                (answer.status, answer.text_at("/code").as_str()),
                (422, "raw_card_data"),
                "{what}: {}",
                answer.text
            );
            assert!(!mentions_a_card(&answer.text), "{what} was echoed: {}", answer.text);
            assert_eq!(answer.at("/retryable"), json!(false));
        }
        let now = stack.api.status(&payment.id).await.expect(200).json();
        assert_eq!((&now["status"], &now["attempts"]), (&json!("requires_payment_method"), &Value::Array(Vec::new())));

        let elsewhere = other_headers(&stack.api, &payment.id).await;
        let answers = refused.iter().map(|(_, answer)| answer).chain(&elsewhere);
        let ids: Vec<String> = answers.map(|answer| answer.header("request-id").to_owned()).collect();
        assert!(ids.iter().all(|id| !id.is_empty()), "every answer says what its request is called in the logs");
        nothing_keeps_a_card(stack, &ids, refused.len()).await;
    });
}

#[test]
fn what_only_looks_like_a_card_number_passes() {
    on_stack(async |stack| {
        for number in [
            // Fails the check digit.
            "4242424242424241",
            // No issuer's numbers begin like this.
            "1234567890123452",
            "0000000000000000",
            // Order numbers, a timestamp, a telephone number, a uuid, an IBAN.
            "20261123-0000042",
            "ORDER-4242-4242",
            "1795435200000",
            "+49 170 1234567",
            "9f1c2c3a-4242-4242-8242-424242424242",
            "DE89 3704 0044 0532 0130 00",
            // Sixteen digits that begin as a card does: an IBAN, and a stay in a hotel.
            "DE07 5001 0517 5407 3253 06",
            "27.11.2026 - 04.12.2026",
        ] {
            let terms = json!({"amount": 1999, "currency": "EUR", "reference": number, "metadata": {"order": number}});
            let opened = stack.api.initiate(&unique("looks"), &terms).await;
            assert_eq!(opened.status, 201, "{number}: {}", opened.text);
            assert_eq!(opened.text_at("/reference"), number);
        }
    });
}

/// Bodies that bear a card number in one place each. What else is wrong with them does not matter: this comes first.
fn bodies(id: &str) -> Vec<String> {
    let initiate = |extra: &str| format!(r#"{{"amount":1999,"currency":"EUR",{extra}}}"#);
    let written = [
        CARD.to_owned(),
        "4242 4242 4242 4242".to_owned(),
        "4242-4242-4242-4242".to_owned(),
        "4242.4242.4242.4242".to_owned(),
        "4242\u{a0}4242\u{2009}4242\u{202f}4242".to_owned(),
        "4242\u{200b}4242\u{200b}4242\u{200b}4242".to_owned(),
        "4242 - 4242 - 4242 - 4242".to_owned(),
        "card 4242424242424242 exp 12/30".to_owned(),
        in_digits_from(CARD, '０'),
        in_digits_from(CARD, '٠'),
        in_digits_from(CARD, '०'),
        in_digits_from(CARD, '𝟎'),
        CARDS[1].to_owned(),
        CARDS[2].to_owned(),
        CARDS[3].to_owned(),
        "3782 822463 10005".to_owned(),
    ];
    let values = written.iter().map(|number| initiate(&format!(r#""description":"{number}""#)));
    let places = [
        initiate(&format!(r#""reference":"{CARD}""#)),
        initiate(&format!(r#""statementDescriptor":"{CARD}""#)),
        initiate(&format!(r#""customer":{{"name":"{CARD}"}}"#)),
        initiate(&format!(r#""metadata":{{"note":"{CARD}"}}"#)),
        initiate(&format!(r#""metadata":{{"{CARD}":"note"}}"#)),
        initiate(&format!(r#""returnUrl":"https://shop.example/?card={CARD}""#)),
        initiate(r#""returnUrl":"https://shop.example/?card=4242%204242%204242%204242""#),
        initiate(r#""returnUrl":"https://shop.example/?card=4242+4242+4242+4242""#),
        initiate(&format!(r#""card":{{"number":"{CARD}","exp":"12/30"}}"#)),
        initiate(&format!(r#""card":{CARD}"#)),
        initiate(&format!(r#""{CARD}":1"#)),
        initiate(&format!(r#""deep":[[[[{{"a":["{CARD}"]}}]]]]"#)),
        initiate(r#""description":"4\u0032424242424\u00324242""#),
        format!(r#"{{"amount":{CARD},"currency":"EUR"}}"#),
        format!(r#"{{"amount":-{CARD},"currency":"EUR"}}"#),
        format!(r#"{{"amount":{CARD}.5,"currency":"EUR"}}"#),
        format!(r#"{{"transactionId":"{id}","paymentMethod":"{CARD}"}}"#),
        format!(r#"{{"transactionId":"{CARD}","paymentMethod":"pm_card_visa"}}"#),
        format!(r#"{{"transactionId":"{id}","confirmationToken":"{CARD}"}}"#),
        format!(r#"{{"transactionId":"{id}","amount":{CARD}}}"#),
        format!(r#"{{"transactionId":"{id}","reason":"{CARD}"}}"#),
        // Not JSON at all.
        format!("card={CARD}"),
        "card=4242%204242%204242%204242".to_owned(),
        format!("{{\"description\":\"{CARD}\""),
        format!("\"{CARD}\""),
        CARD.to_owned(),
    ];
    values.chain(places).collect()
}

/// Requests that bear a card number before their body begins.
async fn heads(api: &Client, id: &str) -> Vec<(String, Answer)> {
    let bearer = api.bearer();
    let mut answers = Vec::new();
    for number in [CARD, "4242-4242-4242-4242", "\"4242424242424242\""] {
        for path in POSTS {
            let body = json!({"amount": 1999, "currency": "EUR"}).to_string();
            answers.push((format!("{path} with the key {number}"), api.post(path, number, body).await));
        }
    }
    let paths = [
        format!("/payment/status/{CARD}"),
        "/payment/status/4242%204242%204242%204242".to_owned(),
        format!("/payment/status/pay_{CARD}"),
        format!("/payment/status/{id}?card={CARD}"),
        format!("/payment/status/{id}?{CARD}=card"),
        format!("/payment/status/{id}?card=4242+4242+4242+4242"),
        format!("/payments?reference={CARD}"),
        "/payments?reference=4242%204242%204242%204242".to_owned(),
        format!("/payments?reference=a&reference={CARD}"),
        format!("/payments?{CARD}=a"),
        format!("/payments?cursor={CARD}"),
    ];
    for path in paths {
        let answer = api.send("GET", &path, &[("authorization", bearer.as_bytes())], "").await;
        answers.push((format!("GET {path}"), answer));
    }
    answers
}

/// Headers that are neither kept nor shown are no reason to refuse a request: tracing headers are full of decimal numbers.
async fn other_headers(api: &Client, id: &str) -> Vec<Answer> {
    let bearer = api.bearer();
    let mut answers = Vec::new();
    for (name, value) in [
        ("x-note", CARD),
        ("x-datadog-trace-id", CARD),
        ("user-agent", "card 4242 4242 4242 4242"),
        ("referer", "https://a/?c=4242424242424242"),
    ] {
        let headers = [("authorization", bearer.as_bytes()), (name, value.as_bytes())];
        let answer = api.send("GET", &format!("/payment/status/{id}"), &headers, "").await;
        assert_eq!(answer.status, 200, "the header {name}: {}", answer.text);
        assert!(!mentions_a_card(&answer.text), "the header {name} was echoed: {}", answer.text);
        answers.push(answer);
    }
    answers
}

/// Looks through everything that was kept, once the log knows all of these requests.
async fn nothing_keeps_a_card(stack: &Stack, request_ids: &[String], refused: usize) {
    let logs = eventually("every request is in a log", async || {
        let mut all = String::new();
        for function in FUNCTIONS {
            all.push_str(&stack.aws.logs(function).await.join("\n"));
        }
        match request_ids.iter().find(|id| !all.contains(id.as_str())) {
            None => Ok(all),
            Some(missing) => Err(format!("{missing} is missing")),
        }
    })
    .await;
    let shows = |text: &str| text.lines().find(|line| mentions_a_card(line)).map(str::to_owned);
    assert_eq!(shows(&logs), None, "a function logged it");
    let counted = logs.lines().filter(|line| line.contains("raw_card_data")).count();
    assert!(counted >= refused, "{counted} refusals were logged of {refused}");
    assert_eq!(shows(&stack.aws.all_rows().await.replace("},", "},\n")), None, "the table holds it");
    assert_eq!(stack.sandbox.count_intents(|object| mentions_a_card(&object.to_string())).await, 0, "it was sent on");
}

/// Whether one of the numbers stands in a text, in any spelling. Only numbers that these tests send are looked for.
fn mentions_a_card(text: &str) -> bool {
    let value = |character: char| {
        ['0', '０', '٠', '०', '𝟎'].into_iter().find_map(|zero| {
            let digit = u32::from(character).checked_sub(u32::from(zero)).filter(|digit| *digit < 10)?;
            char::from_digit(digit, 10)
        })
    };
    let parted = |character: char| !character.is_alphanumeric() && !matches!(character, '"' | ',' | '{' | '}' | ':');
    let digits: String = text
        .chars()
        .filter(|character| !parted(*character))
        .map(|character| value(character).unwrap_or(character))
        .collect();
    // A longer run of digits is some other number.
    digits.split(|character: char| !character.is_ascii_digit()).any(|run| CARDS.contains(&run))
}

/// The same number in the digits of another script.
fn in_digits_from(number: &str, zero: char) -> String {
    let digit = |character: char| {
        let value = character.to_digit(10).unwrap();
        char::from_u32(u32::from(zero).checked_add(value).unwrap()).unwrap()
    };
    number.chars().map(digit).collect()
}
