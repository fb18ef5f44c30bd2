//! PayPal's certificates, fetched when an event first names one, and kept.
//!
//! Must never: keep what is not PayPal's (who sends us events could fill the memory with it), follow a redirect, read
//! without end, or let somebody who sends us forged events make us ask PayPal without end.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use domain::time::Timestamp;
use reqwest::{Client, StatusCode};
use tokio::{sync::Mutex, time::timeout};

use super::trust::{Chain, Trust};
use crate::gateway::wire::whole_body;

/// PayPal uses one at a time and changes it about once a year.
const KEPT_MAX: usize = 4;
/// Four certificates are about 8 kB.
const CHAIN_MAX_BYTES: usize = 64 << 10;
/// PayPal waits for our answer, and will deliver again.
const FETCH_MAX: Duration = Duration::from_secs(3);
/// So often in a minute a certificate that we do not have may be asked for. There is one to have.
const FETCHES_MAX: usize = 6;
const WINDOW: Duration = Duration::from_secs(60);

/// The certificates of this environment.
#[derive(Debug)]
pub(super) struct Certificates {
    client: Client,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Oldest first, by their addresses.
    chains: VecDeque<(String, Arc<Chain>)>,
    /// When the latest were asked for.
    fetched_at: VecDeque<Timestamp>,
}

/// Why there is no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoCertificate {
    /// What is there is not PayPal's.
    Strange,
    /// It cannot be had at the moment.
    Unavailable,
}

impl Certificates {
    /// None yet. `client` must follow no redirects.
    pub(super) fn new(client: Client) -> Self {
        Self { client, kept: Mutex::default() }
    }

    /// The chain at this address, which `trust` allows and vouches for at this moment.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn at(&self, url: &str, trust: &Trust, now: Timestamp) -> Result<Arc<Chain>, NoCertificate> {
        if !trust.allows(url) {
            return Err(NoCertificate::Strange);
        }
        // One asks and the others wait for what comes of it.
        let mut kept = self.kept.lock().await;
        if let Some(chain) = kept.chain(url) {
            // It has been PayPal's; it may have run out since.
            return if trust.vouches_for(&chain, now) { Ok(chain) } else { Err(NoCertificate::Strange) };
        }
        if !kept.may_fetch(now) {
            return Err(NoCertificate::Unavailable);
        }
        let pem = timeout(FETCH_MAX, self.fetch(url)).await.map_err(|_| NoCertificate::Unavailable)??;
        let chain = Chain::read(&pem).filter(|chain| trust.vouches_for(chain, now)).ok_or(NoCertificate::Strange)?;
        Ok(kept.keep(url, chain))
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, NoCertificate> {
        let response = self.client.get(url).send().await.map_err(|_| NoCertificate::Unavailable)?;
        match response.status() {
            StatusCode::OK => whole_body(response, CHAIN_MAX_BYTES).await.map_err(|_| NoCertificate::Unavailable),
            // There is no such certificate: who signed under it was not PayPal.
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(NoCertificate::Strange),
            _ => Err(NoCertificate::Unavailable),
        }
    }
}

impl Kept {
    fn chain(&self, url: &str) -> Option<Arc<Chain>> {
        self.chains.iter().find(|(known, _)| known == url).map(|(_, chain)| Arc::clone(chain))
    }

    fn may_fetch(&mut self, now: Timestamp) -> bool {
        // In either direction: a clock that jumps must not lock us out.
        self.fetched_at.retain(|at| now.since(*at).max(at.since(now)) < WINDOW);
        let may = self.fetched_at.len() < FETCHES_MAX;
        if may {
            self.fetched_at.push_back(now);
        }
        may
    }

    fn keep(&mut self, url: &str, chain: Chain) -> Arc<Chain> {
        if self.chains.len() >= KEPT_MAX {
            self.chains.pop_front();
        }
        let chain = Arc::new(chain);
        self.chains.push_back((url.to_owned(), Arc::clone(&chain)));
        chain
    }
}

#[cfg(test)]
mod tests {
    use domain::gateway::Mode;

    use super::*;
    use crate::gateway::{
        paypal::webhook::signer::{Signer, Twist},
        scripted::{Server, Then, http},
    };

    const NOW: Timestamp = Timestamp::from_unix_ms(1_700_000_000_000);

    fn later(seconds: i64) -> Timestamp {
        Timestamp::from_unix_ms(NOW.unix_ms().saturating_add(seconds.saturating_mul(1_000)))
    }

    /// Certificates, a server that serves this, and an address there.
    fn served(signer: &Signer, script: Vec<Then>) -> (Certificates, Trust, Server, impl Fn(&str) -> String) {
        let server = Server::with(script);
        let trust = Trust::new(Mode::Test, &server.base_url, Some(&signer.root_pem)).unwrap();
        let base = server.base_url.clone();
        let certificates = Certificates::new(crate::net::gateway_client().unwrap());
        (certificates, trust, server, move |id| base.at(&format!("/v1/notifications/certs/{id}")))
    }

    fn pem(signer: &Signer) -> Then {
        Then::Answer(http("200 OK", "", &signer.chain_pem))
    }

    #[tokio::test]
    async fn a_certificate_is_fetched_once_and_its_time_is_looked_at_each_time() {
        let signer = Signer::new(Twist::None);
        let (certificates, trust, server, url) = served(&signer, vec![pem(&signer)]);
        for _ in 0..3 {
            assert_eq!(*certificates.at(&url("CERT-1"), &trust, NOW).await.unwrap(), signer.chain());
        }
        assert_eq!(server.sent().len(), 1);
        let after = Timestamp::from_unix_ms(3_000_000_000_000);
        assert_eq!(certificates.at(&url("CERT-1"), &trust, after).await, Err(NoCertificate::Strange));
    }

    #[tokio::test]
    async fn what_is_not_paypals_is_refused_and_not_kept() {
        let (signer, stranger) = (Signer::new(Twist::None), Signer::new(Twist::None));
        let page = Then::Answer(http("200 OK", "", "<html>"));
        let none = Then::Answer(http("404 Not Found", "", ""));
        let script = vec![pem(&stranger), page, none, pem(&signer)];
        let (certificates, trust, server, url) = served(&signer, script);
        for _ in 0..3 {
            assert_eq!(certificates.at(&url("CERT-1"), &trust, NOW).await, Err(NoCertificate::Strange));
        }
        assert!(certificates.at(&url("CERT-1"), &trust, NOW).await.is_ok());
        let elsewhere = "https://evil.example/v1/notifications/certs/CERT-1";
        assert_eq!(certificates.at(elsewhere, &trust, NOW).await, Err(NoCertificate::Strange));
        assert_eq!(server.sent().len(), 4);
    }

    #[tokio::test]
    async fn while_paypal_cannot_be_asked_nobody_knows() {
        let signer = Signer::new(Twist::None);
        let redirect = Then::Answer(http("302 Found", "location: http://127.0.0.1:1/x\r\n", ""));
        let broken = Then::Answer(http("500 Internal Server Error", "", ""));
        let flood =
            Then::AnswerAndHangUp([b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; CHAIN_MAX_BYTES + 1]].concat());
        let script = vec![redirect, broken, flood, Then::HangUp, Then::HangUp];
        let (certificates, trust, _server, url) = served(&signer, script);
        for _ in 0..4 {
            assert_eq!(certificates.at(&url("CERT-1"), &trust, NOW).await, Err(NoCertificate::Unavailable));
        }
    }

    #[tokio::test]
    async fn somebody_who_invents_addresses_does_not_make_us_ask_for_ever() {
        let signer = Signer::new(Twist::None);
        let none = || Then::Answer(http("404 Not Found", "", ""));
        let script = (0..FETCHES_MAX).map(|_| none()).chain([pem(&signer)]).collect();
        let (certificates, trust, server, url) = served(&signer, script);
        for nth in 0..FETCHES_MAX {
            let invented = url(&format!("CERT-{nth}"));
            assert_eq!(certificates.at(&invented, &trust, NOW).await, Err(NoCertificate::Strange));
        }
        assert_eq!(certificates.at(&url("CERT-1"), &trust, later(59)).await, Err(NoCertificate::Unavailable));
        assert_eq!(server.sent().len(), FETCHES_MAX);
        assert!(certificates.at(&url("CERT-1"), &trust, later(60)).await.is_ok());
    }

    #[test]
    fn no_more_are_kept_than_there_can_be() {
        let (mut kept, signer) = (Kept::default(), Signer::new(Twist::None));
        for nth in 0..=KEPT_MAX {
            kept.keep(&nth.to_string(), signer.chain());
        }
        assert_eq!(kept.chains.len(), KEPT_MAX);
        assert!(kept.chain("0").is_none() && kept.chain("1").is_some());
    }
}
