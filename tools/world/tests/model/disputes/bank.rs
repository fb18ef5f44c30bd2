//! The gateway of a dispute, and the bank behind it: how it stands, what it was given, and what is saved under each key.
//! What the bank decides is the searcher's to choose.
//!
//! Assumed of them, and nothing else: a dispute takes one answer at a time; Stripe answers a key as it answered it first
//! until it is forgotten, PayPal knows no keys; nobody is asked anew while a request may still be on its way.

use domain::dispute::Status;

/// As many answers as clients give.
pub(crate) const ACTS: usize = 2;

/// How a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Shown {
    /// How far it has gone: at first to a chargeback, then further.
    pub(crate) stage: u8,
    pub(crate) status: Status,
    /// How often papers were brought forward.
    pub(crate) count: u8,
}

/// What a client answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    Submits,
    Accepts,
}

/// What the gateway says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Answer {
    Shown(Shown),
    /// It was done; nothing is shown.
    Taken,
    Refused,
    /// A 5xx.
    Failure,
    /// Nothing was heard in time.
    Silence,
}

/// How a request is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Course {
    Serves,
    /// The gateway fails, has done nothing, and saves the failure, if it saves.
    FailsBefore,
    /// The gateway fails, has done everything, and saves the failure, if it saves.
    FailsAfter,
    /// It will not have the request, for a reason of its own: the same bytes neither now nor later.
    Refuses,
}

/// Which gateway it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum House {
    Stripe,
    PayPal,
}

/// What the gateway knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Bank {
    pub(crate) shown: Shown,
    /// What was answered to each act's key.
    saved: [Option<Answer>; ACTS],
    /// How often each act has taken effect; twice is as often as one counts.
    pub(crate) served: [u8; ACTS],
    refuses: [bool; ACTS],
    /// Whether there is news that nobody has heard.
    pub(crate) is_unheard: bool,
}

impl Bank {
    /// A chargeback that asks for an answer.
    pub(crate) const ASKS: Self = Self {
        shown: Shown { stage: 0, status: Status::NeedsResponse, count: 0 },
        saved: [None; ACTS],
        served: [0; ACTS],
        refuses: [false; ACTS],
        is_unheard: false,
    };

    /// A request for an act arrives. What is answered, and whether it is an answer of before.
    pub(crate) fn serve(&mut self, house: House, number: u8, kind: Kind, course: Course) -> (Answer, bool) {
        let place = place(number);
        if let Some(saved) = self.saved[place] {
            return (saved, true);
        }
        let answer = match course {
            _ if self.refuses[place] => Answer::Refused,
            // What was served once is good enough to be served.
            Course::Refuses if self.served[place] == 0 => {
                self.refuses[place] = true;
                Answer::Refused
            }
            Course::Refuses | Course::FailsBefore => Answer::Failure,
            Course::FailsAfter => {
                let _lost = self.takes(house, place, kind);
                Answer::Failure
            }
            Course::Serves => self.takes(house, place, kind),
        };
        if house == House::Stripe {
            self.saved[place] = Some(answer);
        }
        (answer, false)
    }

    fn takes(&mut self, house: House, place: usize, kind: Kind) -> Answer {
        if self.shown.status != Status::NeedsResponse {
            return Answer::Refused;
        }
        match kind {
            Kind::Submits => {
                self.shown.status = Status::UnderReview;
                self.shown.count += 1;
            }
            Kind::Accepts => self.shown.status = Status::Lost,
        }
        self.served[place] = (self.served[place] + 1).min(2);
        self.is_unheard = true;
        match house {
            House::Stripe => Answer::Shown(self.shown),
            House::PayPal => Answer::Taken,
        }
    }

    /// The bank decides, or asks.
    pub(crate) fn turns(&mut self, stage: u8, status: Status) {
        (self.shown.stage, self.shown.status) = (stage, status);
        self.is_unheard = true;
    }

    pub(crate) fn forget_keys(&mut self) {
        self.saved = [None; ACTS];
    }
}

/// Acts are counted from 1.
pub(crate) fn place(number: u8) -> usize {
    usize::from(number) - 1
}
