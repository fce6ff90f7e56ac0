//! Numbers that every iteration adds to.
use ir::{Kind, Uop, ValueId};

use super::plan::{Place, Planned, last_value};
use super::reach::{Lost, is_load};
use crate::facts::Range;
use crate::state::Optimizer;
use crate::virtuals::Val;

/// Sums of sums that are looked through.
const DEPTH: usize = 4;

/// Gives up bounds of what is carried that no iteration keeps: where the preamble found any number that an object in
/// the place can be, and added to it, the next one adds to that. (Found out by feeding the body, that takes a round for
/// each step of [`Range::widen`].)
pub(super) fn foresee(o: &Optimizer<'_>, p: &mut Planned, lost: &Lost) {
    let Some(raw) = number(o, p.first) else { return };
    let Some((found, by)) = sum(o, &p.place, lost, raw, DEPTH) else { return };
    let Some(range) = p.range_mut() else { return };
    let before = *range;
    // A bound that a guard has narrowed, before or after, is kept by it in each iteration.
    if by.lo < 0 && found.lo == Range::COMPACT.lo && before.lo == found.lo.saturating_add(by.lo) {
        range.lo = i64::MIN;
    }
    if by.hi > 0 && found.hi == Range::COMPACT.hi && before.hi == found.hi.saturating_add(by.hi) {
        range.hi = i64::MAX;
    }
    p.before_growth = (*range != before).then_some(before);
}

/// At the end of the body: goes back to the range before growth where a guard keeps the number small after all, one that
/// the preamble could do without. Whether there was such a place.
pub(super) fn take_back(o: &Optimizer<'_>, places: &mut [Planned]) -> bool {
    let exact = Range::EXACT_FLOAT;
    let range_of = |val| number(o, val).map(|v| o.range(v));
    let mut any = false;
    for p in places {
        let Some(before) = p.before_growth else { continue };
        let (Some(found), Some(last)) = (range_of(p.inside), last_value(o, &p.place).and_then(range_of)) else {
            continue;
        };
        let Some(range) = p.range_mut() else { continue };
        // What the body adds to, or leaves, would have stayed within the first steps of widening.
        let falls = range.lo == before.lo || found.lo <= exact.lo && last.lo < exact.lo;
        let rises = range.hi == before.hi || found.hi >= exact.hi && last.hi > exact.hi;
        if !falls || !rises {
            *range = before;
            p.before_growth = None;
            any = true;
        }
    }
    any
}

/// The integer that a value is, or that its object holds.
fn number(o: &Optimizer<'_>, val: Val) -> Option<ValueId> {
    let v = match o.norm(val) {
        Val::Virtual(n) => return Some(o.st.virtuals[n as usize].raw),
        Val::Id(v) => v,
    };
    if o.kind(v) == Kind::Obj { o.info(v).twin } else { Some(v) }
}

/// The range of the number found in the place and of what was added to it, if `v` is their sum.
fn sum(o: &Optimizer<'_>, place: &Place, lost: &Lost, v: ValueId, depth: usize) -> Option<(Range, Range)> {
    let inst = o.def(v);
    match (inst.op, &inst.args[..]) {
        (Uop::UnboxCompact, &[object]) => is_found_in(o, place, lost, object).then(|| (o.range(v), Range::point(0))),
        (Uop::IntAdd | Uop::IntAddNowrap, &[a, b]) if depth > 0 => [(a, b), (b, a)].into_iter().find_map(|(a, b)| {
            let ((found, by), b) = (sum(o, place, lost, a, depth - 1)?, o.range(b));
            Some((found, Range { lo: by.lo.saturating_add(b.lo), hi: by.hi.saturating_add(b.hi) }))
        }),
        (Uop::IntSub | Uop::IntSubNowrap, &[a, b]) if depth > 0 => {
            let ((found, by), b) = (sum(o, place, lost, a, depth - 1)?, o.range(b));
            Some((found, Range { lo: by.lo.saturating_sub(b.hi), hi: by.hi.saturating_sub(b.lo) }))
        }
        _ => None,
    }
}

/// Whether `object` is what the iteration found in the place.
fn is_found_in(o: &Optimizer<'_>, place: &Place, lost: &Lost, object: ValueId) -> bool {
    match place {
        Place::Slot(offset) => matches!(o.def(object), i if i.op == Uop::LoadSlot && i.imms[0] == *offset),
        Place::Memory(key) => is_load(o, key, object) && !lost.before(key, object),
    }
}
