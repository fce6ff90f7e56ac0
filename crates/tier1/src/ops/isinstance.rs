//! `isinstance`, whose answer is the same for all instances of one class.

use core::ptr::null_mut;

use cpython::abi::*;

use super::call::{call_miss, finish_native};
use crate::dispatch::*;
use crate::hot::*;
use crate::inst::Inst;

// Units 1 and 2 of CALL behind the instruction each have an answer: the class asked for, the version of the instance's
// type, and, with the answer, that of the class's own class.
//
// The class is not kept alive. Where the answer is yes it is in the type's MRO, which cannot change under the version.
// Where it is no another class may come to lie there, which is not in that MRO either.

/// The bit that says yes.
const HOLDS: u32 = 1 << 31;

/// What a cache unit says of an object; `None` if it is about another class or other objects.
#[inline(always)]
unsafe fn remembered(unit: *mut Inst, instance: *mut Object, class: *mut Object) -> Option<bool> {
    // SAFETY: live objects; a unit that is not empty has a class, so what equals it has a version.
    unsafe {
        let known = (*unit).word == class as usize
            && (*unit).a == (*(*instance).ob_type).tp_version_tag
            && (*unit).b & !HOLDS == (*(*class).ob_type).tp_version_tag;
        known.then_some((*unit).b & HOLDS != 0)
    }
}

/// Puts an answer into the first unit, and the one that was there into the second.
unsafe fn remember(ip: *mut Inst, instance: *mut Object, class: *mut Object, holds: bool) {
    // SAFETY: the instruction's own caches; a class.
    unsafe {
        let (of_type, of_metaclass) = (Type::version((*instance).ob_type), Type::version((*class).ob_type));
        if of_type != 0 && of_metaclass != 0 && of_metaclass < HOLDS {
            *ip.add(2) = *ip.add(1);
            let answer = of_metaclass | if holds { HOLDS } else { 0 };
            *ip.add(1) = Inst { word: class as usize, a: of_type, b: answer };
        }
    }
}

/// Answers for a class, or a tuple of classes, without `__instancecheck__`; `None` where code must be asked.
unsafe fn answer(instance: *mut Object, class: *mut Object) -> Option<bool> {
    // SAFETY: live objects; nothing here runs code.
    unsafe {
        let ty = (*instance).ob_type;
        let (classes, count) = if (*class).ob_type == tuple_type() {
            (Tuple::items(class.cast()).cast_const(), Tuple::len(class.cast()))
        } else {
            (&raw const class, 1)
        };
        let mut holds = false;
        for i in 0..count {
            holds = is_subtype(ty, *classes.add(i))?;
            if holds && i == 0 {
                return Some(true);
            }
            if holds {
                break;
            }
        }
        // What is no instance of a class may still say that it is, by its `__class__`, which would be asked for it.
        has_plain_class(ty).then_some(holds)
    }
}

/// Whether a type is `class` or derived from it; `None` where code must be asked.
#[inline(always)]
unsafe fn is_subtype(ty: *mut Type, class: *mut Object) -> Option<bool> {
    // SAFETY: as above.
    unsafe {
        if ty == class.cast() {
            return Some(true);
        }
        asks_nobody((*class).ob_type).then(|| PyType_IsSubtype(ty, class.cast()) != 0)
    }
}

/// Whether objects of this type are classes, and `__instancecheck__` of them is the one that all have.
unsafe fn asks_nobody(metaclass: *mut Type) -> bool {
    // SAFETY: a live type.
    unsafe {
        let name = super::names::names().instancecheck;
        metaclass == type_type()
            || Type::has_flag(metaclass, TPFLAGS_TYPE_SUBCLASS)
                && _PyType_Lookup(metaclass, name) == _PyType_Lookup(type_type(), name)
    }
}

/// Whether `__class__` of a type's instances is their type.
unsafe fn has_plain_class(ty: *mut Type) -> bool {
    // SAFETY: a live type.
    unsafe {
        let name = super::names::names().class;
        let plain = _PyType_Lookup(PyBaseObject_Type(), name);
        (*ty).tp_getattro == address::PyObject_GenericGetAttr() && _PyType_Lookup(ty, name) == plain
    }
}

handlers! {
    fn call_isinstance(f, ip, sp, ts) {
        let (callable, instance, class) = (*sp.sub(4), *sp.sub(2), *sp.sub(1));
        if R
            || (*ip).a != 2
            || callable.object() != (*(*ts).interp).cached_isinstance
            || !(*sp.sub(3)).is_null()
        {
            return ask_isinstance::<R>(f, ip, sp, ts);
        }
        let first = remembered(ip.add(1), instance.object(), class.object());
        let Some(holds) = first.or_else(|| remembered(ip.add(2), instance.object(), class.object())) else {
            return ask_isinstance::<R>(f, ip, sp, ts);
        };
        if dies_with(instance) || dies_with(class) || dies_with(callable) || instance.object() == callable.object() {
            return ask_isinstance::<R>(f, ip, sp, ts);
        }
        instance.close_shared();
        class.close_shared();
        callable.close_shared();
        *sp.sub(4) = bool_ref(holds);
        go::<R>(f, ip.add(4), sp.sub(3), ts)
    }
}

out_of_line_handlers! {
    fn ask_isinstance(f, ip, sp, ts) {
        let count = (*ip).a as usize;
        let callable = sp.sub(count + 2);
        let total = count + !(*callable.add(1)).is_null() as usize;
        if (*callable).object() != (*(*ts).interp).cached_isinstance || total != 2 {
            return call_miss::<R>(f, ip, sp, ts);
        }
        let (instance, class) = ((*sp.sub(2)).object(), (*sp.sub(1)).object());
        save(f, ip, sp);
        let known = answer(instance, class);
        let result = match known {
            Some(holds) => {
                if (*class).ob_type != tuple_type() {
                    remember(ip, instance, class, holds);
                }
                bool_ref(holds).object()
            }
            None => match PyObject_IsInstance(instance, class) {
                0 => false_object(),
                1.. => true_object(),
                _ => null_mut(),
            },
        };
        finish_native::<R>(ip, ts, result)
    }
}
