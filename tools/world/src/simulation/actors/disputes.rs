//! Those who act about a payment's disputes: payers and their banks, who open one, decide it and take it up again; whoever
//! works in the gateway's dashboard; and the merchant's desk, which answers through us, now and then twice at once.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    dispute::{
        ActKind, DisputeId, Paper, Papers, Request, Snapshot, SnapshotStatus, Stage as Stretch, Standing, Status,
    },
    id::{IdempotencyKey, RequestHash},
    money::Money,
    text::GatewayToken,
};
use flow::{operations::dispute::Wish, ports::Host as _};

use super::{
    client::Order,
    postman::{Care, send_out},
    schedule::{Pause, pause},
};
use crate::{
    disputes::at,
    gateway::Standing as Charged,
    simulation::{
        coverage::Sometimes,
        functions::{
            Replay, Reply,
            dispute::{Answer, Ask, call},
        },
        stage::Stage,
        watch,
    },
};

/// As long as a request may be on its way, and longer: nobody asks again so soon after an answer.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(2 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How often somebody looks whether there is money to be disputed.
const TRIES_MAX: u32 = 3;
/// How often the desk sends a request before it gives up on it.
const SENDINGS_MAX: u32 = 3;

const PAUSES: [Pause; 7] = [
    Pause::For(Duration::from_secs(2)),
    Pause::UntilALook,
    Pause::For(Duration::from_secs(30)),
    Pause::For(Duration::from_secs(600)),
    Pause::UntilALook,
    Pause::For(Duration::from_secs(5 * 3600)),
    Pause::For(Duration::from_secs(30 * 3600)),
];

/// A payer disputes some of an order's money, or all of it, perhaps twice; `first` numbers the disputes.
pub(in crate::simulation) async fn disputes(stage: Arc<Stage>, order: Arc<Order>, first: u32) {
    let many = stage.draw(&[0_u32, 0, 1, 2]).unwrap_or(0);
    for number in first..first.saturating_add(many) {
        for _ in 0..TRIES_MAX {
            pause(&stage, stage.draw(&PAUSES)).await;
            if let Some((object, captured)) = captured(&stage, &order) {
                let id = at(order.request.gateway, number);
                opens(&stage, &order, &id, (&object, captured));
                stage.spawn_busy(Desk { stage: Arc::clone(&stage), id: id.clone(), keys: 0, asked: None }.works());
                goes_on(&stage, &id).await;
                break;
            }
        }
    }
}

fn captured(stage: &Stage, order: &Order) -> Option<(GatewayToken, i64)> {
    let object = stage.store.row(&order.id)?.object;
    let charges = stage.gateway.charges();
    let charge = charges.into_iter().find(|it| it.object == object && it.standing == Charged::Captured)?;
    Some((object, charge.minor_units))
}

fn opens(stage: &Arc<Stage>, order: &Order, id: &DisputeId, (object, captured): (&GatewayToken, i64)) {
    const CHARGEBACK: Standing = Standing { stage: Stretch::Chargeback, status: Status::NeedsResponse };
    const BEGINNINGS: [Standing; 4] = [
        CHARGEBACK,
        Standing { stage: Stretch::Inquiry, status: Status::NeedsResponse },
        CHARGEBACK,
        Standing { stage: Stretch::Inquiry, status: Status::Prevented },
    ];
    const CARES: [Care; 2] = [Care::Ordinary, Care::Registered];
    let parts = [captured, captured.saturating_add(1) / 2, captured.saturating_add(2) / 3];
    let part = stage.draw(&parts).unwrap_or(captured);
    let Ok(amount) = Money::payable(part, order.request.terms.amount.currency()) else { return };
    let standing = stage.draw(&BEGINNINGS).unwrap_or(CHARGEBACK);
    let by = stage.clock.now().plus(deadline(stage));
    stage.gateway.payer_disputes(id, (object, &order.id), amount, standing, by);
    stage.happened(Sometimes::DisputeOpened);
    stage.tell(|| format!("the payer of {} disputes {part} of it: {id}, {standing:?}", order.name));
    watch::docket(stage);
    send_out(stage, stage.draw(&CARES).unwrap_or(Care::Ordinary));
}

fn deadline(stage: &Stage) -> Duration {
    const DEADLINES: [Duration; 4] =
        [DAY.saturating_mul(10), DAY.saturating_mul(2), Duration::from_secs(20 * 3600), DAY.saturating_mul(4)];
    stage.draw(&DEADLINES).unwrap_or(DAY)
}

/// What happens to a dispute at the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    /// The bank decides, or the payer withdraws.
    Ends(Status),
    /// The merchant is asked: again, or for the first time so far on.
    Asks(Stretch),
    /// The payer wants less back.
    Lowers,
    /// The gateway uses a word that nobody has heard.
    UsesANewWord,
    /// Somebody submits evidence in the dashboard.
    DashboardSubmits,
    /// Somebody gives in there.
    DashboardAccepts,
}

async fn goes_on(stage: &Arc<Stage>, id: &DisputeId) {
    let rounds = stage.draw(&[0_u32, 1, 2, 3, 5]).unwrap_or(0);
    for _ in 0..rounds {
        pause(stage, stage.draw(&PAUSES)).await;
        let Some(shown) = stage.gateway.disputes().shown(id) else { return };
        let Some(deed) = stage.draw(deeds(stage, &shown)) else { continue };
        let waits = matches!(deed, Deed::Asks(_)) && shown.status != SnapshotStatus::Known(Status::NeedsResponse);
        if waits {
            stage.sleep(ASKED_AGAIN_AFTER).await;
            if stage.gateway.disputes().shown(id).as_ref() != Some(&shown) {
                continue;
            }
        }
        act(stage, id, deed);
        // Of what is over nobody would hear otherwise: such a row is not looked at any more.
        let only_told = matches!(shown.status, SnapshotStatus::Known(status) if status.is_over());
        send_out(stage, if only_told { Care::Registered } else { Care::Ordinary });
    }
}

/// What may happen to a dispute that stands so.
fn deeds(stage: &Stage, shown: &Snapshot) -> &'static [Deed] {
    use Deed::{Asks, DashboardAccepts, DashboardSubmits, Ends, Lowers, UsesANewWord};
    use Status::{Closed, Lost, NeedsResponse, Prevented, UnderReview, Won};
    let SnapshotStatus::Known(status) = shown.status else { return &[Asks(Stretch::Chargeback)] };
    let is_too_late = shown.due_by.is_some_and(|by| by <= stage.clock.now());
    match (status, shown.stage.unwrap_or(Stretch::Chargeback)) {
        (NeedsResponse, Stretch::Inquiry) if is_too_late => &[Asks(Stretch::Chargeback), Ends(Closed)],
        (NeedsResponse, _) if is_too_late => &[Ends(Lost)],
        (NeedsResponse, Stretch::Inquiry) => {
            &[Asks(Stretch::Chargeback), DashboardSubmits, Ends(Closed), Ends(Prevented), Lowers]
        }
        (NeedsResponse, Stretch::Appeal) => &[Ends(Lost), DashboardSubmits],
        (NeedsResponse, _) => &[DashboardSubmits, Lowers, DashboardAccepts, Ends(Won), UsesANewWord, Ends(Closed)],
        (UnderReview, Stretch::Inquiry) => &[Ends(Closed), Asks(Stretch::Chargeback), Asks(Stretch::Inquiry)],
        (UnderReview, stage) if stage <= Stretch::Chargeback => {
            &[Ends(Won), Ends(Lost), Asks(Stretch::PreArbitration), Asks(Stretch::Chargeback)]
        }
        (UnderReview, _) => &[Ends(Won), Ends(Lost), Asks(Stretch::Arbitration)],
        (Won, stage) if stage < Stretch::Arbitration => &[Asks(Stretch::PreArbitration)],
        (Lost, stage) if stage < Stretch::Appeal => &[Asks(Stretch::Appeal)],
        (Closed, Stretch::Inquiry) => &[Asks(Stretch::Chargeback)],
        (Won | Lost | Prevented | Closed, _) => &[],
    }
}

fn act(stage: &Arc<Stage>, id: &DisputeId, deed: Deed) {
    let gateway = &stage.gateway;
    match deed {
        Deed::Ends(status) => gateway.dispute_changes(id, |shown| shown.status = SnapshotStatus::Known(status)),
        Deed::Asks(stretch) => {
            let by = stage.clock.now().plus(deadline(stage));
            gateway.dispute_changes(id, |shown| {
                // Nobody goes back.
                shown.stage = shown.stage.max(Some(stretch));
                shown.status = SnapshotStatus::Known(Status::NeedsResponse);
                shown.due_by = Some(by);
            });
            stage.happened(Sometimes::DisputeGoesOn);
        }
        Deed::Lowers => gateway.dispute_changes(id, |shown| {
            let half = |amount: Money| {
                Money::payable(amount.minor_units().saturating_add(1) / 2, amount.currency()).unwrap_or(amount)
            };
            shown.amount = shown.amount.map(half);
        }),
        Deed::UsesANewWord => {
            gateway.dispute_changes(id, |shown| shown.status = SnapshotStatus::Unrecognized("dance".to_owned()));
        }
        Deed::DashboardSubmits | Deed::DashboardAccepts => {
            let kind = if deed == Deed::DashboardAccepts { ActKind::Accept } else { ActKind::Submit { before: None } };
            if gateway.dashboard_answers(id, kind) {
                stage.happened(Sometimes::DashboardAnswers);
            }
        }
    }
    stage.tell(|| format!("at the gateway, {id}: {deed:?}"));
    watch::docket(stage);
}

/// The merchant's desk, at work on one dispute.
struct Desk {
    stage: Arc<Stage>,
    id: DisputeId,
    /// How many keys it has used.
    keys: u32,
    /// What it asked for last.
    asked: Option<Ask>,
}

/// What the desk does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Submits,
    SubmitsWhatWasPutBy,
    PutsBy,
    Accepts,
    SendsAgain,
    SubmitsTwice,
    ReusesAKey,
}

impl Desk {
    async fn works(mut self) {
        use Work::{Accepts, PutsBy, ReusesAKey, SendsAgain, Submits, SubmitsTwice, SubmitsWhatWasPutBy};
        const WORKS: [Work; 9] =
            [Submits, PutsBy, Submits, Accepts, SubmitsWhatWasPutBy, Submits, SubmitsTwice, SendsAgain, ReusesAKey];
        let rounds = self.stage.draw(&[1_u32, 0, 2, 3, 5]).unwrap_or(1);
        for _ in 0..rounds {
            pause(&self.stage, self.stage.draw(&PAUSES)).await;
            match self.stage.draw(&WORKS).unwrap_or(Submits) {
                Submits => self.asks(Kind::Submit).await,
                SubmitsWhatWasPutBy => self.asks(Kind::SubmitPutBy).await,
                PutsBy => self.asks(Kind::Draft).await,
                Accepts => self.asks(Kind::Accept).await,
                SendsAgain => {
                    if let Some(ask) = self.asked.clone() {
                        self.sends(ask).await;
                    }
                }
                SubmitsTwice => self.submits_twice().await,
                ReusesAKey => self.reuses_a_key().await,
            }
        }
    }

    async fn asks(&mut self, kind: Kind) {
        let ask = self.ask(kind);
        self.sends(ask).await;
    }

    fn ask(&mut self, kind: Kind) -> Ask {
        self.keys = self.keys.saturating_add(1);
        let name = format!("desk-{}", self.keys);
        let papers = || papers(&format!("It was delivered, says {name}."));
        let wish = match kind {
            Kind::Submit => Some(Wish::Submit(Some(papers()))),
            Kind::SubmitPutBy => Some(Wish::Submit(None)),
            Kind::Draft => Some(Wish::Draft(papers())),
            Kind::Accept => None,
        };
        Ask { request: request(&name, &format!("{kind:?}")), wish }
    }

    /// Asks until there is an answer, but not for ever.
    async fn sends(&mut self, ask: Ask) {
        self.asked = Some(ask.clone());
        for _ in 0..SENDINGS_MAX {
            let sent = self.leaves(&ask);
            let invocation = call(&self.stage, self.id.clone(), ask.clone());
            let patience = if self.stage.strikes(|climate| climate.clients) { 2 } else { 29 };
            let reply = self.stage.reply(invocation, Duration::from_secs(patience)).await;
            if let Some(Reply::Dispute(answer)) = reply {
                self.hears(sent, &ask, &answer);
                if !matches!(answer, Answer::Unavailable) {
                    return;
                }
            }
            self.stage.sleep(Duration::from_secs(20)).await;
        }
    }

    async fn submits_twice(&mut self) {
        let (one, other) = (self.ask(Kind::Submit), self.ask(Kind::Accept));
        let other = if self.stage.draw(&[false, true]).unwrap_or(false) { other } else { one.clone() };
        self.stage.happened(Sometimes::TwoAtOnce);
        let mut under_way = Vec::new();
        for ask in [one, other] {
            under_way.push((self.leaves(&ask), call(&self.stage, self.id.clone(), ask.clone()), ask));
        }
        for (sent, invocation, ask) in under_way {
            if let Some(Reply::Dispute(answer)) = self.stage.reply(invocation, Duration::from_secs(29)).await {
                self.hears(sent, &ask, &answer);
            }
            self.asked = Some(ask);
        }
    }

    async fn reuses_a_key(&mut self) {
        let Some(asked) = self.asked.clone() else { return };
        let name = asked.request.key.as_str().to_owned();
        let other = papers("Something else altogether.");
        self.sends(Ask { request: request(&name, "other"), wish: Some(Wish::Submit(Some(other))) }).await;
    }

    fn leaves(&self, ask: &Ask) -> u64 {
        self.stage.tell(|| format!("the desk asks about {}: {ask:?}", self.id));
        self.stage.with_auditor(|auditor| auditor.asked_about_dispute(&self.id, ask));
        self.stage.turn_number()
    }

    fn hears(&self, sent: u64, ask: &Ask, answer: &Answer) {
        self.stage.tell(|| match answer {
            Answer::Dispute(dispute, replay) => {
                format!("the desk is told: v{} {:?} ({replay:?})", dispute.version, dispute.standing())
            }
            Answer::Refused(code) => format!("the desk is told: {code}"),
            Answer::Unavailable => "the desk is told: 503".to_owned(),
        });
        if matches!(answer, Answer::Dispute(_, Replay::Yes)) {
            self.stage.happened(Sometimes::ReplayedRequest);
        }
        let turn = self.stage.turn_number();
        self.stage.with_auditor(|auditor| auditor.told_of_dispute(&self.id, ask, answer, (sent, turn)));
    }
}

/// What the desk asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Submit,
    SubmitPutBy,
    Draft,
    Accept,
}

fn request(name: &str, body: &str) -> Request {
    Request { key: key(name), hash: RequestHash::of([("body", body), ("key", name)]) }
}

fn key(name: &str) -> IdempotencyKey {
    crate::shop::key(name)
}

fn papers(text: &str) -> Papers {
    Papers::parse(BTreeMap::from([(Paper::Explanation, text.to_owned())])).unwrap_or_else(|_| Papers::nothing())
}
