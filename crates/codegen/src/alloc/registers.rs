//! Who has which register, and who loses it.
use ir::ValueId;

use super::Alloc;
use crate::CompileError;
use crate::abi::Loc;
use crate::regs::{Class, Place};
use crate::target::{CALLEE_SAVED, RegSet};

impl Alloc<'_> {
    /// The next node after this one that wants `v` in a register, counting on into the next iteration.
    pub(super) fn next_use(&self, v: ValueId) -> u32 {
        let uses = self.live.register_uses(v);
        let next = uses.partition_point(|&u| u <= self.at);
        if let Some(&u) = uses.get(next) {
            return u;
        }
        match &self.live.looped {
            Some(l) if self.last(v) == l.jump && self.at >= l.label => {
                let first = uses.partition_point(|&u| u <= l.label);
                uses.get(first).map_or(u32::MAX, |u| l.jump + (u - l.label))
            }
            _ => u32::MAX,
        }
    }

    pub(super) fn free(&self, class: Class) -> RegSet {
        let c = class as usize;
        self.pools[c].minus(self.regs.occupied(class)).minus(self.pinned[c])
    }

    /// A free register that suits `v`.
    pub(super) fn pick_free(&self, class: Class, v: Option<ValueId>) -> Option<u8> {
        let free = self.free(class);
        if let Some(phi) = v.and_then(|v| self.live.becomes[v.0 as usize])
            && let Some((_, Place { reg: Some(r), .. })) = self.header.iter().find(|(h, _)| *h == phi)
            && free.contains(*r)
        {
            return Some(*r);
        }
        // Leave the registers that phis return to alone where there are others.
        let home = self.home[class as usize];
        let saved = free.and(CALLEE_SAVED[class as usize]);
        let (first, second) = match v {
            Some(v) if self.live.crosses_call(v) => (saved, free.minus(saved)),
            _ => (free.minus(saved), saved),
        };
        let preference = [first.minus(home), second.minus(home), first, second];
        preference.into_iter().find_map(RegSet::first)
    }

    /// A register for `v` (or for scratch), evicting another value if need be. It is pinned, and not yet owned.
    pub(super) fn take(&mut self, class: Class, v: Option<ValueId>) -> Result<u8, CompileError> {
        let r = match self.pick_free(class, v) {
            Some(r) => r,
            None => {
                let victim = self.farthest(class).ok_or(CompileError::TooManySpills)?;
                let r = self.regs.place(victim).reg.expect("a victim is in a register");
                self.evict(victim)?;
                r
            }
        };
        self.pinned[class as usize].insert(r);
        Ok(r)
    }

    /// The evictable value with the farthest next use; of equals one that need not be stored.
    pub(super) fn farthest(&self, class: Class) -> Option<ValueId> {
        let c = class as usize;
        let candidates = self.pools[c].and(self.regs.occupied(class)).minus(self.pinned[c]);
        candidates.iter().filter_map(|r| self.regs.owner(class, r)).max_by_key(|&v| {
            let free = self.konst(v).is_some() || self.regs.place(v).slot.is_some();
            (self.next_use(v), free)
        })
    }

    /// Takes `v` out of its register, into memory if it is not there yet.
    pub(super) fn evict(&mut self, v: ValueId) -> Result<(), CompileError> {
        self.note_regret(v);
        self.store(v)?;
        self.regs.drop_reg(self.class(v), v);
        Ok(())
    }

    pub(super) fn store(&mut self, v: ValueId) -> Result<(), CompileError> {
        if self.konst(v).is_none() && self.regs.place(v).slot.is_none() {
            let src = self.loc(v);
            let slot = self.regs.add_slot(v)?;
            self.emit_move(Loc::Spill(slot), src);
        }
        Ok(())
    }

    /// Brings `v` into a register and pins it.
    pub(super) fn load(&mut self, v: ValueId) -> Result<u8, CompileError> {
        let class = self.class(v);
        if let Some(r) = self.regs.place(v).reg {
            self.pinned[class as usize].insert(r);
            return Ok(r);
        }
        let r = self.take(class, Some(v))?;
        let src = self.loc(v);
        self.emit_move(class.loc(r), src);
        self.regs.put(class, r, v);
        Ok(r)
    }

    pub(super) fn forget(&mut self, v: ValueId) {
        self.regs.forget(self.class(v), v);
    }

    /// `v`, just computed into `r`, is alive from here on if anything uses it.
    pub(super) fn define(&mut self, v: ValueId, r: u8) {
        if self.last(v) > self.at {
            self.regs.put(self.class(v), r, v);
        }
    }

    /// Forgets what this node used last, if that was not done yet.
    pub(super) fn release_dead(&mut self) {
        if std::mem::replace(&mut self.released, self.at) == self.at {
            return;
        }
        let live = self.live;
        for &v in live.dying(self.at) {
            self.forget(v);
        }
    }

    pub(super) fn spill_all(&mut self) -> Result<(), CompileError> {
        for class in [Class::Int, Class::Float] {
            for r in self.regs.occupied(class).iter() {
                let v = self.regs.owner(class, r).expect("it is occupied");
                self.store(v)?;
                self.regs.drop_reg(class, v);
            }
        }
        Ok(())
    }
}
