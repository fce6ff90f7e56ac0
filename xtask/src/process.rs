//! Child processes with captured output and a time limit.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::util::target;

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    Exit(i32),
    Signal(i32),
    TimedOut,
}

impl End {
    fn of(status: ExitStatus) -> End {
        match (status.code(), status.signal()) {
            (Some(code), _) => End::Exit(code),
            (None, signal) => End::Signal(signal.unwrap_or(0)),
        }
    }
}

impl std::fmt::Display for End {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            End::Exit(code) => write!(f, "exit status {code}"),
            End::Signal(signal) => write!(f, "killed by signal {signal}"),
            End::TimedOut => write!(f, "timed out"),
        }
    }
}

/// What a process did.
pub struct Outcome {
    pub end: End,
    pub stdout: String,
    pub stderr: String,
    /// The process's id, for files that are named after it.
    pub process: u32,
}

/// A directory that goes away when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Result<Scratch> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = target().join("scratch").join(name);
        fs::create_dir_all(&dir)?;
        Ok(Scratch(dir))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A leftover under target/ harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bounds the address space of a command: what asks for too much gets a MemoryError instead of all memory.
pub fn limit_memory(command: &mut Command, bytes: u64) {
    let limit = libc::rlimit { rlim_cur: bytes, rlim_max: bytes };
    let set = move || {
        // SAFETY: `limit` is a live rlimit.
        if unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    // SAFETY: setrlimit may be called between fork and exec.
    unsafe { command.pre_exec(set) };
}

/// Takes Tierup's and Python's own variables out of a command's environment: what a run does must not depend on the
/// caller's.
pub fn clear_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("TIERUP") || name.starts_with("PYTHON") {
            command.env_remove(name);
        }
    }
}

/// Runs a command to its end. Output goes through files: a grandchild that holds a pipe open
/// cannot make this wait.
pub fn capture(command: &mut Command, stdin: &str, limit: Duration) -> Result<Outcome> {
    let scratch = Scratch::new()?;
    let file = |name| scratch.path().join(name);
    File::create(file("stdin"))?.write_all(stdin.as_bytes())?;
    let mut child = command
        .stdin(File::open(file("stdin"))?)
        .stdout(File::create(file("stdout"))?)
        .stderr(File::create(file("stderr"))?)
        .spawn()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    let start = Instant::now();
    let mut pause = Duration::from_millis(1);
    let end = loop {
        if let Some(status) = child.try_wait()? {
            break End::of(status);
        }
        if start.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break End::TimedOut;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let read = |name| -> Result<String> { Ok(String::from_utf8_lossy(&fs::read(file(name))?).into_owned()) };
    Ok(Outcome { end, stdout: read("stdout")?, stderr: read("stderr")?, process: child.id() })
}
