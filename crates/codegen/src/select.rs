//! Instruction selection: constants become immediates where a uop for that exists.
//!
//! The result is one list of nodes in trace order. Constants that are still register operands are materialized by
//! the allocator, those that are not cost nothing.
use ir::{Args, Form, Inst, Kind, SnapId, Trace, Uop, ValueId};

/// An instruction after selection.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// The trace's instruction it comes from.
    pub inst: u32,
    pub op: Uop,
    pub args: Args,
    pub imms: [u64; 2],
    /// Only where the node leaves the trace by it.
    pub snap: Option<SnapId>,
    pub result: Option<ValueId>,
}

/// A selected trace.
#[derive(Default)]
pub(crate) struct Selected {
    pub nodes: Vec<Node>,
    /// By value: its bits if it is a constant.
    pub consts: Vec<Option<u64>>,
    /// By value: its kind if it has one.
    pub kinds: Vec<Option<Kind>>,
}

impl Selected {
    /// Becomes that of `trace`, in the room that there is.
    pub fn select(&mut self, trace: &Trace) {
        let Selected { nodes, consts, kinds } = self;
        ir::make_room(nodes, trace.insts.len());
        ir::filled(consts, trace.insts.len(), None);
        ir::make_room(kinds, trace.insts.len());
        kinds.extend(trace.insts.iter().map(|i| i.op.facts().result));
        for (n, inst) in trace.insts.iter().enumerate() {
            self.inst(n as u32, inst);
        }
    }

    fn inst(&mut self, n: u32, inst: &Inst) {
        let facts = inst.op.facts();
        match inst.op {
            Uop::ConstI64 | Uop::ConstF64 | Uop::ConstObj | Uop::ConstPtr | Uop::ConstBool => {
                self.consts[n as usize] = Some(inst.imms[0]);
            }
            op => {
                let leaves = facts.exits || matches!(op, Uop::Link | Uop::Escape);
                let mut node = Node {
                    inst: n,
                    op,
                    args: ir::args(&inst.args),
                    imms: inst.imms,
                    snap: inst.snap.filter(|_| leaves),
                    result: facts.result.map(|_| ValueId(n)),
                };
                if facts.form == Form::Stencil {
                    self.fold(&mut node);
                }
                self.nodes.push(node);
            }
        }
    }

    fn konst(&self, v: ValueId) -> Option<i64> {
        self.consts[v.0 as usize].map(|c| c as i64)
    }

    /// Rewrites a node with a constant operand to a form that takes it as an immediate.
    fn fold(&self, node: &mut Node) {
        if node.op == Uop::GuardSlotTag && node.imms[1] == 0 {
            node.op = Uop::GuardSlotOwned;
        }
        // Forms whose 64-bit immediate fits 32 bits.
        let small = match node.op {
            Uop::GuardEvalBreaker => Some(Uop::GuardEvalBreakerSmall),
            Uop::GuardType => Some(Uop::GuardTypeSmall),
            Uop::GuardIs => Some(Uop::GuardIsSmall),
            Uop::GuardIsNot => Some(Uop::GuardIsNotSmall),
            Uop::GuardIntIs => Some(Uop::GuardIntEqImm),
            Uop::UnboxBool => Some(Uop::UnboxBoolSmall),
            _ => None,
        };
        if let Some(small) = small {
            try_imm(node, small, node.args.first().copied(), node.imms[0] as i64);
            return;
        }
        match *node.args.as_slice() {
            [a, b] => match (self.konst(a), self.konst(b)) {
                (_, Some(c)) => self.fold_right(node, a, c),
                (Some(c), None) => self.fold_left(node, c, b),
                _ => {}
            },
            [a, b, v] if node.op == Uop::StoreItem => {
                if let Some(at) = self.konst(b).and_then(|c| c.checked_mul(8))
                    && fits32(at)
                {
                    *node =
                        Node { op: Uop::StoreItemAt, args: ir::args(&[a, v]), imms: [at as u64, 0], ..node.clone() };
                }
            }
            _ => {}
        }
    }

    /// `node` is `a op constant`.
    fn fold_right(&self, node: &mut Node, a: ValueId, c: i64) {
        use Uop::*;
        let a = Some(a);
        match node.op {
            IntAdd => try_imm(node, IntAddImm, a, c),
            IntAddNowrap => try_imm(node, IntAddNowrapImm, a, c),
            // -c is no i32 exactly for the least one, which try_imm refuses then.
            IntSub => try_imm(node, IntAddImm, a, c.wrapping_neg()),
            IntSubNowrap => try_imm(node, IntAddNowrapImm, a, c.wrapping_neg()),
            IntMul => try_imm(node, IntMulImm, a, c),
            IntMulNowrap => try_imm(node, IntMulNowrapImm, a, c),
            IntAnd => try_imm(node, IntAndImm, a, c),
            IntOr => try_imm(node, IntOrImm, a, c),
            IntXor => try_imm(node, IntXorImm, a, c),
            IntShl if (0..=62).contains(&c) => try_imm(node, IntShlImm, a, c),
            IntShr if (0..=63).contains(&c) => try_imm(node, IntShrImm, a, c),
            IntLt => try_imm(node, IntLtImm, a, c),
            IntLe if c < i64::MAX => try_imm(node, IntLtImm, a, c + 1),
            IntEq => try_imm(node, IntEqImm, a, c),
            IntNe => try_imm(node, IntNeImm, a, c),
            GuardIntLt => try_imm(node, GuardIntLtImm, a, c),
            GuardIntLe if c < i64::MAX => try_imm(node, GuardIntLtImm, a, c + 1),
            GuardIntEq => try_imm(node, GuardIntEqImm, a, c),
            GuardIntNe => try_imm(node, GuardIntNeImm, a, c),
            LoadItem => try_imm(node, LoadItemAt, a, c.saturating_mul(8)),
            IntMod if c > 1 && c & (c - 1) == 0 => try_imm(node, IntAndImm, a, c - 1),
            IntFloordiv if c > 1 && c & (c - 1) == 0 => try_imm(node, IntShrImm, a, i64::from(c.trailing_zeros())),
            IntMod if c > 2 => divide(node, IntModImm, a, c),
            IntFloordiv if c > 2 => divide(node, IntFloordivImm, a, c),
            _ => {}
        }
    }

    /// `node` is `constant op b`.
    fn fold_left(&self, node: &mut Node, c: i64, b: ValueId) {
        use Uop::*;
        match node.op {
            IntLt => try_imm(node, IntGtImm, Some(b), c),
            IntLe if c > i64::MIN => try_imm(node, IntGtImm, Some(b), c - 1),
            GuardIntLt => try_imm(node, GuardIntGtImm, Some(b), c),
            GuardIntLe if c > i64::MIN => try_imm(node, GuardIntGtImm, Some(b), c - 1),
            op if op.facts().commutes => self.fold_right(node, b, c),
            _ => {}
        }
    }
}

fn fits32(c: i64) -> bool {
    i32::try_from(c).is_ok()
}

/// Turns `node` into `op(arg, imm)` if the immediate can be encoded. Exits and result stay as they are.
fn try_imm(node: &mut Node, op: Uop, arg: Option<ValueId>, imm: i64) {
    let imms = [imm as u64, 0];
    if fits32(imm) && stencils::template(op).is_some_and(|t| t.fits(&imms)) {
        // A form that cannot leave the trace needs no snapshot.
        let snap = node.snap.filter(|_| op.facts().exits);
        *node = Node { op, args: ir::args(arg.as_slice()), imms, snap, ..*node };
    }
}

/// Division by a constant through its reciprocal in 64-bit fixed point, rounded up.
fn divide(node: &mut Node, op: Uop, arg: Option<ValueId>, c: i64) {
    if fits32(c) {
        let reciprocal = u64::MAX / c as u64 + 1;
        *node = Node { op, args: ir::args(arg.as_slice()), imms: [reciprocal, c as u64], snap: None, ..*node };
    }
}
