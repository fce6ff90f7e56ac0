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
    writeln!(out, "pub(crate) static FACTS: [Facts; {}] = [", table.uops.len()).unwrap();
    for u in &table.uops {
        let kinds: Vec<_> = u.operands.iter().map(|(_, k)| format!("Kind::{k:?}")).collect();
        let imms: Vec<_> = u.imms.iter().map(|i| i.bits.to_string()).collect();
        writeln!(
            out,
            "    Facts {{ uop: Uop::{}, name: {:?}, family: {:?}, doc: {:?}, form: Form::{}, operands: &[{}], imms: &[{}], variadic: {}, result: {}, exits: {}, pure_: {}, commutes: {}, reads: {}, writes: {}, grade: Grade::{} }},",
            u.variant(),
            u.name,
            u.family,
            u.doc,
            match u.form { Form::Stencil => "Stencil", Form::Call => "Call", Form::Structural => "Structural" },
            kinds.join(", "),
            imms.join(", "),
            u.variadic,
            match u.result { None => "None".into(), Some(k) => format!("Some(Kind::{})", kind(k)) },
            u.exits,
            u.pure_,
            u.commutes,
            mask(&table.heaps, &u.reads),
            mask(&table.heaps, &u.writes),
            match u.grade { Grade::Leaf => "Leaf", Grade::Allocates => "Allocates", Grade::Escapes => "Escapes" },
        )
        .unwrap();
    }
    writeln!(out, "];").unwrap();
    let path = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("uop.rs");
    std::fs::write(path, out).expect("OUT_DIR is writable");
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
