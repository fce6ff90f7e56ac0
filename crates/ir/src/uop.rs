//! The uop enum and its declared facts (generated).

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A `PyObject*`.
    Obj,
    /// A machine integer.
    I64,
    /// A machine float.
    F64,
    /// 0 or 1 in an integer register.
    Bool,
    /// A raw pointer that is no object.
    Ptr,
}

/// How a uop is executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By its own body, copied as machine code.
    Stencil,
    /// By calling a helper with the C ABI.
    Call,
    /// By hand in each consumer.
    Structural,
}

/// What else may happen, from least to most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// Neither runs Python nor allocates GC objects.
    Leaf,
    /// May trigger the cyclic GC.
    Allocates,
    /// May run arbitrary Python code.
    Escapes,
}

/// A few items in place. (A pointer to them would have to be relocated when a process loads the library.)
#[derive(Clone, Copy, Debug)]
pub struct Few<T, const N: usize> {
    items: [T; N],
    len: u8,
}

impl<T, const N: usize> core::ops::Deref for Few<T, N> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items[..usize::from(self.len)]
    }
}

/// What is declared of a uop, but for its name.
#[derive(Debug)]
pub struct Facts {
    pub form: Form,
    /// Kinds of the fixed value operands.
    pub operands: Few<Kind, MAX_OPERANDS>,
    /// Widths in bits of the immediates.
    pub imms: Few<u8, 2>,
    /// Any number of further operands of any kind.
    pub variadic: bool,
    pub result: Option<Kind>,
    /// May leave the trace; then an instruction carries a snapshot.
    pub exits: bool,
    /// Result (or passing, for a guard) depends on the operands alone.
    pub pure_: bool,
    pub commutes: bool,
    /// Bit set over [`Heap`].
    pub reads: u32,
    /// Bit set over [`Heap`].
    pub writes: u32,
    pub grade: Grade,
}

include!(concat!(env!("OUT_DIR"), "/uop.rs"));

impl Uop {
    /// The uop's declared facts.
    pub fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }

    /// Its name in the text form.
    pub fn name(self) -> &'static str {
        NAMES[self as usize]
    }

    /// The uop of this name.
    pub fn from_name(name: &str) -> Option<Uop> {
        Uop::all().find(|uop| uop.name() == name)
    }

    /// Every uop, in declaration order.
    pub fn all() -> impl Iterator<Item = Uop> {
        ALL.iter().copied()
    }

    /// A guard: leaves or passes, no result, no side effect.
    pub fn is_guard(self) -> bool {
        let f = self.facts();
        f.exits && f.result.is_none() && f.writes == 0 && f.form == Form::Stencil
    }
}
