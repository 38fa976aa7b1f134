//! Maps from field elements to the groups (RFC 9380, sections 6.6.3 and 8.8) and the endomorphisms.

use ark_bls12_381 as ark;
use ark_ec::bls12::Bls12Config;
use ark_ec::hashing::curve_maps::swu::{SWUConfig, SWUMap};
use ark_ec::hashing::curve_maps::wb::WBConfig;
use ark_ec::hashing::map_to_curve_hasher::MapToCurve as _;
use ark_ec::short_weierstrass::Affine;
use ark_ec::{AffineRepr as _, CurveGroup as _, PrimeGroup as _};
use ark_ff::fields::Fp;
use ark_ff::{AdditiveGroup as _, BigInt, Field};
use core::marker::PhantomData;

use super::curve::{Config, Fq, Fq2, G2, Iso1, Iso2, fq2s, fqs};
use super::{Calls, join};
use crate::points::Sum;

/// Coefficients of an isogeny, lowest first.
struct Isogeny<F: 'static> {
    x_numerator: &'static [F],
    x_denominator: &'static [F],
    y_numerator: &'static [F],
    y_denominator: &'static [F],
}

macro_rules! convert {
    ($convert:ident, $curve:ty, $field:ident) => {{
        const LENGTH: usize = <$curve as WBConfig>::ISOGENY_MAP.$field.len();
        &$convert::<LENGTH>(<$curve as WBConfig>::ISOGENY_MAP.$field)
    }};
}

const TO_G1: Isogeny<Fq> = Isogeny {
    x_numerator: convert!(fqs, ark::g1::Config, x_map_numerator),
    x_denominator: convert!(fqs, ark::g1::Config, x_map_denominator),
    y_numerator: convert!(fqs, ark::g1::Config, y_map_numerator),
    y_denominator: convert!(fqs, ark::g1::Config, y_map_denominator),
};

const TO_G2: Isogeny<Fq2> = Isogeny {
    x_numerator: convert!(fq2s, ark::g2::Config, x_map_numerator),
    x_denominator: convert!(fq2s, ark::g2::Config, x_map_denominator),
    y_numerator: convert!(fq2s, ark::g2::Config, y_map_numerator),
    y_denominator: convert!(fq2s, ark::g2::Config, y_map_denominator),
};

impl<F: Field> Isogeny<F> {
    /// The image of (x, y); the kernel goes to infinity, as RFC 9380 says.
    fn apply(&self, x: F, y: F) -> Option<(F, F)> {
        let denominator = evaluate(self.x_denominator, x) * evaluate(self.y_denominator, x);
        let inverse = denominator.inverse()?;
        let x_image = evaluate(self.x_numerator, x) * evaluate(self.y_denominator, x) * inverse;
        let y_image = y * evaluate(self.y_numerator, x) * evaluate(self.x_denominator, x) * inverse;
        Some((x_image, y_image))
    }
}

fn evaluate<F: Field>(coefficients: &[F], x: F) -> F {
    coefficients
        .iter()
        .rev()
        .fold(F::ZERO, |sum, coefficient| sum * x + coefficient)
}

/// The simplified map of Shallue, van de Woestijne and Ulas: never infinity.
fn swu<C: SWUConfig>(element: C::BaseField) -> (C::BaseField, C::BaseField) {
    match SWUMap::<C>::map_to_curve(element) {
        Ok(point) => (point.x, point.y),
        // The map is total: its type has an error for other maps' sake.
        Err(_) => (C::BaseField::ZERO, C::BaseField::ZERO),
    }
}

/// A field element's point of G1, or nothing for infinity.
pub fn to_g1(element: Fq) -> Option<[u64; 12]> {
    let (x, y) = swu::<Iso1>(element);
    let (x, y) = TO_G1.apply(x, y)?;
    // The effective cofactor is 1 - X, with X negative.
    Sum::<Calls, 12>::times_word(&join(&x, &y), Config::X[0] + 1).point()
}

/// A field element's point of G2, or nothing for infinity.
pub fn to_g2(element: Fq2) -> Option<Affine<G2>> {
    let (x, y) = swu::<Iso2>(element);
    let (x, y) = TO_G2.apply(x, y)?;
    let cleared = clear_cofactor(&Affine::new_unchecked(x, y));
    (!cleared.infinity).then_some(cleared)
}

/// Section 4.1 of <https://eprint.iacr.org/2017/419>: `[X² - X - 1]P + [X - 1]ψ(P) + ψ²(2P)`.
fn clear_cofactor(point: &Affine<G2>) -> Affine<G2> {
    let x_point = -point.mul_bigint(Config::X);
    let psi_point = psi(point).into_group();
    let squared = -(x_point + psi_point).mul_bigint(Config::X);
    let double_psi = psi(&psi(&point.into_group().double().into_affine()));
    (squared + double_psi - x_point - psi_point - point.into_group()).into_affine()
}

/// The untwist-Frobenius-twist endomorphism of G2's curve.
pub fn psi(point: &Affine<G2>) -> Affine<G2> {
    let mut image = *point;
    image.x.frobenius_map_in_place(1);
    image.y.frobenius_map_in_place(1);
    image.x *= PSI_X;
    image.y *= PSI_Y;
    image
}

/// 1/(u+1)^((p-1)/3)
const PSI_X: Fq2 = Fq2::new(
    Fq::ZERO,
    number(BigInt!(
        "4002409555221667392624310435006688643935503118305586438271171395842971157480381377015405980053539358417135540939437"
    )),
);
/// 1/(u+1)^((p-1)/2)
const PSI_Y: Fq2 = Fq2::new(
    number(BigInt!(
        "2973677408986561043442465346520108879172042883009249989176415018091420807192182638567116318576472649347015917690530"
    )),
    number(BigInt!(
        "1028732146235106349975324479215795277384839936929757896155643118032610843298655225875571310552543014690878354869257"
    )),
);

const fn number(value: BigInt<6>) -> Fq {
    Fp(value, PhantomData)
}
