//! Stripe's PaymentIntent, as far as Quittance reads it, and what it proves in the domain's words.
//!
//! Must never: guess. A status we do not know stays a word; an amount that is not whole in ISO's minor units, or in a
//! currency we do not know, makes a snapshot without a currency, which no payment can take for its own (rule E7).

use domain::{
    gateway::{Charge, Mode, NextAction, ObjectSnapshot, ObjectStatus},
    money::Currency,
    text::{ClientSecret, GatewayToken, WebUrl},
};
use serde::Deserialize;
use serde_json::Value;

use super::{
    amount::from_stripe,
    error::StripeError,
    settlement::BalanceTransaction,
    word::{Word, if_readable},
};
use crate::named::Named;

/// A PaymentIntent. What must be there is plain; anything else may be missing or of a new shape.
#[derive(Deserialize)]
pub(super) struct PaymentIntent {
    #[serde(rename = "object")]
    _kind: Kind,
    id: String,
    livemode: bool,
    amount: i64,
    currency: String,
    status: Word,
    #[serde(default, deserialize_with = "if_readable")]
    amount_capturable: Option<i64>,
    #[serde(default, deserialize_with = "if_readable")]
    amount_received: Option<i64>,
    #[serde(default, deserialize_with = "if_readable")]
    next_action: Option<Named<NextActionObject>>,
    #[serde(default, deserialize_with = "if_readable")]
    client_secret: Option<String>,
    #[serde(default, deserialize_with = "if_readable")]
    metadata: Option<Named<Metadata>>,
    #[serde(default, deserialize_with = "if_readable")]
    last_payment_error: Option<Named<StripeError>>,
    #[serde(default, deserialize_with = "if_readable")]
    latest_charge: Option<LatestCharge>,
}

/// Its last charge: the name, or all of it where that was asked for.
#[derive(Deserialize)]
#[serde(untagged)]
enum LatestCharge {
    Name(String),
    Whole(Named<WholeCharge>),
}

#[derive(Deserialize)]
struct WholeCharge {
    id: String,
    /// None where there is none yet: of a hold, say.
    #[serde(default, deserialize_with = "if_readable")]
    balance_transaction: Option<Named<BalanceTransaction>>,
}

/// The object's own word for what it is. Anything but a PaymentIntent is not read as one.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    PaymentIntent,
}

#[derive(Deserialize)]
struct Metadata {
    transaction_id: Option<String>,
}

#[derive(Deserialize)]
struct NextActionObject {
    #[serde(rename = "type")]
    kind: Word,
    #[serde(default, deserialize_with = "if_readable")]
    redirect_to_url: Option<Named<RedirectToUrl>>,
}

#[derive(Deserialize)]
struct RedirectToUrl {
    url: String,
}

impl PaymentIntent {
    /// Reads a PaymentIntent; none if it is not one.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(|Named(intent)| intent)
    }

    /// The same, from a body that has been parsed.
    pub(super) fn of(value: Value) -> Option<Self> {
        serde_json::from_value(value).ok().map(|Named(intent)| intent)
    }

    /// What it proves; none if Stripe left out what its own status promises.
    pub(super) fn snapshot(&self) -> Option<ObjectSnapshot> {
        let known = Currency::from_code(&self.currency.to_ascii_uppercase()).ok();
        let counted = |written: i64| known.and_then(|currency| from_stripe(written, currency));
        let amount = counted(self.amount);
        let (status, all_counted) = match self.status.as_str() {
            "requires_capture" => {
                let capturable = self.amount_capturable?;
                let counted = counted(capturable);
                let status = ObjectStatus::Authorized { capturable_minor_units: counted.unwrap_or(capturable) };
                (status, counted.is_some())
            }
            "succeeded" => {
                let received = self.amount_received?;
                let counted = counted(received);
                let status = ObjectStatus::Captured { received_minor_units: counted.unwrap_or(received) };
                (status, counted.is_some())
            }
            _ => (self.status_without_money(), true),
        };
        Some(ObjectSnapshot {
            reference: GatewayToken::parse(&self.id).ok()?,
            mode: mode(self.livemode),
            amount_minor_units: amount.unwrap_or(self.amount),
            currency: known.filter(|_| amount.is_some() && all_counted),
            status,
            charge: self.charge(),
        })
    }

    fn charge(&self) -> Option<Charge> {
        let (id, booked) = match self.latest_charge.as_ref()? {
            LatestCharge::Name(id) => (id, None),
            LatestCharge::Whole(Named(charge)) => (&charge.id, charge.balance_transaction.as_ref()),
        };
        let settlement = booked.and_then(|Named(booked)| booked.settlement());
        Some(Charge { reference: GatewayToken::parse(id).ok()?, settlement })
    }

    /// The id that we gave it, as it stands there.
    pub(super) fn transaction_id(&self) -> Option<&str> {
        self.metadata.as_ref()?.0.transaction_id.as_deref()
    }

    /// What a browser needs to work on it.
    pub(super) fn client_secret(&self) -> Option<ClientSecret> {
        self.client_secret.clone().map(ClientSecret::new)
    }

    /// Why the last try to charge it failed.
    pub(super) const fn last_payment_error(&self) -> Option<&StripeError> {
        match &self.last_payment_error {
            Some(Named(error)) => Some(error),
            None => None,
        }
    }

    fn status_without_money(&self) -> ObjectStatus {
        match self.status.as_str() {
            // With `requires_confirmation` a method is attached (in the dashboard, say) but nobody has confirmed, and
            // nothing moves until somebody does. For us both wait for a confirm, which brings its method along.
            "requires_payment_method" | "requires_confirmation" => ObjectStatus::AwaitsMethod,
            "requires_action" => self.action(),
            "processing" => ObjectStatus::Pending,
            "canceled" => ObjectStatus::Canceled,
            unknown => ObjectStatus::Unrecognized(unknown.to_owned()),
        }
    }

    /// What the payer must do. What we cannot pass on (a voucher, a QR code, an address that is none) is an anomaly.
    fn action(&self) -> ObjectStatus {
        let kind = self.next_action.as_ref().map_or("none", |Named(action)| action.kind.as_str());
        let known = match kind {
            "redirect_to_url" => self.redirect().map(NextAction::Redirect),
            "use_stripe_sdk" => Some(NextAction::UseGatewaySdk),
            _ => None,
        };
        known.map_or_else(|| ObjectStatus::Unrecognized(format!("requires_action:{kind}")), ObjectStatus::AwaitsPayer)
    }

    fn redirect(&self) -> Option<WebUrl> {
        let redirect = self.next_action.as_ref()?.0.redirect_to_url.as_ref()?;
        WebUrl::parse(&redirect.0.url).ok()
    }
}

/// Stripe's `livemode`.
pub(super) const fn mode(livemode: bool) -> Mode {
    if livemode { Mode::Live } else { Mode::Test }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gateway::stripe::fixtures::{balance_transaction, intent, with};

    fn snapshot(value: Value) -> Option<ObjectSnapshot> {
        PaymentIntent::of(value).and_then(|intent| intent.snapshot())
    }

    fn status(value: Value) -> ObjectStatus {
        snapshot(value).unwrap().status
    }

    #[test]
    fn every_status_of_stripe_means_one_thing() {
        for (word, means) in [
            ("requires_payment_method", ObjectStatus::AwaitsMethod),
            ("requires_confirmation", ObjectStatus::AwaitsMethod),
            ("processing", ObjectStatus::Pending),
            ("requires_capture", ObjectStatus::Authorized { capturable_minor_units: 2_500 }),
            ("succeeded", ObjectStatus::Captured { received_minor_units: 2_500 }),
            ("canceled", ObjectStatus::Canceled),
            ("requires_patience", ObjectStatus::Unrecognized("requires_patience".into())),
        ] {
            assert_eq!(status(intent(word)), means, "{word}");
        }
    }

    #[test]
    fn the_object_tells_whose_it_is_and_for_what() {
        let seen = snapshot(intent("succeeded")).unwrap();
        assert_eq!(seen.reference.as_str(), "pi_1");
        assert_eq!(seen.mode, Mode::Test);
        assert_eq!((seen.amount_minor_units, seen.currency.map(Currency::code)), (2_500, Some("EUR")));
        assert_eq!(snapshot(with(intent("succeeded"), json!({"livemode": true}))).unwrap().mode, Mode::Live);
    }

    #[test]
    fn the_charge_is_told_by_its_name_or_whole_and_what_it_came_to_only_where_it_is_shown() {
        let told = |charge: Value| {
            let charge = snapshot(with(intent("succeeded"), json!({ "latest_charge": charge }))).unwrap().charge;
            charge
                .map(|charge| (charge.reference.as_str().to_owned(), charge.settlement.map(|it| it.net.minor_units())))
        };
        let known = |net| Some(("ch_1".to_owned(), net));
        assert_eq!(told(json!("ch_1")), known(None));
        assert_eq!(told(json!({"id": "ch_1", "balance_transaction": balance_transaction()})), known(Some(2_592)));
        for unknown in [json!(null), json!("txn_1"), json!([]), json!({"object": "balance_transaction"}), json!(7)] {
            assert_eq!(told(json!({"id": "ch_1", "balance_transaction": unknown})), known(None));
        }
        for odd in [json!(null), json!(7), json!({}), json!(["ch_1", null]), json!("../ch")] {
            assert_eq!(told(odd), None);
        }
    }

    #[test]
    fn amounts_are_turned_into_minor_units_of_iso() {
        let crowns = json!({"currency": "isk", "amount": 2_500, "amount_received": 2_500});
        let seen = snapshot(with(intent("succeeded"), crowns)).unwrap();
        assert_eq!((seen.amount_minor_units, seen.status), (25, ObjectStatus::Captured { received_minor_units: 25 }));
    }

    #[test]
    fn an_amount_that_cannot_be_counted_belongs_to_no_payment() {
        for strange in [
            json!({"currency": "isk", "amount": 2_550, "amount_received": 2_550}),
            json!({"currency": "isk", "amount": 2_500, "amount_received": 2_550}),
            json!({"currency": "xyz"}),
            json!({"currency": "clf"}),
        ] {
            let seen = snapshot(with(intent("succeeded"), strange.clone())).unwrap();
            assert_eq!(seen.currency, None, "{strange}");
            assert!(seen.holds_money(), "{strange}");
        }
    }

    #[test]
    fn a_payer_is_sent_where_a_browser_can_go_and_nowhere_else() {
        let action = |action: Value| status(with(intent("requires_action"), json!({ "next_action": action })));
        let redirect = |url: &str| action(json!({"type": "redirect_to_url", "redirect_to_url": {"url": url}}));
        let url = WebUrl::parse("https://hooks.stripe.com/3ds").unwrap();
        assert_eq!(redirect("https://hooks.stripe.com/3ds"), ObjectStatus::AwaitsPayer(NextAction::Redirect(url)));
        assert_eq!(action(json!({"type": "use_stripe_sdk"})), ObjectStatus::AwaitsPayer(NextAction::UseGatewaySdk));
        let unrecognized = |word: &str| ObjectStatus::Unrecognized(word.to_owned());
        assert_eq!(redirect("javascript:alert(1)"), unrecognized("requires_action:redirect_to_url"));
        assert_eq!(redirect("http://bank.example/"), unrecognized("requires_action:redirect_to_url"));
        assert_eq!(
            action(json!({"type": "oxxo_display_details"})),
            unrecognized("requires_action:oxxo_display_details")
        );
        assert_eq!(action(Value::Null), unrecognized("requires_action:none"));
    }

    #[test]
    fn new_shapes_in_a_corner_do_not_hide_that_money_moved() {
        let odd = json!({"next_action": 7, "metadata": [], "last_payment_error": "?", "client_secret": {},
            "latest_charge": {"balance_transaction": 7}, "brand_new": [1]});
        assert_eq!(status(with(intent("succeeded"), odd)), ObjectStatus::Captured { received_minor_units: 2_500 });
    }

    #[test]
    fn what_a_status_promises_must_be_there() {
        assert_eq!(snapshot(with(intent("succeeded"), json!({"amount_received": null}))), None);
        assert_eq!(snapshot(with(intent("requires_capture"), json!({"amount_capturable": "all"}))), None);
        assert!(PaymentIntent::of(with(intent("succeeded"), json!({"object": "charge"}))).is_none());
        assert_eq!(snapshot(with(intent("succeeded"), json!({"id": "../../etc"}))), None);
        for broken in ["", "{", "null", "[]", "{\"object\":\"payment_intent\"}"] {
            assert!(PaymentIntent::read(broken.as_bytes()).is_none(), "{broken}");
        }
    }
}
