//! The rules of endpoints and deliveries.

mod delivery;
mod registry;

use std::time::Duration;

use super::*;
use crate::{
    id::{IdempotencyKey, RequestHash},
    policy::Policy,
    schedule::Limits,
    time::{Now, Timestamp},
};

const START: Timestamp = Timestamp::from_unix_ms(1_793_610_012_347);

fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::parse(name).unwrap()
}

fn endpoint_id(name: &str) -> EndpointId {
    EndpointId::derive("merchant", &key(name))
}

fn now(at: Timestamp) -> Now {
    Now { at, limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 }
}

fn after(secs: u64) -> Timestamp {
    START.plus(Duration::from_secs(secs))
}

#[test]
fn an_endpoint_is_https_or_at_home_and_tells_how_far_away_it_is() {
    for (good, reach) in [
        ("https://shop.example/hooks?x=1", Reach::Public),
        ("https://shop.example:8443", Reach::Public),
        ("https://[2606:4700::1111]/hooks", Reach::Public),
        ("https://8.8.8.8/", Reach::Public),
        ("http://localhost:3000/", Reach::Loopback),
        ("http://127.0.0.1/x", Reach::Loopback),
        ("http://127.8.9.1/x", Reach::Loopback),
        ("http://[::1]:3000/", Reach::Loopback),
        ("https://LOCALHOST/", Reach::Loopback),
    ] {
        let url = EndpointUrl::parse(good).unwrap_or_else(|why| panic!("{good} {why}"));
        assert_eq!((url.as_str(), url.reach()), (good, reach), "{good}");
    }
    assert_eq!(EndpointUrl::parse("https://shop.example:8443/a").unwrap().host(), "shop.example");
}

#[test]
fn what_is_no_endpoint_is_refused_with_the_reason() {
    for bad in [
        "",
        "/hooks",
        "ftp://x/",
        "HTTPS://x/",
        "http://shop.example/",
        "http://10.0.0.1/",
        "https://",
        "https:///x",
        "https://:443/",
        "https://a b/",
        "https://a/\n",
        "https://a:port/",
        "https://a:0/",
        "https://a:65536/",
        "https://[::1/",
        "https://[shop.example]/",
        "https://a%2eb/",
        "https://schüler.example/",
        "http://localhost.evil.example/",
    ] {
        assert_eq!(EndpointUrl::parse(bad), Err(UrlError::NotAWebUrl), "{bad}");
    }
    for bad in ["https://user@shop.example/", "http://localhost@evil.example/", "https://u:p@shop.example/#x"] {
        assert_eq!(EndpointUrl::parse(bad), Err(UrlError::UserInfo), "{bad}");
    }
    assert_eq!(EndpointUrl::parse("https://shop.example/#hooks"), Err(UrlError::Fragment));
    let long = |length: usize| EndpointUrl::parse(&format!("https://a/{}", "x".repeat(length - 10)));
    assert!(long(2_048).is_ok());
    assert_eq!(long(2_049), Err(UrlError::TooLong));
    assert_eq!(UrlError::TooLong.to_string(), "must be at most 2048 characters long");
}

#[test]
fn an_endpoints_id_is_that_of_its_key_for_ever() {
    assert_eq!(endpoint_id("endpoint-1").as_str(), "whe_arpb6qksu432hzgqqolzprqe2m");
    assert_eq!(EndpointId::parse(endpoint_id("endpoint-1").as_str()), Ok(endpoint_id("endpoint-1")));
    assert_ne!(endpoint_id("endpoint-1"), EndpointId::derive("another", &key("endpoint-1")));
    for bad in ["", "whe_", "whe_ABCDEFGHIJKLMNOPQRSTUVWXYZ", "pay_srgsc5zsbqycrakmfcc3opqd6l"] {
        assert_eq!(EndpointId::parse(bad), Err(NotAnEndpointId), "{bad}");
    }
}

#[test]
fn words_are_read_as_they_are_written() {
    for reason in [DisableReason::Requested, DisableReason::Gone] {
        assert_eq!(DisableReason::named(reason.name()), Some(reason));
    }
    for reason in [SkipReason::EndpointDisabled, SkipReason::EndpointRemoved, SkipReason::NoEvent] {
        assert_eq!(SkipReason::named(reason.name()), Some(reason));
    }
    assert_eq!((DisableReason::named("?"), SkipReason::named("?")), (None, None));
    assert_eq!(Standing::Enabled { since: START }.name(), "enabled");
    let disabled = Standing::Disabled { since: START, reason: DisableReason::Gone };
    assert_eq!(disabled.name(), "disabled");
}

#[test]
fn a_reason_is_a_word_whatever_was_said() {
    for (said, word) in [
        ("timeout", "timeout"),
        ("TLS: bad certificate", "_____bad_certificate"),
        ("", "unknown"),
        ("private address 10.0.0.1 of host x.example.com", "private_address_10_0_0_1_of_host_x_examp"),
    ] {
        assert_eq!(Reason::of(said).as_str(), word);
    }
}

fn hash(text: &str) -> RequestHash {
    RequestHash::of([("body", text)])
}
