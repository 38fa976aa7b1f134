//! Sums of many groups of points at once.
//!
//! An affine addition needs an inversion, and inversions can share one: pairs of all groups
//! are added together, round by round, until every group is one point.

use k256::FieldElement;

use crate::curve::Point;

/// Chains of products beside each other in a shared inversion, so that none waits for itself.
const LANES: usize = 4;

/// Points that lie group by group.
pub(crate) struct Groups {
    points: Vec<Point>,
    sizes: Vec<usize>,
}

impl Groups {
    /// Sort points into `count` groups, by the number that each is given with.
    ///
    /// A number that is not below `count` leaves its point out.
    pub(crate) fn sort(count: usize, items: impl Iterator<Item = (usize, Point)> + Clone) -> Self {
        let mut sizes = vec![0; count];
        for (group, _) in items.clone() {
            if let Some(size) = sizes.get_mut(group) {
                *size += 1;
            }
        }
        let mut total = 0;
        let mut places: Vec<usize> = Vec::with_capacity(count);
        for size in &sizes {
            places.push(total);
            total += size;
        }
        let filler = Point {
            x: FieldElement::ZERO,
            y: FieldElement::ZERO,
        };
        let mut points = vec![filler; total];
        for (group, point) in items {
            if let Some(place) = places.get_mut(group)
                && let Some(free) = points.get_mut(*place)
            {
                *free = point;
                *place += 1;
            }
        }
        Self { points, sizes }
    }

    /// Sum every group; None where the sum is the identity.
    pub(crate) fn sums(mut self) -> Vec<Option<Point>> {
        while self.sizes.iter().any(|size| *size > 1) {
            self = self.halved();
        }
        let mut points = self.points.into_iter();
        let one_of = |size| if size == 0 { None } else { points.next() };
        self.sizes.into_iter().map(one_of).collect()
    }

    /// Add the points of every group in pairs.
    fn halved(&self) -> Self {
        let mut steps = Vec::with_capacity(self.points.len() / 2);
        let mut inverses = Vec::with_capacity(self.points.len() / 2);
        for_each_group(&self.points, &self.sizes, |group| {
            for [first, second] in group.as_chunks::<2>().0 {
                let (step, denominator) = Step::between(first, second);
                steps.push(step);
                inverses.push(denominator);
            }
        });
        invert_all(&mut inverses);
        let mut points = Vec::with_capacity(self.points.len() - steps.len());
        let mut sizes = Vec::with_capacity(self.sizes.len());
        let mut steps = steps.iter().zip(&inverses);
        for_each_group(&self.points, &self.sizes, |group| {
            let before = points.len();
            let (pairs, rest) = group.as_chunks::<2>();
            for ([first, second], (step, inverse)) in pairs.iter().zip(&mut steps) {
                points.extend(step.add(first, second, inverse));
            }
            points.extend_from_slice(rest);
            sizes.push(points.len() - before);
        });
        Self { points, sizes }
    }
}

/// Call with the points of each group, in order.
fn for_each_group(points: &[Point], sizes: &[usize], mut visit: impl FnMut(&[Point])) {
    let mut rest = points;
    for size in sizes {
        if let Some((group, after)) = rest.split_at_checked(*size) {
            visit(group);
            rest = after;
        }
    }
}

/// How two points are added.
#[derive(Clone, Copy)]
enum Step {
    /// They differ in x.
    Chord,
    /// They are the same.
    Tangent,
    /// They are opposite, and their sum is the identity.
    Vanishing,
}

impl Step {
    /// Say how to add two points, and what the slope is divided by.
    fn between(first: &Point, second: &Point) -> (Self, FieldElement) {
        let run = first.x.negate(1) + second.x;
        if !bool::from(run.normalizes_to_zero()) {
            return (Self::Chord, run);
        }
        let rise = first.y.negate(1) + second.y;
        // No point of this curve has y = 0: the group's order is odd.
        if rise.normalizes_to_zero().into() {
            (Self::Tangent, first.y.double())
        } else {
            (Self::Vanishing, FieldElement::ONE)
        }
    }

    /// Add two points with the inverse of the slope's denominator.
    fn add(self, first: &Point, second: &Point, inverse: &FieldElement) -> Option<Point> {
        let rise = match self {
            Self::Chord => first.y.negate(1) + second.y,
            Self::Tangent => first.x.square().mul_single(3),
            Self::Vanishing => return None,
        };
        let slope = rise.mul(inverse);
        let x = slope.square() + (first.x + second.x).negate(2);
        let y = slope.mul(&(x.negate(4) + first.x)) + first.y.negate(1);
        Some(Point {
            x: x.normalize_weak(),
            y: y.normalize_weak(),
        })
    }
}

/// Replace elements, none of them zero, by their inverses (Montgomery's trick).
fn invert_all(elements: &mut [FieldElement]) {
    let mut lanes = [FieldElement::ONE; LANES];
    let mut before = Vec::with_capacity(elements.len());
    for row in elements.chunks(LANES) {
        for (lane, element) in lanes.iter_mut().zip(row) {
            before.push(*lane);
            *lane = lane.mul(element);
        }
    }
    let mut lanes = inverted(lanes);
    let rows = elements.chunks_mut(LANES).zip(before.chunks(LANES));
    for (row, before) in rows.rev() {
        for ((lane, element), before) in lanes.iter_mut().zip(row).zip(before) {
            let inverse = lane.mul(before);
            *lane = lane.mul(element);
            *element = inverse;
        }
    }
}

/// Invert a few elements with one inversion.
fn inverted(elements: [FieldElement; LANES]) -> [FieldElement; LANES] {
    let mut product = FieldElement::ONE;
    let mut prefixes = elements.map(|element| {
        let before = product;
        product = product.mul(&element);
        before
    });
    let mut rest = product.invert().unwrap_or(FieldElement::ZERO);
    for (before, element) in prefixes.iter_mut().zip(&elements).rev() {
        *before = before.mul(&rest);
        rest = rest.mul(element);
    }
    prefixes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::Signer;
    use k256::ProjectivePoint;

    fn point(number: u64) -> Point {
        Signer::new(number).key.point().unwrap()
    }

    #[test]
    fn sums_are_those_of_the_library() {
        let (a, b, c) = (point(1), point(2), point(3));
        let groups: Vec<Vec<Point>> = vec![
            vec![],
            vec![a],
            vec![a, b],
            vec![a, a],
            vec![a, a.negated()],
            vec![a, b, c, a, b, c, a],
            vec![a, a.negated(), a.negated()],
            vec![b; 9],
            vec![],
            vec![a, b, a.negated(), b.negated()],
        ];
        let numbered = groups.iter().enumerate();
        let items = numbered.flat_map(|(n, group)| group.iter().map(move |point| (n, *point)));
        // Interleaved, so that the sorting has work.
        let mut items: Vec<(usize, Point)> = items.collect();
        items.reverse();
        let sums = Groups::sort(groups.len(), items.iter().copied()).sums();
        assert_eq!(sums.len(), groups.len());
        for (sum, group) in sums.into_iter().zip(&groups) {
            let members = group.iter().map(|point| point.to_projective().unwrap());
            let sum = sum.map(|sum| sum.to_projective().unwrap());
            let expected: ProjectivePoint = members.sum();
            assert_eq!(sum.unwrap_or(ProjectivePoint::IDENTITY), expected);
        }
    }

    #[test]
    fn inverses_are_those_of_the_library() {
        for count in 0..20u64 {
            let elements: Vec<FieldElement> = (1..=count).map(FieldElement::from_u64).collect();
            let mut inverses = elements.clone();
            invert_all(&mut inverses);
            for (inverse, element) in inverses.iter().zip(&elements) {
                assert_eq!(inverse.normalize(), element.invert().unwrap().normalize());
            }
        }
    }
}
