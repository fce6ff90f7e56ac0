//! The end of executors: invalidated at once, freed when nobody can be in their code any more.
//!
//! # Why a freed executor is not missed
//! [`State::invalidate`] takes an executor out of everything that outlasts it: tier 1's instructions, the exit that it
//! is the bridge of, the cells of native calls, the lists of other executors, of dependencies and of a recording in
//! progress. With it goes whatever has its id or its code's address in machine code: its bridges, variants, entries,
//! and executors that link to it. So nothing valid names it from then on, and no activation that begins later can come
//! to its code.
//!
//! What may still do so began before: native code that is in it or jumps to it, escapes and calls in flight, and the
//! runtime's functions that these call. All of it happens within an activation that was alive when the code was
//! retired, and `codegen::reclaim` tells of the executor only once all those have left. [`State::bury`] frees it, where
//! the runtime holds no reference to an executor. (So a compiled loop that never ends keeps what is invalidated
//! meanwhile.)

use ir::{TraceKind, Uop};
use record::Dependency;

use crate::executor::NOBODY;
use crate::state::{State, describe, text_of};

impl State {
    /// Takes an executor out of service. Native code that is running it notices at its next escape or exit.
    pub fn invalidate(&mut self, id: u32) {
        let ex = self.executor_mut(id);
        if !ex.valid {
            return;
        }
        ex.valid = false;
        ex.control.valid = 0;
        let (site, kind, range) = (ex.site.clone(), ex.trace.kind, ex.compiled.code);
        let is_root = ex.recorded.is_some();
        let dependencies = std::mem::take(&mut ex.dependencies);
        let last = ex.trace.insts.last();
        let leads_to = last.filter(|i| i.op == Uop::Link).map(|i| i.imms[0] as u32);
        let family = ex.variant_of;
        let dependants: Vec<u32> = {
            let bridges = ex.exits.iter().filter_map(|e| e.bridge);
            let same = ex.variants.iter().map(|v| v.1).chain(ex.entries.iter().copied());
            bridges.chain(same).chain(ex.linkers.iter().copied()).collect()
        };
        self.counters.invalidated += 1;
        if let Some(n) = self.per_code.get_mut(&site.code) {
            *n -= 1;
        }
        if is_root {
            self.heat_at(site.code, site.offset).invalidated += 1;
        }
        self.calls.forget_executor(id, self.arena.call_thunk());
        self.uninstall(id);
        if let TraceKind::Bridge { parent, exit } = kind {
            self.take_bridge_off(parent, exit);
        }
        if let Some(target) = leads_to {
            self.executor_mut(target).linkers.retain(|l| *l != id);
        }
        if let Some(root) = family {
            let root = self.executor_mut(root);
            root.variants.retain(|v| v.1 != id);
            root.entries.retain(|e| *e != id);
        }
        for d in dependencies {
            if let Some(ids) = self.dependents.get_mut(&d) {
                ids.retain(|i| *i != id);
                if ids.is_empty() {
                    self.dependents.remove(&d);
                }
            }
        }
        if let Some(recording) = &mut self.recording {
            recording.recorder.note_invalid(id);
        }
        if self.next_executor == Some(id) {
            self.next_executor = None;
        }
        for other in dependants {
            self.invalidate(other);
        }
        self.arena.retire(range, id);
    }

    /// An exit has no bridge any more.
    fn take_bridge_off(&mut self, parent: u32, exit: u32) {
        let State { executors, arena, .. } = self;
        let parent = executors[parent as usize].as_mut().expect("a bridge goes with its parent");
        let state = &mut parent.exits[exit as usize];
        (state.bridge, state.countdown) = (None, 0);
        if parent.valid && arena.unpatch_exit(&parent.compiled, exit, parent.first_exit + exit).is_err() {
            // The exit still leads here. Code that is not valid is neither entered nor gone on with.
            let id = parent.id;
            self.invalidate(id);
        }
    }

    /// Takes an executor off the instructions it is entered at.
    pub fn uninstall(&mut self, id: u32) {
        let site = &mut self.executor_mut(id).site;
        let (code, installed) = (site.code, std::mem::take(&mut site.installed));
        // SAFETY: tier-1 code is looked up through the code object, which a dying code object announces first.
        unsafe {
            if let Some(tier1_code) = tier1::find_decoded(code as *mut cpython::abi::Code) {
                for edge in installed {
                    tier1::hooks::uninstall_executor(tier1_code, edge as usize);
                    tier1::hooks::reset_counter(tier1_code, edge as usize, self.hot_loop());
                }
            }
        }
    }

    /// Invalidates all executors whose outermost frame runs `code`.
    pub fn invalidate_code(&mut self, code: usize) {
        let all: Vec<u32> = self.live().filter(|e| e.valid && e.site.code == code).map(|e| e.id).collect();
        for id in all {
            self.invalidate(id);
        }
    }

    pub fn invalidate_all(&mut self) {
        self.dependents.clear();
        let all: Vec<u32> = self.live().map(|e| e.id).collect();
        for id in all {
            self.invalidate(id);
        }
    }

    /// Invalidates whatever depends on `d`.
    pub fn invalidate_dependents(&mut self, d: Dependency) {
        if self.dependents.is_empty() && self.recording.is_none() {
            return;
        }
        if let Some(ids) = self.dependents.remove(&d) {
            for id in ids {
                if self.log.on() {
                    let site = &self.executor(id).site;
                    let at = describe(site.code, site.offset);
                    self.log.line(&format!("executor {id} of {at} invalidated: {} changed", named(d)));
                }
                self.invalidate(id);
            }
        }
        if let Some(recording) = &mut self.recording {
            recording.recorder.note_change(d);
        }
    }

    /// Frees the executors that were invalidated and that nobody can be in any more.
    #[inline]
    pub fn bury(&mut self) {
        if self.arena.has_dead() {
            self.free_dead();
        }
    }

    #[cold]
    fn free_dead(&mut self) {
        for id in self.arena.take_dead().into_iter().filter(|id| *id != NOBODY) {
            let ex = self.executors[id as usize].take().expect("code is retired once");
            self.counters.escapes += ex.control.escapes;
            self.counters.linked_by_memory += ex.control.linked;
            self.exit_numbers.release(ex.first_exit, ex.exits.len());
            self.escape_numbers.release(ex.first_escape, ex.compiled.escapes.len());
            self.call_numbers.release(ex.first_call, ex.compiled.calls.len());
            self.free_executors.push(id);
        }
    }
}

/// What changed, for people.
fn named(d: Dependency) -> String {
    // SAFETY: recorded names live as long as the code that has them; a type tells its watchers of its end.
    unsafe {
        match d {
            Dependency::DictKey { key, .. } => format!("the name '{}' in a dict", text_of(key as *mut _)),
            Dependency::GlobalStore { key, .. } => format!("the global '{}'", text_of(key as *mut _)),
            Dependency::DictTable { .. } => "a dict's set of keys".into(),
            Dependency::Type(ty) => {
                let name = core::ffi::CStr::from_ptr((*(ty as *mut cpython::abi::Type)).tp_name);
                format!("the type '{}'", name.to_string_lossy())
            }
            Dependency::Function(_) => "a function".into(),
            Dependency::Code(_) => "a code object".into(),
        }
    }
}
