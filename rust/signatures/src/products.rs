//! Sums of products of points and numbers (Pippenger's bucket method).
//!
//! Factors are cut into windows of some bits. In each window the points with the same digit
//! are summed first (a bucket), and a bucket counts as often as its digit says. Digits are
//! signed, which halves the buckets: a negative digit takes the opposite point.

use k256::ProjectivePoint;

use crate::curve::Point;
use crate::split::Term;
use crate::sums::Groups;

/// Points that are sorted at once, so that they stay in a core's cache.
const POINTS_AT_ONCE: usize = 1 << 12;

/// Bits of a factor, and two for the carries of signed digits.
const FACTOR_BITS: u32 = 128 + 2;

/// How factors are cut into digits.
#[derive(Debug, Clone, Copy)]
struct Windows {
    bits: u32,
    count: usize,
    /// Half of the range of every window.
    bias: Wide,
}

impl Windows {
    /// Cut into windows of `bits` bits, 2 to 16.
    fn of_bits(bits: u32) -> Self {
        let count = FACTOR_BITS.div_ceil(bits);
        let mut bias = Wide { low: 0, high: 0 };
        for window in 0..count {
            bias = bias.with_bit(window * bits + bits - 1);
        }
        Self {
            bits,
            count: count as usize,
            bias,
        }
    }

    /// Choose the width with the fewest additions for a number of terms.
    fn for_terms(terms: usize) -> Self {
        let additions = |windows: &Self| windows.count * (terms + 2 * windows.buckets());
        (2..=16)
            .map(Self::of_bits)
            .min_by_key(additions)
            .unwrap_or_else(|| Self::of_bits(4))
    }

    /// Buckets of a window: digits by size, zero included.
    fn buckets(&self) -> usize {
        (1 << (self.bits - 1)) + 1
    }

    /// Return the size of a biased factor's digit and whether it is negative.
    fn digit(&self, biased: &Wide, window: usize) -> (usize, bool) {
        let value = biased.bits_from(window as u32 * self.bits) as usize & ((1 << self.bits) - 1);
        let half = 1 << (self.bits - 1);
        (value.abs_diff(half), value < half)
    }
}

/// A number of 256 bits.
#[derive(Debug, Clone, Copy)]
struct Wide {
    low: u128,
    high: u128,
}

impl Wide {
    fn with_bit(mut self, bit: u32) -> Self {
        if bit < 128 {
            self.low |= 1 << bit;
        } else {
            self.high |= 1 << (bit - 128);
        }
        self
    }

    fn plus(&self, factor: u128) -> Self {
        let (low, carry) = self.low.overflowing_add(factor);
        Self {
            low,
            high: self.high + u128::from(carry),
        }
    }

    /// Return the lowest 64 bits from a bit on.
    fn bits_from(&self, bit: u32) -> u64 {
        let bits = match bit {
            0 => self.low,
            1..128 => self.low >> bit | self.high << (128 - bit),
            _ => self.high >> (bit - 128),
        };
        bits as u64
    }
}

/// Sum the products of all terms; None where a point is not on the curve.
pub(crate) fn sum_of_products(terms: &[Term]) -> Option<ProjectivePoint> {
    sum_in_windows(terms, Windows::for_terms(terms.len()))
}

fn sum_in_windows(terms: &[Term], windows: Windows) -> Option<ProjectivePoint> {
    let factors: Vec<Wide> = terms
        .iter()
        .map(|term| windows.bias.plus(term.factor))
        .collect();
    let at_once = (POINTS_AT_ONCE / terms.len().max(1)).clamp(1, windows.count);
    let mut buckets = Vec::with_capacity(windows.count * windows.buckets());
    let all: Vec<usize> = (0..windows.count).collect();
    for run in all.chunks(at_once) {
        buckets.extend(sum_buckets(terms, &factors, &windows, run));
    }
    combine(&bit_sums(&buckets, &windows), &windows)
}

/// Sum the points of equal digits, in a run of windows.
fn sum_buckets(
    terms: &[Term],
    factors: &[Wide],
    windows: &Windows,
    run: &[usize],
) -> Vec<Option<Point>> {
    let count = windows.buckets();
    let items = run.iter().enumerate().flat_map(|(place, window)| {
        let digits = factors.iter().map(|factor| windows.digit(factor, *window));
        let numbered = terms.iter().zip(digits).filter(|(_, (size, _))| *size > 0);
        numbered.map(move |(term, (size, negative))| {
            (place * count + size, term.point.signed(negative))
        })
    });
    Groups::sort(run.len() * count, items).sums()
}

/// For each bit of each window, sum the buckets whose digit has it.
///
/// Digits are written as rows and columns first: a bucket goes into one sum of each, and
/// only those sums, of which there are few, go into several.
fn bit_sums(buckets: &[Option<Point>], windows: &Windows) -> Vec<Option<Point>> {
    let low_bits = windows.bits / 2;
    let high_bits = windows.bits - low_bits;
    let (columns, rows) = (1 << low_bits, (1 << (high_bits - 1)) + 1);
    let placed = placed(buckets, windows.buckets());
    let sums_of = |count: usize, of: &dyn Fn(usize) -> usize| {
        let items = placed
            .iter()
            .map(|(window, digit, point)| (window * count + of(*digit), *point));
        Groups::sort(windows.count * count, items).sums()
    };
    let low = sums_of(columns, &|digit| digit % columns);
    let high = sums_of(rows, &|digit| digit / columns);
    let low = sums_by_bit(&low, columns, low_bits, windows.count);
    let high = sums_by_bit(&high, rows, high_bits, windows.count);
    let pairs = low
        .chunks(low_bits as usize)
        .zip(high.chunks(high_bits as usize));
    pairs
        .flat_map(|(low, high)| low.iter().chain(high))
        .copied()
        .collect()
}

/// Number the points that are there by window and digit.
fn placed(points: &[Option<Point>], per_window: usize) -> Vec<(usize, usize, Point)> {
    let numbered = points.iter().enumerate();
    numbered
        .filter_map(|(place, point)| {
            point.map(|point| (place / per_window, place % per_window, point))
        })
        .collect()
}

/// For each bit of each window, sum the points whose number has it.
fn sums_by_bit(
    points: &[Option<Point>],
    per_window: usize,
    bits: u32,
    windows: usize,
) -> Vec<Option<Point>> {
    let bits = bits as usize;
    let placed = placed(points, per_window);
    let items = placed.iter().flat_map(|(window, number, point)| {
        let set = (0..bits).filter(move |bit| number >> bit & 1 == 1);
        set.map(move |bit| (window * bits + bit, *point))
    });
    Groups::sort(windows * bits, items).sums()
}

/// Add up the sums of all bits, each as often as its bit says.
fn combine(sums: &[Option<Point>], windows: &Windows) -> Option<ProjectivePoint> {
    debug_assert_eq!(sums.len(), windows.count * windows.bits as usize);
    let mut total = ProjectivePoint::IDENTITY;
    for sum in sums.iter().rev() {
        total = total.double();
        if let Some(point) = sum {
            total += point.to_projective()?;
        }
    }
    Some(total)
}

#[cfg(test)]
mod tests;
