//! Whether anybody could see an object die: whether Python code would run, or anything else be told.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;

use super::api::*;
use super::layout::*;
use super::objects::{MANAGED_WEAKREF_OFFSET, TPFLAGS_MANAGED_WEAKREF};
use super::owned::Owned;

/// Objects that may die with one, beyond which nothing is said.
const MOST: usize = 12;
/// References looked at, beyond which nothing is said.
const BUDGET: u32 = 96;

/// What would die with objects: those they refer to, as far as they could be more than memory that is freed.
struct Doomed {
    /// The first `len` of them, with the references counted so far that die too.
    found: [MaybeUninit<(*mut Object, u32)>; MOST],
    len: usize,
    budget: u32,
}

impl Doomed {
    #[inline(always)]
    fn found(&mut self) -> &mut [(*mut Object, u32)] {
        // SAFETY: so many were written.
        unsafe { self.found[..self.len].assume_init_mut() }
    }

    /// Takes a reference in that dies. False where no more can be said.
    #[inline(always)]
    unsafe fn add(&mut self, op: *mut Object) -> bool {
        // SAFETY: a live object.
        unsafe {
            self.budget -= 1;
            if self.budget == 0 {
                return false;
            }
            if Object::is_immortal(op) || dies_alone((*op).ob_type) {
                return true;
            }
            if let Some(known) = self.found().iter_mut().find(|known| known.0 == op) {
                known.1 += 1;
                return true;
            }
            if self.len == MOST {
                return false;
            }
            self.found[self.len].write((op, 1));
            self.len += 1;
            true
        }
    }

    /// Takes in the references that a doomed object has.
    unsafe fn follow(&mut self, op: *mut Object) -> bool {
        // SAFETY: a live object; following references runs no Python code.
        unsafe {
            if (*op).ob_type == PyTuple_Type() {
                return Tuple::as_slice(op.cast()).iter().all(|&item| item.is_null() || self.add(item));
            }
            let Some(traverse) = (*(*op).ob_type).tp_traverse else { return false };
            traverse(op, note, (&raw mut *self).cast()) == 0
        }
    }
}

/// Whether releasing one reference to each of these runs no Python code and is told to nobody: they survive, or they
/// and all that dies with them are of builtin types, or instances without finalizer, and have no weak references. One
/// object may come several times.
///
/// # Safety
/// Live objects; the GIL is held.
#[inline(always)]
pub unsafe fn die_unseen(ops: &[*mut Object]) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let is_harmless = |&op: &*mut Object| {
            Object::is_immortal(op) || (*op).ob_refcnt as usize > ops.len() || dies_alone((*op).ob_type)
        };
        ops.iter().all(is_harmless) || followed_die_unseen(ops)
    }
}

unsafe fn followed_die_unseen(ops: &[*mut Object]) -> bool {
    // SAFETY: the caller's.
    unsafe {
        let mut doomed = Doomed { found: [MaybeUninit::uninit(); MOST], len: 0, budget: BUDGET };
        if !ops.iter().all(|&op| doomed.add(op)) {
            return false;
        }
        // Bits of those whose own references have been followed.
        let mut followed = 0u32;
        loop {
            // What has no references but those of others that die.
            let mut found = doomed.found().iter().enumerate();
            let next = found.find(|&(i, &(op, count))| followed & 1 << i == 0 && (*op).ob_refcnt == count);
            let Some((i, &(op, _))) = next else { return true };
            followed |= 1 << i;
            if !is_only_memory(op) || !doomed.follow(op) {
                return false;
            }
        }
    }
}

/// [`die_unseen`] of one object.
///
/// # Safety
/// As there.
#[inline(always)]
pub unsafe fn dies_unseen(op: *mut Object) -> bool {
    // SAFETY: the caller's.
    unsafe { Object::is_immortal(op) || (*op).ob_refcnt > 1 || dies_alone((*op).ob_type) || followed_die_unseen(&[op]) }
}

/// [`Doomed::add`] for `tp_traverse`.
unsafe extern "C" fn note(op: *mut Object, doomed: *mut c_void) -> c_int {
    // SAFETY: called with a live object and what `follow` handed over.
    c_int::from(unsafe { !(*doomed.cast::<Doomed>()).add(op) })
}

/// Whether objects of exactly this type refer to none but their own kind.
fn dies_alone(ty: *mut Type) -> bool {
    ty == PyUnicode_Type()
        || ty == PyLong_Type()
        || ty == PyFloat_Type()
        || ty == PyBytes_Type()
        || ty == PyRangeIter_Type()
}

/// Whether the death of `op` is no more than that of what its type shows the garbage collector, and memory freed.
unsafe fn is_only_memory(op: *mut Object) -> bool {
    // SAFETY: a live object.
    unsafe {
        let ty = (*op).ob_type;
        if ty == PyTuple_Type() {
            return true;
        }
        if (*ty).tp_weaklistoffset > 0 && !(*op.byte_offset((*ty).tp_weaklistoffset).cast::<*mut Object>()).is_null() {
            return false;
        }
        if Type::has_flag(ty, TPFLAGS_HEAPTYPE) {
            return is_plain_instance(op, ty);
        }
        if ty == PyDict_Type() {
            // Watchers are told.
            return !Dict::is_watched(op.cast());
        }
        is_builtin_container(ty)
    }
}

/// Tuples are not asked about.
fn is_builtin_container(ty: *mut Type) -> bool {
    [
        PyList_Type(),
        PyListIter_Type(),
        PyTupleIter_Type(),
        PyMethod_Type(),
        PySet_Type(),
        PyFrozenSet_Type(),
        PyDictItems_Type(),
        PyDictKeys_Type(),
        PyDictValues_Type(),
        PyDictIterItem_Type(),
        PyDictIterKey_Type(),
        PyDictIterValue_Type(),
        PySetIter_Type(),
        PyEnum_Type(),
        PyZip_Type(),
        PySlice_Type(),
        PyCell_Type(),
        PyReversed_Type(),
        PyListRevIter_Type(),
        PyUnicodeIter_Type(),
        PyMap_Type(),
        PyFilter_Type(),
        PyCFunction_Type(),
    ]
    .contains(&ty)
}

/// Whether an object of a class is freed by `subtype_dealloc` and `object_dealloc` alone, with no finalizer.
unsafe fn is_plain_instance(op: *mut Object, ty: *mut Type) -> bool {
    // SAFETY: a live object and its type.
    unsafe {
        if !(*ty).tp_finalize.is_null() || !(*ty).tp_del.is_null() || (*ty).tp_itemsize != 0 {
            return false;
        }
        if Type::has_flag(ty, TPFLAGS_MANAGED_WEAKREF)
            && !(*op.byte_sub(MANAGED_WEAKREF_OFFSET).cast::<*mut Object>()).is_null()
        {
            return false;
        }
        let mut base = ty;
        while base != PyBaseObject_Type() {
            if (*base).tp_dealloc != class_dealloc() || !Type::has_flag(base, TPFLAGS_HEAPTYPE) {
                return false;
            }
            base = (*base).tp_base;
        }
        true
    }
}

/// `subtype_dealloc`, which is not exported; null where it is not known, which is no type's.
static mut CLASS_DEALLOC: *const () = core::ptr::null();

fn class_dealloc() -> *const () {
    // SAFETY: written once, by `probe`.
    unsafe { CLASS_DEALLOC }
}

/// Learns how classes free their instances, from one that every interpreter has; once.
///
/// # Safety
/// The GIL is held and the symbols are resolved.
pub(super) unsafe fn learn() {
    if !class_dealloc().is_null() {
        return;
    }
    // SAFETY: the caller's.
    unsafe {
        let name = Owned::steal(PyUnicode_FromString(c"_frozen_importlib".as_ptr()));
        let bootstrap = name.and_then(|name| Owned::steal(PyImport_GetModule(name.as_ptr())));
        let class =
            bootstrap.and_then(|module| Owned::steal(PyObject_GetAttrString(module.as_ptr(), c"ModuleSpec".as_ptr())));
        PyErr_Clear();
        if let Some(class) = class
            && (*class.as_ptr()).ob_type == PyType_Type()
        {
            CLASS_DEALLOC = (*class.as_ptr().cast::<Type>()).tp_dealloc;
        }
    }
}
