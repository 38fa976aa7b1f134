//! Sums of affine points whose addition and doubling are system calls.
//!
//! The calls misbehave on points of equal x: those are met here. A point is x then y; (0, 0) stands for infinity at the
//! doors and is on none of the curves. None of the groups has a point of order two.

use core::marker::PhantomData;

/// A curve's system calls, on points that are not infinity.
pub trait PointCalls<const W: usize> {
    /// `p += q` for points of different x.
    fn add(p: &mut [u64; W], q: &[u64; W]);
    fn double(p: &mut [u64; W]);
}

/// A running sum; nothing for infinity.
pub struct Sum<C, const W: usize> {
    point: Option<[u64; W]>,
    calls: PhantomData<C>,
}

const WINDOW: usize = 16;

impl<C: PointCalls<W>, const W: usize> Sum<C, W> {
    pub fn infinity() -> Self {
        Self {
            point: None,
            calls: PhantomData,
        }
    }

    pub fn of(point: Option<[u64; W]>) -> Self {
        Self {
            point,
            calls: PhantomData,
        }
    }

    pub fn point(self) -> Option<[u64; W]> {
        self.point
    }

    pub fn double(&mut self) {
        if let Some(point) = &mut self.point {
            C::double(point);
        }
    }

    pub fn add(&mut self, q: &Option<[u64; W]>) {
        let Some(q) = q else { return };
        match &mut self.point {
            None => self.point = Some(*q),
            Some(point) if point[..W / 2] != q[..W / 2] => C::add(point, q),
            Some(point) if point == q => C::double(point),
            Some(_) => self.point = None,
        }
    }

    /// The sum of `scalar·point` over the terms; scalars are big-endian, of any size up to 2^256.
    pub fn multiply(terms: &[([u64; W], [u8; 32])]) -> Self {
        let tables: Vec<[Option<[u64; W]>; WINDOW]> = terms
            .iter()
            .map(|(point, _)| Self::multiples(point))
            .collect();
        let mut sum = Self::infinity();
        for byte in 0..32 {
            for shift in [4, 0] {
                for _ in 0..4 {
                    sum.double();
                }
                for (table, (_, scalar)) in tables.iter().zip(terms) {
                    sum.add(&table[usize::from(scalar[byte] >> shift) % WINDOW]);
                }
            }
        }
        sum
    }

    /// `factor·point` by doubling and adding: for factors of few ones.
    pub fn times_word(point: &[u64; W], factor: u64) -> Self {
        let base = Some(*point);
        let mut sum = Self::infinity();
        for bit in (0..64).rev() {
            sum.double();
            if (factor >> bit) & 1 == 1 {
                sum.add(&base);
            }
        }
        sum
    }

    /// 0·P to 15·P.
    fn multiples(point: &[u64; W]) -> [Option<[u64; W]>; WINDOW] {
        let base = Some(*point);
        let mut table = [None; WINDOW];
        let mut sum = Self::infinity();
        for entry in &mut table[1..] {
            sum.add(&base);
            *entry = sum.point;
        }
        table
    }
}
