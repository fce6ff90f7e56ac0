// Prints layout.rs: the parts of CPython 3.14's memory that this crate reads or writes, as Rust structs
// with CPython's own field names. Compiled against the interpreter's headers (see tests/layout.rs):
//
//     cc -I<include> -I<include>/internal -o layout layout.c && ./layout > layout.rs
#define Py_BUILD_CORE 1
#define NEED_OPCODE_METADATA 1
#include "Python.h"
#include "opcode.h"
#include "pycore_ceval.h"
#include "pycore_code.h"
#include "pycore_debug_offsets.h"
#include "pycore_descrobject.h"
#include "pycore_dict.h"
#include "pycore_frame.h"
#include "pycore_genobject.h"
#include "pycore_interp.h"
#include "pycore_interpframe.h"
#include "pycore_list.h"
#include "pycore_opcode_metadata.h"
#include "pycore_opcode_utils.h"
#include "pycore_range.h"
#include "pycore_runtime.h"
#include "pycore_runtime_init.h"
#include "pycore_stackref.h"
#include "pycore_tstate.h"
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(Py_GIL_DISABLED) || defined(Py_DEBUG)
#error "the layout is that of the default release build"
#endif

static size_t at;
static int pads;
static char checks[1 << 16];
static size_t checked;

static void begin(const char *name)
{
    printf("\n#[repr(C)]\npub struct %s {\n", name);
    at = 0;
    pads = 0;
    checked = 0;
}

static void pad_to(const char *name, const char *field, size_t offset)
{
    if (offset < at) {
        fprintf(stderr, "%s.%s is at %zu, before the end of its predecessor\n", name, field, offset);
        exit(1);
    }
    if (offset > at) {
        printf("    _pad%d: [u8; %zu],\n", pads++, offset - at);
    }
}

static void field(const char *name, const char *field, const char *type, size_t offset, size_t size)
{
    pad_to(name, field, offset);
    printf("    pub %s: %s,\n", field, type);
    at = offset + size;
    checked += sprintf(checks + checked, "    assert!(core::mem::offset_of!(%s, %s) == %zu);\n", name, field, offset);
}

static void end(const char *name, size_t size)
{
    pad_to(name, "end", size);
    printf("}\n\nconst _: () = {\n%s    assert!(core::mem::size_of::<%s>() == %zu);\n};\n", checks, name, size);
}

#define STRUCT(rust, c) { typedef c T; const char *S = #rust; size_t whole = sizeof(T); begin(S);
#define F(name, type) field(S, #name, type, offsetof(T, name), sizeof(((T *)0)->name));
// A field whose C path is not its Rust name.
#define P(path, name, type) field(S, #name, type, offsetof(T, path), sizeof(((T *)0)->path));
// A trailing array: only its start is declared.
#define TAIL(name, type) whole = offsetof(T, name); field(S, #name, "[" type "; 0]", whole, 0);
// Four bytes between two fields that CPython leaves unused, for us.
#define HOLE(name, type, after) if (offsetof(T, after) != at + 4) { fprintf(stderr, "%s has no hole\n", S); exit(1); } \
    field(S, #name, type, at, 4);
// A frame at the end of its owner: Rust's Frame stops where the slots begin.
#define EMBEDDED_FRAME(name) whole = offsetof(T, name) + offsetof(_PyInterpreterFrame, localsplus); \
    field(S, #name, "Frame", offsetof(T, name), offsetof(_PyInterpreterFrame, localsplus));
#define END end(S, whole); }

#define USIZE(name, value) printf("pub const %s: usize = %llu;\n", name, (unsigned long long)(value));
#define U32(name, value) printf("pub const %s: u32 = %llu;\n", name, (unsigned long long)(value));
#define CONST(name) U32(#name, name)
// The bits of a field of a str's state.
#define STATE(name, field) { PyASCIIObject s; uint32_t bits; memset(&s, 0, sizeof s); s.state.field = ~0u; \
    memcpy(&bits, &s.state, sizeof bits); U32(name, bits) }

static void object_structs(void)
{
    STRUCT(Object, PyObject) F(ob_refcnt, "u32") P(ob_overflow, ob_overflow, "u16") P(ob_flags, ob_flags, "u16")
        F(ob_type, "*mut Type") END
    STRUCT(VarObject, PyVarObject) F(ob_base, "Object") F(ob_size, "isize") END
    STRUCT(Long, PyLongObject) F(ob_base, "Object") P(long_value.lv_tag, lv_tag, "usize")
        P(long_value.ob_digit, ob_digit, "[u32; 1]") END
    STRUCT(Float, PyFloatObject) F(ob_base, "Object") F(ob_fval, "f64") END
    STRUCT(List, PyListObject) F(ob_base, "VarObject") F(ob_item, "*mut *mut Object") F(allocated, "isize") END
    STRUCT(Tuple, PyTupleObject) F(ob_base, "VarObject") F(ob_hash, "isize") TAIL(ob_item, "*mut Object") END
    STRUCT(Bytes, PyBytesObject) F(ob_base, "VarObject") TAIL(ob_sval, "u8") END
    STRUCT(ByteArray, PyByteArrayObject) F(ob_base, "VarObject") F(ob_start, "*mut u8") END
    STRUCT(AsciiStr, PyASCIIObject) F(ob_base, "Object") F(length, "isize") F(hash, "isize") F(state, "u32") END
    STRUCT(CompactStr, PyCompactUnicodeObject) P(_base, ascii, "AsciiStr") F(utf8_length, "isize")
        F(utf8, "*mut u8") END
    STRUCT(Dict, PyDictObject) F(ob_base, "Object") F(ma_used, "isize") F(_ma_watcher_tag, "u64")
        F(ma_keys, "*mut DictKeys") F(ma_values, "*mut DictValues") END
    STRUCT(DictKeys, PyDictKeysObject) F(dk_refcnt, "isize") F(dk_log2_size, "u8") F(dk_log2_index_bytes, "u8")
        F(dk_kind, "u8") F(dk_version, "u32") F(dk_usable, "isize") F(dk_nentries, "isize") TAIL(dk_indices, "u8") END
    STRUCT(DictUnicodeEntry, PyDictUnicodeEntry) F(me_key, "*mut Object") F(me_value, "*mut Object") END
    STRUCT(DictGeneralEntry, PyDictKeyEntry) F(me_hash, "isize") F(me_key, "*mut Object") F(me_value, "*mut Object") END
    STRUCT(DictValues, PyDictValues) F(capacity, "u8") F(size, "u8") F(embedded, "u8") F(valid, "u8")
        TAIL(values, "*mut Object") END
    STRUCT(Set, PySetObject) F(ob_base, "Object") F(fill, "isize") F(used, "isize") F(mask, "isize")
        F(table, "*mut SetEntry") END
    STRUCT(SetEntry, setentry) F(key, "*mut Object") F(hash, "isize") END
    STRUCT(Slice, PySliceObject) F(ob_base, "Object") F(start, "*mut Object") F(stop, "*mut Object")
        F(step, "*mut Object") END
    STRUCT(Cell, PyCellObject) F(ob_base, "Object") F(ob_ref, "*mut Object") END
    STRUCT(RangeIter, _PyRangeIterObject) F(ob_base, "Object") F(start, "i64") F(step, "i64") F(len, "i64") END
    STRUCT(ListIter, _PyListIterObject) F(ob_base, "Object") F(it_index, "isize") F(it_seq, "*mut List") END
    STRUCT(TupleIter, _PyTupleIterObject) F(ob_base, "Object") F(it_index, "isize") F(it_seq, "*mut Tuple") END
    STRUCT(Module, PyModuleObject) F(ob_base, "Object") F(md_dict, "*mut Object") END
    STRUCT(BaseException, PyBaseExceptionObject) F(ob_base, "Object") F(traceback, "*mut Object")
        F(context, "*mut Object") F(cause, "*mut Object") END
    STRUCT(StopIteration, PyStopIterationObject) F(value, "*mut Object") END
}

static void callable_structs(void)
{
    STRUCT(Function, PyFunctionObject) F(ob_base, "Object") F(func_globals, "*mut Object")
        F(func_builtins, "*mut Object") F(func_name, "*mut Object") F(func_qualname, "*mut Object")
        F(func_code, "*mut Code") F(func_defaults, "*mut Object") F(func_kwdefaults, "*mut Object")
        F(func_closure, "*mut Tuple") F(func_annotations, "*mut Object") F(func_annotate, "*mut Object")
        F(vectorcall, "Option<VectorcallFn>") F(func_version, "u32") END
    STRUCT(Code, PyCodeObject) F(ob_base, "VarObject") F(co_consts, "*mut Tuple") F(co_names, "*mut Tuple")
        F(co_exceptiontable, "*mut Bytes") F(co_flags, "i32") F(co_argcount, "i32") F(co_posonlyargcount, "i32")
        F(co_kwonlyargcount, "i32") F(co_stacksize, "i32") F(co_firstlineno, "i32") F(co_nlocalsplus, "i32")
        F(co_framesize, "i32") F(co_nlocals, "i32") F(co_ncellvars, "i32") F(co_nfreevars, "i32")
        F(co_version, "u32") F(co_localsplusnames, "*mut Tuple") F(co_localspluskinds, "*mut Bytes")
        F(co_filename, "*mut Object") F(co_name, "*mut Object") F(co_qualname, "*mut Object")
        F(_co_instrumentation_version, "usize") F(_co_unique_id, "u64") F(_co_firsttraceable, "i32") TAIL(co_code_adaptive, "CodeUnit") END
    STRUCT(BoundMethod, PyMethodObject) F(ob_base, "Object") F(im_func, "*mut Object") F(im_self, "*mut Object") END
    STRUCT(CFunction, PyCFunctionObject) F(ob_base, "Object") F(m_ml, "*const MethodDef") F(m_self, "*mut Object")
        F(m_module, "*mut Object") F(vectorcall, "Option<VectorcallFn>") END
    STRUCT(MethodDef, PyMethodDef) F(ml_name, "*const core::ffi::c_char") F(ml_meth, "*const ()") F(ml_flags, "i32") END
    STRUCT(MethodDescr, PyMethodDescrObject) P(d_common.d_type, d_type, "*mut Type") F(d_method, "*const MethodDef")
        F(vectorcall, "Option<VectorcallFn>") END
    STRUCT(MemberDescr, PyMemberDescrObject) P(d_common.d_type, d_type, "*mut Type") F(d_member, "*const MemberDef") END
    STRUCT(GetSetDescr, PyGetSetDescrObject) P(d_common.d_type, d_type, "*mut Type") F(d_getset, "*const GetSetDef") END
    STRUCT(GetSetDef, PyGetSetDef) F(get, "Option<GetterFn>") F(closure, "*mut ()") END
    STRUCT(MemberDef, PyMemberDef) P(type, kind, "i32") F(offset, "isize") F(flags, "i32") END
    STRUCT(WrapperDescr, PyWrapperDescrObject) P(d_common.d_type, d_type, "*mut Type") F(d_wrapped, "*const ()") END
    STRUCT(Property, _PyPropertyObject) F(ob_base, "Object") F(prop_get, "*mut Object") F(prop_set, "*mut Object")
        F(prop_del, "*mut Object") END
    STRUCT(Generator, PyGenObject) F(ob_base, "Object") F(gi_name, "*mut Object") F(gi_qualname, "*mut Object")
        F(gi_exc_state, "ErrStackItem") F(gi_running_async, "u8") F(gi_frame_state, "i8") EMBEDDED_FRAME(gi_iframe) END
}

static void type_struct(void)
{
    STRUCT(Type, PyTypeObject) F(ob_base, "VarObject") F(tp_name, "*const core::ffi::c_char")
        F(tp_basicsize, "isize") F(tp_itemsize, "isize") F(tp_dealloc, "*const ()") F(tp_vectorcall_offset, "isize")
        F(tp_as_async, "*const AsyncMethods") F(tp_as_number, "*const NumberMethods")
        F(tp_as_sequence, "*const SequenceMethods") F(tp_as_mapping, "*const MappingMethods") F(tp_hash, "*const ()")
        F(tp_call, "*const ()") F(tp_getattro, "*const ()") F(tp_setattro, "*const ()") F(tp_flags, "u64")
        F(tp_traverse, "Option<TraverseFn>") F(tp_clear, "*const ()") F(tp_richcompare, "Option<RichCompareFn>")
        F(tp_weaklistoffset, "isize") F(tp_iter, "Option<UnaryFn>")
        F(tp_iternext, "Option<UnaryFn>") F(tp_methods, "*const MethodDef") F(tp_base, "*mut Type")
        F(tp_dict, "*mut Object") F(tp_descr_get, "*const ()") F(tp_descr_set, "*const ()") F(tp_dictoffset, "isize")
        F(tp_init, "*const ()") F(tp_alloc, "*const ()") F(tp_new, "*const ()") F(tp_mro, "*mut Tuple")
        F(tp_del, "*const ()") F(tp_version_tag, "u32") F(tp_finalize, "*const ()") F(tp_vectorcall, "Option<VectorcallFn>") F(tp_versions_used, "u16") END
    STRUCT(HeapType, PyHeapTypeObject) F(ht_type, "Type") F(ht_cached_keys, "*mut DictKeys")
        P(_spec_cache.getitem, spec_getitem, "*mut Object") P(_spec_cache.getitem_version, spec_getitem_version, "u32")
        P(_spec_cache.init, spec_init, "*mut Object") END
    STRUCT(AsyncMethods, PyAsyncMethods) F(am_await, "Option<UnaryFn>") F(am_aiter, "Option<UnaryFn>")
        F(am_anext, "Option<UnaryFn>") F(am_send, "*const ()") END
    STRUCT(NumberMethods, PyNumberMethods) F(nb_bool, "*const ()") F(nb_index, "*const ()") END
    STRUCT(SequenceMethods, PySequenceMethods) F(sq_length, "*const ()") F(sq_concat, "*const ()")
        F(sq_repeat, "*const ()") F(sq_item, "*const ()") F(sq_contains, "*const ()") END
    STRUCT(MappingMethods, PyMappingMethods) F(mp_length, "*const ()") F(mp_subscript, "Option<BinaryFn>")
        F(mp_ass_subscript, "*const ()") END
}

static void state_structs(void)
{
    STRUCT(MonitoringState, PyMonitoringState) F(active, "u8") F(opaque, "u8") END
    STRUCT(Frame, _PyInterpreterFrame) F(f_executable, "StackRef") F(previous, "*mut Frame") F(f_funcobj, "StackRef")
        F(f_globals, "*mut Object") F(f_builtins, "*mut Object") F(f_locals, "*mut Object")
        F(frame_obj, "*mut Object") F(instr_ptr, "*mut CodeUnit") F(stackpointer, "*mut StackRef")
        F(return_offset, "u16") F(owner, "u8") F(visited, "u8")
        HOLE(hint, "u32", localsplus) TAIL(localsplus, "StackRef") END
    STRUCT(ErrStackItem, _PyErr_StackItem) F(exc_value, "*mut Object") F(previous_item, "*mut ErrStackItem") END
    STRUCT(ThreadState, PyThreadState) F(interp, "*mut InterpreterState") F(eval_breaker, "usize")
        F(py_recursion_remaining, "i32") F(py_recursion_limit, "i32") F(recursion_headroom, "i32") F(tracing, "i32")
        F(current_frame, "*mut Frame") F(c_profilefunc, "*const ()") F(c_tracefunc, "*const ()")
        F(current_exception, "*mut Object") F(exc_info, "*mut ErrStackItem") F(datastack_chunk, "*mut StackChunk")
        F(datastack_top, "*mut *mut Object") F(datastack_limit, "*mut *mut Object") F(current_executor, "*mut Object")
        F(datastack_cached_chunk, "*mut StackChunk") END
    STRUCT(StackChunk, _PyStackChunk) F(previous, "*mut StackChunk") F(size, "usize") F(top, "usize") END
    STRUCT(ThreadStateImpl, _PyThreadStateImpl) F(base, "ThreadState") F(c_stack_top, "usize")
        F(c_stack_soft_limit, "usize") F(c_stack_hard_limit, "usize") END
    STRUCT(FreeList, struct _Py_freelist) F(freelist, "*mut ()") F(size, "isize") END
    STRUCT(InterpreterState, PyInterpreterState) P(ceval.instrumentation_version, instrumentation_version, "usize")
        F(finalizing, "i32") F(eval_frame, "Option<EvalFrameFn>")
        P(object_state.freelists.floats, free_floats, "FreeList") P(object_state.freelists.ints, free_ints, "FreeList")
        P(dict_state.next_keys_version, next_keys_version, "u32")
        P(callable_cache.isinstance, cached_isinstance, "*mut Object") P(callable_cache.len, cached_len, "*mut Object")
        P(callable_cache.list_append, cached_list_append, "*mut Object")
        P(callable_cache.object__getattribute__, cached_object_getattribute, "*mut Object")
        F(common_consts, "[*mut Object; 5]") P(rare_events.func_modification, rare_func_modification, "u8")
        F(monitors, "[u8; 16]") F(monitoring_callables, "[[*mut Object; 19]; 8]") END
}

static void constants(void)
{
    printf("\n");
    U32("VERSION_MAJOR_MINOR", PY_VERSION_HEX >> 16)
    U32("HEADERS_VERSION_HEX", PY_VERSION_HEX)
    USIZE("TAG_REFCNT", Py_TAG_REFCNT) USIZE("TAG_BITS", Py_TAG_BITS) USIZE("STACKREF_NULL", PyStackRef_NULL_BITS)
    U32("IMMORTAL_MINIMUM_REFCNT", _Py_IMMORTAL_MINIMUM_REFCNT)
    U32("IMMORTAL_INITIAL_REFCNT", _Py_IMMORTAL_INITIAL_REFCNT)
    USIZE("LONG_SIGN_MASK", SIGN_MASK) USIZE("LONG_NON_SIZE_BITS", NON_SIZE_BITS)
    USIZE("LONG_SHIFT", PyLong_SHIFT) USIZE("EVAL_EVENTS_BITS", _PY_EVAL_EVENTS_BITS)
    USIZE("EVAL_CALLS_TO_DO_BIT", _PY_CALLS_TO_DO_BIT) USIZE("IMMORTAL_FLAGS", _Py_IMMORTAL_FLAGS)
    USIZE("MONITORING_LOCAL_EVENTS", _PY_MONITORING_LOCAL_EVENTS)
    USIZE("MONITORING_EVENT_RAISE", PY_MONITORING_EVENT_RAISE)
    USIZE("MONITORING_EVENT_EXCEPTION_HANDLED", PY_MONITORING_EVENT_EXCEPTION_HANDLED)
    USIZE("MONITORING_EVENT_PY_UNWIND", PY_MONITORING_EVENT_PY_UNWIND)
    USIZE("MONITORING_EVENT_C_RETURN", PY_MONITORING_EVENT_C_RETURN)
    USIZE("MONITORING_EVENT_C_RAISE", PY_MONITORING_EVENT_C_RAISE)
    USIZE("MONITORING_SYS_TRACE_ID", PY_MONITORING_SYS_TRACE_ID)
    USIZE("CHUNK_DATA_OFFSET", offsetof(_PyStackChunk, data))
    USIZE("FRAME_SPECIALS_SIZE", FRAME_SPECIALS_SIZE)
    USIZE("STACK_MARGIN_BYTES", _PyOS_STACK_MARGIN_BYTES)
    USIZE("SMALL_INT_NEGATIVE", _PY_NSMALLNEGINTS) USIZE("SMALL_INT_POSITIVE", _PY_NSMALLPOSINTS)
    USIZE("SMALL_INTS_IN_RUNTIME", offsetof(_PyRuntimeState, static_objects.singletons.small_ints))
    USIZE("EMPTY_STR_IN_RUNTIME", offsetof(_PyRuntimeState, static_objects.singletons.strings.literals._py_empty))
    USIZE("LATIN1_ASCII_IN_RUNTIME", offsetof(_PyRuntimeState, static_objects.singletons.strings.ascii))
    USIZE("LATIN1_ASCII_STRIDE", sizeof(((_PyRuntimeState *)0)->static_objects.singletons.strings.ascii[0]))
    USIZE("REF_TRACER_IN_RUNTIME", offsetof(_PyRuntimeState, ref_tracer))
    USIZE("MANAGED_DICT_OFFSET", -MANAGED_DICT_OFFSET)
    USIZE("DICT_KEYS_GENERAL", DICT_KEYS_GENERAL) USIZE("DICT_KEYS_UNICODE", DICT_KEYS_UNICODE)
    USIZE("DICT_KEYS_SPLIT", DICT_KEYS_SPLIT) USIZE("SHARED_KEYS_MAX_SIZE", SHARED_KEYS_MAX_SIZE)
    USIZE("FLOATS_MAXFREELIST", Py_floats_MAXFREELIST) USIZE("INTS_MAXFREELIST", Py_ints_MAXFREELIST)
    USIZE("FREE_LISTS", sizeof(struct _Py_freelists) / sizeof(struct _Py_freelist))
    CONST(FRAME_OWNED_BY_THREAD) CONST(FRAME_OWNED_BY_GENERATOR) CONST(FRAME_OWNED_BY_FRAME_OBJECT)
    CONST(FRAME_OWNED_BY_INTERPRETER) CONST(FRAME_OWNED_BY_CSTACK)
    U32("CO_OPTIMIZED", CO_OPTIMIZED) U32("CO_NEWLOCALS", CO_NEWLOCALS) U32("CO_VARARGS", CO_VARARGS)
    U32("CO_VARKEYWORDS", CO_VARKEYWORDS) U32("CO_GENERATOR", CO_GENERATOR) U32("CO_COROUTINE", CO_COROUTINE)
    U32("CO_ITERABLE_COROUTINE", CO_ITERABLE_COROUTINE) U32("CO_ASYNC_GENERATOR", CO_ASYNC_GENERATOR)
    U32("METH_VARARGS", METH_VARARGS) U32("METH_KEYWORDS", METH_KEYWORDS) U32("METH_NOARGS", METH_NOARGS)
    U32("METH_O", METH_O) U32("METH_FASTCALL", METH_FASTCALL) U32("METH_METHOD", METH_METHOD)
    U32("METH_STATIC", METH_STATIC) U32("METH_CLASS", METH_CLASS)
    U32("MEMBER_OBJECT_EX", Py_T_OBJECT_EX) U32("MEMBER_READONLY", Py_READONLY) U32("MEMBER_AUDIT_READ", Py_AUDIT_READ)
    CONST(FVC_STR) CONST(FVC_REPR)
    STATE("STR_INTERNED", interned) STATE("STR_KIND", kind) STATE("STR_ASCII", ascii)
    printf("pub const TPFLAGS_INLINE_VALUES: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_INLINE_VALUES);
    printf("pub const TPFLAGS_MANAGED_DICT: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_MANAGED_DICT);
    printf("pub const TPFLAGS_IS_ABSTRACT: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_IS_ABSTRACT);
    printf("pub const TPFLAGS_HEAPTYPE: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_HEAPTYPE);
    printf("pub const TPFLAGS_IMMUTABLETYPE: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_IMMUTABLETYPE);
    printf("pub const TPFLAGS_METHOD_DESCRIPTOR: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_METHOD_DESCRIPTOR);
    printf("pub const TPFLAGS_HAVE_VECTORCALL: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_HAVE_VECTORCALL);
    printf("pub const TPFLAGS_LONG_SUBCLASS: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_LONG_SUBCLASS);
    printf("pub const TPFLAGS_BASE_EXC_SUBCLASS: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_BASE_EXC_SUBCLASS);
    printf("pub const TPFLAGS_TYPE_SUBCLASS: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_TYPE_SUBCLASS);
    printf("pub const TPFLAGS_MAPPING: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_MAPPING);
    printf("pub const TPFLAGS_SEQUENCE: u64 = %llu;\n", (unsigned long long)Py_TPFLAGS_SEQUENCE);
    printf("pub const GEN_CREATED: i8 = %d;\npub const GEN_SUSPENDED: i8 = %d;\n", FRAME_CREATED, FRAME_SUSPENDED);
    printf("pub const GEN_SUSPENDED_YIELD_FROM: i8 = %d;\npub const GEN_EXECUTING: i8 = %d;\n",
           FRAME_SUSPENDED_YIELD_FROM, FRAME_EXECUTING);
    printf("pub const GEN_COMPLETED: i8 = %d;\npub const GEN_CLEARED: i8 = %d;\n", FRAME_COMPLETED, FRAME_CLEARED);
}

// What the running interpreter says of itself, as (index of the u64 in _Py_DebugOffsets, expected, name).
static void debug_offsets(void)
{
    static const struct _Py_DebugOffsets expected = _Py_DebugOffsets_INIT(_Py_Debug_Cookie);
    printf("\n/// `(byte offset in _Py_DebugOffsets, expected value, name)`.\n");
    printf("pub const DEBUG_OFFSETS: &[(usize, u64, &str)] = &[\n");
#define D(path) printf("    (%zu, %llu, \"%s\"),\n", offsetof(struct _Py_DebugOffsets, path), \
                       (unsigned long long)expected.path, #path);
    D(free_threaded) D(interpreter_state.size) D(interpreter_state.ceval_gil) D(interpreter_state.gc)
    D(interpreter_state.gil_runtime_state) D(thread_state.size) D(thread_state.interp) D(thread_state.current_frame)
    D(thread_state.datastack_chunk) D(interpreter_frame.size) D(interpreter_frame.previous)
    D(interpreter_frame.executable) D(interpreter_frame.instr_ptr) D(interpreter_frame.localsplus)
    D(interpreter_frame.owner) D(interpreter_frame.stackpointer) D(code_object.size) D(code_object.name)
    D(code_object.co_code_adaptive) D(code_object.localsplusnames) D(pyobject.size) D(pyobject.ob_type)
    D(type_object.size) D(type_object.tp_flags) D(tuple_object.ob_item) D(list_object.ob_item) D(dict_object.ma_keys)
    D(dict_object.ma_values) D(float_object.ob_fval) D(long_object.lv_tag) D(long_object.ob_digit)
    D(gen_object.size) D(gen_object.gi_iframe) D(gen_object.gi_frame_state)
    printf("];\n");
}

static void opcodes(void)
{
    printf("\npub mod op {\n");
    for (int i = 0; i < 256; i++) {
        if (_PyOpcode_OpName[i] != NULL) {
            printf("    pub const %s: u8 = %d;\n", _PyOpcode_OpName[i], i);
        }
    }
    printf("}\n\n/// The argument of `BINARY_OP`: CPython's `NB_*`.\npub mod nb {\n");
#define NB(name) printf("    pub const %s: u32 = %d;\n", #name, NB_##name);
    NB(ADD) NB(AND) NB(FLOOR_DIVIDE) NB(LSHIFT) NB(MULTIPLY) NB(REMAINDER) NB(OR) NB(POWER) NB(RSHIFT) NB(SUBTRACT)
    NB(TRUE_DIVIDE) NB(XOR) NB(INPLACE_ADD) NB(SUBSCR)
    printf("}\n\npub const OPCODE_NAMES: [&str; 256] = [\n");
    for (int i = 0; i < 256; i++) {
        printf("    \"%s\",\n", _PyOpcode_OpName[i] != NULL ? _PyOpcode_OpName[i] : "");
    }
    printf("];\n\n/// Cache units after each base instruction.\npub const CACHES: [u8; 256] = [");
    for (int i = 0; i < 256; i++) {
        printf("%s%d,", i % 32 ? " " : "\n    ", _PyOpcode_Caches[i]);
    }
    printf("\n];\n\n/// The base instruction of each specialized one.\npub const DEOPT: [u8; 256] = [");
    for (int i = 0; i < 256; i++) {
        printf("%s%d,", i % 32 ? " " : "\n    ", _PyOpcode_Deopt[i]);
    }
    printf("\n];\n");
}

int main(void)
{
    printf("// Generated by layout.c from CPython's headers. Do not edit.\n");
    printf("#![allow(non_snake_case, missing_docs)]\n\n");
    printf("use super::types::*;\n");
    object_structs();
    callable_structs();
    type_struct();
    state_structs();
    constants();
    debug_offsets();
    opcodes();
    return 0;
}
