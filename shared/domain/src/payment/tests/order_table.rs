//! The part of the table that is about a payment at PayPal, whose payer approves first and whose order nobody can end.

use super::orders::{approval, approved_request, charging, decline, order};
use super::table::{Part, commands, evidence_cell, header, now, row};
use super::*;
use crate::gateway::UnknownReason;

/// What was asked for so long ago has been seen by now, if it was sent at all.
const LONG_AGO: Duration = Duration::from_secs(500);
const A_MOMENT_AGO: Duration = Duration::from_secs(599);

pub(super) fn at_paypal() -> Part {
    let mut commands = commands(approved_request);
    let away = ConfirmRequest { off_session: true, ..approved_request("c9") };
    commands.push(("confirm with a method", Command::Confirm(confirm_request("c9")), now()));
    commands.push(("confirm, payer away", Command::Confirm(away), now()));
    Part { situations: situations(), commands, outcomes: outcomes(), sources: sources() }
}

/// Writes the part.
pub(super) fn write(part: &Part, page: &mut String) {
    page.push_str(
        "\n## Commands at PayPal\n\nThe payer approves first, and what is charged is what they approved. An order does not end because\n\
         somebody wants it to: `on our row` means that the payment ends though its order stands\n\
         ([0026](decisions/0026-an-order-ends-on-our-row.md)).\n\n",
    );
    let mut cells = part.write_commands(page);
    page.push_str(
        "\n## Events of PayPal's\n\nThey prove nothing ([0023](decisions/0023-paypals-events-are-never-evidence.md)), whatever they say of the order.\n\n",
    );
    header(page, "state", events().iter().map(|(name, _)| *name));
    for (name, payment) in &part.situations {
        cells += row(page, name, events().iter().map(|(_, evidence)| evidence_cell(payment, evidence)));
    }
    page.push_str("\n## Evidence at PayPal\n");
    cells += part.write_evidence(page);
    assert_eq!(cells, 21 * 18 + 21 * 3 + 21 * 18 * 5, "at PayPal, a row or a column is missing");
}

/// Every situation a payment at PayPal can be in.
fn situations() -> Vec<(&'static str, Payment)> {
    let second = at(Duration::from_secs(1));
    let seen = |mut payment: Payment, status| {
        show(&mut payment, Source::Fetch, object(status), &second);
        payment
    };
    let closing = |mut payment: Payment, when| {
        let request = CancelRequest { key: key("x"), request_hash: hash("x"), reason: None };
        command(&mut payment, &Command::Cancel(request), &at(when)).unwrap();
        payment
    };
    let answered = |source, outcome| {
        let mut payment = charging();
        show(&mut payment, source, outcome, &second);
        payment
    };
    let ended = |mut payment: Payment| {
        show(&mut payment, Source::Fetch, object(ObjectStatus::AwaitsMethod), &now());
        payment
    };
    let approved = seen(order(), ObjectStatus::AwaitsPayer(NextAction::Confirm));
    let mut by_itself = approved.clone();
    by_itself.terms.confirmation = Confirmation::Automatic;
    let tried = answered(first(1), Outcome::Declined { decline: decline("instrument_declined"), object: None });
    let mut old = charging();
    old.attempts[0].started_at = Timestamp::from_unix_ms(0);
    let pending = answered(first(1), object(ObjectStatus::Pending));
    let held = answered(first(1), authorized());
    let mut capturing = held.clone();
    let capture = CaptureRequest { key: key("k"), request_hash: hash("k"), amount: None };
    command(&mut capturing, &Command::Capture(capture), &at(A_MOMENT_AGO)).unwrap();
    let canceled = ended(closing(order(), LONG_AGO));
    vec![
        ("at PayPal: requires_action, not approved", order()),
        ("at PayPal: requires_action, approved", approved),
        ("at PayPal: requires_action, approved, confirms itself", by_itself),
        ("at PayPal: requires_action, declined once", tried.clone()),
        ("at PayPal: requires_action, never tried, being canceled", closing(order(), A_MOMENT_AGO)),
        ("at PayPal: requires_action, tried, being canceled", closing(tried.clone(), A_MOMENT_AGO)),
        ("at PayPal: requires_action, tried, being canceled for long", closing(tried.clone(), LONG_AGO)),
        ("at PayPal: processing, unanswered", charging()),
        ("at PayPal: processing, unanswered, key old", old),
        ("at PayPal: processing, answered", answered(replayed(1), object(ObjectStatus::Pending))),
        ("at PayPal: processing, gateway_pending", pending.clone()),
        ("at PayPal: processing, gateway_pending, being canceled", closing(pending, LONG_AGO)),
        ("at PayPal: requires_capture", held.clone()),
        ("at PayPal: requires_capture, being captured", capturing),
        ("at PayPal: requires_capture, being canceled", closing(held, LONG_AGO)),
        ("at PayPal: succeeded", answered(first(1), captured())),
        ("at PayPal: succeeded, not settled", answered(first(1), captured_as(charge("capt_1", None)))),
        ("at PayPal: failed", answered(first(1), object(ObjectStatus::Failed(decline("stolen_card"))))),
        ("at PayPal: canceled, never tried", canceled.clone()),
        ("at PayPal: canceled, tried", ended(closing(tried, LONG_AGO))),
        ("at PayPal: expired", Payment { state: PaymentState::Expired, ..canceled }),
    ]
}

fn outcomes() -> Vec<(&'static str, Outcome)> {
    let failed = || ObjectStatus::Failed(decline("stolen_card"));
    let declined = |decline, status: Option<ObjectStatus>| Outcome::Declined { decline, object: status.map(snapshot) };
    let other = NextAction::Redirect(WebUrl::parse("https://paypal.example/other").unwrap());
    let mut foreign = snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT });
    foreign.reference = GatewayToken::parse("5O2").unwrap();
    let mut mismatch = snapshot(ObjectStatus::Captured { received_minor_units: AMOUNT });
    mismatch.amount_minor_units = 1;
    let refused = |object| Outcome::Refused { code: "ORDER_NOT_APPROVED".into(), object };
    vec![
        ("not approved", object(ObjectStatus::AwaitsPayer(approval()))),
        ("not approved, page not shown", object(ObjectStatus::AwaitsMethod)),
        ("not approved, another page", object(ObjectStatus::AwaitsPayer(other))),
        ("approved", object(ObjectStatus::AwaitsPayer(NextAction::Confirm))),
        ("pending", object(ObjectStatus::Pending)),
        ("authorized", authorized()),
        ("captured", captured()),
        ("captured, not settled", captured_as(charge("capt_1", None))),
        ("voided", object(ObjectStatus::Canceled)),
        ("charged and declined", declined(decline("stolen_card"), Some(failed()))),
        ("unrecognized", object(ObjectStatus::Unrecognized("NEW_WORD".into()))),
        ("instrument declined", declined(decline("instrument_declined"), None)),
        ("refused", refused(None)),
        ("unknown: timeout", Outcome::Unknown(UnknownReason::Timeout)),
        ("unknown: 5xx", Outcome::Unknown(UnknownReason::ServerError)),
        ("unknown: key mismatch", Outcome::Unknown(UnknownReason::KeyMismatch)),
        ("another object", Outcome::Object(foreign)),
        ("other money", Outcome::Object(mismatch)),
    ]
}

/// An event is no source of evidence here: see [`events`].
fn sources() -> Vec<(&'static str, Source)> {
    vec![
        ("own answer", first(1)),
        ("own replay", replayed(1)),
        ("act's answer", Source::Act(1, Hand::First)),
        ("act's replay", Source::Act(1, Hand::Replayed)),
        ("fetch", Source::Fetch),
    ]
}

/// What is made of an event before it is judged (`hearsay` in `flow/operations/webhook.rs`).
fn events() -> Vec<(&'static str, Evidence)> {
    let told = |status| snapshot(status);
    let of_another = |status| ObjectSnapshot { reference: GatewayToken::parse("5O2").unwrap(), ..snapshot(status) };
    let said = |object| Evidence { source: Source::Event { cause: None }, outcome: Outcome::Object(object) };
    vec![
        ("about its order", said(told(ObjectStatus::Pending))),
        ("about another order that bears its id", said(of_another(ObjectStatus::Pending))),
        (
            "of money on another order that bears its id",
            said(of_another(ObjectStatus::Captured { received_minor_units: AMOUNT })),
        ),
    ]
}
