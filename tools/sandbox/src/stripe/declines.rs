//! The declines that Stripe's test methods can give: code, decline code and the advice that comes with them.

/// What the issuer (or Stripe's fraud screen) said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Decline {
    pub(crate) code: &'static str,
    pub(crate) decline_code: Option<&'static str>,
    pub(crate) message: &'static str,
    /// Stripe's own advice: `try_again_later`, `confirm_card_data` or `do_not_try_again`.
    pub(crate) advice_code: Option<&'static str>,
    /// The card network's two digits of advice.
    pub(crate) network_advice_code: Option<&'static str>,
    /// The issuer's own code, as the network passed it on.
    pub(crate) network_decline_code: Option<&'static str>,
    pub(crate) param: Option<&'static str>,
    /// The network never saw it: Stripe's fraud screen said no.
    pub(crate) blocked: bool,
    /// The error's `type`: a failed authentication is not the card's error.
    pub(crate) kind: &'static str,
}

impl Decline {
    const fn new(code: &'static str, decline_code: &'static str, message: &'static str) -> Self {
        Self {
            code,
            decline_code: Some(decline_code),
            message,
            advice_code: None,
            network_advice_code: None,
            network_decline_code: None,
            param: None,
            blocked: false,
            kind: "card_error",
        }
    }

    const fn advised(mut self, stripe: &'static str, network: &'static str, issuer: &'static str) -> Self {
        self.advice_code = Some(stripe);
        self.network_advice_code = Some(network);
        self.network_decline_code = Some(issuer);
        self
    }

    const fn about(mut self, param: &'static str) -> Self {
        self.param = Some(param);
        self
    }
}

const DECLINED: &str = "Your card was declined.";
const LATER: &str = "try_again_later";
const NEVER: &str = "do_not_try_again";
const CHECK: &str = "confirm_card_data";

pub(crate) static GENERIC: Decline =
    Decline::new("card_declined", "generic_decline", DECLINED).advised(LATER, "02", "05");
pub(crate) static INSUFFICIENT_FUNDS: Decline =
    Decline::new("card_declined", "insufficient_funds", "Your card has insufficient funds.").advised(LATER, "02", "51");
pub(crate) static LOST_CARD: Decline = Decline::new("card_declined", "lost_card", DECLINED).advised(NEVER, "03", "41");
pub(crate) static STOLEN_CARD: Decline =
    Decline::new("card_declined", "stolen_card", DECLINED).advised(NEVER, "03", "43");
pub(crate) static EXPIRED_CARD: Decline = Decline::new("expired_card", "expired_card", "Your card has expired.")
    .advised(CHECK, "01", "54")
    .about("exp_month");
pub(crate) static INCORRECT_CVC: Decline =
    Decline::new("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
        .advised(CHECK, "01", "N7")
        .about("cvc");
pub(crate) static PROCESSING_ERROR: Decline = Decline::new(
    "processing_error",
    "processing_error",
    "An error occurred while processing your card. Try again in a little bit.",
)
.advised(LATER, "02", "96");
pub(crate) static CARD_VELOCITY_EXCEEDED: Decline = Decline::new(
    "card_declined",
    "card_velocity_exceeded",
    "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
)
.advised(LATER, "02", "65");
pub(crate) static FRAUDULENT: Decline =
    Decline::new("card_declined", "fraudulent", DECLINED).advised(NEVER, "03", "59");
pub(crate) static HIGHEST_RISK: Decline =
    Decline { advice_code: Some(NEVER), blocked: true, ..Decline::new("card_declined", "fraudulent", DECLINED) };
pub(crate) static AUTHENTICATION_REQUIRED: Decline = Decline {
    network_decline_code: Some("1A"),
    ..Decline::new(
        "authentication_required",
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    )
};

pub(crate) static BANK_INSUFFICIENT_FUNDS: Decline = Decline {
    decline_code: None,
    network_decline_code: Some("R01"),
    ..Decline::new("insufficient_funds", "", "The customer's account has insufficient funds to cover this payment.")
};
pub(crate) static BANK_ACCOUNT_CLOSED: Decline = Decline {
    decline_code: None,
    network_decline_code: Some("R02"),
    ..Decline::new("account_closed", "", "The customer's bank account has been closed.")
};
pub(crate) static BANK_DEBIT_NOT_AUTHORIZED: Decline = Decline {
    decline_code: None,
    network_decline_code: Some("R29"),
    ..Decline::new(
        "debit_not_authorized",
        "",
        "The customer has notified their bank that this payment was unauthorized.",
    )
};

/// The payer failed 3-D Secure: there was no charge that a card could have refused.
pub(crate) static AUTHENTICATION_FAILED: Decline = Decline {
    decline_code: None,
    kind: "invalid_request_error",
    ..Decline::new(
        "payment_intent_authentication_failure",
        "",
        "The provided PaymentMethod has failed authentication. You can provide payment_method_data or a new PaymentMethod to \
         attempt to fulfill this PaymentIntent again.",
    )
};
