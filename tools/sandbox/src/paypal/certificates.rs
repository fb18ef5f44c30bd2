//! The certificate chain under which PayPal's webhooks are signed: a root of our own, and below it a certificate with the
//! name that PayPal's has.
//!
//! Both keys are drawn from a fixed seed, so the chain is the same after every start: whoever was told to trust the root
//! need not be told again, and a recorded webhook can be verified on another day. They are no secrets, as nothing of the
//! sandbox is: whoever trusts this root believes anybody. It belongs into a local stack and nowhere else.

use std::{convert::Infallible, sync::LazyLock};

use axum::{
    extract::Path,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, SerialNumber, date_time_ymd,
};
use rsa::{
    PrivateKey,
    pkcs1v15::SigningKey,
    pkcs8::EncodePrivateKey,
    rand_core::{TryCryptoRng, TryRng},
    signature::{SignatureEncoding, Signer},
};
use sha2::{Digest, Sha256};

/// What PayPal's own certificate is called.
const COMMON_NAME: &str = "messageverificationcerts.paypal.com";
const KEY_BITS: usize = 2_048;
/// The chain is good for as long as anybody may want to replay a recorded webhook.
const YEARS: (i32, i32) = (2020, 2060);

/// The chain, and the key of its end.
struct Chain {
    root_pem: String,
    leaf_pem: String,
    id: String,
    key: SigningKey<Sha256>,
}

/// Made when it is first asked for: drawing two primes takes a moment.
static CHAIN: LazyLock<Result<Chain, String>> = LazyLock::new(chain);

/// The PKCS #1 v1.5 signature of the end's key over the SHA-256 of this.
pub(crate) fn sign(text: &[u8]) -> Vec<u8> {
    CHAIN.as_ref().map(|chain| chain.key.sign(text).to_vec()).unwrap_or_default()
}

/// Where the chain is served.
pub(crate) fn url(public_url: &str) -> String {
    let id = CHAIN.as_ref().map(|chain| chain.id.as_str()).unwrap_or_default();
    format!("{public_url}/v1/notifications/certs/{id}")
}

/// The root that a local stack has to trust, as PEM.
pub(crate) fn root_pem() -> Result<&'static str, &'static str> {
    CHAIN.as_ref().map(|chain| chain.root_pem.as_str()).map_err(String::as_str)
}

/// `GET /v1/notifications/certs/{id}`: the end first, then what signed it.
pub(crate) async fn serve(Path(id): Path<String>) -> Response {
    match CHAIN.as_ref() {
        Ok(chain) if chain.id == id => {
            let pem = format!("{}{}", chain.leaf_pem, chain.root_pem);
            ([(CONTENT_TYPE, "text/plain;charset=utf-8")], pem).into_response()
        }
        Ok(_) => StatusCode::NOT_FOUND.into_response(),
        Err(why) => (StatusCode::INTERNAL_SERVER_ERROR, why.clone()).into_response(),
    }
}

fn chain() -> Result<Chain, String> {
    let (root_key, leaf_key) = (private_key("root")?, private_key("leaf")?);
    let mut root = named("Quittance Sandbox Root CA", 1)?;
    root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let issuer = CertifiedIssuer::self_signed(root, pair(&root_key)?).map_err(told)?;
    let mut leaf = named(COMMON_NAME, 2)?;
    leaf.subject_alt_names.push(rcgen::SanType::DnsName(COMMON_NAME.try_into().map_err(told)?));
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    let leaf = leaf.signed_by(&pair(&leaf_key)?, &issuer).map_err(told)?;
    let digest = HEXLOWER.encode(&Sha256::digest(leaf.der()));
    let (first, second) = (digest.get(..8).unwrap_or_default(), digest.get(8..16).unwrap_or_default());
    Ok(Chain {
        root_pem: issuer.pem(),
        leaf_pem: leaf.pem(),
        id: format!("CERT-{first}-{second}"),
        key: SigningKey::new(leaf_key),
    })
}

fn named(common_name: &str, serial: u64) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::new(Vec::new()).map_err(told)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.distinguished_name.push(DnType::OrganizationName, "Quittance Sandbox");
    params.not_before = date_time_ymd(YEARS.0, 1, 1);
    params.not_after = date_time_ymd(YEARS.1, 1, 1);
    params.serial_number = Some(SerialNumber::from(serial));
    Ok(params)
}

fn private_key(seed: &'static str) -> Result<PrivateKey, String> {
    PrivateKey::new(&mut Drawn { seed, count: 0 }, KEY_BITS).map_err(told)
}

fn pair(key: &PrivateKey) -> Result<KeyPair, String> {
    let der = key.to_pkcs8_der().map_err(told)?;
    KeyPair::from_pkcs8_der_and_sign_algo(&der.as_bytes().into(), &PKCS_RSA_SHA256).map_err(told)
}

fn told(error: impl std::fmt::Display) -> String {
    format!("the sandbox has no certificates: {error}")
}

/// Numbers that look random and are the same each time. For keys that are no secrets, and for nothing else.
struct Drawn {
    seed: &'static str,
    count: u64,
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, filled: &mut [u8]) -> Result<(), Infallible> {
        for chunk in filled.chunks_mut(32) {
            self.count = self.count.wrapping_add(1);
            let drawn = Sha256::new().chain_update(self.seed).chain_update(self.count.to_be_bytes()).finalize();
            chunk.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
        }
        Ok(())
    }
}

/// The keys are no secrets, see above.
impl TryCryptoRng for Drawn {}
