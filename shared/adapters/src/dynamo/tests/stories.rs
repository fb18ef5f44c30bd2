//! Payments with a story, as they stand in real rows.

use std::time::Duration;

use domain::{
    decline::{Advice, Decline, GatewayWords},
    gateway::{Charge, Gateway, Mode, NextAction},
    id::{AttemptNumber, IdempotencyKey, RefundId, RequestHash},
    money::{Currency, Money},
    payment::{
        Act, ActKind, ActProgress, Attempt, AttemptProgress, AttemptResult, AttemptSource, CaptureMethod, End,
        Instrument, Payment, PaymentState, ProcessingReason, Refund, RefundProgress, RefundReason, RefundSource,
        Review, ReviewReason,
    },
    personal::{Customer, Kept, PersonId},
    settlement::{ExchangeRate, Settlement},
    text::{ClientSecret, GatewayToken, Metadata, Text, WebUrl},
    time::Timestamp,
};
use world::host::SimHost;

const OBJECT: &str = "pi_3QxT2pLkdIwHu7ix0M1rRbVz";
const SECRET: &str = "pi_3QxT2pLkdIwHu7ix0M1rRbVz_secret_kQ4v0N2mXyRrT8zLb6JdWc3Hf";

/// Just opened, with nothing that a merchant can leave out.
pub(super) fn waiting() -> Payment {
    world::payments::waiting(1)
}

/// What a shop fills in, confirmed, and sent to the bank: the common case that must stay small.
pub(super) fn three_d_secure() -> Payment {
    let mut payment = world::payments::waiting(2);
    payment.mode = Mode::Live;
    payment.object = GatewayToken::parse(OBJECT).unwrap();
    payment.client_secret = Some(ClientSecret::new(SECRET.into()));
    payment.terms.reference = Some(Text::parse("ORDER-2026-118394").unwrap());
    let email = Some(Kept::Clear("jo@mail.example".to_owned()));
    payment.terms.customer = Some(Customer { email, ..Customer::unnamed(PersonId::of_payment(&payment.id)) });
    payment.terms.metadata = Metadata::parse([("cart".to_owned(), "8f14e45f".to_owned())].into()).unwrap();
    payment.terms.return_url = Some(WebUrl::parse("https://shop.example/checkout/done").unwrap());
    payment.attempts = vec![attempt(AttemptNumber::FIRST, AttemptProgress::Answered)];
    // As long as Stripe's own: the hosted page with account, intent, its secret, the publishable key and the attempt.
    let (account, key, source) = ("A".repeat(15), "k".repeat(99), "s".repeat(24));
    let url = format!(
        "https://hooks.stripe.com/3d_secure_2/hosted?merchant=acct_1{account}&payment_intent={OBJECT}\
         &payment_intent_client_secret={SECRET}&publishable_key=pk_live_{key}&source=payatt_{source}"
    );
    payment.state = PaymentState::RequiresAction(NextAction::Redirect(WebUrl::parse(&url).unwrap()));
    payment.updated_at = later(2);
    payment.due = Some(later(300));
    payment.version = 3;
    payment
}

/// Off-session: declined twice, to be tried again, and marked for a person.
pub(super) fn declined_and_scheduled() -> Payment {
    let mut payment = three_d_secure();
    let soft = GatewayWords { code: "insufficient_funds", network_code: Some("51"), ..GatewayWords::default() };
    let hard = GatewayWords { code: "brand_new_code", advice: Some(Advice::TryAgainLater), ..GatewayWords::default() };
    let declined = |words| AttemptProgress::Closed(AttemptResult::Declined(Decline::judge(words)));
    payment.attempts = vec![
        attempt(AttemptNumber::FIRST, declined(soft)),
        off_session(attempt(AttemptNumber::FIRST.next(), declined(hard))),
    ];
    let at = later(24 * 3600);
    payment.state = PaymentState::Processing(ProcessingReason::RetryScheduled { at });
    payment.attention = Some(Review { since: later(9), reason: ReviewReason::UnrecognizedStatus });
    payment.due = Some(at);
    payment.rounds = 2;
    payment
}

/// The same, where the card network wants the method left alone for four days.
pub(super) fn declined_for_days() -> Payment {
    let mut payment = declined_and_scheduled();
    let words = GatewayWords { code: "do_not_honor", network_advice: Some("27"), ..GatewayWords::default() };
    let declined = AttemptProgress::Closed(AttemptResult::Declined(Decline::judge(words)));
    payment.attempts = vec![off_session(attempt(AttemptNumber::FIRST, declined))];
    let at = later(4 * 24 * 3600);
    payment.state = PaymentState::Processing(ProcessingReason::RetryScheduled { at });
    payment.due = Some(at);
    payment
}

/// Held, partly captured by the merchant, after a browser paid by itself and a cancel came too late.
pub(super) fn captured_by_hand() -> Payment {
    let mut payment = three_d_secure();
    payment.terms.capture = CaptureMethod::Manual;
    payment.terms.customer = Some(Customer::unnamed(PersonId::of_payment(&payment.id)));
    let number = AttemptNumber::FIRST.next();
    let by_browser = AttemptProgress::Closed(AttemptResult::Charged);
    payment.attempts = vec![
        attempt(AttemptNumber::FIRST, AttemptProgress::Closed(AttemptResult::NotCharged)),
        Attempt { number, source: AttemptSource::Gateway, started_at: later(30), progress: by_browser },
    ];
    let amount = Money::payable(1_000, payment.terms.amount.currency()).unwrap();
    let request = || Some((key("act"), RequestHash::of([("act", "1")])));
    let refused = ActProgress::Refused { code: "payment_intent_unexpected_state".into() };
    payment.acts = vec![
        Act {
            kind: ActKind::Close { ends_as: End::Canceled },
            request: request(),
            started_at: later(31),
            reason: None,
            progress: refused,
        },
        Act {
            kind: ActKind::Capture { amount },
            request: request(),
            started_at: later(60),
            reason: None,
            progress: ActProgress::Done,
        },
    ];
    payment.state = PaymentState::Succeeded { captured: amount };
    payment.due = None;
    payment
}

/// Paid by card, and exchanged into the account's currency: the common end.
pub(super) fn paid() -> Payment {
    let mut payment = three_d_secure();
    let net = Money::try_new(2_131, Currency::from_code("USD").unwrap()).unwrap();
    let settlement = Settlement {
        net,
        fee: Money::try_new(93, net.currency()).unwrap(),
        rate: Some(ExchangeRate::parse("1.112457").unwrap()),
    };
    payment.charge = Some(Charge {
        reference: GatewayToken::parse("ch_3QxT2pLkdIwHu7ix0M1rRbVz").unwrap(),
        settlement: Some(settlement),
    });
    if let Some(attempt) = payment.attempts.last_mut() {
        attempt.progress = AttemptProgress::Closed(AttemptResult::Charged);
    }
    payment.state = PaymentState::Succeeded { captured: payment.terms.amount };
    payment.due = None;
    payment
}

/// The same, told by PayPal after two looks in vain: it takes its fee before it exchanges the rest.
pub(super) fn fee_before_the_exchange() -> Payment {
    let mut payment = Payment { gateway: Gateway::PayPal, client_secret: None, settlement_looks: 2, ..paid() };
    let fee = Money::try_new(105, payment.terms.amount.currency()).unwrap();
    if let Some(settlement) = payment.charge.as_mut().and_then(|charge| charge.settlement.as_mut()) {
        settlement.fee = fee;
    }
    payment
}

/// Paid, and refunded in every way there is; the dashboard has just refunded something more.
pub(super) fn refunded() -> Payment {
    let mut payment = captured_by_hand();
    let currency = payment.terms.amount.currency();
    let progress = [
        RefundProgress::Unanswered,
        RefundProgress::Answered { refusal: None },
        RefundProgress::Answered { refusal: Some("charge_disputed".into()) },
        RefundProgress::Pending,
        RefundProgress::Succeeded,
        RefundProgress::Failed { code: "lost_or_stolen_card".into() },
        RefundProgress::Canceled,
    ];
    let refund = |(number, progress): (u64, RefundProgress)| Refund {
        id: RefundId::of_gateway(&payment.id, &number.to_string()),
        source: RefundSource::Api {
            key: key(&format!("refund-{number}")),
            request_hash: RequestHash::of([("amount", "100")]),
        },
        amount: Money::payable(100, currency).unwrap(),
        reason: RefundReason::ALL.get(usize::try_from(number).unwrap()).copied(),
        reference: (number > 2).then(|| GatewayToken::parse(&format!("re_{number}")).unwrap()),
        started_at: later(100 + number),
        progress,
    };
    let mut refunds: Vec<Refund> = (0_u64..).zip(progress).map(refund).collect();
    if let Some(last) = refunds.last_mut() {
        last.source = RefundSource::Gateway;
    }
    payment.refunds = refunds;
    payment.look_owed = true;
    payment.due = Some(later(200));
    payment
}

/// The same, of a payment that came too late: nobody knows what came of one of its refunds.
pub(super) fn refund_unknown() -> Payment {
    let attention = Some(Review { since: later(90), reason: ReviewReason::LateSuccess });
    Payment { attention, refund_unknown: Some(later(150)), ..refunded() }
}

fn attempt(number: AttemptNumber, progress: AttemptProgress) -> Attempt {
    let source = AttemptSource::Api {
        key: key("2f1c8a34-9b7d-4e5f-8a61-0c3d5e7f9a1b"),
        request_hash: RequestHash::of([("paymentMethod", "pm_1QxT3bLkdIwHu7ixZc9dFgHj")]),
        instrument: Instrument::PaymentMethod(GatewayToken::parse("pm_1QxT3bLkdIwHu7ixZc9dFgHj").unwrap()),
        return_url: None,
        off_session: false,
        api_version: "2026-10-28.endive".into(),
    };
    Attempt { number, source, started_at: later(1), progress }
}

fn off_session(mut attempt: Attempt) -> Attempt {
    if let AttemptSource::Api { off_session, .. } = &mut attempt.source {
        *off_session = true;
    }
    attempt
}

fn key(text: &str) -> IdempotencyKey {
    IdempotencyKey::parse(text).unwrap()
}

fn later(seconds: u64) -> Timestamp {
    SimHost::START.plus(Duration::from_secs(seconds))
}
