//! A look at one early fraud warning.
//!
//! 1. Load. Not due: drop.
//! 2. Claim: commit a `due` in the future, which keeps other workers off.
//! 3. Ask the gateway for the warning and the object behind it; write down what that shows.
//! 4. Tell the payment's row, then write down that it was told. *A crash in between tells it again: what it knows already it does not
//!    write, and what it refunded it does not refund again.*

use domain::{
    dispute::Told,
    payment::PaymentWarning,
    warning::{Command, Warning, WarningId},
};

use crate::{
    commit::{
        Recorded, record_warning,
        warning::{Changed, execute, record},
    },
    ports::{
        Actor, Error, Host, LoadPayment, ReplacePayment,
        warning::{LoadWarning, WarningGateway, WriteWarning},
    },
};

/// Looks at one warning and moves it on; none if there is no such row, or nobody needs to look at it now.
///
/// # Errors
/// If something outside fails. The row keeps its `due`; nothing is lost.
pub(super) async fn look<H, S, G>(host: &H, store: &S, gateway: &G, id: &WarningId) -> Result<Option<Warning>, Error>
where
    H: Host,
    S: LoadWarning + WriteWarning + LoadPayment + ReplacePayment,
    G: WarningGateway,
{
    let Some(warning) = store.load_warning(id).await? else { return Ok(None) };
    let Changed::Committed(claimed) = execute(host, store, warning, Command::Claim, &Actor::Retry).await? else {
        return Ok(None);
    };
    let told = gateway.fetch_warning(id, host.gateway_budget()).await;
    let seen = match record(host, store, claimed, &told, &Actor::Retry).await? {
        Changed::Committed(seen) => seen,
        Changed::Nothing(stands) => return Ok(Some(stands)),
    };
    tell(host, store, seen).await.map(Some)
}

/// Has the payment's row say what the warning says.
async fn tell<H, S>(host: &H, store: &S, warning: Warning) -> Result<Warning, Error>
where
    H: Host,
    S: WriteWarning + LoadPayment + ReplacePayment,
{
    let (Some(payment), Some(summary)) = (warning.payment(), PaymentWarning::of(&warning)) else { return Ok(warning) };
    if !warning.owes_telling() {
        return Ok(warning);
    }
    let told = match store.load(payment).await? {
        Some(payment) => match record_warning(host, store, payment, summary, &Actor::Retry).await? {
            Recorded::Committed(_) | Recorded::Nothing(_) => Told::Yes,
            Recorded::Foreign(_) => Told::AnotherObject,
        },
        None => Told::NoSuchPayment,
    };
    let command = Command::Tell { told, version: warning.version };
    Ok(match execute(host, store, warning, command, &Actor::Retry).await? {
        Changed::Committed(warning) | Changed::Nothing(warning) => warning,
    })
}
