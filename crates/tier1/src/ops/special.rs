//! Special methods written in Python that instructions call, in frames of their own instead of through C code.
//!
//! An instruction's general path asks [`find`] which Python function its operands' types name, and [`push`]es its
//! frame: the operands stay on the stack, the callee gets new references to them, as it does from CPython's slot
//! functions, and the frame goes on in [`super::finish`].

use core::ptr::null_mut;

use cpython::abi::*;

use super::held::held;
use super::special_table::How;
pub(crate) use super::special_table::*;
use crate::dispatch::*;
use crate::entry;
use crate::hot::plain_loop;
use crate::inst::{Inst, Tier1Code};
use crate::observe::is_recording;
use crate::unwind;
use crate::with_memory::call_with;

/// No frame was pushed.
const NONE: (*mut Frame, *mut Tier1Code) = (null_mut(), null_mut());

/// Pushes a frame for the method, called by the instruction at `ip`, which has the name `name` if it takes one; the
/// frame and its code. No frame where C code has to call it, and nothing has happened; no code where it does not take
/// these arguments, and an exception is set.
///
/// # Safety
/// The contract of handlers; the frame is saved; the method is what was found for these operands.
#[inline(never)]
pub(crate) unsafe fn push(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    method: *const Method,
    name: *mut Object,
) -> (*mut Frame, *mut Tier1Code) {
    // SAFETY: the caller's.
    unsafe {
        let (function, how, code) = ((*method).function, (*method).how, (*method).code);
        let Some(returns) = goes_on(f, ip, sp, ts, how.is_negated()) else { return (null_mut(), null_mut()) };
        if code.is_null()
            || (*function).func_version != (*method).function_version
            || !has_stack_space(ts, (*code).code)
        {
            return push_any(f, sp, ts, function, how, name, returns);
        }
        let count = how.count();
        let new = push_frame(ts, StackRef::new(function.cast()), (*code).code, count, f).unwrap_unchecked();
        let mut i = 0;
        while i < count {
            plain_loop();
            *Frame::local(new, i) = argument(how, i, sp, name);
            i += 1;
        }
        returns_behind(f, ip, returns);
        (*ts).current_frame = new;
        (new, code)
    }
}

/// Where the frame goes on to finish the instruction at `ip`, in units from there, if it can wait for a callee here.
#[inline(always)]
pub(crate) unsafe fn goes_on(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    negated: bool,
) -> Option<u16> {
    // SAFETY: as the caller's.
    unsafe {
        let caller = Tier1Code::of(ip);
        let returns = (*caller).len() + negated as usize - (*ip).b as usize;
        // Behind the stack of a generator's frame lies another object: the result needs an entry of its own.
        let full = (*f).owner as u32 == FRAME_OWNED_BY_GENERATOR
            && sp >= Frame::stack_base(f).add((*(*caller).code).co_stacksize as usize);
        (returns <= u16::MAX as usize && !full && entry::hook_is_ours(ts)).then_some(returns as u16)
    }
}

/// As [`push`], for the `__call__` of what `CALL` calls, with `count` arguments.
///
/// # Safety
/// As for [`push`].
#[inline(never)]
pub(crate) unsafe fn push_call(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    method: *const Method,
    count: usize,
) -> (*mut Frame, *mut Tier1Code) {
    // SAFETY: the caller's.
    unsafe {
        let (function, code) = ((*method).function, (*method).code);
        let Some(returns) = goes_on(f, ip, sp, ts, false) else { return (null_mut(), null_mut()) };
        let callable = (*sp.sub(base(ip).oparg as usize + 2)).object();
        let args = sp.sub(count);
        if code.is_null()
            || (*function).func_version != (*method).function_version
            || (*code).simple_arguments as usize != count + 1
            || !has_stack_space(ts, (*code).code)
        {
            return push_call_any(f, ts, function, callable, args, count, returns);
        }
        let new = push_frame(ts, StackRef::new(function.cast()), (*code).code, count + 1, f).unwrap_unchecked();
        *Frame::local(new, 0) = StackRef::new(callable);
        let mut i = 0;
        while i < count {
            plain_loop();
            *Frame::local(new, i + 1) = StackRef::new((*args.add(i)).object());
            i += 1;
        }
        returns_behind(f, ip, returns);
        (*ts).current_frame = new;
        (new, code)
    }
}

/// As [`push_any`], for [`push_call`].
#[cold]
#[inline(never)]
unsafe fn push_call_any(
    f: *mut Frame,
    ts: *mut ThreadState,
    function: *mut Function,
    callable: *mut Object,
    args: *mut StackRef,
    count: usize,
    returns: u16,
) -> (*mut Frame, *mut Tier1Code) {
    // SAFETY: as the caller's.
    unsafe {
        let Some(code) = super::call::enterable(ts, function.cast()) else { return (null_mut(), null_mut()) };
        let mut arguments = Vec::with_capacity(count + 1);
        arguments.push(StackRef::new(callable));
        arguments.extend((0..count).map(|i| StackRef::new((*args.add(i)).object())));
        bind(f, ts, function, code, &arguments, returns)
    }
}

/// A new reference to the `i`th argument.
#[inline(always)]
unsafe fn argument(how: How, i: usize, sp: *mut StackRef, name: *mut Object) -> StackRef {
    // SAFETY: as the caller's.
    unsafe {
        StackRef::new(match how.argument(i) {
            How::NAME => name,
            How::CLASS => (*(*sp.sub(1)).object()).ob_type.cast(),
            at => (*sp.sub(at as usize)).object(),
        })
    }
}

/// As [`push`], where arguments are bound to more than as many parameters, or there is no room.
#[cold]
#[inline(never)]
unsafe fn push_any(
    f: *mut Frame,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    function: *mut Function,
    how: How,
    name: *mut Object,
    returns: u16,
) -> (*mut Frame, *mut Tier1Code) {
    // SAFETY: as the caller's.
    unsafe {
        let Some(code) = super::call::enterable(ts, function.cast()) else { return (null_mut(), null_mut()) };
        let mut arguments = [StackRef::NULL; 3];
        let count = how.count();
        for (i, to) in arguments.iter_mut().enumerate().take(count) {
            *to = argument(how, i, sp, name);
        }
        bind(f, ts, function, code, &arguments[..count], returns)
    }
}

/// The end of [`push_any`]: CPython binds the arguments, references that it takes over.
#[inline(always)]
unsafe fn bind(
    f: *mut Frame,
    ts: *mut ThreadState,
    function: *mut Function,
    code: *mut Tier1Code,
    arguments: &[StackRef],
    returns: u16,
) -> (*mut Frame, *mut Tier1Code) {
    // SAFETY: as the caller's.
    unsafe {
        let (callee, args) = (StackRef::new(function.cast()), arguments.as_ptr());
        let new = _PyEvalFramePushAndInit(ts, callee, null_mut(), args, arguments.len(), null_mut(), f);
        if new.is_null() {
            return (f, null_mut());
        }
        (*f).return_offset = returns;
        (*ts).current_frame = new;
        (new, code)
    }
}

/// Loads the attribute `name` of an instance whose class has `method` as its `__getattr__`, or pushes a frame for that.
/// A frame as from [`push`], or none and the attribute, null with an exception set.
///
/// # Safety
/// As for [`push`].
pub(crate) unsafe fn load_or_push(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    method: *const Method,
    name: *mut Object,
) -> (*mut Frame, *mut ()) {
    // SAFETY: the caller's.
    unsafe {
        // Looking the attribute up may run code that changes the table, and takes the method away from the class.
        let method = *method;
        let function: *mut Object = method.function.cast();
        let owner = (*sp.sub(1)).object();
        incref(function);
        let mut value = _PyObject_GenericGetAttrWithDict(owner, name, null_mut(), 1);
        if value.is_null() && (*ts).current_exception.is_null() {
            let (new, code) = push(f, ip, sp, ts, &raw const method, name);
            if !new.is_null() {
                decref(function);
                return (new, code.cast());
            }
            value = call_with(function, owner, name, 2);
        }
        decref(function);
        (null_mut(), value.cast())
    }
}

/// Pushes a frame for what a descriptor of the top entry's class does for the attribute `name`, if that is looked up as
/// `object` does it; as from [`push`].
///
/// # Safety
/// As for [`push`].
#[inline(never)]
pub(crate) unsafe fn push_accessor(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    operation: Operation,
    name: *mut Object,
) -> (*mut Frame, *mut Tier1Code) {
    // SAFETY: the caller's.
    unsafe {
        let owner = (*sp.sub(1)).object();
        let descriptor = _PyType_Lookup((*owner).ob_type, name);
        if descriptor.is_null() {
            return NONE;
        }
        let kind = (*descriptor).ob_type;
        if kind == PyProperty_Type() {
            let (function, how) = match operation {
                GET => (special::property_getter(descriptor), How::with(&[1])),
                SET => (special::property_setter(descriptor), How::with(&[1, 2])),
                _ => (special::property_deleter(descriptor), How::with(&[1])),
            };
            let Some(function) = function else { return NONE };
            let Some(code) = super::call::enterable(ts, function.cast()) else { return NONE };
            let code = if (*code).simple_arguments as usize == how.count() { code } else { null_mut() };
            let function_version = (*function).func_version;
            let method = Method { operation, how, function, code, function_version, ..Method::FREE };
            return push(f, ip, sp, ts, &raw const method, null_mut());
        }
        if !Type::has_flag(kind, TPFLAGS_HEAPTYPE) {
            return NONE;
        }
        if operation == GET && (*kind).tp_descr_set.is_null() && !lookup::instance_attribute(owner, name).is_null() {
            return NONE;
        }
        let method = find(operation, descriptor, null_mut());
        if method.is_null() { NONE } else { push(f, ip, sp, ts, method, descriptor) }
    }
}

/// Pushes a frame for what tells the text of `value` to the `FORMAT_SIMPLE` or `FORMAT_WITH_SPEC` at `ip`; as from
/// [`push`].
///
/// # Safety
/// As for [`push`].
pub(crate) unsafe fn push_format(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    value: *mut Object,
) -> (*mut Frame, *mut Tier1Code) {
    // SAFETY: the caller's.
    unsafe {
        if !Type::has_flag((*value).ob_type, TPFLAGS_HEAPTYPE) {
            return NONE;
        }
        let method = find(Operation::new(base(ip).opcode, 0), value, null_mut());
        if method.is_null() { NONE } else { held(ip, sp, ts, push(f, ip, sp, ts, method, empty_str())) }
    }
}

/// Whether a handler may enter a method: while its instruction is recorded, what that does is the recorder's to say.
#[inline(always)]
pub(crate) fn may_enter<const R: bool>(ts: *mut ThreadState) -> bool {
    !is_recording::<R>(ts)
}

/// Goes on in the frame that was pushed, if one was; raises if it has no code. The frame is saved.
macro_rules! enter_pushed {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $pushed:expr) => {
        let (new, code) = $pushed;
        if !new.is_null() {
            if code.is_null() {
                return $crate::ops::finish::failed::<R>($f, $ip, $sp, $ts);
            }
            return $crate::ops::special::begin::<R>(new, $ts, code);
        }
    };
}
pub(crate) use enter_pushed;

/// Goes on in a method that was found, if it can be entered. The frame is saved.
macro_rules! enter_method {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $method:expr, $name:expr) => {
        let pushed = $crate::ops::special::push($f, $ip, $sp, $ts, $method, $name);
        $crate::ops::special::enter_pushed!($f, $ip, $sp, $ts, pushed);
    };
}
pub(crate) use enter_method;

/// As [`enter_special`], where the type of one operand decides, and only a class can have such a method.
macro_rules! enter_special_of {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $operation:expr, $object:expr) => {
        enter_special_of!($f, $ip, $sp, $ts, $operation, $object, core::ptr::null_mut())
    };
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $operation:expr, $object:expr, $name:expr) => {
        let object: *mut Object = $object;
        // Types that cannot be changed have no methods written in Python.
        if !Type::has_flag((*object).ob_type, TPFLAGS_IMMUTABLETYPE) {
            $crate::ops::special::enter_special!($f, $ip, $sp, $ts, $operation, object, core::ptr::null_mut(), $name);
        }
    };
}
pub(crate) use enter_special_of;

/// In a general path, whose frame is saved: goes on in what a descriptor of the owner's class does for the attribute,
/// if that is written in Python. The owner looks attributes up as `object` does it.
macro_rules! enter_accessor {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $operation:expr, $owner:expr, $name:expr) => {
        if Type::has_flag((*$owner).ob_type, TPFLAGS_HEAPTYPE) && $crate::ops::special::may_enter::<R>($ts) {
            let pushed = $crate::ops::special::push_accessor($f, $ip, $sp, $ts, $operation, $name);
            $crate::ops::special::enter_pushed!($f, $ip, $sp, $ts, pushed);
        }
    };
}
pub(crate) use enter_accessor;

/// In a general path, whose frame is saved: goes on in the method for these operands, if there is one.
macro_rules! enter_special {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $operation:expr, $left:expr, $right:expr) => {
        enter_special!($f, $ip, $sp, $ts, $operation, $left, $right, core::ptr::null_mut())
    };
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $operation:expr, $left:expr, $right:expr, $name:expr) => {
        if $crate::ops::special::may_enter::<R>($ts) {
            let method = $crate::ops::special::find($operation, $left, $right);
            if !method.is_null() {
                $crate::ops::special::enter_method!($f, $ip, $sp, $ts, method, $name);
            }
        }
    };
}
pub(crate) use enter_special;

/// Runs a frame that was pushed and is current.
#[inline(always)]
pub(crate) unsafe fn begin<const R: bool>(new: *mut Frame, ts: *mut ThreadState, code: *mut Tier1Code) -> *mut Object {
    // SAFETY: as the caller's.
    unsafe {
        if !enter_recursive(ts) {
            return unwind::fail_at_start::<R>(new, ts);
        }
        super::call_python::start_callee::<R>(new, code, (*new).stackpointer, ts)
    }
}

/// All of a handler: goes on in the method for these operands if the table has it, else in `miss`.
macro_rules! enter_known {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $operation:expr, $left:expr, $right:expr, $miss:expr) => {{
        let method = known($operation, $left, $right);
        if method.is_null() || !may_enter::<R>($ts) {
            return $miss($f, $ip, $sp, $ts);
        }
        save($f, $ip, $sp);
        enter_method!($f, $ip, $sp, $ts, method, null_mut());
        $miss($f, $ip, $sp, $ts)
    }};
}

handlers! {
    /// Arithmetic by a method written in Python.
    fn binary_special(f, ip, sp, ts) {
        let operation = Operation::new(op::BINARY_OP, base(ip).oparg);
        let (l, r) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        enter_known!(f, ip, sp, ts, operation, l, r, super::binary::binary_miss::<R>)
    }

    /// The next item by a method written in Python.
    fn for_iter_special(f, ip, sp, ts) {
        enter_known!(f, ip, sp, ts, NEXT, (*sp.sub(1)).object(), null_mut(), super::iter::for_iter_miss::<R>)
    }

    /// A comparison by a method written in Python.
    fn compare_special(f, ip, sp, ts) {
        let operation = Operation::new(op::COMPARE_OP, (*ip).a >> 5);
        let (l, r) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        enter_known!(f, ip, sp, ts, operation, l, r, super::compare::compare_miss::<R>)
    }
}
