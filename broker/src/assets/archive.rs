//! An archive of pages that is built into a program, and read where it lies. It is verified whole
//! before any of it is served, so that what is served later needs no check.
//!
//! The format, all numbers little-endian:
//!
//! ```text
//! 14 bytes         "sidegate-ui/1\n"
//! u32              number of files
//! for each file, in the order of their names, byte by byte:
//!   u16, bytes     the name: UTF-8, parts between "/", none empty, "." or ".."
//!   u32            length of the file
//!   32 bytes       its SHA-256
//! the files, in the same order, and nothing after the last
//! ```
//!
//! That order leaves no two ways to write the same files, and no name twice. There is no
//! compression: `app.js.br` in the place of `app.js` is served as the latter.

mod pack;

use std::fmt;

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

pub use self::pack::PackError;

/// What an archive begins with.
const MAGIC: &[u8; 14] = b"sidegate-ui/1\n";

/// The most files: a hundred times those of a large app, and a table of a few megabytes.
const MAX_FILES: usize = 1 << 16;

/// The longest name, in bytes: that of any file system's whole path is shorter.
const MAX_NAME: usize = 1024;

/// The files of an app's pages, by name.
#[derive(Clone)]
pub struct UiArchive {
    files: Vec<File>,
}

#[derive(Debug, Clone, Copy)]
struct File {
    name: &'static str,
    body: &'static [u8],
}

/// Why bytes are not an archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// They begin otherwise.
    #[error("it is no archive of pages, or one of another version")]
    Magic,
    /// They end before it does.
    #[error("it is cut short")]
    Short,
    /// Something follows the last file.
    #[error("something follows its last file")]
    Trailing,
    /// There are more files than any app has.
    #[error("it has more than {MAX_FILES} files")]
    TooMany,
    /// A name is not one that a page could ask for, and mean a file beneath the app's.
    #[error("`{}` names no file beneath the pages", .0.escape_debug())]
    Name(String),
    /// A name stands twice, or before one that is less.
    #[error("`{0}` is not in its place")]
    Order(String),
    /// A file is not the one that was put into it.
    #[error("`{0}` was changed")]
    Changed(String),
}

impl UiArchive {
    /// Reads and verifies an archive that [`pack`](Self::pack) made, or `sidegate ui-archive`.
    ///
    /// # Errors
    /// [`ArchiveError`], at the first thing that is wrong.
    pub fn parse(bytes: &'static [u8]) -> Result<Self, ArchiveError> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(ArchiveError::Magic)?;
        let count = index(take_u32(&mut rest)?)?;
        if count > MAX_FILES {
            return Err(ArchiveError::TooMany);
        }
        let mut heads: Vec<Head> = Vec::new();
        for _ in 0..count {
            let head = Head::take(&mut rest)?;
            if heads.last().is_some_and(|last| last.name >= head.name) {
                return Err(ArchiveError::Order(head.name.to_owned()));
            }
            heads.push(head);
        }
        let files = heads.into_iter().map(|head| head.file(&mut rest)).collect::<Result<_, _>>()?;
        if rest.is_empty() { Ok(Self { files }) } else { Err(ArchiveError::Trailing) }
    }

    /// An archive of files that are built into this crate, which nobody could have changed on the way.
    pub(crate) fn of_files(files: &[(&'static str, &'static [u8])]) -> Self {
        let mut files: Vec<_> = files.iter().map(|&(name, body)| File { name, body }).collect();
        files.sort_by_key(|file| file.name);
        Self { files }
    }

    /// The file called `name`.
    pub(super) fn get(&self, name: &str) -> Option<&'static [u8]> {
        let found = self.files.binary_search_by_key(&name, |file| file.name).ok()?;
        self.files.get(found).map(|file| file.body)
    }

    /// The names of the files, in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.files.iter().map(|file| file.name)
    }
}

/// By the names alone: the files are the app's, and long.
impl fmt::Debug for UiArchive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// What is said of a file before all files.
struct Head {
    name: &'static str,
    length: usize,
    hash: &'static [u8],
}

impl Head {
    fn take(rest: &mut &'static [u8]) -> Result<Self, ArchiveError> {
        let (length, tail) = rest.split_first_chunk().ok_or(ArchiveError::Short)?;
        *rest = tail;
        let name = take(rest, usize::from(u16::from_le_bytes(*length)))?;
        let shown = || ArchiveError::Name(String::from_utf8_lossy(name).into_owned());
        let name = std::str::from_utf8(name).map_err(|_| shown())?;
        if !is_name(name) {
            return Err(shown());
        }
        let length = index(take_u32(rest)?)?;
        Ok(Self { name, length, hash: take(rest, SHA256_OUTPUT_LEN)? })
    }

    fn file(self, rest: &mut &'static [u8]) -> Result<File, ArchiveError> {
        let body = take(rest, self.length)?;
        if digest(&SHA256, body).as_ref() != self.hash {
            return Err(ArchiveError::Changed(self.name.to_owned()));
        }
        Ok(File { name: self.name, body })
    }
}

/// Whether `name` leads downwards, on every operating system.
fn is_name(name: &str) -> bool {
    let plain = |letter: char| !letter.is_control() && !['\\', ':'].contains(&letter);
    let downwards = name.split('/').all(|part| !["", ".", ".."].contains(&part));
    name.len() <= MAX_NAME && downwards && name.chars().all(plain)
}

fn take(rest: &mut &'static [u8], length: usize) -> Result<&'static [u8], ArchiveError> {
    let (taken, tail) = rest.split_at_checked(length).ok_or(ArchiveError::Short)?;
    *rest = tail;
    Ok(taken)
}

fn take_u32(rest: &mut &'static [u8]) -> Result<u32, ArchiveError> {
    let (number, tail) = rest.split_first_chunk().ok_or(ArchiveError::Short)?;
    *rest = tail;
    Ok(u32::from_le_bytes(*number))
}

fn index(number: u32) -> Result<usize, ArchiveError> {
    usize::try_from(number).map_err(|_| ArchiveError::Short)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that live as long as a program's own do.
    fn built_in(bytes: Vec<u8>) -> &'static [u8] {
        Vec::leak(bytes)
    }

    fn written(files: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(u32::try_from(files.len()).unwrap().to_le_bytes());
        for (name, body) in files {
            bytes.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            bytes.extend(name.as_bytes());
            bytes.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
            bytes.extend(digest(&SHA256, body.as_bytes()).as_ref());
        }
        bytes.extend(files.iter().flat_map(|(_, body)| body.bytes()));
        bytes
    }

    #[test]
    fn what_was_packed_is_what_is_served() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(place.path().join("a/b")).unwrap();
        std::fs::create_dir(place.path().join("empty")).unwrap();
        for (name, body) in
            [("index.html", "home"), ("a/b/c.js", "c"), ("a-b.js", "ab"), ("a/z", "")]
        {
            std::fs::write(place.path().join(name), body).unwrap();
        }
        std::fs::write(place.path().join(".hidden"), "not for pages").unwrap();
        let packed = UiArchive::pack(place.path()).unwrap();
        assert_eq!(packed, UiArchive::pack(place.path()).unwrap(), "the same each time");
        let expected =
            written(&[("a-b.js", "ab"), ("a/b/c.js", "c"), ("a/z", ""), ("index.html", "home")]);
        assert_eq!(packed, expected, "in the order of the names");
        let archive = UiArchive::parse(built_in(packed)).unwrap();
        for (name, body) in [
            ("index.html", Some("home")),
            ("a/b/c.js", Some("c")),
            ("a/z", Some("")),
            ("a", None),
            ("a/b/", None),
            (".hidden", None),
            ("../index.html", None),
            ("/index.html", None),
            ("", None),
        ] {
            assert_eq!(archive.get(name), body.map(str::as_bytes), "{name}");
        }
    }

    #[test]
    fn a_link_is_not_packed() {
        let place = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", place.path().join("link.txt")).unwrap();
        let error = UiArchive::pack(place.path()).unwrap_err().to_string();
        assert!(error.contains("link.txt"), "{error}");
        assert!(UiArchive::pack(&place.path().join("absent")).is_err());
    }

    #[test]
    fn no_other_bytes_are_an_archive() {
        let good = written(&[("a", "first"), ("b", "second")]);
        assert!(UiArchive::parse(built_in(good.clone())).is_ok());
        for length in 0..good.len() {
            let cut = good.split_at(length).0.to_vec();
            assert!(UiArchive::parse(built_in(cut)).is_err(), "cut after {length} bytes");
        }
        for place in 0..good.len() {
            let mut changed = good.clone();
            changed[place] ^= 0x20;
            let parsed = UiArchive::parse(built_in(changed));
            // A name may become another name, and nothing else is left to change.
            let names = parsed.map(|archive| archive.names().collect::<Vec<_>>());
            assert!(names.is_err() || names != Ok(vec!["a", "b"]), "byte {place}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        use ArchiveError::{Changed, Magic, Name, Order, TooMany, Trailing};
        let name = |text: &str| Name(text.to_owned());
        let mut many = MAGIC.to_vec();
        many.extend(u32::MAX.to_le_bytes());
        let mut changed = written(&[("a", "first")]);
        *changed.last_mut().unwrap() = b'T';
        for (bytes, error) in [
            (b"PK\x03\x04".to_vec(), Magic),
            (b"sidegate-ui/2\n\0\0\0\0".to_vec(), Magic),
            (many, TooMany),
            ([written(&[]), b"x".to_vec()].concat(), Trailing),
            (changed, Changed("a".to_owned())),
            (written(&[("a", ""), ("a", "")]), Order("a".to_owned())),
            (written(&[("b", ""), ("a", "")]), Order("a".to_owned())),
            (written(&[("/etc/passwd", "")]), name("/etc/passwd")),
            (written(&[("a/../b", "")]), name("a/../b")),
            (written(&[("./a", "")]), name("./a")),
            (written(&[("a//b", "")]), name("a//b")),
            (written(&[("a/", "")]), name("a/")),
            (written(&[("", "")]), name("")),
            (written(&[("a\\b", "")]), name("a\\b")),
            (written(&[("c:a", "")]), name("c:a")),
            (written(&[("a\r\nx: y", "")]), name("a\r\nx: y")),
            (written(&[("a\0", "")]), name("a\0")),
        ] {
            assert_eq!(UiArchive::parse(built_in(bytes)).unwrap_err(), error);
        }
        assert!(UiArchive::parse(built_in(written(&[]))).unwrap().names().next().is_none());
    }
}
