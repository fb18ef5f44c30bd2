//! Searches a model completely, breadth first: every state that can be reached within its bounds, once.
//!
//! 1. In each state the promises are asked. The first state that breaks one is the nearest one, so the way to it is the
//!    shortest story.
//! 2. Afterwards the graph is walked backwards from the settled states, along the edges that need no mishap: what that
//!    never reaches is stuck.

use std::{
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher},
    io::Write,
    time::{Duration, Instant},
};

/// What can be searched.
pub(crate) trait Model {
    /// One moment. Two moments from which the same can happen must be equal.
    type State: Copy + Eq + Hash;
    /// What happened from one moment to the next.
    type Deed: Copy;

    /// Where everything begins.
    fn start(&self) -> Self::State;
    /// All that can happen next.
    fn next(&self, state: &Self::State, out: &mut Vec<Edge<Self>>);
    /// The promise that is broken here.
    fn broken(&self, state: &Self::State) -> Option<&'static str>;
    /// Whether this is an end.
    fn is_settled(&self, state: &Self::State) -> bool;
    /// A deed in plain words. `swapped`: the two workers have changed their names an odd number of times.
    fn tell(&self, before: &Self::State, deed: Self::Deed, swapped: bool) -> String;
}

/// A step from one state to the next.
pub(crate) struct Edge<M: Model + ?Sized> {
    pub(crate) deed: M::Deed,
    pub(crate) to: M::State,
    /// Whether the workers changed their names: a state does not say which of two is which.
    pub(crate) swapped: bool,
    /// Whether it happens although nothing fails and nobody but the payer's bank takes part.
    pub(crate) by_itself: bool,
    /// The promise that is broken by taking it.
    pub(crate) breaks: Option<&'static str>,
}

/// What a search came to.
pub(crate) struct Report {
    pub(crate) states: usize,
    pub(crate) edges: usize,
    /// Steps from the start to the farthest state.
    pub(crate) depth: usize,
    pub(crate) took: Duration,
    /// Whether all states were seen. A broken promise ends the search, and so does `STATES_MAX`.
    pub(crate) complete: bool,
    pub(crate) found: Option<Found>,
}

/// A broken promise and how it came about.
pub(crate) struct Found {
    pub(crate) promise: &'static str,
    pub(crate) story: Vec<String>,
}

/// More states than this are not kept: about 4 GB of memory.
const STATES_MAX: usize = 40_000_000;

/// Searches `model` until nothing is left to see, or a promise is broken.
pub(crate) fn search<M: Model>(model: &M) -> Report {
    let mut search = Search::new(model);
    let mut found = search.forwards();
    if found.is_none() && search.complete {
        found = search.stuck();
    }
    Report {
        states: search.states.len(),
        edges: search.edges,
        depth: search.depth,
        took: search.began.elapsed(),
        complete: search.complete && found.is_none(),
        found,
    }
}

struct Search<'a, M: Model> {
    model: &'a M,
    began: Instant,
    states: Vec<M::State>,
    /// From which state each was first reached.
    parents: Vec<u32>,
    seen: Seen,
    edges: usize,
    /// The edges that need no mishap: state `i` leads to `by_itself[first[i]..first[i + 1]]`.
    by_itself: Vec<u32>,
    first: Vec<usize>,
    depth: usize,
    complete: bool,
}

impl<'a, M: Model> Search<'a, M> {
    fn new(model: &'a M) -> Self {
        let start = model.start();
        let mut seen = Seen::default();
        seen.insert(&start, &[]);
        Self {
            model,
            began: Instant::now(),
            states: vec![start],
            parents: vec![0],
            seen,
            edges: 0,
            by_itself: Vec::new(),
            first: vec![0],
            depth: 0,
            complete: true,
        }
    }

    fn forwards(&mut self) -> Option<Found> {
        let mut edges = Vec::new();
        let mut of_this_depth = 1;
        for at in 0.. {
            let Some(state) = self.states.get(at).copied() else { break };
            if at == of_this_depth {
                self.depth += 1;
                of_this_depth = self.states.len();
            }
            if let Some(promise) = self.model.broken(&state) {
                return Some(Found { promise, story: self.story(at) });
            }
            if self.states.len() > STATES_MAX {
                self.complete = false;
                break;
            }
            edges.clear();
            self.model.next(&state, &mut edges);
            for edge in &edges {
                if let Some(promise) = edge.breaks {
                    let mut story = self.story(at);
                    story.push(self.model.tell(&state, edge.deed, self.is_swapped(at)));
                    return Some(Found { promise, story });
                }
                self.edges += 1;
                let to = self.place(at, edge.to);
                if edge.by_itself {
                    self.by_itself.push(to);
                }
            }
            self.first.push(self.by_itself.len());
        }
        None
    }

    /// The number of a state, which is new if nobody saw it before.
    fn place(&mut self, from: usize, state: M::State) -> u32 {
        let (number, is_new) = self.seen.insert(&state, &self.states);
        if is_new {
            self.states.push(state);
            self.parents.push(index(from));
        }
        number
    }

    /// The first state from which no end can be reached unless something outside helps.
    fn stuck(&self) -> Option<Found> {
        let mut settles: Vec<bool> = self.states.iter().map(|state| self.model.is_settled(state)).collect();
        // Most edges lead to a later state, so that going from the last to the first needs few rounds.
        let mut moved = true;
        while moved {
            moved = false;
            for at in (0..settles.len()).rev().filter(|at| self.first.len() > at + 1) {
                let leads = &self.by_itself[self.first[at]..self.first[at + 1]];
                if !settles[at] && leads.iter().any(|to| settles[*to as usize]) {
                    settles[at] = true;
                    moved = true;
                }
            }
        }
        let stuck = settles.iter().position(|settles| !settles)?;
        Some(Found { promise: "P7: it can never settle by itself", story: self.story(stuck) })
    }

    /// The shortest way to a state, in plain words.
    fn story(&self, to: usize) -> Vec<String> {
        let mut story = Vec::new();
        let mut swapped = false;
        let way = self.way(to);
        for pair in way.windows(2) {
            let (before, after) = (&self.states[pair[0]], &self.states[pair[1]]);
            let edge = self.edge(before, after);
            story.push(self.model.tell(before, edge.deed, swapped));
            swapped ^= edge.swapped;
        }
        story
    }

    fn is_swapped(&self, at: usize) -> bool {
        let way = self.way(at);
        let swaps =
            way.windows(2).filter(|pair| self.edge(&self.states[pair[0]], &self.states[pair[1]]).swapped).count();
        swaps % 2 == 1
    }

    fn way(&self, to: usize) -> Vec<usize> {
        let mut way = vec![to];
        while let Some(&at) = way.last().filter(|at| **at != 0) {
            way.push(self.parents[at] as usize);
        }
        way.reverse();
        way
    }

    fn edge(&self, before: &M::State, after: &M::State) -> Edge<M> {
        let mut edges = Vec::new();
        self.model.next(before, &mut edges);
        edges.into_iter().find(|edge| edge.to == *after).expect("it was found by this edge")
    }
}

fn index(at: usize) -> u32 {
    u32::try_from(at).expect("fewer states than STATES_MAX")
}

/// Which states were seen: a table of their numbers, so that each state is kept only once.
#[derive(Default)]
struct Seen {
    /// One more than the number of a state; 0 is free. Never more than half full.
    slots: Vec<u32>,
    len: usize,
}

impl Seen {
    const SLOTS_FIRST: usize = 1 << 10;

    /// The number of `state`, and whether it is new. `states` are all that were seen, by their numbers.
    fn insert<S: Copy + Eq + Hash>(&mut self, state: &S, states: &[S]) -> (u32, bool) {
        if self.slots.len() < 2 * (self.len + 1) {
            self.grow(states);
        }
        let mut slot = self.slot(state);
        loop {
            match self.slots[slot] {
                0 => break,
                number if states[number as usize - 1] == *state => return (number - 1, false),
                _ => slot = (slot + 1) % self.slots.len(),
            }
        }
        self.len += 1;
        self.slots[slot] = index(self.len);
        (index(self.len - 1), true)
    }

    fn grow<S: Copy + Eq + Hash>(&mut self, states: &[S]) {
        let size = Self::SLOTS_FIRST.max(2 * self.slots.len());
        self.slots = vec![0; size];
        for (number, state) in states.iter().enumerate() {
            let mut slot = self.slot(state);
            while self.slots[slot] != 0 {
                slot = (slot + 1) % size;
            }
            self.slots[slot] = index(number + 1);
        }
    }

    fn slot<S: Hash>(&self, state: &S) -> usize {
        // The upper half of the product is the well mixed one.
        (QuickHash::default().hash_one(state) >> 32) as usize % self.slots.len()
    }
}

/// A hash for what nobody attacks: several times quicker than the standard one.
pub(crate) type QuickHash = BuildHasherDefault<Quick>;

#[derive(Default)]
pub(crate) struct Quick(u64);

impl Quick {
    /// An odd number without pattern (2^64 divided by the golden ratio).
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(Self::FACTOR);
    }
}

impl Hasher for Quick {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.add(u64::from(*byte)));
    }

    fn write_u8(&mut self, word: u8) {
        self.add(u64::from(word));
    }

    fn write_u16(&mut self, word: u16) {
        self.add(u64::from(word));
    }

    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.add(word.cast_unsigned() as u64);
    }
}

impl Report {
    /// Says past the test's capture what was searched: the figures are what the test is for.
    pub(crate) fn announce(&self, scope: &str) {
        let line = format!("model: {scope}: {}\n", self.figures());
        std::io::stdout().write_all(line.as_bytes()).expect("there is somewhere to say it");
    }

    /// What was found, and how much was searched for it.
    pub(crate) fn figures(&self) -> String {
        let verdict = match (&self.found, self.complete) {
            (Some(found), _) => found.promise,
            (None, true) => "safe and live",
            (None, false) => "nothing found, but not everything was seen",
        };
        let Self { states, edges, depth, took, .. } = self;
        format!("{verdict}; {states} states, {edges} edges, {depth} deep, {took:.1?}")
    }

    /// The story, a numbered line for each step.
    pub(crate) fn story(&self) -> String {
        let Some(found) = &self.found else { return String::new() };
        let steps = found.story.iter().enumerate().map(|(number, step)| format!("  {:2}. {step}\n", number + 1));
        steps.chain([format!("  ⇒   {}\n", found.promise)]).collect()
    }
}
