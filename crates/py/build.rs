//! Links GCC's unwinder in, where there is a static one.
//!
//! As a library of its own it would be one more to find, map and relocate in every process that loads the extension
//! (75,000 instructions), since CPython itself does not need it.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ENV").as_deref() != Ok("gnu") {
        return;
    }
    let Ok(output) = Command::new("cc").arg("-print-file-name=libgcc_eh.a").output() else { return };
    let library = String::from_utf8_lossy(&output.stdout);
    // The bare name where there is none.
    if let Some(directory) = Path::new(library.trim()).parent().filter(|directory| directory.is_absolute()) {
        println!("cargo:rustc-link-search=native={}", directory.display());
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}
