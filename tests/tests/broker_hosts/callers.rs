//! Strangers that look for a way in, and callers that say too much.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::json;
use sidegate::wire::LENGTH_BYTES;
use sidegate_tests::hostile::{CONTROL, Order};

use crate::broker_stage::{Stage, call, resident_bytes};

/// What the kernel says of the sockets that this process has open, the broker's among them.
#[test]
fn a04_a11_there_is_nothing_that_a_stranger_could_connect_to() {
    let stage = Stage::with(&["left"]);
    let _host = stage.ready_host(1);
    let own = own_sockets();
    let table = fs::read_to_string("/proc/net/unix").unwrap();
    let mut seen = 0;
    for line in table.lines().skip(1) {
        let words: Vec<_> = line.split_whitespace().collect();
        if !own.contains(words[6]) {
            continue;
        }
        seen += 1;
        let Some(name) = words.get(7) else {
            assert_eq!(words[3], "00000000", "it is listened on: {line}");
            continue;
        };
        // The test's own line to the hosts that it plays.
        assert_eq!(Path::new(name).file_name().unwrap(), CONTROL, "{line}");
    }
    assert!(seen >= 2, "the socketpair of the host is not among them");
    for kind in ["tcp", "tcp6", "udp", "udp6", "raw", "packet", "netlink"] {
        let table = fs::read_to_string(format!("/proc/net/{kind}")).unwrap_or_default();
        let ours = |line: &&str| line.split_whitespace().any(|word| own.contains(word));
        assert_eq!(table.lines().skip(1).find(ours), None, "{kind}");
    }
}

/// The inodes of the sockets that this process has open.
fn own_sockets() -> BTreeSet<String> {
    let descriptors = fs::read_dir("/proc/self/fd").unwrap();
    let links = descriptors.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    links
        .filter_map(|link| {
            let inode = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
            // Small numbers could be met by chance in a table of something else.
            (inode.len() > 3).then(|| inode.to_owned())
        })
        .collect()
}

/// Who calls is known from the kernel's credentials and from a token. An address is a text that the
/// peer may have chosen: nothing in the product asks for one, and nothing listens.
#[test]
fn a12_nothing_asks_for_the_address_of_a_peer() {
    let forbidden = [
        ["peer", "_addr"].concat(),
        ["getpeer", "name"].concat(),
        ["as_path", "name"].concat(),
        ["abstract", "_name"].concat(),
        ["Unix", "Listener"].concat(),
        ["Tcp", "Listener"].concat(),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut sources = 0;
    for crate_ in ["broker", "capabilities", "webview-host"] {
        for_each_source(&root.join(crate_).join("src"), &mut |path, text| {
            sources += 1;
            let found = forbidden.iter().find(|word| text.contains(word.as_str()));
            assert_eq!(found, None, "{}", path.display());
        });
    }
    assert!(sources > 100, "{sources}");
}

fn for_each_source(folder: &Path, look: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            // What a test listens on is its own.
        } else if path.is_dir() {
            for_each_source(&path, look);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}

/// Sixty-four megabytes for a field: the frame that would carry them is refused by its length, before
/// there is memory for it, although all of it is there to be read. What other tests of this process
/// take meanwhile is far less than half of that.
#[test]
fn d09_a_huge_string_is_refused_before_it_is_copied() {
    const HUGE: usize = 64 << 20;
    let stage = Stage::with(&["left", "other"]);
    let [mut host, mut other] = stage.two_ready_hosts();
    let window = host.window();
    let token = host.commits(window, 1);
    let said = call(&token, 1, "test.echo", &json!({ "text": "x".repeat(HUGE) }));
    let mut bytes = u32::try_from(said.len()).unwrap().to_le_bytes().to_vec();
    assert_eq!(bytes.len(), LENGTH_BYTES);
    bytes.extend(said);
    host.order(&Order::Write(bytes));
    let before = resident_bytes();
    let why = stage.killed(host.pid);
    assert!(why.contains("over the bound"), "{why}");
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < (HUGE / 2) as u64, "{grown} bytes more");
    let others = other.window();
    let token = other.commits(others, 1);
    assert_eq!(other.asks((others, 1), &token, 1, "test.count", &json!({}))["ok"], 1);
}
