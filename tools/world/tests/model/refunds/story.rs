//! What happened, in plain words.

use super::{
    books::{Answer, News, Standing},
    state::{Request, State, Step},
    workers::Wrote,
};

/// A deed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// A client's refund is on the row.
    Asks(usize),
    /// A look has claimed the row.
    Looks(usize),
    /// A worker takes its next step.
    Steps(usize, Wrote),
    Serves(Request, Answer, bool),
    Decides(usize, Standing),
    ByHand,
    Webhook(News, Wrote),
    Dies(usize),
    GivesUp(usize),
    KeysAge,
    KeysDie,
}

impl Deed {
    pub(crate) fn tell(self, before: &State, swapped: bool) -> String {
        let name = |worker: usize| if (worker == 0) == swapped { "worker B" } else { "worker A" };
        match self {
            Self::Asks(worker) => format!("{}: a client asks for a refund, which is sent", name(worker)),
            Self::Looks(worker) => format!("{}: retry claims the row", name(worker)),
            Self::Steps(worker, wrote) => {
                format!("{} {}: {}", name(worker), step(before.workers[worker].step), written(wrote))
            }
            Self::Serves(Request { number, caller, .. }, answer, replayed) => {
                let late = if caller.is_none() { ", whose sender is gone" } else { "" };
                let again = if replayed { "repeats its saved answer" } else { "answers" };
                format!("the gateway gets the request for refund {number}{late}, and {again}: {}", said(answer))
            }
            Self::Decides(place, standing) => format!("the bank decides: refund {} {}", place + 1, standing.name()),
            Self::ByHand => "somebody makes a refund in the gateway's dashboard".to_owned(),
            Self::Webhook(News::ByHand, wrote) => {
                format!("a webhook is delivered, there are refunds: {}", written(wrote))
            }
            Self::Webhook(News::Of(number, standing), wrote) => {
                format!("a webhook is delivered, refund {number} {}: {}", standing.name(), written(wrote))
            }
            Self::Dies(worker) => format!("{} is killed", name(worker)),
            Self::GivesUp(worker) => format!("{} hears nothing in time and gives up", name(worker)),
            Self::KeysAge => "half a day passes: nothing so far is sent again".to_owned(),
            Self::KeysDie => {
                "a day passes: what was on its way is lost, and the gateway has forgotten all keys so far".to_owned()
            }
        }
    }
}

fn step(step: Step) -> String {
    match step {
        Step::Idle | Step::Awaits(_) => "waits".to_owned(),
        Step::Heard(sending, answer, _) => {
            format!("has the answer to its request for refund {} ({})", sending.number, said(answer))
        }
        Step::Lists => "asks for all refunds".to_owned(),
        Step::Unseen => "was not told the refunds".to_owned(),
        Step::Listed(list) => {
            let told =
                list.iter().enumerate().filter_map(|(place, it)| Some(format!("{} {}", place + 1, (*it)?.name())));
            format!("has the refunds [{}]", told.collect::<Vec<_>>().join(", "))
        }
        Step::SeesTo(_) => "sees to what the list did not have".to_owned(),
    }
}

fn written(wrote: Wrote) -> String {
    wrote.map_or_else(|| "nothing is written".to_owned(), |fact| format!("writes {fact}"))
}

const fn said(answer: Answer) -> &'static str {
    match answer {
        Answer::Shown(standing) => standing.name(),
        Answer::Refused => "refused",
        Answer::Failure => "500",
        Answer::Silence => "nothing",
    }
}

impl Standing {
    const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }
}
