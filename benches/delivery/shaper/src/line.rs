//! The rules of the bad line: which packets are lost, and when the others arrive. No I/O, no clock.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// What is done to every packet, whichever way it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Mean one-way delay.
    pub(crate) delay_us: u64,
    /// Delays are uniform in `delay ± jitter`.
    pub(crate) jitter_us: u64,
    /// Share of packets that are lost, from 0 to 1.
    pub(crate) loss: f64,
    /// Whether a packet may never overtake an earlier one between the same two nodes.
    pub(crate) keeps_order: bool,
    /// Bytes that may be under way; more are dropped and counted.
    pub(crate) limit_bytes: usize,
}

/// A packet on its way.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) due_us: u64,
    order: u64,
    pub(crate) target: usize,
    pub(crate) data: Vec<u8>,
}

impl Ord for Packet {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.due_us, self.order).cmp(&(other.due_us, other.order))
    }
}

impl PartialOrd for Packet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What became of packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) taken: u64,
    pub(crate) taken_bytes: u64,
    pub(crate) lost: u64,
    pub(crate) overflowed: u64,
}

/// All packets that are under way between `nodes` nodes.
pub(crate) struct Line {
    shape: Shape,
    rng: fastrand::Rng,
    nodes: usize,
    waiting: BinaryHeap<Reverse<Packet>>,
    waiting_bytes: usize,
    last_due_us: Vec<u64>,
    order: u64,
    pub(crate) counts: Counts,
}

impl Line {
    pub(crate) fn new(shape: Shape, nodes: usize, seed: u64) -> Self {
        Self {
            shape,
            rng: fastrand::Rng::with_seed(seed),
            nodes,
            waiting: BinaryHeap::new(),
            waiting_bytes: 0,
            last_due_us: vec![0; nodes * nodes],
            order: 0,
            counts: Counts::default(),
        }
    }

    /// Take a packet from a node; it is lost, or it will be due.
    pub(crate) fn take(&mut self, source: usize, target: usize, data: &[u8], now_us: u64) {
        self.counts.taken += 1;
        self.counts.taken_bytes += data.len() as u64;
        // Drawn for every packet, so that a loss does not change what befalls the next one.
        let lost = self.rng.f64() < self.shape.loss;
        let jitter_us = self.rng.u64(0..=2 * self.shape.jitter_us);
        if lost {
            self.counts.lost += 1;
            return;
        }
        if self.waiting_bytes + data.len() > self.shape.limit_bytes {
            self.counts.overflowed += 1;
            return;
        }
        let mut due_us = (now_us + self.shape.delay_us + jitter_us)
            .saturating_sub(self.shape.jitter_us)
            .max(now_us);
        if self.shape.keeps_order
            && let Some(last_us) = self.last_due_us.get_mut(source * self.nodes + target)
        {
            due_us = due_us.max(*last_us);
            *last_us = due_us;
        }
        self.order += 1;
        self.waiting_bytes += data.len();
        self.waiting.push(Reverse(Packet {
            due_us,
            order: self.order,
            target,
            data: data.to_vec(),
        }));
    }

    /// Return the next packet that is due by now.
    pub(crate) fn due(&mut self, now_us: u64) -> Option<Packet> {
        if self.next_us()? > now_us {
            return None;
        }
        let Reverse(packet) = self.waiting.pop()?;
        self.waiting_bytes -= packet.data.len();
        Some(packet)
    }

    /// Say when the next packet is due.
    pub(crate) fn next_us(&self) -> Option<u64> {
        self.waiting.peek().map(|Reverse(packet)| packet.due_us)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape {
        delay_us: 50_000,
        jitter_us: 20_000,
        loss: 0.01,
        keeps_order: false,
        limit_bytes: 1 << 30,
    };

    fn arrivals(shape: Shape, count: u64) -> (Vec<u64>, Counts) {
        let mut line = Line::new(shape, 2, 7);
        for number in 0..count {
            line.take(0, 1, &number.to_be_bytes(), 1_000_000);
        }
        let packets = std::iter::from_fn(|| line.due(u64::MAX));
        let delays = packets.map(|packet| packet.due_us - 1_000_000).collect();
        (delays, line.counts)
    }

    #[test]
    fn delays_are_uniform_around_their_mean() {
        let (delays, counts) = arrivals(SHAPE, 100_000);
        let mean = delays.iter().sum::<u64>() / delays.len() as u64;
        assert!((49_800..=50_200).contains(&mean), "mean {mean}");
        assert!(*delays.iter().min().unwrap_or(&0) >= 30_000);
        assert!(*delays.iter().max().unwrap_or(&0) <= 70_000);
        assert!((900..=1_100).contains(&counts.lost), "lost {}", counts.lost);
        assert_eq!(counts.overflowed, 0);
    }

    #[test]
    fn a_seed_gives_the_same_fate() {
        assert_eq!(arrivals(SHAPE, 1_000), arrivals(SHAPE, 1_000));
    }

    #[test]
    fn order_is_kept_where_asked_for() {
        let shape = Shape {
            keeps_order: true,
            loss: 0.0,
            ..SHAPE
        };
        let mut line = Line::new(shape, 2, 7);
        for number in 0..1_000_u64 {
            line.take(0, 1, &number.to_be_bytes(), number);
        }
        let packets = std::iter::from_fn(|| line.due(u64::MAX));
        let numbers: Vec<Vec<u8>> = packets.map(|packet| packet.data).collect();
        assert!(numbers.is_sorted());
        assert_eq!(numbers.len(), 1_000);
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let shape = Shape {
            loss: 0.0,
            limit_bytes: 80,
            ..SHAPE
        };
        let (delays, counts) = arrivals(shape, 11);
        assert_eq!((delays.len(), counts.overflowed), (10, 1));
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        let mut line = Line::new(
            Shape {
                jitter_us: 0,
                loss: 0.0,
                ..SHAPE
            },
            2,
            7,
        );
        line.take(0, 1, b"packet", 1_000);
        assert_eq!(line.due(50_999), None);
        assert_eq!(line.due(51_000).map(|packet| packet.target), Some(1));
        assert_eq!(line.next_us(), None);
    }
}
