//! C functions of builtin types and modules, called directly: those that the recorder's table says run no Python code
//! on operands of the guarded types.
use crate::{F64, I64, Imm32, Imm64, Obj, truncate};
use uop_macros::uop;

/// The integer part of a float between -2**63 and 2**63.
#[uop(pure)]
#[inline(always)]
pub fn float_to_int(x: F64) -> I64 {
    truncate(x)
}

/// Results are new references; null (without an exception set) where the function raised: it has changed nothing.
#[allow(dead_code, reason = "read as text by uop-table")]
trait Helpers {
    /// Calls a `METH_NOARGS` function.
    #[uop(leaf, null_exits)]
    fn call_noargs(receiver: Obj, function: Imm64) -> Obj;
    /// Calls a `METH_O` function.
    #[uop(leaf, null_exits)]
    fn call_o(receiver: Obj, argument: Obj, function: Imm64) -> Obj;
    /// Calls a `METH_FASTCALL` function without arguments.
    #[uop(leaf, null_exits)]
    fn call_fast0(receiver: Obj, function: Imm64) -> Obj;
    /// Calls a `METH_FASTCALL` function with one argument.
    #[uop(leaf, null_exits)]
    fn call_fast1(receiver: Obj, a: Obj, function: Imm64) -> Obj;
    /// Calls a `METH_FASTCALL` function with two arguments.
    #[uop(leaf, null_exits)]
    fn call_fast2(receiver: Obj, a: Obj, b: Obj, function: Imm64) -> Obj;
    /// Calls a `METH_FASTCALL` function with three arguments.
    #[uop(leaf, null_exits)]
    fn call_fast3(receiver: Obj, a: Obj, b: Obj, c: Obj, function: Imm64) -> Obj;
    /// `a op b` (`NB_*` number) by the function of the operands' builtin types.
    #[uop(leaf, null_exits)]
    fn builtin_op(a: Obj, b: Obj, op: Imm32) -> Obj;
    /// The int that an exact str spells in base ten.
    #[uop(leaf, null_exits)]
    fn int_of_str(text: Obj) -> Obj;
    /// The float that an exact str spells.
    #[uop(leaf, null_exits)]
    fn float_of_str(text: Obj) -> Obj;
    /// A function of the C library (its address) from float to float.
    #[uop(leaf, pure)]
    fn libm(x: F64, function: Imm64) -> F64;
}
