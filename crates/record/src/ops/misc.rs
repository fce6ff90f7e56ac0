//! What fits no other family: growing containers, common constants, `super()`, instance checks of arguments.
use cpython::abi as py;
use cpython::abi::op;
use ir::Uop;

use crate::state::Entry;
use crate::{Abort, Dependency, EscapeHelper, Recorder};

impl Recorder {
    pub(crate) unsafe fn load_common_constant(&mut self, i: usize) -> Result<(), Abort> {
        // SAFETY: the running thread's interpreter keeps these objects as long as it lives.
        let object = unsafe {
            let interp = (*py::PyThreadState_Get()).interp;
            (*interp).common_consts.as_ptr().add(i).read()
        };
        let e = self.constant_entry(object);
        self.push(e);
        Ok(())
    }

    /// SET_ADD, MAP_ADD, LIST_EXTEND, SET_UPDATE, DICT_UPDATE, DICT_MERGE: the container lies `n` entries below the
    /// operands and stays there.
    pub(crate) unsafe fn add_to_container(&mut self, opcode: u8, n: usize) -> Result<(), Abort> {
        let count = if opcode == op::MAP_ADD { 2 } else { 1 };
        let container = self.peek_value(n + count - 1)?;
        let object = self.real_peek(n + count - 1);
        self.guard_type(container, object);
        let added = self.peek_value(0)?;
        let added_object = self.real_peek(0);
        // SAFETY: the real frame holds both.
        let (into, from) = unsafe { (py::Object::type_of(object), py::Object::type_of(added_object)) };
        let fits = match opcode {
            // Others fail with messages of their own, or need the callable for theirs.
            op::LIST_EXTEND | op::SET_UPDATE => {
                let sequence = from == py::PyList_Type() || from == py::PyTuple_Type();
                sequence || from == py::PySet_Type() || from == py::PyDict_Type()
            }
            op::DICT_UPDATE => from == py::PyDict_Type(),
            op::SET_ADD => into == py::PySet_Type(),
            _ => true,
        };
        if opcode == op::DICT_MERGE {
            // The callable is named in what it raises.
            let callable = self.peek(n + 3);
            let operands = [Entry::borrowed(container), self.pop(), Entry { owned: false, ..callable }];
            self.escape(EscapeHelper::MergeKeywords, 0, &operands);
            return Ok(());
        }
        if !fits {
            return Err(Abort::Unsupported(py::OPCODE_NAMES[opcode as usize]));
        }
        if matches!(opcode, op::LIST_EXTEND | op::SET_UPDATE | op::DICT_UPDATE) {
            self.guard_type(added, added_object);
        }
        let mut operands = vec![Entry::borrowed(container)];
        operands.extend(self.pop_n(count));
        self.escape(EscapeHelper::AddTo, u64::from(opcode), &operands);
        Ok(())
    }

    pub(crate) unsafe fn call_intrinsic_1(&mut self, intrinsic: u32) -> Result<(), Abort> {
        /// `INTRINSIC_LIST_TO_TUPLE`.
        const LIST_TO_TUPLE: u32 = 6;
        if intrinsic != LIST_TO_TUPLE {
            let operands = self.pop_n(1);
            let v = self.escape(EscapeHelper::Intrinsic1, u64::from(intrinsic), &operands);
            self.push(Entry::owned(v));
            return Ok(());
        }
        let list = self.peek_value(0)?;
        let object = self.real_peek(0);
        self.guard_type(list, object);
        // The tuple holds what the list held: nobody sees that go.
        let e = self.peek(0);
        let plan = self.plan_release(&[(e, object)]).harmlessly();
        let v = self.emit(Uop::ListToTuple, &[list]);
        self.types.insert(v, py::PyTuple_Type() as usize);
        self.pop();
        self.push(Entry::owned(v));
        self.release(plan);
        Ok(())
    }

    /// LOAD_SPECIAL: stack the owner. What its type has by that name, where that is a method as a rule.
    pub(crate) unsafe fn load_special(&mut self, which: usize) -> Result<(), Abort> {
        let v = self.peek_value(0)?;
        let object = self.real_peek(0);
        // SAFETY: the real frame holds the owner; looking up an interned name in types runs no Python code.
        unsafe {
            let ty = py::Object::type_of(object);
            let name = (*py::_Py_SpecialMethods().add(which)).name;
            let found = py::_PyType_Lookup(ty, name);
            if py::Type::version(ty) == 0
                || found.is_null()
                || !py::Type::has_flag(py::Object::type_of(found), py::TPFLAGS_METHOD_DESCRIPTOR)
            {
                return Err(Abort::Value("a special method of unknown kind"));
            }
            self.guard_type(v, object);
            self.depend(Dependency::Type(ty as usize));
            let f = self.constant_entry(found);
            let owner = self.pop();
            self.push(f);
            self.push(owner);
        }
        Ok(())
    }

    /// LOAD_SUPER_ATTR: stack `super`, the class, the receiver. The attribute is a constant under the receiver's type.
    pub(crate) unsafe fn load_super_attr(&mut self, oparg: u32) -> Result<(), Abort> {
        const UNKNOWN: Abort = Abort::Value("super() of an unknown kind");
        let (global_super, class, receiver) = (self.peek_value(2)?, self.peek_value(1)?, self.peek_value(0)?);
        let objects = [self.real_peek(2), self.real_peek(1), self.real_peek(0)];
        let method = oparg & 1 != 0;
        // SAFETY: the real frame holds the operands; types are compared before they are taken for classes.
        unsafe {
            let name = py::Code::name(self.top().code_ptr, (oparg >> 2) as usize);
            let [sup, class_object, object] = objects;
            let ty = py::Object::type_of(object);
            let of_class = py::Type::has_flag(ty, py::TPFLAGS_TYPE_SUBCLASS);
            if sup != py::PySuper_Type().cast()
                || !method
                || !py::Type::has_flag(py::Object::type_of(class_object), py::TPFLAGS_TYPE_SUBCLASS)
                || of_class && ty != py::PyType_Type()
                || !of_class && (*ty).tp_getattro != py::address::PyObject_GenericGetAttr()
            {
                return Err(UNKNOWN);
            }
            // In a class method, or in `__new__`, the receiver is the class.
            let ty = if of_class { object.cast() } else { ty };
            if py::Type::version(ty) == 0 {
                return Err(UNKNOWN);
            }
            // What the receiver's class, under its watcher, has behind `class_object` in its order of resolution.
            let mro = (*ty).tp_mro.cast::<py::Tuple>();
            let all = (0..py::Tuple::len(mro)).map(|i| py::Tuple::item(mro, i));
            let mut behind = all.skip_while(|c| *c != class_object).skip(1).peekable();
            if behind.peek().is_none() {
                return Err(UNKNOWN);
            }
            let found = behind
                .map(|c| {
                    let dict = py::PyType_GetDict(c.cast());
                    let found = py::PyDict_GetItemWithError(dict, name);
                    py::decref(dict);
                    found
                })
                .find(|found| !found.is_null());
            let Some(mut found) = found else { return Err(UNKNOWN) };
            let kind = py::Object::type_of(found);
            let binds = py::Type::has_flag(kind, py::TPFLAGS_METHOD_DESCRIPTOR);
            if kind == py::PyStaticMethod_Type() {
                found = static_method(found, ty).ok_or(UNKNOWN)?;
            } else if !(binds && !of_class || (*kind).tp_descr_get.is_null()) {
                return Err(UNKNOWN);
            }
            self.guard_is(global_super, sup);
            self.guard_is(class, class_object);
            if of_class {
                self.guard_is(receiver, object);
            } else {
                self.guard_type(receiver, object);
            }
            self.depend(Dependency::Type(ty as usize));
            self.rely_on_binding(found);
            let (s, c, r) = (self.peek(2), self.peek(1), self.peek(0));
            let mut releases = vec![(c, class_object), (s, sup)];
            if !binds {
                releases.insert(0, (r, object));
            }
            let plan = self.plan_release(&releases);
            if plan.escapes() {
                return Err(UNKNOWN);
            }
            let f = self.constant_entry(found);
            self.pop_n(3);
            self.push(f);
            self.push(if binds { r } else { Entry::NULL });
            self.release(plan);
        }
        Ok(())
    }
}

/// What a static method of a class is a method of: the class's dict keeps it alive.
pub(crate) unsafe fn static_method(object: *mut py::Object, class: *mut py::Type) -> Option<*mut py::Object> {
    // SAFETY: a static method, whose `__get__` runs no Python code.
    unsafe {
        let get = (*py::Object::type_of(object)).tp_descr_get;
        let get = core::mem::transmute::<*const (), Option<py::TernaryFn>>(get)?;
        let callable = get(object, core::ptr::null_mut(), class.cast());
        if callable.is_null() {
            py::PyErr_Clear();
            return None;
        }
        let shared = (*callable).ob_refcnt > 1;
        py::decref(callable);
        shared.then_some(callable)
    }
}
