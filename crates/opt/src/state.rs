//! The state that rules work on: the trace made so far and what is known of it.
use std::hash::{Hash, Hasher};

use ir::{Args, FieldStore, Inst, Kind, SnapId, Trace, Uop, ValueId};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use crate::facts::{Info, Range};
use crate::slot_map::SlotMap;
use crate::snaps::{Snaps, Versioned};
use crate::virtuals::{Val, Virtual};
use crate::workspace::Workspace;
use crate::{Known, Oracle, Reason};

/// Operands at most of a uop whose results are shared or remembered.
const MAX_OPERANDS: usize = 3;

/// A uop applied to given operands: what equal computations share. Plain data, for there are many and they are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub op: Uop,
    /// Operands, then `NONE`.
    args: [u32; MAX_OPERANDS],
    pub imms: [u64; 2],
}

const NONE: u32 = u32::MAX;

impl Hash for Key {
    /// Few words, for this is what most look-ups take longest for.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [a, b, c] = self.args;
        state.write_u64(u64::from(a) << 32 | u64::from(b));
        state.write_u64(u64::from(c) << 32 | self.op as u64);
        state.write_u64(self.imms[0]);
        state.write_u64(self.imms[1]);
    }
}

/// What is known at a point of the trace: everything but what was emitted.
#[derive(Default)]
pub(crate) struct State {
    /// Facts by value of `out`.
    pub info: Vec<Info>,
    /// Pure values made so far.
    pub shared: FxHashMap<Key, ValueId>,
    /// Pure guards passed so far.
    pub passed: FxHashSet<Key>,
    /// Loads (value) and guards on memory (`None`) that still hold.
    pub heap: Vec<(Key, Option<ValueId>)>,
    /// The classes of memory that they read, and perhaps others.
    pub heap_classes: u32,
    /// Boxes that are not made unless needed.
    pub virtuals: Vec<Virtual>,
    /// How often what snapshots say of them has changed.
    pub virtual_changes: u32,
    /// Root frame slots, as far as the trace knows them.
    pub slots: Versioned<SlotMap>,
    /// Stores to fields that memory has not got yet; `heap` knows the values.
    pub pending: Versioned<Vec<FieldStore>>,
    /// By input value.
    pub map: Vec<Option<Val>>,
    /// Snapshots of `out`.
    pub snaps: Snaps,
    /// The slot's box, by the input's unboxed entry instruction.
    pub entry_boxes: FxHashMap<ValueId, Val>,
    /// Slots in which memory owns nothing, one bit each.
    pub unowned: u64,
}

pub(crate) struct Optimizer<'a> {
    pub input: &'a Trace,
    pub oracle: &'a dyn Oracle,
    pub known: Known,
    /// Stores to fields may stay pending.
    pub lazy: bool,
    /// The trace made so far.
    pub out: Trace,
    pub st: State,
    /// The input snapshot of the instruction being fed.
    pub snap_in: Option<SnapId>,
    /// Truth values as they are where the guard being emitted fails.
    pub failing: SmallVec<[(ValueId, bool); 2]>,
}

impl Key {
    pub fn new(op: Uop, args: &[ValueId], imms: [u64; 2]) -> Key {
        let mut of = [NONE; MAX_OPERANDS];
        for (to, &arg) in of.iter_mut().zip(args) {
            *to = arg.0;
        }
        assert!(args.len() <= MAX_OPERANDS, "{} has too many operands", op.name());
        Key { op, args: of, imms }
    }

    /// The same for another uop.
    pub fn with(self, op: Uop, imms: [u64; 2]) -> Key {
        Key { op, imms, ..self }
    }

    pub fn operands(&self) -> impl Iterator<Item = ValueId> + '_ {
        self.args.iter().take_while(|&&a| a != NONE).map(|&a| ValueId(a))
    }

    pub fn first(&self) -> Option<ValueId> {
        (self.args[0] != NONE).then_some(ValueId(self.args[0]))
    }
}

impl State {
    /// As before the first of `insts` instructions.
    fn begin(&mut self, insts: usize, owned_by_nobody: u64) {
        let State { info, shared, passed, heap, virtuals, virtual_changes, slots, pending, map, .. } = self;
        ir::make_room(info, 3 * insts);
        shared.clear();
        shared.reserve(insts / 2);
        passed.clear();
        passed.reserve(insts / 4);
        ir::make_room(heap, 64);
        self.heap_classes = 0;
        ir::make_room(virtuals, 16);
        *virtual_changes = 0;
        slots.begin().clear();
        pending.begin().clear();
        ir::filled(map, insts, None);
        self.snaps.forget();
        self.entry_boxes.clear();
        self.unowned = owned_by_nobody;
    }
}

impl<'a> Optimizer<'a> {
    pub fn new(input: &'a Trace, oracle: &'a dyn Oracle, lazy: bool, workspace: &mut Workspace) -> Optimizer<'a> {
        let mut out = workspace.trace(input);
        ir::make_room(&mut out.insts, 3 * input.insts.len());
        out.snapshots.make_room(&input.snapshots);
        let mut st = workspace.state();
        st.begin(input.insts.len(), input.unowned);
        Optimizer { input, oracle, known: oracle.known(), lazy, out, st, snap_in: None, failing: SmallVec::new() }
    }

    /// The trace made; it goes back to the workspace if that failed.
    pub fn done<T>(self, result: Result<T, Reason>, workspace: &mut Workspace) -> Result<(Trace, T), Reason> {
        workspace.keep_state(self.st);
        match result {
            Ok(of) => Ok((self.out, of)),
            Err(reason) => {
                workspace.keep_trace(self.out);
                Err(reason)
            }
        }
    }

    /// As before the first instruction was fed.
    pub fn start_over(&mut self) {
        self.st.begin(self.input.insts.len(), self.input.unowned);
        self.out.insts.clear();
        self.out.snapshots.truncate(0);
    }

    /// Another iteration begins: input values are to be made anew.
    pub fn forget_inputs(&mut self) {
        self.st.map.fill(None);
        self.st.entry_boxes.clear();
        self.st.snaps.forget();
    }

    pub fn info(&self, v: ValueId) -> &Info {
        &self.st.info[v.0 as usize]
    }

    pub fn info_mut(&mut self, v: ValueId) -> &mut Info {
        &mut self.st.info[v.0 as usize]
    }

    pub fn range(&self, v: ValueId) -> Range {
        self.info(v).range
    }

    pub fn constant(&self, v: ValueId) -> Option<u64> {
        self.info(v).constant
    }

    pub fn def(&self, v: ValueId) -> &Inst {
        self.out.inst(v)
    }

    pub fn kind(&self, v: ValueId) -> Kind {
        self.def(v).op.facts().result.expect("only values that exist are asked for")
    }

    /// Appends an instruction as it is, with the current snapshot where it needs one.
    pub fn push(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) -> Result<ValueId, Reason> {
        self.settle(op, args, imms);
        let snap = if op.facts().exits || op == Uop::Link { Some(self.snapshot()?) } else { None };
        Ok(self.push_inst(Inst { op, args: ir::args(args), imms, snap }))
    }

    pub fn push_inst(&mut self, inst: Inst) -> ValueId {
        self.st.info.push(Info::NONE);
        self.out.push(inst)
    }

    /// Appends a pure uop, or finds its earlier result.
    pub fn pure_(&mut self, op: Uop, args: &[ValueId], imms: [u64; 2]) -> Result<ValueId, Reason> {
        let args = self.ordered(op, args);
        let key = Key::new(op, &args, imms);
        if let Some(&v) = self.st.shared.get(&key) {
            return Ok(v);
        }
        let v = self.push(op, &args, imms)?;
        self.st.shared.insert(key, v);
        Ok(v)
    }

    /// The operands in the order in which equal computations have them.
    pub fn ordered(&self, op: Uop, args: &[ValueId]) -> Args {
        match *args {
            // Constants second, where encodings have room for them.
            [a, b] if op.facts().commutes => {
                let key = |v: ValueId| (self.constant(v).is_some(), v);
                ir::args(&if key(b) < key(a) { [b, a] } else { [a, b] })
            }
            _ => ir::args(args),
        }
    }

    fn constant_value(&mut self, op: Uop, bits: u64) -> ValueId {
        let key = Key::new(op, &[], [bits, 0]);
        if let Some(&v) = self.st.shared.get(&key) {
            return v;
        }
        let v = self.push_inst(Inst::new(op, &[]).imm(bits));
        self.st.shared.insert(key, v);
        self.info_mut(v).constant = Some(bits);
        v
    }

    pub fn const_i64(&mut self, value: i64) -> ValueId {
        let v = self.constant_value(Uop::ConstI64, value as u64);
        self.info_mut(v).range = Range::point(value);
        v
    }

    pub fn const_f64(&mut self, value: f64) -> ValueId {
        self.constant_value(Uop::ConstF64, value.to_bits())
    }

    pub fn const_bool(&mut self, value: bool) -> ValueId {
        self.constant_value(Uop::ConstBool, value.into())
    }

    pub fn const_ptr(&mut self, address: u64) -> ValueId {
        self.constant_value(Uop::ConstPtr, address)
    }

    pub fn const_obj(&mut self, address: u64) -> ValueId {
        let v = self.constant_value(Uop::ConstObj, address);
        let ty = if address == 0 { None } else { self.oracle.type_of(address) };
        let info = self.info_mut(v);
        info.non_null = address != 0;
        info.ty = info.ty.or(ty);
        v
    }

    /// The constant that a value is known to be, else the value.
    pub fn canonical(&mut self, v: ValueId) -> ValueId {
        let Some(bits) = self.constant(v) else { return v };
        match self.kind(v) {
            Kind::I64 => self.const_i64(bits as i64),
            Kind::F64 => self.constant_value(Uop::ConstF64, bits),
            Kind::Bool => self.constant_value(Uop::ConstBool, bits),
            Kind::Obj => self.const_obj(bits),
            Kind::Ptr => self.const_ptr(bits),
        }
    }
}
