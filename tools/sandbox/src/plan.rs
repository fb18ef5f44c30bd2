//! What is to go wrong, and how often: rules in their order, each used up by what it strikes.
//!
//! Pure; shared by the faults of the gateways and those of AWS. A used-up rule is remembered, so that a test can prove
//! that its fault has happened: a fault that silently does not strike is a green test that proves nothing.

use std::collections::VecDeque;

use serde::Serialize;

use crate::ids::Ids;

/// More rules than any scenario needs; a test that adds them in a loop should hear about it.
pub(crate) const MAX_RULES: usize = 100;
/// How many used-up rules are remembered.
const MAX_SPENT: usize = 1_000;

/// How often a rule strikes; every kind of rule bears one.
pub(crate) trait Rule: Clone + Serialize {
    /// Refuses a rule that cannot mean anything.
    fn check(&self) -> Result<(), String>;
    /// How many more requests that fit are let through first.
    fn skip_mut(&mut self) -> &mut u32;
    /// How many more requests suffer.
    fn times_mut(&mut self) -> &mut u32;
}

/// A rule at work. Shown with what is left of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Armed<R> {
    pub(crate) id: String,
    struck: u32,
    #[serde(flatten)]
    rule: R,
}

/// The rules in their order; the first that fits a request is used up by it.
pub(crate) struct Plan<R> {
    waiting: Vec<Armed<R>>,
    spent: VecDeque<Armed<R>>,
    ids: Ids,
}

/// What the control routes show.
#[derive(Serialize)]
pub(crate) struct Listing<'a, R> {
    /// Those that will strike again, with how often that is.
    faults: &'a [Armed<R>],
    /// Those that are used up, oldest first.
    spent: &'a VecDeque<Armed<R>>,
}

impl<R> Default for Plan<R> {
    fn default() -> Self {
        Self { waiting: Vec::new(), spent: VecDeque::new(), ids: Ids::new() }
    }
}

impl<R: Rule> Plan<R> {
    pub(crate) fn add(&mut self, mut rule: R) -> Result<Armed<R>, String> {
        if *rule.times_mut() == 0 {
            return Err("times must be at least 1".to_owned());
        }
        rule.check()?;
        if self.waiting.len() >= MAX_RULES {
            return Err(format!("at most {MAX_RULES} rules"));
        }
        let armed = Armed { id: self.ids.next("fault_"), struck: 0, rule };
        self.waiting.push(armed.clone());
        Ok(armed)
    }

    /// Takes one rule back, used up or not. Says whether there was one.
    pub(crate) fn remove(&mut self, id: &str) -> bool {
        let before = self.waiting.len().saturating_add(self.spent.len());
        self.waiting.retain(|armed| armed.id != id);
        self.spent.retain(|armed| armed.id != id);
        before != self.waiting.len().saturating_add(self.spent.len())
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.spent.clear();
    }

    /// Nothing is going to strike, so nobody needs to look at requests.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn list(&self) -> Listing<'_, R> {
        Listing { faults: &self.waiting, spent: &self.spent }
    }

    /// The rule that strikes this request, if one does. A rule that lets the request pass leaves it to the next.
    pub(crate) fn strike(&mut self, fits: impl Fn(&R) -> bool) -> Option<R> {
        let place = self.waiting.iter_mut().position(|armed| fits(&armed.rule) && !passes(&mut armed.rule))?;
        let armed = self.waiting.get_mut(place)?;
        let left = armed.rule.times_mut();
        *left = left.saturating_sub(1);
        let used_up = *left == 0;
        armed.struck = armed.struck.saturating_add(1);
        let struck = armed.rule.clone();
        if used_up {
            let armed = self.waiting.remove(place);
            if self.spent.len() >= MAX_SPENT {
                self.spent.pop_front();
            }
            self.spent.push_back(armed);
        }
        Some(struck)
    }
}

fn passes<R: Rule>(rule: &mut R) -> bool {
    let skip = rule.skip_mut();
    let passes = *skip > 0;
    *skip = skip.saturating_sub(1);
    passes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize)]
    struct Numbered {
        number: u32,
        skip: u32,
        times: u32,
    }

    impl Rule for Numbered {
        fn check(&self) -> Result<(), String> {
            if self.number == 13 { Err("unlucky".to_owned()) } else { Ok(()) }
        }

        fn skip_mut(&mut self) -> &mut u32 {
            &mut self.skip
        }

        fn times_mut(&mut self) -> &mut u32 {
            &mut self.times
        }
    }

    fn rule(number: u32, skip: u32, times: u32) -> Numbered {
        Numbered { number, skip, times }
    }

    fn struck(plan: &mut Plan<Numbered>) -> Option<u32> {
        plan.strike(|_| true).map(|rule| rule.number)
    }

    #[test]
    fn a_rule_strikes_as_often_as_it_says_and_is_remembered() {
        let mut plan = Plan::default();
        plan.add(rule(1, 0, 2)).unwrap();
        assert!(plan.strike(|_| false).is_none());
        assert_eq!((struck(&mut plan), struck(&mut plan), struck(&mut plan)), (Some(1), Some(1), None));
        let listing = serde_json::to_value(plan.list()).unwrap();
        assert_eq!((&listing["faults"], &listing["spent"][0]["struck"]), (&serde_json::json!([]), &2.into()));
    }

    #[test]
    fn a_rule_that_lets_a_request_pass_leaves_it_to_the_next_rule() {
        let mut plan = Plan::default();
        plan.add(rule(1, 1, 1)).unwrap();
        plan.add(rule(2, 0, 1)).unwrap();
        assert_eq!((struck(&mut plan), struck(&mut plan), struck(&mut plan)), (Some(2), Some(1), None));
    }

    #[test]
    fn one_rule_can_be_taken_back_without_the_others() {
        let mut plan = Plan::default();
        let first = plan.add(rule(1, 0, 1)).unwrap().id;
        plan.add(rule(2, 0, 1)).unwrap();
        assert!(plan.remove(&first) && !plan.remove(&first));
        assert_eq!(struck(&mut plan), Some(2));
    }

    #[test]
    fn a_rule_that_cannot_mean_anything_is_refused_and_so_is_one_too_many() {
        let mut plan = Plan::default();
        assert!(plan.add(rule(1, 0, 0)).is_err());
        assert!(plan.add(rule(13, 0, 1)).is_err());
        (0..MAX_RULES).for_each(|_| drop(plan.add(rule(1, 0, 1)).unwrap()));
        assert!(plan.add(rule(1, 0, 1)).is_err());
    }
}
