//! What happened in a run, in plain words. Nothing is written down unless somebody listens: a run that breaks nothing is
//! not worth telling, and one that does is played again.

use std::{fmt, time::Duration};

/// More lines than anybody reads.
const LINES_MAX: usize = 5_000;

/// The story of a run.
#[derive(Debug, Default)]
pub(super) struct Story(Option<Vec<String>>);

impl Story {
    /// One that is told.
    pub(super) const fn told() -> Self {
        Self(Some(Vec::new()))
    }

    /// One that nobody listens to.
    pub(super) const fn untold() -> Self {
        Self(None)
    }

    /// Goes on with what happened so long after the beginning.
    pub(super) fn tell(&mut self, after: Duration, what: impl FnOnce() -> String) {
        if let Some(lines) = self.0.as_mut().filter(|lines| lines.len() < LINES_MAX) {
            lines.push(format!("{}  {}", clock(after), what()));
        }
    }
}

impl fmt::Display for Story {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().flatten().try_for_each(|line| writeln!(formatter, "{line}"))
    }
}

/// Days, hours, minutes, seconds and milliseconds, right-aligned.
fn clock(after: Duration) -> String {
    let (ms, seconds) = (after.subsec_millis(), after.as_secs());
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let time = format!("{:02}:{:02}:{:02}.{ms:03}", hours % 24, minutes % 60, seconds % 60);
    if days == 0 { format!("     {time}") } else { format!("{days:>2} d {time}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_story_is_told_in_order_with_its_times_and_only_to_those_who_listen() {
        let mut story = Story::told();
        story.tell(Duration::from_millis(1_002), || "a".to_owned());
        story.tell(Duration::from_secs(90_061), || "b".to_owned());
        assert_eq!(story.to_string(), "     00:00:01.002  a\n 1 d 01:01:01.000  b\n");
        let mut unheard = Story::untold();
        unheard.tell(Duration::ZERO, || unreachable!("nobody listens"));
        assert_eq!(unheard.to_string(), "");
    }
}
