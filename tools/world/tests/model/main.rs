//! A model of the protocol, searched completely: everything that two functions, a payer, a bank, a gateway and bad luck
//! can do to one payment, in every order, within the bounds that each test prints.
//!
//! The rules that are searched are the shipped ones: `decide`, `judge` and `apply` of the domain move the row
//! ([`rows`]). Only the steps between which a function can be overtaken or killed are the model's own, a short mirror
//! of `flow` ([`workers`]). The gateway ([`gateway`]) and all that goes on around ([`around`]) are as hostile as Stripe
//! may be.
//!
//! Asked in every state: the promises P1, P2, P4, P5 and P9 ([`promises`]); P6 after each webhook, and P7 after all
//! faults ([`healing`]); and that an end can be reached from everywhere. What is broken is told by the shortest story
//! there is.
//!
//! Bounded are the attempts, the captures and the mishaps; whatever else there is may happen as often as it can. The
//! tests here take a minute and a half of one core; `MODEL_ATTEMPTS`, `MODEL_CAPTURES`, `MODEL_KILLS`, `MODEL_TIMEOUTS`,
//! `MODEL_SPOILT`, `MODEL_BROWSER` and `MODEL_DASHBOARD` in the environment take more. [`teeth`] shows what a search
//! would find.
//!
//! Refunds are searched apart ([`refunds`]), by the same rules: P3 is asked there. So are answers to disputes
//! ([`disputes`]), and payments at PayPal ([`orders`]).
//!
//! Not in it: more than one object, amount or currency (E7); a store that fails, or lies about who
//! won; rounds and back-off. The simulation has most of those.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a model that does not hold together is a failed test"
)]

mod around;
mod disputes;
mod forgetting;
mod gateway;
mod healing;
mod orders;
mod promises;
mod refunds;
mod rows;
mod search;
mod state;
mod story;
mod teeth;
mod workers;
mod wrong;

use std::{cell::RefCell, collections::HashMap, env, fmt};

use domain::payment::CaptureMethod;
use world::proof::figure;

use self::{
    gateway::Books,
    healing::Patient,
    rows::{Facts, Moved, Question, RowId, Rows},
    search::{QuickHash, search},
    state::{ATTEMPTS, CAPTURES, Clock, Left, REQUESTS, State, Step, Worker},
    wrong::Wrong,
};

/// The common payment: nothing but the payer's browser, a killed function and a lost answer come between.
#[test]
fn whoever_is_killed_and_whatever_is_lost_a_payment_is_safe_and_live() {
    let left = Left { kills: 1, timeouts: 1, browser: 1, ..Left::NOTHING };
    is_safe_and_live(Scope { bounds: Bounds { attempts: 2, captures: 0, left }, ..Scope::PAYER_THERE });
}

/// The gateway fails and saves it, refuses outright, and the merchant meddles from the dashboard.
#[test]
fn whatever_the_gateway_spoils_and_the_dashboard_does_a_payment_is_safe_and_live() {
    let left = Left { kills: 1, timeouts: 1, spoilt: 1, dashboard: 1, ..Left::NOTHING };
    is_safe_and_live(Scope { bounds: Bounds { attempts: 2, captures: 0, left }, ..Scope::PAYER_THERE });
}

#[test]
fn a_payment_that_is_held_and_captured_later_is_safe_and_live() {
    let left = Left { kills: 1, timeouts: 1, spoilt: 1, dashboard: 1, ..Left::NOTHING };
    let bounds = Bounds { attempts: 1, captures: 2, left };
    is_safe_and_live(Scope { capture: CaptureMethod::Manual, bounds, ..Scope::PAYER_THERE });
}

#[test]
fn a_payment_that_is_tried_again_while_its_payer_is_away_is_safe_and_live() {
    let left = Left { kills: 1, timeouts: 1, spoilt: 1, ..Left::NOTHING };
    let bounds = Bounds { attempts: 2, captures: 0, left };
    is_safe_and_live(Scope { payer_is_away: true, bounds, ..Scope::PAYER_THERE });
}

/// The shipped protocol, asked everything, within the bounds of `scope` and of the environment.
fn is_safe_and_live(scope: Scope) {
    let scope = Scope { bounds: scope.bounds.or_from_the_environment(), ..scope };
    let report = search(&Protocol::new(scope, None, Asking::Everything));
    report.announce(&scope.to_string());
    figure("model", report.states as u64, "states");
    assert!(report.found.is_none(), "{scope}\n{}", report.story());
    assert!(report.complete, "{scope}: there is more to see than fits");
}

/// What kind of payment is searched, and how much may happen to it.
#[derive(Debug, Clone, Copy)]
struct Scope {
    capture: CaptureMethod,
    payer_is_away: bool,
    bounds: Bounds,
}

/// How much may happen.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    attempts: u8,
    captures: u8,
    left: Left,
}

/// Which promises are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// That nothing untrue is ever told: P1, P2, P4, P5, P9.
    Safety,
    /// That, and that everything comes to its end: P6, P7.
    Everything,
}

/// The protocol that is searched: the shipped one, or a wrong one.
struct Protocol {
    scope: Scope,
    wrong: Option<Wrong>,
    asking: Asking,
    rows: RefCell<Rows>,
    all_news: RefCell<HashMap<(RowId, Clock, Step), bool, QuickHash>>,
    healed: RefCell<HashMap<Patient, Option<&'static str>, QuickHash>>,
}

impl Protocol {
    fn new(scope: Scope, wrong: Option<Wrong>, asking: Asking) -> Self {
        assert!(usize::from(scope.bounds.attempts) <= ATTEMPTS, "a state has room for {ATTEMPTS} attempts");
        assert!(usize::from(scope.bounds.captures) <= CAPTURES, "a state has room for {CAPTURES} captures");
        Self {
            scope,
            wrong,
            asking,
            rows: RefCell::new(Rows::new(scope.capture, scope.payer_is_away)),
            all_news: RefCell::default(),
            healed: RefCell::default(),
        }
    }

    fn opened(&self) -> State {
        State {
            row: RowId::OPENED,
            clock: Clock::default(),
            books: Books::OPENED,
            workers: [Worker::IDLE; 2],
            requests: [None; REQUESTS],
            left: self.scope.bounds.left,
        }
    }

    fn facts(&self, row: RowId) -> Facts {
        *self.rows.borrow().facts(row)
    }

    fn ask(&self, row: RowId, clock: Clock, question: Question) -> Option<Moved> {
        self.rows.borrow_mut().ask(row, clock, question)
    }
}

impl Scope {
    /// Bounds of nothing: each test says its own.
    const PAYER_THERE: Self = Self {
        capture: CaptureMethod::Automatic,
        payer_is_away: false,
        bounds: Bounds { attempts: 0, captures: 0, left: Left::NOTHING },
    };
}

impl Bounds {
    fn or_from_the_environment(self) -> Self {
        Self {
            attempts: from_the_environment("ATTEMPTS", self.attempts),
            captures: from_the_environment("CAPTURES", self.captures),
            left: Left {
                kills: from_the_environment("KILLS", self.left.kills),
                timeouts: from_the_environment("TIMEOUTS", self.left.timeouts),
                browser: from_the_environment("BROWSER", self.left.browser),
                spoilt: from_the_environment("SPOILT", self.left.spoilt),
                dashboard: from_the_environment("DASHBOARD", self.left.dashboard),
            },
        }
    }
}

/// The bound of this name, if the environment says one.
fn from_the_environment(name: &str, otherwise: u8) -> u8 {
    let text = env::var(format!("MODEL_{name}")).ok();
    text.map_or(otherwise, |text| text.parse().expect("a bound is a number up to 255"))
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let payer = if self.payer_is_away { "payer away" } else { "payer there" };
        let capture = match self.capture {
            CaptureMethod::Automatic => "captured at once",
            CaptureMethod::Manual => "captured later",
        };
        let Bounds { attempts, captures, left } = self.bounds;
        write!(formatter, "{payer}, {capture}, 2 workers, attempts ≤ {attempts}, captures ≤ {captures}, ")?;
        let Left { kills, timeouts, browser, spoilt, dashboard } = left;
        write!(
            formatter,
            "kills ≤ {kills}, timeouts ≤ {timeouts}, spoilt by the gateway ≤ {spoilt}, browser ≤ {browser}, dashboard ≤ {dashboard}"
        )
    }
}
