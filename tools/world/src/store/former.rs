//! Rows as the release before wrote them. A deploy finds such rows in the table, and for a while both releases write: what
//! the older one leaves must be read, decided on and found by the sweep.
//!
//! The release before is the first that stored payments. What was added since is taken away here:
//!
//! | since then | before |
//! |---|---|
//! | `wy`: why nobody knows | the event alone |
//! | `ec`, `gi`: on what evidence, and which request it answers | not kept |
//! | `r` of an act: why the client cancels | not kept |
//! | `dp` = `doubt#<shard>` for what is in doubt | `<shard>` for all that is due |

use adapters::dynamo::Item;
use aws_sdk_dynamodb::types::AttributeValue;

use super::DUE_PARTITION;

/// What this release lays out, as the release before would have.
pub(super) fn laid_out(mut item: Item) -> Item {
    for name in ["wy", "ec", "gi"] {
        item.remove(name);
    }
    if let Some(AttributeValue::L(acts)) = item.get_mut("ac") {
        for act in acts {
            if let AttributeValue::M(act) = act {
                act.remove("r");
            }
        }
    }
    if let Some(AttributeValue::S(partition)) = item.get_mut(DUE_PARTITION)
        && let Some(shard) = partition.strip_prefix("doubt#")
    {
        *partition = shard.to_owned();
    }
    item
}
