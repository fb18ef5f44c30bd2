//! What a dispute is called: by the gateway, and so by us.

use std::fmt;

use crate::{gateway::Gateway, text::GatewayToken};

/// The public id of a dispute: `dsp_`, the gateway's name, and the gateway's own name for it, as it stands in the
/// gateway's dashboard. Nobody asks us to make a dispute, so there is no key to derive an id from; and two events about
/// one dispute must find one row without asking anybody.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DisputeId {
    text: String,
    gateway: Gateway,
    reference: GatewayToken,
}

/// Why a text is no dispute's id. The sentence completes "`<field>` …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a dispute id: `dsp_stripe_` or `dsp_paypal_` and the gateway's own id")]
pub struct NotADisputeId;

/// Stripe's are 28 characters long, PayPal's at most 20; an id of ours stays well within a key, a path and a log line.
const REFERENCE_MAX_LENGTH: usize = 100;

impl DisputeId {
    /// The id of the dispute that `gateway` calls `reference`.
    ///
    /// # Errors
    /// If the gateway's name for it is longer than any we know.
    pub fn of(gateway: Gateway, reference: GatewayToken) -> Result<Self, NotADisputeId> {
        if reference.as_str().len() > REFERENCE_MAX_LENGTH {
            return Err(NotADisputeId);
        }
        let text = format!("{}{}", prefix(gateway), reference.as_str());
        Ok(Self { text, gateway, reference })
    }

    /// Reads an id that somebody else wrote.
    ///
    /// # Errors
    /// If it cannot be one of ours.
    pub fn parse(text: &str) -> Result<Self, NotADisputeId> {
        let of = |gateway| text.strip_prefix(prefix(gateway)).map(|rest| (gateway, rest));
        let (gateway, rest) = of(Gateway::Stripe).or_else(|| of(Gateway::PayPal)).ok_or(NotADisputeId)?;
        Self::of(gateway, GatewayToken::parse(rest).map_err(|_| NotADisputeId)?)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whose dispute it is.
    #[must_use]
    pub const fn gateway(&self) -> Gateway {
        self.gateway
    }

    /// The gateway's name for it.
    #[must_use]
    pub const fn reference(&self) -> &GatewayToken {
        &self.reference
    }
}

impl Ord for DisputeId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl PartialOrd for DisputeId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for DisputeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

const fn prefix(gateway: Gateway) -> &'static str {
    match gateway {
        Gateway::Stripe => "dsp_stripe_",
        Gateway::PayPal => "dsp_paypal_",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_whose_dispute_it_is_and_what_the_gateway_calls_it() {
        for (gateway, reference, text) in [
            (Gateway::Stripe, "du_1Pgc71B7WZ01zgkWMevJiAUx", "dsp_stripe_du_1Pgc71B7WZ01zgkWMevJiAUx"),
            (Gateway::PayPal, "PP-D-10001", "dsp_paypal_PP-D-10001"),
        ] {
            let id = DisputeId::of(gateway, GatewayToken::parse(reference).unwrap()).unwrap();
            assert_eq!((id.as_str(), id.gateway(), id.reference().as_str()), (text, gateway, reference));
            assert_eq!(DisputeId::parse(text), Ok(id));
        }
    }

    #[test]
    fn what_is_not_our_id_is_not_read_as_one() {
        let long = format!("dsp_stripe_{}", "x".repeat(101));
        for text in [
            "",
            "dsp_",
            "dsp_stripe_",
            "dsp_adyen_1",
            "du_1",
            "pay_srgsc5zsbqycrakmfcc3opqd6l",
            "dsp_stripe_a/b",
            &long,
        ] {
            assert_eq!(DisputeId::parse(text), Err(NotADisputeId), "{text}");
        }
    }
}
