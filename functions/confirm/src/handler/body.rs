//! The body of `POST /payment/confirm`: which payment, and what to charge.

use std::net::IpAddr;

use adapters::http::problem::{Problem, Refusal};
use domain::id::{IdempotencyKey, RequestHash, TransactionId};
use domain::payment::{ConfirmRequest, Instrument};
use domain::text::{GatewayToken, TextError, WebUrl};
use serde::Deserialize;

/// A charge that is to be tried. At Stripe one of `paymentMethod` and `confirmationToken`; at PayPal neither.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "ConfirmRequest"))]
pub(super) struct ConfirmBody {
    /// What initiate answered.
    #[cfg_attr(test, schemars(extend("pattern" = adapters::http::schema::TRANSACTION_ID)))]
    transaction_id: String,
    /// The gateway's token, never a card number.
    #[cfg_attr(test, schemars(length(min = 1, max = GatewayToken::MAX_LENGTH), regex(pattern = world::openapi::GATEWAY_TOKEN)))]
    payment_method: Option<String>,
    /// What the gateway's library made in the browser, for one use.
    #[cfg_attr(test, schemars(length(min = 1, max = GatewayToken::MAX_LENGTH), regex(pattern = world::openapi::GATEWAY_TOKEN)))]
    confirmation_token: Option<String>,
    /// Goes before that of initiate.
    #[cfg_attr(test, schemars(length(max = WebUrl::MAX_LENGTH), regex(pattern = world::openapi::WEB_URL)))]
    return_url: Option<String>,
    /// `true`: the payer is away. Stripe only.
    off_session: Option<bool>,
    /// The payer's own address. Declines are counted by it, and it is kept nowhere.
    #[cfg_attr(test, schemars(extend("anyOf" = [{"format": "ipv4"}, {"format": "ipv6"}, {"type": "null"}])))]
    payer_ip: Option<String>,
}

impl ConfirmBody {
    /// The request, under this key and for this version of the gateway's API.
    ///
    /// # Errors
    /// 400 with what is wrong; 404 if the id cannot be a payment's.
    pub(super) fn into_request(
        self,
        key: IdempotencyKey,
        api_version: &str,
    ) -> Result<(TransactionId, ConfirmRequest), Problem> {
        let request_hash = self.hash();
        let instrument = instrument(self.payment_method.as_deref(), self.confirmation_token.as_deref())?;
        let return_url =
            self.return_url.as_deref().map(WebUrl::parse).transpose().map_err(|error| fault("/returnUrl", &error))?;
        let id = TransactionId::parse(&self.transaction_id).map_err(|_| Problem::new(Refusal::NotFound))?;
        let request = ConfirmRequest {
            key,
            request_hash,
            instrument,
            return_url,
            off_session: self.off_session.unwrap_or(false),
            api_version: api_version.to_owned(),
        };
        Ok((id, request))
    }

    /// The payer's address, if the client says it. It is only counted with, and kept nowhere.
    ///
    /// # Errors
    /// 400 if it is none.
    pub(super) fn payer_address(&self) -> Result<Option<IpAddr>, Problem> {
        let parsed = self.payer_ip.as_deref().map(str::parse).transpose();
        parsed.map_err(|_| Problem::invalid_field("/payerIp", "must be an IPv4 or IPv6 address"))
    }

    fn hash(&self) -> RequestHash {
        let fields = [
            ("transactionId", Some(self.transaction_id.as_str())),
            ("paymentMethod", self.payment_method.as_deref()),
            ("confirmationToken", self.confirmation_token.as_deref()),
            ("returnUrl", self.return_url.as_deref()),
            // Not saying and saying `false` ask for the same.
            ("offSession", self.off_session.filter(|away| *away).map(|_| "true")),
            // Where the payer sits when it is asked again changes nothing of what is asked.
        ];
        RequestHash::of(fields.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))))
    }
}

fn instrument(payment_method: Option<&str>, confirmation_token: Option<&str>) -> Result<Instrument, Problem> {
    match (payment_method, confirmation_token) {
        (Some(method), None) => {
            GatewayToken::parse(method).map(Instrument::PaymentMethod).map_err(|error| fault("/paymentMethod", &error))
        }
        (None, Some(token)) => GatewayToken::parse(token)
            .map(Instrument::ConfirmationToken)
            .map_err(|error| fault("/confirmationToken", &error)),
        // What the payer has approved at the gateway; where nothing can be approved, the payment says so.
        (None, None) => Ok(Instrument::Approved),
        (Some(_), Some(_)) => {
            Err(Problem::invalid_field("/confirmationToken", "must not be given together with `/paymentMethod`"))
        }
    }
}

fn fault(pointer: &str, error: &TextError) -> Problem {
    Problem::invalid_field(pointer, error.to_string())
}
