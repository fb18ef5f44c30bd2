//! What stands in a request's query: parameters that the route knows, each once.
//!
//! A handler reads each of them by its name; what is wrong is gathered, so that a client can mend all of it at once. REST events
//! give the parameters decoded, HTTP events as they were written; both come out alike.
//!
//! Must never: put a value that was sent into an answer. The name of an unknown parameter is shown, cut, as that of a field is.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use lambda_http::{Request, RequestExt as _};

use super::json::{FAULTS_MAX, POINTER_SEGMENT_MAX, cut};
use super::problem::{FieldError, Problem, Refusal};

/// The parameters of a request, and what is wrong with them so far.
#[derive(Debug)]
#[must_use = "what is wrong is told by `finish`"]
pub struct Query {
    values: BTreeMap<String, Vec<String>>,
    faults: Vec<FieldError>,
}

impl Query {
    /// The parameters of a request to a route that takes these. One that is given again is none.
    pub fn of(request: &Request, known: &[&'static str]) -> Self {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in request.query_string_parameters_ref().into_iter().flat_map(|parameters| parameters.iter())
        {
            values.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        let mut query = Self { values, faults: Vec::new() };
        let names: Vec<(String, usize)> = query.values.iter().map(|(name, all)| (name.clone(), all.len())).collect();
        for (name, times) in names {
            if !known.contains(&name.as_str()) {
                let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                query.fault(&name, format!("is not a parameter of this request; its parameters are {known}"));
            } else if times > 1 {
                query.fault(&name, "is given more than once");
            }
        }
        query
    }

    /// A parameter, if it is given and `parse` takes it. The error completes "`?<name>` …".
    pub fn read<T, E: fmt::Display>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, E>) -> Option<T> {
        let [value] = self.values.get(name)?.as_slice() else { return None };
        let parsed = parse(value);
        parsed.map_err(|error| self.fault(name, error.to_string())).ok()
    }

    /// Takes note that a parameter is not what it should be. The detail completes "`?<name>` …".
    pub fn fault(&mut self, name: &str, detail: impl Into<Cow<'static, str>>) {
        if self.faults.len() < FAULTS_MAX {
            let pointer = format!("?{}", cut(name, POINTER_SEGMENT_MAX));
            self.faults.push(FieldError { pointer, detail: detail.into() });
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// 400 with everything that is wrong.
    pub fn finish(self) -> Result<(), Problem> {
        if self.faults.is_empty() {
            return Ok(());
        }
        Err(Problem::new(Refusal::InvalidRequest).with_errors(self.faults))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lambda_http::request;

    const KNOWN: [&str; 2] = ["day", "limit"];

    /// The same query in the event of a REST API and in that of an HTTP API.
    fn requests(raw: &str) -> [Request; 2] {
        let mut decoded: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let http = serde_json::json!({"version": "2.0", "routeKey": "$default", "rawPath": "/payments", "rawQueryString": raw,
            "headers": {}, "isBase64Encoded": false, "requestContext": {"accountId": "1", "apiId": "a", "stage": "$default",
            "requestId": "i", "http": {"method": "GET", "path": "/payments"}}});
        let http = request::from_str(&http.to_string()).unwrap();
        for (name, value) in http.query_string_parameters().iter() {
            decoded.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        let last: BTreeMap<&String, Option<&String>> =
            decoded.iter().map(|(name, values)| (name, values.last())).collect();
        let rest = serde_json::json!({"resource": "/payments", "path": "/payments", "httpMethod": "GET", "headers": {},
            "multiValueHeaders": {}, "queryStringParameters": last, "multiValueQueryStringParameters": decoded,
            "isBase64Encoded": false, "body": null, "requestContext": {"resourceId": "r", "apiId": "a", "stage": "v1",
            "requestId": "i", "identity": {}, "resourcePath": "/payments", "httpMethod": "GET", "path": "/v1/payments",
            "accountId": "1"}});
        [request::from_str(&rest.to_string()).unwrap(), http]
    }

    fn faults(query: Query) -> Vec<(String, String)> {
        let Err(problem) = query.finish() else { return Vec::new() };
        let document = serde_json::to_value(problem.document(crate::http::problem::TypeBase::NAME)).unwrap();
        let text = |fault: &serde_json::Value, name: &str| fault[name].as_str().unwrap().to_owned();
        document["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|fault| (text(fault, "pointer"), text(fault, "detail")))
            .collect()
    }

    #[test]
    fn parameters_are_read_decoded_in_both_formats() {
        for request in requests("day=a%2Bb+c%26&limit=7") {
            let mut query = Query::of(&request, &KNOWN);
            assert_eq!(query.read("day", |text| Ok::<_, String>(text.to_owned())).as_deref(), Some("a+b c&"));
            assert_eq!(query.read("limit", str::parse::<u8>), Some(7));
            assert_eq!(query.read("other", str::parse::<u8>), None);
            assert_eq!(faults(query), []);
        }
    }

    #[test]
    fn what_is_unknown_repeated_or_unfit_is_said_at_once_and_no_value_is_echoed() {
        for request in requests("limit=canary&day=1&day=2&Day=canary") {
            let mut query = Query::of(&request, &KNOWN);
            assert_eq!(query.read("day", |text| Ok::<_, String>(text.to_owned())), None);
            assert_eq!(query.read("limit", str::parse::<u8>), None);
            let told = faults(query);
            assert_eq!(
                told.iter().map(|(pointer, detail)| (pointer.as_str(), detail.as_str())).collect::<Vec<_>>(),
                [
                    ("?Day", "is not a parameter of this request; its parameters are `day`, `limit`"),
                    ("?day", "is given more than once"),
                    ("?limit", "invalid digit found in string"),
                ]
            );
        }
    }

    #[test]
    fn a_parameter_without_a_value_is_one_with_an_empty_value() {
        for raw in ["limit", "limit="] {
            for request in requests(raw) {
                let mut query = Query::of(&request, &KNOWN);
                assert_eq!(query.read("limit", str::parse::<u8>), None);
                assert_eq!(faults(query).len(), 1);
            }
        }
    }

    #[test]
    fn the_list_of_faults_is_bounded_and_so_are_the_names_in_it() {
        let many: Vec<String> = (0..200).map(|number| format!("{}{number}=1", "n".repeat(100))).collect();
        for request in requests(&many.join("&")) {
            let told = faults(Query::of(&request, &KNOWN));
            assert_eq!(told.len(), FAULTS_MAX);
            assert!(told.iter().all(|(pointer, _)| pointer.chars().count() == 1 + POINTER_SEGMENT_MAX));
        }
    }
}
