//! Calls that C code would pass on to a Python function: of instances by their class's `__call__`, of classes by their
//! `__init__`, of bound methods with a tuple of arguments. The function's frame is pushed here, without C code in
//! between.
//!
//! The operands stay on the caller's stack, as they do while C code runs, and [`super::finish`] ends the instruction.
//! (Plain classes that are called with positional arguments are [`super::call_class`]'s, as CPython specializes them.)

use core::ptr::null_mut;

use cpython::abi::special::is_made_by_type;
use cpython::abi::*;

use super::held::{hold, hold_for_init};
use super::special::{self, CALLED};
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::{Inst, Tier1Code};
use crate::with_memory::{push_prepended, push_unpacked};

const NONE: (*mut Frame, *mut Tier1Code) = (null_mut(), null_mut());

/// The callable of a `CALL`, `CALL_KW` or `CALL_FUNCTION_EX`: its lowest operand. A second one, which may be null,
/// follows.
#[inline(always)]
pub(crate) unsafe fn callable_of(ip: *mut Inst, sp: *mut StackRef) -> *mut StackRef {
    // SAFETY: the contract of handlers.
    unsafe {
        let base = base(ip);
        sp.sub(operands_of_call(base.opcode, base.oparg as usize))
    }
}

/// Pushes a frame for the Python function that the call runs; as from [`special::push`].
///
/// # Safety
/// As for [`special::push`]. The arguments of `CALL_FUNCTION_EX` are a tuple.
#[inline(never)]
pub(crate) unsafe fn push_callee(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
) -> (*mut Frame, *mut Tier1Code) {
    // SAFETY: the caller's.
    unsafe {
        let callable = callable_of(ip, sp);
        let op = (*callable).object();
        let ty = (*op).ob_type;
        if is_made_by_type(ty) {
            return push_init(f, ip, sp, ts, callable);
        }
        let (function, first) = if ty == method_type() {
            let method: *mut BoundMethod = op.cast();
            if !has_only_positional(ip, sp) || !(*callable.add(1)).is_null() {
                return NONE;
            }
            ((*method).im_func, (*method).im_self)
        } else if Type::has_flag(ty, TPFLAGS_HEAPTYPE) {
            let method = special::find(CALLED, op, null_mut());
            if method.is_null() || !has_only_positional(ip, sp) {
                return NONE;
            }
            ((*method).function().cast(), op)
        } else {
            return NONE;
        };
        let Some(code) = super::call::enterable(ts, function) else { return NONE };
        let Some(returns) = special::goes_on(f, ip, sp, ts, false) else { return NONE };
        let args = callable.add(2 - !(*callable.add(1)).is_null() as usize);
        let Some(new) = push_arguments(f, ip, sp, ts, function, first, args) else { return NONE };
        if new.is_null() {
            return (f, null_mut());
        }
        hold(ip, sp, ts, true);
        returns_behind(f, ip, returns);
        (*ts).current_frame = new;
        (new, code)
    }
}

/// Whether the call has no keyword arguments: C code would hold further references to all arguments.
unsafe fn has_only_positional(ip: *mut Inst, sp: *mut StackRef) -> bool {
    // SAFETY: as the caller's; keyword arguments of `CALL_FUNCTION_EX` are a dict or null.
    unsafe {
        let keywords = (*sp.sub(1)).object();
        base(ip).opcode != op::CALL_FUNCTION_EX || super::call::no_keywords(keywords)
    }
}

/// A frame for `function` with `first` and the call's arguments, which begin at `args` if they are on the stack; null
/// with an exception set, `None` if C code has to bind them.
unsafe fn push_arguments(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    function: *mut Object,
    first: *mut Object,
    args: *mut StackRef,
) -> Option<*mut Frame> {
    // SAFETY: as the caller's.
    unsafe {
        let names = match base(ip).opcode {
            op::CALL => null_mut(),
            op::CALL_KW => (*sp.sub(1)).object(),
            _ => {
                let (tuple, keywords) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
                return push_unpacked(ts, StackRef::steal(function), first, tuple.cast(), keywords, f);
            }
        };
        let end = if names.is_null() { sp } else { sp.sub(1) };
        Some(push_prepended(ts, function, first, args, end.offset_from_unsigned(args), names, f))
    }
}

/// Makes an instance of a class, in the empty place above that on the stack, and pushes a frame for its `__init__`.
unsafe fn push_init(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    callable: *mut StackRef,
) -> (*mut Frame, *mut Tier1Code) {
    // SAFETY: as the caller's.
    unsafe {
        let class: *mut Type = (*callable).object().cast();
        if !(*callable.add(1)).is_null() || !Type::makes_plain_instances(class) {
            return NONE;
        }
        let init = _PyType_Lookup(class, super::names::names().init);
        if init.is_null() || (*init).ob_type != function_type() || !has_only_positional(ip, sp) {
            return NONE;
        }
        let Some(code) = super::call::enterable(ts, init) else { return NONE };
        let Some(returns) = special::goes_on(f, ip, sp, ts, true) else { return NONE };
        let instance = PyType_GenericAlloc(class, 0);
        if instance.is_null() {
            return (f, null_mut());
        }
        *callable.add(1) = StackRef::steal(instance);
        hold_for_init(ip, sp, true);
        let new = push_arguments(f, ip, sp, ts, init, instance, callable.add(2)).unwrap_or(null_mut());
        if new.is_null() {
            release_instance(ip, sp);
            return (f, null_mut());
        }
        returns_behind(f, ip, returns);
        (*ts).current_frame = new;
        (new, code)
    }
}

/// Gives up what was held for an `__init__` that has returned or failed, and the instance.
#[inline(always)]
unsafe fn release_instance(ip: *mut Inst, sp: *mut StackRef) {
    // SAFETY: as the caller's.
    unsafe {
        hold_for_init(ip, sp, false);
        close_slot(callable_of(ip, sp).add(1));
    }
}

/// In a general path, whose frame is saved: goes on in the Python function that the call runs, if [`push_callee`] knows
/// one.
macro_rules! enter_callee {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident) => {
        // Also while it is recorded: the recorder follows, or has the function run apart.
        let pushed = $crate::ops::call_special::push_callee($f, $ip, $sp, $ts);
        $crate::ops::special::enter_pushed!($f, $ip, $sp, $ts, pushed);
    };
}
pub(crate) use enter_callee;

out_of_line_handlers! {
    /// A class was called, and its `__init__` has returned.
    fn finish_init(f, ip, sp, ts) {
        let answer = *sp.sub(1);
        let sp = sp.sub(1);
        (*f).stackpointer = sp;
        if !super::call_class::is_result_of_init(answer.object()) {
            answer.close();
            return failed_init::<R>(f, ip, sp, ts);
        }
        hold_for_init(ip, sp, false);
        let instance = callable_of(ip, sp).add(1);
        let result = (*instance).into_object();
        *instance = StackRef::NULL;
        super::call::finish_any_call::<R>(f, ip, sp, ts, result)
    }

    /// A class was called, and its `__init__` has failed.
    fn failed_init(f, ip, sp, ts) {
        release_instance(ip, sp);
        super::finish::failed::<R>(f, ip, sp, ts)
    }
}
