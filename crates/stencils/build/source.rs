//! The Rust file that is compiled into stencils: each uop's body, and around it a function that takes its operands
//! in placeholder registers and tail-calls what comes next.
use std::fmt::Write;
use std::path::Path;

use uop_table::{Kind, UopDef};

/// Prefix of stencil symbols.
pub const PREFIX: &str = "stencil_";
/// Symbols of control flow: with no result, an integer result, a float result; and the way out.
pub const NEXT: [&str; 3] = ["HOLE_NEXT", "HOLE_NEXT_INT", "HOLE_NEXT_FLOAT"];
pub const EXIT: &str = "HOLE_EXIT";
/// Symbols of immediates, by index; 64-bit ones are data, 32-bit ones functions (their addresses are below 2 GiB in
/// the medium code model, so that they fold into instructions).
pub const IMM64: [&str; 2] = ["HOLE_IMM64_0", "HOLE_IMM64_1"];
pub const IMM32: [&str; 2] = ["HOLE_IMM32_0", "HOLE_IMM32_1"];

/// The whole file. `uops` is the source folder of crate `uops`.
pub fn generate(uops: &Path, stencils: &[&UopDef]) -> String {
    let mut out = String::new();
    let path = |file: &str| format!("{:?}", uops.join(file).display().to_string());
    writeln!(
        out,
        "#![no_std]
#![allow(unused, non_snake_case)]
use core::mem::MaybeUninit;
#[path = {}] pub mod layout;
#[path = {}] pub mod body;
use body::*;
use layout::*;
type Obj = u64; type Ptr = u64; type I64 = i64; type F64 = f64; type Bool = u64; type Cx = u64;
type Imm32 = i64; type Imm64 = u64;
type Any = MaybeUninit<u64>; type AnyF = MaybeUninit<f64>;
unsafe extern \"sysv64\" {{
    fn HOLE_NEXT(cx: Cx) -> u64;
    fn HOLE_NEXT_INT(cx: Cx, r: u64) -> u64;
    fn HOLE_NEXT_FLOAT(cx: Cx, x0: AnyF, x1: AnyF, x2: AnyF, r: f64) -> u64;
    fn HOLE_EXIT() -> u64;
    static HOLE_IMM64_0: u8; static HOLE_IMM64_1: u8;
    fn HOLE_IMM32_0(); fn HOLE_IMM32_1();
}}",
        path("layout.rs"),
        path("body.rs")
    )
    .unwrap();
    for def in stencils {
        writeln!(out, "#[inline(always)] {}", def.source.trim_start_matches("pub ")).unwrap();
        stencil(&mut out, def);
    }
    out
}

/// Integer operands arrive in rsi, r8, r9; float operands in xmm3, xmm4, xmm5. rdx, rcx and xmm0 to xmm2 are passed
/// undefined, so that the compiler takes them (and rax) as its temporaries.
fn stencil(out: &mut String, def: &UopDef) {
    let mut ints = Vec::new();
    let mut floats = Vec::new();
    let mut args = Vec::new();
    let (mut values, mut imms) = (0, 0);
    for c in def.signature.chars() {
        match c {
            'c' => args.push("cx".to_string()),
            'v' => {
                let name = format!("v{values}");
                let kind = def.operands[values].1;
                if kind == Kind::F64 {
                    floats.push(format!("{name}: f64"))
                } else {
                    ints.push((name.clone(), kind))
                }
                args.push(name);
                values += 1;
            }
            _ => {
                args.push(match def.imms[imms].bits {
                    32 => format!("{} as *const () as usize as i64", IMM32[imms]),
                    _ => format!("&raw const {} as u64", IMM64[imms]),
                });
                imms += 1;
            }
        }
    }
    let ty = |k: Kind| if k == Kind::I64 { "i64" } else { "u64" };
    let int = |n: usize| ints.get(n).map_or(format!("_i{n}: Any"), |(name, k)| format!("{name}: {}", ty(*k)));
    let mut params = vec!["cx: Cx".to_string(), int(0), "_rdx: Any".into(), "_rcx: Any".into(), int(1), int(2)];
    params.extend(["_x0: AnyF".into(), "_x1: AnyF".into(), "_x2: AnyF".into()]);
    params.extend(floats);
    let next = match def.result {
        None => format!("{}(cx)", NEXT[0]),
        Some(Kind::F64) => format!("{}(cx, AnyF::uninit(), AnyF::uninit(), AnyF::uninit(), r)", NEXT[2]),
        Some(_) => format!("{}(cx, r as u64)", NEXT[1]),
    };
    let call = format!("{}({})", def.name, args.join(", "));
    let body = if def.exits {
        format!("match {call} {{ Step::Next(r) => {next}, Step::Exit => {EXIT}() }}")
    } else {
        format!("let r = {call}; {next}")
    };
    writeln!(
        out,
        "#[unsafe(no_mangle)] pub unsafe extern \"sysv64\" fn {PREFIX}{}({}) -> u64 {{ unsafe {{ {body} }} }}",
        def.name,
        params.join(", ")
    )
    .unwrap();
}
