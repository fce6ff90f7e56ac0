//! Local variables, constants, cells, and the value stack.

use cpython::abi::*;

use crate::dispatch::*;

/// Drops the reference a slot held, as the last thing of the instruction at `$ip`, which ends alone if the object dies.
macro_rules! release_old {
    ($f:ident, $ip:expr, $sp:expr, $ts:ident, $old:expr, $len:expr) => {{
        let old: StackRef = $old;
        if old.is_counted() {
            let op = old.object();
            let count = (*op).ob_refcnt.wrapping_sub(1);
            (*op).ob_refcnt = count;
            if count == 0 {
                return release_and_go_on::<R, { $len }>($f, $ip, $sp, $ts, op);
            }
        }
    }};
}
pub(crate) use release_old;

/// The same, and continues behind it.
macro_rules! release_and_go {
    ($f:ident, $ip:ident, $sp:expr, $ts:ident, $old:expr, $len:expr) => {{
        $crate::ops::locals::release_old!($f, $ip, $sp, $ts, $old, $len);
        go::<R>($f, $ip.add($len), $sp, $ts)
    }};
}
pub(crate) use release_and_go;

const UNBOUND_LOCAL: &core::ffi::CStr = c"cannot access local variable '%s' where it is not associated with a value";

// What handlers do that have copies (`super::copies`).

macro_rules! push_local {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident) => {{
        *$sp = (*local($f, (*$ip).a)).borrow();
        go::<R>($f, $ip.add(1), $sp.add(1), $ts)
    }};
}
pub(crate) use push_local;

macro_rules! push_locals {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident) => {{
        let pair = (*$ip).a;
        *$sp = (*local($f, pair >> 4)).borrow();
        *$sp.add(1) = (*local($f, pair & 15)).borrow();
        go::<R>($f, $ip.add(1), $sp.add(2), $ts)
    }};
}
pub(crate) use push_locals;

handlers! {
    fn load_fast(f, ip, sp, ts) {
        *sp = (*local(f, (*ip).a)).dup();
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn load_fast_borrow(f, ip, sp, ts) {
        push_local!(f, ip, sp, ts)
    }

    fn load_fast_borrow_load_fast_borrow(f, ip, sp, ts) {
        push_locals!(f, ip, sp, ts)
    }

    fn load_fast_load_fast(f, ip, sp, ts) {
        let pair = (*ip).a;
        *sp = (*local(f, pair >> 4)).dup();
        *sp.add(1) = (*local(f, pair & 15)).dup();
        go::<R>(f, ip.add(1), sp.add(2), ts)
    }

    fn load_fast_check(f, ip, sp, ts) {
        let value = *local(f, (*ip).a);
        if value.is_null() {
            return unbound_local::<R>(f, ip, sp, ts);
        }
        *sp = value.dup();
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn load_fast_and_clear(f, ip, sp, ts) {
        let slot = local(f, (*ip).a);
        *sp = *slot;
        *slot = StackRef::NULL;
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn store_fast(f, ip, sp, ts) {
        let slot = local(f, (*ip).a);
        let old = *slot;
        *slot = *sp.sub(1);
        release_and_go!(f, ip, sp.sub(1), ts, old, 1)
    }

    fn store_fast_load_fast(f, ip, sp, ts) {
        let pair = (*ip).a;
        let slot = local(f, pair >> 4);
        let old = *slot;
        *slot = *sp.sub(1);
        *sp.sub(1) = (*local(f, pair & 15)).dup();
        release_and_go!(f, ip, sp, ts, old, 1)
    }

    fn store_fast_store_fast(f, ip, sp, ts) {
        let pair = (*ip).a;
        let first = local(f, pair >> 4);
        let old_first = *first;
        *first = *sp.sub(1);
        if old_first.is_counted() {
            let op = old_first.object();
            let count = (*op).ob_refcnt.wrapping_sub(1);
            (*op).ob_refcnt = count;
            if count == 0 {
                return store_second::<R>(f, ip, sp.sub(1), ts, op);
            }
        }
        let second = local(f, pair & 15);
        let old = *second;
        *second = *sp.sub(2);
        release_and_go!(f, ip, sp.sub(2), ts, old, 1)
    }

    fn delete_fast(f, ip, sp, ts) {
        let slot = local(f, (*ip).a);
        let old = *slot;
        if old.is_null() {
            return unbound_local::<R>(f, ip, sp, ts);
        }
        *slot = StackRef::NULL;
        release_and_go!(f, ip, sp, ts, old, 1)
    }

    fn load_const(f, ip, sp, ts) {
        *sp = StackRef((*ip).imm()).dup();
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn load_borrowed_const(f, ip, sp, ts) {
        *sp = StackRef((*ip).imm());
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn load_common_constant(f, ip, sp, ts) {
        *sp = StackRef::new((*(*ts).interp).common_consts.as_ptr().add((*ip).a as usize).read());
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn push_null(f, ip, sp, ts) {
        *sp = StackRef::NULL;
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn copy(f, ip, sp, ts) {
        *sp = (*sp.sub((*ip).a as usize)).dup();
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn swap(f, ip, sp, ts) {
        let other = sp.sub((*ip).a as usize);
        let top = *sp.sub(1);
        *sp.sub(1) = *other;
        *other = top;
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn pop_top(f, ip, sp, ts) {
        release_and_go!(f, ip, sp.sub(1), ts, *sp.sub(1), 1)
    }

    fn end_send(f, ip, sp, ts) {
        let receiver = *sp.sub(2);
        *sp.sub(2) = *sp.sub(1);
        release_and_go!(f, ip, sp.sub(1), ts, receiver, 1)
    }

    fn make_cell(f, ip, sp, ts) {
        make_cell_out_of_line::<R>(f, ip, sp, ts)
    }

    fn copy_free_vars(f, ip, sp, ts) {
        let count = (*ip).a as usize;
        let closure = (*Frame::function(f)).func_closure;
        let first = (*Frame::code(f)).co_nlocalsplus as usize - count;
        let mut i = 0;
        while i < count {
            *Frame::local(f, first + i) = StackRef::new(Tuple::item(closure, i));
            i += 1;
        }
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn load_deref(f, ip, sp, ts) {
        let cell: *mut Cell = (*local(f, (*ip).a)).object().cast();
        let value = (*cell).ob_ref;
        if value.is_null() {
            return unbound_cell::<R>(f, ip, sp, ts);
        }
        *sp = StackRef::new(value);
        go::<R>(f, ip.add(1), sp.add(1), ts)
    }

    fn store_deref(f, ip, sp, ts) {
        let cell: *mut Cell = (*local(f, (*ip).a)).object().cast();
        let old = (*cell).ob_ref;
        (*cell).ob_ref = (*sp.sub(1)).into_object();
        if !old.is_null() && !Object::is_immortal(old) {
            let count = (*old).ob_refcnt.wrapping_sub(1);
            (*old).ob_refcnt = count;
            if count == 0 {
                return release_and_go_on::<R, 1>(f, ip, sp.sub(1), ts, old);
            }
        }
        go::<R>(f, ip.add(1), sp.sub(1), ts)
    }

    fn delete_deref(f, ip, sp, ts) {
        let cell: *mut Cell = (*local(f, (*ip).a)).object().cast();
        let old = (*cell).ob_ref;
        if old.is_null() {
            return unbound_cell::<R>(f, ip, sp, ts);
        }
        (*cell).ob_ref = core::ptr::null_mut();
        if !Object::is_immortal(old) {
            let count = (*old).ob_refcnt.wrapping_sub(1);
            (*old).ob_refcnt = count;
            if count == 0 {
                return release_and_go_on::<R, 1>(f, ip, sp, ts, old);
            }
        }
        go::<R>(f, ip.add(1), sp, ts)
    }
}

out_of_line_handlers! {
    /// The first of two stores released the last reference to `dead`.
    fn store_second(f, ip, sp, ts, dead: *mut Object) {
        save(f, ip, sp);
        _Py_Dealloc(dead);
        let slot = local(f, (*ip).a & 15);
        let old = *slot;
        *slot = *sp.sub(1);
        (*f).stackpointer = sp.sub(1);
        old.close();
        proceed::<R>(f, ip, ip.add(1), sp.sub(1), ts)
    }

    fn unbound_local(f, ip, sp, ts) {
        save(f, ip, sp);
        let name = Tuple::item((*Frame::code(f)).co_localsplusnames, (*ip).a as usize);
        _PyEval_FormatExcCheckArg(ts, *PyExc_UnboundLocalError(), UNBOUND_LOCAL.as_ptr(), name);
        error::<R>(f, ip, sp, ts)
    }

    fn unbound_cell(f, ip, sp, ts) {
        save(f, ip, sp);
        _PyEval_FormatExcUnbound(ts, Frame::code(f), (*ip).a as i32);
        error::<R>(f, ip, sp, ts)
    }

    fn make_cell_out_of_line(f, ip, sp, ts) {
        save(f, ip, sp);
        let slot = local(f, (*ip).a);
        let cell = PyCell_New((*slot).object());
        if cell.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        let old = *slot;
        *slot = StackRef::steal(cell);
        old.close();
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }
}
