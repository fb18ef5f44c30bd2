//! What is always the same in the files of `events/`: the account, the moment and the client of their story; and what the local AWS does
//! not do as AWS does. Handlers' tests pin answers to the files, so a recording must not differ from the one before for nothing.

use serde_json::{Map, Value, json};

use crate::percent::decoded;

/// What calls a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// API Gateway, for a client.
    Request,
    /// A queue.
    Messages,
    /// A table's stream.
    Changes,
    /// EventBridge: the clock, or a bus.
    Moment,
}

/// What of an event is not as it was recorded, by the places where it stands (JSON pointers).
struct Differences {
    /// Different each time: the file keeps its own, a new file gets the story's.
    of_the_day: &'static [&'static str],
    /// At AWS, and not here.
    only_at_aws: &'static [&'static str],
    /// Here, and not at AWS.
    only_here: &'static [&'static str],
}

const REQUEST: Differences = Differences {
    of_the_day: &[
        "/requestContext/resourceId",
        "/requestContext/extendedRequestId",
        "/requestContext/requestTime",
        "/requestContext/requestTimeEpoch",
        "/requestContext/accountId",
        "/requestContext/requestId",
        "/requestContext/apiId",
        "/requestContext/identity/sourceIp",
    ],
    // Where the local AWS is has no name of its own, and it knows nobody who signs requests for an API.
    only_at_aws: &[
        "/requestContext/domainPrefix",
        "/requestContext/domainName",
        "/requestContext/identity/cognitoIdentityPoolId",
        "/requestContext/identity/accountId",
        "/requestContext/identity/cognitoIdentityId",
        "/requestContext/identity/caller",
        "/requestContext/identity/principalOrgId",
        "/requestContext/identity/accessKey",
        "/requestContext/identity/cognitoAuthenticationType",
        "/requestContext/identity/cognitoAuthenticationProvider",
        "/requestContext/identity/userArn",
        "/requestContext/identity/user",
    ],
    // It belongs to the events of HTTP APIs.
    only_here: &["/version"],
};

const MESSAGE: Differences = Differences {
    of_the_day: &[
        "/messageId",
        "/receiptHandle",
        // What comes again is counted; here each comes once.
        "/attributes/ApproximateReceiveCount",
        "/attributes/SentTimestamp",
        "/attributes/SenderId",
        "/attributes/ApproximateFirstReceiveTimestamp",
        "/eventSourceARN",
        "/awsRegion",
    ],
    only_at_aws: &[],
    only_here: &[],
};

const CHANGE: Differences = Differences {
    of_the_day: &[
        "/awsRegion",
        "/dynamodb/ApproximateCreationDateTime",
        "/dynamodb/SequenceNumber",
        // The local AWS says 0.
        "/dynamodb/SizeBytes",
        "/eventID",
        "/eventSourceARN",
    ],
    only_at_aws: &[],
    only_here: &[],
};

const MOMENT: Differences = Differences {
    of_the_day: &["/id", "/account", "/time", "/region", "/resources"],
    only_at_aws: &[],
    only_here: &[],
};

/// What API Gateway writes into each request's headers; the local one passes on the first, and writes nothing. (AWS keeps the names as
/// clients write them. Here they are small, but so does the recorder's own client send them.)
const AWS_HEADERS: [&str; 5] = ["Host", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Amzn-Trace-Id"];
/// What the recorder's own client says without being told to: the files leave it out.
const RECORDERS_HEADERS: [&str; 2] = ["accept", "content-length"];
/// How large the local AWS says that each image is.
const SIZE_HERE: i64 = 0;

impl Kind {
    /// The kind of an event, or of a part of one that somebody has begun to write.
    #[must_use]
    pub fn of(event: &Value) -> Self {
        match event["Records"][0]["eventSource"].as_str() {
            Some("aws:sqs") => Self::Messages,
            Some("aws:dynamodb") => Self::Changes,
            _ if event.get("httpMethod").is_some() => Self::Request,
            _ => Self::Moment,
        }
    }

    /// The file whose order of keys a new one takes over, and what it does not say.
    #[must_use]
    pub const fn model(self) -> &'static str {
        match self {
            Self::Request => "initiate",
            Self::Messages => "retry",
            Self::Changes => "publish",
            Self::Moment => "sweep",
        }
    }
}

/// Whether a header is none of the client's.
#[must_use]
pub fn is_aws_own(header: &str) -> bool {
    AWS_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(header))
}

/// Whether a client proves itself by this header.
#[must_use]
pub const fn is_authorization(header: &str) -> bool {
    header.eq_ignore_ascii_case("authorization")
}

/// What AWS would have handed over, told by what was recorded: in it are the values of the story's day that `file`, or else `model`, has,
/// and what only AWS does.
///
/// # Errors
/// If the local AWS does now what it was known not to do, or no longer does what it was known to do.
pub fn as_aws_has_it(recorded: &Value, file: &Value, model: &Value) -> Result<Value, String> {
    let (records, of_file, of_model) = (&recorded["Records"], &file["Records"], &model["Records"]);
    let each = |differences: &Differences| -> Result<Value, String> {
        let records = records.as_array().into_iter().flatten().enumerate();
        let records = records.map(|(place, record)| evened(record, &of_file[place], &of_model[0], differences));
        Ok(json!({"Records": records.collect::<Result<Vec<Value>, String>>()?}))
    };
    match Kind::of(file) {
        Kind::Messages => each(&MESSAGE),
        Kind::Changes => {
            let sizes = records.as_array().into_iter().flatten().map(|record| &record["dynamodb"]["SizeBytes"]);
            match sizes.into_iter().find(|size| **size != SIZE_HERE) {
                Some(size) => Err(no_difference(&format!("the local AWS says that an image has {size} bytes"))),
                None => each(&CHANGE),
            }
        }
        Kind::Moment => evened(recorded, file, model, &MOMENT),
        Kind::Request => {
            let mut event = evened(recorded, file, model, &REQUEST)?;
            event["queryStringParameters"] =
                the_last(&recorded["multiValueQueryStringParameters"], &recorded["queryStringParameters"])?;
            as_it_was_written(&mut event, file)?;
            for several in ["headers", "multiValueHeaders"] {
                let (sent, model) = (&file["headers"], &model["headers"]);
                event[several] = headers(&recorded[several], sent, model, several != "headers")?;
            }
            Ok(event)
        }
    }
}

fn evened(recorded: &Value, file: &Value, model: &Value, differences: &Differences) -> Result<Value, String> {
    let mut event = recorded.clone();
    let ours = |place: &str| file.pointer(place).or_else(|| model.pointer(place)).cloned();
    for place in differences.of_the_day {
        let here =
            recorded.pointer(place).ok_or_else(|| format!("the local AWS no longer says {place}: {recorded}"))?;
        let ours = ours(place).ok_or_else(|| format!("nobody says {place}"))?;
        if kind_of_json(here) != kind_of_json(&ours) {
            return Err(format!("{place} is {here} and not {ours}"));
        }
        put(&mut event, place, ours);
    }
    for place in differences.only_at_aws {
        if recorded.pointer(place).is_some() {
            return Err(no_difference(&format!("the local AWS says {place} too")));
        }
        put(&mut event, place, ours(place).ok_or_else(|| format!("nobody says {place}"))?);
    }
    for place in differences.only_here {
        if recorded.pointer(place).is_none() {
            return Err(no_difference(&format!("the local AWS does not say {place}")));
        }
        take(&mut event, place);
    }
    Ok(event)
}

fn no_difference(what: &str) -> String {
    format!("{what} by now: take the difference out of story.rs and events/README.md")
}

/// Of a parameter that is given twice AWS shows the last one; the local AWS, in `shown`, the first.
fn the_last(parameters: &Value, shown: &Value) -> Result<Value, String> {
    let Value::Object(parameters) = parameters else { return Ok(Value::Null) };
    let mut last = Map::new();
    for (name, values) in parameters {
        let values: Vec<&Value> = values.as_array().into_iter().flatten().collect();
        if values.first().is_none_or(|first| shown[name] != **first) {
            return Err(no_difference(&format!("the local AWS shows {} of {name}", shown[name])));
        }
        last.insert(name.clone(), values.last().copied().cloned().unwrap_or_default());
    }
    Ok(Value::Object(last))
}

/// AWS hands over a path as the client wrote it; the local AWS takes its percent signs away.
fn as_it_was_written(event: &mut Value, file: &Value) -> Result<(), String> {
    let parameters = file["pathParameters"].as_object().into_iter().flatten();
    let parameters = parameters.map(|(name, _)| format!("/pathParameters/{name}"));
    for place in ["/path", "/requestContext/path"].into_iter().map(str::to_owned).chain(parameters) {
        let (here, written) = (event.pointer(&place), file.pointer(&place));
        if here == written && written.and_then(Value::as_str).is_some_and(|text| decoded(text) != text) {
            return Err(no_difference(&format!("the local AWS says {place} as the client wrote it")));
        }
        let same = written.and_then(Value::as_str).map(decoded).is_some_and(|text| here == Some(&Value::from(text)));
        if let Some(written) = written.filter(|_| same).cloned() {
            put(event, &place, written);
        }
    }
    Ok(())
}

/// The client's headers as they arrived, under the names that it wrote, and AWS's own.
fn headers(recorded: &Value, sent: &Value, model: &Value, are_lists: bool) -> Result<Value, String> {
    let arrived = recorded.as_object().cloned().unwrap_or_default();
    for name in arrived.keys().filter(|name| !AWS_HEADERS[0].eq_ignore_ascii_case(name)) {
        if is_aws_own(name) {
            return Err(no_difference(&format!("the local AWS writes the header {name}")));
        }
        let is_sent = sent.as_object().into_iter().flatten().any(|(sent, _)| sent.eq_ignore_ascii_case(name));
        if !is_sent && !RECORDERS_HEADERS.contains(&name.as_str()) {
            return Err(format!("the local AWS adds the header {name}, which nobody sent"));
        }
    }
    let mut headers = Map::new();
    for (name, value) in sent.as_object().into_iter().flatten().filter(|(name, _)| !is_aws_own(name)) {
        let Some((_, value_here)) = arrived.iter().find(|(here, _)| here.eq_ignore_ascii_case(name)) else { continue };
        // What the client proves itself by was not sent.
        let told = if value_here.is_array() { json!([value]) } else { value.clone() };
        headers.insert(name.clone(), if is_authorization(name) { told } else { value_here.clone() });
    }
    for name in AWS_HEADERS {
        let value = sent.get(name).or_else(|| model.get(name)).cloned().unwrap_or_default();
        headers.insert(name.to_owned(), if are_lists { json!([value]) } else { value });
    }
    Ok(Value::Object(headers))
}

fn put(event: &mut Value, place: &str, value: Value) {
    if let Some((parent, name)) = place.rsplit_once('/')
        && let Some(Value::Object(parent)) = event.pointer_mut(parent)
    {
        parent.insert(name.to_owned(), value);
    }
}

fn take(event: &mut Value, place: &str) {
    if let Some((parent, name)) = place.rsplit_once('/')
        && let Some(Value::Object(parent)) = event.pointer_mut(parent)
    {
        parent.remove(name);
    }
}

const fn kind_of_json(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &Value, count: &str, body: &str) -> Value {
        json!({"Records": [{"messageId": id, "receiptHandle": "r", "body": body, "eventSource": "aws:sqs", "eventSourceARN": "a",
            "awsRegion": "x", "attributes": {"ApproximateReceiveCount": count, "SentTimestamp": "1", "SenderId": "s",
            "ApproximateFirstReceiveTimestamp": "2"}}]})
    }

    #[test]
    fn what_differs_each_day_is_the_files_and_all_else_is_what_was_handed_over() {
        let file = message(&json!("story"), "2", "old");
        let told = as_aws_has_it(&message(&json!("today"), "1", "new"), &file, &Value::Null).unwrap();
        assert_eq!(told, message(&json!("story"), "2", "new"));
    }

    #[test]
    fn a_value_that_is_of_another_kind_now_is_no_matter_of_the_day() {
        let file = message(&json!("story"), "1", "{}");
        let why = as_aws_has_it(&message(&json!(7), "1", "{}"), &file, &Value::Null).unwrap_err();
        assert_eq!(why, "/messageId is 7 and not \"story\"");
    }

    #[test]
    fn a_path_is_as_the_client_wrote_it_and_of_two_values_the_last_one_counts() {
        let mut event =
            json!({"path": "/customers/pia@shop.example", "pathParameters": {"customerId": "pia@shop.example"}});
        let file =
            json!({"path": "/customers/pia%40shop.example", "pathParameters": {"customerId": "pia%40shop.example"}});
        as_it_was_written(&mut event, &file).unwrap();
        assert_eq!(event, file);
        let (given, shown) = (json!({"limit": ["10", "100"], "page": ["2"]}), json!({"limit": "10", "page": "2"}));
        assert_eq!(the_last(&given, &shown).unwrap(), json!({"limit": "100", "page": "2"}));
        assert_eq!(the_last(&Value::Null, &Value::Null).unwrap(), Value::Null);
    }

    #[test]
    fn a_difference_that_is_gone_is_told() {
        let mut event = json!({"path": "/customers/a%40b"});
        let why = as_it_was_written(&mut event.clone(), &event).unwrap_err();
        assert!(why.starts_with("the local AWS says /path as the client wrote it by now"), "{why}");
        event["path"] = json!("/customers/a");
        as_it_was_written(&mut event.clone(), &event).unwrap();

        let why = the_last(&json!({"limit": ["10", "100"]}), &json!({"limit": "100"})).unwrap_err();
        assert!(why.starts_with(r#"the local AWS shows "100" of limit by now"#), "{why}");

        let change = json!({"Records": [{"eventSource": "aws:dynamodb", "dynamodb": {"SizeBytes": 26}}]});
        let why = as_aws_has_it(&change, &change, &Value::Null).unwrap_err();
        assert!(why.starts_with("the local AWS says that an image has 26 bytes by now"), "{why}");

        let sent = json!({"Accept": "*/*"});
        for (name, told) in [
            ("x-forwarded-port", "the local AWS writes the header x-forwarded-port by now"),
            ("x-new", "the local AWS adds the header x-new, which nobody sent"),
        ] {
            let why = headers(&json!({"accept": "*/*", (name): "1"}), &sent, &json!({}), false).unwrap_err();
            assert!(why.starts_with(told), "{why}");
        }
    }

    #[test]
    fn of_a_request_the_client_says_its_headers_and_aws_its_own() {
        let recorded = json!({"content-type": "application/json", "authorization": "Bearer recorded", "host": "127.0.0.1",
            "content-length": "2"});
        let sent =
            json!({"Content-Type": "application/json", "AUTHORIZATION": "Bearer qk", "Host": "api", "Lost": "1"});
        let model = json!({"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https", "X-Amzn-Trace-Id": "r"});
        let told = headers(&recorded, &sent, &model, false).unwrap();
        let wanted = json!({"Content-Type": "application/json", "AUTHORIZATION": "Bearer qk", "Host": "api", "X-Forwarded-For": "203.0.113.7",
            "X-Forwarded-Port": "443", "X-Forwarded-Proto": "https", "X-Amzn-Trace-Id": "r"});
        assert_eq!(told, wanted);
    }
}
