//! Guards: dropped where the facts prove them, fused with the comparison they test, and learned from.
use ir::{Kind, Uop, ValueId};

use crate::Reason;
use crate::facts::Range;
use crate::int_rules::{self, Width};
use crate::state::{Key, Optimizer};
use crate::virtuals::{BoxKind, Val};

impl Optimizer<'_> {
    /// A guard on one object, with one immediate.
    pub fn guard_object(&mut self, op: Uop, val: Val, imm: u64) -> Result<(), Reason> {
        match self.norm(val) {
            Val::Virtual(n) => self.guard_virtual(op, n, imm),
            Val::Id(v) => self.guard_real(op, v, imm),
        }
    }

    fn guard_virtual(&mut self, op: Uop, n: u32, imm: u64) -> Result<(), Reason> {
        let v = self.st.virtuals[n as usize];
        match op {
            Uop::GuardType | Uop::GuardNullOrType if self.virtual_type(v.kind) == imm => Ok(()),
            Uop::GuardType | Uop::GuardNullOrType => Err(Reason::Contradiction),
            // Compactness is asked for unboxing's sake alone, and the raw value is there already.
            Uop::GuardNonNull | Uop::GuardCompact | Uop::GuardRefcount | Uop::GuardNullOrRefcount => Ok(()),
            Uop::GuardIs if imm == 0 => Err(Reason::Contradiction),
            Uop::GuardIsNot if imm == 0 => Ok(()),
            Uop::GuardIs | Uop::GuardIsNot => {
                let truth = match v.kind {
                    BoxKind::Bool(_) if imm == self.known.true_ => Some(true),
                    BoxKind::Bool(_) if imm == self.known.false_ => Some(false),
                    _ => None,
                };
                if let Some(truth) = truth {
                    return self.guard_truth(v.raw, truth == (op == Uop::GuardIs));
                }
                match self.oracle.type_of(imm) {
                    Some(ty) if ty != self.virtual_type(v.kind) && op == Uop::GuardIsNot => Ok(()),
                    Some(ty) if ty != self.virtual_type(v.kind) => Err(Reason::Contradiction),
                    _ => {
                        let object = self.force(Val::Virtual(n))?;
                        self.guard_real(op, object, imm)
                    }
                }
            }
            _ => {
                let object = self.force(Val::Virtual(n))?;
                self.guard_real(op, object, imm)
            }
        }
    }

    fn guard_real(&mut self, op: Uop, v: ValueId, imm: u64) -> Result<(), Reason> {
        let info = *self.info(v);
        match op {
            Uop::GuardType => match info.ty {
                Some(ty) if ty == imm => return Ok(()),
                Some(_) => return Err(Reason::Contradiction),
                None if info.constant == Some(0) => return Err(Reason::Contradiction),
                None => {
                    self.push(op, &[v], [imm, 0])?;
                    let info = self.info_mut(v);
                    (info.ty, info.non_null) = (Some(imm), true);
                    return Ok(());
                }
            },
            Uop::GuardNullOrType | Uop::GuardNullOrRefcount if info.constant == Some(0) => return Ok(()),
            Uop::GuardNullOrType if info.non_null || info.ty.is_some() => {
                return self.guard_real(Uop::GuardType, v, imm);
            }
            Uop::GuardNonNull if info.non_null => return Ok(()),
            Uop::GuardNonNull if info.constant == Some(0) => return Err(Reason::Contradiction),
            Uop::GuardCompact if info.twin.is_some() => return Ok(()),
            Uop::GuardCompact => {
                if let Some(x) = info.constant.filter(|&c| c != 0).and_then(|c| self.oracle.int_value(c)) {
                    return if Range::COMPACT.contains(x) { Ok(()) } else { Err(Reason::Contradiction) };
                }
            }
            Uop::GuardIs | Uop::GuardIsNot => {
                let ty = if imm == 0 { None } else { self.oracle.type_of(imm) };
                let is = match (info.constant, info.ty, ty) {
                    (Some(c), ..) => Some(c == imm),
                    (None, Some(a), Some(b)) if a != b => Some(false),
                    (None, ..) if imm == 0 && info.non_null => Some(false),
                    _ => None,
                };
                match is {
                    Some(is) if is == (op == Uop::GuardIs) => return Ok(()),
                    Some(_) => return Err(Reason::Contradiction),
                    None => {}
                }
                if info.ty == Some(self.known.bool_)
                    && let Some(raw) = info.twin
                    && (imm == self.known.true_ || imm == self.known.false_)
                {
                    return self.guard_truth(raw, (imm == self.known.true_) == (op == Uop::GuardIs));
                }
            }
            Uop::GuardRefcount | Uop::GuardNullOrRefcount if self.is_immortal(v) => return Ok(()),
            _ => {}
        }
        if !self.first_pass(op, &[v], [imm, 0])? {
            return Ok(());
        }
        match op {
            Uop::GuardNonNull => self.info_mut(v).non_null = true,
            Uop::GuardIs => {
                let ty = if imm == 0 { None } else { self.oracle.type_of(imm) };
                let info = self.info_mut(v);
                info.constant = Some(imm);
                info.non_null = imm != 0;
                info.ty = info.ty.or(ty);
            }
            Uop::GuardIsNot if imm == 0 => self.info_mut(v).non_null = true,
            _ => {}
        }
        Ok(())
    }

    /// Emits a pure guard unless it was passed before; whether it was emitted.
    pub fn first_pass(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) -> Result<bool, Reason> {
        let facts = op.facts();
        if facts.pure_ {
            let args = self.ordered(op, args);
            let key = Key::new(op, &args, imms);
            if self.st.passed.contains(&key) {
                return Ok(false);
            }
            self.push(op, &args, imms)?;
            self.st.passed.insert(key);
            return Ok(true);
        }
        self.heap_guard(op, args, imms)
    }

    /// Leaves unless `v` is `truth`.
    pub fn guard_truth(&mut self, v: ValueId, truth: bool) -> Result<(), Reason> {
        match self.constant(v) {
            Some(x) if (x != 0) == truth => return Ok(()),
            Some(_) => return Err(Reason::Contradiction),
            None => {}
        }
        // Whoever leaves here knows the outcome too, so the comparison itself need not be computed for the snapshot.
        let known = self.oracle.exits_are_failures();
        if known {
            self.failing.push((v, !truth));
        }
        let done = self.guard_comparison(v, truth);
        if known {
            self.failing.pop();
        }
        done?;
        self.info_mut(v).constant = Some(truth.into());
        Ok(())
    }

    fn guard_comparison(&mut self, v: ValueId, truth: bool) -> Result<(), Reason> {
        let def = self.def(v).clone();
        let (a, b) = (def.args.first().copied(), def.args.get(1).copied());
        match (def.op, truth, a, b) {
            (Uop::IntLt, true, Some(a), Some(b)) => self.guard_ints(Uop::GuardIntLt, a, b)?,
            (Uop::IntLt, false, Some(a), Some(b)) => self.guard_ints(Uop::GuardIntLe, b, a)?,
            (Uop::IntLe, true, Some(a), Some(b)) => self.guard_ints(Uop::GuardIntLe, a, b)?,
            (Uop::IntLe, false, Some(a), Some(b)) => self.guard_ints(Uop::GuardIntLt, b, a)?,
            (Uop::IntEq, true, Some(a), Some(b)) | (Uop::IntNe, false, Some(a), Some(b)) => {
                self.guard_ints(Uop::GuardIntEq, a, b)?;
            }
            (Uop::IntEq, false, Some(a), Some(b)) | (Uop::IntNe, true, Some(a), Some(b)) => {
                self.guard_ints(Uop::GuardIntNe, a, b)?;
            }
            (Uop::IntIsTrue, _, Some(a), None) => {
                let zero = self.const_i64(0);
                self.guard_ints(if truth { Uop::GuardIntNe } else { Uop::GuardIntEq }, a, zero)?;
            }
            // A NaN makes every comparison false, so the negative guards are uops of their own.
            (Uop::FloatLt, _, Some(a), Some(b)) => {
                self.first_pass(if truth { Uop::GuardFloatLt } else { Uop::GuardFloatNotLt }, &[a, b], [0; 2])?;
            }
            (Uop::FloatLe, _, Some(a), Some(b)) => {
                self.first_pass(if truth { Uop::GuardFloatLe } else { Uop::GuardFloatNotLe }, &[a, b], [0; 2])?;
            }
            (Uop::BoolNot, _, Some(a), None) => self.guard_truth(a, !truth)?,
            (Uop::UnboxBool, _, Some(a), None) if def.imms[0] == self.known.true_ => {
                let is = if truth { Uop::GuardIs } else { Uop::GuardIsNot };
                self.first_pass(is, &[a], [self.known.true_, 0])?;
            }
            _ => {
                self.first_pass(if truth { Uop::GuardTrue } else { Uop::GuardFalse }, &[v], [0; 2])?;
            }
        }
        Ok(())
    }

    /// A guard that compares two integers.
    pub fn guard_ints(&mut self, op: Uop, a: ValueId, b: ValueId) -> Result<(), Reason> {
        let (a, b) = (self.canonical(a), self.canonical(b));
        let (ra, rb) = (self.range(a), self.range(b));
        let holds = int_rules::decided(op, ra, rb, a == b).map(|(_, truth)| truth);
        match holds {
            Some(true) => return Ok(()),
            Some(false) => return Err(Reason::Contradiction),
            None => {}
        }
        if !self.first_pass(op, &[a, b], [0; 2])? {
            return Ok(());
        }
        let (_, na, nb) = int_rules::learned(op, ra, rb, Width::MACHINE);
        self.narrow(a, na);
        self.narrow(b, nb);
        if op == Uop::GuardInRange && rb.lo >= 0 {
            self.learn_index(a, b);
        }
        Ok(())
    }

    /// `wrap_index(i, n)` turned out to be in `0..n`, so `i` is in `-n..n`.
    fn learn_index(&mut self, wrapped: ValueId, n: ValueId) {
        let def = self.def(wrapped);
        if def.op == Uop::WrapIndex && def.args[1] == n {
            let (index, (_, range)) = (def.args[0], int_rules::learned_index(self.range(n)));
            self.narrow(index, range);
        }
    }

    /// `guard_int_is`: the integer becomes a constant.
    pub fn guard_int_is(&mut self, v: ValueId, value: i64) -> Result<(), Reason> {
        let range = self.range(v);
        if range.is_point() == Some(value) {
            return Ok(());
        }
        if !range.contains(value) {
            return Err(Reason::Contradiction);
        }
        self.first_pass(Uop::GuardIntIs, &[v], [value as u64, 0])?;
        self.narrow(v, Range::point(value));
        Ok(())
    }

    /// Two floats compared.
    pub fn guard_floats(&mut self, op: Uop, a: ValueId, b: ValueId) -> Result<(), Reason> {
        let (a, b) = (self.canonical(a), self.canonical(b));
        self.first_pass(op, &[a, b], [0; 2]).map(drop)
    }

    /// `v` is known to be in `range`.
    fn narrow(&mut self, v: ValueId, range: Range) {
        debug_assert_eq!(self.kind(v), Kind::I64);
        let info = self.info_mut(v);
        info.range = info.range.meet(range);
        if let Some(x) = info.range.is_point() {
            info.constant = Some(x as u64);
        }
    }
}
