//! 3-D Secure, seen from the payer's page: what is asked there, and what the pressed button does to the intent.

use super::{
    book::{Book, Occasion},
    cards::Presence,
    declines::AUTHENTICATION_FAILED,
    lifecycle::{Move, Status},
    objects::Intent,
};

/// The payer's page no longer belongs to an open challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageClosed;

/// Where the payer's browser goes after the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WayBack {
    pub(crate) intent: String,
    pub(crate) client_secret: String,
    pub(crate) return_url: Option<String>,
    pub(crate) redirect_status: &'static str,
}

/// What the payer's page shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) amount: i64,
    pub(crate) currency: String,
    pub(crate) description: Option<String>,
    pub(crate) last4: &'static str,
}

impl Book {
    /// What the payer is asked on this page.
    pub(crate) fn challenge(&self, page: &str) -> Result<Ask, PageClosed> {
        let intent = self.challenged(page)?;
        let method = intent.payment_method.as_deref().and_then(|method| self.methods.get(method)).ok_or(PageClosed)?;
        Ok(Ask {
            amount: intent.amount,
            currency: intent.currency.clone(),
            description: intent.particulars.description.clone(),
            last4: method.test.last4(),
        })
    }

    /// The payer pressed one of the two buttons.
    pub(crate) fn authenticate(
        &mut self,
        page: &str,
        passed: bool,
        occasion: &Occasion,
    ) -> Result<WayBack, PageClosed> {
        let intent = self.challenged(page)?;
        let (id, client_secret) = (intent.id.clone(), intent.client_secret.clone());
        let return_url = intent.challenge.as_ref().and_then(|challenge| challenge.return_url.clone());
        let method = intent.payment_method.clone().ok_or(PageClosed)?;
        let test = self.methods.get(&method).ok_or(PageClosed)?.test;
        if let Some(intent) = self.intents.get_mut(&id) {
            intent.challenge = None;
        }
        // A refusal by the issuer is no refusal to the page: the payer is sent back either way.
        let outcome = if passed {
            self.conclude(&id, test.verdict(Presence::Authenticated), Move::Authenticate, None, true, occasion)
        } else {
            self.fail(&id, &AUTHENTICATION_FAILED, Move::Authenticate, None, occasion)
        };
        let redirect_status = if outcome.is_ok() { "succeeded" } else { "failed" };
        Ok(WayBack { intent: id, client_secret, return_url, redirect_status })
    }

    fn challenged(&self, page: &str) -> Result<&Intent, PageClosed> {
        let intent = self.pages.get(page).and_then(|id| self.intents.get(id)).ok_or(PageClosed)?;
        let open = intent.challenge.as_ref().is_some_and(|challenge| challenge.page == page);
        if open && intent.status == Status::RequiresAction { Ok(intent) } else { Err(PageClosed) }
    }
}
