//! A client of the merchant, as docs/HTTP.md tells it to be: it takes no answer, a 5xx and a 202 for what they are, sends
//! the same request again under the same key, and asks for the status. And a client as it should not be: it sends two
//! requests at once, uses a key for another body, goes away in the middle.

use std::{sync::Arc, time::Duration};

use domain::{
    gateway::Gateway,
    id::{RequestHash, TransactionId},
    payment::{Payment, PaymentState},
};
use flow::operations::{capture::Wish, initiate::InitiateRequest};

use super::{
    people::{PayersDeed, payer},
    schedule::{Pause, pause},
};
use crate::{
    shop::{approved, cancellation, card, card_on_file, give_back, key},
    simulation::{
        coverage::Sometimes,
        functions::{Answer, Ask, Replay, Reply, call},
        stage::Stage,
    },
};

/// How often a request is sent before the client gives up on it.
const TRIES_MAX: u32 = 4;
/// How long a client waits for an answer; API Gateway itself gives up after 29 seconds.
const PATIENCE: [Duration; 3] = [Duration::from_secs(29), Duration::from_secs(10), Duration::from_secs(2)];

/// What is to be paid.
#[derive(Debug)]
pub(in crate::simulation) struct Order {
    pub(in crate::simulation) id: TransactionId,
    pub(in crate::simulation) request: InitiateRequest,
    /// What the story calls it.
    pub(in crate::simulation) name: &'static str,
}

/// One of the merchant's programs, at work on one order.
#[derive(Debug)]
pub(in crate::simulation) struct Client {
    pub(in crate::simulation) stage: Arc<Stage>,
    pub(in crate::simulation) order: Arc<Order>,
    pub(in crate::simulation) name: &'static str,
    /// The last payment it was shown.
    pub(in crate::simulation) shown: Option<Payment>,
    /// What it asked for last.
    pub(in crate::simulation) asked: Option<Ask>,
    /// How many keys it has used.
    pub(in crate::simulation) keys: u32,
}

/// What a client, or the payer before it, does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    AskStatus,
    Wait,
    Confirm,
    ConfirmPayerAway,
    Cancel,
    CaptureAll,
    CapturePart,
    CaptureTooMuch,
    RefundAll,
    RefundPart,
    RefundTooMuch,
    SendAgain,
    Payer(PayersDeed),
}

/// What a client should not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mischief {
    SendsTwice,
    ReusesKey,
    GoesAway,
    OpensAgain,
}

impl Client {
    /// Opens the payment, and does what the payment waits for.
    pub(in crate::simulation) async fn work(mut self) {
        const PAUSES: [Pause; 9] = [
            Pause::For(Duration::ZERO),
            Pause::For(Duration::from_secs(1)),
            Pause::UntilALook,
            Pause::For(Duration::from_secs(20)),
            Pause::UntilALook,
            Pause::For(Duration::from_secs(70)),
            Pause::For(Duration::from_secs(600)),
            Pause::For(Duration::from_secs(6 * 3600)),
            Pause::For(Duration::from_secs(25 * 3600)),
        ];
        self.ask(Ask::Initiate(Box::new(self.order.request.clone()))).await;
        let deeds = self.stage.draw(&[2_u32, 1, 3, 4, 6, 9]).unwrap_or(0);
        for _ in 0..deeds {
            pause(&self.stage, self.stage.draw(&PAUSES)).await;
            if self.shown.as_ref().is_some_and(|payment| payment.attention.is_some()) {
                // A person has been called, and goes on from here.
                return;
            }
            if self.stage.strikes(|climate| climate.clients) {
                let mischief = [Mischief::SendsTwice, Mischief::ReusesKey, Mischief::OpensAgain, Mischief::GoesAway];
                match self.stage.draw(&mischief) {
                    Some(Mischief::GoesAway) | None => return,
                    Some(Mischief::SendsTwice) => self.sends_twice().await,
                    Some(Mischief::ReusesKey) => self.reuses_key().await,
                    Some(Mischief::OpensAgain) => self.ask(Ask::Initiate(Box::new(self.order.request.clone()))).await,
                }
            } else {
                self.does_what_is_next().await;
            }
        }
    }

    async fn does_what_is_next(&mut self) {
        use Deed::{
            AskStatus, Cancel, CaptureAll, CapturePart, CaptureTooMuch, Confirm, ConfirmPayerAway, Payer, RefundAll,
            RefundPart, RefundTooMuch, SendAgain, Wait,
        };
        use PayersDeed::{Approves, Authenticates, Fails, PaysInBrowser};
        let deeds: &[Deed] = match self.shown.as_ref().map(|payment| &payment.state) {
            None => &[AskStatus, Confirm, Cancel],
            Some(PaymentState::RequiresPaymentMethod) => {
                &[Confirm, Confirm, ConfirmPayerAway, Payer(PaysInBrowser), Confirm, ConfirmPayerAway, Wait, Cancel]
            }
            Some(PaymentState::Processing(_)) => &[AskStatus, SendAgain, Wait, Confirm, Cancel, AskStatus],
            Some(PaymentState::RequiresAction(_)) if self.order.request.gateway == Gateway::PayPal => {
                &[Payer(Approves), Confirm, Payer(Approves), Confirm, AskStatus, Wait, Cancel]
            }
            Some(PaymentState::RequiresAction(_)) => &[
                Payer(Authenticates),
                Payer(Authenticates),
                Payer(Fails),
                AskStatus,
                Wait,
                Cancel,
                Payer(PaysInBrowser),
            ],
            Some(PaymentState::RequiresCapture { .. }) => {
                &[CaptureAll, CapturePart, CaptureAll, Cancel, CaptureTooMuch, Wait, SendAgain]
            }
            Some(PaymentState::Succeeded { .. }) => &[
                AskStatus,
                RefundPart,
                RefundAll,
                SendAgain,
                RefundPart,
                Wait,
                Confirm,
                RefundTooMuch,
                Cancel,
                RefundPart,
            ],
            Some(PaymentState::Failed | PaymentState::Canceled | PaymentState::Expired) => {
                &[AskStatus, SendAgain, Wait, Confirm, Cancel]
            }
        };
        match self.stage.draw(deeds).unwrap_or(Wait) {
            Wait => {}
            Payer(deed) => {
                if let Some(payment) = &self.shown {
                    payer(&self.stage, &payment.object, deed);
                }
            }
            deed => {
                let ask = self.ask_for(deed);
                self.ask(ask).await;
            }
        }
    }

    fn ask_for(&mut self, deed: Deed) -> Ask {
        let amount = self.order.request.terms.amount.minor_units();
        match deed {
            Deed::Confirm | Deed::ConfirmPayerAway if self.order.request.gateway == Gateway::PayPal => {
                Ask::Confirm(Box::new(approved(&self.fresh_key())))
            }
            Deed::Confirm => Ask::Confirm(Box::new(card(&self.fresh_key()))),
            Deed::ConfirmPayerAway => Ask::Confirm(Box::new(card_on_file(&self.fresh_key()))),
            Deed::Cancel => Ask::Cancel(cancellation(&self.fresh_key())),
            Deed::CaptureAll => Ask::Capture(wish(&self.fresh_key(), None)),
            Deed::CapturePart => Ask::Capture(wish(&self.fresh_key(), Some(amount / 2))),
            Deed::CaptureTooMuch => Ask::Capture(wish(&self.fresh_key(), Some(amount.saturating_add(1)))),
            Deed::RefundAll => Ask::Refund(give_back(&self.fresh_key(), None)),
            Deed::RefundPart => Ask::Refund(give_back(&self.fresh_key(), Some(amount.saturating_add(2) / 3))),
            Deed::RefundTooMuch => Ask::Refund(give_back(&self.fresh_key(), Some(amount.saturating_add(1)))),
            Deed::SendAgain => self.asked.clone().unwrap_or(Ask::Status),
            Deed::AskStatus | Deed::Wait | Deed::Payer(_) => Ask::Status,
        }
    }

    fn fresh_key(&mut self) -> String {
        self.keys = self.keys.saturating_add(1);
        format!("{}-{}", self.name, self.keys)
    }

    /// Asks until there is an answer that says something, but not for ever.
    async fn ask(&mut self, ask: Ask) {
        const PAUSES: [Duration; 4] =
            [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(60), Duration::from_secs(1800)];
        self.asked = Some(ask.clone());
        for _ in 0..TRIES_MAX {
            if self.once(ask.clone()).await {
                return;
            }
            self.stage.sleep(self.stage.draw(&PAUSES).unwrap_or_default()).await;
        }
    }

    /// Sends one request. Whether it was answered with anything but "send it again".
    async fn once(&mut self, ask: Ask) -> bool {
        let request = self.sends(&ask);
        let invocation = call(&self.stage, self.order.id.clone(), ask.clone());
        let patience = if self.stage.strikes(|climate| climate.clients) { self.stage.draw(&PATIENCE) } else { None };
        let reply = self.stage.reply(invocation, patience.unwrap_or(Duration::from_secs(29))).await;
        let Some(Reply::Api(answer)) = reply else {
            self.tell(|| "gets no answer".to_owned());
            return false;
        };
        if self.stage.strikes(|climate| climate.clients) {
            self.tell(|| "the answer is lost on its way".to_owned());
            return false;
        }
        self.hears(request, &ask, &answer);
        !matches!(answer, Answer::Unavailable(_))
    }

    fn sends(&self, ask: &Ask) -> usize {
        self.tell(|| format!("asks: {}", in_a_word(ask)));
        let turn = self.stage.turn_number();
        self.stage.with_auditor(|auditor| auditor.asked(&self.order.id, ask, turn))
    }

    fn hears(&mut self, request: usize, ask: &Ask, answer: &Answer) {
        self.tell(|| format!("is told: {}", told(answer)));
        let turn = self.stage.turn_number();
        self.stage.with_auditor(|auditor| auditor.told(request, ask, answer, turn, &self.stage.gateway));
        match answer {
            Answer::Payment(payment, replay) => {
                self.shown = Some((**payment).clone());
                if *replay == Replay::Yes {
                    self.stage.happened(Sometimes::ReplayedRequest);
                }
            }
            Answer::Refused(code, payment) => {
                if let Some(payment) = payment {
                    self.shown = Some((**payment).clone());
                }
                if let (Ask::Refund(_), Some(payment)) = (ask, payment)
                    && payment.disputed().minor_units() > 0
                {
                    self.stage.happened(Sometimes::RefundOfDisputedMoney);
                }
                if *code == crate::simulation::functions::KEY_REUSED {
                    self.stage.happened(Sometimes::ReusedKey);
                }
            }
            Answer::Unavailable(_) => {}
        }
    }

    /// Two of the same at the same time, as an impatient payer's double click makes them.
    async fn sends_twice(&mut self) {
        let deed = self.stage.draw(&[
            Deed::Confirm,
            Deed::CaptureAll,
            Deed::Cancel,
            Deed::SendAgain,
            Deed::RefundPart,
            Deed::RefundAll,
        ]);
        let ask = self.ask_for(deed.unwrap_or(Deed::Confirm));
        self.stage.happened(Sometimes::TwoAtOnce);
        let mut sent = Vec::new();
        for _ in 0..2 {
            sent.push((self.sends(&ask), call(&self.stage, self.order.id.clone(), ask.clone())));
        }
        for (request, invocation) in sent {
            if let Some(Reply::Api(answer)) = self.stage.reply(invocation, Duration::from_secs(29)).await {
                self.hears(request, &ask, &answer);
            }
        }
        self.asked = Some(ask);
    }

    /// The last key with another body.
    async fn reuses_key(&mut self) {
        let other = RequestHash::of([("other", "body")]);
        let ask = match self.asked.clone() {
            Some(Ask::Confirm(mut request)) => {
                request.request_hash = other;
                Ask::Confirm(request)
            }
            Some(Ask::Capture(mut wish)) => {
                wish.request_hash = other;
                Ask::Capture(wish)
            }
            Some(Ask::Cancel(mut request)) => {
                request.request_hash = other;
                Ask::Cancel(request)
            }
            Some(Ask::Refund(mut wish)) => {
                wish.request_hash = other;
                Ask::Refund(wish)
            }
            Some(Ask::Initiate(_) | Ask::Status) | None => {
                let mut request = self.order.request.clone();
                request.request_hash = other;
                Ask::Initiate(Box::new(request))
            }
        };
        self.once(ask).await;
    }

    fn tell(&self, what: impl FnOnce() -> String) {
        self.stage.tell(|| format!("{} (order {}) {}", self.name, self.order.name, what()));
    }
}

fn wish(name: &str, minor_units: Option<i64>) -> Wish {
    let request_hash = RequestHash::of([("amount", format!("{minor_units:?}").as_str())]);
    Wish { key: key(name), request_hash, minor_units }
}

fn in_a_word(ask: &Ask) -> String {
    let away = match ask {
        Ask::Confirm(request) if request.off_session => ", payer away",
        _ => "",
    };
    let (key, body) = ask.key().map_or_else(Default::default, |(key, hash)| (key, hash.short()));
    format!("{:?} {key} {body}{away}", ask.operation())
}

fn told(answer: &Answer) -> String {
    let shown = |payment: &Payment| format!("v{} {:?}", payment.version, payment.state);
    match answer {
        Answer::Payment(payment, Replay::No) => shown(payment),
        Answer::Payment(payment, Replay::Yes) => format!("{} (replayed)", shown(payment)),
        Answer::Refused(code, payment) => {
            format!("{code} {}", payment.as_deref().map(shown).unwrap_or_default())
        }
        Answer::Unavailable(code) => format!("503 {code}"),
    }
}
