//! Arithmetic on floats.

use cpython::abi::*;

use super::binary::binary_miss;
use super::locals::release_and_go;
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::Inst;

/// An unused float off the free list; null if there is none to be had without a call.
#[inline(always)]
pub(crate) unsafe fn fresh_float(ts: *mut ThreadState) -> *mut Object {
    // SAFETY: the list holds dead floats.
    unsafe {
        if !free_lists_usable() {
            return core::ptr::null_mut();
        }
        // A dead float keeps its type.
        free_list_pop(&raw mut (*(*ts).interp).free_floats)
    }
}

#[inline(always)]
pub(crate) unsafe fn both_float(l: *mut Object, r: *mut Object) -> bool {
    // SAFETY: both are live objects.
    unsafe { (*l).ob_type == float_type() && (*r).ob_type == float_type() }
}

#[inline(always)]
pub(crate) unsafe fn float_value(op: *mut Object) -> f64 {
    // SAFETY: the object is a float.
    unsafe { (*op.cast::<Float>()).ob_fval }
}

/// Replaces the two operands, both floats, by `value`, overwriting one of them if it dies here.
#[inline(always)]
unsafe fn finish_float<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    l: StackRef,
    r: StackRef,
    value: f64,
) -> *mut Object {
    // SAFETY: both operands are floats.
    unsafe {
        let sp = anew(sp);
        let out = sp.sub(2);
        if l.0 & r.0 & TAG_REFCNT != 0 {
            let op = fresh_float(ts);
            if op.is_null() {
                return finish_float_shared::<R>(f, ip, sp, ts, value);
            }
            (*op.cast::<Float>()).ob_fval = value;
            *out = StackRef::steal_mortal(op);
            return go::<R>(f, ip.add(6), sp.sub(1), ts);
        }
        let temporary = if l.is_counted() { l } else { r };
        if (*temporary.object()).ob_refcnt != 1 {
            return finish_float_shared::<R>(f, ip, sp, ts, value);
        }
        if (l.0 | r.0) & TAG_REFCNT == 0 {
            // Two temporaries: the right one dies.
            let dead = r.object();
            let list = &raw mut (*(*ts).interp).free_floats;
            if (*dead).ob_refcnt != 1 || !free_lists_usable() || !free_list_push(list, dead, FLOATS_MAXFREELIST) {
                return finish_float_shared::<R>(f, ip, sp, ts, value);
            }
        }
        (*temporary.object().cast::<Float>()).ob_fval = value;
        *out = temporary;
        go::<R>(f, ip.add(6), sp.sub(1), ts)
    }
}

/// Releases an operand that nothing can observe dying.
#[inline(always)]
unsafe fn release_operand(ts: *mut ThreadState, slot: StackRef) {
    // SAFETY: the slot owns a float or an int.
    unsafe {
        let op = slot.object();
        if slot.is_counted() {
            let count = (*op).ob_refcnt.wrapping_sub(1);
            (*op).ob_refcnt = count;
            if count == 0 && !release_number(ts, op) {
                _Py_Dealloc(op);
            }
        }
    }
}

continuations! {
    /// Operands that own references, or that are not both floats. Nothing here calls anything.
    fn finish_float_shared(f, ip, sp, ts, value: f64) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        if dies_with(l) {
            if (*l.object()).ob_type != float_type() {
                return finish_float_out_of_line::<R>(f, ip, sp, ts, value);
            }
            (*l.object().cast::<Float>()).ob_fval = value;
            release_and_go!(f, ip, sp.sub(1), ts, r, 6)
        } else {
            let op = fresh_float(ts);
            if op.is_null() {
                return finish_float_out_of_line::<R>(f, ip, sp, ts, value);
            }
            l.close_shared();
            (*op.cast::<Float>()).ob_fval = value;
            *sp.sub(2) = StackRef::steal_mortal(op);
            release_and_go!(f, ip, sp.sub(1), ts, r, 6)
        }
    }

    /// The same, where an int dies or there is no dead float; still nothing that can be observed.
    fn finish_float_out_of_line(f, ip, sp, ts, value: f64) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let is_temporary =
            |s: StackRef| s.is_counted() && (*s.object()).ob_refcnt == 1 && (*s.object()).ob_type == float_type();
        let (result, other) = if is_temporary(l) {
            (l, r)
        } else if is_temporary(r) {
            (r, l)
        } else {
            save(f, ip, sp);
            let op = PyFloat_FromDouble(value);
            if op.is_null() {
                return error::<R>(f, ip, sp, ts);
            }
            release_operand(ts, l);
            (StackRef::steal_mortal(op), r)
        };
        (*result.object().cast::<Float>()).ob_fval = value;
        *sp.sub(2) = result;
        release_operand(ts, other);
        go::<R>(f, ip.add(6), sp.sub(1), ts)
    }
}

macro_rules! floats {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, |$a:ident, $b:ident| $value:expr) => {{
        let (l, r) = (*$sp.sub(2), *$sp.sub(1));
        if !both_float(l.object(), r.object()) {
            return mixed::<R>($f, $ip, $sp, $ts);
        }
        let ($a, $b) = (float_value(l.object()), float_value(r.object()));
        finish_float::<R>($f, $ip, $sp, $ts, l, r, $value)
    }};
}

handlers! {
    fn add_float(f, ip, sp, ts) {
        floats!(f, ip, sp, ts, |a, b| a + b)
    }

    fn subtract_float(f, ip, sp, ts) {
        floats!(f, ip, sp, ts, |a, b| a - b)
    }

    fn multiply_float(f, ip, sp, ts) {
        floats!(f, ip, sp, ts, |a, b| a * b)
    }

    fn divide_float(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        if !both_float(l.object(), r.object()) {
            return mixed::<R>(f, ip, sp, ts);
        }
        let (a, b) = (float_value(l.object()), float_value(r.object()));
        if b == 0.0 {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        finish_float::<R>(f, ip, sp, ts, l, r, a / b)
    }
}

/// The value of a float or compact int. Such an int converts exactly.
#[inline(always)]
pub(crate) unsafe fn number(op: *mut Object) -> Option<f64> {
    // SAFETY: a live object.
    unsafe {
        if (*op).ob_type == float_type() {
            Some(float_value(op))
        } else if (*op).ob_type == long_type() && Long::is_compact(op.cast()) {
            Some(Long::compact_value(op.cast()) as f64)
        } else {
            None
        }
    }
}

continuations! {
    /// One operand may be an int.
    fn mixed(f, ip, sp, ts) {
        let (l, r) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        let float = float_type();
        let operation = special::plain_operator(base(ip).oparg);
        if ((*l).ob_type == float || (*r).ob_type == float)
            && let (Some(a), Some(b)) = (number(l), number(r))
        {
            let value = match operation {
                nb::ADD => a + b,
                nb::SUBTRACT => a - b,
                nb::MULTIPLY => a * b,
                _ if b != 0.0 => a / b,
                _ => return binary_miss::<R>(f, ip, sp, ts),
            };
            return finish_float_shared::<R>(f, ip, sp, ts, value);
        }
        binary_miss::<R>(f, ip, sp, ts)
    }
}
