//! Arithmetic, comparisons, truth.
use cpython::abi as py;
use cpython::abi::{nb, op, special};
use ir::{Kind, Uop, ValueId};

use crate::emit::Number;
use crate::state::{Deferred, Entry, Val};
use crate::{Abort, EscapeHelper, Recorder};

impl Recorder {
    pub(crate) unsafe fn binary_op(&mut self, oparg: u32) -> Result<(), Abort> {
        if oparg == nb::SUBSCR {
            // SAFETY: by the contract of `record`.
            return unsafe { self.subscr() };
        }
        // In-place forms of numbers are the plain ones.
        let op = special::plain_operator(oparg);
        let (right, left) = (self.peek_value(0)?, self.peek_value(1)?);
        let (right_object, left_object) = (self.real_peek(0), self.real_peek(1));
        if arithmetic(op)
            && let Some(a) = self.number(left, left_object)
            && let Some(b) = self.number(right, right_object)
        {
            let remainder = match (op, a, b) {
                // SAFETY: both are ints, or they were not unboxed to that.
                (nb::REMAINDER, Number::Int(i), Number::Int(j)) => unsafe {
                    self.remainder(i, j, left_object, right_object)
                },
                _ => Remainder::New,
            };
            match remainder {
                Remainder::New => {
                    if let Some(result) = self.arithmetic(op, a, b) {
                        self.replace_two(result);
                        return Ok(());
                    }
                }
                Remainder::Left => {
                    self.keep_left(left);
                    return Ok(());
                }
                Remainder::Unknown => {}
            }
        }
        // SAFETY: the real frame holds both.
        let both_int = unsafe {
            py::Object::type_of(left_object) == py::PyLong_Type()
                && py::Object::type_of(right_object) == py::PyLong_Type()
        };
        // The others look for signals, which may run Python code, when the numbers are large.
        let quiet = matches!(op, nb::ADD | nb::SUBTRACT | nb::AND | nb::OR | nb::XOR | nb::LSHIFT | nb::RSHIFT);
        if both_int && quiet {
            self.guard_type(left, left_object);
            self.guard_type(right, right_object);
            let v = self.emit_imm(Uop::BigIntOp, &[left, right], u64::from(op), 0);
            self.types.insert(v, py::PyLong_Type() as usize);
            self.replace_two(Entry::owned(v));
            return Ok(());
        }
        // SAFETY: the real frame holds both.
        let both_str = unsafe {
            py::Object::type_of(left_object) == py::PyUnicode_Type()
                && py::Object::type_of(right_object) == py::PyUnicode_Type()
        };
        if both_str && op == nb::ADD && !self.peek(1).owned {
            self.guard_type(left, left_object);
            self.guard_type(right, right_object);
            let pc = self.top().pc;
            let (right, left) = (self.pop(), self.pop());
            self.push(Entry::NULL);
            self.deferred = Some(Deferred { pc, left, right, left_object });
            return Ok(());
        }
        // `list += x` changes the list.
        let in_place = oparg != op && self.real_type(1) == py::PyList_Type();
        // SAFETY: by the contract of `record`.
        if !in_place && unsafe { self.sequence_op(op) }.is_some() {
            return Ok(());
        }
        // SAFETY: by the contract of `record`.
        if unsafe { self.operator_special(oparg) }? {
            return Ok(());
        }
        let operands = self.pop_n(2);
        let v = self.escape(EscapeHelper::BinaryOp, u64::from(oparg), &operands);
        self.push(Entry::owned(v));
        Ok(())
    }

    /// The type of the `n`th entry from the top, which is not NULL.
    fn real_type(&self, n: usize) -> *mut py::Type {
        // SAFETY: the real frame holds the object.
        unsafe { py::Object::type_of(self.real_peek(n)) }
    }

    /// Ends a deferred concatenation at the instruction after it. True if that was the store of `local += x`, which is
    /// then recorded too.
    ///
    /// # Safety
    /// As for `record`.
    pub(crate) unsafe fn finish_concat(&mut self, d: Deferred, opcode: u8, oparg: u32) -> bool {
        self.pop();
        let (Val::Is(left), Val::Is(right)) = (d.left.val, d.right.val) else { unreachable!("they were guarded") };
        self.top().pc = d.pc;
        self.push(d.left);
        self.push(d.right);
        self.before = self.snapshot(ir::Resume::Before);
        let i = oparg as usize;
        let in_memory = self.in_memory();
        let target = self.top().slots.get(i).copied().filter(|e| opcode == op::STORE_FAST && e.val == d.left.val);
        let owned = target.is_some_and(|e| {
            let real = self.real_slot(i);
            if in_memory { e.clean && real.is_counted() && real.object() == d.left_object } else { e.owned }
        });
        if !owned {
            let v = self.emit(Uop::StrConcat, &[left, right]);
            self.types.insert(v, py::PyUnicode_Type() as usize);
            self.replace_two(Entry::owned(v));
            return false;
        }
        if let Some(generator) = self.home() {
            self.emit_imm(Uop::GuardGenSlotOwned, &[generator], crate::emit::generator_slot(i), 0);
        } else if in_memory {
            self.emit_imm(Uop::GuardSlotTag, &[], 8 * i as u64, 0);
        }
        let v = self.emit(Uop::StrAppend, &[left, right]);
        self.types.insert(v, py::PyUnicode_Type() as usize);
        let operands = self.pop_n(2);
        if in_memory {
            self.store_in_memory(i, v);
        }
        self.top().slots[i] = Entry { val: Val::Is(v), owned: true, clean: in_memory };
        self.release_harmless(operands[1]);
        true
    }

    /// Pops two operands of harmless types, pushes the result, releases the operands.
    fn replace_two(&mut self, result: Entry) {
        let operands = self.pop_n(2);
        self.push(result);
        for e in operands {
            self.release_harmless(e);
        }
    }

    /// Releases an entry whose type is known to be harmless.
    pub(crate) fn release_harmless(&mut self, e: Entry) {
        if e.owned
            && let Val::Is(v) = e.val
        {
            self.emit(Uop::DecrefDead, &[v]);
        }
    }

    /// Which object `i % j` gives, with the guards that make it sure. See [`py::Long::kept_by_remainder`].
    ///
    /// # Safety
    /// The objects are ints, or bools.
    unsafe fn remainder(
        &mut self,
        i: ValueId,
        j: ValueId,
        left_object: *mut py::Object,
        right_object: *mut py::Object,
    ) -> Remainder {
        // SAFETY: the caller's.
        let values = unsafe { (py::Long::to_i64(left_object.cast()), py::Long::to_i64(right_object.cast())) };
        let (Some(a), Some(b)) = values else { return Remainder::Unknown };
        let limit = py::Long::kept_by_remainder(b) as i64;
        let constant = self.trace.inst(j).op == Uop::ConstI64;
        let zero = self.const_i64(0);
        if limit == 0 {
            let digit = 1 << py::LONG_SHIFT;
            if !constant && b >= 0 {
                let bound = self.const_i64(digit);
                self.emit(Uop::GuardInRange, &[j, bound]);
            } else if !constant {
                let bound = self.const_i64(-digit);
                self.emit(Uop::GuardIntLt, &[bound, j]);
                self.emit(Uop::GuardIntLt, &[j, zero]);
            }
            return Remainder::New;
        }
        if b < 0 {
            return Remainder::Unknown;
        }
        if !constant {
            // A left operand that is no smaller has no fewer digits; a negative one changes its sign.
            match (a < 0, a >= b) {
                (true, _) => self.emit(Uop::GuardIntLt, &[i, zero]),
                (_, true) => self.emit(Uop::GuardIntLe, &[j, i]),
                _ => return Remainder::Unknown,
            };
            self.emit(Uop::GuardIntLt, &[zero, j]);
            return Remainder::New;
        }
        let kept = self.const_i64(limit);
        if a < 0 {
            self.emit(Uop::GuardIntLt, &[i, zero]);
            Remainder::New
        } else if a >= limit {
            self.emit(Uop::GuardIntLe, &[kept, i]);
            Remainder::New
        // SAFETY: the caller's.
        } else if unsafe { py::Object::type_of(left_object) } == py::PyLong_Type() {
            self.emit(Uop::GuardInRange, &[i, kept]);
            Remainder::Left
        } else {
            Remainder::Unknown
        }
    }

    /// Replaces two operands by the left one, whose value is `left`.
    fn keep_left(&mut self, left: ValueId) {
        let (right, e) = (self.pop(), self.pop());
        if !e.owned {
            self.emit(Uop::Incref, &[left]);
        }
        self.push(Entry::owned(left));
        self.release_harmless(right);
    }

    /// The uops of `a op b`, or nothing where CPython's C code must do it.
    fn arithmetic(&mut self, op: u32, a: Number, b: Number) -> Option<Entry> {
        if let (Number::Int(i), Number::Int(j)) = (a, b)
            && op != nb::TRUE_DIVIDE
        {
            let uop = match op {
                nb::ADD => Uop::IntAdd,
                nb::SUBTRACT => Uop::IntSub,
                nb::MULTIPLY => Uop::IntMul,
                nb::FLOOR_DIVIDE => Uop::IntFloordiv,
                nb::REMAINDER => Uop::IntMod,
                nb::AND => Uop::IntAnd,
                nb::OR => Uop::IntOr,
                nb::XOR => Uop::IntXor,
                nb::LSHIFT => Uop::IntShl,
                nb::RSHIFT => Uop::IntShr,
                nb::POWER => return self.int_power(i, j),
                _ => return None,
            };
            let v = self.emit(uop, &[i, j]);
            return Some(self.box_int(v));
        }
        let uop = match op {
            nb::ADD => Uop::FloatAdd,
            nb::SUBTRACT => Uop::FloatSub,
            nb::MULTIPLY => Uop::FloatMul,
            nb::TRUE_DIVIDE => Uop::FloatDiv,
            nb::FLOOR_DIVIDE => Uop::FloatFloordiv,
            nb::REMAINDER => Uop::FloatMod,
            nb::POWER => Uop::FloatPow,
            _ => return None,
        };
        let x = self.as_float(a);
        let y = self.as_float(b);
        let zero = self.const_f64(0.0);
        let v = match uop {
            Uop::FloatFloordiv | Uop::FloatMod => {
                let is_zero = self.emit(Uop::FloatEq, &[y, zero]);
                self.emit(Uop::GuardFalse, &[is_zero]);
                self.emit(uop, &[x, y])
            }
            Uop::FloatPow => {
                // A positive base and a finite result exclude every case in which float_pow raises or goes complex.
                self.emit(Uop::GuardFloatLt, &[zero, x]);
                let v = self.emit(uop, &[x, y]);
                let magnitude = self.emit(Uop::FloatAbs, &[v]);
                let infinite = self.const_f64(f64::INFINITY);
                self.emit(Uop::GuardFloatLt, &[magnitude, infinite]);
                v
            }
            _ => self.emit(uop, &[x, y]),
        };
        Some(self.box_float(v))
    }

    /// `i ** j` for a constant exponent of 2 or 3.
    fn int_power(&mut self, i: ValueId, j: ValueId) -> Option<Entry> {
        let exponent = self.trace.inst(j);
        let v = match (exponent.op, exponent.imms[0]) {
            (Uop::ConstI64, 2) => self.emit(Uop::IntMul, &[i, i]),
            (Uop::ConstI64, 3) => {
                let square = self.emit(Uop::IntMul, &[i, i]);
                self.emit(Uop::IntMul, &[square, i])
            }
            _ => return None,
        };
        Some(self.box_int(v))
    }

    pub(crate) unsafe fn compare_op(&mut self, oparg: u32) -> Result<(), Abort> {
        let op = oparg >> 5;
        let (right, left) = (self.peek_value(0)?, self.peek_value(1)?);
        let (right_object, left_object) = (self.real_peek(0), self.real_peek(1));
        if let Some(a) = self.number(left, left_object)
            && let Some(b) = self.number(right, right_object)
        {
            let c = self.compare(op, a, b);
            let e = self.box_bool(c);
            self.replace_two(e);
            return Ok(());
        }
        // SAFETY: the real frame holds both.
        let both_int = unsafe {
            py::Object::type_of(left_object) == py::PyLong_Type()
                && py::Object::type_of(right_object) == py::PyLong_Type()
        };
        if both_int {
            self.guard_type(left, left_object);
            self.guard_type(right, right_object);
            let c = self.emit_imm(Uop::BigIntCompare, &[left, right], u64::from(op), 0);
            let e = self.box_bool(c);
            self.replace_two(e);
            return Ok(());
        }
        // SAFETY: by the contract of `record`.
        if let Some(truth) = unsafe { self.compare_plain(op) }
            && self.answer_two(truth)
        {
            return Ok(());
        }
        // SAFETY: by the contract of `record`.
        if unsafe { self.comparison_special(op) }? {
            return Ok(());
        }
        let operands = self.pop_n(2);
        let to_bool = u64::from(oparg & 16 != 0) << 8;
        let v = self.escape(EscapeHelper::Compare, u64::from(op) | to_bool, &operands);
        if to_bool == 0 {
            self.push(Entry::owned(v));
        } else {
            self.types.insert(v, py::PyBool_Type() as usize);
            self.push(Entry::borrowed(v));
        }
        Ok(())
    }

    /// `a op b` with `Py_LT` 0, LE 1, EQ 2, NE 3, GT 4, GE 5.
    fn compare(&mut self, op: u32, a: Number, b: Number) -> ValueId {
        if let (Number::Int(i), Number::Int(j)) = (a, b) {
            return match op {
                0 => self.emit(Uop::IntLt, &[i, j]),
                1 => self.emit(Uop::IntLe, &[i, j]),
                2 => self.emit(Uop::IntEq, &[i, j]),
                3 => self.emit(Uop::IntNe, &[i, j]),
                4 => self.emit(Uop::IntLt, &[j, i]),
                _ => self.emit(Uop::IntLe, &[j, i]),
            };
        }
        let x = self.as_float(a);
        let y = self.as_float(b);
        match op {
            0 => self.emit(Uop::FloatLt, &[x, y]),
            1 => self.emit(Uop::FloatLe, &[x, y]),
            2 => self.emit(Uop::FloatEq, &[x, y]),
            3 => self.emit(Uop::FloatNe, &[x, y]),
            4 => self.emit(Uop::FloatLt, &[y, x]),
            _ => self.emit(Uop::FloatLe, &[y, x]),
        }
    }

    pub(crate) unsafe fn is_op(&mut self, oparg: u32) -> Result<(), Abort> {
        let (right, left) = (self.peek_value(0)?, self.peek_value(1)?);
        let releases = [(self.peek(0), self.real_peek(0)), (self.peek(1), self.real_peek(1))];
        let plan = self.plan_release(&releases);
        let mut c = self.emit(Uop::SameObject, &[left, right]);
        if oparg & 1 != 0 {
            c = self.emit(Uop::BoolNot, &[c]);
        }
        self.pop_n(2);
        let e = self.box_bool(c);
        self.push(e);
        self.release(plan);
        Ok(())
    }

    pub(crate) unsafe fn contains_op(&mut self, oparg: u32) -> Result<(), Abort> {
        // SAFETY: by the contract of `record`.
        if let Some(found) = unsafe { self.search() } {
            let truth = if oparg & 1 == 0 { found } else { self.emit(Uop::BoolNot, &[found]) };
            self.answer_two(truth);
            return Ok(());
        }
        // SAFETY: by the contract of `record`.
        if unsafe { self.call_special(0, c"__contains__", &[1]) }? {
            return Ok(());
        }
        let operands = self.pop_n(2);
        let v = self.escape(EscapeHelper::Contains, u64::from(oparg & 1), &operands);
        self.types.insert(v, py::PyBool_Type() as usize);
        self.push(Entry::borrowed(v));
        Ok(())
    }

    pub(crate) unsafe fn unary_negative(&mut self) -> Result<(), Abort> {
        let v = self.peek_value(0)?;
        let object = self.real_peek(0);
        let result = match self.number(v, object) {
            Some(Number::Int(i)) => {
                let r = self.emit(Uop::IntNeg, &[i]);
                self.box_int(r)
            }
            Some(Number::Float(x)) => {
                let r = self.emit(Uop::FloatNeg, &[x]);
                self.box_float(r)
            }
            None => {
                // SAFETY: by the contract of `record`.
                if unsafe { self.call_special(0, c"__neg__", &[]) }? {
                    return Ok(());
                }
                let operands = self.pop_n(1);
                let r = self.escape(EscapeHelper::Negative, 0, &operands);
                self.push(Entry::owned(r));
                return Ok(());
            }
        };
        let e = self.pop();
        self.push(result);
        self.release_harmless(e);
        Ok(())
    }

    pub(crate) unsafe fn unary_invert(&mut self) -> Result<(), Abort> {
        let v = self.peek_value(0)?;
        let object = self.real_peek(0);
        let Some(i) = self.unbox_int(v, object) else {
            // SAFETY: by the contract of `record`.
            if unsafe { self.call_special(0, c"__invert__", &[]) }? {
                return Ok(());
            }
            let operands = self.pop_n(1);
            let r = self.escape(EscapeHelper::Invert, 0, &operands);
            self.push(Entry::owned(r));
            return Ok(());
        };
        let r = self.emit(Uop::IntInvert, &[i]);
        let result = self.box_int(r);
        let e = self.pop();
        self.push(result);
        self.release_harmless(e);
        Ok(())
    }

    /// UNARY_NOT works on an exact bool.
    pub(crate) unsafe fn unary_not(&mut self) -> Result<(), Abort> {
        let v = self.peek_value(0)?;
        let c = self.unbox_bool(v, self.real_peek(0))?;
        let c = self.emit(Uop::BoolNot, &[c]);
        let e = self.box_bool(c);
        self.pop();
        self.push(e);
        Ok(())
    }

    /// The truth value in `v`, an exact bool.
    pub(crate) fn unbox_bool(&mut self, v: ValueId, object: *mut py::Object) -> Result<ValueId, Abort> {
        if let Some(raw) = self.raw.get(&v)
            && self.kind(*raw) == Kind::Bool
        {
            return Ok(*raw);
        }
        if self.guard_type(v, object) != py::PyBool_Type() as usize {
            return Err(Abort::Value("expected a bool"));
        }
        let c = self.emit_imm(Uop::UnboxBool, &[v], py::_Py_TrueStruct() as u64, 0);
        self.raw.insert(v, c);
        Ok(c)
    }

    pub(crate) unsafe fn truth(&mut self) -> Result<(), Abort> {
        let v = self.peek_value(0)?;
        let object = self.real_peek(0);
        // SAFETY: the real frame holds the object.
        let ty = unsafe { py::Object::type_of(object) };
        if ty == py::PyBool_Type() {
            self.guard_type(v, object);
            return Ok(());
        }
        let c = if let Some(n) = self.number(v, object) {
            match n {
                Number::Int(i) => self.emit(Uop::IntIsTrue, &[i]),
                Number::Float(x) => {
                    let zero = self.const_f64(0.0);
                    self.emit(Uop::FloatNe, &[x, zero])
                }
            }
        } else if object == py::_Py_NoneStruct() {
            self.guard_is(v, object);
            let zero = self.const_bool(false);
            let e = self.box_bool(zero);
            self.pop();
            self.push(e);
            return Ok(());
        } else if self.container_truth() {
            return Ok(());
        } else {
            // SAFETY: by the contract of `record`.
            if unsafe { self.truth_special() }? {
                return Ok(());
            }
            let operands = self.pop_n(1);
            let r = self.escape(EscapeHelper::ToBool, 0, &operands);
            self.types.insert(r, py::PyBool_Type() as usize);
            self.push(Entry::borrowed(r));
            return Ok(());
        };
        let result = self.box_bool(c);
        let e = self.pop();
        self.push(result);
        self.release_harmless(e);
        Ok(())
    }

    pub(crate) fn const_bool(&mut self, value: bool) -> ValueId {
        let n = ir::Inst::new(Uop::ConstBool, &[]).imm(u64::from(value));
        self.trace.push(n)
    }

    /// Establishes that `v` is this very object (immortal, or kept valid by a dependency).
    pub(crate) fn guard_is(&mut self, v: ValueId, object: *mut py::Object) {
        if self.const_of.get(&v) == Some(&(object as usize)) {
            return;
        }
        self.emit_imm(Uop::GuardIs, &[v], object as u64, 0);
        // SAFETY: the real frame holds the object.
        self.types.insert(v, unsafe { py::Object::type_of(object) } as usize);
    }
}

/// The object that `%` of ints gives.
enum Remainder {
    New,
    /// The left operand itself.
    Left,
    /// That is CPython's to say.
    Unknown,
}

/// Whether the operation has uops for numbers.
fn arithmetic(op: u32) -> bool {
    matches!(
        op,
        nb::ADD
            | nb::SUBTRACT
            | nb::MULTIPLY
            | nb::FLOOR_DIVIDE
            | nb::REMAINDER
            | nb::AND
            | nb::OR
            | nb::XOR
            | nb::LSHIFT
            | nb::RSHIFT
            | nb::POWER
            | nb::TRUE_DIVIDE
    )
}
