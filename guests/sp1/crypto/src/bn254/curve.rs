//! BN254 over the field with system calls; every constant comes from `ark-bn254` at compile time.

use ark_bn254 as ark;
use ark_ec::bn::{BnConfig, TwistType};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{AffineRepr as _, CurveConfig};
use ark_ff::fields::{Fp2Config, Fp6Config, Fp12Config};
use ark_ff::{AdditiveGroup as _, Field as _, Fp2, Fp6, Fp12};

use crate::field::{self, Element, SysField};
use crate::sys;

pub struct Base;

impl SysField<4> for Base {
    type Mont = ark::FqConfig;

    #[inline]
    fn multiply(x: &mut [u64; 4], y: &[u64; 4]) {
        sys::bn254_multiply(x, y);
    }
}

pub type Fq = Element<Base, 4>;
pub type Fq2 = Fp2<Fq2Config>;
pub type Fq6 = Fp6<Fq6Config>;

const fn fq(value: &ark::Fq) -> Fq {
    field::plain::<Base, 4>(value)
}

const fn fq2(value: &ark::Fq2) -> Fq2 {
    Fq2::new(fq(&value.c0), fq(&value.c1))
}

const fn fq2s<const K: usize>(values: &[ark::Fq2]) -> [Fq2; K] {
    let mut out = [Fq2::ZERO; K];
    let mut i = 0;
    while i < K {
        out[i] = fq2(&values[i]);
        i += 1;
    }
    out
}

pub struct Fq2Config;

impl Fp2Config for Fq2Config {
    type Fp = Fq;
    const NONRESIDUE: Fq = fq(&<ark::Fq2Config as Fp2Config>::NONRESIDUE);
    const FROBENIUS_COEFF_FP2_C1: &'static [Fq] =
        &field::plains::<Base, 4, 2>(<ark::Fq2Config as Fp2Config>::FROBENIUS_COEFF_FP2_C1);

    #[inline(always)]
    fn mul_fp_by_nonresidue_in_place(element: &mut Fq) -> &mut Fq {
        element.neg_in_place()
    }
}

#[derive(Clone, Copy)]
pub struct Fq6Config;

impl Fp6Config for Fq6Config {
    type Fp2Config = Fq2Config;
    const NONRESIDUE: Fq2 = fq2(&<ark::Fq6Config as Fp6Config>::NONRESIDUE);
    const FROBENIUS_COEFF_FP6_C1: &'static [Fq2] =
        &fq2s::<6>(<ark::Fq6Config as Fp6Config>::FROBENIUS_COEFF_FP6_C1);
    const FROBENIUS_COEFF_FP6_C2: &'static [Fq2] =
        &fq2s::<6>(<ark::Fq6Config as Fp6Config>::FROBENIUS_COEFF_FP6_C2);

    /// Multiply by 9 + u.
    #[inline(always)]
    fn mul_fp2_by_nonresidue_in_place(element: &mut Fq2) -> &mut Fq2 {
        let original = *element;
        // 9·a = 8·a + a
        element
            .double_in_place()
            .double_in_place()
            .double_in_place();
        *element += original;
        element.c0 -= original.c1;
        element.c1 += original.c0;
        element
    }
}

#[derive(Clone, Copy)]
pub struct Fq12Config;

impl Fp12Config for Fq12Config {
    type Fp6Config = Fq6Config;
    const NONRESIDUE: Fq6 = Fq6::new(Fq2::ZERO, Fq2::ONE, Fq2::ZERO);
    const FROBENIUS_COEFF_FP12_C1: &'static [Fq2] =
        &fq2s::<12>(<ark::Fq12Config as Fp12Config>::FROBENIUS_COEFF_FP12_C1);
}

pub type Fq12 = Fp12<Fq12Config>;

#[derive(Clone, Default, PartialEq, Eq)]
pub struct G1;

impl CurveConfig for G1 {
    type BaseField = Fq;
    type ScalarField = ark::Fr;
    const COFACTOR: &'static [u64] = ark::g1::Config::COFACTOR;
    const COFACTOR_INV: ark::Fr = ark::g1::Config::COFACTOR_INV;
}

impl SWCurveConfig for G1 {
    const COEFF_A: Fq = Fq::ZERO;
    const COEFF_B: Fq = fq(&ark::g1::Config::COEFF_B);
    const GENERATOR: Affine<Self> =
        Affine::new_unchecked(fq(&ark::g1::G1_GENERATOR_X), fq(&ark::g1::G1_GENERATOR_Y));

    #[inline(always)]
    fn mul_by_a(_: Fq) -> Fq {
        Fq::ZERO
    }
}

#[derive(Clone, Default, PartialEq, Eq)]
pub struct G2;

impl CurveConfig for G2 {
    type BaseField = Fq2;
    type ScalarField = ark::Fr;
    const COFACTOR: &'static [u64] = ark::g2::Config::COFACTOR;
    const COFACTOR_INV: ark::Fr = ark::g2::Config::COFACTOR_INV;
}

/// 6·X²: the Frobenius endomorphism acts as this on the subgroup.
const SIX_X_SQUARED: [u64; 2] = {
    let x = <ark::Config as BnConfig>::X[0] as u128;
    let product = 6 * x * x;
    [product as u64, (product >> 64) as u64]
};

impl SWCurveConfig for G2 {
    const COEFF_A: Fq2 = Fq2::ZERO;
    const COEFF_B: Fq2 = fq2(&ark::g2::Config::COEFF_B);
    const GENERATOR: Affine<Self> =
        Affine::new_unchecked(fq2(&ark::g2::G2_GENERATOR_X), fq2(&ark::g2::G2_GENERATOR_Y));

    #[inline(always)]
    fn mul_by_a(_: Fq2) -> Fq2 {
        Fq2::ZERO
    }

    /// Section 4.3 of <https://eprint.iacr.org/2022/352>: `ψ(P) = [6·X²]P`.
    fn is_in_correct_subgroup_assuming_on_curve(point: &Affine<Self>) -> bool {
        let mut image = *point;
        image.x.frobenius_map_in_place(1);
        image.y.frobenius_map_in_place(1);
        image.x *= Config::TWIST_MUL_BY_Q_X;
        image.y *= Config::TWIST_MUL_BY_Q_Y;
        point.mul_bigint(SIX_X_SQUARED) == image
    }
}

pub struct Config;

impl BnConfig for Config {
    const X: &'static [u64] = ark::Config::X;
    const X_IS_NEGATIVE: bool = ark::Config::X_IS_NEGATIVE;
    const ATE_LOOP_COUNT: &'static [i8] = ark::Config::ATE_LOOP_COUNT;
    const TWIST_TYPE: TwistType = ark::Config::TWIST_TYPE;
    const TWIST_MUL_BY_Q_X: Fq2 = fq2(&ark::Config::TWIST_MUL_BY_Q_X);
    const TWIST_MUL_BY_Q_Y: Fq2 = fq2(&ark::Config::TWIST_MUL_BY_Q_Y);
    type Fp = Fq;
    type Fp2Config = Fq2Config;
    type Fp6Config = Fq6Config;
    type Fp12Config = Fq12Config;
    type G1Config = G1;
    type G2Config = G2;
}
