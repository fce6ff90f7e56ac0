//! Locals that are or become unbound.
use cpython::abi as py;
use ir::{Uop, ValueId};

use super::StorePlan;
use crate::state::{Entry, Val};
use crate::{Abort, Recorder};

impl Recorder {
    /// Guards for the first store of this activation into the root frame's local `i`, which memory says is unbound. In
    /// later iterations the loop finds there what it stored itself, so the guards allow both.
    pub(super) fn plan_first_store(
        &mut self,
        i: usize,
        new: ValueId,
        object: *mut py::Object,
        old: ValueId,
        after_another: bool,
    ) -> Result<StorePlan, Abort> {
        if self.types.contains_key(&old) {
            return Err(Abort::Unbound);
        }
        let at = 8 * i as u64;
        if self.is_harmless(new, object) {
            let ty = self.guard_type(new, object);
            self.emit_imm(Uop::GuardNullOrType, &[old], ty as u64, 0);
            return Ok(StorePlan::Pending(old));
        }
        self.emit_imm(Uop::GuardSlotOwnedOrUnbound, &[], at, 0);
        // The instruction may have released the same object before.
        self.emit_imm(Uop::GuardNullOrRefcount, &[old], 1 + u64::from(after_another), 0);
        Ok(StorePlan::BindOrShared(old))
    }

    /// STORE_FAST of NULL: the end of an inlined comprehension gives its variable back as unbound as it was.
    pub(super) unsafe fn store_unbound(&mut self, i: usize) -> Result<(), Abort> {
        if let Val::Is(v) = self.peek(0).val {
            self.emit_imm(Uop::GuardIs, &[v], 0, 0);
        }
        let unbind = self.plan_unbind(i)?;
        let release = unbind.release(self);
        self.pop();
        self.unbind(i, &unbind);
        self.release(release);
        Ok(())
    }

    pub(super) unsafe fn delete_fast(&mut self, i: usize) -> Result<(), Abort> {
        let unbind = self.plan_unbind(i)?;
        if matches!(unbind, Unbind::Unbound) {
            return Err(Abort::Unbound);
        }
        let release = unbind.release(self);
        self.unbind(i, &unbind);
        self.release(release);
        Ok(())
    }

    /// LOAD_FAST_AND_CLEAR: a comprehension borrows the name of a variable.
    pub(super) unsafe fn load_fast_and_clear(&mut self, i: usize) -> Result<(), Abort> {
        let unbind = self.plan_unbind(i)?;
        let e = match unbind {
            Unbind::Unbound => Entry::NULL,
            Unbind::Moved(e, _) => e,
            Unbind::Released(v) => self.with_reference(Entry::borrowed(v)),
        };
        self.unbind(i, &unbind);
        self.push(e);
        Ok(())
    }

    /// Guards for unbinding local `i`.
    fn plan_unbind(&mut self, i: usize) -> Result<Unbind, Abort> {
        if self.home().is_some() {
            return Err(Abort::Value("a generator's local becomes unbound"));
        }
        let e = self.slot(i);
        let real = self.real_slot(i);
        let Val::Is(v) = e.val else { return Ok(Unbind::Unbound) };
        if real.is_null() {
            if self.types.contains_key(&v) {
                return Err(Abort::Unbound);
            }
            self.emit_imm(Uop::GuardIs, &[v], 0, 0);
            return Ok(Unbind::Unbound);
        }
        let object = real.object();
        if e.clean && !self.types.contains_key(&v) {
            self.emit(Uop::GuardNonNull, &[v]);
        }
        let e = Entry { clean: false, ..e };
        if !self.in_root() || !self.top().slots[i].clean {
            return Ok(Unbind::Moved(e, object));
        }
        if self.is_harmless(v, object) {
            self.guard_type(v, object);
            return Ok(Unbind::Released(v));
        }
        let owned = real.is_counted();
        self.emit_imm(Uop::GuardSlotTag, &[], 8 * i as u64, u64::from(!owned));
        Ok(Unbind::Moved(Entry { owned, ..e }, object))
    }

    /// Makes local `i` unbound, after [`Recorder::plan_unbind`].
    fn unbind(&mut self, i: usize, plan: &Unbind) {
        let root = self.in_root();
        if root && !matches!(plan, Unbind::Unbound) {
            let op = if matches!(plan, Unbind::Released(_)) { Uop::DropSlot } else { Uop::ClearSlot };
            self.emit_imm(op, &[], 8 * i as u64, 0);
        }
        if !root || !matches!(plan, Unbind::Unbound) {
            self.top().slots[i] = Entry { val: Val::Null, owned: false, clean: root };
        }
    }
}

/// How a local becomes unbound.
enum Unbind {
    /// It is.
    Unbound,
    /// Its reference is the trace's.
    Moved(Entry, *mut py::Object),
    /// The root frame's, of a harmless type: `drop_slot` releases whatever reference the slot has.
    Released(ValueId),
}

impl Unbind {
    /// The guards for releasing what the local named.
    fn release(&self, r: &mut Recorder) -> crate::emit::Releases {
        match self {
            Unbind::Moved(e, object) => r.plan_release(&[(*e, *object)]),
            Unbind::Unbound | Unbind::Released(_) => r.plan_release(&[]),
        }
    }
}
