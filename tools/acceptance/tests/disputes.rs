//! Disputes against the deployed stack, at both gateways: found by their webhooks, told to their payment, answered once, and won, lost or
//! given up; whatever answer is lost and however their events come.

#![expect(clippy::indexing_slicing, reason = "a test speaks by panicking")]

use acceptance::client::Opened;
use acceptance::gateway::Call;
use acceptance::gateway::Gateway::{self, PayPal, Stripe};
use acceptance::oracle::row_equals_ledger;
use acceptance::stack::{Stack, on_stack};
use acceptance::{a_few_at_a_time, eventually, say, unique};
use futures_util::future::join_all;
use serde_json::{Value, json};

/// What is paid in each of these tests, and disputed in most.
const PAID: i64 = 5000;
/// The call of a dispute whose answer is lost, and how.
const LOST: [(Call, &str); 16] = [
    (Call::Evidence, "status"),
    (Call::Evidence, "reset_before"),
    (Call::Evidence, "reset_after"),
    (Call::Evidence, "hang_before"),
    (Call::Evidence, "hang_after"),
    (Call::Evidence, "garbage_after"),
    (Call::Accept, "status"),
    (Call::Accept, "reset_before"),
    (Call::Accept, "reset_after"),
    (Call::Accept, "hang_before"),
    (Call::Accept, "hang_after"),
    (Call::Accept, "garbage_after"),
    (Call::LookAtDispute, "status"),
    (Call::LookAtDispute, "reset_before"),
    (Call::LookAtDispute, "hang_before"),
    (Call::LookAtDispute, "garbage_after"),
];

/// A payment that is disputed.
struct Case {
    payment: Opened,
    /// The dispute's public id.
    dispute: String,
}

#[test]
fn a_dispute_is_answered_with_evidence_once_and_won() {
    on_stack(async |stack| {
        for gateway in Gateway::BOTH {
            let case = Case::of(stack, gateway, json!({})).await;
            let shown = case.stands(stack, "chargeback", "needs_response").await;
            assert_eq!((&shown["transactionId"], &shown["gateway"]), (&json!(case.payment.id), &json!(gateway.name())));
            assert_eq!(
                (&shown["amount"], &shown["reason"], &shown["holdsMoney"]),
                (&json!(PAID), &json!("not_received"), &json!(true))
            );
            assert!(shown["dueBy"].is_string());
            case.told(stack, "needs_response", 0).await;
            let held = stack.api.refund(&case.payment, &unique("held"), Some(100)).await.expect(409);
            assert_eq!(held.text_at("/code"), "held_by_dispute");

            let papers = json!({"explanation": "It was delivered.", "shippingCarrier": "DHL"});
            let draft = json!({"submit": false, "evidence": papers});
            let drafted = stack.api.evidence(&case.dispute, &unique("draft"), &draft).await.expect(200);
            assert_eq!(drafted.at("/evidence/shippingCarrier"), "DHL");
            assert_eq!(case.submissions(stack).await, 0, "a draft goes to nobody");

            let key = unique("submit");
            case.submit(stack, &key).await;
            case.stands(stack, "chargeback", "under_review").await;
            let replay = stack.api.evidence(&case.dispute, &key, &json!({"submit": true})).await.expect(200);
            assert_eq!(
                (replay.header("idempotent-replayed"), replay.at("/requests/1/status")),
                ("true", json!("done"))
            );
            let reused = stack.api.evidence(&case.dispute, &key, &draft).await.expect(422);
            assert_eq!(reused.text_at("/code"), "idempotency_key_reused");
            assert_eq!(case.submissions(stack).await, 1);
            let at_gateway = stack.sandbox.dispute(gateway, case.gateways()).await.to_string();
            assert!(at_gateway.contains("DHL") && at_gateway.contains("It was delivered."), "{at_gateway}");
            case.told(stack, "under_review", 0).await;

            stack.sandbox.decides(case.gateways(), "won").await;
            case.stands(stack, "chargeback", "won").await;
            case.told(stack, "won", PAID).await;
            let late = stack.api.accept(&case.dispute, &unique("late")).await.expect(409);
            assert_eq!((late.text_at("/code").as_str(), late.at("/dispute/status")), ("invalid_state", json!("won")));
            drop(stack.api.refund(&case.payment, &unique("free"), None).await.expect(200));
            case.at_rest(stack).await;
        }
    });
}

#[test]
fn what_is_lost_may_be_fought_once_more_and_holds_its_money_until_the_end() {
    on_stack(async |stack| {
        for gateway in Gateway::BOTH {
            let case = Case::of(stack, gateway, json!({"stage": "inquiry"})).await;
            let shown = case.stands(stack, "inquiry", "needs_response").await;
            assert_eq!(shown["holdsMoney"], false, "an inquiry holds nothing");
            case.told(stack, "needs_response", PAID).await;
            stack.sandbox.decides(case.gateways(), "escalated").await;
            assert_eq!(case.stands(stack, "chargeback", "needs_response").await["holdsMoney"], true);
            case.told(stack, "needs_response", 0).await;
            stack.sandbox.decides(case.gateways(), "lost").await;
            if gateway == Stripe {
                case.stands(stack, "chargeback", "lost").await;
                stack.sandbox.decides(case.gateways(), "appealable").await;
            }
            case.stands(stack, "appeal", "needs_response").await;
            let nothing = stack.api.accept(&case.dispute, &unique("accept")).await.expect(409);
            assert_eq!(nothing.text_at("/code"), "invalid_state", "there is nothing left to give up");
            case.told(stack, "needs_response", 0).await;
            if gateway == PayPal {
                let papers = json!({"submit": true, "evidence": {"explanation": "It was delivered after all."}});
                let appeal = stack.api.evidence(&case.dispute, &unique("appeal"), &papers).await;
                assert!(matches!(appeal.status, 200 | 202), "{}", appeal.text);
                case.stands(stack, "appeal", "under_review").await;
                stack.sandbox.decides(case.gateways(), "lost").await;
                case.stands(stack, "appeal", "lost").await;
                case.told(stack, "lost", 0).await;
                let gone = stack.api.refund(&case.payment, &unique("gone"), None).await.expect(409);
                assert_eq!(gone.text_at("/code"), "held_by_dispute");
            }
            case.at_rest(stack).await;
        }
    });
}

#[test]
fn a_dispute_is_given_up_and_the_money_is_gone() {
    on_stack(async |stack| {
        for gateway in Gateway::BOTH {
            let case = Case::of(stack, gateway, json!({"reason": "fraudulent"})).await;
            assert_eq!(case.stands(stack, "chargeback", "needs_response").await["reason"], "fraudulent");
            let accepted = stack.api.accept(&case.dispute, &unique("accept")).await;
            assert!(matches!(accepted.status, 200 | 202), "{}", accepted.text);
            case.stands(stack, "chargeback", "lost").await;
            case.told(stack, "lost", 0).await;
            let gone = stack.api.refund(&case.payment, &unique("gone"), None).await.expect(409);
            assert_eq!(gone.text_at("/code"), "held_by_dispute");
            case.at_rest(stack).await;
        }
    });
}

#[test]
fn what_is_not_disputed_may_be_asked_back_and_the_gateways_no_gives_it_back_to_the_balance() {
    on_stack(async |stack| {
        // Both gateways refuse every refund of what was charged back, also of the part that was not.
        for (gateway, code) in [(Stripe, "charge_disputed"), (PayPal, "REFUND_NOT_PERMITTED_DUE_TO_CHARGEBACK")] {
            let case = Case::of(stack, gateway, json!({"amount": 2000})).await;
            case.stands(stack, "chargeback", "needs_response").await;
            case.told(stack, "needs_response", PAID - 2000).await;
            let refused = stack.api.refund(&case.payment, &unique("rest"), None).await.expect(402);
            assert_eq!(refused.text_at("/code"), "refund_failed", "{}", refused.text);
            assert!(refused.text.contains(code), "{}", refused.text);
            assert_eq!(refused.at("/payment/amountRefundable"), PAID - 2000);
            stack.sandbox.decides(case.gateways(), "won").await;
            case.told(stack, "won", PAID).await;
            drop(stack.api.refund(&case.payment, &unique("all"), None).await.expect(200));
            case.at_rest(stack).await;
        }
    });
}

#[test]
fn an_answer_that_is_lost_is_given_once() {
    on_stack(async |stack| {
        let cells = Gateway::BOTH.into_iter().flat_map(|gateway| LOST.map(|(call, fault)| (gateway, call, fault)));
        let cells = a_few_at_a_time(cells, async |(gateway, call, fault)| {
            let payment = stack.paid(gateway, json!({"amount": PAID})).await;
            let times = if call == Call::LookAtDispute { 1 } else { 2 };
            let lost = gateway.fault(call, json!({"fault": fault, "times": times, "delayMs": 4000}));
            let lost = stack.sandbox.misbehaves_for(&payment.id, lost).await;
            let case = Case::disputed(stack, payment, json!({})).await;
            (case, call, fault, lost)
        })
        .await;
        // They do little but wait.
        let answered = join_all(cells.iter().map(async |(case, call, fault, lost)| {
            let name = format!("{:?} {call:?} {fault}", case.payment.gateway);
            case.stands(stack, "chargeback", "needs_response").await;
            let key = unique("lost");
            let ask = async || {
                if *call == Call::Accept {
                    return stack.api.accept(&case.dispute, &key).await;
                }
                stack.api.evidence(&case.dispute, &key, &Case::evidence()).await
            };
            let first = ask().await;
            assert!(matches!(first.status, 200 | 202), "{name}: {}", first.text);
            let status = if *call == Call::Accept { "lost" } else { "under_review" };
            let shown = case.stands(stack, "chargeback", status).await;
            assert_eq!((&shown["pending"], &shown["requests"][0]["status"]), (&Value::Null, &json!("done")), "{name}");
            let submitted = u64::from(*call != Call::Accept);
            assert_eq!(case.submissions(stack).await, submitted, "{name}");
            let replay = ask().await.expect(200);
            assert_eq!(replay.header("idempotent-replayed"), "true");
            assert!(stack.sandbox.struck(lost).await > 0, "{name}");
            stack.sandbox.behaves_again(lost).await;
            case.told(stack, status, 0).await;
            case.at_rest(stack).await;
            first.status == 202
        }));
        let answered = stack.while_sweeping(answered).await;
        let unknown = answered.iter().filter(|unknown| **unknown).count();
        say(&format!("disputes whose gateway is not heard: {} answered, {unknown} of them later", answered.len()));
    });
}

#[test]
fn events_of_a_dispute_come_backwards_and_five_times() {
    on_stack(async |stack| {
        let mut cases = Vec::new();
        for gateway in Gateway::BOTH {
            let payment = stack.paid(gateway, json!({"amount": PAID})).await;
            cases.push(payment);
        }
        stack.sandbox.hold_webhooks().await;
        for payment in &mut cases {
            let case = Case::disputed(stack, payment.clone(), json!({"amount": 2000})).await;
            for decision in ["answered", "won"] {
                stack.sandbox.decides(case.gateways(), decision).await;
            }
        }
        stack.sandbox.release_webhooks("lifo", 5).await;
        for payment in &cases {
            let rests = eventually("it is told", async || row_equals_ledger(stack, payment).await).await;
            let told = &rests.payment["disputes"];
            assert_eq!((told.as_array().map(Vec::len), &told[0]["amount"]), (Some(1), &json!(2000)), "{told}");
            assert_eq!(rests.payment["amountRefundable"], PAID);
        }
    });
}

#[test]
fn what_is_open_is_listed_by_its_deadline_whatever_its_gateway_and_the_nearest_raise_an_alarm() {
    on_stack(async |stack| {
        let later = Case::of(stack, Stripe, json!({"dueInDays": 20})).await;
        let sooner = Case::of(stack, PayPal, json!({"dueInDays": 2})).await;
        for case in [&later, &sooner] {
            case.stands(stack, "chargeback", "needs_response").await;
        }
        let listed = eventually("both are listed", async || {
            let (mut all, mut cursor) = (Vec::new(), String::new());
            for _ in 0..40 {
                let page =
                    stack.api.disputes(&format!("status=needs_response&limit=5{cursor}")).await.expect(200).json();
                all.extend(page["disputes"].as_array().unwrap().clone());
                let Some(next) = page["nextCursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            let place = |case: &Case| all.iter().position(|dispute| dispute["disputeId"] == case.dispute.as_str());
            match (place(&sooner), place(&later)) {
                (Some(sooner), Some(later)) => Ok((all, sooner, later)),
                _ => Err(format!("{} disputes", all.len())),
            }
        });
        let (all, first, second) = listed.await;
        assert!(first < second);
        let deadlines: Vec<&str> = all.iter().map(|dispute| dispute["dueBy"].as_str().unwrap()).collect();
        assert!(deadlines.is_sorted(), "{deadlines:?}");
        let none = stack.api.disputes("status=prevented&limit=50").await.expect(200).json();
        assert!(none["disputes"].as_array().unwrap().iter().all(|dispute| dispute["status"] == "prevented"));

        let alarms = async |case: &Case| {
            let lines = stack.aws.logs_about("retry", &case.dispute).await;
            lines.iter().filter(|line| line.contains("disputeDeadline")).count()
        };
        eventually("the deadline is an alarm", async || match alarms(&sooner).await {
            0 => Err("nobody was told".to_owned()),
            _ => Ok(()),
        })
        .await;
        assert_eq!(alarms(&later).await, 0, "there is time");
    });
}

/// PayPal's words for a refusal are in no list of issues.
#[test]
fn an_answer_that_paypal_does_not_take_is_told_at_once_and_may_be_mended() {
    on_stack(async |stack| {
        let case = Case::of(stack, PayPal, json!({})).await;
        case.stands(stack, "chargeback", "needs_response").await;
        let path = format!("/v1/customer/disputes/{}/provide-evidence", case.gateways());
        let fault =
            json!({"gateway": "paypal", "method": "POST", "path": path, "fault": "status", "status": 422, "times": 1});
        drop(stack.sandbox.misbehaves(fault).await);
        let refused = stack.api.evidence(&case.dispute, &unique("submit"), &Case::evidence()).await.expect(422);
        assert_eq!(refused.text_at("/code"), "gateway_refused", "{}", refused.text);
        assert_eq!(case.submissions(stack).await, 0);
        let again = stack.api.evidence(&case.dispute, &unique("submit"), &Case::evidence()).await;
        assert!(matches!(again.status, 200 | 202), "{}", again.text);
        case.stands(stack, "chargeback", "under_review").await;
        assert!(case.submissions(stack).await > 0);
    });
}

#[test]
fn what_is_no_dispute_of_ours_is_not_found_and_paypal_takes_no_names_of_files() {
    on_stack(async |stack| {
        for id in ["dsp_stripe_du_nobodys", "dsp_paypal_PP-D-1", "du_1", "dsp_adyen_1"] {
            drop(stack.api.dispute(id).await.expect(404));
            drop(stack.api.accept(id, &unique("accept")).await.expect(404));
        }
        let case = Case::of(stack, PayPal, json!({})).await;
        case.stands(stack, "chargeback", "needs_response").await;
        for submit in [false, true] {
            let papers = json!({"submit": submit, "evidence": {"receipt": "file_1"}});
            let refused = stack.api.evidence(&case.dispute, &unique("file"), &papers).await.expect(400);
            assert_eq!(refused.text_at("/errors/0/pointer"), "/evidence/receipt", "{}", refused.text);
        }
        assert_eq!(case.submissions(stack).await, 0);
    });
}

impl Case {
    /// A payment that is paid at this gateway, and disputed so.
    async fn of(stack: &Stack, gateway: Gateway, wanted: Value) -> Self {
        let payment = stack.paid(gateway, json!({"amount": PAID})).await;
        Self::disputed(stack, payment, wanted).await
    }

    async fn disputed(stack: &Stack, payment: Opened, wanted: Value) -> Self {
        let id = stack.sandbox.disputes(&payment.id, wanted).await;
        let dispute = format!("dsp_{}_{id}", payment.gateway.name());
        Self { payment, dispute }
    }

    /// What the gateway calls it.
    fn gateways(&self) -> &str {
        self.dispute.rsplit_once("stripe_").or_else(|| self.dispute.rsplit_once("paypal_")).map_or("", |(_, id)| id)
    }

    async fn submissions(&self, stack: &Stack) -> u64 {
        stack.sandbox.submissions(self.payment.gateway, self.gateways()).await
    }

    fn evidence() -> Value {
        json!({"submit": true, "evidence": {"explanation": "It was delivered."}})
    }

    /// Submits what was put by. PayPal says that it has taken it, and shows it when it is looked at.
    async fn submit(&self, stack: &Stack, key: &str) {
        let submitted = stack.api.evidence(&self.dispute, key, &json!({"submit": true})).await;
        assert!(matches!(submitted.status, 200 | 202), "{}", submitted.text);
    }

    /// The dispute, once it stands so.
    async fn stands(&self, stack: &Stack, stage: &str, status: &str) -> Value {
        eventually(&format!("{} is {stage} {status}", self.dispute), async || {
            let answer = stack.api.dispute(&self.dispute).await;
            let stands = (answer.at("/stage"), answer.at("/status")) == (json!(stage), json!(status));
            if answer.status == 200 && stands { Ok(answer.json()) } else { Err(answer.text) }
        })
        .await
    }

    /// The payment, once it tells that its dispute stands so and that so much is left to refund.
    async fn told(&self, stack: &Stack, status: &str, refundable: i64) {
        eventually(&format!("{} tells that its dispute is {status}", self.payment.id), async || {
            let shown = stack.api.status(&self.payment.id).await.expect(200).json();
            let is_told = shown["disputes"][0]["status"] == status && shown["amountRefundable"] == refundable;
            if is_told { Ok(()) } else { Err(shown.to_string()) }
        })
        .await;
    }

    async fn at_rest(&self, stack: &Stack) {
        drop(eventually("the row equals the ledger", async || row_equals_ledger(stack, &self.payment).await).await);
    }
}
