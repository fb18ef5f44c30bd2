//! What happened, in plain words.

use super::{
    order::{Answer, Standing},
    state::{Sent, State},
    workers::Wrote,
};

/// A deed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// A client's confirm is on the row, and sent.
    Confirms(usize),
    /// A client's cancel is on the row.
    Cancels(usize),
    /// A look has claimed the row.
    Looks(usize),
    /// A worker takes its next step.
    Steps(usize, Wrote),
    Serves(Sent, Answer, bool),
    /// The payer, the bank or the hours.
    Order(Standing),
    Webhook(bool, Wrote),
    Dies(usize),
    GivesUp(usize),
    KeysAge,
    HoursPass,
    TimeIsOver,
}

impl Deed {
    pub(crate) fn tell(self, before: &State, swapped: bool) -> String {
        let name = |worker: usize| if (worker == 0) == swapped { "worker B" } else { "worker A" };
        match self {
            Self::Confirms(worker) => format!("{}: a client confirms, which is sent", name(worker)),
            Self::Cancels(worker) => format!("{}: a client cancels", name(worker)),
            Self::Looks(worker) => format!("{}: retry claims the row", name(worker)),
            Self::Steps(worker, wrote) => {
                format!("{}: {:?}: {}", name(worker), before.workers[worker].step, written(wrote))
            }
            Self::Serves(Sent { number, caller, .. }, answer, replayed) => {
                let late = if caller.is_none() { ", whose sender is gone" } else { "" };
                let again = if replayed { "answers for what was done before" } else { "answers" };
                format!("PayPal gets attempt {number}{late}, and {again}: {answer:?}")
            }
            Self::Order(standing) => format!("the order: {standing:?}"),
            Self::Webhook(of_money, wrote) => {
                let what = if of_money { "money" } else { "something" };
                format!("a webhook says that {what} has happened: {}", written(wrote))
            }
            Self::Dies(worker) => format!("{} is killed", name(worker)),
            Self::GivesUp(worker) => format!("{} hears nothing in time and gives up", name(worker)),
            Self::KeysAge => "hours pass: no attempt so far is sent again".to_owned(),
            Self::HoursPass => "more hours pass: what was on its way is lost".to_owned(),
            Self::TimeIsOver => "the payer's time is over".to_owned(),
        }
    }
}

fn written(wrote: Wrote) -> String {
    wrote.map_or_else(|| "nothing is written".to_owned(), |fact| format!("`{fact}` is written"))
}
