//! Merchants' webhook endpoints: what is sent to them is kept as it came, and they answer as they were told.
//!
//! A merchant is whoever has a name; one that nobody has heard of answers 200. Nothing here checks a signature or knows what
//! a message means: that is for the test to say, and for the specification's own library.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;

/// Each test has its own; a load test has a few.
const MAX_MERCHANTS: usize = 1_000;
/// Of all merchants together. A test that sends more is told so, rather than shown a part of what came.
const MAX_RECEIVED: usize = 20_000;
/// And that many bytes of bodies.
const MAX_RECEIVED_BYTES: usize = 64 * 1024 * 1024;
const MAX_NAME_BYTES: usize = 64;
/// Longer than any sender waits.
const MAX_DELAY_MS: u64 = 10 * 60 * 1000;
/// How long a silent merchant is silent when nobody says.
const DEFAULT_HANG_MS: u64 = 60_000;

/// Everybody who takes webhooks, by name.
#[derive(Default)]
pub(crate) struct Merchants {
    by_name: BTreeMap<String, Merchant>,
    /// How many messages came since the start, which names each.
    came: u64,
    /// How many of them are kept,
    kept: usize,
    /// and how long their bodies are.
    kept_bytes: usize,
}

#[derive(Default)]
struct Merchant {
    manner: Option<Manner>,
    received: Vec<(u64, Received)>,
}

/// How a merchant answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Manner {
    /// 200 if nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delay_ms: Option<u64>,
    /// The header, as it stands: seconds or a date, or nonsense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retry_after: Option<String>,
    /// The header of a redirect.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    /// After so many answers the merchant is itself again; for ever, if nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) times: Option<u32>,
    /// Says nothing for `delay_ms`, and then tears the connection.
    #[serde(default)]
    pub(crate) hang: bool,
}

/// What came, as it came.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Received {
    pub(crate) at: String,
    pub(crate) method: String,
    pub(crate) headers: BTreeMap<&'static str, Option<String>>,
    pub(crate) body: String,
    /// The status; null while there is none, and for ever if the merchant hung or the sender left.
    pub(crate) answered: Option<u16>,
}

/// What a merchant does with what just came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Answer { after_ms: u64, status: u16, retry_after: Option<String>, location: Option<String> },
    Hang { for_ms: u64 },
}

impl Merchants {
    /// From now on this merchant answers like that.
    pub(crate) fn teach(&mut self, name: &str, manner: Manner) -> Result<(), String> {
        manner.check()?;
        self.named(name)?.manner = Some(manner);
        Ok(())
    }

    /// Keeps what came; says which it is and what the merchant does now.
    pub(crate) fn receive(&mut self, name: &str, received: Received) -> Result<(u64, Act), String> {
        let bytes = self.kept_bytes.saturating_add(received.body.len());
        if self.kept >= MAX_RECEIVED || bytes > MAX_RECEIVED_BYTES {
            return Err("the sandbox has no room for more messages".to_owned());
        }
        let nth = self.came.saturating_add(1);
        let merchant = self.named(name)?;
        merchant.received.push((nth, received));
        let act = merchant.act();
        (self.came, self.kept, self.kept_bytes) = (nth, self.kept.saturating_add(1), bytes);
        Ok((nth, act))
    }

    /// This message was answered, unless it is forgotten already.
    pub(crate) fn answered(&mut self, name: &str, nth: u64, status: u16) {
        let received = self.by_name.get_mut(name).map(|merchant| &mut merchant.received);
        if let Some((_, one)) = received.and_then(|received| received.iter_mut().find(|(which, _)| *which == nth)) {
            one.answered = Some(status);
        }
    }

    /// What came to this merchant, in its order.
    pub(crate) fn received(&self, name: &str) -> Vec<Received> {
        let received = self.by_name.get(name).into_iter().flat_map(|merchant| &merchant.received);
        received.map(|(_, one)| one.clone()).collect()
    }

    /// There never was such a merchant.
    pub(crate) fn forget(&mut self, name: &str) {
        let forgotten = self.by_name.remove(name).map(|merchant| merchant.received).unwrap_or_default();
        for (_, one) in forgotten {
            self.kept = self.kept.saturating_sub(1);
            self.kept_bytes = self.kept_bytes.saturating_sub(one.body.len());
        }
    }

    fn named(&mut self, name: &str) -> Result<&mut Merchant, String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(is_plain) {
            return Err(format!("a name is 1 to {MAX_NAME_BYTES} letters, digits, - and _"));
        }
        if self.by_name.len() >= MAX_MERCHANTS && !self.by_name.contains_key(name) {
            return Err(format!("there are {MAX_MERCHANTS} merchants already"));
        }
        Ok(self.by_name.entry(name.to_owned()).or_default())
    }
}

impl Merchant {
    fn act(&mut self) -> Act {
        let Some(manner) = &mut self.manner else { return Act::thanks() };
        let act = manner.act();
        let left = manner.times.map(|times| times.saturating_sub(1));
        manner.times = left;
        if left == Some(0) {
            self.manner = None;
        }
        act
    }
}

impl Manner {
    fn check(&self) -> Result<(), String> {
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Err("status must be between 200 and 599".to_owned());
        }
        if self.times == Some(0) {
            return Err("times must be at least 1".to_owned());
        }
        if self.delay_ms.is_some_and(|delay| delay > MAX_DELAY_MS) {
            return Err(format!("delayMs must be at most {MAX_DELAY_MS}"));
        }
        let is_header = |text: &String| text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if ![&self.retry_after, &self.location].into_iter().flatten().all(is_header) {
            return Err("retryAfter and location must be visible ASCII".to_owned());
        }
        if self.hang && (self.status.is_some() || self.retry_after.is_some() || self.location.is_some()) {
            return Err("who hangs does not answer".to_owned());
        }
        Ok(())
    }

    fn act(&self) -> Act {
        if self.hang {
            return Act::Hang { for_ms: self.delay_ms.unwrap_or(DEFAULT_HANG_MS) };
        }
        Act::Answer {
            after_ms: self.delay_ms.unwrap_or_default(),
            status: self.status.unwrap_or(200),
            retry_after: self.retry_after.clone(),
            location: self.location.clone(),
        }
    }
}

impl Act {
    const fn thanks() -> Self {
        Self::Answer { after_ms: 0, status: 200, retry_after: None, location: None }
    }
}

impl Received {
    /// What has come just now. A body that is no text is shown as far as it is one.
    pub(crate) fn new(now: Moment, method: &str, headers: BTreeMap<&'static str, Option<String>>, body: &[u8]) -> Self {
        let (method, body) = (method.to_owned(), String::from_utf8_lossy(body).into_owned());
        Self { at: now.rfc3339(), method, headers, body, answered: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(body: &str) -> Received {
        Received::new(Moment { ms: 1_700_000_000_123 }, "POST", BTreeMap::new(), body.as_bytes())
    }

    fn manner(text: &str) -> Manner {
        serde_json::from_str(text).unwrap()
    }

    fn status(act: &Act) -> u16 {
        let Act::Answer { status, .. } = act else { panic!("{act:?}") };
        *status
    }

    #[test]
    fn a_merchant_answers_as_it_was_told_so_often_and_then_200_again() {
        let mut merchants = Merchants::default();
        merchants.teach("jo", manner(r#"{"status": 503, "retryAfter": "7", "times": 2}"#)).unwrap();
        let mut heard = || status(&merchants.receive("jo", one("x")).unwrap().1);
        assert_eq!([heard(), heard(), heard(), heard()], [503, 503, 200, 200]);
        merchants.teach("jo", manner(r#"{"status": 410}"#)).unwrap();
        for _ in 0..5 {
            assert_eq!(status(&merchants.receive("jo", one("x")).unwrap().1), 410);
        }
        assert_eq!(status(&merchants.receive("flo", one("x")).unwrap().1), 200, "nobody else");
        merchants.teach("flo", manner(r#"{"hang": true}"#)).unwrap();
        assert_eq!(merchants.receive("flo", one("x")).unwrap().1, Act::Hang { for_ms: DEFAULT_HANG_MS });
    }

    #[test]
    fn what_came_is_kept_in_its_order_until_it_is_forgotten() {
        let mut merchants = Merchants::default();
        let (first, _) = merchants.receive("jo", one("1")).unwrap();
        let (second, _) = merchants.receive("jo", one("2")).unwrap();
        merchants.answered("jo", second, 200);
        let shown: Vec<_> = merchants.received("jo").into_iter().map(|one| (one.body, one.answered)).collect();
        assert_eq!(shown, [("1".to_owned(), None), ("2".to_owned(), Some(200))]);
        merchants.forget("jo");
        merchants.answered("jo", first, 200);
        assert!(merchants.received("jo").is_empty());
    }

    #[test]
    fn more_than_can_be_shown_is_not_taken() {
        let mut merchants = Merchants::default();
        for _ in 0..MAX_RECEIVED {
            merchants.receive("jo", one("")).unwrap();
        }
        assert!(merchants.receive("flo", one("")).is_err());
        merchants.forget("jo");
        assert!(merchants.receive("flo", one(&"x".repeat(MAX_RECEIVED_BYTES))).is_ok());
        assert!(merchants.receive("flo", one("x")).is_err());
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let mut merchants = Merchants::default();
        for text in [
            r#"{"status": 100}"#,
            r#"{"status": 600}"#,
            r#"{"times": 0}"#,
            r#"{"delayMs": 99999999}"#,
            r#"{"location": "a\nb"}"#,
            r#"{"hang": true, "status": 200}"#,
        ] {
            assert!(merchants.teach("jo", manner(text)).is_err(), "{text}");
        }
        for name in ["", "a/b", "a b", "ä", &"x".repeat(65)] {
            assert!(merchants.teach(name, manner("{}")).is_err(), "{name}");
            assert!(merchants.receive(name, one("x")).is_err(), "{name}");
        }
    }
}
