//! An order of PayPal's, its payer and the bank behind it: how it stands, and what was done under each key. What payer and
//! bank decide is the searcher's to choose.
//!
//! Assumed of them, and nothing else: money moves on an order only by a request of ours, and once; what was done under a key
//! is not done again, and is answered with how the order stands now; what was refused is not remembered; an order that
//! nobody completed is forgotten in the end.

/// As many attempts as there are.
pub(crate) const ATTEMPTS: usize = 2;

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Its payer has yet to approve it, or has to choose anew.
    Waits,
    Approved,
    /// The bank takes its time with the charge.
    Pending,
    Paid,
    Held,
    /// What was held was let go.
    Released,
    /// Its one charge was made, and declined.
    Failed,
    /// PayPal does not know it any more.
    Forgotten,
}

/// What the adapter makes of what PayPal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Answer {
    Shown(Standing),
    Declined,
    /// A 5xx; or a 404 that proves nothing.
    Failure,
    /// Nothing was heard in time.
    Silence,
}

/// How a confirm is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Course {
    Serves(Verdict),
    /// PayPal fails, and has done nothing.
    FailsBefore,
    /// PayPal fails, and has done everything.
    FailsAfter(Verdict),
}

/// What the bank says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Verdict {
    Charges,
    /// The payer may choose anew.
    Declines,
    /// The order's one charge is made, and declined.
    Fails,
    TakesItsTime,
}

impl Verdict {
    pub(crate) const ALL: [Self; 4] = [Self::Charges, Self::Declines, Self::Fails, Self::TakesItsTime];
}

/// What PayPal knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Order {
    pub(crate) standing: Standing,
    /// Whether money is held first, and taken later.
    is_manual: bool,
    /// What has had an effect, by the attempts' keys.
    done: [bool; ATTEMPTS],
    /// An event that says that money stands on it, which nobody has heard.
    pub(crate) tells_of_money: bool,
    /// Any other event that nobody has heard.
    pub(crate) tells: bool,
}

impl Order {
    pub(crate) const fn opened(is_manual: bool) -> Self {
        let (done, tells_of_money, tells) = ([false; ATTEMPTS], false, false);
        Self { standing: Standing::Waits, is_manual, done, tells_of_money, tells }
    }

    /// The order moves, and PayPal says so.
    pub(crate) fn becomes(&mut self, standing: Standing) {
        self.standing = standing;
        let is_money = matches!(standing, Standing::Paid | Standing::Held);
        self.tells_of_money |= is_money;
        self.tells |= !is_money && standing != Standing::Forgotten;
    }

    /// The confirm of an attempt arrives; `is_again` if somebody may have sent it before. What is answered, and whether it was
    /// done before.
    pub(crate) fn confirm(&mut self, number: u8, is_again: bool, course: Course) -> (Answer, bool) {
        if self.done[place(number)] {
            return (Answer::Shown(self.standing), true);
        }
        let (verdict, is_heard) = match course {
            Course::FailsBefore => return (Answer::Failure, false),
            Course::Serves(verdict) => (verdict, true),
            Course::FailsAfter(verdict) => (verdict, false),
        };
        let answer = match self.standing {
            Standing::Approved => self.decide(number, verdict),
            // What is refused for the order's own sake is answered by a look at it.
            Standing::Waits
            | Standing::Pending
            | Standing::Paid
            | Standing::Held
            | Standing::Released
            | Standing::Failed => Answer::Shown(self.standing),
            // Of what was sent before, a 404 does not tell.
            Standing::Forgotten if is_again => Answer::Failure,
            Standing::Forgotten => Answer::Shown(Standing::Forgotten),
        };
        (if is_heard { answer } else { Answer::Failure }, false)
    }

    fn decide(&mut self, number: u8, verdict: Verdict) -> Answer {
        let next = match verdict {
            Verdict::Charges if self.is_manual => Standing::Held,
            Verdict::Charges => Standing::Paid,
            Verdict::TakesItsTime => Standing::Pending,
            Verdict::Fails => Standing::Failed,
            Verdict::Declines => {
                self.becomes(Standing::Waits);
                return Answer::Declined;
            }
        };
        self.done[place(number)] = true;
        self.becomes(next);
        Answer::Shown(next)
    }

    /// What is held is asked to be let go; then the order is looked at.
    pub(crate) fn void(&mut self) -> Answer {
        if self.standing == Standing::Held {
            self.becomes(Standing::Released);
        }
        Answer::Shown(self.standing)
    }
}

/// Attempts are counted from 1.
pub(crate) fn place(number: u8) -> usize {
    usize::from(number) - 1
}
