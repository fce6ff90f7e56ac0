//! Writing frames: what a snapshot says, put where the interpreter expects it.

use codegen::{Loc, NativeFrame};
use cpython::abi as py;
use smallvec::SmallVec;

use ir::{Count, SlotVal, Snapshot, Source, Trace, ValueId};

/// The frames of a snapshot, in memory.
pub(crate) struct Materialized {
    /// Outermost (the root) first.
    pub frames: SmallVec<[*mut py::Frame; 8]>,
    pub sp: *mut py::StackRef,
    /// Offset of the innermost frame's instruction, in code units.
    pub pc: u32,
    /// Old values of overwritten locals, to be released last.
    stale: SmallVec<[py::StackRef; 16]>,
}

/// Reads trace values out of the native frame's save area, boxing each at most once.
pub(crate) struct Values<'a> {
    cx: &'a NativeFrame,
    locs: &'a [(ValueId, Loc)],
    boxed: SmallVec<[(ValueId, *mut py::Object); 8]>,
}

impl<'a> Values<'a> {
    pub fn new(cx: &'a NativeFrame, locs: &'a [(ValueId, Loc)]) -> Values<'a> {
        Values { cx, locs, boxed: SmallVec::new() }
    }

    fn raw(&self, v: ValueId) -> u64 {
        let loc = self.locs.iter().find(|(id, _)| *id == v).expect("the compiler located every snapshot value").1;
        self.cx.value(loc)
    }

    /// The object to store, with its reference counted as the slot says.
    ///
    /// # Safety
    /// The native frame is at the exit, escape or call that the locations belong to.
    pub unsafe fn slot(&mut self, slot: SlotVal) -> py::StackRef {
        // SAFETY: the values are those of the snapshot at this very exit: objects are alive, counts are as declared.
        unsafe {
            let object = match slot.source {
                Source::Unchanged => unreachable!("the caller skips unchanged slots"),
                Source::Null => return py::StackRef::NULL,
                Source::Const(address) => return py::StackRef::new(address as *mut py::Object),
                Source::Value(v) => {
                    let object = self.raw(v) as *mut py::Object;
                    if object.is_null() {
                        return py::StackRef::NULL;
                    }
                    return match slot.count {
                        Count::Steal => py::StackRef::steal(object),
                        Count::New => py::StackRef::new(object),
                        Count::Borrow => py::StackRef::borrowed(object),
                    };
                }
                Source::BoxBool(v) => {
                    let object = if self.raw(v) != 0 { py::_Py_TrueStruct() } else { py::_Py_FalseStruct() };
                    return py::StackRef::borrowed(object);
                }
                Source::BoxI64(v) | Source::BoxF64(v) => {
                    if let Some((_, object)) = self.boxed.iter().find(|(id, _)| *id == v) {
                        return py::StackRef::new(*object);
                    }
                    let bits = self.raw(v);
                    let object = match slot.source {
                        Source::BoxI64(_) => crate::helpers::box_i64(bits as i64),
                        _ => crate::helpers::box_f64(f64::from_bits(bits)),
                    } as *mut py::Object;
                    self.boxed.push((v, object));
                    object
                }
            };
            py::StackRef::steal(object)
        }
    }
}

/// Writes the frames of `snapshot`, pushing those below the root, and makes the innermost one current.
///
/// # Safety
/// `cx` holds the registers of a native frame at the exit or escape that `locs` and `snapshot` belong to.
pub(crate) unsafe fn materialize(
    cx: &NativeFrame,
    trace: &Trace,
    snapshot: &Snapshot,
    locs: &[(ValueId, Loc)],
) -> Materialized {
    let ts = cx.tstate as *mut py::ThreadState;
    let mut frame = cx.frame as *mut py::Frame;
    let mut values = Values::new(cx, locs);
    let mut out = Materialized { frames: SmallVec::new(), sp: core::ptr::null_mut(), pc: 0, stale: SmallVec::new() };
    // SAFETY: the snapshot describes these very frames; slots are within localsplus and the stack.
    unsafe {
        for (n, f) in snapshot.frames.iter().enumerate() {
            let code = trace.codes[f.code.0 as usize] as *mut py::Code;
            let nlocals = (*code).co_nlocalsplus as usize;
            if f.generator {
                frame = link_generator(ts, values.slot(f.func).object().cast(), frame);
            } else if n > 0 {
                let func = values.slot(f.func);
                frame = push(ts, func, code, frame);
            }
            for (i, slot) in f.slots.iter().enumerate() {
                if slot.source == Source::Unchanged {
                    continue;
                }
                let value = values.slot(*slot);
                let at = py::Frame::local(frame, i);
                if n == 0 && i < nlocals {
                    out.stale.push(*at);
                }
                *at = value;
            }
            out.sp = py::Frame::local(frame, f.slots.len());
            (*frame).stackpointer = out.sp;
            (*frame).instr_ptr = py::Code::units(code).add(f.pc as usize);
            if let Some(callee) = snapshot.frames.get(n + 1) {
                let op = (*tier1::code_of(frame)).base_op(f.pc as usize);
                (*frame).return_offset = return_offset(op, callee.generator);
            }
            out.pc = f.pc;
            out.frames.push(frame);
        }
        (*ts).current_frame = frame;
    }
    out
}

impl Materialized {
    /// The innermost frame.
    pub fn top(&self) -> *mut py::Frame {
        *self.frames.last().expect("a snapshot has a frame")
    }

    /// Releases the old values of overwritten locals (all of harmless types).
    ///
    /// # Safety
    /// Once, after the frames are in place.
    pub unsafe fn release_stale(&mut self) {
        for slot in self.stale.drain(..) {
            // SAFETY: the slot owned its reference and no longer names it.
            unsafe { slot.close() }
        }
    }
}

/// Where a frame goes on when what its instruction `op` called returns, in code units from there.
pub(crate) fn return_offset(op: tier1::BaseOp, into_generator: bool) -> u16 {
    // A generator's return goes to the END_FOR or END_SEND that belongs to the FOR_ITER or SEND.
    u16::from(op.len) + if into_generator { op.oparg as u16 } else { 0 }
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
        if let Some(frame) = py::push_frame(ts, func, code, 0, previous) {
            return frame;
        }
        // No room in this chunk of the data stack: CPython's own function starts the next. It wants arguments; any
        // will do, they are overwritten.
        let n = (*code).co_argcount as usize;
        let args = vec![py::StackRef::borrowed(py::_Py_NoneStruct()); n];
        let frame = py::_PyEvalFramePushAndInit(
            ts,
            func,
            core::ptr::null_mut(),
            args.as_ptr(),
            n,
            core::ptr::null_mut(),
            previous,
        );
        assert!(!frame.is_null(), "out of memory for a frame");
        for i in 0..(*code).co_nlocalsplus as usize {
            *py::Frame::local(frame, i) = py::StackRef::NULL;
        }
        frame
    }
}
