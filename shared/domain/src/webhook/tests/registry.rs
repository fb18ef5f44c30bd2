//! How the merchant's endpoints change.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::{payment, timeline::EventType};

/// The second of `START`.
const FIRST: u32 = 1_793_610_012;

const SUCCEEDED: EventType = EventType::Payment(payment::Status::Succeeded);

fn registration(name: &str) -> Registration {
    Registration {
        id: endpoint_id(name),
        url: EndpointUrl::parse("https://shop.example/hooks").unwrap(),
        interest: Interest::All,
        description: None,
        request_hash: hash(name),
    }
}

fn rotation(name: &str, keep: Duration) -> RotationRequest {
    RotationRequest { key: key(name), request_hash: hash(name), keep_former: KeepFormer::try_new(keep).unwrap() }
}

fn did(endpoints: &mut Endpoints, command: &Command, at: Timestamp) -> Result<Decision, Rejection> {
    let decision = decide(endpoints, command, at)?;
    if let Decision::Execute(event) = &decision {
        apply(endpoints, event);
    }
    Ok(decision)
}

fn registered(names: &[&str]) -> Endpoints {
    let mut endpoints = Endpoints::default();
    for name in names {
        did(&mut endpoints, &Command::Register(registration(name)), START).unwrap();
    }
    endpoints
}

fn disable(name: &str) -> Command {
    Command::Disable { id: endpoint_id(name) }
}

fn gone(name: &str, enabled_since: Timestamp) -> Command {
    Command::DisableGone { id: endpoint_id(name), enabled_since }
}

fn rotate(name: &str, key: &str) -> Command {
    Command::Rotate { id: endpoint_id(name), request: rotation(key, Duration::from_secs(3_600)) }
}

fn generation(endpoints: &Endpoints, name: &str) -> u32 {
    endpoints.find(&endpoint_id(name)).unwrap().generation.get()
}

#[test]
fn an_endpoint_is_registered_once_and_its_key_is_not_reused() {
    let mut endpoints = registered(&["a"]);
    assert_eq!((endpoints.version, endpoints.endpoints.len()), (1, 1));
    let endpoint = endpoints.find(&endpoint_id("a")).unwrap();
    let enabled = Standing::Enabled { since: START };
    assert_eq!((endpoint.standing, endpoint.generation.get(), endpoint.created_at), (enabled, FIRST, START));
    let again = did(&mut endpoints, &Command::Register(registration("a")), after(9));
    assert_eq!((again, endpoints.version), (Ok(Decision::AlreadyApplied), 1));
    let other = Registration { request_hash: hash("other"), ..registration("a") };
    assert_eq!(did(&mut endpoints, &Command::Register(other), after(9)), Err(Rejection::IdempotencyKeyReused));
}

#[test]
fn the_seventeenth_endpoint_takes_the_place_of_the_longest_disabled_or_is_refused() {
    let names: Vec<String> = (0..ENDPOINTS_MAX).map(|number| format!("endpoint-{number}")).collect();
    let mut endpoints = registered(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let another = Command::Register(registration("another"));
    assert_eq!(decide(&endpoints, &another, after(1)), Err(Rejection::Full));
    did(&mut endpoints, &disable("endpoint-7"), after(2)).unwrap();
    did(&mut endpoints, &gone("endpoint-3", START), after(3)).unwrap();
    did(&mut endpoints, &another, after(4)).unwrap();
    assert_eq!(endpoints.endpoints.len(), ENDPOINTS_MAX);
    assert_eq!(endpoints.find(&endpoint_id("endpoint-7")), None);
    assert!(endpoints.find(&endpoint_id("endpoint-3")).is_some() && endpoints.find(&endpoint_id("another")).is_some());
    // What has made room is not there any more, and is registered anew.
    did(&mut endpoints, &Command::Register(registration("endpoint-7")), after(5)).unwrap();
    assert_eq!(endpoints.find(&endpoint_id("endpoint-3")), None);
}

#[test]
fn a_secret_that_was_replaced_signs_as_long_as_was_asked_and_no_longer() {
    let mut endpoints = registered(&["a"]);
    let id = endpoint_id("a");
    let generations = |endpoints: &Endpoints, at| {
        let generations = endpoints.find(&endpoint_id("a")).unwrap().generations(at);
        generations.into_iter().map(Generation::get).collect::<Vec<_>>()
    };
    let rotate = |name, keep| Command::Rotate { id: id.clone(), request: rotation(name, Duration::from_secs(keep)) };
    did(&mut endpoints, &rotate("r1", 3_600), START).unwrap();
    assert_eq!(generations(&endpoints, after(3_599)), [FIRST + 1, FIRST], "the newest first");
    assert_eq!(generations(&endpoints, after(3_600)), [FIRST + 1]);
    assert_eq!(did(&mut endpoints, &rotate("r1", 3_600), after(1)), Ok(Decision::AlreadyApplied));
    assert_eq!(
        generations(&endpoints, after(1)),
        [FIRST + 1, FIRST],
        "a request that was sent again makes no third secret"
    );
    let reused = RotationRequest { request_hash: hash("other"), ..rotation("r1", Duration::ZERO) };
    let reused = Command::Rotate { id: id.clone(), request: reused };
    assert_eq!(did(&mut endpoints, &reused, after(1)), Err(Rejection::IdempotencyKeyReused));
    did(&mut endpoints, &rotate("leaked", 0), after(2)).unwrap();
    assert_eq!(generations(&endpoints, after(2)), [FIRST + 2], "a secret that has leaked signs nothing more");
}

#[test]
fn a_request_for_a_secret_that_is_sent_again_after_another_changes_nothing_and_is_known_by_its_own_secret() {
    let mut endpoints = registered(&["a"]);
    for number in 0..=ROTATIONS_MAX {
        did(&mut endpoints, &rotate("a", &format!("r{number}")), after(1)).unwrap();
    }
    let endpoint = endpoints.find(&endpoint_id("a")).unwrap().clone();
    assert_eq!((endpoint.rotations.len(), endpoint.generation.get()), (ROTATIONS_MAX, FIRST + 17));
    for (number, its_own) in (1..=ROTATIONS_MAX).zip(FIRST + 2..) {
        let name = format!("r{number}");
        assert_eq!(did(&mut endpoints, &rotate("a", &name), after(9)), Ok(Decision::AlreadyApplied), "{name}");
        assert_eq!(endpoint.rotated_by(&key(&name)).map(Generation::get), Some(its_own), "{name}");
    }
    let reused = RotationRequest { request_hash: hash("other"), ..rotation("r1", Duration::ZERO) };
    let reused = Command::Rotate { id: endpoint_id("a"), request: reused };
    assert_eq!(did(&mut endpoints, &reused, after(9)), Err(Rejection::IdempotencyKeyReused));
    assert_eq!((endpoint.rotated_by(&key("r0")), endpoint.first_generation()), (None, None));
}

#[test]
fn an_endpoint_that_comes_back_has_none_of_the_secrets_that_it_had() {
    let mut endpoints = registered(&["a"]);
    let first = endpoints.find(&endpoint_id("a")).unwrap().first_generation();
    assert_eq!(first.map(Generation::get), Some(FIRST));
    did(&mut endpoints, &rotate("a", "leaked"), after(1)).unwrap();
    did(&mut endpoints, &disable("a"), after(2)).unwrap();
    for number in 0..ENDPOINTS_MAX {
        did(&mut endpoints, &Command::Register(registration(&format!("endpoint-{number}"))), after(3)).unwrap();
    }
    assert_eq!(endpoints.find(&endpoint_id("a")), None, "it has made room");
    did(&mut endpoints, &disable("endpoint-0"), after(4)).unwrap();
    did(&mut endpoints, &Command::Register(registration("a")), after(5)).unwrap();
    assert_eq!(generation(&endpoints, "a"), FIRST + 5, "and not the one that has leaked");
}

#[test]
fn a_server_that_said_that_it_is_gone_is_not_believed_once_its_endpoint_was_enabled_anew() {
    let mut endpoints = registered(&["a"]);
    did(&mut endpoints, &gone("a", START), after(1)).unwrap();
    did(&mut endpoints, &Command::Enable { id: endpoint_id("a") }, after(2)).unwrap();
    // It was asked before, and its answer comes only now.
    assert_eq!(did(&mut endpoints, &gone("a", START), after(3)), Ok(Decision::AlreadyApplied));
    assert!(endpoints.find(&endpoint_id("a")).unwrap().is_enabled());
    did(&mut endpoints, &gone("a", after(2)), after(4)).unwrap();
    let standing = endpoints.find(&endpoint_id("a")).unwrap().standing;
    assert_eq!(standing, Standing::Disabled { since: after(4), reason: DisableReason::Gone });
}

#[test]
fn a_secret_may_outlive_its_rotation_by_a_week_at_most() {
    assert_eq!(KeepFormer::USUAL.get().as_secs(), 86_400);
    assert!(KeepFormer::try_new(Duration::from_secs(604_800)).is_ok());
    assert_eq!(KeepFormer::try_new(Duration::from_millis(604_800_001)), Err(TooLong));
    assert_eq!(TooLong.to_string(), "must be at most 604800 seconds, which is a week");
}

#[test]
fn an_endpoint_is_disabled_and_enabled_once_and_remembers_why_it_first_was() {
    let mut endpoints = registered(&["a"]);
    let of = |endpoints: &Endpoints| endpoints.find(&endpoint_id("a")).unwrap().standing;
    did(&mut endpoints, &gone("a", START), after(1)).unwrap();
    let disabled = Standing::Disabled { since: after(1), reason: DisableReason::Gone };
    assert_eq!(of(&endpoints), disabled);
    let again = did(&mut endpoints, &disable("a"), after(2));
    assert_eq!((again, of(&endpoints)), (Ok(Decision::AlreadyApplied), disabled));
    let enable = Command::Enable { id: endpoint_id("a") };
    did(&mut endpoints, &enable, after(3)).unwrap();
    assert_eq!((of(&endpoints), endpoints.version), (Standing::Enabled { since: after(3) }, 3));
    assert_eq!(did(&mut endpoints, &enable, after(4)), Ok(Decision::AlreadyApplied));
}

#[test]
fn what_nobody_has_registered_is_unknown() {
    let endpoints = registered(&["a"]);
    let id = endpoint_id("b");
    for command in [
        disable("b"),
        gone("b", START),
        Command::Enable { id: id.clone() },
        Command::Rotate { id, request: rotation("r", Duration::ZERO) },
    ] {
        assert_eq!(decide(&endpoints, &command, START), Err(Rejection::Unknown), "{command:?}");
    }
}

#[test]
fn an_endpoint_hears_of_what_it_wants_and_of_nothing_that_is_not_announced() {
    let mut endpoints = registered(&["all", "disabled"]);
    let interest = Interest::only(&[SUCCEEDED, EventType::RefundCreated, SUCCEEDED]).unwrap();
    assert_eq!(interest, Interest::only(&[EventType::RefundCreated, SUCCEEDED]).unwrap(), "order does not matter");
    did(&mut endpoints, &Command::Register(Registration { interest, ..registration("some") }), START).unwrap();
    did(&mut endpoints, &disable("disabled"), START).unwrap();
    let hear = |event_type| endpoints.subscribers(event_type).map(|endpoint| endpoint.id.clone()).collect::<Vec<_>>();
    assert_eq!(hear(SUCCEEDED), [endpoint_id("all"), endpoint_id("some")]);
    assert_eq!(hear(EventType::RefundFailed), [endpoint_id("all")]);
    assert!(hear(EventType::PaymentChecked).is_empty());
    assert_eq!(Interest::only(&[]), Err(InterestError::Nothing));
    assert_eq!(Interest::only(&[SUCCEEDED, EventType::DisputeChecked]), Err(InterestError::NotAnnounced));
}

fn any_command() -> impl Strategy<Value = Command> {
    let name = || (0..20_u32).prop_map(|number| format!("e{number}"));
    prop_oneof![
        3 => name().prop_map(|name| Command::Register(registration(&name))),
        1 => (name(), any::<bool>()).prop_map(|(name, gone)| {
            if gone { self::gone(&name, START) } else { disable(&name) }
        }),
        1 => name().prop_map(|name| Command::Enable { id: endpoint_id(&name) }),
        1 => (name(), 0..604_800_u64, 0..3_u32).prop_map(|(name, keep, number)| Command::Rotate {
            id: endpoint_id(&name),
            request: rotation(&format!("r{number}"), Duration::from_secs(keep)),
        }),
    ]
}

proptest! {
    #[test]
    fn whatever_is_asked_there_are_never_too_many_endpoints_and_never_two_of_one_id(
        commands in prop::collection::vec(any_command(), 1..120),
    ) {
        let (mut endpoints, mut at) = (Endpoints::default(), START);
        let mut newest: HashMap<EndpointId, Generation> = HashMap::new();
        for command in commands {
            at = at.plus(Duration::from_secs(60));
            let before = endpoints.clone();
            match did(&mut endpoints, &command, at) {
                Ok(Decision::Execute(_)) => {
                    prop_assert_eq!(endpoints.version, before.version + 1);
                    // Asked once more, it changes nothing more.
                    prop_assert_eq!(decide(&endpoints, &command, at), Ok(Decision::AlreadyApplied));
                }
                Ok(Decision::AlreadyApplied) | Err(_) => prop_assert_eq!(&endpoints, &before),
            }
            prop_assert!(endpoints.endpoints.len() <= ENDPOINTS_MAX);
            let mut ids: Vec<_> = endpoints.endpoints.iter().map(|endpoint| &endpoint.id).collect();
            ids.sort();
            ids.dedup();
            prop_assert_eq!(ids.len(), endpoints.endpoints.len());
            for endpoint in &before.endpoints {
                let stands = endpoints.find(&endpoint.id);
                prop_assert!(stands.is_some() || !endpoint.is_enabled(), "an enabled endpoint makes room for nobody");
            }
            for endpoint in &endpoints.endpoints {
                let is_the_same = before.find(&endpoint.id).is_some_and(|was| was.generation == endpoint.generation);
                let newest = newest.insert(endpoint.id.clone(), endpoint.generation);
                let is_newer = newest.is_none_or(|newest| newest < endpoint.generation);
                prop_assert!(is_the_same || is_newer, "no secret comes back, not even of who has made room");
                prop_assert!(endpoint.rotations.len() <= ROTATIONS_MAX);
            }
        }
    }
}
