//! Files that were compressed when the app was built, `app.js.br` or `app.js.gz` where there is
//! no `app.js`. They are decoded here: WebKitGTK takes what a custom scheme answers as it comes,
//! whatever `content-encoding` says of it. A file that grows beyond what may be served is given
//! up there, so that a small one cannot fill the memory.

use std::borrow::Cow;
use std::io::Read;

use super::MAX_ASSET;
use super::source::Source;
use crate::confined::FileError;

/// How much the decoder of brotli takes at once.
const INPUT: usize = 4 << 10;

/// The file at `path`: as it is, or decoded from the one beside it.
pub(super) fn read(source: &Source, path: &str) -> Result<Cow<'static, [u8]>, FileError> {
    match source.read(path) {
        Err(FileError::NotFound) => {}
        found => return found,
    }
    if let Some(packed) = beside(source, path, "br")? {
        return bounded(brotli_decompressor::Decompressor::new(&*packed, INPUT));
    }
    if let Some(packed) = beside(source, path, "gz")? {
        return bounded(flate2::read::MultiGzDecoder::new(&*packed));
    }
    Err(FileError::NotFound)
}

fn beside(
    source: &Source,
    path: &str,
    ending: &str,
) -> Result<Option<Cow<'static, [u8]>>, FileError> {
    match source.read(&format!("{path}.{ending}")) {
        Ok(packed) => Ok(Some(packed)),
        Err(FileError::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

fn bounded(decoder: impl Read) -> Result<Cow<'static, [u8]>, FileError> {
    let mut body = Vec::new();
    decoder.take(MAX_ASSET.saturating_add(1)).read_to_end(&mut body)?;
    match u64::try_from(body.len()) {
        Ok(length) if length <= MAX_ASSET => Ok(body.into()),
        _ => Err(FileError::TooLarge { limit: MAX_ASSET }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::confined::Directory;

    /// `hello, hello, hello, hello\n`, by the reference implementation.
    const BROTLI: &[u8] = &[
        0x1b, 0x1a, 0x00, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x09, 0x52, 0x86, 0xd6, 0x0a, 0x2c,
        0x6c, 0x6f, 0x4a, 0x91, 0x79, 0x22, 0x81, 0xbb, 0x5a, 0x00,
    ];

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_file_is_taken_as_it_is_or_from_the_one_beside_it() {
        let place = tempfile::tempdir().unwrap();
        let bomb = gzip(&vec![0; usize::try_from(MAX_ASSET).unwrap() + 1]);
        assert!(bomb.len() < 20_000);
        let full = gzip(&vec![7; usize::try_from(MAX_ASSET).unwrap()]);
        let cut = gzip(b"a text that is cut").split_at(20).0.to_vec();
        for (name, bytes) in [
            ("plain.js", &b"plain"[..]),
            ("plain.js.gz", &gzip(b"packed")),
            ("packed.js.gz", &gzip(b"packed")),
            ("both.js.gz", &gzip(b"packed")),
            ("both.js.br", BROTLI),
            ("bomb.js.gz", &bomb),
            ("full.js.gz", &full),
            ("cut.js.gz", &cut),
            ("none.js.br", b"\xff\xff\xff\xff"),
            ("none.css.gz", b"not gzip"),
        ] {
            std::fs::write(place.path().join(name), bytes).unwrap();
        }
        let source = Source::Directory(Directory::open(place.path()).unwrap());
        for (path, expected) in [
            ("plain.js", Ok(&b"plain"[..])),
            ("packed.js", Ok(b"packed")),
            ("both.js", Ok(b"hello, hello, hello, hello\n")),
            ("both.js.br", Ok(BROTLI)),
            ("bomb.js", Err("too_large")),
            ("cut.js", Err("failed")),
            ("none.js", Err("failed")),
            ("none.css", Err("failed")),
            ("absent.js", Err("not_found")),
            ("../plain.js", Err("not_found")),
        ] {
            let found = read(&source, path);
            let found = found.as_deref().map_err(FileError::code);
            assert_eq!(found, expected, "{path}");
        }
        assert_eq!(read(&source, "full.js").unwrap().len() as u64, MAX_ASSET);
    }
}
