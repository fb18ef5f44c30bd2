//! Runs futures without a runtime. They take turns in a fixed order, so that a race is the same in every run.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

/// A future that is not ready after so many turns waits for something that will never come.
const TURNS_MAX: u32 = 1_000_000;

/// Two functions of five round trips each have 252 orders, and some more where one makes the other begin anew.
const ORDERS_MAX: u32 = 50_000;

/// Runs a future to its end.
///
/// # Panics
/// If it does not end: in this world nothing happens by itself, so it never would.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..TURNS_MAX {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    #[expect(clippy::panic, reason = "a test that hangs must say so")]
    {
        panic!("still not ready after {TURNS_MAX} turns")
    }
}

/// Runs a future until it ends, or until `enough` is so: asked before every turn. Whoever then drops it has killed it
/// where it stood.
pub fn advance<F: Future>(mut future: Pin<&mut F>, mut enough: impl FnMut() -> bool) -> Poll<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..TURNS_MAX {
        if enough() {
            break;
        }
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Poll::Ready(output);
        }
    }
    Poll::Pending
}

/// Lets the others have a turn: the moment in which a message is on its way.
pub async fn pass() {
    let mut passed = false;
    poll_fn(|context| {
        if passed {
            return Poll::Ready(());
        }
        passed = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs futures side by side and gives their outputs in the order of the futures.
pub async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Running<F>> = futures.into_iter().map(|future| Running::Yet(Box::pin(future))).collect();
    poll_fn(|context| {
        let mut all_done = true;
        for one in &mut running {
            if let Running::Yet(future) = one {
                match future.as_mut().poll(context) {
                    Poll::Ready(output) => *one = Running::Done(output),
                    Poll::Pending => all_done = false,
                }
            }
        }
        if all_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let output = |one| match one {
        Running::Done(output) => Some(output),
        Running::Yet(_) => None,
    };
    running.into_iter().filter_map(output).collect()
}

enum Running<F: Future> {
    Yet(Pin<Box<F>>),
    Done(F::Output),
}

// The future is pinned in its own box, and an output is only ever moved out.
impl<F: Future> Unpin for Running<F> {}

/// Runs a scene once for every order in which its race can go, and says how many there are.
///
/// # Panics
/// If there are more than anybody would wait for.
pub fn in_every_order(mut scene: impl FnMut(&mut Order)) -> u32 {
    let mut order = Order::default();
    for orders in 1..=ORDERS_MAX {
        scene(&mut order);
        if !order.next() {
            return orders;
        }
    }
    #[expect(clippy::panic, reason = "a test that hangs must say so")]
    {
        panic!("more than {ORDERS_MAX} orders")
    }
}

/// One order in which two futures take their steps.
#[derive(Debug, Default)]
pub struct Order {
    /// Who takes a step wherever both could: the other one?
    choices: Vec<bool>,
    made: usize,
}

impl Order {
    /// Runs both to their ends. A step is two turns, in which a message is sent and served; what one does between two
    /// steps nobody else can see, so that no finer order would show anything new.
    ///
    /// # Panics
    /// If one of them does not end.
    pub fn race<A: Future, B: Future>(&mut self, one: A, other: B) -> (A::Output, B::Output) {
        let (mut one, mut other) = (pin!(one), pin!(other));
        loop {
            if self.other_is_next() {
                if let Poll::Ready(output) = step(other.as_mut()) {
                    return (block_on(one), output);
                }
            } else if let Poll::Ready(output) = step(one.as_mut()) {
                return (output, block_on(other));
            }
        }
    }

    fn other_is_next(&mut self) -> bool {
        let choice = self.choices.get(self.made).copied();
        self.made = self.made.saturating_add(1);
        choice.unwrap_or_else(|| {
            self.choices.push(false);
            false
        })
    }

    /// Goes on to the next order. Whether there is one.
    fn next(&mut self) -> bool {
        self.choices.truncate(self.made);
        self.made = 0;
        while self.choices.pop_if(|other| *other).is_some() {}
        self.choices.last_mut().is_some_and(|other| {
            *other = true;
            true
        })
    }
}

/// Two turns: one in which a message sets out, and one in which it is served.
fn step<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    let mut turns = 0_u32;
    advance(future, || {
        turns = turns.saturating_add(1);
        turns > 2
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn futures_take_turns_and_keep_their_places() {
        let trace = RefCell::new(Vec::new());
        let outputs = block_on(all((0..3).map(|name| {
            let trace = &trace;
            async move {
                for _ in 0..2 {
                    trace.borrow_mut().push(name);
                    pass().await;
                }
                name
            }
        })));
        assert_eq!(outputs, [0, 1, 2]);
        assert_eq!(trace.into_inner(), [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn a_future_stops_where_it_is_told_to() {
        let passed = RefCell::new(0);
        let mut future = pin!(async {
            for _ in 0..3 {
                *passed.borrow_mut() += 1;
                pass().await;
            }
        });
        assert_eq!(advance(future.as_mut(), || *passed.borrow() == 2), Poll::Pending);
        assert_eq!(*passed.borrow(), 2);
        assert_eq!(advance(future.as_mut(), || false), Poll::Ready(()));
        assert_eq!(*passed.borrow(), 3);
    }

    #[test]
    fn a_race_is_run_in_every_order() {
        let mut seen = std::collections::BTreeSet::new();
        let orders = in_every_order(|order| {
            let trace = RefCell::new(String::new());
            let one = |name| {
                let trace = &trace;
                async move {
                    for _ in 0..3 {
                        pass().await;
                        trace.borrow_mut().push(name);
                        pass().await;
                    }
                }
            };
            order.race(one('a'), one('b'));
            seen.insert(trace.into_inner());
        });
        // Three of six messages are the one's.
        assert_eq!(seen.len(), 20, "{seen:?}");
        assert!(orders >= 20);
    }

    #[test]
    #[should_panic(expected = "still not ready")]
    fn a_future_that_waits_for_nothing_is_found() {
        block_on(std::future::pending::<()>());
    }
}
