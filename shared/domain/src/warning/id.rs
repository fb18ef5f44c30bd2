//! What an early fraud warning is called: by the gateway, and so by us.

use std::fmt;

use crate::text::GatewayToken;

/// The public id of a warning: `wrn_stripe_` and Stripe's own name for it. PayPal has no such warnings. As with disputes, two events
/// about one warning must find one row without asking anybody.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WarningId(String);

/// Why a text is no warning's id. The sentence completes "`<field>` …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not the id of an early fraud warning: `wrn_stripe_` and Stripe's own id")]
pub struct NotAWarningId;

/// Stripe's are about 30 characters long.
const REFERENCE_MAX_LENGTH: usize = 100;

impl WarningId {
    const PREFIX: &str = "wrn_stripe_";

    /// The id of the warning that Stripe calls `reference`.
    ///
    /// # Errors
    /// If Stripe's name for it is longer than any we know.
    pub fn of(reference: &GatewayToken) -> Result<Self, NotAWarningId> {
        if reference.as_str().len() > REFERENCE_MAX_LENGTH {
            return Err(NotAWarningId);
        }
        Ok(Self(format!("{}{}", Self::PREFIX, reference.as_str())))
    }

    /// Reads an id that somebody else wrote.
    ///
    /// # Errors
    /// If it cannot be one of ours.
    pub fn parse(text: &str) -> Result<Self, NotAWarningId> {
        let rest = text.strip_prefix(Self::PREFIX).ok_or(NotAWarningId)?;
        Self::of(&GatewayToken::parse(rest).map_err(|_| NotAWarningId)?)
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Stripe's name for it.
    #[must_use]
    pub fn reference(&self) -> &str {
        self.0.strip_prefix(Self::PREFIX).unwrap_or_default()
    }
}

impl fmt::Display for WarningId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_what_stripe_calls_it() {
        let id = WarningId::of(&GatewayToken::parse("issfr_1Pgc").unwrap()).unwrap();
        assert_eq!((id.as_str(), id.reference()), ("wrn_stripe_issfr_1Pgc", "issfr_1Pgc"));
        assert_eq!(WarningId::parse("wrn_stripe_issfr_1Pgc"), Ok(id));
    }

    #[test]
    fn what_is_not_our_id_is_not_read_as_one() {
        let long = format!("wrn_stripe_{}", "x".repeat(101));
        for text in ["", "wrn_", "wrn_stripe_", "wrn_paypal_1", "issfr_1", "dsp_stripe_du_1", "wrn_stripe_a/b", &long] {
            assert_eq!(WarningId::parse(text), Err(NotAWarningId), "{text}");
        }
    }
}
