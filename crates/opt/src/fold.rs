//! Rules for pure arithmetic: constants, ranges, strength. Those of integers are in `int_rules`.
//!
//! A rule returns the value that replaces the uop, or `None` for "as it is". Rules never look across the label:
//! operands are values of the optimized trace and their facts hold wherever the rule is applied.
use ir::{Kind, Uop, ValueId};
use smallvec::SmallVec;

use crate::Reason;
use crate::facts::{Info, Range};
use crate::int_rules::{self, Arg, Rewrite, Width};
use crate::state::Optimizer;

impl Optimizer<'_> {
    /// Emits pure uop `op` on raw operands, in the cheapest way that is known to be equal.
    pub fn fold(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) -> Result<ValueId, Reason> {
        let mut args = ir::args(args);
        for a in &mut args {
            *a = self.canonical(*a);
        }
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

    fn fold_int(&mut self, op: Uop, args: &[ValueId]) -> Result<Option<ValueId>, Reason> {
        let (a, ra) = (args[0], self.range(args[0]));
        let law = match args.get(1) {
            Some(&b) => int_rules::binary(op, ra, self.range(b), a == b, Width::MACHINE),
            None if op == Uop::IntToFloat => return self.fold_int_to_float(a, ra).map(Some),
            None => int_rules::unary(op, ra, Width::MACHINE),
        };
        let Some((_, rewrite)) = law else { return Ok(None) };
        let mut operands = |of: [Arg; 2], op: Uop| -> SmallVec<[ValueId; 2]> {
            let operand = |arg| match arg {
                Arg::A => args[0],
                Arg::B => args[1],
                Arg::Int(v) => self.const_i64(v),
            };
            of.into_iter().take(op.facts().operands.len()).map(operand).collect()
        };
        Ok(Some(match rewrite {
            Rewrite::Value(arg) => operands([arg; 2], Uop::IntInvert)[0],
            Rewrite::Truth(truth) => self.const_bool(truth),
            Rewrite::Total(_, _, range) if range.is_point().is_some() => self.const_i64(range.lo),
            Rewrite::Total(op, of, range) | Rewrite::Partial(op, of, range) => {
                let args = operands(of, op);
                let v = self.pure_(op, &args, [0; 2])?;
                let info = self.info_mut(v);
                info.range = info.range.meet(range);
                v
            }
            Rewrite::Again(op, of) => {
                let args = operands(of, op);
                self.fold(op, &args, [0; 2])?
            }
        }))
    }

    fn fold_int_to_float(&mut self, a: ValueId, ra: Range) -> Result<ValueId, Reason> {
        if int_rules::converts_exactly(ra, Width::MACHINE) {
            return match ra.is_point() {
                Some(x) => Ok(self.const_f64(x as f64)),
                None => self.pure_(Uop::IntToFloatExact, &[a], [0; 2]),
            };
        }
        let v = self.pure_(Uop::IntToFloat, &[a], [0; 2])?;
        let info = self.info_mut(a);
        info.range = info.range.meet(Width::MACHINE.exact_float());
        Ok(v)
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
            Uop::ListLen | Uop::TupleLen | Uop::NumbersLen => {
                self.info_mut(result).range = self.range(result).meet(Range::NON_NEGATIVE);
            }
            _ => {
                let info = self.info_mut(result);
                info.range = info.range.meet(item_range(op));
            }
        }
    }
}

/// What values the items of an array have.
fn item_range(op: Uop) -> Range {
    let (lo, hi) = match op {
        Uop::LoadI8 => (i8::MIN.into(), i8::MAX.into()),
        Uop::LoadU8 => (0, u8::MAX.into()),
        Uop::LoadI16 => (i16::MIN.into(), i16::MAX.into()),
        Uop::LoadU16 => (0, u16::MAX.into()),
        Uop::LoadI32 => (i32::MIN.into(), i32::MAX.into()),
        Uop::LoadU32 => (0, u32::MAX.into()),
        _ => return Range::ALL,
    };
    Range { lo, hi }
}
