//! Names of things. Whatever a request creates gets its id from the request's own idempotency key, so that the row
//! itself is the idempotency record and a replay can only ever find the same one.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

use crate::{dispute::DisputeId, warning::WarningId, webhook::DeliveryId};

/// Why a name was not taken. The sentence completes "`<field>` …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not `pay_` and 26 characters of base32.
    #[error("is not a transaction id: `pay_` and 26 characters of a-z and 2-7")]
    NotATransactionId,
    /// Not `ref_` and 26 characters of base32.
    #[error("is not a refund id: `ref_` and 26 characters of a-z and 2-7")]
    NotARefundId,
    /// Not a usable idempotency key.
    #[error("must be 1 to 255 visible ASCII characters")]
    NotAnIdempotencyKey,
    /// Not a SHA-256.
    #[error("is not a SHA-256 in hex")]
    NotAHash,
    /// Not the number of an attempt.
    #[error("is not the number of an attempt")]
    NotAnAttempt,
}

/// The public id of a payment: `pay_` and 130 bits of SHA-256 over who asked, for what, with which key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(String);

/// 26 characters of base32 are 130 bits: two things with one id are less likely than broken hardware.
pub(crate) const DIGITS: usize = 26;

/// The prefix, and the digits of a hash over all the parts.
pub(crate) fn derived(prefix: &str, parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        add(&mut hash, part);
    }
    format!("{prefix}{}", digits(&hash.finalize()))
}

/// As much of a hash as names something.
pub(crate) fn digits(hash: &[u8]) -> String {
    BASE32_NOPAD.encode(hash).to_ascii_lowercase().chars().take(DIGITS).collect()
}

/// Whether `text` is the prefix and as many digits as ours have.
pub(crate) fn is_derived(prefix: &str, text: &str) -> bool {
    let base32 = |byte: u8| byte.is_ascii_lowercase() || (b'2'..=b'7').contains(&byte);
    text.strip_prefix(prefix).is_some_and(|digits| digits.len() == DIGITS && digits.bytes().all(base32))
}

impl TransactionId {
    const PREFIX: &str = "pay_";

    /// The id of the payment that this key opens for this account. The same key always names the same payment.
    #[must_use]
    pub fn derive(account: &str, operation: &str, key: &IdempotencyKey) -> Self {
        Self(derived(Self::PREFIX, &[account, operation, key.as_str()]))
    }

    /// Reads an id that somebody else wrote.
    ///
    /// # Errors
    /// If it cannot be one of ours.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if !is_derived(Self::PREFIX, text) {
            return Err(IdError::NotATransactionId);
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The public id of a refund: `ref_` and 130 bits of SHA-256 over who asked, of which payment, with which key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefundId(String);

impl RefundId {
    const PREFIX: &str = "ref_";

    /// The id of the refund of `payment` that this key makes for this account.
    #[must_use]
    pub fn derive(account: &str, payment: &TransactionId, key: &IdempotencyKey) -> Self {
        Self(derived(Self::PREFIX, &[account, payment.as_str(), key.as_str()]))
    }

    /// The id of a refund that was made at the gateway, where it is called `reference`.
    #[must_use]
    pub fn of_gateway(payment: &TransactionId, reference: &str) -> Self {
        Self(derived(Self::PREFIX, &["gateway", payment.as_str(), reference]))
    }

    /// The id of the refund that is made by itself for this cause. Whoever sees the cause first, and however often it is seen, it
    /// is the same refund.
    #[must_use]
    pub fn automatic(payment: &TransactionId, cause: &str) -> Self {
        Self(derived(Self::PREFIX, &["automatic", payment.as_str(), cause]))
    }

    /// Reads an id that somebody else wrote.
    ///
    /// # Errors
    /// If it cannot be one of ours.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if is_derived(Self::PREFIX, text) { Ok(Self(text.to_owned())) } else { Err(IdError::NotARefundId) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RefundId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The id of a row that somebody must look at now and then: whatever is due has one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    /// A payment's row.
    Payment(TransactionId),
    /// A dispute's row.
    Dispute(DisputeId),
    /// The row of an early fraud warning.
    Warning(WarningId),
    /// The row of a delivery to the merchant.
    Delivery(DeliveryId),
}

impl RowId {
    /// The id as text. No two kinds of rows begin alike.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Payment(id) => id.as_str(),
            Self::Dispute(id) => id.as_str(),
            Self::Warning(id) => id.as_str(),
            Self::Delivery(id) => id.as_str(),
        }
    }

    /// The payment whose row it is, if it is a payment's.
    #[must_use]
    pub const fn payment(&self) -> Option<&TransactionId> {
        match self {
            Self::Payment(id) => Some(id),
            Self::Dispute(_) | Self::Warning(_) | Self::Delivery(_) => None,
        }
    }
}

impl From<TransactionId> for RowId {
    fn from(id: TransactionId) -> Self {
        Self::Payment(id)
    }
}

impl From<DisputeId> for RowId {
    fn from(id: DisputeId) -> Self {
        Self::Dispute(id)
    }
}

impl From<WarningId> for RowId {
    fn from(id: WarningId) -> Self {
        Self::Warning(id)
    }
}

impl From<DeliveryId> for RowId {
    fn from(id: DeliveryId) -> Self {
        Self::Delivery(id)
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a client calls one of its requests, so that it may be sent again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Stripe's bound, and so everybody's habit.
    pub const MAX_LENGTH: usize = 255;

    /// Takes a key of 1 to 255 visible ASCII characters.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > Self::MAX_LENGTH || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(IdError::NotAnIdempotencyKey);
        }
        Ok(Self(text.to_owned()))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// SHA-256 of a request's canonical form: tells a replay from a reuse of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestHash([u8; 32]);

impl RequestHash {
    /// How much of the hash stands in a gateway key.
    const SHORT_LENGTH: usize = 12;

    /// Hashes named values in the order given. The caller lists every field that changes what the request means.
    #[must_use]
    pub fn of<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut hash = Sha256::new();
        for (name, value) in fields {
            add(&mut hash, name);
            add(&mut hash, value);
        }
        Self(hash.finalize().into())
    }

    /// Reads a stored hash.
    ///
    /// # Errors
    /// If it is not one.
    pub fn from_hex(text: &str) -> Result<Self, IdError> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| IdError::NotAHash)?;
        bytes.try_into().map(Self).map_err(|_| IdError::NotAHash)
    }

    /// The hash in lower-case hex.
    #[must_use]
    pub fn to_hex(self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }

    /// The first twelve hex digits: enough to keep two bodies under one key apart at a gateway.
    #[must_use]
    pub fn short(self) -> String {
        self.to_hex().chars().take(Self::SHORT_LENGTH).collect()
    }
}

/// Adds one part, its length first, so that ("ab", "c") and ("a", "bc") differ.
fn add(hash: &mut Sha256, part: &str) {
    hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(part);
}

/// Which try at confirming a payment this is, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptNumber(u32);

impl AttemptNumber {
    /// The first attempt.
    pub const FIRST: Self = Self(1);

    /// Reads a stored number.
    ///
    /// # Errors
    /// If it is zero.
    pub const fn try_new(number: u32) -> Result<Self, IdError> {
        if number == 0 { Err(IdError::NotAnAttempt) } else { Ok(Self(number)) }
    }

    /// The attempt after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// The idempotency keys that we send to gateways. Their spelling is fixed here: a gateway remembers it for a day.
pub mod gateway_key {
    use super::{AttemptNumber, DisputeId, RefundId, RequestHash, TransactionId};

    /// For opening the payment's object; `round` counts the fresh starts after a saved 5xx.
    #[must_use]
    pub fn open(id: &TransactionId, hash: RequestHash, round: u32) -> String {
        format!("{id}:open:{}:{round}", hash.short())
    }

    /// For attempt `number`.
    #[must_use]
    pub fn confirm(id: &TransactionId, number: AttemptNumber) -> String {
        format!("{id}:confirm:{}", number.get())
    }

    /// For the `number`th capture.
    #[must_use]
    pub fn capture(id: &TransactionId, number: usize) -> String {
        format!("{id}:capture:{number}")
    }

    /// For one try at canceling. Canceling twice is canceling once, so that each try may have a key of its own, and a
    /// saved failure under an old key can never stand in the way.
    #[must_use]
    pub fn cancel(id: &TransactionId, fresh: u64) -> String {
        format!("{id}:cancel:{fresh:016x}")
    }

    /// For a refund.
    #[must_use]
    pub fn refund(id: &TransactionId, refund: &RefundId) -> String {
        format!("{id}:refund:{refund}")
    }

    /// For the `number`th of the merchant's acts on a dispute.
    #[must_use]
    pub fn dispute(id: &DisputeId, number: usize) -> String {
        format!("{id}:act:{number}")
    }

    /// Whether this key was of a request for one of the payment's refunds.
    #[must_use]
    pub fn is_refund_of(key: &str, id: &TransactionId) -> bool {
        key.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with(":refund:"))
    }

    /// Whose request this key was, if it is the key of one of the payment's attempts.
    #[must_use]
    pub fn attempt_of(key: &str, id: &TransactionId) -> Option<AttemptNumber> {
        let number = key.strip_prefix(id.as_str())?.strip_prefix(":confirm:")?;
        number.parse().ok().and_then(|number| AttemptNumber::try_new(number).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> IdempotencyKey {
        IdempotencyKey::parse(text).unwrap()
    }

    #[test]
    fn one_key_names_one_payment_for_ever() {
        let id = TransactionId::derive("merchant", "initiate", &key("order-1"));
        assert_eq!(id.as_str(), "pay_srgsc5zsbqycrakmfcc3opqd6l");
        assert_eq!(TransactionId::parse(id.as_str()), Ok(id));
    }

    #[test]
    fn another_account_operation_or_key_names_another_payment() {
        let ids = [
            ("m", "initiate", "k"),
            ("m", "initiate", "k2"),
            ("m", "initiat", "ek"),
            ("n", "initiate", "k"),
            ("mi", "nitiate", "k"),
        ]
        .map(|(account, operation, name)| TransactionId::derive(account, operation, &key(name)));
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }

    #[test]
    fn what_is_not_our_id_is_not_read_as_one() {
        for text in [
            "",
            "pay_",
            "pay_ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            "pay_abcdefghijklmnopqrstuvwxy1",
            "pi_abcdefghijklmnopqrstuvwxyz",
            "pay_abcdefghijklmnopqrstuvwxyz2",
        ] {
            assert_eq!(TransactionId::parse(text), Err(IdError::NotATransactionId), "{text}");
        }
    }

    #[test]
    fn an_attempt_is_found_by_its_own_key_only() {
        let (id, other) =
            (TransactionId::derive("m", "initiate", &key("a")), TransactionId::derive("m", "initiate", &key("b")));
        let second = AttemptNumber::FIRST.next();
        assert_eq!(gateway_key::attempt_of(&gateway_key::confirm(&id, second), &id), Some(second));
        assert_eq!(gateway_key::attempt_of(&gateway_key::confirm(&other, second), &id), None);
        assert_eq!(gateway_key::attempt_of(&format!("{id}:confirm:0"), &id), None);
        assert_eq!(gateway_key::attempt_of(&gateway_key::capture(&id, 1), &id), None);
    }

    #[test]
    fn field_borders_are_part_of_the_hash() {
        assert_ne!(RequestHash::of([("a", "bc")]), RequestHash::of([("ab", "c")]));
        let hash = RequestHash::of([("amount", "100")]);
        assert_eq!(RequestHash::from_hex(&hash.to_hex()), Ok(hash));
        assert_eq!(RequestHash::from_hex("00"), Err(IdError::NotAHash));
    }

    #[test]
    fn a_key_is_one_to_255_visible_characters() {
        for good in ["k".to_owned(), "k".repeat(254), "k".repeat(255), "!~".to_owned()] {
            assert_eq!(IdempotencyKey::parse(&good).map(|key| key.as_str().to_owned()), Ok(good));
        }
        for bad in [
            String::new(),
            "k".repeat(256),
            "k".repeat(300),
            "two words".to_owned(),
            "ü".to_owned(),
            "\u{7f}".to_owned(),
        ] {
            assert_eq!(IdempotencyKey::parse(&bad), Err(IdError::NotAnIdempotencyKey), "{bad}");
        }
    }

    /// A gateway remembers them: spelled otherwise, a second send would be a second act.
    #[test]
    fn what_we_call_our_requests_at_gateways_never_changes() {
        let (id, hash) =
            (TransactionId::derive("merchant", "initiate", &key("order-1")), RequestHash::of([("a", "b")]));
        assert_eq!(hash.short(), hash.to_hex()[..12]);
        let keys = [
            gateway_key::open(&id, hash, 2),
            gateway_key::confirm(&id, AttemptNumber::FIRST),
            gateway_key::capture(&id, 3),
            gateway_key::cancel(&id, 0xbeef),
        ];
        let tails = [&format!(":open:{}:2", hash.short()), ":confirm:1", ":capture:3", ":cancel:000000000000beef"];
        assert_eq!(keys, tails.map(|tail| format!("pay_srgsc5zsbqycrakmfcc3opqd6l{tail}")));
    }
}
