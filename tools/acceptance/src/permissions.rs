//! What template.yaml lets whom do, as far as it says so: every statement of a policy, with the comment that stands above it.
//!
//! Must never: pass over what it does not understand. A grant that is not seen is one that nobody judges.

use std::collections::BTreeMap;
use std::mem;

use crate::repository::{of_stage, resources};

/// The calls that change the table.
pub const WRITING: [&str; 7] = [
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:PartiQLInsert",
    "dynamodb:PartiQLUpdate",
    "dynamodb:PartiQLDelete",
];

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The resource whose policy it stands in: `ConfirmRole`, `TableKey`.
    pub by: String,
    /// The words above it, none if it has none.
    pub comment: String,
    /// The condition of the template under which it is there at all.
    pub condition: Option<String>,
    /// What it says: `Effect`, `Action`, `Resource`, …
    pub fields: BTreeMap<String, String>,
}

impl Grant {
    /// Which calls it is about.
    ///
    /// # Panics
    /// If it does not say.
    #[must_use]
    pub fn actions(&self) -> Vec<String> {
        self.list("Action")
    }

    /// Which things it is about, in the template's own words: `!GetAtt Table.Arn`.
    ///
    /// # Panics
    /// If it does not say.
    #[must_use]
    pub fn things(&self) -> Vec<String> {
        self.list("Resource")
    }

    /// Whether it lets the table be changed.
    ///
    /// # Panics
    /// If it does not say what it is about.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.actions().iter().any(|action| WRITING.contains(&action.as_str()))
    }

    /// How the keys begin of the rows that it is about; none if it is about any.
    ///
    /// # Panics
    /// If it has a condition of another kind.
    #[must_use]
    pub fn rows(&self) -> Option<Vec<String>> {
        let condition = self.fields.get("Condition")?;
        let keys = ["StringLike", "StringEquals"].iter().find_map(|operator| {
            let before = format!("{{ ForAllValues:{operator}: {{ dynamodb:LeadingKeys: [");
            condition
                .strip_prefix(&before)?
                .strip_suffix("] } }")
                .filter(|_| condition.contains('*') == (*operator == "StringLike"))
        });
        let keys = keys.unwrap_or_else(|| panic!("{}: a condition that nobody understands: {condition}", self.by));
        Some(keys.split(", ").map(|key| key.trim_matches('"').to_owned()).collect())
    }

    fn list(&self, field: &str) -> Vec<String> {
        let text =
            self.fields.get(field).unwrap_or_else(|| panic!("{}: a statement without {field}: {self:?}", self.by));
        // What the stage decides is judged as production has it.
        let text = match text.strip_prefix("!FindInMap [ByStage, !Ref Stage, ") {
            Some(name) => of_stage("prod", name.trim_end_matches(']')),
            None => text.clone(),
        };
        let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let items = inner.map_or_else(|| vec![text.as_str()], |inner| apart(inner));
        items.into_iter().map(|item| item.replace('"', "")).collect()
    }
}

/// Every statement of every policy in the template, in its order, those about who may take a role and those of log groups apart.
#[must_use]
pub fn grants() -> Vec<Grant> {
    let mut grants = Vec::new();
    for (by, text) in resources() {
        for (comment, lines) in statements(&text) {
            let (condition, fields) = said(&lines);
            if fields.contains_key("Effect") {
                grants.push(Grant { by: by.clone(), comment, condition, fields });
            } else {
                assert!(fields.contains_key("DataIdentifier"), "{by}: a statement that nobody understands: {lines:?}");
            }
        }
    }
    grants
}

/// The items of each list `Statement:`, as lines without the list's own indentation, with the comment above each.
fn statements(text: &str) -> Vec<(String, Vec<&str>)> {
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    let (mut inside, mut comment) = (None, String::new());
    for line in text.lines() {
        let bare = line.trim_start();
        let indentation = line.len().saturating_sub(bare.len());
        if bare == "Statement:" {
            inside = Some(indentation.saturating_add(2));
            continue;
        }
        let Some(at) = inside else { continue };
        if bare.is_empty() || indentation < at {
            (inside, comment) = (None, String::new());
            continue;
        }
        if let Some(words) = bare.strip_prefix('#') {
            // Between the lines of a statement, a comment is about those.
            if indentation == at {
                comment.push_str(words);
            }
            continue;
        }
        if indentation == at && bare.starts_with("- ") {
            found.push((mem::take(&mut comment), Vec::new()));
        }
        if let Some((_, lines)) = found.last_mut() {
            lines.push(line.split_at(at).1);
        }
    }
    found
}

/// The condition and the fields of a statement: all in one line, `!If` around that, or a line for each field.
fn said(lines: &[&str]) -> (Option<String>, BTreeMap<String, String>) {
    let in_one_line = |line: &str| {
        let inner = line.trim().strip_prefix("- {")?.strip_suffix('}')?.to_owned();
        Some(apart(&inner).into_iter().map(field).collect())
    };
    if lines[0].starts_with("- !If") {
        let condition = lines[1].trim().trim_start_matches("- ").to_owned();
        let fields = lines.iter().find_map(|line| in_one_line(line));
        return (Some(condition), fields.unwrap_or_else(|| panic!("not understood: {lines:?}")));
    }
    if let Some(fields) = in_one_line(lines[0]) {
        return (None, fields);
    }
    let mut fields: Vec<String> = Vec::new();
    for line in lines {
        let line = line.split_at(2).1;
        match fields.last_mut() {
            // What stands deeper belongs to the field above.
            Some(last) if line.starts_with(' ') => last.push_str(line),
            _ => fields.push(line.to_owned()),
        }
    }
    (None, fields.iter().map(|line| field(line)).collect())
}

fn field(text: &str) -> (String, String) {
    let (name, value) = text.trim().split_once(':').unwrap_or_else(|| panic!("no field: {text}"));
    (name.to_owned(), value.trim().to_owned())
}

/// A list's items, however many brackets they bear.
fn apart(text: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let items = text.split(|letter: char| {
        match letter {
            '[' | '{' => depth = depth.saturating_add(1),
            ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    });
    items.map(str::trim).filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(Option<String>, Vec<String>, Vec<String>)> {
        let of = |(_, lines): (String, Vec<&str>)| {
            let (condition, fields) = said(&lines);
            let grant = Grant { by: String::new(), comment: String::new(), condition, fields };
            (grant.condition.clone(), grant.actions(), grant.things())
        };
        statements(text).into_iter().map(of).collect()
    }

    #[test]
    fn rows_are_named_by_how_their_keys_begin() {
        let of = |condition: &str| {
            let fields = BTreeMap::from([("Condition".to_owned(), condition.to_owned())]);
            Grant { by: "R".to_owned(), comment: String::new(), condition: None, fields }.rows()
        };
        let rows = of(r#"{ ForAllValues:StringLike: { dynamodb:LeadingKeys: ["PAY#*", "ENDPOINTS"] } }"#);
        assert_eq!(rows, Some(vec!["PAY#*".to_owned(), "ENDPOINTS".to_owned()]));
        let none = Grant { by: String::new(), comment: String::new(), condition: None, fields: BTreeMap::new() };
        assert_eq!(none.rows(), None);
    }

    #[test]
    #[should_panic(expected = "a condition that nobody understands")]
    fn a_condition_of_another_kind_is_not_passed_over() {
        let fields = BTreeMap::from([("Condition".to_owned(), "{ StringLike: { a: b } }".to_owned())]);
        drop(Grant { by: String::new(), comment: String::new(), condition: None, fields }.rows());
    }

    #[test]
    fn a_statement_is_read_however_it_is_written_down() {
        let text = r#"
            Statement:
              # Why.
              - { Effect: Allow, Action: [a:One, a:Two], Resource: !GetAtt Table.Arn }
              - Effect: Allow
                # About the action.
                Action: b:One
                Resource: [!Sub "${Table.Arn}/index/due", "*"]
                Condition:
                  StringEquals: { c: d }
              - !If
                - HasEventBus
                - { Effect: Allow, Action: events:PutEvents, Resource: !GetAtt Bus.Arn }
                - !Ref AWS::NoValue

        Other:
          - { Effect: Allow, Action: c:No, Resource: c }"#;
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            read(text),
            [
                (None, texts(&["a:One", "a:Two"]), texts(&["!GetAtt Table.Arn"])),
                (None, texts(&["b:One"]), texts(&["!Sub ${Table.Arn}/index/due", "*"])),
                (Some("HasEventBus".to_owned()), texts(&["events:PutEvents"]), texts(&["!GetAtt Bus.Arn"])),
            ]
        );
        assert_eq!(statements(text).into_iter().map(|(comment, _)| comment).collect::<Vec<_>>(), [" Why.", "", ""]);
    }
}
