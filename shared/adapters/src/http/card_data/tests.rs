use domain::id::{IdempotencyKey, TransactionId};
use proptest::prelude::*;
use sha2::{Digest as _, Sha256};

use super::*;

/// Published test numbers of gateways and networks, one per issuer and length.
const CARDS: [&str; 29] = [
    "4242424242424242",
    "4000000000000002",
    "4222222222222",
    "4000160000000004",
    "4988080000000000",
    "6331101999990016",
    "5555555555554444",
    "5105105105105100",
    "2223003122003222",
    "2720990000000007",
    "378282246310005",
    "371449635398431",
    "341111111111111",
    "6011111111111117",
    "6011000990139424",
    "6445644564456445",
    "6510000000000000",
    "30569309025904",
    "38520000023237",
    "36227206271667",
    "3566002020360505",
    "3530111333300000",
    "6200000000000005",
    "6205500000000000004",
    "8171999927660000",
    "6759649826438453",
    "6799990100000000019",
    "5018000000000009",
    "2200000000000004",
];

fn luhn(digits: &str) -> bool {
    passes_luhn(&digits.bytes().map(|byte| byte - b'0').collect::<Vec<_>>())
}

/// The number with its last digit set so that Luhn is content.
fn completed(digits: &str) -> String {
    (0..10).map(|last| format!("{digits}{last}")).find(|number| luhn(number)).unwrap()
}

#[test]
fn the_numbers_of_every_issuer_are_found() {
    for card in CARDS.into_iter().filter(|card| luhn(card)) {
        let digits: Vec<u8> = card.bytes().map(|byte| byte - b'0').collect();
        assert_eq!(contains_card_number(card), issuers::could_have_issued(&digits), "{card}");
    }
    let missed: Vec<&str> = CARDS.into_iter().filter(|card| !contains_card_number(card)).collect();
    // Switch and Solo (6331) ended in 2011; 2720990000000007 fails Luhn.
    assert_eq!(
        missed,
        ["6331101999990016"].into_iter().chain(missed.iter().copied().filter(|card| !luhn(card))).collect::<Vec<_>>()
    );
}

#[test]
fn a_number_is_found_however_it_is_written() {
    for text in [
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "4242.4242.4242.4242",
        "4242\u{a0}4242\u{a0}4242\u{a0}4242",
        "4242\u{2009}4242\u{202f}4242\u{3000}4242",
        "4242–4242—4242−4242",
        "4242 - 4242 - 4242 - 4242",
        "4242\n4242\t4242\r\n4242",
        "4242_4242/4242|4242",
        "4242\u{200b}4242\u{200d}4242\u{ad}4242",
        "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
        "42424242-42424242",
        "4242424242424242",
        "４２４２４２４２４２４２４２４２",
        "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
        "४२४२ ४२४२ ४२४२ ४२४२",
        "𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐𝟒𝟐",
        "④②④②④②④②④②④②④②④②",
        "4️⃣2️⃣4️⃣2️⃣4️⃣2️⃣4️⃣2️⃣4️⃣2️⃣4️⃣2️⃣4️⃣2️⃣4️⃣2️⃣",
        "card:4242424242424242",
        "x4242424242424242y",
        "card4242 4242 4242 4242",
        "cc4242-4242-4242-4242",
        "4242 4242 4242 4242exp12/30",
        "9f4242424242424242a0",
        "42424242-4242-4242-4242-424242424242",
        "550e8400-e29b-41d4-a716-446655440000 4242 4242 4242 4242",
        "pay with 4242 4242 4242 4242, please",
        "4242 4242 4242 4242 12/29 123",
        "exp 12/29 4242 4242 4242 4242",
        "order 1, 4242424242424242",
        "1-4242424242424242",
        "+4242424242424242",
        "3782 822463 10005",
        "\"4242424242424242\"",
    ] {
        assert!(contains_card_number(text), "{text:?}");
    }
}

#[test]
fn what_only_looks_a_little_like_a_card_passes() {
    for text in [
        "",
        // Luhn fails.
        "4242424242424241",
        // No issuer starts so.
        "1234567890123452",
        "0000000000000000",
        "9999999999999995",
        // Too short, too long, or a part of something longer.
        "424242424242",
        "42424242424242424242424242",
        "4242424242424242000000000",
        "0000042424242424242424242",
        // A length that this issuer does not use.
        "42424242424242",
        "51051051051051005",
        // Not one number.
        "4242,4242,4242,4242",
        "4242 4242 and 4242 4242",
        "4242    4242    4242    4242",
        "4242:4242:4242:4242",
        // Moments, in several spellings.
        "1795434360007",
        "1795434360007123",
        "1795434360007123456",
        "2026-11-23T11:46:00.123456Z",
        "20261123114600123",
        "2026-11-23 11.46.00.123",
        // Ids of gateways and clouds.
        "pi_3PqRsT2eZvKYlo2C1a2b3c4d",
        "550e8400-e29b-41d4-a716-446655440000",
        "a2424242-4242-4242-8242-424242424242",
        "order-9f1c2c3a-4242-4242-8242-424242424242-1",
        // Parts of hexadecimal words.
        "9f4242-4242-4242-4242",
        "4242-4242-4242-4242F0",
        "Root=1-5759e988-bd862e3fe1be46a994272793",
        "arn:aws:sqs:eu-central-1:123456789012:retry",
        "ORDER-2026-000123",
        "8.8.8.8, 10.0.0.1",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.129 Safari/537.36",
    ] {
        assert!(!contains_card_number(text), "{text:?}");
    }
}

#[test]
fn a_plus_makes_it_a_telephone_number_but_not_a_longer_one() {
    assert!(contains_card_number("4915112345678"), "13 digits, an issuer's first digit, and Luhn is content");
    assert!(!contains_card_number("+4915112345678"));
    assert!(!contains_card_number("+49 151 1234 5678"));
    assert!(contains_card_number("+4242 4242 4242 4242"));
    assert!(contains_card_number("+49 151 1 4242424242424242"));
}

/// Numbers that are the same on every run, and look like nothing in particular.
fn scattered(seed: u64) -> [u8; 32] {
    Sha256::digest(seed.to_be_bytes()).into()
}

fn decimal(bytes: &[u8], length: usize) -> String {
    bytes.iter().map(|byte| char::from(b'0' + byte % 10)).take(length).collect()
}

fn from_alphabet(seed: u64, alphabet: &[u8], length: usize) -> String {
    scattered(seed).iter().map(|byte| char::from(alphabet[usize::from(*byte) % alphabet.len()])).take(length).collect()
}

/// A random UUID of version 4.
fn uuid(seed: u64) -> String {
    let hex = data_encoding::HEXLOWER.encode(&scattered(seed));
    let variant = ['8', '9', 'a', 'b'][usize::try_from(seed % 4).unwrap()];
    format!("{}-{}-4{}-{variant}{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// One of each kind of identifier that merchants really put into requests.
fn realistic_ids(seed: u64) -> [(&'static str, String); 16] {
    let bytes = scattered(seed);
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    let base62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let crockford = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let unix_ms = 1_700_000_000_000 + i64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])) * 40;
    let id = TransactionId::derive("merchant", "initiate", &IdempotencyKey::parse(&hex).unwrap());
    [
        ("our own", id.as_str().to_owned()),
        ("Stripe's", format!("pi_3{}", from_alphabet(seed, base62, 23))),
        ("UUID", uuid(seed)),
        ("UUID in capitals", uuid(seed).to_uppercase()),
        ("UUID with more", format!("order_{}-{}", uuid(seed), decimal(&bytes, 4))),
        ("UUID without dashes", uuid(seed).replace('-', "")),
        ("UUID cut in half", uuid(seed)[..23].to_owned()),
        ("SHA-256", hex.clone()),
        ("X-Ray trace", format!("1-{}-{}", &hex[..8], &hex[8..32])),
        ("W3C trace", format!("00-{}-{}-01", &hex[..32], &hex[32..48])),
        ("ULID", from_alphabet(seed, crockford, 26)),
        ("milliseconds", unix_ms.to_string()),
        ("RFC 3339", crate::rfc3339::format(domain::time::Timestamp::from_unix_ms(unix_ms))),
        ("year and number", format!("2026-{}", decimal(&bytes, 8))),
        ("ten digits", format!("ORD-{}", decimal(&bytes, 10))),
        ("URL", format!("https://shop.example/orders/{}/{}?t={unix_ms}", decimal(&bytes, 6), &hex[..12])),
    ]
}

#[test]
fn of_a_hundred_thousand_random_uuids_none_is_taken_for_a_card() {
    let hits: Vec<String> = (0..100_000).map(uuid).filter(|id| contains_card_number(id)).collect();
    assert_eq!(hits, [""; 0]);
}

#[test]
fn at_most_one_in_ten_thousand_of_any_kind_of_realistic_id_is_taken_for_a_card() {
    const IDS: usize = 20_000;
    let mut hits = std::collections::BTreeMap::<&str, usize>::new();
    for (kind, id) in (0_u64..).take(IDS).flat_map(realistic_ids) {
        *hits.entry(kind).or_default() += usize::from(contains_card_number(&id));
    }
    println!("of {IDS} each: {hits:?}");
    assert!(hits.values().all(|hits| hits * 10_000 <= IDS), "of {IDS} each: {hits:?}");
}

#[test]
fn three_in_a_hundred_random_numbers_of_sixteen_digits_are_taken_for_cards() {
    // What the rule costs a merchant who numbers orders so: a third of all numbers lies in an issuer's range, a tenth passes Luhn.
    const NUMBERS: u64 = 20_000;
    let hits = |length| (0..NUMBERS).filter(|seed| contains_card_number(&decimal(&scattered(*seed), length))).count();
    let of_length: Vec<(usize, usize)> = (12..=20).map(|length| (length, hits(length))).collect();
    println!("random numbers, by their length, of {NUMBERS} each: {of_length:?}");
    assert_eq!((of_length[0], of_length[8]), ((12, 0), (20, 0)));
    assert!(of_length[1..8].iter().all(|(_, hits)| *hits < 800), "{of_length:?}");
    assert!((500..800).contains(&of_length[4].1), "{of_length:?}");
}

#[test]
fn a_large_body_of_digits_is_looked_through_in_no_time() {
    for text in ["4 ".repeat(32_000), "42".repeat(32_000), "4\u{a0}".repeat(20_000), "-".repeat(64_000)] {
        assert!(!contains_card_number(&text) || text.starts_with("4 ") || text.starts_with("4\u{a0}"));
    }
}

/// A number that some issuer could have given out, and how it is spelled.
fn a_card() -> impl Strategy<Value = String> {
    let prefix = prop::sample::select(vec![
        ("4", 16),
        ("4", 13),
        ("4", 19),
        ("51", 16),
        ("55", 16),
        ("2221", 16),
        ("2720", 16),
        ("34", 15),
        ("37", 15),
        ("6011", 16),
        ("644", 16),
        ("65", 16),
        ("622126", 16),
        ("62", 19),
        ("300", 14),
        ("36", 14),
        ("38", 14),
        ("3528", 16),
        ("3589", 16),
        ("50", 16),
        ("5018", 13),
        ("56", 16),
        ("67", 19),
        ("6759", 16),
    ]);
    (prefix, "[0-9]{19}").prop_map(|((prefix, length), filler)| completed(&format!("{prefix}{filler}")[..length - 1]))
}

proptest! {
    #[test]
    fn every_card_is_found_in_any_script_with_any_separators(
        card in a_card(),
        zero in prop::sample::select(vec!['0', '٠', '۰', '०', '０', '๐', '𝟎', '𝟘']),
        separator in "(|[ .\u{a0}\u{2009}\u{200b}–-]{1,3})",
        group in 2_usize..20,
        before in "([a-zA-Z:,\"#=]{1,9})?",
        after in "([a-zA-Z:,\"#=]{1,9})?",
    ) {
        let digit = |byte: u8| char::from_u32(u32::from(zero) + u32::from(byte - b'0')).unwrap();
        let groups: Vec<String> = card.as_bytes().chunks(group).map(|chunk| chunk.iter().map(|byte| digit(*byte)).collect()).collect();
        let text = format!("{before}{}{after}", groups.join(&separator));
        prop_assert!(contains_card_number(&text), "{}", text);
    }

    #[test]
    fn one_wrong_digit_makes_it_no_card(card in a_card(), place in 0_usize..13, step in 1_u8..10) {
        let mut digits = card.into_bytes();
        digits[place] = b'0' + (digits[place] - b'0' + step) % 10;
        prop_assert!(!contains_card_number(std::str::from_utf8(&digits).unwrap()));
    }

    #[test]
    fn a_card_inside_a_longer_run_of_digits_is_a_part_of_something_else(card in a_card(), before in "[0-9]{7,12}") {
        let text = format!("{before}{card}");
        prop_assert!(!contains_card_number(&text));
    }

    #[test]
    fn no_text_makes_it_fall_over(text in "\\PC{0,200}") {
        contains_card_number(&text).then(String::new);
    }
}
