//! Escapes as machine code: what the runtime wants done around a call that may run anything.
//!
//! A [`Recipe`] is a list of small steps on memory. This crate knows how to carry them out, not what they are for:
//! the runtime makes them from its frame layout. Their order is
//!
//! 1. `guards`: if one does not hold, the escape runs in the runtime instead ([`crate::Callbacks::on_escape`]);
//! 2. `root`: what is written for good;
//! 3. `quick`, if there is one: a function with the target's signature that does the whole thing where no Python code
//!    can run, or nothing at all and answers null. The rest is for that case;
//! 4. `before`, then the call;
//! 5. `after`: if the result is null or a condition does not hold, native code is left
//!    ([`crate::Callbacks::on_left`]).
use ir::ValueId;

/// A scratch register of a recipe. Values of the trace are in others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temp {
    A,
    B,
}

/// A tagged reference for a slot of an interpreter frame, made of a value of the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotRef<V> {
    /// An empty slot.
    Null,
    /// The slot owns a reference; an immortal object's is tagged as borrowed, no object is an empty slot.
    Owned(V),
    /// No reference.
    Borrowed(V),
    /// A constant object, without a reference.
    Constant(u64),
}

/// One step. Operands called `base` hold an address, to which the number behind is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<V> {
    /// The field of the native frame at this distance (`uops::layout::CX_*`).
    Context(Temp, i32),
    /// A constant.
    Const(Temp, u64),
    /// A value of the trace.
    Value(Temp, V),
    /// A word of memory.
    Load(Temp, Temp, i32),
    /// An address.
    Address(Temp, Temp, i32),
    /// Stores a word.
    Store(Temp, i32, Temp),
    /// Stores a constant word.
    Put(Temp, i32, u64),
    /// Stores 32 bits.
    Put32(Temp, i32, u32),
    /// Stores 16 bits.
    Put16(Temp, i32, u16),
    /// Adds to 32 bits.
    Add32(Temp, i32, i8),
    /// Adds to a word.
    Add(Temp, i32, i32),
    /// Loads 8 bits.
    Load8(Temp, Temp, i32),
    /// Stores 8 bits.
    Store8(Temp, i32, Temp),
    /// Stores 8 bits.
    Put8(Temp, i32, u8),
    /// Keeps a word over the call, under a number.
    Save(u8, Temp),
    /// Gets it back.
    Restore(Temp, u8),
    /// Adds one to a word.
    Count(Temp, i32),
    /// Writes a slot that owns nothing.
    Write(Temp, i32, SlotRef<V>),
    /// Writes a slot and releases what it held, which is of a harmless type. Base must be `A`, the interpreter frame.
    Replace(i32, SlotRef<V>),
    /// Condition: the word is this one.
    Is(Temp, i32, i32),
    /// Condition: the word is what the other register holds.
    Same(Temp, i32, Temp),
    /// Condition: the 32 bits are not these.
    IsNot32(Temp, i32, i32),
    /// Condition: the first register is below the word, as an unsigned number.
    Below(Temp, Temp, i32),
}

/// An argument of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg<V> {
    Value(V),
    Const(u64),
    /// Address of the [`Recipe::array`].
    Array,
}

/// How to run an escape in machine code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipe<V> {
    pub guards: Vec<Step<V>>,
    pub root: Vec<Step<V>>,
    /// A `sysv64` function that may be able to do without frames.
    pub quick: Option<usize>,
    pub before: Vec<Step<V>>,
    /// Words that [`Step::Save`] keeps.
    pub saved: u8,
    /// Values that the callee gets in an array; it may overwrite them.
    pub array: Vec<V>,
    /// A `sysv64` function.
    pub target: usize,
    /// Six at most.
    pub args: Vec<Arg<V>>,
    pub after: Vec<Step<V>>,
}

impl<V: Copy> SlotRef<V> {
    fn map<W>(self, f: &mut impl FnMut(V) -> W) -> SlotRef<W> {
        match self {
            SlotRef::Null => SlotRef::Null,
            SlotRef::Owned(v) => SlotRef::Owned(f(v)),
            SlotRef::Borrowed(v) => SlotRef::Borrowed(f(v)),
            SlotRef::Constant(c) => SlotRef::Constant(c),
        }
    }
}

impl<V: Copy> Step<V> {
    fn map<W>(self, f: &mut impl FnMut(V) -> W) -> Step<W> {
        match self {
            Step::Context(t, d) => Step::Context(t, d),
            Step::Const(t, c) => Step::Const(t, c),
            Step::Value(t, v) => Step::Value(t, f(v)),
            Step::Load(t, b, d) => Step::Load(t, b, d),
            Step::Address(t, b, d) => Step::Address(t, b, d),
            Step::Store(b, d, t) => Step::Store(b, d, t),
            Step::Put(b, d, c) => Step::Put(b, d, c),
            Step::Put32(b, d, c) => Step::Put32(b, d, c),
            Step::Put16(b, d, c) => Step::Put16(b, d, c),
            Step::Add32(b, d, n) => Step::Add32(b, d, n),
            Step::Add(b, d, n) => Step::Add(b, d, n),
            Step::Load8(t, b, d) => Step::Load8(t, b, d),
            Step::Store8(b, d, t) => Step::Store8(b, d, t),
            Step::Put8(b, d, c) => Step::Put8(b, d, c),
            Step::Save(n, t) => Step::Save(n, t),
            Step::Restore(t, n) => Step::Restore(t, n),
            Step::Count(b, d) => Step::Count(b, d),
            Step::Write(b, d, s) => Step::Write(b, d, s.map(f)),
            Step::Replace(d, s) => Step::Replace(d, s.map(f)),
            Step::Is(b, d, c) => Step::Is(b, d, c),
            Step::Same(b, d, t) => Step::Same(b, d, t),
            Step::IsNot32(b, d, c) => Step::IsNot32(b, d, c),
            Step::Below(t, b, d) => Step::Below(t, b, d),
        }
    }
}

impl Recipe<ValueId> {
    /// The same with values where `f` says they are.
    pub(crate) fn placed<W>(self, mut f: impl FnMut(ValueId) -> W) -> Recipe<W> {
        let mut steps =
            |steps: Vec<Step<ValueId>>| -> Vec<Step<W>> { steps.into_iter().map(|s| s.map(&mut f)).collect() };
        let (guards, root) = (steps(self.guards), steps(self.root));
        let (before, after) = (steps(self.before), steps(self.after));
        let array = self.array.into_iter().map(&mut f).collect();
        let args = self.args.into_iter().map(|a| match a {
            Arg::Value(v) => Arg::Value(f(v)),
            Arg::Const(c) => Arg::Const(c),
            Arg::Array => Arg::Array,
        });
        Recipe {
            guards,
            root,
            quick: self.quick,
            before,
            saved: self.saved,
            array,
            target: self.target,
            args: args.collect(),
            after,
        }
    }
}
