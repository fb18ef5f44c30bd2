//! An endpoint as Stripe shows it, and what its marks say: whether we made it, and whether the functions have its secret.

use data_encoding::HEXLOWER;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Half of 64 bits would do to tell five secrets apart; nobody finds a secret by it.
const PRINT_CHARACTERS: usize = 16;
/// Who made an endpoint, in its metadata.
pub(super) const MADE_BY: &str = "made_by";
pub(super) const US: &str = "quittance";

/// In which name of an endpoint's metadata the print of its secret stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Stripe has shown it to us.
    Shown,
    /// It was put into the stack's secret.
    Kept,
}

impl Mark {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Shown => "secret_shown",
            Self::Kept => "secret_print",
        }
    }
}

/// How an endpoint stands to the secrets that the functions have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Ours, and its secret is one of them.
    Heard,
    /// Ours, and its secret was never one of them: nobody has it.
    Lost,
    /// Ours, and its secret was one of them when it was made, and is not now: it was rolled, or taken out.
    Unfit,
    /// Somebody's. Whether its secret is one of them, nothing shows.
    ByHand,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    pub(super) id: String,
    pub(super) version: String,
    /// In order.
    pub(super) events: Vec<String>,
    pub(super) enabled: bool,
    is_ours: bool,
    shown: Option<String>,
    kept: Option<String>,
}

impl Endpoint {
    pub(super) fn read(shown: &Value) -> Option<Self> {
        let text = |pointer: &str| shown.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let mark = |mark: Mark| text(&format!("/metadata/{}", mark.name()));
        let named = |event: &Value| event.as_str().map(str::to_owned);
        let mut events: Vec<String> = shown.get("enabled_events")?.as_array()?.iter().filter_map(named).collect();
        events.sort();
        Some(Self {
            id: text("/id")?,
            // An endpoint that was made without one speaks the account's own, which nobody shows here.
            version: text("/api_version").unwrap_or_else(|| "the account's own version".to_owned()),
            events,
            enabled: text("/status").as_deref() == Some("enabled"),
            is_ours: text(&format!("/metadata/{MADE_BY}")).as_deref() == Some(US),
            shown: mark(Mark::Shown),
            kept: mark(Mark::Kept),
        })
    }

    pub(super) fn standing(&self, secrets: &[String]) -> Standing {
        let fits = |mark: &String| secrets.iter().any(|secret| *mark == print(secret));
        match (&self.kept, &self.shown) {
            _ if !self.is_ours => Standing::ByHand,
            (Some(kept), _) if fits(kept) => Standing::Heard,
            (Some(_), _) => Standing::Unfit,
            (None, Some(shown)) if fits(shown) => Standing::Heard,
            (None, _) => Standing::Lost,
        }
    }

    /// The print that it was not marked with any more, because something failed in between.
    pub(super) fn unmarked(&self) -> Option<&str> {
        if self.kept.is_none() { self.shown.as_deref() } else { None }
    }
}

/// By which a secret is known again, and not found.
pub(super) fn print(secret: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(secret.as_bytes())).chars().take(PRINT_CHARACTERS).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn with(metadata: &Value) -> Endpoint {
        let shown = json!({"id": "we_1", "api_version": "1", "status": "enabled", "metadata": metadata,
            "enabled_events": ["refund.updated", "refund.created"]});
        Endpoint::read(&shown).unwrap()
    }

    #[test]
    fn only_an_endpoint_of_ours_whose_secret_was_never_kept_is_lost() {
        let (one, other) = ("whsec_one".to_owned(), "whsec_other".to_owned());
        let (shown, kept) = (Mark::Shown.name(), Mark::Kept.name());
        for (metadata, with_one, with_other) in [
            (json!({}), Standing::ByHand, Standing::ByHand),
            (json!({MADE_BY: "somebody", kept: print(&one)}), Standing::ByHand, Standing::ByHand),
            (json!({MADE_BY: US}), Standing::Lost, Standing::Lost),
            (json!({MADE_BY: US, shown: print(&one)}), Standing::Heard, Standing::Lost),
            (json!({MADE_BY: US, kept: print(&one)}), Standing::Heard, Standing::Unfit),
            (json!({MADE_BY: US, shown: print(&one), kept: print(&one)}), Standing::Heard, Standing::Unfit),
            // It was made with the other one, and rolled since.
            (json!({MADE_BY: US, shown: print(&other), kept: print(&one)}), Standing::Heard, Standing::Unfit),
        ] {
            let endpoint = with(&metadata);
            assert_eq!(endpoint.standing(std::slice::from_ref(&one)), with_one, "{metadata}");
            assert_eq!(endpoint.standing(std::slice::from_ref(&other)), with_other, "{metadata}");
            assert_eq!(endpoint.standing(&[other.clone(), one.clone()]), with_one, "wherever it stands");
        }
        assert_eq!(with(&json!({})).events, ["refund.created", "refund.updated"]);
    }
}
