//! Calls in general, and the choice of their special versions.

use core::ptr::null_mut;

use cpython::abi::*;

use super::call_python::{self, enter_python};
use super::call_special::{self, enter_callee};
use super::jump::poll_behind;
use super::{call_native, names};
use crate::dispatch::*;
use crate::entry;
use crate::hot::*;
use crate::inst::{Inst, Tier1Code};
use crate::with_memory::{push_unpacked, vectorcall};

/// After a `CALL` or `CALL_KW`: pops the callable and everything above it, pushes the result, looks for events.
#[inline(always)]
pub(crate) unsafe fn finish_call<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    callable: *mut StackRef,
    result: *mut Object,
) -> *mut Object {
    // SAFETY: the caller's.
    unsafe { finish_call_of::<R, 4>(f, ip, sp, ts, callable, result) }
}

/// As [`finish_call`], for the `CALL`, `CALL_KW` or `CALL_FUNCTION_EX` at `ip`.
#[inline(always)]
pub(crate) unsafe fn finish_any_call<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    result: *mut Object,
) -> *mut Object {
    // SAFETY: the caller's.
    unsafe {
        let callable = call_special::callable_of(ip, sp);
        if base(ip).opcode == op::CALL_FUNCTION_EX {
            return finish_call_of::<R, 1>(f, ip, sp, ts, callable, result);
        }
        finish_call::<R>(f, ip, sp, ts, callable, result)
    }
}

/// As [`finish_call`], for a call of `LEN` units.
#[inline(always)]
unsafe fn finish_call_of<const R: bool, const LEN: usize>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    callable: *mut StackRef,
    result: *mut Object,
) -> *mut Object {
    // SAFETY: the frame is saved.
    unsafe {
        close_from(f, callable, sp);
        push_result::<R, LEN>(f, ip, callable, ts, result)
    }
}

/// Pushes what a call of `LEN` units gave, or raises if that is null; looks for events.
#[inline(always)]
unsafe fn push_result<const R: bool, const LEN: usize>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    result: *mut Object,
) -> *mut Object {
    // SAFETY: the frame is saved.
    unsafe {
        if result.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(result);
        if (*ts).eval_breaker != (*Tier1Code::of(ip)).breaker {
            return poll_behind::<R>(f, ip, sp.add(1), ts);
        }
        go::<R>(f, ip.add(LEN), sp.add(1), ts)
    }
}

/// As [`finish_call`], for the `CALL` at `ip`, which has just called C code.
#[inline(always)]
pub(crate) unsafe fn finish_native<const R: bool>(
    ip: *mut Inst,
    ts: *mut ThreadState,
    result: *mut Object,
) -> *mut Object {
    // SAFETY: the frame is saved.
    unsafe {
        match (*ip).a {
            1 => finish_native_with::<R, 1>(ip, ts, result),
            2 => finish_native_with::<R, 2>(ip, ts, result),
            _ => finish_native_above::<R, 0>(ip, ts, result),
        }
    }
}

/// As [`finish_native`], for a call with `MORE` operands than callable, receiver and the arguments that it tells.
#[inline(always)]
pub(crate) unsafe fn finish_native_above<const R: bool, const MORE: usize>(
    ip: *mut Inst,
    ts: *mut ThreadState,
    result: *mut Object,
) -> *mut Object {
    // SAFETY: the frame is saved.
    unsafe {
        let (f, sp) = saved(ts);
        let callable = sp.sub((*ip).a as usize + 2 + MORE);
        let mut slot = sp;
        while slot > callable {
            plain_loop();
            if !close_unless_last(slot.sub(1)) {
                return finish_native_slowly::<R>(f, ip, slot, ts, result);
            }
            slot = slot.sub(1);
        }
        push_result::<R, 4>(f, ip, callable, ts, result)
    }
}

/// As [`finish_native`], for a call with `N` arguments.
#[inline(always)]
pub(crate) unsafe fn finish_native_with<const R: bool, const N: usize>(
    ip: *mut Inst,
    ts: *mut ThreadState,
    result: *mut Object,
) -> *mut Object {
    // SAFETY: the frame is saved.
    unsafe {
        let (f, sp) = saved(ts);
        for i in 0..N + 2 {
            if !close_unless_last(sp.sub(i + 1)) {
                return finish_native_slowly::<R>(f, ip, sp.sub(i), ts, result);
            }
        }
        push_result::<R, 4>(f, ip, sp.sub(N + 2), ts, result)
    }
}

/// Replaces a bound method by its function and receiver.
#[inline(always)]
unsafe fn unbind(callable: *mut StackRef) {
    // SAFETY: two live entries of a saved frame, callable and receiver.
    unsafe {
        let op = (*callable).object();
        if (*op).ob_type == method_type() && (*callable.add(1)).is_null() {
            let method: *mut BoundMethod = op.cast();
            *callable.add(1) = StackRef::new((*method).im_self);
            let old = *callable;
            *callable = StackRef::new((*method).im_func);
            old.close();
        }
    }
}

/// The decoded code of a Python function that may be entered here: plain evaluation, no namespace of its own.
pub(crate) unsafe fn enterable(ts: *mut ThreadState, callable: *mut Object) -> Option<*mut Tier1Code> {
    // SAFETY: a live object.
    unsafe {
        if !takes_frame(ts, callable) {
            return None;
        }
        entry::decoded_now(ts, (*callable.cast::<Function>()).func_code)
    }
}

/// Whether the dict of a call's keywords, which may be null, has none.
#[inline(always)]
pub(crate) unsafe fn no_keywords(keywords: *mut Object) -> bool {
    // SAFETY: a live object or null.
    unsafe { keywords.is_null() || (*keywords).ob_type == dict_type() && (*keywords.cast::<Dict>()).ma_used == 0 }
}

/// As [`push_unpacked`], for a function with this code; by itself where the tuple's items are the arguments as they are.
#[inline(always)]
unsafe fn push_with_tuple(
    ts: *mut ThreadState,
    function: StackRef,
    tier1: *mut Tier1Code,
    tuple: *mut Tuple,
    keywords: *mut Object,
    caller: *mut Frame,
) -> Option<*mut Frame> {
    // SAFETY: as there.
    unsafe {
        let count = Tuple::len(tuple);
        if !no_keywords(keywords) || count != (*tier1).simple_arguments as usize || !has_stack_space(ts, (*tier1).code)
        {
            return push_unpacked(ts, function, null_mut(), tuple, keywords, caller);
        }
        let new = push_frame(ts, function.dup(), (*tier1).code, count, caller)?;
        for i in 0..count {
            plain_loop();
            *Frame::local(new, i) = StackRef::new(Tuple::item(tuple, i));
        }
        Some(new)
    }
}

/// Whether a call is one of a Python function by a new frame of its own namespace: warm or not.
pub(crate) unsafe fn takes_frame(ts: *mut ThreadState, callable: *mut Object) -> bool {
    // SAFETY: a live object.
    unsafe {
        if (*callable).ob_type != function_type() {
            return false;
        }
        let function: *mut Function = callable.cast();
        (*function).vectorcall.map(|v| v as usize) == function_vectorcall().map(|v| v as usize)
            && entry::hook_is_ours(ts)
            && (*(*function).func_code).co_flags as u32 & CO_OPTIMIZED != 0
    }
}

names::out_of_line! {
    call => call_miss;
    call_kw => call_kw_slow;
    call_function_ex => call_function_ex_slow;
    call_intrinsic_1 => call_intrinsic_1_slow;
    call_intrinsic_2 => call_intrinsic_2_slow;
}

out_of_line_handlers! {
    /// As `finish_native`, with the operands from `sp` on gone.
    fn finish_native_slowly(f, ip, sp, ts, result: *mut Object) {
        let callable = call_special::callable_of(ip, (*f).stackpointer);
        finish_call::<R>(f, ip, sp, ts, callable, result)
    }

    /// `CALL` in general, which also chooses the version to use from now on.
    fn call_miss(f, ip, sp, ts) {
        save(f, ip, sp);
        let count = (*ip).a as usize;
        let callable = sp.sub(count + 2);
        let was_bound = (*(*callable).object()).ob_type == method_type() && (*callable.add(1)).is_null();
        unbind(callable);
        let mut args = callable.add(2);
        let mut total = count;
        if !(*callable.add(1)).is_null() {
            args = args.sub(1);
            total += 1;
        }
        let op = (*callable).object();
        if let Some(tier1) = enterable(ts, op) {
            call_python::choose(ip, op.cast(), total, tier1, was_bound);
            let function = *callable;
            let new = _PyEvalFramePushAndInit(ts, function, null_mut(), args, total, null_mut(), f);
            (*f).stackpointer = callable;
            if new.is_null() {
                return error::<R>(f, ip, callable, ts);
            }
            return enter_python::<R>(f, ip, new, ts, tier1);
        }
        if takes_frame(ts, op) {
            // Not decodable: CPython's evaluator runs it, on a frame that the arguments move into, as they do in
            // CPython.
            let new = _PyEvalFramePushAndInit(ts, *callable, null_mut(), args, total, null_mut(), f);
            (*f).stackpointer = callable;
            let result = if new.is_null() { null_mut() } else { entry::left_to_cpython(ts, new, 0, &entry::counts().undecodable) };
            return finish_call::<R>(f, ip, callable, ts, callable, result);
        }
        if !was_bound {
            call_native::choose(ip, ts, op, !(*callable.add(1)).is_null());
        }
        let result = vectorcall(op, args, total, null_mut());
        finish_call::<R>(f, ip, sp, ts, callable, result)
    }

    fn call_kw_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let count = (*ip).a as usize;
        let callable = sp.sub(count + 3);
        unbind(callable);
        let mut args = callable.add(2);
        let mut total = count;
        if !(*callable.add(1)).is_null() {
            args = args.sub(1);
            total += 1;
        }
        let op = (*callable).object();
        let names = (*sp.sub(1)).object();
        let positional = total - Tuple::len(names.cast());
        if let Some(tier1) = enterable(ts, op) {
            super::call_kw::choose(ip, op.cast(), total, names, tier1);
            let function = *callable;
            let new = _PyEvalFramePushAndInit(ts, function, null_mut(), args, positional, names, f);
            let names = *sp.sub(1);
            (*f).stackpointer = callable;
            names.close();
            if new.is_null() {
                return error::<R>(f, ip, callable, ts);
            }
            return enter_python::<R>(f, ip, new, ts, tier1);
        }
        super::call_kw::choose_native(ip, op);
        enter_callee!(f, ip, sp, ts);
        let result = vectorcall(op, args, total, names);
        finish_call::<R>(f, ip, sp, ts, callable, result)
    }

    fn call_function_ex_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        // function, null, arguments, keyword arguments or null
        let callable = sp.sub(4);
        let op = (*callable).object();
        let arguments = sp.sub(2);
        if (*(*arguments).object()).ob_type != tuple_type() {
            if _Py_Check_ArgsIterable(ts, op, (*arguments).object()) < 0 {
                return error::<R>(f, ip, sp, ts);
            }
            let tuple = PySequence_Tuple((*arguments).object());
            if tuple.is_null() {
                return error::<R>(f, ip, sp, ts);
            }
            let old = *arguments;
            *arguments = StackRef::steal(tuple);
            old.close();
        }
        let tuple: *mut Tuple = (*arguments).object().cast();
        let keywords = (*sp.sub(1)).object();
        if let Some(tier1) = enterable(ts, op)
            && let Some(new) = push_with_tuple(ts, *callable, tier1, tuple, keywords, f)
        {
            close_from(f, callable, sp);
            if new.is_null() {
                return error::<R>(f, ip, callable, ts);
            }
            return enter_python::<R>(f, ip, new, ts, tier1);
        }
        enter_callee!(f, ip, sp, ts);
        let result = PyObject_Call(op, tuple.cast(), keywords);
        finish_call_of::<R, 1>(f, ip, sp, ts, callable, result)
    }

    fn call_intrinsic_1_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let intrinsic = _PyIntrinsics_UnaryFunctions().add((*ip).a as usize);
        let result = ((*intrinsic).func)(ts, (*sp.sub(1)).object());
        close_slot(sp.sub(1));
        if result.is_null() {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        *sp.sub(1) = StackRef::steal(result);
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn call_intrinsic_2_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let intrinsic = _PyIntrinsics_BinaryFunctions().add((*ip).a as usize);
        let result = ((*intrinsic).func)(ts, (*sp.sub(2)).object(), (*sp.sub(1)).object());
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        if result.is_null() {
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        *sp.sub(2) = StackRef::steal(result);
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }
}
