//! The trace IR: uops in SSA form with snapshots, its text form and its verifier.
//!
//! A [`Trace`] is straight-line code: an entry part, then optionally a `label` with phis and a loop body that ends in
//! `jump`. A trace that does not loop ends in `link` or `exit`. Operands are earlier instructions ([`ValueId`] is an
//! index into [`Trace::insts`]). Every uop that may leave the trace names a [`Snapshot`], shared freely.
#![forbid(unsafe_code)]

mod room;
mod snapshot;
mod snapshots;
mod text;
mod trace;
mod uop;
mod verify;

pub use room::{filled, make_room};
pub use snapshot::{CodeId, Continuation, Count, FieldStore, Frame, Resume, SlotVal, Snapshot, Source};
pub use snapshots::{FrameInfo, FrameRef, Placed, Slots, SnapshotRef, Snapshots};
pub use text::ParseError;
pub use trace::{Args, EntryParam, EntrySource, Inst, SnapId, Trace, TraceKind, ValueId, args};
pub use uop::{Facts, Form, Grade, Heap, Kind, Uop};
pub use verify::VerifyError;
