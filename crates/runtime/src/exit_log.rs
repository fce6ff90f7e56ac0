//! The exit log (`TIERUP_EXIT_LOG`): what the interpreter finds at each native exit, and when.
//!
//! Time is the number of instructions started in tier 1 and native code. Native code counts its own
//! (`count_instruction`, which the recorder emits while there is a log), tier 1 shows each to `on_instruction`. A run
//! without tier 2 logs at the counts of an earlier log (`TIERUP_EXIT_LOG_AT`): each native exit of the earlier run left
//! the frames as interpreting would have, exactly if the two logs are equal. Both tiers see the same frames since code
//! is decoded at its first entry.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;

use cpython::abi as py;
use tier1::Inst;
use tier1::hooks::{Hooks, Resume, ResumeKind};

use crate::Options;
use crate::hooks;
use crate::state::{state, text_of};

/// Lines after which a log is long enough.
const MAX_LINES: usize = 20_000;
/// Frames of which locals and stack are logged.
const FRAMES_WITH_VALUES: usize = 4;
/// Characters of one value.
const VALUE_LENGTH: usize = 60;

/// How many instructions were started, and where the last one of native code is.
static mut COUNT: [u64; 2] = [0; 2];

/// How native code counts; `started`: from its second instruction on.
pub(crate) fn counting(started: bool) -> record::Counting {
    record::Counting::Started { address: &raw const COUNT as u64, started }
}

/// Whether the instruction that native code started last is the one at which tier 1 goes on: usually a guard of it
/// failed.
pub(crate) fn is_started(resume: &Resume) -> bool {
    // SAFETY: the frames are in memory; the GIL is held, and nothing else refers to the counter meanwhile.
    unsafe {
        let code = tier1::code_of_running(resume.frame);
        let place = record::place_of((*code).code, (*code).offset_of(resume.ip) as u32);
        COUNT[1] == u64::from(place)
    }
}

pub(crate) struct ExitLog {
    file: File,
    /// The process that logs: its children do not.
    process: u32,
    lines: usize,
    /// Counts at which a run without tier 2 logs, the next one last.
    at: Option<Vec<u64>>,
    /// Native code was left in the middle of an instruction, which has no count: the next one is logged.
    in_the_middle: bool,
}

impl ExitLog {
    /// The log that the options ask for.
    ///
    /// # Errors
    /// A file that cannot be made or read.
    pub fn open(options: &Options) -> Result<Option<ExitLog>, String> {
        let Some(path) = &options.exit_log else { return Ok(None) };
        let at = options.exit_log_at.as_ref().map(|path| counts(path)).transpose()?;
        let file = File::create(path).map_err(|e| format!("TIERUP_EXIT_LOG: {path}: {e}"))?;
        Ok(Some(ExitLog { file, process: std::process::id(), lines: 0, at, in_the_middle: false }))
    }

    /// Writes what is at hand before the instruction at `pc` of `frame`.
    unsafe fn write(
        &mut self,
        count: u64,
        ts: *mut py::ThreadState,
        frame: *mut py::Frame,
        sp: *mut py::StackRef,
        pc: usize,
    ) {
        if self.lines >= MAX_LINES || self.process != std::process::id() {
            return;
        }
        self.lines += 1;
        // SAFETY: by this function's contract.
        let text = unsafe { describe(ts, frame, sp, pc) };
        // A log that cannot be written is shorter, which the comparison notices.
        let _ = writeln!(self.file, "{count}\t{text}");
    }

    /// Whether the reference log has a line at `count`.
    fn is_wanted(&mut self, count: u64) -> bool {
        let Some(at) = &mut self.at else { return false };
        while at.last().is_some_and(|next| *next < count) {
            at.pop();
        }
        at.last() == Some(&count)
    }
}

fn counts(path: &str) -> Result<Vec<u64>, String> {
    let text = fs::read_to_string(path).map_err(|e| format!("TIERUP_EXIT_LOG_AT: {path}: {e}"))?;
    let mut counts: Vec<u64> = text.lines().filter_map(|l| l.split('\t').next()?.parse().ok()).collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    Ok(counts)
}

/// A native exit: tier 1 is to go on at `resume`.
///
/// # Safety
/// The frames are in memory and `resume` obeys tier 1's contract.
pub(crate) unsafe fn at_exit(ts: *mut py::ThreadState, resume: &Resume) {
    let Some(log) = &mut state().exit_log else { return };
    if !matches!(resume.kind, ResumeKind::Normal | ResumeKind::Record) {
        return;
    }
    // SAFETY: by this function's contract.
    unsafe {
        if is_started(resume) {
            // It will be started again.
            COUNT[0] -= 1;
            COUNT[1] = 0;
        }
        let code = tier1::code_of_running(resume.frame);
        let pc = (*code).offset_of(resume.ip);
        if pc >= (*code).len() {
            log.in_the_middle = true;
        } else if record::is_counted((*code).base_op(pc).opcode) {
            log.write(COUNT[0], ts, resume.frame, resume.sp, pc);
        }
    }
}

/// Native code left after an operation: tier 1 is to go on at `resume`, which native code has not started, even if the
/// same instruction of another activation was its last.
///
/// # Safety
/// As for [`at_exit`].
pub(crate) unsafe fn after_escape(ts: *mut py::ThreadState, resume: &Resume) {
    // SAFETY: by this function's contract; the GIL is held.
    unsafe {
        COUNT[1] = 0;
        at_exit(ts, resume);
    }
}

/// Tier 1's hooks while there is a log.
pub(crate) const HOOKS: Hooks = Hooks { on_hot, enter, on_instruction, ..hooks::HOOKS };

unsafe fn on_hot(ts: *mut py::ThreadState, frame: *mut py::Frame, ip: *const Inst, sp: *mut py::StackRef) -> Resume {
    // SAFETY: tier 1's.
    unsafe {
        let counted = uncount_start(frame, ip);
        let resume = hooks::on_hot(ts, frame, ip, sp);
        count_start(counted, frame, ip, &resume);
        resume
    }
}

unsafe fn enter(
    ts: *mut py::ThreadState,
    frame: *mut py::Frame,
    ip: *const Inst,
    sp: *mut py::StackRef,
    id: u32,
) -> *const Resume {
    // SAFETY: tier 1's.
    unsafe {
        let counted = uncount_start(frame, ip);
        let resume = hooks::enter(ts, frame, ip, sp, id);
        count_start(counted, frame, ip, &*resume);
        resume
    }
}

/// A function's `RESUME` has been shown; what it is entered through counts it once more.
unsafe fn uncount_start(frame: *mut py::Frame, ip: *const Inst) -> bool {
    // SAFETY: tier 1's.
    unsafe {
        let code = tier1::code_of_running(frame);
        let counted = (*code).base_op((*code).offset_of(ip)).opcode == py::op::RESUME;
        COUNT[0] -= u64::from(counted);
        counted
    }
}

/// Tier 1 does not show an instruction again at which it is to go on after all.
unsafe fn count_start(counted: bool, frame: *mut py::Frame, ip: *const Inst, resume: &Resume) {
    if counted && resume.kind == ResumeKind::Normal && resume.frame == frame && core::ptr::eq(resume.ip, ip) {
        // SAFETY: the GIL is held.
        unsafe { COUNT[0] += 1 }
    }
}

/// Tier 1 is about to execute an instruction.
unsafe fn on_instruction(ts: *mut py::ThreadState, frame: *mut py::Frame, ip: *const Inst, sp: *mut py::StackRef) {
    // SAFETY: tier 1 passes the running frame and an instruction of its code.
    unsafe {
        let code = tier1::code_of_running(frame);
        let offset = (*code).offset_of(ip);
        if record::is_counted((*code).base_op(offset).opcode) {
            let count = COUNT[0];
            if let Some(log) = &mut state().exit_log
                && (log.is_wanted(count) || core::mem::take(&mut log.in_the_middle))
            {
                log.write(count, ts, frame, sp, offset);
            }
            COUNT[0] += 1;
        }
        COUNT[1] = 0;
    }
}

unsafe fn is_entry(frame: *mut py::Frame) -> bool {
    // SAFETY: the caller's: a live frame.
    unsafe { u32::from((*frame).owner) >= py::FRAME_OWNED_BY_INTERPRETER }
}

/// The frame chain with its lines, values of the innermost frames, and what exception is being handled.
unsafe fn describe(ts: *mut py::ThreadState, top: *mut py::Frame, sp: *mut py::StackRef, pc: usize) -> String {
    let mut out = String::new();
    // SAFETY: the caller's: frames and slots are live and saved.
    unsafe {
        let (mut frame, mut depth) = (top, 0);
        while !frame.is_null() {
            // There are other entry frames below what native code left, and a class that C code calls has no
            // trampoline.
            if !is_entry(frame) && py::Frame::code(frame) != py::_Py_InitCleanup() {
                let code = py::Frame::code(frame);
                let (at, mut sp) = if depth == 0 { (pc, sp) } else { (py::Frame::lasti(frame), (*frame).stackpointer) };
                if depth > 0 && is_attribute(frame, at) && sp > py::Frame::stack_base(frame) {
                    // A property that returns: its receiver is gone, and its value is there or not.
                    sp = sp.sub(1);
                }
                let line = py::PyCode_Addr2Line(code, 2 * at as i32);
                let separator = if depth == 0 { "" } else { "\t" };
                let _ = write!(out, "{separator}{}:{line}", text_of((*code).co_qualname));
                if depth < FRAMES_WITH_VALUES {
                    let _ = write!(out, "@{at} [{}]", values(frame, sp));
                }
                depth += 1;
            }
            frame = (*frame).previous;
        }
        let handled = (*(*ts).exc_info).exc_value;
        if !handled.is_null() && handled != py::_Py_NoneStruct() {
            let _ = write!(out, " handling {}", type_name(handled));
        }
    }
    out
}

/// Between locals and stack. No text of a value has it, or the tabulator between frames.
const STACK: char = '\u{1f}';

/// The locals of a frame, and its stack up to `sp`.
unsafe fn values(frame: *mut py::Frame, sp: *mut py::StackRef) -> String {
    // SAFETY: the caller's: a live frame, saved.
    unsafe {
        let bottom = py::Frame::local(frame, 0);
        let nlocals = (*py::Frame::code(frame)).co_nlocalsplus as usize;
        let slots = core::slice::from_raw_parts(bottom, sp.offset_from_unsigned(bottom));
        let mut texts: Vec<String> = slots.iter().map(|s| slot(*s)).collect();
        for n in nlocals..slots.len().saturating_sub(1) {
            let object = slots[n].object();
            if slots[n].0 & 3 != 3
                && !object.is_null()
                && slots[n + 1].is_null()
                && py::Object::type_of(object) == py::PyMethod_Type()
            {
                // As good as its function and receiver, which look-ups of methods find where they can.
                let method: *mut py::BoundMethod = object.cast();
                texts[n] = value((*method).im_func);
                texts[n + 1] = value((*method).im_self);
            }
        }
        let stack = texts.split_off(nlocals.min(texts.len()));
        let locals = texts.join(", ");
        format!("{locals}{STACK}{}", stack.join(", "))
    }
}

unsafe fn slot(slot: py::StackRef) -> String {
    // SAFETY: the caller's: a live slot.
    unsafe {
        match slot.object() {
            // An offset that exception handling keeps on the stack.
            _ if slot.0 & 3 == 3 => format!("offset {}", slot.0 >> 2),
            object if object.is_null() => "-".into(),
            object => value(object),
        }
    }
}

/// Type and value, without running Python code and without addresses.
unsafe fn value(object: *mut py::Object) -> String {
    // SAFETY: the caller's: a live object. Only functions of exact builtin types run.
    unsafe {
        let ty = py::Object::type_of(object);
        let name = type_name(object);
        let scalars = [py::PyLong_Type(), py::PyFloat_Type(), py::PyBool_Type(), py::PyUnicode_Type()];
        let sized = [py::PyList_Type(), py::PyTuple_Type(), py::PyDict_Type()];
        let iterators = [py::PyRangeIter_Type(), py::PyListIter_Type(), py::PyTupleIter_Type()];
        if scalars.contains(&ty) {
            let text = py::PyObject_Repr(object);
            if text.is_null() {
                // An int with too many digits.
                py::PyErr_Clear();
                return name;
            }
            if ty == py::PyLong_Type() && is_address(object) {
                py::decref(text);
                return format!("{name} like an address");
            }
            let short: String = text_of(text).chars().take(VALUE_LENGTH).collect();
            py::decref(text);
            format!("{name} {short}")
        } else if sized.contains(&ty) {
            format!("{name} of {}", py::PyObject_Size(object))
        } else if iterators.contains(&ty) {
            format!("{name} with {}", py::PyObject_LengthHint(object, -1))
        } else if ty == py::PyCell_Type() {
            match (*object.cast::<py::Cell>()).ob_ref {
                empty if empty.is_null() => name,
                contents => format!("{name} of {}", value(contents)),
            }
        } else {
            name
        }
    }
}

/// Whether the instruction at `offset` of a frame loads an attribute.
unsafe fn is_attribute(frame: *mut py::Frame, offset: usize) -> bool {
    // SAFETY: the caller's: a live frame.
    unsafe {
        tier1::find_decoded(py::Frame::code(frame))
            .is_some_and(|code| (*code).base_op(offset).opcode == py::op::LOAD_ATTR)
    }
}

/// Whether an `int` is as large as the addresses of this machine: names of threads and results of `id` are different
/// each time.
unsafe fn is_address(int: *mut py::Object) -> bool {
    // SAFETY: the caller's: a live `int`.
    let value = unsafe { py::PyLong_AsLongLongAndOverflow(int, &mut 0) };
    (1 << 45..1 << 47).contains(&value)
}

unsafe fn type_name(object: *mut py::Object) -> String {
    // SAFETY: the caller's: a live object.
    unsafe { core::ffi::CStr::from_ptr((*py::Object::type_of(object)).tp_name).to_string_lossy().into_owned() }
}
