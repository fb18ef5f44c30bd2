//! The way out against servers that do as they please, on real sockets.

mod peer;

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use peer::{Peer, Then, answer};

use super::*;
use crate::outbound::{derive, networks::Place, networks::place_of};

const SOON: Duration = Duration::from_secs(5);
const BODY: &[u8] = br#"{"id":"evt_pay_1_2","type":"payment.succeeded"}"#;

fn signed() -> Signed {
    let key = derive(&crate::secrets::Secret::new("master".to_owned()), "whe_1", 1);
    Signed::new("evt_pay_1_2", Timestamp::from_unix_ms(1_700_000_000_000), BODY, &[key])
}

/// What is heard of a server of the local stage.
async fn heard_of(peer: &Peer) -> Heard {
    heard_within(peer, SOON).await
}

async fn heard_within(peer: &Peer, budget: Duration) -> Heard {
    let sender = Sender::new(Reach::Loopback).unwrap();
    sender.send(&peer.url("127.0.0.1"), &signed(), BODY.to_vec(), budget).await
}

fn status(code: u16) -> Heard {
    Heard::Status { code, retry_after: None }
}

fn unreached(reason: Unreached) -> Heard {
    Heard::Unreachable { reason }
}

const NOT_PUBLIC: Heard = Heard::Refused { reason: Refusal::NotPublic };

#[tokio::test]
async fn a_message_is_posted_with_its_headers_and_its_very_bytes() {
    let peer = Peer::with(vec![Then::Answer(answer("204 No Content", "", ""))]).await;
    assert_eq!(heard_of(&peer).await, status(204));
    let sent = peer.sent();
    let (head, body) = sent[0].split_once("\r\n\r\n").unwrap();
    assert_eq!(body.as_bytes(), BODY);
    let mut lines = head.split("\r\n");
    assert_eq!(lines.next(), Some("POST /hook?shop=7 HTTP/1.1"));
    let mut lines: Vec<String> = lines.map(str::to_owned).collect();
    lines.sort_unstable();
    let signed = signed();
    let expected = [
        "accept: */*".to_owned(),
        format!("content-length: {}", BODY.len()),
        "content-type: application/json".to_owned(),
        format!("host: {}", peer.address),
        format!("user-agent: quittance/{}", env!("CARGO_PKG_VERSION")),
        "webhook-id: evt_pay_1_2".to_owned(),
        format!("webhook-signature: {}", signed.signature),
        "webhook-timestamp: 1700000000".to_owned(),
    ];
    assert_eq!(lines, expected, "these and no more: no cookie, no referrer, nothing of ours");
}

#[tokio::test]
async fn every_status_is_an_answer() {
    for (line, code) in [
        ("200 OK", 200),
        ("202 Accepted", 202),
        ("400 Bad Request", 400),
        ("401 Unauthorized", 401),
        ("410 Gone", 410),
        ("429 Too Many Requests", 429),
        ("500 Internal Server Error", 500),
        ("599 Whatever", 599),
    ] {
        let peer = Peer::with(vec![Then::Answer(answer(line, "", "why not"))]).await;
        assert_eq!(heard_of(&peer).await, status(code), "{line}");
    }
}

#[tokio::test]
async fn a_redirect_is_heard_and_never_followed() {
    let elsewhere = Peer::with(vec![Then::Answer(answer("200 OK", "", ""))]).await;
    for line in
        ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        for place in ["http://169.254.169.254/latest/meta-data/".to_owned(), elsewhere.url("127.0.0.1")] {
            let peer = Peer::with(vec![Then::Answer(answer(line, &format!("location: {place}\r\n"), ""))]).await;
            let code = line[..3].parse().unwrap();
            assert_eq!(heard_of(&peer).await, status(code), "{line} {place}");
            assert_eq!(peer.sent().len(), 1);
        }
    }
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn a_server_says_when_it_wants_to_be_asked_again() {
    let in_an_hour = httpdate::HttpDate::from(
        std::time::UNIX_EPOCH
            + Duration::from_millis(u64::try_from(now().unix_ms()).unwrap())
            + Duration::from_secs(3_600),
    );
    let peer = Peer::with(vec![
        Then::Answer(answer("429 Too Many Requests", "retry-after: 120\r\n", "")),
        Then::Answer(answer("503 Service Unavailable", &format!("Retry-After: {in_an_hour}\r\n"), "")),
        Then::Answer(answer("503 Service Unavailable", "retry-after: soon\r\n", "")),
    ])
    .await;
    let asked = Heard::Status { code: 429, retry_after: Some(Duration::from_secs(120)) };
    assert_eq!(heard_of(&peer).await, asked);
    let Heard::Status { code: 503, retry_after: Some(wait) } = heard_of(&peer).await else { panic!("no wait") };
    assert!((3_590..=3_600).contains(&wait.as_secs()), "{wait:?}");
    assert_eq!(heard_of(&peer).await, status(503));
}

#[test]
fn a_wait_is_seconds_or_a_date_in_any_form_of_http_and_a_day_at_most() {
    // Sun, 06 Nov 1994 08:49:37 GMT, less a minute.
    let now = Timestamp::from_unix_ms(784_111_717_000);
    let seconds = |text| until(text, now).map(|wait| wait.as_secs());
    for date in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
        assert_eq!(seconds(date), Some(60), "{date}");
    }
    assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0), "what is over is over");
    assert_eq!((seconds("0"), seconds(" 7 "), seconds("86400")), (Some(0), Some(7), Some(86_400)));
    for more in ["86401", "99999999999999999999999", "Sun, 06 Nov 2044 08:49:37 GMT"] {
        assert_eq!(seconds(more), Some(86_400), "{more}");
    }
    for nonsense in ["", "-1", "+1", "1.5", "soon", "1 minute", "Sun, 06 Nov 1994", "٣"] {
        assert_eq!(seconds(nonsense), None, "{nonsense}");
    }
}

#[tokio::test]
async fn a_slow_body_or_an_endless_one_does_not_change_what_was_heard() {
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let slow = Then::Repeat { first: head.clone(), again: b"1\r\nx\r\n".to_vec(), every: Duration::from_millis(50) };
    let endless = Then::Repeat {
        first: head,
        again: [b"1000\r\n".to_vec(), vec![b'x'; 4_096], b"\r\n".to_vec()].concat(),
        every: Duration::ZERO,
    };
    let claimed = Then::AnswerAndHangUp(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\nx", 1_u64 << 40).into());
    for then in [slow, endless, claimed] {
        let peer = Peer::with(vec![then]).await;
        let before = Instant::now();
        assert_eq!(heard_of(&peer).await, status(200));
        assert!(before.elapsed() < DRAIN_MAX + Duration::from_secs(1), "{:?}", before.elapsed());
        assert!(peer.written() < 8 << 20, "no more than what the network holds: {}", peer.written());
    }
}

#[tokio::test]
async fn what_is_read_of_a_body_lets_the_connection_be_used_again() {
    let page = || Then::Answer(answer("404 Not Found", "", &"x".repeat(DRAIN_MAX_BYTES)));
    let peer = Peer::with(vec![page(), page()]).await;
    let sender = Sender::new(Reach::Loopback).unwrap();
    for _ in 0..2 {
        let heard = sender.send(&peer.url("127.0.0.1"), &signed(), BODY.to_vec(), SOON).await;
        assert_eq!(heard, status(404));
    }
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn endless_headers_are_no_answer() {
    let every = Duration::ZERO;
    let many = Then::Repeat { first: b"HTTP/1.1 200 OK\r\n".to_vec(), again: b"x: y\r\n".to_vec(), every };
    let long = Then::Repeat { first: b"HTTP/1.1 200 OK\r\nx: ".to_vec(), again: vec![b'y'; 4_096], every };
    for then in [many, long] {
        let peer = Peer::with(vec![then]).await;
        assert_eq!(heard_of(&peer).await, unreached(Unreached::NoAnswer));
        assert!(peer.written() < 8 << 20, "{}", peer.written());
    }
    // As slow as can be, or promising an answer again and again: the clock ends it.
    let every = Duration::from_millis(20);
    let slow = Then::Repeat { first: b"HTTP/1.1 200 OK\r\n".to_vec(), again: b"x".to_vec(), every };
    let promises = Then::Repeat { first: Vec::new(), again: b"HTTP/1.1 102 Processing\r\n\r\n".to_vec(), every };
    for then in [slow, promises] {
        let peer = Peer::with(vec![then]).await;
        assert_eq!(heard_within(&peer, Duration::from_millis(300)).await, unreached(Unreached::Timeout));
    }
}

#[tokio::test]
async fn silence_ends_with_the_budget() {
    let peer = Peer::with(vec![Then::Hang]).await;
    let budget = Duration::from_millis(300);
    let before = Instant::now();
    assert_eq!(heard_within(&peer, budget).await, unreached(Unreached::Timeout));
    assert!((budget..SOON).contains(&before.elapsed()), "{:?}", before.elapsed());
    assert_eq!(peer.sent().len(), 1);
}

#[tokio::test]
async fn a_lost_connection_is_no_answer_and_nothing_is_sent_again() {
    let garbage = Then::AnswerAndHangUp(b"\x16\x03\x01 this is not http\r\n\r\n".to_vec());
    let half = Then::AnswerAndHangUp(b"HTTP/1.1 200 OK\r\nx: ".to_vec());
    for then in [Then::Reset, Then::HangUp, garbage, half] {
        let peer = Peer::with(vec![then, Then::Answer(answer("200 OK", "", ""))]).await;
        assert_eq!(heard_of(&peer).await, unreached(Unreached::NoAnswer));
        assert_eq!(peer.sent().len(), 1);
    }
}

#[tokio::test]
async fn nobody_there_and_nobody_who_speaks_tls_are_told_apart() {
    let nobody = Peer::gone().await;
    assert_eq!(heard_of(&nobody).await, unreached(Unreached::NoConnection));
    let peer = Peer::talking_first(answer("400 Bad Request", "", "speak plainly")).await;
    let sender = Sender::new(Reach::Loopback).unwrap();
    let heard = sender.send(&peer.encrypted_url("127.0.0.1"), &signed(), BODY.to_vec(), SOON).await;
    assert_eq!(heard, unreached(Unreached::Tls));
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_gets_no_message() {
    let (peer, certificate) = Peer::with_a_certificate_of_its_own();
    let sender = Sender::new(Reach::Loopback).unwrap();
    let heard = sender.send(&peer.encrypted_url("localhost"), &signed(), BODY.to_vec(), SOON).await;
    assert_eq!(heard, unreached(Unreached::Tls));
    // Vouched for, but for another name.
    let sender = trusting(&certificate);
    let heard = sender.send(&peer.encrypted_url("other.localhost"), &signed(), BODY.to_vec(), SOON).await;
    assert_eq!(heard, unreached(Unreached::Tls));
    assert_eq!(peer.sent(), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_that_is_vouched_for_gets_its_message_encrypted() {
    let (peer, certificate) = Peer::with_a_certificate_of_its_own();
    let heard = trusting(&certificate).send(&peer.encrypted_url("localhost"), &signed(), BODY.to_vec(), SOON).await;
    assert_eq!(heard, status(200));
    assert!(peer.sent()[0].starts_with("POST /hook?shop=7 HTTP/1.1\r\n"), "{:?}", peer.sent());
}

/// A way to the developer's machine that trusts this certificate too.
fn trusting(certificate: &[u8]) -> Sender {
    let (names, _) = Names::of(&[&["127.0.0.1"]]);
    let certificate = reqwest::Certificate::from_der(certificate).unwrap();
    let client = crate::net::outbound(Arc::new(CheckedNames::new(names, Reach::Loopback)));
    Sender { client: client.tls_certs_merge([certificate]).build().unwrap(), reach: Reach::Loopback }
}

#[tokio::test]
async fn a_message_that_cannot_be_written_is_not_sent() {
    let peer = Peer::with(vec![Then::Answer(answer("200 OK", "", ""))]).await;
    let sender = Sender::new(Reach::Loopback).unwrap();
    let split = Signed { id: "evt_1\r\nx-evil: 1".to_owned(), ..signed() };
    let heard = sender.send(&peer.url("127.0.0.1"), &split, BODY.to_vec(), SOON).await;
    assert_eq!((heard, peer.connections()), (unreached(Unreached::Unsendable), 0));
}

#[tokio::test]
async fn nothing_goes_to_an_address_of_the_house_however_it_is_spelt() {
    let peer = Peer::with(vec![Then::Answer(answer("200 OK", "", ""))]).await;
    let sender = Sender::new(Reach::Public).unwrap();
    for host in
        ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0", "localhost", "a.localhost"]
    {
        let heard = sender.send(&peer.encrypted_url(host), &signed(), BODY.to_vec(), SOON).await;
        // Whether this machine knows `a.localhost` is its own affair.
        let no_such_name = host == "a.localhost" && heard == unreached(Unreached::NameNotFound);
        assert!(heard == NOT_PUBLIC || no_such_name, "{host}: {heard:?}");
    }
    let in_clear = sender.send(&peer.url("127.0.0.1"), &signed(), BODY.to_vec(), SOON).await;
    assert_eq!(in_clear, Heard::Refused { reason: Refusal::NotEncrypted });
    assert_eq!(peer.connections(), 0);
}

/// A name server that gives these answers, one after the other, and then the last one for ever.
struct Names {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    asked: Arc<AtomicUsize>,
}

impl Names {
    fn of(answers: &[&[&str]]) -> (Self, Arc<AtomicUsize>) {
        let read = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let asked = Arc::new(AtomicUsize::new(0));
        (Self { answers: Mutex::new(answers.iter().map(read).collect()), asked: Arc::clone(&asked) }, asked)
    }
}

impl Lookup for Names {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

#[tokio::test]
async fn a_name_that_leads_home_is_refused_at_the_moment_of_connecting() {
    let peer = Peer::with(vec![Then::Answer(answer("200 OK", "", ""))]).await;
    for bad in [&["127.0.0.1"][..], &["8.8.8.8", "127.0.0.1"], &["::ffff:127.0.0.1"], &["169.254.169.254"]] {
        let (names, asked) = Names::of(&[bad]);
        let sender = Sender::asking(names, Reach::Public).unwrap();
        let heard = sender.send(&peer.encrypted_url("merchant.example"), &signed(), BODY.to_vec(), SOON).await;
        assert_eq!((heard, asked.load(Ordering::SeqCst)), (NOT_PUBLIC, 1), "{bad:?}");
    }
    let (nobody, _) = Names::of(&[&[]]);
    let sender = Sender::asking(nobody, Reach::Public).unwrap();
    let heard = sender.send(&peer.encrypted_url("merchant.example"), &signed(), BODY.to_vec(), SOON).await;
    assert_eq!(heard, unreached(Unreached::NameNotFound));
    assert_eq!(peer.connections(), 0);
}

/// What was judged is what is connected to: one question for each connection, and its answer is used and no other. Who gives a
/// good address to the judge and a bad one to the client has nobody to give the second to.
#[tokio::test]
async fn a_name_is_asked_for_once_and_each_connection_is_judged_anew() {
    let closing = || Then::AnswerAndHangUp(answer("200 OK", "connection: close\r\n", "").into());
    let peer = Peer::with(vec![closing(), closing()]).await;
    let (names, asked) = Names::of(&[&["127.0.0.1"], &["10.0.0.1"]]);
    let sender = Sender::asking(names, Reach::Loopback).unwrap();
    assert_eq!(place_of(Ipv4Addr::LOCALHOST.into()), Place::Loopback);
    let first = sender.send(&peer.url("localhost"), &signed(), BODY.to_vec(), SOON).await;
    assert_eq!((first, asked.load(Ordering::SeqCst)), (status(200), 1), "the URL's port, the guard's address");
    let second = sender.send(&peer.url("localhost"), &signed(), BODY.to_vec(), SOON).await;
    assert_eq!((second, asked.load(Ordering::SeqCst)), (NOT_PUBLIC, 2));
    assert_eq!((peer.sent().len(), peer.connections()), (1, 1));
}

#[tokio::test]
async fn a_proxy_that_the_environment_names_is_not_asked() {
    // The variables are read when a client is built, and a test must not change them for its neighbours: so this asks another process.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();
    let output = tokio::task::spawn_blocking(move || {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
            command.env(name, &proxy);
        }
        command.args(["--exact", "outbound::send::tests::every_status_is_an_answer"]).env_remove("NO_PROXY").output()
    });
    let output = output.await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert!(listener.accept().is_err(), "somebody asked the proxy");
}
