//! What is known of a value.
//!
//! Facts only ever narrow along the trace: a trace is straight-line code, so what a guard established holds for
//! everything after it. At the label they must hold for every iteration; see `peel`.
use ir::ValueId;

/// The integers `lo..=hi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub lo: i64,
    pub hi: i64,
}

/// Magnitude below which an `int` is compact (one digit of 30 bits).
const COMPACT: i64 = (1 << 30) - 1;
/// Every integer up to this magnitude is a float.
const EXACT_FLOAT: i64 = 1 << 53;

impl Range {
    pub const ALL: Range = Range { lo: i64::MIN, hi: i64::MAX };
    pub const COMPACT: Range = Range { lo: -COMPACT, hi: COMPACT };
    /// What is an integer as well as a float.
    pub const EXACT_FLOAT: Range = Range { lo: -EXACT_FLOAT, hi: EXACT_FLOAT };
    pub const NON_NEGATIVE: Range = Range { lo: 0, hi: i64::MAX };

    pub fn point(v: i64) -> Range {
        Range { lo: v, hi: v }
    }

    pub fn is_point(self) -> Option<i64> {
        (self.lo == self.hi).then_some(self.lo)
    }

    pub fn contains(self, v: i64) -> bool {
        self.lo <= v && v <= self.hi
    }

    pub fn within(self, other: Range) -> bool {
        other.lo <= self.lo && self.hi <= other.hi
    }

    /// The common part, or `self` where there is none (then the code that follows cannot be reached).
    pub fn meet(self, other: Range) -> Range {
        let r = Range { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) };
        if r.lo <= r.hi { r } else { self }
    }

    /// A range that holds both and has few possible bounds, so that a chain of widenings is short.
    pub fn widen(self, next: Range) -> Range {
        const STOPS: [i64; 7] = [i64::MIN, -EXACT_FLOAT, -COMPACT, 0, COMPACT, EXACT_FLOAT, i64::MAX];
        let lo = if next.lo >= self.lo {
            self.lo
        } else {
            STOPS.into_iter().rev().find(|&s| s <= next.lo).unwrap_or(i64::MIN)
        };
        let hi =
            if next.hi <= self.hi { self.hi } else { STOPS.into_iter().find(|&s| s >= next.hi).unwrap_or(i64::MAX) };
        Range { lo, hi }
    }
}

/// Facts of one value of the optimized trace.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// Exact type of an object.
    pub ty: Option<u64>,
    /// Address, integer, float bits or truth value.
    pub constant: Option<u64>,
    /// Of an `i64`.
    pub range: Range,
    pub non_null: bool,
    /// The raw value that this object holds.
    pub twin: Option<ValueId>,
}

impl Info {
    pub const NONE: Info = Info { ty: None, constant: None, range: Range::ALL, non_null: false, twin: None };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widening_holds_both_and_ends() {
        let mut r = Range::point(5);
        for step in 0..20 {
            let next = Range { lo: r.lo.saturating_sub(step), hi: r.hi.saturating_add(step) };
            let w = r.widen(next);
            assert!(r.within(w) && next.within(w));
            r = w;
        }
        assert_eq!(r, Range::ALL);
    }
}
