//! Generates the `match` that calls each uop's body.
use std::fmt::Write;
use std::path::PathBuf;

use uop_table::{Form, Kind, UopDef};

fn main() {
    let dir = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../uops/src");
    println!("cargo::rerun-if-changed={}", dir.display());
    let table = uop_table::read(&dir).unwrap_or_else(|e| panic!("{e}"));
    let mut out = String::from(
        "/// Executes a stencil uop by its body.\n\
         ///\n\
         /// # Safety\n\
         /// Operands are what the uop's contract asks for.\n\
         #[allow(unused_unsafe, clippy::undocumented_unsafe_blocks, reason = \"some bodies are safe functions\")]\n\
         pub unsafe fn body(op: Uop, cx: u64, a: &[u64], i: [u64; 2]) -> Step<u64> {\n    match op {\n",
    );
    for u in table.uops.iter().filter(|u| u.form == Form::Stencil) {
        let call = format!("unsafe {{ uops::{}({}) }}", u.name, arguments(u));
        let convert = match u.result {
            None => "0",
            Some(Kind::F64) => "v.to_bits()",
            Some(Kind::I64) => "v as u64",
            Some(_) => "v",
        };
        let arm = if u.exits {
            let v = if u.result.is_some() { "v" } else { "()" };
            format!("match {call} {{ Step::Next({v}) => Step::Next({convert}), Step::Exit => Step::Exit }}")
        } else if u.result.is_none() {
            format!("{{ {call}; Step::Next(0) }}")
        } else {
            format!("{{ let v = {call}; Step::Next({convert}) }}")
        };
        writeln!(out, "        Uop::{} => {arm},", u.variant()).expect("a String takes all");
    }
    out.push_str("        _ => unreachable!(\"{op:?} has no body\"),\n    }\n}\n");
    let path = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("body.rs");
    std::fs::write(path, out).expect("OUT_DIR is writable");
}

/// The call's arguments, in declaration order.
fn arguments(u: &UopDef) -> String {
    let (mut values, mut imms) = (0, 0);
    let mut out = Vec::new();
    for c in u.signature.chars() {
        out.push(match c {
            'c' => "cx".to_string(),
            'v' => {
                values += 1;
                let n = values - 1;
                match u.operands[n].1 {
                    Kind::I64 => format!("a[{n}] as i64"),
                    Kind::F64 => format!("f64::from_bits(a[{n}])"),
                    Kind::Obj | Kind::Bool | Kind::Ptr => format!("a[{n}]"),
                }
            }
            _ => {
                imms += 1;
                let n = imms - 1;
                if u.imms[n].bits == 32 { format!("i[{n}] as i32") } else { format!("i[{n}]") }
            }
        });
    }
    out.join(", ")
}
