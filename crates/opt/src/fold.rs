//! Rules for pure arithmetic: constants, ranges, strength. Each rule is one line with its law.
//!
//! A rule returns the value that replaces the uop, or `None` for "as it is". Rules never look across the label:
//! operands are values of the optimized trace and their facts hold wherever the rule is applied.
use ir::{Kind, Uop, ValueId};

use crate::Reason;
use crate::facts::{Info, Range};
use crate::state::Optimizer;

impl Optimizer<'_> {
    /// Emits pure uop `op` on raw operands, in the cheapest way that is known to be equal.
    pub fn fold(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) -> Result<ValueId, Reason> {
        let args: smallvec::SmallVec<[ValueId; 3]> = args.iter().map(|&a| self.canonical(a)).collect();
        let known = match args.first().map(|&a| self.kind(a)) {
            Some(Kind::I64) => self.fold_int(op, &args)?,
            Some(Kind::F64) => self.fold_float(op, &args),
            Some(Kind::Bool) => self.fold_bool(op, &args, imms)?,
            Some(Kind::Obj) => self.fold_object(op, &args, imms),
            _ => match op {
                Uop::ConstI64 => Some(self.const_i64(imms[0] as i64)),
                Uop::ConstF64 => Some(self.const_f64(f64::from_bits(imms[0]))),
                Uop::ConstBool => Some(self.const_bool(imms[0] != 0)),
                Uop::ConstObj => Some(self.const_obj(imms[0])),
                Uop::ConstPtr => Some(self.const_ptr(imms[0])),
                _ => None,
            },
        };
        match known {
            Some(v) => Ok(v),
            None => self.pure_(op, &args, imms),
        }
    }

    /// Emits `op` and notes its range.
    fn ranged(&mut self, op: Uop, args: &[ValueId], range: Range) -> Result<Option<ValueId>, Reason> {
        if let Some(v) = range.is_point() {
            return Ok(Some(self.const_i64(v)));
        }
        self.bounded(op, args, range)
    }

    /// The same for a uop that may leave the trace: it is emitted even where only one result would pass.
    fn bounded(&mut self, op: Uop, args: &[ValueId], range: Range) -> Result<Option<ValueId>, Reason> {
        let v = self.pure_(op, args, [0; 2])?;
        let info = self.info_mut(v);
        info.range = info.range.meet(range);
        Ok(Some(v))
    }

    fn fold_int(&mut self, op: Uop, args: &[ValueId]) -> Result<Option<ValueId>, Reason> {
        let a = args[0];
        let ra = self.range(a);
        let Some(&b) = args.get(1) else { return self.fold_int_unary(op, a, ra) };
        let rb = self.range(b);
        let (ca, cb) = (ra.is_point(), rb.is_point());
        match op {
            // x + 0 == x
            Uop::IntAdd | Uop::IntAddNowrap if cb == Some(0) => Ok(Some(a)),
            Uop::IntAdd | Uop::IntAddNowrap if ca == Some(0) => Ok(Some(b)),
            Uop::IntAdd | Uop::IntAddNowrap => self.checked(op, Uop::IntAddNowrap, a, b, |x, y| x + y),
            // x - 0 == x, x - x == 0
            Uop::IntSub | Uop::IntSubNowrap if cb == Some(0) => Ok(Some(a)),
            Uop::IntSub | Uop::IntSubNowrap if a == b => Ok(Some(self.const_i64(0))),
            Uop::IntSub | Uop::IntSubNowrap => self.checked(op, Uop::IntSubNowrap, a, b, |x, y| x - y),
            // x * 0 == 0, x * 1 == x
            Uop::IntMul | Uop::IntMulNowrap if ca == Some(0) || cb == Some(0) => Ok(Some(self.const_i64(0))),
            Uop::IntMul | Uop::IntMulNowrap if cb == Some(1) => Ok(Some(a)),
            Uop::IntMul | Uop::IntMulNowrap if ca == Some(1) => Ok(Some(b)),
            Uop::IntMul | Uop::IntMulNowrap => {
                // A square is not negative, which the corners of two independent factors do not show.
                let v = self.checked(op, Uop::IntMulNowrap, a, b, |x, y| x * y)?;
                if a == b
                    && let Some(v) = v
                {
                    let info = self.info_mut(v);
                    info.range = info.range.meet(Range::NON_NEGATIVE);
                }
                Ok(v)
            }
            Uop::IntFloordiv => self.fold_floordiv(a, b, ra, rb),
            Uop::IntMod => self.fold_mod(a, b, ra, rb),
            // x & x == x; x & m is in 0..=m for m >= 0
            Uop::IntAnd if a == b => Ok(Some(a)),
            Uop::IntAnd => match (ca, cb) {
                (Some(x), Some(y)) => Ok(Some(self.const_i64(x & y))),
                _ if ra.lo >= 0 && rb.lo >= 0 => self.ranged(op, args, Range { lo: 0, hi: ra.hi.min(rb.hi) }),
                _ if rb.lo >= 0 => self.ranged(op, args, Range { lo: 0, hi: rb.hi }),
                _ if ra.lo >= 0 => self.ranged(op, args, Range { lo: 0, hi: ra.hi }),
                _ => Ok(None),
            },
            // x | x == x, x ^ x == 0; neither makes a longer number out of two that are not negative
            Uop::IntOr if a == b => Ok(Some(a)),
            Uop::IntXor if a == b => Ok(Some(self.const_i64(0))),
            Uop::IntOr | Uop::IntXor => match (ca, cb) {
                (Some(x), Some(y)) => Ok(Some(self.const_i64(if op == Uop::IntOr { x | y } else { x ^ y }))),
                _ if ra.lo >= 0 && rb.lo >= 0 => {
                    let bits = 64 - (ra.hi | rb.hi).leading_zeros();
                    self.ranged(op, args, Range { lo: 0, hi: (((1u128 << bits) - 1) as i64).max(0) })
                }
                _ => Ok(None),
            },
            Uop::IntShl => match (ca, cb) {
                (Some(x), Some(y)) if (0..=62).contains(&y) && (x << y) >> y == x => Ok(Some(self.const_i64(x << y))),
                (_, Some(y)) if (0..=62).contains(&y) => {
                    let range = Range::corners_clamped(ra, rb, |x, y| x << y);
                    self.bounded(op, args, range)
                }
                _ => Ok(None),
            },
            Uop::IntShr if rb.lo >= 0 && rb.hi <= 63 => {
                let range = Range::corners_clamped(ra, rb, |x, y| x >> y);
                self.ranged(op, args, range)
            }
            Uop::IntLt if a == b || ra.lo >= rb.hi => Ok(Some(self.const_bool(false))),
            Uop::IntLt if ra.hi < rb.lo => Ok(Some(self.const_bool(true))),
            Uop::IntLe if a == b || ra.hi <= rb.lo => Ok(Some(self.const_bool(true))),
            Uop::IntLe if ra.lo > rb.hi => Ok(Some(self.const_bool(false))),
            Uop::IntEq | Uop::IntNe => {
                let equal = if a == b || (ca.is_some() && ca == cb) {
                    true
                } else if ra.hi < rb.lo || rb.hi < ra.lo {
                    false
                } else {
                    return Ok(None);
                };
                Ok(Some(self.const_bool(equal == (op == Uop::IntEq))))
            }
            // An index that is not negative counts from the front.
            Uop::WrapIndex if ra.lo >= 0 => Ok(Some(a)),
            _ => Ok(None),
        }
    }

    fn fold_int_unary(&mut self, op: Uop, a: ValueId, ra: Range) -> Result<Option<ValueId>, Reason> {
        match op {
            Uop::IntNeg if ra.lo > i64::MIN => {
                let range = Range { lo: -ra.hi, hi: -ra.lo };
                if let Some(v) = range.is_point() {
                    return Ok(Some(self.const_i64(v)));
                }
                let zero = self.const_i64(0);
                self.ranged(Uop::IntSubNowrap, &[zero, a], range)
            }
            Uop::IntNeg => self.bounded(op, &[a], Range { lo: -i64::MAX, hi: i64::MAX }),
            Uop::IntInvert => self.ranged(op, &[a], Range { lo: !ra.hi, hi: !ra.lo }),
            Uop::IntIsTrue if !ra.contains(0) => Ok(Some(self.const_bool(true))),
            Uop::IntIsTrue if ra == Range::point(0) => Ok(Some(self.const_bool(false))),
            Uop::IntToFloat if ra.within(Range::EXACT_FLOAT) => match ra.is_point() {
                Some(x) => Ok(Some(self.const_f64(x as f64))),
                None => Ok(Some(self.pure_(Uop::IntToFloatExact, &[a], [0; 2])?)),
            },
            Uop::IntToFloat => {
                let v = self.pure_(op, &[a], [0; 2])?;
                let info = self.info_mut(a);
                info.range = info.range.meet(Range::EXACT_FLOAT);
                Ok(Some(v))
            }
            _ => Ok(None),
        }
    }

    /// An operation that leaves where the result does not fit, and its form for results known to fit.
    fn checked(
        &mut self,
        op: Uop,
        nowrap: Uop,
        a: ValueId,
        b: ValueId,
        f: impl Fn(i128, i128) -> i128,
    ) -> Result<Option<ValueId>, Reason> {
        let (ra, rb) = (self.range(a), self.range(b));
        match Range::corners(ra, rb, &f) {
            Some(range) => self.ranged(nowrap, &[a, b], range),
            None if op == nowrap => Ok(None),
            None => {
                let range = Range::corners_clamped(ra, rb, f);
                self.bounded(op, &[a, b], range)
            }
        }
    }

    fn fold_floordiv(&mut self, a: ValueId, b: ValueId, ra: Range, rb: Range) -> Result<Option<ValueId>, Reason> {
        match rb.is_point() {
            Some(1) => return Ok(Some(a)),
            // Division by a power of two rounds down as a shift does.
            Some(y) if y > 1 && y.count_ones() == 1 => {
                let shift = self.const_i64(y.trailing_zeros().into());
                return self.fold_int(Uop::IntShr, &[a, shift]);
            }
            _ => {}
        }
        if rb.lo <= 0 {
            return Ok(None);
        }
        let range = Range::corners_clamped(ra, rb, |x, y| x.div_euclid(y));
        self.ranged(Uop::IntFloordiv, &[a, b], range)
    }

    fn fold_mod(&mut self, a: ValueId, b: ValueId, ra: Range, rb: Range) -> Result<Option<ValueId>, Reason> {
        if rb.lo <= 0 {
            return Ok(None);
        }
        // 0 <= x < m: x % m == x
        if ra.lo >= 0 && ra.hi < rb.lo {
            return Ok(Some(a));
        }
        match (ra.is_point(), rb.is_point()) {
            (_, Some(1)) => Ok(Some(self.const_i64(0))),
            (Some(x), Some(y)) => Ok(Some(self.const_i64(x.rem_euclid(y)))),
            // x % 2**k == x & (2**k - 1), for negative x too
            (_, Some(y)) if y.count_ones() == 1 => {
                let mask = self.const_i64(y - 1);
                self.fold_int(Uop::IntAnd, &[a, mask])
            }
            _ => {
                let hi = if ra.lo >= 0 { ra.hi.min(rb.hi - 1) } else { rb.hi - 1 };
                self.ranged(Uop::IntMod, &[a, b], Range { lo: 0, hi })
            }
        }
    }

    fn float_constant(&self, v: ValueId) -> Option<f64> {
        self.constant(v).map(f64::from_bits)
    }

    fn fold_float(&mut self, op: Uop, args: &[ValueId]) -> Option<ValueId> {
        let a = self.float_constant(args[0]);
        let Some(&b) = args.get(1) else {
            return match (op, a) {
                (Uop::FloatNeg, Some(x)) => Some(self.const_f64(-x)),
                (Uop::FloatAbs, Some(x)) => Some(self.const_f64(x.abs())),
                // -(-x) == x
                (Uop::FloatNeg, None) if self.def(args[0]).op == Uop::FloatNeg => Some(self.def(args[0]).args[0]),
                _ => None,
            };
        };
        let (x, y) = (a?, self.float_constant(b)?);
        let value = match op {
            Uop::FloatAdd => x + y,
            Uop::FloatSub => x - y,
            Uop::FloatMul => x * y,
            Uop::FloatDiv if y != 0.0 => x / y,
            Uop::FloatLt => return Some(self.const_bool(x < y)),
            Uop::FloatLe => return Some(self.const_bool(x <= y)),
            Uop::FloatEq => return Some(self.const_bool(x == y)),
            Uop::FloatNe => return Some(self.const_bool(x != y)),
            _ => return None,
        };
        // Which NaN the processor makes is its business.
        if value.is_nan() { None } else { Some(self.const_f64(value)) }
    }

    fn fold_bool(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) -> Result<Option<ValueId>, Reason> {
        let a = args[0];
        let constant = self.constant(a);
        match op {
            Uop::BoolNot => match constant {
                Some(x) => Ok(Some(self.const_bool(x == 0))),
                // not (not x) == x
                None if self.def(a).op == Uop::BoolNot => Ok(Some(self.def(a).args[0])),
                None => Ok(None),
            },
            Uop::BoxBool => Ok(constant.map(|x| self.const_obj(imms[0].wrapping_add(x.wrapping_mul(imms[1]))))),
            _ => Ok(None),
        }
    }

    /// Pure uops on objects that exist. Unboxing notes the raw value as the object's twin.
    fn fold_object(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) -> Option<ValueId> {
        let a = args[0];
        let Info { constant, twin, ty, .. } = *self.info(a);
        match op {
            Uop::UnboxCompact | Uop::UnboxWideInt => match constant.and_then(|c| self.oracle.int_value(c)) {
                Some(v) => Some(self.const_i64(v)),
                None => twin.filter(|&t| self.kind(t) == Kind::I64),
            },
            Uop::IntFitsI64 if twin.is_some_and(|t| self.kind(t) == Kind::I64) => Some(self.const_bool(true)),
            Uop::IntFitsI64 if constant.and_then(|c| self.oracle.int_value(c)).is_some() => Some(self.const_bool(true)),
            Uop::UnboxF64 => match constant.and_then(|c| self.oracle.float_value(c)) {
                Some(v) => Some(self.const_f64(v)),
                None => twin.filter(|&t| self.kind(t) == Kind::F64),
            },
            Uop::UnboxBool => match constant {
                Some(c) => Some(self.const_bool(c == imms[0])),
                None => twin.filter(|&t| self.kind(t) == Kind::Bool && imms[0] == self.known.true_),
            },
            Uop::SameObject => {
                let b = args[1];
                let (other, other_ty) = (self.constant(b), self.info(b).ty);
                if a == b {
                    Some(self.const_bool(true))
                } else if let (Some(x), Some(y)) = (constant, other) {
                    Some(self.const_bool(x == y))
                } else if ty.is_some() && other_ty.is_some() && ty != other_ty {
                    Some(self.const_bool(false))
                } else {
                    None
                }
            }
            _ => None,
        }
    }

    /// Notes what a uop says about its operand and result. (Not where something else replaced it: a raw value that
    /// stands in for unboxing an object may be of any size.)
    pub fn learn(&mut self, op: Uop, args: &[ValueId], result: ValueId) {
        if self.def(result).op != op {
            return;
        }
        match op {
            Uop::UnboxCompact => {
                self.info_mut(result).range = self.range(result).meet(Range::COMPACT);
                self.info_mut(args[0]).twin = Some(result);
            }
            Uop::UnboxWideInt | Uop::UnboxF64 | Uop::UnboxBool => self.info_mut(args[0]).twin = Some(result),
            Uop::ListLen | Uop::TupleLen => {
                self.info_mut(result).range = self.range(result).meet(Range::NON_NEGATIVE);
            }
            _ => {}
        }
    }
}
