//! The declines of an hour that stand against somebody, as a row:
//!
//! | names | meaning |
//! |---|---|
//! | `pk` | `BRK#<mark>#<hour>`: the mark is a hash made with a secret, the hour its number since the epoch |
//! | `dc` | the attempts that were declined, `<payment>:<number>`: a set, so that one that is counted twice is there once |
//! | `ttl` | from when on DynamoDB deletes it, in seconds: an hour after the end of its own, when nobody asks for it any more |

use aws_sdk_dynamodb::types::AttributeValue;
use domain::brake::{DeclinedAttempt, Hour};

use super::super::attributes::Item;

/// The attempts.
pub(in super::super) const DECLINED: &str = "dc";
/// template.yaml tells DynamoDB this name.
pub(in super::super) const EXPIRES: &str = "ttl";

/// How many declines a row tells of. One that was written otherwise tells of none: the brake lets go rather than hold what it cannot read.
#[must_use]
pub fn count(item: &Item) -> u32 {
    let attempts = item.get(DECLINED).and_then(|value| value.as_ss().ok());
    attempts.map_or(0, |attempts| u32::try_from(attempts.len()).unwrap_or(u32::MAX))
}

/// The set of one attempt.
#[must_use]
pub fn declined(attempt: &DeclinedAttempt) -> AttributeValue {
    AttributeValue::Ss(vec![format!("{}:{}", attempt.payment, attempt.number.get())])
}

/// When the row of this hour may go.
#[must_use]
pub fn expires(hour: Hour) -> AttributeValue {
    const AN_HOUR_S: i64 = 3_600;
    let end = hour.end().unix_ms().div_euclid(1_000);
    AttributeValue::N(end.saturating_add(AN_HOUR_S).to_string())
}

#[cfg(test)]
mod tests {
    use domain::{id::AttemptNumber, time::Timestamp};

    use super::*;

    #[test]
    fn a_row_tells_how_many_attempts_were_declined_and_one_that_nobody_can_read_tells_of_none() {
        let attempt = |number| DeclinedAttempt { payment: world::payments::id(number), number: AttemptNumber::FIRST };
        assert_eq!(declined(&attempt(1)).as_ss().unwrap(), &[format!("{}:1", world::payments::id(1))]);
        let of = |value| count(&Item::from([(DECLINED.to_owned(), value)]));
        let two = ["a:1", "a:2"].map(str::to_owned).to_vec();
        assert_eq!((of(AttributeValue::Ss(two)), of(declined(&attempt(1)))), (2, 1));
        assert_eq!((of(AttributeValue::N("7".to_owned())), count(&Item::new())), (0, 0));
    }

    #[test]
    fn a_row_may_go_an_hour_after_its_own_is_over() {
        let nine = Timestamp::from_unix_ms(1_793_610_012_347);
        assert_eq!(expires(Hour::of(nine)), AttributeValue::N("1793617200".to_owned()));
    }
}
