//! Arithmetic on ints of one digit. Whatever does not fit is left to [`binary`](super::binary).

use cpython::abi::*;

use super::binary::binary_miss;
use crate::dispatch::*;

/// A digit's values: below two to the thirtieth.
const DIGIT: u64 = 1 << LONG_SHIFT;

#[inline(always)]
pub(crate) unsafe fn int_fits_digit(value: i64) -> bool {
    value.wrapping_add(DIGIT as i64 - 1) as u64 <= 2 * DIGIT - 2
}

/// Whether both are ints (not of a subclass) of at most one digit.
#[inline(always)]
pub(crate) unsafe fn both_compact(l: *mut Object, r: *mut Object) -> bool {
    // SAFETY: both are live objects; `lv_tag` is read of ints only.
    unsafe {
        let int = PyLong_Type();
        (*l).ob_type == int
            && (*r).ob_type == int
            && ((*l.cast::<Long>()).lv_tag | (*r.cast::<Long>()).lv_tag) < LONG_COMPACT_LIMIT
    }
}

/// Stores a value of one digit that is not among the small ints.
#[inline(always)]
pub(crate) unsafe fn set_int(op: *mut Object, value: i64) {
    // SAFETY: the caller owns the object, an int with room for a digit.
    unsafe {
        let long: *mut Long = op.cast();
        let sign = if value < 0 { 2 } else { 0 };
        (*long).lv_tag = 1 << LONG_NON_SIZE_BITS | sign;
        (*long).ob_digit[0] = value.unsigned_abs() as u32;
    }
}

/// An unused int off the free list; null if there is none to be had without a call.
#[inline(always)]
pub(crate) unsafe fn fresh_int(ts: *mut ThreadState) -> *mut Object {
    // SAFETY: the list holds dead ints.
    unsafe {
        if ref_tracer_active() {
            return core::ptr::null_mut();
        }
        let op = free_list_pop(&raw mut (*(*ts).interp).free_ints);
        if !op.is_null() {
            (*op).ob_type = PyLong_Type();
        }
        op
    }
}

/// Replaces the two operands by `value` and goes on. The two frequent cases are inline: both operands borrowed,
/// and one of them a temporary that dies here and may be overwritten.
#[inline(always)]
unsafe fn finish_int<const R: bool>(
    f: *mut Frame,
    ip: *mut Inst,
    sp: *mut StackRef,
    ts: *mut ThreadState,
    l: StackRef,
    r: StackRef,
    value: i64,
) -> *mut Object {
    // SAFETY: both operands are compact ints.
    unsafe {
        let out = sp.sub(2);
        if l.0 & r.0 & TAG_REFCNT != 0 {
            if is_small_int(value) {
                *out = StackRef::borrowed(small_int(value));
            } else {
                let op = if int_fits_digit(value) { fresh_int(ts) } else { core::ptr::null_mut() };
                if op.is_null() {
                    return finish_int_out_of_line::<R>(f, ip, sp, ts, value);
                }
                set_int(op, value);
                *out = StackRef::steal_mortal(op);
            }
            return go::<R>(f, ip.add(6), sp.sub(1), ts);
        }
        let temporary = if l.is_counted() { l } else { r };
        if (l.0 | r.0) & TAG_REFCNT == 0 || (*temporary.object()).ob_refcnt != 1 || !int_fits_digit(value) {
            return finish_int_out_of_line::<R>(f, ip, sp, ts, value);
        }
        if is_small_int(value) {
            let list = &raw mut (*(*ts).interp).free_ints;
            if ref_tracer_active() || !free_list_push(list, temporary.object(), INTS_MAXFREELIST) {
                return finish_int_out_of_line::<R>(f, ip, sp, ts, value);
            }
            *out = StackRef::borrowed(small_int(value));
            return go::<R>(f, ip.add(6), sp.sub(1), ts);
        }
        set_int(temporary.object(), value);
        *out = temporary;
        go::<R>(f, ip.add(6), sp.sub(1), ts)
    }
}

use crate::inst::Inst;

out_of_line_handlers! {
    /// Replaces the two operands, whatever they are, by the int `value`.
    fn finish_int_out_of_line(f, ip, sp, ts, value: i64) {
        save(f, ip, sp);
        let op = PyLong_FromLongLong(value);
        if op.is_null() {
            return error::<R>(f, ip, sp, ts);
        }
        let l = *sp.sub(2);
        *sp.sub(2) = StackRef::steal(op);
        l.close();
        close_slot(sp.sub(1));
        go::<R>(f, ip.add(6), sp.sub(1), ts)
    }
}

macro_rules! compact {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, |$a:ident, $b:ident| $value:expr) => {{
        let (l, r) = (*$sp.sub(2), *$sp.sub(1));
        if !both_compact(l.object(), r.object()) {
            return binary_miss::<R>($f, $ip, $sp, $ts);
        }
        let $a = Long::compact_value(l.object().cast());
        let $b = Long::compact_value(r.object().cast());
        let value: i64 = $value;
        finish_int::<R>($f, $ip, $sp, $ts, l, r, value)
    }};
}

/// As `compact`, with both operands non-negative and the right one positive.
macro_rules! positive {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, |$a:ident, $b:ident| $value:expr) => {{
        let (l, r) = (*$sp.sub(2), *$sp.sub(1));
        if !both_compact(l.object(), r.object()) {
            return binary_miss::<R>($f, $ip, $sp, $ts);
        }
        let (lo, ro) = (l.object().cast::<Long>(), r.object().cast::<Long>());
        let $a = (*lo).ob_digit[0];
        let $b = (*ro).ob_digit[0];
        if ((*lo).lv_tag | (*ro).lv_tag) & 2 != 0 || $b == 0 {
            return divide_signed::<R>($f, $ip, $sp, $ts);
        }
        let value: u32 = $value;
        finish_int::<R>($f, $ip, $sp, $ts, l, r, value as i64)
    }};
}

handlers! {
    fn add_int(f, ip, sp, ts) {
        compact!(f, ip, sp, ts, |a, b| a.wrapping_add(b))
    }

    fn subtract_int(f, ip, sp, ts) {
        compact!(f, ip, sp, ts, |a, b| a.wrapping_sub(b))
    }

    fn multiply_int(f, ip, sp, ts) {
        compact!(f, ip, sp, ts, |a, b| a.wrapping_mul(b))
    }

    fn and_int(f, ip, sp, ts) {
        compact!(f, ip, sp, ts, |a, b| a & b)
    }

    fn or_int(f, ip, sp, ts) {
        compact!(f, ip, sp, ts, |a, b| a | b)
    }

    fn xor_int(f, ip, sp, ts) {
        compact!(f, ip, sp, ts, |a, b| a ^ b)
    }

    fn lshift_int(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        if !both_compact(l.object(), r.object()) {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        let a = Long::compact_value(l.object().cast());
        let b = Long::compact_value(r.object().cast());
        // Two to the thirtieth shifted by 32 still fits.
        if b as u64 > 32 {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        finish_int::<R>(f, ip, sp, ts, l, r, a.wrapping_shl(b as u32))
    }

    fn rshift_int(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        if !both_compact(l.object(), r.object()) {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        let a = Long::compact_value(l.object().cast());
        let b = Long::compact_value(r.object().cast());
        if b as u64 > 63 {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        finish_int::<R>(f, ip, sp, ts, l, r, a.wrapping_shr(b as u32))
    }

    fn floor_divide_int(f, ip, sp, ts) {
        positive!(f, ip, sp, ts, |a, b| a / b)
    }

    fn remainder_int(f, ip, sp, ts) {
        positive!(f, ip, sp, ts, |a, b| a % b)
    }
}

out_of_line_handlers! {
    /// `//` and `%` of compact ints one of which is negative, or the right one zero.
    fn divide_signed(f, ip, sp, ts) {
        let a = Long::compact_value((*sp.sub(2)).object().cast());
        let b = Long::compact_value((*sp.sub(1)).object().cast());
        if b == 0 {
            return binary_miss::<R>(f, ip, sp, ts);
        }
        let (mut quotient, mut remainder) = (a / b, a % b);
        if remainder != 0 && (remainder < 0) != (b < 0) {
            quotient -= 1;
            remainder += b;
        }
        let operation = base(ip).oparg % super::nb::INPLACE;
        let value = if operation == super::nb::REMAINDER { remainder } else { quotient };
        finish_int_out_of_line::<R>(f, ip, sp, ts, value)
    }
}
