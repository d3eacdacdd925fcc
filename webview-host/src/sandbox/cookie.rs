//! The X11 cookie: the secret that a display asks of its clients. A person's file holds those of
//! all their displays; a host gets the one of its own, under the number that the display has
//! inside, for whatever machine the X library takes itself to be (inside it has another name).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use rustix::fs::{MemfdFlags, memfd_create};

/// The family of addresses that stands for each of them.
const ANY: u16 = u16::MAX;

/// The longest file that is read: a person has a few displays, and an entry is about 50 bytes.
const MAX_FILE: u64 = 64 << 10;

/// The cookies of display `outside` in `file`, as a file of their own, for display `inside`.
/// Nothing where it holds none, or is no such file.
pub(super) fn for_display(file: &File, outside: u32, inside: u32) -> Option<File> {
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes).ok()?;
    let outside = outside.to_string();
    let mut kept = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some(entry) = Entry::take(&mut rest) {
        if entry.number.is_empty() || entry.number == outside.as_bytes() {
            entry.write_for(inside, &mut kept);
        }
    }
    if kept.is_empty() {
        return None;
    }
    let mut made = File::from(memfd_create("xauthority", MemfdFlags::CLOEXEC).ok()?);
    made.write_all(&kept).ok()?;
    made.seek(SeekFrom::Start(0)).ok()?;
    Some(made)
}

/// One entry of the file (see Xau(3)): big-endian lengths before texts.
struct Entry<'a> {
    number: &'a [u8],
    protocol: &'a [u8],
    secret: &'a [u8],
}

impl<'a> Entry<'a> {
    fn take(rest: &mut &'a [u8]) -> Option<Self> {
        let _family = take_number(rest)?;
        let _address = take_text(rest)?;
        let number = take_text(rest)?;
        let protocol = take_text(rest)?;
        Some(Self { number, protocol, secret: take_text(rest)? })
    }

    fn write_for(&self, display: u32, to: &mut Vec<u8>) {
        to.extend(ANY.to_be_bytes());
        let number = display.to_string();
        for text in [&[], number.as_bytes(), self.protocol, self.secret] {
            // Each was read behind a length of two bytes, or is a number of ten digits.
            to.extend(u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
            to.extend(text);
        }
    }
}

fn take_number(rest: &mut &[u8]) -> Option<u16> {
    let (number, after) = rest.split_first_chunk::<2>()?;
    *rest = after;
    Some(u16::from_be_bytes(*number))
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = take_number(rest)?;
    let (text, after) = rest.split_at_checked(length.into())?;
    *rest = after;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(family: u16, texts: [&str; 4]) -> Vec<u8> {
        let mut bytes = family.to_be_bytes().to_vec();
        for text in texts {
            bytes.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            bytes.extend(text.as_bytes());
        }
        bytes
    }

    fn kept(bytes: &[u8]) -> Option<Vec<u8>> {
        let mut file = File::from(memfd_create("all", MemfdFlags::CLOEXEC).unwrap());
        file.write_all(bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let mut text = Vec::new();
        for_display(&file, 7, 1000)?.read_to_end(&mut text).unwrap();
        Some(text)
    }

    #[test]
    fn a_host_gets_the_cookie_of_its_display_and_no_other() {
        let own = entry(256, ["machine", "7", "MIT-MAGIC-COOKIE-1", "own"]);
        let other = entry(256, ["machine", "8", "MIT-MAGIC-COOKIE-1", "other"]);
        let expected = entry(ANY, ["", "1000", "MIT-MAGIC-COOKIE-1", "own"]);
        assert_eq!(kept(&[other.clone(), own.clone(), other.clone()].concat()), Some(expected));
        assert_eq!(kept(&other), None);
        let any_display = entry(ANY, ["", "", "MIT-MAGIC-COOKIE-1", "all"]);
        let expected = entry(ANY, ["", "1000", "MIT-MAGIC-COOKIE-1", "all"]);
        assert_eq!(kept(&any_display), Some(expected));
        for broken in [&[][..], &own[..own.len() - 1], b"no such file"] {
            assert_eq!(kept(broken), None);
        }
    }
}
