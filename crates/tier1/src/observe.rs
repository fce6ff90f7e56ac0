//! Counting instructions (`TIERUP_COUNT=1`, or the runtime's exit log), and who else watches them one by one.
//!
//! Handlers exist twice: for running, and for running under observation, where [`crate::dispatch::record_dispatch`]
//! sees each instruction. What observes is the recorder; when instructions are counted, everything runs under
//! observation, and the recorder is one observer, at times.

use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use cpython::abi::*;

use crate::hooks::hooks;
use crate::inst::Inst;

static COUNTING: AtomicBool = AtomicBool::new(false);
static INSTRUCTIONS: AtomicU64 = AtomicU64::new(0);
/// While instructions are counted: the thread that is in an activation that is being recorded.
static RECORDED: AtomicPtr<ThreadState> = AtomicPtr::new(core::ptr::null_mut());
/// While instructions are counted: nanoseconds in CPython's evaluator, and since when somebody is there.
static LEFT_NS: AtomicU64 = AtomicU64::new(0);
static LEFT_SINCE: AtomicU64 = AtomicU64::new(0);

/// Says whether instructions are counted: everything is slower then.
///
/// # Safety
/// The GIL is held and nothing runs in tier 1.
pub unsafe fn count_instructions(on: bool) {
    COUNTING.store(on, Relaxed);
}

/// Instructions that tier 1 executed, and nanoseconds that CPython's evaluator had frames that were left to it; while
/// instructions were counted.
pub fn instructions_counted() -> (u64, u64) {
    (INSTRUCTIONS.load(Relaxed), LEFT_NS.load(Relaxed))
}

#[inline(always)]
pub(crate) fn counting() -> bool {
    COUNTING.load(Relaxed)
}

/// Adds without a locked instruction: the GIL orders the writers.
#[inline(always)]
pub(crate) fn add(counter: &AtomicU64, n: u64) {
    counter.store(counter.load(Relaxed).wrapping_add(n), Relaxed);
}

/// An instruction is about to be executed.
pub(crate) unsafe fn count_instruction(f: *mut Frame, ip: *mut Inst, sp: *mut StackRef, ts: *mut ThreadState) {
    add(&INSTRUCTIONS, 1);
    // SAFETY: `f` is the running frame.
    unsafe { (hooks().on_instruction)(ts, f, ip, sp) }
}

/// Whether a handler of version `R` runs for the recorder, not just to be counted.
#[inline(always)]
pub(crate) fn is_recording<const R: bool>(ts: *mut ThreadState) -> bool {
    R && (!counting() || RECORDED.load(Relaxed) == ts)
}

/// The recorder watches this thread from now on, or no longer does.
pub(crate) fn set_recording(ts: *mut ThreadState, on: bool) {
    if !counting() {
        return;
    }
    if on {
        RECORDED.store(ts, Relaxed);
    } else if RECORDED.load(Relaxed) == ts {
        RECORDED.store(core::ptr::null_mut(), Relaxed);
    }
}

/// Runs a nested activation, of which the recorder sees nothing.
#[cold]
pub(crate) fn unseen<T>(ts: *mut ThreadState, body: impl FnOnce() -> T) -> T {
    let recording = RECORDED.load(Relaxed) == ts;
    set_recording(ts, false);
    let result = timed(0, body);
    set_recording(ts, recording);
    result
}

/// Runs CPython's evaluator.
#[inline(always)]
pub(crate) fn left<T>(body: impl FnOnce() -> T) -> T {
    if !counting() {
        return body();
    }
    timed(now(), body)
}

/// Runs `body`, from `since` on in CPython's evaluator if that is not zero; the time until now is whose it was.
fn timed<T>(since: u64, body: impl FnOnce() -> T) -> T {
    let end = || {
        let since = LEFT_SINCE.load(Relaxed);
        if since != 0 {
            add(&LEFT_NS, now().saturating_sub(since));
        }
        since != 0
    };
    let was_left = end();
    LEFT_SINCE.store(since, Relaxed);
    let result = body();
    end();
    LEFT_SINCE.store(if was_left { now() } else { 0 }, Relaxed);
    result
}

/// Nanoseconds since some moment, never zero.
fn now() -> u64 {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_nanos() as u64 + 1
}

/// A call of the version of a handler or continuation that is for running, or for being counted.
macro_rules! observed {
    ($($function:ident)::+($($argument:expr),*)) => {
        if $crate::observe::counting() {
            $($function)::+::<true>($($argument),*)
        } else {
            $($function)::+::<false>($($argument),*)
        }
    };
}
pub(crate) use observed;
