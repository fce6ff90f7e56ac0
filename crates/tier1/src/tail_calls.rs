//! Disassembles this test binary: a handler that does not end in a jump would grow the C stack with every
//! instruction it executes, and nothing but this check would notice before it overflows.

use std::collections::{BTreeMap, HashSet};

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

/// Functions of the handler family that are no handlers: they return to whoever entered tier 1.
const FAMILY: &[&str] = &[
    "dispatch::record_dispatch",
    "dispatch::resume",
    "unwind::raise",
    "unwind::unwind",
    "unwind::exit_with_error",
    "unwind::fail_in_caller",
    "unwind::return_to_caller",
    "unwind::continue_at",
    "unwind::finish_init",
    "unwind::delegate",
    "unwind::yield_to_caller",
    "unwind::fail_at_start",
];

/// Handlers whose fast path must not touch the C stack.
const HOT: &[&str] = &[
    "int::add_int",
    "int::subtract_int",
    "int::multiply_int",
    "int::remainder_int",
    "int::floor_divide_int",
    "float::add_float",
    "float::subtract_float",
    "float::multiply_float",
    "float::divide_float",
    "compare::compare_int_jump",
    "compare::compare_float_jump",
    "compare::compare_str",
    "compare::compare_str_jump",
    "compare::is_op",
    "locals::load_fast",
    "locals::load_fast_borrow",
    "locals::load_fast_borrow_load_fast_borrow",
    "locals::load_const",
    "locals::store_fast",
    "locals::store_fast_load_fast",
    "locals::store_fast_store_fast",
    "locals::pop_top",
    "locals::copy",
    "locals::swap",
    "locals::load_deref",
    "locals::store_deref",
    "jump::jump_backward",
    "jump::jump_forward",
    "jump::pop_jump_if_false",
    "jump::pop_jump_if_true",
    "jump::pop_jump_if_none",
    "jump::resume_checked",
    "iter::for_iter_list",
    "iter::for_iter_tuple",
    "subscript::subscr_list_int",
    "subscript::subscr_bytes_int",
    "subscript::subscr_str_int",
    "subscript::subscr_tuple_int",
    "subscript::store_subscr_list_int",
    "global::load_global_module",
    "global::load_global_builtin",
    "attr_cache::load_attr_instance_value",
    "fused_attr::local_attr_instance_value",
    "fused_attr::local_attr_slot",
    "fused_attr::local_method_with_values",
    "fused_attr::local_method_no_dict",
    "isinstance::call_isinstance",
    "call_native::call_len",
    "attr_cache::load_attr_slot",
    "attr_cache::load_attr_method_with_values",
    "call_python::return_value",
    "unary::to_bool",
    "unary::unary_not",
    "superinstructions::store_fast_load_fast_borrow",
    "superinstructions::store_fast_load_fast_borrow_load_fast_borrow",
    "superinstructions::store_fast_load_borrowed_const",
    "superinstructions::load_fast_borrow_load_borrowed_const",
    "superinstructions::load_fast_borrow_return_value",
    "superinstructions::pop_jump_if_false_load_fast_borrow",
    "superinstructions::to_bool_pop_jump_if_false",
    "superinstructions::load_fast_borrow_to_bool_pop_jump_if_false",
    "superinstructions::load_global_module_load_fast_borrow",
    "superinstructions::load_global_builtin_load_fast_borrow",
];

struct Function {
    name: String,
    code: Vec<Instruction>,
}

/// This crate's functions by address.
fn functions() -> BTreeMap<u64, Function> {
    let path = std::env::current_exe().expect("a running test has a path");
    let data = std::fs::read(path).expect("it can be read");
    let file = object::File::parse(&*data).expect("it is an ELF file");
    let text = file.section_by_name(".text").expect("it has code");
    let bytes = text.data().expect("it is not compressed");
    let mut all = BTreeMap::new();
    for symbol in file.symbols() {
        let name = symbol.name().unwrap_or("");
        if !name.contains("5tier1") || symbol.size() == 0 || symbol.kind() != object::SymbolKind::Text {
            continue;
        }
        let from = (symbol.address() - text.address()) as usize;
        let Some(body) = bytes.get(from..from + symbol.size() as usize) else { continue };
        let mut decoder = Decoder::with_ip(64, body, symbol.address(), DecoderOptions::NONE);
        let code = decoder.iter().collect();
        all.insert(symbol.address(), Function { name: demangle(name), code });
    }
    all
}

/// `_ZN5tier13ops3int7add_int17h..E` as `ops::int::add_int`.
fn demangle(name: &str) -> String {
    let mut rest = name.trim_start_matches("_ZN");
    let mut parts = Vec::new();
    while let Some(digits) = rest.find(|c: char| !c.is_ascii_digit()).filter(|&n| n > 0) {
        let len: usize = rest[..digits].parse().expect("digits");
        parts.push(&rest[digits..digits + len]);
        rest = &rest[digits + len..];
    }
    parts.retain(|part| *part != "tier1" && !part.starts_with("17h") && !(part.len() == 17 && part.starts_with('h')));
    parts.join("::")
}

fn is_family(name: &str) -> bool {
    FAMILY.contains(&name)
        || name.starts_with("ops::")
            && ![
                "version_for",
                "binary::version",
                "choose",
                "specialize",
                "::select",
                "fused::fuse_with_load",
                "superinstructions::combine",
                "copies::copy_for",
                "fused::store_version",
                "load_version",
                "name_error",
                "_operation",
                "_outcome",
                "float::number",
            ]
            .iter()
            .any(|n| name.contains(n))
}

#[test]
fn handlers_end_in_jumps() {
    let all = functions();
    let tables: HashSet<u64> = crate::ops::tables()
        .iter()
        .flat_map(|t| t.iter())
        .flat_map(|p| [p.plain as usize, p.record as usize])
        .map(|a| a as u64)
        .collect();
    assert!(tables.len() > 300, "the tables list both versions of every handler");
    // Handlers are the targets of the tables; what they jump to is of the family as well.
    let family: HashSet<u64> = all.iter().filter(|(_, f)| is_family(&f.name)).map(|(a, _)| *a).collect();
    assert!(family.len() > 300, "symbols were found");
    let mut dispatchers: HashSet<u64> = family.iter().copied().filter(|a| dispatches(&all[a])).collect();
    // Whatever jumps to a dispatcher is one.
    loop {
        let more: Vec<u64> = family
            .iter()
            .copied()
            .filter(|a| !dispatchers.contains(a))
            .filter(|a| all[a].code.iter().any(|i| is_direct_jump(i) && dispatchers.contains(&i.near_branch_target())))
            .collect();
        if more.is_empty() {
            break;
        }
        dispatchers.extend(more);
    }
    let mut wrong = Vec::new();
    for (address, function) in &all {
        if function.name == "entry::run" {
            continue;
        }
        // Whether rsi holds a variable's address rather than an instruction's.
        let mut holds_variable = false;
        for instruction in &function.code {
            if instruction.op0_kind() == OpKind::Register && instruction.op0_register().full_register() == Register::RSI
            {
                holds_variable = instruction.mnemonic() == Mnemonic::Mov && instruction.is_ip_rel_memory_operand();
            }
            let calls_dispatcher = match instruction.flow_control() {
                FlowControl::Call => {
                    instruction.op0_kind() == OpKind::NearBranch64
                        && dispatchers.contains(&instruction.near_branch_target())
                }
                FlowControl::IndirectCall => {
                    instruction.op0_kind() == OpKind::Memory
                        && !holds_variable
                        && instruction.memory_base() == Register::RSI
                        && instruction.memory_displacement64() == 0
                }
                _ => false,
            };
            if calls_dispatcher {
                let target = all.get(&instruction.near_branch_target()).map_or("a handler", |f| &f.name);
                wrong.push(format!("{} calls {target} instead of jumping", function.name));
            }
            let returns = instruction.mnemonic() == Mnemonic::Ret;
            if returns && tables_contain(&tables, *address) {
                wrong.push(format!("{} returns", function.name));
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "rustc {}: {}", "outside the supported range?", wrong.join("\n"));
}

/// Addresses in the tables are those of the running process; symbols' are those in the file.
fn tables_contain(tables: &HashSet<u64>, address: u64) -> bool {
    tables.contains(&(address + load_bias()))
}

fn load_bias() -> u64 {
    let all = functions_address("entry::counts");
    crate::entry::counts as *const () as u64 - all
}

fn functions_address(name: &str) -> u64 {
    static CACHE: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *CACHE.get_or_init(|| {
        functions().iter().find(|(_, f)| f.name == name).map(|(a, _)| *a).expect("a function known to exist")
    })
}

fn is_direct_jump(i: &Instruction) -> bool {
    matches!(i.flow_control(), FlowControl::UnconditionalBranch | FlowControl::ConditionalBranch)
        && i.op0_kind() == OpKind::NearBranch64
}

/// Whether a function jumps to the handler of some instruction.
fn dispatches(function: &Function) -> bool {
    function.code.iter().any(|i| i.flow_control() == FlowControl::IndirectBranch)
}

#[test]
fn hot_handlers_leave_the_stack_alone() {
    let all = functions();
    let mut wrong = Vec::new();
    for hot in HOT {
        let name = format!("ops::{hot}");
        let versions: Vec<_> = all.values().filter(|f| f.name == name).collect();
        assert!(!versions.is_empty(), "{name} is in the binary");
        // Recording versions go through a function and need not be lean.
        let clean = versions.iter().any(|f| f.code.iter().all(leaves_stack_alone));
        if !clean {
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "use the C stack: {}", wrong.join(", "));
}

fn leaves_stack_alone(i: &Instruction) -> bool {
    let moves_stack =
        i.mnemonic() == Mnemonic::Sub && i.op0_kind() == OpKind::Register && i.op0_register() == Register::RSP;
    !matches!(i.mnemonic(), Mnemonic::Push | Mnemonic::Call) && !moves_stack
}
