//! The least that a function can do, through its own door, for which it needs a certain right; and how one sees that it was done.
//!
//! What is prepared is prepared by other functions, which have all their rights; if that fails, the test does. What the function itself
//! does not do is an `Err`. Whoever waits for it does so for [`soon`] and no longer: that is how long each right takes that is missed.

use acceptance::client::Opened;
use acceptance::environments::kill;
use acceptance::gateway::Call;
use acceptance::gateway::Gateway::{self, PayPal, Stripe};
use acceptance::merchant::Merchant;
use acceptance::queue::{event, nudge};
use acceptance::repository::read;
use acceptance::signature::SECRET;
use acceptance::stack::Stack;
use acceptance::wire::Answer;
use acceptance::{eventually, unique};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::checks::{A_SECOND, is, soon, went_well};
use crate::disputed::{disputed, sends_evidence_again};

/// More often than anybody asks before the trouble is over.
pub(crate) const ALWAYS: u32 = 1_000;
/// What a payer's time is followed by here, in seconds: the local stage's `FirstLookSeconds`, and a look more.
const UNTIL_DUE: u32 = 30;

/// Something that a function does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A payment is opened there.
    Opens(Gateway),
    /// What was opened before is found while the gateway opens nothing.
    FindsWhatItOpened,
    /// A confirm, capture, cancel or refund is done there.
    Acts(Gateway),
    /// How often a payer was declined is seen before a charge.
    SeesDeclines,
    /// A decline is counted.
    CountsADecline,
    /// Somebody is asked to look when nobody knows what came of it.
    AsksForALook,
    /// Disputes are listed.
    ListsDisputes,
    /// A dispute is shown.
    ShowsADispute,
    /// A dispute is answered there.
    AnswersADispute(Gateway),
    /// Somebody is asked to look at a dispute when nobody knows whether it was answered.
    AsksForALookAtADispute,
    /// A payment is shown.
    ShowsAPayment,
    /// A payment's timeline is shown.
    ShowsATimeline,
    /// What is a new payer's own is sealed.
    SealsAPayer,
    /// What is a known payer's own is sealed, by somebody who has never seen their key.
    SealsAPayerAgain,
    /// Who pays is shown.
    ShowsAPayer,
    /// What was brought forward is shown, by somebody who has never seen its key.
    ShowsPapers,
    /// Evidence that never arrived is sent again.
    SendsEvidenceAgain,
    /// A person is erased.
    Erases,
    /// The payments of a day are listed.
    ListsADay,
    /// The payments of a reference are listed.
    ListsAReference,
    /// What an event proves is written down.
    TakesAnEvent,
    /// Somebody is asked to look because of an event that proves nothing.
    TakesAnEventThatProvesNothing,
    /// A forged event of PayPal's is told from one that cannot be judged.
    JudgesAnEventOfPayPals,
    /// A nudge is looked at.
    Looks,
    /// What nobody knows of a payment there is found out.
    Settles(Gateway),
    /// Payments that are due are nudged.
    SweepsPayments,
    /// Deliveries that are due are nudged.
    SweepsDeliveries,
    /// Whether what happens is told is measured.
    SeesThatSomebodyTells,
    /// What is paused is measured.
    SeesWhatIsPaused,
    /// A change is told.
    Tells,
    /// Whoever delivers is asked to.
    AsksForADelivery,
    /// What nobody can read is put aside.
    PutsAside,
    /// An event comes to the merchant.
    Delivers,
    /// Endpoints are listed.
    ListsEndpoints,
    /// An endpoint is registered.
    Registers,
    /// Events are listed.
    ListsEvents,
    /// An event is sent again.
    SendsAgain,
}

impl Work {
    /// What a function cannot do without the right to do `action` with `thing`.
    pub(crate) fn that_needs(function: &str, action: &str, thing: &str) -> Self {
        match (function, action, thing) {
            ("initiate", "dynamodb:GetItem", _) => Self::FindsWhatItOpened,
            ("initiate", "kms:GenerateDataKey", _) => Self::SealsAPayer,
            ("initiate", "kms:Decrypt", _) => Self::SealsAPayerAgain,
            ("initiate", _, "!GetAtt PayPalSecret.Id") => Self::Opens(PayPal),
            ("initiate", ..) => Self::Opens(Stripe),
            ("confirm", "dynamodb:BatchGetItem", _) => Self::SeesDeclines,
            ("confirm", "dynamodb:UpdateItem", _) => Self::CountsADecline,
            ("confirm" | "capture" | "cancel" | "refund", "sqs:SendMessage", _) => Self::AsksForALook,
            ("confirm" | "capture" | "cancel" | "refund", _, "!GetAtt PayPalSecret.Id") => Self::Acts(PayPal),
            ("confirm" | "capture" | "cancel" | "refund", ..) => Self::Acts(Stripe),
            ("dispute", "dynamodb:Query" | "dynamodb:BatchGetItem", _) => Self::ListsDisputes,
            ("dispute", "sqs:SendMessage", _) => Self::AsksForALookAtADispute,
            ("dispute", "kms:GenerateDataKey", _) => Self::AnswersADispute(Stripe),
            ("dispute", "kms:Decrypt", _) => Self::ShowsPapers,
            ("dispute", "dynamodb:PutItem", _) | ("dispute", _, "!GetAtt StripeSecret.Id") => {
                Self::AnswersADispute(Stripe)
            }
            ("dispute", _, "!GetAtt PayPalSecret.Id") => Self::AnswersADispute(PayPal),
            ("dispute", ..) => Self::ShowsADispute,
            ("status", "dynamodb:BatchGetItem", _) => Self::ShowsATimeline,
            ("status", "kms:Decrypt", _) => Self::ShowsAPayer,
            ("status", ..) => Self::ShowsAPayment,
            ("customer", ..) => Self::Erases,
            ("payments", _, thing) if thing.ends_with("/index/reference") => Self::ListsAReference,
            ("payments", ..) => Self::ListsADay,
            ("webhook", _, "!GetAtt PayPalWebhookSecret.Id") => Self::JudgesAnEventOfPayPals,
            ("webhook", "sqs:SendMessage", _) => Self::TakesAnEventThatProvesNothing,
            ("webhook", ..) => Self::TakesAnEvent,
            ("retry", "dynamodb:GetItem", _) => Self::Looks,
            ("retry", "kms:Decrypt", _) => Self::SendsEvidenceAgain,
            ("retry", _, "!GetAtt PayPalSecret.Id") => Self::Settles(PayPal),
            ("retry", ..) => Self::Settles(Stripe),
            ("sweep", _, "!GetAtt DeliveryQueue.Arn") => Self::SweepsDeliveries,
            ("sweep", _, thing) if thing.ends_with("/index/byDay") => Self::SeesThatSomebodyTells,
            ("sweep", "dynamodb:GetItem", _) => Self::SeesWhatIsPaused,
            ("sweep", ..) => Self::SweepsPayments,
            ("publish", _, "!GetAtt PublishDeadLetterQueue.Arn") => Self::PutsAside,
            ("publish", "sqs:SendMessage", _) => Self::AsksForADelivery,
            ("publish", ..) => Self::Tells,
            ("deliver", ..) => Self::Delivers,
            ("webhook-endpoint", "dynamodb:Query" | "dynamodb:BatchGetItem", _) => Self::ListsEvents,
            ("webhook-endpoint", "sqs:SendMessage", _) => Self::SendsAgain,
            ("webhook-endpoint", "dynamodb:PutItem", _) | ("webhook-endpoint", _, "!GetAtt WebhookSigningKey.Id") => {
                Self::Registers
            }
            ("webhook-endpoint", ..) => Self::ListsEndpoints,
            _ => panic!("nobody knows what {function} needs {action} on {thing} for"),
        }
    }

    /// Whether the function does it now.
    pub(crate) async fn is_done(self, stack: &Stack, function: &str) -> Result<(), String> {
        match self {
            Self::Opens(gateway) => {
                let terms = Stack::terms(gateway, &json!({}));
                is(&stack.api.initiate(&unique("right"), &terms).await, 201)
            }
            Self::FindsWhatItOpened => finds_what_it_opened(stack).await,
            Self::SealsAPayer => is(&of_a_payer(stack, &unique("payer")).await, 201),
            Self::SealsAPayerAgain => {
                let payer = unique("payer");
                is(&of_a_payer(stack, &payer).await, 201)?;
                // Whoever has made a key remembers it.
                kill(stack, function);
                is(&of_a_payer(stack, &payer).await, 201)
            }
            Self::ShowsAPayer => {
                let opened = Opened::of(&of_a_payer(stack, &unique("payer")).await.expect(201));
                is(&stack.api.payer(&opened.id).await, 200)
            }
            Self::ShowsPapers => {
                let dispute = disputed(stack, Stripe).await;
                let papers = json!({"submit": false, "evidence": {"explanation": "It was delivered."}});
                is(&stack.api.evidence(&dispute.public_id, &unique("right"), &papers).await, 200)?;
                kill(stack, function);
                // A dispute is shown whether its papers can be opened or not.
                let shown = stack.api.dispute(&dispute.public_id).await;
                is(&shown, 200)?;
                if shown.at("/evidence").is_null() { Err(shown.text) } else { Ok(()) }
            }
            Self::SendsEvidenceAgain => sends_evidence_again(stack).await,
            Self::Erases => is(&stack.api.erase(&unique("payer")).await, 204),
            Self::Acts(gateway) => {
                let payment = ready_for(stack, function, gateway).await;
                is(&act(stack, function, &payment).await, 200)
            }
            Self::SeesDeclines => brakes(stack, "pm_card_visa", 200).await,
            Self::CountsADecline => brakes(stack, "pm_card_visa_chargeDeclined", 402).await,
            Self::AsksForALook => asks_for_a_look(stack, function).await,
            Self::ListsDisputes => {
                drop(disputed(stack, Stripe).await);
                let listed = stack.api.disputes("status=needs_response").await;
                is(&listed, 200)?;
                if listed.at("/disputes/0").is_null() { Err(listed.text) } else { Ok(()) }
            }
            Self::ShowsADispute => is(&stack.api.dispute(&disputed(stack, Stripe).await.public_id).await, 200),
            Self::AnswersADispute(gateway) => {
                let dispute = disputed(stack, gateway).await;
                let answer = dispute.answered(stack).await;
                // The gateway's own word: what is not submitted now may be, a little later, by somebody else.
                match stack.sandbox.submissions(gateway, &dispute.gateways_id).await {
                    0 => Err(answer.text),
                    _ => Ok(()),
                }
            }
            Self::AsksForALookAtADispute => {
                let dispute = disputed(stack, Stripe).await;
                let path = format!("/v1/disputes/{}", dispute.gateways_id);
                let lost = json!({"method": "POST", "path": path, "fault": "reset_after", "times": ALWAYS});
                let lost = stack.sandbox.misbehaves(lost).await;
                let answer = dispute.answered(stack).await;
                stack.sandbox.behaves_again(&lost).await;
                is(&answer, 202)?;
                nobody_was_lost(stack, function, &dispute.public_id).await
            }
            Self::ShowsAPayment => is(&stack.api.status(&stack.api.open().await.id).await, 200),
            Self::ShowsATimeline => is(&stack.api.explained(&stack.api.open().await.id).await, 200),
            Self::ListsADay => {
                let created = stack.api.status(&stack.api.open().await.id).await.expect(200).text_at("/createdAt");
                let listed = stack.api.payments(&format!("limit=1&day={}", created.split('T').next().unwrap())).await;
                is(&listed, 200)?;
                if listed.at("/payments/0").is_null() { Err(listed.text) } else { Ok(()) }
            }
            Self::ListsAReference => is(&stack.api.payments(&format!("reference={}", unique("right"))).await, 200),
            Self::TakesAnEvent => is_applied(&says_of(stack, &stack.api.open().await, "succeeded").await),
            Self::TakesAnEventThatProvesNothing => {
                let payment = stack.api.open().await;
                is_applied(&says_of(stack, &payment, "processing").await)?;
                nobody_was_lost(stack, function, &payment.id).await
            }
            Self::JudgesAnEventOfPayPals => is(&stack.api.send("POST", "/webhook/paypal", &[], "{}").await, 400),
            Self::Looks => looks(stack, &stack.api.open().await).await,
            Self::Settles(gateway) => settles(stack, gateway).await,
            Self::SweepsPayments => {
                drop(stack.api.open().await);
                sweeps(stack, "found").await
            }
            Self::SeesThatSomebodyTells => {
                let swept = stack.aws.invoke("sweep", "{}").await;
                went_well(&swept)?;
                if swept.at("/untoldMs").is_null() { Err(swept.text) } else { Ok(()) }
            }
            Self::SeesWhatIsPaused => {
                let swept = stack.aws.invoke("sweep", "{}").await;
                went_well(&swept)?;
                if swept.at("/paused").is_null() { Err(swept.text) } else { Ok(()) }
            }
            Self::SweepsDeliveries => {
                let merchant = Merchant::opens(stack, Some(&["payment.created"])).await;
                let fails = json!({"status": 500, "times": ALWAYS});
                stack.sandbox.merchant_answers(&merchant.name, fails).await;
                drop(stack.api.open().await);
                let swept = sweeps(stack, "deliveriesFound").await;
                merchant.closes(stack).await;
                swept
            }
            Self::Tells => {
                let payment = stack.api.open().await;
                let again = json!({"retell": [payment.id]}).to_string();
                went_well(&stack.aws.invoke("publish", &again).await)?;
                soon(async || {
                    let shown = stack.api.explained(&payment.id).await.expect(200);
                    if shown.at("/timelineComplete") == json!(true) { Ok(()) } else { Err(shown.text) }
                })
                .await
            }
            Self::AsksForADelivery => {
                let lost = async || stack.aws.logs_about("publish", "nudgeLost").await.len();
                let (merchant, before) = (Merchant::opens(stack, Some(&["payment.created"])).await, lost().await);
                drop(stack.api.told(&stack.api.open().await.id).await);
                // The line is written when the batch is over, which is after its last change is told.
                sleep(A_SECOND).await;
                let after = lost().await;
                merchant.closes(stack).await;
                if after == before { Ok(()) } else { Err("a nudge was lost".to_owned()) }
            }
            Self::PutsAside => puts_aside(stack).await,
            Self::Delivers => {
                let merchant = Merchant::opens(stack, Some(&["payment.created"])).await;
                let payment = stack.api.open().await;
                let heard = soon(async || {
                    let heard = stack.sandbox.merchant_heard(&merchant.name, &payment).await;
                    if heard.is_empty() { Err("nothing was heard".to_owned()) } else { Ok(()) }
                })
                .await;
                merchant.closes(stack).await;
                heard
            }
            Self::ListsEndpoints => is(&stack.api.read("/webhook-endpoints").await, 200),
            Self::Registers => {
                let body = json!({"url": stack.sandbox.hook(&unique(SHOP)), "eventTypes": ["payment.created"]});
                let registered = stack.api.register(&unique("right"), &body).await;
                is(&registered, 201)?;
                if registered.text_at("/signingSecret").is_empty() { Err(registered.text) } else { Ok(()) }
            }
            Self::ListsEvents => {
                drop(stack.api.told(&stack.api.open().await.id).await);
                let listed = stack.api.read("/events?limit=1").await;
                is(&listed, 200)?;
                if listed.at("/events/0").is_null() { Err(listed.text) } else { Ok(()) }
            }
            Self::SendsAgain => {
                let merchant = Merchant::opens(stack, Some(&["payment.created"])).await;
                let heard = merchant.hears(stack, &stack.api.open().await, "payment.created").await;
                let path = format!("/events/{}/redeliver", heard.id());
                let body = json!({"endpointId": merchant.id}).to_string();
                let sent = stack.api.post(&path, &unique("right"), body).await;
                merchant.closes(stack).await;
                is(&sent, 202)?;
                nobody_was_lost(stack, function, &heard.id()).await
            }
        }
    }
}

/// What the endpoints are called that are registered here, before what tells them apart.
const SHOP: &str = "right";

/// Disables the endpoints that were registered while nobody could say under which id.
pub(crate) async fn tidy(stack: &Stack) {
    let listed = stack.api.read("/webhook-endpoints").await.expect(200).json();
    for endpoint in listed["endpoints"].as_array().into_iter().flatten() {
        let ours = endpoint["url"].as_str().is_some_and(|url| url.contains(&format!("/merchant/{SHOP}-")));
        if ours && endpoint["status"] == "enabled" {
            let id = endpoint["endpointId"].as_str().unwrap();
            drop(stack.api.endpoint_act(id, "disable", "").await.expect(200));
        }
    }
}

/// A payment of this payer's is opened.
async fn of_a_payer(stack: &Stack, payer: &str) -> Answer {
    let customer = json!({"customer": {"id": payer, "name": "Pia Payer"}});
    stack.api.initiate(&unique("right"), &Stack::terms(Stripe, &customer)).await
}

async fn finds_what_it_opened(stack: &Stack) -> Result<(), String> {
    let (key, terms) = (unique("right"), Stack::terms(Stripe, &json!({})));
    is(&stack.api.initiate(&key, &terms).await, 201)?;
    let down = Stripe.fault(Call::Open, json!({"fault": "status", "status": 500, "times": ALWAYS}));
    let down = stack.sandbox.misbehaves(down).await;
    let again = stack.api.initiate(&key, &terms).await;
    stack.sandbox.behaves_again(&down).await;
    is(&again, 200)
}

/// A payment that this function has something to do with.
async fn ready_for(stack: &Stack, function: &str, gateway: Gateway) -> Opened {
    match function {
        "confirm" => stack.ready(gateway, json!({})).await,
        "capture" => stack.paid(gateway, json!({"capture": "manual"})).await,
        "cancel" => stack.opened(gateway, json!({})).await,
        "refund" => stack.paid(gateway, json!({})).await,
        _ => panic!("{function} acts on no payment"),
    }
}

async fn act(stack: &Stack, function: &str, payment: &Opened) -> Answer {
    match function {
        "confirm" => stack.charged(payment).await,
        "capture" => stack.api.capture(payment).await,
        "cancel" => stack.api.cancel(payment).await,
        "refund" => stack.api.refund(payment, &unique("right"), Some(500)).await,
        _ => panic!("{function} acts on no payment"),
    }
}

async fn asks_for_a_look(stack: &Stack, function: &str) -> Result<(), String> {
    let call = match function {
        "confirm" => Call::Confirm,
        "capture" => Call::Capture,
        "cancel" => Call::End,
        _ => Call::Refund,
    };
    let payment = ready_for(stack, function, Stripe).await;
    let lost = Stripe.fault(call, json!({"fault": "reset_after", "times": ALWAYS}));
    let lost = stack.sandbox.misbehaves_for(&payment.id, lost).await;
    let answer = act(stack, function, &payment).await;
    stack.sandbox.behaves_again(&lost).await;
    is(&answer, 202)?;
    nobody_was_lost(stack, function, &payment.id).await
}

/// Where the brake on card testing fails, payments go on, and it is told in the log.
async fn brakes(stack: &Stack, method: &str, status: u16) -> Result<(), String> {
    let payment = stack.api.open().await;
    is(&stack.api.pay(&payment, method).await, status)?;
    is_not_said(stack, "confirm", &payment.id, "brakeFailed").await
}

/// A nudge that is lost is made good by the sweep, and told in the log.
async fn nobody_was_lost(stack: &Stack, function: &str, about: &str) -> Result<(), String> {
    is_not_said(stack, function, about, "nudgeLost").await
}

/// What a function has logged of something does not have this word in it.
async fn is_not_said(stack: &Stack, function: &str, about: &str, word: &str) -> Result<(), String> {
    let lines = eventually(&format!("{function} has logged what it did about {about}"), async || {
        let lines = stack.aws.logs_about(function, about).await;
        if lines.is_empty() { Err("no line".to_owned()) } else { Ok(lines) }
    })
    .await;
    lines.into_iter().find(|line| line.contains(word)).map_or(Ok(()), Err)
}

async fn looks(stack: &Stack, payment: &Opened) -> Result<(), String> {
    let looked = stack.aws.invoke("retry", &event(&[nudge(&payment.id)])).await;
    went_well(&looked)?;
    if looked.at("/batchItemFailures/0").is_null() { Ok(()) } else { Err(looked.text) }
}

/// A charge whose answer was lost is found out by a look, and by nothing else.
async fn settles(stack: &Stack, gateway: Gateway) -> Result<(), String> {
    let payment = stack.ready(gateway, json!({})).await;
    stack.sandbox.hold_webhooks().await;
    let lost = gateway.fault(Call::Confirm, json!({"fault": "reset_after", "times": ALWAYS}));
    let lost = stack.sandbox.misbehaves_for(&payment.id, lost).await;
    let answer = stack.charged(&payment).await;
    stack.sandbox.behaves_again(&lost).await;
    let settled = soon(async || {
        looks(stack, &payment).await?;
        let shown = stack.api.status(&payment.id).await.expect(200);
        if shown.text_at("/status") == "succeeded" { Ok(()) } else { Err(shown.text) }
    })
    .await;
    stack.sandbox.release_webhooks("fifo", 1).await;
    assert_eq!(answer.status, 202, "nobody knows: {}", answer.text);
    settled
}

/// Sweeps until something was there to be swept.
async fn sweeps(stack: &Stack, what: &str) -> Result<(), String> {
    for _ in 0..UNTIL_DUE {
        let swept = stack.aws.invoke("sweep", "{}").await;
        went_well(&swept)?;
        let all = [("nudged", "found"), ("deliveriesNudged", "deliveriesFound")];
        let all = all.iter().all(|(nudged, found)| swept.at(&format!("/{nudged}")) == swept.at(&format!("/{found}")));
        if !all || swept.at("/failedPartitions") != json!(0) {
            return Err(swept.text);
        }
        if swept.at(&format!("/{what}")) != json!(0) {
            return Ok(());
        }
        sleep(A_SECOND).await;
    }
    panic!("nothing was due in {UNTIL_DUE} s");
}

async fn puts_aside(stack: &Stack) -> Result<(), String> {
    let poison = read("events/publish-poisoned.json");
    let told = stack.aws.invoke("publish", &poison).await;
    let queue = stack.aws.variable("publish", "DEAD_LETTER_QUEUE_URL").await.unwrap();
    let poison: Value = serde_json::from_str(&poison).unwrap();
    let key = poison["Records"][0]["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap();
    for letter in stack.aws.receive(&queue).await.iter().filter(|letter| letter.body.contains(key)) {
        stack.aws.delete(&queue, letter).await;
    }
    went_well(&told)
}

/// What is answered to Stripe when it says that the object of a payment stands so.
async fn says_of(stack: &Stack, payment: &Opened, status: &str) -> Answer {
    let mut object = stack.sandbox.intent(&payment.intent).await;
    object["status"] = json!(status);
    object["amount_received"] = if status == "succeeded" { object["amount"].clone() } else { json!(0) };
    stack.api.stripe_tells(SECRET, &format!("payment_intent.{status}"), &object).await
}

fn is_applied(answer: &Answer) -> Result<(), String> {
    is(answer, 200)?;
    if answer.text_at("/received") == "applied" { Ok(()) } else { Err(answer.text.clone()) }
}
