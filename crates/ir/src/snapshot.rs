//! Snapshots: what the interpreter's frames must look like when the trace is left.
use crate::ValueId;

/// Index into [`crate::Trace::codes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodeId(pub u16);

/// How the interpreter goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Resume {
    /// Execute the innermost frame's instruction at its pc.
    #[default]
    Before,
    /// An escape in flight: its operands are off the stack. When it succeeds its result is pushed and execution goes
    /// on after the instruction; when it fails the exception is raised at it.
    During,
}

/// What happens in a caller's frame when its callee returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Continuation {
    /// The result is pushed and the caller goes on after its call instruction.
    Push,
    /// The result is pushed above the operands of the instruction, which called a method for what it does and has to
    /// finish that: look for `NotImplemented`, convert, release its operands. In the innermost frame: half of the
    /// instruction is done.
    Finish,
    /// As `Finish`, with the truth of the result reversed.
    FinishNegated,
}

impl Continuation {
    /// Whether the caller's instruction is finished after its callee has returned.
    pub fn finishes(self) -> bool {
        self != Continuation::Push
    }
}

/// The source of a slot's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Memory is right already (root frame only).
    Unchanged,
    /// No value (unbound local, NULL on the stack).
    Null,
    /// The object at this address, valid as a `const_obj` is.
    Const(u64),
    /// An object value.
    Value(ValueId),
    /// A new `int` with this `i64` value.
    BoxI64(ValueId),
    /// A new `float` with this `f64` value.
    BoxF64(ValueId),
    /// `True` or `False`.
    BoxBool(ValueId),
    /// A new range iterator, which no other slot has, with these `i64` fields.
    RangeIter { start: ValueId, len: ValueId, step: ValueId },
}

/// How a slot's reference is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Count {
    /// The trace owns a reference and hands it over.
    Steal,
    /// A new reference is made. Boxes are always new and owned, whatever their count says.
    New,
    /// No reference: the slot's reference is tagged as borrowed (or the object is immortal).
    Borrow,
}

/// One slot of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SlotVal {
    pub source: Source,
    pub count: Count,
}

/// One frame of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    pub code: CodeId,
    /// The function object; `Unchanged` for the root frame; of a generator's frame, the generator.
    pub func: SlotVal,
    /// The frame lies in the generator `func`, where it stays: it is only linked to its caller. `Unchanged` slots are
    /// right in its memory.
    pub generator: bool,
    /// The instruction, in code units: to execute (innermost), or the call in flight (callers).
    pub pc: u32,
    /// `localsplus`: locals, cells, free variables, then the value stack. Its length gives the stack depth.
    pub slots: Vec<SlotVal>,
    pub continuation: Continuation,
}

/// A store to an `i64` field of an object that is still pending: whoever leaves does it before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FieldStore {
    pub object: ValueId,
    /// Byte offset of the field.
    pub offset: u32,
    pub value: ValueId,
}

/// The virtual frames at one point of a trace, outermost (the root, real) first: as it is made or changed; a trace
/// keeps its own in [`crate::Snapshots`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snapshot {
    pub resume: Resume,
    pub frames: Vec<Frame>,
    /// Pending stores to fields, each to another field.
    pub stores: Vec<FieldStore>,
}

impl SlotVal {
    /// Memory is right already.
    pub const UNCHANGED: SlotVal = SlotVal { source: Source::Unchanged, count: Count::Borrow };
    /// No value.
    pub const NULL: SlotVal = SlotVal { source: Source::Null, count: Count::Borrow };
}

impl Source {
    /// The trace values it uses.
    pub fn values(self) -> impl Iterator<Item = ValueId> {
        let values = match self {
            Source::Value(v) | Source::BoxI64(v) | Source::BoxF64(v) | Source::BoxBool(v) => [Some(v), None, None],
            Source::RangeIter { start, len, step } => [Some(start), Some(len), Some(step)],
            Source::Unchanged | Source::Null | Source::Const(_) => [None; 3],
        };
        values.into_iter().flatten()
    }

    /// Renames its values, all of which must have a new name. Whether that was so.
    #[inline(always)]
    pub fn rename(&mut self, f: impl Fn(ValueId) -> Option<ValueId>) -> bool {
        let named = |v: &mut ValueId| match f(*v) {
            Some(new) => {
                *v = new;
                true
            }
            None => false,
        };
        match self {
            Source::Unchanged | Source::Null | Source::Const(_) => true,
            Source::Value(v) | Source::BoxI64(v) | Source::BoxF64(v) | Source::BoxBool(v) => named(v),
            Source::RangeIter { start, len, step } => named(start) && named(len) && named(step),
        }
    }

    /// The same source with its values mapped.
    #[inline]
    pub fn map(self, mut f: impl FnMut(ValueId) -> ValueId) -> Source {
        match self {
            Source::Value(v) => Source::Value(f(v)),
            Source::BoxI64(v) => Source::BoxI64(f(v)),
            Source::BoxF64(v) => Source::BoxF64(f(v)),
            Source::BoxBool(v) => Source::BoxBool(f(v)),
            Source::RangeIter { start, len, step } => Source::RangeIter { start: f(start), len: f(len), step: f(step) },
            other => other,
        }
    }
}

impl Snapshot {
    /// A snapshot of frames, with no store pending.
    pub fn new(resume: Resume, frames: Vec<Frame>) -> Snapshot {
        Snapshot { resume, frames, stores: Vec::new() }
    }
}
