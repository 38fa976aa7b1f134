//! Peak memory of this process and of the processes it ran.

use std::fs;

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
