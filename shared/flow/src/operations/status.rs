//! `status`: one read.

use domain::{id::TransactionId, payment::Payment};

use crate::ports::{Error, LoadPayment};

/// The payment as it stands, if there is one.
///
/// # Errors
/// If the store fails.
pub async fn status<S: LoadPayment>(store: &S, id: &TransactionId) -> Result<Option<Payment>, Error> {
    store.load(id).await
}
