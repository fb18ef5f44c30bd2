//! Who may do what, read from template.yaml: a role for each function, no wildcard that is not on a list with its reason, and the table
//! in docs/SECURITY.md.
//!
//! `least_privilege.rs` tries out what the roles let through; `superfluous/` takes each right away and sees what breaks.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "a test speaks by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use acceptance::permissions::{Grant, WRITING, grants};
use acceptance::repository::{DeployedFunction, deployed_functions, of_stage, read, resources, rust_files};
use expect_test::expect_file;

/// Every star in what the template grants, and why it cannot be a name. In the policy of a key, `*` is that key.
const STARS: [(&str, &str, &str); 12] = [
    ("PublishRole", "dynamodb:ListStreams on *", "AWS has no resource for it"),
    ("ReleaseRole", "cloudwatch:DescribeAlarms on *", "CodeDeploy asks for several at once; it only reads"),
    (
        "ReleaseRole",
        "lambda:GetAlias, lambda:UpdateAlias, lambda:GetProvisionedConcurrencyConfig on \
         !Sub arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-*",
        "all functions of the stack, which bear its name, with their aliases and versions",
    ),
    ("TableKey", "kms:* on *", "whoever administers the account must be able to administer its key, or nobody can"),
    (
        "TableKey",
        "kms:Encrypt, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey*, kms:DescribeKey, kms:CreateGrant on *",
        "what AWS documents for DynamoDB, and through DynamoDB alone",
    ),
    ("PeopleKey", "kms:* on *", "whoever administers the account must be able to administer its key, or nobody can"),
    (
        "PeopleKey",
        "kms:Encrypt, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey* on *",
        "denied, to whoever does not ask for this table",
    ),
    ("ServicesKey", "kms:* on *", "whoever administers the account must be able to administer its key, or nobody can"),
    (
        "ServicesKey",
        "kms:Encrypt, kms:Decrypt, kms:ReEncrypt*, kms:GenerateDataKey*, kms:DescribeKey, kms:CreateGrant on *",
        "as the keys that AWS makes for queues and secrets say, and through those alone",
    ),
    (
        "ServicesKey",
        "kms:Encrypt*, kms:Decrypt*, kms:ReEncrypt*, kms:GenerateDataKey*, kms:Describe* on *",
        "what AWS documents for logs, and for our groups alone",
    ),
    ("AlarmsKey", "kms:* on *", "whoever administers the account must be able to administer its key, or nobody can"),
    ("AlarmsKey", "kms:Decrypt, kms:GenerateDataKey* on *", "what AWS documents for alarms to an encrypted topic"),
];

/// The rows of which a part is changed; every other one is written whole.
const CHANGED_IN_PART: &str = "BRK#*";

/// Rows that whoever reads them may read alone.
const NARROW: [&str; 2] = [CHANGED_IN_PART, "CTL#pause"];

/// The ports that write rows, and how the keys of those begin (`adapters/src/dynamo/keys.rs`).
const WRITERS: [(&str, &str); 12] = [
    ("CreatePayment", "PAY#*"),
    ("ReplacePayment", "PAY#*"),
    ("CreateDispute", "DSP#*"),
    ("ReplaceDispute", "DSP#*"),
    ("WriteWarning", "WRN#*"),
    ("CreateDelivery", "DLV#*"),
    ("ReplaceDelivery", "DLV#*"),
    ("ReplaceEndpoints", "ENDPOINTS"),
    ("PutEntry", "TML#*"),
    ("PutMovement", "JRN#*"),
    ("SaveKeyring", "CUS#*"),
    ("CountDeclines", CHANGED_IN_PART),
];

/// The ports that `shared/flow` makes out of those, and what they come to.
const THROUGH: [(&str, &str); 1] = [("Seal", "CUS#*")];

/// The ports of the table that only read.
const READERS: [&str; 16] = [
    "FindDue",
    "FindEntries",
    "FindNewest",
    "ListDisputes",
    "ListEvents",
    "ListPayments",
    "LoadDelivery",
    "LoadDispute",
    "LoadEndpoints",
    "LoadEvent",
    "LoadKeyring",
    "LoadPauses",
    "LoadPayment",
    "LoadTimeline",
    "LoadVersion",
    "LoadWarning",
];

/// The role that no function has, and who takes it: CodeDeploy, which moves the functions' aliases in prod.
const RELEASES: (&str, &str) = ("ReleaseRole", "codedeploy.amazonaws.com");

/// What every function may do with the log group that bears its name, and with no other.
const LOGGING: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];

/// Around the table in docs/SECURITY.md.
const TABLE_BEGINS: &str =
    "<!-- From template.yaml: `UPDATE_EXPECT=1 cargo test -p acceptance --test permissions` writes it anew. -->\n";
const TABLE_ENDS: &str = "<!-- So far. -->\n";

#[test]
fn every_function_has_a_role_of_its_own_and_every_role_one_function() {
    let roles: BTreeSet<String> = of_type("AWS::IAM::Role").into_iter().map(|(name, _)| name).collect();
    let functions = deployed_functions();
    let taken = functions.iter().map(|DeployedFunction { binary, text, .. }| {
        let role = text.lines().find_map(|line| line.trim().strip_prefix("Role: !GetAtt ")?.strip_suffix(".Arn"));
        role.unwrap_or_else(|| panic!("{binary} has no role in the template, so SAM would make one up")).to_owned()
    });
    let taken: BTreeSet<String> = taken.collect();
    assert_eq!(taken.len(), functions.len(), "no two functions share a role");
    let releases = BTreeSet::from([RELEASES.0.to_owned()]);
    assert_eq!(&taken | &releases, roles, "a role that no function has is one that somebody else may take");
    for (name, text) in of_type("AWS::IAM::Role") {
        let by = if name == RELEASES.0 { RELEASES.1 } else { "lambda.amazonaws.com" };
        let trusts =
            format!("Statement: [{{ Effect: Allow, Principal: {{ Service: {by} }}, Action: sts:AssumeRole }}]");
        assert_eq!(text.matches("Principal").count(), 1, "{name} is taken by one");
        assert!(text.contains(&trusts), "{name} is taken by {by} and by nobody else");
    }
}

#[test]
fn rights_are_granted_where_this_test_reads_them_and_nowhere_else() {
    for (name, text) in resources() {
        for word in [
            "ManagedPolicyArns",
            "AWS::IAM::Policy",
            "AWS::IAM::ManagedPolicy",
            "AWS::IAM::User",
            "NotAction",
            "NotResource",
        ] {
            assert!(!text.contains(word), "{name}: {word}");
        }
        if text.contains("Type: AWS::Serverless::Function") {
            assert!(!text.contains("Policies:"), "{name}: SAM would write policies of its own");
        }
        if text.contains("Type: AWS::WAFv2::WebACL") {
            // What a firewall calls a statement grants nothing.
            continue;
        }
        let roles_own =
            text.lines().filter(|line| line.trim().starts_with("Statement:") && line.trim() != "Statement:");
        for line in roles_own {
            assert!(line.contains("sts:AssumeRole"), "{name}: a statement that is not read: {line}");
        }
    }
    for grant in grants().into_iter().filter(|grant| grant.by.ends_with("Role")) {
        let said: Vec<&str> = grant.fields.keys().map(String::as_str).filter(|name| *name != "Condition").collect();
        assert_eq!(said, ["Action", "Effect", "Resource"], "{}: {:?}", grant.by, grant.fields);
        assert_eq!(grant.fields["Effect"], "Allow", "{}", grant.by);
        let reads = grant.actions().iter().any(|action| !WRITING.contains(&action.as_str()));
        match grant.rows() {
            None => assert!(!grant.writes(), "{} may write any row", grant.by),
            // The local AWS does not know the condition, so that nothing here shows a row that somebody must read and may not.
            Some(rows) if reads => assert!(NARROW.contains(&rows.join(",").as_str()), "{}: {rows:?}", grant.by),
            Some(_) => {}
        }
    }
}

#[test]
fn no_star_is_granted_that_is_not_on_the_list_and_none_without_a_word_about_it() {
    let mut found = BTreeSet::new();
    for grant in grants() {
        let (actions, things) = (grant.actions(), grant.things());
        if ![&actions, &things].into_iter().flatten().any(|text| text.contains('*')) {
            continue;
        }
        assert!(!grant.comment.is_empty(), "{}: a star, and no comment above it: {:?}", grant.by, grant.fields);
        found.insert((grant.by.clone(), format!("{} on {}", actions.join(", "), things.join(", "))));
    }
    let listed = STARS.map(|(by, what, _)| (by.to_owned(), what.to_owned()));
    assert_eq!(found, listed.into());
}

#[test]
fn what_only_the_local_aws_asks_for_is_granted_there_alone() {
    let (local, production) = (of_stage("local", "SendMessages"), of_stage("prod", "SendMessages"));
    assert_eq!((of_stage("staging", "SendMessages"), production.as_str()), (production.clone(), "[sqs:SendMessage]"));
    assert_eq!(local, "[sqs:SendMessage, sqs:SendMessageBatch]");
}

#[test]
fn a_function_writes_to_its_own_log_and_to_no_other() {
    for DeployedFunction { logical_id, .. } in deployed_functions() {
        let logging: Vec<(Vec<String>, Vec<String>)> = of_role(&logical_id)
            .into_iter()
            .filter(|grant| grant.actions().iter().any(|action| action.starts_with("logs:")))
            .map(|grant| (grant.actions(), grant.things()))
            .collect();
        let wanted = (LOGGING.map(str::to_owned).to_vec(), vec![format!("!GetAtt {logical_id}Logs.Arn")]);
        assert_eq!(logging, [wanted], "{logical_id}");
    }
}

#[test]
fn a_function_may_write_the_rows_that_its_operation_is_handed_and_no_others() {
    let mut tellers = BTreeSet::new();
    for DeployedFunction { logical_id, binary, .. } in deployed_functions() {
        let operation = binary.replace('-', "_");
        let sources = rust_files("shared/flow/src/operations/").into_iter().filter(|(path, _)| {
            let name = path.trim_start_matches("shared/flow/src/operations/");
            name == format!("{operation}.rs") || name.starts_with(&format!("{operation}/"))
        });
        let source: String = sources.map(|(_, text)| text).collect();
        let handed: BTreeSet<&str> =
            WRITERS.iter().chain(&THROUGH).filter(|(port, _)| says(&source, port)).map(|(_, rows)| *rows).collect();
        let granted: Vec<String> = of_role(&logical_id)
            .into_iter()
            .filter(Grant::writes)
            .flat_map(|grant| {
                let rows = grant.rows().unwrap_or_else(|| panic!("{binary} may write any row"));
                let is_in_part = grant.actions().contains(&"dynamodb:UpdateItem".to_owned());
                assert_eq!(is_in_part, rows == [CHANGED_IN_PART], "{binary}: {rows:?}");
                rows
            })
            .collect();
        assert_eq!(granted.iter().map(String::as_str).collect::<BTreeSet<_>>(), handed, "{binary}");
        if granted.iter().any(|rows| ["TML#*", "JRN#*"].contains(&rows.as_str())) {
            assert!(!granted.iter().any(|rows| ["PAY#*", "DSP#*", "WRN#*"].contains(&rows.as_str())), "{binary}");
            tellers.insert(binary);
        }
    }
    assert_eq!(tellers, BTreeSet::from(["publish".to_owned()]), "who tells is nobody who changes what is told");
}

#[test]
fn every_port_of_the_table_is_known_to_write_these_rows_or_to_read() {
    let table: String = rust_files("shared/adapters/src/dynamo/").into_iter().map(|(_, text)| text).collect();
    let ports: BTreeSet<&str> = table
        .lines()
        .filter_map(|line| line.strip_prefix("impl ")?.strip_suffix(" for PaymentTable {"))
        .map(|port| port.rsplit("::").next().unwrap_or(port))
        .collect();
    let known: BTreeSet<&str> = WRITERS.iter().map(|(port, _)| *port).chain(READERS).collect();
    assert_eq!(ports, known);
    let keys = read("shared/adapters/src/dynamo/keys.rs");
    for (port, rows) in WRITERS {
        let key = rows.trim_end_matches('*');
        assert!(keys.contains(&format!(": &str = \"{key}\";")), "{port}: no row's key begins with {key}");
    }
}

#[test]
fn the_table_in_security_md_is_what_the_template_grants() {
    let text = read("docs/SECURITY.md");
    let (before, rest) = text.split_once(TABLE_BEGINS).unwrap_or_else(|| panic!("no place for the table"));
    let (_, after) = rest.split_once(TABLE_ENDS).unwrap_or_else(|| panic!("the table has no end"));
    expect_file!["../../../docs/SECURITY.md"]
        .assert_eq(&format!("{before}{TABLE_BEGINS}{}{TABLE_ENDS}{after}", table()));
}

/// A row for each function, a column for each kind of thing.
fn table() -> String {
    let mut text =
        "| function | rows of the table | indexes | secrets | queues | else |\n|---|---|---|---|---|---|\n".to_owned();
    for DeployedFunction { logical_id, binary, .. } in deployed_functions() {
        let mut cells: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        for grant in of_role(&logical_id) {
            let actions = grant.actions();
            if actions.iter().any(|action| LOGGING.contains(&action.as_str())) {
                continue;
            }
            for thing in grant.things() {
                let (column, mut words) = cell(&actions, &thing);
                if let Some(rows) = grant.rows() {
                    write!(words, " of `{}`", rows.join("`, `")).unwrap_or_default();
                }
                let condition = grant.condition.as_ref().map(|condition| format!(" (if `{condition}`)"));
                cells.entry(column).or_default().push(words + &condition.unwrap_or_default());
            }
        }
        write!(text, "| `{binary}` |").unwrap_or_default();
        for column in 0..5 {
            let words = cells.get(&column).map(|words| words.join("; ")).unwrap_or_default();
            write!(text, " {words}{}|", if words.is_empty() { "" } else { " " }).unwrap_or_default();
        }
        text.push('\n');
    }
    text
}

/// In which column it stands what may be done with a thing, and in which words.
fn cell(actions: &[String], thing: &str) -> (usize, String) {
    let (service, _) = actions[0].split_once(':').unwrap_or_else(|| panic!("{actions:?}"));
    let calls: Vec<&str> = actions.iter().map(|action| action.rsplit(':').next().unwrap_or_default()).collect();
    let calls = format!("`{}`", calls.join("`, `"));
    let name = thing.trim_start_matches("!GetAtt ").trim_end_matches(".Arn").trim_end_matches(".Id");
    match (service, thing) {
        ("dynamodb", "!GetAtt Table.Arn") => (0, calls),
        ("dynamodb", index) if index.contains("/index/") => {
            (1, format!("{calls} `{}`", index.rsplit('/').next().unwrap_or_default()))
        }
        ("secretsmanager", _) => {
            assert_eq!(calls, "`GetSecretValue`", "{thing}");
            (2, format!("`{name}`"))
        }
        ("sqs", _) => (3, format!("{calls} `{name}`")),
        (_, "*") => (4, format!("{calls} (all there are)")),
        _ => (4, format!("{calls} `{name}`")),
    }
}

/// Whether a source says a word, whole.
fn says(source: &str, word: &str) -> bool {
    source.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|found| found == word)
}

fn of_role(logical_id: &str) -> Vec<Grant> {
    let role = format!("{logical_id}Role");
    grants().into_iter().filter(|grant| grant.by == role).collect()
}

fn of_type(kind: &str) -> Vec<(String, String)> {
    let declared = format!("    Type: {kind}\n");
    resources().into_iter().filter(|(_, text)| text.starts_with(&declared)).collect()
}
