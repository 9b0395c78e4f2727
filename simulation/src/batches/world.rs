//! The worlds of the simulation of batches: links, and the costs of an element and a batch.
//!
//! The parameters were chosen before the policy was written. The costs are orders of magnitude of a build with
//! optimisation: a known element takes some hundreds of nanoseconds, a new one tens of microseconds.

use fastrand::Rng;

/// A link between the panel and us.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// Its name.
    pub name: &'static str,
    /// Its rate, in bits per second.
    pub bits: f64,
    /// The number of elements of the list. A slow link has a shorter list, so that a run ends soon.
    pub elements: usize,
}

/// The links, from an old mobile phone to a panel in the same house.
pub const LINKS: [Link; 6] = [
    Link { name: "20 kbit/s", bits: 20e3, elements: 1_000 },
    Link { name: "200 kbit/s", bits: 200e3, elements: 5_000 },
    Link { name: "2 Mbit/s", bits: 2e6, elements: 20_000 },
    Link { name: "20 Mbit/s", bits: 20e6, elements: 100_000 },
    Link { name: "200 Mbit/s", bits: 200e6, elements: 100_000 },
    Link { name: "1 Gbit/s", bits: 1e9, elements: 100_000 },
];

/// The fixed sizes that are compared with the policy.
pub const SIZES: [usize; 7] = [1, 10, 50, 100, 500, 1000, 5000];

/// The bytes of an element on the wire, compressed.
const WIRE_BYTES: f64 = 105.0;

/// The bytes that arrive together on a fast link. A slow link delivers single packets.
const PIECE: f64 = 16_384.0;
const PACKET: f64 = 1_400.0;

/// A link at work, with the values that follow from a seed.
#[derive(Debug, Clone)]
pub struct World {
    /// The time at which each element has arrived, in seconds.
    pub arrivals: Vec<f64>,
    /// The seconds that the receiver needs for an element.
    pub element: f64,
    /// The seconds that the receiver needs for a batch of any size.
    pub batch: f64,
}

impl World {
    /// Returns a link at work. It is five times slower for a tenth of the time.
    pub fn new(link: Link, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let piece = if link.bits < 1e6 { PACKET } else { PIECE };
        let (mut at, mut bytes, mut arrivals) = (0.1 + rng.f64(), 0.0, Vec::with_capacity(link.elements));
        while arrivals.len() < link.elements {
            let slow = if rng.u8(0..10) == 0 { 5.0 } else { 1.0 };
            at += piece * 8.0 / link.bits * slow * (0.5 + rng.f64());
            bytes += piece;
            let here = (bytes / WIRE_BYTES) as usize;
            arrivals.resize(here.min(link.elements), at);
        }
        let element = if rng.bool() { 0.5e-6 } else { 20e-6 } * (0.5 + rng.f64());
        Self { arrivals, element, batch: 40e-6 * (0.5 + rng.f64()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_arrive_at_the_rate_of_the_link() {
        for link in LINKS {
            let world = World::new(link, 3);
            assert_eq!(world.arrivals.len(), link.elements);
            let took = world.arrivals.last().unwrap() - world.arrivals.first().unwrap();
            let expected = link.elements as f64 * WIRE_BYTES * 8.0 / link.bits;
            assert!((0.8..2.0).contains(&(took / expected)), "{}: {took} and {expected}", link.name);
        }
    }
}
