//! Strings.
use crate::layout::*;
use crate::{Bool, I64, Imm32, Obj, read};
use uop_macros::uop;

/// Length of an exact str.
#[uop(pure)]
#[inline(always)]
pub unsafe fn str_len(text: Obj) -> I64 {
    // SAFETY: `text` is a live str.
    unsafe { read::<i64>(text, STR_LENGTH) }
}

/// Operations on exact strs. Results that are objects are new references; null (without an exception set) where
/// CPython would raise.
#[allow(dead_code, reason = "read as text by uop-table")]
trait Helpers {
    /// Whether two exact strs are equal.
    #[uop(leaf, pure, commutes)]
    fn str_eq(a: Obj, b: Obj) -> Bool;
    /// Below, equal to or above zero, as `a` sorts before, with or after `b`.
    #[uop(leaf, pure)]
    fn str_compare(a: Obj, b: Obj) -> I64;
    /// Whether `part` occurs in `text`: 1 or 0, 2 when memory is exhausted.
    #[uop(leaf, pure)]
    fn str_contains(text: Obj, part: Obj) -> I64;
    /// The character at `index`, which is in range.
    #[uop(leaf, null_exits)]
    fn str_item(text: Obj, index: I64) -> Obj;
    /// `text[start:stop]`.
    #[uop(leaf, null_exits)]
    fn str_slice(text: Obj, start: I64, stop: I64) -> Obj;
    /// `a + b`.
    #[uop(leaf, null_exits)]
    fn str_concat(a: Obj, b: Obj) -> Obj;
    /// `a + b`, in place where nobody else holds `a`, whose reference it takes over.
    #[uop(leaf, null_exits, writes(Strings, Refcounts))]
    fn str_append(a: Obj, b: Obj) -> Obj;
    /// The pieces joined.
    #[uop(leaf, null_exits)]
    fn str_join2(a: Obj, b: Obj) -> Obj;
    /// The pieces joined.
    #[uop(leaf, null_exits)]
    fn str_join3(a: Obj, b: Obj, c: Obj) -> Obj;
    /// The pieces joined.
    #[uop(leaf, null_exits)]
    fn str_join4(a: Obj, b: Obj, c: Obj, d: Obj) -> Obj;
    /// The pieces joined.
    #[uop(leaf, null_exits)]
    fn str_join5(a: Obj, b: Obj, c: Obj, d: Obj, e: Obj) -> Obj;
    /// The pieces joined.
    #[uop(leaf, null_exits)]
    fn str_join6(a: Obj, b: Obj, c: Obj, d: Obj, e: Obj, f: Obj) -> Obj;
    /// `format(value, spec)` of an exact float or str and an exact str.
    #[uop(leaf, null_exits)]
    fn format_plain(value: Obj, spec: Obj) -> Obj;
    /// `str(value)` of an exact float or bool, or None.
    #[uop(leaf, null_exits)]
    fn str_of(value: Obj) -> Obj;
    /// `str(value)` of an int. (CPython's conversion may handle signals.)
    #[uop(leaf, null_exits)]
    fn str_of_int(value: I64) -> Obj;
    /// `format(value, spec)` of an int and a spec of a width, its lowest bit set where zeros fill it: `width * 2 +
    /// zeros`.
    #[uop(leaf, null_exits)]
    fn pad_int(value: I64, spec: Imm32) -> Obj;
}
