//! What stands before the functions, read from template.yaml: API Gateway's own answers, its limits and its log, and the firewall.
//!
//! The local AWS serves none of it (docs/SECURITY.md, "Not run here"): these tests hold that what is deployed says what it should.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use acceptance::repository::{deployed_functions, read, resources};
use adapters::http::answer::Answer;
use adapters::http::body::BODY_MAX_BYTES;
use adapters::http::problem::{Refusal, TypeBase};
use serde_json::Value;

/// The template's parameter, as its texts name it: it stands in every `type`.
const PARAMETER: TypeBase<'static> = TypeBase::new("${ProblemTypeBase}");

/// Every answer that API Gateway can give by itself, and which of ours it is.
const BY_ITSELF: [(&str, Refusal); 21] = [
    ("ACCESS_DENIED", Refusal::NotFound),
    ("API_CONFIGURATION_ERROR", Refusal::Internal),
    ("AUTHORIZER_CONFIGURATION_ERROR", Refusal::Internal),
    ("AUTHORIZER_FAILURE", Refusal::Internal),
    ("BAD_REQUEST_BODY", Refusal::InvalidRequest),
    ("BAD_REQUEST_PARAMETERS", Refusal::InvalidRequest),
    ("DEFAULT_4XX", Refusal::NotFound),
    ("DEFAULT_5XX", Refusal::Internal),
    ("EXPIRED_TOKEN", Refusal::NotFound),
    ("INTEGRATION_FAILURE", Refusal::Unavailable),
    ("INTEGRATION_TIMEOUT", Refusal::Unavailable),
    ("INVALID_API_KEY", Refusal::NotFound),
    ("INVALID_SIGNATURE", Refusal::NotFound),
    ("MISSING_AUTHENTICATION_TOKEN", Refusal::NotFound),
    ("QUOTA_EXCEEDED", Refusal::RateLimited),
    ("REQUEST_TOO_LARGE", Refusal::BodyTooLarge),
    ("RESOURCE_NOT_FOUND", Refusal::NotFound),
    ("THROTTLED", Refusal::RateLimited),
    ("UNAUTHORIZED", Refusal::NotFound),
    ("UNSUPPORTED_MEDIA_TYPE", Refusal::UnsupportedMediaType),
    ("WAF_FILTERED", Refusal::RequestBlocked),
];

/// Those of them that are 5xx where nothing else is said.
const SERVERS_FAULT: [&str; 6] = [
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "DEFAULT_5XX",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
];

/// What the log of API Gateway may say of a request. None of it is a path, a query, a header or a body.
const LOGGED: [&str; 11] = [
    "requestId",
    "requestTimeEpoch",
    "identity.sourceIp",
    "httpMethod",
    "resourcePath",
    "status",
    "error.responseType",
    "waf.status",
    "tlsVersion",
    "responseLatency",
    "integration.latency",
];

#[test]
fn what_api_gateway_answers_by_itself_is_what_we_would_answer() {
    let told = gateway_responses();
    for (kind, refusal) in BY_ITSELF {
        let fallback = if SERVERS_FAULT.contains(&kind) { "DEFAULT_5XX" } else { "DEFAULT_4XX" };
        let (status, headers, body) = told.get(kind).unwrap_or_else(|| &told[fallback]);
        let ours = Answer::from(refusal).into_response("", PARAMETER);
        assert_eq!(*status, ours.status().as_u16(), "{kind}");
        assert_eq!(*body, document(refusal), "{kind}");
        // Quotes within the quotes of a header's value are nothing that AWS documents; a 401 is never API Gateway's.
        let theirs = |name: &str| !["content-security-policy", "www-authenticate"].contains(&name);
        let mut wanted: BTreeMap<String, String> = ours
            .headers()
            .iter()
            .filter(|(name, _)| theirs(name.as_str()))
            .map(|(name, value)| (name.as_str().to_owned(), format!("'{}'", value.to_str().unwrap())))
            .collect();
        wanted.insert("request-id".to_owned(), "context.requestId".to_owned());
        assert_eq!(*headers, wanted, "{kind}");
    }
    let known: BTreeSet<&str> = BY_ITSELF.into_iter().map(|(kind, _)| kind).collect();
    assert!(told.keys().all(|kind| known.contains(kind.as_str())), "{:?}", told.keys());
}

#[test]
fn what_the_firewall_answers_by_itself_is_what_we_would_answer() {
    let firewall = resource("Firewall");
    for (key, refusal) in [("rateLimited", Refusal::RateLimited), ("bodyTooLarge", Refusal::BodyTooLarge)] {
        let (_, rest) = firewall.split_once(&format!("        {key}:\n")).unwrap();
        let content = rest.lines().find_map(|line| line.trim().strip_prefix("Content: !Sub '")?.strip_suffix('\''));
        let body: Value = serde_json::from_str(content.unwrap()).unwrap();
        assert_eq!(body, document(refusal));
        let status =
            format!("ResponseCode: {}\n                CustomResponseBodyKey: {key}\n", refusal.row().status.as_u16());
        assert!(firewall.contains(&status), "{key} is answered as {}", refusal.row().status);
    }
}

#[test]
fn every_route_has_a_limit_and_what_moves_money_one_of_its_own() {
    let routes: BTreeSet<String> = deployed_functions().into_iter().flat_map(|function| function.routes).collect();
    let limits = limits();
    assert_eq!(limits["* /*"], "ReadRequestsPerSecond");
    for (route, limit) in &limits {
        assert!(route == "* /*" || routes.contains(route), "a limit for a route that there is not: {route}");
        let wanted = match route.as_str() {
            "* /*" => "ReadRequestsPerSecond",
            "POST /webhook/{gateway}" => "WebhookRequestsPerSecond",
            _ => "MoneyRequestsPerSecond",
        };
        assert_eq!(limit, wanted, "{route}");
    }
    let money = |route: &&String| route.starts_with("POST /payment/") || route.starts_with("POST /disputes/");
    let own: Vec<&String> = routes.iter().filter(money).chain(routes.get("POST /webhook/{gateway}")).collect();
    for route in &own {
        assert!(limits.contains_key(*route), "{route} moves money and has no limit of its own");
    }
    assert_eq!(limits.len().saturating_sub(1), own.len(), "the rest share the limit of reads");
}

#[test]
fn nothing_logs_what_a_request_says() {
    let api = resource("Api");
    let levels = api.matches("LoggingLevel: \"OFF\"").count();
    assert_eq!((levels, api.matches("DataTraceEnabled: false").count()), (limits().len(), limits().len()));
    assert!(!api.contains("DataTraceEnabled: true") && !api.contains("LoggingLevel: INFO"));
    let (_, format) = api.split_once("          Format: >-\n").unwrap();
    let format: Vec<&str> = format.lines().take_while(|line| line.starts_with("            ")).map(str::trim).collect();
    let format: BTreeMap<String, String> = serde_json::from_str(&format.join(" ")).unwrap();
    let said: BTreeSet<&str> = format.values().map(|value| value.strip_prefix("$context.").unwrap()).collect();
    assert_eq!(said, LOGGED.into());
    // Samples of the firewall show whole headers, and API keys stand there.
    let firewall = resource("Firewall");
    assert_eq!(
        firewall.matches("VisibilityConfig:").count(),
        firewall.matches("SampledRequestsEnabled: false").count()
    );
    assert!(resources().iter().all(|(_, text)| !text.contains("AWS::WAFv2::LoggingConfiguration")));
}

#[test]
fn every_log_masks_what_aws_takes_for_a_card_number() {
    let logs: Vec<(String, String)> =
        resources().into_iter().filter(|(_, text)| text.starts_with("    Type: AWS::Logs::LogGroup\n")).collect();
    assert_eq!(logs.len().saturating_sub(1), deployed_functions().len(), "one for each function, and API Gateway's");
    let policy = logs.iter().filter(|(_, text)| text.contains("      DataProtectionPolicy: &NoCardNumbers\n"));
    let policy: Vec<&str> = policy.map(|(_, text)| text.as_str()).collect();
    assert_eq!(policy.len(), 1);
    for word in ["data-identifier/CreditCardNumber", "Audit:", "Deidentify: { MaskConfig: {} }"] {
        assert!(policy[0].contains(word), "{word}");
    }
    for (name, text) in &logs {
        assert!(
            ["&", "*"].iter().any(|mark| text.contains(&format!("      DataProtectionPolicy: {mark}NoCardNumbers\n"))),
            "{name} masks nothing"
        );
    }
}

#[test]
fn the_firewall_stands_before_the_api_wherever_there_is_one() {
    for (name, kind) in [("Firewall", "AWS::WAFv2::WebACL"), ("FirewallBeforeApi", "AWS::WAFv2::WebACLAssociation")] {
        let text = resource(name);
        assert!(text.starts_with(&format!("    Type: {kind}\n    Condition: HasFirewall\n")), "{name}");
    }
    let template = read("template.yaml");
    assert!(template.contains("\n  HasFirewall: !Not [!Equals [!Ref Stage, local]]\n"));
    assert!(resource("FirewallBeforeApi").contains("/restapis/${Api}/stages/${Api.Stage}\n"));
}

#[test]
fn what_a_gateway_has_signed_is_not_judged_by_its_words() {
    let rules = rules();
    for (name, text) in &rules {
        let looks_into_texts = text.contains("ManagedRuleGroupStatement:") || text.contains("Body:");
        let webhooks_apart = text.contains("ScopeDownStatement: *NoWebhook\n") || text.contains("- *NoWebhook\n");
        assert_eq!(looks_into_texts, webhooks_apart, "{name}");
    }
    let names: Vec<&str> = rules.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "one-address-at-a-time",
            "webhooks-of-one-address",
            "bodies-that-no-route-takes",
            "known-bad-inputs",
            "common"
        ]
    );
    // Rate first: what is refused for its number is not looked into.
    for (place, (name, text)) in rules.iter().enumerate() {
        assert!(text.contains(&format!("          Priority: {place}\n")), "{name}");
    }
    let webhook = &rules[0].1;
    let (_, webhook) = webhook.split_once("SearchString: ").unwrap();
    let path = webhook.lines().next().unwrap();
    let routes: BTreeSet<String> = deployed_functions().into_iter().flat_map(|function| function.routes).collect();
    let apart: Vec<&String> = routes.iter().filter(|route| route.contains(path)).collect();
    assert_eq!(apart, ["POST /webhook/{gateway}"], "{path} is in the path of gateways' events, and of nothing else");
}

#[test]
fn the_firewall_lets_through_what_our_routes_take_and_no_longer_body() {
    let rules: BTreeMap<String, String> = rules().into_iter().collect();
    let size = format!("                    Size: {BODY_MAX_BYTES}\n");
    assert!(rules["bodies-that-no-route-takes"].contains(&size));
    // A merchant's name for a customer stands in the path, and is the merchant's to choose.
    for rule in ["SizeRestrictions_BODY", "SizeRestrictions_URIPATH", "RestrictedExtensions_URIPATH"] {
        let counts = format!("- {{ Name: {rule}, ActionToUse: {{ Count: {{}} }} }}\n");
        assert!(rules["common"].contains(&counts), "{rule}");
    }
    assert!(
        resource("Firewall").contains("            DefaultSizeInspectionLimit: KB_64\n"),
        "it reads them to their end"
    );
}

#[test]
fn no_origin_may_read_an_answer_and_nobody_speaks_an_old_tls() {
    let api = resource("Api");
    for (name, text) in resources() {
        let text = text.to_lowercase();
        assert!(!text.contains("cors:") && !text.contains("access-control-"), "{name}");
    }
    assert!(api.contains("      SecurityPolicy: SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09\n"));
}

/// The document that we answer.
fn document(refusal: Refusal) -> Value {
    let answer = Answer::from(refusal).into_response("", PARAMETER);
    serde_json::from_slice(answer.body().as_ref()).unwrap()
}

/// Status, headers and body of every answer of API Gateway's that the template spells out.
fn gateway_responses() -> BTreeMap<String, (u16, BTreeMap<String, String>, Value)> {
    let api = resource("Api");
    let (_, text) = api.split_once("      GatewayResponses:\n").unwrap();
    let mut found = BTreeMap::new();
    let mut named: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut lines =
        text.lines().take_while(|line| line.starts_with("       ")).filter(|line| !line.contains("# ")).peekable();
    while let Some(name) = lines.next() {
        let name = name.trim().trim_end_matches(':').to_owned();
        let status = lines.next().unwrap().trim().strip_prefix("StatusCode: ").unwrap().parse().unwrap();
        let parameters = lines.next().unwrap().trim().strip_prefix("ResponseParameters: ").unwrap();
        if let Some(anchor) = parameters.strip_prefix('&') {
            assert_eq!(lines.next().unwrap().trim(), "Headers:");
            let mut headers = BTreeMap::new();
            while let Some(header) = lines.next_if(|line| line.starts_with("              ")) {
                let (name, value) = header.trim().split_once(": ").unwrap();
                headers.insert(name.to_lowercase(), value.trim_matches('"').to_owned());
            }
            named.insert(anchor.to_owned(), headers);
        }
        assert_eq!(lines.next().unwrap().trim(), "ResponseTemplates:");
        let body =
            lines.next().unwrap().trim().strip_prefix("application/json: !Sub '").unwrap().strip_suffix('\'').unwrap();
        let headers = named[parameters.trim_start_matches(['&', '*'])].clone();
        found.insert(name, (status, headers, serde_json::from_str(body).unwrap()));
    }
    found
}

/// The limit of each route, by the parameter that says how high it is, for the burst as well.
fn limits() -> BTreeMap<String, String> {
    let api = resource("Api");
    let (_, text) = api.split_once("      MethodSettings:\n").unwrap();
    let (text, _) = text.split_once("      # ").unwrap();
    let mut limits = BTreeMap::new();
    for item in text.split("        - ResourcePath: ").filter(|item| !item.is_empty()) {
        let lines: Vec<&str> = item.lines().map(str::trim).collect();
        // API Gateway wants every slash but the first as ~1; a star is for all routes.
        let path = if lines[0] == "/*" { "/*".to_owned() } else { lines[0].replacen('/', "", 1).replace("~1", "/") };
        let value = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name)).unwrap().trim_matches('"');
        let (rate, burst) = (value("ThrottlingRateLimit: !Ref "), value("ThrottlingBurstLimit: !Ref "));
        assert_eq!(rate, burst, "{path}");
        limits.insert(format!("{} {path}", value("HttpMethod: ")), rate.to_owned());
    }
    limits
}

/// The firewall's rules, in their order.
fn rules() -> Vec<(String, String)> {
    let firewall = resource("Firewall");
    let (_, rules) = firewall.split_once("      Rules:\n").unwrap();
    let rules = rules.split("        - Name: ").filter(|rule| !rule.is_empty());
    rules.map(|rule| rule.split_once('\n').unwrap()).map(|(name, text)| (name.to_owned(), text.to_owned())).collect()
}

#[test]
fn a_name_of_the_merchants_own_is_off_by_default_and_as_strict_as_the_apis() {
    let (template, api, domain) = (read("template.yaml"), resource("Api"), resource("Domain"));
    for line in ["SecurityPolicy: SecurityPolicy_", "EndpointAccessMode: "] {
        let of = |text: &str| text.lines().map(str::trim).find(|found| found.starts_with(line)).map(str::to_owned);
        assert!(of(&api).is_some() && of(&api) == of(&domain), "{line}: {:?} {:?}", of(&api), of(&domain));
    }
    let mapping = resource("DomainBeforeApi");
    for text in [&domain, &mapping] {
        assert!(text.contains("    Condition: HasDomainName\n"), "{text}");
    }
    // The same paths under whichever name: the stage's name is the version in them.
    assert!(mapping.contains("      BasePath: v1\n") && mapping.contains("      Stage: !Ref Api.Stage\n"));
    assert!(api.contains("      StageName: v1\n"));
    assert!(template.contains("  HasDomainName: !Not [!Equals [!Ref DomainName, \"\"]]\n"));
    for parameter in ["DomainName", "CertificateArn"] {
        assert!(template.contains(&format!("  {parameter}:\n    Type: String\n    Default: \"\"\n")), "{parameter}");
    }
    // The name that AWS gave is open unless somebody closes it, and never while it is the only one.
    assert!(api.contains("      DisableExecuteApiEndpoint: !If [IsAwsNameClosed, true, false]\n"), "{api}");
    assert!(template.contains("  IsAwsNameClosed: !Equals [!Ref AwsName, closed]\n"));
    assert!(template.contains("  AwsName:\n    Type: String\n    Default: open\n"));
    let (_, rule) = template.split_once("\n    RuleCondition: !Equals [!Ref AwsName, closed]\n").unwrap();
    assert!(
        rule.starts_with("    Assertions:\n      - Assert: !Not [!Equals [!Ref DomainName, \"\"]]\n"),
        "{rule:.200}"
    );
    // Whoever registers webhooks registers them under the name that stays.
    let (_, outputs) = template.split_once("\nOutputs:\n").unwrap();
    for path in ["/v1", "/v1/webhook/stripe", "/v1/webhook/paypal"] {
        assert!(outputs.contains(&format!("      - !Sub https://${{DomainName}}{path}\n")), "{path}");
    }
}

/// A stack that is switched from one mode to the other has play money and real money in one table, so prod is live from its first deploy.
#[test]
fn each_stack_is_deployed_in_the_one_mode_that_it_keeps() {
    let config = read("samconfig.toml");
    let modes =
        [("[default.deploy", "staging", "test"), ("[prod.deploy", "prod", "live"), ("[local.deploy", "local", "test")];
    for (section, stage, mode) in modes {
        let (_, deploy) = config.split_once(section).unwrap();
        let deploy = deploy.split("\n[").next().unwrap();
        for wanted in [format!("\"Stage={stage}\""), format!("\"Mode={mode}\"")] {
            assert!(deploy.contains(&wanted), "{section}: {wanted}");
        }
    }
}

fn resource(name: &str) -> String {
    resources().into_iter().find(|(known, _)| known == name).unwrap().1
}
