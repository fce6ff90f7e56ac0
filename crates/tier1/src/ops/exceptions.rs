//! Raising and handling exceptions, and what `with` and `async for` do about them.

use cpython::abi::*;

use super::call::VECTORCALL_OFFSET;
use crate::dispatch::*;
use crate::entry;
use crate::unwind;

/// `PyExceptionClass_Check`.
unsafe fn is_exception_class(op: *mut Object) -> bool {
    // SAFETY: a live object; one whose type says so is a type.
    unsafe {
        Type::has_flag((*op).ob_type, TPFLAGS_TYPE_SUBCLASS) && Type::has_flag(op.cast(), TPFLAGS_BASE_EXC_SUBCLASS)
    }
}

/// `PyExceptionInstance_Check`.
unsafe fn is_exception(op: *mut Object) -> bool {
    // SAFETY: a live object.
    unsafe { Type::has_flag((*op).ob_type, TPFLAGS_BASE_EXC_SUBCLASS) }
}

/// The exception being handled, borrowed (`_PyErr_GetTopmostException`); null or `None` if there is none.
unsafe fn handled_exception(ts: *mut ThreadState) -> *mut Object {
    // SAFETY: the chain ends at the thread's own item.
    unsafe {
        let mut item = (*ts).exc_info;
        while (*item).exc_value.is_null() && !(*item).previous_item.is_null() {
            item = (*item).previous_item;
        }
        (*item).exc_value
    }
}

/// Calls an exception class as `raise` does. `None` with an exception set.
unsafe fn instantiate(class: *mut Object) -> Option<Owned> {
    // SAFETY: a live class.
    unsafe {
        let value = Owned::steal(PyObject_CallNoArgs(class))?;
        if !is_exception(value.as_ptr()) {
            let message = c"calling %R should have returned an instance of BaseException, not %R";
            pyerr_format()(*PyExc_TypeError(), message.as_ptr(), class, (*value.as_ptr()).ob_type);
            return None;
        }
        Some(value)
    }
}

/// `raise exception from cause`: sets that exception, or the one that says why it cannot be raised.
unsafe fn raise(exception: Owned, cause: Option<Owned>) {
    // SAFETY: live objects.
    unsafe {
        let (ty, value) = if is_exception_class(exception.as_ptr()) {
            let Some(value) = instantiate(exception.as_ptr()) else {
                return;
            };
            (exception, value)
        } else if is_exception(exception.as_ptr()) {
            (Owned::new((*exception.as_ptr()).ob_type.cast()), exception)
        } else {
            drop(exception);
            PyErr_SetString(*PyExc_TypeError(), c"exceptions must derive from BaseException".as_ptr());
            return;
        };
        if let Some(cause) = cause {
            let fixed = if is_exception_class(cause.as_ptr()) {
                let Some(instance) = instantiate(cause.as_ptr()) else {
                    return;
                };
                instance.into_raw()
            } else if is_exception(cause.as_ptr()) {
                cause.into_raw()
            } else if cause.as_ptr() == _Py_NoneStruct() {
                core::ptr::null_mut()
            } else {
                PyErr_SetString(*PyExc_TypeError(), c"exception causes must derive from BaseException".as_ptr());
                return;
            };
            PyException_SetCause(value.as_ptr(), fixed);
        }
        PyErr_SetObject(ty.as_ptr(), value.as_ptr());
    }
}

/// Splits an exception group: the matching part (null: an exception is set) and the rest.
#[inline(never)]
unsafe fn split_group(f: *mut Frame, group: *mut Object, ty: *mut Object) -> (*mut Object, *mut Object) {
    let (mut matched, mut rest) = (core::ptr::null_mut(), core::ptr::null_mut());
    // SAFETY: live objects; the frame is saved.
    let status = unsafe { _PyEval_ExceptionGroupMatch(f, group, ty, &raw mut matched, &raw mut rest) };
    if status < 0 { (core::ptr::null_mut(), core::ptr::null_mut()) } else { (matched, rest) }
}

/// Calls `__exit__` with the exception on top of the stack.
#[inline(never)]
unsafe fn call_exit(sp: *mut StackRef) -> *mut Object {
    // SAFETY: below the exception are the handler's previous exception, the instruction to blame, and `__exit__`
    // with its `self` if it is no bound method.
    unsafe {
        let exception = (*sp.sub(1)).object();
        let (exit, exit_self) = ((*sp.sub(5)).object(), *sp.sub(4));
        let traceback = PyException_GetTraceback(exception);
        let shown = if traceback.is_null() { _Py_NoneStruct() } else { traceback };
        let class: *mut Object = (*exception).ob_type.cast();
        let mut arguments = [core::ptr::null_mut(), exit_self.object(), class, exception, shown];
        let has_self = !exit_self.is_null() as usize;
        let count = (3 + has_self) | VECTORCALL_OFFSET;
        let first = arguments.as_mut_ptr().add(2 - has_self);
        let result = PyObject_Vectorcall(exit, first, count, core::ptr::null_mut());
        xdecref(traceback);
        result
    }
}

handlers! {
    fn push_exc_info(f, ip, sp, ts) {
        let item = (*ts).exc_info;
        let previous = (*item).exc_value;
        let exception = *sp.sub(1);
        *sp.sub(1) = if previous.is_null() { none_ref() } else { StackRef::steal(previous) };
        (*item).exc_value = new_ref(exception.object());
        *sp = exception;
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn pop_except(f, ip, sp, ts) {
        let item = (*ts).exc_info;
        let old = (*item).exc_value;
        let previous = *sp.sub(1);
        (*item).exc_value =
            if previous.object() == _Py_NoneStruct() { core::ptr::null_mut() } else { previous.into_object() };
        if !old.is_null() && !Object::is_immortal(old) {
            let count = (*old).ob_refcnt.wrapping_sub(1);
            (*old).ob_refcnt = count;
            if count == 0 {
                return destroy_and_go::<R>(f, ip, sp.sub(1), ts, old);
            }
        }
        go::<R>(f, ip.add(1), sp.sub(1), ts)
    }

    fn check_exc_match(f, ip, sp, ts) {
        check_exc_match_out_of_line::<R>(f, ip, sp, ts)
    }

    fn check_eg_match(f, ip, sp, ts) {
        check_eg_match_out_of_line::<R>(f, ip, sp, ts)
    }

    fn raise_varargs(f, ip, sp, ts) {
        raise_varargs_out_of_line::<R>(f, ip, sp, ts)
    }

    fn reraise(f, ip, sp, ts) {
        reraise_out_of_line::<R>(f, ip, sp, ts)
    }

    fn with_except_start(f, ip, sp, ts) {
        with_except_start_out_of_line::<R>(f, ip, sp, ts)
    }

    fn cleanup_throw(f, ip, sp, ts) {
        cleanup_throw_out_of_line::<R>(f, ip, sp, ts)
    }

    fn end_async_for(f, ip, sp, ts) {
        end_async_for_out_of_line::<R>(f, ip, sp, ts)
    }
}

out_of_line_handlers! {
    fn check_exc_match_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let (exception, ty) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        if _PyEval_CheckExceptTypeValid(ts, ty) < 0 {
            return error::<R>(f, ip, sp, ts);
        }
        let matches = PyErr_GivenExceptionMatches(exception, ty) != 0;
        close_slot(sp.sub(1));
        *sp.sub(1) = bool_ref(matches);
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn check_eg_match_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let (group, ty) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        let (matched, rest) = if _PyEval_CheckExceptStarTypeValid(ts, ty) < 0 {
            (core::ptr::null_mut(), core::ptr::null_mut())
        } else {
            split_group(f, group, ty)
        };
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        if matched.is_null() {
            return error::<R>(f, ip, sp.sub(2), ts);
        }
        if matched != _Py_NoneStruct() {
            PyErr_SetHandledException(matched);
        }
        *sp.sub(2) = StackRef::steal(rest);
        *sp.sub(1) = StackRef::steal(matched);
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn raise_varargs_out_of_line(f, ip, sp, ts) {
        match (*ip).a {
            0 => return raise_again::<R>(f, ip, sp, ts),
            1 => {
                save(f, ip, sp.sub(1));
                if let Some(exception) = Owned::steal((*sp.sub(1)).into_object()) {
                    raise(exception, None);
                }
            }
            _ => {
                save(f, ip, sp.sub(2));
                let cause = Owned::steal((*sp.sub(1)).into_object());
                if let Some(exception) = Owned::steal((*sp.sub(2)).into_object()) {
                    raise(exception, cause);
                }
            }
        }
        error::<R>(f, ip, (*f).stackpointer, ts)
    }

    /// `raise` without an operand.
    fn raise_again(f, ip, sp, ts) {
        if entry::instrumented_since(f, ts) {
            // CPython reports this one, and how it unwinds.
            return leave::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let exception = handled_exception(ts);
        if exception.is_null() || exception == _Py_NoneStruct() {
            PyErr_SetString(*PyExc_RuntimeError(), c"No active exception to reraise".as_ptr());
            return error::<R>(f, ip, sp, ts);
        }
        PyErr_SetRaisedException(new_ref(exception));
        unwind::unwind::<R>(f, (*ip).b as usize, ts)
    }

    fn reraise_out_of_line(f, ip, sp, ts) {
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, ip, sp, ts);
        }
        let exception = (*sp.sub(1)).into_object();
        save(f, ip, sp.sub(1));
        let depth = (*ip).a as usize;
        if depth != 0 {
            // The instruction that raised first stays the one to blame.
            let blamed = unwind::untag_int(*sp.sub(1 + depth));
            (*f).instr_ptr = Code::units(Frame::code(f)).add(blamed);
        }
        PyErr_SetRaisedException(exception);
        unwind::unwind::<R>(f, (*ip).b as usize, ts)
    }

    fn with_except_start_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let result = call_exit(sp);
        if result.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::steal(result);
        if entry::instrumented_since(f, ts) {
            return leave::<R>(f, ip.add(1), sp.add(1), ts);
        }
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn cleanup_throw_out_of_line(f, ip, sp, ts) {
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
        let receiver = *sp.sub(3);
        *sp.sub(3) = value;
        receiver.close();
        close_slot(sp.sub(1));
        close_slot(sp.sub(2));
        *sp.sub(3) = none_ref();
        *sp.sub(2) = value;
        go::<R>(f, ip.add(1), sp.sub(1), ts)
    }

    fn end_async_for_out_of_line(f, ip, sp, ts) {
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
        go::<R>(f, ip.add(1), sp.sub(2), ts)
    }
}
