//! Keccak-256 over the permutation.

use crate::sys;

const RATE_BYTES: usize = 136;
const RATE_WORDS: usize = RATE_BYTES / 8;
const PAD_FIRST: u8 = 0x01;
const PAD_LAST: u64 = 0x80 << 56;

#[repr(C, align(8))]
struct State([u64; 25]);

/// Hash `input`.
pub fn keccak256(input: &[u8]) -> [u8; 32] {
    let mut state = State([0; 25]);
    let mut rest = input;
    if rest.len() >= RATE_BYTES {
        rest = absorb_blocks(&mut state.0, rest);
        absorb_last(&mut state.0, rest);
    } else {
        // The state is still zero: the bytes go straight in.
        sys::words_as_bytes_mut(&mut state.0)[..rest.len()].copy_from_slice(rest);
        pad(&mut state.0, rest.len());
    }
    sys::keccak_permute(&mut state.0);
    digest(&state.0)
}

/// Hash eight words whose big-endian bytes are the message (a public key).
pub fn keccak256_be_words(words: [u64; 8]) -> [u8; 32] {
    let mut state = State([0; 25]);
    for (slot, word) in state.0.iter_mut().zip(words) {
        *slot = word.swap_bytes();
    }
    pad(&mut state.0, 64);
    sys::keccak_permute(&mut state.0);
    digest(&state.0)
}

/// Absorb all whole blocks; the last part, shorter than a block, comes back.
fn absorb_blocks<'a>(state: &mut [u64; 25], input: &'a [u8]) -> &'a [u8] {
    let mut blocks = input.chunks_exact(RATE_BYTES);
    // A block is a whole number of words, so the first address decides for all of them.
    if input.as_ptr().addr().is_multiple_of(8) {
        for block in &mut blocks {
            // SAFETY: the block has 17 aligned words.
            let words = unsafe { &*block.as_ptr().cast::<[u64; RATE_WORDS]>() };
            xor(state, words);
            sys::keccak_permute(state);
        }
    } else {
        let mut words = [0u64; RATE_WORDS];
        for block in &mut blocks {
            sys::words_as_bytes_mut(&mut words).copy_from_slice(block);
            xor(state, &words);
            sys::keccak_permute(state);
        }
    }
    blocks.remainder()
}

fn absorb_last(state: &mut [u64; 25], rest: &[u8]) {
    let mut words = [0u64; RATE_WORDS];
    sys::words_as_bytes_mut(&mut words)[..rest.len()].copy_from_slice(rest);
    xor(state, &words);
    pad(state, rest.len());
}

#[inline]
fn pad(state: &mut [u64; 25], filled: usize) {
    state[filled / 8] ^= u64::from(PAD_FIRST) << (8 * (filled % 8));
    state[RATE_WORDS - 1] ^= PAD_LAST;
}

#[inline]
fn xor(state: &mut [u64; 25], words: &[u64; RATE_WORDS]) {
    for (slot, word) in state.iter_mut().zip(words) {
        *slot ^= word.to_le();
    }
}

#[inline]
fn digest(state: &[u64; 25]) -> [u8; 32] {
    let mut out = [0u8; 32];
    let bytes = sys::words_as_bytes(state);
    out.copy_from_slice(&bytes[..32]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ethrex_crypto::keccak::keccak_hash;

    #[test]
    fn keccak__agrees_at_every_length_and_alignment() {
        let data: Vec<u8> = (0..620u32).map(|i| (i * 37 + 11) as u8).collect();
        for offset in 0..8 {
            for len in 0..=600 {
                let input = &data[offset..offset + len];
                assert_eq!(keccak256(input), keccak_hash(input), "{offset} {len}");
            }
        }
    }

    #[test]
    fn keccak__agrees_on_words() {
        let words = [1, 2, 3, 4, u64::MAX, 6, 7, 0x0102_0304_0506_0708];
        let bytes: Vec<u8> = words.iter().flat_map(|w: &u64| w.to_be_bytes()).collect();
        assert_eq!(keccak256_be_words(words), keccak_hash(&bytes));
    }
}
