//! Generators and coroutines: resumed and suspended without leaving tier 1.

use core::ptr::null_mut;

use cpython::abi::*;

use super::call_python::{return_into, return_to};
use super::iter::for_iter_miss;
use super::jump::{jump_backward, resume_checked};
use crate::dispatch::*;
use crate::entry::{self, EVENTS_MASK};
use crate::hot::*;
use crate::inst::{Inst, Tier1Code};
use crate::unwind;
use crate::with_memory::{call_method, stop_iteration_value};

/// The decoded code of a suspended generator that may be resumed here. The recursion limit is not looked at, as in
/// CPython's `SEND_GEN` and `FOR_ITER_GEN`: what made the generator was.
#[inline(always)]
unsafe fn resumable(ts: *mut ThreadState, generator: *mut Generator) -> Option<*mut Tier1Code> {
    // SAFETY: the caller's.
    unsafe { if entry::hook_is_ours(ts) { suspended(generator) } else { None } }
}

/// As [`resumable`], where that the hook is ours is known.
#[inline(always)]
unsafe fn suspended(generator: *mut Generator) -> Option<*mut Tier1Code> {
    // SAFETY: a generator or coroutine; its frame is live while it is suspended.
    unsafe {
        if (*generator).gi_frame_state >= GEN_EXECUTING {
            return None;
        }
        crate::registry::find(Frame::code(&raw mut (*generator).gi_iframe))
    }
}

/// Prepares the cache unit of the `FOR_ITER` at `ip` for [`for_iter_gen`]: CPython's instruction, and how far to go on if
/// the generator returns. That is to `END_FOR`, which pops the value; exhausted iterators of other kinds go behind it.
pub(crate) unsafe fn prepare_for_iter(f: *mut Frame, ip: *mut Inst) {
    // SAFETY: the contract of handlers.
    unsafe {
        (*ip.add(1)).word = Code::units(Frame::code(f)).add((*ip).b as usize) as usize;
        (*ip.add(1)).a = (*ip).a - 1;
    }
}

/// Makes a suspended generator's frame the running one, above `f`. True if it was suspended in `yield from` or `await`.
#[inline(always)]
unsafe fn link(f: *mut Frame, ts: *mut ThreadState, generator: *mut Generator, distance: u32) -> bool {
    // SAFETY: `f` is saved; the generator is suspended.
    unsafe {
        let delegates = (*generator).gi_frame_state == GEN_SUSPENDED_YIELD_FROM;
        let frame = &raw mut (*generator).gi_iframe;
        (*generator).gi_frame_state = GEN_EXECUTING;
        (*generator).gi_exc_state.previous_item = (*ts).exc_info;
        (*ts).exc_info = &raw mut (*generator).gi_exc_state;
        (*frame).previous = f;
        (*f).return_offset = distance as u16;
        (*ts).current_frame = frame;
        (*ts).py_recursion_remaining -= 1;
        delegates
    }
}

/// Suspends the generator whose frame `f` is, which is saved; `depth` is its `YIELD_VALUE`'s argument. Its caller.
#[inline(always)]
unsafe fn unlink(f: *mut Frame, ts: *mut ThreadState, depth: u32) -> *mut Frame {
    // SAFETY: the running frame, a generator's.
    unsafe {
        let generator = Frame::generator(f);
        (*generator).gi_frame_state = GEN_SUSPENDED + depth as i8;
        (*ts).exc_info = (*generator).gi_exc_state.previous_item;
        (*generator).gi_exc_state.previous_item = null_mut();
        (*ts).py_recursion_remaining += 1;
        let caller = (*f).previous;
        (*f).previous = null_mut();
        (*ts).current_frame = caller;
        caller
    }
}

/// Whether a frame is a generator's that has nothing but its variables, and handles no exception.
#[inline(always)]
pub(crate) unsafe fn is_plain(f: *mut Frame) -> bool {
    // SAFETY: a live frame.
    unsafe {
        (*f).owner as u32 == FRAME_OWNED_BY_GENERATOR
            && (*f).frame_obj as usize | (*f).f_locals as usize == 0
            && (*Frame::generator(f)).gi_exc_state.exc_value.is_null()
    }
}

/// Where the caller goes on with what a generator yielded, if tier 1 goes on at once.
#[inline(always)]
unsafe fn behind_yield<const R: bool>(caller: *mut Frame, ts: *mut ThreadState) -> Option<*mut Inst> {
    // SAFETY: a frame that resumed a generator.
    unsafe {
        if (*caller).owner as u32 == FRAME_OWNED_BY_INTERPRETER {
            return None;
        }
        let tier1 = code_of(caller);
        // FOR_ITER and SEND have one cache unit.
        let next = Tier1Code::inst(tier1, Frame::lasti(caller) + 2);
        ((*ts).eval_breaker == (*tier1).breaker).then(|| by_hint::<R>(caller, next))
    }
}

/// Goes on in a generator that was suspended.
#[inline(always)]
unsafe fn go_on_in<const R: bool>(
    frame: *mut Frame,
    ts: *mut ThreadState,
    tier1: *mut Tier1Code,
    sent: StackRef,
) -> *mut Object {
    // SAFETY: the frame is linked.
    unsafe {
        let sp = (*frame).stackpointer;
        let next = by_hint::<R>(frame, Tier1Code::inst(tier1, Frame::lasti(frame)));
        if !R && (*next).word == resume_and_pop::<false> as *const () as usize && pass_resume(ts, tier1, sent) {
            return go_behind_resume::<R>(frame, next.add(2), sp, ts);
        }
        *sp = sent;
        go::<R>(frame, next, sp.add(1), ts)
    }
}

/// Goes on at `ip`, behind a `RESUME` that has found nothing to do: a way back is taken at once.
#[inline(always)]
unsafe fn go_behind_resume<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: the contract of handlers.
    unsafe {
        if (*ip).word != jump_backward::<false> as *const () as usize {
            return go::<R>(f, ip, sp, ts);
        }
        let counter = (*ip.add(1)).a;
        if counter == 1 {
            return go::<R>(f, ip, sp, ts);
        }
        (*ip.add(1)).a = counter.wrapping_sub(1);
        go::<R>(f, ip.byte_sub((*ip.add(1)).b as usize), sp, ts)
    }
}

/// Whether nothing is to be done at a `RESUME`, nor at the `POP_TOP` behind it, of what was sent: the `RESUME` is counted
/// then.
#[inline(always)]
unsafe fn pass_resume(ts: *mut ThreadState, tier1: *mut Tier1Code, sent: StackRef) -> bool {
    // SAFETY: the running frame's code.
    unsafe {
        let counter = (*tier1).entry_counter;
        if (*ts).eval_breaker != (*tier1).breaker || counter == 1 || sent.is_counted() {
            return false;
        }
        (*tier1).entry_counter = counter.wrapping_sub(1);
        true
    }
}

/// Resumes a generator for the instruction at `ip`, which goes on `distance` units later if it returns.
#[inline(always)]
unsafe fn resume_generator<const R: bool>(
    f: *mut Frame,
    ts: *mut ThreadState,
    generator: *mut Generator,
    tier1: *mut Tier1Code,
    sent: StackRef,
    distance: u32,
) -> *mut Object {
    // SAFETY: `f` is saved; the generator is suspended.
    unsafe {
        let delegates = link(f, ts, generator, distance);
        let frame = &raw mut (*generator).gi_iframe;
        if !R && delegates {
            return resume_delegate::<R>(frame, null_mut(), null_mut(), ts, tier1, sent);
        }
        go_on_in::<R>(frame, ts, tier1, sent)
    }
}

/// The `SEND` that a frame suspended by it goes back to, if nothing but jumps is on the way.
#[inline(always)]
unsafe fn send_again(frame: *mut Frame, ts: *mut ThreadState, tier1: *mut Tier1Code) -> Option<*mut Inst> {
    // SAFETY: a linked frame at the RESUME behind a YIELD_VALUE; code does not end there.
    unsafe {
        let resume = Tier1Code::inst(tier1, Frame::lasti(frame));
        let jump = resume.add(1);
        if (*resume).word != super::jump::resume_unchecked::<false> as *const () as usize
            || (*jump).word != super::jump::jump_backward_no_interrupt::<false> as *const () as usize
            || (*ts).eval_breaker & !EVENTS_MASK != (*tier1).breaker
        {
            return None;
        }
        let back = jump.offset(-((*jump).a as i32 as isize));
        ((*back).word == send::<false> as *const () as usize).then_some(back)
    }
}

handlers! {
    /// `RESUME` behind `YIELD_VALUE` and the `POP_TOP` behind it. (That stays as it is, for other ways to it.)
    fn resume_and_pop(f, ip, sp, ts) {
        if R || !pass_resume(ts, Tier1Code::of(ip), *sp.sub(1)) {
            return resume_checked::<R>(f, ip, sp, ts);
        }
        go_behind_resume::<R>(f, ip.add(2), sp.sub(1), ts)
    }

    fn for_iter_gen(f, ip, sp, ts) {
        let generator: *mut Generator = (*sp.sub(1)).object().cast();
        if (*generator).ob_base.ob_type != generator_type() {
            return for_iter_miss::<R>(f, ip, sp, ts);
        }
        let Some(tier1) = resumable(ts, generator) else {
            return for_iter_miss::<R>(f, ip, sp, ts);
        };
        (*f).instr_ptr = (*ip.add(1)).word as *mut CodeUnit;
        (*f).stackpointer = sp;
        goes_on_at(f, ip.add(2));
        resume_generator::<R>(f, ts, generator, tier1, none_ref(), (*ip.add(1)).a)
    }

    fn send(f, ip, sp, ts) {
        let generator: *mut Generator = (*sp.sub(2)).object().cast();
        let ty = (*generator).ob_base.ob_type;
        if ty != generator_type() && ty != coroutine_type() {
            return send_slow::<R>(f, ip, sp, ts);
        }
        let Some(tier1) = resumable(ts, generator) else {
            return send_slow::<R>(f, ip, sp, ts);
        };
        let sent = (*sp.sub(1)).heap_safe_value();
        save(f, ip, sp.sub(1));
        goes_on_at(f, ip.add(2));
        resume_generator::<R>(f, ts, generator, tier1, sent, (*ip).a)
    }

    fn yield_value(f, ip, sp, ts) {
        let value = (*sp.sub(1)).heap_safe_value();
        save(f, ip, sp.sub(1));
        (*f).instr_ptr = (*f).instr_ptr.add(1);
        goes_on_at(f, ip.add(1));
        let caller = unlink(f, ts, (*ip).a);
        let Some(next) = behind_yield::<R>(caller, ts) else {
            return yield_out::<R>(caller, ip, sp, ts, value);
        };
        let sp = (*caller).stackpointer;
        if !R && (*next).word == yield_value::<false> as *const () as usize {
            return yield_through::<R>(caller, next, sp, ts, value);
        }
        *sp = value;
        go::<R>(caller, next, sp.add(1), ts)
    }

    fn return_generator(f, ip, sp, ts) {
        return_generator_slow::<R>(f, ip, sp, ts)
    }

    fn get_yield_from_iter(f, ip, sp, ts) {
        get_yield_from_iter_slow::<R>(f, ip, sp, ts)
    }

    fn get_awaitable(f, ip, sp, ts) {
        let object = (*sp.sub(1)).object();
        // A coroutine that nobody awaits is its own iterator.
        if (*object).ob_type == coroutine_type()
            && (*object.cast::<Generator>()).gi_frame_state != GEN_SUSPENDED_YIELD_FROM
        {
            return go::<R>(f, ip.add(1), sp, ts);
        }
        get_awaitable_slow::<R>(f, ip, sp, ts)
    }

    fn get_aiter(f, ip, sp, ts) {
        get_aiter_slow::<R>(f, ip, sp, ts)
    }

    fn get_anext(f, ip, sp, ts) {
        get_anext_slow::<R>(f, ip, sp, ts)
    }
}

out_of_line_handlers! {
    /// Goes on in a frame that delegates to another generator, and so on, down to the one that does not: `RESUME`,
    /// `JUMP_BACKWARD_NO_INTERRUPT` and `SEND` of each in one. Nothing on the way runs code that could replace the hook.
    /// The hint of a frame that delegates stays behind its `SEND`, which all yields come back to.
    fn resume_delegate(f, ip, sp, ts, code: *mut Tier1Code, sent: StackRef) {
        let (mut frame, mut tier1) = (f, code);
        while let Some(back) = send_again(frame, ts, tier1) {
            let receiver: *mut Generator = (*(*frame).stackpointer.sub(1)).object().cast();
            let ty = (*receiver).ob_base.ob_type;
            if ty != generator_type() && ty != coroutine_type() {
                break;
            }
            let Some(next) = suspended(receiver) else { break };
            save(frame, back, (*frame).stackpointer);
            let delegates = link(frame, ts, receiver, (*back).a);
            (frame, tier1) = (&raw mut (*receiver).gi_iframe, next);
            if !delegates {
                break;
            }
        }
        go_on_in::<R>(frame, ts, tier1, sent)
    }

    /// Yields what a generator yielded that this frame delegates to, and so on: the `YIELD_VALUE` at `ip` of each in one.
    fn yield_through(f, ip, sp, ts, value: StackRef) {
        let (mut frame, mut at) = (f, ip);
        loop {
            // Its SEND, with one cache unit, saved it: the stack is as it was.
            (*frame).instr_ptr = (*frame).instr_ptr.add(3);
            let caller = unlink(frame, ts, (*at).a);
            let Some(next) = behind_yield::<R>(caller, ts) else {
                return yield_out::<R>(caller, at, sp, ts, value);
            };
            (frame, at) = (caller, next);
            if (*next).word != yield_value::<false> as *const () as usize {
                break;
            }
        }
        let sp = (*frame).stackpointer;
        *sp = value;
        go::<R>(frame, at, sp.add(1), ts)
    }

    /// `_PyEval_FrameClearAndPop` of a generator's frame that [`is_plain`], and what comes before and after.
    fn return_from_generator(f, ip, sp, ts) {
        let value = (*sp.sub(1)).heap_safe_value();
        let generator = Frame::generator(f);
        let caller = (*f).previous;
        leave_recursive(ts);
        (*ts).current_frame = caller;
        (*generator).gi_frame_state = GEN_CLEARED;
        (*ts).exc_info = (*generator).gi_exc_state.previous_item;
        (*generator).gi_exc_state.previous_item = null_mut();
        (*f).previous = null_mut();
        let base = Frame::local(f, 0);
        (*f).stackpointer = base;
        let mut slot = sp.sub(1);
        while slot > base {
            plain_loop();
            slot = slot.sub(1);
            (*slot).close();
        }
        let function = (*f).f_funcobj;
        (*f).f_funcobj = StackRef::NULL;
        function.close();
        return_to::<R, false>(caller, ip, sp, ts, value)
    }

    fn yield_out(caller, ip, sp, ts, value: StackRef) {
        unwind::yield_to_caller::<R>(caller, value, ts)
    }

    fn send_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let (receiver, value) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        let mut result = if value == none() && PyIter_Check(receiver) != 0 {
            (*(*receiver).ob_type).tp_iternext.unwrap_unchecked()(receiver)
        } else {
            call_method(super::names::names().send, receiver, value)
        };
        let mut next = ip.add(2);
        if result.is_null() {
            result = stop_iteration_value();
            if result.is_null() {
                close_slot(sp.sub(1));
                return error::<R>(f, ip, sp.sub(1), ts);
            }
            next = ip.add((*ip).a as usize);
        }
        close_slot(sp.sub(1));
        *sp.sub(1) = StackRef::steal(result);
        proceed::<R>(f, ip, next, sp, ts)
    }

    /// The frame becomes the generator's; the caller gets the generator.
    fn return_generator_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let generator: *mut Generator = _Py_MakeCoro(Frame::function(f)).cast();
        if generator.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        let frame = &raw mut (*generator).gi_iframe;
        (*frame).f_executable = (*f).f_executable.heap_safe();
        (*frame).f_funcobj = (*f).f_funcobj.heap_safe();
        (*frame).f_globals = (*f).f_globals;
        (*frame).f_builtins = (*f).f_builtins;
        (*frame).f_locals = (*f).f_locals;
        (*frame).frame_obj = (*f).frame_obj;
        (*frame).instr_ptr = (*f).instr_ptr.add(1);
        (*frame).previous = null_mut();
        (*frame).visited = 0;
        (*frame).return_offset = 0;
        (*frame).owner = FRAME_OWNED_BY_GENERATOR as u8;
        let used = sp.offset_from(Frame::local(f, 0)) as usize;
        let mut i = 0;
        while i < used {
            plain_loop();
            *Frame::local(frame, i) = (*Frame::local(f, i)).heap_safe();
            i += 1;
        }
        (*frame).stackpointer = Frame::local(frame, used);
        goes_on_at(frame, ip.add(1));
        (*generator).gi_frame_state = GEN_CREATED;
        leave_recursive(ts);
        let caller = (*f).previous;
        if frame_is_first_in_chunk(ts, f) {
            _PyThreadState_PopFrame(ts, f);
        } else {
            (*ts).datastack_top = f.cast();
        }
        (*ts).current_frame = caller;
        return_into::<R>(caller, ip, sp, ts, StackRef::steal_mortal(generator.cast()))
    }

    fn get_yield_from_iter_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let iterable = (*sp.sub(1)).object();
        let ty = (*iterable).ob_type;
        if ty == coroutine_type() {
            if (*Frame::code(f)).co_flags as u32 & (CO_COROUTINE | CO_ITERABLE_COROUTINE) == 0 {
                let message = c"cannot 'yield from' a coroutine object in a non-coroutine generator";
                PyErr_SetString(*PyExc_TypeError(), message.as_ptr());
                return error::<R>(f, ip, sp, ts);
            }
        } else if ty != generator_type() {
            let iterator = PyObject_GetIter(iterable);
            if iterator.is_null() {
                return error::<R>(f, ip, sp, ts);
            }
            let old = *sp.sub(1);
            *sp.sub(1) = StackRef::steal(iterator);
            old.close();
        }
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn get_awaitable_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let iterator = _PyEval_GetAwaitable((*sp.sub(1)).object(), (*ip).a as i32);
        close_slot(sp.sub(1));
        if iterator.is_null() {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        *sp.sub(1) = StackRef::steal(iterator);
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn get_aiter_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let object = (*sp.sub(1)).object();
        let ty = (*object).ob_type;
        let methods = (*ty).tp_as_async;
        let getter = if methods.is_null() { None } else { (*methods).am_aiter };
        let Some(getter) = getter else {
            let message = c"'async for' requires an object with __aiter__ method, got %.100s";
            pyerr_format()(*PyExc_TypeError(), message.as_ptr(), (*ty).tp_name);
            close_slot(sp.sub(1));
            return error::<R>(f, ip, sp.sub(1), ts);
        };
        let iterator = getter(object);
        close_slot(sp.sub(1));
        if iterator.is_null() {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        let ty = (*iterator).ob_type;
        let methods = (*ty).tp_as_async;
        if methods.is_null() || (*methods).am_anext.is_none() {
            let message = c"'async for' received an object from __aiter__ that does not implement __anext__: %.100s";
            pyerr_format()(*PyExc_TypeError(), message.as_ptr(), (*ty).tp_name);
            decref(iterator);
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        *sp.sub(1) = StackRef::steal(iterator);
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn get_anext_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let awaitable = _PyEval_GetANext((*sp.sub(1)).object());
        if awaitable.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(awaitable);
        proceed::<R>(f, ip, ip.add(1), sp.add(1), ts)
    }
}
