//! Peak memory of this process and of the processes it ran.

use std::fs;

/// Let threads share heaps: each heap keeps what was freed in it, and others cannot use that.
pub fn limit_heaps() {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    // SAFETY: sets a parameter of the allocator before other threads exist.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, i32::try_from(cores).unwrap_or(i32::MAX)) };
}

/// Give freed memory back to the system. Without this each shard leaves some behind, and the peak
/// creeps up with the length of the block.
pub fn give_back() {
    // SAFETY: only touches memory that nobody uses.
    unsafe { libc::malloc_trim(0) };
}

/// Forget the peak so far, so that each job reports its own.
pub fn reset_peak() {
    // Refused on kernels without the feature: then the peak is that of the process's life.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Peak resident memory of this process in bytes.
pub fn peak_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kib| kib * 1024)
}

/// Largest resident memory of any child process that ended, in bytes.
pub fn peak_child_bytes() -> u64 {
    // SAFETY: `getrusage` fills the structure that it is given.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &raw mut usage);
        usage
    };
    u64::try_from(usage.ru_maxrss).unwrap_or(0) * 1024
}
