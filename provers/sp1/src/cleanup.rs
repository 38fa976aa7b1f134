//! Leaving without a trace: the unfinished proof file, the shared memory of the executor and its
//! process go before we do, whatever the reason we go for.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Delete `path` if the process ends before [`file_is_finished`].
pub fn file_is_unfinished(path: &Path) {
    *UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner) = Some(path.to_owned());
}

/// Keep the file that was unfinished.
pub fn file_is_finished() {
    *UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Clean up and end the process at once, whatever other threads do.
pub fn leave(code: i32) -> ! {
    // The executor first, for it maps the shared memory too.
    for child in children() {
        // SAFETY: sends a signal; the process is our direct child.
        unsafe { libc::kill(child, libc::SIGKILL) };
    }
    if let Some(path) = UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        let _ = fs::remove_file(path);
    }
    for path in shared_memory() {
        let _ = fs::remove_file(path);
    }
    // SAFETY: ends the process without destructors: other threads may be deep inside a proof.
    unsafe { libc::_exit(code) }
}

fn children() -> Vec<i32> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}

/// Files under `/dev/shm` that this process has mapped: the executor's memory, rings and semaphores
/// (the kernel does not delete them with us).
fn shared_memory() -> BTreeSet<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    maps.lines()
        .filter_map(|line| line.find("/dev/shm/").map(|at| PathBuf::from(&line[at..])))
        .filter(|path| is_executor_file(path.file_name().unwrap_or_default()))
        .collect()
}

fn is_executor_file(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("sp1_") || name.starts_with("sem.sp1_")
}
