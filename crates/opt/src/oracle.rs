//! What the optimizer may ask about Python objects. It reads no Python memory itself.

/// Addresses of the objects and types that rules know by name.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub int: u64,
    pub float: u64,
    pub bool_: u64,
    pub true_: u64,
    pub false_: u64,
    pub range_iter: RangeIter,
}

/// The type of range iterators, and the byte offsets of their fields.
#[derive(Clone, Copy, Debug)]
pub struct RangeIter {
    pub ty: u64,
    pub start: u64,
    pub len: u64,
    pub step: u64,
}

/// Answers questions about constants of a trace. Every answer must stay true as long as the trace is valid.
pub trait Oracle {
    /// The objects and types that rules know by name.
    fn known(&self) -> Known;
    /// The exact type of an object whose class can never change.
    fn type_of(&self, object: u64) -> Option<u64>;
    /// The value of an exact `int` that fits 64 bits.
    fn int_value(&self, object: u64) -> Option<i64>;
    /// The value of an exact `float`.
    fn float_value(&self, object: u64) -> Option<f64>;
    /// Whether reference counting never changes the object.
    fn is_immortal(&self, object: u64) -> bool;
    /// Whether `__class__` of an instance of exactly this type can never be assigned.
    fn class_is_fixed(&self, ty: u64) -> bool;
    /// Whether there is but one `int` object of this value.
    fn is_small_int(&self, _value: i64) -> bool {
        false
    }
    /// Whether nobody can see an instance of exactly this type die.
    fn dies_unseen(&self, ty: u64) -> bool {
        let known = self.known();
        [known.int, known.float, known.bool_].contains(&ty)
    }
    /// Whether exits are taken only where their guard failed, so that a snapshot may take the outcome of the failed
    /// comparison for known. Not so where a test forces them.
    fn exits_are_failures(&self) -> bool {
        true
    }
}
