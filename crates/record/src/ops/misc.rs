//! What fits no other family: growing containers, common constants, `super()`, instance checks of arguments.
use cpython::abi as py;
use cpython::abi::op;

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
            op::DICT_MERGE => false,
            op::SET_ADD => into == py::PySet_Type(),
            _ => true,
        };
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
            if sup != py::PySuper_Type().cast()
                || !method
                || !py::Type::has_flag(py::Object::type_of(class_object), py::TPFLAGS_TYPE_SUBCLASS)
                || py::Type::has_flag(ty, py::TPFLAGS_TYPE_SUBCLASS)
                || (*ty).tp_getattro != py::address::PyObject_GenericGetAttr()
            {
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
            let Some(found) = found.filter(|f| py::Object::type_of(*f) == py::PyFunction_Type()) else {
                return Err(UNKNOWN);
            };
            self.guard_is(global_super, sup);
            self.guard_is(class, class_object);
            let ty = self.guard_type(receiver, object);
            self.depend(Dependency::Type(ty));
            let (s, c) = (self.peek(2), self.peek(1));
            let plan = self.plan_release(&[(c, class_object), (s, sup)]);
            if plan.escapes() {
                return Err(UNKNOWN);
            }
            let f = self.constant_entry(found);
            let e = self.pop();
            self.pop_n(2);
            self.push(f);
            self.push(e);
            self.release(plan);
        }
        Ok(())
    }
}
