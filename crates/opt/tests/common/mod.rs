//! An oracle over made-up addresses.
use opt::{Known, Oracle, RangeIter};

pub const INT: u64 = 0x1000_0000;
pub const FLOAT: u64 = 0x1000_1000;
pub const BOOL: u64 = 0x1000_2000;
pub const FALSE: u64 = 0x1000_3000;
pub const TRUE: u64 = 0x1000_3020;
pub const NONE_TYPE: u64 = 0x1000_4000;
pub const NONE: u64 = 0x1000_5000;
/// An exact builtin whose class is fixed.
pub const LIST: u64 = 0x1000_6000;
/// A class of the program: its instances' `__class__` can be assigned.
pub const POINT: u64 = 0x1000_7000;
/// `INTS + 0x20 * n` is the (immortal) int `n - 5`.
pub const INTS: u64 = 0x2000_0000;
/// `FLOATS + 0x20 * n` is the float `n / 2`.
pub const FLOATS: u64 = 0x3000_0000;

/// The type of range iterators.
pub const RANGE_ITER: u64 = 0x1000_8000;

pub struct TestOracle;

impl Oracle for TestOracle {
    fn known(&self) -> Known {
        let range_iter = RangeIter { ty: RANGE_ITER, start: 16, len: 32, step: 24 };
        Known { int: INT, float: FLOAT, bool_: BOOL, true_: TRUE, false_: FALSE, range_iter }
    }

    fn type_of(&self, object: u64) -> Option<u64> {
        match object {
            FALSE | TRUE => Some(BOOL),
            NONE => Some(NONE_TYPE),
            _ if self.int_value(object).is_some() => Some(INT),
            _ if self.float_value(object).is_some() => Some(FLOAT),
            _ => None,
        }
    }

    fn int_value(&self, object: u64) -> Option<i64> {
        (INTS..INTS + 0x1_0000).contains(&object).then(|| (object - INTS) as i64 / 0x20 - 5)
    }

    fn float_value(&self, object: u64) -> Option<f64> {
        (FLOATS..FLOATS + 0x1_0000).contains(&object).then(|| (object - FLOATS) as f64 / 64.0)
    }

    fn is_immortal(&self, object: u64) -> bool {
        object != 0 && self.float_value(object).is_none()
    }

    fn is_small_int(&self, value: i64) -> bool {
        (-5..=1024).contains(&value)
    }

    fn class_is_fixed(&self, ty: u64) -> bool {
        ty != POINT
    }
}
