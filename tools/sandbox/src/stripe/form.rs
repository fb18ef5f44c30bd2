//! Stripe's request bodies: forms whose names nest with brackets (`metadata[order]=1`, `expand[]=latest_charge`).
//!
//! Decoding happens once, here, into a tree; nothing behind it looks at text again. It must never trust a name: depth
//! and number of fields are bounded.

use std::collections::BTreeMap;

use super::error::StripeError;

/// Stripe's deepest documented parameter has five levels.
const MAX_DEPTH: usize = 8;
/// A payment with full metadata, addresses and options has about a hundred fields.
const MAX_FIELDS: usize = 500;

/// A decoded parameter, or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tree {
    Text(String),
    Branch(BTreeMap<String, Tree>),
}

/// The decoded request, and the pairs it came from in a fixed order, which is what idempotency compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) tree: Tree,
    pub(crate) pairs: Vec<(String, String)>,
}

impl Form {
    pub(crate) fn decode(encoded: &[u8]) -> Result<Self, StripeError> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(encoded).into_owned().take(MAX_FIELDS + 1).collect();
        if pairs.len() > MAX_FIELDS {
            return Err(StripeError::invalid(format!("A request may have at most {MAX_FIELDS} parameters.")));
        }
        Self::of(pairs)
    }

    /// From names and values that are decoded already.
    pub(crate) fn of(mut pairs: Vec<(String, String)>) -> Result<Self, StripeError> {
        let mut tree = Tree::Branch(BTreeMap::new());
        for (name, value) in &pairs {
            tree.insert(&path_of(name)?, value, name)?;
        }
        pairs.sort();
        Ok(Self { tree, pairs })
    }
}

impl Tree {
    pub(crate) fn get(&self, name: &str) -> Option<&Tree> {
        match self {
            Tree::Branch(children) => children.get(name),
            Tree::Text(_) => None,
        }
    }

    /// The text at this name. An empty one, which unsets a field at Stripe, counts as not given.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Tree::Text(text) if !text.is_empty() => Some(text),
            Tree::Text(_) | Tree::Branch(_) => None,
        }
    }

    pub(crate) fn owned_text(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text == "true")
    }

    /// The texts of a list, in their order.
    pub(crate) fn texts(&self, name: &str) -> Option<Vec<String>> {
        let Some(Tree::Branch(children)) = self.get(name) else { return None };
        let mut numbered: Vec<(usize, &Tree)> =
            children.iter().filter_map(|(index, child)| Some((index.parse().ok()?, child))).collect();
        numbered.sort_by_key(|(index, _)| *index);
        Some(numbered.into_iter().filter_map(|(_, child)| child.as_text().map(str::to_owned)).collect())
    }

    /// The pairs of a flat hash, such as metadata.
    pub(crate) fn map(&self, name: &str) -> BTreeMap<String, String> {
        let Some(Tree::Branch(children)) = self.get(name) else { return BTreeMap::new() };
        children.iter().filter_map(|(key, child)| Some((key.clone(), child.as_text()?.to_owned()))).collect()
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Tree::Text(text) => Some(text),
            Tree::Branch(_) => None,
        }
    }

    fn insert(&mut self, path: &[&str], value: &str, name: &str) -> Result<(), StripeError> {
        let clash =
            || StripeError::invalid(format!("Invalid request: the parameter {name} is given twice.")).param(name);
        let (Some((first, rest)), Tree::Branch(children)) = (path.split_first(), self) else { return Err(clash()) };
        // `a[]` takes the next free place of the list.
        let key = if first.is_empty() { children.len().to_string() } else { (*first).to_owned() };
        if rest.is_empty() {
            let before = children.insert(key, Tree::Text(value.to_owned()));
            return if before.is_none() { Ok(()) } else { Err(clash()) };
        }
        children.entry(key).or_insert_with(|| Tree::Branch(BTreeMap::new())).insert(rest, value, name)
    }
}

/// `a[b][]` → `["a", "b", ""]`.
fn path_of(name: &str) -> Result<Vec<&str>, StripeError> {
    let malformed = || StripeError::invalid(format!("Invalid parameter name: {name}")).param(name);
    let Some((head, brackets)) = name.split_once('[') else {
        return if name.is_empty() { Err(malformed()) } else { Ok(vec![name]) };
    };
    let inner = brackets.strip_suffix(']').ok_or_else(malformed)?;
    let path: Vec<&str> = std::iter::once(head).chain(inner.split("][")).collect();
    if head.is_empty() || path.len() > MAX_DEPTH || path.iter().any(|part| part.contains(['[', ']'])) {
        return Err(malformed());
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_nest_and_lists_keep_their_order() {
        let form =
            Form::decode(b"amount=5&metadata[a]=1&metadata[b%20c]=2&expand[]=x&expand[]=y&items[1]=q&items[0]=p")
                .unwrap();
        assert_eq!(form.tree.text("amount"), Some("5"));
        assert_eq!(form.tree.map("metadata").get("b c").map(String::as_str), Some("2"));
        assert_eq!(form.tree.texts("expand"), Some(vec!["x".to_owned(), "y".to_owned()]));
        assert_eq!(form.tree.texts("items"), Some(vec!["p".to_owned(), "q".to_owned()]));
    }

    #[test]
    fn the_order_of_parameters_does_not_make_another_request() {
        assert_eq!(Form::decode(b"a=1&b=2").unwrap().pairs, Form::decode(b"b=2&a=1").unwrap().pairs);
    }

    #[test]
    fn malformed_or_doubled_names_are_refused() {
        for bad in
            ["a[b=1", "[b]=1", "a]=1&a[=2", "a=1&a=2", "a=1&a[b]=2", "a[[b]]=1", "=1", "a[b][c][d][e][f][g][h][i]=1"]
        {
            let decoded = Form::decode(bad.as_bytes());
            // A lone closing bracket is an odd name, not a malformed one: it is refused as unknown later.
            assert!(decoded.is_err(), "{bad} was read as {decoded:?}");
        }
    }

    #[test]
    fn too_many_parameters_are_refused() {
        assert!(Form::decode("a[]=1&".repeat(MAX_FIELDS + 1).as_bytes()).is_err());
    }
}
