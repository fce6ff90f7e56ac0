//! Where values are used: the facts the allocator needs about the future.
use ir::{Form, Kind, Trace, Uop, ValueId};

use crate::CompileError;
use crate::select::Selected;

/// The trace's loop, by node index.
#[derive(Clone, Debug)]
pub(crate) struct Loop {
    pub label: u32,
    pub jump: u32,
    /// Phis by index; `None` if unused.
    pub phis: Vec<Option<ValueId>>,
}

pub(crate) struct Live {
    /// By value: the node of its definition (0 for constants, `u32::MAX` for what is no value).
    pub def: Vec<u32>,
    /// By value: the last node that needs it; its definition if none does. Values that enter the loop from outside and
    /// are needed in it live to its `jump`.
    pub last: Vec<u32>,
    pub looped: Option<Loop>,
    /// By value: the phi that it becomes at the next iteration, directly or as an operand modified in place.
    pub becomes: Vec<Option<ValueId>>,
    /// Nodes that need the value in a register: by value, a range of `uses`.
    starts: Vec<u32>,
    uses: Vec<u32>,
    /// By node: calls before it.
    calls: Vec<u32>,
}

impl Live {
    pub fn analyze(trace: &Trace, sel: &Selected) -> Result<Live, CompileError> {
        let values = trace.insts.len();
        let mut live = Live {
            def: sel.consts.iter().map(|c| if c.is_some() { 0 } else { u32::MAX }).collect(),
            last: vec![0; values],
            looped: None,
            becomes: vec![None; values],
            starts: vec![0; values + 1],
            uses: Vec::new(),
            calls: Vec::with_capacity(sel.nodes.len() + 1),
        };
        live.find_loop(sel)?;
        let label = live.looped.as_ref().map(|l| l.label);
        let mut calls = 0;
        for (n, node) in sel.nodes.iter().enumerate() {
            live.calls.push(calls);
            calls += u32::from(node.op.facts().form == Form::Call || node.op == Uop::Escape);
            let n = n as u32;
            if let Some(v) = node.result {
                live.def[v.0 as usize] = n;
                live.last[v.0 as usize] = n;
            }
            let snapshot = node.snap.map(|s| trace.snapshot(s));
            let in_snapshot = snapshot.iter().flat_map(|s| s.values());
            for v in node.args.iter().copied().chain(in_snapshot) {
                let v = v.0 as usize;
                if sel.consts[v].is_none() && live.def[v] >= n {
                    return Err(CompileError::Malformed("an operand comes after its use"));
                }
                live.last[v] = live.last[v].max(n);
            }
            if wants_registers(node.op) {
                for v in &node.args {
                    live.starts[v.0 as usize] += 1;
                }
            }
        }
        live.calls.push(calls);
        if let (Some(l), Some(label)) = (&live.looped, label) {
            for v in 0..values {
                if live.last[v] > label && (live.def[v] < label || sel.consts[v].is_some()) {
                    live.last[v] = l.jump;
                }
            }
        }
        live.index_uses(sel);
        live.find_becomes(sel);
        Ok(live)
    }

    fn find_loop(&mut self, sel: &Selected) -> Result<(), CompileError> {
        let Some(label) = sel.nodes.iter().position(|n| n.op == Uop::Label) else { return Ok(()) };
        let jump = sel.nodes.len() - 1;
        if sel.nodes[jump].op != Uop::Jump || sel.nodes[jump].args.len() != sel.nodes[label].args.len() {
            return Err(CompileError::Malformed("label and jump disagree"));
        }
        let mut phis = vec![None; sel.nodes[label].args.len()];
        for node in &sel.nodes[label + 1..] {
            if matches!(node.op, Uop::PhiObj | Uop::PhiI64 | Uop::PhiF64) {
                *phis.get_mut(node.imms[0] as usize).ok_or(CompileError::Malformed("phi index"))? = node.result;
            }
        }
        self.looped = Some(Loop { label: label as u32, jump: jump as u32, phis });
        Ok(())
    }

    /// Turns the counts in `starts` into ranges and fills `uses`, ascending.
    fn index_uses(&mut self, sel: &Selected) {
        let mut total = 0;
        for s in &mut self.starts {
            total += std::mem::replace(s, total);
        }
        self.uses = vec![0; total as usize];
        let mut next = self.starts.clone();
        for (n, node) in sel.nodes.iter().enumerate().filter(|(_, node)| wants_registers(node.op)) {
            for v in &node.args {
                let at = &mut next[v.0 as usize];
                self.uses[*at as usize] = n as u32;
                *at += 1;
            }
        }
    }

    fn find_becomes(&mut self, sel: &Selected) {
        let Some(l) = &self.looped else { return };
        // A phi nobody reads has no register to aim for.
        for (phi, v) in l.phis.iter().zip(&sel.nodes[l.jump as usize].args) {
            if sel.consts[v.0 as usize].is_none() && self.def[v.0 as usize] > l.label {
                self.becomes[v.0 as usize] = *phi;
            }
        }
        for n in (l.label as usize + 1..l.jump as usize).rev() {
            let node = &sel.nodes[n];
            let (Some(r), Some(t)) = (node.result, stencils::template(node.op)) else { continue };
            if let (Some(phi), Some(tied)) = (self.becomes[r.0 as usize], t.tied) {
                let a = node.args[tied as usize];
                let v = a.0 as usize;
                if a != phi && self.becomes[v].is_none() && self.last[v] == n as u32 && self.def[v] > l.label {
                    self.becomes[v] = Some(phi);
                }
            }
        }
    }

    /// The nodes that need `v` in a register, ascending.
    pub fn register_uses(&self, v: ValueId) -> &[u32] {
        let v = v.0 as usize;
        &self.uses[self.starts[v] as usize..self.starts[v + 1] as usize]
    }

    /// Whether a call lies strictly between the value's definition and its last use, or it lives around a loop that
    /// calls.
    pub fn crosses_call(&self, v: ValueId) -> bool {
        let (def, last) = (self.def[v.0 as usize], self.last[v.0 as usize]);
        last > def && self.calls[last as usize] > self.calls[def as usize + 1]
    }
}

/// Whether the node's operands must be in registers; elsewhere a spill slot or constant will do.
fn wants_registers(op: Uop) -> bool {
    op.facts().form == Form::Stencil || op == Uop::DecrefDead
}

/// Whether values of this kind live in vector registers.
pub(crate) fn is_float(kind: Option<Kind>) -> bool {
    kind == Some(Kind::F64)
}
