//! Every issue that PayPal documents for the routes that are simulated, and those of two more, as data.
//!
//! The natural ones arise from the state of the objects; any can be asked for: by the header `PayPal-Mock-Response`, as
//! PayPal's own sandbox has it, or by a rule of the kind `issue`.

use std::sync::LazyLock;

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    pub(crate) status: u16,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
}

/// The issue of this name.
pub(crate) fn find(name: &str) -> Option<&'static Issue> {
    TABLE.iter().find(|issue| issue.name == name)
}

static TABLE: LazyLock<Vec<Issue>> = LazyLock::new(|| include_str!("issues.tsv").lines().filter_map(row).collect());

fn row(line: &'static str) -> Option<Issue> {
    let mut columns = line.split('\t');
    let status = columns.next()?.parse().ok()?;
    Some(Issue { status, name: columns.next()?, description: columns.next()? })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_is_read_and_no_name_means_two_things() {
        let rows = include_str!("issues.tsv").lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!((TABLE.len(), rows > 150), (rows, true));
        assert!(TABLE.iter().all(|issue| (400..500).contains(&issue.status) && !issue.description.is_empty()));
        assert_eq!(TABLE.iter().map(|issue| issue.name).collect::<BTreeSet<_>>().len(), rows);
    }

    #[test]
    fn no_code_of_ours_names_an_issue_that_is_not_in_the_table() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/paypal");
        let mut named = 0;
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            for rest in text.split("PaypalError::issue(\"").skip(1) {
                let name = rest.split('"').next().unwrap();
                assert!(find(name).is_some(), "{name}");
                named += 1;
            }
        }
        assert!(named > 30, "only {named} were found");
    }

    #[test]
    fn an_issue_is_found_by_its_name() {
        assert_eq!(find("INSTRUMENT_DECLINED").unwrap().status, 422);
        assert_eq!(find("PERMISSION_DENIED").unwrap().status, 403);
        assert!(find("NO_SUCH_ISSUE").is_none());
    }
}
