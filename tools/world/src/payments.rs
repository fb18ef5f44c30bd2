//! Makes payments up: an ordinary one by its number, any that the types allow, and the largest that a row must hold.
//!
//! The generator leaves no field and no variant out. A field that is new in the domain does not compile here until it
//! is generated, and so is tested wherever payments are stored.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    decline::{Advice, Decline, DeclineCategory, TABLE},
    dispute::{DisputeId, Stage, Standing, Status},
    gateway::{Charge, Gateway, Mode, NextAction},
    id::{AttemptNumber, IdempotencyKey, RefundId, RequestHash, TransactionId},
    money::{Currency, Money},
    payment::{
        ACTS_MAX, ATTEMPTS_MAX, Act, ActKind, ActProgress, Attempt, AttemptProgress, AttemptResult, AttemptSource,
        CancelReason, CaptureMethod, Cause, Confirmation, DISPUTES_MAX, End, Instrument, Opening, Payment,
        PaymentDispute, PaymentState, PaymentWarning, ProcessingReason, REFUNDS_MAX, Refund, RefundProgress,
        RefundReason, RefundSource, Review, ReviewReason, Terms, WARNINGS_MAX,
    },
    personal::{Customer, Kept, KeyNumber, PersonId, Sealed},
    policy::Policy,
    schedule::Limits,
    settlement::{ExchangeRate, Settlement},
    text::{ClientSecret, GatewayToken, Metadata, Text, WebUrl},
    time::{Now, Timestamp},
    warning::WarningId,
};
use proptest::{collection::vec, option, prelude::*, sample::select};

use crate::host::SimHost;

/// The id of the `number`th payment.
///
/// # Panics
/// Never: a decimal number is an idempotency key.
#[must_use]
pub fn id(number: u32) -> TransactionId {
    TransactionId::derive("merchant", "initiate", &must(IdempotencyKey::parse(&format!("order-{number}"))))
}

/// The `number`th payment: 12.50 EUR by card, just opened, with nothing that can be left out.
///
/// # Panics
/// Never: its parts are well-formed.
#[must_use]
pub fn waiting(number: u32) -> Payment {
    let opening = Opening {
        id: id(number),
        gateway: Gateway::Stripe,
        mode: Mode::Test,
        object: must(GatewayToken::parse(&format!("pi_3Q{number:022}00"))),
        client_secret: None,
        payer_url: None,
        request_hash: RequestHash::of([("amount", "1250"), ("currency", "EUR")]),
        terms: Terms {
            amount: must(Money::payable(1_250, must(Currency::from_code("EUR")))),
            capture: CaptureMethod::Automatic,
            confirmation: Confirmation::Explicit,
            reference: None,
            customer: None,
            description: None,
            statement_descriptor: None,
            metadata: Metadata::default(),
            return_url: None,
            cancel_url: None,
            expires_in: Duration::from_secs(24 * 3600),
        },
    };
    Payment::open(opening, &Now { at: SimHost::START, limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 })
}

/// The largest payment that the bounds of its parts allow: a row must hold it.
///
/// # Panics
/// Never: its parts are at their bounds, not beyond.
#[must_use]
pub fn largest(number: u32) -> Payment {
    let url = || must(WebUrl::parse(&format!("https://shop.example/{}", "u".repeat(WebUrl::MAX_LENGTH - 21))));
    let token = || must(GatewayToken::parse(&"t".repeat(GatewayToken::MAX_LENGTH)));
    let key = || must(IdempotencyKey::parse(&"k".repeat(IdempotencyKey::MAX_LENGTH)));
    let hash = RequestHash::of([]);
    let mut payment = waiting(number);
    payment.object = token();
    payment.client_secret = Some(ClientSecret::new("s".repeat(GatewayToken::MAX_LENGTH)));
    payment.payer_url = Some(url());
    payment.charge = Some(Charge {
        reference: token(),
        settlement: Some(Settlement {
            net: payment.terms.amount,
            fee: must(Money::try_new(i64::MAX, must(Currency::from_code("KWD")))),
            rate: Some(must(ExchangeRate::parse(&"1".repeat(ExchangeRate::MAX_LENGTH)))),
        }),
    });
    // Four bytes a character is the most that UTF-8 takes.
    payment.terms.reference = Some(must(Text::parse(&"𝒓".repeat(100))));
    payment.terms.description = Some(must(Text::parse(&"𝒅".repeat(500))));
    // Four bytes a character as above, and 29 more, sealed.
    let sealed = |bytes: usize| Some(Kept::Sealed(Sealed { key: KeyNumber::FIRST, bytes: vec![0; bytes] }));
    let person = PersonId::of_customer(&must(Text::parse("c-1")));
    payment.terms.customer = Some(Customer { person, id: sealed(429), email: sealed(1_045), name: sealed(829) });
    let pairs = (0..Metadata::MAX_KEYS).map(|key| (format!("k{key:02}"), "v".repeat(48)));
    payment.terms.metadata = must(Metadata::parse(pairs.collect()));
    (payment.terms.return_url, payment.terms.cancel_url) = (Some(url()), Some(url()));
    payment.state = PaymentState::RequiresAction(NextAction::Redirect(url()));
    let decline = Decline {
        category: DeclineCategory::LaterFewTimes,
        code: "mobile_device_authentication_required",
        gateway_code: "g".repeat(100),
        network_code: Some("n".repeat(100)),
        advice: Some(Advice::ConfirmCardData),
        wait: Some(Duration::from_secs(u64::from(u32::MAX))),
    };
    payment.attempts = std::iter::successors(Some(AttemptNumber::FIRST), |number| Some(number.next()))
        .take(ATTEMPTS_MAX)
        .map(|number| Attempt {
            number,
            source: AttemptSource::Api {
                key: key(),
                request_hash: hash,
                instrument: Instrument::ConfirmationToken(token()),
                return_url: Some(url()),
                off_session: true,
                api_version: "2026-10-28.endive".to_owned(),
            },
            started_at: SimHost::START,
            progress: AttemptProgress::Closed(AttemptResult::Declined(decline.clone())),
        })
        .collect();
    let act = Act {
        kind: ActKind::Capture { amount: payment.terms.amount },
        request: Some((key(), hash)),
        started_at: SimHost::START,
        reason: None,
        progress: ActProgress::Refused { code: "c".repeat(100) },
    };
    payment.acts = vec![act; ACTS_MAX];
    let id = |number: usize| RefundId::of_gateway(&payment.id, &number.to_string());
    let refund = |number| Refund {
        id: id(number),
        source: RefundSource::Api { key: key(), request_hash: hash },
        amount: payment.terms.amount,
        reason: Some(RefundReason::RequestedByCustomer),
        reference: Some(token()),
        started_at: SimHost::START,
        progress: RefundProgress::Failed { code: "c".repeat(100) },
    };
    // As many as clients may ask for, and as many again from the dashboard.
    payment.refunds = (0..REFUNDS_MAX.saturating_mul(2)).map(refund).collect();
    let dispute = |number: usize| PaymentDispute {
        id: must(DisputeId::of(Gateway::Stripe, must(GatewayToken::parse(&format!("{number:0>100}"))))),
        amount: payment.terms.amount,
        standing: Standing { stage: Stage::PreArbitration, status: Status::NeedsResponse },
        version: u64::MAX,
    };
    payment.disputes = (0..DISPUTES_MAX).map(dispute).collect();
    let warning = |number: usize| PaymentWarning {
        id: must(WarningId::of(&must(GatewayToken::parse(&format!("{number:0>100}"))))),
        kind: must(Text::parse(&"k".repeat(64))),
        is_actionable: true,
        warned_at: SimHost::START,
        version: u64::MAX,
    };
    payment.warnings = (0..WARNINGS_MAX).map(warning).collect();
    payment
}

/// Any payment that the types allow, whether or not the rules would ever make it.
pub fn any_payment() -> impl Strategy<Value = Payment> {
    let currency = select(vec!["EUR", "JPY", "KWD", "USD", "CLF"]).prop_map(|code| must(Currency::from_code(code)));
    currency.prop_flat_map(|currency| {
        let opened = (token(), option::of(secret()), option::of(url()), option::of(charge()));
        let named = (any_id(), any_gateway(), any_mode(), opened, hash());
        let story =
            (terms(currency), state(currency), vec(attempt(), 0..4), vec(act(currency), 0..3), money_back(currency));
        let counts = (any::<u32>(), any::<u32>(), 1_u64..);
        let reviews = (option::of(review()), option::of(moment()));
        let times = (reviews, option::of(moment()), moment(), moment(), moment(), counts);
        (named, story, times).prop_map(|(named, story, times)| {
            let (id, gateway, mode, (object, client_secret, payer_url, charge), request_hash) = named;
            let (terms, state, attempts, acts, (refunds, disputes, warnings, look_owed)) = story;
            let ((attention, refund_unknown), due, created_at, updated_at, expires_at, counts) = times;
            let (rounds, settlement_looks, version) = counts;
            Payment {
                id,
                gateway,
                mode,
                object,
                client_secret,
                payer_url,
                request_hash,
                terms,
                state,
                attempts,
                acts,
                charge,
                refunds,
                disputes,
                warnings,
                attention,
                refund_unknown,
                look_owed,
                settlement_looks,
                due,
                rounds,
                created_at,
                updated_at,
                expires_at,
                version,
            }
        })
    })
}

/// Refunds, disputes, warnings, and whether a look is owed.
type MoneyBack = (Vec<Refund>, Vec<PaymentDispute>, Vec<PaymentWarning>, bool);

fn money_back(currency: Currency) -> impl Strategy<Value = MoneyBack> {
    let dispute = (any_dispute_id(), 0_i64.., any_standing(), 1_u64..);
    let dispute = dispute.prop_map(move |(id, minor_units, standing, version)| PaymentDispute {
        id,
        amount: must(Money::try_new(minor_units, currency)),
        standing,
        version,
    });
    (refunds(currency), vec(dispute, 0..3), vec(warning(), 0..3))
        .prop_map(|((refunds, look_owed), disputes, warnings)| (refunds, disputes, warnings, look_owed))
}

fn warning() -> impl Strategy<Value = PaymentWarning> {
    let kind = "[a-z_]{1,64}".prop_map(|text| must(Text::parse(&text)));
    (any_warning_id(), kind, any::<bool>(), moment(), 1_u64..).prop_map(
        |(id, kind, is_actionable, warned_at, version)| PaymentWarning { id, kind, is_actionable, warned_at, version },
    )
}

/// Any warning's id.
pub fn any_warning_id() -> impl Strategy<Value = WarningId> {
    "[A-Za-z0-9_-]{1,40}".prop_map(|reference| must(WarningId::of(&must(GatewayToken::parse(&reference)))))
}

/// Any dispute's id.
pub fn any_dispute_id() -> impl Strategy<Value = DisputeId> {
    (any_gateway(), "[A-Za-z0-9_-]{1,40}")
        .prop_map(|(gateway, reference)| must(DisputeId::of(gateway, must(GatewayToken::parse(&reference)))))
}

/// Anywhere that a dispute can stand.
pub fn any_standing() -> impl Strategy<Value = Standing> {
    (select(Stage::ALL.to_vec()), select(Status::ALL.to_vec())).prop_map(|(stage, status)| Standing { stage, status })
}

fn charge() -> impl Strategy<Value = Charge> {
    let amount = || {
        (select(vec!["EUR", "JPY", "KWD"]), 0_i64..)
            .prop_map(|(code, minor_units)| must(Money::try_new(minor_units, must(Currency::from_code(code)))))
    };
    let rate = option::of("[1-9][0-9]{0,8}\\.[0-9]{1,9}".prop_map(|text| must(ExchangeRate::parse(&text))));
    let settlement = (amount(), amount(), rate).prop_map(|(net, fee, rate)| Settlement { net, fee, rate });
    (token(), option::of(settlement)).prop_map(|(reference, settlement)| Charge { reference, settlement })
}

fn refunds(currency: Currency) -> impl Strategy<Value = (Vec<Refund>, bool)> {
    let source = prop_oneof![
        Just(RefundSource::Gateway),
        Just(RefundSource::Automatic(Cause::LateSuccess)),
        any_warning_id().prop_map(|id| RefundSource::Automatic(Cause::FraudWarning(id))),
        (key(), hash()).prop_map(|(key, request_hash)| RefundSource::Api { key, request_hash }),
    ];
    let code = || "[a-z_]{1,40}";
    let progress = prop_oneof![
        Just(RefundProgress::Unanswered),
        option::of(code()).prop_map(|refusal| RefundProgress::Answered { refusal }),
        Just(RefundProgress::Pending),
        Just(RefundProgress::Succeeded),
        code().prop_map(|code| RefundProgress::Failed { code }),
        Just(RefundProgress::Canceled),
    ];
    let id = "ref_[a-z2-7]{26}".prop_map(|text| must(RefundId::parse(&text)));
    let reason = option::of(select(RefundReason::ALL.to_vec()));
    let refund = (id, source, money(currency), reason, option::of(token()), moment(), progress);
    let refund = refund.prop_map(|(id, source, amount, reason, reference, started_at, progress)| Refund {
        id,
        source,
        amount,
        reason,
        reference,
        started_at,
        progress,
    });
    (vec(refund, 0..3), any::<bool>())
}

fn any_id() -> impl Strategy<Value = TransactionId> {
    "pay_[a-z2-7]{26}".prop_map(|text| must(TransactionId::parse(&text)))
}

fn any_gateway() -> impl Strategy<Value = Gateway> {
    select(vec![Gateway::Stripe, Gateway::PayPal])
}

fn any_mode() -> impl Strategy<Value = Mode> {
    select(vec![Mode::Test, Mode::Live])
}

fn token() -> impl Strategy<Value = GatewayToken> {
    "[a-z]{2}_[A-Za-z0-9_-]{1,30}".prop_map(|text| must(GatewayToken::parse(&text)))
}

fn secret() -> impl Strategy<Value = ClientSecret> {
    "[!-~]{0,80}".prop_map(ClientSecret::new)
}

fn hash() -> impl Strategy<Value = RequestHash> {
    any::<u64>().prop_map(|number| RequestHash::of([("number", number.to_string().as_str())]))
}

fn key() -> impl Strategy<Value = IdempotencyKey> {
    "[!-~]{1,64}".prop_map(|text| must(IdempotencyKey::parse(&text)))
}

fn url() -> impl Strategy<Value = WebUrl> {
    "https://[a-z]{1,9}\\.example/[!#-;=?-Za-z~_]{0,80}".prop_map(|text| must(WebUrl::parse(&text)))
}

fn text<const MAX: usize>() -> impl Strategy<Value = Text<MAX>> {
    "\\PC{1,22}".prop_map(|text| must(Text::parse(&text)))
}

/// Any moment that has a calendar day of four digits.
fn moment() -> impl Strategy<Value = Timestamp> {
    (0_i64..253_402_300_800_000).prop_map(Timestamp::from_unix_ms)
}

fn money(currency: Currency) -> impl Strategy<Value = Money> {
    (0_i64..=i64::MAX).prop_map(move |minor_units| must(Money::try_new(minor_units, currency)))
}

/// Anything that could have come of sealing.
pub fn any_sealed() -> impl Strategy<Value = Sealed> {
    let number = (1_u32..).prop_map(|number| KeyNumber::of(number).unwrap_or(KeyNumber::FIRST));
    (number, vec(any::<u8>(), 0..40)).prop_map(|(key, bytes)| Sealed { key, bytes })
}

/// As any release keeps them.
fn any_customer() -> impl Strategy<Value = Customer> {
    let kept = || option::of(prop_oneof![any_sealed().prop_map(Kept::Sealed), "\\PC{1,20}".prop_map(Kept::Clear)]);
    let person = "[a-z]{1,9}".prop_map(|name| PersonId::of_customer(&must(Text::parse(&name))));
    (person, kept(), kept(), kept()).prop_map(|(person, id, email, name)| Customer { person, id, email, name })
}

fn terms(currency: Currency) -> impl Strategy<Value = Terms> {
    let amount = (1_i64..=i64::MAX).prop_map(move |minor_units| must(Money::payable(minor_units, currency)));
    let capture = select(vec![CaptureMethod::Automatic, CaptureMethod::Manual]);
    let confirmation = select(vec![Confirmation::Explicit, Confirmation::Automatic]);
    let customer = option::of(any_customer());
    let words = (option::of(text()), option::of(text()), option::of(text()));
    let metadata = proptest::collection::btree_map("[a-z]{1,9}", "\\PC{0,20}", 0..5)
        .prop_map(|pairs: BTreeMap<String, String>| must(Metadata::parse(pairs)));
    let expires_in = any::<u32>().prop_map(|seconds| Duration::from_secs(seconds.into()));
    let urls = (option::of(url()), option::of(url()));
    (amount, capture, confirmation, customer, words, metadata, urls, expires_in).prop_map(
        |(amount, capture, confirmation, customer, words, metadata, urls, expires_in)| {
            let (reference, description, statement_descriptor) = words;
            let (return_url, cancel_url) = urls;
            Terms {
                amount,
                capture,
                confirmation,
                reference,
                customer,
                description,
                statement_descriptor,
                metadata,
                return_url,
                cancel_url,
                expires_in,
            }
        },
    )
}

fn state(currency: Currency) -> impl Strategy<Value = PaymentState> {
    prop_oneof![
        Just(PaymentState::RequiresPaymentMethod),
        Just(PaymentState::Processing(ProcessingReason::GatewayPending)),
        Just(PaymentState::Processing(ProcessingReason::OutcomeUnknown)),
        moment().prop_map(|at| PaymentState::Processing(ProcessingReason::RetryScheduled { at })),
        url().prop_map(|url| PaymentState::RequiresAction(NextAction::Redirect(url))),
        Just(PaymentState::RequiresAction(NextAction::UseGatewaySdk)),
        Just(PaymentState::RequiresAction(NextAction::Confirm)),
        money(currency).prop_map(|capturable| PaymentState::RequiresCapture { capturable }),
        money(currency).prop_map(|captured| PaymentState::Succeeded { captured }),
        Just(PaymentState::Failed),
        Just(PaymentState::Canceled),
        Just(PaymentState::Expired),
    ]
}

fn attempt() -> impl Strategy<Value = Attempt> {
    let number = (1..=u32::MAX).prop_map(|number| must(AttemptNumber::try_new(number)));
    let instrument = prop_oneof![
        token().prop_map(Instrument::PaymentMethod),
        token().prop_map(Instrument::ConfirmationToken),
        Just(Instrument::Approved),
    ];
    let api = (key(), hash(), instrument, option::of(url()), any::<bool>(), "[0-9]{4}-[0-9]{2}-[0-9]{2}\\.[a-z]{1,9}");
    let api = api.prop_map(|(key, request_hash, instrument, return_url, off_session, api_version)| {
        AttemptSource::Api { key, request_hash, instrument, return_url, off_session, api_version }
    });
    let source = prop_oneof![api, Just(AttemptSource::Automatic), Just(AttemptSource::Gateway)];
    let progress = prop_oneof![
        Just(AttemptProgress::Unanswered),
        Just(AttemptProgress::Answered),
        Just(AttemptProgress::Closed(AttemptResult::Charged)),
        Just(AttemptProgress::Closed(AttemptResult::NotCharged)),
        decline().prop_map(|decline| AttemptProgress::Closed(AttemptResult::Declined(decline))),
    ];
    (number, source, moment(), progress).prop_map(|(number, source, started_at, progress)| Attempt {
        number,
        source,
        started_at,
        progress,
    })
}

fn decline() -> impl Strategy<Value = Decline> {
    let category = select(vec![
        DeclineCategory::Later,
        DeclineCategory::LaterFewTimes,
        DeclineCategory::PayerMustAct,
        DeclineCategory::LookForEarlier,
        DeclineCategory::Never,
    ]);
    let codes = TABLE.iter().map(|(code, _)| *code).chain(["unknown", "payment_method_unusable"]);
    let advice = select(vec![Advice::ConfirmCardData, Advice::DoNotTryAgain, Advice::TryAgainLater]);
    let wait = option::of((0_u64..1_000_000).prop_map(Duration::from_secs));
    (category, select(codes.collect::<Vec<_>>()), "\\PC{0,30}", option::of("[0-9A-Z]{0,4}"), option::of(advice), wait)
        .prop_map(|(category, code, gateway_code, network_code, advice, wait)| Decline {
            category,
            code,
            gateway_code,
            network_code,
            advice,
            wait,
        })
}

fn act(currency: Currency) -> impl Strategy<Value = Act> {
    let kind = prop_oneof![
        money(currency).prop_map(|amount| ActKind::Capture { amount }),
        select(vec![End::Canceled, End::Expired, End::Failed]).prop_map(|ends_as| ActKind::Close { ends_as }),
    ];
    let progress = prop_oneof![
        Just(ActProgress::Open),
        Just(ActProgress::Done),
        "\\PC{0,30}".prop_map(|code| ActProgress::Refused { code }),
        Just(ActProgress::Overtaken),
    ];
    let reason = option::of(select(CancelReason::ALL.to_vec()));
    (kind, option::of((key(), hash())), moment(), reason, progress)
        .prop_map(|(kind, request, started_at, reason, progress)| Act { kind, request, started_at, reason, progress })
}

fn review() -> impl Strategy<Value = Review> {
    // What is said of a refund stands beside the others.
    let reasons = ReviewReason::ALL.into_iter().filter(|reason| *reason != ReviewReason::RefundUnknown);
    (moment(), select(reasons.collect::<Vec<_>>())).prop_map(|(since, reason)| Review { since, reason })
}

#[expect(clippy::panic, reason = "what is made up here is made up well; if not, the test that asked for it is wrong")]
fn must<T, E: std::fmt::Debug>(made: Result<T, E>) -> T {
    made.unwrap_or_else(|error| panic!("made up a payment that is none: {error:?}"))
}
