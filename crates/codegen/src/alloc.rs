//! Register allocation: one forward walk over the selected trace that keeps track of where every value is.
//!
//! A value is evicted when its register is wanted and its next use is the farthest; it is stored once, since values
//! never change, and loaded again on use. Constants are never stored. At the loop's head the places of all values
//! alive are recorded, and the jump restores them by parallel moves. An invariant that had to be evicted inside the
//! loop is better in memory from the start (and a hoisted constant not hoisted), so the walk is then done again with
//! that known.
mod calls;
mod looping;
mod registers;
mod stencil;

use ir::{EntryParam, Form, Trace, Uop, ValueId};
use rustc_hash::FxHashSet;

use crate::abi::Loc;
use crate::lir::Lir;
use crate::live::{Live, is_float};
use crate::regs::{Class, Packed, Place, Regs, RegsRoom};
use crate::select::{Node, Selected};
use crate::target::{ALLOCATABLE_FPRS, ALLOCATABLE_GPRS, RegSet};
use crate::{CallSite, CompileError, Env, Escape, Exit, Options};

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
    before_loop: RegsRoom,
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
    let mut a = Alloc::new(trace, sel, live, env, options, room);
    a.entry()?;
    let label = live.looped.as_ref().map_or(0, |l| l.label);
    a.nodes(0..label)?;
    // What was regretted makes no difference before the loop: each further walk begins there.
    let before = live.looped.is_some().then(|| a.mark(&mut room.before_loop));
    for round in 1.. {
        a.nodes(label..sel.nodes.len() as u32)?;
        let Some(before) = before.as_ref().filter(|_| !a.regretted.is_empty() && round < MAX_ROUNDS) else { break };
        a.go_back(before, &room.before_loop);
    }
    room.regs = a.regs.into_room();
    Ok(Allocated {
        code: a.code,
        exits: a.exits,
        exit_values: a.exit_values,
        escapes: a.escapes,
        calls: a.calls,
        entry_locs: a.entry_locs,
    })
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
    in_memory: FxHashSet<ValueId>,
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
            in_memory: FxHashSet::default(),
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

    /// Places the entry parameters: where the parent left them, or in registers while there are any.
    fn entry(&mut self) -> Result<(), CompileError> {
        let given = self.env.entry_locs(self.trace);
        if given.as_ref().is_some_and(|g| g.len() != self.trace.entry.len()) {
            return Err(CompileError::Malformed("entry locations"));
        }
        if self.trace.entry.is_empty() {
            return Ok(());
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

    fn nodes(&mut self, nodes: std::ops::Range<u32>) -> Result<(), CompileError> {
        nodes.into_iter().try_for_each(|n| self.node(n))
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
}

fn entry_class(p: &EntryParam) -> Class {
    if is_float(Some(p.kind)) { Class::Float } else { Class::Int }
}
