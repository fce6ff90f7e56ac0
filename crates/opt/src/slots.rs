//! Root frame slots and snapshots.
use ir::{Count, Placed, Resume, SlotVal, SnapId, Snapshots, Source, Uop, ValueId};
use smallvec::SmallVec;

use crate::Reason;
use crate::heap::writes;
use crate::snaps::SnapKey;
use crate::state::{Optimizer, State};
use crate::virtuals::Val;

/// Where the trace's knowledge of a slot comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It was loaded; memory is right.
    Loaded,
    /// It came in a register. A stack slot that is popped since is what the snapshot says.
    Entry,
    /// The trace assigned it.
    Stored,
}

/// What the trace knows of a root frame slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Slot {
    /// Its value, where known.
    pub value: Option<Val>,
    /// A store is pending: memory holds an older value, and the trace owns a reference to the new one.
    pub stale: bool,
    /// The slot owns its reference.
    pub owned: bool,
    pub origin: Origin,
}

/// The virtual range iterators that a snapshot names.
type Named = SmallVec<[u32; 4]>;

impl Slot {
    /// Whether snapshots are to say what is known here, rather than what was recorded, if anything was.
    fn speaks_for(&self, recorded: bool) -> bool {
        match self.origin {
            Origin::Loaded => false,
            Origin::Entry => !recorded,
            Origin::Stored => true,
        }
    }
}

impl Optimizer<'_> {
    pub fn load_slot(&mut self, offset: u64) -> Result<Val, Reason> {
        if let Some(Slot { value: Some(v), .. }) = self.st.slots.get(offset) {
            return Ok(self.norm(*v));
        }
        let v = Val::Id(self.push(Uop::LoadSlot, &[], [offset, 0])?);
        self.st.slots.unversioned().loaded(offset, v);
        Ok(v)
    }

    /// The pending store: nothing is emitted but the release of a value that was itself only pending. What memory
    /// holds is released by whoever leaves the trace.
    pub fn set_slot(&mut self, new: Val, offset: u64) -> Result<(), Reason> {
        let pending = Slot { value: Some(new), stale: true, owned: true, origin: Origin::Stored };
        if let Some(Slot { stale: true, owned: true, value: Some(old), .. }) = self.st.slots.insert(offset, pending) {
            self.decref(Uop::DecrefDead, old)?;
        }
        Ok(())
    }

    /// A store that is done at once. Memory may still hold a harmless value from before a pending store (an argument
    /// borrowed from the caller, perhaps); the trace released only the pending one.
    pub fn store_slot(&mut self, new: Val, offset: u64) -> Result<(), Reason> {
        let new = self.force(new)?;
        let stale = self.st.slots.get(offset).is_some_and(|s| s.stale) && !self.is_unowned(offset);
        let immortal = self.known.true_;
        let old = if stale { Some(self.push(Uop::SlotReference, &[], [offset, immortal])?) } else { None };
        self.push(Uop::StoreSlot, &[new], [offset, 0])?;
        self.st.kill(writes(Uop::StoreSlot, [offset, 0]));
        if let Some(old) = old {
            self.st.kill_refcounts();
            self.push(Uop::DecrefDead, &[old], [0; 2])?;
        }
        let slot = Slot { value: Some(Val::Id(new)), stale: false, owned: true, origin: Origin::Stored };
        self.st.slots.insert(offset, slot);
        self.note_owned(offset);
        Ok(())
    }

    /// A store of a reference that the slot only borrows, over memory that owns none.
    pub fn lend_slot(&mut self, new: Val, offset: u64) -> Result<(), Reason> {
        let new = self.force(new)?;
        self.push(Uop::LendSlot, &[new], [offset, 0])?;
        self.st.kill(writes(Uop::LendSlot, [offset, 0]));
        let slot = Slot { value: Some(Val::Id(new)), stale: false, owned: false, origin: Origin::Stored };
        self.st.slots.insert(offset, slot);
        Ok(())
    }

    /// Whether memory owns no reference in a slot.
    fn is_unowned(&self, offset: u64) -> bool {
        offset < 8 * 64 && self.st.unowned >> (offset / 8) & 1 != 0
    }

    fn note_owned(&mut self, offset: u64) {
        if offset < 8 * 64 {
            self.st.unowned &= !(1 << (offset / 8));
        }
    }

    /// Unbinds a slot. What it named is the trace's, or released where that is harmless (`release`), and so is what
    /// memory still holds below a pending store.
    pub fn clear_slot(&mut self, offset: u64, release: bool) -> Result<(), Reason> {
        let slot = self.st.slots.get(offset).copied();
        let stale = slot.is_some_and(|s| s.stale);
        let memory = (stale || release) && !self.is_unowned(offset);
        let immortal = self.known.true_;
        let old = if memory { Some(self.push(Uop::SlotReference, &[], [offset, immortal])?) } else { None };
        self.push(Uop::ClearSlot, &[], [offset, 0])?;
        self.st.kill(writes(Uop::ClearSlot, [offset, 0]));
        if let Some(old) = old {
            self.st.kill_refcounts();
            self.push(Uop::DecrefDead, &[old], [0; 2])?;
        }
        let null = Val::Id(self.const_obj(0));
        self.st.slots.insert(offset, Slot { value: Some(null), stale: false, owned: true, origin: Origin::Loaded });
        match slot {
            Some(Slot { stale: true, owned: true, value: Some(pending), .. }) if release => {
                self.decref(Uop::DecrefDead, pending)
            }
            _ => Ok(()),
        }
    }

    /// `guard_slot_owned_or_unbound`.
    pub fn guard_slot_owned_or_unbound(&mut self, offset: u64) -> Result<(), Reason> {
        match self.st.slots.get(offset) {
            Some(Slot { origin: Origin::Loaded, .. }) | None => {
                self.heap_guard(Uop::GuardSlotOwnedOrUnbound, &[], [offset, 0]).map(drop)
            }
            Some(slot) if slot.owned => Ok(()),
            Some(_) => Err(Reason::Contradiction),
        }
    }

    /// Executes every pending store.
    pub fn flush_slots(&mut self) -> Result<(), Reason> {
        let stale: Vec<u64> = self.st.slots.iter().filter(|(_, s)| s.stale).map(|(o, _)| o).collect();
        for offset in stale {
            let slot = self.st.slots[offset];
            let value = slot.value.expect("a stale slot has a value");
            if slot.owned { self.store_slot(value, offset)? } else { self.lend_slot(value, offset)? }
        }
        Ok(())
    }

    /// `guard_slot_tag`: whether the slot owns its reference.
    pub fn guard_slot_tag(&mut self, offset: u64, tag: u64) -> Result<(), Reason> {
        match self.st.slots.get(offset) {
            Some(Slot { origin: Origin::Loaded, .. }) | None => {
                self.heap_guard(Uop::GuardSlotTag, &[], [offset, tag]).map(drop)
            }
            Some(slot) if slot.owned == (tag == 0) => Ok(()),
            Some(_) => Err(Reason::Contradiction),
        }
    }

    /// An escape: makes every object that Python could see, and runs.
    pub fn escape(&mut self, args: &[ValueId], imms: [u64; 2]) -> Result<ValueId, Reason> {
        let pending: Vec<Val> = self.st.slots.values().filter(|s| s.stale).filter_map(|s| s.value).collect();
        for value in pending {
            self.force(value)?;
        }
        if let Some(id) = self.snap_in {
            let input = self.input;
            for v in input.snapshot(id).values() {
                let val = self.mapped(v)?;
                self.force_or_keep_raw(val)?;
            }
        }
        let v = self.push(Uop::Escape, args, imms)?;
        self.st.kill(writes(Uop::Escape, imms));
        let written: Vec<u64> = self.st.slots.iter().filter(|(_, s)| s.stale && s.owned).map(|(o, _)| o).collect();
        for offset in written {
            self.note_owned(offset);
        }
        for slot in self.st.slots.values_mut() {
            slot.stale = false;
        }
        self.forget_classes();
        Ok(v)
    }

    /// Forgets types that assigning `__class__` could have changed.
    pub fn forget_classes(&mut self) {
        let oracle = self.oracle;
        for info in &mut self.st.info {
            info.ty = info.ty.filter(|&t| oracle.class_is_fixed(t));
        }
    }

    fn force_or_keep_raw(&mut self, val: Val) -> Result<(), Reason> {
        match val {
            Val::Virtual(_) => self.force(val).map(drop),
            Val::Id(_) => Ok(()),
        }
    }

    /// The current input snapshot as one of the optimized trace.
    pub fn snapshot(&mut self) -> Result<SnapId, Reason> {
        let id = self.snap_in.ok_or_else(|| Reason::invalid("a guard without a snapshot to leave through"))?;
        let key = self.failing.is_empty().then(|| self.snap_key(id));
        if let Some(made) = key.and_then(|key| self.st.snaps.find(key)) {
            return Ok(made);
        }
        let snap = self.translate(id)?;
        Ok(self.st.snaps.add(&mut self.out.snapshots, key, snap))
    }

    /// What the translation of an input snapshot depends on.
    fn snap_key(&self, id: SnapId) -> SnapKey {
        let State { slots, pending, virtual_changes, .. } = &self.st;
        let (slots, pending) = (slots.version(), pending.version());
        SnapKey { input: id, slots, pending, virtual_changes: *virtual_changes }
    }

    /// Appends the input snapshot as one of the optimized trace.
    pub fn translate(&mut self, id: SnapId) -> Result<SnapId, Reason> {
        let mut to = std::mem::take(&mut self.out.snapshots);
        let done = self.translate_to(&mut to, id);
        let len = to.len();
        let made = done.map(|resume| to.end(resume));
        if made.is_err() {
            to.truncate(len);
        }
        self.out.snapshots = to;
        made
    }

    fn translate_to(&self, to: &mut Snapshots, id: SnapId) -> Result<Resume, Reason> {
        let input = self.input.snapshot(id);
        let mut iterators = SmallVec::new();
        if input.depth() == 0 {
            return Err(Reason::invalid("a snapshot without frames"));
        }
        let map = &self.st.map[..];
        let translate = |slot: &mut Placed, iterators: &mut Named| -> Result<(), Reason> {
            // Most are values that became others.
            let made = |v: ValueId| match map[v.0 as usize] {
                Some(Val::Id(made)) => Some(made),
                _ => None,
            };
            if !slot.source.rename(made) {
                let SlotVal { source, count } = self.translate_other(slot.slot(), iterators)?;
                (slot.source, slot.count) = (source, count);
            }
            Ok(())
        };
        let frame = input.frame(0);
        let root = frame.slots.len();
        let known = self.st.slots.all();
        let known = &known[..known.len().min(root)];
        to.begin_frame(frame.func);
        let mut said = frame.slots.changed();
        for (n, known) in known.iter().enumerate() {
            let recorded = match said {
                [slot, rest @ ..] if slot.number() == n => {
                    said = rest;
                    Some(*slot)
                }
                _ => None,
            };
            match (known, recorded) {
                (Some(known), _) if known.speaks_for(recorded.is_some()) => {
                    let recorded = recorded.map_or(SlotVal::UNCHANGED, Placed::slot);
                    to.push_slot(n, self.root_slot(recorded, known, n, &mut iterators)?);
                }
                (_, Some(slot)) => translate(to.push_placed(slot), &mut iterators)?,
                (_, None) => {}
            }
        }
        for slot in said {
            translate(to.push_placed(*slot), &mut iterators)?;
        }
        to.end_frame(frame.info(), root);
        for n in 1..input.depth() {
            for slot in to.copy_frame(input, n) {
                translate(slot, &mut iterators)?;
            }
        }
        let stored = |s: &Option<Slot>| s.is_some_and(|s| s.stale && s.origin == Origin::Stored);
        let beyond = self.st.slots.all().get(root..).and_then(|s| s.iter().rposition(stored));
        if let Some(n) = beyond {
            return Err(Reason::SlotMismatch(root + n));
        }
        to.push_stores(&self.st.pending);
        Ok(input.resume)
    }

    fn root_slot(&self, said: SlotVal, known: &Slot, n: usize, iterators: &mut Named) -> Result<SlotVal, Reason> {
        let Some(value) = known.value else { return Ok(SlotVal::UNCHANGED) };
        if known.stale {
            self.note_range_iter(value, Count::Steal, iterators)?;
        }
        let agrees = match said.source {
            Source::Unchanged => true,
            Source::Value(v) => self.norm(self.mapped(v)?) == self.norm(value),
            Source::Const(c) => matches!(self.norm(value), Val::Id(v) if self.constant(v) == Some(c)),
            Source::BoxI64(v) | Source::BoxF64(v) | Source::BoxBool(v) => {
                let raw = self.mapped(v)?;
                self.as_virtual(value).is_some_and(|x| Val::Id(x.raw) == raw)
            }
            Source::Null | Source::RangeIter { .. } => false,
        };
        if !agrees {
            return Err(Reason::SlotMismatch(n));
        }
        let count = if known.owned { Count::Steal } else { Count::Borrow };
        Ok(if known.stale { self.slot_val(value, count) } else { SlotVal::UNCHANGED })
    }

    /// A slot whose value did not become one that exists.
    fn translate_other(&self, slot: SlotVal, iterators: &mut Named) -> Result<SlotVal, Reason> {
        match slot.source {
            Source::Value(v) => {
                let val = self.mapped(v)?;
                self.note_range_iter(val, slot.count, iterators)?;
                Ok(self.slot_val(val, slot.count))
            }
            Source::BoxI64(v) | Source::BoxF64(v) | Source::BoxBool(v) => {
                self.mapped(v)?;
                Err(Reason::invalid(format!("{v} is boxed twice")))
            }
            _ => Err(Reason::invalid("a recorded snapshot makes no iterators")),
        }
    }

    /// What an input value became.
    pub fn mapped(&self, v: ValueId) -> Result<Val, Reason> {
        self.st.map[v.0 as usize].ok_or_else(|| Reason::invalid(format!("{v} is used before it is made")))
    }

    /// Whether the current input snapshot is the loop header's state as far as memory goes: one frame in which only
    /// assigned slots differ from memory.
    pub fn jump_state_is_plain(&self) -> bool {
        let Some(id) = self.snap_in else { return false };
        let snap = self.input.snapshot(id);
        snap.resume == Resume::Before
            && snap.depth() == 1
            && snap.frame(0).slots.changed().iter().all(|s| {
                let known = self.st.slots.get(8 * s.number() as u64);
                known.is_some_and(|k| k.origin == Origin::Stored)
            })
    }
}
