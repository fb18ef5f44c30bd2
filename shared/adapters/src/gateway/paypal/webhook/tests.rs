//! Events as PayPal signs them, and as somebody else would like to.

use domain::gateway::Mode;
use reqwest::header::HeaderName;

use super::{
    signer::{Signer, Twist, headers},
    *,
};
use crate::{
    gateway::scripted::{Server, Then, http},
    secrets::{Document as _, Secret},
};

const NOW: Timestamp = Timestamp::from_unix_ms(1_700_000_000_000);
const TIME: &str = "2023-11-14T22:13:20Z";
const WEBHOOK_ID: &str = "8PT597110X687430LKGECATA";
const BODY: &[u8] = br#"{"id":"WH-1","event_type":"PAYMENT.CAPTURE.COMPLETED"}"#;

/// A verifier that can fetch the signer's chain, the address of that, and the endpoint that trusts its root.
fn verifier(signer: &Signer) -> (Verifier, String, PaypalEndpoint) {
    let answers = (0..6).map(|_| Then::Answer(http("200 OK", "", &signer.chain_pem))).collect();
    let server = Server::with(answers);
    let url = server.base_url.at("/v1/notifications/certs/CERT-1");
    (Verifier::new(crate::net::gateway_client().unwrap(), server.base_url, Mode::Test), url, endpoint(signer))
}

fn endpoint(signer: &Signer) -> PaypalEndpoint {
    let stored = serde_json::json!({"webhookId": WEBHOOK_ID, "trustedRoot": signer.root_pem}).to_string();
    PaypalEndpoint::parse(&Secret::new(stored)).unwrap()
}

fn refused(refusal: WebhookRefusal) -> Result<Timestamp, Unverified> {
    Err(Unverified::Refused(refusal))
}

#[tokio::test]
async fn what_paypal_signed_for_this_endpoint_is_taken() {
    let (verifier, url, ours) = verifier(&Signer::new(Twist::None));
    let signed = headers(&url, TIME, WEBHOOK_ID, BODY);
    assert_eq!(verifier.check(&ours, &signed, BODY, NOW, Age::Checked).await, Ok(NOW));
    let for_another = headers(&url, TIME, "8PT597110X687430LKGECATB", BODY);
    assert_eq!(verifier.check(&ours, &for_another, BODY, NOW, Age::Checked).await, refused(WebhookRefusal::Forged));
}

#[tokio::test]
async fn not_a_bit_of_what_is_signed_can_be_changed() {
    let (verifier, url, ours) = verifier(&Signer::new(Twist::None));
    let signed = headers(&url, TIME, WEBHOOK_ID, BODY);
    for bit in 0..BODY.len() * 8 {
        let mut body = BODY.to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(
            verifier.check(&ours, &signed, &body, NOW, Age::Checked).await,
            refused(WebhookRefusal::Forged),
            "{bit}"
        );
    }
    // Whatever is changed in a header makes it another one, or none; the certificate's address is compared as it is.
    for name in ["paypal-transmission-id", "paypal-transmission-time", "paypal-transmission-sig", "paypal-auth-algo"] {
        let value = signed[name].as_bytes().to_vec();
        for at in 0..value.len() {
            let mut changed = value.clone();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let mut forged = signed.clone();
            forged.insert(name.parse::<HeaderName>().unwrap(), changed.try_into().unwrap());
            let verdict = verifier.check(&ours, &forged, BODY, NOW, Age::Recorded).await;
            assert!(
                [refused(WebhookRefusal::Forged), refused(WebhookRefusal::NoSignature)].contains(&verdict),
                "{name} {at}: {verdict:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_certificate_from_elsewhere_or_of_somebody_else_proves_nothing() {
    let signer = Signer::new(Twist::None);
    let (verifier, _, ours) = verifier(&signer);
    let elsewhere = headers("https://evil.example/v1/notifications/certs/CERT-1", TIME, WEBHOOK_ID, BODY);
    let strange = refused(WebhookRefusal::StrangeCertificate);
    assert_eq!(verifier.check(&ours, &elsewhere, BODY, NOW, Age::Checked).await, strange);
    // The right place, and a chain that ends at another root.
    let server = Server::with(vec![Then::Answer(http("200 OK", "", &Signer::new(Twist::None).chain_pem))]);
    let verifier = Verifier::new(crate::net::gateway_client().unwrap(), server.base_url.clone(), Mode::Test);
    let signed = headers(&server.base_url.at("/v1/notifications/certs/CERT-1"), TIME, WEBHOOK_ID, BODY);
    assert_eq!(verifier.check(&ours, &signed, BODY, NOW, Age::Checked).await, strange);
    // And nobody at home there.
    let again = verifier.check(&ours, &signed, BODY, NOW, Age::Checked).await;
    assert_eq!(again, Err(Unverified::NoCertificate));
}

#[tokio::test]
async fn an_event_may_be_as_old_as_paypals_last_delivery_of_it() {
    let (verifier, url, ours) = verifier(&Signer::new(Twist::None));
    let signed = headers(&url, TIME, WEBHOOK_ID, BODY);
    let at = |seconds: i64| Timestamp::from_unix_ms(NOW.unix_ms().saturating_add(seconds.saturating_mul(1_000)));
    let oldest = i64::try_from(AGE_MAX.as_secs()).unwrap();
    for (now, age, verdict) in [
        (at(oldest), Age::Checked, Ok(NOW)),
        (at(oldest + 1), Age::Checked, refused(WebhookRefusal::Stale)),
        (at(oldest + 1), Age::Recorded, Ok(NOW)),
        (at(-300), Age::Checked, Ok(NOW)),
        (at(-301), Age::Checked, refused(WebhookRefusal::Future)),
    ] {
        assert_eq!(verifier.check(&ours, &signed, BODY, now, age).await, verdict, "{now:?} {age:?}");
    }
}

#[tokio::test]
async fn what_is_too_large_or_not_signed_costs_us_no_call() {
    let (verifier, url, ours) = verifier(&Signer::new(Twist::None));
    let large = vec![b' '; BODY_MAX_BYTES + 1];
    let signed = headers(&url, TIME, WEBHOOK_ID, &large);
    assert_eq!(verifier.check(&ours, &signed, &large, NOW, Age::Checked).await, refused(WebhookRefusal::TooLarge));
    let unsigned = verifier.check(&ours, &HeaderMap::new(), BODY, NOW, Age::Checked).await;
    assert_eq!(unsigned, refused(WebhookRefusal::NoSignature));
}

#[tokio::test]
async fn only_what_is_signed_is_read() {
    let (verifier, url, ours) = verifier(&Signer::new(Twist::None));
    let event = verifier.verify(&ours, &headers(&url, TIME, WEBHOOK_ID, BODY), BODY, NOW, Age::Checked).await;
    assert_eq!(event, Err(Unverified::Refused(WebhookRefusal::Unreadable)), "a capture's event without a capture");
    let unknown = br#"{"id":"WH-1","event_type":"BILLING.PLAN.CREATED","resource":{}}"#;
    let event =
        verifier.verify(&ours, &headers(&url, TIME, WEBHOOK_ID, unknown), unknown, NOW, Age::Checked).await.unwrap();
    assert_eq!((event.id.as_str(), event.mode, event.created_at), ("WH-1", Mode::Test, NOW));
    let forged = verifier.verify(&ours, &headers(&url, TIME, WEBHOOK_ID, BODY), unknown, NOW, Age::Checked).await;
    assert_eq!(forged, Err(Unverified::Refused(WebhookRefusal::Forged)));
}

#[tokio::test]
async fn a_root_of_ones_own_that_has_no_business_here_is_trusted_by_nobody() {
    let signer = Signer::new(Twist::None);
    let (at_home, url, ours) = verifier(&signer);
    let signed = headers(&url, TIME, WEBHOOK_ID, BODY);
    let live = Verifier { mode: Mode::Live, ..at_home };
    let strange = refused(WebhookRefusal::StrangeCertificate);
    assert_eq!(live.check(&ours, &signed, BODY, NOW, Age::Checked).await, strange);
}
