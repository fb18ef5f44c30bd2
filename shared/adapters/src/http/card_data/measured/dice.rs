//! Numbers that look like nothing in particular and are the same on every run (SplitMix64).

/// A seed, and all that is drawn from it.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of `from..=to`.
    pub(super) const fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.next() % (to - from + 1)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(super) fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// So many characters of an alphabet.
    pub(super) fn word(&mut self, alphabet: &str, length: usize) -> String {
        (0..length).map(|_| char::from(*self.one_of(alphabet.as_bytes()))).collect()
    }

    pub(super) fn digits(&mut self, length: usize) -> String {
        self.word("0123456789", length)
    }

    /// Fills in a pattern: `#` is a digit, `A` a capital letter, `*` either, `x` a small hexadecimal digit; all else stays.
    pub(super) fn fill(&mut self, pattern: &str) -> String {
        let mut filled = String::with_capacity(pattern.len());
        for character in pattern.chars() {
            match character {
                '#' => filled.push_str(&self.digits(1)),
                'A' => filled.push_str(&self.word("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1)),
                '*' => filled.push_str(&self.word("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1)),
                'x' => filled.push_str(&self.word("0123456789abcdef", 1)),
                other => filled.push(other),
            }
        }
        filled
    }
}
