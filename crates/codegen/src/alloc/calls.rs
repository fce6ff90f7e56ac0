//! Calls of C functions and of machine code, escapes, and ways out of a trace's end.
use ir::Uop;
use smallvec::SmallVec;

use super::Alloc;
use crate::abi::{self, Loc};
use crate::lir::Lir;
use crate::moves::sequence;
use crate::regs::Class;
use crate::select::Node;
use crate::target::{ARG_FPRS, ARG_GPRS, CALLEE_SAVED};
use crate::{CallSite, CompileError, Escape};

impl Alloc<'_> {
    /// What is needed after a call goes to registers that survive it, or to memory.
    pub(super) fn save_across_call(&mut self, node: &Node) -> Result<(), CompileError> {
        for class in [Class::Int, Class::Float] {
            for r in self.regs.occupied(class).minus(CALLEE_SAVED[class as usize]).iter() {
                let v = self.regs.owner(class, r).expect("it is occupied");
                let needed = self.last(v) > self.at || self.in_snapshot(node, v);
                if !needed || self.konst(v).is_some() || self.regs.place(v).slot.is_some() {
                    continue;
                }
                match self.free(class).and(CALLEE_SAVED[class as usize]).first() {
                    Some(saved) => {
                        self.regs.drop_reg(class, v);
                        self.regs.put(class, saved, v);
                        self.emit_move(class.loc(saved), class.loc(r));
                    }
                    None => {
                        let slot = self.regs.add_slot(v)?;
                        self.emit_move(Loc::Spill(slot), class.loc(r));
                    }
                }
            }
        }
        Ok(())
    }

    /// Registers that C functions may overwrite hold nothing any more.
    pub(super) fn clobber(&mut self) {
        for class in [Class::Int, Class::Float] {
            for r in self.regs.occupied(class).minus(CALLEE_SAVED[class as usize]).iter() {
                let v = self.regs.owner(class, r).expect("it is occupied");
                self.note_regret(v);
                self.regs.drop_reg(class, v);
            }
        }
    }

    pub(super) fn call(&mut self, node: &Node) -> Result<(), CompileError> {
        self.save_across_call(node)?;
        let (mut ints, mut floats) = (ARG_GPRS.iter(), ARG_FPRS.iter());
        let mut moves: SmallVec<[(Loc, Loc); 6]> = SmallVec::new();
        let values = node.args.iter().map(|&v| (self.class(v), self.loc(v)));
        // Immediates are declared after the values.
        let imms = node.imms[..node.op.facts().imms.len()].iter().map(|&c| (Class::Int, Loc::Const(c)));
        for (class, src) in values.chain(imms) {
            let r = if class == Class::Int { ints.next() } else { floats.next() };
            let r = *r.ok_or(CompileError::Malformed("a helper takes too many operands"))?;
            moves.push((class.loc(r), src));
        }
        sequence(&moves, |dst, src| self.code.push(Lir::Move { dst, src }));
        self.code.push(Lir::Call { target: self.env.helper(node.op) });
        self.clobber();
        if node.op.facts().exits {
            let exit = self.exit(node)?;
            self.code.push(Lir::NullExit(exit));
        }
        self.release_dead();
        self.receive(node)
    }

    /// The result of a call or escape moves from where C returns it to a register of its own.
    pub(super) fn receive(&mut self, node: &Node) -> Result<(), CompileError> {
        let Some(v) = node.result.filter(|&v| self.last(v) > self.at) else { return Ok(()) };
        let class = self.class(v);
        let r = self.take(class, Some(v))?;
        self.emit_move(class.loc(r), class.loc(0));
        self.define(v, r);
        Ok(())
    }

    pub(super) fn escape(&mut self, node: &Node) -> Result<(), CompileError> {
        let snapshot = node.snap.ok_or(CompileError::Malformed("an escape without snapshot"))?;
        let recipe = self.env.recipe(self.trace, node.inst);
        let by_machine = recipe.is_some();
        if by_machine {
            self.save_across_call(node)?;
        }
        let escape = Escape {
            snapshot,
            inst: node.inst,
            helper: node.imms[0] as u32,
            arg: node.imms[1],
            operands: node.args.iter().map(|&v| self.loc(v)).collect(),
            values: self.snapshot_locs(node),
            recipe: recipe.map(|r| r.placed(|v| self.loc(v))),
        };
        self.escapes.push(escape);
        let keep = |c: Class| self.regs.occupied(c).minus(CALLEE_SAVED[c as usize]);
        let (gprs, fprs) = (keep(Class::Int), keep(Class::Float));
        self.code.push(Lir::Escape { index: self.escapes.len() as u32 - 1, gprs, fprs });
        if by_machine {
            self.clobber();
        }
        self.release_dead();
        self.receive(node)
    }

    /// A native call keeps no register: what is needed afterwards, or to write the frames meanwhile, goes to memory.
    pub(super) fn native_call(&mut self, node: &Node) -> Result<(), CompileError> {
        let snapshot = node.snap.ok_or(CompileError::Malformed("a call without snapshot"))?;
        let inst = &self.trace.insts[node.inst as usize];
        let call = self.env.native_call(self.trace, inst).ok_or(CompileError::Malformed("a call without target"))?;
        if call.locs.len() != node.args.len() {
            return Err(CompileError::Malformed("call operands"));
        }
        for class in [Class::Int, Class::Float] {
            for r in self.regs.occupied(class).iter() {
                let v = self.regs.owner(class, r).expect("it is occupied");
                if self.last(v) > self.at || self.in_snapshot(node, v) {
                    self.store(v)?;
                }
            }
        }
        let moves: Vec<_> = call.locs.iter().zip(&node.args).map(|(&dst, &v)| (dst, self.loc(v))).collect();
        sequence(&moves, |dst, src| self.code.push(Lir::Move { dst, src }));
        for class in [Class::Int, Class::Float] {
            for r in self.regs.occupied(class).iter() {
                let v = self.regs.owner(class, r).expect("it is occupied");
                self.note_regret(v);
                self.regs.drop_reg(class, v);
            }
        }
        let returns = returns(node.op);
        let site = CallSite {
            snapshot,
            inst: node.inst,
            target: node.imms[0] as u32,
            returns,
            values: self.snapshot_locs(node),
        };
        self.calls.push(site);
        self.code.push(Lir::NativeCall {
            site: self.calls.len() as u32 - 1,
            cell: call.cell,
            returns,
            frames: call.frames,
            bytes: call.bytes,
        });
        self.release_dead();
        self.receive(node)
    }

    pub(super) fn return_(&mut self, node: &Node) {
        let v = node.args[0];
        let src = self.loc(v);
        self.emit_move(self.class(v).loc(0), src);
        self.code.push(Lir::Return { returns: returns(node.op), pc: node.imms[0] as u32, locals: node.imms[1] as u32 });
    }

    pub(super) fn link(&mut self, node: &Node) -> Result<(), CompileError> {
        match self.env.link_target(node.imms[0] as u32) {
            Some(target) => {
                if target.locs.len() != node.args.len() {
                    return Err(CompileError::Malformed("link operands"));
                }
                let moves: Vec<_> = target.locs.iter().zip(&node.args).map(|(&dst, &v)| (dst, self.loc(v))).collect();
                if moves.iter().any(|(dst, _)| matches!(dst, Loc::Const(_))) {
                    return Err(CompileError::Malformed("a link target wants a constant"));
                }
                sequence(&moves, |dst, src| self.code.push(Lir::Move { dst, src }));
                self.code.push(Lir::Link(target.addr));
            }
            None => {
                let exit = self.exit(node)?;
                self.code.push(Lir::Exit(exit));
            }
        }
        Ok(())
    }
}

/// How a native call hands over what this uop returns or expects.
fn returns(op: Uop) -> u8 {
    match op {
        Uop::CallI64 | Uop::ReturnI64 => abi::RETURNS_I64,
        Uop::CallF64 | Uop::ReturnF64 => abi::RETURNS_F64,
        _ => abi::RETURNS_OBJ,
    }
}
