//! Special methods written in Python that instructions call, in frames of their own instead of through C code.
//!
//! An instruction's general path asks [`find`] which Python function its operands' types name, and [`push`]es its frame: the operands
//! stay on the stack, the callee gets new references to them, as it does from CPython's slot functions, and the frame goes on
//! in [`super::finish`]. Which function that is lies in one table for all code, by the versions of the types. A version stands
//! for all that the look-up depends on and is never given twice, so an entry need not be forgotten, and a place that sees many
//! classes needs no cache of its own.

use core::cell::UnsafeCell;
use core::ptr::{null, null_mut};

use cpython::abi::*;

use super::call_python::FIRST_VALID_VERSION;
use crate::dispatch::*;
use crate::entry;
use crate::inst::{Inst, Tier1Code};
use crate::observe::is_recording;
use crate::unwind;
use crate::with_memory::call_with;

/// What is asked of operands: an opcode, and above it an argument.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation(u32);

impl Operation {
    pub(crate) const fn new(opcode: u8, argument: u32) -> Self {
        Self(opcode as u32 | argument << 8)
    }

    fn opcode(self) -> u8 {
        self.0 as u8
    }

    fn argument(self) -> u32 {
        self.0 >> 8
    }
}

pub(crate) const TRUTH: Operation = Operation::new(op::TO_BOOL, 0);
/// `len(x)`.
pub(crate) const LENGTH: Operation = Operation::new(op::CALL, 0);
/// An instance is called, with any number of arguments.
pub(crate) const CALLED: Operation = Operation::new(op::CALL, 1);
pub(crate) const CONTAINS: Operation = Operation::new(op::CONTAINS_OP, 0);
pub(crate) const NEXT: Operation = Operation::new(op::FOR_ITER, 0);
/// What is asked for an attribute that is not there.
pub(crate) const MISSING: Operation = Operation::new(op::LOAD_ATTR, 0);
/// What is asked for every attribute.
pub(crate) const ANY_ATTRIBUTE: Operation = Operation::new(op::LOAD_ATTR, 1);
/// What a descriptor on the class does for an attribute of an instance.
pub(crate) const GET: Operation = Operation::new(op::LOAD_ATTR, 2);
pub(crate) const SET: Operation = Operation::new(op::STORE_ATTR, 2);
pub(crate) const DELETE: Operation = Operation::new(op::DELETE_ATTR, 2);

/// Conversions by `CONVERT_VALUE`.
pub(crate) const FVC_STR: u32 = 1;
const FVC_REPR: u32 = 2;

/// How a method is called.
#[derive(Clone, Copy)]
struct How(u32);

impl How {
    /// An argument that is no stack entry but the instruction's name, or the descriptor.
    const NAME: u32 = 15;
    /// The class of the top entry.
    const CLASS: u32 = 14;
    const NEGATED: u32 = 1 << 16;

    /// With these arguments: entries so far from the top of the stack, or [`Self::NAME`].
    const fn with(arguments: &[u32]) -> Self {
        let mut how = arguments.len() as u32;
        let mut i = 0;
        while i < arguments.len() {
            how |= arguments[i] << (4 * i + 4);
            i += 1;
        }
        Self(how)
    }

    /// The instruction goes on in the second of two ways.
    const fn negated_if(self, negated: bool) -> Self {
        Self(if negated { self.0 | Self::NEGATED } else { self.0 })
    }

    fn is_negated(self) -> bool {
        self.0 & Self::NEGATED != 0
    }

    fn count(self) -> usize {
        (self.0 & 15) as usize
    }

    fn argument(self, i: usize) -> u32 {
        self.0 >> (4 * i + 4) & 15
    }
}

/// A special method, for operands of some types.
#[derive(Clone, Copy)]
pub(crate) struct Method {
    /// Versions of the operands' types; the second is zero where one type decides.
    versions: (u32, u32),
    /// Zero if the entry is free.
    operation: Operation,
    how: How,
    /// Borrowed from the type that has the version; null if there is no such function.
    function: *mut Function,
    /// Its code, if the function still has this version, and the code has no other parameters than the arguments.
    code: *mut Tier1Code,
    function_version: u32,
}

impl Method {
    pub(crate) fn function(&self) -> *mut Function {
        self.function
    }

    const FREE: Self = Self {
        versions: (0, 0),
        operation: Operation(0),
        how: How(0),
        function: null_mut(),
        code: null_mut(),
        function_version: 0,
    };
}

const SIZE: usize = 1024;

struct Methods(UnsafeCell<[Method; SIZE]>);

// SAFETY: accessed only by threads that hold the GIL of the one interpreter that tier 1 serves.
unsafe impl Sync for Methods {}

static METHODS: Methods = Methods(UnsafeCell::new([Method::FREE; SIZE]));

/// The entry for an operation on these operands, whatever is in it. (Of one operand, `right` is null.)
#[inline(always)]
unsafe fn place(operation: Operation, left: *mut Object, right: *mut Object) -> (*mut Method, bool) {
    // SAFETY: as the caller's.
    unsafe {
        let right = if right.is_null() { 0 } else { (*(*right).ob_type).tp_version_tag };
        let versions = ((*(*left).ob_type).tp_version_tag, right);
        // Three odd numbers that have nothing to do with each other: a version may well be a power of two, or follow another.
        let mixed = versions.0.wrapping_mul(0x9e37_79b1)
            ^ versions.1.wrapping_mul(0x85eb_ca6b)
            ^ operation.0.wrapping_mul(0xc2b2_ae35);
        let entry = METHODS.0.get().cast::<Method>().add((mixed >> (u32::BITS - SIZE.ilog2())) as usize);
        (entry, (*entry).versions == versions && (*entry).operation == operation)
    }
}

/// The function that an operation on these operands calls, if that is Python's and decided by their types alone, and the table
/// has it. Else null.
///
/// # Safety
/// The operands are alive; the GIL is held. What is found is read before anything else runs.
#[inline(always)]
pub(crate) unsafe fn known(operation: Operation, left: *mut Object, right: *mut Object) -> *const Method {
    // SAFETY: the caller's.
    unsafe {
        let (entry, is_its) = place(operation, left, right);
        if !is_its || (*entry).function.is_null() { null() } else { entry }
    }
}

/// As [`known`]; looks the function up if the table does not have it.
///
/// # Safety
/// As for [`known`].
#[inline(always)]
pub(crate) unsafe fn find(operation: Operation, left: *mut Object, right: *mut Object) -> *const Method {
    // SAFETY: the caller's.
    unsafe {
        if !place(operation, left, right).1 {
            choose(operation, left, right);
        }
        known(operation, left, right)
    }
}

/// Looks a function up for the table, which it gets into if the types have versions: else it can change unnoticed.
#[cold]
#[inline(never)]
unsafe fn choose(operation: Operation, left: *mut Object, right: *mut Object) {
    // SAFETY: as the caller's; looking up interned names in types runs no Python code.
    unsafe {
        let (function, how) = method_of(operation, left, right).unwrap_or((null_mut(), How(0)));
        let versions =
            (Type::version((*left).ob_type), if right.is_null() { 0 } else { Type::version((*right).ob_type) });
        if versions.0 == 0 || versions.1 == 0 && !right.is_null() {
            return;
        }
        let mut method = Method { versions, operation, how, function, ..Method::FREE };
        if !function.is_null()
            && (*function).func_version >= FIRST_VALID_VERSION
            && let Some(code) = super::call::enterable(PyThreadState_Get(), function.cast())
            && (operation == CALLED || (*code).simple_arguments as usize == how.count())
        {
            method.code = code;
            method.function_version = (*function).func_version;
        }
        *place(operation, left, right).0 = method;
    }
}

unsafe fn method_of(operation: Operation, left: *mut Object, right: *mut Object) -> Option<(*mut Function, How)> {
    // SAFETY: as the caller's.
    unsafe {
        let ty = (*left).ob_type;
        Some(match operation.opcode() {
            op::BINARY_OP if operation.argument() == nb::SUBSCR => {
                (special::special_function(ty, c"__getitem__")?, How::with(&[2, 1]))
            }
            op::BINARY_OP => {
                let found = special::operator_method(left, right, operation.argument())?;
                (found.function, How::with(if found.reflected { &[1, 2] } else { &[2, 1] }))
            }
            op::COMPARE_OP => {
                let found = special::comparison_method(left, right, operation.argument())?;
                (found.function, How::with(&[2, 1]).negated_if(found.negated))
            }
            op::CONTAINS_OP => (special::special_function(ty, c"__contains__")?, How::with(&[1, 2])),
            op::TO_BOOL if special::is_true_by_length(ty) => {
                (special::special_function(ty, c"__len__")?, How::with(&[1]).negated_if(true))
            }
            op::TO_BOOL => (special::special_function(ty, c"__bool__")?, How::with(&[1])),
            op::CALL if operation == CALLED => (special::called_function(ty)?, How::with(&[])),
            op::CALL => (special::special_function(ty, c"__len__")?, How::with(&[1])),
            op::FOR_ITER => (special::special_function(ty, c"__next__")?, How::with(&[1])),
            op::GET_ITER => (special::special_function(ty, c"__iter__")?, How::with(&[1])),
            op::UNARY_NEGATIVE => (special::special_function(ty, c"__neg__")?, How::with(&[1])),
            op::UNARY_INVERT => (special::special_function(ty, c"__invert__")?, How::with(&[1])),
            op::STORE_SUBSCR => (special::special_function(ty, c"__setitem__")?, How::with(&[2, 1, 3])),
            op::DELETE_SUBSCR => (special::special_function(ty, c"__delitem__")?, How::with(&[2, 1])),
            op::LOAD_ATTR if operation == GET => {
                (special::special_function(ty, c"__get__")?, How::with(&[How::NAME, 1, How::CLASS]))
            }
            op::STORE_ATTR if operation == SET => {
                (special::special_function(ty, c"__set__")?, How::with(&[How::NAME, 1, 2]))
            }
            op::DELETE_ATTR if operation == DELETE => {
                (special::special_function(ty, c"__delete__")?, How::with(&[How::NAME, 1]))
            }
            op::FORMAT_SIMPLE => match special::special_function(ty, c"__format__") {
                Some(function) => (function, How::with(&[1, How::NAME])),
                None => (special::str_function_of_format(ty)?, How::with(&[1]).negated_if(true)),
            },
            op::FORMAT_WITH_SPEC => (special::special_function(ty, c"__format__")?, How::with(&[2, 1])),
            op::CONVERT_VALUE if operation.argument() == FVC_STR => (special::str_function(ty)?, How::with(&[1])),
            op::CONVERT_VALUE if operation.argument() == FVC_REPR => {
                (special::special_function(ty, c"__repr__")?, How::with(&[1]))
            }
            op::STORE_ATTR => (special::special_function(ty, c"__setattr__")?, How::with(&[1, How::NAME, 2])),
            op::DELETE_ATTR => (special::special_function(ty, c"__delattr__")?, How::with(&[1, How::NAME])),
            op::LOAD_ATTR if operation == ANY_ATTRIBUTE => {
                (special::attribute_function(ty)?, How::with(&[1, How::NAME]))
            }
            op::LOAD_ATTR if Type::looks_attributes_up_plainly(ty) => {
                (special::special_function(ty, c"__getattr__")?, How::with(&[1, How::NAME]))
            }
            _ => return None,
        })
    }
}

/// Pushes a frame for the method, called by the instruction at `ip`, which has the name `name` if it takes one; the frame and
/// its code. No frame where C code has to call it, and nothing has happened; no code where it does not take these arguments,
/// and an exception is set.
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
            super::call_python::plain_loop();
            *Frame::local(new, i) = argument(how, i, sp, name);
            i += 1;
        }
        (*f).return_offset = returns;
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
            super::call_python::plain_loop();
            *Frame::local(new, i + 1) = StackRef::new((*args.add(i)).object());
            i += 1;
        }
        (*f).return_offset = returns;
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

/// Loads the attribute `name` of an instance whose class has `method` as its `__getattr__`, or pushes a frame for that. A frame
/// as from [`push`], or none and the attribute, null with an exception set.
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
    const NONE: (*mut Frame, *mut Tier1Code) = (null_mut(), null_mut());
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
        if Type::has_flag((*object).ob_type, TPFLAGS_HEAPTYPE) {
            $crate::ops::special::enter_special!($f, $ip, $sp, $ts, $operation, object, core::ptr::null_mut(), $name);
        }
    };
}
pub(crate) use enter_special_of;

/// In a general path, whose frame is saved: goes on in what a descriptor of the owner's class does for the attribute, if that
/// is written in Python. The owner looks attributes up as `object` does it.
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
        go::<R>(new, Tier1Code::inst(code, 0), (*new).stackpointer, ts)
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
