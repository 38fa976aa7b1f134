//! Leaving without a trace: the unfinished proof file, the shared memory of the executor and its
//! process go before we do, whatever the reason we go for.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

const SHARED_MEMORY: &str = "/dev/shm/";
const ABANDONED: Duration = Duration::from_secs(60);

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
    if let Some(path) = UNFINISHED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take()
    {
        let _ = fs::remove_file(path);
    }
    for path in mapped_by("self") {
        let _ = fs::remove_file(path);
    }
    // SAFETY: ends the process without destructors: other threads may be deep inside a proof.
    unsafe { libc::_exit(code) }
}

fn children() -> Vec<i32> {
    let tasks = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Delete shared memory that a worker left behind when it was killed without warning: files of the
/// executor that are ours, that no process has mapped, and that are too old to be about to be.
pub fn sweep_shared_memory() {
    // SAFETY: asks for our own user id.
    let user = unsafe { libc::getuid() };
    let mapped: BTreeSet<PathBuf> = processes().flat_map(|pid| mapped_by(&pid)).collect();
    for entry in fs::read_dir(SHARED_MEMORY).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else {
            continue;
        };
        let age = metadata
            .modified()
            .ok()
            .and_then(|time| time.elapsed().ok());
        if is_executor_file(&entry.file_name())
            && metadata.uid() == user
            && age.is_some_and(|age| age > ABANDONED)
            && !mapped.contains(&entry.path())
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn processes() -> impl Iterator<Item = String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Files of the executor that a process has mapped: its memory, rings and semaphores. The kernel
/// does not delete them with the process.
fn mapped_by(pid: &str) -> BTreeSet<PathBuf> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
    maps.lines()
        .filter_map(|line| {
            line.find(SHARED_MEMORY)
                .map(|at| PathBuf::from(&line[at..]))
        })
        .filter(|path| is_executor_file(path.file_name().unwrap_or_default()))
        .collect()
}

fn is_executor_file(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("sp1_") || name.starts_with("sem.sp1_")
}
