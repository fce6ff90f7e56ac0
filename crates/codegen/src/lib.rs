//! Trace and stencils to machine code: constant selection, register allocation, patching, the code arena.
//!
//! [`compile`] turns an [`ir::Trace`] into [`Compiled`] code in an [`Arena`]. The runtime enters it through
//! [`Arena::enter`], is called back at exits and escapes ([`abi::OnExit`], [`abi::OnEscape`]), and finds in
//! [`Compiled::exits`] where each value of an exit's snapshot is. A hot exit is later patched to jump to a bridge
//! ([`Arena::patch_exit`]), whose entry parameters start where the exit left them.
pub mod abi;
mod alloc;
mod arena;
mod asm;
mod calls;
#[cfg(debug_assertions)]
mod check;
mod compile;
mod dump;
mod emit;
mod emit_escape;
pub mod escape;
mod lir;
mod live;
mod moves;
mod reclaim;
mod regs;
mod select;
mod target;

/// Registers in which native calls pass integers and objects, in order, by hardware number.
pub const CALL_GPRS: [u8; 8] = [6, 7, 8, 9, 10, 11, 3, 12];
/// Registers in which native calls pass floats.
pub const CALL_FPRS: [u8; 8] = [3, 4, 5, 6, 7, 8, 9, 10];

pub use abi::{Loc, NativeFrame};
pub use arena::{Arena, ArenaError, Callbacks, CodeRange};
pub use compile::{Workspace, compile};
pub use dump::dump;
use ir::{SnapId, Trace, Uop, ValueId};
pub use reclaim::Activation;

use crate::escape::Recipe;

/// What the compiler asks of the runtime.
pub trait Env {
    /// Address of the C-ABI (`sysv64`) function behind a call uop.
    fn helper(&self, uop: Uop) -> usize;
    /// Where a bridge's entry parameters are at the parent's exit, one per [`Trace::entry`]. `None` for a root: the
    /// compiler chooses and answers in [`Compiled::entry_locs`].
    fn entry_locs(&self, trace: &Trace) -> Option<Vec<Loc>>;
    /// Where to jump for `link executor`, or `None` when it is gone (the link is then an ordinary exit).
    fn link_target(&self, executor: u32) -> Option<LinkTarget>;
    /// Global id of the first of this trace's `count` exits; exit `i` reports `first_exit_id + i`.
    fn first_exit_id(&self, count: usize) -> u32;
    /// Global id of the first of this trace's escapes; escape `i` reports `first_escape_id + i`.
    fn first_escape_id(&self, count: usize) -> u32;
    /// How to run the escape `inst` of `trace` in machine code. `None`: by [`Callbacks::on_escape`].
    fn recipe(&self, trace: &Trace, inst: u32) -> Option<Recipe<ValueId>>;
    /// Global id of the first of this trace's native calls; call `i` leaves `first_call_id + i` in the native frame.
    fn first_call_id(&self, _count: usize) -> u32 {
        0
    }
    /// How to do the call `inst`.
    fn native_call(&self, _trace: &Trace, _inst: &ir::Inst) -> Option<NativeCall> {
        None
    }
    /// What the prologue has to do, for a trace that is entered by native calls.
    fn prologue(&self, _trace: &Trace) -> Option<Prologue> {
        None
    }
}

/// How to do a native call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NativeCall {
    /// Where the address of the callee's code is kept.
    pub cell: usize,
    /// Where the callee's entry wants its parameters.
    pub locs: Vec<Loc>,
    /// Inlined frames below the call, and their size on the data stack.
    pub frames: u32,
    pub bytes: u32,
}

/// What a native call's callee does first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prologue {
    /// Its frame's size on the data stack.
    pub bytes: u32,
    /// Words written there, by byte offset in the frame.
    pub words: Vec<(u32, u64)>,
    /// Bytes of the C stack that are not for native frames.
    pub c_stack_reserve: u32,
}

/// An executor's linkable entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkTarget {
    pub addr: usize,
    /// Its [`Compiled::entry_locs`].
    pub locs: Vec<Loc>,
}

/// Stress settings, limits, and what is wanted besides code.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Bit set of general registers the allocator may use, `None` for all. Too small a set is ignored.
    pub gpr_pool: Option<u16>,
    /// Bit set of vector registers the allocator may use, `None` for all. Too small a set is ignored.
    pub fpr_pool: Option<u16>,
    /// Every value lives in a spill slot between instructions.
    pub force_spills: bool,
    /// Fill in [`Compiled::marks`].
    pub marks: bool,
}

impl Options {
    /// Registers of a class that any instruction can make do with.
    pub const MIN_POOL: usize = 5;
}

/// Machine code of a trace, and what the runtime needs to leave it.
#[derive(Debug)]
pub struct Compiled {
    pub code: CodeRange,
    /// Where to enter or link to.
    pub entry: usize,
    /// Behind the prologue, if it has one.
    pub body: usize,
    /// Where the entry parameters are expected, one per [`Trace::entry`].
    pub entry_locs: Vec<Loc>,
    pub exits: Vec<Exit>,
    /// Values of exits; see [`Compiled::exit_values`].
    values: Vec<(ValueId, regs::Packed)>,
    /// Bits of the constants among those values, ascending by value.
    consts: Vec<(ValueId, u64)>,
    pub escapes: Vec<Escape>,
    pub calls: Vec<CallSite>,
    /// Code offset at which each part of the trace begins, ascending; for [`dump`]. None unless [`Options::marks`].
    pub marks: Vec<Mark>,
}

impl Compiled {
    /// Every value that the snapshot of an exit uses, once, and where it is.
    pub fn exit_values(&self, exit: usize) -> impl Iterator<Item = (ValueId, Loc)> {
        let (from, to) = self.exits[exit].values;
        let konst = |v| self.consts.binary_search_by_key(&v, |c| c.0).ok().map(|n| self.consts[n].1);
        self.values[from as usize..to as usize].iter().map(move |&(v, at)| (v, at.unpack(v, konst)))
    }
}

/// One way out of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exit {
    pub snapshot: SnapId,
    /// The instruction that leaves (of several with one snapshot and uop, the first).
    pub inst: u32,
    pub uop: Uop,
    /// The part of `Compiled::values` that is its own.
    values: (u32, u32),
    /// Code offset of the stub, which [`Arena::patch_exit`] overwrites.
    pub stub: u32,
}

/// One escape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Escape {
    pub snapshot: SnapId,
    pub inst: u32,
    /// Its immediates: helper number and detail.
    pub helper: u32,
    pub arg: u64,
    /// Where its operands are, in order.
    pub operands: Vec<Loc>,
    /// Every value the snapshot uses, once, and where it is.
    pub values: Vec<(ValueId, Loc)>,
    /// How machine code runs it.
    pub(crate) recipe: Option<Recipe<Loc>>,
}

/// One native call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSite {
    pub snapshot: SnapId,
    pub inst: u32,
    /// Its immediate.
    pub target: u32,
    /// `abi::RETURNS_*`: what the code after it expects.
    pub returns: u8,
    /// Every value the snapshot uses, once, and where it is during the call: no register.
    pub values: Vec<(ValueId, Loc)>,
}

/// Where a part of the code begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub offset: u32,
    pub kind: MarkKind,
}

/// What begins at a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    /// The code of this instruction of the trace.
    Inst(u32, Uop),
    /// The stub of this exit.
    Exit(u32),
    /// Out-of-line code of this instruction.
    Cold(u32, Uop),
    /// Ways out of this escape: to the runtime, and out of native code.
    Escape(u32),
}

/// Why a trace could not be compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompileError {
    /// More values alive at once than there are registers and spill slots.
    TooManySpills,
    /// The code arena is full.
    ArenaFull,
    /// The system does not let memory become executable.
    Refused,
    /// An immediate does not fit the instruction that takes it.
    Immediate { inst: u32, uop: Uop, value: u64 },
    /// The trace is malformed; the verifier of crate `ir` says more.
    Malformed(&'static str),
    /// No stencils exist for this architecture.
    Unsupported,
}

impl std::fmt::Display for CompileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            CompileError::TooManySpills => write!(f, "too many values alive at once"),
            CompileError::ArenaFull => write!(f, "the code arena is full"),
            CompileError::Refused => write!(f, "the system refuses executable memory"),
            CompileError::Immediate { inst, uop, value } => {
                write!(f, "immediate {value:#x} of instruction {inst} ({}) does not fit", uop.name())
            }
            CompileError::Malformed(what) => write!(f, "malformed trace: {what}"),
            CompileError::Unsupported => write!(f, "no machine code for this architecture"),
        }
    }
}

impl std::error::Error for CompileError {}
