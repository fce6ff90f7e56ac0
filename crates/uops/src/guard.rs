//! Guards on objects and truth values.
use crate::layout::*;
use crate::{Bool, Imm64, Obj, Step, read};
use uop_macros::uop;

/// The object's type is exactly `ty`.
#[uop(pure)]
#[inline(always)]
pub unsafe fn guard_type(object: Obj, ty: Imm64) -> Step<()> {
    // SAFETY: `object` is a live object.
    if unsafe { read::<u64>(object, TYPE) } == ty { Step::Next(()) } else { Step::Exit }
}

/// The object is this very object.
#[uop(pure)]
#[inline(always)]
pub fn guard_is(object: Obj, expected: Imm64) -> Step<()> {
    if object == expected { Step::Next(()) } else { Step::Exit }
}

/// The object is not this very object.
#[uop(pure)]
#[inline(always)]
pub fn guard_is_not(object: Obj, other: Imm64) -> Step<()> {
    if object != other { Step::Next(()) } else { Step::Exit }
}

/// The pointer is not null (a bound local, a present attribute).
#[uop(pure)]
#[inline(always)]
pub fn guard_non_null(object: Obj) -> Step<()> {
    if object != 0 { Step::Next(()) } else { Step::Exit }
}

/// The object is null or has exactly this type.
#[uop(pure)]
#[inline(always)]
pub unsafe fn guard_null_or_type(object: Obj, ty: Imm64) -> Step<()> {
    if object == 0 {
        return Step::Next(());
    }
    // SAFETY: `object` is a live object.
    if unsafe { read::<u64>(object, TYPE) } == ty { Step::Next(()) } else { Step::Exit }
}

/// The truth value is 1.
#[uop(pure)]
#[inline(always)]
pub fn guard_true(value: Bool) -> Step<()> {
    if value != 0 { Step::Next(()) } else { Step::Exit }
}

/// The truth value is 0.
#[uop(pure)]
#[inline(always)]
pub fn guard_false(value: Bool) -> Step<()> {
    if value == 0 { Step::Next(()) } else { Step::Exit }
}

/// The type's version tag is still `version`; for heap types whose layout the trace relies on without a watcher.
#[uop(reads(TypeVersion))]
#[inline(always)]
pub unsafe fn guard_type_version(object: Obj, version: Imm64) -> Step<()> {
    // SAFETY: `object` is a live object and its type is alive with it.
    let found = unsafe { read::<u32>(read::<u64>(object, TYPE), TYPE_VERSION) };
    if found as u64 == version { Step::Next(()) } else { Step::Exit }
}

/// Whether two references are the same object.
#[uop(pure, commutes)]
#[inline(always)]
pub fn same_object(a: Obj, b: Obj) -> Bool {
    (a == b) as u64
}

/// The other truth value.
#[uop(pure)]
#[inline(always)]
pub fn bool_not(value: Bool) -> Bool {
    value ^ 1
}

/// `True` or `False`, whose addresses lie `distance` (of either sign) apart: `False + value * distance`.
#[uop(pure)]
#[inline(always)]
pub fn box_bool(value: Bool, false_object: Imm64, distance: Imm64) -> Obj {
    false_object.wrapping_add(value.wrapping_mul(distance))
}

/// 1 when the object (an exact bool) is `true_object`.
#[uop(pure)]
#[inline(always)]
pub fn unbox_bool(object: Obj, true_object: Imm64) -> Bool {
    (object == true_object) as u64
}

/// An iterator's step gave an item, not `end`. What follows the step is not the same in both cases, so this leaves
/// *behind* the step.
#[uop(pure)]
#[inline(always)]
pub fn guard_more(item: Obj, end: Imm64) -> Step<()> {
    if item != end { Step::Next(()) } else { Step::Exit }
}

/// An iterator's step gave `end`; leaves behind the step with the item.
#[uop(pure)]
#[inline(always)]
pub fn guard_end(item: Obj, end: Imm64) -> Step<()> {
    if item == end { Step::Next(()) } else { Step::Exit }
}
