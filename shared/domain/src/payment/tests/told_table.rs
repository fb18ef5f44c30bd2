//! The part of the table that is about what a payment's row is told: of its disputes and of early fraud warnings. Neither moves
//! a payment; they say what of its money may be given back, and when that is done by itself.

use super::refunds::paid;
use super::table::{header, judgement_cell, row};
use super::*;
use crate::{
    dispute::{DisputeId, Stage, Standing, Status},
    policy::Reaction,
    text::Text,
    warning::WarningId,
};

/// Of the dispute, 4.00 of what was paid.
const PART: i64 = 400;
/// The version of the dispute, or of the warning, that tells.
const TOLD: u64 = 5;

/// Writes the part.
pub(super) fn write(page: &mut String) {
    page.push_str(
        "\n## Disputes\n\nThe payment has succeeded; a dispute about a part of it says how it stands. The columns say what the payment's row knows\n\
         of that dispute. `holds` means that the part may not be refunded afterwards.\n\n",
    );
    let columns = columns();
    let names = columns.iter().map(|(name, ..)| *name);
    header(page, "the dispute says", names.chain(["about another object"]));
    let mut cells = 0;
    for stage in Stage::ALL {
        for status in Status::ALL {
            let told = dispute("du_1", stage, status, TOLD);
            let name = format!("{}, {}", stage.name(), status.name());
            let of_its_own = columns.iter().map(|(_, payment, of)| disputed(payment, &whatever(), &of(told.clone())));
            let of_another = disputed(&paid(), &another(), &told);
            cells += row(page, &name, of_its_own.chain([of_another]));
        }
    }
    assert_eq!(cells, 5 * 6 * 7, "of disputes, a row or a column is missing");
    page.push_str(
        "\n## Early fraud warnings\n\nThe columns say where the payment stands, and what its row knows of the warning.\n\n",
    );
    let columns = warned();
    header(page, "the warning says", columns.iter().map(|(name, ..)| *name));
    for (name, is_actionable) in [("actionable", true), ("not actionable", false)] {
        for (setting, reaction) in [("", Reaction::Keep), (", `RefundOnFraudWarning`", Reaction::Refund)] {
            let now = Now { policy: Policy { fraud_warning: reaction, ..Policy::STANDARD }, ..at(DAY) };
            let told = warning(is_actionable, TOLD);
            let weigh = |payment: &Payment, object: &GatewayToken| {
                judgement_cell(payment, judge_warning(payment, object, &told, &now))
            };
            let told_to = columns.iter().map(|(_, payment, object)| weigh(payment, object));
            cells += row(page, &format!("{name}{setting}"), told_to);
        }
    }
    assert_eq!(cells, 5 * 6 * 7 + 4 * 6, "of warnings, a row or a column is missing");
}

type Told = fn(PaymentDispute) -> PaymentDispute;

fn columns() -> Vec<(&'static str, Payment, Told)> {
    let knows = |version| {
        let mut payment = paid();
        tell(&mut payment, &dispute("du_1", Stage::Chargeback, Status::UnderReview, version));
        payment
    };
    let mut full = paid();
    for number in 0..DISPUTES_MAX {
        tell(&mut full, &dispute(&format!("du_other_{number}"), Stage::Chargeback, Status::Lost, 1));
    }
    let in_dollars =
        |told| PaymentDispute { amount: Money::payable(PART, Currency::from_code("USD").unwrap()).unwrap(), ..told };
    vec![
        ("nothing", paid(), std::convert::identity),
        ("an older version", knows(TOLD - 1), std::convert::identity),
        ("this version", knows(TOLD), std::convert::identity),
        ("a newer version", knows(TOLD + 1), std::convert::identity),
        ("nothing, and it is about another currency", paid(), in_dollars),
        ("nothing, and it bears no more disputes", full, std::convert::identity),
    ]
}

/// About a charge that the gateway does not name: the payment's own, as far as anybody can tell.
fn whatever() -> Disputed {
    Disputed { object: None, charge: None }
}

fn another() -> Disputed {
    Disputed { object: Some(GatewayToken::parse("pi_2").unwrap()), charge: None }
}

fn disputed(payment: &Payment, of: &Disputed, told: &PaymentDispute) -> String {
    let judgement = judge_dispute(payment, of, told, &at(DAY));
    let mut after = payment.clone();
    if let Judgement::Change(event) = &judgement {
        apply(&mut after, event);
    }
    assert_eq!((&after.state, after.due), (&payment.state, payment.due), "a dispute moves no payment");
    let holds = after.disputes.iter().any(|known| known.id == told.id && known.holds(after.captured()).is_some());
    let holds = if holds && matches!(judgement, Judgement::Change(_)) { "; holds" } else { "" };
    format!("{}{holds}", judgement_cell(payment, judgement))
}

fn warned() -> Vec<(&'static str, Payment, GatewayToken)> {
    let own = payment().object;
    let knows = |is_actionable, version| {
        let mut payment = paid();
        let known = judge_warning(&payment, &payment.object, &warning(is_actionable, version), &at(DAY));
        let Judgement::Change(event) = known else { panic!("{known:?}") };
        apply(&mut payment, &event);
        payment
    };
    vec![
        ("requires_capture, nothing", after(first(1), authorized()), own.clone()),
        ("succeeded, nothing", paid(), own.clone()),
        ("succeeded, an older version that was actionable", knows(true, TOLD - 1), own.clone()),
        ("succeeded, an older version that was not", knows(false, TOLD - 1), own.clone()),
        ("succeeded, a newer version", knows(true, TOLD + 1), own),
        ("about another object's charge", paid(), GatewayToken::parse("pi_2").unwrap()),
    ]
}

fn tell(payment: &mut Payment, told: &PaymentDispute) {
    let Judgement::Change(event) = judge_dispute(payment, &whatever(), told, &at(DAY)) else {
        panic!("not told: {told:?}")
    };
    apply(payment, &event);
}

fn dispute(name: &str, stage: Stage, status: Status, version: u64) -> PaymentDispute {
    let id = DisputeId::of(Gateway::Stripe, GatewayToken::parse(name).unwrap()).unwrap();
    let amount = if name == "du_1" { euros(PART) } else { euros(1) };
    PaymentDispute { id, amount, standing: Standing { stage, status }, version }
}

fn warning(is_actionable: bool, version: u64) -> PaymentWarning {
    PaymentWarning {
        id: WarningId::of(&GatewayToken::parse("issfr_1").unwrap()).unwrap(),
        kind: Text::parse("made_with_stolen_card").unwrap(),
        is_actionable,
        warned_at: START,
        version,
    }
}
