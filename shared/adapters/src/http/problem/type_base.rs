//! What the `type` of every problem begins with, before its code: a link to where this stack's clients read what the code means.
//!
//! API Gateway says it with each request, as a variable of its stage: where a page is shown is no reason to release a function.
//! Must never: be what a client decides on. That is the code, which stays whatever moves.

use lambda_http::{Request, RequestExt as _};

/// What template.yaml calls the variable.
const VARIABLE: &str = "problemTypeBase";

/// A link as far as the code, such as `https://docs.shop.example/HTTP.md#`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeBase<'a>(&'a str);

impl<'a> TypeBase<'a> {
    /// Where nobody has said where the words are, a code has a name that leads nowhere. A link that is dead would be worse.
    pub const NAME: TypeBase<'static> = TypeBase("urn:quittance:problem:");

    /// One that is known.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// What API Gateway says; whatever else invokes a function says nothing, as `cargo lambda watch` does.
    #[must_use]
    pub fn told_by(request: &'a Request) -> Self {
        let told = request.stage_variables_ref().and_then(|variables| variables.first(VARIABLE));
        told.map_or(Self::NAME, Self)
    }

    /// The `type` of a code.
    pub(super) fn of(self, code: &str) -> String {
        format!("{}{code}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::{Body, http};
    use std::collections::HashMap;

    fn request(variables: &[(&str, &str)]) -> Request {
        let variables: HashMap<String, Vec<String>> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()])).collect();
        http::Request::builder().body(Body::Empty).unwrap().with_stage_variables(variables)
    }

    #[test]
    fn a_type_leads_to_where_the_stage_says_that_codes_are_explained() {
        let told = request(&[("other", "https://other.example/"), (VARIABLE, "https://docs.shop.example/HTTP.md#")]);
        assert_eq!(TypeBase::told_by(&told).of("in_progress"), "https://docs.shop.example/HTTP.md#in_progress");
    }

    #[test]
    fn where_the_stage_does_not_say_it_is_a_name() {
        for silent in [request(&[]), request(&[("other", "x")]), http::Request::new(Body::Empty)] {
            assert_eq!(TypeBase::told_by(&silent).of("in_progress"), "urn:quittance:problem:in_progress");
        }
    }
}
