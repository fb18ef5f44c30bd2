//! Disputes in the small scope: a paid payment that is disputed, wherever that can stand, the ports of whoever answers and
//! looks, and what must be so of the rows, after every call and at rest.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    dispute::{
        ActKind, ActProgress, Answer, Command, Dispute, DisputeId, KeptPapers, Outcome, Paper, Papers, Request,
        SnapshotStatus, Stage, Standing, Status,
    },
    gateway::{Gateway as GatewayName, Traced},
    id::{RequestHash, TransactionId, gateway_key},
    money::Money,
};
use flow::{
    commit::dispute::{Committed, execute},
    operations::dispute::Wish,
    ports::{
        Dependency, Error, Host as _,
        dispute::{
            CreateDispute, Created, DisputeGateway, LoadDispute, PapersRefusal, ReplaceDispute, Replaced, Write,
        },
    },
};

use super::{
    deed::{Deed, Hand, KEY_REUSED, Told},
    house::House,
    wire::{Ports, Way, Wire},
};
use crate::{
    disputes::{Fate, at},
    kept::KeptDisputeWrite,
    shop::{Shop, approved, card, client, key, order, paypal_order},
    simulation::coverage::Point,
    turns::block_on,
};

/// After so many sweeps since faults stopped, nobody is in doubt about a dispute (promise P7).
const SWEEPS_TO_REST: u32 = 3;
/// How much of the 12.50 is disputed.
const PART: i64 = 400;
const TEN_DAYS: Duration = Duration::from_secs(10 * 24 * 3600);

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeScene {
    /// The gateway has it, and we have not heard of it.
    Unheard,
    /// We have heard of it, and nobody has looked.
    Unseen,
    /// It asks for the merchant's answer.
    Asks,
    /// The same, and papers were put by.
    PutBy,
    /// A submission is written down.
    Submitting,
    /// That the merchant gives in is written down.
    Accepting,
    /// It is lost. ■
    Lost,
}

/// How a dispute ended: how it stands, what became of each answer, what the gateway took, whether its payment knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeEnd {
    standing: Option<Standing>,
    acts: Vec<&'static str>,
    taken: Vec<&'static str>,
    is_told: bool,
}

impl DisputeScene {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Unheard, Self::Unseen, Self::Asks, Self::PutBy, Self::Submitting, Self::Accepting, Self::Lost];

    /// A stack with one payment whose dispute stands so; nothing is on its way.
    pub(super) async fn set(self, gateway: GatewayName) -> (Shop, TransactionId, DisputeId) {
        let shop = Shop::new();
        let payment = match gateway {
            GatewayName::Stripe => shop.opened(order("order")).await,
            GatewayName::PayPal => shop.opened(paypal_order("order")).await,
        };
        match gateway {
            GatewayName::Stripe => drop(shop.confirmed(&payment.id, card("c")).await),
            GatewayName::PayPal => {
                shop.gateway().payer_approves(&payment.object);
                shop.confirmed(&payment.id, approved("c")).await;
            }
        }
        drop((shop.gateway().take_events(), shop.queue().drain()));
        let (id, by) = (at(gateway, 1), shop.host().now().plus(TEN_DAYS));
        let amount = Money::payable(PART, payment.terms.amount.currency()).unwrap_or(payment.terms.amount);
        let asks = Standing { stage: Stage::Chargeback, status: Status::NeedsResponse };
        shop.gateway().payer_disputes(&id, (&payment.object, &payment.id), amount, asks, by);
        if self != Self::Unheard {
            shop.deliver_events().await;
        }
        if !matches!(self, Self::Unheard | Self::Unseen) {
            drop(shop.retry_dispute(&id).await);
        }
        match self {
            Self::Unheard | Self::Unseen | Self::Asks => {}
            Self::PutBy => drop(shop.evidence(&id, request("put-by"), Wish::Draft(papers("put by"))).await),
            Self::Submitting => {
                write_down(
                    &shop,
                    &id,
                    Command::Submit { request: request("w"), papers: Some(KeptPapers::clear(&papers("w"))) },
                )
                .await;
            }
            Self::Accepting => write_down(&shop, &id, Command::Accept(request("w"))).await,
            Self::Lost => {
                shop.gateway().dispute_changes(&id, |shown| shown.status = SnapshotStatus::Known(Status::Lost));
                shop.deliver_events().await;
                drop(shop.retry_dispute(&id).await);
            }
        }
        drop((shop.gateway().take_events(), shop.queue().drain()));
        shop.tally().take();
        (shop, payment.id, id)
    }
}

/// A client's request about a dispute.
///
/// # Panics
/// If it has no name.
#[must_use]
pub fn request(name: &str) -> Request {
    Request { key: key(name), hash: RequestHash::of([("name", name)]) }
}

/// What a client brings forward.
#[must_use]
pub fn papers(text: &str) -> Papers {
    Papers::parse(BTreeMap::from([(Paper::Explanation, text.to_owned())])).unwrap_or_else(|_| Papers::nothing())
}

/// As a function leaves the row that is killed before it asks the gateway.
async fn write_down(shop: &Shop, id: &DisputeId, command: Command) {
    if let Some(dispute) = shop.store().dispute(id) {
        drop(execute(shop.host(), shop.store(), dispute, &command, &client()).await);
    }
}

/// What was seen of the dispute so far.
#[derive(Debug, Default)]
pub(super) struct Docket {
    commits: usize,
    row: Option<Dispute>,
}

impl Docket {
    /// What is wrong with what was written since, or done at the gateway.
    pub(super) fn reads(&mut self, shop: &Shop) -> Option<String> {
        let commits = shop.store().dispute_commits_after(self.commits);
        self.commits = self.commits.saturating_add(commits.len());
        let mut breach = None;
        for commit in commits {
            let found = compare(self.row.as_ref(), &commit.dispute).or_else(|| untrue(&commit.dispute, shop));
            breach = breach.or(found.map(|what| format!("dispute v{}: {what}", commit.dispute.version)));
            self.row = Some(commit.dispute);
        }
        let keys: Vec<_> = shop.disputes().served().into_iter().filter_map(|served| served.key).collect();
        let twice = keys.iter().find(|key| keys.iter().filter(|other| other == key).count() > 1);
        breach.or(twice.map(|key| format!("P5: an answer to a dispute was taken twice: {key}")))
    }
}

fn compare(before: Option<&Dispute>, row: &Dispute) -> Option<&'static str> {
    let is_over = row.standing().is_some_and(|standing| standing.status.is_over());
    if row.due.is_none() && !(is_over && row.is_told && row.open_act().is_none()) {
        return Some("P7: nobody will look at it");
    }
    let before = before?;
    if row.version != before.version.saturating_add(1) {
        Some("P9: it was written over another version")
    } else if row.acts.len() < before.acts.len()
        || row.standing().map(|it| it.stage) < before.standing().map(|it| it.stage)
    {
        Some("P9: it has forgotten something")
    } else {
        None
    }
}

/// What a row says of an answer that the gateway's books do not.
fn untrue(row: &Dispute, shop: &Shop) -> Option<&'static str> {
    let served = shop.disputes().served();
    (1..).zip(&row.acts).find_map(|(number, act)| {
        let key = gateway_key::dispute(&row.id, number);
        let was_taken = served.iter().any(|served| served.key.as_ref() == Some(&key));
        match (&act.progress, act.kind) {
            (ActProgress::Refused { .. }, _) if was_taken => Some("P4: told refused, and it was taken"),
            (ActProgress::Done, ActKind::Submit { .. }) if !was_taken => Some("P2: told submitted, and it was not"),
            _ => None,
        }
    })
}

impl House {
    fn disputed(&self) -> Option<Dispute> {
        self.shop.store().dispute(self.dispute.as_ref()?)
    }

    /// The moment comes at which somebody must look at the dispute, if it has not come.
    pub(super) fn dispute_is_due(&self) {
        if let Some(due) = self.disputed().and_then(|dispute| dispute.due) {
            self.time_passes(due.since(self.shop.host().now()));
        }
    }

    /// Sweeps come until nobody is in doubt about the dispute any more; then it stands as the gateway says, and its payment
    /// knows.
    pub(super) async fn dispute_rests(&self) {
        for _ in 0..SWEEPS_TO_REST {
            if self.disputed().is_none_or(|dispute| dispute.due.is_none()) {
                break;
            }
            self.dispute_is_due();
            self.sweeps().await;
        }
        let Some(row) = self.disputed().filter(|row| row.attention.is_none()) else { return };
        let shown = self.shop.disputes().shown(&row.id);
        let stands = |status: Status| shown.as_ref().map(|shown| &shown.status) == Some(&SnapshotStatus::Known(status));
        if row.open_act().is_some() || !row.standing().is_some_and(|standing| stands(standing.status)) {
            self.breaks(format!("P7: a dispute does not come to rest: {row:?} {shown:?}"));
        }
        let payment = self.row();
        let told = payment.as_ref().and_then(|payment| payment.disputes.iter().find(|told| told.id == row.id));
        if told.map(|told| told.standing) != row.standing() {
            self.breaks(format!("P2: the payment does not know of its dispute: {told:?} {row:?}"));
        }
    }

    /// P5, for requests about disputes.
    pub(super) async fn dispute_keeps_its_keys(&self, deed: &Deed) {
        let other = RequestHash::of([("another", "body")]);
        let (request, reused) = if let Deed::Evidence(request, wish) = deed.clone() {
            (request.clone(), Deed::Evidence(Request { hash: other, ..request }, wish))
        } else if let Deed::Accept(request) = deed.clone() {
            (request.clone(), Deed::Accept(Request { hash: other, ..request }))
        } else {
            return;
        };
        let Some(row) = self.disputed().filter(|row| row.act_of(&request.key).is_some()) else { return };
        let (again, reused) = (deed.done(self, &Wire::default()).await, reused.done(self, &Wire::default()).await);
        if !matches!(again, Told::Dispute(_, Hand::Replayed)) || reused != Told::Refused(KEY_REUSED) {
            self.breaks(format!("P5: the same request once more: {again:?}; another under its key: {reused:?}"));
        }
        if self.disputed() != Some(row) {
            self.breaks("P5: a replay has changed the dispute".to_owned());
        }
    }

    pub(super) fn dispute_end(&self) -> Option<DisputeEnd> {
        let row = self.disputed()?;
        Some(DisputeEnd {
            standing: row.standing(),
            acts: row.acts.iter().map(|act| act.progress.name()).collect(),
            taken: self.shop.disputes().served().into_iter().map(|served| served.kind.name()).collect(),
            is_told: row.is_told,
        })
    }
}

impl LoadDispute for Ports<'_> {
    async fn load_dispute(&self, id: &DisputeId) -> Result<Option<Dispute>, Error> {
        let id = id.clone();
        let load = move |shop: &Shop, _| block_on(shop.store().load_dispute(&id));
        self.ask(Point::LoadDispute, Dependency::Store, load).await
    }
}

impl CreateDispute for Ports<'_> {
    async fn create_dispute(&self, write: &Write<'_>) -> Result<Created, Error> {
        let kept = KeptDisputeWrite::of(write);
        let create = move |shop: &Shop, _| block_on(shop.store().create_dispute(&kept.write()));
        self.ask(Point::CreateDispute, Dependency::Store, create).await
    }
}

impl ReplaceDispute for Ports<'_> {
    async fn replace_dispute(&self, write: &Write<'_>) -> Result<Replaced, Error> {
        let kept = KeptDisputeWrite::of(write);
        let replace = move |shop: &Shop, _| block_on(shop.store().replace_dispute(&kept.write()));
        self.ask(Point::of_dispute_write(write.cause.what), Dependency::Store, replace).await
    }
}

/// What becomes of a call at the twin.
const fn fate(way: Way) -> Fate {
    match way {
        Way::Served | Way::Stale => Fate::Well,
        Way::InPart => Fate::WithoutItsObject,
        Way::Unserved(reason) => Fate::Unserved(reason),
        Way::Unheard(reason) => Fate::Unheard(reason),
        Way::Saved(effect) => Fate::SavedFailure(effect),
        Way::Refused => Fate::Refused("evidence_too_long"),
    }
}

impl DisputeGateway for Ports<'_> {
    fn accepts_papers(&self, id: &DisputeId, papers: &Papers) -> Result<(), PapersRefusal> {
        self.house.shop.gateway().accepts_papers(id, papers)
    }

    async fn fetch_dispute(&self, id: &DisputeId, budget: Duration) -> Traced<Outcome> {
        let id = id.clone();
        self.call((Point::GatewayFetchDispute, None), budget, move |shop, way| {
            shop.disputes().script([fate(way)]);
            block_on(shop.gateway().fetch_dispute(&id, budget))
        })
        .await
    }

    async fn answer_dispute(&self, committed: &Committed, papers: &Papers, budget: Duration) -> Traced<Answer> {
        let key = gateway_key::dispute(&committed.dispute().id, committed.dispute().acts.len());
        let (kept, papers) = (committed.clone(), papers.clone());
        self.call((Point::GatewayAnswerDispute, Some(key)), budget, move |shop, way| {
            shop.disputes().script([fate(way)]);
            block_on(shop.gateway().answer_dispute(&kept, &papers, budget))
        })
        .await
    }
}
