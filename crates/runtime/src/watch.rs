//! Watchers: changes of dicts, types, functions and code objects invalidate what relied on them.

use core::ffi::c_int;
use std::collections::HashSet;

use cpython::abi as py;
use cpython::abi::watch::{
    CodeWatcher, DictWatcher, FunctionWatcher, TypeWatcher, code_event, dict_event, function_event,
};
use record::Dependency;

use crate::state::state;

/// Our watchers, which stay for good, and what they watch. (Code objects are all watched.)
pub(crate) struct Watchers {
    dict: DictWatcher,
    ty: TypeWatcher,
    /// Registered when first needed: while it is, CPython reports every function that is made.
    function: Option<FunctionWatcher>,
    dicts: HashSet<usize>,
    types: HashSet<usize>,
}

impl Watchers {
    /// Registers one watcher of each kind, but for functions.
    ///
    /// # Errors
    /// All of a kind are taken; none is kept then.
    ///
    /// # Safety
    /// The GIL is held.
    pub unsafe fn register() -> Result<Watchers, String> {
        let taken = |kind: &str| format!("every {kind} watcher of the interpreter is taken");
        // SAFETY: the callbacks are functions of this library, which is never unloaded. They find the state that is
        // about to be made: what is registered here and not kept must go again.
        unsafe {
            let hooks = py::monitoring::MonitoringHooks { on_local_events, hook_is_ours: tier1::hook_is_ours };
            let dict = DictWatcher::register(on_dict);
            let ty = TypeWatcher::register(on_type);
            let code = CodeWatcher::register(on_code);
            let error = match (dict, ty, code) {
                (Some(dict), Some(ty), Some(_)) if py::monitoring::watch(hooks) => {
                    return Ok(Watchers { dict, ty, function: None, dicts: HashSet::new(), types: HashSet::new() });
                }
                (None, ..) => taken("dict"),
                (_, None, ..) => taken("type"),
                (.., None) => taken("code"),
                _ => "sys.monitoring is not CPython's".into(),
            };
            dict.into_iter().for_each(|w| w.unregister());
            ty.into_iter().for_each(|w| w.unregister());
            code.into_iter().for_each(|w| w.unregister());
            Err(error)
        }
    }

    /// Starts watching what `d` names.
    ///
    /// # Safety
    /// The objects are alive; the GIL is held.
    pub unsafe fn watch(&mut self, d: Dependency) -> bool {
        // SAFETY: by this function's contract.
        unsafe {
            match d {
                Dependency::DictKey { dict, .. }
                | Dependency::DictTable { dict }
                | Dependency::GlobalStore { dict, .. } => {
                    self.dicts.contains(&dict) || (self.dict.watch(dict as *mut py::Object) && self.dicts.insert(dict))
                }
                Dependency::Type(ty) => {
                    // A type without a version tells its watchers nothing.
                    py::Type::version(ty as *mut py::Type) != 0 && self.ty.watch(ty as *mut py::Type) && {
                        self.types.insert(ty);
                        true
                    }
                }
                Dependency::Function(_) => {
                    if self.function.is_none() {
                        self.function = FunctionWatcher::register(on_function);
                    }
                    self.function.is_some()
                }
                Dependency::Code(_) => true,
            }
        }
    }
}

unsafe extern "C" fn on_dict(
    event: c_int,
    dict: *mut py::Object,
    key: *mut py::Object,
    _value: *mut py::Object,
) -> c_int {
    let st = state();
    let dict = dict as usize;
    match event {
        dict_event::ADDED | dict_event::MODIFIED | dict_event::DELETED => {
            if event != dict_event::MODIFIED {
                st.invalidate_dependents(Dependency::DictTable { dict });
            }
            let Some(keys) = st.watched_keys.get(&dict) else { return 0 };
            // SAFETY: `key` is alive during the event, and so are the names we watch: code objects hold them.
            let equal = unsafe { keys.iter().find(|k| same_key(**k as *mut py::Object, key)).copied() };
            if let Some(key) = equal {
                st.note_varying(dict, key);
                st.invalidate_dependents(Dependency::DictKey { dict, key });
            }
        }
        _ => {
            st.invalidate_dict(dict);
            if event == dict_event::DEALLOCATED {
                st.watchers.dicts.remove(&dict);
                st.watched_keys.remove(&dict);
                st.forget_varying(dict);
            }
        }
    }
    0
}

/// Whether two dict keys are equal: `name` is an exact str; anything odd counts as equal.
unsafe fn same_key(name: *mut py::Object, key: *mut py::Object) -> bool {
    // SAFETY: both are alive; comparing exact strings runs no Python code.
    unsafe { name == key || py::Object::type_of(key) != py::PyUnicode_Type() || py::PyUnicode_Compare(name, key) == 0 }
}

unsafe extern "C" fn on_type(ty: *mut py::Type) -> c_int {
    state().invalidate_dependents(Dependency::Type(ty as usize));
    0
}

unsafe extern "C" fn on_function(event: c_int, function: *mut py::Function, _value: *mut py::Object) -> c_int {
    if matches!(
        event,
        function_event::DESTROY
            | function_event::MODIFY_CODE
            | function_event::MODIFY_DEFAULTS
            | function_event::MODIFY_KWDEFAULTS
    ) {
        state().invalidate_dependents(Dependency::Function(function as usize));
    }
    0
}

unsafe extern "C" fn on_code(event: c_int, code: *mut py::Code) -> c_int {
    if event == code_event::DESTROY {
        let st = state();
        if !st.noted.may_have(code as usize) && st.recording.is_none() {
            return 0;
        }
        st.invalidate_dependents(Dependency::Code(code as usize));
        st.forget_code(code as usize);
    }
    0
}

/// A tool watches `code`, or no longer does.
unsafe fn on_local_events(code: *mut py::Code) {
    state().invalidate_dependents(Dependency::Code(code as usize));
    // SAFETY: a live code object; the GIL is held.
    unsafe { tier1::note_instrumentation(code) }
}

/// Changes of a key that executors took for constant before it counts as one that changes.
const CHANGES: u32 = 2;

impl crate::state::State {
    /// Gives a recorder what it must know of changing keys, and whether to count; `started`: machine code has counted
    /// its first instruction, where exits are logged.
    pub(crate) fn brief(&self, recorder: &mut record::Recorder, started: bool) {
        recorder.set_varying(self.varying.clone(), self.watchers.dict.bit());
        if self.exit_log.is_some() {
            recorder.count_instructions(crate::exit_log::counting(started));
        } else if self.options.count {
            let address = crate::stats::NATIVE_INSTRUCTIONS.as_ptr() as u64;
            recorder.count_instructions(record::Counting::Executed { address });
        }
    }

    /// A key changed that somebody relies on.
    fn note_varying(&mut self, dict: usize, key: usize) {
        let d = Dependency::DictKey { dict, key };
        let relied_on = self.dependents.contains_key(&d)
            || self.recording.as_ref().is_some_and(|r| r.recorder.dependencies().contains(&d));
        if relied_on {
            let n = self.changes.entry((dict, key)).or_default();
            *n += 1;
            if *n >= CHANGES {
                std::rc::Rc::make_mut(&mut self.varying).insert((dict, key));
            }
        }
    }

    /// A trace assigns this key: it is no constant any more.
    pub(crate) fn assigns(&mut self, dict: usize, key: usize) {
        if std::rc::Rc::make_mut(&mut self.varying).insert((dict, key)) {
            self.invalidate_dependents(Dependency::DictKey { dict, key });
        }
    }

    fn forget_varying(&mut self, dict: usize) {
        self.changes.retain(|(d, _), _| *d != dict);
        std::rc::Rc::make_mut(&mut self.varying).retain(|(d, _)| *d != dict);
    }

    /// Invalidates whatever depends on any key of a dict.
    pub(crate) fn invalidate_dict(&mut self, dict: usize) {
        self.invalidate_dependents(Dependency::DictTable { dict });
        for key in self.watched_keys.get(&dict).cloned().unwrap_or_default() {
            self.invalidate_dependents(Dependency::DictKey { dict, key });
        }
    }
}
