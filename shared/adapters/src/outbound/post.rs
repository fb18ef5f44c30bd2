//! The flow's way out: an event to one of the merchant's endpoints, signed with the secrets that are active.
//!
//! Must never: send what it cannot sign, or count as a try what never went out for a reason of our own.

use domain::webhook::{Answer, Generation, Reach, Reason, SEND_TIMEOUT};
use flow::ports::{
    Dependency, Error,
    webhook::{SendWebhook, Sending},
};

use super::{Heard, Sender, Signed, SigningKey, derive};
use crate::{
    net::OutboundClientError,
    secrets::{Cached, Vault, WebhookSigningKey},
};

/// Sends events.
#[derive(Debug)]
pub struct Post<V> {
    sender: Sender,
    key: Cached<WebhookSigningKey, V>,
}

impl<V: Vault> Post<V> {
    /// A way out as far as `reach`, where what is sent is signed under `key`.
    ///
    /// # Errors
    /// If there can be no HTTP client.
    pub fn new(key: Cached<WebhookSigningKey, V>, reach: Reach) -> Result<Self, OutboundClientError> {
        Ok(Self { sender: Sender::new(reach)?, key })
    }

    /// The key, to be read before the first event.
    pub const fn key(&self) -> &Cached<WebhookSigningKey, V> {
        &self.key
    }

    async fn keys(&self, sending: &Sending<'_>) -> Result<Vec<SigningKey>, Error> {
        let master = self
            .key
            .get(sending.sent_at)
            .await
            .map_err(|error| Error::Unavailable { dependency: Dependency::Secrets, detail: error.to_string() })?;
        let key = |generation: &Generation| derive(master.secret(), sending.endpoint.as_str(), generation.get());
        Ok(sending.generations.iter().map(key).collect())
    }
}

impl<V: Vault> SendWebhook for Post<V> {
    async fn send(&self, sending: &Sending<'_>) -> Result<Answer, Error> {
        let keys = self.keys(sending).await?;
        let event = sending.event;
        let signed = Signed::new(event.id.as_str(), sending.sent_at, &event.body, &keys);
        let heard = self.sender.send(sending.url.as_str(), &signed, event.body.clone(), SEND_TIMEOUT).await;
        Ok(match heard {
            Heard::Status { code, retry_after } => Answer::Answered { status: code, retry_after },
            Heard::Unreachable { reason } => Answer::Unreachable { reason: Reason::of(reason.word()) },
            Heard::Refused { reason } => Answer::Refused { reason: Reason::of(reason.word()) },
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    use domain::{
        time::Timestamp,
        timeline::{EventId, EventType},
        webhook::{EndpointId, EndpointUrl},
    };
    use flow::ports::timeline::Event;

    use super::*;
    use crate::secrets::{Secret, SecretError};

    const AT: Timestamp = Timestamp::from_unix_ms(1_795_434_360_007);

    struct Drawer(&'static str);

    impl Vault for Drawer {
        async fn read(&self, _: &str) -> Result<Secret, SecretError> {
            Ok(Secret::new(self.0.to_owned()))
        }
    }

    const KEY: &str = r#"{"signingKey":"local-development-only-local-development-only"}"#;

    fn post(document: &'static str, reach: Reach) -> Post<Drawer> {
        Post::new(Cached::new(Drawer(document), "webhook-signing-key", 0), reach).unwrap()
    }

    fn event() -> Event {
        let id = EventId::parse("evt_pay_srgsc5zsbqycrakmfcc3opqd6l_7").unwrap();
        Event { id, event_type: EventType::PaymentCreated, at: AT, body: br#"{"id":"evt"}"#.to_vec() }
    }

    async fn sent(post: &Post<Drawer>, url: &str) -> Result<Answer, Error> {
        let (url, event) = (EndpointUrl::parse(url).unwrap(), event());
        let endpoint = EndpointId::parse("whe_arpb6qksu432hzgqqolzprqe2m").unwrap();
        let generations = [2, 1].map(|number| Generation::try_new(number).unwrap());
        let sending = Sending { url: &url, endpoint: &endpoint, generations: &generations, event: &event, sent_at: AT };
        post.send(&sending).await
    }

    /// A server that answers once, and gives back what it was told.
    fn server() -> (String, thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hooks", listener.local_addr().unwrap());
        let heard = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut heard, mut buffer) = (String::new(), [0; 4_096]);
            while !heard.ends_with(r#"{"id":"evt"}"#) {
                let read = stream.read(&mut buffer).unwrap();
                heard.push_str(std::str::from_utf8(buffer.get(..read).unwrap()).unwrap());
            }
            stream.write_all(b"HTTP/1.1 503 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n").unwrap();
            heard
        });
        (url, heard)
    }

    #[tokio::test]
    async fn an_event_goes_out_under_its_id_signed_by_each_active_secret_and_the_answer_comes_back() {
        let (url, server) = server();
        let answer = sent(&post(KEY, Reach::Loopback), &url).await;
        let retry_after = Some(std::time::Duration::from_secs(7));
        assert_eq!(answer, Ok(Answer::Answered { status: 503, retry_after }));
        let heard = server.join().unwrap();
        assert!(heard.contains("webhook-id: evt_pay_srgsc5zsbqycrakmfcc3opqd6l_7\r\n"), "{heard}");
        assert!(heard.contains("webhook-timestamp: 1795434360\r\n"), "{heard}");
        let master = Secret::new("local-development-only-local-development-only".to_owned());
        let keys = [2, 1].map(|generation| derive(&master, "whe_arpb6qksu432hzgqqolzprqe2m", generation));
        let wanted = Signed::new(event().id.as_str(), AT, &event().body, &keys).signature;
        assert!(heard.contains(&format!("webhook-signature: {wanted}\r\n")), "{heard}");
    }

    #[tokio::test]
    async fn where_the_machine_itself_may_not_be_called_nothing_is_sent_to_it() {
        let answer = sent(&post(KEY, Reach::Public), "http://127.0.0.1:1/hooks").await;
        assert!(matches!(answer, Ok(Answer::Refused { .. })), "{answer:?}");
    }

    #[tokio::test]
    async fn what_cannot_be_signed_is_not_sent_and_is_no_try() {
        let answer = sent(&post("{}", Reach::Loopback), "http://127.0.0.1:1/hooks").await;
        assert!(matches!(answer, Err(Error::Unavailable { dependency: Dependency::Secrets, .. })), "{answer:?}");
    }
}
