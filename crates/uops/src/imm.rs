//! Forms of other uops with a constant operand, which codegen selects. Nothing else makes them.
use crate::layout::*;
use crate::{Bool, Cx, I64, Imm32, Imm64, Obj, Ptr, Step, opaque_int, read, write};
use uop_macros::uop;

/// `int_add` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn int_add_imm(a: I64, b: Imm32) -> Step<I64> {
    match a.overflowing_add(b as i64) {
        (v, false) => Step::Next(v),
        _ => Step::Exit,
    }
}

/// `int_mul` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn int_mul_imm(a: I64, b: Imm32) -> Step<I64> {
    match a.overflowing_mul(b as i64) {
        (v, false) => Step::Next(v),
        _ => Step::Exit,
    }
}

/// `int_add_nowrap` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn int_add_nowrap_imm(a: I64, b: Imm32) -> I64 {
    a.wrapping_add(b as i64)
}

/// `int_mul_nowrap` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn int_mul_nowrap_imm(a: I64, b: Imm32) -> I64 {
    a.wrapping_mul(b as i64)
}

/// `int_and` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn int_and_imm(a: I64, b: Imm32) -> I64 {
    a & b as i64
}

/// `int_or` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn int_or_imm(a: I64, b: Imm32) -> I64 {
    a | b as i64
}

/// `int_xor` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn int_xor_imm(a: I64, b: Imm32) -> I64 {
    a ^ b as i64
}

/// `int_shl` by a constant in 0..=62.
#[uop(pure)]
#[inline(always)]
pub fn int_shl_imm(a: I64, count: Imm32) -> Step<I64> {
    let v = a.wrapping_shl(count as u32);
    if v.wrapping_shr(count as u32) == a { Step::Next(v) } else { Step::Exit }
}

/// `int_shr` by a constant in 0..=63.
#[uop(pure)]
#[inline(always)]
pub fn int_shr_imm(a: I64, count: Imm32) -> I64 {
    a.wrapping_shr(count as u32)
}

/// `a % divisor` for a constant divisor above 2 that is no power of two; `reciprocal` is 2^64 / `divisor`, rounded up.
/// Below it the high half of the product is the exact quotient: its error, less than `a / 2^64` of the divisor,
/// cannot reach the next integer.
#[uop(pure)]
#[inline(always)]
pub fn int_mod_imm(a: I64, reciprocal: Imm64, divisor: Imm32) -> I64 {
    let divisor = divisor as i64;
    if (a as u64) < reciprocal {
        let q = ((u128::from(a as u64) * u128::from(reciprocal)) >> 64) as i64;
        return a.wrapping_sub(q.wrapping_mul(divisor));
    }
    let d = opaque_int(divisor);
    // SAFETY: the divisor is above 2.
    unsafe { core::hint::assert_unchecked(d > 2) };
    let r = a.wrapping_rem(d);
    r + (d & r >> 63)
}

/// `a // divisor`; see `int_mod_imm`.
#[uop(pure)]
#[inline(always)]
pub fn int_floordiv_imm(a: I64, reciprocal: Imm64, divisor: Imm32) -> I64 {
    if (a as u64) < reciprocal {
        return ((u128::from(a as u64) * u128::from(reciprocal)) >> 64) as i64;
    }
    let d = opaque_int(divisor as i64);
    // SAFETY: the divisor is above 2.
    unsafe { core::hint::assert_unchecked(d > 2) };
    let r = a.wrapping_rem(d);
    a.wrapping_div(d) + (r >> 63)
}

/// `int_lt` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn int_lt_imm(a: I64, b: Imm32) -> Bool {
    (a < b as i64) as u64
}

/// `int_lt` with a constant on the left.
#[uop(pure)]
#[inline(always)]
pub fn int_gt_imm(a: I64, b: Imm32) -> Bool {
    (a > b as i64) as u64
}

/// `int_eq` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn int_eq_imm(a: I64, b: Imm32) -> Bool {
    (a == b as i64) as u64
}

/// `int_ne` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn int_ne_imm(a: I64, b: Imm32) -> Bool {
    (a != b as i64) as u64
}

/// `guard_int_lt` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn guard_int_lt_imm(a: I64, b: Imm32) -> Step<()> {
    if a < b as i64 { Step::Next(()) } else { Step::Exit }
}

/// `guard_int_lt` with a constant on the left.
#[uop(pure)]
#[inline(always)]
pub fn guard_int_gt_imm(a: I64, b: Imm32) -> Step<()> {
    if a > b as i64 { Step::Next(()) } else { Step::Exit }
}

/// `guard_int_eq` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn guard_int_eq_imm(a: I64, b: Imm32) -> Step<()> {
    if a == b as i64 { Step::Next(()) } else { Step::Exit }
}

/// `guard_int_ne` with a constant.
#[uop(pure)]
#[inline(always)]
pub fn guard_int_ne_imm(a: I64, b: Imm32) -> Step<()> {
    if a != b as i64 { Step::Next(()) } else { Step::Exit }
}

/// `load_item` at a constant byte offset.
#[uop(reads(ListItems))]
#[inline(always)]
pub unsafe fn load_item_at(items: Ptr, offset: Imm32) -> Obj {
    // SAFETY: as for load_item.
    unsafe { read::<u64>(items, offset as isize) }
}

/// `store_item` at a constant byte offset.
#[uop(writes(ListItems))]
#[inline(always)]
pub unsafe fn store_item_at(items: Ptr, value: Obj, offset: Imm32) {
    // SAFETY: as for store_item.
    unsafe { write::<u64>(items, offset as isize, value) }
}

/// `guard_eval_breaker` with a word that fits 32 bits.
#[uop(reads(EvalBreaker))]
#[inline(always)]
pub unsafe fn guard_eval_breaker_small(cx: Cx, expected: Imm32) -> Step<()> {
    // SAFETY: as for guard_eval_breaker.
    let word = unsafe { (read::<u64>(cx, CX_EVAL_BREAKER) as *const u64).read_volatile() };
    if word == expected as i64 as u64 { Step::Next(()) } else { Step::Exit }
}

/// `guard_type` with a type whose address fits 32 bits (an interpreter that is no position-independent executable).
#[uop(pure)]
#[inline(always)]
pub unsafe fn guard_type_small(object: Obj, ty: Imm32) -> Step<()> {
    // SAFETY: as for guard_type.
    if unsafe { read::<u64>(object, TYPE) } == ty as i64 as u64 { Step::Next(()) } else { Step::Exit }
}

/// `guard_is` with an object whose address fits 32 bits.
#[uop(pure)]
#[inline(always)]
pub fn guard_is_small(object: Obj, expected: Imm32) -> Step<()> {
    if object == expected as i64 as u64 { Step::Next(()) } else { Step::Exit }
}

/// `guard_is_not` with an object whose address fits 32 bits.
#[uop(pure)]
#[inline(always)]
pub fn guard_is_not_small(object: Obj, other: Imm32) -> Step<()> {
    if object != other as i64 as u64 { Step::Next(()) } else { Step::Exit }
}

/// `unbox_bool` with `True` at an address that fits 32 bits.
#[uop(pure)]
#[inline(always)]
pub fn unbox_bool_small(object: Obj, true_object: Imm32) -> Bool {
    (object == true_object as i64 as u64) as u64
}
