//! Calls of functions and methods implemented in C, without the vectorcall protocol in between.

use core::mem::transmute;
use core::ptr::null_mut;

use cpython::abi::*;

use super::call::{call_miss, finish_call};
use super::call_special::enter_callee;
use super::held::hold_by_position;
use super::jump::poll_behind;
use super::special::{self, CALLED, LENGTH, enter_pushed, enter_special_of};
use crate::call_tuple::{call_object, call_varargs};
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::{Handler, Inst, Tier1Code};
use crate::with_memory::*;

/// The bits of `ml_flags` that say how to call.
const CONVENTION: u32 = METH_VARARGS | METH_FASTCALL | METH_NOARGS | METH_O | METH_KEYWORDS | METH_METHOD;
const FAST_KEYWORDS: u32 = METH_FASTCALL | METH_KEYWORDS;
const VARARGS_KEYWORDS: u32 = METH_VARARGS | METH_KEYWORDS;

/// Chooses the version of `CALL` for this callable.
pub(crate) unsafe fn choose(ip: *mut Inst, ts: *mut ThreadState, callable: *mut Object) {
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
            match (*(*callable.cast::<CFunction>()).m_ml).ml_flags as u32 & CONVENTION {
                METH_O if (*ip).a == 1 => call_c_function_o::<false>,
                METH_FASTCALL => call_c_function_fast::<false>,
                _ => call_c_function::<false>,
            }
        } else if ty == method_descriptor_type() {
            call_method_descriptor::<false>
        } else if ty == type_type() {
            if callable == type_type().cast::<Object>() {
                call_type_1::<false>
            } else if super::call_class::choose(ip, ts, callable.cast()) {
                super::call_class::call_class::<false>
            } else {
                call_builtin_class::<false>
            }
        } else if ty != method_type() && ty != function_type() {
            call_other::<false>
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
            METH_VARARGS => Some(call_varargs(ts, callable, (function, false), receiver, args, count)),
            VARARGS_KEYWORDS => Some(call_varargs(ts, callable, (function, true), receiver, args, count)),
            _ => None,
        }
    }
}

handlers! {
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
        finish_call::<R>(f, ip, sp, ts, callable, result)
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
        finish_call::<R>(f, ip, sp, ts, callable, result)
    }

    fn call_c_function_fast(f, ip, sp, ts) {
        let (callable, args, count) = operands(ip, sp);
        let function: *mut CFunction = (*callable).object().cast();
        if (*function).ob_base.ob_type != c_function_type()
            || (*(*function).m_ml).ml_flags as u32 & CONVENTION != METH_FASTCALL
            || !c_stack_has_room(ts)
        {
            return call_miss::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let call = transmute::<*const (), FastFn>((*(*function).m_ml).ml_meth);
        let result = call_fast(call, (*function).m_self, args, count);
        finish_call::<R>(f, ip, sp, ts, callable, result)
    }

    fn call_method_descriptor(f, ip, sp, ts) {
        let (callable, args, count) = operands(ip, sp);
        let method: *mut MethodDescr = (*callable).object().cast();
        if (*method.cast::<Object>()).ob_type != method_descriptor_type() || count == 0 || !c_stack_has_room(ts) {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let receiver = (*args).object();
        save(f, ip, sp);
        if (*receiver).ob_type != (*method).d_type {
            return call_vectorcall::<R>(f, ip, sp, ts);
        }
        let Some(result) = call_def(ts, method.cast(), (*method).d_method, receiver, args.add(1), count - 1) else {
            return call_vectorcall::<R>(f, ip, sp, ts);
        };
        finish_call::<R>(f, ip, sp, ts, callable, result)
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
            return len_out_of_line::<R>(f, ip, sp, ts);
        };
        let sp = anew(sp);
        let (callable, argument) = (*sp.sub(3), *sp.sub(1));
        if !is_small_int(size as i64) || dies_with(argument) || dies_with(callable) {
            return len_out_of_line::<R>(f, ip, sp, ts);
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
        finish_call::<R>(f, ip, sp, ts, callable, result)
    }
}

out_of_line_handlers! {
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
        finish_call::<R>(f, ip, sp, ts, callable, result)
    }

    /// `list.append` where the list must grow or may die.
    fn append_slow(f, ip, sp, ts) {
        save(f, ip, sp);
        let callable = sp.sub((*ip).a as usize + 2);
        let list = (*callable.add(1)).object();
        let status = PyList_Append(list, (*sp.sub(1)).object());
        let result = if status < 0 { null_mut() } else { none() };
        finish_call::<R>(f, ip, sp, ts, callable, result)
    }
}
