//! What happened, in plain words.

use domain::dispute::Status;

use super::{
    bank::{Answer, Kind},
    state::{Sent, State},
    workers::Wrote,
};

/// A deed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// A client's answer is on the row, and sent.
    Answers(usize, Kind),
    /// A look has claimed the row.
    Looks(usize),
    /// A worker takes its next step.
    Steps(usize, Wrote),
    Serves(Sent, Answer, bool),
    Bank(u8, Status),
    Webhook(Wrote),
    Dies(usize),
    GivesUp(usize),
    KeysDie,
}

impl Deed {
    pub(crate) fn tell(self, before: &State, swapped: bool) -> String {
        let name = |worker: usize| if (worker == 0) == swapped { "worker B" } else { "worker A" };
        match self {
            Self::Answers(worker, Kind::Submits) => {
                format!("{}: a client submits evidence, which is sent", name(worker))
            }
            Self::Answers(worker, Kind::Accepts) => format!("{}: a client gives in, which is sent", name(worker)),
            Self::Looks(worker) => format!("{}: retry claims the row", name(worker)),
            Self::Steps(worker, wrote) => {
                format!("{}: {:?}: {}", name(worker), before.workers[worker].step, written(wrote))
            }
            Self::Serves(Sent { number, caller, .. }, answer, replayed) => {
                let late = if caller.is_none() { ", whose sender is gone" } else { "" };
                let again = if replayed { "repeats its saved answer" } else { "answers" };
                format!("the gateway gets answer {number}{late}, and {again}: {answer:?}")
            }
            Self::Bank(stage, status) => format!("the bank: stage {stage}, {}", status.name()),
            Self::Webhook(wrote) => format!("a webhook is delivered: {}", written(wrote)),
            Self::Dies(worker) => format!("{} is killed", name(worker)),
            Self::GivesUp(worker) => format!("{} hears nothing in time and gives up", name(worker)),
            Self::KeysDie => {
                "a day passes: what was on its way is lost, and the gateway has forgotten all keys so far".to_owned()
            }
        }
    }
}

fn written(wrote: Wrote) -> String {
    wrote.map_or_else(|| "nothing is written".to_owned(), |fact| format!("`{fact}` is written"))
}
