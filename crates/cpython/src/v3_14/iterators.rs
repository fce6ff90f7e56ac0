//! Builtin iterators whose next step can be taken without running Python code.
//!
//! Their structures are private to CPython's C files, so they are declared here, and [`learn`] compares them with
//! real objects; where it finds anything unexpected, [`next_quietly`] answers for none of them.

use core::ptr::{NonNull, null_mut};

use super::api::*;
use super::deaths::die_unseen;
use super::layout::*;
use super::owned::Owned;
use super::refs::*;
use super::steps::{Yields, next_of_dict, next_of_set};

/// `dictiterobject` of `Objects/dictobject.c`.
#[repr(C)]
pub struct DictIter {
    pub ob_base: Object,
    pub di_dict: *mut Dict,
    pub di_used: isize,
    pub di_pos: isize,
    pub di_result: *mut Tuple,
    pub len: isize,
}

/// `setiterobject` of `Objects/setobject.c`.
#[repr(C)]
pub struct SetIter {
    pub ob_base: Object,
    pub si_set: *mut Set,
    pub si_used: isize,
    pub si_pos: isize,
    pub len: isize,
}

/// `enumobject` of `Objects/enumobject.c`.
#[repr(C)]
pub struct Enumerate {
    pub ob_base: Object,
    pub en_index: isize,
    pub en_sit: *mut Object,
    pub en_result: *mut Tuple,
    pub en_longindex: *mut Object,
}

/// `zipobject` of `Python/bltinmodule.c`.
#[repr(C)]
pub struct Zip {
    pub ob_base: Object,
    pub tuplesize: isize,
    pub ittuple: *mut Tuple,
    pub result: *mut Tuple,
    pub strict: i32,
}

/// The iterators of str, bytes and list (backwards), and `reversed` of other sequences.
#[repr(C)]
pub struct SequenceIter {
    pub ob_base: Object,
    pub it_index: isize,
    pub it_seq: *mut Object,
}

/// What [`learn`] found.
struct Learned {
    known: bool,
    /// The type of iterators over ASCII strings, which CPython does not export.
    ascii_iter: *mut Type,
    /// What the iterators of a type are, in a hash table by the type's address: each step of an iteration asks.
    kinds: [(*mut Type, Kind); KIND_SLOTS],
}

/// More than four times as many as there are types in the table.
const KIND_SLOTS: usize = (4 * KINDS).next_power_of_two();
const KINDS: usize = 14;

static mut LEARNED: Learned =
    Learned { known: false, ascii_iter: null_mut(), kinds: [(null_mut(), Kind::Sized); KIND_SLOTS] };

/// The place in the table where a type is looked for first.
#[inline(always)]
fn kind_slot(ty: *mut Type) -> usize {
    let address = ty as usize;
    (address >> 4 ^ address >> 9) % KIND_SLOTS
}

fn ascii_iter_type() -> *mut Type {
    // SAFETY: written once, by `probe`.
    unsafe { LEARNED.ascii_iter }
}

/// Whether the structures above are those of the running interpreter.
pub fn iterators_are_known() -> bool {
    // SAFETY: written once, by `probe`.
    unsafe { LEARNED.known }
}

/// What [`next_quietly`] and an escaping step return at the end of an iteration: an immortal object that Python code
/// cannot get hold of.
pub fn iteration_end() -> *mut Object {
    _Py_InitCleanup().cast()
}

/// Compares the structures with real iterators.
///
/// # Safety
/// The GIL is held and the symbols are resolved.
pub(super) unsafe fn learn() {
    // SAFETY: the caller's. Objects made here are released here.
    unsafe {
        LEARNED.known = compare() == Some(true);
        PyErr_Clear();
        if LEARNED.known {
            learn_kinds();
        }
    }
}

unsafe fn compare() -> Option<bool> {
    // SAFETY: as `learn`; every field that is read lies within the object's size, which is compared first.
    unsafe {
        let one_arg = |ty: *mut Type, arg: *mut Object| {
            let args = [arg];
            Owned::steal(PyObject_Vectorcall(ty.cast(), args.as_ptr(), 1, null_mut()))
        };
        let text = Owned::steal(PyUnicode_FromString(c"ab".as_ptr()))?;
        let (a, b) = (super::objects::small_int(10), super::objects::small_int(20));
        let pair = Owned::steal(PyTuple_New(2))?;
        *Tuple::items(pair.as_ptr().cast()) = a;
        *Tuple::items(pair.as_ptr().cast()).add(1) = b;
        let items = [a, b];
        let dict = Owned::steal(_PyDict_FromItems(items.as_ptr(), 1, items.as_ptr().wrapping_add(1), 1, 1))?;
        let set = one_arg(PySet_Type(), pair.as_ptr())?;
        let list = one_arg(PyList_Type(), pair.as_ptr())?;

        let sizes = [
            (PyDictIterKey_Type(), size_of::<DictIter>()),
            (PyDictIterValue_Type(), size_of::<DictIter>()),
            (PyDictIterItem_Type(), size_of::<DictIter>()),
            (PySetIter_Type(), size_of::<SetIter>()),
            (PyZip_Type(), size_of::<Zip>()),
            (PyUnicodeIter_Type(), size_of::<SequenceIter>()),
            (PyBytesIter_Type(), size_of::<SequenceIter>()),
            (PyListRevIter_Type(), size_of::<SequenceIter>()),
            (PyReversed_Type(), size_of::<SequenceIter>()),
        ];
        let sized = |&(ty, size): &(*mut Type, usize)| (*ty).tp_basicsize as usize == size;
        if !sizes.iter().all(sized) || ((*PyEnum_Type()).tp_basicsize as usize) < size_of::<Enumerate>() {
            return Some(false);
        }

        let iter = Owned::steal(PyObject_GetIter(dict.as_ptr()))?;
        let it: *mut DictIter = iter.as_ptr().cast();
        let fresh = (*it).di_dict.cast() == dict.as_ptr()
            && ((*it).di_used, (*it).di_pos, (*it).len) == (1, 0, 1)
            && (*it).di_result.is_null();
        let key = step(iter.as_ptr())?;
        let dict_ok = fresh && key.as_ptr() == a && ((*it).di_pos, (*it).len) == (1, 0);

        let iter = Owned::steal(PyObject_GetIter(set.as_ptr()))?;
        let it: *mut SetIter = iter.as_ptr().cast();
        let set_ok = (*it).si_set.cast() == set.as_ptr() && ((*it).si_used, (*it).len) == (2, 2);

        let iter = one_arg(PyEnum_Type(), pair.as_ptr())?;
        let it: *mut Enumerate = iter.as_ptr().cast();
        let result = step(iter.as_ptr())?;
        let enumerate_ok = (*it).en_index == 1
            && Object::type_of((*it).en_sit) == PyTupleIter_Type()
            && (*it).en_result.cast() == result.as_ptr()
            && (*it).en_longindex.is_null();

        let iter = one_arg(PyZip_Type(), pair.as_ptr())?;
        let it: *mut Zip = iter.as_ptr().cast();
        let result = step(iter.as_ptr())?;
        let zip_ok = (*it).tuplesize == 1
            && Tuple::len((*it).ittuple) == 1
            && Object::type_of(Tuple::item((*it).ittuple, 0)) == PyTupleIter_Type()
            && (*it).result.cast() == result.as_ptr()
            && (*it).strict == 0;

        let mut sequences_ok = true;
        let backwards = one_arg(PyReversed_Type(), list.as_ptr())?;
        let forwards = Owned::steal(PyObject_GetIter(text.as_ptr()))?;
        let tuple_backwards = one_arg(PyReversed_Type(), pair.as_ptr())?;
        LEARNED.ascii_iter = Object::type_of(forwards.as_ptr());
        for (iter, sequence, index) in [(&backwards, &list, 1), (&forwards, &text, 0), (&tuple_backwards, &pair, 1)] {
            let it: *mut SequenceIter = iter.as_ptr().cast();
            sequences_ok &= (*it).it_index == index && (*it).it_seq == sequence.as_ptr();
            sequences_ok &= (*Object::type_of(iter.as_ptr())).tp_basicsize as usize == size_of::<SequenceIter>();
        }
        sequences_ok &= Object::type_of(backwards.as_ptr()) == PyListRevIter_Type()
            && Object::type_of(tuple_backwards.as_ptr()) == PyReversed_Type();
        Some(dict_ok && set_ok && enumerate_ok && zip_ok && sequences_ok)
    }
}

unsafe fn step(iterator: *mut Object) -> Option<Owned> {
    // SAFETY: a live iterator.
    unsafe { Owned::steal((*Object::type_of(iterator)).tp_iternext?(iterator)) }
}

/// Whether the type is that of iterators over str, which hold nothing else.
#[inline(always)]
pub fn is_text_iterator(ty: *mut Type) -> bool {
    ty == ascii_iter_type() || ty == PyUnicodeIter_Type()
}

/// Whether making an iterator over an object of exactly this type runs no Python code.
pub fn is_iterated_quietly(ty: *mut Type) -> bool {
    let types = [PyList_Type(), PyTuple_Type(), PyRange_Type(), PyDict_Type(), PySet_Type(), PyFrozenSet_Type()];
    types.contains(&ty) || ty == PyUnicode_Type() || ty == PyBytes_Type()
}

/// Whether `iter` of an object of exactly this type runs no Python code, and gives what keeps it alive, or that of
/// which it is a view.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn is_iterable_quietly(ty: *mut Type) -> bool {
    let views = [PyDictItems_Type(), PyDictKeys_Type(), PyDictValues_Type()];
    // SAFETY: the caller's.
    is_iterated_quietly(ty) || views.contains(&ty) || unsafe { is_own_iterator(ty) }
}

/// Whether objects of exactly this type are their own iterators.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn is_own_iterator(ty: *mut Type) -> bool {
    let own = address::PyObject_SelfIter() as usize;
    // SAFETY: the caller's. What a heap type inherits or was given may change.
    unsafe { !Type::has_flag(ty, TPFLAGS_HEAPTYPE) && (*ty).tp_iter.is_some_and(|f| f as usize == own) }
}

/// Whether `next_quietly` may have an answer for iterators of exactly this type.
pub fn may_step_quietly(ty: *mut Type) -> bool {
    iterators_are_known() && kind_of(ty).is_some()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Range,
    /// Of a sequence with its length in the header.
    Sized,
    Text,
    /// `reversed` of anything but a list.
    Reversed,
    Dict(Yields),
    Set,
    Enumerate,
    Zip,
}

/// Fills the table of kinds.
///
/// # Safety
/// The GIL is held, the symbols are resolved and the type of iterators over ASCII strings is known.
unsafe fn learn_kinds() {
    let kinds: [(*mut Type, Kind); KINDS] = [
        (PyDictIterKey_Type(), Kind::Dict(Yields::Keys)),
        (PyDictIterItem_Type(), Kind::Dict(Yields::Items)),
        (PyDictIterValue_Type(), Kind::Dict(Yields::Values)),
        (PyEnum_Type(), Kind::Enumerate),
        (PyZip_Type(), Kind::Zip),
        (PySetIter_Type(), Kind::Set),
        (ascii_iter_type(), Kind::Text),
        (PyUnicodeIter_Type(), Kind::Text),
        (PyBytesIter_Type(), Kind::Sized),
        (PyListRevIter_Type(), Kind::Sized),
        (PyReversed_Type(), Kind::Reversed),
        (PyListIter_Type(), Kind::Sized),
        (PyTupleIter_Type(), Kind::Sized),
        (PyRangeIter_Type(), Kind::Range),
    ];
    for (ty, kind) in kinds {
        let mut at = kind_slot(ty);
        // SAFETY: the caller's.
        unsafe {
            while !LEARNED.kinds[at].0.is_null() && LEARNED.kinds[at].0 != ty {
                at = (at + 1) % KIND_SLOTS;
            }
            LEARNED.kinds[at] = (ty, kind);
        }
    }
}

#[inline(always)]
fn kind_of(ty: *mut Type) -> Option<Kind> {
    let mut at = kind_slot(ty);
    loop {
        // SAFETY: written once, by `probe`; the table is never full.
        let (known, kind) = unsafe { LEARNED.kinds[at] };
        if known == ty {
            return Some(kind);
        }
        if known.is_null() {
            return None;
        }
        at = (at + 1) % KIND_SLOTS;
    }
}

/// What the next step of an iterator does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outlook {
    /// It yields an item.
    Item,
    /// It ends, and nothing dies by it.
    End,
    /// It may run Python code, or raise.
    Unknown,
}

/// One step of an iterator, if that can neither run Python code nor raise: a new reference to the item,
/// [`iteration_end`] at the end, or null (and nothing has happened) where it is CPython's to decide.
///
/// # Safety
/// The GIL is held; `iterator` is of a type that [`may_step_quietly`] accepts.
pub unsafe fn next_quietly(iterator: *mut Object) -> *mut Object {
    // SAFETY: the caller's.
    unsafe {
        let next = (*Object::type_of(iterator)).tp_iternext.unwrap_unchecked();
        let mut container = iterator;
        let mut results = Results::default();
        let outlook = loop {
            match kind_of(Object::type_of(container)) {
                // What is wrapped may be a dict or set: whether it can step is seen only by trying.
                Some(Kind::Enumerate) => {
                    let it: *mut Enumerate = container.cast();
                    let counts_on = (*it).en_longindex.is_null() && (*it).en_index < isize::MAX;
                    if !counts_on || !results.add((*it).en_result) {
                        return null_mut();
                    }
                    container = (*it).en_sit;
                }
                Some(Kind::Dict(yields)) if container == iterator => return next_of_dict(iterator.cast(), yields),
                Some(Kind::Set) if container == iterator => return next_of_set(iterator.cast()),
                Some(kind @ (Kind::Dict(_) | Kind::Set)) => {
                    let it: *mut DictIter = container.cast();
                    if kind == Kind::Dict(Yields::Items) && !results.add((*it).di_result) {
                        return null_mut();
                    }
                    return if results.go_unseen() { next_of_wrapped(iterator, next, it) } else { null_mut() };
                }
                Some(Kind::Zip) => {
                    let zip: *mut Zip = container.cast();
                    if !results.add((*zip).result) {
                        return null_mut();
                    }
                    break outlook_of_zip(zip);
                }
                Some(kind) => break outlook_of_sequence(container, kind),
                None => return null_mut(),
            }
        };
        if outlook == Outlook::Unknown || !results.go_unseen() {
            return null_mut();
        }
        let item = next(iterator);
        if item.is_null() && outlook == Outlook::End { iteration_end() } else { item }
    }
}

/// Steps `iterator`, which wraps the iterator `it` of a dict or set. Dict and set iterators have their container in the
/// same place, and let go of it at the end.
unsafe fn next_of_wrapped(iterator: *mut Object, next: super::types::UnaryFn, it: *mut DictIter) -> *mut Object {
    // SAFETY: the caller's.
    unsafe {
        let container: *mut Object = (*it).di_dict.cast();
        if container.is_null() {
            return iteration_end();
        }
        let ty = Object::type_of(it.cast());
        let used = if ty == PySetIter_Type() { (*container.cast::<Set>()).used } else { (*(*it).di_dict).ma_used };
        if used != (*it).di_used {
            return null_mut();
        }
        incref(container);
        let item = next(iterator);
        if !item.is_null() {
            (*container).ob_refcnt -= u32::from(!Object::is_immortal(container));
            return item;
        }
        let failed = !PyErr_Occurred().is_null();
        if failed || (*container).ob_refcnt == 1 {
            // It raised (the keys changed), or the container would die with the iteration: as if nothing had happened.
            PyErr_Clear();
            (*it).di_dict = container.cast();
            return null_mut();
        }
        (*container).ob_refcnt -= u32::from(!Object::is_immortal(container));
        iteration_end()
    }
}

#[inline(always)]
unsafe fn outlook_of_sequence(it: *mut Object, kind: Kind) -> Outlook {
    // SAFETY: as above.
    unsafe {
        if kind == Kind::Range {
            return if (*it.cast::<RangeIter>()).len > 0 { Outlook::Item } else { Outlook::End };
        }
        // List, tuple and the others have index and sequence in the same places.
        let it: *mut SequenceIter = it.cast();
        let sequence = (*it).it_seq;
        if sequence.is_null() {
            return Outlook::End;
        }
        let len = match kind {
            Kind::Sized => (*sequence.cast::<VarObject>()).ob_size,
            Kind::Text => (*sequence.cast::<AsciiStr>()).length,
            Kind::Reversed if Object::type_of(sequence) == PyTuple_Type() => (*sequence.cast::<VarObject>()).ob_size,
            _ => return Outlook::Unknown,
        };
        if (0..len).contains(&(*it).it_index) {
            return Outlook::Item;
        }
        let survives = Object::is_immortal(sequence) || (*sequence).ob_refcnt > 1;
        let of = Object::type_of(sequence);
        if survives || of == PyUnicode_Type() || of == PyBytes_Type() { Outlook::End } else { Outlook::Unknown }
    }
}

unsafe fn outlook_of_zip(zip: *mut Zip) -> Outlook {
    // SAFETY: as above.
    unsafe {
        let n = (*zip).tuplesize as usize;
        if n == 0 {
            return Outlook::End;
        }
        let mut all = Outlook::Item;
        for i in 0..n {
            let it = Tuple::item((*zip).ittuple, i);
            if (0..i).any(|other| Tuple::item((*zip).ittuple, other) == it) {
                return Outlook::Unknown;
            }
            let kind = match kind_of(Object::type_of(it)) {
                None | Some(Kind::Dict(_) | Kind::Set | Kind::Enumerate | Kind::Zip) => return Outlook::Unknown,
                Some(kind) => kind,
            };
            match outlook_of_sequence(it, kind) {
                Outlook::Item => {}
                Outlook::End if (*zip).strict == 0 => all = Outlook::End,
                _ => return Outlook::Unknown,
            }
        }
        all
    }
}

/// A new range iterator with these fields; null when memory is exhausted.
///
/// # Safety
/// The GIL is held.
pub unsafe fn new_range_iter(start: i64, len: i64, step: i64) -> *mut Object {
    // SAFETY: the type's instances have no more than these fields, and the collector does not know them.
    unsafe {
        let it = _PyObject_New(PyRangeIter_Type()).cast::<RangeIter>();
        if !it.is_null() {
            ((*it).start, (*it).step, (*it).len) = (start, step, len);
        }
        it.cast()
    }
}

/// The result tuples that one step overwrites: those of an iterator and of what it wraps that nobody else holds.
#[derive(Default)]
struct Results {
    first: Option<NonNull<Tuple>>,
    second: Option<NonNull<Tuple>>,
}

impl Results {
    /// Takes a tuple in, unless it is null or somebody else holds it, so that a new one is made. False where there are
    /// too many.
    #[inline(always)]
    unsafe fn add(&mut self, result: *mut Tuple) -> bool {
        // SAFETY: a live tuple, or null.
        let Some(result) = NonNull::new(result).filter(|_| unsafe { (*result).ob_base.ob_base.ob_refcnt == 1 }) else {
            return true;
        };
        if self.second.is_some() {
            return false;
        }
        (self.first, self.second) = (Some(result), self.first);
        true
    }

    /// Whether nobody can see what the items do on their way out. One object may be in both.
    #[inline(always)]
    unsafe fn go_unseen(&self) -> bool {
        // SAFETY: live tuples, without nulls inside.
        unsafe {
            let Some(first) = self.first else { return true };
            let first = Tuple::as_slice(first.as_ptr());
            let Some(second) = self.second else { return die_unseen(first) };
            let second = Tuple::as_slice(second.as_ptr());
            let mut all = [null_mut(); 8];
            let Some(all) = all.get_mut(..first.len() + second.len()) else { return false };
            all[..first.len()].copy_from_slice(first);
            all[first.len()..].copy_from_slice(second);
            die_unseen(all)
        }
    }
}
