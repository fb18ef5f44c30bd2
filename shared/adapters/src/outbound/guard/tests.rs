//! Which URLs and which names are refused, and that no spelling of an address gets around it.

use std::net::{Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::*;

fn read(text: &str, reach: Reach) -> Result<(), Refusal> {
    Target::read(text, reach).map(|_| ())
}

#[test]
fn an_endpoint_on_the_internet_is_taken_on_any_port() {
    for text in [
        "https://merchant.example",
        "https://merchant.example:8443/hooks/quittance?shop=7",
        "HTTPS://MERCHANT.EXAMPLE/",
        "https://bücher.example/",
        "https://merchant.example./",
        "https://8.8.8.8/",
        "https://134744072/",
        "https://[2606:4700:4700::1111]:9000/x",
        "https://[::ffff:8.8.8.8]/",
    ] {
        for reach in [Reach::Public, Reach::Loopback] {
            assert_eq!(read(text, reach), Ok(()), "{text}");
        }
    }
}

#[test]
fn what_is_no_url_of_a_server_is_refused() {
    for text in
        ["", " ", "merchant.example", "//merchant.example/", "https://", "https:///", "https://[::1", "https://a b/"]
    {
        assert_eq!(read(text, Reach::Public), Err(Refusal::Unreadable), "{text}");
    }
    // What ends in a number is an address or nothing.
    for text in ["https://127.0.0.256/", "https://1.2.3.4.5/", "https://merchant.1/", "https://0x1ffffffff/"] {
        assert_eq!(read(text, Reach::Public), Err(Refusal::Unreadable), "{text}");
    }
    assert_eq!(read("data:text/plain,hello", Reach::Loopback), Err(Refusal::Unreadable));
    let long = format!("https://merchant.example/{}", "x".repeat(EndpointUrl::MAX_LENGTH));
    assert_eq!(read(&long, Reach::Public), Err(Refusal::TooLong));
}

#[test]
fn nothing_but_https_is_taken_and_nothing_that_bears_a_password() {
    for text in
        ["http://merchant.example/", "ftp://merchant.example/", "ws://merchant.example/", "wss://merchant.example"]
    {
        for reach in [Reach::Public, Reach::Loopback] {
            assert_eq!(read(text, reach), Err(Refusal::NotEncrypted), "{text}");
        }
    }
    for text in ["https://jo@merchant.example/", "https://jo:pw@merchant.example/", "https://:pw@merchant.example/"] {
        assert_eq!(read(text, Reach::Public), Err(Refusal::BearsCredentials), "{text}");
    }
    // Who is named here is evil.example, and the rest is a user.
    assert_eq!(read("https://merchant.example@evil.example/", Reach::Public), Err(Refusal::BearsCredentials));
}

#[test]
fn an_address_of_the_house_is_refused_however_it_is_spelt() {
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "017700000001",
        "2130706433",
        "127.0.0.1.",
        "１２７.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "0",
        "0.0.0.0",
        "[::]",
        "169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "[::ffff:a9fe:a9fe]",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "100.64.0.1",
        "[2002:a9fe:a9fe::]",
        "[2001:0:a9fe:a9fe::]",
        "255.255.255.255",
    ] {
        assert_eq!(read(&format!("https://{host}:8443/x"), Reach::Public), Err(Refusal::NotPublic), "{host}");
    }
}

#[test]
fn the_local_stage_reaches_the_developers_machine_in_clear_and_nothing_else_of_the_house() {
    for host in ["127.0.0.1", "localhost", "hooks.localhost", "LOCALHOST", "localhost.", "[::1]", "127.1"] {
        for scheme in ["http", "https"] {
            assert_eq!(read(&format!("{scheme}://{host}:12111/hook"), Reach::Loopback), Ok(()), "{scheme} {host}");
        }
        assert_eq!(read(&format!("http://{host}/hook"), Reach::Public), Err(Refusal::NotEncrypted), "{host}");
    }
    for host in ["10.0.0.1", "169.254.169.254", "0.0.0.0", "[fd00::1]", "192.168.0.1"] {
        assert_eq!(read(&format!("https://{host}/"), Reach::Loopback), Err(Refusal::NotPublic), "{host}");
        assert_eq!(read(&format!("http://{host}/"), Reach::Loopback), Err(Refusal::NotEncrypted), "{host}");
    }
    for host in ["localhost.evil.example", "notlocalhost", "8.8.8.8"] {
        assert_eq!(read(&format!("http://{host}/"), Reach::Loopback), Err(Refusal::NotEncrypted), "{host}");
    }
}

#[test]
fn what_a_target_shows_of_itself_is_its_host() {
    let target = Target::read("https://merchant.example/hooks/s3cret?token=s3cret", Reach::Public).unwrap();
    assert_eq!(format!("{target:?}"), "Target(\"merchant.example\")");
}

proptest! {
    /// The URL's own reader is believed in nothing: whatever address it made of a host is judged like the address itself.
    #[test]
    fn whatever_its_spelling_an_address_is_judged_alike(bits: u32, spelling in 0..6_u8) {
        let address = Ipv4Addr::from_bits(bits);
        let [a, b, c, d] = address.octets();
        let host = match spelling {
            0 => format!("{bits}"),
            1 => format!("{bits:#x}"),
            2 => format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
            3 => format!("{a}.{b}.{}", u16::from_be_bytes([c, d])),
            4 => format!("[::ffff:{address}]"),
            _ => address.to_string(),
        };
        let verdict = judge(address.into(), may_be(None, Reach::Public));
        prop_assert_eq!(read(&format!("https://{host}/"), Reach::Public), verdict, "{}", host);
    }

    #[test]
    fn no_text_at_all_leads_into_the_house(text in "(https?:)?/{0,3}[0-9a-fx:.%@\\[\\]/lochst]{0,40}") {
        if let Ok(target) = Target::read(&text, Reach::Public) {
            let url = target.url();
            prop_assert_eq!(url.scheme(), "https");
            if let Some(Host::Address(address)) = Host::of(&url) {
                prop_assert_eq!(place_of(address), Place::Public);
            }
        }
    }
}

/// A name server that gives this answer to every question.
struct Says(Vec<IpAddr>);

impl Lookup for Says {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(self.0.clone())
    }
}

/// A name server that does not work.
enum Broken {
    Refuses,
    IsSilent,
}

impl Lookup for Broken {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::Refuses => Err(io::ErrorKind::NotFound.into()),
            Self::IsSilent => std::future::pending().await,
        }
    }
}

fn addresses(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

const REFUSED: NoAddress = NoAddress::Refused(Refusal::NotPublic);

#[tokio::test]
async fn a_name_with_one_bad_address_among_good_ones_is_refused() {
    let good = addresses(&["8.8.8.8", "2606:4700:4700::1111"]);
    assert_eq!(checked("merchant.example", &Says(good.clone()), Reach::Public).await, Ok(good.clone()));
    for bad in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00::1"] {
        let mixed = [good.clone(), addresses(&[bad])].concat();
        assert_eq!(checked("merchant.example", &Says(mixed), Reach::Public).await, Err(REFUSED), "{bad}");
    }
    // The last of many is judged too, though it would not be tried.
    let many = [vec![IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)); 100], addresses(&["10.0.0.1"])].concat();
    assert_eq!(checked("merchant.example", &Says(many), Reach::Public).await, Err(REFUSED));
}

#[tokio::test]
async fn in_the_local_stage_only_localhost_leads_home_and_it_leads_nowhere_else() {
    let home = || Says(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    assert!(checked("localhost", &home(), Reach::Loopback).await.is_ok());
    assert!(checked("hooks.LOCALHOST.", &home(), Reach::Loopback).await.is_ok());
    assert_eq!(checked("localhost", &home(), Reach::Public).await, Err(REFUSED));
    assert_eq!(checked("merchant.example", &home(), Reach::Loopback).await, Err(REFUSED));
    let elsewhere = Says(addresses(&["8.8.8.8"]));
    assert_eq!(checked("localhost", &elsewhere, Reach::Loopback).await, Err(REFUSED));
    assert!(checked("merchant.example", &elsewhere, Reach::Loopback).await.is_ok());
}

#[tokio::test]
async fn a_name_that_nobody_knows_is_not_found_and_not_waited_for() {
    for reach in [Reach::Public, Reach::Loopback] {
        assert_eq!(checked("merchant.example", &Broken::Refuses, reach).await, Err(NoAddress::NotFound));
        assert_eq!(checked("merchant.example", &Says(Vec::new()), reach).await, Err(NoAddress::NotFound));
    }
    let before = std::time::Instant::now();
    assert_eq!(checked("merchant.example", &Broken::IsSilent, Reach::Public).await, Err(NoAddress::TooSlow));
    assert!((LOOKUP_MAX..LOOKUP_MAX * 2).contains(&before.elapsed()), "{:?}", before.elapsed());
}

#[tokio::test]
async fn no_more_addresses_are_tried_than_a_server_needs() {
    let many = Says(vec![IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8)); 100]);
    assert_eq!(checked("merchant.example", &many, Reach::Public).await.unwrap().len(), ADDRESSES_MAX);
}
