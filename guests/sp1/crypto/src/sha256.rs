//! SHA-256 over the message schedule and the compression function.

use crate::sys;

const BLOCK_BYTES: usize = 64;
const LENGTH_BYTES: usize = 8;
const INITIAL: [u64; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Hash `input`.
pub fn sha256(input: &[u8]) -> [u8; 32] {
    let mut state = INITIAL;
    let mut schedule = [0u64; 64];
    let mut blocks = input.chunks_exact(BLOCK_BYTES);
    for block in &mut blocks {
        compress(&mut state, &mut schedule, block);
    }
    let rest = blocks.remainder();
    let mut last = [0u8; 2 * BLOCK_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    last[rest.len()] = 0x80;
    let end = if rest.len() + 1 + LENGTH_BYTES <= BLOCK_BYTES {
        BLOCK_BYTES
    } else {
        2 * BLOCK_BYTES
    };
    last[end - LENGTH_BYTES..end].copy_from_slice(&(input.len() as u64 * 8).to_be_bytes());
    for block in last[..end].chunks_exact(BLOCK_BYTES) {
        compress(&mut state, &mut schedule, block);
    }
    let mut out = [0u8; 32];
    for (chunk, word) in out.chunks_exact_mut(4).zip(state) {
        chunk.copy_from_slice(&(word as u32).to_be_bytes());
    }
    out
}

fn compress(state: &mut [u64; 8], schedule: &mut [u64; 64], block: &[u8]) {
    for (slot, bytes) in schedule.iter_mut().zip(block.chunks_exact(4)) {
        *slot = u64::from(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    }
    sys::sha256_extend(schedule);
    sys::sha256_compress(schedule, state);
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest as _;

    #[test]
    fn sha256__agrees_at_every_length() {
        let data: Vec<u8> = (0..300u32).map(|i| (i * 73 + 5) as u8).collect();
        for len in 0..=300 {
            let native: [u8; 32] = sha2::Sha256::digest(&data[..len]).into();
            assert_eq!(sha256(&data[..len]), native, "{len}");
        }
    }
}
