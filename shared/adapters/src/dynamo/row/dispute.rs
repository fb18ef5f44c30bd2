//! A dispute as a row. The names that payments have too mean the same; these are its own:
//!
//! | names | meaning |
//! |---|---|
//! | `pk` | `DSP#<id>` |
//! | `xp` `xd` | its place in the list of disputes, see [`super::super::keys`] |
//! | `mo` `pt` `ob` `no` `tl` | mode, the payment, the object that bears its id, not ours, the payment's row has been told |
//! | `kn` | what the gateway has shown: `ch` charge, `am` amount, `cu` currency, `r` why, `g` the gateway's word, `sg` stage, `st` status, `dl` deadline, `n` how often it was answered, `wa` where evidence goes, `wx` the merchant may give in |
//! | `pa` `pe` | the papers, by their names: sealed (see [`super::kept`]), and whose they are; strings as the first release wrote them |
//! | `ac` | acts: `w` what, `k` `h` `t` `p` `c` as for a payment, `s` when it was last sent where that is later, `b` how often it had been answered before |
//! | `rm` | the last alarm that was raised |

use std::collections::BTreeMap;

use domain::{
    dispute::{Act, ActKind, ActProgress, Dispute, KeptPapers, Known, Link, Paper, Papers, Standing, Ways},
    id::{IdempotencyKey, TransactionId},
    money::{Currency, Money},
    personal::{Kept, PersonId},
    text::{GatewayToken, Text},
};
use flow::ports::dispute::Write;

use super::{
    super::{
        attributes::{Attributes, Item, Unfit, Written},
        keys,
    },
    VERSION, caused_by, hash_bytes, is_of,
    kept::Names,
    maybe_time, read_hash, read_review, time, write_review,
};

/// The shape of the first release that has disputes.
const FIRST: u32 = 1;
/// The same, with papers that are sealed. The release that knows none would send a bank nothing in their place, so it must not touch
/// such a row.
const SECOND: u32 = 2;

const KNOWN: &str = "kn";
const PAPERS: &str = "pa";
const PERSON: &str = "pe";
const ACTS: &str = "ac";

/// The whole row as it shall stand.
///
/// # Errors
/// If it could not be read again.
pub fn lay_out(write: &Write<'_>) -> Result<Item, Unfit> {
    let dispute = write.dispute;
    let acts: Vec<Written> = dispute.acts.iter().map(write_act).collect::<Result<_, _>>()?;
    let row = caused_by(write.writer, &write.cause, write.actor)
        .number("sv", if dispute.papers.person().is_some() { SECOND } else { FIRST })
        .number(VERSION, dispute.version)
        .number("ua", dispute.updated_at.unix_ms())
        .word("mo", dispute.mode)
        .flag("tl", dispute.is_told)
        .number("rd", dispute.rounds)
        .list(ACTS, acts)
        .map(PAPERS, write_papers(&dispute.papers))
        .maybe(dispute.papers.person(), |row, person| row.bytes(PERSON, person.as_bytes().to_vec()))
        .maybe(dispute.known.as_ref(), |row, known| row.map(KNOWN, write_known(known)))
        .maybe(dispute.reminded, |row, reminder| row.word("rm", reminder))
        .maybe(dispute.attention, |row, review| row.map("rv", write_review(review)));
    let row = match &dispute.link {
        Link::Unknown => row,
        Link::NotOurs => row.flag("no", true),
        Link::Payment { id, object } => {
            row.text("pt", id.as_str()).maybe(object.as_ref(), |row, object| row.text("ob", object.as_str()))
        }
    };
    Ok(keys::write_dispute(row, dispute).into_item())
}

/// Reads a row back.
///
/// # Errors
/// If it is none that this release wrote.
pub fn read(item: &Item) -> Result<Dispute, Unfit> {
    let row = Attributes::of(item);
    let (FIRST | SECOND) = row.number::<u32>("sv")? else {
        return Err(row.unfit("sv", "is a version that this release does not read"));
    };
    let link = match row.maybe_parsed("pt", TransactionId::parse)? {
        Some(id) => Link::Payment { id, object: row.maybe_parsed("ob", GatewayToken::parse)? },
        None if row.maybe_flag("no")? == Some(true) => Link::NotOurs,
        None => Link::Unknown,
    };
    let person = row.maybe_bytes(PERSON)?;
    let papers = row.maybe_map(PAPERS)?.map(|papers| read_papers(&papers, person)).transpose()?;
    Ok(Dispute {
        id: keys::read_dispute_id(&row)?,
        mode: row.word("mo")?,
        known: row.maybe_map(KNOWN)?.map(|known| read_known(&known)).transpose()?,
        link,
        is_told: row.flag("tl")?,
        papers: papers.unwrap_or_default(),
        acts: row.list(ACTS, read_act)?,
        reminded: row.maybe_word("rm")?,
        attention: row.maybe_map("rv")?.map(|review| read_review(&review)).transpose()?,
        due: maybe_time(&row, keys::DUE)?,
        rounds: row.number("rd")?,
        created_at: time(&row, keys::CREATED_AT)?,
        updated_at: time(&row, "ua")?,
        version: row.number(VERSION)?,
    })
}

/// Whether the row is this very write.
#[must_use]
pub fn is_written_by(stands: &Item, write: &Write<'_>) -> bool {
    is_of(stands, write.writer, write.dispute.version)
}

fn write_known(known: &Known) -> Written {
    Written::default()
        .number("am", known.amount.minor_units())
        .text("cu", known.amount.currency().code())
        .word("r", known.reason)
        .maybe(known.standing, |map, standing| map.word("sg", standing.stage).word("st", standing.status))
        .maybe(known.ways.answer, |map, channel| map.word("wa", channel))
        .maybe(known.ways.accept.then_some(true), |map, accept| map.flag("wx", accept))
        .maybe(known.charge.as_ref(), |map, charge| map.text("ch", charge.as_str()))
        .maybe(known.gateway_reason.as_ref(), |map, word| map.text("g", word.as_str()))
        .maybe(known.due_by, |map, by| map.number("dl", by.unix_ms()))
        .maybe(known.submissions, |map, count| map.number("n", count))
}

fn read_known(map: &Attributes<'_>) -> Result<Known, Unfit> {
    let currency = map.parsed("cu", Currency::from_code)?;
    let amount = Money::payable(map.number("am")?, currency).map_err(|why| map.unfit("am", why))?;
    Ok(Known {
        charge: map.maybe_parsed("ch", GatewayToken::parse)?,
        amount,
        reason: map.word("r")?,
        gateway_reason: map.maybe_parsed("g", Text::parse)?,
        standing: match map.maybe_word("st")? {
            Some(status) => Some(Standing { stage: map.word("sg")?, status }),
            None => None,
        },
        ways: Ways { answer: map.maybe_word("wa")?, accept: map.maybe_flag("wx")?.unwrap_or(false) },
        due_by: maybe_time(map, "dl")?,
        submissions: map.maybe_number("n")?,
    })
}

fn write_papers(papers: &KeptPapers) -> Written {
    papers.iter().fold(Written::default(), |map, (paper, kept)| of_paper(paper).write(map, kept))
}

/// With `pe`, all are sealed; without, none is.
fn read_papers(map: &Attributes<'_>, person: Option<&[u8]>) -> Result<KeptPapers, Unfit> {
    let Some(person) = person else { return read_clear_papers(map) };
    let person = PersonId::of_bytes(person).ok_or_else(|| Unfit::new(PERSON, "is not a person"))?;
    let mut papers = BTreeMap::new();
    for name in map.names() {
        let paper = known_paper(name)?;
        let Some(Kept::Sealed(sealed)) = of_paper(paper).read(map)? else {
            return Err(Unfit::new(PAPERS, "has a paper that is not sealed"));
        };
        papers.insert(paper, sealed);
    }
    Ok(KeptPapers::sealed(person, papers))
}

fn read_clear_papers(map: &Attributes<'_>) -> Result<KeptPapers, Unfit> {
    let mut papers = BTreeMap::new();
    for (name, text) in map.texts()? {
        papers.insert(known_paper(&name)?, text);
    }
    let papers = Papers::parse(papers).map_err(|(_, why)| Unfit::new(PAPERS, why))?;
    Ok(KeptPapers::clear(&papers))
}

fn known_paper(name: &str) -> Result<Paper, Unfit> {
    // Somebody else's name would be somebody's data.
    Paper::named(name).ok_or_else(|| Unfit::new(PAPERS, "has a paper that this release does not know"))
}

const fn of_paper(paper: Paper) -> Names {
    Names { clear: paper.name(), sealed: paper.name() }
}

fn write_act(act: &Act) -> Result<Written, Unfit> {
    let map = Written::default()
        .text("k", act.key.as_str())
        .bytes("h", hash_bytes(act.request_hash)?)
        .number("t", act.started_at.unix_ms())
        .maybe((act.sent_at != act.started_at).then_some(act.sent_at), |map, at| map.number("s", at.unix_ms()));
    let map = match act.kind {
        ActKind::Draft => map.text("w", "draft"),
        ActKind::Submit { before } => map.text("w", "submit").maybe(before, |map, count| map.number("b", count)),
        ActKind::Accept => map.text("w", "accept"),
    };
    Ok(match &act.progress {
        ActProgress::Unanswered => map.text("p", "unanswered"),
        ActProgress::Answered { refusal } => {
            map.text("p", "answered").maybe(refusal.as_deref(), |map, code| map.text("c", code))
        }
        ActProgress::Taken => map.text("p", "taken"),
        ActProgress::Done => map.text("p", "done"),
        ActProgress::Refused { code } => map.text("p", "refused").text("c", code),
        ActProgress::Overtaken => map.text("p", "overtaken"),
    })
}

fn read_act(map: &Attributes<'_>) -> Result<Act, Unfit> {
    let kind = match map.text("w")? {
        "draft" => ActKind::Draft,
        "submit" => ActKind::Submit { before: map.maybe_number("b")? },
        "accept" => ActKind::Accept,
        _ => return Err(map.unfit("w", "is an act that this release does not know")),
    };
    let progress = match map.text("p")? {
        "unanswered" => ActProgress::Unanswered,
        "answered" => ActProgress::Answered { refusal: map.maybe_text("c")?.map(str::to_owned) },
        "taken" => ActProgress::Taken,
        "done" => ActProgress::Done,
        "refused" => ActProgress::Refused { code: map.text("c")?.to_owned() },
        "overtaken" => ActProgress::Overtaken,
        _ => return Err(map.unfit("p", "is a progress that this release does not know")),
    };
    let (key, request_hash) = (map.parsed("k", IdempotencyKey::parse)?, read_hash(map, "h")?);
    let started_at = time(map, "t")?;
    let sent_at = maybe_time(map, "s")?.unwrap_or(started_at);
    Ok(Act { kind, key, request_hash, started_at, sent_at, progress })
}
