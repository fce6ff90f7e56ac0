//! Calls of functions and methods implemented in C, without the vectorcall protocol in between.

use core::mem::transmute;
use core::ptr::null_mut;

use cpython::abi::*;

use super::call::{call_miss, finish_call, finish_native, finish_native_with};
use super::call_special::enter_callee;
use super::call_varargs;
use super::held::hold_by_position;
use super::int::{fresh_int, set_int};
use super::jump::poll_behind;
use super::special::{self, CALLED, LENGTH, enter_pushed, enter_special_of};
use crate::call_tuple::{self, call_object};
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::{Handler, Inst, Tier1Code};
use crate::with_memory::*;

/// The bits of `ml_flags` that say how to call.
pub(super) const CONVENTION: u32 = METH_VARARGS | METH_FASTCALL | METH_NOARGS | METH_O | METH_KEYWORDS | METH_METHOD;
const FAST_KEYWORDS: u32 = METH_FASTCALL | METH_KEYWORDS;
pub(super) const VARARGS_KEYWORDS: u32 = METH_VARARGS | METH_KEYWORDS;

/// Chooses the version of `CALL` for this callable, with a receiver on the stack or without.
pub(crate) unsafe fn choose(ip: *mut Inst, ts: *mut ThreadState, callable: *mut Object, has_receiver: bool) {
    // SAFETY: a live object.
    unsafe {
        let ty = (*callable).ob_type;
        let interp = (*ts).interp;
        let handler: Handler = if callable == (*interp).cached_len {
            call_len::<false>
        } else if callable == (*interp).cached_isinstance {
            (*ip.add(1), *ip.add(2)) = (Inst::default(), Inst::default());
            super::isinstance::call_isinstance::<false>
        } else if callable == (*interp).cached_list_append {
            call_list_append::<false>
        } else if ty == c_function_type() {
            let convention = (*(*callable.cast::<CFunction>()).m_ml).ml_flags as u32 & CONVENTION;
            match convention {
                _ if has_receiver => call_c_function::<false>,
                METH_O if (*ip).a == 1 => call_c_function_o::<false>,
                METH_FASTCALL => call_c_function_fast::<false>,
                FAST_KEYWORDS => call_c_function_fast_keywords::<false>,
                METH_VARARGS => call_varargs::call_c_function_varargs::<false>,
                VARARGS_KEYWORDS => call_varargs::call_c_function_varargs_keywords::<false>,
                _ => call_c_function::<false>,
            }
        } else if ty == method_descriptor_type() {
            match (*(*callable.cast::<MethodDescr>()).d_method).ml_flags as u32 & CONVENTION {
                _ if !has_receiver => call_method_descriptor::<false>,
                METH_O if (*ip).a == 1 => call_method_o::<false>,
                METH_NOARGS if (*ip).a == 0 => call_method_noargs::<false>,
                METH_FASTCALL => call_method_fast::<false>,
                FAST_KEYWORDS => call_method_fast_keywords::<false>,
                METH_VARARGS => call_varargs::call_method_varargs::<false>,
                VARARGS_KEYWORDS => call_varargs::call_method_varargs_keywords::<false>,
                _ => call_method_descriptor::<false>,
            }
        } else if ty == type_type() {
            if callable == type_type().cast::<Object>() {
                call_type_1::<false>
            } else if callable == str_type().cast::<Object>() && (*ip).a == 1 && !has_receiver {
                call_str_1::<false>
            } else if callable == tuple_type().cast::<Object>() && (*ip).a == 1 && !has_receiver {
                call_tuple_1::<false>
            } else if super::call_class::choose(ip, ts, callable.cast()) {
                super::call_class::call_class::<false>
            } else if !has_receiver && let Some(version) = call_varargs::version_for(ip, callable) {
                version
            } else {
                call_builtin_class::<false>
            }
        } else if ty != method_type() && ty != function_type() {
            if has_receiver { None } else { call_varargs::version_for(ip, callable) }.unwrap_or(call_other::<false>)
        } else {
            return;
        };
        (*ip).word = handler as usize;
    }
}

/// Callable, first argument and number of arguments with the receiver counted.
#[inline(always)]
unsafe fn operands(ip: *mut Inst, sp: *mut StackRef) -> (*mut StackRef, *mut StackRef, usize) {
    // SAFETY: the contract of handlers.
    unsafe {
        let count = (*ip).a as usize;
        let callable = sp.sub(count + 2);
        let bound = !(*callable.add(1)).is_null() as usize;
        (callable, callable.add(2 - bound), count + bound)
    }
}

/// Calls a C function by its convention. `None` if the convention or number of arguments is not handled here.
#[inline(always)]
unsafe fn call_def(
    ts: *mut ThreadState,
    callable: *mut Object,
    def: *const MethodDef,
    receiver: *mut Object,
    args: *mut StackRef,
    count: usize,
) -> Option<*mut Object> {
    // SAFETY: the definition's flags say what its function takes.
    unsafe {
        let function = (*def).ml_meth;
        match (*def).ml_flags as u32 & CONVENTION {
            METH_O if count == 1 => Some(transmute::<*const (), BinaryFn>(function)(receiver, (*args).object())),
            METH_NOARGS if count == 0 => Some(transmute::<*const (), BinaryFn>(function)(receiver, null_mut())),
            METH_FASTCALL => Some(call_fast(transmute::<*const (), FastFn>(function), receiver, args, count)),
            FAST_KEYWORDS => {
                Some(call_fast_keywords(transmute::<*const (), FastKeywordsFn>(function), receiver, args, count))
            }
            METH_VARARGS => Some(call_tuple::call_varargs(ts, callable, (function, false), receiver, args, count)),
            VARARGS_KEYWORDS => Some(call_tuple::call_varargs(ts, callable, (function, true), receiver, args, count)),
            _ => None,
        }
    }
}

/// The C function that is called by this convention, without a receiver.
macro_rules! c_function_or_miss {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $convention:expr) => {{
        let callable = $sp.sub((*$ip).a as usize + 2);
        let function: *mut CFunction = (*callable).object().cast();
        if (*function).ob_base.ob_type != c_function_type()
            || !(*callable.add(1)).is_null()
            || (*(*function).m_ml).ml_flags as u32 & CONVENTION != $convention
            || !c_stack_has_room($ts)
        {
            return call_miss::<R>($f, $ip, $sp, $ts);
        }
        function
    }};
}

pub(super) use c_function_or_miss;

/// The function of the method descriptor at `$callable`, called by this convention, and its receiver, which is of just
/// the type that has the method.
macro_rules! method_or_miss {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $callable:expr, $convention:expr) => {{
        let callable: *mut StackRef = $callable;
        let method: *mut MethodDescr = (*callable).object().cast();
        let receiver = (*callable.add(1)).object();
        if (*method.cast::<Object>()).ob_type != method_descriptor_type()
            || receiver.is_null()
            || (*(*method).d_method).ml_flags as u32 & CONVENTION != $convention
            || !c_stack_has_room($ts)
        {
            return call_miss::<R>($f, $ip, $sp, $ts);
        }
        if (*receiver).ob_type != (*method).d_type {
            return $crate::ops::call_native::call_inherited_method::<R>($f, $ip, $sp, $ts);
        }
        ((*(*method).d_method).ml_meth, receiver)
    }};
}
pub(super) use method_or_miss;

continuations! {
    /// `len(x)` of what has more than a few items, or of a set or bytes.
    fn len_of_other(f, ip, sp, ts) {
        let (callable, argument) = (*sp.sub(3), *sp.sub(1));
        let op = argument.object();
        let ty = (*op).ob_type;
        let size = if ty == list_type() || ty == tuple_type() || ty == dict_type() || ty == PyBytes_Type() {
            (*op.cast::<VarObject>()).ob_size
        } else if ty == str_type() {
            (*op.cast::<AsciiStr>()).length
        } else if ty == PySet_Type() || ty == PyFrozenSet_Type() {
            (*op.cast::<Set>()).used
        } else {
            return len_out_of_line::<R>(f, ip, sp, ts);
        };
        if dies_with(argument) || dies_with(callable) {
            return len_out_of_line::<R>(f, ip, sp, ts);
        }
        let length = if is_small_int(size as i64) {
            small_int_ref(size as i64)
        } else {
            let length = if (size as u64) < 1 << LONG_SHIFT { fresh_int(ts) } else { null_mut() };
            if length.is_null() {
                return len_out_of_line::<R>(f, ip, sp, ts);
            }
            set_int(length, size as i64);
            StackRef::steal_mortal(length)
        };
        argument.close_shared();
        callable.close_shared();
        *sp.sub(3) = length;
        go::<R>(f, ip.add(4), sp.sub(2), ts)
    }
}

handlers! {
    /// Functions by other conventions.
    fn call_c_function(f, ip, sp, ts) {
        let (callable, args, count) = operands(ip, sp);
        let function: *mut CFunction = (*callable).object().cast();
        if (*function).ob_base.ob_type != c_function_type() || !c_stack_has_room(ts) {
            return call_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let Some(result) = call_def(ts, function.cast(), (*function).m_ml, (*function).m_self, args, count) else {
            return call_vectorcall::<R>(f, ip, sp, ts);
        };
        finish_native::<R>(ip, ts, result)
    }

    fn call_c_function_o(f, ip, sp, ts) {
        // Chosen for one argument only: the callable is where this says.
        let callable = sp.sub(3);
        let function: *mut CFunction = (*callable).object().cast();
        if (*function).ob_base.ob_type != c_function_type()
            || !(*callable.add(1)).is_null()
            || (*(*function).m_ml).ml_flags as u32 & CONVENTION != METH_O
            || !c_stack_has_room(ts)
        {
            return call_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let call = transmute::<*const (), BinaryFn>((*(*function).m_ml).ml_meth);
        let result = call((*function).m_self, (*sp.sub(1)).object());
        finish_native_with::<R, 1>(ip, ts, result)
    }

    fn call_c_function_fast(f, ip, sp, ts) {
        let function = c_function_or_miss!(f, ip, sp, ts, METH_FASTCALL);
        save(f, ip, sp);
        let call = transmute::<*const (), FastFn>((*(*function).m_ml).ml_meth);
        let count = (*ip).a as usize;
        let result = call_fast(call, (*function).m_self, sp.sub(count), count);
        finish_native::<R>(ip, ts, result)
    }

    fn call_c_function_fast_keywords(f, ip, sp, ts) {
        let function = c_function_or_miss!(f, ip, sp, ts, FAST_KEYWORDS);
        save(f, ip, sp);
        let call = transmute::<*const (), FastKeywordsFn>((*(*function).m_ml).ml_meth);
        let count = (*ip).a as usize;
        let result = call_fast_keywords(call, (*function).m_self, sp.sub(count), count);
        finish_native::<R>(ip, ts, result)
    }

    fn call_method_o(f, ip, sp, ts) {
        // Chosen for one argument only: the callable is where this says.
        let (function, receiver) = method_or_miss!(f, ip, sp, ts, sp.sub(3), METH_O);
        save(f, ip, sp);
        let result = transmute::<*const (), BinaryFn>(function)(receiver, (*sp.sub(1)).object());
        finish_native_with::<R, 1>(ip, ts, result)
    }

    fn call_method_noargs(f, ip, sp, ts) {
        // Chosen for no argument only.
        let (function, receiver) = method_or_miss!(f, ip, sp, ts, sp.sub(2), METH_NOARGS);
        save(f, ip, sp);
        let result = transmute::<*const (), BinaryFn>(function)(receiver, null_mut());
        finish_native_with::<R, 0>(ip, ts, result)
    }

    fn call_method_fast(f, ip, sp, ts) {
        let args = sp.sub((*ip).a as usize);
        let (function, receiver) = method_or_miss!(f, ip, sp, ts, args.sub(2), METH_FASTCALL);
        save(f, ip, sp);
        let call = transmute::<*const (), FastFn>(function);
        let result = call_fast(call, receiver, args, (*ip).a as usize);
        finish_native::<R>(ip, ts, result)
    }

    fn call_method_fast_keywords(f, ip, sp, ts) {
        let args = sp.sub((*ip).a as usize);
        let (function, receiver) = method_or_miss!(f, ip, sp, ts, args.sub(2), FAST_KEYWORDS);
        save(f, ip, sp);
        let call = transmute::<*const (), FastKeywordsFn>(function);
        let result = call_fast_keywords(call, receiver, args, (*ip).a as usize);
        finish_native::<R>(ip, ts, result)
    }

    /// Methods by other conventions, inherited, or without a receiver below the arguments.
    fn call_method_descriptor(f, ip, sp, ts) {
        let (callable, args, count) = operands(ip, sp);
        let method: *mut MethodDescr = (*callable).object().cast();
        if (*method.cast::<Object>()).ob_type != method_descriptor_type() || count == 0 || !c_stack_has_room(ts) {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let receiver = (*args).object();
        save(f, ip, sp);
        let ty = (*receiver).ob_type;
        if ty != (*method).d_type && PyType_IsSubtype(ty, (*method).d_type) == 0 {
            return call_vectorcall::<R>(f, ip, sp, ts);
        }
        let Some(result) = call_def(ts, method.cast(), (*method).d_method, receiver, args.add(1), count - 1) else {
            return call_vectorcall::<R>(f, ip, sp, ts);
        };
        finish_native::<R>(ip, ts, result)
    }

    fn call_list_append(f, ip, sp, ts) {
        let (callable, args, count) = operands(ip, sp);
        let list: *mut List = (*callable.add(1)).object().cast();
        if (*callable).object() != (*(*ts).interp).cached_list_append
            || count != 2
            || list.is_null()
            || (*list).ob_base.ob_base.ob_type != list_type()
        {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let value = *args.add(1);
        let (len, owner) = (List::len(list), *args);
        // The list must survive its receiver's slot, and the callable is a method descriptor that `list` owns.
        if len as isize >= (*list).allocated || owner.is_counted() && (*owner.object()).ob_refcnt == 1 {
            return append_slow::<R>(f, ip, sp, ts);
        }
        *(*list).ob_item.add(len) = value.into_object();
        (*list).ob_base.ob_size = len as isize + 1;
        owner.close_shared();
        (*callable).close_shared();
        *callable = none_ref();
        if (*ts).eval_breaker != (*Tier1Code::of(ip)).breaker {
            return poll_behind::<R>(f, ip, callable.add(1), ts);
        }
        go::<R>(f, ip.add(4), callable.add(1), ts)
    }

    fn call_len(f, ip, sp, ts) {
        let (callable, argument) = (*sp.sub(3), *sp.sub(1));
        if (*ip).a != 1 || callable.object() != (*(*ts).interp).cached_len || !(*sp.sub(2)).is_null() {
            return len_out_of_line::<R>(f, ip, sp, ts);
        }
        let op = argument.object();
        let ty = (*op).ob_type;
        let size = if ty == list_type() || ty == tuple_type() || ty == dict_type() {
            // A dict has its number of entries where others have their length.
            (*op.cast::<VarObject>()).ob_size
        } else if ty == str_type() {
            (*op.cast::<AsciiStr>()).length
        } else {
            return len_of_other::<R>(f, ip, sp, ts);
        };
        let sp = anew(sp);
        let (callable, argument) = (*sp.sub(3), *sp.sub(1));
        if !is_small_int(size as i64) || dies_with(argument) || dies_with(callable) {
            return len_of_other::<R>(f, ip, sp, ts);
        }
        argument.close_shared();
        callable.close_shared();
        *sp.sub(3) = small_int_ref(size as i64);
        go::<R>(f, ip.add(4), sp.sub(2), ts)
    }

    /// Objects of types that have no version of their own.
    fn call_other(f, ip, sp, ts) {
        let ty = (*(*sp.sub((*ip).a as usize + 2)).object()).ob_type;
        if ty == function_type() || ty == method_type() || ty == type_type() {
            return call_miss::<R>(f, ip, sp, ts);
        }
        call_vectorcall::<R>(f, ip, sp, ts)
    }

    /// `type(x)`.
    fn call_type_1(f, ip, sp, ts) {
        let callable = sp.sub(3);
        if (*ip).a != 1 || (*callable).object() != type_type().cast() || !(*callable.add(1)).is_null() {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let argument = *sp.sub(1);
        let class: *mut Object = (*argument.object()).ob_type.cast();
        let dies = argument.is_counted() && (*argument.object()).ob_refcnt == 1;
        if !(*callable).is_counted() && !dies {
            // Nothing dies, and nothing was called.
            *callable = StackRef::new(class);
            argument.close_shared();
            return go::<R>(f, ip.add(4), sp.sub(2), ts);
        }
        save(f, ip, sp);
        let result = new_ref(class);
        finish_call::<R>(f, ip, sp, ts, callable, result)
    }

    /// A class with a vectorcall of its own: most built-in ones.
    fn call_builtin_class(f, ip, sp, ts) {
        let (callable, args, count) = operands(ip, sp);
        let class: *mut Type = (*callable).object().cast();
        if (*class).ob_base.ob_base.ob_type != type_type() {
            return call_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let Some(construct) = (*class).tp_vectorcall else {
            return call_vectorcall::<R>(f, ip, sp, ts);
        };
        let result = call_vectorcall_function(construct, class.cast(), args, count);
        finish_native::<R>(ip, ts, result)
    }

    /// `str(x)`.
    fn call_str_1(f, ip, sp, ts) {
        if (*ip).a != 1 || (*sp.sub(3)).object() != str_type().cast() || !(*sp.sub(2)).is_null() {
            return call_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let result = PyObject_Str((*sp.sub(1)).object());
        finish_native_with::<R, 1>(ip, ts, result)
    }

    /// `tuple(x)`.
    fn call_tuple_1(f, ip, sp, ts) {
        if (*ip).a != 1 || (*sp.sub(3)).object() != tuple_type().cast() || !(*sp.sub(2)).is_null() {
            return call_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let result = PySequence_Tuple((*sp.sub(1)).object());
        finish_native_with::<R, 1>(ip, ts, result)
    }
}

out_of_line_handlers! {
    fn call_inherited_method(f, ip, sp, ts) {
        call_method_descriptor::<R>(f, ip, sp, ts)
    }

    /// Calls through the vectorcall protocol, keeping the chosen version.
    fn call_vectorcall(f, ip, sp, ts) {
        save(f, ip, sp);
        let (callable, args, count) = operands(ip, sp);
        let op = (*callable).object();
        if Type::has_flag((*op).ob_type, TPFLAGS_HEAPTYPE) && special::may_enter::<R>(ts) {
            let method = special::find(CALLED, op, null_mut());
            if !method.is_null() {
                let pushed = special::push_call(f, ip, sp, ts, method, count);
                if !pushed.1.is_null() {
                    hold_by_position(args, sp, true);
                }
                enter_pushed!(f, ip, sp, ts, pushed);
            }
        }
        if Type::has_flag((*op).ob_type, TPFLAGS_TYPE_SUBCLASS) && super::call_class::is_called_specially(op.cast()) {
            enter_callee!(f, ip, sp, ts);
        }
        let result = call_object(ts, op, args, count);
        finish_call::<R>(f, ip, sp, ts, callable, result)
    }

    fn len_out_of_line(f, ip, sp, ts) {
        let (callable, args, count) = operands(ip, sp);
        if (*callable).object() != (*(*ts).interp).cached_len || count != 1 {
            return call_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        // What finishes the instruction finds callable, NULL and argument on the stack.
        if (*callable.add(1)).is_null() {
            enter_special_of!(f, ip, sp, ts, LENGTH, (*args).object());
        }
        let size = PyObject_Size((*args).object());
        let result = if size < 0 { null_mut() } else { PyLong_FromSsize_t(size) };
        finish_native::<R>(ip, ts, result)
    }

    /// `list.append` where the list must grow or may die.
    fn append_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let list = (*sp.sub((*ip).a as usize + 1)).object();
        let status = PyList_Append(list, (*sp.sub(1)).object());
        let result = if status < 0 { null_mut() } else { none() };
        finish_native::<R>(ip, ts, result)
    }
}
