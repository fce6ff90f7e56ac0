//! Range iterators that do not exist: three integers, of which two change.
use ir::{Count, EntrySource, Source, Uop, ValueId};
use smallvec::SmallVec;

use crate::Reason;
use crate::state::{Key, Optimizer};
use crate::virtuals::{BoxKind, Val, Virtual};

/// The fields of a range iterator that the trace is entered with.
#[derive(Default)]
pub(crate) struct Incoming {
    start: Option<ValueId>,
    len: Option<ValueId>,
    step: Option<ValueId>,
    known_step: Option<i64>,
}

impl Incoming {
    /// Takes an entry parameter in.
    pub fn add(&mut self, source: EntrySource, v: ValueId) {
        match source {
            EntrySource::RangeStart { step, .. } => (self.start, self.known_step) = (Some(v), step),
            EntrySource::RangeLen(_) => self.len = Some(v),
            EntrySource::RangeStep(_) => self.step = Some(v),
            EntrySource::Slot(_) | EntrySource::Lent(_) | EntrySource::Parent(_) => {}
        }
    }

    /// Start, length and step, if they all came.
    pub fn complete(self, o: &mut Optimizer<'_>) -> Option<[ValueId; 3]> {
        let step = self.step.or_else(|| self.known_step.map(|step| o.const_i64(step)));
        Some([self.start?, self.len?, step?])
    }
}

impl Virtual {
    /// What a snapshot says of it.
    pub fn range_iter(&self) -> Source {
        let [len, step] = self.rest.expect("a range iterator has fields");
        Source::RangeIter { start: self.raw, len, step }
    }

    /// A range iterator's start, length and step.
    pub fn fields(&self) -> Option<[ValueId; 3]> {
        self.rest.map(|[len, step]| [self.raw, len, step])
    }
}

impl Optimizer<'_> {
    /// A new range iterator: on paper, or at once where nothing is to be put off.
    pub fn new_range_iter(&mut self, fields: [ValueId; 3]) -> Result<Val, Reason> {
        if !self.lazy {
            return self.make_range_iter(fields).map(Val::Id);
        }
        let [start, len, step] = fields;
        let val = self.new_virtual(BoxKind::RangeIter, start);
        if let Val::Virtual(n) = val {
            self.st.virtuals[n as usize].rest = Some([len, step]);
        }
        Ok(val)
    }

    /// Makes the object.
    pub fn make_range_iter(&mut self, fields: [ValueId; 3]) -> Result<ValueId, Reason> {
        let known = self.known.range_iter;
        let object = self.push(Uop::NewRangeIter, &fields, [0; 2])?;
        let info = self.info_mut(object);
        (info.ty, info.non_null) = (Some(known.ty), true);
        for (offset, value) in [known.start, known.len, known.step].into_iter().zip(fields) {
            let key = Key::new(Uop::LoadFieldI64, &[object], [offset, 0]);
            self.st.remember(key, Some(value));
        }
        Ok(object)
    }

    /// The field of a virtual range iterator at a byte offset.
    pub fn range_field(&self, v: &Virtual, offset: u64) -> Option<ValueId> {
        let known = self.known.range_iter;
        let [start, len, step] = v.fields()?;
        [(known.start, start), (known.len, len), (known.step, step)]
            .into_iter()
            .find(|f| f.0 == offset)
            .map(|(_, value)| value)
    }

    /// Sets the start or length of a virtual range iterator; whether `val` is one.
    pub fn set_range_field(&mut self, val: Val, offset: u64, value: ValueId) -> bool {
        let known = self.known.range_iter;
        let Val::Virtual(n) = self.norm(val) else { return false };
        let v = &mut self.st.virtuals[n as usize];
        match &mut v.rest {
            Some(_) if offset == known.start => v.raw = value,
            Some([len, _]) if offset == known.len => *len = value,
            _ => return false,
        }
        self.st.virtual_changes += 1;
        true
    }

    /// Notes that a snapshot names `val`, of which there may be one only.
    pub fn note_range_iter(&self, val: Val, count: Count, seen: &mut SmallVec<[u32; 4]>) -> Result<(), Reason> {
        let Val::Virtual(n) = self.norm(val) else { return Ok(()) };
        if self.st.virtuals[n as usize].kind == BoxKind::RangeIter {
            if count == Count::Borrow || seen.contains(&n) {
                return Err(Reason::Pending);
            }
            seen.push(n);
        }
        Ok(())
    }
}
