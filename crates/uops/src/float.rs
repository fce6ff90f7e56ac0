//! Floats.
use crate::layout::*;
use crate::{Bool, F64, Obj, Step, opaque, read};
use uop_macros::uop;

/// The value of an exact `float`.
#[uop(pure)]
#[inline(always)]
pub unsafe fn unbox_f64(object: Obj) -> F64 {
    // SAFETY: `object` is an exact float.
    unsafe { read::<f64>(object, FLOAT_VALUE) }
}

/// Sum.
#[uop(pure)]
#[inline(always)]
pub fn float_add(a: F64, b: F64) -> F64 {
    a + b
}

/// Difference.
#[uop(pure)]
#[inline(always)]
pub fn float_sub(a: F64, b: F64) -> F64 {
    a - b
}

/// Product.
#[uop(pure)]
#[inline(always)]
pub fn float_mul(a: F64, b: F64) -> F64 {
    a * b
}

/// Quotient; leaves when the divisor is zero.
#[uop(pure)]
#[inline(always)]
pub fn float_div(a: F64, b: F64) -> Step<F64> {
    if b.to_bits() << 1 == 0 { Step::Exit } else { Step::Next(a / b) }
}

/// Negation.
#[uop(pure)]
#[inline(always)]
pub fn float_neg(a: F64) -> F64 {
    f64::from_bits(a.to_bits() ^ opaque(1 << 63).to_bits())
}

/// Absolute value.
#[uop(pure)]
#[inline(always)]
pub fn float_abs(a: F64) -> F64 {
    f64::from_bits(a.to_bits() & opaque(u64::MAX >> 1).to_bits())
}

/// `a < b`, false with a NaN.
#[uop(pure)]
#[inline(always)]
pub fn float_lt(a: F64, b: F64) -> Bool {
    (a < b) as u64
}

/// `a <= b`, false with a NaN.
#[uop(pure)]
#[inline(always)]
pub fn float_le(a: F64, b: F64) -> Bool {
    (a <= b) as u64
}

/// `a == b`, false with a NaN.
#[uop(pure)]
#[inline(always)]
pub fn float_eq(a: F64, b: F64) -> Bool {
    (a == b) as u64
}

/// `a != b`, true with a NaN.
#[uop(pure)]
#[inline(always)]
pub fn float_ne(a: F64, b: F64) -> Bool {
    (a != b) as u64
}

/// Leaves unless `a < b`.
#[uop(pure)]
#[inline(always)]
pub fn guard_float_lt(a: F64, b: F64) -> Step<()> {
    if a < b { Step::Next(()) } else { Step::Exit }
}

/// Leaves unless `a <= b`.
#[uop(pure)]
#[inline(always)]
pub fn guard_float_le(a: F64, b: F64) -> Step<()> {
    if a <= b { Step::Next(()) } else { Step::Exit }
}

/// Leaves if `a < b`; a NaN passes.
#[uop(pure)]
#[inline(always)]
pub fn guard_float_not_lt(a: F64, b: F64) -> Step<()> {
    if a < b { Step::Exit } else { Step::Next(()) }
}

/// Leaves if `a <= b`; a NaN passes.
#[uop(pure)]
#[inline(always)]
pub fn guard_float_not_le(a: F64, b: F64) -> Step<()> {
    if a <= b { Step::Exit } else { Step::Next(()) }
}
