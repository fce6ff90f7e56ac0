//! Calls of Python functions, which run here without a C frame of their own, and returns.

use core::ptr::null_mut;

use cpython::abi::*;

use super::call::call_miss;
use super::jump;
use crate::dispatch::*;
use crate::entry;
use crate::hot::*;
use crate::inst::{Handler, Inst, Tier1Code};
use crate::registry;
use crate::unwind;

// Units of CALL behind the instruction, for Python functions: 1 the function's version and its decoded code, 2 the
// number of arguments including the receiver where that is not clear, 3 how often another function came. A function's
// version stands for its code and defaults: it is reset when either changes, and the code is alive because the function
// is.

/// Runs a frame that has just become the current one; a `RESUME` that it begins with is done here.
#[inline(always)]
pub(crate) unsafe fn start_callee<const R: bool>(
    new: *mut Frame,
    tier1: *mut Tier1Code,
    sp: *mut StackRef,
    ts: *mut ThreadState,
) -> *mut Object {
    // SAFETY: a complete frame of this code.
    unsafe {
        let first = Tier1Code::inst(tier1, 0);
        if R || (*first).word != jump::resume_checked::<false> as *const () as usize
            || (*ts).eval_breaker != (*tier1).breaker
        {
            return go::<R>(new, first, sp, ts);
        }
        let counter = (*tier1).entry_counter.wrapping_sub(1);
        (*tier1).entry_counter = counter;
        if counter == 0 {
            return jump::hot_entry::<R>(new, first, sp, ts);
        }
        go::<R>(new, first.add(1), sp, ts)
    }
}

/// Makes `new` the current frame, called by `f`'s instruction at `ip` (whose operands are gone), and runs it.
#[inline(always)]
pub(crate) unsafe fn enter_python<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    new: *mut Frame,
    ts: *mut ThreadState,
    tier1: *mut Tier1Code,
) -> *mut Object {
    // SAFETY: `new` is complete and links to `f`, which is saved.
    unsafe {
        returns_behind(f, ip, base(ip).len as u16);
        (*ts).current_frame = new;
        if !enter_recursive(ts) {
            return unwind::fail_at_start::<R>(new, ts);
        }
        start_callee::<R>(new, tier1, (*new).stackpointer, ts)
    }
}

/// Whether `op` is a Python function that takes exactly `count` positional arguments and is evaluated plainly.
pub(crate) unsafe fn is_simple_function(op: *mut Object, count: usize) -> bool {
    // SAFETY: a live object.
    unsafe {
        if (*op).ob_type != function_type() {
            return false;
        }
        let code = (*op.cast::<Function>()).func_code;
        Code::is_simple(code) && (*code).co_argcount as usize == count
    }
}

/// Calls of other functions than the one before until any function is expected.
const MONOMORPHIC_MISSES: u32 = 4;

/// `FUNC_VERSION_FIRST_VALID`: smaller ones are shared by all functions without a version, and by all whose code
/// or defaults were replaced.
pub(crate) const FIRST_VALID_VERSION: u32 = 2;

/// Chooses the version of `CALL` for calls of this function.
pub(crate) unsafe fn choose(
    ip: *mut Inst,
    function: *mut Function,
    total: usize,
    tier1: *mut Tier1Code,
    was_bound: bool,
) {
    // SAFETY: the contract of handlers.
    unsafe {
        if (*function).func_version < FIRST_VALID_VERSION {
            return;
        }
        if !Code::is_simple((*function).func_code) {
            if !was_bound {
                (*ip.add(1)).a = (*function).func_version;
                (*ip.add(1)).word = tier1 as usize;
                (*ip).word = call_py_general::<false> as *const () as usize;
            }
            return;
        }
        let wanted = (*(*function).func_code).co_argcount as usize;
        let defaults = (*function).func_defaults;
        let available = if defaults.is_null() { 0 } else { Tuple::len(defaults.cast()) };
        let misses = (*ip.add(3)).a + 1;
        (*ip.add(3)).a = misses;
        let handler = if total == wanted {
            match (misses > MONOMORPHIC_MISSES, was_bound) {
                (false, false) if total == (*ip).a as usize => call_py_exact::<false>,
                (false, false) => call_py_method::<false>,
                (false, true) => call_bound_method::<false>,
                (true, false) => call_py_any::<false>,
                (true, true) => call_bound_any::<false> as Handler,
            }
        } else if total < wanted && total + available >= wanted && !was_bound {
            call_py_defaults::<false>
        } else {
            return;
        };
        (*ip.add(1)).a = (*function).func_version;
        (*ip.add(1)).word = tier1 as usize;
        (*ip.add(2)).a = total as u32;
        (*ip).word = handler as usize;
    }
}

/// The code of a Python function that is called plainly and takes exactly `total` positional arguments, if it is
/// decoded already.
#[inline(always)]
unsafe fn decoded_taking(callable: *mut Object, total: usize) -> Option<*mut Tier1Code> {
    // SAFETY: a live object.
    unsafe {
        let function: *mut Function = callable.cast();
        if (*callable).ob_type != function_type()
            || (*function).vectorcall.map(|v| v as usize) != Some(plain_vectorcall())
        {
            return None;
        }
        let tier1 = registry::find((*function).func_code)?;
        ((*tier1).simple_arguments as usize == total).then_some(tier1)
    }
}

/// As [`decoded_taking`], for a `CALL` of whatever function comes, which keeps the last one in its caches: runs of one function
/// are frequent, and its code is known without going through three objects.
#[inline(always)]
unsafe fn code_again(ip: *mut Inst, callable: *mut Object, total: usize) -> Option<*mut Tier1Code> {
    // SAFETY: a live object; the caches are the instruction's.
    unsafe {
        let function: *mut Function = callable.cast();
        let is_function = (*callable).ob_type == function_type();
        if is_function && (*function).func_version == (*ip.add(1)).a && (*ip.add(2)).a as usize == total {
            return Some((*ip.add(1)).word as *mut Tier1Code);
        }
        let tier1 = decoded_taking(callable, total)?;
        if (*function).func_version >= FIRST_VALID_VERSION {
            (*ip.add(1)).a = (*function).func_version;
            (*ip.add(1)).word = tier1 as usize;
            (*ip.add(2)).a = total as u32;
        }
        Some(tier1)
    }
}

/// Moves `count` arguments into a new frame's first locals and empties those from `filled` on, up to `end`.
#[inline(always)]
pub(crate) unsafe fn fill_locals(
    new: *mut Frame,
    end: *mut StackRef,
    args: *mut StackRef,
    count: usize,
    filled: usize,
) {
    // SAFETY: the frame has so many locals.
    unsafe {
        let (mut slot, mut from) = (Frame::local(new, 0), args);
        let taken = slot.add(count);
        while slot < taken {
            plain_loop();
            *slot = *from;
            from = from.add(1);
            slot = slot.add(1);
        }
        slot = slot.add(filled - count);
        // Two at once: one more than there are is the frame's stack, or behind it, where there is room as well.
        while slot < end {
            plain_loop();
            *slot.cast::<[StackRef; 2]>() = [StackRef::NULL; 2];
            slot = slot.add(2);
        }
    }
}

/// The common part of calls: a frame for `function`, whose reference it takes over, with the arguments moved in and the
/// locals from `$fill` on empty. The new frame, its decoded code and its stack pointer.
macro_rules! enter_function {
    ($f:ident, $ip:ident, $ts:ident, $function:expr, $args:expr, $total:expr, $callable:expr, $fill:expr) => {
        enter_function!($f, $ip, $ts, $function, $args, $total, $callable, $fill, (*$ip.add(1)).word as *mut Tier1Code)
    };
    ($f:ident, $ip:ident, $ts:ident, $function:expr, $args:expr, $total:expr, $callable:expr, $fill:expr, $tier1:expr) => {{
        let tier1: *mut Tier1Code = $tier1;
        let code = (*tier1).code;
        let new = if (*$ts).py_recursion_remaining > 1 { take_stack($ts, code) } else { None };
        let Some(new) = new else {
            return call_miss::<R>($f, $ip, $callable.add((*$ip).a as usize + 2), $ts);
        };
        // What is not needed for the frame comes first, to have its registers free.
        save($f, $ip, $callable);
        returns_behind($f, $ip, 4);
        (*$ts).py_recursion_remaining -= 1;
        let (function, total, filled): (StackRef, usize, usize) = ($function, $total, $fill);
        let args = $args;
        let end = init_frame(new, function, code, $f);
        (*$ts).current_frame = new;
        fill_locals(new, end, args, total, filled);
        (new, tier1, end)
    }};
}

/// Takes a bound method apart and enters its function; all that could hinder that has been checked.
macro_rules! enter_bound {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $callable:ident, $method:ident, $total:ident, $tier1:ident) => {{
        let bound = *$callable;
        *$callable.add(1) = StackRef::new((*$method).im_self);
        *$callable = StackRef::new((*$method).im_func);
        if bound.is_counted() && (*bound.object()).ob_refcnt == 1 {
            return call_unbound::<R>($f, $ip, $sp, $ts, bound.object());
        }
        bound.close_shared();
        let args = $sp.sub($total);
        let (new, tier1, end) = enter_function!($f, $ip, $ts, *$callable, args, $total, $callable, $total, $tier1);
        start_callee::<R>(new, tier1, end, $ts)
    }};
}

/// Goes on in `caller`, which is current again, with the value that its callee returned.
#[inline(always)]
pub(crate) unsafe fn return_into<const R: bool>(
    caller: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    value: StackRef,
) -> *mut Object {
    // SAFETY: the caller's.
    unsafe { return_to::<R, true>(caller, ip, sp, ts, value) }
}

/// As [`return_into`]; `HINTED` says that the caller's hint is where calls return to. (A generator's consumer has hinted at
/// where it goes on with what is yielded.)
#[inline(always)]
pub(crate) unsafe fn return_to<const R: bool, const HINTED: bool>(
    caller: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    value: StackRef,
) -> *mut Object {
    // SAFETY: `caller` was saved by its call.
    unsafe {
        if (*caller).owner as u32 == FRAME_OWNED_BY_INTERPRETER || entry::is_init_shim(caller) {
            return leave_callee::<R>(caller, ip, sp, ts, value);
        }
        let tier1 = code_of(caller);
        if (*ts).eval_breaker != (*tier1).breaker {
            return leave_callee::<R>(caller, ip, sp, ts, value);
        }
        let exact = Tier1Code::inst(tier1, Frame::lasti(caller) + (*caller).return_offset as usize);
        let next = if HINTED { by_hint::<R>(caller, exact) } else { exact };
        let sp = (*caller).stackpointer;
        *sp = value;
        go::<R>(caller, next, sp.add(1), ts)
    }
}

handlers! {
    /// Of a function without a receiver.
    fn call_py_exact(f, ip, sp, ts) {
        let total = (*ip).a as usize;
        let callable = sp.sub(total + 2);
        let function = (*callable).object();
        if (*function).ob_type != function_type()
            || (*function.cast::<Function>()).func_version != (*ip.add(1)).a
            || !(*callable.add(1)).is_null()
            || !entry::hook_is_ours(ts)
        {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let (new, tier1, end) = enter_function!(f, ip, ts, *callable, callable.add(2), total, callable, total);
        start_callee::<R>(new, tier1, end, ts)
    }

    /// Of a function with a receiver, which is one argument more than the instruction says.
    fn call_py_method(f, ip, sp, ts) {
        let total = (*ip).a as usize + 1;
        let callable = sp.sub(total + 1);
        let function = (*callable).object();
        if (*function).ob_type != function_type()
            || (*function.cast::<Function>()).func_version != (*ip.add(1)).a
            || (*callable.add(1)).is_null()
            || !entry::hook_is_ours(ts)
        {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let (new, tier1, end) = enter_function!(f, ip, ts, *callable, callable.add(1), total, callable, total);
        start_callee::<R>(new, tier1, end, ts)
    }

    /// Whatever Python function comes, if it takes exactly these arguments.
    fn call_py_any(f, ip, sp, ts) {
        let callable = sp.sub((*ip).a as usize + 2);
        let args = callable.add(2 - !(*callable.add(1)).is_null() as usize);
        let total = sp.offset_from_unsigned(args);
        let Some(tier1) = code_again(ip, (*callable).object(), total) else {
            return call_miss::<R>(f, ip, sp, ts);
        };
        if !entry::hook_is_ours(ts) {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let (new, tier1, end) = enter_function!(f, ip, ts, *callable, args, total, callable, total, tier1);
        start_callee::<R>(new, tier1, end, ts)
    }

    fn call_bound_method(f, ip, sp, ts) {
        let callable = sp.sub((*ip).a as usize + 2);
        let method: *mut BoundMethod = (*callable).object().cast();
        if (*method).ob_base.ob_type != method_type() || !(*callable.add(1)).is_null() || !entry::hook_is_ours(ts) {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let function = (*method).im_func;
        if (*function).ob_type != function_type() || (*function.cast::<Function>()).func_version != (*ip.add(1)).a {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let tier1 = (*ip.add(1)).word as *mut Tier1Code;
        let total = (*ip.add(2)).a as usize;
        if total != (*ip).a as usize + 1 || !has_stack_space(ts, (*tier1).code) || (*ts).py_recursion_remaining <= 1 {
            return call_miss::<R>(f, ip, sp, ts);
        }
        enter_bound!(f, ip, sp, ts, callable, method, total, tier1)
    }

    /// Whatever bound method of a Python function comes, if that takes exactly these arguments.
    fn call_bound_any(f, ip, sp, ts) {
        let callable = sp.sub((*ip).a as usize + 2);
        let method: *mut BoundMethod = (*callable).object().cast();
        if (*method).ob_base.ob_type != method_type() || !(*callable.add(1)).is_null() || !entry::hook_is_ours(ts) {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let total = (*ip).a as usize + 1;
        let Some(tier1) = code_again(ip, (*method).im_func, total) else {
            return call_miss::<R>(f, ip, sp, ts);
        };
        if !has_stack_space(ts, (*tier1).code) || (*ts).py_recursion_remaining <= 1 {
            return call_miss::<R>(f, ip, sp, ts);
        }
        enter_bound!(f, ip, sp, ts, callable, method, total, tier1)
    }

    fn call_py_defaults(f, ip, sp, ts) {
        let callable = sp.sub((*ip).a as usize + 2);
        let function: *mut Function = (*callable).object().cast();
        if (*function).ob_base.ob_type != function_type() || (*function).func_version != (*ip.add(1)).a {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let total = (*ip.add(2)).a as usize;
        let args = sp.sub(total);
        let first = callable.add(2 - !(*callable.add(1)).is_null() as usize);
        if args != first || !entry::hook_is_ours(ts) {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let wanted = (*(*function).func_code).co_argcount as usize;
        let defaults: *mut Tuple = (*function).func_defaults.cast();
        let skipped = Tuple::len(defaults) - (wanted - total);
        let (new, tier1, end) = enter_function!(f, ip, ts, *callable, args, total, callable, wanted);
        let mut i = total;
        while i < wanted {
            plain_loop();
            *Frame::local(new, i) = StackRef::new(Tuple::item(defaults, skipped + i - total));
            i += 1;
        }
        start_callee::<R>(new, tier1, end, ts)
    }

    /// Of a function whose parameters are more than so many by position.
    fn call_py_general(f, ip, sp, ts) {
        let callable = sp.sub((*ip).a as usize + 2);
        let function = (*callable).object();
        if (*function).ob_type != function_type()
            || (*function.cast::<Function>()).func_version != (*ip.add(1)).a
            || !entry::hook_is_ours(ts)
        {
            return call_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let args = callable.add(2 - !(*callable.add(1)).is_null() as usize);
        let count = sp.offset_from_unsigned(args);
        let new = _PyEvalFramePushAndInit(ts, *callable, null_mut(), args, count, null_mut(), f);
        let (f, sp) = saved(ts);
        let callable = sp.sub((*ip).a as usize + 2);
        (*f).stackpointer = callable;
        if new.is_null() {
            return error::<R>(f, ip, callable, ts);
        }
        enter_python::<R>(f, ip, new, ts, (*ip.add(1)).word as *mut Tier1Code)
    }

    fn return_value(f, ip, sp, ts) {
        if (*f).owner as u32 != FRAME_OWNED_BY_THREAD
            || (*f).frame_obj as usize | (*f).f_locals as usize != 0
            || frame_is_first_in_chunk(ts, f)
        {
            return return_slow::<R>(f, ip, sp, ts);
        }
        let value = (*sp.sub(1)).heap_safe_value();
        let caller = (*f).previous;
        (*ts).py_recursion_remaining += 1;
        (*ts).current_frame = caller;
        // From here on the frame is out of the chain and cannot be observed. Like CPython, the last local dies first.
        let base = Frame::local(f, 0);
        let mut slot = Frame::stack_base(f);
        macro_rules! release_or_clear_rest {
            ($slot:expr) => {
                let held = *$slot;
                if held.is_counted() {
                    let op = held.object();
                    let count = (*op).ob_refcnt.wrapping_sub(1);
                    (*op).ob_refcnt = count;
                    if count == 0 {
                        (*op).ob_refcnt = 1;
                        return clear_rest::<R>(f, ip, $slot.add(1), ts, value);
                    }
                }
            };
        }
        if slot.offset_from_unsigned(base) & 1 != 0 {
            slot = anew(slot).sub(1);
            release_or_clear_rest!(slot);
        }
        while slot > base {
            slot = anew(slot).sub(2);
            release_or_clear_rest!(slot.add(1));
            release_or_clear_rest!(slot);
        }
        // The caller may only have lent the function.
        let (function, code) = ((*f).f_funcobj, (*f).f_executable);
        if code.is_counted() {
            if (*code.object()).ob_refcnt == 1 {
                return clear_rest::<R>(f, ip, slot, ts, value);
            }
            (*code.object()).ob_refcnt -= 1;
        }
        if function.is_counted() {
            if (*function.object()).ob_refcnt == 1 {
                if code.is_counted() {
                    (*code.object()).ob_refcnt += 1;
                }
                return clear_rest::<R>(f, ip, slot, ts, value);
            }
            (*function.object()).ob_refcnt -= 1;
        }
        (*ts).datastack_top = f.cast();
        return_into::<R>(caller, ip, sp, ts, value)
    }

    fn make_function(f, ip, sp, ts) {
        make_function_slow::<R>(f, ip, sp, ts)
    }

    fn set_function_attribute(f, ip, sp, ts) {
        set_function_attribute_slow::<R>(f, ip, sp, ts)
    }
}

out_of_line_handlers! {
    /// Goes on with a call whose bound method dies: function and receiver are in its place.
    fn call_unbound(f, ip, sp, ts, dead: *mut Object) {
        save(f, ip, sp);
        decref(dead);
        call_miss::<R>(f, ip, sp, ts)
    }

    /// Releases the locals below `slot`, the frame's own references and its memory; then returns `value`.
    fn clear_rest(f, ip, slot, ts, value: StackRef) {
        let caller = (*f).previous;
        let base = Frame::local(f, 0);
        (*f).stackpointer = base;
        let mut slot = slot;
        while slot > base {
            slot = slot.sub(1);
            (*slot).close();
        }
        (*f).f_funcobj.close();
        (*f).f_executable.close();
        (*ts).datastack_top = f.cast();
        return_into::<R>(caller, ip, slot, ts, value)
    }

    fn leave_callee(caller, ip, sp, ts, value: StackRef) {
        unwind::return_to_caller::<R>(caller, value, ts)
    }

    /// Frames with a frame object, of generators, with a namespace.
    fn return_slow(f, ip, sp, ts) {
        if super::generator::is_plain(f) {
            return super::generator::return_from_generator::<R>(f, ip, sp, ts);
        }
        let value = (*sp.sub(1)).heap_safe();
        save(f, ip, sp.sub(1));
        leave_recursive(ts);
        let caller = (*f).previous;
        (*ts).current_frame = caller;
        _PyEval_FrameClearAndPop(ts, f);
        return_into::<R>(caller, ip, sp, ts, value)
    }

    /// Runs a property's getter: the owner becomes its argument.
    fn enter_property(f, ip, sp, ts) {
        let getter = (*ip.add(2)).word as *mut Object;
        let Some(tier1) = decoded_taking(getter, 1) else {
            return super::attr::load_attr_miss::<R>(f, ip, sp, ts);
        };
        if !entry::hook_is_ours(ts) || (*ts).py_recursion_remaining <= 1 {
            return super::attr::load_attr_miss::<R>(f, ip, sp, ts);
        }
        let Some(new) = take_stack(ts, (*tier1).code) else {
            return super::attr::load_attr_miss::<R>(f, ip, sp, ts);
        };
        save(f, ip, sp.sub(1));
        returns_behind(f, ip, 10);
        (*ts).py_recursion_remaining -= 1;
        let end = init_frame(new, StackRef::new(getter), (*tier1).code, f);
        (*ts).current_frame = new;
        fill_locals(new, end, sp.sub(1), 1, 1);
        start_callee::<R>(new, tier1, end, ts)
    }

    fn make_function_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let code = (*sp.sub(1)).object();
        let function = PyFunction_New(code, (*f).f_globals);
        let version = (*code.cast::<Code>()).co_version;
        close_slot(sp.sub(1));
        if function.is_null() {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        _PyFunction_SetVersion(function.cast(), version);
        *sp.sub(1) = StackRef::steal(function);
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn set_function_attribute_slow(f, ip, sp, ts) {
        /// `MAKE_FUNCTION_ANNOTATE`.
        const ANNOTATE: u32 = 0x10;
        save(f, ip, sp);
        let function = *sp.sub(1);
        let attribute = (*sp.sub(2)).into_object();
        *sp.sub(2) = StackRef::NULL;
        let offset = *_Py_FunctionAttributeOffsets().add((*ip).a as usize);
        *function.object().byte_add(offset).cast::<*mut Object>() = attribute;
        if (*ip).a == ANNOTATE && (*attribute).ob_type == function_type() {
            let owner: *mut Function = function.object().cast();
            let qualname = PyUnicode_FromFormat(c"%U.__annotate__".as_ptr(), (*owner).func_qualname);
            if qualname.is_null() {
                return error::<R>(f, ip, sp, ts);
            }
            let annotate: *mut Function = attribute.cast();
            let old = (*annotate).func_qualname;
            (*annotate).func_qualname = qualname;
            decref(old);
        }
        *sp.sub(2) = function;
        *sp.sub(1) = StackRef::NULL;
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }
}
