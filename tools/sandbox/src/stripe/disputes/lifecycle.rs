//! The states of a dispute and every way from one to another. Pure.
//!
//! The table is [`step`]; its test writes out all cells, so a change here is a change there.

/// Stripe's ten states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    WarningNeedsResponse,
    WarningUnderReview,
    WarningClosed,
    NeedsResponse,
    UnderReview,
    Won,
    Lost,
    Prevented,
    AppealNeedsResponse,
    AppealUnderReview,
}

/// What can happen to a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The merchant sends its evidence to the bank.
    Submit,
    /// The merchant gives in.
    Accept,
    /// The bank believes the merchant, or the payer withdraws.
    Win,
    /// The bank believes the payer. An inquiry that is lost becomes a formal dispute.
    Lose,
    /// The bank makes a formal dispute of an inquiry.
    Escalate,
    /// The network settles an inquiry before it becomes a formal dispute: the payer has the money back.
    Prevent,
    /// A lost dispute may be fought once more.
    Reopen,
}

/// The step is not possible from this state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Impossible;

/// Where this step leads from this state.
pub(crate) fn step(from: Status, what: Step) -> Result<Status, Impossible> {
    use Status::{
        AppealNeedsResponse, AppealUnderReview, Lost, NeedsResponse, Prevented, UnderReview, WarningClosed,
        WarningNeedsResponse, WarningUnderReview, Won,
    };
    match (from, what) {
        (WarningNeedsResponse, Step::Submit) => Ok(WarningUnderReview),
        (NeedsResponse, Step::Submit) => Ok(UnderReview),
        (AppealNeedsResponse, Step::Submit) => Ok(AppealUnderReview),
        (WarningNeedsResponse, Step::Accept) | (WarningNeedsResponse | WarningUnderReview, Step::Win) => {
            Ok(WarningClosed)
        }
        (NeedsResponse | AppealNeedsResponse, Step::Accept)
        | (NeedsResponse | UnderReview | AppealNeedsResponse | AppealUnderReview, Step::Lose) => Ok(Lost),
        (NeedsResponse | UnderReview | AppealNeedsResponse | AppealUnderReview, Step::Win) => Ok(Won),
        (WarningNeedsResponse | WarningUnderReview, Step::Escalate | Step::Lose) => Ok(NeedsResponse),
        (WarningNeedsResponse | WarningUnderReview, Step::Prevent) => Ok(Prevented),
        (Lost, Step::Reopen) => Ok(AppealNeedsResponse),
        (_, Step::Submit | Step::Accept | Step::Win | Step::Lose | Step::Escalate | Step::Prevent | Step::Reopen) => {
            Err(Impossible)
        }
    }
}

impl Status {
    /// As Stripe writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::WarningNeedsResponse => "warning_needs_response",
            Self::WarningUnderReview => "warning_under_review",
            Self::WarningClosed => "warning_closed",
            Self::NeedsResponse => "needs_response",
            Self::UnderReview => "under_review",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Prevented => "prevented",
            Self::AppealNeedsResponse => "appeal_needs_response",
            Self::AppealUnderReview => "appeal_under_review",
        }
    }

    /// The disputed money is not the merchant's: it was withdrawn, and not given back.
    pub(crate) fn holds_the_money(self) -> bool {
        match self {
            Self::NeedsResponse
            | Self::UnderReview
            | Self::Lost
            | Self::Prevented
            | Self::AppealNeedsResponse
            | Self::AppealUnderReview => true,
            Self::WarningNeedsResponse | Self::WarningUnderReview | Self::WarningClosed | Self::Won => false,
        }
    }

    pub(crate) fn is_over(self) -> bool {
        matches!(self, Self::WarningClosed | Self::Won | Self::Lost | Self::Prevented)
    }
}

#[cfg(test)]
mod tests {
    use super::{Status::*, Step::*, *};

    const ALL: [Status; 10] = [
        WarningNeedsResponse,
        WarningUnderReview,
        WarningClosed,
        NeedsResponse,
        UnderReview,
        Won,
        Lost,
        Prevented,
        AppealNeedsResponse,
        AppealUnderReview,
    ];

    /// One row per step; the columns are the states in the order of `ALL`, a dot is a refusal.
    const TABLE: [(Step, [&str; 10]); 7] = [
        (Submit, ["WUR", ".", ".", "UR", ".", ".", ".", ".", "AUR", "."]),
        (Accept, ["WC", ".", ".", "L", ".", ".", ".", ".", "L", "."]),
        (Win, ["WC", "WC", ".", "W", "W", ".", ".", ".", "W", "W"]),
        (Lose, ["NR", "NR", ".", "L", "L", ".", ".", ".", "L", "L"]),
        (Escalate, ["NR", "NR", ".", ".", ".", ".", ".", ".", ".", "."]),
        (Prevent, ["P", "P", ".", ".", ".", ".", ".", ".", ".", "."]),
        (Reopen, [".", ".", ".", ".", ".", ".", "ANR", ".", ".", "."]),
    ];

    #[test]
    fn every_cell_of_the_table_of_disputes_is_as_it_is_written_here() {
        let short = |status| match status {
            WarningNeedsResponse => "WNR",
            WarningUnderReview => "WUR",
            WarningClosed => "WC",
            NeedsResponse => "NR",
            UnderReview => "UR",
            Won => "W",
            Lost => "L",
            Prevented => "P",
            AppealNeedsResponse => "ANR",
            AppealUnderReview => "AUR",
        };
        for (what, row) in TABLE {
            for (from, expected) in ALL.into_iter().zip(row) {
                assert_eq!(step(from, what).map_or(".", short), expected, "{what:?} from {from:?}");
            }
        }
    }

    #[test]
    fn only_a_lost_dispute_is_fought_again_once_it_is_over() {
        for over in ALL.into_iter().filter(|status| status.is_over()) {
            let ways: Vec<Step> =
                TABLE.iter().map(|(what, _)| *what).filter(|what| step(over, *what).is_ok()).collect();
            assert_eq!(ways, if over == Lost { vec![Reopen] } else { Vec::new() }, "{over:?}");
        }
    }
}
