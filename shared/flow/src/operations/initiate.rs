//! `initiate`: opens an inert object at the gateway, then stores the payment. One gateway call, one write; a read only where the
//! gateway opens nothing, for a payment that was opened before is there all the same. Where the merchant tells who pays, that is sealed
//! first: one read of the payer's keys, and one write of the payer's first.
//!
//! | step | a crash after it leaves |
//! |---|---|
//! | 1. the id is derived from the key | nothing |
//! | 2. the gateway opens an object without a payment method | an orphan on which no money can move |
//! | 3. what is the payer's own is sealed, under a key that is made if there is none | the same, and a key that nothing is sealed with |
//! | 4. one conditional write creates the row | a payment; the client's retry finds it |
//!
//! Only the row's object is ever handed out, so an orphan is harmless, and 503 is honest: nothing happened. Keys come last, so that
//! none is made for what the gateway refuses. No money moves here, and yet a pause stops it: a payer with an object in hand may pay at the
//! gateway, without asking us.

use domain::{
    gateway::{EvidenceKind, Gateway as GatewayName, Mode, OpenedObject, Traced, UnknownReason},
    id::{IdempotencyKey, RequestHash, TransactionId},
    money::{AmountLimits, OutOfLimits},
    pause::Paused,
    payment::{Opening, Payment, Terms},
    personal::{Customer, Field, Kept, Payer, Place},
    text::Text,
};

use crate::{
    ports::{
        Actor, AmountRefusal, Cause, CreatePayment, Created, Error, Gateway, Grounds, Host, LoadPayment, Note,
        OpenOutcome, OpenRequest, Write, WriterToken, pause::LoadPauses, personal::Seal,
    },
    steps::paused,
};

/// How many keys are tried when the gateway will not serve under one any more.
const ROUNDS_MAX: u32 = 3;

/// Who all API keys belong to: a stack serves one merchant.
pub(super) const ACCOUNT: &str = "merchant";

/// A wish to be paid.
#[derive(Debug, Clone)]
pub struct InitiateRequest {
    /// The client's key.
    pub key: IdempotencyKey,
    /// The hash of the request.
    pub request_hash: RequestHash,
    /// At which gateway.
    pub gateway: GatewayName,
    /// For what.
    pub terms: Terms,
    /// Who pays, as far as the merchant tells.
    pub payer: Option<Payer>,
    /// Who asks.
    pub actor: Actor,
}

/// What a stack opens payments for.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whether money is real in it.
    pub mode: Mode,
    /// The least and the most that its merchant asks for.
    pub amounts: AmountLimits,
}

/// What became of it.
#[derive(Debug)]
pub enum Initiated {
    /// The payment was created.
    Created(Payment),
    /// It had been created before.
    Replayed(Payment),
}

/// Why there is no payment.
#[derive(Debug, thiserror::Error)]
pub enum InitiateError {
    /// The gateway cannot express the amount. Nothing was sent.
    #[error("the gateway cannot express the amount")]
    AmountRefused(AmountRefusal),
    /// The merchant does not ask for so little, or so much. Nothing was sent.
    #[error("the amount is out of the merchant's limits")]
    OutOfLimits(#[from] OutOfLimits),
    /// The gateway will not have these terms.
    #[error("the gateway refused the terms")]
    Refused {
        /// Its code.
        code: String,
        /// The field it is about, as a JSON pointer.
        field: Option<&'static str>,
    },
    /// The key was used with another request.
    #[error("the key was used with another request")]
    KeyReused,
    /// The gateway gave no usable answer. Nothing happened.
    #[error("the gateway gave no usable answer")]
    GatewayUnavailable(&'static str),
    /// The merchant has paused it. Nothing was sent.
    #[error("paused")]
    Paused(Paused),
    /// Something else outside failed.
    #[error("failed")]
    Failed(#[from] Error),
}

/// The payment that `key` opens.
#[must_use]
pub fn transaction_id(key: &IdempotencyKey) -> TransactionId {
    TransactionId::derive(ACCOUNT, "initiate", key)
}

/// Opens a payment.
///
/// # Errors
/// If none was opened; nothing is stored then.
pub async fn initiate<H: Host, S: LoadPayment + CreatePayment + LoadPauses, G: Gateway, P: Seal>(
    host: &H,
    store: &S,
    gateway: &G,
    people: &P,
    rules: &Rules,
    request: InitiateRequest,
) -> Result<Initiated, InitiateError> {
    gateway.accepts(request.gateway, request.terms.amount).map_err(InitiateError::AmountRefused)?;
    let id = transaction_id(&request.key);
    let Traced { answer: opened, request_id } = match open(host, store, gateway, &id, &request, rules).await {
        Ok(opened) => opened,
        // A payment that was opened before is there, whatever the gateway, the limits or the merchant's switch say now.
        Err(refused) => return replay(store, &id, &request, refused).await,
    };
    let customer = match sealed(host, people, &id, &request).await {
        Ok(customer) => customer,
        // The same holds while the keys cannot be had.
        Err(error) => return replay(store, &id, &request, InitiateError::Failed(error)).await,
    };
    let opening = Opening {
        id,
        gateway: request.gateway,
        mode: rules.mode,
        object: opened.snapshot.reference,
        client_secret: opened.client_secret,
        payer_url: opened.payer_url,
        request_hash: request.request_hash,
        terms: Terms { customer, ..request.terms },
    };
    let payment = Payment::open(opening, &host.circumstances());
    let grounds = Grounds { evidence: Some(EvidenceKind::Answer), request_id: request_id.as_ref() };
    let cause = Cause { grounds, ..Cause::of("initiated") };
    let write = Write { payment: &payment, cause, actor: &request.actor, writer: WriterToken(host.dice()) };
    match store.create(&write).await? {
        Created::Created => Ok(Initiated::Created(payment)),
        Created::Exists(stored) => same_request(*stored, request.request_hash),
    }
}

/// The payment that this request opened before, if it did; else why it cannot be opened now.
async fn replay<S: LoadPayment>(
    store: &S,
    id: &TransactionId,
    request: &InitiateRequest,
    refused: InitiateError,
) -> Result<Initiated, InitiateError> {
    match store.load(id).await? {
        Some(stored) => same_request(stored, request.request_hash),
        None => Err(refused),
    }
}

fn same_request(stored: Payment, asked: RequestHash) -> Result<Initiated, InitiateError> {
    if stored.request_hash == asked { Ok(Initiated::Replayed(stored)) } else { Err(InitiateError::KeyReused) }
}

/// The payer as the row will keep them.
async fn sealed<H: Host, P: Seal>(
    host: &H,
    people: &P,
    id: &TransactionId,
    request: &InitiateRequest,
) -> Result<Option<Customer>, Error> {
    let Some(payer) = &request.payer else { return Ok(None) };
    let told = [
        (Field::CustomerId, payer.id.as_ref().map(Text::as_str)),
        (Field::CustomerEmail, payer.email.as_ref().map(Text::as_str)),
        (Field::CustomerName, payer.name.as_ref().map(Text::as_str)),
    ];
    let place = |field| Place { row: id.clone().into(), field };
    let told = told.into_iter().filter_map(|(field, text)| Some((place(field), text?)));
    let told: Vec<(Place, &str)> = told.collect();
    let person = payer.person(id);
    let sealed = people.seal_texts(host, &person, &told, &request.actor).await?;
    let mut customer = Customer::unnamed(person);
    for ((place, _), sealed) in told.into_iter().zip(sealed) {
        let kept = Some(Kept::Sealed(sealed));
        match place.field {
            Field::CustomerId => customer.id = kept,
            Field::CustomerEmail => customer.email = kept,
            Field::CustomerName => customer.name = kept,
            Field::Paper(_) => {}
        }
    }
    Ok(Some(customer))
}

/// Opens the object and makes sure that it is what was asked for.
async fn open<H: Host, S: LoadPauses, G: Gateway>(
    host: &H,
    store: &S,
    gateway: &G,
    id: &TransactionId,
    request: &InitiateRequest,
    rules: &Rules,
) -> Result<Traced<OpenedObject>, InitiateError> {
    rules.amounts.check(request.terms.amount)?;
    if let Some(paused) = paused(host, store, request.gateway).await? {
        return Err(InitiateError::Paused(paused));
    }
    for round in 1..=ROUNDS_MAX {
        let asked = OpenRequest {
            id,
            gateway: request.gateway,
            terms: &request.terms,
            request_hash: request.request_hash,
            round,
        };
        let Traced { answer, request_id } = gateway.open(&asked, host.gateway_budget()).await;
        match answer {
            OpenOutcome::Opened(opened) if opened.snapshot.is_for(request.terms.amount, rules.mode) => {
                return Ok(Traced { answer: *opened, request_id });
            }
            // The gateway opened something else than was asked. It is inert; it is not used.
            OpenOutcome::Opened(_) => return Err(InitiateError::GatewayUnavailable("object_mismatch")),
            // The key is spent: it repeats a failure, or was used for these terms by a version of us that spelled them
            // otherwise. (A client's reuse of its own key cannot come here: our key bears the hash of its request.)
            OpenOutcome::SavedFailure | OpenOutcome::KeyMismatch => {}
            OpenOutcome::Refused { code, field } => return Err(InitiateError::Refused { code, field }),
            OpenOutcome::Unknown(reason) => {
                host.note(Note::OutcomeUnknown(reason));
                return Err(InitiateError::GatewayUnavailable(reason.name()));
            }
        }
    }
    Err(InitiateError::GatewayUnavailable(UnknownReason::ServerError.name()))
}
