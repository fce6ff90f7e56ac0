//! The snapshots of a trace. There is about one for every other uop, each with some twenty slots, and every pass copies
//! most of them: so all slots of all snapshots lie in one array.
use crate::snapshot::{CodeId, Continuation, FieldStore, Frame, Resume, SlotVal, Snapshot, Source};
use crate::{SnapId, ValueId};

/// The snapshots of a trace, by [`SnapId`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshots {
    heads: Vec<Head>,
    frames: Vec<FrameHead>,
    /// Of each frame its function, then its slots.
    slots: Vec<SlotVal>,
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
    /// Of its slots, counted from the snapshot's first one.
    end: u32,
}

/// A snapshot in its place.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRef<'a> {
    pub resume: Resume,
    frames: &'a [FrameHead],
    slots: &'a [SlotVal],
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
    pub slots: &'a [SlotVal],
    pub continuation: Continuation,
}

impl Snapshots {
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Makes room for somewhat more than `like` has.
    pub fn reserve(&mut self, like: &Snapshots) {
        let more = |n: usize| n + n / 2;
        self.heads.reserve(more(like.heads.len()));
        self.frames.reserve(more(like.frames.len()));
        self.slots.reserve(more(like.slots.len()));
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
            self.push_slot(func);
            self.slots.extend_from_slice(slots);
            self.end_frame(FrameInfo { code, generator, pc, continuation });
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
        for slot in self.begin_copy(snap) {
            slot.source.rename(|v| Some(f(v)));
        }
        let stored = |s: &FieldStore| FieldStore { object: f(s.object), offset: s.offset, value: f(s.value) };
        self.stores.extend(snap.stores.iter().map(stored));
        self.end(snap.resume)
    }

    /// Appends the frames of another trace's snapshot: functions and slots of all of them, to be changed.
    pub fn begin_copy(&mut self, snap: SnapshotRef<'_>) -> &mut [SlotVal] {
        self.frames.extend_from_slice(snap.frames);
        let first = self.slots.len();
        self.slots.extend_from_slice(snap.slots);
        &mut self.slots[first..]
    }

    /// Begins a frame with its function, or goes on with the next slot.
    #[inline]
    pub fn push_slot(&mut self, slot: SlotVal) {
        self.slots.push(slot);
    }

    /// Goes on with more slots.
    #[inline]
    pub fn extend_slots(&mut self, slots: impl IntoIterator<Item = SlotVal>) {
        self.slots.extend(slots);
    }

    /// The frame whose function and slots were pushed is complete.
    pub fn end_frame(&mut self, info: FrameInfo) {
        let first = self.start(self.heads.len()).slots_end;
        self.frames.push(FrameHead { info, end: self.slots.len() as u32 - first });
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

    /// The function and the slots of the innermost frame.
    pub fn innermost_mut(&mut self, id: SnapId) -> Option<(&mut SlotVal, &mut [SlotVal])> {
        let n = id.0 as usize;
        let (start, end) = (self.start(n), *self.heads.get(n)?);
        let outer = &self.frames[start.frames_end as usize..end.frames_end as usize];
        let [outer @ .., _] = outer else { return None };
        let first = start.slots_end + outer.last().map_or(0, |f| f.end);
        self.slots[first as usize..end.slots_end as usize].split_first_mut()
    }

    /// Functions and slots of all frames; see [`SnapshotRef::all_slots`].
    pub fn all_slots_mut(&mut self, id: SnapId) -> &mut [SlotVal] {
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
        let FrameHead { info: FrameInfo { code, generator, pc, continuation }, end } = self.frames[n];
        let [func, slots @ ..] = &self.slots[start..end as usize] else { unreachable!("a frame has a function") };
        FrameRef { code, func: *func, generator, pc, slots, continuation }
    }

    /// The frames, outermost first.
    pub fn frames(self) -> impl DoubleEndedIterator<Item = FrameRef<'a>> + ExactSizeIterator {
        (0..self.frames.len()).map(move |n| self.frame(n))
    }

    /// The innermost frame.
    pub fn innermost(&self) -> Option<FrameRef<'a>> {
        self.frames.len().checked_sub(1).map(|n| self.frame(n))
    }

    /// Functions and slots of all frames: of each its function, then its slots.
    pub fn all_slots(&self) -> &'a [SlotVal] {
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

impl FrameRef<'_> {
    /// A copy, to be changed.
    pub fn to_frame(self) -> Frame {
        let FrameRef { code, func, generator, pc, slots, continuation } = self;
        Frame { code, func, generator, pc, slots: slots.to_vec(), continuation }
    }
}
