//! The rules of the bad line: which packets are lost, and when the others arrive. No I/O, no clock.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::Range;

use crate::burst::Burst;

/// What stays together on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Packets of one burst: those that were sent within a microsecond meet the same queues.
    Bursts,
    /// Nothing: each packet has a delay of its own.
    Packets,
    /// Everything: no packet overtakes an earlier one between the same two nodes.
    Kept,
}

/// What is done to every packet, whichever way it goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Mean one-way delay.
    pub(crate) delay_us: u64,
    /// Delays are uniform in `delay ± jitter`.
    pub(crate) jitter_us: u64,
    /// Share of packets that are lost, from 0 to 1.
    pub(crate) loss: f64,
    pub(crate) order: Order,
    /// Bytes that may be under way; more are dropped and counted.
    pub(crate) limit_bytes: usize,
}

/// Packets on their way that arrive together.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    pub(crate) due_us: u64,
    order: u64,
    pub(crate) target: usize,
    pub(crate) data: Vec<u8>,
    line_bytes: usize,
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
    pub(crate) bursts: u64,
    pub(crate) taken: u64,
    pub(crate) taken_bytes: u64,
    pub(crate) delivered_bytes: u64,
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

    /// Take a burst from a node; each of its segments is lost by its own chance, or will be due.
    pub(crate) fn take(&mut self, source: usize, target: usize, burst: &Burst<'_>, now_us: u64) {
        let segments = burst.segments();
        self.counts.bursts += 1;
        self.counts.taken += segments as u64;
        self.counts.taken_bytes += burst.line_bytes(0, segments) as u64;
        let mut due_us = self.drawn(source, target, now_us);
        let mut first = 0;
        for segment in 0..segments {
            if segment > 0 && self.shape.order == Order::Packets {
                self.send(target, burst, first..segment, due_us);
                first = segment;
                due_us = self.drawn(source, target, now_us);
            }
            if self.rng.f64() < self.shape.loss {
                self.counts.lost += 1;
                self.send(target, burst, first..segment, due_us);
                first = segment + 1;
            }
        }
        self.send(target, burst, first..segments, due_us);
    }

    fn drawn(&mut self, source: usize, target: usize, now_us: u64) -> u64 {
        let jitter_us = self.rng.u64(0..=2 * self.shape.jitter_us);
        let mut due_us = (now_us + self.shape.delay_us + jitter_us)
            .saturating_sub(self.shape.jitter_us)
            .max(now_us);
        if self.shape.order == Order::Kept
            && let Some(last_us) = self.last_due_us.get_mut(source * self.nodes + target)
        {
            due_us = due_us.max(*last_us);
            *last_us = due_us;
        }
        due_us
    }

    fn send(&mut self, target: usize, burst: &Burst<'_>, segments: Range<usize>, due_us: u64) {
        if segments.is_empty() {
            return;
        }
        let line_bytes = burst.line_bytes(segments.start, segments.end);
        if self.waiting_bytes + line_bytes > self.shape.limit_bytes {
            self.counts.overflowed += segments.len() as u64;
            return;
        }
        self.order += 1;
        self.waiting_bytes += line_bytes;
        self.waiting.push(Reverse(Packet {
            due_us,
            order: self.order,
            target,
            data: burst.part(segments.start, segments.end),
            line_bytes,
        }));
    }

    /// Return the next packet that is due by now.
    pub(crate) fn due(&mut self, now_us: u64) -> Option<Packet> {
        if self.next_us()? > now_us {
            return None;
        }
        let Reverse(packet) = self.waiting.pop()?;
        self.waiting_bytes -= packet.line_bytes;
        self.counts.delivered_bytes += packet.line_bytes as u64;
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
    use crate::burst::HEAD_BYTES;
    use crate::burst::tests::frame;

    const SHAPE: Shape = Shape {
        delay_us: 50_000,
        jitter_us: 20_000,
        loss: 0.01,
        order: Order::Bursts,
        limit_bytes: 1 << 30,
    };

    fn take(line: &mut Line, bytes: &[u8], now_us: u64) {
        let alone = [[0; HEAD_BYTES].as_slice(), bytes].concat();
        if let Some(burst) = Burst::read(&alone) {
            line.take(0, 1, &burst, now_us);
        }
    }

    fn arrivals(shape: Shape, count: u64) -> (Vec<u64>, Counts) {
        let mut line = Line::new(shape, 2, 7);
        for number in 0..count {
            take(&mut line, &number.to_be_bytes(), 1_000_000);
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
            order: Order::Kept,
            loss: 0.0,
            ..SHAPE
        };
        let mut line = Line::new(shape, 2, 7);
        for number in 0..1_000_u64 {
            take(&mut line, &number.to_be_bytes(), number);
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
        take(&mut line, b"packet", 1_000);
        assert_eq!(line.due(50_999), None);
        assert_eq!(line.due(51_000).map(|packet| packet.target), Some(1));
        assert_eq!(line.next_us(), None);
    }

    /// Send bursts of ten segments; return the sizes of their data as they arrive, and when.
    fn pieces(shape: Shape, bursts: usize) -> (Vec<(u64, usize)>, Counts) {
        let bytes = frame(&[9; 10_000], 1_000);
        let mut line = Line::new(shape, 2, 7);
        if let Some(burst) = Burst::read(&bytes) {
            (0..bursts).for_each(|_| line.take(0, 1, &burst, 1_000_000));
        }
        let packets = std::iter::from_fn(|| line.due(u64::MAX));
        let made = packets.map(|each| (each.due_us, each.data.len() - HEAD_BYTES - 40));
        (made.collect(), line.counts)
    }

    #[test]
    fn segments_of_a_burst_are_lost_alone_and_arrive_together() {
        let (made, counts) = pieces(SHAPE, 10_000);
        assert_eq!((counts.bursts, counts.taken), (10_000, 100_000));
        assert!((900..=1_100).contains(&counts.lost), "lost {}", counts.lost);
        let data: usize = made.iter().map(|(_, size)| size).sum();
        assert_eq!(data, 1_000 * (100_000 - counts.lost as usize));
        let whole = made.iter().filter(|(_, size)| *size == 10_000).count();
        // 0.99 to the tenth is 0.904.
        assert!((8_900..=9_200).contains(&whole), "whole {whole}");
        assert_eq!(counts.delivered_bytes as usize, data / 1_000 * 1_040);
    }

    #[test]
    fn packets_have_delays_of_their_own_where_asked_for() {
        let shape = Shape {
            order: Order::Packets,
            ..SHAPE
        };
        let (made, counts) = pieces(shape, 1_000);
        assert!(made.iter().all(|(_, size)| *size == 1_000));
        assert_eq!(made.len() as u64, 10_000 - counts.lost);
        let mut times: Vec<u64> = made.iter().map(|(due_us, _)| *due_us).collect();
        times.dedup();
        assert!(times.len() > 8_000, "{} different times", times.len());
    }
}
