//! Traces and instructions.
use smallvec::SmallVec;

use crate::{Snapshot, SnapshotRef, Snapshots, Uop};

/// An instruction of a trace, and the value it makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub u32);

/// A snapshot of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SnapId(pub u32);

/// Operands of an instruction: few but for labels, jumps and calls.
pub type Args = SmallVec<[ValueId; 3]>;

/// [`Args`] from a slice. (smallvec's own way calls `memcpy`, which here takes as long as all the rest.)
#[inline]
pub fn args(of: &[ValueId]) -> Args {
    let none = ValueId(0);
    match *of {
        [] => Args::new(),
        [a] => Args::from_buf_and_len([a, none, none], 1),
        [a, b] => Args::from_buf_and_len([a, b, none], 2),
        [a, b, c] => Args::from_buf([a, b, c]),
        _ => Args::from_slice(of),
    }
}

/// One uop with its operands.
#[derive(Debug, PartialEq, Eq)]
pub struct Inst {
    pub op: Uop,
    pub args: Args,
    /// Immediates in declaration order; an `Imm32` is stored sign-extended.
    pub imms: [u64; 2],
    /// Present exactly when the uop may leave the trace (and on `link` and `escape`).
    pub snap: Option<SnapId>,
}

/// Where a trace starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceKind {
    /// At a loop header or function entry, with everything in the interpreter frame.
    Root,
    /// At exit `exit` of executor `parent`.
    Bridge { parent: u32, exit: u32 },
}

/// An entry parameter: a value handed over in registers by a link or a parent's exit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryParam {
    pub kind: crate::Kind,
    pub source: EntrySource,
}

/// What an entry parameter stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntrySource {
    /// The value of root frame slot `0`; memory is stale. `i64`/`f64` kinds are an unboxed exact int/float.
    Slot(u16),
    /// As `Slot`, an object whose reference the slot only borrows.
    Lent(u16),
    /// The start of the range iterator in a root frame slot, which does not exist; memory is stale. Parameters for
    /// its length and, unless that is given here, its step follow.
    RangeStart {
        slot: u16,
        step: Option<i64>,
    },
    RangeLen(u16),
    RangeStep(u16),
    /// Value `0` of the parent trace, alive at the exit.
    Parent(ValueId),
}

/// A linear trace of uops in SSA form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    pub kind: TraceKind,
    /// Parameters of `entry_*` instructions, by index.
    pub entry: Vec<EntryParam>,
    pub insts: Vec<Inst>,
    pub snapshots: Snapshots,
    /// Code objects that snapshots name, by [`crate::CodeId`]; opaque addresses. Index 0 is the root frame's.
    pub codes: Vec<u64>,
    /// Root frame slots, one bit each, in which memory owns no reference at entry.
    pub unowned: u64,
}

impl EntryParam {
    /// The slot of whose range iterator it is a field.
    pub fn range_slot(&self) -> Option<u16> {
        match self.source {
            EntrySource::RangeStart { slot, .. } | EntrySource::RangeLen(slot) | EntrySource::RangeStep(slot) => {
                Some(slot)
            }
            EntrySource::Slot(_) | EntrySource::Lent(_) | EntrySource::Parent(_) => None,
        }
    }
}

impl Clone for Inst {
    fn clone(&self) -> Inst {
        // A copy of the slice: smallvec clones item by item.
        Inst { op: self.op, args: args(&self.args), imms: self.imms, snap: self.snap }
    }
}

impl Inst {
    /// An instruction without immediates or snapshot.
    #[inline]
    pub fn new(op: Uop, of: &[ValueId]) -> Inst {
        Inst { op, args: args(of), imms: [0; 2], snap: None }
    }

    /// The same with a first immediate.
    pub fn imm(mut self, value: u64) -> Inst {
        self.imms[0] = value;
        self
    }

    /// The same with a second immediate.
    pub fn imm2(mut self, value: u64) -> Inst {
        self.imms[1] = value;
        self
    }

    /// The same with a snapshot.
    pub fn snap(mut self, snap: SnapId) -> Inst {
        self.snap = Some(snap);
        self
    }
}

impl Trace {
    /// An empty trace.
    pub fn new(kind: TraceKind) -> Trace {
        Trace {
            kind,
            entry: Vec::new(),
            insts: Vec::new(),
            snapshots: Snapshots::default(),
            codes: Vec::new(),
            unowned: 0,
        }
    }

    /// Appends an instruction.
    #[inline]
    pub fn push(&mut self, inst: Inst) -> ValueId {
        self.insts.push(inst);
        ValueId(self.insts.len() as u32 - 1)
    }

    /// Empties it and takes over all of `like` but its instructions and snapshots.
    pub fn become_empty(&mut self, like: &Trace) {
        let Trace { kind, entry, insts, snapshots, codes, unowned } = self;
        (*kind, *unowned) = (like.kind, like.unowned);
        entry.clone_from(&like.entry);
        codes.clone_from(&like.codes);
        insts.clear();
        snapshots.truncate(0);
    }

    /// Gives back what room is left.
    pub fn shrink_to_fit(&mut self) {
        self.insts.shrink_to_fit();
        self.snapshots.shrink_to_fit();
    }

    /// Appends a snapshot.
    pub fn push_snapshot(&mut self, snap: &Snapshot) -> SnapId {
        self.snapshots.push(snap)
    }

    /// The instruction that makes `value`.
    #[inline]
    pub fn inst(&self, value: ValueId) -> &Inst {
        &self.insts[value.0 as usize]
    }

    /// The snapshot.
    #[inline]
    pub fn snapshot(&self, snap: SnapId) -> SnapshotRef<'_> {
        self.snapshots.get(snap).expect("instructions name snapshots that exist")
    }
}
