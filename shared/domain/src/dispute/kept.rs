//! The merchant's papers as the dispute's row keeps them.

use std::collections::BTreeMap;

use super::{Paper, Papers};
use crate::personal::{Kept, PersonId, Sealed};

/// Papers that nobody can read without the payer's key: they tell of the payer from beginning to end.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptPapers {
    person: Option<PersonId>,
    papers: BTreeMap<Paper, Kept>,
}

impl KeptPapers {
    /// None.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { person: None, papers: BTreeMap::new() }
    }

    /// Papers that were sealed with a key of `person`.
    #[must_use]
    pub fn sealed(person: PersonId, papers: impl IntoIterator<Item = (Paper, Sealed)>) -> Self {
        let papers: BTreeMap<Paper, Kept> =
            papers.into_iter().map(|(paper, sealed)| (paper, Kept::Sealed(sealed))).collect();
        // Nothing is nobody's.
        Self { person: (!papers.is_empty()).then_some(person), papers }
    }

    /// Papers as the first release kept them.
    #[must_use]
    pub fn clear(papers: &Papers) -> Self {
        let papers = papers.iter().map(|(paper, text)| (paper, Kept::Clear(text.to_owned()))).collect();
        Self { person: None, papers }
    }

    /// Whose they are; none if there is nothing, or it is in clear.
    #[must_use]
    pub const fn person(&self) -> Option<PersonId> {
        self.person
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.papers.is_empty()
    }

    /// All of them, always in the same order.
    pub fn iter(&self) -> impl Iterator<Item = (Paper, &Kept)> {
        self.papers.iter().map(|(paper, kept)| (*paper, kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{personal::KeyNumber, text::Text};

    #[test]
    fn sealed_papers_are_somebodys_and_nothing_is_nobodys() {
        let person = PersonId::of_customer(&Text::parse("c-1").unwrap());
        let sealed = Sealed { key: KeyNumber::FIRST, bytes: vec![1] };
        assert_eq!(KeptPapers::sealed(person, [(Paper::Receipt, sealed)]).person(), Some(person));
        assert_eq!(KeptPapers::sealed(person, []), KeptPapers::nothing());
        let papers = Papers::parse([(Paper::Receipt, "file_1".to_owned())].into()).unwrap();
        assert_eq!(KeptPapers::clear(&papers).person(), None);
    }
}
