//! Calls of Python functions: which function, which argument goes where, and the frame that is inlined.
use core::mem::offset_of;

use cpython::abi as py;
use ir::{Continuation, Uop, ValueId};

use crate::state::{AbsFrame, Entry, MAX_DEPTH, MAX_FRAME_WORDS, Val};
use crate::{Abort, Dependency, Recorder};

/// What is known of a callee.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// It is this very function, whose death or change invalidates the trace.
    Function,
    /// It has this code and these globals: one of many closures.
    Code,
}

/// What a parameter is bound to.
enum Binding {
    /// This argument.
    Argument(usize),
    /// A default that the function's dependency keeps alive.
    Constant(*mut py::Object),
    /// This item of whatever tuple of defaults the function has.
    Default(usize),
    /// The tuple of the positional arguments from here on.
    Rest(usize),
    /// The dict of no keyword arguments.
    NoKeywords,
}

impl Recorder {
    /// Whether calls of the function can be recorded into it. (Its frame must find room: see `runtime::reserve`.)
    pub(crate) unsafe fn inlinable(&self, f: *mut py::Function) -> bool {
        // SAFETY: a function object.
        unsafe {
            let plain = py::CO_OPTIMIZED | py::CO_NEWLOCALS;
            let odd = py::CO_GENERATOR | py::CO_COROUTINE | py::CO_ASYNC_GENERATOR | py::CO_ITERABLE_COROUTINE;
            let code = (*f).func_code;
            let flags = (*code).co_flags as u32;
            flags & plain == plain && flags & odd == 0 && (*code).co_framesize as usize <= MAX_FRAME_WORDS
        }
    }

    /// Records a call of `f`, the value `callable`, into it. `args` are the positional arguments and then those whose
    /// names `keywords` has. The caller has emitted all other guards, and now pops the operands and calls
    /// [`Recorder::enter`].
    ///
    /// # Safety
    /// The real frame holds the function; the arguments are on the stack.
    pub(crate) unsafe fn inline(
        &mut self,
        callable: ValueId,
        f: *mut py::Function,
        args: &[Entry],
        keywords: &[*mut py::Object],
    ) -> Result<Inlined, Abort> {
        // SAFETY: by this function's contract.
        unsafe {
            let prepared = self.prepare(callable, f, args.len(), keywords)?;
            Ok(self.place(prepared, args, keywords.len()))
        }
    }

    /// The first half of [`Recorder::inline`]: all that may leave the trace. `nargs` arguments will follow.
    pub(super) unsafe fn prepare(
        &mut self,
        callable: ValueId,
        f: *mut py::Function,
        nargs: usize,
        keywords: &[*mut py::Object],
    ) -> Result<Prepared, Abort> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(Abort::TooDeep);
        }
        // SAFETY: by the contract of `inline`.
        unsafe {
            let code = (*f).func_code;
            let known = self.guard_function(callable, f);
            let positional = nargs - keywords.len();
            let bindings = self.bind(f, known, positional, keywords)?;
            let code_id = self.code_id(code);
            self.guard_recursion();
            let defaults = self.guard_defaults(callable, f, &bindings);
            // What is new is made before anything changes.
            let made = bindings.iter().map(|b| self.make(b, positional)).collect();
            Ok(Prepared { code_id, code, bindings, defaults, made })
        }
    }

    /// The second half: the callee's frame with these arguments, `keywords` of which are by name.
    pub(super) unsafe fn place(&mut self, prepared: Prepared, args: &[Entry], keywords: usize) -> Inlined {
        let Prepared { code_id, code, bindings, defaults, made } = prepared;
        // SAFETY: a code object.
        let nlocals = unsafe { (*code).co_nlocalsplus } as usize;
        let mut slots = Vec::with_capacity(nlocals);
        for (binding, made) in bindings.iter().zip(made) {
            slots.push(match (binding, made) {
                (Binding::Rest(from), Some(tuple)) => {
                    self.fill_rest(tuple, &args[*from..args.len() - keywords]);
                    Entry::owned(tuple)
                }
                (_, Some(v)) => Entry::owned(v),
                (Binding::Argument(i), _) => Entry { clean: false, ..args[*i] },
                (Binding::Constant(object), _) => self.constant_entry(*object),
                (Binding::Default(i), _) => {
                    let tuple = defaults.expect("it was loaded for these bindings");
                    let v = self.emit_imm(Uop::TupleItem, &[tuple], 8 * *i as u64, 0);
                    self.emit(Uop::Incref, &[v]);
                    Entry::owned(v)
                }
                (Binding::Rest(_) | Binding::NoKeywords, None) => self.empty_tuple(),
            });
        }
        slots.resize(nlocals, Entry::NULL);
        Inlined { code_id, code, slots }
    }

    /// Enters the callee's abstract frame; the operands are off the stack.
    pub(crate) fn enter(&mut self, callee: Inlined, func: Entry) {
        let Inlined { code_id, code, slots } = callee;
        // SAFETY: a live code object.
        let nlocals = unsafe { (*code).co_nlocalsplus } as usize;
        let func = Entry { clean: false, ..func };
        self.frames.push(AbsFrame {
            generator: None,
            code: code_id,
            code_ptr: code,
            func,
            slots,
            nlocals,
            pc: 0,
            continuation: Continuation::Push,
        });
        self.expect_code = Some(code);
    }

    /// Establishes which function is called.
    unsafe fn guard_function(&mut self, callable: ValueId, f: *mut py::Function) -> Known {
        // SAFETY: the real frame holds the function.
        unsafe {
            if self.const_of.contains_key(&callable) || (*f).func_closure.is_null() {
                self.guard_is(callable, f.cast());
                self.depend(Dependency::Function(f as usize));
                return Known::Function;
            }
            // Closures come and go while their code stays.
            self.guard_type(callable, f.cast());
            let fields = [
                (offset_of!(py::Function, func_code), (*f).func_code as u64),
                (offset_of!(py::Function, func_globals), (*f).func_globals as u64),
                (offset_of!(py::Function, func_builtins), (*f).func_builtins as u64),
            ];
            for (offset, value) in fields {
                self.emit_imm(Uop::GuardFieldIs, &[callable], offset as u64, value);
            }
            Known::Code
        }
    }

    /// Whether a call of this very function binds these arguments, the last ones by these names.
    ///
    /// # Safety
    /// A live function.
    pub(crate) unsafe fn binds(
        &mut self,
        f: *mut py::Function,
        positional: usize,
        keywords: &[*mut py::Object],
    ) -> bool {
        // SAFETY: the caller's.
        unsafe { self.bind(f, Known::Function, positional, keywords) }.is_ok()
    }

    /// Which argument or default each parameter gets, in the order of locals.
    unsafe fn bind(
        &mut self,
        f: *mut py::Function,
        known: Known,
        positional: usize,
        keywords: &[*mut py::Object],
    ) -> Result<Vec<Binding>, Abort> {
        const MISMATCH: Abort = Abort::Value("a call whose arguments do not fit");
        // SAFETY: the caller's: a function object.
        unsafe {
            let code = (*f).func_code;
            let flags = (*code).co_flags as u32;
            let argcount = (*code).co_argcount as usize;
            let named = argcount + (*code).co_kwonlyargcount as usize;
            let names = (*code).co_localsplusnames;
            let mut bound: Vec<Option<Binding>> = (0..named).map(|_| None).collect();
            for (i, slot) in bound.iter_mut().enumerate().take(positional.min(argcount)) {
                *slot = Some(Binding::Argument(i));
            }
            if positional > argcount && flags & py::CO_VARARGS == 0 {
                return Err(MISMATCH);
            }
            for (n, name) in keywords.iter().enumerate() {
                let first = (*code).co_posonlyargcount as usize;
                let at = (first..named).find(|&i| py::Tuple::item(names, i) == *name);
                let Some(at) = at else { return Err(Abort::Value("a keyword that is no parameter")) };
                if bound[at].replace(Binding::Argument(positional + n)).is_some() {
                    return Err(MISMATCH);
                }
            }
            let defaults = (*f).func_defaults.cast::<py::Tuple>();
            let count = if defaults.is_null() { 0 } else { py::Tuple::len(defaults) };
            for (i, slot) in bound.iter_mut().enumerate().take(argcount) {
                if slot.is_none() {
                    let Some(n) = (i + count).checked_sub(argcount) else { return Err(MISMATCH) };
                    *slot = Some(match known {
                        Known::Function => Binding::Constant(py::Tuple::item(defaults, n)),
                        Known::Code => Binding::Default(n),
                    });
                }
            }
            for (i, slot) in bound.iter_mut().enumerate().skip(argcount) {
                if slot.is_none() {
                    let (dict, name) = ((*f).func_kwdefaults, py::Tuple::item(names, i));
                    if dict.is_null() || known == Known::Code {
                        return Err(Abort::Value("keyword-only defaults of a closure"));
                    }
                    self.depend(Dependency::DictKey { dict: dict as usize, key: name as usize });
                    let value = py::PyDict_GetItemWithError(dict, name);
                    if value.is_null() {
                        return Err(MISMATCH);
                    }
                    *slot = Some(Binding::Constant(value));
                }
            }
            let mut bound: Vec<Binding> = bound.into_iter().flatten().collect();
            if flags & py::CO_VARARGS != 0 {
                bound.push(Binding::Rest(argcount));
            }
            if flags & py::CO_VARKEYWORDS != 0 {
                bound.push(Binding::NoKeywords);
            }
            Ok(bound)
        }
    }

    /// The tuple of defaults of a callee of which only the code is known.
    unsafe fn guard_defaults(
        &mut self,
        callable: ValueId,
        f: *mut py::Function,
        bindings: &[Binding],
    ) -> Option<ValueId> {
        if !bindings.iter().any(|b| matches!(b, Binding::Default(_))) {
            return None;
        }
        let tuple = self.emit_imm(Uop::LoadFieldObj, &[callable], offset_of!(py::Function, func_defaults) as u64, 0);
        self.emit(Uop::GuardNonNull, &[tuple]);
        // SAFETY: the caller's: a function with defaults.
        let len = unsafe { py::Tuple::len((*f).func_defaults.cast()) };
        let len = self.const_i64(len as i64);
        let found = self.emit(Uop::TupleLen, &[tuple]);
        self.emit(Uop::GuardIntEq, &[found, len]);
        Some(tuple)
    }

    /// Makes a container that a parameter is bound to; none where that is the empty tuple.
    fn make(&mut self, binding: &Binding, positional: usize) -> Option<ValueId> {
        let (v, ty) = match binding {
            Binding::Rest(from) if *from < positional => {
                let n = positional - from;
                (self.emit_imm(Uop::NewTuple, &[], n as u64, 0), py::PyTuple_Type())
            }
            Binding::NoKeywords => (self.emit(Uop::NewDict, &[]), py::PyDict_Type()),
            _ => return None,
        };
        self.types.insert(v, ty as usize);
        Some(v)
    }

    /// Moves arguments into the tuple just made for them.
    fn fill_rest(&mut self, tuple: ValueId, rest: &[Entry]) {
        for (i, e) in rest.iter().enumerate() {
            if let Val::Is(v) = self.with_reference(*e).val {
                self.emit_imm(Uop::InitTupleItem, &[tuple, v], 8 * i as u64, 0);
            }
        }
    }

    fn empty_tuple(&mut self) -> Entry {
        // SAFETY: the empty tuple is one immortal object.
        let empty = unsafe { py::PyTuple_New(0) };
        self.constant_entry(empty)
    }
}

/// A callee whose frame will have room, and what is new in it.
pub(super) struct Prepared {
    code_id: ir::CodeId,
    code: *mut py::Code,
    bindings: Vec<Binding>,
    defaults: Option<ValueId>,
    made: Vec<Option<ValueId>>,
}

/// A callee whose frame can be entered.
pub(crate) struct Inlined {
    pub(super) code_id: ir::CodeId,
    pub(super) code: *mut py::Code,
    pub(super) slots: Vec<Entry>,
}
