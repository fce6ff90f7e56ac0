//! Where values are used: the facts the allocator needs about the future.
use ir::{Form, Kind, SnapId, Trace, Uop, ValueId, filled, make_room};

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

#[derive(Default)]
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
    /// By snapshot: the values it uses, each once, as a range of `in_snapshots`.
    snapshots: Vec<(u32, u32)>,
    in_snapshots: Vec<ValueId>,
    /// By node: the values that it is the last to need, as a range of `dying`.
    dies: Vec<u32>,
    dying: Vec<ValueId>,
    by_snapshot: BySnapshot,
    /// By value: where its next entry goes, while ranges are filled.
    next: Vec<u32>,
}

impl Live {
    /// Becomes that of `trace`, in the room that there is.
    pub fn analyze(&mut self, trace: &Trace, sel: &Selected) -> Result<(), CompileError> {
        let values = trace.insts.len();
        let live = self;
        make_room(&mut live.def, values);
        live.def.extend(sel.consts.iter().map(|c| if c.is_some() { 0 } else { u32::MAX }));
        filled(&mut live.last, values, 0);
        live.looped = None;
        filled(&mut live.becomes, values, None);
        filled(&mut live.starts, values + 1, 0);
        make_room(&mut live.calls, sel.nodes.len() + 1);
        filled(&mut live.snapshots, trace.snapshots.len(), (0, 0));
        live.in_snapshots.clear();
        filled(&mut live.by_snapshot.last, trace.snapshots.len(), 0);
        filled(&mut live.by_snapshot.seen, values, 0);
        let by_snapshot = &mut live.by_snapshot;
        live.looped = find_loop(sel)?;
        let label = live.looped.as_ref().map(|l| l.label);
        let mut calls = 0;
        for (n, node) in sel.nodes.iter().enumerate() {
            live.calls.push(calls);
            calls += u32::from(node.op.facts().form == Form::Call || node.op == Uop::Escape);
            let n = n as u32;
            let mut malformed = false;
            for &v in &node.args {
                malformed |= live.def[v.0 as usize] == u32::MAX;
                live.last[v.0 as usize] = n;
            }
            if let Some(s) = node.snap {
                if by_snapshot.last[s.0 as usize] == 0 {
                    let (values, all_made) = by_snapshot.values(trace, s, &live.def, &mut live.in_snapshots);
                    malformed |= !all_made;
                    live.snapshots[s.0 as usize] = values;
                }
                by_snapshot.last[s.0 as usize] = n + 1;
            }
            if malformed {
                return Err(CompileError::Malformed("an operand comes after its use"));
            }
            if let Some(v) = node.result {
                live.def[v.0 as usize] = n;
                live.last[v.0 as usize] = n;
            }
            if wants_registers(node.op) {
                for v in &node.args {
                    live.starts[v.0 as usize] += 1;
                }
            }
        }
        live.calls.push(calls);
        for (&(from, to), &end) in live.snapshots.iter().zip(&by_snapshot.last) {
            for v in &live.in_snapshots[from as usize..to as usize] {
                let last = &mut live.last[v.0 as usize];
                *last = (*last).max(end - 1);
            }
        }
        if let (Some(l), Some(label)) = (&live.looped, label) {
            for v in 0..values {
                if live.last[v] > label && (live.def[v] < label || sel.consts[v].is_some()) {
                    live.last[v] = l.jump;
                }
            }
        }
        live.index_uses(sel);
        live.index_deaths(sel);
        live.find_becomes(sel);
        Ok(())
    }

    /// The values that the snapshot uses, each once.
    pub fn in_snapshot(&self, snap: SnapId) -> &[ValueId] {
        let (from, to) = self.snapshots[snap.0 as usize];
        &self.in_snapshots[from as usize..to as usize]
    }

    /// The values that the node is the last to need.
    pub fn dying(&self, node: u32) -> &[ValueId] {
        &self.dying[self.dies[node as usize] as usize..self.dies[node as usize + 1] as usize]
    }

    fn index_deaths(&mut self, sel: &Selected) {
        filled(&mut self.dies, sel.nodes.len() + 1, 0);
        for (v, &last) in self.last.iter().enumerate() {
            self.dies[last as usize] += u32::from(self.def[v] != u32::MAX);
        }
        let mut total = 0;
        for d in &mut self.dies {
            total += std::mem::replace(d, total);
        }
        filled(&mut self.dying, total as usize, ValueId(0));
        self.next.clone_from(&self.dies);
        let next = &mut self.next;
        for (v, &last) in self.last.iter().enumerate().filter(|(v, _)| self.def[*v] != u32::MAX) {
            let at = &mut next[last as usize];
            self.dying[*at as usize] = ValueId(v as u32);
            *at += 1;
        }
    }

    /// Turns the counts in `starts` into ranges and fills `uses`, ascending.
    fn index_uses(&mut self, sel: &Selected) {
        let mut total = 0;
        for s in &mut self.starts {
            total += std::mem::replace(s, total);
        }
        filled(&mut self.uses, total as usize, 0);
        self.next.clone_from(&self.starts);
        let next = &mut self.next;
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

/// The trace's loop, if it has one.
fn find_loop(sel: &Selected) -> Result<Option<Loop>, CompileError> {
    let Some(label) = sel.nodes.iter().position(|n| n.op == Uop::Label) else { return Ok(None) };
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
    Ok(Some(Loop { label: label as u32, jump: jump as u32, phis }))
}

/// Collects the values of snapshots, each once.
#[derive(Default)]
struct BySnapshot {
    /// By snapshot: one more than the last node that leaves through it, 0 if none was seen.
    last: Vec<u32>,
    /// By value: one more than the last snapshot it was found in.
    seen: Vec<u32>,
}

impl BySnapshot {
    /// Appends the values of `snap` to `out`; the range that they are, and whether all are defined.
    fn values(&mut self, trace: &Trace, snap: SnapId, def: &[u32], out: &mut Vec<ValueId>) -> ((u32, u32), bool) {
        let from = out.len();
        trace.snapshot(snap).each_value(|v| {
            let seen = &mut self.seen[v.0 as usize];
            if *seen != snap.0 + 1 {
                *seen = snap.0 + 1;
                out.push(v);
            }
        });
        let all_made = out[from..].iter().all(|v| def[v.0 as usize] != u32::MAX);
        ((from as u32, out.len() as u32), all_made)
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
