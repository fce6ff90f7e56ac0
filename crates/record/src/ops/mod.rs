//! What each instruction does, in uops. One file per family.

mod arith;
mod attr;
mod bind;
mod call;
mod call_special;
mod cells;
mod construct;
mod control;
mod generator;
mod iter;
mod leaf;
mod locals;
mod mapping;
mod misc;
mod names;
mod native;
mod numbers;
mod range;
mod sequence;
mod slice;
mod special;
mod subscr;

use cpython::abi::op;
use ir::Resume;
pub(crate) use iter::{SEQUENCE_AT, Stepping};

use crate::state::{Entry, Val};
use crate::{Abort, EscapeHelper, Recorder};

impl Recorder {
    /// Records the instruction that tier 1 is about to execute.
    ///
    /// # Safety
    /// The innermost abstract frame describes the running frame (see `Recorder::step`).
    pub(crate) unsafe fn record(&mut self, opcode: u8, oparg: u32) -> Result<(), Abort> {
        let arg = oparg as usize;
        if !is_plain(opcode) {
            self.before = self.snapshot(Resume::Before);
        }
        // SAFETY: by this function's contract.
        unsafe {
            match opcode {
                op::NOP | op::NOT_TAKEN | op::CACHE | op::EXTENDED_ARG => Ok(()),
                op::RESUME => {
                    // Where a function begins CPython looks for events; an inlined one can wait.
                    if self.start.entry && self.trace.insts.is_empty() {
                        self.poll();
                    }
                    Ok(())
                }

                op::LOAD_FAST => self.load_fast(arg, true),
                op::LOAD_FAST_BORROW => self.load_fast(arg, false),
                op::LOAD_FAST_CHECK => self.load_fast_check(arg),
                op::LOAD_FAST_LOAD_FAST => {
                    self.slot_with_owner(arg >> 4);
                    self.slot_with_owner(arg & 15);
                    self.push_local(arg >> 4, true)?;
                    self.push_local(arg & 15, true)
                }
                op::LOAD_FAST_BORROW_LOAD_FAST_BORROW => {
                    self.load_fast(arg >> 4, false)?;
                    self.load_fast(arg & 15, false)
                }
                op::STORE_FAST => self.store_fast(arg),
                op::LOAD_FAST_AND_CLEAR => self.load_fast_and_clear(arg),
                op::DELETE_FAST => self.delete_fast(arg),
                op::LOAD_COMMON_CONSTANT => self.load_common_constant(arg),
                op::STORE_FAST_LOAD_FAST => self.store_fast_load_fast(arg >> 4, arg & 15),
                op::STORE_FAST_STORE_FAST => self.store_fast_store_fast(arg >> 4, arg & 15),
                op::LOAD_CONST => {
                    let object = cpython::abi::Code::constant(self.top().code_ptr, arg);
                    let e = self.constant_entry(object);
                    self.push(e);
                    Ok(())
                }
                op::LOAD_SMALL_INT => {
                    let e = self.constant_entry(cpython::abi::small_int(arg as i64));
                    self.push(e);
                    Ok(())
                }
                op::PUSH_NULL => {
                    self.push(Entry::NULL);
                    Ok(())
                }
                // END_FOR is where a generator's return value goes; other iterators' ends pass by it.
                op::POP_TOP | op::POP_ITER | op::END_FOR => self.pop_top(),
                op::COPY => self.copy(arg),
                op::SWAP => {
                    let i = self.stack_index(0);
                    let j = self.stack_index(arg - 1);
                    self.slot(i);
                    self.slot(j);
                    let slots = &mut self.top().slots;
                    slots.swap(i, j);
                    slots[i].clean = false;
                    slots[j].clean = false;
                    Ok(())
                }

                op::BINARY_OP => self.binary_op(oparg),
                op::COMPARE_OP => self.compare_op(oparg),
                op::IS_OP => self.is_op(oparg),
                op::CONTAINS_OP => self.contains_op(oparg),
                op::UNARY_NEGATIVE => self.unary_negative(),
                op::UNARY_INVERT => self.unary_invert(),
                op::UNARY_NOT => self.unary_not(),
                op::TO_BOOL => self.truth(),

                op::POP_JUMP_IF_TRUE | op::POP_JUMP_IF_FALSE => self.pop_jump_if(),
                op::POP_JUMP_IF_NONE | op::POP_JUMP_IF_NOT_NONE => self.pop_jump_if_none(),
                op::JUMP_FORWARD | op::JUMP_BACKWARD_NO_INTERRUPT => Ok(()),
                op::JUMP_BACKWARD => self.jump_backward(),
                op::GET_ITER => self.get_iter(),
                op::FOR_ITER => self.for_iter(oparg),
                op::GET_YIELD_FROM_ITER => self.get_yield_from_iter(),
                op::SEND => self.send(oparg),
                op::YIELD_VALUE => self.yield_value(oparg),
                op::END_SEND => self.end_send(),

                op::LOAD_GLOBAL => self.load_global(oparg),
                op::STORE_GLOBAL => self.store_name(arg, false),
                op::LOAD_NAME => self.load_name(arg),
                op::STORE_NAME => self.store_name(arg, true),
                op::LOAD_ATTR => self.load_attr(oparg),
                op::STORE_ATTR => self.store_attr(oparg),
                op::LOAD_SUPER_ATTR => self.load_super_attr(oparg),
                op::STORE_SUBSCR => self.store_subscr(),
                op::DELETE_SUBSCR => self.delete_subscr(),
                op::LOAD_DEREF => self.load_deref(arg),
                op::STORE_DEREF => self.store_deref(arg),
                op::MAKE_CELL => self.make_cell(arg),
                op::COPY_FREE_VARS => self.copy_free_vars(arg),
                op::MAKE_FUNCTION => self.make_function(),
                op::SET_FUNCTION_ATTRIBUTE => self.set_function_attribute(arg),
                op::UNPACK_SEQUENCE => self.unpack_sequence(arg),
                op::BUILD_LIST
                | op::BUILD_TUPLE
                | op::BUILD_STRING
                | op::BUILD_MAP
                | op::BUILD_SET
                | op::BUILD_SLICE => self.build(opcode, arg),
                op::LIST_APPEND => self.list_append(arg),
                op::LIST_EXTEND if self.extend(arg)? => Ok(()),
                op::SET_ADD | op::MAP_ADD | op::LIST_EXTEND | op::SET_UPDATE | op::DICT_UPDATE | op::DICT_MERGE => {
                    self.add_to_container(opcode, arg)
                }
                op::BINARY_SLICE | op::STORE_SLICE => self.slice(opcode),
                op::FORMAT_SIMPLE | op::FORMAT_WITH_SPEC | op::CONVERT_VALUE => self.format(opcode, oparg),

                op::CALL => self.call(arg),
                op::CALL_KW => self.call_kw(arg),
                op::CALL_FUNCTION_EX => self.call_function_ex(),
                op::CALL_INTRINSIC_1 => self.call_intrinsic_1(oparg),
                op::CALL_INTRINSIC_2 => {
                    let operands = self.pop_n(2);
                    let v = self.escape(EscapeHelper::Intrinsic2, u64::from(oparg), &operands);
                    self.push(Entry::owned(v));
                    Ok(())
                }
                op::IMPORT_NAME => {
                    let name = cpython::abi::Code::name(self.top().code_ptr, arg);
                    let operands = self.pop_n(2);
                    let v = self.escape(EscapeHelper::ImportName, name as u64, &operands);
                    self.push(Entry::owned(v));
                    Ok(())
                }
                op::DELETE_ATTR => self.delete_attr(oparg),
                op::LOAD_SPECIAL => self.load_special(arg),
                op::RETURN_VALUE => self.return_value(),
                op::RAISE_VARARGS => self.raise(arg),

                _ => Err(Abort::Unsupported(cpython::abi::OPCODE_NAMES[opcode as usize])),
            }
        }
    }

    fn load_fast(&mut self, i: usize, own: bool) -> Result<(), Abort> {
        if own {
            self.slot_with_owner(i);
        }
        self.push_local(i, own)
    }

    /// Pushes local `i`, whose owner is known if the reference is to be `own`ed.
    fn push_local(&mut self, i: usize, own: bool) -> Result<(), Abort> {
        let e = self.slot(i);
        let Val::Is(v) = e.val else { return Err(Abort::Unbound) };
        // What is loaded from a variable that borrows is borrowed, too.
        if !own || !e.owned || self.types.get(&v).is_some_and(|ty| self.immortal_type(*ty)) {
            self.push(Entry::borrowed(v));
        } else {
            self.emit(ir::Uop::Incref, &[v]);
            self.push(Entry::owned(v));
        }
        Ok(())
    }

    unsafe fn load_fast_check(&mut self, i: usize) -> Result<(), Abort> {
        if self.real_slot(i).is_null() {
            return Err(Abort::Unbound);
        }
        let e = self.slot(i);
        if let Val::Is(v) = e.val
            && !self.types.contains_key(&v)
        {
            self.emit(ir::Uop::GuardNonNull, &[v]);
        }
        self.load_fast(i, true)
    }

    /// Whether every object of the type is immortal.
    pub(crate) fn immortal_type(&self, ty: usize) -> bool {
        // SAFETY: None is a static object.
        ty == cpython::abi::PyBool_Type() as usize
            || ty == unsafe { cpython::abi::Object::type_of(cpython::abi::_Py_NoneStruct()) } as usize
    }

    unsafe fn store_fast_store_fast(&mut self, first: usize, second: usize) -> Result<(), Abort> {
        // Two stores in one instruction: the second must not leave the trace after the first took effect.
        // SAFETY: by the contract of `record`.
        unsafe {
            let below = self.real_peek(1);
            let a = self.plan_store(first, 0, self.real_peek(0), None)?;
            // The object that the first variable gives up may be the second one's, too.
            let before = match (self.slot(first).val, self.real_slot(first)) {
                (Val::Is(old), real) if !matches!(a, StorePlan::Pending(_) | StorePlan::Bind) => {
                    Some((old, real.object()))
                }
                _ => None,
            };
            let b = self.plan_store(second, 1, below, before)?;
            if first == second {
                return Err(Abort::Value("both values of a double store go to one variable"));
            }
            let top = self.pop();
            let Some(released) = self.do_store(first, top, a) else {
                let next = self.pop();
                let rest = self.do_store(second, next, b);
                self.release_any(rest);
                return Ok(());
            };
            if !released.escapes() {
                self.release(released);
                let next = self.pop();
                let rest = self.do_store(second, next, b);
                self.release_any(rest);
                return Ok(());
            }
            // Arbitrary code runs while the second value is still on the stack. What was seen of its place may not be
            // so any more.
            self.top().continuation = ir::Continuation::Finish;
            self.release(released);
            self.top().continuation = ir::Continuation::Push;
            let next = self.pop();
            let rest = self.do_store(second, next, b);
            self.release_any(rest.map(crate::emit::Releases::unseen));
        }
        Ok(())
    }

    unsafe fn store_fast(&mut self, i: usize) -> Result<(), Abort> {
        // SAFETY: by the contract of `record`.
        unsafe {
            if self.real_peek(0).is_null() {
                return self.store_unbound(i);
            }
            let plan = self.plan_store(i, 0, self.real_peek(0), None)?;
            let e = self.pop();
            let released = self.do_store(i, e, plan);
            self.release_any(released);
        }
        Ok(())
    }

    fn release_any(&mut self, releases: Option<crate::emit::Releases>) {
        if let Some(releases) = releases {
            self.release(releases);
        }
    }

    unsafe fn store_fast_load_fast(&mut self, store: usize, load: usize) -> Result<(), Abort> {
        // SAFETY: by the contract of `record`.
        unsafe {
            let plan = self.plan_store(store, 0, self.real_peek(0), None)?;
            if load != store {
                self.slot_with_owner(load);
            }
            let e = self.pop();
            let released = self.do_store(store, e, plan);
            self.push_local(load, true)?;
            self.release_any(released);
        }
        Ok(())
    }

    /// Guards for storing the `n`th entry from the top, `object`, into local `i`, when the instruction has released `before`.
    unsafe fn plan_store(
        &mut self,
        i: usize,
        n: usize,
        object: *mut cpython::abi::Object,
        before: Option<(ir::ValueId, *mut cpython::abi::Object)>,
    ) -> Result<StorePlan, Abort> {
        let new = self.peek_value(n)?;
        // Between the ends of a comprehension the stack holds the variable it borrowed the name of, which may be
        // unbound.
        let read = matches!(self.trace.inst(new).op, ir::Uop::EntryObj | ir::Uop::LoadSlot | ir::Uop::LoadGenSlot);
        if read && !self.types.contains_key(&new) {
            self.emit(ir::Uop::GuardNonNull, &[new]);
        }
        let old = self.slot(i);
        let old_object = self.real_slot(i);
        let (root, home) = (self.in_root(), self.home());
        if root
            && old.clean
            && old_object.is_null()
            && let Val::Is(old_value) = old.val
        {
            return self.plan_first_store(i, new, object, old_value, before.is_some());
        }
        let harmless_new = self.is_harmless(new, object);
        if old_object.is_null() {
            if let Val::Is(old_value) = old.val
                && old.clean
                && home.is_some()
            {
                self.emit_imm(ir::Uop::GuardIs, &[old_value], 0, 0);
            }
            // A function that has just begun.
            if root && harmless_new && old.clean {
                self.guard_type(new, object);
                let null = self.const_obj(0);
                return Ok(StorePlan::Pending(null));
            }
            return Ok(StorePlan::Bind);
        }
        let Val::Is(old_value) = old.val else {
            return Ok(StorePlan::Bind);
        };
        let harmless_old = self.is_harmless(old_value, old_object.object());
        let counted = old_object.is_counted();
        // Bound now, but perhaps not whenever the trace comes here: the compiler promises that of loads only. What is
        // owned is bound.
        let owned = root && home.is_none() && old.clean && !harmless_old && counted;
        if old.clean && !owned && !self.types.contains_key(&old_value) {
            self.emit(ir::Uop::GuardNonNull, &[old_value]);
        }
        if root && harmless_new && harmless_old {
            self.guard_type(new, object);
            self.guard_type(old_value, old_object.object());
            return Ok(StorePlan::Pending(old_value));
        }
        // SAFETY: the real frame holds the object.
        let old_type = unsafe { cpython::abi::Object::type_of(old_object.object()) } as usize;
        if let Some(generator) = home
            && old.clean
        {
            // SAFETY: as above.
            if !counted && !unsafe { cpython::abi::Object::is_immortal(old_object.object()) } {
                return Err(Abort::Value("a generator's local borrows a constant"));
            }
            self.emit_imm(ir::Uop::GuardGenSlotOwned, &[generator], crate::emit::generator_slot(i), 0);
        } else if root && old.clean && self.immortal_type(old_type) {
            self.guard_type(old_value, old_object.object());
        } else if root && old.clean && (!harmless_old || !counted || self.is_loaded_from(old_value, i)) {
            self.emit_imm(ir::Uop::GuardSlotTag, &[], 8 * i as u64, u64::from(!counted));
        }
        let release = Entry { owned: if old.clean { counted || home.is_some() } else { old.owned }, ..old };
        Ok(StorePlan::Release(self.plan_release_after(before, &[(release, old_object.object())])))
    }

    /// Whether the value is what the root frame's slot `i` held where the trace began: an argument may only be
    /// borrowed.
    pub(crate) fn is_loaded_from(&self, v: ir::ValueId, i: usize) -> bool {
        let inst = self.trace.inst(v);
        inst.op == ir::Uop::LoadSlot && inst.imms[0] == 8 * i as u64
    }

    /// Stores; what is to be released then.
    fn do_store(&mut self, i: usize, mut e: Entry, plan: StorePlan) -> Option<crate::emit::Releases> {
        let Val::Is(new) = e.val else { return None };
        if !e.owned && !self.types.get(&new).is_some_and(|ty| self.immortal_type(*ty)) {
            self.emit(ir::Uop::Incref, &[new]);
            e.owned = true;
        }
        let in_memory = self.in_memory();
        match plan {
            StorePlan::Pending(old) => {
                self.emit_imm(ir::Uop::SetSlot, &[new, old], i as u64, 0);
                self.top().slots[i] = Entry { val: Val::Is(new), owned: e.owned, clean: true };
            }
            StorePlan::Bind => {
                if in_memory {
                    self.store_in_memory(i, new);
                }
                self.top().slots[i] = Entry { val: Val::Is(new), owned: e.owned, clean: in_memory };
            }
            StorePlan::BindOrShared(old) => {
                self.emit_imm(ir::Uop::StoreSlot, &[new], 8 * i as u64, 0);
                self.top().slots[i] = Entry { val: Val::Is(new), owned: e.owned, clean: true };
                self.emit(ir::Uop::DecrefAliveOrNull, &[old]);
            }
            StorePlan::Release(release) => {
                if in_memory {
                    self.store_in_memory(i, new);
                }
                self.top().slots[i] = Entry { val: Val::Is(new), owned: e.owned, clean: in_memory };
                return Some(release);
            }
        }
        None
    }

    unsafe fn pop_top(&mut self) -> Result<(), Abort> {
        let e = self.peek(0);
        let plan = self.plan_release(&[(e, self.real_peek(0))]);
        self.pop();
        self.release(plan);
        Ok(())
    }

    fn copy(&mut self, n: usize) -> Result<(), Abort> {
        let e = self.peek(n - 1);
        match e.val {
            Val::Is(v) if e.owned => {
                self.emit(ir::Uop::Incref, &[v]);
                self.push(Entry::owned(v));
            }
            _ => self.push(e),
        }
        Ok(())
    }
}

/// How a store into a local treats the old value.
enum StorePlan {
    /// Old and new are harmless: a pending store of the root frame.
    Pending(ir::ValueId),
    /// The root frame's local was unbound or holds an object that survives.
    BindOrShared(ir::ValueId),
    /// The local was unbound.
    Bind,
    Release(crate::emit::Releases),
}

/// Instructions that never leave the trace and never escape: they need no snapshot.
pub(crate) fn is_plain(opcode: u8) -> bool {
    matches!(
        opcode,
        op::NOP
            | op::NOT_TAKEN
            | op::CACHE
            | op::EXTENDED_ARG
            | op::LOAD_FAST_BORROW
            | op::LOAD_FAST_BORROW_LOAD_FAST_BORROW
            | op::LOAD_CONST
            | op::LOAD_SMALL_INT
            | op::LOAD_COMMON_CONSTANT
            | op::PUSH_NULL
            | op::JUMP_FORWARD
    )
}
