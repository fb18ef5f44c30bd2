//! What is somebody's own: sealed when it comes, opened when it is asked for, and unreadable once its person is erased; and no payment
//! waits for any of it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use domain::{
    dispute::{ActProgress, DisputeId, KeptPapers, Paper, Papers, Rejection, Request, Stage, Standing, Status},
    id::{IdempotencyKey, RequestHash},
    payment::{Payment, PaymentState},
    personal::{Customer, Field, Kept, Opened, Payer, PersonId, Place, Sealed},
    text::Text,
};
use flow::{
    operations::{
        customer::{Erased, erase},
        dispute::{DisputeError, Requested, Wish, papers},
        initiate::{InitiateError, InitiateRequest, Initiated},
        status::payer,
        webhook::{GatewayEvent, Subject},
    },
    ports::{Actor, Dependency, Error, Host as _, Note, personal::Seal as _},
};
use world::{
    disputes::{Fate, id},
    gateway::SimGateway,
    shop::{Shop, card, client, give_back, order},
    turns::{all, block_on},
};

const NAMES: [&str; 3] = ["c-1", "pia@shop.example", "Pia Payer"];

fn pia() -> Payer {
    let [id, email, name] = NAMES;
    Payer {
        id: Some(Text::parse(id).unwrap()),
        email: Some(Text::parse(email).unwrap()),
        name: Some(Text::parse(name).unwrap()),
    }
}

fn order_of(key: &str, payer: Payer) -> InitiateRequest {
    InitiateRequest { payer: Some(payer), ..order(key) }
}

fn person() -> PersonId {
    pia().person(&world::payments::id(1))
}

fn created(initiated: Result<Initiated, InitiateError>) -> Payment {
    match initiated.unwrap() {
        Initiated::Created(payment) => payment,
        Initiated::Replayed(payment) => panic!("it was there before: {payment:?}"),
    }
}

async fn seen(shop: &Shop, payment: &Payment) -> Result<Option<Opened<Payer>>, Error> {
    payer(shop.host(), shop.people(), payment).await
}

async fn erased(shop: &Shop, person: &PersonId) -> Erased {
    erase(shop.host(), &shop.people().store, person, &client()).await.unwrap()
}

/// Whether the stored row of a payment has any of these texts in clear.
fn shows(shop: &Shop, payment: &Payment, texts: &[&str]) -> bool {
    let row = format!("{:?}", shop.store().stored(&payment.id).unwrap());
    texts.iter().any(|text| row.contains(text))
}

#[test]
fn who_pays_is_sealed_in_the_row_and_shown_to_whoever_asks() {
    block_on(async {
        let shop = Shop::new();
        let payment = created(shop.initiate(order_of("order-1", pia())).await);
        assert!(!shows(&shop, &payment, &NAMES));
        assert_eq!(seen(&shop, &payment).await, Ok(Some(Opened::Readable(pia()))));
        // The second payment of the same person needs no second key.
        created(shop.initiate(order_of("order-2", pia())).await);
        assert_eq!((shop.people().keys.made(), shop.people().store.calls().1), (1, 1));
        let nobody = created(shop.initiate(order("order-3")).await);
        assert_eq!(seen(&shop, &nobody).await, Ok(None));
    });
}

#[test]
fn of_two_at_once_one_makes_the_key_and_both_seal_with_it() {
    block_on(async {
        let shop = Shop::new();
        let orders = (0..20).map(|number| shop.initiate(order_of(&format!("order-{number}"), pia())));
        let payments: Vec<Payment> = all(orders).await.into_iter().map(created).collect();
        let (made, (_, writes)) = (shop.people().keys.made(), shop.people().store.calls());
        assert!(made > 1 && writes > 1, "nobody met anybody: {made} keys, {writes} writes");
        for payment in &payments {
            assert_eq!(seen(&shop, payment).await, Ok(Some(Opened::Readable(pia()))));
        }
    });
}

#[test]
fn whoever_is_erased_is_read_by_nobody_and_their_payments_go_on() {
    block_on(async {
        let shop = Shop::new();
        let payment = created(shop.initiate(order_of("order-1", pia())).await);
        assert_eq!(erased(&shop, &person()).await, Erased::Now);
        assert_eq!(erased(&shop, &person()).await, Erased::Before);
        assert_eq!(seen(&shop, &payment).await, Ok(Some(Opened::Erased)));
        // Neither keys nor their rows are there, and money moves as ever.
        shop.people().keys.set_down(true);
        shop.people().store.set_down(true);
        let paid = shop.confirmed(&payment.id, card("confirm-1")).await;
        assert!(matches!(paid.state, PaymentState::Succeeded { .. }), "{:?}", paid.state);
        shop.refunded(&payment.id, give_back("refund-1", None)).await;
        let stands = shop.store().row(&payment.id).unwrap();
        assert_eq!((stands.captured(), stands.refunded()), (stands.terms.amount, stands.terms.amount));
        assert_eq!(stands.terms.customer, payment.terms.customer, "carried along as it was");
    });
}

#[test]
fn whoever_comes_back_begins_anew_and_what_was_erased_stays_so() {
    block_on(async {
        let shop = Shop::new();
        let before = created(shop.initiate(order_of("order-1", pia())).await);
        erased(&shop, &person()).await;
        let after = created(shop.initiate(order_of("order-2", pia())).await);
        assert_eq!(seen(&shop, &after).await, Ok(Some(Opened::Readable(pia()))));
        assert_eq!(seen(&shop, &before).await, Ok(Some(Opened::Erased)));
    });
}

#[test]
fn a_payer_without_a_name_is_erased_by_their_payment() {
    block_on(async {
        let shop = Shop::new();
        let unnamed = Payer { id: None, ..pia() };
        let (one, other) = (
            created(shop.initiate(order_of("order-1", unnamed.clone())).await),
            created(shop.initiate(order_of("order-2", unnamed.clone())).await),
        );
        erased(&shop, &PersonId::of_customer(&Text::parse(one.id.as_str()).unwrap())).await;
        assert_eq!(seen(&shop, &one).await, Ok(Some(Opened::Erased)));
        assert_eq!(seen(&shop, &other).await, Ok(Some(Opened::Readable(unnamed))));
    });
}

#[test]
fn while_keys_cannot_be_had_nothing_is_opened_that_would_need_one_and_a_replay_is_answered() {
    block_on(async {
        let shop = Shop::new();
        let payment = created(shop.initiate(order_of("order-1", pia())).await);
        shop.people().keys.set_down(true);
        let refused = shop.initiate(order_of("order-2", pia())).await;
        let keys_are_down = |error: &Error| matches!(error, Error::Unavailable { dependency: Dependency::Keys, .. });
        assert!(matches!(&refused, Err(InitiateError::Failed(error)) if keys_are_down(error)), "{refused:?}");
        assert_eq!(shop.store().commits().len(), 1, "nothing was stored");
        let replayed = shop.initiate(order_of("order-1", pia())).await.unwrap();
        assert!(matches!(replayed, Initiated::Replayed(stands) if stands == payment));
        created(shop.initiate(order("order-3")).await);
        assert!(keys_are_down(&seen(&shop, &payment).await.unwrap_err()));
    });
}

#[test]
fn what_was_moved_to_another_row_or_another_field_is_read_by_nobody() {
    block_on(async {
        let shop = Shop::new();
        let one = created(shop.initiate(order_of("order-1", pia())).await);
        let mut other = created(shop.initiate(order_of("order-2", pia())).await);
        let theirs = one.terms.customer.clone().unwrap();
        other.terms.customer.as_mut().unwrap().name = theirs.name.clone();
        assert!(matches!(seen(&shop, &other).await, Err(Error::Unreadable { .. })), "another row");
        let mut one = one;
        one.terms.customer.as_mut().unwrap().email = theirs.name;
        assert!(matches!(seen(&shop, &one).await, Err(Error::Unreadable { .. })), "another field");
        let mut flipped = other.clone();
        if let Some(Kept::Sealed(Sealed { bytes, .. })) = &mut flipped.terms.customer.as_mut().unwrap().id {
            *bytes.last_mut().unwrap() ^= 1;
        }
        assert!(matches!(seen(&shop, &flipped).await, Err(Error::Unreadable { .. })), "a bit");
    });
}

#[test]
fn what_the_first_release_kept_in_clear_is_shown_until_its_person_is_erased() {
    block_on(async {
        let shop = Shop::new();
        let mut payment = created(shop.initiate(order("order-1")).await);
        let clear = |text: &str| Some(Kept::Clear(text.to_owned()));
        let [name, email, _] = NAMES;
        payment.terms.customer = Some(Customer { id: clear(name), email: clear(email), ..Customer::unnamed(person()) });
        let shown = Payer { name: None, ..pia() };
        assert_eq!(seen(&shop, &payment).await, Ok(Some(Opened::Readable(shown))));
        erased(&shop, &person()).await;
        assert_eq!(seen(&shop, &payment).await, Ok(Some(Opened::Erased)));
    });
}

const LETTER: &str = "Pia Payer signed for it at 1 Main Street.";

fn letter() -> Papers {
    let papers = [(Paper::Explanation, LETTER.to_owned()), (Paper::CustomerPurchaseIp, "203.0.113.7".to_owned())];
    Papers::parse(papers.into()).unwrap()
}

fn request(key: &str) -> Request {
    Request { key: IdempotencyKey::parse(key).unwrap(), hash: RequestHash::of([("key", key)]) }
}

/// A shop with a payment of Pia's, which is disputed; somebody has looked at it.
async fn disputed() -> (Shop, Payment) {
    let shop = Shop::new();
    let payment = shop.opened(order_of("order-1", pia())).await;
    shop.confirmed(&payment.id, card("confirm-1")).await;
    let by = shop.host().now().plus(std::time::Duration::from_secs(20 * 24 * 3600));
    let standing = Standing { stage: Stage::Chargeback, status: Status::NeedsResponse };
    shop.disputes().open(&id(1), Some(&payment.id), payment.terms.amount, standing, by);
    let event = GatewayEvent {
        id: "evt_1".to_owned(),
        created_at: shop.host().now(),
        mode: SimGateway::MODE,
        subject: Subject::Dispute { id: id(1) },
    };
    shop.webhook(event).await.unwrap();
    shop.retry_dispute(&id(1)).await.unwrap();
    (shop, payment)
}

fn stored_dispute(shop: &Shop, id: &DisputeId) -> String {
    format!("{:?}", shop.store().stored_dispute(id).unwrap())
}

#[test]
fn papers_are_sealed_with_the_payers_key_and_sent_in_clear() {
    block_on(async {
        let (shop, _) = disputed().await;
        shop.evidence(&id(1), request("d"), Wish::Draft(letter())).await.unwrap();
        let row = stored_dispute(&shop, &id(1));
        assert!(!row.contains("Main Street") && !row.contains("203.0.113.7"), "{row}");
        assert_eq!(shop.people().keys.made(), 1, "the key is the payer's");
        let dispute = shop.store().dispute(&id(1)).unwrap();
        assert_eq!(dispute.papers.person(), Some(person()));
        assert_eq!(papers(shop.host(), shop.store(), shop.people(), &dispute).await, Ok(Opened::Readable(letter())));
        shop.evidence(&id(1), request("s"), Wish::Submit(None)).await.unwrap();
        assert_eq!(shop.disputes().submitted(), [(id(1), letter())]);
    });
}

#[test]
fn papers_that_were_erased_with_their_payer_are_sent_to_nobody() {
    block_on(async {
        let (shop, _) = disputed().await;
        shop.evidence(&id(1), request("d"), Wish::Draft(letter())).await.unwrap();
        erased(&shop, &person()).await;
        let dispute = shop.store().dispute(&id(1)).unwrap();
        assert_eq!(papers(shop.host(), shop.store(), shop.people(), &dispute).await, Ok(Opened::Erased));
        let refused = shop.evidence(&id(1), request("s"), Wish::Submit(None)).await;
        assert!(matches!(refused, Err(DisputeError::Rejected(Rejection::NothingToSubmit, _))), "{refused:?}");
        // The dispute can still be answered, with what the merchant has in its own books.
        shop.evidence(&id(1), request("s2"), Wish::Submit(Some(letter()))).await.unwrap();
        assert_eq!(shop.disputes().submitted(), [(id(1), letter())]);
    });
}

#[test]
fn a_submission_that_nobody_heard_of_is_sent_again_in_the_same_words_or_ends_as_refused() {
    for is_erased in [false, true] {
        block_on(async {
            let (shop, _) = disputed().await;
            shop.disputes().script([Fate::Unserved(domain::gateway::UnknownReason::Timeout)]);
            let asked = shop.evidence(&id(1), request("s"), Wish::Submit(Some(letter()))).await.unwrap();
            let (Requested::Done(dispute) | Requested::Replayed(dispute)) = asked;
            assert!(dispute.is_in_doubt());
            if is_erased {
                erased(&shop, &person()).await;
            }
            for _ in 0..20 {
                shop.host().advance(std::time::Duration::from_secs(3600));
                shop.retry_dispute(&id(1)).await.unwrap();
            }
            let dispute = shop.store().dispute(&id(1)).unwrap();
            let sent = shop.disputes().submitted();
            if is_erased {
                assert!(sent.is_empty(), "{sent:?}");
                let progress = &dispute.acts.last().unwrap().progress;
                assert_eq!(*progress, ActProgress::Refused { code: "evidence_erased".to_owned() });
            } else {
                assert_eq!(sent, [(id(1), letter())]);
                assert_eq!(dispute.acts.last().unwrap().progress, ActProgress::Done);
            }
        });
    }
}

#[test]
fn while_keys_cannot_be_had_a_submission_waits_and_is_sent_afterwards() {
    block_on(async {
        let (shop, _) = disputed().await;
        shop.evidence(&id(1), request("d"), Wish::Draft(letter())).await.unwrap();
        shop.people().keys.set_down(true);
        let refused = shop.evidence(&id(1), request("s"), Wish::Submit(None)).await;
        assert!(matches!(refused, Err(DisputeError::Failed(_))), "{refused:?}");
        assert!(shop.store().dispute(&id(1)).unwrap().open_act().is_none(), "nothing was begun");
        shop.people().keys.set_down(false);
        shop.evidence(&id(1), request("s"), Wish::Submit(None)).await.unwrap();
        assert_eq!(shop.disputes().submitted(), [(id(1), letter())]);
    });
}

#[test]
fn what_is_in_doubt_without_keys_is_looked_at_all_the_same_and_its_deadline_is_told() {
    block_on(async {
        let (shop, _) = disputed().await;
        shop.disputes().script([Fate::Unserved(domain::gateway::UnknownReason::Timeout)]);
        shop.evidence(&id(1), request("s"), Wish::Submit(Some(letter()))).await.unwrap();
        shop.people().keys.set_down(true);
        for _ in 0..18 {
            shop.host().advance(std::time::Duration::from_secs(24 * 3600));
            shop.retry_dispute(&id(1)).await.unwrap();
        }
        let notes = shop.host().notes();
        let dispute = shop.store().dispute(&id(1)).unwrap();
        assert!(dispute.is_in_doubt() && shop.disputes().submitted().is_empty());
        assert!(notes.iter().any(|note| matches!(note, Note::DisputeDeadline(_))), "{notes:?}");
        assert!(notes.iter().any(|note| matches!(note, Note::PapersNotOpened(_))), "{notes:?}");
        assert!(notes.iter().any(|note| matches!(note, Note::ReviewAsked)), "a person is asked: {notes:?}");
        shop.people().keys.set_down(false);
        shop.host().advance(std::time::Duration::from_secs(24 * 3600));
        shop.retry_dispute(&id(1)).await.unwrap();
        assert_eq!(shop.disputes().submitted(), [(id(1), letter())]);
    });
}

#[test]
fn papers_whose_keys_are_lost_hold_nobody_up() {
    block_on(async {
        let (shop, _) = disputed().await;
        shop.disputes().script([Fate::Unserved(domain::gateway::UnknownReason::Timeout)]);
        shop.evidence(&id(1), request("s"), Wish::Submit(Some(letter()))).await.unwrap();
        shop.people().store.lose(&person());
        shop.host().advance(std::time::Duration::from_secs(3600));
        shop.retry_dispute(&id(1)).await.unwrap();
        let dispute = shop.store().dispute(&id(1)).unwrap();
        let progress = &dispute.acts.last().unwrap().progress;
        assert_eq!(*progress, ActProgress::Refused { code: "evidence_unreadable".to_owned() });
        shop.evidence(&id(1), request("s2"), Wish::Submit(Some(letter()))).await.unwrap();
        assert_eq!(shop.disputes().submitted(), [(id(1), letter())]);
    });
}

#[test]
fn papers_that_bear_nobodys_name_go_with_their_payer() {
    block_on(async {
        let (shop, _) = disputed().await;
        let mut clear = shop.store().dispute(&id(1)).unwrap();
        clear.papers = KeptPapers::clear(&letter());
        // Put by before anybody knew whose payment it was.
        let mut early = clear.clone();
        let own = PersonId::of_row(&id(1).into());
        let place = Place { row: id(1).into(), field: Field::Paper(Paper::Explanation) };
        let sealed = shop.people().seal_texts(shop.host(), &own, &[(place, LETTER)], &client()).await.unwrap();
        early.papers = KeptPapers::sealed(own, [Paper::Explanation].into_iter().zip(sealed));
        for dispute in [&clear, &early] {
            let read = papers(shop.host(), shop.store(), shop.people(), dispute).await.unwrap();
            assert!(matches!(read, Opened::Readable(_)), "{read:?}");
        }
        erased(&shop, &person()).await;
        for dispute in [&clear, &early] {
            assert_eq!(papers(shop.host(), shop.store(), shop.people(), dispute).await, Ok(Opened::Erased));
        }
    });
}

#[test]
fn a_name_that_was_never_seen_is_erased_and_whoever_comes_later_is_kept() {
    block_on(async {
        let shop = Shop::new();
        assert_eq!(erased(&shop, &person()).await, Erased::Unknown);
        assert_eq!(erased(&shop, &person()).await, Erased::Before);
        let payment = created(shop.initiate(order_of("order-1", pia())).await);
        assert_eq!(seen(&shop, &payment).await, Ok(Some(Opened::Readable(pia()))));
        let actor = Actor::Client("shop".to_owned());
        assert_eq!(erase(shop.host(), &shop.people().store, &person(), &actor).await, Ok(Erased::Now));
        assert_eq!(seen(&shop, &payment).await, Ok(Some(Opened::Erased)));
    });
}
