//! The uops: one Rust item each, in files by family. See `uop-table` for how these declarations are read.
//!
//! Terms: a *uop* works on SSA values (`Obj`, `I64`, `F64`, `Bool`, `Ptr`), immediates (`Imm32`, `Imm64`) and the
//! context `Cx`, the native frame's base pointer. A body that returns `Step::Exit` leaves the trace through the
//! uop's snapshot.
//!
//! Bodies are compiled twice: into crate `exec` as they stand, and into stencils, where each must compile to
//! straight-line code with forward branches only. So: no panics (no indexing, no `/` or `%` by a value that is
//! not visibly non-zero), no `match` on more than two cases, no calls, no float constants.
//!
//! This crate holds no CPython knowledge but `layout`, which crate `cpython` checks against each version.
#![no_std]
#![allow(clippy::missing_safety_doc, reason = "one contract for all bodies: pointers come from the trace's guards")]

mod attr;
mod body;
mod builtin;
mod dict;
mod float;
mod frame;
mod generator;
mod guard;
mod imm;
mod int;
pub mod layout;
mod list;
mod numbers;
mod refs;
mod sequence;
mod structural;
mod text;

pub use attr::*;
pub use body::*;
pub use builtin::*;
pub use dict::*;
pub use float::*;
pub use frame::*;
pub use generator::*;
pub use guard::*;
pub use imm::*;
pub use int::*;
pub use list::*;
pub use numbers::*;
pub use refs::*;
pub use structural::*;
pub use text::*;

pub type Obj = u64;
pub type Ptr = u64;
pub type I64 = i64;
pub type F64 = f64;
/// 0 or 1.
pub type Bool = u64;
/// An immediate that fits a sign-extended 32-bit field of an instruction. Bodies only cast it: in stencils it is the
/// already extended 64-bit value.
pub type Imm32 = i32;
/// A full 64-bit immediate.
pub type Imm64 = u64;
/// The native frame's base pointer.
pub type Cx = u64;
/// The operands of a variadic structural uop.
pub struct Values;
