//! A movement of money as a row of the journal. It is written once and never changed.
//!
//! | names | meaning |
//! |---|---|
//! | `pk` | `JRN#<the payment's id>#<what moved it>`, with the refund, the dispute, the sum or the version that tells it from others |
//! | `v` | the version of the payment that it was told of |
//! | `yp` `ca` | its place in the journal of its day; when it moved |
//! | `kd` `m` `cu` | what moved it, how much, in which currency; which way, `kd` tells |
//! | `i` | the refund or the dispute that moved it |
//! | `pt` `gw` `mo` | the payment, its gateway, its mode |
//! | `se` | of a fee: what the capture came to, as in a charge |

use domain::journal::{Movement, MovementKind};
use flow::ports::timeline::Moved;

use super::{
    super::{
        attributes::{Item, Unfit, Written},
        keys,
    },
    charge,
};

/// The shape of the first release that has a journal.
const FIRST: u32 = 1;

/// The whole row as it shall stand.
///
/// # Errors
/// If it has no place in the calendar.
pub fn lay_out(of: &Moved<'_>, movement: &Movement) -> Result<Item, Unfit> {
    let Moved { payment, id } = *of;
    let row = Written::default()
        .number("sv", FIRST)
        .number("v", id.version())
        .text("kd", movement.kind.name())
        .text("pt", payment.id.as_str())
        .word("gw", payment.gateway)
        .word("mo", payment.mode)
        .number("m", movement.amount.minor_units())
        .text("cu", movement.amount.currency().code());
    let row = match &movement.kind {
        MovementKind::Capture => row,
        MovementKind::Refund(refund) | MovementKind::RefundFailed(refund) => row.text("i", refund.as_str()),
        MovementKind::DisputeWithdrawn(dispute) | MovementKind::DisputeReinstated(dispute) => {
            row.text("i", dispute.as_str())
        }
        MovementKind::Fee(settled) | MovementKind::FeeReturned(settled) => {
            row.map("se", charge::write_settlement(Written::default(), settled))
        }
    };
    Ok(keys::write_movement(row, of, movement)?.into_item())
}
