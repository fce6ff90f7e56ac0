//! Raising and handling exceptions.

use core::ptr::null_mut;

use cpython::abi::*;

use crate::dispatch::*;
use crate::entry;
use crate::hot::*;
use crate::unwind::{self, untag_int};
use crate::with_memory::{call_exit, split_group};

super::names::out_of_line! {
    push_exc_info => push_exc_info_slow;
    pop_except => pop_except_slow;
    check_exc_match => check_exc_match_slow;
    check_eg_match => check_eg_match_slow;
    raise_varargs => raise_varargs_slow;
    reraise => reraise_slow;
    with_except_start => with_except_start_slow;
    cleanup_throw => cleanup_throw_slow;
    end_async_for => end_async_for_slow;
}

unsafe fn is_exception_class(op: *mut Object) -> bool {
    // SAFETY: a live object.
    unsafe {
        Type::has_flag((*op).ob_type, TPFLAGS_TYPE_SUBCLASS) && Type::has_flag(op.cast(), TPFLAGS_BASE_EXC_SUBCLASS)
    }
}

unsafe fn is_exception(op: *mut Object) -> bool {
    // SAFETY: a live object.
    unsafe { Type::has_flag((*op).ob_type, TPFLAGS_BASE_EXC_SUBCLASS) }
}

/// An exception class's instance, or the exception itself. `None` with an exception set if it is neither.
unsafe fn instantiate(op: &Owned, complaint: &core::ffi::CStr) -> Option<Owned> {
    // SAFETY: live objects.
    unsafe {
        if is_exception_class(op.as_ptr()) {
            let value = Owned::steal(PyObject_CallNoArgs(op.as_ptr()))?;
            if is_exception(value.as_ptr()) {
                return Some(value);
            }
            let message = c"calling %R should have returned an instance of BaseException, not %R";
            pyerr_format()(*PyExc_TypeError(), message.as_ptr(), op.as_ptr(), (*value.as_ptr()).ob_type);
            return None;
        }
        if is_exception(op.as_ptr()) {
            return Some(Owned::new(op.as_ptr()));
        }
        PyErr_SetString(*PyExc_TypeError(), complaint.as_ptr());
        None
    }
}

/// `raise exception from cause`: sets the exception, or the one that says why it cannot be raised.
#[inline(never)]
unsafe fn set_exception(exception: Owned, cause: Option<Owned>) {
    // SAFETY: live objects.
    unsafe {
        let Some(value) = instantiate(&exception, c"exceptions must derive from BaseException") else {
            return;
        };
        if let Some(cause) = cause {
            let cause = if cause.as_ptr() == none() {
                null_mut()
            } else {
                match instantiate(&cause, c"exception causes must derive from BaseException") {
                    Some(cause) => cause.into_raw(),
                    None => return,
                }
            };
            PyException_SetCause(value.as_ptr(), cause);
        }
        // A class that made something else than its instance is called once more by this.
        let value_type: *mut Object = (*value.as_ptr()).ob_type.cast();
        let ty = if is_exception_class(exception.as_ptr()) { exception.as_ptr() } else { value_type };
        PyErr_SetObject(ty, value.as_ptr());
    }
}

/// The exception being handled, or null.
unsafe fn handled_exception(ts: *mut ThreadState) -> *mut Object {
    // SAFETY: the chain of exception states ends with the thread's own.
    unsafe {
        let mut info = (*ts).exc_info;
        while ((*info).exc_value.is_null() || (*info).exc_value == none()) && !(*info).previous_item.is_null() {
            info = (*info).previous_item;
        }
        let value = (*info).exc_value;
        if value == none() { null_mut() } else { value }
    }
}

out_of_line_handlers! {
    fn push_exc_info_slow(f, ip, sp, ts) {
        let info = (*ts).exc_info;
        let exception = *sp.sub(1);
        let previous = (*info).exc_value;
        *sp.sub(1) = if previous.is_null() { none_ref() } else { StackRef::steal(previous) };
        (*info).exc_value = new_ref(exception.object());
        *sp = exception;
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn pop_except_slow(f, ip, sp, ts) {
        save(f, ip, sp.sub(1));
        let info = (*ts).exc_info;
        let previous = *sp.sub(1);
        let old = (*info).exc_value;
        (*info).exc_value = if previous.object() == none() { null_mut() } else { previous.into_object() };
        xdecref(old);
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn check_exc_match_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let (exception, wanted) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        let ty = (*exception).ob_type;
        let matches = if is_exception_class(wanted) {
            // Exceptions are instances of exception classes.
            ty == wanted.cast() || PyType_IsSubtype(ty, wanted.cast()) != 0
        } else {
            if _PyEval_CheckExceptTypeValid(ts, wanted) < 0 {
                return error::<R>(f, ip, sp, ts);
            }
            PyErr_GivenExceptionMatches(exception, wanted) != 0
        };
        close_slot(sp.sub(1));
        *sp.sub(1) = bool_ref(matches);
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn check_eg_match_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let (exception, wanted) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        let (matched, rest) = if _PyEval_CheckExceptStarTypeValid(ts, wanted) < 0 {
            (null_mut(), null_mut())
        } else {
            split_group(f, exception, wanted)
        };
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        if matched.is_null() {
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        if matched != none() {
            PyErr_SetHandledException(matched);
        }
        *sp.sub(2) = StackRef::steal(rest);
        *sp.sub(1) = StackRef::steal(matched);
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn raise_varargs_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let count = (*ip).a as usize;
        let bottom = sp.sub(count);
        if count == 0 {
            if entry::instrumented_since(f, ts) {
                // CPython tells the tools that this raises again.
                return leave::<R>(f, ip, sp, ts);
            }
            let exception = handled_exception(ts);
            if exception.is_null() {
                PyErr_SetString(*PyExc_RuntimeError(), c"No active exception to reraise".as_ptr());
                return error::<R>(f, ip, sp, ts);
            }
            PyErr_SetRaisedException(new_ref(exception));
            let offset = (*ip).b as usize;
            return unwind::unwind::<R>(f, offset, ts);
        }
        let cause = if count == 2 { Owned::steal((*bottom.add(1)).into_object()) } else { None };
        let exception = Owned::steal((*bottom).into_object());
        (*f).stackpointer = bottom;
        set_exception(exception.unwrap_unchecked(), cause);
        error::<R>(f, ip, bottom, ts)
    }

    fn reraise_slow(f, ip, sp, ts) {
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, ip, sp, ts);
        }
        let with_lasti = (*ip).a as usize;
        let offset = (*ip).b as usize;
        let exception = (*sp.sub(1)).into_object();
        save(f, ip, sp.sub(1));
        if with_lasti != 0 {
            let lasti = untag_int(*sp.sub(1 + with_lasti));
            (*f).instr_ptr = Code::units(Frame::code(f)).add(lasti);
        }
        PyErr_SetRaisedException(exception);
        unwind::unwind::<R>(f, offset, ts)
    }

    fn with_except_start_slow(f, ip, sp, ts) {
        // exit function, its receiver or null, instruction to blame, previous exception, exception
        save(f, ip, sp);
        let exception = (*sp.sub(1)).object();
        let receiver = *sp.sub(4);
        let result = call_exit((*sp.sub(5)).object(), receiver.object(), exception);
        if result.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(result);
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, ip.add(1), sp.add(1), ts);
        }
        proceed::<R>(f, ip, ip.add(1), sp.add(1), ts)
    }

    fn cleanup_throw_slow(f, ip, sp, ts) {
        // sub-iterator, last value sent, exception
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let exception = (*sp.sub(1)).object();
        if PyErr_GivenExceptionMatches(exception, *PyExc_StopIteration()) == 0 {
            PyErr_SetRaisedException(new_ref(exception));
            return unwind::unwind::<R>(f, (*ip).b as usize, ts);
        }
        let value = StackRef::new((*exception.cast::<StopIteration>()).value);
        close_slot(sp.sub(3));
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        *sp.sub(3) = none_ref();
        *sp.sub(2) = value;
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn end_async_for_slow(f, ip, sp, ts) {
        // awaitable, exception
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let exception = (*sp.sub(1)).object();
        if PyErr_GivenExceptionMatches(exception, *PyExc_StopAsyncIteration()) == 0 {
            PyErr_SetRaisedException(new_ref(exception));
            return unwind::unwind::<R>(f, (*ip).b as usize, ts);
        }
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        proceed::<R>(f, ip, ip.add(1), sp.sub(2), ts)
    }
}
