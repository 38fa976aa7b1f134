//! Runs operations of [`Crypto`] on encoded inputs: the guest and the host run the same list and compare.

use ethrex_crypto::Crypto;

/// What an operation answers: bytes, or nothing for a refusal.
pub type Answer = Option<Vec<u8>>;

/// The operations; the number is the code in the encoded list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    Keccak256,
    Sha256,
    Secp256k1Recover,
    Mulmod256,
    Modexp,
    Bn254G1Add,
    Bn254G1Mul,
    Bn254Pairing,
    BlsG1Add,
    BlsG1Msm,
    BlsG2Add,
    BlsG2Msm,
    BlsPairing,
    BlsMapFpToG1,
    BlsMapFp2ToG2,
    KzgProof,
    P256Verify,
    Ripemd160,
    Blake2Compress,
}

const OPERATIONS: [Operation; 19] = [
    Operation::Keccak256,
    Operation::Sha256,
    Operation::Secp256k1Recover,
    Operation::Mulmod256,
    Operation::Modexp,
    Operation::Bn254G1Add,
    Operation::Bn254G1Mul,
    Operation::Bn254Pairing,
    Operation::BlsG1Add,
    Operation::BlsG1Msm,
    Operation::BlsG2Add,
    Operation::BlsG2Msm,
    Operation::BlsPairing,
    Operation::BlsMapFpToG1,
    Operation::BlsMapFp2ToG2,
    Operation::KzgProof,
    Operation::P256Verify,
    Operation::Ripemd160,
    Operation::Blake2Compress,
];

/// Encode a list of (operation, input): code, length of 4 bytes, input.
pub fn encode(cases: &[(Operation, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (operation, input) in cases {
        out.push(*operation as u8);
        out.extend((input.len() as u32).to_le_bytes());
        out.extend(input);
    }
    out
}

/// Run an encoded list; each answer is a byte 1, a length and the bytes, or a byte 0.
pub fn run(crypto: &dyn Crypto, mut list: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let [code, rest @ ..] = list {
        let (length, rest) = rest.split_first_chunk::<4>().expect("length");
        let (input, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        list = rest;
        match answer(crypto, OPERATIONS[usize::from(*code)], input) {
            Some(bytes) => {
                out.push(1);
                out.extend((bytes.len() as u32).to_le_bytes());
                out.extend(bytes);
            }
            None => out.push(0),
        }
    }
    out
}

/// Run one operation. Fixed-size inputs are the fields one after another; lists are their entries one after another.
pub fn answer(crypto: &dyn Crypto, operation: Operation, input: &[u8]) -> Answer {
    let mut fields = Fields(input);
    match operation {
        Operation::Keccak256 => Some(crypto.keccak256(input).to_vec()),
        Operation::Sha256 => Some(crypto.sha256(input).to_vec()),
        Operation::Ripemd160 => Some(crypto.ripemd160(input).to_vec()),
        Operation::Secp256k1Recover => {
            let (signature, [id], message) = (fields.take(), fields.take(), fields.take());
            crypto
                .secp256k1_ecrecover(&signature, id, &message)
                .ok()
                .map(Vec::from)
        }
        Operation::Mulmod256 => Some(
            crypto
                .mulmod256(&fields.take(), &fields.take(), &fields.take())
                .to_vec(),
        ),
        Operation::Modexp => {
            let lengths: [u32; 3] = core::array::from_fn(|_| u32::from_le_bytes(fields.take()));
            let [base, exponent, modulus] = lengths.map(|length| fields.slice(length as usize));
            crypto.modexp(base, exponent, modulus).ok()
        }
        Operation::Bn254G1Add => crypto
            .bn254_g1_add(fields.slice(64), fields.slice(64))
            .ok()
            .map(Vec::from),
        Operation::Bn254G1Mul => crypto
            .bn254_g1_mul(fields.slice(64), fields.slice(32))
            .ok()
            .map(Vec::from),
        Operation::Bn254Pairing => {
            let pairs: Vec<_> = input
                .chunks_exact(192)
                .map(|pair| pair.split_at(64))
                .collect();
            crypto.bn254_pairing_check(&pairs).ok().map(flag)
        }
        Operation::KzgProof => {
            let (z, y) = (fields.take(), fields.take());
            crypto
                .verify_kzg_proof(&z, &y, &fields.take(), &fields.take())
                .ok()
                .map(|()| Vec::new())
        }
        Operation::P256Verify => Some(flag(crypto.secp256r1_verify(
            &fields.take(),
            &fields.take(),
            &fields.take(),
        ))),
        Operation::Blake2Compress => Some(blake2(crypto, fields)),
        _ => bls(crypto, operation, fields),
    }
}

fn bls(crypto: &dyn Crypto, operation: Operation, mut fields: Fields) -> Answer {
    match operation {
        Operation::BlsG1Add => crypto
            .bls12_381_g1_add(fields.g1(), fields.g1())
            .ok()
            .map(Vec::from),
        Operation::BlsG2Add => crypto
            .bls12_381_g2_add(fields.g2(), fields.g2())
            .ok()
            .map(Vec::from),
        Operation::BlsG1Msm => {
            let pairs: Vec<_> = (0..fields.0.len() / 128)
                .map(|_| (fields.g1(), fields.take()))
                .collect();
            crypto.bls12_381_g1_msm(&pairs).ok().map(Vec::from)
        }
        Operation::BlsG2Msm => {
            let pairs: Vec<_> = (0..fields.0.len() / 224)
                .map(|_| (fields.g2(), fields.take()))
                .collect();
            crypto.bls12_381_g2_msm(&pairs).ok().map(Vec::from)
        }
        Operation::BlsPairing => {
            let pairs: Vec<_> = (0..fields.0.len() / 288)
                .map(|_| (fields.g1(), fields.g2()))
                .collect();
            crypto.bls12_381_pairing_check(&pairs).ok().map(flag)
        }
        Operation::BlsMapFpToG1 => crypto
            .bls12_381_fp_to_g1(&fields.take())
            .ok()
            .map(Vec::from),
        Operation::BlsMapFp2ToG2 => crypto
            .bls12_381_fp2_to_g2((fields.take(), fields.take()))
            .ok()
            .map(Vec::from),
        _ => None,
    }
}

fn blake2(crypto: &dyn Crypto, mut fields: Fields) -> Vec<u8> {
    let rounds = u32::from_be_bytes(fields.take());
    let mut h: [u64; 8] = core::array::from_fn(|_| u64::from_le_bytes(fields.take()));
    let m = core::array::from_fn(|_| u64::from_le_bytes(fields.take()));
    let t = core::array::from_fn(|_| u64::from_le_bytes(fields.take()));
    let [last] = fields.take();
    crypto.blake2_compress(rounds, &mut h, m, t, last != 0);
    h.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn flag(value: bool) -> Vec<u8> {
    vec![u8::from(value)]
}

/// The rest of an input, read from the front.
struct Fields<'a>(&'a [u8]);

type G2 = ([u8; 48], [u8; 48], [u8; 48], [u8; 48]);

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        self.slice(N).try_into().expect("length")
    }

    fn slice(&mut self, length: usize) -> &'a [u8] {
        let (first, rest) = self.0.split_at(length);
        self.0 = rest;
        first
    }

    fn g1(&mut self) -> ([u8; 48], [u8; 48]) {
        (self.take(), self.take())
    }

    fn g2(&mut self) -> G2 {
        (self.take(), self.take(), self.take(), self.take())
    }
}
