//! Calls of C code that takes its arguments as a tuple: `METH_VARARGS` functions and methods, builtin classes and objects
//! without a vectorcall function.

use core::mem::transmute;
use core::ptr::null_mut;

use cpython::abi::*;

use super::call::{call_miss, finish_native};
use super::call_native::{CONVENTION, VARARGS_KEYWORDS, c_function_or_miss, call_vectorcall, method_or_miss};
use crate::call_tuple::{checked, tuple_of};
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::{Handler, Inst};
use crate::with_memory::c_stack_has_room;

/// Whether objects of a type are called with a tuple, whatever they are: no class is among them.
unsafe fn takes_tuple(ty: *mut Type) -> bool {
    // SAFETY: a live type.
    unsafe {
        let forbidden = TPFLAGS_HEAPTYPE | TPFLAGS_HAVE_VECTORCALL | TPFLAGS_TYPE_SUBCLASS;
        !Type::has_flag(ty, forbidden) && !(*ty).tp_call.is_null()
    }
}

/// The version of `CALL` for a builtin class or an object of a builtin type that is called with a tuple; unit 1 behind the
/// instruction then has the class, or the type.
pub(crate) unsafe fn version_for(ip: *mut Inst, callable: *mut Object) -> Option<Handler> {
    // SAFETY: a live object; the cache belongs to the instruction.
    unsafe {
        let ty = (*callable).ob_type;
        if ty == type_type() {
            let class: *mut Type = callable.cast();
            let taken = !Type::has_flag(class, TPFLAGS_HEAPTYPE) && (*class).tp_vectorcall.is_none();
            return taken.then(|| {
                (*ip.add(1)).word = class as usize;
                call_class_by_tuple::<false> as Handler
            });
        }
        takes_tuple(ty).then(|| {
            (*ip.add(1)).word = ty as usize;
            call_object_by_tuple::<false> as Handler
        })
    }
}

/// Calls C code with a tuple of the arguments, and ends the instruction.
macro_rules! call_with_tuple {
    ($ip:ident, $ts:ident, $args:expr, $callable:expr, |$tuple:ident| $call:expr) => {{
        let (callable, $tuple) = ($callable, tuple_of($args, (*$ip).a as usize));
        if $tuple.is_null() {
            return finish_native::<R>($ip, $ts, null_mut());
        }
        let result: *mut Object = $call;
        decref($tuple);
        finish_native::<R>($ip, $ts, checked($ts, callable, result))
    }};
}

handlers! {
    fn call_c_function_varargs(f, ip, sp, ts) {
        let function = c_function_or_miss!(f, ip, sp, ts, METH_VARARGS);
        save(f, ip, sp);
        let call = transmute::<*const (), BinaryFn>((*(*function).m_ml).ml_meth);
        call_with_tuple!(ip, ts, sp.sub((*ip).a as usize), function.cast(), |tuple| call((*function).m_self, tuple))
    }

    fn call_c_function_varargs_keywords(f, ip, sp, ts) {
        let function = c_function_or_miss!(f, ip, sp, ts, VARARGS_KEYWORDS);
        save(f, ip, sp);
        let call = transmute::<*const (), TernaryFn>((*(*function).m_ml).ml_meth);
        let args = sp.sub((*ip).a as usize);
        call_with_tuple!(ip, ts, args, function.cast(), |tuple| call((*function).m_self, tuple, null_mut()))
    }

    fn call_method_varargs(f, ip, sp, ts) {
        let args = sp.sub((*ip).a as usize);
        let (function, receiver) = method_or_miss!(f, ip, sp, ts, args.sub(2), METH_VARARGS);
        save(f, ip, sp);
        let call = transmute::<*const (), BinaryFn>(function);
        call_with_tuple!(ip, ts, args, (*args.sub(2)).object(), |tuple| call(receiver, tuple))
    }

    fn call_method_varargs_keywords(f, ip, sp, ts) {
        let args = sp.sub((*ip).a as usize);
        let (function, receiver) = method_or_miss!(f, ip, sp, ts, args.sub(2), VARARGS_KEYWORDS);
        save(f, ip, sp);
        let call = transmute::<*const (), TernaryFn>(function);
        call_with_tuple!(ip, ts, args, (*args.sub(2)).object(), |tuple| call(receiver, tuple, null_mut()))
    }

    fn call_class_by_tuple(f, ip, sp, ts) {
        let args = sp.sub((*ip).a as usize);
        let class = (*args.sub(2)).object();
        if class as usize != (*ip.add(1)).word || !(*args.sub(1)).is_null() {
            return call_miss::<R>(f, ip, sp, ts);
        }
        call_object_with_tuple::<R>(f, ip, sp, ts)
    }

    fn call_object_by_tuple(f, ip, sp, ts) {
        let args = sp.sub((*ip).a as usize);
        if (*(*args.sub(2)).object()).ob_type as usize != (*ip.add(1)).word || !(*args.sub(1)).is_null() {
            return call_miss::<R>(f, ip, sp, ts);
        }
        call_object_with_tuple::<R>(f, ip, sp, ts)
    }
}

out_of_line_handlers! {
    /// Calls what its type calls with a tuple.
    fn call_object_with_tuple(f, ip, sp, ts) {
        if !c_stack_has_room(ts) {
            return call_vectorcall::<R>(f, ip, sp, ts);
        }
        save(f, ip, sp);
        let args = sp.sub((*ip).a as usize);
        let callable = (*args.sub(2)).object();
        let call = transmute::<*const (), TernaryFn>((*(*callable).ob_type).tp_call);
        call_with_tuple!(ip, ts, args, callable, |tuple| call(callable, tuple, null_mut()))
    }
}
