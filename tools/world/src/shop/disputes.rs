//! What a shop does about disputes and warnings of fraud: each operation with the ports its function is handed.

use domain::{
    dispute::{Dispute, DisputeId, Request},
    warning::{Warning, WarningId},
};
use flow::{
    operations::{
        dispute::{self as disputes, DisputeError},
        retry::{retry_dispute, retry_warning},
    },
    ports::Error,
};

use super::{Shop, client};

impl Shop {
    /// A nudge arrives that names a dispute.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn retry_dispute(&self, id: &DisputeId) -> Result<Option<Dispute>, Error> {
        retry_dispute(&*self.host, &self.store, &self.gateway, &self.people, id).await
    }

    /// A nudge arrives that names a warning.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn retry_warning(&self, id: &WarningId) -> Result<Option<Warning>, Error> {
        retry_warning(&*self.host, &self.store, &self.gateway, id).await
    }

    /// POST /disputes/{id}/evidence.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn evidence(
        &self,
        id: &DisputeId,
        request: Request,
        wish: disputes::Wish,
    ) -> Result<disputes::Requested, DisputeError> {
        let (host, actor) = (&*self.host, client());
        let asked = disputes::Asked { id, request: &request, actor: &actor };
        disputes::evidence(host, &self.store, &self.gateway, &self.queue, &self.people, asked, wish).await
    }

    /// POST /disputes/{id}/accept.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn accept(&self, id: &DisputeId, request: Request) -> Result<disputes::Requested, DisputeError> {
        let (host, actor) = (&*self.host, client());
        let asked = disputes::Asked { id, request: &request, actor: &actor };
        disputes::accept(host, &self.store, &self.gateway, &self.queue, &self.people, asked).await
    }

    /// GET /disputes.
    ///
    /// # Errors
    /// As the operation says.
    pub async fn list_disputes(&self, wanted: &disputes::Wanted) -> Result<disputes::Listed, Error> {
        disputes::disputes(&self.store, wanted).await
    }
}
