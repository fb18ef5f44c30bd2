//! The one source of everything random in a run: which fate a call has, who is next, what people do.
//!
//! Every draw is written down. The draws *are* the schedule: played again they give the same run, and fewer of them, or
//! smaller ones, give a plainer one. 0 is always the plainest choice (no fault, no kill, in order), and what a schedule that
//! is played again does not say is plain.
//!
//! Each of those who act draws from a stream of their own, named by who started them: so what one of them does keeps its
//! meaning when another does something else, or nothing.

use std::{collections::BTreeMap, fmt};

use crate::host::mix;

/// No run needs so many; one that does goes in circles, and goes on plainly until its steps run out.
const DRAWS_MAX: usize = 200_000;

/// The name of a stream of draws.
pub type StreamName = u64;

/// What was drawn in a run, or is to be drawn: by stream. What is not there is plain.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Schedule(pub BTreeMap<StreamName, Vec<u32>>);

impl Schedule {
    /// How many draws there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many draws are not plain.
    #[must_use]
    pub fn not_plain(&self) -> usize {
        self.0.values().flatten().filter(|draw| **draw > 0).count()
    }

    /// Without what need not be said.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        self.0.retain(|_, draws| {
            while draws.pop_if(|draw| *draw == 0).is_some() {}
            !draws.is_empty()
        });
        self
    }
}

/// What is not plain: stream, place and draw.
impl fmt::Display for Schedule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, draws) in &self.0 {
            let not_plain = draws.iter().enumerate().filter(|(_, draw)| **draw > 0);
            let told: Vec<String> = not_plain.map(|(place, draw)| format!("{place}:{draw}")).collect();
            writeln!(formatter, "  {name:016x} {}", told.join(" "))?;
        }
        Ok(())
    }
}

/// A source of choices.
#[derive(Debug)]
pub struct Choices {
    source: Source,
    streams: Vec<Stream>,
    current: usize,
    count: usize,
}

#[derive(Debug)]
enum Source {
    Seed(u64),
    Given(Schedule),
}

#[derive(Debug)]
struct Stream {
    name: StreamName,
    given: Vec<u32>,
    drawn: Vec<u32>,
    started: u64,
}

impl Choices {
    /// Choices as this seed has them.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Self::of(Source::Seed(seed))
    }

    /// The choices that were drawn before, and plain ones after them.
    #[must_use]
    pub fn given(schedule: Schedule) -> Self {
        Self::of(Source::Given(schedule))
    }

    fn of(source: Source) -> Self {
        let mut choices = Self { source, streams: Vec::new(), current: 0, count: 0 };
        choices.open(0);
        choices
    }

    /// Begins a stream for somebody whom the one who draws now has started. Its number, counted from 1.
    pub fn begin(&mut self) -> usize {
        let Some(parent) = self.streams.get_mut(self.current) else { return 0 };
        parent.started = parent.started.saturating_add(1);
        // As far apart as numbers can be: `mix` makes neighbours strangers.
        let mut name = parent.name.rotate_left(17) ^ parent.started;
        let name = mix(&mut name);
        self.open(name)
    }

    fn open(&mut self, name: StreamName) -> usize {
        let given = match &mut self.source {
            Source::Seed(_) => Vec::new(),
            Source::Given(schedule) => schedule.0.remove(&name).unwrap_or_default(),
        };
        self.streams.push(Stream { name, given, drawn: Vec::new(), started: 0 });
        self.streams.len().saturating_sub(1)
    }

    /// From now on it is drawn from the stream with this number; 0 is that of who is next, and of what all share.
    pub const fn turn_to(&mut self, stream: usize) {
        self.current = stream;
    }

    /// A number below `bound`. Where there is no choice, nothing is drawn.
    pub fn below(&mut self, bound: u32) -> u32 {
        let Some(stream) = self.streams.get_mut(self.current).filter(|_| bound > 1) else { return 0 };
        let number = match &mut self.source {
            _ if self.count >= DRAWS_MAX => 0,
            Source::Seed(state) => scaled(mix(state), bound),
            // A shortened list may offer more than there is to choose from here.
            Source::Given(_) => stream.given.get(stream.drawn.len()).copied().unwrap_or(0).min(bound.saturating_sub(1)),
        };
        self.count = self.count.saturating_add(1);
        stream.drawn.push(number);
        number
    }

    /// Whether one of so many cases is this one. Of none it never is; the plain choice is no. It is drawn all the same, so
    /// that what is drawn later means the same.
    pub fn one_in(&mut self, many: u32) -> bool {
        let drawn = self.below(many.max(2));
        many != 0 && drawn == many.saturating_sub(1)
    }

    /// One of these; the first is the plainest.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let drawn = self.below(u32::try_from(of.len()).unwrap_or(u32::MAX));
        usize::try_from(drawn).ok().and_then(|drawn| of.get(drawn)).copied()
    }

    /// What was drawn.
    #[must_use]
    pub fn into_drawn(self) -> Schedule {
        let drawn = self.streams.into_iter().filter(|stream| !stream.drawn.is_empty());
        Schedule(drawn.map(|stream| (stream.name, stream.drawn)).collect())
    }
}

/// Spreads a random number evenly over what is below `bound`.
fn scaled(random: u64, bound: u32) -> u32 {
    let scaled = u128::from(random).saturating_mul(u128::from(bound)) >> 64;
    u32::try_from(scaled).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(choices: &mut Choices) -> Vec<u32> {
        (0..1_000).map(|_| choices.below(7)).collect()
    }

    #[test]
    fn a_seed_draws_the_same_every_time_and_every_number_that_it_may() {
        let drawn = draw(&mut Choices::of_seed(1));
        assert_eq!(drawn, draw(&mut Choices::of_seed(1)));
        assert_ne!(drawn, draw(&mut Choices::of_seed(2)));
        assert!((0..7).all(|number| drawn.iter().filter(|&&it| it == number).count() > 100), "{drawn:?}");
    }

    #[test]
    fn what_was_drawn_can_be_played_again_and_ends_plainly() {
        let mut first = Choices::of_seed(3);
        let drawn = draw(&mut first);
        let mut again = Choices::given(first.into_drawn());
        assert_eq!(draw(&mut again), drawn);
        assert_eq!((again.below(9), again.one_in(2), again.pick(&["plain", "not"])), (0, false, Some("plain")));
        let eight = Schedule([(0, vec![8])].into());
        assert_eq!(Choices::given(eight).below(3), 2, "never more than there is to choose from");
    }

    #[test]
    fn what_one_draws_means_the_same_when_another_draws_nothing() {
        let mut choices = Choices::of_seed(5);
        let (one, other) = (choices.begin(), choices.begin());
        choices.turn_to(one);
        draw(&mut choices);
        choices.turn_to(other);
        let drawn = draw(&mut choices);
        let mut schedule = choices.into_drawn();
        let first = *schedule.0.keys().find(|name| schedule.0.get(name).is_some_and(|it| *it != drawn)).unwrap();
        schedule.0.remove(&first);
        let mut again = Choices::given(schedule);
        let (one, other) = (again.begin(), again.begin());
        again.turn_to(other);
        assert_eq!(draw(&mut again), drawn);
        again.turn_to(one);
        assert_eq!(again.below(7), 0);
    }

    #[test]
    fn where_there_is_no_choice_nothing_is_drawn() {
        let mut choices = Choices::of_seed(1);
        assert_eq!((choices.below(1), choices.below(0), choices.pick::<u8>(&[])), (0, 0, None));
        assert!(choices.into_drawn().is_empty());
    }
}
