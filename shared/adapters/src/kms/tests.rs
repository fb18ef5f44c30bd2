//! What is asked of KMS, and how long its answers are remembered.

use aws_sdk_kms::primitives::Blob;
use data_encoding::BASE64;
use domain::id::{RowId, TransactionId};
use domain::personal::{DataKey, Field, KeyNumber};
use serde_json::json;

use super::*;
use crate::aws::tests::Script;

const NOW: Timestamp = Timestamp::from_unix_ms(1_793_610_000_000);
const PLAIN: [u8; sealing::KEY_LENGTH] = [5; sealing::KEY_LENGTH];

fn transaction() -> TransactionId {
    TransactionId::parse(&format!("pay_{}", "a".repeat(26))).unwrap()
}

fn person() -> PersonId {
    PersonId::of_payment(&transaction())
}

fn name() -> Place {
    Place { row: RowId::Payment(transaction()), field: Field::CustomerName }
}

/// As KMS answers to both questions.
fn answer() -> (u16, String) {
    let key = BASE64.encode(&PLAIN);
    (200, json!({"KeyId": "k", "Plaintext": key, "CiphertextBlob": BASE64.encode(b"wrapped")}).to_string())
}

fn keys(answers: usize) -> (PeopleKeys, Script) {
    let (aws, script) = Script::of((0..answers).map(|_| answer()).collect());
    (PeopleKeys::new(aws.kms(), "arn:key".to_owned(), "payments".to_owned()), script)
}

fn key(wrapped: &[u8]) -> DataKey {
    DataKey { number: KeyNumber::FIRST, wrapped: wrapped.to_vec(), made_at: NOW }
}

async fn seal(keys: &PeopleKeys, key: &DataKey, now: Timestamp) -> Result<Sealed, Error> {
    keys.seal(Key { person: &person(), key }, &name(), "Pia Payer", now).await
}

#[tokio::test]
async fn a_key_is_made_for_its_row_and_can_be_used_at_once() {
    let (keys, script) = keys(1);
    let wrapped = keys.make_key(&person(), NOW).await.unwrap();
    let key = key(&wrapped);
    let sealed = seal(&keys, &key, NOW).await.unwrap();
    let opened = keys.open(Key { person: &person(), key: &key }, &name(), &sealed, NOW).await;
    assert_eq!(opened.unwrap(), "Pia Payer");
    let sent = script.sent();
    assert_eq!(sent.len(), 1, "what KMS has just said is not asked again");
    let context = json!({"table": "payments", "row": format!("CUS#{}", person()), "field": "key"});
    assert_eq!(sent[0].body, json!({"KeyId": "arn:key", "KeySpec": "AES_256", "EncryptionContext": context}));
}

#[tokio::test]
async fn a_key_is_unwrapped_for_its_row_under_the_one_key_that_it_may_be_wrapped_under() {
    let (keys, script) = keys(1);
    seal(&keys, &key(b"wrapped"), NOW).await.unwrap();
    let body = &script.sent()[0].body;
    assert_eq!((&body["KeyId"], &body["CiphertextBlob"]), (&json!("arn:key"), &json!(BASE64.encode(b"wrapped"))));
    assert_eq!(body["EncryptionContext"]["row"], format!("CUS#{}", person()));
}

#[tokio::test]
async fn a_key_is_remembered_for_five_minutes_whichever_way_the_clock_goes() {
    let (keys, script) = keys(3);
    for (later, asked) in [(0, 1), (299_999, 1), (300_000, 2), (-1, 3)] {
        let now = Timestamp::from_unix_ms(NOW.unix_ms() + later);
        seal(&keys, &key(b"wrapped"), now).await.unwrap();
        assert_eq!(script.sent().len(), asked, "after {later} ms");
    }
}

#[tokio::test]
async fn a_key_is_used_so_often_and_then_asked_for_again() {
    let (keys, script) = keys(2);
    for _ in 0..=USES_MAX {
        seal(&keys, &key(b"wrapped"), NOW).await.unwrap();
    }
    assert_eq!(script.sent().len(), 1);
    seal(&keys, &key(b"wrapped"), NOW).await.unwrap();
    assert_eq!(script.sent().len(), 2);
}

#[tokio::test]
async fn no_more_keys_are_remembered_than_are_needed() {
    let (keys, _) = keys(KEYS_MAX * 2);
    for number in 0..KEYS_MAX * 2 {
        seal(&keys, &key(&number.to_be_bytes()), NOW).await.unwrap();
        assert!(keys.known().0.len() <= KEYS_MAX);
    }
}

#[tokio::test]
async fn no_two_texts_are_sealed_with_one_nonce() {
    let (keys, _) = keys(1);
    let mut nonces = std::collections::BTreeSet::new();
    for _ in 0..500 {
        let sealed = seal(&keys, &key(b"wrapped"), NOW).await.unwrap();
        assert!(nonces.insert(sealed.bytes[1..=NONCE_LENGTH].to_vec()));
    }
}

#[tokio::test]
async fn what_stands_in_another_place_is_unreadable_and_what_kms_will_not_unwrap_too() {
    let (keys, _) = keys(1);
    let key = key(b"wrapped");
    let sealed = seal(&keys, &key, NOW).await.unwrap();
    let email = Place { field: Field::CustomerEmail, ..name() };
    let opened = keys.open(Key { person: &person(), key: &key }, &email, &sealed, NOW).await;
    assert!(matches!(opened, Err(Error::Unreadable { .. })), "{opened:?}");
    for (status, code, is_broken) in [
        (400, "InvalidCiphertextException", true),
        (400, "IncorrectKeyException", true),
        (400, "AccessDeniedException", false),
        (400, "DisabledException", false),
    ] {
        let refusal = json!({"__type": code, "message": "secret"}).to_string();
        let (aws, _) = Script::of(vec![(status, refusal)]);
        let keys = PeopleKeys::new(aws.kms(), "k".to_owned(), "t".to_owned());
        let error = seal(&keys, &key, NOW).await.unwrap_err();
        assert_eq!(matches!(error, Error::Unreadable { .. }), is_broken, "{code}: {error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[test]
fn a_key_that_is_no_key_is_not_used_and_nothing_of_the_keys_is_printed() {
    assert!(plain_key(None).is_err());
    assert!(plain_key(Some(Blob::new(vec![1; 31]))).is_err());
    let (keys, _) = keys(0);
    keys.known().learn(&person(), b"wrapped", Arc::new(Zeroizing::new(PLAIN)), NOW);
    let printed = format!("{keys:?}");
    assert_eq!(printed, r#"PeopleKeys { table: "payments", .. }"#);
}
