//! Leaving native code: writing frames as an exit's snapshot says, so that the interpreter can go on.
//!
//! An exit's [`ExitPlan`] is made when it is first taken: what is written where, in order, with every value's place.

use codegen::{Loc, NativeFrame};
use cpython::abi as py;
use ir::{Count, SlotVal, SnapshotRef, Source, Trace, ValueId};
use smallvec::SmallVec;
use tier1::hooks::{Resume, ResumeKind};

type Obj = *mut py::Object;

/// What one slot gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Null,
    /// A constant object.
    Constant(u64),
    /// The trace's own reference.
    Steal(Loc),
    /// A new reference.
    New(Loc),
    /// No reference.
    Borrow(Loc),
    Bool(Loc),
    /// A new int.
    Int(Loc),
    /// A new float.
    Float(Loc),
    /// A new range iterator: start, length, step.
    RangeIter(Loc, Loc, Loc),
    /// The box that was written to a slot of this frame, or of the frame so many above it.
    Again {
        up: u8,
        slot: u16,
    },
}

#[derive(Debug)]
struct FramePlan {
    code: *mut py::Code,
    /// The frame's function, or the generator whose frame it is.
    func: Write,
    generator: bool,
    /// Slots ascend.
    writes: Vec<(u16, Write)>,
    depth: usize,
    pc: u32,
    /// Where the frame goes on when its callee returns; 0 for the innermost.
    return_offset: u16,
}

/// How to leave through an exit.
#[derive(Debug)]
pub(crate) struct ExitPlan {
    /// Pending stores to fields: object, byte offset, value.
    stores: Vec<(Loc, u32, Loc)>,
    root: FramePlan,
    /// Slots of the root frame below this are locals.
    nlocals: u16,
    /// A value is written that may be kept alive by nothing but an old value of a local so far.
    defers: bool,
    /// The frames below, outermost first.
    inner: Vec<FramePlan>,
}

/// Makes plans.
struct Planner<'a> {
    locs: &'a [(ValueId, Loc)],
    /// Boxes made so far: by which frame, for which slot.
    made: SmallVec<[(Source, usize, u16); 8]>,
}

impl Planner<'_> {
    fn loc(&self, v: ValueId) -> Loc {
        self.locs.iter().find(|(id, _)| *id == v).expect("the compiler located every snapshot value").1
    }

    /// What slot `slot` of frame `frame` gets.
    fn write(&mut self, frame: usize, slot: u16, what: SlotVal) -> Write {
        match what.source {
            Source::Unchanged => unreachable!("the caller skips unchanged slots"),
            Source::Null => Write::Null,
            Source::Const(address) => Write::Constant(address),
            Source::Value(v) => match what.count {
                Count::Steal => Write::Steal(self.loc(v)),
                Count::New => Write::New(self.loc(v)),
                Count::Borrow => Write::Borrow(self.loc(v)),
            },
            Source::BoxBool(v) => Write::Bool(self.loc(v)),
            Source::RangeIter { start, len, step } => Write::RangeIter(self.loc(start), self.loc(len), self.loc(step)),
            Source::BoxI64(v) | Source::BoxF64(v) => {
                if let Some((_, at, slot)) = self.made.iter().find(|m| m.0 == what.source) {
                    return Write::Again { up: (frame - at) as u8, slot: *slot };
                }
                self.made.push((what.source, frame, slot));
                let loc = self.loc(v);
                if matches!(what.source, Source::BoxI64(_)) { Write::Int(loc) } else { Write::Float(loc) }
            }
        }
    }
}

impl ExitPlan {
    /// The plan of an exit with this snapshot, whose values are at `locs`.
    pub fn new(trace: &Trace, snapshot: SnapshotRef<'_>, locs: &[(ValueId, Loc)]) -> ExitPlan {
        let mut planner = Planner { locs, made: SmallVec::new() };
        let stores = snapshot.stores.iter().map(|s| (planner.loc(s.object), s.offset, planner.loc(s.value))).collect();
        let mut frames = snapshot.frames().enumerate().map(|(n, f)| {
            let code = trace.codes[f.code.0 as usize] as *mut py::Code;
            let callee = (n + 1 < snapshot.depth()).then(|| snapshot.frame(n + 1));
            let func = if n == 0 { Write::Null } else { planner.write(n, 0, f.func) };
            let changed = f.slots.changed().iter().map(|s| (s.number() as u16, s.slot()));
            FramePlan {
                code,
                func,
                generator: f.generator,
                writes: changed.map(|(i, s)| (i, planner.write(n, i, s))).collect(),
                depth: f.slots.len(),
                pc: f.pc,
                return_offset: match callee {
                    Some(c) if !is_trampoline(code) => {
                        // SAFETY: the executor depends on its code objects, which tier 1 runs.
                        let code = unsafe { &*tier1::find_decoded(code).expect("tier 1 runs it") };
                        returns_at(code, &f, c.generator)
                    }
                    _ => 0,
                },
            }
        });
        let root = frames.next().expect("a snapshot has a frame");
        let inner: Vec<FramePlan> = frames.collect();
        // SAFETY: as above.
        let nlocals = unsafe { (*root.code).co_nlocalsplus } as u16;
        let defers = |f: &FramePlan| {
            let what = f.writes.iter().map(|w| w.1).chain([f.func]);
            what.into_iter().any(|w| matches!(w, Write::New(_) | Write::Borrow(_)))
        };
        ExitPlan { stores, nlocals, defers: defers(&root) || inner.iter().any(defers), root, inner }
    }

    /// Writes the frames, pushing those below the root, makes the innermost one current and returns where it goes on.
    ///
    /// # Safety
    /// `cx` has the registers of a native frame at the exit that the plan was made for.
    #[inline]
    pub unsafe fn carry_out(&self, cx: &NativeFrame) -> Resume {
        // SAFETY: by this function's contract.
        unsafe {
            // First: what is released below may be what keeps an object alive.
            for &(object, offset, value) in &self.stores {
                (cx.value(object) as *mut u64).byte_add(offset as usize).write(cx.value(value));
            }
            if self.defers || !self.inner.is_empty() {
                return self.carry_out_all(cx);
            }
            let frame = cx.frame as *mut py::Frame;
            for &(slot, what) in &self.root.writes {
                let at = py::Frame::local(frame, usize::from(slot));
                let old = *at;
                *at = value(what, cx, frame);
                // A local that pending stores left stale holds a value of a harmless type. Stack slots own nothing.
                if slot < self.nlocals && old.is_counted() {
                    crate::helpers::release_harmless(old.object());
                }
            }
            finish(&self.root, frame)
        }
    }

    unsafe fn carry_out_all(&self, cx: &NativeFrame) -> Resume {
        let ts = cx.tstate as *mut py::ThreadState;
        let mut frame = cx.frame as *mut py::Frame;
        // Released last: one of them may be what keeps a value alive that is written.
        let mut stale: SmallVec<[py::StackRef; 16]> = SmallVec::new();
        // SAFETY: the plan describes these very frames; slots are within localsplus and the stack.
        unsafe {
            for &(slot, what) in &self.root.writes {
                let at = py::Frame::local(frame, usize::from(slot));
                if slot < self.nlocals {
                    stale.push(*at);
                }
                *at = value(what, cx, frame);
            }
            let mut resume = finish(&self.root, frame);
            for f in &self.inner {
                // A function is an object: no box of a frame above.
                let func = value(f.func, cx, frame);
                frame = if f.generator {
                    link_generator(ts, func.object().cast(), frame)
                } else {
                    push(ts, func, f.code, frame)
                };
                for &(slot, what) in &f.writes {
                    *py::Frame::local(frame, usize::from(slot)) = value(what, cx, frame);
                }
                resume = finish(f, frame);
            }
            (*ts).current_frame = frame;
            for old in stale {
                old.close();
            }
            resume
        }
    }

    /// The frames that [`Self::carry_out`] has just written, outermost first.
    ///
    /// # Safety
    /// `top` is the innermost of them, and nothing ran since.
    pub unsafe fn frames(&self, top: *mut py::Frame) -> Vec<*mut py::Frame> {
        // SAFETY: the caller's.
        let mut frames: Vec<_> =
            core::iter::successors(Some(top), |f| unsafe { Some((**f).previous) }).take(1 + self.inner.len()).collect();
        frames.reverse();
        frames
    }

    /// Offset of the innermost frame's instruction, in code units.
    pub fn pc(&self) -> u32 {
        self.inner.last().unwrap_or(&self.root).pc
    }
}

/// Sets where `frame`, whose slots are written, goes on.
#[inline(always)]
unsafe fn finish(f: &FramePlan, frame: *mut py::Frame) -> Resume {
    // SAFETY: the plan is the frame's.
    unsafe {
        let sp = py::Frame::local(frame, f.depth);
        (*frame).stackpointer = sp;
        (*frame).instr_ptr = py::Code::units(f.code).add(f.pc as usize);
        if f.return_offset != 0 {
            (*frame).return_offset = f.return_offset;
        }
        // Nobody goes on in a trampoline.
        let ip = if is_trampoline(f.code) {
            core::ptr::null()
        } else {
            (*tier1::code_of_running(frame)).ip_at(f.pc as usize)
        };
        Resume { frame, ip, sp, kind: ResumeKind::Normal }
    }
}

/// Whether the code is that of the frame between a caller and the `__init__` of what it makes. Tier 1 does not run it.
pub(crate) fn is_trampoline(code: *mut py::Code) -> bool {
    code == py::_Py_InitCleanup()
}

/// What a slot of `frame` gets.
///
/// # Safety
/// Values are where the plan says, with references as it says.
#[inline(always)]
unsafe fn value(what: Write, cx: &NativeFrame, frame: *mut py::Frame) -> py::StackRef {
    let object = |loc| cx.value(loc) as Obj;
    // SAFETY: by this function's contract.
    unsafe {
        match what {
            Write::Null => py::StackRef::NULL,
            Write::Constant(address) => py::StackRef::new(address as Obj),
            Write::Steal(loc) if object(loc).is_null() => py::StackRef::NULL,
            Write::Steal(loc) => py::StackRef::steal(object(loc)),
            Write::New(loc) if object(loc).is_null() => py::StackRef::NULL,
            Write::New(loc) => py::StackRef::new(object(loc)),
            Write::Borrow(loc) => py::StackRef::borrowed(object(loc)),
            Write::Bool(loc) if cx.value(loc) != 0 => py::StackRef::borrowed(py::_Py_TrueStruct()),
            Write::Bool(_) => py::StackRef::borrowed(py::_Py_FalseStruct()),
            Write::Int(loc) => py::StackRef::steal(crate::helpers::box_i64(cx.value(loc) as i64) as Obj),
            Write::Float(loc) => py::StackRef::steal(crate::helpers::box_f64(f64::from_bits(cx.value(loc))) as Obj),
            Write::RangeIter(start, len, step) => {
                let [start, len, step] = [start, len, step].map(|loc| cx.value(loc) as i64);
                py::StackRef::steal(crate::helpers::new_range_iter(start, len, step) as Obj)
            }
            Write::Again { up, slot } => {
                let made = (0..up).fold(frame, |f, _| (*f).previous);
                (*py::Frame::local(made, usize::from(slot))).dup()
            }
        }
    }
}

/// Where a frame goes on when what its instruction `op` called returns, in code units from there.
pub(crate) fn return_offset(op: tier1::BaseOp, into_generator: bool) -> u16 {
    // A generator's return goes to the END_FOR or END_SEND that belongs to the FOR_ITER or SEND.
    u16::from(op.len) + if into_generator { op.oparg as u16 } else { 0 }
}

/// Where a caller's frame goes on when its callee returns, in code units from its instruction.
pub(crate) fn returns_at(code: &tier1::Tier1Code, f: &ir::FrameRef<'_>, into_generator: bool) -> u16 {
    let pc = f.pc as usize;
    match f.continuation {
        ir::Continuation::Push => return_offset(code.base_op(pc), into_generator),
        how => {
            let negated = how == ir::Continuation::FinishNegated;
            code.finish_offset(pc, negated).expect("the recorder finishes no instruction of longer code")
        }
    }
}

/// Makes a suspended generator the running one, called by `previous`, taking a recursion unit; its frame.
///
/// # Safety
/// The generator is suspended; its frame's stack pointer and instruction are the caller's to set.
pub(crate) unsafe fn link_generator(
    ts: *mut py::ThreadState,
    generator: *mut py::Generator,
    previous: *mut py::Frame,
) -> *mut py::Frame {
    // SAFETY: the caller's.
    unsafe {
        (*ts).py_recursion_remaining -= 1;
        (*generator).gi_frame_state = py::GEN_EXECUTING;
        (*generator).gi_exc_state.previous_item = (*ts).exc_info;
        (*ts).exc_info = &raw mut (*generator).gi_exc_state;
        let frame = &raw mut (*generator).gi_iframe;
        (*frame).previous = previous;
        frame
    }
}

/// How memory says that a generator is suspended.
#[derive(Clone, Copy)]
pub(crate) struct Suspended {
    state: i8,
    instr_ptr: *mut py::CodeUnit,
    stackpointer: *mut py::StackRef,
}

impl Suspended {
    /// # Safety
    /// The generator is suspended.
    pub(crate) unsafe fn of(generator: *mut py::Generator) -> Suspended {
        // SAFETY: the caller's.
        unsafe {
            let frame = &raw mut (*generator).gi_iframe;
            Suspended {
                state: (*generator).gi_frame_state,
                instr_ptr: (*frame).instr_ptr,
                stackpointer: (*frame).stackpointer,
            }
        }
    }
}

/// Takes back what [`link_generator`] did; the generator is suspended again as it was.
///
/// # Safety
/// The generator runs, and no frame above it.
pub(crate) unsafe fn unlink_generator(ts: *mut py::ThreadState, generator: *mut py::Generator, was: Suspended) {
    // SAFETY: the caller's.
    unsafe {
        (*generator).gi_iframe.instr_ptr = was.instr_ptr;
        (*generator).gi_iframe.stackpointer = was.stackpointer;
        (*ts).py_recursion_remaining += 1;
        (*ts).exc_info = (*generator).gi_exc_state.previous_item;
        (*generator).gi_exc_state.previous_item = core::ptr::null_mut();
        (*generator).gi_iframe.previous = core::ptr::null_mut();
        (*generator).gi_frame_state = was.state;
    }
}

/// Pushes a frame for `func` with all locals empty, taking a recursion unit.
///
/// # Safety
/// `func` is a Python function with code `code`, and the trace checked the recursion limit.
pub(crate) unsafe fn push(
    ts: *mut py::ThreadState,
    func: py::StackRef,
    code: *mut py::Code,
    previous: *mut py::Frame,
) -> *mut py::Frame {
    // SAFETY: the caller's: a Python function and its code; the trace checked the recursion limit.
    unsafe {
        (*ts).py_recursion_remaining -= 1;
        push_uncounted(ts, func, code, previous)
    }
}

/// As [`push`], with a recursion unit that somebody else takes.
///
/// # Safety
/// As for [`push`].
pub(crate) unsafe fn push_uncounted(
    ts: *mut py::ThreadState,
    func: py::StackRef,
    code: *mut py::Code,
    previous: *mut py::Frame,
) -> *mut py::Frame {
    // SAFETY: as the caller's.
    unsafe {
        if is_trampoline(code) {
            // The trace checked that there is room.
            return py::push_trampoline(ts, code, 0, previous);
        }
        if let Some(frame) = py::push_frame(ts, func, code, 0, previous) {
            return frame;
        }
        match py::push_frame_in_next_chunk(ts, func, code, previous) {
            Ok(frame) => frame,
            Err(func) => {
                crate::reserve::lend_chunk(ts);
                let frame = py::push_frame_in_next_chunk(ts, func, code, previous);
                frame.unwrap_or_else(|_| panic!("a frame fits a chunk of the data stack"))
            }
        }
    }
}
