//! A small generator of pseudo-random numbers (`SplitMix64`): the same seed gives the same catalogue on every platform
//! and with every version of every dependency.

/// The state of the generator.
#[derive(Debug, Clone)]
pub(crate) struct Prng(u64);

impl Prng {
    /// Returns a generator for one element of one stream, so that an element does not depend on the number of elements
    /// before it.
    pub(crate) fn of(seed: u64, stream: u64, index: u64) -> Self {
        let mut start = Self(seed ^ stream.rotate_left(48) ^ index.wrapping_mul(0x9E6C_63D0_876A_68E5));
        start.next();
        start
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`, which must not be zero. The bias of the remainder doesn't matter to a fixture.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Returns a number like [`Self::below`], with a sign.
    pub(crate) fn small(&mut self, bound: u32) -> i64 {
        i64::try_from(self.below(u64::from(bound))).expect("a number below a u32 fits")
    }

    /// Returns a position in a sequence of `length` elements, which must not be empty.
    pub(crate) fn position(&mut self, length: usize) -> usize {
        let length = u64::try_from(length).expect("a length fits into 64 bits");
        usize::try_from(self.below(length)).expect("a number below a usize fits")
    }

    /// Returns true in `percent` per cent of the calls.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.position(choices.len())]
    }

    /// Shuffles the elements. The order depends on the state only (Fisher-Yates).
    pub(crate) fn shuffle<T>(&mut self, elements: &mut [T]) {
        for last in (1..elements.len()).rev() {
            let other = self.position(last + 1);
            elements.swap(last, other);
        }
    }
}
