//! What it takes to write the frames that wait at a native call, worked out once per call site.

use codegen::{Compiled, Loc, NativeFrame};
use cpython::abi as py;
use ir::{Count, SlotVal, Source, Trace, ValueId};

/// What a slot gets.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Null,
    Const(u64),
    /// The trace's own reference.
    Steal(Loc),
    /// A new reference.
    New(Loc),
    /// No reference.
    Borrow(Loc),
    Bool(Loc),
    /// A new `int`, for so many slots.
    I64(Loc, u32),
    /// A new `float`, for so many slots.
    F64(Loc, u32),
    /// A new range iterator: start, length, step.
    RangeIter(Loc, Loc, Loc),
    /// The new object that slot `.1` of frame `.0` has got.
    Again(u16, u16),
}

/// A frame that waits.
#[derive(Debug)]
pub(crate) struct WaitingFrame {
    pub code: *mut py::Code,
    /// In words of the data stack.
    pub size: usize,
    pub nlocals: usize,
    /// Slots in use.
    pub depth: usize,
    pub instr_ptr: *mut py::CodeUnit,
    pub return_offset: u16,
    pub func: What,
    pub writes: Vec<(u16, What)>,
}

/// The frames that wait at a native call, outermost (the root) first.
#[derive(Debug)]
pub(crate) struct CallPlan {
    pub frames: Vec<WaitingFrame>,
    /// Size of the inlined ones.
    pub words: usize,
    /// The callee's frame only borrows its function.
    pub lent: bool,
}

impl CallPlan {
    /// Number of inlined frames.
    pub fn inlined(&self) -> usize {
        self.frames.len() - 1
    }
}

impl What {
    /// Whether the slot's reference was made for it.
    pub fn is_new(self) -> bool {
        matches!(self, What::New(_) | What::I64(..) | What::F64(..) | What::RangeIter(..) | What::Again(..))
    }

    /// The slot's contents; `again` looks up what another slot has.
    ///
    /// # Safety
    /// The native frame is at the call; objects are alive and counted as the snapshot says.
    #[inline(always)]
    pub unsafe fn make(self, cx: &NativeFrame, again: impl Fn(u16, u16) -> py::StackRef) -> py::StackRef {
        let object = |loc: Loc| cx.value(loc) as *mut py::Object;
        // SAFETY: by this function's contract.
        unsafe {
            match self {
                What::Null => py::StackRef::NULL,
                What::Const(address) => py::StackRef::new(address as *mut py::Object),
                What::Steal(loc) if object(loc).is_null() => py::StackRef::NULL,
                What::Steal(loc) => py::StackRef::steal(object(loc)),
                What::New(loc) => py::StackRef::new(object(loc)),
                What::Borrow(loc) => py::StackRef::borrowed(object(loc)),
                What::Bool(loc) if cx.value(loc) != 0 => py::StackRef::borrowed(py::_Py_TrueStruct()),
                What::Bool(_) => py::StackRef::borrowed(py::_Py_FalseStruct()),
                What::I64(loc, _) => {
                    py::StackRef::steal(crate::helpers::box_i64(cx.value(loc) as i64) as *mut py::Object)
                }
                What::F64(loc, _) => {
                    let float = f64::from_bits(cx.value(loc));
                    py::StackRef::steal(crate::helpers::box_f64(float) as *mut py::Object)
                }
                What::RangeIter(start, len, step) => {
                    let [start, len, step] = [start, len, step].map(|loc| cx.value(loc) as i64);
                    py::StackRef::steal(crate::helpers::new_range_iter(start, len, step) as *mut py::Object)
                }
                What::Again(frame, slot) => py::StackRef::new(again(frame, slot).object()),
            }
        }
    }
}

/// The plans of a compiled trace's calls.
///
/// # Errors
/// A snapshot names a value that the compiled code does not keep, or code that is not decoded.
pub(crate) fn plans(trace: &Trace, compiled: &Compiled) -> Result<Vec<CallPlan>, String> {
    compiled.calls.iter().map(|site| plan(trace, site)).collect()
}

fn plan(trace: &Trace, site: &codegen::CallSite) -> Result<CallPlan, String> {
    let snapshot = trace.snapshot(site.snapshot);
    let callee = snapshot.innermost().ok_or("a call without callee")?;
    let waiting = || snapshot.frames().take(snapshot.depth() - 1);
    let loc = |v: ValueId| {
        let found = site.values.iter().find(|(id, _)| *id == v);
        found.map(|(_, loc)| *loc).ok_or("a call lost a value".to_string())
    };
    let numbered =
        waiting().enumerate().flat_map(|(n, f)| f.slots.changed().iter().map(move |s| (n, s.number(), s.slot())));
    let all: Vec<(usize, usize, SlotVal)> = numbered.collect();
    let what = |slot: SlotVal, at: (usize, usize)| -> Result<What, String> {
        let uses = all.iter().filter(|(.., s)| s.source == slot.source).count() as u32;
        let first = all.iter().find(|(.., s)| s.source == slot.source).map(|(n, i, _)| (*n, *i));
        Ok(match (slot.source, slot.count) {
            (Source::BoxI64(_) | Source::BoxF64(_), _) if first != Some(at) => {
                let (frame, slot) = first.ok_or("a call lost a box")?;
                What::Again(frame as u16, slot as u16)
            }
            (Source::BoxI64(v), _) => What::I64(loc(v)?, uses),
            (Source::BoxF64(v), _) => What::F64(loc(v)?, uses),
            (Source::BoxBool(v), _) => What::Bool(loc(v)?),
            (Source::RangeIter { start, len, step }, _) => What::RangeIter(loc(start)?, loc(len)?, loc(step)?),
            (Source::Const(address), _) => What::Const(address),
            (Source::Value(v), Count::Steal) => What::Steal(loc(v)?),
            (Source::Value(v), Count::New) => What::New(loc(v)?),
            (Source::Value(v), Count::Borrow) => What::Borrow(loc(v)?),
            (Source::Null | Source::Unchanged, _) => What::Null,
        })
    };
    let mut frames = Vec::with_capacity(waiting().len());
    for (n, f) in waiting().enumerate() {
        let code = trace.codes[f.code.0 as usize] as *mut py::Code;
        // SAFETY: the recorder saw the code running in tier 1 a moment ago.
        let (decoded, size, nlocals, units) = unsafe {
            let (size, nlocals) = ((*code).co_framesize as usize, (*code).co_nlocalsplus as usize);
            (tier1::find_decoded(code), size, nlocals, py::Code::units(code))
        };
        let decoded = decoded.ok_or("a call in code that is not decoded")?;
        let changed = f.slots.changed().iter().map(|s| (s.number(), s.slot()));
        frames.push(WaitingFrame {
            code,
            size,
            nlocals,
            depth: f.slots.len(),
            instr_ptr: units.wrapping_add(f.pc as usize),
            // SAFETY: decoded code lives as long as its code object.
            return_offset: crate::deopt::returns_at(unsafe { &*decoded }, &f, false),
            func: if n == 0 { What::Null } else { what(f.func, (n, usize::MAX))? },
            writes: changed.map(|(i, s)| Ok((i as u16, what(s, (n, i))?))).collect::<Result<_, String>>()?,
        });
    }
    let words = frames[1..].iter().map(|f| f.size).sum();
    Ok(CallPlan { frames, words, lent: callee.func.count == Count::Borrow })
}
