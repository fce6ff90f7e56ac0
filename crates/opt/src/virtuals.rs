//! Boxes that exist only on paper until something needs the object.
use ir::{Count, SlotVal, Source, Uop, ValueId};

use crate::Reason;
use crate::state::Optimizer;

/// What an input value became.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Val {
    /// A value of the optimized trace.
    Id(ValueId),
    /// An index into `State::virtuals`.
    Virtual(u32),
}

/// Which box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BoxKind {
    I64,
    F64,
    /// With the immediates of its `box_bool`.
    Bool([u64; 2]),
    /// A range iterator: `raw` is where it starts.
    RangeIter,
}

/// A box not made yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Virtual {
    pub kind: BoxKind,
    pub raw: ValueId,
    /// Of a range iterator, its length and step.
    pub rest: Option<[ValueId; 2]>,
    /// References that the trace owns.
    pub refs: u32,
    /// The object, once something needed it.
    pub forced: Option<ValueId>,
}

impl Optimizer<'_> {
    /// A new virtual box with one reference.
    pub fn new_virtual(&mut self, kind: BoxKind, raw: ValueId) -> Val {
        if let BoxKind::Bool(_) = kind {
            // Truth values are two objects: equal raw values are the same object.
            let same = |v: &Virtual| v.kind == kind && v.raw == raw;
            if let Some(n) = self.st.virtuals.iter().position(same) {
                return Val::Virtual(n as u32);
            }
        }
        self.st.virtuals.push(Virtual { kind, raw, rest: None, refs: 1, forced: None });
        Val::Virtual(self.st.virtuals.len() as u32 - 1)
    }

    /// The value with forced boxes seen through.
    pub fn norm(&self, val: Val) -> Val {
        match val {
            Val::Virtual(n) => self.st.virtuals[n as usize].forced.map_or(val, Val::Id),
            Val::Id(_) => val,
        }
    }

    pub fn as_virtual(&self, val: Val) -> Option<Virtual> {
        match self.norm(val) {
            Val::Virtual(n) => Some(self.st.virtuals[n as usize]),
            Val::Id(_) => None,
        }
    }

    pub fn virtual_type(&self, kind: BoxKind) -> u64 {
        match kind {
            BoxKind::I64 => self.known.int,
            BoxKind::F64 => self.known.float,
            BoxKind::Bool(_) => self.known.bool_,
            BoxKind::RangeIter => self.known.range_iter.ty,
        }
    }

    /// The value as one that exists at run time: makes the box if it is still virtual.
    pub fn force(&mut self, val: Val) -> Result<ValueId, Reason> {
        let n = match self.norm(val) {
            Val::Id(v) => return Ok(v),
            Val::Virtual(n) => n,
        };
        let Virtual { kind, raw, refs, rest, .. } = self.st.virtuals[n as usize];
        if let Some([len, step]) = rest {
            let object = self.make_range_iter([raw, len, step])?;
            self.st.virtuals[n as usize].forced = Some(object);
            self.st.virtual_changes += 1;
            return Ok(object);
        }
        let object = match kind {
            BoxKind::RangeIter => return Err(Reason::invalid("a range iterator without fields")),
            BoxKind::I64 => self.push(Uop::BoxI64, &[raw], [0; 2])?,
            BoxKind::F64 => self.push(Uop::BoxF64, &[raw], [0; 2])?,
            BoxKind::Bool(imms) => self.pure_(Uop::BoxBool, &[raw], imms)?,
        };
        let ty = self.virtual_type(kind);
        let info = self.info_mut(object);
        (info.ty, info.non_null, info.twin) = (Some(ty), true, Some(raw));
        self.st.virtuals[n as usize].forced = Some(object);
        self.st.virtual_changes += 1;
        if !matches!(kind, BoxKind::Bool(_)) {
            for _ in 1..refs {
                self.push(Uop::Incref, &[object], [0; 2])?;
            }
        }
        Ok(object)
    }

    /// What a snapshot says of an object value.
    pub fn slot_val(&self, val: Val, count: Count) -> SlotVal {
        let source = match self.norm(val) {
            Val::Id(v) => return SlotVal { source: Source::Value(v), count },
            Val::Virtual(n) => {
                let v = &self.st.virtuals[n as usize];
                match v.kind {
                    BoxKind::I64 => Source::BoxI64(v.raw),
                    BoxKind::F64 => Source::BoxF64(v.raw),
                    BoxKind::RangeIter => v.range_iter(),
                    BoxKind::Bool([false_, distance]) => match self.failing.iter().find(|(raw, _)| *raw == v.raw) {
                        Some(&(_, truth)) => {
                            let object = if truth { false_.wrapping_add(distance) } else { false_ };
                            return SlotVal { source: Source::Const(object), count: Count::Borrow };
                        }
                        None => Source::BoxBool(v.raw),
                    },
                }
            }
        };
        SlotVal { source, count: Count::New }
    }

    /// One reference more that the trace owns.
    pub fn incref(&mut self, val: Val) -> Result<(), Reason> {
        if self.as_virtual(val).is_some_and(|v| v.kind == BoxKind::RangeIter) {
            self.force(val)?;
        }
        match self.norm(val) {
            Val::Virtual(n) => self.st.virtuals[n as usize].refs += 1,
            Val::Id(v) if self.is_immortal(v) => {}
            Val::Id(v) => {
                self.st.kill_refcounts();
                self.push(Uop::Incref, &[v], [0; 2])?;
            }
        }
        Ok(())
    }

    /// One reference less, by `op`.
    pub fn decref(&mut self, op: Uop, val: Val) -> Result<(), Reason> {
        match self.norm(val) {
            Val::Virtual(n) => {
                let v = &mut self.st.virtuals[n as usize];
                v.refs = v.refs.saturating_sub(1);
            }
            Val::Id(v) if self.is_immortal(v) => {}
            Val::Id(v) => {
                self.st.kill_refcounts();
                self.push(op, &[v], [0; 2])?;
            }
        }
        Ok(())
    }

    /// Whether counting its references changes nothing; so for null, where a uop allows it.
    pub fn is_immortal(&self, v: ValueId) -> bool {
        self.info(v).ty == Some(self.known.bool_)
            || self.constant(v).is_some_and(|a| a == 0 || self.oracle.is_immortal(a))
    }
}
