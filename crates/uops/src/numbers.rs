//! Items of arrays of machine numbers (`array.array`, `bytearray`), by their address and index.
//!
//! The index is in range: the trace checked it against the length. Stores of narrow items take the value modulo their
//! width; the trace checked that it fits.
use crate::layout::VAR_SIZE;
use crate::{F64, I64, Imm32, Obj, Ptr, read, write};
use uop_macros::uop;

/// Length of such an array.
#[uop(reads(NumbersLen))]
#[inline(always)]
pub unsafe fn numbers_len(array: Obj) -> I64 {
    // SAFETY: the type guard before says that `array` has its length where every variable-sized object has it.
    unsafe { read::<i64>(array, VAR_SIZE) }
}

/// Address of the items; valid until the array changes size.
#[uop(reads(NumbersLen))]
#[inline(always)]
pub unsafe fn numbers_at(array: Obj, offset: Imm32) -> Ptr {
    // SAFETY: the type guard before fixes the object's layout.
    unsafe { read::<u64>(array, offset as isize) }
}

/// The signed byte at `index`.
#[uop(reads(Numbers))]
#[inline(always)]
pub unsafe fn load_i8(items: Ptr, index: I64) -> I64 {
    // SAFETY: the index is in range.
    i64::from(unsafe { read::<i8>(items + index as u64, 0) })
}

/// The byte at `index`.
#[uop(reads(Numbers))]
#[inline(always)]
pub unsafe fn load_u8(items: Ptr, index: I64) -> I64 {
    // SAFETY: the index is in range.
    i64::from(unsafe { read::<u8>(items + index as u64, 0) })
}

/// The signed 16-bit integer at `index`.
#[uop(reads(Numbers))]
#[inline(always)]
pub unsafe fn load_i16(items: Ptr, index: I64) -> I64 {
    // SAFETY: the index is in range.
    i64::from(unsafe { read::<i16>(items + 2 * index as u64, 0) })
}

/// The 16-bit integer at `index`.
#[uop(reads(Numbers))]
#[inline(always)]
pub unsafe fn load_u16(items: Ptr, index: I64) -> I64 {
    // SAFETY: the index is in range.
    i64::from(unsafe { read::<u16>(items + 2 * index as u64, 0) })
}

/// The signed 32-bit integer at `index`.
#[uop(reads(Numbers))]
#[inline(always)]
pub unsafe fn load_i32(items: Ptr, index: I64) -> I64 {
    // SAFETY: the index is in range.
    i64::from(unsafe { read::<i32>(items + 4 * index as u64, 0) })
}

/// The 32-bit integer at `index`.
#[uop(reads(Numbers))]
#[inline(always)]
pub unsafe fn load_u32(items: Ptr, index: I64) -> I64 {
    // SAFETY: the index is in range.
    i64::from(unsafe { read::<u32>(items + 4 * index as u64, 0) })
}

/// The signed 64-bit integer at `index`.
#[uop(reads(Numbers))]
#[inline(always)]
pub unsafe fn load_i64(items: Ptr, index: I64) -> I64 {
    // SAFETY: the index is in range.
    unsafe { read::<i64>(items + 8 * index as u64, 0) }
}

/// The single-precision float at `index`.
#[uop(reads(Numbers))]
#[inline(always)]
pub unsafe fn load_f32(items: Ptr, index: I64) -> F64 {
    // SAFETY: the index is in range.
    f64::from(unsafe { read::<f32>(items + 4 * index as u64, 0) })
}

/// The float at `index`.
#[uop(reads(Numbers))]
#[inline(always)]
pub unsafe fn load_f64(items: Ptr, index: I64) -> F64 {
    // SAFETY: the index is in range.
    unsafe { read::<f64>(items + 8 * index as u64, 0) }
}

/// Stores an integer of 8 bits at `index`.
#[uop(writes(Numbers))]
#[inline(always)]
pub unsafe fn store_i8(items: Ptr, index: I64, value: I64) {
    // SAFETY: the index is in range.
    unsafe { write::<u8>(items + index as u64, 0, value as u8) }
}

/// Stores an integer of 16 bits at `index`.
#[uop(writes(Numbers))]
#[inline(always)]
pub unsafe fn store_i16(items: Ptr, index: I64, value: I64) {
    // SAFETY: the index is in range.
    unsafe { write::<u16>(items + 2 * index as u64, 0, value as u16) }
}

/// Stores an integer of 32 bits at `index`.
#[uop(writes(Numbers))]
#[inline(always)]
pub unsafe fn store_i32(items: Ptr, index: I64, value: I64) {
    // SAFETY: the index is in range.
    unsafe { write::<u32>(items + 4 * index as u64, 0, value as u32) }
}

/// Stores an integer of 64 bits at `index`.
#[uop(writes(Numbers))]
#[inline(always)]
pub unsafe fn store_i64(items: Ptr, index: I64, value: I64) {
    // SAFETY: the index is in range.
    unsafe { write::<i64>(items + 8 * index as u64, 0, value) }
}

/// Stores a float, rounded to single precision, at `index`.
#[uop(writes(Numbers))]
#[inline(always)]
pub unsafe fn store_f32(items: Ptr, index: I64, value: F64) {
    // SAFETY: the index is in range.
    unsafe { write::<f32>(items + 4 * index as u64, 0, value as f32) }
}

/// Stores a float at `index`.
#[uop(writes(Numbers))]
#[inline(always)]
pub unsafe fn store_f64(items: Ptr, index: I64, value: F64) {
    // SAFETY: the index is in range.
    unsafe { write::<f64>(items + 8 * index as u64, 0, value) }
}
