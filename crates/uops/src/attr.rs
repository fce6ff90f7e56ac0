//! Fields of instances and of builtin iterators, by byte offset.
use crate::{I64, Imm32, Imm64, Obj, Ptr, Step, read, write};
use uop_macros::uop;

/// The attribute at byte offset `offset` of the instance (inline value or slot), borrowed; null when absent.
#[uop(reads(Attributes))]
#[inline(always)]
pub unsafe fn load_attr(object: Obj, offset: Imm32) -> Obj {
    // SAFETY: the type guard before fixes the object's layout.
    unsafe { read::<u64>(object, offset as isize) }
}

/// Overwrites an attribute with an owned reference; the old one must be dealt with.
#[uop(writes(Attributes))]
#[inline(always)]
pub unsafe fn store_attr(object: Obj, value: Obj, offset: Imm32) {
    // SAFETY: as for load_attr.
    unsafe { write::<u64>(object, offset as isize, value) }
}

/// The instance's attributes are in its inline values: the byte at `offset` (`PyDictValues.valid`) is set.
#[uop(reads(InlineValid))]
#[inline(always)]
pub unsafe fn guard_inline_values(object: Obj, offset: Imm32) -> Step<()> {
    // SAFETY: the type guard before says the type has inline values.
    if unsafe { read::<u8>(object, offset as isize) } != 0 { Step::Next(()) } else { Step::Exit }
}

/// The instance has no materialized `__dict__` (the pointer at `offset` is null).
#[uop(reads(InlineValid))]
#[inline(always)]
pub unsafe fn guard_no_dict(object: Obj, offset: Imm32) -> Step<()> {
    // SAFETY: as for guard_inline_values.
    if unsafe { read::<u64>(object, offset as isize) } == 0 { Step::Next(()) } else { Step::Exit }
}

/// A machine integer field of a builtin object (range iterator: start, step, len; list iterator: index).
#[uop(reads(Fields))]
#[inline(always)]
pub unsafe fn load_field_i64(object: Obj, offset: Imm32) -> I64 {
    // SAFETY: the type guard before fixes the object's layout.
    unsafe { read::<i64>(object, offset as isize) }
}

/// Writes a machine integer field.
#[uop(writes(Fields))]
#[inline(always)]
pub unsafe fn store_field_i64(object: Obj, value: I64, offset: Imm32) {
    // SAFETY: as for load_field_i64.
    unsafe { write::<i64>(object, offset as isize, value) }
}

/// Writes a field that says how far an iterator is. The optimizer leaves such stores pending: nobody reads the field
/// but the iterator's own methods, which run as escapes or as uops that read `Fields`.
#[uop(writes(Fields))]
#[inline(always)]
pub unsafe fn set_field_i64(object: Obj, value: I64, offset: Imm32) {
    // SAFETY: as for load_field_i64.
    unsafe { write::<i64>(object, offset as isize, value) }
}

/// Adds one to a counter of the runtime's.
#[uop(writes(Counters))]
#[inline(always)]
pub unsafe fn count(address: Imm64) {
    // SAFETY: the counter lives as long as the code.
    unsafe { write::<u64>(address, 0, read::<u64>(address, 0) + 1) }
}

/// An object field of a builtin object (a list iterator's list, a bound method's function), borrowed.
#[uop(reads(Fields))]
#[inline(always)]
pub unsafe fn load_field_obj(object: Obj, offset: Imm32) -> Obj {
    // SAFETY: as for load_field_i64.
    unsafe { read::<u64>(object, offset as isize) }
}

/// The object at a fixed address (a watched dict entry's value cell, a cell's contents), borrowed.
#[uop(reads(Globals))]
#[inline(always)]
pub unsafe fn load_at(address: Imm64) -> Obj {
    // SAFETY: the trace's dependencies keep the address valid.
    unsafe { read::<u64>(address, 0) }
}

/// Leaves unless the 64-bit field at `offset` equals `expected` (keys version, code pointer).
#[uop(reads(Fields))]
#[inline(always)]
pub unsafe fn guard_field_is(object: Obj, offset: Imm32, expected: Imm64) -> Step<()> {
    // SAFETY: as for load_field_i64.
    if unsafe { read::<u64>(object, offset as isize) } == expected { Step::Next(()) } else { Step::Exit }
}

/// Overwrites an object field; the reference counts are the recorder's business.
#[uop(writes(Fields))]
#[inline(always)]
pub unsafe fn store_field_obj(object: Obj, value: Obj, offset: Imm32) {
    // SAFETY: as for load_field_i64.
    unsafe { write::<u64>(object, offset as isize, value) }
}

/// The contents of a cell, borrowed; null when empty.
#[uop(reads(Cells))]
#[inline(always)]
pub unsafe fn load_cell(cell: Obj, offset: Imm32) -> Obj {
    // SAFETY: `cell` is a live cell object.
    unsafe { read::<u64>(cell, offset as isize) }
}

/// Overwrites a cell's contents with an owned reference; the old one must be dealt with.
#[uop(writes(Cells))]
#[inline(always)]
pub unsafe fn store_cell(cell: Obj, value: Obj, offset: Imm32) {
    // SAFETY: `cell` is a live cell object.
    unsafe { write::<u64>(cell, offset as isize, value) }
}

/// Overwrites the object at a fixed address with an owned reference; the old one must be dealt with.
#[uop(writes(Globals, DictValues))]
#[inline(always)]
pub unsafe fn store_at(value: Obj, address: Imm64) {
    // SAFETY: the trace's dependencies keep the address valid.
    unsafe { write::<u64>(address, 0, value) }
}

/// Leaves unless the byte at `offset` is `expected` (who watches a dict).
#[uop(reads(Fields))]
#[inline(always)]
pub unsafe fn guard_byte_is(object: Obj, offset: Imm32, expected: Imm32) -> Step<()> {
    // SAFETY: as for load_field_i64.
    if unsafe { read::<u8>(object, offset as isize) } as i64 == expected as i64 { Step::Next(()) } else { Step::Exit }
}

/// The pointer at `offset`, as no object.
#[uop(reads(Fields))]
#[inline(always)]
pub unsafe fn load_field_ptr(object: Obj, offset: Imm32) -> Ptr {
    // SAFETY: as for load_field_i64.
    unsafe { read::<u64>(object, offset as isize) }
}

/// Leaves unless the 64-bit word at `address` is `expected` (the number of entries of a type's shared keys).
#[uop(reads(SharedKeys))]
#[inline(always)]
pub unsafe fn guard_word_at(address: Imm64, expected: Imm64) -> Step<()> {
    // SAFETY: the trace's dependencies keep the address valid.
    if unsafe { read::<u64>(address, 0) } == expected { Step::Next(()) } else { Step::Exit }
}
