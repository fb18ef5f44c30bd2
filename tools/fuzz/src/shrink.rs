//! Makes an input small: takes out ever smaller pieces for as long as what is left still does the same.

/// Trying is cheap, but an input of many kilobytes has many pieces.
const TRIES_MAX: usize = 2_000;

/// The smallest input found that is still one of `those`.
pub(crate) fn smallest(input: &[u8], those: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut smallest = input.to_vec();
    let mut tries: usize = 0;
    let mut piece = smallest.len().div_ceil(2);
    while piece > 0 && tries < TRIES_MAX {
        let (mut place, before) = (0, smallest.len());
        while place < smallest.len() && tries < TRIES_MAX {
            tries = tries.saturating_add(1);
            let end = place.saturating_add(piece).min(smallest.len());
            let left = [smallest.get(..place).unwrap_or_default(), smallest.get(end..).unwrap_or_default()].concat();
            if those(&left) {
                smallest = left;
            } else {
                place = end;
            }
        }
        if smallest.len() == before {
            piece = if piece == 1 { 0 } else { piece.div_ceil(2) };
        }
    }
    smallest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_matters_is_left() {
        let noise = format!("{}needle{}", "hay ".repeat(300), "straw ".repeat(200));
        let found = smallest(noise.as_bytes(), |input| input.windows(6).any(|window| window == b"needle"));
        assert_eq!(found, b"needle");
        assert_eq!(smallest(b"abc", |_| true), b"");
        assert_eq!(smallest(b"abc", |_| false), b"abc");
    }
}
