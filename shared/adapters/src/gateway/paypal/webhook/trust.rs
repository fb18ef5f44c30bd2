//! Which certificates PayPal's webhooks may be signed under: from where they may be fetched, which name they must bear, and
//! the roots at which their chains must end.
//!
//! Must never: trust a certificate for where it comes from alone, follow an address that somebody else made up, or take a
//! further root anywhere but on a developer's own machine.

use domain::{gateway::Mode, time::Timestamp};
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime, pem::PemObject as _};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert, ring};

use super::transmission::Transmission;
use crate::gateway::wire::BaseUrl;

/// Where PayPal keeps its certificates, at each of its hosts.
const FOLDER: &str = "/v1/notifications/certs/";
const LIVE_HOSTS: [&str; 2] = ["https://api.paypal.com", "https://api-m.paypal.com"];
const TEST_HOSTS: [&str; 2] = ["https://api.sandbox.paypal.com", "https://api-m.sandbox.paypal.com"];
/// The names on them. PayPal's sandbox signs under either.
const LIVE_NAMES: [&str; 1] = ["messageverificationcerts.paypal.com"];
const TEST_NAMES: [&str; 2] = ["messageverificationcerts.paypal.com", "messageverificationcerts.sandbox.paypal.com"];
/// `CERT-360caa42-fca2a594-1d93a270`.
const ID_MAX_BYTES: usize = 64;
/// The end, two or three between, and the root, which PayPal sends along.
const CHAIN_MAX: usize = 8;

/// What is trusted.
#[derive(Debug)]
pub(super) struct Trust {
    sources: Vec<String>,
    names: &'static [&'static str],
    roots: Vec<TrustAnchor<'static>>,
}

/// Why something cannot be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a root of one's own is a certificate (PEM), and trusted only beside a stand-in for PayPal on this machine")]
pub(super) struct BadTrust;

/// Certificates: the one that signs first, then those that vouch for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain(Vec<CertificateDer<'static>>);

impl Trust {
    /// PayPal's own certificates in `mode`, which end at a root of the web. Where PayPal itself is a stand-in on the
    /// developer's own machine, its certificates too, which end at `own_root`.
    ///
    /// # Errors
    /// If the root is none, or has no business here.
    pub(super) fn new(mode: Mode, base_url: &BaseUrl, own_root: Option<&str>) -> Result<Self, BadTrust> {
        let (hosts, names): (_, &[&str]) = match mode {
            Mode::Live => (LIVE_HOSTS, &LIVE_NAMES),
            Mode::Test => (TEST_HOSTS, &TEST_NAMES),
        };
        let mut sources: Vec<_> = hosts.iter().map(|host| format!("{host}{FOLDER}")).collect();
        let mut roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
        if let Some(pem) = own_root {
            if mode == Mode::Live || !base_url.is_at_home() {
                return Err(BadTrust);
            }
            let root = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| BadTrust)?;
            roots.push(anchor_from_trusted_cert(&root).map_err(|_| BadTrust)?.to_owned());
            sources.push(base_url.at(FOLDER));
        }
        Ok(Self { sources, names, roots })
    }

    /// Whether a certificate may be fetched from there. The address is compared as it is written: what needs to be
    /// understood first can be misunderstood.
    pub(super) fn allows(&self, url: &str) -> bool {
        let id = self.sources.iter().find_map(|source| url.strip_prefix(source.as_str()));
        id.is_some_and(|id| {
            (1..=ID_MAX_BYTES).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
    }

    /// Whether the chain is PayPal's now: it ends at a root that is trusted, each certificate is in its time, and the
    /// first one bears PayPal's name.
    pub(super) fn vouches_for(&self, chain: &Chain, now: Timestamp) -> bool {
        let Some((leaf, above)) = chain.0.split_first() else { return false };
        let Ok(leaf) = EndEntityCert::try_from(leaf) else { return false };
        let Ok(seconds) = u64::try_from(now.unix_ms().div_euclid(1_000)) else { return false };
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        // PayPal's certificates are those of TLS servers.
        let usage = KeyUsage::server_auth();
        let is_vouched_for =
            leaf.verify_for_usage(ALL_VERIFICATION_ALGS, &self.roots, above, now, usage, None, None).is_ok();
        let bears = |name: &&str| {
            ServerName::try_from(*name).is_ok_and(|name| leaf.verify_is_valid_for_subject_name(&name).is_ok())
        };
        is_vouched_for && self.names.iter().any(bears)
    }
}

impl Chain {
    /// Reads a chain of PEM blocks; none if there is none, or something else among them.
    pub(super) fn read(pem: &[u8]) -> Option<Self> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).take(CHAIN_MAX.saturating_add(1)).collect();
        chain.ok().filter(|chain| (1..=CHAIN_MAX).contains(&chain.len())).map(Self)
    }

    /// Whether its first certificate signed this body for this endpoint.
    pub(super) fn has_signed(&self, transmission: &Transmission<'_>, webhook_id: &str, body: &[u8]) -> bool {
        let Some(leaf) = self.0.first().and_then(|leaf| EndEntityCert::try_from(leaf).ok()) else { return false };
        let text = transmission.signed_text(webhook_id, body);
        leaf.verify_signature(ring::RSA_PKCS1_2048_8192_SHA256, text.as_bytes(), &transmission.signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::paypal::webhook::signer::{Signer, Twist};

    const NOW: Timestamp = Timestamp::from_unix_ms(1_700_000_000_000);

    fn official() -> BaseUrl {
        BaseUrl::parse("https://api-m.paypal.com").unwrap()
    }

    fn at_home() -> BaseUrl {
        BaseUrl::parse("http://127.0.0.1:12111").unwrap()
    }

    fn trusting(signer: &Signer) -> Trust {
        Trust::new(Mode::Test, &at_home(), Some(&signer.root_pem)).unwrap()
    }

    fn allows(mode: Mode, url: &str) -> bool {
        Trust::new(mode, &official(), None).unwrap().allows(url)
    }

    #[test]
    fn certificates_come_from_paypals_hosts_of_the_mode_and_from_nowhere_else() {
        let id = "CERT-360caa42-fca2a594-1d93a270";
        for (host, mode) in
            LIVE_HOSTS.map(|host| (host, Mode::Live)).into_iter().chain(TEST_HOSTS.map(|host| (host, Mode::Test)))
        {
            let other = if mode == Mode::Live { Mode::Test } else { Mode::Live };
            assert!(allows(mode, &format!("{host}{FOLDER}{id}")), "{host}");
            assert!(!allows(other, &format!("{host}{FOLDER}{id}")), "{host}");
        }
        for url in [
            "http://api.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
            "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
            "https://evil.example/https://api.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com:8443/v1/notifications/certs/CERT-1",
            "https://API.paypal.com/v1/notifications/certs/CERT-1",
            "https://api.paypal.com/v1/notifications/certs/",
            "https://api.paypal.com/v1/notifications/certs/../../x",
            "https://api.paypal.com/v1/notifications/certs/CERT-1/x",
            "https://api.paypal.com/v1/notifications/certs/CERT-1?to=https://evil.example",
            "https://api.paypal.com/v1/notifications/certs/CERT-1#x",
            "https://api.paypal.com/v1/notifications/certs/CERT%2D1",
            "https://api.paypal.com/v1/oauth2/token",
            "https://www.paypal.com/v1/notifications/certs/CERT-1",
            "http://127.0.0.1:12111/v1/notifications/certs/CERT-1",
            "",
        ] {
            assert!(!allows(Mode::Live, url), "{url}");
        }
        let long = format!("{}{FOLDER}{}", LIVE_HOSTS[0], "x".repeat(ID_MAX_BYTES + 1));
        assert!(!allows(Mode::Live, &long));
    }

    #[test]
    fn a_root_of_ones_own_is_trusted_beside_a_stand_in_at_home_and_nowhere_else() {
        let signer = Signer::new(Twist::None);
        let own = Some(signer.root_pem.as_str());
        assert!(trusting(&signer).allows("http://127.0.0.1:12111/v1/notifications/certs/CERT-1"));
        assert!(trusting(&signer).allows("https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1"));
        assert_eq!(Trust::new(Mode::Test, &official(), own).err(), Some(BadTrust));
        assert_eq!(Trust::new(Mode::Live, &at_home(), own).err(), Some(BadTrust));
        for bad in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "https://root.example"] {
            assert_eq!(Trust::new(Mode::Test, &at_home(), Some(bad)).err(), Some(BadTrust), "{bad}");
        }
        let without = Trust::new(Mode::Test, &at_home(), None).unwrap();
        assert!(!without.allows("http://127.0.0.1:12111/v1/notifications/certs/CERT-1"));
    }

    #[test]
    fn a_chain_is_trusted_up_to_its_root_in_its_time_and_under_paypals_name() {
        let signer = Signer::new(Twist::None);
        let trust = trusting(&signer);
        assert!(trust.vouches_for(&signer.chain(), NOW));
        let (before, after) = (Timestamp::from_unix_ms(1_500_000_000_000), Timestamp::from_unix_ms(3_000_000_000_000));
        assert!(!trust.vouches_for(&signer.chain(), before) && !trust.vouches_for(&signer.chain(), after));
        assert!(!trust.vouches_for(&signer.chain(), Timestamp::from_unix_ms(-1)));
        assert!(
            !trusting(&Signer::new(Twist::None)).vouches_for(&signer.chain(), NOW),
            "another root of the same name"
        );
        let web = Trust::new(Mode::Test, &at_home(), None).unwrap();
        assert!(!web.vouches_for(&signer.chain(), NOW));
    }

    #[test]
    fn a_certificate_that_is_not_for_this_is_not_trusted_under_the_right_root_either() {
        for twist in [
            Twist::Named("www.paypal.com"),
            Twist::Named("paypal.com.evil.example"),
            Twist::OnlyCommonName,
            Twist::Expired,
            Twist::NotYet,
            Twist::ForClients,
        ] {
            let signer = Signer::new(twist);
            assert!(!trusting(&signer).vouches_for(&signer.chain(), NOW), "{twist:?}");
        }
        let sandbox = Signer::new(Twist::Named("messageverificationcerts.sandbox.paypal.com"));
        assert!(trusting(&sandbox).vouches_for(&sandbox.chain(), NOW));
        let mut live = trusting(&sandbox);
        live.names = &LIVE_NAMES;
        assert!(!live.vouches_for(&sandbox.chain(), NOW), "play money's certificate vouches for real money");
    }

    #[test]
    fn what_is_no_chain_is_none() {
        let signer = Signer::new(Twist::None);
        assert!(Chain::read(signer.chain_pem.as_bytes()).is_some());
        for bad in ["", "<html>", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
            assert_eq!(Chain::read(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(Chain::read(signer.root_pem.repeat(CHAIN_MAX + 1).as_bytes()), None);
        let turned: Vec<_> = signer.chain().0.into_iter().rev().collect();
        assert!(!trusting(&signer).vouches_for(&Chain(turned), NOW), "the root itself has signed");
    }
}
