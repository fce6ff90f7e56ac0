//! The PEP 523 hook: which frames tier 1 runs.

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use cpython::abi::*;

use crate::decode;
use crate::dispatch::{go, keep, resume};
use crate::hooks::Resume;
use crate::hot::{self, init_cleanup};
use crate::inst::{Inst, Tier1Code};
use crate::observe::{self, add, counting};
use crate::registry::{self, decoded};
use crate::unwind;
use crate::waiting;

/// Back edges, and entries, until `on_hot` is called.
static LOOP_THRESHOLD: AtomicU32 = AtomicU32::new(200);
static ENTRY_THRESHOLD: AtomicU32 = AtomicU32::new(1000);

/// Sets after how many back edges, and function entries, `on_hot` is called. Applies to code decoded later.
pub fn set_hot_thresholds(back_edges: u32, entries: u32) {
    LOOP_THRESHOLD.store(back_edges.max(1), Relaxed);
    ENTRY_THRESHOLD.store(entries.max(1), Relaxed);
}

pub(crate) fn hot_thresholds() -> (u32, u32) {
    (LOOP_THRESHOLD.load(Relaxed), ENTRY_THRESHOLD.load(Relaxed))
}

/// How often what happened.
#[derive(Default)]
pub struct Counts {
    /// Frames run by tier 1 from the hook.
    pub entered: AtomicU64,
    /// Frames left to CPython because a tool watched their code before tier 1 saw it.
    pub undecodable: AtomicU64,
    /// Frames left to CPython because something was thrown in, and tools have been in use.
    pub thrown: AtomicU64,
    /// Frames left to CPython because tracing, profiling or monitoring is on.
    pub watched: AtomicU64,
    /// Frames handed over in the middle, for that reason as a rule.
    pub midway: AtomicU64,
    /// Code objects decoded.
    pub decoded: AtomicU64,
}

static COUNTS: Counts = Counts {
    entered: AtomicU64::new(0),
    undecodable: AtomicU64::new(0),
    thrown: AtomicU64::new(0),
    watched: AtomicU64::new(0),
    midway: AtomicU64::new(0),
    decoded: AtomicU64::new(0),
};

/// The counters.
pub fn counts() -> &'static Counts {
    &COUNTS
}

/// Runs a frame, or the rest of one, in CPython's evaluator. `counter` says why. (Never a part of a handler, which could
/// not end in a jump then.)
#[inline(never)]
pub(crate) unsafe fn left_to_cpython(
    ts: *mut ThreadState,
    frame: *mut Frame,
    throwflag: i32,
    counter: &AtomicU64,
) -> *mut Object {
    add(counter, 1);
    // SAFETY: the caller's; the GIL is held.
    unsafe { monitoring::before_cpython_runs(ts) };
    // SAFETY: the caller's: the frame is ready to run, and not current.
    observe::left(|| unsafe { _PyEval_EvalFrameDefault(ts, frame, throwflag) })
}

/// The decoded code of `code`, which is decoded here if need be. Nothing waits to get warm: under a hook CPython's own
/// evaluator calls Python functions through C, which is slow, and lends them their arguments, which can be seen.
///
/// # Safety
/// `code` is a code object, the GIL is held.
#[inline(always)]
pub(crate) unsafe fn decoded_now(ts: *mut ThreadState, code: *mut Code) -> Option<*mut Tier1Code> {
    // SAFETY: the caller's.
    unsafe {
        match registry::find(code) {
            None => decode_now(ts, code),
            found => found,
        }
    }
}

#[cold]
#[inline(never)]
unsafe fn decode_now(ts: *mut ThreadState, code: *mut Code) -> Option<*mut Tier1Code> {
    // SAFETY: as the caller's.
    unsafe {
        // The trampoline below __init__ is a constant in read-only memory.
        if core::ptr::eq(code, init_cleanup()) || heap::exhausted() {
            return None;
        }
        let tier1 = decode::decode(code)?;
        // No tool watches what could be decoded.
        if is_up_to_date(ts, code) {
            (*tier1).breaker = (*ts).eval_breaker & !EVENTS_MASK;
        }
        registry::insert(code, tier1);
        add(&COUNTS.decoded, 1);
        Some(tier1)
    }
}

/// Whether `f` is the trampoline CPython keeps below an inlined `__init__`.
#[inline(always)]
pub(crate) unsafe fn is_init_shim(f: *mut Frame) -> bool {
    // SAFETY: `f` is a live frame with code.
    unsafe { core::ptr::eq(Frame::code(f), init_cleanup()) }
}

/// Whether tools watch this code now. Called when the eval breaker is not what the code was last run under;
/// notes the new word if the code may go on under it.
pub(crate) unsafe fn instrumented_since(f: *mut Frame, ts: *mut ThreadState) -> bool {
    // SAFETY: `f` runs decoded code.
    unsafe {
        let code = Frame::code(f);
        let tier1 = decoded(code);
        let version = (*ts).eval_breaker & !EVENTS_MASK;
        if (*tier1).breaker == version {
            return false;
        }
        if !may_run(ts, code) {
            return true;
        }
        (*tier1).breaker = version;
        false
    }
}

/// Makes every frame of `code` look at its next check whether tools watch it: the code was instrumented, or freed from
/// instrumentation, without a change of the eval breaker's version.
///
/// # Safety
/// `code` is a code object; the GIL is held.
#[inline(never)]
pub unsafe fn note_instrumentation(code: *mut Code) {
    // SAFETY: the caller's.
    unsafe {
        if let Some(tier1) = registry::find(code) {
            (*tier1).breaker = usize::MAX;
        }
    }
}

/// The low bits of the eval breaker: pending events.
pub(crate) const EVENTS_MASK: usize = (1 << EVAL_EVENTS_BITS) - 1;

/// Whether `code` is up to date with the tools that are active and none of them watches it.
unsafe fn may_run(ts: *mut ThreadState, code: *mut Code) -> bool {
    // SAFETY: the caller's.
    unsafe { is_up_to_date(ts, code) && !decode::is_instrumented(code) }
}

/// Whether `code` has been instrumented as the active tools want it, and that is all they want.
unsafe fn is_up_to_date(ts: *mut ThreadState, code: *mut Code) -> bool {
    // SAFETY: the caller's.
    unsafe {
        (*ts).tracing == 0
            && (*code)._co_instrumentation_version == (*ts).eval_breaker & !EVENTS_MASK
            // Tools that want to hear of exceptions instrument no code.
            && { (*(*ts).interp).monitors }[MONITORING_LOCAL_EVENTS..].iter().all(|tools| *tools == 0)
    }
}

/// The interpreter that runs in tier 1.
static mut INTERPRETER: *mut InterpreterState = core::ptr::null_mut();
static mut DEFAULT_BEFORE: Option<EvalFrameFn> = None;

/// Whether the evaluator hook is still ours.
///
/// # Safety
/// `ts` is a live thread state; the GIL is held.
#[inline(always)]
pub unsafe fn hook_is_ours(ts: *mut ThreadState) -> bool {
    // SAFETY: `ts` is the running thread.
    unsafe { (*(*ts).interp).eval_frame.is_some_and(|hook| hook as usize == eval_frame as *const () as usize) }
}

/// Starts running code in tier 1 in this interpreter.
///
/// # Errors
/// One sentence, if somebody else owns the evaluator hook, another interpreter is served already, or no code watcher is
/// left.
///
/// # Safety
/// The GIL is held and `cpython::probe` succeeded.
pub unsafe fn enable() -> Result<(), String> {
    // SAFETY: the caller's.
    unsafe {
        let interp = PyInterpreterState_Get();
        let current = _PyInterpreterState_GetEvalFrameFunc(interp);
        if current as usize == eval_frame as *const () as usize {
            return Ok(());
        }
        if current as *const () != address::_PyEval_EvalFrameDefault() {
            return Err("another extension owns the frame evaluation hook (PEP 523)".into());
        }
        // Our state is one for the process.
        if !INTERPRETER.is_null() && INTERPRETER != interp {
            return Err("another interpreter of this process runs in tier 1".into());
        }
        if INTERPRETER.is_null() {
            if !crate::ops::names::intern_names() {
                return Err("there is no memory".into());
            }
            registry::watch()?;
            INTERPRETER = interp;
        }
        hot::fill();
        DEFAULT_BEFORE = Some(current);
        _PyInterpreterState_SetEvalFrameFunc(interp, eval_frame);
        Ok(())
    }
}

/// Stops: frames that are running finish in tier 1, new ones start in CPython's evaluator.
///
/// # Safety
/// The GIL is held.
pub unsafe fn disable() {
    // SAFETY: the caller's.
    unsafe {
        waiting::forget();
        remove_hook();
    }
}

/// # Safety
/// The GIL is held.
pub(crate) unsafe fn remove_hook() {
    // SAFETY: the caller's.
    unsafe {
        let interp = PyInterpreterState_Get();
        if _PyInterpreterState_GetEvalFrameFunc(interp) as usize == eval_frame as *const () as usize
            && let Some(default) = DEFAULT_BEFORE
        {
            _PyInterpreterState_SetEvalFrameFunc(interp, default);
        }
    }
}

/// After [`remove_hook`].
///
/// # Safety
/// The GIL is held.
pub(crate) unsafe fn put_hook_back() {
    // SAFETY: the caller's.
    unsafe {
        let interp = PyInterpreterState_Get();
        if _PyInterpreterState_GetEvalFrameFunc(interp) as *const () == address::_PyEval_EvalFrameDefault() {
            _PyInterpreterState_SetEvalFrameFunc(interp, eval_frame);
        }
    }
}

/// The hook. Nothing here is alive across the run of the frame, so that no register is saved.
unsafe extern "C" fn eval_frame(ts: *mut ThreadState, frame: *mut Frame, throwflag: i32) -> *mut Object {
    let mut entry = core::mem::MaybeUninit::<EntryFrame>::uninit();
    // SAFETY: CPython calls us with a frame that is ready to run and not yet linked to the current one. The entry frame
    // outlives everything above it.
    unsafe {
        let Some(tier1) = registry::find(Frame::code(frame)) else {
            return eval_frame_slow(ts, frame, throwflag);
        };
        if throwflag != 0
            || (*tier1).breaker != (*ts).eval_breaker
            || (*ts).tracing != 0
            || !(*ts).current_executor.is_null()
            || counting()
            || !has_c_stack(ts, 0)
            || (*ts).py_recursion_remaining <= 0
        {
            return eval_frame_slow(ts, frame, throwflag);
        }
        add(&COUNTS.entered, 1);
        enter_entry_frame(ts, entry.as_mut_ptr(), frame);
        (*ts).py_recursion_remaining -= 1;
        go::<false>(frame, Tier1Code::inst(tier1, Frame::lasti(frame)), (*frame).stackpointer, ts)
    }
}

/// The hook, whatever is the matter.
#[cold]
#[inline(never)]
unsafe fn eval_frame_slow(ts: *mut ThreadState, frame: *mut Frame, throwflag: i32) -> *mut Object {
    // SAFETY: as for the hook.
    unsafe {
        let throws = throwflag != 0;
        // Tools are told of what is thrown in, whatever code it is thrown into.
        if throws && (*ts).eval_breaker & !EVENTS_MASK != 0 {
            return left_to_cpython(ts, frame, throwflag, &COUNTS.thrown);
        }
        let code = Frame::code(frame);
        let Some(tier1) = decoded_now(ts, code) else {
            return left_to_cpython(ts, frame, throwflag, &COUNTS.undecodable);
        };
        let breaker = (*ts).eval_breaker & !EVENTS_MASK;
        if (*tier1).breaker != breaker || (*ts).tracing != 0 {
            if !may_run(ts, code) {
                return left_to_cpython(ts, frame, throwflag, &COUNTS.watched);
            }
            (*tier1).breaker = breaker;
        }
        run(ts, frame, tier1, throws)
    }
}

/// Evaluates a frame as CPython's own entry from C does: `frame` is ready to run, not current, and without a recursion
/// unit of its own.
///
/// # Safety
/// As for the PEP 523 hook.
pub unsafe fn evaluate(ts: *mut ThreadState, frame: *mut Frame) -> *mut Object {
    // SAFETY: the caller's.
    unsafe { eval_frame(ts, frame, 0) }
}

/// Whether calls of an object put their arguments into a frame: it is a Python function, evaluated by the hook.
///
/// # Safety
/// `callable` is alive; the GIL is held.
pub unsafe fn takes_frame(callable: *mut Object) -> bool {
    // SAFETY: the caller's.
    unsafe { crate::ops::call::takes_frame(PyThreadState_Get(), callable) }
}

/// Goes on as `to` says until `bottom` has returned or raised; its result. What called `bottom` runs on the C stack
/// and waits: an entry frame goes between the two.
///
/// # Safety
/// `bottom` is a running frame, in whose activation (it and what it called) `to` goes on.
pub unsafe fn run_nested(ts: *mut ThreadState, bottom: *mut Frame, to: Resume) -> *mut Object {
    let mut entry = core::mem::MaybeUninit::<EntryFrame>::uninit();
    // SAFETY: the caller's; the entry frame outlives everything above it.
    unsafe {
        let current = (*ts).current_frame;
        (*ts).current_frame = (*bottom).previous;
        enter_entry_frame(ts, entry.as_mut_ptr(), bottom);
        (*ts).current_frame = current;
        if counting() {
            return observe::unseen(ts, || resume(keep(to), ts));
        }
        resume(keep(to), ts)
    }
}

/// Runs a frame from `instr_ptr` on, with an entry frame of our own below it; or raises there what is set.
#[inline(never)]
unsafe fn run(ts: *mut ThreadState, frame: *mut Frame, tier1: *mut Tier1Code, throws: bool) -> *mut Object {
    let mut entry = core::mem::MaybeUninit::<EntryFrame>::uninit();
    // SAFETY: as the caller's; the entry frame outlives everything above it.
    unsafe {
        if !check_c_stack(ts) {
            _PyEval_FrameClearAndPop(ts, frame);
            return core::ptr::null_mut();
        }
        add(&COUNTS.entered, 1);
        // CPython's own JIT keeps its executor alive through the thread state.
        let executor = (*ts).current_executor;
        if !executor.is_null() {
            incref(executor);
            (*ts).current_executor = core::ptr::null_mut();
        }
        enter_entry_frame(ts, entry.as_mut_ptr(), frame);
        let result = if counting() {
            observe::unseen(ts, || start::<true>(ts, frame, tier1, throws))
        } else {
            start::<false>(ts, frame, tier1, throws)
        };
        if !executor.is_null() {
            (*ts).current_executor = executor;
            decref(executor);
        }
        result
    }
}

#[inline(always)]
unsafe fn start<const R: bool>(
    ts: *mut ThreadState,
    frame: *mut Frame,
    tier1: *mut Tier1Code,
    throws: bool,
) -> *mut Object {
    // SAFETY: as the caller's; the frame is linked.
    unsafe {
        if !enter_recursive(ts) {
            return unwind::fail_at_start::<R>(frame, ts);
        }
        if throws {
            return unwind::raise::<R>(frame, Frame::lasti(frame).wrapping_sub(1), ts);
        }
        let ip: *mut Inst = Tier1Code::inst(tier1, Frame::lasti(frame));
        go::<R>(frame, ip, (*frame).stackpointer, ts)
    }
}
