//! Lists, tuples and bytes beyond their lengths and items.
use crate::{Bool, I64, Imm32, Imm64, Obj};
use uop_macros::uop;

/// Results that are objects are new references; null (without an exception set) where CPython would raise.
#[allow(dead_code, reason = "read as text by uop-table")]
trait Helpers {
    /// A list of this size, to be filled by `store_item` at once.
    #[uop(leaf, null_exits)]
    fn new_list(size: Imm32) -> Obj;
    /// Whether the items of an exact list or tuple are plain (int, float, str, bytes, bool, None, or tuples of those):
    /// nothing that C code does with them, their death included, runs Python code.
    #[uop(leaf, reads(ListItems, ListLen))]
    fn items_plain(sequence: Obj) -> Bool;
    /// Whether an exact list or tuple has an item equal to `value`: 1 or 0, 2 where only Python code could tell.
    #[uop(leaf, reads(ListItems, ListLen))]
    fn sequence_find(sequence: Obj, value: Obj) -> I64;
    /// Whether two objects are equal: 1 or 0, 2 where only Python code could tell.
    #[uop(leaf, pure)]
    fn plain_equal(a: Obj, b: Obj) -> I64;
    /// `list[start:stop]`.
    #[uop(leaf, null_exits)]
    fn list_slice(list: Obj, start: I64, stop: I64) -> Obj;
    /// `tuple[start:stop]`.
    #[uop(leaf, null_exits)]
    fn tuple_slice(tuple: Obj, start: I64, stop: I64) -> Obj;
    /// `bytes[start:stop]`.
    #[uop(leaf, null_exits)]
    fn bytes_slice(bytes: Obj, start: I64, stop: I64) -> Obj;
    /// `tuple(list)` of an exact list.
    #[uop(leaf, null_exits, reads(ListItems, ListLen))]
    fn list_to_tuple(list: Obj) -> Obj;
    /// `bytes[index]`, in range.
    #[uop(leaf, pure)]
    fn bytes_item(bytes: Obj, index: I64) -> I64;
    /// `sequence[start:stop:step]` of an exact list, tuple, str or bytes object. Bit 0 of `absent`: there is no start; bit 1:
    /// no stop.
    #[uop(leaf, null_exits)]
    fn stride_slice(sequence: Obj, start: I64, stop: I64, step: I64, absent: Imm32) -> Obj;
    /// `list[start:stop] = values` for another exact list or a tuple, where what is replaced dies unseen.
    #[uop(leaf, null_exits, writes(ListItems, ListLen, Refcounts))]
    fn list_store_slice(list: Obj, start: I64, stop: I64, values: Obj);
    /// Takes the item at `index`, which is in range, out of a list.
    #[uop(leaf, null_exits, writes(ListItems, ListLen))]
    fn list_pop(list: Obj, index: I64) -> Obj;
    /// `list.insert(index, item)`; takes over one reference to `item`.
    #[uop(leaf, null_exits, writes(ListItems, ListLen, Refcounts))]
    fn list_insert(list: Obj, index: I64, item: Obj);
    /// `list.extend(other)` for another exact list or tuple.
    #[uop(leaf, null_exits, writes(ListItems, ListLen, Refcounts))]
    fn list_extend(list: Obj, other: Obj);
    /// A method of an exact list that changes it and takes no argument (`reverse`, or `clear` where the items are
    /// plain).
    #[uop(leaf, null_exits, writes(ListItems, ListLen, Refcounts))]
    fn list_change(list: Obj, function: Imm64) -> Obj;
}
