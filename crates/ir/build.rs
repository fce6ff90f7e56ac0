//! Generates the `Uop` enum and its facts from the declarations in `crates/uops`.
use std::fmt::Write;
use std::path::PathBuf;

use uop_table::{Form, Grade, Kind};

fn main() {
    let dir = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../uops/src");
    println!("cargo::rerun-if-changed={}", dir.display());
    let table = uop_table::read(&dir).unwrap_or_else(|e| panic!("{e}"));
    let mut out = String::new();
    writeln!(out, "/// Every uop, generated from `crates/uops`.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]\n#[repr(u16)]\npub enum Uop {{").unwrap();
    for u in &table.uops {
        writeln!(out, "    /// {}\n    {},", u.doc, u.variant()).unwrap();
    }
    writeln!(out, "}}\n").unwrap();
    writeln!(out, "/// A class of memory that uops read and write; effects name these.\n#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]\n#[repr(u8)]\npub enum Heap {{").unwrap();
    for h in &table.heaps {
        writeln!(out, "    /// See the uops that name it.\n    {h},").unwrap();
    }
    writeln!(out, "}}\n").unwrap();
    let count = table.uops.len();
    let list = |name: &str, ty: &str, item: &dyn Fn(&uop_table::UopDef) -> String| {
        let items: String = table.uops.iter().map(|u| format!("    {},\n", item(u))).collect();
        format!("static {name}: [{ty}; {count}] = [\n{items}];\n")
    };
    out += &list("ALL", "Uop", &|u| format!("Uop::{}", u.variant()));
    out += &list("NAMES", "&str", &|u| format!("{:?}", u.name));
    let most = table.uops.iter().map(|u| u.operands.len()).max().unwrap_or(0);
    writeln!(out, "const MAX_OPERANDS: usize = {most};").unwrap();
    out += &list("FACTS", "Facts", &|u| {
        let kinds: Vec<_> = u.operands.iter().map(|(_, k)| format!("Kind::{}", kind(*k))).collect();
        let imms: Vec<_> = u.imms.iter().map(|i| i.bits.to_string()).collect();
        format!(
            "Facts {{ form: Form::{}, operands: {}, imms: {}, variadic: {}, result: {}, exits: {}, pure_: {}, commutes: {}, reads: {}, writes: {}, grade: Grade::{} }}",
            match u.form {
                Form::Stencil => "Stencil",
                Form::Call => "Call",
                Form::Structural => "Structural",
            },
            few(kinds, most, "Kind::Obj"),
            few(imms, 2, "0"),
            u.variadic,
            match u.result {
                None => "None".into(),
                Some(k) => format!("Some(Kind::{})", kind(k)),
            },
            u.exits,
            u.pure_,
            u.commutes,
            mask(&table.heaps, &u.reads),
            mask(&table.heaps, &u.writes),
            match u.grade {
                Grade::Leaf => "Leaf",
                Grade::Allocates => "Allocates",
                Grade::Escapes => "Escapes",
            },
        )
    });
    let path = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("uop.rs");
    std::fs::write(path, out).expect("OUT_DIR is writable");
}

/// A `Few` of these items.
fn few(mut items: Vec<String>, room: usize, filler: &str) -> String {
    let len = items.len();
    assert!(len <= room, "a uop has at most {room} immediates");
    items.resize(room, filler.into());
    format!("Few {{ items: [{}], len: {len} }}", items.join(", "))
}

fn kind(k: Kind) -> &'static str {
    match k {
        Kind::Obj => "Obj",
        Kind::I64 => "I64",
        Kind::F64 => "F64",
        Kind::Bool => "Bool",
        Kind::Ptr => "Ptr",
    }
}

fn mask(heaps: &[String], set: &[String]) -> u32 {
    set.iter().map(|h| 1 << heaps.iter().position(|x| x == h).expect("the table lists all heaps")).sum()
}
