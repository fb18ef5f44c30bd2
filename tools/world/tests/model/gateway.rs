//! The gateway of the model: one Stripe PaymentIntent, what is saved under each key, who was charged, and every event
//! that was ever sent. What a bank decides is the searcher's to choose; all of it is tried.
//!
//! Assumed of the gateway, and nothing else: a key is answered as it was answered first until it is forgotten; a
//! request that it refuses as it is written it refuses for good; a canceled or captured object never moves again.

use domain::payment::CaptureMethod;

use super::state::{ATTEMPTS, Answer, Ask, CAPTURES, EndsAs, Replayed, Status, Why};

/// What the gateway knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Books {
    pub(crate) status: Status,
    /// Who asked for what the payer or the bank decides now, or for what stands on the object.
    pub(crate) cause: Option<Cause>,
    /// How often money was taken or held.
    pub(crate) charges: u8,
    /// Why each attempt was declined, if it was.
    declined: [Option<Why>; ATTEMPTS],
    /// The attempts whose request was put to the bank, as bits.
    served: u8,
    /// Whether one of them was put to the bank twice.
    pub(crate) has_served_twice: bool,
    /// The attempts whose request the gateway would not have, as bits.
    refused: u8,
    attempts: [Option<Answer>; ATTEMPTS],
    captures: [Option<Answer>; CAPTURES],
    /// How the payment shall end, as the one said whose request canceled the object.
    pub(crate) canceled_as: Option<EndsAs>,
    /// The events that were sent, as bits: each may be delivered at any later time, any number of times.
    sent: u16,
    /// The newest of them.
    pub(crate) newest: Option<Notice>,
}

/// Who asked for a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    Attempt(u8),
    Browser,
}

/// An event. `Some(n)`: the request of attempt n made the gateway send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Notice {
    Captured,
    Canceled,
    Authorized,
    /// It waits for its payer or for a bank.
    Moved(Option<u8>),
    /// `payment_failed`.
    Failed(Option<u8>),
}

/// What a bank decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Charge,
    Decline(Why),
    Challenge,
    Pending,
}

/// How a request is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    /// As it should be; the bank's verdict counts where it is asked.
    Well(Verdict),
    /// The gateway fails, has done nothing, and saves the failure.
    FailsBefore,
    /// The gateway fails, has done everything, and saves the failure.
    FailsAfter(Verdict),
    /// The gateway will not have the request as it is written.
    Refuses,
}

/// Room for the events by attempt, and for those that no attempt caused.
const CAUSES: usize = ATTEMPTS + 1;

impl Notice {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let causes = || (0..CAUSES).map(|cause| u8::try_from(cause).ok().filter(|cause| *cause > 0));
        [Self::Captured, Self::Canceled, Self::Authorized]
            .into_iter()
            .chain(causes().map(Self::Moved))
            .chain(causes().map(Self::Failed))
    }

    fn bit(self) -> u16 {
        let of = |cause: Option<u8>| usize::from(cause.unwrap_or(0));
        1 << match self {
            Self::Captured => 0,
            Self::Canceled => 1,
            Self::Authorized => 2,
            Self::Moved(cause) => 3 + of(cause),
            Self::Failed(cause) => 3 + CAUSES + of(cause),
        }
    }
}

impl Cause {
    /// The attempt, if its own request did it at this moment.
    const fn attempt(self) -> Option<u8> {
        match self {
            Self::Attempt(number) => Some(number),
            Self::Browser => None,
        }
    }
}

impl Books {
    pub(crate) const OPENED: Self = Self {
        status: Status::AwaitsMethod,
        cause: None,
        charges: 0,
        declined: [None; ATTEMPTS],
        served: 0,
        refused: 0,
        has_served_twice: false,
        attempts: [None; ATTEMPTS],
        captures: [None; CAPTURES],
        canceled_as: None,
        sent: 0,
        newest: None,
    };

    pub(crate) const fn is_final(&self) -> bool {
        matches!(self.status, Status::Captured | Status::Canceled)
    }

    pub(crate) fn has_sent(&self, notice: Notice) -> bool {
        self.sent & notice.bit() != 0
    }

    /// What is saved under the request's key. A cancel has a fresh key each time.
    pub(crate) fn saved(&self, ask: Ask) -> Option<Answer> {
        match ask {
            Ask::Confirm(number) => self.attempts[place(number)],
            Ask::Capture(number) => self.captures[place(number)],
            Ask::Cancel(_) => None,
        }
    }

    /// Whether it ever said no to an attempt: by a bank, or because it would not have the request.
    pub(crate) fn has_refused(&self, number: u8) -> bool {
        self.declined.get(place(number)).is_some_and(Option::is_some) || self.refused & 1 << place(number) != 0
    }

    pub(crate) fn why_declined(&self, number: u8) -> Option<Why> {
        self.declined[place(number)]
    }

    /// Whether the object bears the error of some decline.
    pub(crate) fn has_declined(&self) -> bool {
        Notice::all().any(|notice| matches!(notice, Notice::Failed(_)) && self.has_sent(notice))
    }

    /// Whether the request would move the object, if it were served now.
    pub(crate) fn is_open_to(&self, ask: Ask) -> bool {
        self.saved(ask).is_none()
            && match ask {
                Ask::Confirm(_) => matches!(self.status, Status::AwaitsMethod | Status::AwaitsPayer),
                Ask::Capture(_) => self.status == Status::Authorized,
                Ask::Cancel(_) => {
                    matches!(self.status, Status::AwaitsMethod | Status::AwaitsPayer | Status::Authorized)
                }
            }
    }

    /// Whether the request can change nothing, now or ever, and nobody hears the answer.
    pub(crate) fn makes_no_difference(&self, ask: Ask) -> bool {
        self.is_final()
            || self.saved(ask).is_some()
            || (self.status == Status::Authorized && matches!(ask, Ask::Confirm(_)))
    }

    /// Serves a request.
    pub(crate) fn serve(&mut self, ask: Ask, course: Course, capture: CaptureMethod) -> (Answer, Replayed) {
        match self.saved(ask) {
            // A validation error is made anew each time.
            Some(Answer::Refused) => return (Answer::Refused, false),
            Some(saved) => return (saved, true),
            None => {}
        }
        let answer = match course {
            Course::Well(verdict) => self.act(ask, verdict, capture),
            Course::FailsBefore => Answer::Failure,
            Course::FailsAfter(verdict) => {
                self.act(ask, verdict, capture);
                Answer::Failure
            }
            Course::Refuses => Answer::Refused,
        };
        match ask {
            Ask::Confirm(number) => {
                self.attempts[place(number)] = Some(answer);
                self.refused |= u8::from(answer == Answer::Refused) << place(number);
            }
            Ask::Capture(number) => self.captures[place(number)] = Some(answer),
            Ask::Cancel(_) => {}
        }
        (answer, false)
    }

    fn act(&mut self, ask: Ask, verdict: Verdict, capture: CaptureMethod) -> Answer {
        if !self.is_open_to(ask) {
            return Answer::InTheWay(self.status);
        }
        match ask {
            Ask::Confirm(number) => {
                let bit = 1 << place(number);
                self.has_served_twice |= self.served & bit != 0;
                self.served |= bit;
                self.decide(Cause::Attempt(number), true, verdict, capture)
            }
            Ask::Capture(_) => {
                self.capture();
                Answer::Shown(Status::Captured)
            }
            Ask::Cancel(ends_as) => {
                self.cancel();
                self.canceled_as = Some(ends_as);
                Answer::Shown(Status::Canceled)
            }
        }
    }

    /// A verdict takes effect. Whether the request of `cause` is being served at this moment.
    pub(crate) fn decide(
        &mut self,
        cause: Cause,
        is_request: bool,
        verdict: Verdict,
        capture: CaptureMethod,
    ) -> Answer {
        let speaks_for = cause.attempt().filter(|_| is_request);
        let (status, notice) = match (verdict, capture) {
            (Verdict::Charge, CaptureMethod::Automatic) => (Status::Captured, Notice::Captured),
            (Verdict::Charge, CaptureMethod::Manual) => (Status::Authorized, Notice::Authorized),
            (Verdict::Decline(_), _) => (Status::AwaitsMethod, Notice::Failed(speaks_for)),
            (Verdict::Challenge, _) => (Status::AwaitsPayer, Notice::Moved(speaks_for)),
            (Verdict::Pending, _) => (Status::Pending, Notice::Moved(speaks_for)),
        };
        self.status = status;
        self.cause = Some(cause).filter(|_| status != Status::AwaitsMethod);
        self.announce(notice);
        if verdict == Verdict::Charge {
            self.charges += 1;
        }
        match verdict {
            Verdict::Decline(why) => {
                if let Cause::Attempt(number) = cause {
                    self.declined[place(number)] = Some(why);
                }
                Answer::Declined(why)
            }
            Verdict::Charge | Verdict::Challenge | Verdict::Pending => Answer::Shown(status),
        }
    }

    pub(crate) fn capture(&mut self) {
        self.status = Status::Captured;
        self.announce(Notice::Captured);
    }

    pub(crate) fn cancel(&mut self) {
        self.status = Status::Canceled;
        self.announce(Notice::Canceled);
    }

    /// A day has passed: what was saved under all keys so far is forgotten.
    pub(crate) fn forget_keys(&mut self) {
        self.attempts = [None; ATTEMPTS];
        self.captures = [None; CAPTURES];
    }

    /// Forgets what no longer matters of an attempt that is closed, that nobody waits for, and that nobody sends again. That
    /// it was declined is kept.
    pub(crate) fn forget_attempt(&mut self, number: u8) {
        let has_refused = self.has_refused(number);
        self.declined[place(number)] = has_refused.then_some(Why::Vague);
        self.refused &= !(1 << place(number));
        self.served &= !(1 << place(number));
        self.attempts[place(number)] = Some(Answer::Failure);
    }

    pub(crate) fn forget_capture(&mut self, number: u8) {
        self.captures[place(number)] = Some(Answer::Failure);
    }

    /// Forgets an event whose delivery does nothing any more.
    pub(crate) fn forget_event(&mut self, notice: Notice) {
        self.sent &= !notice.bit();
        self.newest = self.newest.filter(|newest| *newest != notice);
    }

    /// Takes one event for another that is judged alike.
    pub(crate) fn merge_event(&mut self, notice: Notice, into: Notice) {
        if self.has_sent(notice) {
            self.sent = self.sent & !notice.bit() | into.bit();
        }
        self.newest = self.newest.map(|newest| if newest == notice { into } else { newest });
    }

    fn announce(&mut self, notice: Notice) {
        self.sent |= notice.bit();
        self.newest = Some(notice);
    }
}

/// Numbers count from 1, places from 0.
pub(crate) fn place(number: u8) -> usize {
    usize::from(number) - 1
}
