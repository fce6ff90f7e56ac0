//! Integers: unboxing, and arithmetic in 64 bits that leaves the trace where the result does not fit.
use crate::layout::*;
use crate::{Bool, F64, I64, Imm64, Obj, Step, read};
use uop_macros::uop;

/// An exact `int` of at most one digit.
#[uop(pure)]
#[inline(always)]
pub unsafe fn guard_compact(object: Obj) -> Step<()> {
    // SAFETY: `object` is an exact int.
    if unsafe { read::<u64>(object, LONG_TAG) } < LONG_COMPACT_END { Step::Next(()) } else { Step::Exit }
}

/// The value of a compact `int`.
#[uop(pure)]
#[inline(always)]
pub unsafe fn unbox_compact(object: Obj) -> I64 {
    // SAFETY: `object` is an exact, compact int.
    unsafe { (1 - (read::<u64>(object, LONG_TAG) & 3) as i64) * read::<u32>(object, LONG_DIGIT) as i64 }
}

/// Sum; leaves when it does not fit 64 bits.
#[uop(pure, commutes)]
#[inline(always)]
pub fn int_add(a: I64, b: I64) -> Step<I64> {
    match a.overflowing_add(b) {
        (v, false) => Step::Next(v),
        _ => Step::Exit,
    }
}

/// Difference; leaves when it does not fit 64 bits.
#[uop(pure)]
#[inline(always)]
pub fn int_sub(a: I64, b: I64) -> Step<I64> {
    match a.overflowing_sub(b) {
        (v, false) => Step::Next(v),
        _ => Step::Exit,
    }
}

/// Product; leaves when it does not fit 64 bits.
#[uop(pure, commutes)]
#[inline(always)]
pub fn int_mul(a: I64, b: I64) -> Step<I64> {
    match a.overflowing_mul(b) {
        (v, false) => Step::Next(v),
        _ => Step::Exit,
    }
}

/// Sum that is known to fit.
#[uop(pure, commutes)]
#[inline(always)]
pub fn int_add_nowrap(a: I64, b: I64) -> I64 {
    a.wrapping_add(b)
}

/// Difference that is known to fit.
#[uop(pure)]
#[inline(always)]
pub fn int_sub_nowrap(a: I64, b: I64) -> I64 {
    a.wrapping_sub(b)
}

/// Product that is known to fit.
#[uop(pure, commutes)]
#[inline(always)]
pub fn int_mul_nowrap(a: I64, b: I64) -> I64 {
    a.wrapping_mul(b)
}

/// Negation; leaves on the least integer.
#[uop(pure)]
#[inline(always)]
pub fn int_neg(a: I64) -> Step<I64> {
    match 0i64.overflowing_sub(a) {
        (v, false) => Step::Next(v),
        _ => Step::Exit,
    }
}

/// `a // b` rounded down; leaves when `b` is 0 or -1 (the quotient of the least integer does not fit).
#[uop(pure)]
#[inline(always)]
pub fn int_floordiv(a: I64, b: I64) -> Step<I64> {
    if b == 0 || b == -1 {
        return Step::Exit;
    }
    let q = a.wrapping_div(b);
    let r = a.wrapping_rem(b);
    Step::Next(q - ((r != 0 && (r ^ b) < 0) as i64))
}

/// `a % b` with the sign of `b`; leaves when `b` is 0 or -1.
#[uop(pure)]
#[inline(always)]
pub fn int_mod(a: I64, b: I64) -> Step<I64> {
    if b == 0 || b == -1 {
        return Step::Exit;
    }
    let r = a.wrapping_rem(b);
    Step::Next(if r != 0 && (r ^ b) < 0 { r + b } else { r })
}

/// Bitwise and.
#[uop(pure, commutes)]
#[inline(always)]
pub fn int_and(a: I64, b: I64) -> I64 {
    a & b
}

/// Bitwise or.
#[uop(pure, commutes)]
#[inline(always)]
pub fn int_or(a: I64, b: I64) -> I64 {
    a | b
}

/// Bitwise exclusive or.
#[uop(pure, commutes)]
#[inline(always)]
pub fn int_xor(a: I64, b: I64) -> I64 {
    a ^ b
}

/// Bitwise complement.
#[uop(pure)]
#[inline(always)]
pub fn int_invert(a: I64) -> I64 {
    !a
}

/// `a << b`; leaves when `b` is not in 0..=62 or the result does not fit.
#[uop(pure)]
#[inline(always)]
pub fn int_shl(a: I64, b: I64) -> Step<I64> {
    if b as u64 > 62 {
        return Step::Exit;
    }
    let v = a.wrapping_shl(b as u32);
    if v.wrapping_shr(b as u32) == a { Step::Next(v) } else { Step::Exit }
}

/// `a >> b`; leaves when `b` is not in 0..=63.
#[uop(pure)]
#[inline(always)]
pub fn int_shr(a: I64, b: I64) -> Step<I64> {
    if b as u64 > 63 { Step::Exit } else { Step::Next(a.wrapping_shr(b as u32)) }
}

/// `a < b`.
#[uop(pure)]
#[inline(always)]
pub fn int_lt(a: I64, b: I64) -> Bool {
    (a < b) as u64
}

/// `a <= b`.
#[uop(pure)]
#[inline(always)]
pub fn int_le(a: I64, b: I64) -> Bool {
    (a <= b) as u64
}

/// `a == b`.
#[uop(pure, commutes)]
#[inline(always)]
pub fn int_eq(a: I64, b: I64) -> Bool {
    (a == b) as u64
}

/// `a != b`.
#[uop(pure, commutes)]
#[inline(always)]
pub fn int_ne(a: I64, b: I64) -> Bool {
    (a != b) as u64
}

/// Leaves unless `a < b`.
#[uop(pure)]
#[inline(always)]
pub fn guard_int_lt(a: I64, b: I64) -> Step<()> {
    if a < b { Step::Next(()) } else { Step::Exit }
}

/// Leaves unless `a <= b`.
#[uop(pure)]
#[inline(always)]
pub fn guard_int_le(a: I64, b: I64) -> Step<()> {
    if a <= b { Step::Next(()) } else { Step::Exit }
}

/// Leaves unless `a == b`.
#[uop(pure, commutes)]
#[inline(always)]
pub fn guard_int_eq(a: I64, b: I64) -> Step<()> {
    if a == b { Step::Next(()) } else { Step::Exit }
}

/// Leaves unless `a != b`.
#[uop(pure, commutes)]
#[inline(always)]
pub fn guard_int_ne(a: I64, b: I64) -> Step<()> {
    if a != b { Step::Next(()) } else { Step::Exit }
}

/// The nearest float; leaves where an int of this size would round differently from CPython's (beyond 2^53).
#[uop(pure)]
#[inline(always)]
pub fn int_to_float(a: I64) -> Step<F64> {
    if (a.wrapping_add(1 << 53)) as u64 <= 1 << 54 { Step::Next(a as f64) } else { Step::Exit }
}

/// The float equal to `a`, which is known to be at most 2^53 in magnitude.
#[uop(pure)]
#[inline(always)]
pub fn int_to_float_exact(a: I64) -> F64 {
    a as f64
}

/// The bits of an integer immediate as a truth value: `a != 0`.
#[uop(pure)]
#[inline(always)]
pub fn int_is_true(a: I64) -> Bool {
    (a != 0) as u64
}

/// Leaves unless `a` is in `0..bound` as an unsigned comparison.
#[uop(pure)]
#[inline(always)]
pub fn guard_in_range(a: I64, bound: I64) -> Step<()> {
    if (a as u64) < bound as u64 { Step::Next(()) } else { Step::Exit }
}

/// Leaves unless `a` equals the immediate.
#[uop(pure)]
#[inline(always)]
pub fn guard_int_is(a: I64, value: Imm64) -> Step<()> {
    if a as u64 == value { Step::Next(()) } else { Step::Exit }
}

/// `a if a >= 0 else a + n`: a Python index before its range check.
#[uop(pure)]
#[inline(always)]
pub fn wrap_index(a: I64, n: I64) -> I64 {
    if a < 0 { a.wrapping_add(n) } else { a }
}
