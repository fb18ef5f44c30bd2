//! What was tried and done, in a row: five lists of small maps.
//!
//! | names | meaning |
//! |---|---|
//! | `k` `h` `t` `p` | the client's key, the hash of its request, started at, progress |
//! | `c` | of a refused act: the gateway's code |
//! | attempt: `n` `so` `ik` `i` `u` `of` `av` `d` | number, source, kind of instrument (`pm` payment method, `ct` confirmation token), instrument, return URL, off session, API version, decline |
//! | decline: `ct` `w` `g` `n` `a` `s` | category, our word, the gateway's code, the network's code, advice, for how many seconds the network wants the method left alone |
//! | act: `w` `m` `r` | what, how much, why the client cancels |
//! | refund: `i` `m` `r` `g` `c` | id, how much, why, the gateway's name for it, the gateway's code for why it failed or was refused; with `k` a client asked for it; `so` says that it was made by itself (`late`, `fraud`), and `w` for which warning; else it was made at
//! the gateway |
//! | dispute: `i` `m` `sg` `st` `v` | id, how much, stage, status, the version of the dispute that said so |
//! | warning: `i` `k` `a` `t` `v` | id, the gateway's word for the fraud, actionable, when the bank warned, the version of the warning that said so |

use std::time::Duration;

use domain::{
    decline::Decline,
    dispute::{DisputeId, Standing},
    id::{AttemptNumber, IdempotencyKey, RefundId, RequestHash},
    money::Currency,
    payment::{
        Act, ActKind, ActProgress, Attempt, AttemptProgress, AttemptResult, AttemptSource, Cause, End, Instrument,
        Payment, PaymentDispute, PaymentWarning, Refund, RefundProgress, RefundSource,
    },
    text::{GatewayToken, Text, WebUrl},
    warning::WarningId,
};

use super::{
    super::attributes::{Attributes, Unfit, Written},
    hash_bytes, minor_units, money, read_hash, time,
};

/// Writes attempts, acts, refunds, disputes and warnings.
pub(super) fn write(row: Written, payment: &Payment) -> Result<Written, Unfit> {
    let currency = payment.terms.amount.currency();
    let attempts: Vec<Written> = payment.attempts.iter().map(write_attempt).collect::<Result<_, _>>()?;
    let acts: Vec<Written> = payment.acts.iter().map(|act| write_act(act, currency)).collect::<Result<_, _>>()?;
    let refunds: Vec<Written> =
        payment.refunds.iter().map(|refund| write_refund(refund, currency)).collect::<Result<_, _>>()?;
    let disputes: Vec<Written> = payment.disputes.iter().map(|dispute| write_dispute(dispute, currency)).collect();
    let row = row.list("at", attempts).list("ac", acts);
    // Most rows have none of these.
    let row = if refunds.is_empty() { row } else { row.list("rf", refunds) };
    let row = if disputes.is_empty() { row } else { row.list("di", disputes) };
    let warnings: Vec<Written> = payment.warnings.iter().map(write_warning).collect();
    Ok(if warnings.is_empty() { row } else { row.list("fw", warnings) })
}

/// Reads the attempts.
pub(super) fn read_attempts(row: &Attributes<'_>) -> Result<Vec<Attempt>, Unfit> {
    row.list("at", read_attempt)
}

/// Reads the acts.
pub(super) fn read_acts(row: &Attributes<'_>, currency: Currency) -> Result<Vec<Act>, Unfit> {
    row.list("ac", |map| read_act(map, currency))
}

/// Reads the refunds; most rows have none.
pub(super) fn read_refunds(row: &Attributes<'_>, currency: Currency) -> Result<Vec<Refund>, Unfit> {
    let refunds = row.maybe_list("rf", |map| read_refund(map, currency))?;
    Ok(refunds.unwrap_or_default())
}

/// Reads the disputes; few rows have one.
pub(super) fn read_disputes(row: &Attributes<'_>, currency: Currency) -> Result<Vec<PaymentDispute>, Unfit> {
    let disputes = row.maybe_list("di", |map| read_dispute(map, currency))?;
    Ok(disputes.unwrap_or_default())
}

/// Reads the early fraud warnings; few rows have one.
pub(super) fn read_warnings(row: &Attributes<'_>) -> Result<Vec<PaymentWarning>, Unfit> {
    Ok(row.maybe_list("fw", read_warning)?.unwrap_or_default())
}

fn write_attempt(attempt: &Attempt) -> Result<Written, Unfit> {
    let map = Written::default().number("n", attempt.number.get()).number("t", attempt.started_at.unix_ms());
    let map = match &attempt.source {
        AttemptSource::Automatic => map.text("so", "automatic"),
        AttemptSource::Gateway => map.text("so", "gateway"),
        AttemptSource::Api { key, request_hash, instrument, return_url, off_session, api_version } => {
            write_instrument(map.text("so", "api"), instrument)
                .text("k", key.as_str())
                .bytes("h", hash_bytes(*request_hash)?)
                .maybe(return_url.as_ref(), |map, url| map.text("u", url.as_str()))
                .flag("of", *off_session)
                .text("av", api_version)
        }
    };
    Ok(match &attempt.progress {
        AttemptProgress::Unanswered => map.text("p", "unanswered"),
        AttemptProgress::Answered => map.text("p", "answered"),
        AttemptProgress::Closed(AttemptResult::Charged) => map.text("p", "charged"),
        AttemptProgress::Closed(AttemptResult::NotCharged) => map.text("p", "not_charged"),
        AttemptProgress::Closed(AttemptResult::Declined(decline)) => {
            map.text("p", "declined").map("d", write_decline(decline))
        }
    })
}

fn read_attempt(map: &Attributes<'_>) -> Result<Attempt, Unfit> {
    let source = match map.text("so")? {
        "automatic" => AttemptSource::Automatic,
        "gateway" => AttemptSource::Gateway,
        "api" => AttemptSource::Api {
            key: map.parsed("k", IdempotencyKey::parse)?,
            request_hash: read_hash(map, "h")?,
            instrument: read_instrument(map)?,
            return_url: map.maybe_parsed("u", WebUrl::parse)?,
            off_session: map.flag("of")?,
            api_version: map.text("av")?.to_owned(),
        },
        _ => return Err(map.unfit("so", "is a source that this release does not know")),
    };
    let progress = match map.text("p")? {
        "unanswered" => AttemptProgress::Unanswered,
        "answered" => AttemptProgress::Answered,
        "charged" => AttemptProgress::Closed(AttemptResult::Charged),
        "not_charged" => AttemptProgress::Closed(AttemptResult::NotCharged),
        "declined" => AttemptProgress::Closed(AttemptResult::Declined(read_decline(map)?)),
        _ => return Err(map.unfit("p", "is a progress that this release does not know")),
    };
    let number = AttemptNumber::try_new(map.number("n")?).map_err(|why| map.unfit("n", why))?;
    Ok(Attempt { number, source, started_at: time(map, "t")?, progress })
}

fn write_instrument(map: Written, instrument: &Instrument) -> Written {
    match instrument {
        Instrument::PaymentMethod(token) => map.text("ik", "pm").text("i", token.as_str()),
        Instrument::ConfirmationToken(token) => map.text("ik", "ct").text("i", token.as_str()),
        Instrument::Approved => map.text("ik", "approved"),
    }
}

fn read_instrument(map: &Attributes<'_>) -> Result<Instrument, Unfit> {
    Ok(match map.text("ik")? {
        "pm" => Instrument::PaymentMethod(map.parsed("i", GatewayToken::parse)?),
        "ct" => Instrument::ConfirmationToken(map.parsed("i", GatewayToken::parse)?),
        "approved" => Instrument::Approved,
        _ => return Err(map.unfit("ik", "is an instrument that this release does not know")),
    })
}

fn write_decline(decline: &Decline) -> Written {
    Written::default()
        .word("ct", decline.category)
        .text("w", decline.code)
        .text("g", decline.gateway_code.as_str())
        .maybe(decline.network_code.as_deref(), |map, code| map.text("n", code))
        .maybe(decline.advice, |map, advice| map.word("a", advice))
        .maybe(decline.wait, |map, wait| map.number("s", wait.as_secs()))
}

fn read_decline(attempt: &Attributes<'_>) -> Result<Decline, Unfit> {
    let Some(map) = attempt.maybe_map("d")? else { return Err(attempt.unfit("d", "is missing")) };
    Ok(Decline {
        category: map.word("ct")?,
        // A word that has left the table reads as `unknown`; the gateway's own code still tells.
        code: Decline::known_code(map.text("w")?),
        gateway_code: map.text("g")?.to_owned(),
        network_code: map.maybe_text("n")?.map(str::to_owned),
        advice: map.maybe_word("a")?,
        wait: map.maybe_number("s")?.map(Duration::from_secs),
    })
}

fn write_act(act: &Act, currency: Currency) -> Result<Written, Unfit> {
    let map = Written::default().number("t", act.started_at.unix_ms());
    let map = match act.kind {
        ActKind::Capture { amount } => map.text("w", "capture").number("m", minor_units(amount, currency, "m")?),
        ActKind::Close { ends_as: End::Canceled } => map.text("w", "cancel"),
        ActKind::Close { ends_as: End::Expired } => map.text("w", "expiry"),
        ActKind::Close { ends_as: End::Failed } => map.text("w", "give_up"),
    };
    let map = match &act.request {
        Some((key, hash)) => map.text("k", key.as_str()).bytes("h", hash_bytes(*hash)?),
        None => map,
    };
    let map = map.maybe(act.reason, |map, reason| map.word("r", reason));
    Ok(match &act.progress {
        ActProgress::Open => map.text("p", "open"),
        ActProgress::Done => map.text("p", "done"),
        ActProgress::Refused { code } => map.text("p", "refused").text("c", code),
        ActProgress::Overtaken => map.text("p", "overtaken"),
    })
}

fn read_act(map: &Attributes<'_>, currency: Currency) -> Result<Act, Unfit> {
    let kind = match map.text("w")? {
        "capture" => ActKind::Capture { amount: money(map, "m", currency)? },
        "cancel" => ActKind::Close { ends_as: End::Canceled },
        "expiry" => ActKind::Close { ends_as: End::Expired },
        "give_up" => ActKind::Close { ends_as: End::Failed },
        _ => return Err(map.unfit("w", "is an act that this release does not know")),
    };
    let progress = match map.text("p")? {
        "open" => ActProgress::Open,
        "done" => ActProgress::Done,
        "refused" => ActProgress::Refused { code: map.text("c")?.to_owned() },
        "overtaken" => ActProgress::Overtaken,
        _ => return Err(map.unfit("p", "is a progress that this release does not know")),
    };
    let (request, reason) = (read_request(map)?, map.maybe_word("r")?);
    Ok(Act { kind, request, started_at: time(map, "t")?, reason, progress })
}

fn read_request(map: &Attributes<'_>) -> Result<Option<(IdempotencyKey, RequestHash)>, Unfit> {
    let Some(key) = map.maybe_parsed("k", IdempotencyKey::parse)? else { return Ok(None) };
    Ok(Some((key, read_hash(map, "h")?)))
}

fn write_refund(refund: &Refund, currency: Currency) -> Result<Written, Unfit> {
    let map = Written::default()
        .text("i", refund.id.as_str())
        .number("t", refund.started_at.unix_ms())
        .number("m", minor_units(refund.amount, currency, "m")?)
        .maybe(refund.reason, |map, reason| map.word("r", reason))
        .maybe(refund.reference.as_ref(), |map, reference| map.text("g", reference.as_str()));
    let map = match &refund.source {
        RefundSource::Api { key, request_hash } => map.text("k", key.as_str()).bytes("h", hash_bytes(*request_hash)?),
        RefundSource::Gateway => map,
        RefundSource::Automatic(Cause::LateSuccess) => map.text("so", "late"),
        RefundSource::Automatic(Cause::FraudWarning(id)) => map.text("so", "fraud").text("w", id.as_str()),
    };
    Ok(match &refund.progress {
        RefundProgress::Unanswered => map.text("p", "unanswered"),
        RefundProgress::Answered { refusal } => {
            map.text("p", "answered").maybe(refusal.as_deref(), |map, code| map.text("c", code))
        }
        RefundProgress::Pending => map.text("p", "pending"),
        RefundProgress::Succeeded => map.text("p", "succeeded"),
        RefundProgress::Failed { code } => map.text("p", "failed").text("c", code),
        RefundProgress::Canceled => map.text("p", "canceled"),
    })
}

fn read_refund(map: &Attributes<'_>, currency: Currency) -> Result<Refund, Unfit> {
    let source = match (read_request(map)?, map.maybe_text("so")?) {
        (Some((key, request_hash)), _) => RefundSource::Api { key, request_hash },
        (None, None) => RefundSource::Gateway,
        (None, Some("late")) => RefundSource::Automatic(Cause::LateSuccess),
        (None, Some("fraud")) => RefundSource::Automatic(Cause::FraudWarning(map.parsed("w", WarningId::parse)?)),
        (None, Some(_)) => return Err(map.unfit("so", "is a source that this release does not know")),
    };
    let progress = match map.text("p")? {
        "unanswered" => RefundProgress::Unanswered,
        "answered" => RefundProgress::Answered { refusal: map.maybe_text("c")?.map(str::to_owned) },
        "pending" => RefundProgress::Pending,
        "succeeded" => RefundProgress::Succeeded,
        "failed" => RefundProgress::Failed { code: map.text("c")?.to_owned() },
        "canceled" => RefundProgress::Canceled,
        _ => return Err(map.unfit("p", "is a progress that this release does not know")),
    };
    Ok(Refund {
        id: map.parsed("i", RefundId::parse)?,
        source,
        amount: money(map, "m", currency)?,
        reason: map.maybe_word("r")?,
        reference: map.maybe_parsed("g", GatewayToken::parse)?,
        started_at: time(map, "t")?,
        progress,
    })
}

/// A dispute may be of another currency than the payment; then it says so.
fn write_dispute(dispute: &PaymentDispute, currency: Currency) -> Written {
    let other = Some(dispute.amount.currency()).filter(|its| *its != currency);
    Written::default()
        .text("i", dispute.id.as_str())
        .number("m", dispute.amount.minor_units())
        .maybe(other, |map, other| map.text("cu", other.code()))
        .word("sg", dispute.standing.stage)
        .word("st", dispute.standing.status)
        .number("v", dispute.version)
}

fn read_dispute(map: &Attributes<'_>, currency: Currency) -> Result<PaymentDispute, Unfit> {
    let currency = map.maybe_parsed("cu", Currency::from_code)?.unwrap_or(currency);
    Ok(PaymentDispute {
        id: map.parsed("i", DisputeId::parse)?,
        amount: money(map, "m", currency)?,
        standing: Standing { stage: map.word("sg")?, status: map.word("st")? },
        version: map.number("v")?,
    })
}

fn write_warning(warning: &PaymentWarning) -> Written {
    Written::default()
        .text("i", warning.id.as_str())
        .text("k", warning.kind.as_str())
        .flag("a", warning.is_actionable)
        .number("t", warning.warned_at.unix_ms())
        .number("v", warning.version)
}

fn read_warning(map: &Attributes<'_>) -> Result<PaymentWarning, Unfit> {
    Ok(PaymentWarning {
        id: map.parsed("i", WarningId::parse)?,
        kind: map.parsed("k", Text::parse)?,
        is_actionable: map.flag("a")?,
        warned_at: time(map, "t")?,
        version: map.number("v")?,
    })
}
