//! The loop: what is where at its head, and how that is restored.
use ir::{Uop, ValueId};

use super::Alloc;
use crate::CompileError;
use crate::abi::Loc;
use crate::lir::Lir;
use crate::moves::sequence;
use crate::regs::{Owners, Place, RegsRoom};
use crate::select::Node;
use crate::target::{CALLEE_SAVED, RegSet};

/// Registers kept free at the loop's head when constants are hoisted.
const HOIST_RESERVE: usize = 2;

/// How far the walk was when it came to the loop.
pub(super) struct BeforeLoop {
    regs: Owners,
    code: usize,
    exits: usize,
    exit_values: usize,
    escapes: usize,
    calls: usize,
}

impl Alloc<'_> {
    pub(super) fn mark(&self, room: &mut RegsRoom) -> BeforeLoop {
        BeforeLoop {
            regs: self.regs.save(room),
            code: self.code.len(),
            exits: self.exits.len(),
            exit_values: self.exit_values.len(),
            escapes: self.escapes.len(),
            calls: self.calls.len(),
        }
    }

    /// Begins the loop once more, with what it regretted in memory.
    pub(super) fn go_back(&mut self, to: &BeforeLoop, room: &RegsRoom) {
        self.regs.restore(&to.regs, room);
        self.code.truncate(to.code);
        self.exits.truncate(to.exits);
        self.exit_values.truncate(to.exit_values);
        self.escapes.truncate(to.escapes);
        self.calls.truncate(to.calls);
        self.header.clear();
        self.home = [RegSet::default(); 2];
        self.in_memory.extend(self.regretted.drain(..));
    }

    pub(super) fn label(&mut self, node: &Node) -> Result<(), CompileError> {
        let live = self.live;
        let looped = live.looped.as_ref().expect("the analysis found the label");
        let mut memory: Vec<ValueId> = self.in_memory.iter().copied().collect();
        memory.sort();
        for v in memory {
            self.store(v)?;
            self.regs.drop_reg(self.class(v), v);
        }
        // A phi takes over its first value's register if that is dead otherwise.
        let phis: Vec<(ValueId, ValueId)> =
            looped.phis.iter().zip(&node.args).filter_map(|(p, &a)| p.map(|p| (p, a))).collect();
        let mut rest = Vec::new();
        for (phi, first) in phis {
            let class = self.class(phi);
            match self.regs.place(first).reg {
                Some(r)
                    if self.last(first) <= self.at
                        && self.regs.owner(class, r) == Some(first)
                        && (!self.live.crosses_call(phi) || CALLEE_SAVED[class as usize].contains(r)) =>
                {
                    self.regs.vacate(class, r);
                    self.regs.put(class, r, phi);
                    self.pinned[class as usize].insert(r);
                }
                _ => rest.push((phi, first)),
            }
        }
        for (phi, first) in rest {
            let class = self.class(phi);
            let keep = self.pick_free(class, Some(phi)).is_some()
                || self.farthest(class).is_some_and(|v| self.next_use(v) > self.next_use(phi));
            if keep {
                let r = self.take(class, Some(phi))?;
                let src = self.loc(first);
                self.emit_move(class.loc(r), src);
                self.regs.put(class, r, phi);
            } else {
                let src = self.loc(first);
                let slot = self.regs.add_slot(phi)?;
                self.emit_move(Loc::Spill(slot), src);
            }
        }
        self.release_dead();
        if self.force_spills {
            self.spill_all()?;
        } else {
            self.hoist_constants(looped.jump)?;
        }
        self.record_header(looped.jump);
        self.code.push(Lir::Label);
        Ok(())
    }

    /// Makes constants that the loop needs in registers once, before it, while registers last.
    pub(super) fn hoist_constants(&mut self, jump: u32) -> Result<(), CompileError> {
        for n in 0..self.trace.insts.len() {
            let v = ValueId(n as u32);
            if self.konst(v).is_none() || self.last(v) != jump || self.in_memory.contains(&v) {
                continue;
            }
            let class = self.class(v);
            let used = self.live.register_uses(v).last().is_some_and(|&u| u > self.at);
            if used && self.regs.place(v).reg.is_none() && self.free(class).len() > HOIST_RESERVE {
                self.load(v)?;
            }
        }
        Ok(())
    }

    pub(super) fn record_header(&mut self, jump: u32) {
        let phis = self.live.looped.iter().flat_map(|l| l.phis.iter().flatten().copied());
        let around = (0..self.trace.insts.len() as u32).map(ValueId);
        let around = around.filter(|&v| self.last(v) == jump && !self.is_phi(v));
        let places = phis.chain(around).map(|v| (v, self.regs.place(v)));
        self.header = places.filter(|(_, place)| *place != Place::default()).collect();
        for (v, place) in &self.header {
            if let Some(r) = place.reg {
                self.home[self.class(*v) as usize].insert(r);
            }
        }
    }

    pub(super) fn is_phi(&self, v: ValueId) -> bool {
        matches!(self.trace.inst(v).op, Uop::PhiObj | Uop::PhiI64 | Uop::PhiF64)
    }

    /// Remembers an invariant that lost its register inside the loop.
    pub(super) fn note_regret(&mut self, v: ValueId) {
        if self.header.iter().any(|(h, p)| *h == v && p.reg.is_some()) && !self.is_phi(v) {
            self.regretted.push(v);
        }
    }

    /// Everything back to where it was at the label, and the phis' next values to where the phis were.
    pub(super) fn loop_back(&mut self, node: &Node) -> Result<(), CompileError> {
        let live = self.live;
        let looped = live.looped.as_ref().ok_or(CompileError::Malformed("a jump without label"))?;
        let mut moves = Vec::new();
        for &(v, place) in &self.header {
            let phi = looped.phis.iter().position(|p| *p == Some(v));
            let src = self.loc(phi.map_or(v, |k| node.args[k]));
            if let Some(r) = place.reg {
                moves.push((self.class(v).loc(r), src));
            } else if let (Some(s), Some(_)) = (place.slot, phi) {
                moves.push((Loc::Spill(s), src));
            }
        }
        sequence(&moves, |dst, src| self.code.push(Lir::Move { dst, src }));
        self.code.push(Lir::Jump);
        Ok(())
    }
}
