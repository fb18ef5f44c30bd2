//! A bounded store of objects that remembers the order in which they came, because gateways list newest first.

use std::collections::HashMap;

/// Enough for the longest load test we run; a sandbox beyond it is asked to be reset rather than to forget money.
pub(crate) const MAX_OBJECTS: usize = 200_000;

/// The shelf is full, and nothing on it may be forgotten.
#[derive(Debug)]
pub(crate) struct Full;

#[derive(Debug)]
pub(crate) struct Shelf<T> {
    places: HashMap<String, usize>,
    items: Vec<T>,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { places: HashMap::new(), items: Vec::new() }
    }
}

impl<T> Shelf<T> {
    pub(crate) fn put(&mut self, id: &str, item: T) -> Result<(), Full> {
        if self.items.len() >= MAX_OBJECTS {
            return Err(Full);
        }
        self.places.insert(id.to_owned(), self.items.len());
        self.items.push(item);
        Ok(())
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.places.get(id).and_then(|place| self.items.get(*place))
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        self.places.get(id).and_then(|place| self.items.get_mut(*place))
    }

    /// Oldest first; reverse it to list as a gateway does.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }
}
