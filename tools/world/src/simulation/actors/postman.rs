//! The gateway's postman. Every event sets out when it is made; it may be late, doubled, or lost, and what is not answered
//! with a 2xx is delivered again, a few times.

use std::{sync::Arc, time::Duration};

use domain::{gateway::Mode, time::Timestamp};
use flow::{
    operations::webhook::{GatewayEvent, News, Received, Subject},
    ports::Host as _,
};

use crate::simulation::{
    coverage::Sometimes,
    functions::{Reply, receive},
    stage::Stage,
};

/// When an event is delivered again that was not taken.
const REDELIVERIES: [Duration; 4] =
    [Duration::from_secs(20), Duration::from_secs(10 * 60), Duration::from_secs(3600), Duration::from_secs(6 * 3600)];
/// The same for an event that must be taken: more often than the weather can be bad.
const UNTIL_TAKEN: [Duration; 100] = [Duration::from_secs(60); 100];
/// How long the gateway waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the weather does to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    Late(Duration),
    Doubled,
    Lost,
    /// Somebody sends the same as an event of the other mode.
    OfOtherMode,
}

/// Whether an event may get lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    Ordinary,
    /// It is on its way at once, until it is taken. Of money that moves after the end nobody would hear otherwise: such a
    /// row is not looked at any more.
    Registered,
}

/// Sends out the events that the gateway has made since.
pub(in crate::simulation) fn events_are_made(stage: &Arc<Stage>) {
    send_out(stage, Care::Ordinary);
}

pub(super) fn send_out(stage: &Arc<Stage>, care: Care) {
    for event in stage.gateway.take_events() {
        // What is nobody's is read by the handler and ends there.
        if matches!(event.subject, Subject::Payment { .. } | Subject::Dispute { .. }) {
            dispatch(stage, event, care);
        }
    }
}

fn dispatch(stage: &Arc<Stage>, event: GatewayEvent, care: Care) {
    const COURSES: [Course; 8] = [
        Course::Late(Duration::from_secs(2)),
        Course::Lost,
        Course::Doubled,
        Course::Late(Duration::from_secs(45)),
        Course::Lost,
        Course::Late(Duration::from_secs(7200)),
        Course::Late(Duration::from_secs(30 * 3600)),
        Course::OfOtherMode,
    ];
    let is_struck = care == Care::Ordinary && stage.strikes(|climate| climate.webhooks);
    let delays = match if is_struck { stage.draw(&COURSES) } else { None } {
        Some(Course::Lost) => {
            stage.happened(Sometimes::LostWebhook);
            stage.tell(|| format!("webhook {} gets lost", name(&event)));
            return;
        }
        None => vec![Duration::ZERO],
        Some(Course::Late(delay)) => vec![delay],
        Some(Course::Doubled) => {
            stage.happened(Sometimes::DoubledWebhook);
            vec![Duration::ZERO, stage.draw(&[Duration::ZERO, Duration::from_secs(600)]).unwrap_or_default()]
        }
        Some(Course::OfOtherMode) => {
            let forged = GatewayEvent { mode: Mode::Live, ..event.clone() };
            stage.spawn(deliver(Arc::clone(stage), forged, Duration::ZERO, &REDELIVERIES));
            vec![Duration::ZERO]
        }
    };
    for delay in delays {
        match care {
            Care::Ordinary => drop(stage.spawn(deliver(Arc::clone(stage), event.clone(), delay, &REDELIVERIES))),
            Care::Registered => {
                let event = event.clone();
                stage.later(delay, |stage| deliver(Arc::clone(stage), event, Duration::ZERO, &UNTIL_TAKEN));
            }
        }
    }
}

async fn deliver(stage: Arc<Stage>, event: GatewayEvent, delay: Duration, redeliveries: &'static [Duration]) {
    stage.sleep(delay).await;
    for wait in std::iter::once(&Duration::ZERO).chain(redeliveries) {
        if !wait.is_zero() {
            stage.happened(Sometimes::RedeliveredWebhook);
            stage.sleep(*wait).await;
        }
        notice_age(&stage, event.created_at);
        stage.tell(|| format!("webhook {} is delivered", name(&event)));
        let invocation = receive(&stage, event.clone());
        let reply = stage.reply(invocation, PATIENCE).await;
        if let Some(Reply::Webhook(Ok(received))) = reply
            && received != Received::NotYet
        {
            note(&stage, received);
            let turn = stage.turn_number();
            stage.tell(|| format!("webhook {} is answered 200: {received:?}", name(&event)));
            return stage.with_auditor(|auditor| auditor.acknowledged(&event, received, turn));
        }
        stage.tell(|| format!("webhook {} is not taken", name(&event)));
    }
}

fn note(stage: &Stage, received: Received) {
    match received {
        Received::WrongMode => stage.happened(Sometimes::EventOfOtherMode),
        Received::Foreign => stage.happened(Sometimes::ForeignObject),
        Received::Applied | Received::Superseded | Received::NotOurs | Received::NoRow | Received::NotYet => {}
    }
}

fn notice_age(stage: &Stage, made_at: Timestamp) {
    if stage.clock.now().since(made_at) >= Duration::from_secs(3600) {
        stage.happened(Sometimes::LateWebhook);
    }
}

fn name(event: &GatewayEvent) -> String {
    let number = event.id.trim_start_matches("evt_3Sim").trim_start_matches('0');
    let what = match &event.subject {
        Subject::Payment { news: News::Object { outcome, .. }, .. } => {
            outcome.object().map(|object| format!("{:?}", object.status))
        }
        Subject::Payment { news: News::Refund(evidence), .. } => Some(format!("{evidence:?}")),
        Subject::Payment { news: News::Look { .. }, .. } => Some("a look".to_owned()),
        Subject::Dispute { id } => Some(id.to_string()),
        Subject::Warning { .. } | Subject::Other => None,
    };
    format!("{number} ({:?}, {})", event.mode, what.unwrap_or_default())
}
