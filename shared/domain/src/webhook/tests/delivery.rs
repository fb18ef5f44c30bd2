//! How a delivery moves.

use proptest::prelude::*;

use super::DeliveryCommand as Command;
use super::*;
use crate::timeline::EventId;

const EVENT: &str = "evt_pay_srgsc5zsbqycrakmfcc3opqd6l_7";

fn made() -> Delivery {
    Delivery::made(DeliveryId::of(EventId::parse(EVENT).unwrap(), endpoint_id("a")), START)
}

const fn status(status: u16) -> Answer {
    Answer::Answered { status, retry_after: None }
}

fn asked_for(status: u16, secs: u64) -> Answer {
    Answer::Answered { status, retry_after: Some(Duration::from_secs(secs)) }
}

fn unreachable() -> Answer {
    Answer::Unreachable { reason: Reason::of("timeout") }
}

fn refused() -> Answer {
    Answer::Refused { reason: Reason::of("private_address") }
}

fn with(mut delivery: Delivery, event: Option<DeliveryEvent>) -> Delivery {
    apply_to_delivery(&mut delivery, &event.expect("something happens"));
    delivery
}

fn ordered(delivery: Delivery, command: Command, at: Timestamp) -> Delivery {
    let event = decide_on_delivery(&delivery, command, &now(at));
    with(delivery, event)
}

fn tried(delivery: Delivery, answer: &Answer, at: Timestamp) -> Delivery {
    let event = judge(&delivery, answer, &now(at));
    with(delivery, event)
}

#[test]
fn a_delivery_is_named_by_its_event_and_its_endpoint() {
    let id = made().id;
    assert_eq!(id.as_str(), format!("{EVENT}.{}", endpoint_id("a")));
    assert_eq!((id.event().as_str(), id.endpoint()), (EVENT, &endpoint_id("a")));
    assert_eq!(DeliveryId::parse(id.as_str()), Ok(id));
    let endpoint = endpoint_id("a");
    for bad in [String::new(), ".".into(), EVENT.into(), format!("{EVENT}."), format!("{endpoint}.{EVENT}")] {
        assert_eq!(DeliveryId::parse(&bad), Err(NotADeliveryId), "{bad}");
    }
}

#[test]
fn whoever_claims_a_delivery_has_it_for_as_long_as_a_send_may_take_twice() {
    let claimed = ordered(made(), Command::Claim, START);
    assert_eq!((claimed.due, claimed.version), (Some(START.plus(LEASE)), 2));
    assert_eq!(LEASE, 2 * SEND_TIMEOUT);
    assert_eq!(decide_on_delivery(&claimed, Command::Claim, &now(after(29))), None, "somebody is at it");
    let again = ordered(claimed, Command::Claim, after(30));
    assert_eq!(again.due, Some(after(60)), "a claim that died is taken over");
    assert_eq!((again.round, again.tries.len()), (0, 0));
}

#[test]
fn what_fails_is_tried_by_the_schedule_of_the_specification_and_then_no_more() {
    let (mut delivery, mut at, mut waits) = (made(), START, Vec::new());
    while delivery.progress == Progress::Pending {
        delivery = ordered(delivery, Command::Claim, at);
        delivery = tried(delivery, &status(500), at);
        if let Some(due) = delivery.due {
            waits.push(due.since(at).as_secs());
            at = due;
        }
    }
    assert_eq!(waits, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
    assert_eq!(delivery.progress, Progress::Exhausted { at });
    assert_eq!((delivery.due, delivery.tries.len(), delivery.round), (None, 10, 10));
    assert_eq!(at.since(START).as_secs(), 272_105, "three days, three and a half hours");
}

#[test]
fn the_dice_add_a_tenth_at_most() {
    let wait = |dice| {
        let at = Now { dice, ..now(START) };
        let once = tried(made(), &status(500), START);
        judge(&once, &status(500), &at).unwrap().due.unwrap().since(START).as_millis()
    };
    assert_eq!(
        [0, 30_000, 30_001, u64::MAX].map(wait),
        [300_000, 330_000, 300_000, 300_000 + u128::from(u64::MAX % 30_001)]
    );
}

#[test]
fn only_a_2xx_is_taken_and_everything_else_fails_alike() {
    for taken in [200, 201, 202, 204, 299] {
        let delivery = tried(made(), &status(taken), after(1));
        assert_eq!((delivery.progress, delivery.due), (Progress::Delivered { at: after(1) }, None), "{taken}");
    }
    let others = [100, 199, 300, 301, 302, 304, 308, 400, 401, 404, 409, 429, 500, 502, 503, 599].map(status);
    for failed in others.into_iter().chain([unreachable(), refused()]) {
        let delivery = tried(made(), &failed, after(1));
        assert_eq!((delivery.progress, delivery.due), (Progress::Pending, Some(after(6))), "{failed:?}");
        assert_eq!(delivery.tries, [Try { at: after(1), result: failed.result() }]);
    }
}

#[test]
fn an_endpoint_that_is_gone_is_not_tried_again() {
    let delivery = tried(made(), &status(410), after(1));
    assert_eq!((delivery.progress, delivery.due), (Progress::Exhausted { at: after(1) }, None));
    assert!(status(410).is_gone() && !status(404).is_gone() && !unreachable().is_gone());
}

#[test]
fn an_endpoint_may_put_us_off_up_to_a_day_but_never_hurry_us() {
    let wait = |secs| tried(made(), &asked_for(503, secs), START).due.map(|due| due.since(START).as_secs());
    assert_eq!(
        [0, 1, 5, 6, 3_600, 86_400, 86_401, u64::MAX].map(wait),
        [5, 5, 5, 6, 3_600, 86_400, 86_400, 86_400].map(Some)
    );
}

#[test]
fn what_was_delivered_stays_delivered_until_somebody_asks_for_it_again() {
    let delivered = tried(made(), &status(200), after(1));
    for answer in [status(200), status(500), status(410), unreachable()] {
        assert_eq!(judge(&delivered, &answer, &now(after(9))), None, "{answer:?}");
    }
    for command in [Command::Claim, Command::AwaitEvent, Command::Withhold, Command::Skip(SkipReason::EndpointDisabled)]
    {
        assert_eq!(decide_on_delivery(&delivered, command, &now(after(9))), None, "{command:?}");
    }
    let again = ordered(delivered, Command::Redeliver, after(9));
    assert_eq!((again.progress, again.round, again.due), (Progress::Pending, 0, Some(after(9))));
    assert_eq!(again.tries.len(), 1, "what came of it before is still shown");
    assert_eq!(decide_on_delivery(&again, Command::Redeliver, &now(after(10))), None, "asked twice, served once");
}

#[test]
fn whoever_asks_for_what_waits_long_has_it_now_and_from_the_beginning() {
    let waiting = tried(tried(made(), &status(500), START), &status(500), START);
    assert_eq!(waiting.due, Some(after(300)));
    let hurried = ordered(waiting, Command::Redeliver, after(10));
    assert_eq!((hurried.due, hurried.round, hurried.tries.len()), (Some(after(10)), 0, 2));
}

#[test]
fn that_it_was_taken_is_written_down_also_by_whoever_comes_late() {
    let skipped = ordered(made(), Command::Skip(SkipReason::EndpointDisabled), after(1));
    assert_eq!(skipped.progress, Progress::Skipped { at: after(1), reason: SkipReason::EndpointDisabled });
    let exhausted = tried(made(), &status(410), after(1));
    for ended in [skipped, exhausted] {
        assert_eq!(ended.due, None);
        assert_eq!(judge(&ended, &status(500), &now(after(2))), None);
        assert_eq!(tried(ended, &status(204), after(2)).progress, Progress::Delivered { at: after(2) });
    }
}

#[test]
fn an_event_that_is_not_there_yet_is_waited_for_longer_and_longer_and_not_for_ever() {
    let (mut delivery, mut at, mut looks) = (made(), START, 0);
    while delivery.progress == Progress::Pending {
        delivery = ordered(delivery, Command::AwaitEvent, at);
        looks += 1;
        let wait = delivery.due.map(|due| due.since(at).as_secs());
        assert!(wait.is_none_or(|wait| (30..=3_600).contains(&wait)), "{wait:?}");
        at = delivery.due.unwrap_or(at);
    }
    assert!(matches!(delivery.progress, Progress::Skipped { reason: SkipReason::NoEvent, .. }));
    assert!(at.since(START).as_secs() > 259_200 && looks < 100, "{looks}");
}

#[test]
fn what_waits_for_a_disabled_endpoint_is_looked_at_by_the_schedule_and_skipped_when_that_is_over() {
    let (mut delivery, mut at, mut waits) = (made(), START, Vec::new());
    while delivery.progress == Progress::Pending {
        delivery = ordered(delivery, Command::Withhold, at);
        if let Some(due) = delivery.due {
            waits.push(due.since(at).as_secs());
            at = due;
        }
    }
    assert_eq!(waits, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
    assert_eq!(delivery.progress, Progress::Skipped { at, reason: SkipReason::EndpointDisabled });
    assert_eq!((delivery.due, delivery.tries.len()), (None, 0), "nothing was tried");
    // What has failed before has so many rounds fewer.
    let later = ordered(tried(made(), &status(500), START), Command::Withhold, after(5));
    assert_eq!((later.due, later.round, later.progress), (Some(after(305)), 2, Progress::Pending));
}

#[test]
fn what_has_ended_is_kept_for_ninety_days_and_what_is_asked_for_again_is_kept() {
    const DAYS_90: u64 = 90 * 86_400;
    assert_eq!(made().expires_at(), None, "whatever waits must not go");
    let ends = [
        tried(made(), &status(204), after(7)),
        tried(made(), &status(410), after(7)),
        ordered(made(), Command::Skip(SkipReason::EndpointRemoved), after(7)),
    ];
    for ended in ends {
        assert_eq!(ended.expires_at(), Some(after(7 + DAYS_90)), "{ended:?}");
        let again = ordered(ended, Command::Redeliver, after(DAYS_90));
        assert_eq!(again.expires_at(), None);
        let ended = tried(again, &status(200), after(DAYS_90 + 1));
        assert_eq!(ended.expires_at(), Some(after(DAYS_90 + 1 + DAYS_90)), "it counts from its new end");
    }
}

#[test]
fn the_newest_tries_are_kept_and_the_others_counted() {
    let mut delivery = made();
    for number in 0..25 {
        if delivery.progress != Progress::Pending {
            delivery = ordered(delivery, Command::Redeliver, after(number));
        }
        delivery = tried(delivery, &status(500), after(number));
    }
    assert_eq!((delivery.tries.len(), delivery.tries_before), (TRIES_MAX, 5));
    assert_eq!((delivery.tries[0].at, delivery.tries[19].at), (after(5), after(24)));
}

#[derive(Debug, Clone)]
enum Step {
    Order(Command),
    Hear(Answer),
    Wait(u64),
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Order(Command::Claim)),
        1 => Just(Step::Order(Command::AwaitEvent)),
        1 => Just(Step::Order(Command::Redeliver)),
        1 => Just(Step::Order(Command::Withhold)),
        1 => Just(Step::Order(Command::Skip(SkipReason::EndpointDisabled))),
        4 => (100_u16..600, prop::option::of(0_u64..200_000)).prop_map(|(status, secs)| {
            Step::Hear(Answer::Answered { status, retry_after: secs.map(Duration::from_secs) })
        }),
        1 => Just(Step::Hear(unreachable())),
        1 => Just(Step::Hear(refused())),
        3 => (0_u64..200_000).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_a_pending_delivery_is_due_and_one_that_is_not_is_not(
        steps in prop::collection::vec(any_step(), 1..200),
        dice in any::<u64>(),
    ) {
        let (mut delivery, mut at) = (made(), START);
        for step in steps {
            let before = delivery.clone();
            let circumstances = Now { dice, ..now(at) };
            let event = match &step {
                Step::Order(command) => decide_on_delivery(&delivery, *command, &circumstances),
                Step::Hear(answer) => judge(&delivery, answer, &circumstances),
                Step::Wait(secs) => {
                    at = at.plus(Duration::from_secs(*secs));
                    None
                }
            };
            if let Some(event) = event {
                apply_to_delivery(&mut delivery, &event);
                prop_assert_eq!(delivery.version, before.version + 1);
            }
            prop_assert_eq!(delivery.progress == Progress::Pending, delivery.due.is_some());
            prop_assert_eq!(delivery.due.is_some(), delivery.expires_at().is_none(), "what is due is never deleted");
            prop_assert!(delivery.tries.len() <= TRIES_MAX && delivery.round <= 10);
            let longest = Duration::from_secs(86_400 + 8_640);
            prop_assert!(delivery.due.is_none_or(|due| due.since(at) <= longest), "nobody waits for longer");
            let came_back = before.progress != Progress::Pending && delivery.progress == Progress::Pending;
            prop_assert!(!came_back || matches!(step, Step::Order(Command::Redeliver)));
            let undone = matches!(before.progress, Progress::Delivered { .. }) && before.progress != delivery.progress;
            prop_assert!(!undone || matches!(step, Step::Order(Command::Redeliver)));
        }
    }
}
