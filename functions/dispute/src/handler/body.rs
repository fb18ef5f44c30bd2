//! The bodies of `POST /disputes/{disputeId}/evidence` and `…/accept`.

use std::collections::BTreeMap;

use adapters::http::problem::{FieldError, Problem, Refusal};
use domain::dispute::{DisputeId, Paper, Papers};
use domain::id::RequestHash;
use flow::operations::dispute::Wish;
use serde::Deserialize;

/// What a client brings forward. `submit` has no default: whoever submits does so knowingly, for it is for good.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(test, schemars(rename = "EvidenceRequest"))]
pub(super) struct EvidenceBody {
    /// `false` puts the evidence by; `true` submits it, for good.
    submit: bool,
    /// Instead of what was put by; required with `submit: false`. Texts, and the ids of files that were uploaded to Stripe. At most
    /// 20000 bytes in all.
    #[cfg_attr(test, schemars(extend("properties" = papers_as_schemas(), "additionalProperties" = false)))]
    evidence: Option<BTreeMap<String, String>>,
}

/// Giving in takes no words.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, schemars(rename = "AcceptRequest"))]
pub(super) struct AcceptBody {}

/// Every paper, as a schema.
#[cfg(test)]
fn papers_as_schemas() -> serde_json::Value {
    use domain::dispute::Kind;
    let schema = |paper: Paper| match paper.kind() {
        // A letter has lines.
        Kind::Text => serde_json::json!({
            "type": "string",
            "minLength": 1,
            "maxLength": Papers::TEXT_MAX_CHARS,
            "pattern": r"^[^\u0000-\u0009\u000B-\u001F\u007F-\u009F]*$",
        }),
        Kind::Document => serde_json::json!({
            "type": "string",
            "minLength": 1,
            "maxLength": domain::text::GatewayToken::MAX_LENGTH,
            "pattern": world::openapi::GATEWAY_TOKEN,
        }),
    };
    Paper::ALL.into_iter().map(|paper| (paper.name().to_owned(), schema(paper))).collect()
}

impl EvidenceBody {
    /// The request's hash, and what is wished.
    ///
    /// # Errors
    /// 400 with everything that is wrong.
    pub(super) fn into_wish(self, id: &DisputeId) -> Result<(RequestHash, Wish), Problem> {
        let hash = self.hash(id);
        let papers = self.evidence.map(papers).transpose()?;
        let wish = match (self.submit, papers) {
            (true, papers) => Wish::Submit(papers),
            (false, Some(papers)) => Wish::Draft(papers),
            (false, None) => return Err(Problem::invalid_field("/evidence", "is missing")),
        };
        Ok((hash, wish))
    }

    fn hash(&self, id: &DisputeId) -> RequestHash {
        let submit = if self.submit { "true" } else { "false" };
        let fields = [("disputeId", id.as_str()), ("submit", submit)];
        let given = if self.evidence.is_some() { "given" } else { "none" };
        let papers = self.evidence.iter().flatten().map(|(name, text)| (name.as_str(), text.as_str()));
        RequestHash::of(fields.into_iter().chain([("evidence", given)]).chain(papers))
    }
}

impl AcceptBody {
    /// The request's hash. It differs from that of any evidence.
    pub(super) fn hash(&self, id: &DisputeId) -> RequestHash {
        RequestHash::of([("disputeId", id.as_str()), ("accept", "true")])
    }
}

fn papers(given: BTreeMap<String, String>) -> Result<Papers, Problem> {
    let (mut papers, mut faults) = (BTreeMap::new(), Vec::new());
    for (name, text) in given {
        match Paper::named(&name) {
            Some(paper) => drop(papers.insert(paper, text)),
            None => faults.push(FieldError {
                // Somebody else's name may be anything.
                pointer: "/evidence".to_owned(),
                detail: "has a field that is none of evidence; see docs/HTTP.md for all of them".into(),
            }),
        }
    }
    if let Some(first) = faults.into_iter().next() {
        return Err(Problem::new(Refusal::InvalidRequest).with_errors(vec![first]));
    }
    Papers::parse(papers).map_err(|(paper, why)| {
        let pointer = paper.map_or("/evidence".to_owned(), |paper| format!("/evidence/{}", paper.name()));
        Problem::invalid_field(pointer, why.to_string())
    })
}
