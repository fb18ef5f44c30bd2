//! What happened, in plain words.

use super::{
    gateway::{Notice, Verdict},
    rows::Asked,
    state::{Answer, Ask, Replayed, Request, State, Status, Step, Why},
};

/// A deed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deed {
    /// A client's command is on the row.
    Asks(usize, Asked),
    /// A look has claimed the row.
    Looks(usize),
    /// A worker takes its next step.
    Steps(usize, Option<&'static str>),
    Serves(Request, Answer, Replayed),
    Decides(Who, Verdict),
    HoldEnds,
    DashboardCancels,
    DashboardCaptures,
    Webhook(Notice, Option<&'static str>),
    Dies(usize),
    GivesUp(usize),
    TimeIsOver,
    KeysAge,
    KeysDie,
}

/// Who decides.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    Payer,
    Bank,
    Browser,
}

impl Deed {
    pub(crate) fn tell(self, before: &State, swapped: bool) -> String {
        let name = |worker: usize| if (worker == 0) == swapped { "worker B" } else { "worker A" };
        match self {
            Self::Asks(worker, Asked::Confirm) => {
                format!("{}: a client confirms; a new attempt is on the row", name(worker))
            }
            Self::Asks(worker, asked) => {
                format!("{}: a client asks to {}; it is on the row", name(worker), format!("{asked:?}").to_lowercase())
            }
            Self::Looks(worker) => format!("{}: retry claims the row", name(worker)),
            Self::Steps(worker, fact) => format!("{} {}", name(worker), step(before.workers[worker].step, fact)),
            Self::Serves(request, answer, replayed) => {
                let late = if request.caller.is_none() { ", whose sender is gone" } else { "" };
                let again = if replayed { "repeats its saved answer" } else { "answers" };
                format!("the gateway gets the request to {}{late}, and {again}: {}", ask(request.ask), said(answer))
            }
            Self::Decides(who, verdict) => format!("{}: {}", who.name(), verdict.name()),
            Self::HoldEnds => "the hold runs out: the object is canceled".to_owned(),
            Self::DashboardCancels => "somebody cancels the object in the gateway's dashboard".to_owned(),
            Self::DashboardCaptures => "somebody captures the money in the gateway's dashboard".to_owned(),
            Self::Webhook(notice, fact) => format!("a webhook is delivered, {}: {}", notice.name(), written(fact)),
            Self::Dies(worker) => format!("{} is killed", name(worker)),
            Self::GivesUp(worker) => format!("{} hears nothing in time and gives up", name(worker)),
            Self::TimeIsOver => "the payer's time is over".to_owned(),
            Self::KeysAge => "half a day passes: nothing so far is sent again".to_owned(),
            Self::KeysDie => {
                "a day passes: what was on its way is lost, and the gateway has forgotten all keys so far".to_owned()
            }
        }
    }
}

fn step(step: Step, fact: Option<&'static str>) -> String {
    match step {
        Step::Idle | Step::Awaits(_) => "waits".to_owned(),
        Step::Heard(wish, answer, _) => {
            format!("has the answer to its request to {} ({}): {}", ask(wish.ask), said(answer), written(fact))
        }
        Step::Expires => format!("closes the payment, whose time is over: {}", written(fact)),
        Step::Reattempts => format!("makes the scheduled attempt: {}", written(fact)),
        Step::Fetches => "fetches the object".to_owned(),
        Step::Fetched(answer) => format!("has fetched \"{}\": {}", said(answer), written(fact)),
    }
}

fn written(fact: Option<&'static str>) -> String {
    fact.map_or_else(|| "nothing is written".to_owned(), |fact| format!("writes {fact}"))
}

fn ask(ask: Ask) -> String {
    match ask {
        Ask::Confirm(number) => format!("confirm attempt {number}"),
        Ask::Capture(number) => format!("make capture {number}"),
        Ask::Cancel(ends_as) => format!("cancel ({ends_as:?})").to_lowercase(),
    }
}

fn said(answer: Answer) -> String {
    match answer {
        Answer::Shown(status) => status.name().to_owned(),
        Answer::Declined(why) => format!("declined, {}", why.name()),
        Answer::InTheWay(status) => format!("refused, the object is {}", status.name()),
        Answer::Refused => "refused, the request cannot be served".to_owned(),
        Answer::Failure => "500".to_owned(),
        Answer::Silence => "nothing".to_owned(),
    }
}

impl Status {
    const fn name(self) -> &'static str {
        match self {
            Self::AwaitsMethod => "requires_payment_method",
            Self::AwaitsPayer => "requires_action",
            Self::Pending => "processing",
            Self::Authorized => "requires_capture",
            Self::Captured => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}

impl Why {
    const fn name(self) -> &'static str {
        match self {
            Self::Vague => "for some reason",
            Self::Later => "it may work later",
            Self::Never => "it will never work",
            Self::SeenBefore => "the bank has seen this charge before",
        }
    }
}

impl Verdict {
    const fn name(self) -> &'static str {
        match self {
            Self::Charge => "the money is taken, or held",
            Self::Decline(_) => "declined",
            Self::Challenge => "3-D Secure is asked for",
            Self::Pending => "the bank takes its time",
        }
    }
}

impl Who {
    const fn name(self) -> &'static str {
        match self {
            Self::Payer => "the payer finishes 3-D Secure",
            Self::Bank => "the bank decides at last",
            Self::Browser => "the payer's browser confirms at the gateway",
        }
    }
}

impl Notice {
    fn name(self) -> String {
        let of = |cause: Option<u8>| {
            cause.map_or_else(
                || "caused by no request".to_owned(),
                |number| format!("caused by the key of attempt {number}"),
            )
        };
        match self {
            Self::Captured => "succeeded".to_owned(),
            Self::Canceled => "canceled".to_owned(),
            Self::Authorized => "amount_capturable_updated".to_owned(),
            Self::Moved(cause) => format!("requires_action or processing, {}", of(cause)),
            Self::Failed(cause) => format!("payment_failed, {}", of(cause)),
        }
    }
}
