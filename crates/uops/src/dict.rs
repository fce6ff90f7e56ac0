//! Dicts and sets. A look-up gives the address of the value's cell, so that reading and then storing under one key
//! looks it up once: cells stay where they are until keys come or go.
use crate::layout::*;
use crate::{I64, Imm64, Obj, Ptr, Step, read, write};
use uop_macros::uop;

/// Number of keys of an exact dict.
#[uop(reads(DictKeys))]
#[inline(always)]
pub unsafe fn dict_len(dict: Obj) -> I64 {
    // SAFETY: `dict` is a live dict.
    unsafe { read::<i64>(dict, DICT_USED) }
}

/// Number of elements of an exact set or frozenset.
#[uop(reads(SetKeys))]
#[inline(always)]
pub unsafe fn set_len(set: Obj) -> I64 {
    // SAFETY: `set` is a live set.
    unsafe { read::<i64>(set, SET_USED) }
}

/// Nobody watches the dict.
#[uop(reads(DictWatched))]
#[inline(always)]
pub unsafe fn guard_dict_unwatched(dict: Obj) -> Step<()> {
    // SAFETY: `dict` is a live dict.
    if unsafe { read::<u8>(dict, DICT_WATCHERS) } == 0 { Step::Next(()) } else { Step::Exit }
}

/// The cell that a look-up found: its answer, which is neither 0 nor 1.
#[uop(pure)]
#[inline(always)]
pub fn dict_cell(found: I64) -> Ptr {
    found as u64
}

/// The value in a cell, borrowed.
#[uop(reads(DictValues))]
#[inline(always)]
pub unsafe fn dict_value(cell: Ptr) -> Obj {
    // SAFETY: the trace checked that the key was found, and no key came or went since.
    unsafe { read::<u64>(cell, 0) }
}

/// Overwrites the value in a cell with an owned reference; the old one must be dealt with.
#[uop(writes(DictValues, Globals))]
#[inline(always)]
pub unsafe fn store_dict_value(cell: Ptr, value: Obj) {
    // SAFETY: as for dict_value.
    unsafe { write::<u64>(cell, 0, value) }
}

/// Look-ups and changes that run no Python code: they compare exact builtin objects only.
#[allow(dead_code, reason = "read as text by uop-table")]
trait Helpers {
    /// Address of the cell of an exact str; 0 where absent, 1 where only Python code could tell.
    #[uop(leaf, reads(DictKeys))]
    fn dict_find_str(dict: Obj, key: Obj) -> I64;
    /// The same for an exact int of this value.
    #[uop(leaf, reads(DictKeys))]
    fn dict_find_int(dict: Obj, key: I64) -> I64;
    /// The same for any object.
    #[uop(leaf, reads(DictKeys))]
    fn dict_find(dict: Obj, key: Obj) -> I64;
    /// The attribute of this name that an instance has in its inline values or dict, borrowed: null where absent, the
    /// object for the end of an iteration where only Python code could tell.
    #[uop(leaf, reads(Attributes, InlineValid, DictKeys, DictValues))]
    fn instance_attribute(object: Obj, name: Imm64) -> Obj;
    /// Adds a key that a look-up found absent. Null when memory is exhausted.
    #[uop(leaf, null_exits, writes(DictKeys, DictValues, Refcounts))]
    fn dict_insert(dict: Obj, key: Obj, value: Obj);
    /// Removes a key that a look-up found and gives its value, owned. The dict's key object is of a harmless type.
    #[uop(leaf, null_exits, writes(DictKeys, DictValues, Refcounts))]
    fn dict_remove(dict: Obj, key: Obj) -> Obj;
    /// Whether a set has a key: 1 or 0, 2 where only Python code could tell.
    #[uop(leaf, reads(SetKeys))]
    fn set_find(set: Obj, key: Obj) -> I64;
    /// Adds a key that a look-up found absent. Null when memory is exhausted.
    #[uop(leaf, null_exits, writes(SetKeys, Refcounts))]
    fn set_insert(set: Obj, key: Obj);
    /// Removes a key that a look-up found, which is of a harmless type.
    #[uop(leaf, null_exits, writes(SetKeys, Refcounts))]
    fn set_remove(set: Obj, key: Obj);
}
