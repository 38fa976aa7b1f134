//! The zkVM's system calls; on an ordinary machine the same functions in software, so that tests run anywhere.

#[cfg(target_os = "zkvm")]
pub use zkvm::*;

#[cfg(not(target_os = "zkvm"))]
pub use crate::software::*;

#[inline]
pub fn words_as_bytes(words: &[u64]) -> &[u8] {
    // SAFETY: every byte of a word may be read, and the length is that of the same memory.
    unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), words.len() * 8) }
}

#[inline]
pub fn words_as_bytes_mut(words: &mut [u64]) -> &mut [u8] {
    // SAFETY: every byte of a word may be written, and the length is that of the same memory.
    unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), words.len() * 8) }
}

#[cfg(target_os = "zkvm")]
mod zkvm {
    use sp1_zkvm::syscalls;

    #[inline]
    pub fn keccak_permute(state: &mut [u64; 25]) {
        syscalls::syscall_keccak_permute(state);
    }

    #[inline]
    pub fn sha256_extend(schedule: &mut [u64; 64]) {
        syscalls::syscall_sha256_extend(schedule);
    }

    #[inline]
    pub fn sha256_compress(schedule: &mut [u64; 64], state: &mut [u64; 8]) {
        syscalls::syscall_sha256_compress(schedule, state);
    }

    /// `x = x·y mod m` with `ym` = y then m; m = 0 stands for 2^256. The result is always reduced.
    #[inline]
    pub fn mul_mod(x: &mut [u64; 4], ym: &[u64; 8]) {
        syscalls::syscall_uint256_mulmod(x, ym.as_ptr().cast());
    }

    /// Low and high half of `a·b + c`.
    #[inline]
    pub fn multiply_add(a: &[u64; 4], b: &[u64; 4], c: &[u64; 4]) -> ([u64; 4], [u64; 4]) {
        let (mut low, mut high) = ([0; 4], [0; 4]);
        syscalls::syscall_uint256_mul_with_carry(a, b, c, &mut low, &mut high);
        (low, high)
    }

    /// `p += q` for affine points whose x differ.
    #[inline]
    pub fn secp256k1_add(p: &mut [u64; 8], q: &[u64; 8]) {
        // The system call takes a mutable pointer to q but only reads it.
        syscalls::syscall_secp256k1_add(p, core::ptr::from_ref(q).cast_mut());
    }

    /// `p += p` for an affine point.
    #[inline]
    pub fn secp256k1_double(p: &mut [u64; 8]) {
        syscalls::syscall_secp256k1_double(p);
    }

    #[inline]
    pub fn bn254_multiply(x: &mut [u64; 4], y: &[u64; 4]) {
        syscalls::syscall_bn254_fp_mulmod(x.as_mut_ptr(), y.as_ptr());
    }

    #[inline]
    pub fn bn254_add(p: &mut [u64; 8], q: &[u64; 8]) {
        syscalls::syscall_bn254_add(p, q);
    }

    #[inline]
    pub fn bn254_double(p: &mut [u64; 8]) {
        syscalls::syscall_bn254_double(p);
    }

    #[inline]
    pub fn bls12_381_multiply(x: &mut [u64; 6], y: &[u64; 6]) {
        syscalls::syscall_bls12381_fp_mulmod(x.as_mut_ptr(), y.as_ptr());
    }

    #[inline]
    pub fn bls12_381_add(p: &mut [u64; 12], q: &[u64; 12]) {
        syscalls::syscall_bls12381_add(p, q);
    }

    #[inline]
    pub fn bls12_381_double(p: &mut [u64; 12]) {
        syscalls::syscall_bls12381_double(p);
    }

    /// Words that the host computes with `f`, outside of the proof: whoever calls must prove them right.
    #[inline]
    pub fn hint<const N: usize>(f: impl Fn() -> [u64; N]) -> [u64; N] {
        sp1_lib::unconstrained! {
            sp1_lib::io::hint_slice(super::words_as_bytes(&f()));
        }
        let bytes = sp1_lib::io::read_vec();
        if bytes.len() != 8 * N || !bytes.as_ptr().addr().is_multiple_of(8) {
            bad_hint();
        }
        // SAFETY: 8·N aligned bytes.
        unsafe { *bytes.as_ptr().cast::<[u64; N]>() }
    }

    /// Stop: the host answered wrongly.
    #[cold]
    pub fn bad_hint() -> ! {
        sp1_lib::halt_invalid_hint()
    }
}
