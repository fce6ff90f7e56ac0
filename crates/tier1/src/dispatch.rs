//! How one handler gets to the next.
//!
//! # The contract of handlers
//!
//! A handler is entered with `f` the current frame, `ip` its own instruction, `sp` one past the top of the
//! value stack and `ts` the running thread, which holds the GIL. `f` is `ts->current_frame`. The frame's
//! `instr_ptr` and `stackpointer` are stale: whoever does anything that can be observed (calls out, raises,
//! releases the last reference to an object with a finalizer) calls [`save`] first.
//!
//! Handlers end in a call of another function of the same signature; at any optimization level above zero
//! that is a jump (`tests/tail_calls.rs` checks). For the same reason their hot paths call nothing else:
//! what needs a real call is a cold function, called in tail position.
//!
//! Each handler exists twice, for running and for running under observation (`R`), mostly the recorder's: then
//! [`record_dispatch`] comes before each instruction.

use std::sync::OnceLock;

use cpython::abi::*;

use crate::entry::{self, EVENTS_MASK};
use crate::hooks::{RecordStep, Resume, ResumeKind, hooks};
use crate::hot::*;
use crate::inst::{BaseOp, Handler, Inst, Tier1Code};
use crate::observe::{self, counting, observed};
use crate::ops::jump::branch_not_select;
use crate::unwind;

/// A handler's two versions.
pub(crate) struct Pair {
    pub plain: Handler,
    pub record: Handler,
}

/// Declares handlers, and a `TABLE` of both versions of each.
macro_rules! handlers {
    ($($(#[$meta:meta])* fn $name:ident($f:ident, $ip:ident, $sp:ident, $ts:ident) $body:block)*) => {
        $(
            $(#[$meta])*
            #[allow(unused_variables)]
            pub(crate) unsafe extern "sysv64" fn $name<const R: bool>(
                $f: *mut cpython::abi::Frame,
                $ip: *mut $crate::inst::Inst,
                $sp: *mut cpython::abi::StackRef,
                $ts: *mut cpython::abi::ThreadState,
            ) -> *mut cpython::abi::Object {
                // SAFETY: the contract of handlers (module `dispatch`) and CPython's bytecode: the compiler
                // guarantees the number and kind of stack entries, locals, constants and names used here.
                unsafe { $body }
            }
        )*

        pub(crate) const TABLE: &[$crate::dispatch::Pair] = &[$(
            $crate::dispatch::Pair {
                plain: $name::<false>,
                record: $name::<true>,
            },
        )*];
    };
}
pub(crate) use handlers;

/// Declares continuations of handlers, out of their line.
macro_rules! continuations {
    ($($(#[$meta:meta])* fn $name:ident($f:ident, $ip:ident, $sp:ident, $ts:ident $(, $arg:ident: $ty:ty)*) $body:block)*) => {
        $(
            $(#[$meta])*
            #[inline(never)]
            #[allow(unused_variables)]
            pub(crate) unsafe extern "sysv64" fn $name<const R: bool>(
                $f: *mut cpython::abi::Frame,
                $ip: *mut $crate::inst::Inst,
                $sp: *mut cpython::abi::StackRef,
                $ts: *mut cpython::abi::ThreadState,
                $($arg: $ty,)*
            ) -> *mut cpython::abi::Object {
                // SAFETY: as for handlers.
                unsafe { $body }
            }
        )*
    };
}
pub(crate) use continuations;

/// Declares continuations that are seldom needed.
macro_rules! out_of_line_handlers {
    ($($(#[$meta:meta])* fn $name:ident($($args:tt)*) $body:block)*) => {
        $crate::dispatch::continuations! {
            $(
                $(#[$meta])*
                #[cold]
                fn $name($($args)*) $body
            )*
        }
    };
}
pub(crate) use out_of_line_handlers;

/// Goes on at `ip`.
#[inline(always)]
pub(crate) unsafe fn go<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: the contract of handlers.
    unsafe {
        if R {
            return record_dispatch(f, ip, sp, ts);
        }
        (*ip).handler()(f, ip, sp, ts)
    }
}

/// The same pointer, computed with anew: keeps the compiler from holding on to what it derived from it earlier,
/// for which a handler has no register to spare.
#[inline(always)]
pub(crate) fn anew(sp: *mut StackRef) -> *mut StackRef {
    let mut address = sp.expose_provenance();
    // SAFETY: no instruction at all.
    unsafe { core::arch::asm!("/* {0} */", inout(reg) address, options(nomem, nostack, preserves_flags)) };
    core::ptr::with_exposed_provenance_mut(address)
}

/// Goes on at `next` after the instruction at `ip`, which may have run any code: if that switched on a tool that
/// watches this code, CPython goes on.
#[inline(always)]
pub(crate) unsafe fn proceed<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    next: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: the contract of handlers; the frame was saved.
    unsafe {
        if (*ts).eval_breaker & !EVENTS_MASK != (*Tier1Code::of(ip)).breaker {
            return proceed_if_unwatched::<R>(f, next, sp, ts);
        }
        go::<R>(f, next, sp, ts)
    }
}

/// The base instruction at `ip`.
#[inline(always)]
pub(crate) unsafe fn base(ip: *mut Inst) -> BaseOp {
    // SAFETY: `ip` is an instruction with its offset in `b`.
    unsafe { Tier1Code::base_at(ip) }
}

/// Makes the frame readable by others: what it is executing, and how much of its stack is live.
#[inline(always)]
pub(crate) unsafe fn save(f: *mut Frame, ip: *mut Inst, sp: *mut StackRef) {
    // SAFETY: the contract of handlers.
    unsafe {
        (*f).instr_ptr = Code::units(Frame::code(f)).add((*ip).b as usize);
        (*f).stackpointer = sp;
    }
}

/// Notes where `f`, saved at `ip`, goes on when what it calls returns: so many units behind.
#[inline(always)]
pub(crate) unsafe fn returns_behind(f: *mut Frame, ip: *mut Inst, units: u16) {
    // SAFETY: the contract of handlers.
    unsafe {
        (*f).return_offset = units;
        goes_on_at(f, ip.add(units as usize));
    }
}

/// Notes where `f` will go on, for [`by_hint`].
#[inline(always)]
pub(crate) unsafe fn goes_on_at(f: *mut Frame, ip: *mut Inst) {
    // SAFETY: a live frame.
    unsafe { (*f).hint = ip as usize as u32 }
}

/// `exact`, where `f` goes on; from the frame's hint if that is right.
///
/// What the next handlers do depends on their instruction's address. To compute it takes five loads that depend on each
/// other, from the frame by its code to the table of decoded code; the processor has gone on by prediction long before, and
/// waits. The hint takes one, and to compare the two delays nothing.
#[inline(always)]
pub(crate) unsafe fn by_hint<const R: bool>(f: *mut Frame, exact: *mut Inst) -> *mut Inst {
    // SAFETY: a live frame.
    let hinted = unsafe { (*f).hint } as usize | code_region();
    let mut compared = hinted;
    // Or the compiler takes one for the other where they are equal.
    // SAFETY: no instruction at all.
    unsafe { core::arch::asm!("/* {0} */", inout(reg) compared, options(nomem, nostack, preserves_flags)) };
    if R || compared != exact.expose_provenance() {
        return exact;
    }
    branch_not_select();
    core::ptr::with_exposed_provenance_mut(hinted)
}

/// A local variable.
#[inline(always)]
pub(crate) unsafe fn local(f: *mut Frame, i: u32) -> *mut StackRef {
    // SAFETY: the contract of handlers.
    unsafe { Frame::local(f, i as usize) }
}

/// A name of the frame's code.
#[inline(always)]
pub(crate) unsafe fn name_at(f: *mut Frame, i: u32) -> *mut Object {
    // SAFETY: the contract of handlers.
    unsafe { Code::name(Frame::code(f), i as usize) }
}

/// Whether the object would die with this reference.
#[inline(always)]
pub(crate) unsafe fn dies_with(slot: StackRef) -> bool {
    // SAFETY: the slot is live.
    unsafe { slot.is_counted() && (*slot.object()).ob_refcnt == 1 }
}

/// Releases a stack slot whose last reference this may be; only for saved frames.
#[inline(always)]
pub(crate) unsafe fn close_slot(slot: *mut StackRef) {
    // SAFETY: the contract of handlers. The slot is emptied first: the finalizer may walk the stack.
    unsafe {
        let value = *slot;
        *slot = StackRef::NULL;
        value.close();
    }
}

/// Destroys `dead`, whose last reference the instruction at `ip`, of `LEN` units, released, and goes on behind it.
/// Numbers go back to their free lists at once: nobody can observe that.
#[inline(never)]
pub(crate) unsafe extern "sysv64" fn release_and_go_on<const R: bool, const LEN: usize>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    dead: *mut Object,
) -> *mut Object {
    // SAFETY: the contract of handlers.
    unsafe {
        if !release_number(ts, dead) {
            return destroy_and_go::<R, LEN>(f, ip, sp, ts, dead);
        }
        go::<R>(f, ip.add(LEN), sp, ts)
    }
}

/// Destroys `dead`, whose last reference the instruction at `ip`, of `LEN` units, released, and goes on behind it.
#[cold]
#[inline(never)]
unsafe extern "sysv64" fn destroy_and_go<const R: bool, const LEN: usize>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    dead: *mut Object,
) -> *mut Object {
    // SAFETY: the contract of handlers.
    unsafe {
        save(f, ip, sp);
        _Py_Dealloc(dead);
        let (f, sp) = saved(ts);
        proceed::<R>(f, ip, ip.add(LEN), sp, ts)
    }
}

/// The running frame and its stack pointer, as [`save`] left them. Behind a call of C code, finding them again takes fewer
/// instructions than keeping them in registers, which would have to be saved first.
#[inline(always)]
pub(crate) unsafe fn saved(ts: *mut ThreadState) -> (*mut Frame, *mut StackRef) {
    // SAFETY: the contract of handlers: the frame was saved, and C code leaves the same one current.
    unsafe {
        let f = (*ts).current_frame;
        (f, (*f).stackpointer)
    }
}

/// Drops the reference of a stack entry; false, with nothing done, if it is the object's last.
#[inline(always)]
pub(crate) unsafe fn close_unless_last(slot: *mut StackRef) -> bool {
    // SAFETY: a live slot.
    unsafe {
        let value = *slot;
        if value.is_counted() {
            let count = (*value.object()).ob_refcnt.wrapping_sub(1);
            if count == 0 {
                return false;
            }
            (*value.object()).ob_refcnt = count;
        }
        true
    }
}

/// Ends the instruction at `ip`, of `LEN` units, whose frame is saved: releases its `N` operands, topmost first, and pushes
/// `result` in their place.
#[inline(always)]
pub(crate) unsafe fn replace_top<const R: bool, const N: usize, const LEN: usize>(
    ip: *mut Inst,
    ts: *mut ThreadState,
    result: StackRef,
) -> *mut Object {
    // SAFETY: the contract of handlers.
    unsafe {
        let (f, sp) = saved(ts);
        for i in 0..N {
            if !close_unless_last(sp.sub(i + 1)) {
                return replace_remaining::<R, N, LEN>(f, ip, sp.sub(i), ts, result);
            }
        }
        *sp.sub(N) = result;
        proceed::<R>(f, ip, ip.add(LEN), sp.sub(N - 1), ts)
    }
}

/// As [`replace_top`], with the operands from `sp` on gone.
#[cold]
#[inline(never)]
unsafe extern "sysv64" fn replace_remaining<const R: bool, const N: usize, const LEN: usize>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    result: StackRef,
) -> *mut Object {
    // SAFETY: the contract of handlers.
    unsafe {
        let first = (*f).stackpointer.sub(N);
        close_from(f, first, sp);
        *first = result;
        proceed::<R>(f, ip, ip.add(LEN), first.add(1), ts)
    }
}

/// Pops the entries from `from` on, topmost first, off the saved frame's stack.
#[inline(always)]
pub(crate) unsafe fn close_from(f: *mut Frame, from: *mut StackRef, mut sp: *mut StackRef) {
    // SAFETY: live entries of a saved frame. What dies is off the stack before: the finalizer may walk it.
    unsafe {
        while sp > from {
            plain_loop();
            sp = sp.sub(1);
            if !close_unless_last(sp) {
                (*f).stackpointer = sp;
                let dead = (*sp).object();
                (*dead).ob_refcnt = 0;
                _Py_Dealloc(dead);
            }
        }
        (*f).stackpointer = from;
    }
}

/// As [`close_from`], and raises.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "sysv64" fn close_and_raise<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    from: *mut StackRef,
) -> *mut Object {
    // SAFETY: the contract of handlers.
    unsafe {
        close_from(f, from, sp);
        error::<R>(f, ip, from, ts)
    }
}

/// Puts a dead int or float on its free list, if it is one and there is room.
#[inline(always)]
pub(crate) unsafe fn release_number(ts: *mut ThreadState, dead: *mut Object) -> bool {
    // SAFETY: nobody refers to the object any more.
    unsafe {
        let ty = (*dead).ob_type;
        if ty == float_type() {
            free_lists_usable() && free_list_push(&raw mut (*(*ts).interp).free_floats, dead, FLOATS_MAXFREELIST)
        } else if ty == long_type() && Long::is_compact(dead.cast()) {
            free_lists_usable() && free_list_push(&raw mut (*(*ts).interp).free_ints, dead, INTS_MAXFREELIST)
        } else {
            false
        }
    }
}

out_of_line_handlers! {
    /// The eval breaker's version has changed while arbitrary code ran.
    fn proceed_if_unwatched(f, next, sp, ts) {
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, next, sp, ts);
        }
        go::<R>(f, next, sp, ts)
    }

    /// The instruction at `ip` raised; `sp` is the stack without what it consumed.
    fn error(f, ip, sp, ts) {
        let code = code_of(f);
        let offset = (*code).offset_of(ip);
        (*f).instr_ptr = Code::units(Frame::code(f)).add(offset);
        (*f).stackpointer = sp;
        unwind::raise::<R>(f, offset + (*code).base_op(offset).len as usize - 1, ts)
    }

    /// Runs the rest of the frame, from `ip` on, in CPython's evaluator.
    fn leave(f, ip, sp, ts) {
        let code = code_of(f);
        let offset = (*code).offset_of(ip);
        // CPython needs to see the prefixes of an argument above 255.
        let first = offset - (*code).base_op(offset).extended as usize;
        (*f).instr_ptr = Code::units(Frame::code(f)).add(first);
        (*f).stackpointer = sp;
        unwind::delegate::<R>(f, ts, 0)
    }
}

/// What a hook decided, kept here for a moment: a handler must not have it in memory of its own.
struct Decision(core::cell::UnsafeCell<Resume>);

thread_local! {
    static DECISION: Decision = const {
        Decision(core::cell::UnsafeCell::new(Resume {
            frame: core::ptr::null_mut(),
            ip: core::ptr::null(),
            sp: core::ptr::null_mut(),
            kind: ResumeKind::Leave,
        }))
    };
}

/// Keeps a decision; [`resume`] reads it before anything else can run.
pub(crate) fn keep(decision: Resume) -> *const Resume {
    DECISION.with(|d| {
        // SAFETY: the cell is this thread's, and nobody holds a reference into it.
        unsafe { *d.0.get() = decision };
        d.0.get().cast_const()
    })
}

/// Asks the runtime what to do at a hot loop header or function entry. The frame is saved.
#[inline(never)]
pub(crate) unsafe fn ask_hot(f: *mut Frame, ip: *mut Inst, sp: *mut StackRef, ts: *mut ThreadState) -> *const Resume {
    // SAFETY: the hook's contract.
    keep(unsafe { (hooks().on_hot)(ts, f, ip, sp) })
}

/// Lets the runtime run an executor. The frame is saved.
#[inline(never)]
pub(crate) unsafe fn ask_executor(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    id: u32,
) -> *const Resume {
    // SAFETY: the hook's contract.
    unsafe { (hooks().enter)(ts, f, ip, sp, id) }
}

/// Runs what a hook decided.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "sysv64" fn resume(decision: *const Resume, ts: *mut ThreadState) -> *mut Object {
    // SAFETY: the hook hands over a state that obeys the contract of handlers.
    unsafe {
        let (frame, ip, sp) = ((*decision).frame, (*decision).ip.cast_mut(), (*decision).sp);
        match (*decision).kind {
            ResumeKind::Normal => {
                if (*ts).eval_breaker & !EVENTS_MASK != (*code_of(frame)).breaker
                    && entry::instrumented_since(frame, ts)
                {
                    // Native code has just run what switched a tool on.
                    return observed!(leave(frame, ip, sp, ts));
                }
                observed!(go(frame, ip, sp, ts))
            }
            ResumeKind::Record => {
                observe::set_recording(ts, true);
                go::<true>(frame, ip, sp, ts)
            }
            ResumeKind::Error => observed!(error(frame, ip, sp, ts)),
            ResumeKind::Leave => observed!(leave(frame, ip, sp, ts)),
            ResumeKind::Returned(value) => value,
            ResumeKind::CalleeReturned(value) => {
                observed!(unwind::return_to_caller(frame, StackRef::steal(value), ts))
            }
            ResumeKind::CalleeFailed => observed!(unwind::fail_in_caller(frame, ts)),
        }
    }
}

/// Counts the instruction or shows it to the recorder, or both, then executes its version for that.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "sysv64" fn record_dispatch(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: the contract of handlers.
    unsafe {
        let (code, offset) = (code_of(f), (*code_of(f)).offset_of(ip));
        if offset >= (*code).len() {
            // The recorder has seen this as a part of the return before.
            return crate::ops::finish::finish::<true>(f, ip, sp, ts);
        }
        if counting() && !observe::is_recording::<true>(ts) {
            observe::count_instruction(f, ip, sp, ts);
            return record_version((*ip).handler())(f, ip, sp, ts);
        }
        (*f).instr_ptr = Code::units(Frame::code(f)).add(offset);
        (*f).stackpointer = sp;
        let answer = ask_recorder(f, ip, sp, ts);
        if counting() && !matches!(answer, Answer::Jump) {
            observe::count_instruction(f, ip, sp, ts);
        }
        match answer {
            Answer::Go => record_version((*ip).handler())(f, ip, sp, ts),
            Answer::Stop if counting() => record_version((*ip).handler())(f, ip, sp, ts),
            Answer::Stop => go::<false>(f, ip, sp, ts),
            Answer::Jump => resume(DECISION.with(|d| d.0.get().cast_const()), ts),
        }
    }
}

/// [`RecordStep`] without what a jump carries, which is kept as a decision.
enum Answer {
    Go,
    Stop,
    Jump,
}

#[inline(never)]
unsafe fn ask_recorder(f: *mut Frame, ip: *mut Inst, sp: *mut StackRef, ts: *mut ThreadState) -> Answer {
    // SAFETY: the frame is saved.
    match unsafe { (hooks().on_record)(ts, f, ip, sp) } {
        RecordStep::Go => Answer::Go,
        RecordStep::Stop => {
            observe::set_recording(ts, false);
            Answer::Stop
        }
        RecordStep::Jump(to) => {
            observe::set_recording(ts, false);
            keep(to);
            Answer::Jump
        }
    }
}

/// Tells the recorder that the activation it records is over.
#[inline(always)]
pub(crate) unsafe fn record_end<const R: bool>(ts: *mut ThreadState, f: *mut Frame) {
    if observe::is_recording::<R>(ts) {
        // SAFETY: a null instruction is how the hook learns of it.
        unsafe { ask_recorder(f, core::ptr::null_mut(), core::ptr::null_mut(), ts) };
    }
}

/// The version of a handler that runs under observation.
fn record_version(plain: Handler) -> Handler {
    static VERSIONS: OnceLock<Vec<(usize, Handler)>> = OnceLock::new();
    let versions = VERSIONS.get_or_init(|| {
        let mut all: Vec<_> = crate::ops::tables()
            .iter()
            .flat_map(|table| table.iter())
            .map(|pair| (pair.plain as usize, pair.record))
            .collect();
        all.sort_by_key(|entry| entry.0);
        all
    });
    match versions.binary_search_by_key(&(plain as usize), |entry| entry.0) {
        Ok(i) => versions[i].1,
        // A handler that is not in the tables would execute unseen, which the recorder would take for another.
        Err(_) => unreachable!("a handler without a recording version"),
    }
}

/// [`code_of_running`] within this crate.
///
/// # Safety
/// As there.
#[inline(always)]
pub(crate) unsafe fn code_of(f: *mut Frame) -> *mut Tier1Code {
    // SAFETY: the caller's.
    unsafe { crate::registry::decoded(Frame::code(f)) }
}

/// The decoded code of a frame that tier 1 runs.
///
/// # Safety
/// Tier 1 has started the frame, or decoded its code.
#[inline(never)]
pub unsafe fn code_of_running(f: *mut Frame) -> *mut Tier1Code {
    // SAFETY: the caller's.
    unsafe { code_of(f) }
}
