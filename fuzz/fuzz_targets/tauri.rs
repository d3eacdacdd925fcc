//! The files of a Tauri app: read or refused, never a panic; what is made of them compiles.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sidegate::capabilities::{Context, Directories, Policy, Sources};
use sidegate_tools::tauri::{App, Manifest, import, parse_capabilities, parse_permissions};

const NAMES: [&str; 3] = ["a.json", "a.json5", "a.toml"];

fuzz_target!(|input: (u8, &str, u8, &str, &str)| {
    let (format, capabilities, own_format, own, plugin) = input;
    let name = |format: u8| Path::new(NAMES[usize::from(format) % NAMES.len()]);
    let mut app = App { windows: vec!["main".into()], ..App::default() };
    for (key, text) in [("__app-acl__", own), ("fs", plugin)] {
        if let Ok(file) = parse_permissions(name(own_format), text) {
            let mut manifest = Manifest::default();
            manifest.add(file);
            app.manifests.insert(key.into(), manifest);
        }
    }
    let Ok(read) = parse_capabilities(name(format), capabilities) else { return };
    app.capabilities = read;
    let imported = import(&app);
    let sources = Sources::from_texts([("tauri.toml", imported.text.clone())]);
    let directories = Directories::sample();
    let compiled = Policy::compile(&sources, &Context::new(&directories));
    assert!(compiled.is_ok(), "{}\n{:?}", imported.text, compiled.err());
});
