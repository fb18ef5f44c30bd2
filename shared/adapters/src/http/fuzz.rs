//! Everything that is written down in one line, by whoever: keys, ids, cursors, moments, currencies, addresses.

use data_encoding::BASE64URL_NOPAD;
use domain::{
    id::{IdempotencyKey, TransactionId},
    money::{Currency, Money},
    text::{GatewayToken, Text, WebUrl},
};
use fuzz::Target;
use lambda_http::{Body, http::HeaderValue};
use serde_json::Value;

use super::{cursor::Cursor, idempotency_key, json::Json, screen};
use crate::rfc3339;

const SEEDS: [&str; 24] = [
    "2026-11-23T11:46:00.123Z",
    "2026-11-23T13:46:00.0079+02:00",
    "1970-01-01T00:00:00z",
    "2016-12-31T23:59:60Z",
    "9999-12-31T23:59:59.999-23:59",
    "0000-01-01T00:00:00+23:59",
    "2024-02-29",
    "pay_45r6h26q25dittbo7zrmxadm3f",
    "order-42",
    "\"a\\\"b\\\\c\"",
    "\" \"",
    "EUR",
    "xau",
    "1999",
    "-1",
    "9223372036854775807",
    "https://shop.example/done?x=1#y",
    "http://localhost:3000",
    "http://127.0.0.1/",
    "https://user@bank.example/",
    "pm_card_visa",
    "{\"a\":[1,{\"a\":-0,\"a\":1e3}]}",
    "[18446744073709551616,0.5,\"\\ud83d\\ude00\"]",
    "%34%32+%zz",
];

#[test]
fn whatever_is_written_is_read_as_it_says_or_not_at_all() {
    let cursors = ["d.1795434360007.pay_45r6h26q25dittbo7zrmxadm3f", "0123456789ab.-1.pay_45r6h26q25dittbo7zrmxadm3f"]
        .map(|inner| BASE64URL_NOPAD.encode(inner.as_bytes()));
    let seeds = SEEDS.map(str::to_owned).into_iter().chain(cursors);
    Target::new("written-forms").seeds(seeds).words(SEEDS).inputs(5_000).check(|input| {
        let text = String::from_utf8_lossy(input);
        let json = json(input);
        drop(screen::unparsed(input));
        let read = [
            moment(&text),
            day(&text),
            Cursor::parse(&text).is_some_and(|cursor| cursor.text() == text),
            id(&text),
            key(&text),
            header(input),
            currency(&text),
            amount(&text),
            address(&text),
            token(&text),
            Text::<20>::parse(&text).is_ok() == (1..=20).contains(&text.chars().count())
                && !text.contains(char::is_control),
        ];
        assert!(Text::<20>::parse(&text).is_err() || read[10], "a text out of bounds");
        let read: String = read.iter().map(|read| if *read { '1' } else { '0' }).collect();
        format!("{read} {json}")
    });
}

fn moment(text: &str) -> bool {
    let Some(moment) = rfc3339::parse(text) else { return false };
    assert_eq!(rfc3339::parse(&rfc3339::format(moment)), Some(moment), "a moment that cannot be written");
    assert!(text.is_ascii() && text.as_bytes()[4] == b'-' && text.as_bytes()[13] == b':', "no moment: {text}");
    true
}

fn day(text: &str) -> bool {
    let Some(day) = rfc3339::parse_day(text) else { return false };
    assert_eq!(rfc3339::format(day.start()), format!("{text}T00:00:00.000Z"));
    true
}

fn id(text: &str) -> bool {
    let digits = text.strip_prefix("pay_").unwrap_or_default();
    let is_one = digits.len() == 26 && digits.chars().all(|digit| "abcdefghijklmnopqrstuvwxyz234567".contains(digit));
    assert_eq!(TransactionId::parse(text).is_ok(), is_one);
    is_one
}

fn key(text: &str) -> bool {
    let is_one = (1..=255).contains(&text.len()) && text.chars().all(|character| ('!'..='~').contains(&character));
    assert_eq!(IdempotencyKey::parse(text).is_ok(), is_one);
    is_one
}

/// A bare key is itself; whatever else is taken is taken again as it was understood, quoted.
fn header(value: &[u8]) -> bool {
    let read = |value: &[u8]| {
        let mut request = lambda_http::http::Request::builder().body(Body::Empty).unwrap();
        request.headers_mut().insert(idempotency_key::HEADER, HeaderValue::from_bytes(value).ok()?);
        idempotency_key::required(&request).ok()
    };
    let Some(key) = read(value) else { return false };
    if !value.contains(&b'"') {
        assert_eq!(value.trim_ascii(), key.as_str().as_bytes());
    }
    let quoted = format!("\"{}\"", key.as_str().replace('\\', "\\\\").replace('"', "\\\""));
    assert_eq!(read(quoted.as_bytes()), Some(key));
    true
}

fn currency(text: &str) -> bool {
    let Ok(currency) = Currency::from_code(text) else { return false };
    assert_eq!(currency.code(), text);
    assert!(text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_uppercase()), "{text}");
    true
}

fn amount(text: &str) -> bool {
    let Ok(minor_units) = text.parse::<i64>() else { return false };
    let euros = |minor_units| Money::payable(minor_units, Currency::from_code("EUR").unwrap());
    assert_eq!(euros(minor_units).is_ok(), minor_units > 0);
    let Ok(money) = euros(minor_units) else { return false };
    assert_eq!(money.checked_add(money).is_ok(), minor_units.checked_mul(2).is_some());
    assert_eq!(money.less(money).map(Money::minor_units), Ok(0));
    true
}

/// Where a browser would go with it: to the host that stands there, by https or at home.
fn address(text: &str) -> bool {
    if WebUrl::parse(text).is_err() {
        return false;
    }
    let (scheme, rest) = text.split_once("://").expect("no scheme");
    let host = &rest[..rest.find(['/', '?', '#', ':']).unwrap_or(rest.len())];
    assert!(scheme == "https" || scheme == "http" && ["localhost", "127.0.0.1"].contains(&host), "{text}");
    assert!(!host.is_empty() && !host.contains(['@', '\\', ' ']), "{text}");
    assert!(text.len() <= 2_048 && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'), "{text}");
    true
}

fn token(text: &str) -> bool {
    let is_one = (1..=255).contains(&text.len())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "_-".contains(character));
    assert_eq!(GatewayToken::parse(text).is_ok(), is_one);
    is_one
}

/// Our tree takes what any parser takes, and is strict where a map would forget.
fn json(bytes: &[u8]) -> String {
    let (ours, theirs) = (Json::parse(bytes), serde_json::from_slice::<Value>(bytes));
    let Ok(tree) = ours else {
        // Numbers beyond all bounds are an error to them and none to us, never the other way round.
        assert!(theirs.is_err(), "a document was not read");
        return "no json".to_owned();
    };
    let faults: Vec<String> = tree.faults().into_iter().map(|fault| fault.detail).collect();
    assert!(faults.len() <= 10);
    if faults.is_empty()
        && let Ok(value) = &theirs
    {
        assert!(is_strict(value, 1), "{value} passed");
    }
    faults.first().map_or("json", |fault| fault.split(',').next().unwrap_or_default()).to_owned()
}

fn is_strict(value: &Value, depth: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => true,
        Value::Number(number) => number.is_i64() || number.is_u64(),
        Value::Array(items) => depth <= 16 && items.iter().all(|item| is_strict(item, depth + 1)),
        Value::Object(fields) => depth <= 16 && fields.values().all(|field| is_strict(field, depth + 1)),
    }
}
