//! Instances of classes whose `__init__` is a Python function: allocates, then runs `__init__` here.

use core::ptr::null_mut;

use cpython::abi::*;

use super::call::{call_miss, enterable};
use super::call_python::{FIRST_VALID_VERSION, fill_locals, is_simple_function, start_callee};
use crate::dispatch::*;
use crate::entry;
use crate::hot::*;
use crate::inst::{Inst, Tier1Code};

// Units of CALL behind the instruction: 1 the class's version and its __init__, which that version keeps alive, 2 the
// version of that function and its decoded code, if it takes just these arguments. (3 counts other callables.)

/// Whether a Python function, as `__init__`, gets its arguments from C code in CPython, which keeps them until it returns.
unsafe fn takes_odd_arguments(init: *mut Object) -> bool {
    // SAFETY: a function.
    unsafe { !Code::is_simple((*init.cast::<Function>()).func_code) }
}

/// Whether `class(...)` is entered by [`super::call_special`], also without keywords.
pub(crate) unsafe fn is_called_specially(class: *mut Type) -> bool {
    // SAFETY: a live class.
    unsafe {
        if (*class).ob_base.ob_base.ob_type != type_type() {
            return true;
        }
        if !Type::makes_plain_instances(class) {
            return false;
        }
        let init = _PyType_Lookup(class, super::names::names().init);
        !init.is_null() && (*init).ob_type == function_type() && takes_odd_arguments(init)
    }
}

/// Fills the caches for instances of a plain class: made by `object.__new__`, initialized by Python code.
pub(crate) unsafe fn choose(ip: *mut Inst, ts: *mut ThreadState, class: *mut Type) -> bool {
    // SAFETY: a class whose metaclass is `type`.
    unsafe {
        if !Type::makes_plain_instances(class) {
            return false;
        }
        let version = Type::version(class);
        let init = _PyType_Lookup(class, super::names::names().init);
        if version == 0 || init.is_null() || (*init).ob_type != function_type() || takes_odd_arguments(init) {
            return false;
        }
        (*ip.add(1)).a = version;
        (*ip.add(1)).word = init as usize;
        (*ip.add(2)).a = 0;
        let init_version = (*init.cast::<Function>()).func_version;
        if init_version >= FIRST_VALID_VERSION
            && is_simple_function(init, (*ip).a as usize + 1)
            && let Some(tier1) = enterable(ts, init)
        {
            (*ip.add(2)).a = init_version;
            (*ip.add(2)).word = tier1 as usize;
        }
        true
    }
}

/// The Python function `__init__` on whose frame the arguments of `class(...)` move, if that is so and there is room.
///
/// # Safety
/// A live class; the GIL is held.
pub unsafe fn init_taking_frame(ts: *mut ThreadState, class: *mut Type) -> Option<*mut Object> {
    // SAFETY: the caller's.
    unsafe {
        if (*class).ob_base.ob_base.ob_type != type_type() || !Type::makes_plain_instances(class) {
            return None;
        }
        let init = _PyType_Lookup(class, super::names::names().init);
        if init.is_null() || !super::call::takes_frame(ts, init) || takes_odd_arguments(init) {
            return None;
        }
        // Frames that are entered from C are refused at the recursion limit.
        (has_room(ts, (*init.cast::<Function>()).func_code) && (*ts).py_recursion_remaining > 2).then_some(init)
    }
}

/// Whether CPython would put both `__init__`'s frame and the trampoline below it on the data stack. (It does not ask for the
/// recursion limit there: only a full chunk, or another call, ends a recursion of constructors.)
unsafe fn has_room(ts: *mut ThreadState, code: *mut Code) -> bool {
    // SAFETY: a code object.
    unsafe {
        let needed = (*code).co_framesize + (*init_cleanup()).co_framesize;
        let top = (*ts).datastack_top;
        top.wrapping_add(needed as usize) < (*ts).datastack_limit
    }
}

/// Whether `__init__` has returned what it must; else an exception is set.
///
/// # Safety
/// A live object.
pub unsafe fn is_result_of_init(answer: *mut Object) -> bool {
    // SAFETY: the caller's.
    unsafe {
        if answer != none() {
            let message = c"__init__() should return None, not '%.200s'";
            pyerr_format()(*PyExc_TypeError(), message.as_ptr(), (*(*answer).ob_type).tp_name);
        }
        answer == none()
    }
}

handlers! {
    fn call_class(f, ip, sp, ts) {
        let callable = sp.sub((*ip).a as usize + 2);
        let class: *mut Type = (*callable).object().cast();
        if (*class).ob_base.ob_base.ob_type != type_type()
            || (*class).tp_version_tag != (*ip.add(1)).a
            || !(*callable.add(1)).is_null()
        {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let tier1 = (*ip.add(2)).word as *mut Tier1Code;
        let known = (*ip.add(2)).a;
        let init = (*ip.add(1)).word as *mut Object;
        if known == 0
            || (*init.cast::<Function>()).func_version != known
            || !entry::hook_is_ours(ts)
            || !has_room(ts, (*tier1).code)
        {
            return instantiate::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let instance = PyType_GenericAlloc(class, 0);
        let (f, sp) = saved(ts);
        if instance.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        let total = (*ip).a as usize + 1;
        let callable = sp.sub(total + 1);
        let (tier1, init) = ((*ip.add(2)).word as *mut Tier1Code, (*ip.add(1)).word as *mut Object);
        // The instance keeps its class.
        (*callable).close_shared();
        let shim = push_trampoline(ts, init_cleanup(), 1, f);
        let instance = StackRef::steal(instance);
        *Frame::local(shim, 0) = instance.dup();
        *callable.add(1) = instance;
        // There is room: it was checked above.
        let new = take_stack(ts, (*tier1).code).unwrap_unchecked();
        let end = init_frame(new, StackRef::new(init), (*tier1).code, shim);
        fill_locals(new, end, callable.add(1), total, total);
        (*f).stackpointer = callable;
        returns_behind(f, ip, 4);
        (*ts).py_recursion_remaining -= 2;
        (*ts).current_frame = new;
        start_callee::<R>(new, tier1, end, ts)
    }
}

continuations! {
    /// Runs any `__init__` with a trampoline below it that checks for `None` and returns the instance.
    fn instantiate(f, ip, sp, ts) {
        save(f, ip, sp);
        let total = (*ip).a as usize + 1;
        let callable = sp.sub(total + 1);
        let init = (*ip.add(1)).word as *mut Object;
        let shim_code = init_cleanup();
        let Some(tier1) = enterable(ts, init) else {
            return super::call_native::call_vectorcall::<R>(f, ip, sp, ts);
        };
        if !has_room(ts, (*tier1).code) {
            return super::call_native::call_vectorcall::<R>(f, ip, sp, ts);
        }
        let class = *callable;
        let instance = PyType_GenericAlloc(class.object().cast(), 0);
        if instance.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        *callable.add(1) = StackRef::steal(instance);
        *callable = StackRef::new(init);
        class.close();
        let shim = push_trampoline(ts, shim_code, 1, f);
        *Frame::local(shim, 0) = (*callable.add(1)).dup();
        let new = _PyEvalFramePushAndInit(ts, *callable, null_mut(), callable.add(1), total, null_mut(), shim);
        (*f).stackpointer = callable;
        if new.is_null() {
            _PyEval_FrameClearAndPop(ts, shim);
            return error::<R>(f, ip, callable, ts);
        }
        (*ts).py_recursion_remaining -= 2;
        returns_behind(f, ip, 4);
        (*ts).current_frame = new;
        start_callee::<R>(new, tier1, (*new).stackpointer, ts)
    }
}
