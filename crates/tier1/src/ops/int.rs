//! Arithmetic on ints of one digit. Whatever does not fit is left to [`binary`](super::binary).

use cpython::abi::*;

use super::binary::binary_miss;
use super::locals::release_and_go;
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::Inst;

/// A digit's values: below two to the thirtieth.
const DIGIT: u64 = 1 << LONG_SHIFT;

#[inline(always)]
pub(crate) unsafe fn int_fits_digit(value: i64) -> bool {
    value.wrapping_add(DIGIT as i64 - 1) as u64 <= 2 * DIGIT - 2
}

/// Bits of a non-negative int of at most one digit: zero, static, one digit.
pub(crate) const NON_NEGATIVE_TAG: usize = 1 | 4 | 1 << LONG_NON_SIZE_BITS;

/// What a negative int of one digit has for its tag.
pub(crate) const NEGATIVE_DIGIT_TAG: usize = 1 << LONG_NON_SIZE_BITS | 2;

/// Whether both are ints (not of a subclass) of at most one digit, and neither is negative: the values are their
/// digits.
#[inline(always)]
pub(crate) unsafe fn both_digits(l: *mut Object, r: *mut Object) -> bool {
    // SAFETY: as above.
    unsafe {
        (*l).ob_type == long_type()
            && (*r).ob_type == long_type()
            && ((*l.cast::<Long>()).lv_tag | (*r.cast::<Long>()).lv_tag) & !NON_NEGATIVE_TAG == 0
    }
}

/// The digit of a non-negative compact int.
#[inline(always)]
pub(crate) unsafe fn digit(op: *mut Object) -> i64 {
    // SAFETY: the caller's.
    unsafe { (*op.cast::<Long>()).ob_digit[0] as i64 }
}

/// Stores a value of one digit that is not among the small ints.
#[inline(always)]
pub(crate) unsafe fn set_int(op: *mut Object, value: i64) {
    // SAFETY: the caller owns the object, an int with room for a digit.
    unsafe {
        let long: *mut Long = op.cast();
        (*long).lv_tag = if value < 0 { NEGATIVE_DIGIT_TAG } else { 1 << LONG_NON_SIZE_BITS };
        (*long).ob_digit[0] = value.unsigned_abs() as u32;
    }
}

/// An unused int off the free list; null if there is none to be had without a call.
#[inline(always)]
pub(crate) unsafe fn fresh_int(ts: *mut ThreadState) -> *mut Object {
    // SAFETY: the list holds dead ints.
    unsafe {
        if !free_lists_usable() {
            return core::ptr::null_mut();
        }
        // A dead int keeps its type.
        free_list_pop(&raw mut (*(*ts).interp).free_ints)
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
        let sp = anew(sp);
        let out = sp.sub(2);
        if l.0 & r.0 & TAG_REFCNT != 0 {
            if is_small_int(value) {
                *out = small_int_ref(value);
            } else {
                let op = if int_fits_digit(value) { fresh_int(ts) } else { core::ptr::null_mut() };
                if op.is_null() {
                    return replace_ints::<R>(f, ip, sp, ts, value);
                }
                set_int(op, value);
                *out = StackRef::steal_mortal(op);
            }
            return go::<R>(f, ip.add(6), sp.sub(1), ts);
        }
        let temporary = if l.is_counted() { l } else { r };
        if (l.0 | r.0) & TAG_REFCNT == 0 || (*temporary.object()).ob_refcnt != 1 || !int_fits_digit(value) {
            return replace_ints::<R>(f, ip, sp, ts, value);
        }
        if is_small_int(value) {
            let list = &raw mut (*(*ts).interp).free_ints;
            if !free_lists_usable() || !free_list_push(list, temporary.object(), INTS_MAXFREELIST) {
                return replace_ints::<R>(f, ip, sp, ts, value);
            }
            *out = small_int_ref(value);
            return go::<R>(f, ip.add(6), sp.sub(1), ts);
        }
        set_int(temporary.object(), value);
        *out = temporary;
        go::<R>(f, ip.add(6), sp.sub(1), ts)
    }
}

macro_rules! digits {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, |$a:ident, $b:ident| $value:expr) => {{
        let (l, r) = (*$sp.sub(2), *$sp.sub(1));
        if !both_digits(l.object(), r.object()) {
            return int_out_of_line::<R>($f, $ip, $sp, $ts);
        }
        let ($a, $b) = (digit(l.object()), digit(r.object()));
        finish_int::<R>($f, $ip, $sp, $ts, l, r, $value)
    }};
}

/// As `digits`, with the right operand in a range.
macro_rules! digits_in {
    ($f:ident, $ip:ident, $sp:ident, $ts:ident, $range:expr, |$a:ident, $b:ident| $value:expr) => {{
        let (l, r) = (*$sp.sub(2), *$sp.sub(1));
        if !both_digits(l.object(), r.object()) {
            return int_out_of_line::<R>($f, $ip, $sp, $ts);
        }
        let $b = digit(r.object()) as u32;
        if !$range.contains(&$b) {
            return int_out_of_line::<R>($f, $ip, $sp, $ts);
        }
        let $a = digit(l.object());
        finish_int::<R>($f, $ip, $sp, $ts, l, r, $value)
    }};
}

handlers! {
    fn add_int(f, ip, sp, ts) {
        digits!(f, ip, sp, ts, |a, b| a.wrapping_add(b))
    }

    fn subtract_int(f, ip, sp, ts) {
        digits!(f, ip, sp, ts, |a, b| a.wrapping_sub(b))
    }

    fn multiply_int(f, ip, sp, ts) {
        digits!(f, ip, sp, ts, |a, b| a.wrapping_mul(b))
    }

    fn and_int(f, ip, sp, ts) {
        digits!(f, ip, sp, ts, |a, b| a & b)
    }

    fn or_int(f, ip, sp, ts) {
        digits!(f, ip, sp, ts, |a, b| a | b)
    }

    fn xor_int(f, ip, sp, ts) {
        digits!(f, ip, sp, ts, |a, b| a ^ b)
    }

    fn lshift_int(f, ip, sp, ts) {
        // Two to the thirtieth shifted by 32 still fits.
        digits_in!(f, ip, sp, ts, (0..33), |a, b| a.wrapping_shl(b))
    }

    fn rshift_int(f, ip, sp, ts) {
        digits_in!(f, ip, sp, ts, (0..64), |a, b| a.wrapping_shr(b))
    }

    fn floor_divide_int(f, ip, sp, ts) {
        digits_in!(f, ip, sp, ts, (1..u32::MAX), |a, b| (a as u32 / b) as i64)
    }

    fn remainder_int(f, ip, sp, ts) {
        digits_in!(f, ip, sp, ts, (1..u32::MAX), |a, b| (a as u32 % b) as i64)
    }
}

/// The operation on ints of 64 bits, if the result is one as well.
pub(crate) unsafe fn wide_operation(operation: u32, a: i64, b: i64) -> Option<i64> {
    match operation {
        nb::ADD => a.checked_add(b),
        nb::SUBTRACT => a.checked_sub(b),
        nb::MULTIPLY => a.checked_mul(b),
        nb::AND => Some(a & b),
        nb::OR => Some(a | b),
        nb::XOR => Some(a ^ b),
        nb::LSHIFT if (0..63).contains(&b) => (a << b >> b == a).then_some(a << b),
        nb::RSHIFT if b >= 0 => Some(a >> b.min(63)),
        nb::FLOOR_DIVIDE if b != 0 => {
            let quotient = a.checked_div(b)?;
            Some(quotient - (a % b != 0 && (a < 0) != (b < 0)) as i64)
        }
        nb::REMAINDER if b != 0 => {
            let remainder = a.wrapping_rem(b);
            Some(if remainder != 0 && (remainder < 0) != (b < 0) { remainder + b } else { remainder })
        }
        _ => None,
    }
}

continuations! {
    /// Ints that are negative or have more than one digit, or whatever else it is.
    fn int_out_of_line(f, ip, sp, ts) {
        let (l, r) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        if (*l).ob_type == long_type()
            && (*r).ob_type == long_type()
            && let (Some(a), Some(b)) = (Long::to_i64(l.cast()), Long::to_i64(r.cast()))
            && let operation = special::plain_operator(base(ip).oparg)
            && let Some(value) = wide_operation(operation, a, b)
        {
            if operation == nb::REMAINDER && value == a && a.unsigned_abs() < Long::kept_by_remainder(b) {
                return keep_left::<R>(f, ip, sp, ts);
            }
            return replace_ints::<R>(f, ip, sp, ts, value);
        }
        binary_miss::<R>(f, ip, sp, ts)
    }
}

out_of_line_handlers! {
    /// Replaces the two operands, both ints, by the left one.
    fn keep_left(f, ip, sp, ts) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        *sp.sub(2) = l.heap_safe();
        // Ints die unobserved.
        r.close();
        go::<R>(f, ip.add(6), sp.sub(1), ts)
    }
}

continuations! {
    /// Replaces the two operands, both ints, by the int `value`. Nothing here calls anything.
    fn replace_ints(f, ip, sp, ts, value: i64) {
        let (l, r) = (*sp.sub(2), *sp.sub(1));
        let is_small = is_small_int(value);
        if dies_with(l) {
            // It becomes the result, or goes back to its list.
            let op = l.object();
            let usable =
                if is_small { release_number(ts, op) } else { int_fits_digit(value) && Long::is_compact(op.cast()) };
            if !usable {
                return replace_ints_out_of_line::<R>(f, ip, sp, ts, value);
            }
            if is_small {
                *sp.sub(2) = small_int_ref(value);
            } else {
                set_int(op, value);
            }
        } else {
            let result = if is_small {
                small_int_ref(value)
            } else {
                let op = if int_fits_digit(value) { fresh_int(ts) } else { core::ptr::null_mut() };
                if op.is_null() {
                    return replace_ints_out_of_line::<R>(f, ip, sp, ts, value);
                }
                set_int(op, value);
                StackRef::steal_mortal(op)
            };
            l.close_shared();
            *sp.sub(2) = result;
        }
        release_and_go!(f, ip, sp.sub(1), ts, r, 6)
    }

    /// The same in general.
    fn replace_ints_out_of_line(f, ip, sp, ts, value: i64) {
        let result = if is_small_int(value) {
            small_int_ref(value)
        } else {
            let mut op = if int_fits_digit(value) { fresh_int(ts) } else { core::ptr::null_mut() };
            if op.is_null() {
                save(f, ip, sp);
                op = PyLong_FromLongLong(value);
                if op.is_null() {
                    return error::<R>(f, ip, sp, ts);
                }
            } else {
                set_int(op, value);
            }
            StackRef::steal_mortal(op)
        };
        for operand in [sp.sub(2), sp.sub(1)] {
            let op = (*operand).object();
            if (*operand).is_counted() {
                (*op).ob_refcnt = (*op).ob_refcnt.wrapping_sub(1);
                if (*op).ob_refcnt == 0 && !release_number(ts, op) {
                    _Py_Dealloc(op);
                }
            }
        }
        *sp.sub(2) = result;
        go::<R>(f, ip.add(6), sp.sub(1), ts)
    }
}
