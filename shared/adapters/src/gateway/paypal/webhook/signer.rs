//! Somebody who signs events as PayPal does, with a chain of their own: for tests.

use std::{convert::Infallible, sync::LazyLock};

use data_encoding::BASE64;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, SanType, date_time_ymd,
};
use reqwest::header::HeaderMap;
use rsa::{
    PrivateKey,
    pkcs1v15::SigningKey,
    pkcs8::EncodePrivateKey,
    rand_core::{TryCryptoRng, TryRng},
    signature::{SignatureEncoding as _, Signer as _},
};
use sha2::Sha256;

use super::{transmission::Transmission, trust::Chain};

const PAYPALS_NAME: &str = "messageverificationcerts.paypal.com";

/// What is wrong with the certificate that signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twist {
    None,
    Named(&'static str),
    /// The name stands where names stood twenty years ago.
    OnlyCommonName,
    Expired,
    NotYet,
    /// It may identify a client, but no server.
    ForClients,
}

/// A root and a certificate under it.
pub(super) struct Signer {
    pub(super) root_pem: String,
    pub(super) chain_pem: String,
}

/// Drawing two primes takes a moment, so all signers have the same key under other names.
static LEAF_KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::new(&mut Dice, 2_048).unwrap());

/// The host's dice: good enough for a key that lives as long as a test.
struct Dice;

impl TryRng for Dice {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|drawn| u32::try_from(drawn >> 32).unwrap())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(crate::host::dice())
    }

    fn try_fill_bytes(&mut self, filled: &mut [u8]) -> Result<(), Infallible> {
        filled.iter_mut().for_each(|byte| *byte = crate::host::dice().to_be_bytes()[0]);
        Ok(())
    }
}

impl TryCryptoRng for Dice {}

impl Signer {
    pub(super) fn new(twist: Twist) -> Self {
        let mut root = params("Root", (2020, 2050));
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
        let years = match twist {
            Twist::Expired => (2020, 2022),
            Twist::NotYet => (2040, 2042),
            Twist::None | Twist::Named(_) | Twist::OnlyCommonName | Twist::ForClients => (2020, 2050),
        };
        let name = if let Twist::Named(name) = twist { name } else { PAYPALS_NAME };
        let mut leaf = params(name, years);
        if twist != Twist::OnlyCommonName {
            leaf.subject_alt_names.push(SanType::DnsName(name.try_into().unwrap()));
        }
        let purpose = if twist == Twist::ForClients {
            ExtendedKeyUsagePurpose::ClientAuth
        } else {
            ExtendedKeyUsagePurpose::ServerAuth
        };
        leaf.extended_key_usages = vec![purpose];
        let der = LEAF_KEY.to_pkcs8_der().unwrap();
        let key = KeyPair::from_pkcs8_der_and_sign_algo(&der.as_bytes().into(), &PKCS_RSA_SHA256).unwrap();
        let leaf = leaf.signed_by(&key, &issuer).unwrap();
        Self { chain_pem: format!("{}{}", leaf.pem(), issuer.pem()), root_pem: issuer.pem() }
    }

    pub(super) fn chain(&self) -> Chain {
        Chain::read(self.chain_pem.as_bytes()).unwrap()
    }
}

/// Whether the key that all signers have signed this.
pub(in crate::gateway::paypal) fn holds(headers: &HeaderMap, webhook_id: &str, body: &[u8]) -> bool {
    static CHAIN: LazyLock<Chain> = LazyLock::new(|| Signer::new(Twist::None).chain());
    Transmission::of(headers).is_some_and(|transmission| CHAIN.has_signed(&transmission, webhook_id, body))
}

/// Headers under which this body goes to this endpoint.
pub(in crate::gateway::paypal) fn headers(
    certificate_url: &str,
    time: &str,
    webhook_id: &str,
    body: &[u8],
) -> HeaderMap {
    let id = "69cd13f0-d67a-11e5-baa3-778b53f4ae55";
    let text = format!("{id}|{time}|{webhook_id}|{}", crc32fast::hash(body));
    let signature = SigningKey::<Sha256>::new(LEAF_KEY.clone()).sign(text.as_bytes()).to_vec();
    let headers = [
        ("paypal-auth-algo", "SHA256withRSA".to_owned()),
        ("paypal-cert-url", certificate_url.to_owned()),
        ("paypal-transmission-id", id.to_owned()),
        ("paypal-transmission-sig", BASE64.encode(&signature)),
        ("paypal-transmission-time", time.to_owned()),
    ];
    headers.into_iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

fn params(common_name: &str, (from, until): (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    params
}
