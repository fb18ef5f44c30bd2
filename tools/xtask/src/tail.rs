//! `cargo xtask tail [transactionId] [--stack <name>]`: the life of payments as it happens, one line per event.
//!
//! Each commit stores the event that caused it, so the two images of a row in the table's stream tell what happened,
//! who made it happen and when somebody looks again. All payments are followed from now on; one payment, named by its
//! id, from the beginning of the stream, which is a day ago.
//!
//! Phases: the stream is opened ([`source`], [`stream`]); its records are read as changes of payments ([`row`]); each
//! is a line ([`line`]). Lines go to standard output, everything else to standard error.
//!
//! Must never: write anything to a stack, or let a text out of a row reach the terminal raw.

mod line;
mod row;
mod source;
mod stream;

use std::io::{self, ErrorKind, Write};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use self::line::{Screen, shown};
use self::source::{Connection, Source, Trouble};
use self::stream::{Begin, Stream};
use crate::failure::{Failure, While};
use crate::interrupt;
use crate::key::flag;
use crate::place::Place;

/// How long a stack that was there may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run(place: &Place, words: &[&str]) -> Result<(), Failure> {
    let mut words = words.to_vec();
    let stack = flag(&mut words, "--stack")?;
    let only = match words.as_slice() {
        [] => None,
        [id] if id.starts_with("pay_") => Some(*id),
        _ => return Err(Failure::new("say `tail`, or `tail pay_…` for one payment")),
    };
    interrupt::listen()?;
    let source = Source::of(place, stack)?;
    Tail { source: &source, only, screen: Screen::from_environment(), silent: None, found: only.is_none() }.follow()
}

struct Tail<'a> {
    source: &'a Source<'a>,
    only: Option<&'a str>,
    screen: Screen,
    /// Since when the stack has not answered.
    silent: Option<Instant>,
    /// Whether the one payment that is followed has been heard of, or missed aloud.
    found: bool,
}

/// A stream, and the connection it is read through.
struct Reading<'a> {
    connection: Connection<'a>,
    stream: Stream,
}

/// Whether there is anybody left to read what we print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Listens,
    Left,
}

impl<'a> Tail<'a> {
    fn follow(mut self) -> Result<(), Failure> {
        let begin = if self.only.is_some() { Begin::Oldest } else { Begin::Now };
        // A stack that is not there at the start is told at once.
        let mut reading = match self.open(begin) {
            Ok(reading) => Some(reading),
            Err(_) if interrupt::interrupted() => return Ok(()),
            Err(trouble) => return Err(Failure::new(trouble.to_string())),
        };
        let since = if self.only.is_some() { "a day ago" } else { "now" };
        eprintln!("following {} from {since} on; Ctrl-C ends it", self.source.name());
        while !interrupt::interrupted() {
            let mut records = Vec::new();
            let outcome = match &mut reading {
                Some(open) => open.stream.read(&open.connection, &mut records),
                // Another stream than before: all that is in it is news.
                None => self.open(Begin::Oldest).map(|open| {
                    reading = Some(open);
                    stream::Round::default()
                }),
            };
            if self.print(&records)? == Reader::Left {
                return Ok(());
            }
            match outcome {
                Ok(round) => self.answered(&round),
                Err(_) if interrupt::interrupted() => return Ok(()),
                Err(Trouble::Gone) => {
                    reading = None;
                    self.silence(&Trouble::Gone)?;
                }
                Err(trouble) => self.silence(&trouble)?,
            }
            if records.is_empty() {
                thread::sleep(self.source.pause());
            }
        }
        Ok(())
    }

    fn open(&self, begin: Begin) -> Result<Reading<'a>, Trouble> {
        let connection = self.source.connect()?;
        let stream = Stream::open(&connection, connection.table(), begin)?;
        Ok(Reading { connection, stream })
    }

    fn print(&mut self, records: &[Value]) -> Result<Reader, Failure> {
        let mut out = io::stdout().lock();
        for told in records.iter().filter_map(row::read) {
            if self.only.is_some_and(|id| told.id() != id) {
                continue;
            }
            self.found = true;
            match writeln!(out, "{}", self.screen.line(&told)) {
                Ok(()) => {}
                // `tail | head` has seen enough.
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Reader::Left),
                Err(error) => return Err(error).while_doing("printing"),
            }
        }
        Ok(Reader::Listens)
    }

    fn answered(&mut self, round: &stream::Round) {
        if self.silent.take().is_some() {
            eprintln!("{} answers again", self.source.name());
        }
        if round.gap {
            eprintln!("the stream was not read for a while: events may be missing here");
        }
        if round.at_the_end && !self.found {
            // A slip of the pen, or a payment that has been quiet for long.
            eprintln!("nothing has happened to {} in a day; waiting", shown(self.only.unwrap_or_default()));
            self.found = true;
        }
    }

    /// Says once that the stack is silent, and gives up in the end.
    fn silence(&mut self, trouble: &Trouble) -> Result<(), Failure> {
        let name = self.source.name();
        if self.source.is_stopped() {
            return Err(Failure::new(format!("{name} was stopped; `cargo xtask up` starts it again")));
        }
        match self.silent {
            None => {
                eprintln!("{name} does not answer ({trouble}); trying for {} s", PATIENCE.as_secs());
                self.silent = Some(Instant::now());
                Ok(())
            }
            Some(since) if since.elapsed() < PATIENCE => Ok(()),
            Some(_) => Err(Failure::new(format!("{name} has not answered for {} s ({trouble})", PATIENCE.as_secs()))),
        }
    }
}

#[cfg(test)]
mod tests;
