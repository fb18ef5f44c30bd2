//! The inside of the gateway: objects, saved answers, charges, events. Every change happens in here, at one moment.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use domain::{
    decline::{Decline, GatewayWords},
    gateway::{Gateway, Hand, NextAction, ObjectSnapshot, ObjectStatus, OpenedObject, Outcome, UnknownReason},
    id::TransactionId,
    payment::{CaptureMethod, Terms},
    text::{ClientSecret, GatewayToken, WebUrl},
    time::Timestamp,
};
use flow::{
    operations::webhook::{GatewayEvent, News, Subject},
    ports::Host,
};

use super::{
    Call, Cause, Charge, Course, Effect, Reply, Request, Standing, Verdict, challenge, intent::Intent,
    refunds::Refunds, request::Deed,
};
use crate::host::SimHost;

/// Stripe promises to keep keys for a day. Here it keeps them not a moment longer.
const KEY_LIFE: Duration = Duration::from_secs(24 * 3600);

/// PayPal keeps those of what is asked of an order for so long.
const ORDER_KEY_LIFE: Duration = Duration::from_secs(6 * 3600);

/// No request is on its way for longer: whatever carries it gives up before.
const WAY_MAX: Duration = Duration::from_secs(3_600);

/// Everything the gateway knows.
#[derive(Debug)]
pub(super) struct Book {
    clock: Arc<SimHost>,
    intents: BTreeMap<GatewayToken, Intent>,
    pub(super) keys: BTreeMap<String, Saved>,
    /// Keys that were forgotten because they were old.
    dead_keys: BTreeSet<String>,
    /// The keys among them that came again, with a request that moves money.
    pub(super) revived_keys: Vec<String>,
    pub(super) charges: Vec<Charge>,
    pub(super) refunds: Refunds,
    /// How much of each object's money disputes hold.
    pub(super) held: BTreeMap<GatewayToken, i64>,
    pub(super) events: Vec<GatewayEvent>,
    events_made: usize,
    pub(super) verdicts: VecDeque<Verdict>,
    pub(super) courses: BTreeMap<Call, VecDeque<Course>>,
    pub(super) sent: Vec<Request>,
    late: Vec<(Timestamp, Request)>,
}

/// An answer that is given again.
#[derive(Debug)]
pub(super) struct Saved {
    call: Call,
    body: String,
    reply: Reply,
    until: Timestamp,
}

impl Book {
    pub(super) const fn new(clock: Arc<SimHost>) -> Self {
        Self {
            clock,
            intents: BTreeMap::new(),
            keys: BTreeMap::new(),
            dead_keys: BTreeSet::new(),
            revived_keys: Vec::new(),
            charges: Vec::new(),
            refunds: Refunds::new(),
            held: BTreeMap::new(),
            events: Vec::new(),
            events_made: 0,
            verdicts: VecDeque::new(),
            courses: BTreeMap::new(),
            sent: Vec::new(),
            late: Vec::new(),
        }
    }

    pub(super) fn courses_of(&mut self, call: Call) -> &mut VecDeque<Course> {
        self.courses.entry(call).or_default()
    }

    pub(super) fn intent(&self, object: &GatewayToken) -> Option<&Intent> {
        self.intents.get(object)
    }

    pub(super) fn statuses(&self) -> Vec<(GatewayToken, ObjectStatus)> {
        self.intents.iter().map(|(reference, intent)| (reference.clone(), intent.status.clone())).collect()
    }

    pub(super) fn with_intent(&mut self, object: &GatewayToken, change: impl FnOnce(&mut Intent)) {
        if let Some(intent) = self.intents.get_mut(object) {
            change(intent);
        }
    }

    /// A request sets out, and takes the course that is written for it.
    pub(super) fn receive(&mut self, request: Request) -> (Reply, Hand) {
        let unknown = |reason| (Reply::Outcome(Outcome::Unknown(reason)), Hand::First);
        self.sent.push(request.clone());
        match self.courses_of(request.call).pop_front().unwrap_or(Course::Well) {
            Course::Well => self.serve(&request, None),
            Course::NotServed(reason) => unknown(reason),
            Course::Unheard(reason) => {
                let _unheard = self.serve(&request, None);
                unknown(reason)
            }
            Course::Late => {
                self.late.push((self.clock.now(), request));
                unknown(UnknownReason::Timeout)
            }
            Course::SavedFailure(effect) => self.serve(&request, Some(effect)),
            Course::Refused(code) => {
                (Reply::Outcome(Outcome::Refused { code: code.to_owned(), object: None }), Hand::First)
            }
        }
    }

    pub(super) fn serve_late(&mut self) -> usize {
        let now = self.clock.now();
        let mut late = std::mem::take(&mut self.late);
        late.retain(|(sent_at, _)| now.since(*sent_at) < WAY_MAX);
        for (_, request) in &late {
            let _unheard = self.serve(request, None);
        }
        late.len()
    }

    pub(super) fn taint(&mut self, key: &str) {
        let reply = Reply::Outcome(Outcome::Unknown(UnknownReason::ServerError));
        let until = self.clock.now().plus(KEY_LIFE);
        let saved = Saved { call: Call::Fetch, body: String::new(), reply, until };
        self.keys.insert(key.to_owned(), saved);
    }

    /// A saved answer is given again, to the same request only. Anything else is done, and its answer saved.
    fn serve(&mut self, request: &Request, failure: Option<Effect>) -> (Reply, Hand) {
        let now = self.clock.now();
        self.forget_old_keys();
        if let Some(key) = request.key.as_ref().filter(|key| self.dead_keys.contains(*key))
            && matches!(request.call, Call::Confirm | Call::Capture)
        {
            self.revived_keys.push(key.clone());
        }
        if let Some(saved) = request.key.as_ref().and_then(|key| self.keys.get(key)) {
            return if saved.call == request.call && saved.body == request.body {
                (saved.reply.clone(), Hand::Replayed)
            } else {
                (Reply::Outcome(Outcome::Unknown(UnknownReason::KeyMismatch)), Hand::First)
            };
        }
        let failed = Reply::Outcome(Outcome::Unknown(UnknownReason::ServerError));
        let reply = match failure {
            None => self.act(request),
            Some(Effect::None) => failed,
            Some(Effect::Whole) => {
                let _lost = self.act(request);
                failed
            }
        };
        if let Some(key) = request.key.clone().filter(|_| self.is_kept(request, &reply)) {
            let until = now.plus(self.key_life(request));
            let saved = Saved { call: request.call, body: request.body.clone(), reply: reply.clone(), until };
            self.keys.insert(key, saved);
        }
        (reply, Hand::First)
    }

    /// PayPal looks anew at what it has refused.
    fn is_kept(&self, request: &Request, reply: &Reply) -> bool {
        !self.is_about_an_order(request) || !matches!(reply, Reply::Outcome(Outcome::Refused { .. }))
    }

    fn key_life(&self, request: &Request) -> Duration {
        if request.call == Call::Confirm && self.is_about_an_order(request) { ORDER_KEY_LIFE } else { KEY_LIFE }
    }

    fn is_about_an_order(&self, request: &Request) -> bool {
        request.deed.object().and_then(|object| self.intent(object)).is_some_and(Intent::is_order)
    }

    fn forget_old_keys(&mut self) {
        let now = self.clock.now();
        let dead = self.keys.extract_if(.., |_, saved| now >= saved.until);
        self.dead_keys.extend(dead.map(|(key, _)| key));
    }

    fn act(&mut self, request: &Request) -> Reply {
        let key = request.key.as_deref();
        let done = match &request.deed {
            Deed::Open { id, gateway, terms } => return Reply::Opened(self.open(id, *gateway, terms)),
            Deed::Confirm { object, off_session } => {
                return Reply::Outcome(self.confirm(object, *off_session, key.unwrap_or_default()));
            }
            Deed::Capture { object, minor_units } if self.holds_less_than(object, *minor_units) => {
                return Reply::Outcome(Outcome::Refused { code: "amount_too_large".to_owned(), object: None });
            }
            Deed::Capture { object, minor_units } => (self.capture(object, *minor_units, key), object),
            // Of an order there is nothing to cancel but a hold: what is asked for is a look.
            Deed::Cancel { object } => {
                (self.cancel(object, key) || self.intent(object).is_some_and(Intent::is_order), object)
            }
            Deed::Fetch { object } => (true, object),
            Deed::Refund { object, id, minor_units } => {
                return Reply::Refund(self.refund(object, Some(id.clone()), *minor_units));
            }
            Deed::ListRefunds { object } => return Reply::Refunds(self.list_refunds(object)),
        };
        Reply::Outcome(match done {
            (true, object) => self.show(object),
            (false, object) => self.stands_in_the_way(object),
        })
    }

    pub(super) fn open(&mut self, id: &TransactionId, gateway: Gateway, terms: &Terms) -> OpenedObject {
        let number = self.intents.len();
        let reference = token(&match gateway {
            Gateway::Stripe => format!("pi_3Sim{number:020}"),
            Gateway::PayPal => format!("5SIM{number:013}"),
        });
        let intent = Intent {
            gateway,
            reference: reference.clone(),
            transaction_id: id.clone(),
            amount_minor_units: terms.amount.minor_units(),
            currency: terms.amount.currency(),
            capture: terms.capture,
            status: ObjectStatus::AwaitsMethod,
            awaited: None,
            is_settled: true,
        };
        let snapshot = intent.snapshot();
        let (client_secret, payer_url) = match gateway {
            Gateway::Stripe => (Some(ClientSecret::new(format!("{}_secret_sim", reference.as_str()))), None),
            Gateway::PayPal => (None, Some(approval(&reference))),
        };
        self.intents.insert(reference, intent);
        // That we opened it is no news to us, and no adapter makes an event of ours of it.
        self.announce(Subject::Other);
        OpenedObject { snapshot, client_secret, payer_url }
    }

    fn confirm(&mut self, object: &GatewayToken, off_session: bool, key: &str) -> Outcome {
        match self.intent(object) {
            Some(intent) if intent.can_be_confirmed() => {}
            // The adapter looks at what PayPal refuses so, and that shows where its payer is to go.
            Some(intent) if intent.is_order() && intent.status == ObjectStatus::AwaitsMethod => {
                let status = ObjectStatus::AwaitsPayer(NextAction::Redirect(approval(object)));
                return Outcome::Object(ObjectSnapshot { status, ..intent.snapshot() });
            }
            Some(_) | None => return self.stands_in_the_way(object),
        }
        let verdict = match self.verdicts.pop_front().unwrap_or(Verdict::Charge) {
            // Nobody is there to be asked; and whoever approved an order has been asked.
            Verdict::Challenge if off_session || self.intent(object).is_some_and(Intent::is_order) => {
                Verdict::Decline("authentication_required")
            }
            said @ (Verdict::Charge | Verdict::Decline(_) | Verdict::Challenge | Verdict::Pending) => said,
        };
        self.decide(object, Cause::Request(key.to_owned()), verdict, Some(key))
    }

    pub(super) fn browser_confirms(&mut self, object: &GatewayToken, verdict: Verdict) -> bool {
        let can = self.intent(object).is_some_and(|intent| !intent.is_order() && intent.can_be_confirmed());
        if can {
            let _shown_to_the_payer = self.decide(object, Cause::Browser, verdict, None);
        }
        can
    }

    /// The payer of an order approves it. Whether it waited for that.
    pub(super) fn payer_approves(&mut self, object: &GatewayToken) -> bool {
        let waits = |intent: &&mut Intent| intent.is_order() && intent.status == ObjectStatus::AwaitsMethod;
        let Some(intent) = self.intents.get_mut(object).filter(waits) else { return false };
        intent.status = ObjectStatus::AwaitsPayer(NextAction::Confirm);
        let (snapshot, transaction_id) = (intent.snapshot(), intent.transaction_id.clone());
        self.announce_change(transaction_id, Outcome::Object(snapshot), None);
        true
    }

    /// Decides what the payer or the bank was asked, if the object waits as `waits` says.
    pub(super) fn decide_awaited(
        &mut self,
        object: &GatewayToken,
        verdict: Verdict,
        waits: impl Fn(&ObjectStatus) -> bool,
    ) -> bool {
        let awaited = self.intent(object).filter(|intent| waits(&intent.status)).and_then(|it| it.awaited.clone());
        let Some(cause) = awaited else { return false };
        let _shown_to_the_payer = self.decide(object, cause, verdict, None);
        true
    }

    /// The bank's verdict takes effect. `key` is the key of the request that is being served, if it is one of ours.
    fn decide(&mut self, object: &GatewayToken, cause: Cause, verdict: Verdict, key: Option<&str>) -> Outcome {
        let Some(intent) = self.intents.get_mut(object) else { return missing() };
        let minor_units = intent.amount_minor_units;
        let (status, standing) = match (verdict, intent.capture) {
            (Verdict::Charge, CaptureMethod::Automatic) => {
                (ObjectStatus::Captured { received_minor_units: minor_units }, Some(Standing::Captured))
            }
            (Verdict::Charge, CaptureMethod::Manual) => {
                (ObjectStatus::Authorized { capturable_minor_units: minor_units }, Some(Standing::Held))
            }
            (Verdict::Decline(code), _) => (intent.after_decline(&judged(code)), Some(Standing::Declined(code))),
            (Verdict::Challenge, _) => (ObjectStatus::AwaitsPayer(challenge(object)), None),
            (Verdict::Pending, _) => (ObjectStatus::Pending, None),
        };
        intent.status = status;
        intent.awaited = standing.is_none().then(|| cause.clone());
        let (snapshot, transaction_id) = (intent.snapshot(), intent.transaction_id.clone());
        if let Some(standing) = standing {
            let (object, transaction_id) = (object.clone(), transaction_id.clone());
            self.charges.push(Charge { object, transaction_id, cause, minor_units, standing });
        }
        let outcome = match verdict {
            Verdict::Decline(code) => Outcome::Declined { decline: judged(code), object: Some(snapshot) },
            Verdict::Charge | Verdict::Challenge | Verdict::Pending => Outcome::Object(snapshot),
        };
        self.announce_change(transaction_id, outcome.clone(), key);
        outcome
    }

    /// Takes held money, all of it or less; the rest is let go. Whether there was so much.
    pub(super) fn capture(&mut self, object: &GatewayToken, minor_units: i64, key: Option<&str>) -> bool {
        let Some(intent) = self.intents.get_mut(object) else { return false };
        let ObjectStatus::Authorized { capturable_minor_units } = intent.status else { return false };
        if !(1..=capturable_minor_units).contains(&minor_units) {
            return false;
        }
        intent.status = ObjectStatus::Captured { received_minor_units: minor_units };
        let (snapshot, transaction_id) = (intent.snapshot(), intent.transaction_id.clone());
        self.move_held(object, Standing::Captured, Some(minor_units));
        self.announce_change(transaction_id, Outcome::Object(snapshot), key);
        true
    }

    fn holds_less_than(&self, object: &GatewayToken, minor_units: i64) -> bool {
        self.intent(object).is_some_and(|intent| match intent.status {
            ObjectStatus::Authorized { capturable_minor_units } => capturable_minor_units < minor_units,
            ObjectStatus::AwaitsMethod
            | ObjectStatus::AwaitsPayer(_)
            | ObjectStatus::Pending
            | ObjectStatus::Captured { .. }
            | ObjectStatus::Canceled
            | ObjectStatus::Failed(_)
            | ObjectStatus::Unrecognized(_) => false,
        })
    }

    /// Ends an object without money. Whether that could be done.
    pub(super) fn cancel(&mut self, object: &GatewayToken, key: Option<&str>) -> bool {
        let Some(intent) = self.intents.get_mut(object).filter(|intent| intent.can_be_canceled()) else { return false };
        intent.status = ObjectStatus::Canceled;
        intent.awaited = None;
        let (snapshot, transaction_id) = (intent.snapshot(), intent.transaction_id.clone());
        self.move_held(object, Standing::Released, None);
        self.announce_change(transaction_id, Outcome::Object(snapshot), key);
        true
    }

    /// Money arrives on an object that had ended without. Whether it had.
    pub(super) fn pay_after_the_end(&mut self, object: &GatewayToken) -> bool {
        let ended = |intent: &Intent| !intent.is_order() && intent.status == ObjectStatus::Canceled;
        let is_over = self.intent(object).is_some_and(ended);
        if is_over {
            self.with_intent(object, |intent| intent.capture = CaptureMethod::Automatic);
            let _shown_to_nobody = self.decide(object, Cause::Browser, Verdict::Charge, None);
        }
        is_over
    }

    fn move_held(&mut self, object: &GatewayToken, to: Standing, minor_units: Option<i64>) {
        for charge in self.charges.iter_mut().filter(|charge| charge.object == *object) {
            if charge.standing == Standing::Held {
                charge.standing = to;
                charge.minor_units = minor_units.unwrap_or(charge.minor_units);
            }
        }
    }

    fn show(&self, object: &GatewayToken) -> Outcome {
        self.intent(object).map_or_else(missing, |intent| Outcome::Object(intent.snapshot()))
    }

    fn stands_in_the_way(&self, object: &GatewayToken) -> Outcome {
        let Some(intent) = self.intent(object) else { return missing() };
        Outcome::Refused { code: "payment_intent_unexpected_state".to_owned(), object: Some(intent.snapshot()) }
    }

    fn announce_change(&mut self, id: TransactionId, mut outcome: Outcome, key: Option<&str>) {
        match &mut outcome {
            Outcome::Object(object) | Outcome::Declined { object: Some(object), .. } => Intent::in_an_event(object),
            Outcome::Declined { object: None, .. } | Outcome::Refused { .. } | Outcome::Unknown(_) => {}
        }
        // PayPal's events are believed in nothing but the order that they name.
        let order = outcome.object().filter(|object| self.intent(&object.reference).is_some_and(Intent::is_order));
        let news = match order {
            Some(order) => News::Look {
                object: order.reference.clone(),
                holds_money: matches!(order.status, ObjectStatus::Captured { .. } | ObjectStatus::Authorized { .. }),
            },
            None => News::Object { outcome, cause_key: key.map(str::to_owned) },
        };
        self.announce(Subject::Payment { id, news });
    }

    pub(super) fn announce(&mut self, subject: Subject) {
        self.events_made = self.events_made.saturating_add(1);
        self.events.push(GatewayEvent {
            id: format!("evt_3Sim{:020}", self.events_made),
            created_at: self.clock.now(),
            mode: Intent::MODE,
            subject,
        });
    }
}

fn judged(code: &str) -> Decline {
    Decline::judge(GatewayWords { code, ..GatewayWords::default() })
}

/// Where the payer of an order approves it.
#[expect(clippy::panic, reason = "made of letters and digits; if it were not, no test could begin")]
fn approval(order: &GatewayToken) -> WebUrl {
    let url = format!("https://paypal.example/checkoutnow?token={}", order.as_str());
    WebUrl::parse(&url).unwrap_or_else(|error| panic!("{url} {error}"))
}

fn missing() -> Outcome {
    Outcome::Refused { code: "resource_missing".to_owned(), object: None }
}

#[expect(clippy::panic, reason = "made of letters and digits; if it were not, no test could begin")]
fn token(text: &str) -> GatewayToken {
    GatewayToken::parse(text).unwrap_or_else(|error| panic!("{text} {error}"))
}
