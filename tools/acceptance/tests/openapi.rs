//! docs/openapi.yaml describes every route that is deployed, and no other. What it says of each is held by the tests of its function.

use std::collections::BTreeSet;

use acceptance::repository::{deployed_functions, read};
use adapters::http::authenticate::PUBLIC_ROUTES;
use world::openapi::kept_routes;

#[test]
fn openapi_describes_every_route_that_is_deployed_and_no_other() {
    let described = kept_routes();
    let deployed: BTreeSet<String> = deployed_functions().into_iter().flat_map(|function| function.routes).collect();
    assert_eq!(described.iter().cloned().collect::<BTreeSet<String>>(), deployed);
    assert_eq!(described.len(), deployed.len(), "a route is described once");
}

#[test]
fn openapi_asks_for_a_key_wherever_the_function_does() {
    let text = read("docs/openapi.yaml");
    let (_, paths) = text.split_once("\npaths:\n").unwrap_or_default();
    let (paths, _) = paths.split_once("\nwebhooks:\n").unwrap_or_default();
    let (open, closed) = (paths.matches("      security: []\n").count(), paths.matches("        - apiKey:").count());
    assert_eq!((open, open.saturating_add(closed)), (PUBLIC_ROUTES.len(), kept_routes().len()));
}
