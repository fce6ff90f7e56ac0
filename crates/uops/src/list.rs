//! Lists and tuples: lengths and items. Loads give borrowed references.
use crate::layout::*;
use crate::{I64, Imm32, Obj, Ptr, read, write};
use uop_macros::uop;

/// Length of an exact list.
#[uop(reads(ListLen))]
#[inline(always)]
pub unsafe fn list_len(list: Obj) -> I64 {
    // SAFETY: `list` is a live exact list.
    unsafe { read::<i64>(list, VAR_SIZE) }
}

/// The list's item array; valid until the list changes size.
#[uop(reads(ListLen))]
#[inline(always)]
pub unsafe fn list_items(list: Obj) -> Ptr {
    // SAFETY: `list` is a live exact list.
    unsafe { read::<u64>(list, LIST_ITEMS) }
}

/// Item `index` of an item array; the index is in range.
#[uop(reads(ListItems))]
#[inline(always)]
pub unsafe fn load_item(items: Ptr, index: I64) -> Obj {
    // SAFETY: the trace checked the index against the length.
    unsafe { read::<u64>(items + 8 * index as u64, 0) }
}

/// Overwrites item `index` with an owned reference; the old item must be dealt with.
#[uop(writes(ListItems))]
#[inline(always)]
pub unsafe fn store_item(items: Ptr, index: I64, value: Obj) {
    // SAFETY: as for load_item.
    unsafe { write::<u64>(items + 8 * index as u64, 0, value) }
}

/// Length of an exact tuple.
#[uop(pure)]
#[inline(always)]
pub unsafe fn tuple_len(tuple: Obj) -> I64 {
    // SAFETY: `tuple` is a live exact tuple.
    unsafe { read::<i64>(tuple, VAR_SIZE) }
}

/// Item at byte offset `offset` of the tuple's item array.
#[uop(pure)]
#[inline(always)]
pub unsafe fn tuple_item(tuple: Obj, offset: Imm32) -> Obj {
    // SAFETY: the trace checked the length.
    unsafe { read::<u64>(tuple, TUPLE_ITEMS + offset as isize) }
}

/// Sets an item of a tuple that was just made, with an owned reference; item as for [`tuple_item`].
#[uop(writes(NewTuple))]
#[inline(always)]
pub unsafe fn init_tuple_item(tuple: Obj, value: Obj, offset: Imm32) {
    // SAFETY: the tuple has that many items, and nobody else knows it yet.
    unsafe { write::<u64>(tuple, TUPLE_ITEMS + offset as isize, value) }
}

/// Item `index` of an exact tuple; the index is in range.
#[uop(pure)]
#[inline(always)]
pub unsafe fn tuple_item_at(tuple: Obj, index: I64) -> Obj {
    // SAFETY: the trace checked the index against the length.
    unsafe { read::<u64>(tuple + 8 * index as u64, TUPLE_ITEMS) }
}
