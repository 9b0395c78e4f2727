//! Chance, from one seed. All random values of a case are drawn here.

/// A source of random numbers that gives the same ones for the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Dice(fastrand::Rng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        // Seeds are counted up, and neighbours must have nothing in common.
        let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(fastrand::Rng::with_seed(mixed ^ (mixed >> 31)))
    }

    /// Returns a number from 0 up to, but without, `end`; 0 if there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { self.0.usize(..end) }
    }

    /// Returns a number of a range, both ends included.
    pub(crate) fn between(&mut self, from: i64, to: i64) -> i64 {
        self.0.i64(from..=to)
    }

    /// Returns true in `of` of a hundred cases.
    pub(crate) fn percent(&mut self, of: u8) -> bool {
        self.0.u8(..100) < of
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, all: &mut [T]) {
        self.0.shuffle(all);
    }

    /// Returns a seed for a part of a case, so that the parts don't shift one another.
    pub(crate) fn salt(&mut self) -> u64 {
        self.0.u64(..)
    }
}
