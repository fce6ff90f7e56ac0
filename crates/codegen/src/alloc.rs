//! Register allocation: one forward walk over the selected trace that keeps track of where every value is.
//!
//! A value is evicted when its register is wanted and its next use is the farthest; it is stored once, since values
//! never change, and loaded again on use. Constants are never stored. At the loop's head the places of all values
//! alive are recorded, and the jump restores them by parallel moves. An invariant that had to be evicted inside the
//! loop is better in memory from the start (and a hoisted constant not hoisted), so the walk is then done again with
//! that known.
use ir::{EntryParam, Form, Trace, Uop, ValueId};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;
use stencils::OUT;

use crate::abi::{self, Loc};
use crate::lir::Lir;
use crate::live::{Live, is_float};
use crate::moves::sequence;
use crate::regs::{Class, Packed, Place, Regs, RegsRoom};
use crate::select::{Node, Selected};
use crate::target::{ALLOCATABLE_FPRS, ALLOCATABLE_GPRS, ARG_FPRS, ARG_GPRS, CALLEE_SAVED, RegSet};
use crate::{CallSite, CompileError, Env, Escape, Exit, Options};

/// Registers kept free at the loop's head when constants are hoisted.
const HOIST_RESERVE: usize = 2;
/// Walks after which the result is taken as it is.
const MAX_ROUNDS: usize = 4;

/// The allocator's result; `Exit::stub` is filled in later.
pub(crate) struct Allocated {
    pub code: Vec<Lir>,
    pub exits: Vec<Exit>,
    pub exit_values: Vec<(ValueId, Packed)>,
    pub escapes: Vec<Escape>,
    pub calls: Vec<CallSite>,
    pub entry_locs: Vec<Loc>,
}

/// Room for the tables of an allocation.
#[derive(Default)]
pub(crate) struct Room {
    code: Vec<Lir>,
    exits: Vec<Exit>,
    exit_values: Vec<(ValueId, Packed)>,
    regs: RegsRoom,
}

impl Room {
    pub fn take_back(&mut self, of: Allocated) {
        let Allocated { mut code, mut exits, mut exit_values, .. } = of;
        code.clear();
        exits.clear();
        exit_values.clear();
        (self.code, self.exits, self.exit_values) = (code, exits, exit_values);
    }
}

impl Allocated {
    /// As [`crate::Compiled::exit_values`].
    #[cfg(debug_assertions)]
    pub fn exit_values(&self, exit: usize, consts: &[Option<u64>]) -> Vec<(ValueId, Loc)> {
        let (from, to) = self.exits[exit].values;
        self.exit_values[from as usize..to as usize]
            .iter()
            .map(|&(v, at)| (v, at.unpack(v, |v| consts[v.0 as usize])))
            .collect()
    }
}

pub(crate) fn allocate(
    trace: &Trace,
    sel: &Selected,
    live: &Live,
    env: &dyn Env,
    options: &Options,
    room: &mut Room,
) -> Result<Allocated, CompileError> {
    let mut in_memory = FxHashSet::default();
    for round in 1.. {
        let mut a = Alloc::new(trace, sel, live, env, options, &in_memory, room);
        a.entry()?;
        for n in 0..sel.nodes.len() {
            a.node(n as u32)?;
        }
        room.regs = a.regs.into_room();
        let allocated = Allocated {
            code: a.code,
            exits: a.exits,
            exit_values: a.exit_values,
            escapes: a.escapes,
            calls: a.calls,
            entry_locs: a.entry_locs,
        };
        let regretted: Vec<ValueId> = a.regretted;
        if regretted.is_empty() || round == MAX_ROUNDS {
            return Ok(allocated);
        }
        room.take_back(allocated);
        in_memory.extend(regretted);
    }
    unreachable!("the loop ends by returning")
}

struct Alloc<'a> {
    trace: &'a Trace,
    sel: &'a Selected,
    live: &'a Live,
    env: &'a dyn Env,
    pools: [RegSet; 2],
    force_spills: bool,
    marks: bool,
    /// Invariants that live in memory during the loop, and constants that are not hoisted.
    in_memory: &'a FxHashSet<ValueId>,
    regs: Regs<'a>,
    /// The node being allocated.
    at: u32,
    /// The node for which `release_dead` was called last.
    released: u32,
    /// Registers that this node's operands and result need until it is done.
    pinned: [RegSet; 2],
    /// Places of the values alive at the loop's head.
    header: Vec<(ValueId, Place)>,
    /// Registers of those, by class.
    home: [RegSet; 2],
    regretted: Vec<ValueId>,
    code: Vec<Lir>,
    exits: Vec<Exit>,
    exit_values: Vec<(ValueId, Packed)>,
    escapes: Vec<Escape>,
    calls: Vec<CallSite>,
    entry_locs: Vec<Loc>,
}

impl<'a> Alloc<'a> {
    fn new(
        trace: &'a Trace,
        sel: &'a Selected,
        live: &'a Live,
        env: &'a dyn Env,
        options: &Options,
        in_memory: &'a FxHashSet<ValueId>,
        room: &mut Room,
    ) -> Alloc<'a> {
        ir::make_room(&mut room.code, 2 * sel.nodes.len());
        ir::make_room(&mut room.exits, sel.nodes.len() / 2);
        let pool = |all: RegSet, limit: Option<u16>| {
            let limited = all.and(RegSet(limit.unwrap_or(u16::MAX)));
            if limited.len() < Options::MIN_POOL { all } else { limited }
        };
        Alloc {
            trace,
            sel,
            live,
            env,
            pools: [pool(ALLOCATABLE_GPRS, options.gpr_pool), pool(ALLOCATABLE_FPRS, options.fpr_pool)],
            force_spills: options.force_spills,
            // The check, which debug builds make, needs them.
            marks: options.marks || cfg!(debug_assertions),
            in_memory,
            regs: Regs::new(&sel.consts, &mut room.regs),
            at: 0,
            released: u32::MAX,
            pinned: [RegSet::default(); 2],
            header: Vec::new(),
            home: [RegSet::default(); 2],
            regretted: Vec::new(),
            code: std::mem::take(&mut room.code),
            exits: std::mem::take(&mut room.exits),
            exit_values: std::mem::take(&mut room.exit_values),
            escapes: Vec::new(),
            calls: Vec::new(),
            entry_locs: Vec::new(),
        }
    }

    fn class(&self, v: ValueId) -> Class {
        if is_float(self.sel.kinds[v.0 as usize]) { Class::Float } else { Class::Int }
    }

    fn konst(&self, v: ValueId) -> Option<u64> {
        self.sel.consts[v.0 as usize]
    }

    fn last(&self, v: ValueId) -> u32 {
        self.live.last[v.0 as usize]
    }

    /// Where to read `v`.
    fn loc(&self, v: ValueId) -> Loc {
        self.regs.loc(v)
    }

    fn emit_move(&mut self, dst: Loc, src: Loc) {
        if dst != src {
            self.code.push(Lir::Move { dst, src });
        }
    }

    // Registers.

    /// The next node after this one that wants `v` in a register, counting on into the next iteration.
    fn next_use(&self, v: ValueId) -> u32 {
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

    fn free(&self, class: Class) -> RegSet {
        let c = class as usize;
        self.pools[c].minus(self.regs.occupied(class)).minus(self.pinned[c])
    }

    /// A free register that suits `v`.
    fn pick_free(&self, class: Class, v: Option<ValueId>) -> Option<u8> {
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
    fn take(&mut self, class: Class, v: Option<ValueId>) -> Result<u8, CompileError> {
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
    fn farthest(&self, class: Class) -> Option<ValueId> {
        let c = class as usize;
        let candidates = self.pools[c].and(self.regs.occupied(class)).minus(self.pinned[c]);
        candidates.iter().filter_map(|r| self.regs.owner(class, r)).max_by_key(|&v| {
            let free = self.konst(v).is_some() || self.regs.place(v).slot.is_some();
            (self.next_use(v), free)
        })
    }

    /// Takes `v` out of its register, into memory if it is not there yet.
    fn evict(&mut self, v: ValueId) -> Result<(), CompileError> {
        self.note_regret(v);
        self.store(v)?;
        self.regs.drop_reg(self.class(v), v);
        Ok(())
    }

    fn store(&mut self, v: ValueId) -> Result<(), CompileError> {
        if self.konst(v).is_none() && self.regs.place(v).slot.is_none() {
            let src = self.loc(v);
            let slot = self.regs.add_slot(v)?;
            self.emit_move(Loc::Spill(slot), src);
        }
        Ok(())
    }

    /// Brings `v` into a register and pins it.
    fn load(&mut self, v: ValueId) -> Result<u8, CompileError> {
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

    fn forget(&mut self, v: ValueId) {
        self.regs.forget(self.class(v), v);
    }

    /// `v`, just computed into `r`, is alive from here on if anything uses it.
    fn define(&mut self, v: ValueId, r: u8) {
        if self.last(v) > self.at {
            self.regs.put(self.class(v), r, v);
        }
    }

    // Nodes.

    /// Places the entry parameters: where the parent left them, or in registers while there are any.
    fn entry(&mut self) -> Result<(), CompileError> {
        let given = self.env.entry_locs(self.trace);
        if given.as_ref().is_some_and(|g| g.len() != self.trace.entry.len()) {
            return Err(CompileError::Malformed("entry locations"));
        }
        let mut param = vec![None; self.trace.entry.len()];
        for node in &self.sel.nodes {
            if matches!(node.op, Uop::EntryObj | Uop::EntryI64 | Uop::EntryF64) {
                let slot = param.get_mut(node.imms[0] as usize).ok_or(CompileError::Malformed("entry index"))?;
                *slot = node.result;
            }
        }
        let mut copies = Vec::new();
        for n in 0..param.len() {
            let class = entry_class(&self.trace.entry[n]);
            match given.as_ref().map(|g| g[n]) {
                // Never equal to another's location, wanted or not.
                None => {
                    let loc = match (self.pick_free(class, param[n]), param[n]) {
                        (Some(r), v) => {
                            self.pinned[class as usize].insert(r);
                            if let Some(v) = v {
                                self.regs.put(class, r, v);
                            }
                            class.loc(r)
                        }
                        (None, Some(v)) => Loc::Spill(self.regs.add_slot(v)?),
                        (None, None) => return Err(CompileError::TooManySpills),
                    };
                    self.entry_locs.push(loc);
                }
                Some(loc) => {
                    self.entry_locs.push(loc);
                    let Some(v) = param[n] else { continue };
                    match loc {
                        // A parent's constant is a value like others here.
                        Loc::Const(_) => copies.push((v, loc)),
                        Loc::Reg(r) | Loc::Fpr(r) if loc == class.loc(r) => match self.regs.owner(class, r) {
                            None => self.regs.put(class, r, v),
                            Some(_) => copies.push((v, loc)),
                        },
                        Loc::Spill(s) if self.regs.slot_is_free(s) => self.regs.put_slot(v, s),
                        Loc::Spill(_) => copies.push((v, loc)),
                        _ => return Err(CompileError::Malformed("an entry location has the wrong class")),
                    }
                }
            }
        }
        // Several parameters may have been one value in the parent. Registers are not written here, so sources stay.
        for (v, src) in copies {
            let slot = self.regs.add_slot(v)?;
            self.emit_move(Loc::Spill(slot), src);
        }
        self.pinned = [RegSet::default(); 2];
        if self.force_spills {
            self.spill_all()?;
        }
        Ok(())
    }

    fn node(&mut self, n: u32) -> Result<(), CompileError> {
        let node = &self.sel.nodes[n as usize];
        self.at = n;
        if self.marks {
            self.code.push(Lir::Mark(node.inst, node.op));
        }
        match node.op {
            Uop::EntryObj | Uop::EntryI64 | Uop::EntryF64 | Uop::PhiObj | Uop::PhiI64 | Uop::PhiF64 => {
                if let Some(v) = node.result.filter(|&v| self.last(v) <= n) {
                    self.forget(v);
                }
            }
            Uop::Label => self.label(node)?,
            Uop::Jump => self.loop_back(node)?,
            Uop::Link => self.link(node)?,
            Uop::Exit => {
                let exit = self.exit(node)?;
                self.code.push(Lir::Exit(exit));
            }
            Uop::Escape => self.escape(node)?,
            Uop::CallObj | Uop::CallI64 | Uop::CallF64 => self.native_call(node)?,
            Uop::ReturnObj | Uop::ReturnI64 | Uop::ReturnF64 => self.return_(node),
            Uop::DecrefDead => self.decref_dead(node)?,
            op => match op.facts().form {
                Form::Stencil => self.stencil(node)?,
                Form::Call => self.call(node)?,
                Form::Structural => return Err(CompileError::Malformed("a structural uop codegen does not know")),
            },
        }
        self.release_dead();
        self.pinned = [RegSet::default(); 2];
        if self.force_spills {
            self.spill_all()?;
        }
        Ok(())
    }

    /// Forgets what this node used last, if that was not done yet.
    fn release_dead(&mut self) {
        if std::mem::replace(&mut self.released, self.at) == self.at {
            return;
        }
        let live = self.live;
        for &v in live.dying(self.at) {
            self.forget(v);
        }
    }

    fn spill_all(&mut self) -> Result<(), CompileError> {
        for class in [Class::Int, Class::Float] {
            for r in self.regs.occupied(class).iter() {
                let v = self.regs.owner(class, r).expect("it is occupied");
                self.store(v)?;
                self.regs.drop_reg(class, v);
            }
        }
        Ok(())
    }

    fn in_snapshot(&self, node: &Node, v: ValueId) -> bool {
        node.snap.is_some_and(|s| self.live.in_snapshot(s).contains(&v))
    }

    /// The snapshot's values and where they are now.
    fn snapshot_locs(&self, node: &Node) -> Vec<(ValueId, Loc)> {
        node.snap.map_or(Vec::new(), |s| self.live.in_snapshot(s).iter().map(|&v| (v, self.loc(v))).collect())
    }

    /// The exit of this node with everything where it is now.
    fn exit(&mut self, node: &Node) -> Result<u32, CompileError> {
        let snapshot = node.snap.ok_or(CompileError::Malformed("an exit without snapshot"))?;
        // Guards in a row often share everything, or all but the uop.
        let row = self.exits.iter().enumerate().rev().take_while(|(_, e)| e.snapshot == snapshot);
        let mut shared = None;
        for (n, e) in row {
            if e.uop != node.op && shared.is_some() {
                continue;
            }
            let (from, to) = e.values;
            if self.exit_values[from as usize..to as usize].iter().all(|&(v, at)| self.regs.packed(v) == at) {
                if e.uop == node.op {
                    return Ok(n as u32);
                }
                shared = Some(e.values);
            }
        }
        let values = shared.unwrap_or_else(|| {
            let from = self.exit_values.len() as u32;
            let regs = &self.regs;
            self.exit_values.extend(self.live.in_snapshot(snapshot).iter().map(|&v| (v, regs.packed(v))));
            (from, self.exit_values.len() as u32)
        });
        self.exits.push(Exit { snapshot, inst: node.inst, uop: node.op, values, stub: 0 });
        Ok(self.exits.len() as u32 - 1)
    }

    fn stencil(&mut self, node: &Node) -> Result<(), CompileError> {
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
    fn tied_result(
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

    fn decref_dead(&mut self, node: &Node) -> Result<(), CompileError> {
        let object = self.load(node.args[0])?;
        self.release_dead();
        let keep = |a: &Self, c: Class| a.regs.occupied(c).minus(CALLEE_SAVED[c as usize]);
        let (gprs, fprs) = (keep(self, Class::Int), keep(self, Class::Float));
        let helper = self.env.helper(Uop::DeallocHarmless);
        self.code.push(Lir::DecrefDead { object, helper, gprs, fprs });
        Ok(())
    }

    /// What is needed after a call goes to registers that survive it, or to memory.
    fn save_across_call(&mut self, node: &Node) -> Result<(), CompileError> {
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
    fn clobber(&mut self) {
        for class in [Class::Int, Class::Float] {
            for r in self.regs.occupied(class).minus(CALLEE_SAVED[class as usize]).iter() {
                let v = self.regs.owner(class, r).expect("it is occupied");
                self.note_regret(v);
                self.regs.drop_reg(class, v);
            }
        }
    }

    fn call(&mut self, node: &Node) -> Result<(), CompileError> {
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
    fn receive(&mut self, node: &Node) -> Result<(), CompileError> {
        let Some(v) = node.result.filter(|&v| self.last(v) > self.at) else { return Ok(()) };
        let class = self.class(v);
        let r = self.take(class, Some(v))?;
        self.emit_move(class.loc(r), class.loc(0));
        self.define(v, r);
        Ok(())
    }

    fn escape(&mut self, node: &Node) -> Result<(), CompileError> {
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
    fn native_call(&mut self, node: &Node) -> Result<(), CompileError> {
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

    fn return_(&mut self, node: &Node) {
        let v = node.args[0];
        let src = self.loc(v);
        self.emit_move(self.class(v).loc(0), src);
        self.code.push(Lir::Return { returns: returns(node.op), pc: node.imms[0] as u32, locals: node.imms[1] as u32 });
    }

    fn link(&mut self, node: &Node) -> Result<(), CompileError> {
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

    // The loop.

    fn label(&mut self, node: &Node) -> Result<(), CompileError> {
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
    fn hoist_constants(&mut self, jump: u32) -> Result<(), CompileError> {
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

    fn record_header(&mut self, jump: u32) {
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

    fn is_phi(&self, v: ValueId) -> bool {
        matches!(self.trace.inst(v).op, Uop::PhiObj | Uop::PhiI64 | Uop::PhiF64)
    }

    /// Remembers an invariant that lost its register inside the loop.
    fn note_regret(&mut self, v: ValueId) {
        if self.header.iter().any(|(h, p)| *h == v && p.reg.is_some()) && !self.is_phi(v) {
            self.regretted.push(v);
        }
    }

    /// Everything back to where it was at the label, and the phis' next values to where the phis were.
    fn loop_back(&mut self, node: &Node) -> Result<(), CompileError> {
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

/// How a native call hands over what this uop returns or expects.
fn returns(op: Uop) -> u8 {
    match op {
        Uop::CallI64 | Uop::ReturnI64 => abi::RETURNS_I64,
        Uop::CallF64 | Uop::ReturnF64 => abi::RETURNS_F64,
        _ => abi::RETURNS_OBJ,
    }
}

fn entry_class(p: &EntryParam) -> Class {
    if is_float(Some(p.kind)) { Class::Float } else { Class::Int }
}
