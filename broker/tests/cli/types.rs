//! `sidegate types`, with a TypeScript compiler as the judge.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Home, example};

/// The compiler that judges.
const TYPESCRIPT: &str = "typescript@5.9.3";

#[test]
fn the_report_says_what_is_declared() {
    let home = Home::new();
    let report =
        home.ask(&["types", &example("viewer"), "--window", "viewer", "--json"]).report("types");
    assert_eq!(report["commands"], serde_json::json!(["app.info", "fs.list", "fs.read_text"]));
    let report =
        home.ask(&["types", &example("viewer"), "--window", "other", "--json"]).report("types");
    assert_eq!(report["commands"], serde_json::json!([]));
    for words in [
        &["types", "nowhere", "--window", "w"][..],
        &["types", &example("viewer")],
        &["types", &example("viewer"), "--window", "a b"],
        &["types", &example("viewer"), "--window", "viewer", "--out", "no/such/directory"],
    ] {
        assert_eq!(home.ask(words).status, 2, "{words:?}");
    }
}

const MANIFEST: &str = "version = 1\nid = \"org.example.shop\"\nname = \"Shop\"\n[[window]]\nlabel = \"till\"\ntitle = \"Till\"\npage = \"till.html\"\n";

const COMMANDS: &str = r##"{"version":1,"commands":[
  {"name":"stock.sell","description":"sells */ things",
   "args":{"type":"object","properties":{
      "thing":{"enum":["spade","rake",3,null]},
      "count":{"type":"integer"},
      "at":{"type":"array","prefixItems":[{"type":"number"},{"type":"number"}],"items":false,"minItems":1},
      "note":{"type":["string","null"],"description":"for the receipt"},
      "to":{"anyOf":[{"type":"object","properties":{"name":{"type":"string"}},"required":["name"],"additionalProperties":false},{"$ref":"#/$defs/id"}]},
      "a-b":{"type":"object","additionalProperties":{"type":"boolean"}}},
     "required":["thing","count"],"additionalProperties":false,
     "$defs":{"id":{"type":"array","items":{"const":7}}}},
   "result":{"type":"object","properties":{"receipt":{"type":"string"},"owner":{"type":"object","properties":{"name":{"type":"string"},"id":{"type":"integer"}},"required":["name","id"]}},"required":["receipt","owner"]}},
  {"name":"stock.fetch","resources":["url"],"args":{"type":"object","additionalProperties":false}},
  {"name":"stock.odd"}
]}"##;

const POLICY: &str = r#"
version = 1
[[capability]]
id = "till"
windows = ["till"]
allow = [
  { commands = ["stock.sell"], args = { properties = { count = { enum = [1, 2] } } }, result = { omit = ["/owner/id"] } },
  { commands = ["stock.fetch"], url = ["https://example.com/**"] },
  { commands = ["stock.odd"] },
  { commands = ["fs.read_text"], path = ["$APPDATA/**/*.md"] },
  { commands = ["settings.*"], key = ["a.*"] },
  { commands = ["fs.write_text"], path = ["$TEMP/a"] },
]
deny = [{ commands = ["fs.write_text"], path = ["$TEMP/**"] }]
"#;

/// A line of TypeScript, and what the compiler says of it: nothing, or the number of an error.
const LINES: &[(&str, &str)] = &[
    ("sidegate.invoke('stock.sell', { thing: 'rake', count: 1 })", ""),
    (
        "sidegate.invoke('stock.sell', { thing: 3, count: 2, at: [1], note: null, to: [7], 'a-b': { x: true } })",
        "",
    ),
    ("sidegate.invoke('stock.sell', { thing: null, count: 2, at: [1, 2], to: { name: 'x' } })", ""),
    ("sidegate.invoke('stock.sell', { thing: 'rake', count: 3 })", "TS2322"),
    ("sidegate.invoke('stock.sell', { thing: 'hoe', count: 1 })", "TS2322"),
    ("sidegate.invoke('stock.sell', { thing: 'rake' })", "TS2345"),
    ("sidegate.invoke('stock.sell', { thing: 'rake', count: 1, more: 1 })", "TS2353"),
    ("sidegate.invoke('stock.sell', { thing: 'rake', count: 1, at: [1, 2, 3] })", "TS2322"),
    ("sidegate.invoke('stock.sell', { thing: 'rake', count: 1, to: [8] })", "TS2322"),
    ("sidegate.invoke('stock.sell', { thing: 'rake', count: 1, 'a-b': { x: 1 } })", "TS2322"),
    ("sidegate.invoke('stock.sell')", "TS2554"),
    (
        "sidegate.invoke('stock.sell', { thing: 'rake', count: 1 }).then((sold) => sold.receipt.length + sold.owner.name.length)",
        "",
    ),
    (
        "sidegate.invoke('stock.sell', { thing: 'rake', count: 1 }).then((sold) => sold.owner.id)",
        "TS2339",
    ),
    (
        "sidegate.invoke('stock.fetch', { url: 'https://example.com/a' }, { signal: new AbortController().signal })",
        "",
    ),
    ("sidegate.invoke('stock.odd')", ""),
    ("sidegate.invoke('stock.odd', { anything: [1] })", ""),
    ("sidegate.invoke('fs.read_text', { path: '$APPDATA/a/b.md' })", ""),
    ("sidegate.invoke('fs.read_text', { path: '/home/user/x.md' })", ""),
    ("sidegate.invoke('fs.read_text', { path: '$APPDATA/a.txt' })", "TS2322"),
    ("sidegate.invoke('fs.read_text', { path: 'a.md' })", "TS2322"),
    ("sidegate.invoke('settings.get', { key: 'a.b' }).then((got) => got.value)", ""),
    ("sidegate.invoke('settings.get', { key: 'b' })", "TS2322"),
    ("sidegate.invoke('fs.write_text', { path: '$TEMP/a', text: '' })", "TS2345"),
    ("sidegate.invoke('fs.list', { path: '$APPDATA/a' })", "TS2345"),
    ("sidegate.invoke('app.info')", "TS2345"),
    ("window.sidegate.invoke('stock.odd')", ""),
    (
        "const { invoke } = sidegate; invoke('stock.odd').catch((error: Sidegate.CallError) => error.code)",
        "",
    ),
    ("window.sidegate = sidegate", "TS2540"),
    ("sidegate.invoke = sidegate.invoke", "TS2540"),
];

#[test]
fn a_call_compiles_if_it_is_granted() {
    let Some(compiler) = compiler() else {
        eprintln!("skipped: there is no npm here, and so no TypeScript compiler");
        return;
    };
    let home = Home::new();
    home.write("app/sidegate.toml", MANIFEST);
    home.write("app/policies/p.toml", POLICY);
    home.write("app/commands.json", COMMANDS);
    // As a script, since the compiler is told to believe what is in a `.d.ts`.
    let answer = home.ask(&["types", "app", "--window", "till", "--out", "sidegate.ts"]);
    assert_eq!((answer.status, answer.out.as_str()), (0, ""), "{}", answer.err);
    let lines: Vec<_> = LINES.iter().map(|(line, _)| format!("{{ {line} }}")).collect();
    home.write("calls.ts", &format!("{}\nexport {{}};\n", lines.join("\n")));
    let found = errors(&compiler, home.path(), &["sidegate.ts", "calls.ts"]);
    for (at, (line, expected)) in LINES.iter().enumerate() {
        let place = format!("calls.ts({},", at + 1);
        let said: Vec<_> = found.lines().filter(|error| error.starts_with(&place)).collect();
        match *expected {
            "" => assert!(said.is_empty(), "{line}\n{said:#?}"),
            code => assert!(said.iter().any(|error| error.contains(code)), "{line}\n{said:#?}"),
        }
    }
    assert!(!found.contains("sidegate.ts("), "{found}");

    // A window that may do nothing has declarations all the same.
    let none = home.ask(&["types", "app", "--window", "other"]).out;
    home.write("none.d.ts", &none);
    home.write("none.ts", "sidegate.invoke('stock.odd');\n");
    let found = errors(&compiler, home.path(), &["none.d.ts", "none.ts"]);
    assert!(found.starts_with("none.ts(1,"), "{found}");
}

/// What the compiler has to say of some files.
fn errors(compiler: &Path, directory: &Path, files: &[&str]) -> String {
    let mut tsc = Command::new("node");
    tsc.arg(compiler).args([
        "--noEmit",
        "--skipLibCheck",
        "--strict",
        "--target",
        "es2022",
        "--lib",
        "es2022,dom",
    ]);
    let output = tsc.args(files).current_dir(directory).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The compiler, installed where it is not yet. None where there is no npm to do so.
fn compiler() -> Option<PathBuf> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("typescript");
    let compiler = directory.join("node_modules/typescript/lib/tsc.js");
    if Command::new("npm").arg("--version").output().is_err() {
        return None;
    }
    if !compiler.is_file() {
        fs::create_dir_all(&directory).unwrap();
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-save", "--no-audit", "--no-fund", TYPESCRIPT]);
        let installed = npm.arg("--prefix").arg(&directory).output().unwrap();
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    }
    Some(compiler)
}
