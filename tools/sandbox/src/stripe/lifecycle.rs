//! The states of a PaymentIntent and every way from one to another. Pure: no objects, no time, no HTTP.
//!
//! The table is [`step`]; its test writes out all cells, so a change here is a change there.

/// Stripe's seven states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresAction,
    Processing,
    RequiresCapture,
    Canceled,
    Succeeded,
}

/// What can happen to an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Move {
    /// A payment method is set without confirming.
    Attach,
    /// Somebody confirms, and the card's issuer says this.
    Confirm(Answer),
    /// The payer came back from 3-D Secure, and the card's issuer says this.
    Authenticate(Answer),
    /// A payment that was pending at its bank is decided.
    Settle {
        paid: bool,
    },
    Capture,
    Cancel,
}

/// The word of the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The money moved.
    Paid,
    /// The money is reserved, to be captured later.
    Authorized,
    /// The payer must authenticate first.
    Challenge,
    /// A bank will say in its own time.
    Pending,
    Declined,
}

/// The move is not possible from this state (`payment_intent_unexpected_state`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unexpected;

/// Where this move leads from this state.
pub(crate) fn step(from: Status, what: Move) -> Result<Status, Unexpected> {
    use Status::{
        Canceled, Processing, RequiresAction, RequiresCapture, RequiresConfirmation, RequiresPaymentMethod, Succeeded,
    };
    match (from, what) {
        (RequiresPaymentMethod | RequiresConfirmation | RequiresAction, Move::Attach) => Ok(RequiresConfirmation),
        // Confirming again while the payer is asked to authenticate starts over: the old challenge is void.
        (RequiresPaymentMethod | RequiresConfirmation | RequiresAction, Move::Confirm(answer)) => Ok(after(answer)),
        (RequiresAction, Move::Authenticate(answer)) => Ok(after(answer)),
        (Processing, Move::Settle { paid: true }) | (RequiresCapture, Move::Capture) => Ok(Succeeded),
        (Processing, Move::Settle { paid: false }) => Ok(RequiresPaymentMethod),
        (RequiresPaymentMethod | RequiresConfirmation | RequiresAction | RequiresCapture, Move::Cancel) => Ok(Canceled),
        (
            _,
            Move::Attach
            | Move::Confirm(_)
            | Move::Authenticate(_)
            | Move::Settle { .. }
            | Move::Capture
            | Move::Cancel,
        ) => Err(Unexpected),
    }
}

fn after(answer: Answer) -> Status {
    match answer {
        Answer::Paid => Status::Succeeded,
        Answer::Authorized => Status::RequiresCapture,
        Answer::Challenge => Status::RequiresAction,
        Answer::Pending => Status::Processing,
        Answer::Declined => Status::RequiresPaymentMethod,
    }
}

impl Status {
    /// As Stripe writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Status::RequiresPaymentMethod => "requires_payment_method",
            Status::RequiresConfirmation => "requires_confirmation",
            Status::RequiresAction => "requires_action",
            Status::Processing => "processing",
            Status::RequiresCapture => "requires_capture",
            Status::Canceled => "canceled",
            Status::Succeeded => "succeeded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer::*, Move::*, Status::*, *};

    const ALL: [Status; 7] =
        [RequiresPaymentMethod, RequiresConfirmation, RequiresAction, Processing, RequiresCapture, Canceled, Succeeded];

    /// One row per move; the columns are the states in the order of `ALL`, a dot is a refusal.
    const TABLE: [(Move, [&str; 7]); 15] = [
        (Attach, ["RC", "RC", "RC", ".", ".", ".", "."]),
        (Confirm(Paid), ["S", "S", "S", ".", ".", ".", "."]),
        (Confirm(Authorized), ["CAP", "CAP", "CAP", ".", ".", ".", "."]),
        (Confirm(Challenge), ["ACT", "ACT", "ACT", ".", ".", ".", "."]),
        (Confirm(Pending), ["P", "P", "P", ".", ".", ".", "."]),
        (Confirm(Declined), ["RPM", "RPM", "RPM", ".", ".", ".", "."]),
        (Authenticate(Paid), [".", ".", "S", ".", ".", ".", "."]),
        (Authenticate(Authorized), [".", ".", "CAP", ".", ".", ".", "."]),
        (Authenticate(Challenge), [".", ".", "ACT", ".", ".", ".", "."]),
        (Authenticate(Pending), [".", ".", "P", ".", ".", ".", "."]),
        (Authenticate(Declined), [".", ".", "RPM", ".", ".", ".", "."]),
        (Settle { paid: true }, [".", ".", ".", "S", ".", ".", "."]),
        (Settle { paid: false }, [".", ".", ".", "RPM", ".", ".", "."]),
        (Capture, [".", ".", ".", ".", "S", ".", "."]),
        (Cancel, ["C", "C", "C", ".", "C", ".", "."]),
    ];

    #[test]
    fn every_cell_of_the_table_is_as_stripe_documents_it() {
        let short = |status| match status {
            RequiresPaymentMethod => "RPM",
            RequiresConfirmation => "RC",
            RequiresAction => "ACT",
            Processing => "P",
            RequiresCapture => "CAP",
            Canceled => "C",
            Succeeded => "S",
        };
        for (what, row) in TABLE {
            for (from, expected) in ALL.into_iter().zip(row) {
                let found = step(from, what).map_or(".", short);
                assert_eq!(found, expected, "{what:?} from {from:?}");
            }
        }
    }

    #[test]
    fn nothing_leaves_a_final_state() {
        for (what, _) in TABLE {
            assert_eq!(step(Succeeded, what), Err(Unexpected));
            assert_eq!(step(Canceled, what), Err(Unexpected));
        }
    }
}
