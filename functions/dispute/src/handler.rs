//! The disputes of the merchant: `GET /disputes`, `GET /disputes/{disputeId}`, `POST /disputes/{disputeId}/evidence` and
//! `POST /disputes/{disputeId}/accept`.
//!
//! Reading answers 200; what acts answers 200 with the dispute, 202 while nobody knows what came of it, 422
//! `gateway_refused` if the gateway would not have it; 400, 401, 403, 404, 409, 413, 415, 422; 503 only if the gateway was
//! not asked yet. A replay answers with what its own request is now. What the merchant brings forward is shown of one dispute, and not
//! in lists and problems: it is the payer's own, and has to be opened.

mod body;
mod query;
mod route;

use adapters::http::answer::Answer;
use adapters::http::authenticate::{Caller, ClientKeys, authenticate};
use adapters::http::cursor::DisputeCursor;
use adapters::http::dispute_json::{DisputesJson, ShownDisputeJson};
use adapters::http::problem::Problem;
use adapters::http::serve::Endpoint;
use adapters::http::{self, idempotency_key};
use adapters::secrets::{Cached, Vault};
use adapters::telemetry::{Count, Field, Line};
use domain::dispute::{ActProgress, Dispute, DisputeId, Papers, Request as ClientRequest};
use domain::id::IdempotencyKey;
use domain::personal::Opened;
use flow::operations::dispute::{Asked, DisputeError, Requested, accept, dispute, disputes, evidence, papers};
use flow::ports::dispute::{DisputeGateway, ListDisputes, LoadDispute, ReplaceDispute};
use flow::ports::pause::LoadPauses;
use flow::ports::personal::{Open, Seal};
use flow::ports::{Actor, Host, LoadPayment, Note, Nudge};
use lambda_http::Request;
use lambda_http::http::StatusCode;

use route::Route;

/// What the function works with.
pub(crate) struct Disputes<V, S, G, N, P> {
    /// Who may call.
    pub(crate) keys: Cached<ClientKeys, V>,
    /// Where disputes are.
    pub(crate) store: S,
    /// Who is told what the merchant brings forward.
    pub(crate) gateway: G,
    /// Who looks again, and has the payment told.
    pub(crate) nudges: N,
    /// Who seals and opens what the merchant brings forward.
    pub(crate) people: P,
}

impl<V, S, G, N, P> Endpoint for Disputes<V, S, G, N, P>
where
    V: Vault,
    S: LoadDispute + ReplaceDispute + ListDisputes + LoadPayment + LoadPauses,
    G: DisputeGateway,
    N: Nudge,
    P: Seal + Open,
{
    const FUNCTION: &'static str = "dispute";
    const ROUTE: &'static str = "/disputes";

    async fn handle<H: Host>(&self, host: &H, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        let caller = authenticate(&self.keys, request, host.now(), line).await?;
        let route = Route::of(request)?;
        line.set(Field::Route(route.template()));
        caller.require(route.scope())?;
        if let Some(id) = route.dispute() {
            line.set(Field::DisputeId(id));
        }
        match &route {
            Route::List => self.list(request, line).await,
            Route::Show(id) => self.show(host, request, id, line).await,
            Route::Evidence(id) => self.evidence(host, request, &caller, id, line).await,
            Route::Accept(id) => self.accept(host, request, &caller, id, line).await,
        }
    }
}

impl<V, S, G, N, P> Disputes<V, S, G, N, P>
where
    S: LoadDispute + ReplaceDispute + ListDisputes + LoadPayment + LoadPauses,
    G: DisputeGateway,
    N: Nudge,
    P: Seal + Open,
{
    async fn list(&self, request: &Request, line: &mut Line) -> Result<Answer, Problem> {
        http::body::screen(request)?;
        let wanted = query::read(request)?;
        let listed = disputes(&self.store, &wanted).await.map_err(|error| Problem::from(&error))?;
        line.set(Field::Listed(listed.disputes.len()));
        (0..listed.unreadable).for_each(|_| line.count(Count::UnreadableRow));
        let next = listed.next.as_ref().map(DisputeCursor::text);
        Ok(Answer::json(StatusCode::OK, &DisputesJson::of(&listed.disputes, next)))
    }

    async fn show<H: Host>(
        &self,
        host: &H,
        request: &Request,
        id: &DisputeId,
        line: &mut Line,
    ) -> Result<Answer, Problem> {
        http::body::screen(request)?;
        let dispute = dispute(&self.store, id).await.map_err(|error| Problem::from(&error))?;
        let papers = self.papers(host, &dispute).await;
        Ok(shown(StatusCode::OK, &dispute, papers.as_ref(), line))
    }

    async fn evidence<H: Host>(
        &self,
        host: &H,
        request: &Request,
        caller: &Caller,
        id: &DisputeId,
        line: &mut Line,
    ) -> Result<Answer, Problem> {
        let body: body::EvidenceBody = http::body::parse(request)?;
        let key = idempotency_key::required(request)?;
        let (hash, wish) = body.into_wish(id)?;
        let (request, actor) = (ClientRequest { key, hash }, Actor::Client(caller.name().to_owned()));
        let (asked, Self { store, gateway, nudges, people, .. }) =
            (Asked { id, request: &request, actor: &actor }, self);
        let done = evidence(host, store, gateway, nudges, people, asked, wish).await;
        self.requested(host, done, &request.key, line).await
    }

    async fn accept<H: Host>(
        &self,
        host: &H,
        request: &Request,
        caller: &Caller,
        id: &DisputeId,
        line: &mut Line,
    ) -> Result<Answer, Problem> {
        let body: body::AcceptBody = http::body::parse(request)?;
        let key = idempotency_key::required(request)?;
        let (request, actor) = (ClientRequest { key, hash: body.hash(id) }, Actor::Client(caller.name().to_owned()));
        let (asked, Self { store, gateway, nudges, people, .. }) =
            (Asked { id, request: &request, actor: &actor }, self);
        let done = accept(host, store, gateway, nudges, people, asked).await;
        self.requested(host, done, &request.key, line).await
    }

    /// What a client's request came to: by its own act, found by its key.
    async fn requested<H: Host>(
        &self,
        host: &H,
        done: Result<Requested, DisputeError>,
        key: &IdempotencyKey,
        line: &mut Line,
    ) -> Result<Answer, Problem> {
        let (dispute, replayed) = match done.map_err(|error| Problem::from(&error))? {
            Requested::Done(dispute) => (dispute, false),
            Requested::Replayed(dispute) => (dispute, true),
        };
        line.set(Field::Replayed(replayed));
        let papers = self.papers(host, &dispute).await;
        let answer = match dispute.act_of(key).map(|act| &act.progress) {
            Some(ActProgress::Unanswered | ActProgress::Answered { .. } | ActProgress::Taken) => {
                shown(StatusCode::ACCEPTED, &dispute, papers.as_ref(), line)
            }
            Some(ActProgress::Refused { code }) => Answer::from(Problem::answer_refused(&dispute, code)),
            Some(ActProgress::Overtaken) => Answer::from(Problem::answer_refused(&dispute, "dispute_moved_on")),
            Some(ActProgress::Done) | None => shown(StatusCode::OK, &dispute, papers.as_ref(), line),
        };
        Ok(answer.replayed(replayed))
    }

    /// The papers, if they can be opened now. The deadline and what was done are told all the same.
    async fn papers<H: Host>(&self, host: &H, dispute: &Dispute) -> Option<Opened<Papers>> {
        let opened = papers(host, &self.store, &self.people, dispute).await;
        opened.map_err(|error| host.note(Note::PapersNotOpened(error))).ok()
    }
}

fn shown(status: StatusCode, dispute: &Dispute, papers: Option<&Opened<Papers>>, line: &mut Line) -> Answer {
    line.set(Field::State(dispute.standing().map_or("unseen", |standing| standing.status.name())));
    Answer::json(status, &ShownDisputeJson::of(dispute, papers))
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;
