//! Makes disputes up: any that the types allow, and the largest that a row must hold.

use std::collections::BTreeMap;

use domain::{
    dispute::{
        ACTS_MAX, Act, ActKind, ActProgress, Channel, Dispute, KeptPapers, Kind, Known, Link, Paper, Papers, Reason,
        Reminder, Stage, Standing, Status, Ways,
    },
    gateway::Mode,
    id::{IdempotencyKey, RequestHash},
    money::{Currency, Money},
    payment::{Review, ReviewReason},
    personal::{KeyNumber, PersonId, Sealed},
    policy::Policy,
    schedule::Limits,
    text::{GatewayToken, Text},
    time::{Now, Timestamp},
};
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::{id, must};
use crate::{
    host::SimHost,
    payments::{any_dispute_id, any_standing},
};

/// The `number`th dispute: 4.00 EUR of the `number`th payment, which the merchant must answer within ten days.
///
/// # Panics
/// Never: its parts are well-formed.
#[must_use]
pub fn open(number: u32) -> Dispute {
    let now = Now { at: SimHost::START, limits: Limits::STANDARD, policy: Policy::STANDARD, dice: 0 };
    let mut dispute = Dispute::noticed(id(number), Mode::Test, &now);
    dispute.known = Some(Known {
        charge: GatewayToken::parse("ch_3QxT2pLkdIwHu7ix0M1rRbVz").ok(),
        amount: must(Money::payable(400, must(Currency::from_code("EUR")))),
        reason: Reason::NotReceived,
        gateway_reason: Text::parse("product_not_received").ok(),
        standing: Some(Standing { stage: Stage::Chargeback, status: Status::NeedsResponse }),
        ways: Ways::usual(Stage::Chargeback, Status::NeedsResponse),
        due_by: Some(SimHost::START.plus(std::time::Duration::from_secs(10 * 24 * 3600))),
        submissions: Some(0),
    });
    dispute.link = Link::Payment { id: crate::payments::id(number), object: None };
    dispute.is_told = true;
    dispute.version = 3;
    dispute
}

/// The largest dispute that a row must hold.
///
/// # Panics
/// Never: its parts are well-formed.
#[must_use]
pub fn largest(number: u32) -> Dispute {
    let mut dispute = open(number);
    let act = Act {
        kind: ActKind::Submit { before: Some(u32::MAX) },
        key: must(IdempotencyKey::parse(&"k".repeat(IdempotencyKey::MAX_LENGTH))),
        request_hash: RequestHash::of([("a", "b")]),
        started_at: SimHost::START,
        sent_at: SimHost::START.plus(std::time::Duration::from_secs(1)),
        progress: ActProgress::Refused { code: "c".repeat(64) },
    };
    dispute.acts = vec![act; ACTS_MAX];
    let texts = Paper::ALL.into_iter().filter(|paper| paper.kind() == Kind::Text).take(4);
    // 33 bytes more than the text, for its key's number and the seal.
    let sealed = || Sealed { key: KeyNumber::FIRST, bytes: vec![0; Papers::TEXT_MAX_CHARS + 29] };
    dispute.papers = KeptPapers::sealed(somebody(), texts.map(|paper| (paper, sealed())));
    dispute
}

fn somebody() -> PersonId {
    PersonId::of_payment(&crate::payments::id(1))
}

/// Any dispute that the types allow, whether or not the rules would ever make it.
pub fn any_dispute() -> impl Strategy<Value = Dispute> {
    let named = (any_dispute_id(), select(vec![Mode::Test, Mode::Live]), option::of(known()), link(), any::<bool>());
    let story = (papers(), vec(act(), 0..4), option::of(select(Reminder::ALL.to_vec())));
    let times = (option::of(review()), option::of(moment()), any::<u32>(), moment(), moment(), 1_u64..);
    (named, story, times).prop_map(|(named, story, times)| {
        let (id, mode, known, link, is_told) = named;
        let (papers, acts, reminded) = story;
        let (attention, due, rounds, created_at, updated_at, version) = times;
        Dispute {
            id,
            mode,
            known,
            link,
            is_told,
            papers,
            acts,
            reminded,
            attention,
            due,
            rounds,
            created_at,
            updated_at,
            version,
        }
    })
}

fn known() -> impl Strategy<Value = Known> {
    let currency = select(vec!["EUR", "JPY", "KWD"]).prop_map(|code| must(Currency::from_code(code)));
    let amount = (1_i64.., currency).prop_map(|(units, currency)| must(Money::payable(units, currency)));
    let words = (option::of(token()), option::of("[a-z_]{1,64}".prop_map(|word| must(Text::parse(&word)))));
    let reason = select(Reason::ALL.to_vec());
    let answer = option::of(select(vec![Channel::Evidence, Channel::Appeal]));
    let ways = (answer, any::<bool>()).prop_map(|(answer, accept)| Ways { answer, accept });
    let standing = option::of(any_standing());
    (amount, words, reason, standing, ways, option::of(moment()), any::<Option<u32>>()).prop_map(
        |(amount, (charge, gateway_reason), reason, standing, ways, due_by, submissions)| Known {
            charge,
            amount,
            reason,
            gateway_reason,
            standing,
            ways,
            due_by,
            submissions,
        },
    )
}

fn link() -> impl Strategy<Value = Link> {
    prop_oneof![
        Just(Link::Unknown),
        Just(Link::NotOurs),
        (0_u32..100, option::of(token()))
            .prop_map(|(number, object)| Link::Payment { id: crate::payments::id(number), object }),
    ]
}

/// Sealed, or in clear as the first release kept them.
fn papers() -> impl Strategy<Value = KeptPapers> {
    let paper = select(Paper::ALL.to_vec()).prop_flat_map(|paper| {
        let text = match paper.kind() {
            Kind::Text => "[ -~\n]{1,40}".boxed(),
            Kind::Document => "file_[A-Za-z0-9]{1,20}".boxed(),
        };
        text.prop_map(move |text| (paper, text))
    });
    let clear = vec(paper, 0..5)
        .prop_map(|papers| KeptPapers::clear(&must(Papers::parse(papers.into_iter().collect::<BTreeMap<_, _>>()))));
    let paper = (select(Paper::ALL.to_vec()), crate::payments::any_sealed());
    let sealed = vec(paper, 0..5).prop_map(|papers| KeptPapers::sealed(somebody(), papers));
    prop_oneof![clear, sealed]
}

fn act() -> impl Strategy<Value = Act> {
    let kind = prop_oneof![
        Just(ActKind::Draft),
        Just(ActKind::Accept),
        any::<Option<u32>>().prop_map(|before| ActKind::Submit { before }),
    ];
    let code = || "[a-z_]{1,40}";
    let progress = prop_oneof![
        Just(ActProgress::Unanswered),
        option::of(code()).prop_map(|refusal| ActProgress::Answered { refusal }),
        Just(ActProgress::Taken),
        Just(ActProgress::Done),
        code().prop_map(|code| ActProgress::Refused { code }),
        Just(ActProgress::Overtaken),
    ];
    let key = "[!-~]{1,60}".prop_map(|text| must(IdempotencyKey::parse(&text)));
    let times = (moment(), moment());
    (kind, key, any::<u64>(), times, progress).prop_map(|(kind, key, hash, (started_at, sent_at), progress)| Act {
        kind,
        key,
        request_hash: RequestHash::of([("n", hash.to_string().as_str())]),
        started_at,
        sent_at,
        // A draft goes to nobody, so that none is ever under way, and clients are told of no such thing.
        progress: if kind == ActKind::Draft { ActProgress::Done } else { progress },
    })
}

fn review() -> impl Strategy<Value = Review> {
    (moment(), select(ReviewReason::ALL.to_vec())).prop_map(|(since, reason)| Review { since, reason })
}

fn token() -> impl Strategy<Value = GatewayToken> {
    "[A-Za-z0-9_-]{1,40}".prop_map(|text| must(GatewayToken::parse(&text)))
}

fn moment() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp::from_unix_ms)
}
