//! Prime fields whose products are system calls, in the shape that the curve code of `ark` runs on.
//!
//! Elements are plain reduced integers, not in Montgomery form. Products and inverses go to the host; sums are cheaper
//! in the guest's own instructions.

use core::marker::PhantomData;

use ark_ff::fields::{Fp, FpConfig, MontBackend, MontConfig, SqrtPrecomputation};
use ark_ff::{AdditiveGroup as _, BigInt, BigInteger as _, Field as _, PrimeField as _};

use crate::sys;

/// A field with a system call for its product; its modulus leaves the highest bit of the last word free.
pub trait SysField<const N: usize>: Send + Sync + Sized + 'static {
    /// `ark`'s own arithmetic of the same field: the source of the constants, and the host's for hints.
    type Mont: MontConfig<N>;

    /// `x = x·y`, reduced.
    fn multiply(x: &mut [u64; N], y: &[u64; N]);
}

/// The arithmetic of a field with system calls.
pub struct Plain<F>(PhantomData<F>);

pub type Element<F, const N: usize> = Fp<Plain<F>, N>;
type Mont<F, const N: usize> = Fp<MontBackend<<F as SysField<N>>::Mont, N>, N>;

/// The same element out of Montgomery form; for constants.
pub const fn plain<F: SysField<N>, const N: usize>(value: &Mont<F, N>) -> Element<F, N> {
    Fp(
        BigInt(montgomery_reduce(
            value.0.0,
            &F::Mont::MODULUS.0,
            F::Mont::INV,
        )),
        PhantomData,
    )
}

pub const fn plains<F: SysField<N>, const N: usize, const K: usize>(
    values: &[Mont<F, N>],
) -> [Element<F, N>; K] {
    let mut out = [Fp(BigInt([0; N]), PhantomData); K];
    let mut i = 0;
    while i < K {
        out[i] = plain::<F, N>(&values[i]);
        i += 1;
    }
    out
}

/// `value / 2^(64·N) mod modulus` for a reduced value.
const fn montgomery_reduce<const N: usize>(
    mut value: [u64; N],
    modulus: &[u64; N],
    inverse: u64,
) -> [u64; N] {
    let mut round = 0;
    while round < N {
        let factor = value[0].wrapping_mul(inverse);
        let mut carry = 0u128;
        let mut i = 0;
        while i < N {
            let term = value[i] as u128 + factor as u128 * modulus[i] as u128 + carry;
            // The lowest word becomes zero and falls away.
            if i > 0 {
                value[i - 1] = term as u64;
            }
            carry = term >> 64;
            i += 1;
        }
        value[N - 1] = carry as u64;
        round += 1;
    }
    value
}

impl<F: SysField<N>, const N: usize> FpConfig<N> for Plain<F> {
    const MODULUS: BigInt<N> = F::Mont::MODULUS;
    const GENERATOR: Fp<Self, N> = plain::<F, N>(&F::Mont::GENERATOR);
    const ZERO: Fp<Self, N> = Fp(BigInt([0; N]), PhantomData);
    const ONE: Fp<Self, N> = Fp(BigInt::one(), PhantomData);
    const TWO_ADICITY: u32 = <MontBackend<F::Mont, N> as FpConfig<N>>::TWO_ADICITY;
    const TWO_ADIC_ROOT_OF_UNITY: Fp<Self, N> = plain::<F, N>(&F::Mont::TWO_ADIC_ROOT_OF_UNITY);
    const SQRT_PRECOMP: Option<SqrtPrecomputation<Fp<Self, N>>> =
        match <MontBackend<F::Mont, N> as FpConfig<N>>::SQRT_PRECOMP {
            Some(SqrtPrecomputation::Case3Mod4 {
                modulus_plus_one_div_four,
            }) => Some(SqrtPrecomputation::Case3Mod4 {
                modulus_plus_one_div_four,
            }),
            _ => None,
        };

    #[inline]
    fn add_assign(a: &mut Fp<Self, N>, b: &Fp<Self, N>) {
        a.0.add_with_carry(&b.0);
        reduce_once(a);
    }

    #[inline]
    fn sub_assign(a: &mut Fp<Self, N>, b: &Fp<Self, N>) {
        if a.0 < b.0 {
            a.0.add_with_carry(&Self::MODULUS);
        }
        a.0.sub_with_borrow(&b.0);
    }

    #[inline]
    fn double_in_place(a: &mut Fp<Self, N>) {
        a.0.mul2();
        reduce_once(a);
    }

    #[inline]
    fn neg_in_place(a: &mut Fp<Self, N>) {
        if !a.0.is_zero() {
            let mut negated = Self::MODULUS;
            negated.sub_with_borrow(&a.0);
            a.0 = negated;
        }
    }

    #[inline]
    fn mul_assign(a: &mut Fp<Self, N>, b: &Fp<Self, N>) {
        F::multiply(&mut a.0.0, &b.0.0);
    }

    fn sum_of_products<const T: usize>(a: &[Fp<Self, N>; T], b: &[Fp<Self, N>; T]) -> Fp<Self, N> {
        a.iter().zip(b).map(|(a, b)| *a * b).sum()
    }

    #[inline]
    fn square_in_place(a: &mut Fp<Self, N>) {
        // The system call's operands do not overlap.
        let other = a.0.0;
        F::multiply(&mut a.0.0, &other);
    }

    fn inverse(a: &Fp<Self, N>) -> Option<Fp<Self, N>> {
        if a.0.is_zero() {
            return None;
        }
        let inverse = Fp(BigInt(sys::hint(|| host_inverse::<F, N>(a.0))), PhantomData);
        if inverse.is_geq_modulus() || inverse * a != Self::ONE {
            sys::bad_hint();
        }
        Some(inverse)
    }

    fn from_bigint(value: BigInt<N>) -> Option<Fp<Self, N>> {
        (value < Self::MODULUS).then_some(Fp(value, PhantomData))
    }

    fn into_bigint(value: Fp<Self, N>) -> BigInt<N> {
        value.0
    }
}

#[inline]
fn reduce_once<F: SysField<N>, const N: usize>(a: &mut Element<F, N>) {
    if a.0 >= F::Mont::MODULUS {
        a.0.sub_with_borrow(&F::Mont::MODULUS);
    }
}

/// A square root of the value, or proof that it has none. For fields where -1 is no square.
pub fn square_root<F: SysField<N>, const N: usize>(value: &Element<F, N>) -> Option<Element<F, N>> {
    let root = Fp(
        BigInt(sys::hint(|| host_root::<F, N>(value.0))),
        PhantomData,
    );
    if root.is_geq_modulus() {
        sys::bad_hint();
    }
    let square = root.square();
    if square == *value {
        return Some(root);
    }
    if square != -*value {
        sys::bad_hint();
    }
    None
}

fn host_inverse<F: SysField<N>, const N: usize>(value: BigInt<N>) -> [u64; N] {
    let inverse = Mont::<F, N>::from_bigint(value).and_then(|element| element.inverse());
    inverse.unwrap_or(Mont::<F, N>::ZERO).into_bigint().0
}

/// A root of the value, or of its negation where it has none.
fn host_root<F: SysField<N>, const N: usize>(value: BigInt<N>) -> [u64; N] {
    let element = Mont::<F, N>::from_bigint(value).unwrap_or(Mont::<F, N>::ZERO);
    let root = element.sqrt().or_else(|| (-element).sqrt());
    root.unwrap_or(Mont::<F, N>::ZERO).into_bigint().0
}
