//! The recorder's state: abstract frames, what is known of values, and the step protocol.
use std::rc::Rc;

use cpython::abi as py;
use ir::{
    CodeId, Continuation, Count, FrameInfo, Resume, SlotVal, SnapId, SnapshotRef, Source, Trace, TraceKind, ValueId,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::count::Counter;
use crate::{Abort, EscapeHelper};

/// Instructions of one recording.
const MAX_STEPS: usize = 2000;
/// Uops of one trace.
const MAX_UOPS: usize = 4000;
/// Inlined calls within each other.
pub(crate) const MAX_DEPTH: usize = 12;
/// Size of a frame that is not the root's.
pub(crate) const MAX_FRAME_WORDS: usize = 512;

const _: () = assert!((MAX_DEPTH + 1) * MAX_FRAME_WORDS <= py::reserve::SpareChunk::WORDS);
/// Times that an inner loop header may be passed before the recording is given up.
const MAX_UNROLL: u32 = 8;

/// What a trace relies on without checking; a change invalidates its executor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dependency {
    /// The value (or absence) of a key in a dict.
    DictKey { dict: usize, key: usize },
    /// Layout, MRO and attributes of a type.
    Type(usize),
    /// Addresses in a dict's key table: no key comes or goes.
    DictTable { dict: usize },
    /// The trace assigns a key of a dict without telling its watchers: from now on nobody takes the value for constant.
    GlobalStore { dict: usize, key: usize },
    /// A function object: its existence, code and defaults.
    Function(usize),
    /// A code object's existence.
    Code(usize),
}

/// Where a recording starts.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The trace's kind.
    pub kind: TraceKind,
    /// Bytecode offset, in code units, of the loop header (or of the exit, for a bridge).
    pub offset: u32,
    /// The offset is that of a function's `RESUME`: the trace may end where the function returns.
    pub entry: bool,
}

/// What the recorder wants after a step.
#[derive(Debug)]
pub enum Step {
    /// Go on recording.
    Continue,
    /// The trace is complete; see [`Recorder::finish_loop`]. The instruction (unless it is the function's return) has
    /// not been recorded.
    Finished,
    /// The frame that is about to begin is not recorded: it is to be run, and its result to be reported by
    /// [`Recorder::returned`].
    Call,
    /// The operation of the escape just recorded runs in a frame that tier 1 has pushed above `caller`: it is to be
    /// run, which [`Recorder::ran_outside`] follows.
    Outside { caller: *mut py::Frame },
    /// The instruction calls this function, which is recorded in a frame of its own.
    Enter(Box<Entering>),
    /// Recording is given up.
    Abort(Abort),
}

/// A call of a special method that an instruction makes.
#[derive(Debug)]
pub struct Entering {
    pub function: *mut py::Function,
    /// The arguments, which stay on the caller's stack, too.
    pub args: Vec<*mut py::Object>,
    /// Or the top entries of that stack become the arguments: so many.
    pub moved: usize,
    /// What the caller does with the result.
    pub continuation: Continuation,
}

/// A complete recording.
#[derive(Debug)]
pub struct Finished {
    pub trace: Trace,
    pub dependencies: Vec<Dependency>,
    /// One of the dependencies changed while the trace was recorded.
    pub stale: bool,
    /// Instructions recorded.
    pub steps: usize,
    /// It starts where a function does.
    pub entry: bool,
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Val {
    /// Whatever the root frame's memory holds; not read yet.
    Memory,
    /// NULL.
    Null,
    /// A trace value.
    Is(ValueId),
}

/// A slot of an abstract frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub val: Val,
    /// The slot owns a reference.
    pub owned: bool,
    /// Root frame: memory holds this very reference.
    pub clean: bool,
}

impl Entry {
    pub(crate) const NULL: Entry = Entry { val: Val::Null, owned: false, clean: false };

    pub(crate) fn owned(v: ValueId) -> Entry {
        Entry { val: Val::Is(v), owned: true, clean: false }
    }

    pub(crate) fn borrowed(v: ValueId) -> Entry {
        Entry { val: Val::Is(v), owned: false, clean: false }
    }
}

/// A concatenation of two strings whose uops are not emitted yet; its result's place on the stack is taken.
pub(crate) struct Deferred {
    pub pc: u32,
    pub left: Entry,
    pub right: Entry,
    pub left_object: *mut py::Object,
}

/// How a generator was suspended when the trace resumed it; `None` where the trace began within it.
pub(crate) type Suspended = Option<Suspension>;

/// The state of a suspended generator's frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Suspension {
    pub instr_ptr: usize,
    /// Slots in use.
    pub depth: usize,
    /// `gi_frame_state`.
    pub state: i8,
}

pub(crate) struct AbsFrame {
    pub code: CodeId,
    pub code_ptr: *mut py::Code,
    /// The function object (inlined frames); a generator's frame has its generator here, borrowed.
    pub func: Entry,
    /// The frame lies in a generator.
    pub generator: Option<Suspended>,
    pub slots: Vec<Entry>,
    pub nlocals: usize,
    /// Offset of the call in flight; the innermost frame's is that of the current instruction.
    pub pc: u32,
    /// What it does when its callee returns.
    pub continuation: Continuation,
}

/// One recording in progress.
pub struct Recorder {
    pub(crate) trace: Trace,
    pub(crate) frames: Vec<AbsFrame>,
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) root: *mut py::Frame,
    pub(crate) start: Start,
    steps: usize,
    /// The "before" snapshot of the instruction being recorded.
    pub(crate) before: SnapId,
    /// Unboxed twins of objects (i64, f64 or bool values).
    pub(crate) raw: FxHashMap<ValueId, ValueId>,
    /// Exact types established by guards or construction.
    pub(crate) types: FxHashMap<ValueId, usize>,
    /// Constants, by kind and bits.
    pub(crate) consts: FxHashMap<(ir::Uop, u64), ValueId>,
    /// What constant objects are.
    pub(crate) const_of: FxHashMap<ValueId, usize>,
    pub(crate) real_sp: *mut py::StackRef,
    pub(crate) real: *mut py::Frame,
    /// Expected code of the next frame after an inlined call.
    pub(crate) expect_code: Option<*mut py::Code>,
    /// The innermost abstract frame is that of a call that stays a call.
    pub(crate) calling: bool,
    /// That call's frame only borrows its function.
    pub(crate) lent_function: bool,
    /// Results of calls are taken as objects, not as numbers of which nobody has seen the object.
    pub boxed_results: bool,
    /// The root frame has returned or yielded, and the trace has its end.
    pub(crate) has_returned: bool,
    /// A string concatenation that may turn out to be `local += x` at the next instruction.
    pub(crate) deferred: Option<Deferred>,
    /// A step of an iterator that may yield or end.
    pub(crate) stepping: Option<crate::ops::Stepping>,
    /// The first instruction steps an iterator, and is not to be tried quietly again.
    pub(crate) step_declined: bool,
    /// The items of a tuple that was not made; its place on the stack is taken.
    pub(crate) unpacking: Option<Vec<Entry>>,
    /// While the call of a builtin object's bound method is recorded as that of the method: the receiver, and which entry from
    /// the top stands for it.
    pub(crate) bound: Option<(usize, *mut py::Object)>,
    /// A sequence's slice whose slice object was not made; the object's place on the stack is taken.
    pub(crate) sliced: Option<ValueId>,
    /// Start, length and step of a range that was not made; its place on the stack is taken.
    pub(crate) ranging: Option<[ValueId; 3]>,
    /// Generators that the trace resumed, which are known to be different objects.
    pub(crate) generators: Vec<(ValueId, *mut py::Object)>,
    /// The function whose call, which makes a generator, runs in tier 1 now.
    pub(crate) making: Option<*mut py::Code>,
    /// The call of a special method that the instruction makes.
    pub(crate) entering: Option<Box<Entering>>,
    /// The frame whose instruction has just been recorded as an escape that pushes its result.
    escaping: Option<*mut py::Frame>,
    seen_headers: FxHashMap<(usize, u32), u32>,
    /// Inlined calls so far at each depth, for the recursion guard.
    pub(crate) recursion_guarded: usize,
    stale: bool,
    /// Whether the trace has checked which globals, or which namespace, the root frame has.
    pub(crate) globals_guarded: bool,
    pub(crate) namespace_guarded: bool,
    /// Keys of dicts whose values change: not constants.
    pub(crate) varying: Rc<FxHashSet<(usize, usize)>>,
    /// The bit of our own watcher in a dict's word of watchers.
    pub(crate) dict_watcher_bit: u8,
    pub(crate) counter: Counter,
}

impl Recorder {
    /// Starts a recording at `start.offset` of `frame`, whose value stack ends at `sp`.
    ///
    /// # Safety
    /// `frame` is the running frame, complete and executing; `sp` is its stack pointer. The GIL is held.
    pub unsafe fn new(start: Start, frame: *mut py::Frame, sp: *mut py::StackRef) -> Recorder {
        let mut r = Recorder {
            trace: Trace::new(start.kind),
            frames: Vec::new(),
            dependencies: Vec::new(),
            root: frame,
            start,
            steps: 0,
            before: SnapId(0),
            raw: FxHashMap::default(),
            types: FxHashMap::default(),
            consts: FxHashMap::default(),
            const_of: FxHashMap::default(),
            real_sp: sp,
            real: frame,
            expect_code: None,
            calling: false,
            lent_function: false,
            boxed_results: false,
            has_returned: false,
            deferred: None,
            stepping: None,
            step_declined: false,
            unpacking: None,
            bound: None,
            sliced: None,
            ranging: None,
            generators: Vec::new(),
            making: None,
            entering: None,
            escaping: None,
            seen_headers: FxHashMap::default(),
            recursion_guarded: 0,
            stale: false,
            globals_guarded: false,
            namespace_guarded: false,
            varying: Rc::default(),
            dict_watcher_bit: 0,
            counter: Counter::default(),
        };
        // SAFETY: by this function's contract.
        unsafe {
            let code = py::Frame::code(frame);
            let nlocals = (*code).co_nlocalsplus as usize;
            let depth = r.depth_of(frame, sp);
            let code_id = r.code_id(code);
            let mut slots = vec![Entry { val: Val::Memory, owned: true, clean: true }; depth];
            if start.entry {
                // A function begins with all its variables unbound but for its arguments, cells and free variables.
                for (i, slot) in slots.iter_mut().enumerate().skip((*code).co_argcount as usize) {
                    if (*py::Frame::local(frame, i)).is_null() {
                        *slot = Entry { clean: true, ..Entry::NULL };
                    }
                }
            }
            r.frames.push(AbsFrame {
                code: code_id,
                code_ptr: code,
                func: Entry { val: Val::Memory, owned: false, clean: true },
                generator: None,
                slots,
                nlocals,
                pc: start.offset,
                continuation: Continuation::Push,
            });
        }
        r
    }

    /// Starts a recording at an exit: `frames`, which the exit has just materialized from `snapshot` of `parent`, go on
    /// in the interpreter, while the trace takes its values over in registers.
    ///
    /// # Safety
    /// As for [`Recorder::new`]; `frames` are those of the snapshot, outermost first.
    pub unsafe fn bridge(
        start: Start,
        parent: &Trace,
        snapshot: SnapshotRef<'_>,
        frames: &[*mut py::Frame],
        sp: *mut py::StackRef,
    ) -> Recorder {
        // SAFETY: by this function's contract; a bridge's abstract frames are built below.
        let mut r = unsafe { Recorder::new(start, frames[0], py::Frame::local(frames[0], 0)) };
        r.frames.clear();
        r.real_sp = sp;
        let mut taken: FxHashMap<Source, ValueId> = FxHashMap::default();
        let mut pending = Vec::new();
        for (n, f) in snapshot.frames().enumerate() {
            let code_ptr = parent.codes[f.code.0 as usize] as *mut py::Code;
            let code = r.code_id(code_ptr);
            // SAFETY: a live code object.
            let nlocals = unsafe { (*code_ptr).co_nlocalsplus as usize };
            let func = if n == 0 {
                Entry { val: Val::Memory, owned: false, clean: true }
            } else {
                r.take(parent, f.func, &mut taken)
            };
            let mut slots = Vec::with_capacity(f.slots.len());
            for (i, slot) in f.slots.iter().enumerate() {
                if slot.source == Source::Unchanged {
                    slots.push(Entry { val: Val::Memory, owned: true, clean: true });
                    continue;
                }
                let e = r.take(parent, slot, &mut taken);
                if n == 0 && i < nlocals {
                    pending.push((i, e));
                }
                slots.push(e);
            }
            let generator = f.generator.then_some(None);
            if let (true, Val::Is(v)) = (f.generator, func.val) {
                // In the trace's memory it is suspended: it must not be resumed as another one.
                // SAFETY: the exit has just linked the generator's frame.
                r.generators.push((v, unsafe { py::Frame::generator(frames[n]) }.cast()));
            }
            let continuation = f.continuation;
            r.frames.push(AbsFrame { code, code_ptr, func, generator, slots, nlocals, pc: f.pc, continuation });
        }
        // What the parent has put off is put off here, too.
        for s in snapshot.stores {
            let object = r.take(parent, SlotVal { source: Source::Value(s.object), count: Count::Borrow }, &mut taken);
            let value = r.parameter_i64(parent, s.value);
            if let Val::Is(object) = object.val {
                r.emit_imm(ir::Uop::SetFieldI64, &[object, value], s.offset.into(), 0);
            }
        }
        // The parent left these locals stale in memory: here they are stores that are still pending.
        for (i, e) in pending {
            if let Val::Is(new) = e.val {
                if !e.owned {
                    r.emit_imm(ir::Uop::LendSlot, &[new], 8 * i as u64, 0);
                    r.frames[0].slots[i].clean = true;
                    continue;
                }
                let old = r.emit_imm(ir::Uop::LoadSlot, &[], 8 * i as u64, 0);
                r.emit_imm(ir::Uop::SetSlot, &[new, old], i as u64, 0);
                r.frames[0].slots[i].clean = true;
            }
        }
        r
    }

    /// A new entry parameter: a value of the parent's.
    fn parameter(&mut self, kind: ir::Kind, parent: ValueId) -> ValueId {
        let op = match kind {
            ir::Kind::F64 => ir::Uop::EntryF64,
            ir::Kind::Obj => ir::Uop::EntryObj,
            _ => ir::Uop::EntryI64,
        };
        let index = self.trace.entry.len() as u64;
        self.trace.entry.push(ir::EntryParam { kind, source: ir::EntrySource::Parent(parent) });
        self.emit_imm(op, &[], index, 0)
    }

    /// A new entry parameter, unless the parent knows the value.
    fn parameter_i64(&mut self, parent: &Trace, value: ValueId) -> ValueId {
        match parent.inst(value) {
            i if i.op == ir::Uop::ConstI64 => self.const_i64(i.imms[0] as i64),
            _ => self.parameter(ir::Kind::I64, value),
        }
    }

    /// Takes over one slot of a parent's snapshot.
    fn take(&mut self, parent: &Trace, slot: SlotVal, taken: &mut FxHashMap<Source, ValueId>) -> Entry {
        let kind = match slot.source {
            Source::Value(_) => ir::Kind::Obj,
            Source::BoxI64(_) | Source::BoxBool(_) => ir::Kind::I64,
            Source::BoxF64(_) => ir::Kind::F64,
            Source::Null | Source::Unchanged => return Entry::NULL,
            Source::Const(address) => return self.constant_entry(address as *mut py::Object),
            Source::RangeIter { start, len, step } => {
                let fields = [start, len, step].map(|v| self.parameter_i64(parent, v));
                return self.new_range_iter(fields);
            }
        };
        let v = match taken.get(&slot.source) {
            Some(v) => {
                let v = *v;
                // The parent's one box serves both slots; each owns a reference.
                if matches!(slot.source, Source::BoxI64(_) | Source::BoxF64(_)) {
                    self.emit(ir::Uop::Incref, &[v]);
                }
                v
            }
            None => {
                let value = slot.source.values().next().expect("these sources have a value");
                let raw = self.parameter(kind, value);
                let val = match slot.source {
                    Source::BoxI64(_) => self.box_int(raw).val,
                    Source::BoxF64(_) => self.box_float(raw).val,
                    Source::BoxBool(_) => {
                        let truth = self.emit(ir::Uop::IntIsTrue, &[raw]);
                        self.box_bool(truth).val
                    }
                    _ => Val::Is(raw),
                };
                let Val::Is(v) = val else { unreachable!("a box is a value") };
                taken.insert(slot.source, v);
                v
            }
        };
        match (slot.source, slot.count) {
            (Source::BoxBool(_), _) | (Source::Value(_), Count::Borrow) => Entry::borrowed(v),
            (Source::Value(_), Count::New) => {
                self.emit(ir::Uop::Incref, &[v]);
                Entry::owned(v)
            }
            _ => Entry::owned(v),
        }
    }

    /// Tells which keys of dicts (dict, name) change, and which bit marks the dicts that our watcher watches.
    pub fn set_varying(&mut self, keys: Rc<FxHashSet<(usize, usize)>>, dict_watcher_bit: u8) {
        self.varying = keys;
        self.dict_watcher_bit = dict_watcher_bit;
    }

    /// Slots between the start of `localsplus` and `sp`.
    unsafe fn depth_of(&self, frame: *mut py::Frame, sp: *mut py::StackRef) -> usize {
        // SAFETY: both point into the same frame.
        unsafe { sp.offset_from((*frame).localsplus.as_mut_ptr()) as usize }
    }

    pub(crate) fn code_id(&mut self, code: *mut py::Code) -> CodeId {
        let address = code as u64;
        let index = self.trace.codes.iter().position(|c| *c == address).unwrap_or_else(|| {
            self.trace.codes.push(address);
            self.dependencies.push(Dependency::Code(code as usize));
            self.trace.codes.len() - 1
        });
        CodeId(index as u16)
    }

    /// Called before tier 1 executes the instruction at `offset` (its base opcode and full argument are given).
    ///
    /// # Safety
    /// As for [`Recorder::new`]; all frames that the recording entered are still on the stack.
    pub unsafe fn step(
        &mut self,
        frame: *mut py::Frame,
        sp: *mut py::StackRef,
        offset: u32,
        opcode: u8,
        oparg: u32,
    ) -> Step {
        self.steps += 1;
        self.real = frame;
        self.real_sp = sp;
        if let Some(code) = self.making {
            // SAFETY: by this function's contract.
            if unsafe { py::Frame::code(frame) } == code && frame != self.root {
                return Step::Continue;
            }
            self.making = None;
        }
        if let Some(caller) = self.escaping.take()
            && frame != caller
            // SAFETY: by this function's contract.
            && unsafe { runs_above(frame, caller) }
        {
            return Step::Outside { caller };
        }
        let stepped = match self.stepping.take() {
            // SAFETY: by this function's contract.
            Some(s) => unsafe { self.finish_step(s, frame, offset) },
            None => Ok(()),
        };
        // SAFETY: by this function's contract.
        let result = stepped.and_then(|()| unsafe { self.check_frames(frame, sp) }).and_then(|()| {
            if self.calling {
                return Ok(Step::Call);
            }
            let top = self.frames.len() - 1;
            let deferred = self.deferred.take();
            if let Some(d) = deferred
                // SAFETY: by this function's contract.
                && unsafe { self.finish_concat(d, opcode, oparg) }
            {
                self.count_joined(offset);
                return Ok(Step::Continue);
            }
            self.frames[top].pc = offset;
            if self.steps > 1 && self.at_start(frame, offset) {
                return Ok(Step::Finished);
            }
            if self.steps > MAX_STEPS || self.trace.insts.len() > MAX_UOPS {
                return Err(Abort::TooLong);
            }
            self.count_before(offset, opcode, self.steps);
            // What completes the instruction before is none of this one's.
            self.escaping = None;
            // SAFETY: by this function's contract.
            unsafe { self.record(opcode, oparg) }?;
            self.count_after(opcode);
            if let Some(callee) = self.entering.take() {
                return Ok(Step::Enter(callee));
            }
            Ok(if self.has_returned { Step::Finished } else { Step::Continue })
        });
        result.unwrap_or_else(Step::Abort)
    }

    /// What [`Step::Outside`] asked for is done: its result is about to be pushed in the frame that called it.
    pub fn ran_outside(&mut self) {
        self.escaping = None;
    }

    /// Whether the recording is back where it started.
    fn at_start(&self, frame: *mut py::Frame, offset: u32) -> bool {
        self.frames.len() == 1
            && frame == self.root
            && offset == self.start.offset
            && self.start.kind == TraceKind::Root
    }

    unsafe fn check_frames(&mut self, frame: *mut py::Frame, sp: *mut py::StackRef) -> Result<(), Abort> {
        // SAFETY: the caller's.
        unsafe {
            let code = py::Frame::code(frame);
            if let Some(expected) = self.expect_code.take()
                && expected != code
            {
                return Err(Abort::FrameMismatch);
            }
            let depth = self.depth_of(frame, sp);
            let Some(top) = self.frames.last() else { return Err(Abort::LeftLoop) };
            if top.code_ptr != code || (self.frames.len() == 1 && frame != self.root) {
                return Err(Abort::FrameMismatch);
            }
            if top.slots.len() != depth {
                return Err(Abort::Exception);
            }
        }
        Ok(())
    }

    /// Ends the recording at its own start: a loop; or where the root frame has returned.
    pub fn finish_loop(mut self) -> Finished {
        if !self.has_returned {
            self.count_executed();
            let snap = self.snapshot(Resume::Before);
            self.trace.push(ir::Inst::new(ir::Uop::Jump, &[]).snap(snap));
        }
        Finished {
            trace: self.trace,
            dependencies: self.dependencies,
            stale: self.stale,
            steps: self.steps,
            entry: self.start.entry,
        }
    }

    /// Ends the recording at the back edge at `offset`, which leads to the loop of executor `target`. A chain of links
    /// passes no other back edge, so this one polls for events.
    ///
    /// # Errors
    /// The running frame is not the one the recording describes.
    ///
    /// # Safety
    /// As for [`Recorder::step`].
    pub unsafe fn finish_link(
        mut self,
        frame: *mut py::Frame,
        sp: *mut py::StackRef,
        offset: u32,
        target: u32,
    ) -> Result<Finished, Abort> {
        self.real = frame;
        self.real_sp = sp;
        if let Some(s) = self.stepping.take() {
            // SAFETY: by this function's contract.
            unsafe { self.finish_step(s, frame, offset)? };
        }
        // SAFETY: by this function's contract.
        unsafe { self.check_frames(frame, sp)? };
        self.top().pc = offset;
        self.before = self.snapshot(Resume::Before);
        self.count_before(offset, py::op::JUMP_BACKWARD, self.steps + 1);
        self.poll();
        self.count_after(py::op::JUMP_BACKWARD);
        self.count_executed();
        self.trace.push(ir::Inst::new(ir::Uop::Link, &[]).imm(u64::from(target)).snap(self.before));
        Ok(Finished {
            trace: self.trace,
            dependencies: self.dependencies,
            stale: self.stale,
            steps: self.steps,
            entry: self.start.entry,
        })
    }

    /// Instructions recorded so far.
    pub(crate) fn steps(&self) -> usize {
        self.steps
    }

    /// Whether the recording goes from a function's start to its return without a call that stays one.
    pub fn is_short_function(&self) -> bool {
        let call = |op: ir::Uop| matches!(op, ir::Uop::CallObj | ir::Uop::CallI64 | ir::Uop::CallF64);
        self.start.entry && self.has_returned && !self.trace.insts.iter().any(|i| call(i.op))
    }

    /// Whether the root frame has returned: the trace ends there.
    pub fn has_returned(&self) -> bool {
        self.has_returned
    }

    /// Says in which root frame slots, one bit each, memory owns no reference where the recording starts.
    pub fn set_unowned(&mut self, slots: u64) {
        self.trace.unowned = slots;
    }

    /// An executor is gone: a bridge from it will not be compiled.
    pub fn note_invalid(&mut self, executor: u32) {
        self.stale |= matches!(self.start.kind, TraceKind::Bridge { parent, .. } if parent == executor);
    }

    /// Number of uops so far.
    pub fn len(&self) -> usize {
        self.trace.insts.len()
    }

    /// Whether nothing was recorded yet.
    pub fn is_empty(&self) -> bool {
        self.trace.insts.is_empty()
    }

    /// The generator whose frame the innermost one is, if it is one.
    pub(crate) fn home(&mut self) -> Option<ValueId> {
        let top = self.top();
        match (top.generator, top.func.val) {
            (Some(_), Val::Is(v)) => Some(v),
            _ => None,
        }
    }

    /// Whether the innermost frame's slots are in memory.
    pub(crate) fn in_memory(&mut self) -> bool {
        self.frames.len() == 1 || self.top().generator.is_some()
    }

    /// Whether the recording is in the frame it started in.
    pub fn in_root(&self) -> bool {
        self.frames.len() == 1
    }

    /// What the recording relies on so far. Changes must be reported by [`Recorder::note_change`] from the moment a
    /// dependency appears here.
    pub fn dependencies(&self) -> &[Dependency] {
        &self.dependencies
    }

    /// Whether `frame` is the frame the recording started in.
    pub fn is_root(&self, frame: *mut py::Frame) -> bool {
        self.root == frame
    }

    /// Whether the recording started at a loop header (or function entry) rather than at an exit.
    pub fn is_loop(&self) -> bool {
        self.start.kind == TraceKind::Root
    }

    /// Something changed; if the recording relies on it, the trace will not be compiled.
    pub fn note_change(&mut self, d: Dependency) {
        self.stale |= self.dependencies.contains(&d);
    }

    /// Notes that the header of an inner loop was passed.
    pub(crate) fn pass_header(&mut self, code: usize, offset: u32) -> Result<(), Abort> {
        let n = self.seen_headers.entry((code, offset)).or_default();
        *n += 1;
        if *n > MAX_UNROLL { Err(Abort::Unrolled) } else { Ok(()) }
    }

    pub(crate) fn top(&mut self) -> &mut AbsFrame {
        self.frames.last_mut().expect("a recording has a frame")
    }

    /// The frames as they are now.
    pub(crate) fn snapshot(&mut self, resume: Resume) -> SnapId {
        let to = &mut self.trace.snapshots;
        for (n, f) in self.frames.iter().enumerate() {
            to.begin_frame(if n == 0 { SlotVal::UNCHANGED } else { slot_val(f.func) });
            to.extend_slots(f.slots.iter().map(|e| slot_val(*e)));
            let (code, generator, pc, continuation) = (f.code, f.generator.is_some(), f.pc, f.continuation);
            to.end_frame(FrameInfo { code, generator, pc, continuation }, f.slots.len());
        }
        to.end(resume)
    }

    /// Appends an escape of the current instruction and returns its result.
    pub(crate) fn escape(&mut self, helper: EscapeHelper, arg: u64, operands: &[Entry]) -> ValueId {
        let null = self.const_obj(0);
        let mut owned = 0;
        let args: Vec<ValueId> = operands
            .iter()
            .enumerate()
            .map(|(n, e)| {
                if e.owned {
                    owned |= 1_u128 << n.min(64);
                }
                match e.val {
                    Val::Is(v) => v,
                    Val::Null | Val::Memory => null,
                }
            })
            .collect();
        self.escaping = (helper.pushes() && !helper.pushes_null()).then_some(self.real);
        let snap = self.snapshot(Resume::During);
        let immediate = u64::try_from(owned).ok().and_then(|owned| helper.immediate(arg, owned));
        // A trace that could not say what it hands over is none.
        self.stale |= immediate.is_none();
        let inst = ir::Inst::new(ir::Uop::Escape, &args).imm(helper as u64).imm2(immediate.unwrap_or(0)).snap(snap);
        self.trace.push(inst)
    }
}

/// Whether `frame` is about to begin, called by `caller`: directly, or as the `__init__` of what that makes.
unsafe fn runs_above(frame: *mut py::Frame, caller: *mut py::Frame) -> bool {
    // SAFETY: the caller's: running frames.
    unsafe {
        if (*frame).owner as u32 != py::FRAME_OWNED_BY_THREAD {
            return false;
        }
        let previous = (*frame).previous;
        let trampoline = py::_Py_InitCleanup();
        previous == caller
            || (*previous).previous == caller
                && (*previous).owner as u32 == py::FRAME_OWNED_BY_THREAD
                && py::Frame::code(previous) == trampoline
    }
}

fn slot_val(e: Entry) -> SlotVal {
    if e.clean {
        return SlotVal::UNCHANGED;
    }
    match e.val {
        Val::Memory => SlotVal::UNCHANGED,
        Val::Null => SlotVal::NULL,
        Val::Is(v) => SlotVal { source: Source::Value(v), count: if e.owned { Count::Steal } else { Count::Borrow } },
    }
}
