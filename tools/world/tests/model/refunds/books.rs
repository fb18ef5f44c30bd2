//! The gateway of the refunds: what was made under which of our ids, what is saved under each key, and every event that
//! was ever sent. What a bank decides is the searcher's to choose.
//!
//! Assumed of the gateway, and nothing else: it gives back no more than was captured; a key is answered as it was
//! answered first until it is forgotten; a refund that has failed stays so.

/// As many refunds as clients ask for.
pub(crate) const WISHES: usize = 3;
/// Two of them fit.
pub(crate) const FITTING: usize = 2;
/// The place of the one that somebody makes in the dashboard.
pub(crate) const BY_HAND: usize = WISHES;

/// Where each refund stands, by its place: ours by their numbers, and the one of the dashboard.
pub(crate) type List = [Option<Standing>; WISHES + 1];

/// What the gateway knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Books {
    pub(crate) made: List,
    /// Whether one of ours was made twice.
    pub(crate) has_made_twice: bool,
    saved: [Option<Answer>; WISHES],
    /// The events that were sent, as bits: each may be delivered at any later time, any number of times.
    sent: u16,
    /// Those of them that nobody has heard yet.
    unheard: u16,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Standing {
    Pending,
    Succeeded,
    Failed,
}

/// What the gateway says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Answer {
    Shown(Standing),
    Refused,
    /// A 5xx.
    Failure,
    /// Nothing was heard in time.
    Silence,
}

/// How a request is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    Makes(Standing),
    /// The gateway fails, has done nothing, and saves the failure.
    FailsBefore,
    /// The gateway fails, has done everything, and saves the failure.
    FailsAfter,
    /// It will not have the request, for a reason of its own.
    Refuses,
}

/// An event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum News {
    /// How our refund of this number stands.
    Of(u8, Standing),
    /// There are refunds, and not which: somebody has made one by hand.
    ByHand,
}

impl Standing {
    pub(crate) const ALL: [Self; 3] = [Self::Pending, Self::Succeeded, Self::Failed];

    /// Whether the money has gone back, or is on its way.
    pub(crate) const fn is_given(self) -> bool {
        matches!(self, Self::Pending | Self::Succeeded)
    }
}

impl News {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let of_ours = (1..).take(WISHES).flat_map(|number| Standing::ALL.map(|standing| Self::Of(number, standing)));
        of_ours.chain([Self::ByHand])
    }

    fn bit(self) -> u16 {
        1 << match self {
            Self::ByHand => 0,
            Self::Of(number, standing) => Standing::ALL.len() * place(number) + 1 + standing as usize,
        }
    }
}

impl Books {
    pub(crate) const NOTHING: Self =
        Self { made: [None; WISHES + 1], has_made_twice: false, saved: [None; WISHES], sent: 0, unheard: 0 };

    pub(crate) fn has_sent(&self, news: News) -> bool {
        self.sent & news.bit() != 0
    }

    pub(crate) fn is_unheard(&self, news: News) -> bool {
        self.unheard & news.bit() != 0
    }

    pub(crate) fn hear(&mut self, news: News) {
        self.unheard &= !news.bit();
    }

    /// How many of these refunds have gone back or are on their way.
    pub(crate) fn given(refunds: &[Option<Standing>]) -> usize {
        refunds.iter().flatten().filter(|standing| standing.is_given()).count()
    }

    pub(crate) fn has_room(&self) -> bool {
        Self::given(&self.made) < FITTING
    }

    pub(crate) const fn saved(&self, number: u8) -> Option<Answer> {
        self.saved[place(number)]
    }

    /// Serves the request for our refund of this number; whether the answer was saved for an earlier one.
    pub(crate) fn serve(&mut self, number: u8, has_new_key: bool, course: Course) -> (Answer, bool) {
        if let Some(saved) = self.saved(number).filter(|_| !has_new_key) {
            return (saved, true);
        }
        let answer = match course {
            Course::Makes(_) | Course::FailsAfter if !self.has_room() => Answer::Refused,
            Course::Makes(standing) => {
                self.make(number, standing);
                Answer::Shown(standing)
            }
            Course::FailsAfter => {
                self.make(number, Standing::Succeeded);
                Answer::Failure
            }
            Course::FailsBefore => Answer::Failure,
            Course::Refuses => Answer::Refused,
        };
        self.saved[place(number)] = Some(answer);
        (answer, false)
    }

    fn make(&mut self, number: u8, standing: Standing) {
        self.has_made_twice |= self.made[place(number)].is_some();
        self.turn(place(number), standing);
    }

    /// A refund stands so now, and an event says so.
    pub(crate) fn turn(&mut self, place: usize, standing: Standing) {
        self.made[place] = Some(standing);
        let number = u8::try_from(place + 1).expect("few");
        self.announce(if place == BY_HAND { News::ByHand } else { News::Of(number, standing) });
    }

    /// A day has passed: what was saved under all keys so far is forgotten.
    pub(crate) fn forget_keys(&mut self) {
        self.saved = [None; WISHES];
    }

    /// Forgets an event whose delivery does nothing any more.
    pub(crate) fn forget(&mut self, news: News) {
        self.sent &= !news.bit();
        self.unheard &= !news.bit();
    }

    /// Forgets what is saved for a refund that nobody sends again.
    pub(crate) fn forget_saved(&mut self, number: u8) {
        self.saved[place(number)] = Some(Answer::Failure);
    }

    fn announce(&mut self, news: News) {
        self.sent |= news.bit();
        self.unheard |= news.bit();
    }
}

/// Numbers count from 1, places from 0.
pub(crate) const fn place(number: u8) -> usize {
    number as usize - 1
}
