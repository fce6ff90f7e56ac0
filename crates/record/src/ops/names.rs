//! Globals, and names of module level.
//!
//! A global that nobody assigns is a constant under the dict's watcher. One that changes is read from and written to
//! its entry in the dict's key table, whose address is constant as long as no key comes or goes. What such a store says
//! to other executors is said when it is recorded: from then on nobody takes the key for constant.
use core::mem::offset_of;
use std::rc::Rc;

use cpython::abi as py;
use ir::Uop;

use crate::state::Entry;
use crate::{Abort, Dependency, Recorder};

impl Recorder {
    /// Establishes, once per trace, that the root frame's globals are those that the recorder sees. Inlined frames have
    /// those of their function.
    pub(crate) fn guard_globals(&mut self, globals: *mut py::Object, builtins: *mut py::Object) {
        if self.in_root() && !self.globals_guarded {
            self.emit_imm(Uop::GuardFrameGlobals, &[], globals as u64, builtins as u64);
            self.globals_guarded = true;
        }
    }

    /// LOAD_GLOBAL's and LOAD_NAME's value: constant, or what the entry holds.
    pub(crate) unsafe fn global(&mut self, name: *mut py::Object) -> Result<Entry, Abort> {
        // SAFETY: the running frame; a plain dict with a string key runs no Python code.
        unsafe {
            let (globals, builtins) = ((*self.real).f_globals, (*self.real).f_builtins);
            if py::Object::type_of(globals) != py::PyDict_Type() || py::Object::type_of(builtins) != py::PyDict_Type() {
                return Err(Abort::Value("globals that are no plain dict"));
            }
            self.guard_globals(globals, builtins);
            match self.dict_value(globals, name) {
                Some(found) => Ok(found),
                None => self.dict_value(builtins, name).ok_or(Abort::Exception),
            }
        }
    }

    /// What a namespace has by a name, if anything: a constant, under its watcher, or, where traces assign it, which no
    /// watcher hears of, what the entry holds.
    pub(crate) unsafe fn dict_value(&mut self, dict: *mut py::Object, name: *mut py::Object) -> Option<Entry> {
        // SAFETY: the caller's: an exact dict, in which a string key runs no Python code.
        unsafe {
            if self.varying.contains(&(dict as usize, name as usize))
                && let Some(address) = self.entry_address(dict, name)
            {
                let v = self.emit_imm(Uop::LoadAt, &[], address as u64, 0);
                self.emit(Uop::GuardNonNull, &[v]);
                self.emit(Uop::Incref, &[v]);
                return Some(Entry::owned(v));
            }
            self.depend(Dependency::DictKey { dict: dict as usize, key: name as usize });
            let found = py::PyDict_GetItemWithError(dict, name);
            (!found.is_null()).then(|| self.constant_entry(found))
        }
    }

    /// Address of the value of `name` in the dict's key table, if it has such an entry and the table is of strings.
    unsafe fn entry_address(&mut self, dict: *mut py::Object, name: *mut py::Object) -> Option<usize> {
        // SAFETY: the caller's: an exact dict.
        unsafe {
            let dict = dict.cast::<py::Dict>();
            let keys = (*dict).ma_keys;
            if !(*dict).ma_values.is_null() || (*keys).dk_kind as usize != py::DICT_KEYS_UNICODE {
                return None;
            }
            let index = py::DictKeys::index_of_name(keys, name)?;
            let value = &raw const (*py::DictKeys::unicode_entries(keys).add(index)).me_value;
            if (*value).is_null() {
                return None;
            }
            self.depend(Dependency::DictTable { dict: dict as usize });
            Some(value as usize)
        }
    }

    /// LOAD_NAME at module level, where locals and globals are one dict.
    pub(crate) unsafe fn load_name(&mut self, i: usize) -> Result<(), Abort> {
        // SAFETY: by the contract of `record`.
        unsafe {
            self.at_module_level()?;
            let name = py::Code::name(self.top().code_ptr, i);
            let e = self.global(name)?;
            self.push(e);
        }
        Ok(())
    }

    /// The root frame's namespace is its globals.
    unsafe fn at_module_level(&mut self) -> Result<(), Abort> {
        // SAFETY: the running frame.
        unsafe {
            let f = self.real;
            if !self.in_root() || (*f).f_locals != (*f).f_globals {
                return Err(Abort::Unsupported("names of a class body or of exec"));
            }
            self.guard_globals((*f).f_globals, (*f).f_builtins);
            if !self.namespace_guarded {
                self.emit_imm(Uop::GuardFrameLocals, &[], (*f).f_globals as u64, 0);
                self.namespace_guarded = true;
            }
        }
        Ok(())
    }

    /// STORE_NAME and STORE_GLOBAL: over the value of an existing key.
    pub(crate) unsafe fn store_name(&mut self, i: usize, local: bool) -> Result<(), Abort> {
        let new = self.peek_value(0)?;
        // SAFETY: by the contract of `record`.
        unsafe {
            if local {
                self.at_module_level()?;
            }
            let name = py::Code::name(self.top().code_ptr, i);
            let globals = (*self.real).f_globals;
            self.guard_globals(globals, (*self.real).f_builtins);
            if py::Object::type_of(globals) != py::PyDict_Type() {
                return Err(Abort::Value("globals that are no plain dict"));
            }
            let Some(address) = self.entry_address(globals, name) else {
                return Err(Abort::Value("assigns a global that is still unbound"));
            };
            self.depend(Dependency::GlobalStore { dict: globals as usize, key: name as usize });
            Rc::make_mut(&mut self.varying).insert((globals as usize, name as usize));
            // Whoever else watches the dict hears of every store: then CPython does it.
            let watchers = (*globals.cast::<py::Dict>())._ma_watcher_tag as u8;
            let ours = self.dict_watcher_bit;
            if watchers & !ours != 0 {
                return Err(Abort::Value("somebody else watches the globals"));
            }
            let dict = self.const_obj(globals as u64);
            let tag_at = offset_of!(py::Dict, _ma_watcher_tag) as u64;
            self.emit_imm(Uop::GuardByteIs, &[dict], tag_at, u64::from(ours));
            let old_object = *(address as *const *mut py::Object);
            let old = self.emit_imm(Uop::LoadAt, &[], address as u64, 0);
            self.emit(Uop::GuardNonNull, &[old]);
            let plan = self.plan_release(&[(Entry::owned(old), old_object)]);
            let e = self.pop();
            self.with_reference(e);
            self.emit_imm(Uop::StoreAt, &[new], address as u64, 0);
            self.release(plan);
        }
        Ok(())
    }
}
