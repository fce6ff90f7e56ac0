//! Escapes that turn out to need no frames: what machine code tries before it writes any.
//!
//! Each function has its operation's signature and contract, but for this: where Python code might run, or anything
//! fail, it does nothing and answers null. (Nothing at all: memory may have been allocated and freed.)

use cpython::abi as py;
use cpython::abi::deaths::{die_unseen, dies_unseen};
use cpython::abi::lookup;
use record::EscapeHelper;

use crate::helpers::quietly;
use crate::operations::{Obj, close, close_all, close_array, status};

/// What may do an escape's work without frames, with `operands` operands, where that could be cheaper than to write
/// `frames` below the root's.
pub(crate) fn quick(helper: EscapeHelper, operands: usize, frames: usize) -> Option<usize> {
    let (function, worth) = match helper {
        EscapeHelper::Release if operands == 1 => (release as *const () as usize, 2),
        EscapeHelper::Release => (release_all as *const () as usize, 2),
        EscapeHelper::GetIter => (get_iter as *const () as usize, 1),
        EscapeHelper::ToBool => (to_bool as *const () as usize, 1),
        EscapeHelper::SetItem => (set_item as *const () as usize, 1),
        EscapeHelper::AddTo => (add_to as *const () as usize, 1),
        _ => return None,
    };
    (frames >= worth).then_some(function)
}

/// Whether operand `i`, if it is ours to release, dies unseen.
#[inline(always)]
unsafe fn closes_unseen(owned: u64, i: usize, operand: Obj) -> bool {
    // SAFETY: a live object.
    owned & 1 << i == 0 || unsafe { dies_unseen(operand) }
}

unsafe extern "sysv64" fn release(_arg: u64, owned: u64, o: Obj) -> Obj {
    // SAFETY: a live object, or null.
    unsafe {
        if o.is_null() || !closes_unseen(owned, 0, o) {
            return core::ptr::null_mut();
        }
        close(owned, 0, o);
    }
    py::_Py_NoneStruct()
}

unsafe extern "sysv64" fn release_all(_arg: u64, owned: u64, o: *mut Obj, n: usize) -> Obj {
    // SAFETY: `n` live objects or nulls.
    unsafe {
        let mut ours = [core::ptr::null_mut(); 16];
        let mut len = 0;
        if n > ours.len() {
            return core::ptr::null_mut();
        }
        for i in (0..n).filter(|i| owned & 1 << i != 0 && !(*o.add(*i)).is_null()) {
            ours[len] = *o.add(i);
            len += 1;
        }
        if !die_unseen(&ours[..len]) {
            return core::ptr::null_mut();
        }
        ours[..len].iter().for_each(|&o| py::decref(o));
    }
    py::_Py_NoneStruct()
}

unsafe extern "sysv64" fn get_iter(_arg: u64, owned: u64, o: Obj) -> Obj {
    // SAFETY: a live object; its iterator keeps it alive, or what it is a view of.
    unsafe {
        if !py::is_iterable_quietly(py::Object::type_of(o)) {
            return core::ptr::null_mut();
        }
        let iterator = quietly(py::PyObject_GetIter(o));
        if !iterator.is_null() {
            close(owned, 0, o);
        }
        iterator
    }
}

unsafe extern "sysv64" fn to_bool(_arg: u64, owned: u64, o: Obj) -> Obj {
    // SAFETY: a live object.
    unsafe {
        if !py::special::tests_quietly(py::Object::type_of(o)) || !closes_unseen(owned, 0, o) {
            return core::ptr::null_mut();
        }
        let truth = py::PyObject_IsTrue(o);
        close(owned, 0, o);
        if truth == 0 { py::_Py_FalseStruct() } else { py::_Py_TrueStruct() }
    }
}

/// Whether `dict[key] = value` runs no Python code; nobody watches the dict then.
unsafe fn stores_unseen(dict: Obj, key: Obj) -> bool {
    // SAFETY: live objects.
    unsafe {
        if py::Object::type_of(dict) != py::PyDict_Type() || py::Dict::is_watched(dict.cast()) {
            return false;
        }
        match lookup::dict_find(dict.cast(), key) {
            lookup::UNKNOWN => false,
            0 => true,
            at => {
                let old = *(at as *mut Obj);
                old.is_null() || dies_unseen(old)
            }
        }
    }
}

unsafe extern "sysv64" fn set_item(_arg: u64, owned: u64, value: Obj, o: Obj, key: Obj) -> Obj {
    // SAFETY: live objects. What is stored survives, unless the dict does not.
    unsafe {
        let survives = owned & 1 << 1 == 0 || (*o).ob_refcnt > 1;
        if !survives || !stores_unseen(o, key) || !closes_unseen(owned, 2, key) {
            return core::ptr::null_mut();
        }
        // A failure (memory is exhausted) is forgotten: the escape runs into it again.
        let done = quietly(status(py::PyDict_SetItem(o, key, value)));
        if !done.is_null() {
            close_all(owned, [value, o, key]);
        }
        done
    }
}

unsafe extern "sysv64" fn add_to(arg: u64, owned: u64, o: *mut Obj, n: usize) -> Obj {
    // SAFETY: live objects of the types that the recorder guarded; the container is not released.
    unsafe {
        let (container, item) = (*o, *o.add(1));
        if owned & 1 != 0 {
            return core::ptr::null_mut();
        }
        let code = match arg as u8 {
            py::op::MAP_ADD if stores_unseen(container, item) && closes_unseen(owned, 1, item) => {
                py::PyDict_SetItem(container, item, *o.add(2))
            }
            py::op::SET_ADD if lookup::set_find(container.cast(), item) < 2 && closes_unseen(owned, 1, item) => {
                py::PySet_Add(container, item)
            }
            _ => return core::ptr::null_mut(),
        };
        let done = quietly(status(code));
        if !done.is_null() {
            close_array(owned, o, n);
        }
        done
    }
}
