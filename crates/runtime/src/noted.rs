//! Which code objects something is known of. Code objects die by the thousand, most of them unknown here: those are
//! told apart without looking into each table.

/// A Bloom filter (B. H. Bloom, "Space/time trade-offs in hash coding with allowable errors", 1970) of one hash over
/// the addresses of code objects. What was added stays.
pub(crate) struct Noted([u64; WORDS]);

const WORDS: usize = 64;

impl Default for Noted {
    fn default() -> Self {
        Self([0; WORDS])
    }
}

impl Noted {
    /// Word and bit of a code object.
    fn place(code: usize) -> (usize, u64) {
        let mixed = (code as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
        (mixed as usize / 64, 1 << (mixed % 64))
    }

    pub fn add(&mut self, code: usize) {
        let (word, bit) = Self::place(code);
        self.0[word] |= bit;
    }

    /// Whether it may have been added.
    pub fn may_have(&self, code: usize) -> bool {
        let (word, bit) = Self::place(code);
        self.0[word] & bit != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_there_and_most_else_is_not() {
        let mut noted = Noted::default();
        let codes = |n: usize, from: usize| (0..n).map(move |i| from + 0x1f0 * i);
        codes(200, 0x7f00_0000_0000).for_each(|code| noted.add(code));
        assert!(codes(200, 0x7f00_0000_0000).all(|code| noted.may_have(code)));
        let wrong = codes(2000, 0x7e00_0000_0010).filter(|&code| noted.may_have(code)).count();
        assert!(wrong < 400, "{wrong} of 2000");
    }
}
