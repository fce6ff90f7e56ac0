//! Constants, control and escapes: what has no body. Each consumer (executor, codegen) handles these by hand.
use crate::{Bool, F64, I64, Imm32, Imm64, Obj, Ptr, Values};
use uop_macros::uop;

#[allow(dead_code, reason = "read as text by uop-table")]
pub trait Structural {
    /// An integer constant.
    #[uop(pure)]
    fn const_i64(value: Imm64) -> I64;
    /// A float constant; the immediate holds its bits.
    #[uop(pure)]
    fn const_f64(bits: Imm64) -> F64;
    /// An object constant (immortal, or kept valid by one of the trace's dependencies).
    #[uop(pure)]
    fn const_obj(object: Imm64) -> Obj;
    /// A raw pointer constant.
    #[uop(pure)]
    fn const_ptr(address: Imm64) -> Ptr;
    /// A truth constant.
    #[uop(pure)]
    fn const_bool(value: Imm32) -> Bool;

    /// Entry parameter `index`, an object (bridges and linked entries receive values in registers).
    #[uop]
    fn entry_obj(index: Imm32) -> Obj;
    /// Entry parameter `index`, an integer.
    #[uop]
    fn entry_i64(index: Imm32) -> I64;
    /// Entry parameter `index`, a float.
    #[uop]
    fn entry_f64(index: Imm32) -> F64;

    /// The loop header; operands are the first values of the phis that follow it.
    #[uop]
    fn label(values: Values);
    /// Loop-carried value `index`, an object.
    #[uop]
    fn phi_obj(index: Imm32) -> Obj;
    /// Loop-carried value `index`, an integer.
    #[uop]
    fn phi_i64(index: Imm32) -> I64;
    /// Loop-carried value `index`, a float.
    #[uop]
    fn phi_f64(index: Imm32) -> F64;
    /// Back to the label; operands are the next values of the phis.
    #[uop]
    fn jump(values: Values);
    /// To another executor; operands are its entry parameters. The snapshot is the state to write back first.
    #[uop]
    fn link(executor: Imm32, values: Values);
    /// Leaves the trace through its snapshot.
    #[uop(exits)]
    fn exit();

    /// Runs helper `helper` (an `EscapeHelper` number) with detail `arg` on the operands, all frames materialized
    /// as its "during" snapshot says. The helper consumes the references that its operands own.
    #[uop(escapes, exits)]
    fn escape(helper: Imm32, arg: Imm64, values: Values) -> Obj;

    /// Calls the Python function that the innermost frame of the snapshot is about to begin; the other frames wait for
    /// it. The result is an object. Of a compiled trace `target` numbers function and entry signature, and the operands
    /// are what that entry takes; the innermost frame then has no slots.
    #[uop(escapes, exits)]
    fn call_obj(target: Imm32, values: Values) -> Obj;
    /// As [`call_obj`], of a function that makes an `int` that fits 64 bits, of which nobody has seen the object.
    #[uop(escapes, exits)]
    fn call_i64(target: Imm32, values: Values) -> I64;
    /// As [`call_obj`], of a function that makes a `float` of which nobody has seen the object.
    #[uop(escapes, exits)]
    fn call_f64(target: Imm32, values: Values) -> F64;

    /// Ends the root frame: the `RETURN_VALUE` at `pc` hands `value` over to whoever entered. The frame's memory owns
    /// references in its first `locals` slots at most.
    #[uop(escapes)]
    fn return_obj(value: Obj, pc: Imm32, locals: Imm32);
    /// As [`return_obj`], of an `int` whose object was never made.
    #[uop(escapes)]
    fn return_i64(value: I64, pc: Imm32, locals: Imm32);
    /// As [`return_obj`], of a `float` whose object was never made.
    #[uop(escapes)]
    fn return_f64(value: F64, pc: Imm32, locals: Imm32);
}

/// Calls that neither run Python code nor see frames.
#[allow(dead_code, reason = "read as text by uop-table")]
pub trait Helpers {
    /// A new `int` with this value (a small int where CPython has one). Never null: where memory is exhausted it comes
    /// from a reserve.
    #[uop(leaf)]
    fn box_i64(value: I64) -> Obj;
    /// A new `float` with this value.
    #[uop(leaf)]
    fn box_f64(value: F64) -> Obj;
    /// A new range iterator with these fields. Never null, as `box_i64`.
    #[uop(leaf)]
    fn new_range_iter(start: I64, len: I64, step: I64) -> Obj;

    /// The value of an exact `int` of two digits or more that fits 64 bits; null result of the guard `int_fits_i64`
    /// excludes others.
    #[uop(leaf, pure)]
    fn unbox_wide_int(object: Obj) -> I64;
    /// Whether an exact `int` fits 64 bits.
    #[uop(leaf, pure)]
    fn int_fits_i64(object: Obj) -> Bool;
    /// `x ** y` for floats as CPython's `float_pow` computes the finite, non-raising cases.
    #[uop(leaf, pure)]
    fn float_pow(x: F64, y: F64) -> F64;
    /// The square root of a float that is not negative.
    #[uop(leaf, pure)]
    fn float_sqrt(x: F64) -> F64;
    /// `x // y` for floats, `y` non-zero.
    #[uop(leaf, pure)]
    fn float_floordiv(x: F64, y: F64) -> F64;
    /// `x % y` for floats, `y` non-zero.
    #[uop(leaf, pure)]
    fn float_mod(x: F64, y: F64) -> F64;
    /// Frees an object of a harmless type whose count just reached zero.
    #[uop(leaf, writes(Refcounts))]
    fn dealloc_harmless(object: Obj);
    /// Appends to an exact list; takes over one reference to `item`. Null when memory is exhausted.
    #[uop(leaf, null_exits, writes(ListItems, ListLen, Refcounts))]
    fn list_append(list: Obj, item: Obj);
    /// `range(*args)` for exact ints (absent arguments are null). Null when memory is exhausted or the step is zero.
    #[uop(leaf, null_exits)]
    fn new_range(start: Obj, stop: Obj, step: Obj) -> Obj;
    /// `iter(object)` for an exact range, list, tuple, str, bytes, dict, set or frozenset. Null when memory is
    /// exhausted.
    #[uop(leaf, null_exits)]
    fn new_iterator(object: Obj) -> Obj;
    /// One step of an iterator that can neither run Python code nor raise: an owned item, or the object that stands for
    /// the end. Null (nothing has happened) where it could.
    #[uop(leaf, null_exits, writes(Fields, Refcounts))]
    fn iter_next(iterator: Obj) -> Obj;
    /// A new cell with this content (or null), of which it makes a reference. Null when memory is exhausted.
    #[uop(leaf, null_exits)]
    fn new_cell(content: Obj) -> Obj;
    /// A new function of this code and these globals. Null when memory is exhausted.
    #[uop(leaf, null_exits)]
    fn new_function(code: Obj, globals: Obj) -> Obj;
    /// A new tuple of `len` items, which `init_tuple_item` must all set at once. Null when memory is exhausted.
    #[uop(leaf, null_exits)]
    fn new_tuple(len: Imm32) -> Obj;
    /// Notes that value `index` of the instance's inline values, at byte offset `values_at`, is its newest attribute.
    #[uop(leaf, writes(InsertionOrder))]
    fn add_to_insertion_order(object: Obj, values_at: Imm32, index: Imm32);
    /// Whether the object is a plain instance of `class`, and `count` releases run no Python code though it may die.
    #[uop(leaf, reads(Refcounts, Attributes, InlineValid))]
    fn dies_quietly(object: Obj, count: Imm32, class: Imm64) -> Bool;
    /// A new instance of a class that inherits `object.__new__`. Null when memory is exhausted.
    #[uop(leaf, null_exits)]
    fn new_instance(class: Obj) -> Obj;
    /// A new empty dict. Null when memory is exhausted.
    #[uop(leaf, null_exits)]
    fn new_dict() -> Obj;
    /// Arithmetic `op` (`NB_*` number) on two exact ints of any size. Null, without an exception set, where CPython
    /// would raise.
    #[uop(leaf, null_exits)]
    fn big_int_op(a: Obj, b: Obj, op: Imm32) -> Obj;
    /// Comparison `op` (`Py_LT`..) of two exact ints of any size.
    #[uop(leaf, pure)]
    fn big_int_compare(a: Obj, b: Obj, op: Imm32) -> Bool;
}
