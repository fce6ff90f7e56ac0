//! Calls of what takes its arguments as a tuple: objects without a vectorcall function, `METH_VARARGS` functions.
//!
//! CPython gets there through the vectorcall protocol, which copies the arguments to an array first.

use core::ptr::null_mut;

use cpython::abi::*;

use crate::hot::plain_loop;
use crate::with_memory::{c_stack_has_room, call_vectorcall_function, vectorcall};

/// A tuple of these stack entries, each with a reference of its own; null if there is no memory.
#[inline(never)]
pub(crate) unsafe fn tuple_of(args: *mut StackRef, count: usize) -> *mut Object {
    // SAFETY: the entries are live. The function makes references of lent ones, and takes over the second one that
    // the others get here; it leaves the entries as they are.
    unsafe {
        let end = args.add(count);
        let mut slot = args;
        while slot < end {
            plain_loop();
            (*slot).dup();
            slot = slot.add(1);
        }
        let tuple = _PyTuple_FromStackRefStealOnSuccess(args, count as isize);
        if tuple.is_null() {
            give_up(args, count);
        }
        tuple
    }
}

#[cold]
#[inline(never)]
unsafe fn give_up(args: *mut StackRef, count: usize) {
    for i in 0..count {
        // SAFETY: the entries hold a reference each.
        unsafe { (*args.add(i)).close_shared() };
    }
}

/// `_Py_CheckFunctionResult`: a result and an exception exclude each other.
#[inline(always)]
pub(crate) unsafe fn checked(ts: *mut ThreadState, callable: *mut Object, result: *mut Object) -> *mut Object {
    // SAFETY: what a C function returned.
    unsafe {
        if result.is_null() != (*ts).current_exception.is_null() {
            return result;
        }
        _Py_CheckFunctionResult(ts, callable, result, core::ptr::null())
    }
}

/// Calls a C function that takes a tuple, and a dict of keywords if `keywords` says so.
///
/// # Safety
/// The function is the `callable`'s; there is room on the C stack.
#[inline(never)]
pub(crate) unsafe fn call_varargs(
    ts: *mut ThreadState,
    callable: *mut Object,
    (function, keywords): (*const (), bool),
    receiver: *mut Object,
    args: *mut StackRef,
    count: usize,
) -> *mut Object {
    // SAFETY: the caller's.
    unsafe {
        let tuple = tuple_of(args, count);
        if tuple.is_null() {
            return null_mut();
        }
        let result = if keywords {
            core::mem::transmute::<*const (), TernaryFn>(function)(receiver, tuple, null_mut())
        } else {
            core::mem::transmute::<*const (), BinaryFn>(function)(receiver, tuple)
        };
        decref(tuple);
        checked(ts, callable, result)
    }
}

/// `PyObject_Vectorcall` without keywords.
///
/// # Safety
/// Live objects; the frame is saved.
#[inline(never)]
pub(crate) unsafe fn call_object(
    ts: *mut ThreadState,
    callable: *mut Object,
    args: *mut StackRef,
    count: usize,
) -> *mut Object {
    // SAFETY: the caller's.
    unsafe {
        let ty = (*callable).ob_type;
        if Type::has_flag(ty, TPFLAGS_HAVE_VECTORCALL) {
            let function = *callable.byte_offset((*ty).tp_vectorcall_offset).cast::<Option<VectorcallFn>>();
            if let Some(function) = function {
                return checked(ts, callable, call_vectorcall_function(function, callable, args, count));
            }
        }
        if (*ty).tp_call.is_null() || !c_stack_has_room(ts) {
            return vectorcall(callable, args, count, null_mut());
        }
        call_varargs(ts, callable, ((*ty).tp_call, true), callable, args, count)
    }
}
