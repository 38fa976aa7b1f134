//! BLS12-381 over the field with system calls; every constant comes from `ark-bls12-381` at compile time.

use ark_bls12_381 as ark;
use ark_ec::bls12::{Bls12Config, TwistType};
use ark_ec::hashing::curve_maps::swu::SWUConfig;
use ark_ec::hashing::curve_maps::wb::WBConfig;
use ark_ec::scalar_mul::glv::GLVConfig;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ec::{AffineRepr as _, CurveConfig};
use ark_ff::fields::{Fp2Config, Fp6Config, Fp12Config};
use ark_ff::{AdditiveGroup as _, Field as _, Fp2, Fp6, Fp12};

use crate::field::{self, Element, SysField};
use crate::sys;

pub struct Base;

impl SysField<6> for Base {
    type Mont = ark::FqConfig;

    #[inline]
    fn multiply(x: &mut [u64; 6], y: &[u64; 6]) {
        sys::bls12_381_multiply(x, y);
    }
}

pub type Fq = Element<Base, 6>;
pub type Fq2 = Fp2<Fq2Config>;
pub type Fq6 = Fp6<Fq6Config>;
pub type Fq12 = Fp12<Fq12Config>;

pub const fn fq(value: &ark::Fq) -> Fq {
    field::plain::<Base, 6>(value)
}

pub const fn fqs<const K: usize>(values: &[ark::Fq]) -> [Fq; K] {
    field::plains::<Base, 6, K>(values)
}

pub const fn fq2(value: &ark::Fq2) -> Fq2 {
    Fq2::new(fq(&value.c0), fq(&value.c1))
}

pub const fn fq2s<const K: usize>(values: &[ark::Fq2]) -> [Fq2; K] {
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
        &fqs::<2>(<ark::Fq2Config as Fp2Config>::FROBENIUS_COEFF_FP2_C1);

    #[inline(always)]
    fn mul_fp_by_nonresidue_in_place(element: &mut Fq) -> &mut Fq {
        element.neg_in_place()
    }

    #[inline(always)]
    fn sub_and_mul_fp_by_nonresidue(y: &mut Fq, x: &Fq) {
        *y += x;
    }

    #[inline(always)]
    fn mul_fp_by_nonresidue_plus_one_and_add(y: &mut Fq, x: &Fq) {
        *y = *x;
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

    /// Multiply by 1 + u.
    #[inline(always)]
    fn mul_fp2_by_nonresidue_in_place(element: &mut Fq2) -> &mut Fq2 {
        let first = element.c0;
        element.c0 -= element.c1;
        element.c1 += first;
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

/// The endomorphism of G1 multiplies x by this cube root of one.
pub const G1_BETA: Fq = fq(&<ark::g1::Config as GLVConfig>::ENDO_COEFFS[0]);

#[derive(Clone, Default, PartialEq, Eq)]
pub struct G2;

impl CurveConfig for G2 {
    type BaseField = Fq2;
    type ScalarField = ark::Fr;
    const COFACTOR: &'static [u64] = ark::g2::Config::COFACTOR;
    const COFACTOR_INV: ark::Fr = ark::g2::Config::COFACTOR_INV;
}

impl SWCurveConfig for G2 {
    const COEFF_A: Fq2 = Fq2::ZERO;
    const COEFF_B: Fq2 = fq2(&ark::g2::Config::COEFF_B);
    const GENERATOR: Affine<Self> =
        Affine::new_unchecked(fq2(&ark::g2::G2_GENERATOR_X), fq2(&ark::g2::G2_GENERATOR_Y));

    #[inline(always)]
    fn mul_by_a(_: Fq2) -> Fq2 {
        Fq2::ZERO
    }

    /// Section 4 of <https://eprint.iacr.org/2021/1130>: `ψ(P) = [X]P`.
    fn is_in_correct_subgroup_assuming_on_curve(point: &Affine<Self>) -> bool {
        // X is negative.
        -point.mul_bigint(Config::X) == super::map::psi(point)
    }
}

type ArkIso1 = <ark::g1::Config as WBConfig>::IsogenousCurve;
type ArkIso2 = <ark::g2::Config as WBConfig>::IsogenousCurve;

/// The curve isogenous to G1's that a field element maps to first.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Iso1;

impl CurveConfig for Iso1 {
    type BaseField = Fq;
    type ScalarField = ark::Fr;
    const COFACTOR: &'static [u64] = <ArkIso1 as CurveConfig>::COFACTOR;
    const COFACTOR_INV: ark::Fr = <ArkIso1 as CurveConfig>::COFACTOR_INV;
}

impl SWCurveConfig for Iso1 {
    const COEFF_A: Fq = fq(&<ArkIso1 as SWCurveConfig>::COEFF_A);
    const COEFF_B: Fq = fq(&<ArkIso1 as SWCurveConfig>::COEFF_B);
    const GENERATOR: Affine<Self> = Affine::new_unchecked(
        fq(&<ArkIso1 as SWCurveConfig>::GENERATOR.x),
        fq(&<ArkIso1 as SWCurveConfig>::GENERATOR.y),
    );
}

impl SWUConfig for Iso1 {
    const ZETA: Fq = fq(&<ArkIso1 as SWUConfig>::ZETA);
}

/// The curve isogenous to G2's that a field element maps to first.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Iso2;

impl CurveConfig for Iso2 {
    type BaseField = Fq2;
    type ScalarField = ark::Fr;
    const COFACTOR: &'static [u64] = <ArkIso2 as CurveConfig>::COFACTOR;
    const COFACTOR_INV: ark::Fr = <ArkIso2 as CurveConfig>::COFACTOR_INV;
}

impl SWCurveConfig for Iso2 {
    const COEFF_A: Fq2 = fq2(&<ArkIso2 as SWCurveConfig>::COEFF_A);
    const COEFF_B: Fq2 = fq2(&<ArkIso2 as SWCurveConfig>::COEFF_B);
    const GENERATOR: Affine<Self> = Affine::new_unchecked(
        fq2(&<ArkIso2 as SWCurveConfig>::GENERATOR.x),
        fq2(&<ArkIso2 as SWCurveConfig>::GENERATOR.y),
    );
}

impl SWUConfig for Iso2 {
    const ZETA: Fq2 = fq2(&<ArkIso2 as SWUConfig>::ZETA);
}

pub struct Config;

impl Bls12Config for Config {
    const X: &'static [u64] = ark::Config::X;
    const X_IS_NEGATIVE: bool = ark::Config::X_IS_NEGATIVE;
    const TWIST_TYPE: TwistType = ark::Config::TWIST_TYPE;
    type Fp = Fq;
    type Fp2Config = Fq2Config;
    type Fp6Config = Fq6Config;
    type Fp12Config = Fq12Config;
    type G1Config = G1;
    type G2Config = G2;
}
