//! What a loop carries: its places, and the plan for each.
use ir::{Kind, Uop, ValueId};

use super::growth;
use super::reach::{self, Lost};
use crate::facts::{Info, Range};
use crate::heap::{Write, may_change};
use crate::state::{Key, Optimizer};
use crate::virtuals::{BoxKind, Val};

/// A phi: what enters the loop, and what is known of it in every iteration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Carried {
    pub kind: Kind,
    pub range: Range,
}

#[derive(Clone, Debug)]
pub(super) enum Plan {
    /// The same value in every iteration.
    Same,
    /// The raw value of a virtual box.
    Raw(BoxKind, Range),
    /// A virtual range iterator: its start and length are carried, its step is the same.
    RangeIter(Range, Range),
    /// A raw value itself.
    Scalar(Carried),
    Object {
        ty: Option<u64>,
        non_null: bool,
        twin: Option<Carried>,
    },
    /// Loaded again where needed.
    Unknown,
}

#[derive(Clone, Debug)]
pub(super) enum Place {
    Slot(u64),
    Memory(Key),
}

pub(super) struct Planned {
    pub place: Place,
    /// At the end of the preamble.
    pub first: Val,
    pub plan: Plan,
    /// In the body.
    pub inside: Val,
    /// Of a virtual range iterator, its fields at the start of the body.
    pub fields: Option<[ValueId; 3]>,
    /// `Same` was tried and failed.
    pub varies: bool,
    /// The range that its number has at the end of the preamble, if the plan has a wider one.
    pub before_growth: Option<Range>,
    /// Whether memory was stale at the end of the preamble.
    pub stale: bool,
}

impl Planned {
    pub fn new(place: Place, first: Val) -> Self {
        let (inside, before_growth) = (first, None);
        Self { place, first, plan: Plan::Same, inside, fields: None, varies: false, before_growth, stale: false }
    }

    /// The range of the integer that it carries.
    pub fn range_mut(&mut self) -> Option<&mut Range> {
        match &mut self.plan {
            Plan::Raw(BoxKind::I64, range) => Some(range),
            Plan::Object { twin: Some(c), .. } | Plan::Scalar(c) if c.kind == Kind::I64 => Some(&mut c.range),
            _ => None,
        }
    }

    /// The virtual box it had at the end of the preamble.
    pub fn virtual_box(&self) -> Option<u32> {
        match self.first {
            Val::Virtual(n) => Some(n),
            Val::Id(_) => None,
        }
    }
}

/// The places at the end of the preamble and the first plan for each.
pub(super) fn places(o: &Optimizer<'_>, written: &[Write]) -> Vec<Planned> {
    let mut out = Vec::new();
    for (offset, slot) in o.st.slots.iter() {
        let Some(value) = slot.value else { continue };
        let first = o.norm(value);
        out.push(Planned { stale: slot.stale, ..Planned::new(Place::Slot(offset), first) });
    }
    for (key, value) in &o.st.heap {
        let Some(v) = *value else { continue };
        if written.iter().any(|&w| may_change(key, w)) && matches!(o.kind(v), Kind::Obj | Kind::I64 | Kind::F64) {
            out.push(Planned::new(Place::Memory(*key), Val::Id(v)));
        }
    }
    let in_memory = out.iter().any(|p| matches!(p.place, Place::Memory(_)));
    let lost = if in_memory { Lost::new(o) } else { Lost::default() };
    for n in 0..out.len() {
        let p = &out[n];
        let invariant = match (p.first, o.as_virtual(p.first)) {
            (_, Some(v)) if v.kind == BoxKind::RangeIter => {
                // One that the iteration does not step.
                v.fields().into_iter().flatten().all(|f| o.constant(f).is_some() || o.def(f).op == Uop::EntryI64)
            }
            (_, Some(v)) => o.constant(v.raw).is_some() || (reach::is_as_entered(o, &p.place, v.raw) && alone(&out, n)),
            (Val::Id(v), _) => o.constant(v).is_some() || matches!(o.def(v).op, Uop::LoadSlot | Uop::EntryObj),
            _ => false,
        };
        if !invariant {
            out[n].plan = weaker(o, &out[n]);
            growth::foresee(o, &mut out[n], &lost);
        }
    }
    reach::forget_unreachable(o, &mut out, written, &lost);
    out
}

/// The plan below `Same`: what the value at the preamble's end allows.
pub(super) fn weaker(o: &Optimizer<'_>, p: &Planned) -> Plan {
    match o.as_virtual(p.first) {
        Some(v) if v.kind == BoxKind::RangeIter => {
            let [start, len, _] = v.fields().expect("a range iterator has fields");
            Plan::RangeIter(o.range(start), o.range(len))
        }
        Some(v) if !matches!(v.kind, BoxKind::Bool(_)) => Plan::Raw(v.kind, o.range(v.raw)),
        Some(v) => Plan::Object { ty: Some(o.virtual_type(v.kind)), non_null: true, twin: None },
        None => {
            let Val::Id(v) = o.norm(p.first) else { unreachable!("it is no virtual") };
            match o.kind(v) {
                Kind::Obj => object_plan(o, v),
                kind => Plan::Scalar(Carried { kind, range: o.range(v) }),
            }
        }
    }
}

pub(super) fn object_plan(o: &Optimizer<'_>, v: ValueId) -> Plan {
    let info = o.info(v);
    Plan::Object { ty: info.ty, non_null: info.non_null, twin: info.twin.and_then(|t| carried(o, t)) }
}

pub(super) fn carried(o: &Optimizer<'_>, raw: ValueId) -> Option<Carried> {
    let kind = o.kind(raw);
    matches!(kind, Kind::I64 | Kind::F64).then(|| Carried { kind, range: o.range(raw) })
}

/// The raw value that an object is known to hold.
pub(super) fn twin(o: &mut Optimizer<'_>, v: ValueId, kind: Kind) -> Option<ValueId> {
    let Info { twin, constant, ty, .. } = *o.info(v);
    if let Some(t) = twin.filter(|&t| o.kind(t) == kind) {
        return Some(t);
    }
    let oracle = o.oracle;
    match kind {
        Kind::I64 if ty == Some(o.known.int) => constant.and_then(|c| oracle.int_value(c)).map(|x| o.const_i64(x)),
        Kind::F64 if ty == Some(o.known.float) => constant.and_then(|c| oracle.float_value(c)).map(|x| o.const_f64(x)),
        _ => None,
    }
}

/// What is known of a place now.
pub(super) fn last_value(o: &Optimizer<'_>, place: &Place) -> Option<Val> {
    match place {
        Place::Slot(offset) => o.st.slots[*offset].value.map(|v| o.norm(v)),
        Place::Memory(key) => o.st.heap.iter().find(|(k, _)| k == key).and_then(|(_, v)| v.map(Val::Id)),
    }
}

/// Whether no other place has the same box at the end of the preamble.
pub(super) fn alone(places: &[Planned], n: usize) -> bool {
    places[n].virtual_box().is_none_or(|b| places.iter().filter(|p| p.virtual_box() == Some(b)).count() == 1)
}
