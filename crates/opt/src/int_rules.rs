//! The laws of integers: what a uop on integers is equal to, given what is known of its operands.
//!
//! Pure functions of ranges, so that each law can be checked over all ranges and all values of a small width
//! (`cargo xtask prove`). At run time the width is 64.
use ir::Uop;

use crate::facts::Range;

/// The integers there are: two's complement of so many bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Width(pub u32);

impl Width {
    pub const MACHINE: Width = Width(64);

    pub const fn min(self) -> i64 {
        i64::MIN >> (64 - self.0)
    }

    pub const fn max(self) -> i64 {
        i64::MAX >> (64 - self.0)
    }

    pub const fn all(self) -> Range {
        Range { lo: self.min(), hi: self.max() }
    }

    fn fits(self, v: i128) -> bool {
        i128::from(self.min()) <= v && v <= i128::from(self.max())
    }

    /// Integers of this magnitude are floats: 2^53, or an eighth of a smaller width's.
    pub const fn exact_float(self) -> Range {
        let limit = if self.0 == 64 { 1 << 53 } else { 1 << (self.0 - 3) };
        Range { lo: -limit, hi: limit }
    }

    /// The range of an operation that is monotone in each operand, given as a function in 128 bits; `None` where a
    /// result may not fit.
    fn corners(self, a: Range, b: Range, f: impl Fn(i128, i128) -> i128) -> Option<Range> {
        let (lo, hi) = corners(a, b, f);
        (self.fits(lo) && self.fits(hi)).then_some(Range { lo: lo as i64, hi: hi as i64 })
    }

    /// The same for an operation that leaves the trace where the result does not fit. (Where it never fits, what
    /// follows cannot be reached and any range will do.)
    fn corners_clamped(self, a: Range, b: Range, f: impl Fn(i128, i128) -> i128) -> Range {
        let (lo, hi) = corners(a, b, f);
        let clamp = |v: i128| v.clamp(self.min().into(), self.max().into()) as i64;
        Range { lo: clamp(lo), hi: clamp(hi) }
    }
}

fn corners(a: Range, b: Range, f: impl Fn(i128, i128) -> i128) -> (i128, i128) {
    let (al, ah, bl, bh) = (a.lo.into(), a.hi.into(), b.lo.into(), b.hi.into());
    let all = [f(al, bl), f(al, bh), f(ah, bl), f(ah, bh)];
    (all.into_iter().min().expect("four"), all.into_iter().max().expect("four"))
}

/// An operand of a rewritten uop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arg {
    A,
    B,
    Int(i64),
}

/// What a uop is equal to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewrite {
    Value(Arg),
    Truth(bool),
    /// This uop, which never leaves and whose result is in the range: a constant where the range is a point.
    Total(Uop, [Arg; 2], Range),
    /// This uop, which leaves exactly where the original does; where it does not, its result is in the range.
    Partial(Uop, [Arg; 2], Range),
    /// What the rules make of this uop.
    Again(Uop, [Arg; 2]),
}

/// The law that applies, by name, and what it says.
pub type Law = (&'static str, Rewrite);

const LEFT: Rewrite = Rewrite::Value(Arg::A);
const RIGHT: Rewrite = Rewrite::Value(Arg::B);

fn int(v: i64) -> Rewrite {
    Rewrite::Value(Arg::Int(v))
}

fn total(op: Uop, range: Range) -> Rewrite {
    Rewrite::Total(op, [Arg::A, Arg::B], range)
}

fn partial(op: Uop, range: Range) -> Rewrite {
    Rewrite::Partial(op, [Arg::A, Arg::B], range)
}

/// The law for `op` on two integers in `ra` and `rb`; `same`: they are one value.
pub fn binary(op: Uop, ra: Range, rb: Range, same: bool, w: Width) -> Option<Law> {
    let (ca, cb) = (ra.is_point(), rb.is_point());
    Some(match op {
        Uop::IntAdd | Uop::IntAddNowrap if cb == Some(0) => ("x + 0 == x", LEFT),
        Uop::IntAdd | Uop::IntAddNowrap if ca == Some(0) => ("0 + x == x", RIGHT),
        Uop::IntAdd | Uop::IntAddNowrap => {
            let names = ("x + y that fits needs no check", "range of x + y");
            return checked(op, Uop::IntAddNowrap, names, ra, rb, w, |x, y| x + y);
        }
        Uop::IntSub | Uop::IntSubNowrap if cb == Some(0) => ("x - 0 == x", LEFT),
        Uop::IntSub | Uop::IntSubNowrap if same => ("x - x == 0", int(0)),
        Uop::IntSub | Uop::IntSubNowrap => {
            let names = ("x - y that fits needs no check", "range of x - y");
            return checked(op, Uop::IntSubNowrap, names, ra, rb, w, |x, y| x - y);
        }
        Uop::IntMul | Uop::IntMulNowrap if ca == Some(0) || cb == Some(0) => ("x * 0 == 0", int(0)),
        Uop::IntMul | Uop::IntMulNowrap if cb == Some(1) => ("x * 1 == x", LEFT),
        Uop::IntMul | Uop::IntMulNowrap if ca == Some(1) => ("1 * x == x", RIGHT),
        Uop::IntMul | Uop::IntMulNowrap => {
            let names = ("x * y that fits needs no check", "range of x * y");
            let (name, rewrite) = checked(op, Uop::IntMulNowrap, names, ra, rb, w, |x, y| x * y)?;
            match rewrite {
                // A square is not negative, which the corners of two independent factors do not show.
                Rewrite::Total(op, args, r) if same => ("x * x >= 0", Rewrite::Total(op, args, not_negative(r, w))),
                Rewrite::Partial(op, args, r) if same => ("x * x >= 0", Rewrite::Partial(op, args, not_negative(r, w))),
                rewrite => (name, rewrite),
            }
        }
        Uop::IntFloordiv => match cb {
            Some(1) => ("x // 1 == x", LEFT),
            Some(y) if y > 1 && y.count_ones() == 1 => {
                let shift = Arg::Int(y.trailing_zeros().into());
                ("x // 2**k == x >> k", Rewrite::Again(Uop::IntShr, [Arg::A, shift]))
            }
            _ if rb.lo <= 0 => return None,
            _ => ("range of x // y", total(op, w.corners_clamped(ra, rb, |x, y| x.div_euclid(y)))),
        },
        Uop::IntMod if rb.lo <= 0 => return None,
        Uop::IntMod if ra.lo >= 0 && ra.hi < rb.lo => ("0 <= x < m: x % m == x", LEFT),
        Uop::IntMod => match (ca, cb) {
            (_, Some(1)) => ("x % 1 == 0", int(0)),
            (Some(x), Some(y)) => ("constant % constant", int(x.rem_euclid(y))),
            (_, Some(y)) if y.count_ones() == 1 => {
                ("x % 2**k == x & (2**k - 1)", Rewrite::Again(Uop::IntAnd, [Arg::A, Arg::Int(y - 1)]))
            }
            _ => {
                let hi = if ra.lo >= 0 { ra.hi.min(rb.hi - 1) } else { rb.hi - 1 };
                ("range of x % m", total(op, Range { lo: 0, hi }))
            }
        },
        Uop::IntAnd if same => ("x & x == x", LEFT),
        Uop::IntAnd => match (ca, cb) {
            (Some(x), Some(y)) => ("constant & constant", int(x & y)),
            _ if ra.lo >= 0 && rb.lo >= 0 => {
                ("0 <= x & y <= min(x, y)", total(op, Range { lo: 0, hi: ra.hi.min(rb.hi) }))
            }
            _ if rb.lo >= 0 => ("0 <= x & m <= m", total(op, Range { lo: 0, hi: rb.hi })),
            _ if ra.lo >= 0 => ("0 <= m & x <= m", total(op, Range { lo: 0, hi: ra.hi })),
            _ => return None,
        },
        Uop::IntOr if same => ("x | x == x", LEFT),
        Uop::IntXor if same => ("x ^ x == 0", int(0)),
        Uop::IntOr | Uop::IntXor => match (ca, cb) {
            (Some(x), Some(y)) => ("constant | constant", int(if op == Uop::IntOr { x | y } else { x ^ y })),
            _ if ra.lo >= 0 && rb.lo >= 0 => {
                let bits = 64 - (ra.hi | rb.hi).leading_zeros();
                let hi = ((1u128 << bits) - 1) as i64;
                ("x | y has no more bits than x and y", total(op, Range { lo: 0, hi: hi.max(0) }))
            }
            _ => return None,
        },
        Uop::IntShl => match (ca, cb) {
            (_, None) => return None,
            (_, Some(y)) if y < 0 || y > i64::from(w.0) - 2 => return None,
            (Some(x), Some(y)) if w.fits(i128::from(x) << y) => ("constant << constant", int(x << y)),
            _ => ("range of x << k", partial(op, w.corners_clamped(ra, rb, |x, y| x << y))),
        },
        Uop::IntShr if rb.lo >= 0 && rb.hi < i64::from(w.0) => {
            ("range of x >> k", total(op, w.corners_clamped(ra, rb, |x, y| x >> y)))
        }
        Uop::IntLt | Uop::IntLe | Uop::IntEq | Uop::IntNe => {
            return decided(op, ra, rb, same).map(|(name, truth)| (name, Rewrite::Truth(truth)));
        }
        Uop::WrapIndex if ra.lo >= 0 => ("an index that is not negative counts from the front", LEFT),
        _ => return None,
    })
}

fn not_negative(range: Range, w: Width) -> Range {
    range.meet(Range { lo: 0, hi: w.max() })
}

/// An operation that leaves where the result does not fit, and its form for results known to fit.
fn checked(
    op: Uop,
    nowrap: Uop,
    (fitting, clamped): (&'static str, &'static str),
    ra: Range,
    rb: Range,
    w: Width,
    f: impl Fn(i128, i128) -> i128,
) -> Option<Law> {
    match w.corners(ra, rb, &f) {
        Some(range) => Some((fitting, total(nowrap, range))),
        None if op == nowrap => None,
        None => Some((clamped, partial(op, w.corners_clamped(ra, rb, f)))),
    }
}

/// Whether a comparison, or the guard that makes it, always has one outcome.
pub fn decided(op: Uop, ra: Range, rb: Range, same: bool) -> Option<(&'static str, bool)> {
    let one = same || (ra.is_point().is_some() && ra.is_point() == rb.is_point());
    let apart = ra.hi < rb.lo || rb.hi < ra.lo;
    match op {
        Uop::IntLt | Uop::GuardIntLt if ra.hi < rb.lo => Some(("x < y by ranges", true)),
        Uop::IntLt | Uop::GuardIntLt if same || ra.lo >= rb.hi => Some(("not x < y by ranges", false)),
        Uop::IntLe | Uop::GuardIntLe if same || ra.hi <= rb.lo => Some(("x <= y by ranges", true)),
        Uop::IntLe | Uop::GuardIntLe if ra.lo > rb.hi => Some(("not x <= y by ranges", false)),
        Uop::IntEq | Uop::GuardIntEq if one => Some(("x == x", true)),
        Uop::IntEq | Uop::GuardIntEq if apart => Some(("x != y by ranges", false)),
        Uop::IntNe | Uop::GuardIntNe if one => Some(("x == x", false)),
        Uop::IntNe | Uop::GuardIntNe if apart => Some(("x != y by ranges", true)),
        Uop::GuardInRange if ra.lo >= 0 && ra.hi < rb.lo => Some(("0 <= x < n by ranges", true)),
        Uop::GuardInRange if rb.lo >= 0 && (ra.hi < 0 || ra.lo >= rb.hi) => Some(("not 0 <= x < n by ranges", false)),
        _ => None,
    }
}

/// The name where a guard that passed says nothing.
pub const NO_LAW: &str = "nothing";

/// What a comparing guard that passed says of its operands.
pub fn learned(op: Uop, ra: Range, rb: Range, w: Width) -> (&'static str, Range, Range) {
    match op {
        Uop::GuardIntLt => (
            "x < y bounds both",
            Range { lo: w.min(), hi: rb.hi.saturating_sub(1).max(w.min()) },
            Range { lo: ra.lo.saturating_add(1).min(w.max()), hi: w.max() },
        ),
        Uop::GuardIntLe => ("x <= y bounds both", Range { lo: w.min(), hi: rb.hi }, Range { lo: ra.lo, hi: w.max() }),
        Uop::GuardIntEq => ("x == y shares ranges", rb, ra),
        // A negative bound counts as a huge one, and then says nothing.
        Uop::GuardInRange if rb.lo >= 0 => (
            "0 <= x < n bounds both",
            Range { lo: 0, hi: rb.hi.saturating_sub(1) },
            Range { lo: ra.lo.max(0).saturating_add(1).min(w.max()), hi: w.max() },
        ),
        Uop::GuardIntNe => ("x != y takes an end off", without(ra, rb, w), without(rb, ra, w)),
        _ => (NO_LAW, w.all(), w.all()),
    }
}

/// The range without a point at one of its ends.
fn without(range: Range, point: Range, w: Width) -> Range {
    match point.is_point() {
        Some(p) if p == range.lo && range.lo < range.hi => Range { lo: range.lo + 1, hi: range.hi },
        Some(p) if p == range.hi && range.lo < range.hi => Range { lo: range.lo, hi: range.hi - 1 },
        _ => w.all(),
    }
}

/// `wrap_index(i, n)` turned out to be in `0..n`: what that says of `i`, where `n` is in `rn`.
pub fn learned_index(rn: Range) -> (&'static str, Range) {
    ("an index that was in range is in -n..n", Range { lo: -rn.hi, hi: rn.hi - 1 })
}

/// The law for `op` on one integer in `ra`.
pub fn unary(op: Uop, ra: Range, w: Width) -> Option<Law> {
    Some(match op {
        Uop::IntNeg if ra.lo > w.min() => {
            let range = Range { lo: -ra.hi, hi: -ra.lo };
            ("-x == 0 - x", Rewrite::Total(Uop::IntSubNowrap, [Arg::Int(0), Arg::A], range))
        }
        Uop::IntNeg => ("range of -x", partial(op, Range { lo: -w.max(), hi: w.max() })),
        Uop::IntInvert => ("range of ~x", total(op, Range { lo: !ra.hi, hi: !ra.lo })),
        Uop::IntIsTrue if !ra.contains(0) => ("x without 0 is true", Rewrite::Truth(true)),
        Uop::IntIsTrue if ra == Range::point(0) => ("0 is false", Rewrite::Truth(false)),
        _ => return None,
    })
}

/// Whether every integer of a range is a float: then its conversion never leaves.
pub fn converts_exactly(ra: Range, w: Width) -> bool {
    ra.within(w.exact_float())
}
