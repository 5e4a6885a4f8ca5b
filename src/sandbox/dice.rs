//! Seeded randomness that gives the same numbers in every release: the people of seed 1 must not change because a
//! random number crate was updated. (`splitmix64`, Steele, Lea and Flood 2014.)

/// A stream of numbers that follows from a seed.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The stream `stream` of `seed`; different streams do not resemble each other.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed ^ stream.wrapping_mul(0xD605_BBB5_8C8A_BC3D));
        dice.next();
        dice
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number under `limit` (0 when `limit` is 0).
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        // The bias of a 64-bit product is far below what a made-up person could show.
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// True `share` times in a thousand.
    pub(crate) fn per_mille(&mut self, share: u64) -> bool {
        self.below(1000) < share
    }

    /// From 0 up to, not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// One of `choices`, which must not be empty.
    pub(crate) fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }
}
