//! Where a dispute stands: one vocabulary for both gateways, stage × status.

/// How far a dispute has gone. It only ever goes further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Somebody asks; no money has moved.
    Inquiry,
    /// The payer, or the payer's bank, wants the money back.
    Chargeback,
    /// The bank does not accept the merchant's answer.
    PreArbitration,
    /// The card network, or the gateway, decides.
    Arbitration,
    /// It was lost, and may be, or is, fought once more.
    Appeal,
}

impl Stage {
    /// All stages, for tables and parsers.
    pub const ALL: [Self; 5] = [Self::Inquiry, Self::Chargeback, Self::PreArbitration, Self::Arbitration, Self::Appeal];

    /// The word for it in answers and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inquiry => "inquiry",
            Self::Chargeback => "chargeback",
            Self::PreArbitration => "pre_arbitration",
            Self::Arbitration => "arbitration",
            Self::Appeal => "appeal",
        }
    }
}

/// Whose turn it is, or how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// The merchant's: whoever stays silent until the deadline loses.
    NeedsResponse,
    /// Somebody else's.
    UnderReview,
    /// The merchant keeps the money.
    Won,
    /// The payer has it.
    Lost,
    /// It never came to a dispute, because the payer was given the money before.
    Prevented,
    /// It was withdrawn, or came to nothing; no money moved.
    Closed,
}

impl Status {
    /// All statuses, for tables and parsers.
    pub const ALL: [Self; 6] =
        [Self::NeedsResponse, Self::UnderReview, Self::Won, Self::Lost, Self::Prevented, Self::Closed];

    /// The word for it in answers and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NeedsResponse => "needs_response",
            Self::UnderReview => "under_review",
            Self::Won => "won",
            Self::Lost => "lost",
            Self::Prevented => "prevented",
            Self::Closed => "closed",
        }
    }

    /// Whether nothing more is waited for. A gateway may take a dispute up again all the same, and says so.
    #[must_use]
    pub const fn is_over(self) -> bool {
        match self {
            Self::NeedsResponse | Self::UnderReview => false,
            Self::Won | Self::Lost | Self::Prevented | Self::Closed => true,
        }
    }
}

/// Stage and status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Standing {
    /// How far it has gone.
    pub stage: Stage,
    /// Whose turn it is, or how it ended.
    pub status: Status,
}

impl Standing {
    /// Whether the disputed money is not the merchant's to give back: it was taken, or is fought for. In an inquiry it is
    /// still there, and giving it back is how most of them end.
    #[must_use]
    pub const fn holds_money(self) -> bool {
        match self.status {
            Status::Lost | Status::Prevented => true,
            Status::Won | Status::Closed => false,
            Status::NeedsResponse | Status::UnderReview => match self.stage {
                Stage::Inquiry => false,
                Stage::Chargeback | Stage::PreArbitration | Stage::Arbitration | Stage::Appeal => true,
            },
        }
    }
}

/// What the gateway takes from the merchant now, where it waits for the merchant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Ways {
    /// Where evidence goes; none if the gateway takes none.
    pub answer: Option<Channel>,
    /// Whether the merchant may give in.
    pub accept: bool,
}

/// Where evidence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// To what is asked.
    Evidence,
    /// Against what was decided.
    Appeal,
}

impl Ways {
    /// No way.
    pub const NONE: Self = Self { answer: None, accept: false };

    /// What a gateway takes of a dispute that stands so, unless it says otherwise. What was lost, nobody can give in to.
    #[must_use]
    pub const fn usual(stage: Stage, status: Status) -> Self {
        match (status, stage) {
            (Status::NeedsResponse, Stage::Appeal) => Self { answer: Some(Channel::Appeal), accept: false },
            (
                Status::NeedsResponse,
                Stage::Inquiry | Stage::Chargeback | Stage::PreArbitration | Stage::Arbitration,
            ) => Self { answer: Some(Channel::Evidence), accept: true },
            (Status::UnderReview | Status::Won | Status::Lost | Status::Prevented | Status::Closed, _) => Self::NONE,
        }
    }

    /// The words for it in answers.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let answer = self.answer.map(|channel| match channel {
            Channel::Evidence => "evidence",
            Channel::Appeal => "appeal",
        });
        answer.into_iter().chain(self.accept.then_some("accept"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_held_from_the_chargeback_on_and_stays_gone_when_it_is_lost() {
        for stage in Stage::ALL {
            let held: Vec<&str> = Status::ALL
                .into_iter()
                .filter(|status| Standing { stage, status: *status }.holds_money())
                .map(Status::name)
                .collect();
            let gone: &[&str] = match stage {
                Stage::Inquiry => &["lost", "prevented"],
                Stage::Chargeback | Stage::PreArbitration | Stage::Arbitration | Stage::Appeal => {
                    &["needs_response", "under_review", "lost", "prevented"]
                }
            };
            assert_eq!(held, gone, "{stage:?}");
        }
    }

    #[test]
    fn stages_are_ordered_as_disputes_go() {
        assert!(Stage::ALL.is_sorted());
        assert_eq!(Stage::ALL.map(Stage::name), ["inquiry", "chargeback", "pre_arbitration", "arbitration", "appeal"]);
    }
}
