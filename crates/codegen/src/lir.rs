//! Machine-level steps: what the allocator decided, in code order. Nothing but bytes is left to be chosen.
use ir::Uop;

use crate::abi::Loc;
use crate::target::RegSet;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lir {
    /// The code of this trace instruction begins; only where that is wanted.
    Mark(u32, Uop),
    Move {
        dst: Loc,
        src: Loc,
    },
    Stencil {
        uop: Uop,
        /// Register by slot, see `stencils`.
        slots: [u8; 4],
        imms: [u64; 2],
        exit: Option<u32>,
    },
    /// One reference less; where it was the last one, `helper` is called out of line with these registers kept.
    DecrefDead {
        object: u8,
        helper: usize,
        gprs: RegSet,
        fprs: RegSet,
    },
    /// Operands are where the C ABI wants them.
    Call {
        target: usize,
    },
    /// Leaves when rax is null.
    NullExit(u32),
    Escape {
        index: u32,
        /// Registers to keep where it calls a deallocator, which C functions may overwrite.
        gprs: RegSet,
        fprs: RegSet,
    },
    /// The loop's head.
    Label,
    /// To the loop's head.
    Jump,
    Exit(u32),
    /// To another executor's entry.
    Link(usize),
    /// Calls what `cell` points to as call site `site`; the result is expected as `returns`. `frames` inlined frames,
    /// of `bytes` in all, lie between the root frame and the callee's.
    NativeCall {
        site: u32,
        cell: usize,
        returns: u8,
        frames: u32,
        bytes: u32,
    },
    /// Leaves the root frame with what is in rax or xmm0.
    Return {
        returns: u8,
        pc: u32,
        locals: u32,
    },
}
