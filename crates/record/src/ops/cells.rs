//! Cells, free variables, and the functions that close over them.
use core::mem::offset_of;

use cpython::abi as py;
use ir::{Uop, ValueId};

use crate::state::{Entry, Val};
use crate::{Abort, Recorder};

const CONTENT: u64 = offset_of!(py::Cell, ob_ref) as u64;

impl Recorder {
    /// The cell in slot `i`, and what is in it now.
    unsafe fn cell(&mut self, i: usize) -> Result<(ValueId, *mut py::Object), Abort> {
        let Val::Is(cell) = self.slot(i).val else { return Err(Abort::Unbound) };
        let object = self.real_slot(i).object().cast::<py::Cell>();
        // SAFETY: slot `i` holds a cell.
        Ok((cell, unsafe { (*object).ob_ref }))
    }

    pub(crate) unsafe fn load_deref(&mut self, i: usize) -> Result<(), Abort> {
        // SAFETY: by the contract of `record`.
        let (cell, content) = unsafe { self.cell(i)? };
        if content.is_null() {
            return Err(Abort::Unbound);
        }
        let v = self.emit_imm(Uop::LoadCell, &[cell], CONTENT, 0);
        self.emit(Uop::GuardNonNull, &[v]);
        self.emit(Uop::Incref, &[v]);
        self.push(Entry::owned(v));
        Ok(())
    }

    pub(crate) unsafe fn store_deref(&mut self, i: usize) -> Result<(), Abort> {
        let new = self.peek_value(0)?;
        // SAFETY: by the contract of `record`.
        let (cell, content) = unsafe { self.cell(i)? };
        let old = self.emit_imm(Uop::LoadCell, &[cell], CONTENT, 0);
        let plan = if content.is_null() {
            self.emit_imm(Uop::GuardIs, &[old], 0, 0);
            self.plan_release(&[])
        } else {
            self.emit(Uop::GuardNonNull, &[old]);
            self.plan_release(&[(Entry::owned(old), content)])
        };
        let e = self.pop();
        self.with_reference(e);
        self.emit_imm(Uop::StoreCell, &[cell, new], CONTENT, 0);
        self.release(plan);
        Ok(())
    }

    pub(crate) unsafe fn make_cell(&mut self, i: usize) -> Result<(), Abort> {
        if self.in_root() || self.home().is_some() {
            return Err(Abort::Unsupported("MAKE_CELL"));
        }
        let e = self.slot(i);
        let content = match e.val {
            Val::Is(v) => v,
            Val::Null | Val::Memory => self.const_obj(0),
        };
        let cell = self.emit(Uop::NewCell, &[content]);
        if e.owned && matches!(e.val, Val::Is(_)) {
            // The cell has its own reference.
            self.emit(Uop::DecrefAlive, &[content]);
        }
        self.types.insert(cell, py::PyCell_Type() as usize);
        self.top().slots[i] = Entry::owned(cell);
        Ok(())
    }

    /// COPY_FREE_VARS, the first instruction of an inlined closure. The function keeps its cells alive, and the frame
    /// keeps the function: the frame borrows them.
    pub(crate) unsafe fn copy_free_vars(&mut self, n: usize) -> Result<(), Abort> {
        let Val::Is(function) = self.top().func.val else { return Err(Abort::Unsupported("COPY_FREE_VARS")) };
        let first = self.top().nlocals - n;
        let closure_at = offset_of!(py::Function, func_closure) as u64;
        let known = self.const_of.get(&function).copied();
        let closure = match known {
            Some(_) => None,
            None => Some(self.emit_imm(Uop::LoadFieldObj, &[function], closure_at, 0)),
        };
        for i in 0..n {
            let cell = match (known, closure) {
                // SAFETY: a function whose code has `n` free variables.
                (Some(f), _) => unsafe {
                    let cell = py::Tuple::item((*(f as *mut py::Function)).func_closure, i);
                    self.const_obj(cell as u64)
                },
                (None, Some(closure)) => self.emit_imm(Uop::TupleItem, &[closure], 8 * i as u64, 0),
                (None, None) => unreachable!("one of both is there"),
            };
            self.types.insert(cell, py::PyCell_Type() as usize);
            self.top().slots[first + i] = Entry::borrowed(cell);
        }
        Ok(())
    }

    /// MAKE_FUNCTION: stack code object.
    pub(crate) unsafe fn make_function(&mut self) -> Result<(), Abort> {
        let code = self.peek_value(0)?;
        if !self.const_of.contains_key(&code) {
            return Err(Abort::Unsupported("MAKE_FUNCTION"));
        }
        // SAFETY: the running frame.
        let (globals, builtins) = unsafe { ((*self.real).f_globals, (*self.real).f_builtins) };
        self.guard_globals(globals, builtins);
        let (e, object) = (self.peek(0), self.real_peek(0));
        let plan = self.plan_release(&[(e, object)]);
        let globals = self.const_obj(globals as u64);
        let function = self.emit(Uop::NewFunction, &[code, globals]);
        self.types.insert(function, py::PyFunction_Type() as usize);
        self.pop();
        self.push(Entry::owned(function));
        self.release(plan);
        Ok(())
    }

    /// SET_FUNCTION_ATTRIBUTE of a function just made: stack value, function.
    pub(crate) unsafe fn set_function_attribute(&mut self, which: usize) -> Result<(), Abort> {
        /// `MAKE_FUNCTION_ANNOTATE`.
        const ANNOTATE: usize = 0x10;
        if which == ANNOTATE {
            return Err(Abort::Unsupported("annotations in a loop"));
        }
        let (function, value) = (self.peek_value(0)?, self.peek_value(1)?);
        // SAFETY: CPython's table has an entry for each argument of the instruction.
        let offset = unsafe { *py::_Py_FunctionAttributeOffsets().add(which) };
        let f = self.pop();
        let v = self.pop();
        self.with_reference(v);
        self.emit_imm(Uop::StoreFieldObj, &[function, value], offset as u64, 0);
        self.push(f);
        Ok(())
    }

    fn is_immortal(&self, v: ValueId) -> bool {
        self.types.get(&v).is_some_and(|ty| self.immortal_type(*ty))
    }

    /// The entry with a reference of its own, which something in memory is about to take over.
    pub(crate) fn with_reference(&mut self, e: Entry) -> Entry {
        match e.val {
            Val::Is(v) if !e.owned && !self.is_immortal(v) => {
                self.emit(Uop::Incref, &[v]);
                Entry { owned: true, ..e }
            }
            _ => e,
        }
    }
}
