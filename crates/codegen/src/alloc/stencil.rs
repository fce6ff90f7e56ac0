//! Uops that are stencils.
use ir::{Uop, ValueId};
use stencils::OUT;

use super::Alloc;
use crate::CompileError;
use crate::lir::Lir;
use crate::regs::Class;
use crate::select::Node;
use crate::target::CALLEE_SAVED;

impl Alloc<'_> {
    pub(super) fn stencil(&mut self, node: &Node) -> Result<(), CompileError> {
        let t = stencils::template(node.op).ok_or(CompileError::Unsupported)?;
        if let Some(n) = t.misfit(&node.imms) {
            return Err(CompileError::Immediate { inst: node.inst, uop: node.op, value: node.imms[n] });
        }
        let mut args = ir::args(&node.args);
        // Whether `v`'s register is anybody's after the operands are read.
        let dies =
            |a: &Self, v: ValueId| a.last(v) <= a.at && a.konst(v).is_none() && (t.late_out || !a.in_snapshot(node, v));
        if t.tied == Some(0) && node.op.facts().commutes && !dies(self, args[0]) && dies(self, args[1]) {
            args.swap(0, 1);
        }
        for &v in &args {
            if let Some(r) = self.regs.place(v).reg {
                self.pinned[self.class(v) as usize].insert(r);
            }
        }
        let mut slots = [0; 4];
        for (k, &v) in args.iter().enumerate() {
            if t.tied != Some(k as u8) {
                slots[k] = self.load(v)?;
            }
        }
        for (k, &v) in args.iter().enumerate() {
            if t.destroyed >> k & 1 != 0 {
                let elsewhere = args.iter().enumerate().any(|(j, x)| j != k && *x == v);
                let class = self.class(v);
                if dies(self, v) && !elsewhere && !self.in_snapshot(node, v) {
                    continue;
                }
                if self.konst(v).is_some() && !elsewhere {
                    // The constant is made anew where it is needed.
                    self.regs.drop_reg(class, v);
                } else {
                    let r = self.take(class, None)?;
                    self.emit_move(class.loc(r), class.loc(slots[k]));
                    slots[k] = r;
                }
            }
        }
        if let Some(k) = t.tied {
            slots[OUT] = self.tied_result(node, &args, k as usize, t.early, &dies)?;
        } else if let Some(result) = node.result {
            for (k, &v) in args.iter().enumerate() {
                let conflict = || args.iter().enumerate().any(|(j, x)| *x == v && t.early >> j & 1 != 0);
                if dies(self, v) && !conflict() {
                    let class = self.class(v);
                    self.regs.vacate(class, slots[k]);
                    self.pinned[class as usize].remove(slots[k]);
                }
            }
            slots[OUT] = self.take(self.class(result), Some(result))?;
        }
        let exit = if node.op.facts().exits { Some(self.exit(node)?) } else { None };
        self.code.push(Lir::Stencil { uop: node.op, slots, imms: node.imms, exit });
        self.release_dead();
        if let Some(v) = node.result {
            self.define(v, slots[OUT]);
        }
        Ok(())
    }

    /// The register for a result that operand `k` is modified into: its own if it dies here, else a copy.
    pub(super) fn tied_result(
        &mut self,
        node: &Node,
        args: &[ValueId],
        k: usize,
        early: u8,
        dies: &dyn Fn(&Self, ValueId) -> bool,
    ) -> Result<u8, CompileError> {
        let v = args[k];
        let class = self.class(v);
        let conflict = args.iter().enumerate().any(|(j, x)| j != k && *x == v && early >> j & 1 != 0);
        if let Some(r) = self.regs.place(v).reg {
            self.pinned[class as usize].insert(r);
            if dies(self, v) && !conflict {
                self.regs.vacate(class, r);
                return Ok(r);
            }
        }
        let r = self.take(class, node.result)?;
        let src = self.loc(v);
        self.emit_move(class.loc(r), src);
        Ok(r)
    }

    pub(super) fn decref_dead(&mut self, node: &Node) -> Result<(), CompileError> {
        let object = self.load(node.args[0])?;
        self.release_dead();
        let keep = |a: &Self, c: Class| a.regs.occupied(c).minus(CALLEE_SAVED[c as usize]);
        let (gprs, fprs) = (keep(self, Class::Int), keep(self, Class::Float));
        let helper = self.env.helper(Uop::DeallocHarmless);
        self.code.push(Lir::DecrefDead { object, helper, gprs, fprs });
        Ok(())
    }
}
