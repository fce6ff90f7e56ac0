//! The snapshots of a trace. There is about one for every other uop, each with some twenty slots, and every pass copies
//! most of them: so what all snapshots say of slots lies in one array, without those that memory has right.
use crate::room::make_room;
use crate::snapshot::{CodeId, Continuation, Count, FieldStore, Frame, Resume, SlotVal, Snapshot, Source};
use crate::{SnapId, ValueId};

/// The snapshots of a trace, by [`SnapId`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshots {
    heads: Vec<Head>,
    frames: Vec<FrameHead>,
    /// Of each frame its function, then those of its slots that differ from memory: a third.
    slots: Vec<Placed>,
    stores: Vec<FieldStore>,
}

/// A snapshot. It begins where the one before ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Head {
    resume: Resume,
    frames_end: u32,
    slots_end: u32,
    stores_end: u32,
}

/// What a frame has besides its function and its slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    pub code: CodeId,
    pub generator: bool,
    pub pc: u32,
    pub continuation: Continuation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FrameHead {
    info: FrameInfo,
    /// How many slots it has, those included that memory has right.
    depth: u32,
    /// Of what is kept of it, counted from the snapshot's first entry.
    end: u32,
}

/// A slot, or a frame's function, and which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    pub source: Source,
    pub count: Count,
    /// The slot's number; 0 for a function.
    n: u32,
}

/// The slots of a frame, of which only those are kept that differ from memory.
#[derive(Clone, Copy, Debug)]
pub struct Slots<'a> {
    changed: &'a [Placed],
    depth: u32,
}

impl Placed {
    #[inline]
    fn new(n: usize, slot: SlotVal) -> Placed {
        Placed { source: slot.source, count: slot.count, n: n as u32 }
    }

    /// Which slot it is.
    #[inline]
    pub fn number(self) -> usize {
        self.n as usize
    }

    #[inline]
    pub fn slot(self) -> SlotVal {
        SlotVal { source: self.source, count: self.count }
    }
}

impl<'a> Slots<'a> {
    /// The stack's depth.
    #[inline]
    pub fn len(self) -> usize {
        self.depth as usize
    }

    pub fn is_empty(self) -> bool {
        self.depth == 0
    }

    /// Those that memory has not right, ascending.
    #[inline]
    pub fn changed(self) -> &'a [Placed] {
        self.changed
    }

    /// Slot `n`.
    pub fn get(self, n: usize) -> SlotVal {
        let found = self.changed.binary_search_by_key(&n, |p| p.number());
        found.map_or(SlotVal::UNCHANGED, |at| self.changed[at].slot())
    }

    /// All.
    pub fn iter(self) -> impl Iterator<Item = SlotVal> + 'a {
        let mut rest = self.changed.iter().peekable();
        (0..self.len()).map(move |n| rest.next_if(|p| p.number() == n).map_or(SlotVal::UNCHANGED, |p| p.slot()))
    }
}

/// A snapshot in its place.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRef<'a> {
    pub resume: Resume,
    frames: &'a [FrameHead],
    slots: &'a [Placed],
    /// Pending stores to fields, each to another field.
    pub stores: &'a [FieldStore],
}

/// A frame of a [`SnapshotRef`]; see [`Frame`].
#[derive(Clone, Copy, Debug)]
pub struct FrameRef<'a> {
    pub code: CodeId,
    pub func: SlotVal,
    pub generator: bool,
    pub pc: u32,
    pub slots: Slots<'a>,
    pub continuation: Continuation,
}

impl Snapshots {
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Becomes empty, with room for what a trace with these snapshots becomes.
    pub fn make_room(&mut self, like: &Snapshots) {
        let more = |n: usize| 3 * n;
        make_room(&mut self.heads, more(like.heads.len()));
        make_room(&mut self.frames, more(like.frames.len()));
        make_room(&mut self.slots, more(like.slots.len()));
        self.stores.clear();
    }

    /// Makes room for just those of `all` that are `named`.
    pub fn reserve_of(&mut self, all: &Snapshots, named: &[bool]) {
        let (mut start, mut sum) = (Head::default(), (0, 0, 0, 0));
        for (end, &named) in all.heads.iter().zip(named) {
            if named {
                sum.0 += 1;
                sum.1 += (end.frames_end - start.frames_end) as usize;
                sum.2 += (end.slots_end - start.slots_end) as usize;
                sum.3 += (end.stores_end - start.stores_end) as usize;
            }
            start = *end;
        }
        self.heads.reserve_exact(sum.0);
        self.frames.reserve_exact(sum.1);
        self.slots.reserve_exact(sum.2);
        self.stores.reserve_exact(sum.3);
    }

    /// Gives back what room is left.
    pub fn shrink_to_fit(&mut self) {
        self.heads.shrink_to_fit();
        self.frames.shrink_to_fit();
        self.slots.shrink_to_fit();
        self.stores.shrink_to_fit();
    }

    /// The snapshot, if it exists.
    #[inline]
    pub fn get(&self, id: SnapId) -> Option<SnapshotRef<'_>> {
        let n = id.0 as usize;
        let end = self.heads.get(n)?;
        let start = self.start(n);
        Some(SnapshotRef {
            resume: end.resume,
            frames: &self.frames[start.frames_end as usize..end.frames_end as usize],
            slots: &self.slots[start.slots_end as usize..end.slots_end as usize],
            stores: &self.stores[start.stores_end as usize..end.stores_end as usize],
        })
    }

    /// Where snapshot `n` begins: the ends of the one before.
    #[inline]
    fn start(&self, n: usize) -> Head {
        n.checked_sub(1).map_or(Head::default(), |before| self.heads[before])
    }

    /// All snapshots, in order.
    pub fn iter(&self) -> impl Iterator<Item = SnapshotRef<'_>> {
        (0..self.heads.len() as u32).filter_map(|n| self.get(SnapId(n)))
    }

    /// Appends a snapshot.
    pub fn push(&mut self, snap: &Snapshot) -> SnapId {
        for frame in &snap.frames {
            let Frame { code, func, generator, pc, ref slots, continuation } = *frame;
            self.begin_frame(func);
            self.extend_slots(slots.iter().copied());
            self.end_frame(FrameInfo { code, generator, pc, continuation }, slots.len());
        }
        self.push_stores(&snap.stores);
        self.end(snap.resume)
    }

    /// Appends a copy of a snapshot.
    pub fn push_copy(&mut self, id: SnapId) -> SnapId {
        let (start, end) = (self.start(id.0 as usize), self.heads[id.0 as usize]);
        self.frames.extend_from_within(start.frames_end as usize..end.frames_end as usize);
        self.slots.extend_from_within(start.slots_end as usize..end.slots_end as usize);
        self.stores.extend_from_within(start.stores_end as usize..end.stores_end as usize);
        self.end(end.resume)
    }

    /// Appends a snapshot of another trace with its values mapped.
    pub fn push_mapped(&mut self, snap: SnapshotRef<'_>, f: impl Fn(ValueId) -> ValueId) -> SnapId {
        self.frames.extend_from_slice(snap.frames);
        let first = self.slots.len();
        self.slots.extend_from_slice(snap.slots);
        for slot in &mut self.slots[first..] {
            slot.source.rename(|v| Some(f(v)));
        }
        let stored = |s: &FieldStore| FieldStore { object: f(s.object), offset: s.offset, value: f(s.value) };
        self.stores.extend(snap.stores.iter().map(stored));
        self.end(snap.resume)
    }

    /// Appends a frame of another trace's snapshot: its function and the slots kept of it, to be changed.
    pub fn copy_frame(&mut self, snap: SnapshotRef<'_>, n: usize) -> &mut [Placed] {
        let FrameHead { info, depth, end } = snap.frames[n];
        let start = n.checked_sub(1).map_or(0, |before| snap.frames[before].end as usize);
        let first = self.slots.len();
        self.slots.extend_from_slice(&snap.slots[start..end as usize]);
        self.end_frame(info, depth as usize);
        &mut self.slots[first..]
    }

    /// Begins a frame with its function.
    #[inline]
    pub fn begin_frame(&mut self, func: SlotVal) {
        self.slots.push(Placed::new(0, func));
    }

    /// Adds slot `n` of the frame begun; slots come ascending.
    #[inline]
    pub fn push_slot(&mut self, n: usize, slot: SlotVal) {
        if slot.source != Source::Unchanged {
            self.slots.push(Placed::new(n, slot));
        }
    }

    /// Adds a slot of another trace's snapshot, to be changed.
    #[inline]
    pub fn push_placed(&mut self, slot: Placed) -> &mut Placed {
        self.slots.push(slot);
        self.slots.last_mut().expect("it was just pushed")
    }

    /// Adds all slots of the frame begun.
    #[inline]
    pub fn extend_slots(&mut self, slots: impl IntoIterator<Item = SlotVal>) {
        for (n, slot) in slots.into_iter().enumerate() {
            self.push_slot(n, slot);
        }
    }

    /// The frame that was begun has `depth` slots and is complete.
    pub fn end_frame(&mut self, info: FrameInfo, depth: usize) {
        let first = self.start(self.heads.len()).slots_end;
        self.frames.push(FrameHead { info, depth: depth as u32, end: self.slots.len() as u32 - first });
    }

    #[inline]
    pub fn push_stores(&mut self, stores: &[FieldStore]) {
        self.stores.extend_from_slice(stores);
    }

    /// The snapshot whose frames and stores were pushed is complete.
    pub fn end(&mut self, resume: Resume) -> SnapId {
        self.heads.push(Head {
            resume,
            frames_end: self.frames.len() as u32,
            slots_end: self.slots.len() as u32,
            stores_end: self.stores.len() as u32,
        });
        SnapId(self.heads.len() as u32 - 1)
    }

    /// Keeps the first `len` snapshots, and nothing of one that was begun.
    pub fn truncate(&mut self, len: usize) {
        let end = self.start(len);
        self.heads.truncate(len);
        self.frames.truncate(end.frames_end as usize);
        self.slots.truncate(end.slots_end as usize);
        self.stores.truncate(end.stores_end as usize);
    }

    /// The function and the slots kept of the innermost frame.
    pub fn innermost_mut(&mut self, id: SnapId) -> Option<(&mut Placed, &mut [Placed])> {
        let n = id.0 as usize;
        let (start, end) = (self.start(n), *self.heads.get(n)?);
        let outer = &self.frames[start.frames_end as usize..end.frames_end as usize];
        let [outer @ .., _] = outer else { return None };
        let first = start.slots_end + outer.last().map_or(0, |f| f.end);
        self.slots[first as usize..end.slots_end as usize].split_first_mut()
    }

    /// Functions and slots of all frames; see [`SnapshotRef::all_slots`].
    pub fn all_slots_mut(&mut self, id: SnapId) -> &mut [Placed] {
        let (start, end) = (self.start(id.0 as usize), self.heads[id.0 as usize]);
        &mut self.slots[start.slots_end as usize..end.slots_end as usize]
    }

    /// Whether two snapshots are equal.
    pub fn are_equal(&self, a: SnapId, b: SnapId) -> bool {
        let (Some(a), Some(b)) = (self.get(a), self.get(b)) else { return false };
        // Mostly they are of different instructions.
        a.resume == b.resume && a.frames == b.frames && a.stores == b.stores && a.slots == b.slots
    }
}

impl<'a> SnapshotRef<'a> {
    /// How many frames there are.
    pub fn depth(&self) -> usize {
        self.frames.len()
    }

    /// Frame `n`, counted from the outermost.
    pub fn frame(&self, n: usize) -> FrameRef<'a> {
        let start = n.checked_sub(1).map_or(0, |before| self.frames[before].end as usize);
        let FrameHead { info: FrameInfo { code, generator, pc, continuation }, depth, end } = self.frames[n];
        let [func, changed @ ..] = &self.slots[start..end as usize] else { unreachable!("a frame has a function") };
        FrameRef { code, func: func.slot(), generator, pc, slots: Slots { changed, depth }, continuation }
    }

    /// The frames, outermost first.
    pub fn frames(self) -> impl DoubleEndedIterator<Item = FrameRef<'a>> + ExactSizeIterator {
        (0..self.frames.len()).map(move |n| self.frame(n))
    }

    /// The innermost frame.
    pub fn innermost(&self) -> Option<FrameRef<'a>> {
        self.frames.len().checked_sub(1).map(|n| self.frame(n))
    }

    /// Of all frames the function, then the slots that are kept.
    pub fn all_slots(&self) -> &'a [Placed] {
        self.slots
    }

    /// Calls `f` with every trace value the snapshot uses (with repetitions).
    #[inline]
    pub fn each_value(&self, mut f: impl FnMut(ValueId)) {
        for slot in self.slots {
            match slot.source {
                Source::Unchanged | Source::Null | Source::Const(_) => {}
                Source::Value(v) | Source::BoxI64(v) | Source::BoxF64(v) | Source::BoxBool(v) => f(v),
                Source::RangeIter { start, len, step } => [start, len, step].into_iter().for_each(&mut f),
            }
        }
        self.stores.iter().flat_map(|s| [s.object, s.value]).for_each(f);
    }

    /// Every trace value the snapshot uses (with repetitions).
    pub fn values(self) -> impl Iterator<Item = ValueId> + 'a {
        let stores = self.stores.iter().flat_map(|s| [s.object, s.value]);
        self.slots.iter().flat_map(|s| s.source.values()).chain(stores)
    }

    /// A copy, to be changed.
    pub fn to_snapshot(self) -> Snapshot {
        let frames = self.frames().map(|f| f.to_frame()).collect();
        Snapshot { resume: self.resume, frames, stores: self.stores.to_vec() }
    }
}

impl<'a> FrameRef<'a> {
    /// What it has besides its function and its slots.
    pub fn info(&self) -> FrameInfo {
        FrameInfo { code: self.code, generator: self.generator, pc: self.pc, continuation: self.continuation }
    }

    /// A copy, to be changed.
    pub fn to_frame(self) -> Frame {
        let FrameRef { code, func, generator, pc, slots, continuation } = self;
        Frame { code, func, generator, pc, slots: slots.iter().collect(), continuation }
    }
}
