//! Unary operations and truth.

use cpython::abi::*;

use super::locals::release_and_go;
use super::special::{Operation, TRUTH, enter_special_of};
use crate::dispatch::*;
use crate::hot::*;

/// The truth of an object of one of the types that are tested most, but for bool; `$other` for others.
macro_rules! truth {
    ($op:ident, $ty:ident, $other:expr) => {
        if $ty == long_type() {
            // Zero is a compact int with sign bits 1.
            (*$op.cast::<Long>()).lv_tag & LONG_SIGN_MASK != 1
        } else if $ty == list_type() || $ty == tuple_type() || $ty == dict_type() {
            // A dict has its number of entries where others have their length.
            (*$op.cast::<VarObject>()).ob_size != 0
        } else if $op == none() {
            false
        } else if $ty == str_type() {
            (*$op.cast::<AsciiStr>()).length != 0
        } else {
            return $other;
        }
    };
}
pub(crate) use truth;

continuations! {
    /// The truth of objects that are met less often than those `to_bool` knows.
    fn to_bool_any(f, ip, sp, ts) {
        let value = *sp.sub(1);
        let op = value.object();
        let ty = (*op).ob_type;
        let truth = if ty == PyBytes_Type() {
            (*op.cast::<VarObject>()).ob_size != 0
        } else if ty == PySet_Type() {
            (*op.cast::<Set>()).used != 0
        } else if ty == float_type() {
            (*op.cast::<Float>()).ob_fval != 0.0
        } else if special::is_always_true(ty) {
            true
        } else {
            return to_bool_by_c::<R>(f, ip, sp, ts);
        };
        *sp.sub(1) = bool_ref(truth);
        release_and_go!(f, ip, sp, ts, value, 4)
    }
}

handlers! {
    fn to_bool(f, ip, sp, ts) {
        let value = *sp.sub(1);
        let op = value.object();
        let ty = (*op).ob_type;
        if ty == bool_type() {
            return go::<R>(f, ip.add(4), sp, ts);
        }
        let truth = truth!(op, ty, to_bool_any::<R>(f, ip, sp, ts));
        *sp.sub(1) = bool_ref(truth);
        release_and_go!(f, ip, sp, ts, value, 4)
    }

    fn unary_not(f, ip, sp, ts) {
        *sp.sub(1) = bool_ref((*sp.sub(1)).object() == false_object());
        go::<R>(f, ip.add(1), sp, ts)
    }

    fn unary_negative(f, ip, sp, ts) {
        let value = *sp.sub(1);
        if value.is_counted() && (*value.object()).ob_refcnt == 1 && (*value.object()).ob_type == float_type() {
            let float: *mut Float = value.object().cast();
            (*float).ob_fval = -(*float).ob_fval;
            return go::<R>(f, ip.add(1), sp, ts);
        }
        unary_negative_any::<R>(f, ip, sp, ts)
    }

    fn unary_invert(f, ip, sp, ts) {
        unary_invert_any::<R>(f, ip, sp, ts)
    }
}

out_of_line_handlers! {
    fn to_bool_by_c(f, ip, sp, ts) {
        save(f, ip, sp);
        enter_special_of!(f, ip, sp, ts, TRUTH, (*sp.sub(1)).object());
        let truth = PyObject_IsTrue((*sp.sub(1)).object());
        if truth < 0 {
            return close_and_raise::<R>(f, ip, sp, ts, sp.sub(1));
        }
        replace_top::<R, 1, 4>(ip, ts, bool_ref(truth != 0))
    }

    fn unary_negative_any(f, ip, sp, ts) {
        save(f, ip, sp);
        enter_special_of!(f, ip, sp, ts, Operation::new(op::UNARY_NEGATIVE, 0), (*sp.sub(1)).object());
        let result = PyNumber_Negative((*sp.sub(1)).object());
        close_slot(sp.sub(1));
        if result.is_null() {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        *sp.sub(1) = StackRef::steal(result);
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }

    fn unary_invert_any(f, ip, sp, ts) {
        save(f, ip, sp);
        enter_special_of!(f, ip, sp, ts, Operation::new(op::UNARY_INVERT, 0), (*sp.sub(1)).object());
        let result = PyNumber_Invert((*sp.sub(1)).object());
        close_slot(sp.sub(1));
        if result.is_null() {
            return error::<R>(f, ip, sp.sub(1), ts);
        }
        *sp.sub(1) = StackRef::steal(result);
        proceed::<R>(f, ip, ip.add(1), sp, ts)
    }
}
