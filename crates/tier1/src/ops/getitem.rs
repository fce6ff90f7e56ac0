//! `container[key]` where the container's class defines `__getitem__` in Python: runs it here.

use cpython::abi::*;

use super::binary::binary_miss;
use super::call::enterable;
use super::call_python::{enter_python, is_simple_function};
use crate::dispatch::*;
use crate::inst::Inst;

// Units of BINARY_OP behind the instruction: 1 the class's version and its __getitem__, which that version keeps alive.

/// Fills the caches if the container's class has such a `__getitem__`.
pub(crate) unsafe fn choose(ip: *mut Inst, container: *mut Object) -> bool {
    // SAFETY: a live object; the instruction's own caches.
    unsafe {
        let class = (*container).ob_type;
        if !Type::has_flag(class, TPFLAGS_HEAPTYPE) {
            return false;
        }
        let version = Type::version(class);
        let function = _PyType_Lookup(class, super::names::names().getitem);
        if version == 0 || function.is_null() || !is_simple_function(function, 2) {
            return false;
        }
        (*ip.add(1)).a = version;
        (*ip.add(1)).word = function as usize;
        true
    }
}

handlers! {
    fn subscr_getitem(f, ip, sp, ts) {
        if (*(*(*sp.sub(2)).object()).ob_type).tp_version_tag != (*ip.add(1)).a {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        enter_getitem::<R>(f, ip, sp, ts)
    }
}

out_of_line_handlers! {
    fn enter_getitem(f, ip, sp, ts) {
        let function = (*ip.add(1)).word as *mut Object;
        save(f, ip, sp);
        let Some(tier1) = enterable(ts, function) else {
            return binary_miss::<R>(f, ip, sp, ts);
        };
        // The function is the one the version stands for, but its code may have been exchanged.
        if !is_simple_function(function, 2) || !has_stack_space(ts, (*tier1).code) {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        let Some(new) = push_frame(ts, StackRef::new(function), (*tier1).code, 2, f) else {
            return binary_miss::<R>(f, ip, sp, ts);
        };
        *Frame::local(new, 0) = *sp.sub(2);
        *Frame::local(new, 1) = *sp.sub(1);
        (*f).stackpointer = sp.sub(2);
        enter_python::<R>(f, ip, new, ts, tier1)
    }
}
