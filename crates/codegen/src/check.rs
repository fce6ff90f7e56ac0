//! Follows an allocated trace symbolically: which values are in which location after each step. Every operand, every
//! value of an exit or escape, and every value carried around the loop must be where the allocator says it is.
//!
//! The loop's head is a meet: what a location holds there must hold on entry and after each iteration. It starts as
//! what the entry brings, and loses what an iteration does not bring back, until nothing changes.
use std::collections::{BTreeSet, HashMap};

use ir::{Trace, Uop, ValueId};
use stencils::OUT;

use crate::Env;
use crate::abi::Loc;
use crate::alloc::Allocated;
use crate::lir::Lir;
use crate::live::is_float;
use crate::select::{Node, Selected};
use crate::target::{ARG_FPRS, ARG_GPRS, CALLEE_SAVED, RegSet};

/// The values that each location holds.
type Holds = HashMap<Loc, BTreeSet<ValueId>>;

/// # Errors
/// The first thing that is not where it should be.
pub(crate) fn check(trace: &Trace, sel: &Selected, code: &Allocated, env: &dyn Env) -> Result<(), String> {
    let mut at_label: Option<Holds> = None;
    loop {
        let holds = Holds::new();
        let mut c = Checker { trace, sel, code, env, holds, head: at_label.take(), node: 0, wrong: None };
        let back = c.walk();
        let (Some(head), Some(back)) = (c.head, back) else { return c.wrong.map_or(Ok(()), Err) };
        let met: Holds = head.iter().map(|(loc, values)| (*loc, common(values, back.get(loc)))).collect();
        if met == head {
            return c.wrong.map_or(Ok(()), Err);
        }
        at_label = Some(met);
    }
}

fn common(a: &BTreeSet<ValueId>, b: Option<&BTreeSet<ValueId>>) -> BTreeSet<ValueId> {
    b.map_or_else(BTreeSet::new, |b| a.intersection(b).copied().collect())
}

struct Checker<'a> {
    trace: &'a Trace,
    sel: &'a Selected,
    code: &'a Allocated,
    env: &'a dyn Env,
    holds: Holds,
    /// What the loop's head holds: what is known so far, else what the entry brings.
    head: Option<Holds>,
    /// Nodes that began so far.
    node: usize,
    wrong: Option<String>,
}

impl Checker<'_> {
    fn fail(&mut self, what: String) {
        let at = self.node().inst;
        let op = self.node().op.name();
        self.wrong.get_or_insert_with(|| format!("v{at} {op}: {what}"));
    }

    fn node(&self) -> &Node {
        &self.sel.nodes[self.node.saturating_sub(1)]
    }

    fn has(&self, loc: Loc, v: ValueId) -> bool {
        match loc {
            Loc::Const(c) => self.sel.consts[v.0 as usize] == Some(c),
            loc => self.holds.get(&loc).is_some_and(|values| values.contains(&v)),
        }
    }

    fn expect(&mut self, loc: Loc, v: ValueId, what: &str) {
        if !self.has(loc, v) {
            self.fail(format!("{what} v{} is not in {loc:?}", v.0));
        }
    }

    fn expect_all(&mut self, values: &[(ValueId, Loc)], what: &str) {
        for &(v, loc) in values {
            self.expect(loc, v, what);
        }
    }

    fn loc(&self, v: ValueId, reg: u8) -> Loc {
        if is_float(self.sel.kinds[v.0 as usize]) { Loc::Fpr(reg) } else { Loc::Reg(reg) }
    }

    fn put(&mut self, loc: Loc, values: BTreeSet<ValueId>) {
        self.holds.insert(loc, values);
    }

    fn put_result(&mut self, reg: u8) {
        if let Some(v) = self.node().result {
            self.put(self.loc(v, reg), BTreeSet::from([v]));
        }
    }

    /// What C functions overwrite, but for what is kept, holds nothing.
    fn clobber(&mut self, gprs: RegSet, fprs: RegSet) {
        self.holds.retain(|loc, _| match *loc {
            Loc::Reg(r) => CALLEE_SAVED[0].contains(r) || gprs.contains(r),
            Loc::Fpr(r) => CALLEE_SAVED[1].contains(r) || fprs.contains(r),
            Loc::Spill(_) | Loc::Const(_) => true,
        });
    }

    /// Each location's values, with the phis whose next values they are.
    fn with_phis(&self, holds: &Holds, keep: impl Fn(ValueId) -> bool) -> Holds {
        let label = self.trace.insts.iter().position(|i| i.op == Uop::Label).unwrap_or(0);
        let next = self.node().args.clone();
        let phis: Vec<(ValueId, ValueId)> = self
            .sel
            .nodes
            .iter()
            .filter(|n| matches!(n.op, Uop::PhiObj | Uop::PhiI64 | Uop::PhiF64) && n.inst as usize > label)
            .filter_map(|n| Some((n.result?, *next.get(n.imms[0] as usize)?)))
            .collect();
        let translate = |values: &BTreeSet<ValueId>| -> BTreeSet<ValueId> {
            let kept = values.iter().copied().filter(|&v| keep(v));
            kept.chain(phis.iter().filter(|(_, v)| values.contains(v)).map(|(phi, _)| *phi)).collect()
        };
        let mut out: Holds = holds.iter().map(|(loc, values)| (*loc, translate(values))).collect();
        // A constant that starts a phi is where it was put, not where it was.
        out.retain(|_, values| !values.is_empty());
        out
    }

    fn enter(&mut self) {
        for node in &self.sel.nodes {
            if matches!(node.op, Uop::EntryObj | Uop::EntryI64 | Uop::EntryF64)
                && let (Some(v), Some(&loc)) = (node.result, self.code.entry_locs.get(node.imms[0] as usize))
            {
                let constants = self.values_of(loc);
                self.holds.entry(loc).or_insert(constants).insert(v);
            }
        }
    }

    /// All values that a location holds; of a constant those that are it.
    fn values_of(&self, loc: Loc) -> BTreeSet<ValueId> {
        let Loc::Const(c) = loc else { return self.holds.get(&loc).cloned().unwrap_or_default() };
        let all = self.sel.consts.iter().enumerate();
        let constants = all.filter(|(_, k)| **k == Some(c)).map(|(n, _)| ValueId(n as u32));
        constants.chain(self.holds.get(&loc).into_iter().flatten().copied()).collect()
    }

    /// Checks everything; what an iteration brings back to the loop's head.
    fn walk(&mut self) -> Option<Holds> {
        self.enter();
        for lir in &self.code.code {
            match lir {
                Lir::Label => {
                    let head = self.head.take().unwrap_or_else(|| self.with_phis(&self.holds, |_| true));
                    self.holds.clone_from(&head);
                    self.head = Some(head);
                }
                Lir::Jump => {
                    let label = self.trace.insts.iter().position(|i| i.op == Uop::Label).unwrap_or(0);
                    let survives = |v: ValueId| (v.0 as usize) < label || self.sel.consts[v.0 as usize].is_some();
                    return Some(self.with_phis(&self.holds, survives));
                }
                lir => self.step(lir),
            }
        }
        None
    }

    fn step(&mut self, lir: &Lir) {
        match *lir {
            Lir::Mark(..) => self.node += 1,
            Lir::Move { dst, src } => {
                let values = self.values_of(src);
                self.put(dst, values);
            }
            Lir::Stencil { uop, slots, exit, .. } => self.stencil(uop, slots, exit),
            Lir::DecrefDead { object, gprs, fprs, .. } => {
                self.expect(Loc::Reg(object), self.node().args[0], "the released");
                self.clobber(gprs, fprs);
            }
            Lir::Call { .. } => {
                let (mut ints, mut floats) = (ARG_GPRS.iter(), ARG_FPRS.iter());
                for v in self.node().args.clone() {
                    let regs = if is_float(self.sel.kinds[v.0 as usize]) { &mut floats } else { &mut ints };
                    match regs.next() {
                        Some(&r) => self.expect(self.loc(v, r), v, "argument"),
                        None => self.fail("too many arguments".into()),
                    }
                }
                self.clobber(RegSet::default(), RegSet::default());
                self.put_result(0);
            }
            Lir::NullExit(exit) | Lir::Exit(exit) => {
                self.expect_all(&self.code.exit_values(exit as usize, &self.sel.consts), "the exit's");
            }
            Lir::Escape { index, .. } => {
                let escape = &self.code.escapes[index as usize];
                self.expect_all(&escape.values, "the escape's");
                for (&v, &loc) in self.node().args.clone().iter().zip(&escape.operands) {
                    self.expect(loc, v, "operand");
                }
                // The thunk keeps all registers; machine code of its own does not.
                if escape.recipe.is_some() {
                    self.clobber(RegSet::default(), RegSet::default());
                }
                self.put_result(0);
            }
            Lir::NativeCall { site, .. } => {
                let node = self.node().clone();
                let call = self.env.native_call(self.trace, &self.trace.insts[node.inst as usize]);
                for (&loc, &v) in call.iter().flat_map(|c| &c.locs).zip(&node.args) {
                    self.expect(loc, v, "argument");
                }
                // It keeps no register; whoever writes the frames meanwhile reads memory.
                self.holds.retain(|loc, _| matches!(loc, Loc::Spill(_)));
                self.expect_all(&self.code.calls[site as usize].values, "the call's");
                self.put_result(0);
            }
            Lir::Return { .. } => {
                let v = self.node().args[0];
                self.expect(self.loc(v, 0), v, "returned");
            }
            Lir::Link(_) => {
                let node = self.node().clone();
                let target = self.env.link_target(node.imms[0] as u32);
                for (&loc, &v) in target.iter().flat_map(|t| &t.locs).zip(&node.args) {
                    self.expect(loc, v, "handed over");
                }
            }
            Lir::Label | Lir::Jump => unreachable!("the walk handles them"),
        }
    }

    fn stencil(&mut self, uop: Uop, slots: [u8; 4], exit: Option<u32>) {
        let Some(t) = stencils::template(uop) else { return self.fail("no template".into()) };
        let node = self.node().clone();
        let out = node.result.map(|v| self.loc(v, slots[OUT]));
        let place = |c: &Self, k: usize, v: ValueId| {
            if t.tied == Some(k as u8) { c.loc(v, slots[OUT]) } else { c.loc(v, slots[k]) }
        };
        let mut args = node.args.clone();
        let in_place = |c: &Self, args: &[ValueId]| args.iter().enumerate().all(|(k, &v)| c.has(place(c, k, v), v));
        if uop.facts().commutes && !in_place(self, &args) {
            args.swap(0, 1);
        }
        for (k, &v) in args.iter().enumerate() {
            let loc = place(self, k, v);
            self.expect(loc, v, "operand");
            if t.tied != Some(k as u8) && t.early >> k & 1 != 0 && out == Some(loc) {
                self.fail(format!("v{} is overwritten before it is read", v.0));
            }
        }
        if let Some(exit) = exit {
            let values = &self.code.exit_values(exit as usize, &self.sel.consts);
            self.expect_all(values, "the exit's");
            for &(v, loc) in values {
                let destroyed = (0..args.len()).any(|k| t.destroyed >> k & 1 != 0 && place(self, k, args[k]) == loc);
                if destroyed || (out == Some(loc) && t.tied.is_none() && !t.late_out) {
                    self.fail(format!("the exit's v{} is overwritten", v.0));
                }
            }
        }
        for (k, &v) in args.iter().enumerate() {
            if t.destroyed >> k & 1 != 0 {
                self.holds.remove(&place(self, k, v));
            }
        }
        for temporary in [Loc::Reg(0), Loc::Reg(1), Loc::Reg(2), Loc::Fpr(0), Loc::Fpr(1), Loc::Fpr(2)] {
            let n = match temporary {
                Loc::Fpr(n) => n + 3,
                Loc::Reg(n) => n,
                _ => continue,
            };
            if t.temps >> n & 1 != 0 {
                self.holds.remove(&temporary);
            }
        }
        self.put_result(slots[OUT]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alloc::{Room, allocate};
    use crate::live::Live;
    use crate::select::Selected;
    use crate::{LinkTarget, Options};

    struct NoEnv;

    impl Env for NoEnv {
        fn helper(&self, _: Uop) -> usize {
            0
        }
        fn entry_locs(&self, _: &Trace) -> Option<Vec<Loc>> {
            None
        }
        fn link_target(&self, _: u32) -> Option<LinkTarget> {
            None
        }
        fn recipe(&self, _: &Trace, _: u32) -> Option<crate::Recipe<ValueId>> {
            None
        }
        fn first_exit_id(&self, _count: usize) -> u32 {
            0
        }
        fn first_escape_id(&self, _count: usize) -> u32 {
            0
        }
    }

    /// Values rotate through the phis, a call is in the way, and registers are few.
    const LOOP: &str = "root code=0x1
  v0 = load_slot 0
  v1 = load_field_i64 v0, 0
  v2 = load_field_i64 v0, 8
  v3 = load_field_i64 v0, 16
  v4 = int_to_float v1 ; s0
  label v1, v2, v3, v4
  v6 = phi_i64 0
  v7 = phi_i64 1
  v8 = phi_i64 2
  v9 = phi_f64 3
  v10 = int_add v6, v7 ; s1
  v11 = int_sub v8, v6 ; s1
  v12 = box_i64 v10
  v13 = int_mul v11, v7 ; s2
  v14 = float_add v9, v4
  guard_int_lt v13, v3 ; s2
  jump v7, v8, v10, v14
s0: before c0@0 []
s1: before c0@0 [box_i64 v6, box_i64 v8, box_f64 v9]
s2: before c0@0 [v12:new, box_i64 v7, box_i64 v11]
";

    #[test]
    fn what_the_allocator_makes_is_right_and_less_is_not() {
        let trace = Trace::parse(LOOP).unwrap();
        trace.verify().unwrap();
        let mut sel = Selected::default();
        sel.select(&trace);
        let mut live = Live::default();
        live.analyze(&trace, &sel).unwrap();
        let mut noticed = 0;
        for options in [
            Options::default(),
            Options { gpr_pool: Some(0x11C8), ..Options::default() },
            Options { force_spills: true, ..Options::default() },
        ] {
            let allocated = || {
                allocate(&trace, &sel, &live, &NoEnv, &options, &mut Room::default()).unwrap_or_else(|e| panic!("{e}"))
            };
            let right = allocated();
            assert_eq!(check(&trace, &sel, &right, &NoEnv), Ok(()));
            for at in 0..right.code.len() {
                let mut wrong = allocated();
                if let Lir::Move { dst, .. } = wrong.code[at] {
                    // Something else is moved there.
                    wrong.code[at] = Lir::Move { dst, src: Loc::Const(0xBAD) };
                    let found = check(&trace, &sel, &wrong, &NoEnv);
                    assert!(found.is_err(), "nobody needs {:?}\n{:?}", right.code[at], right.code);
                    noticed += 1;
                }
            }
            for at in 0..right.exits.len() {
                let mut wrong = allocated();
                let (from, to) = wrong.exits[at].values;
                if let [a, b, ..] = &mut wrong.exit_values[from as usize..to as usize] {
                    std::mem::swap(&mut a.1, &mut b.1);
                    assert!(check(&trace, &sel, &wrong, &NoEnv).is_err());
                    noticed += 1;
                }
            }
        }
        assert!(noticed > 20, "only {noticed} errors were tried");
    }
}
