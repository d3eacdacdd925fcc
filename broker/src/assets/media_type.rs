//! What a file is, by its ending. A table and no guess: the first bytes of a file are not looked
//! at, here or by WebKit (`nosniff`), and a file without a known ending is not run as anything.

/// A file of no known kind.
const UNKNOWN: &str = "application/octet-stream";

/// Endings and media types, as IANA registers them; the text among them is UTF-8.
const TABLE: [(&str, &str); 50] = [
    ("html", "text/html; charset=utf-8"),
    ("htm", "text/html; charset=utf-8"),
    ("xhtml", "application/xhtml+xml"),
    ("js", "text/javascript; charset=utf-8"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("json", "application/json"),
    ("map", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("wasm", "application/wasm"),
    ("xml", "application/xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("md", "text/plain; charset=utf-8"),
    ("csv", "text/csv; charset=utf-8"),
    ("vtt", "text/vtt; charset=utf-8"),
    ("pdf", "application/pdf"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("apng", "image/apng"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("jxl", "image/jxl"),
    ("bmp", "image/bmp"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("ico", "image/vnd.microsoft.icon"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("ttf", "font/ttf"),
    ("otf", "font/otf"),
    ("ttc", "font/collection"),
    ("mp3", "audio/mpeg"),
    ("m4a", "audio/mp4"),
    ("aac", "audio/aac"),
    ("flac", "audio/flac"),
    ("wav", "audio/wav"),
    ("oga", "audio/ogg"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("weba", "audio/webm"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("webm", "video/webm"),
    ("ogv", "video/ogg"),
    ("mov", "video/quicktime"),
    ("glb", "model/gltf-binary"),
    ("gltf", "model/gltf+json"),
];

/// The media type of the file at `path`, whose last part alone counts.
pub(super) fn media_type(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let known = TABLE.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known));
    known.map_or(UNKNOWN, |(_, media_type)| media_type)
}

/// Whether what is of `media_type` is a document with scripts and styles of its own.
pub(super) fn is_document(media_type: &str) -> bool {
    let kind = media_type.split(';').next().unwrap_or_default().trim();
    ["text/html", "application/xhtml+xml"].iter().any(|known| kind.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_last_ending_says() {
        for (path, expected) in [
            ("index.html", "text/html; charset=utf-8"),
            ("a/b.tar/c.JS", "text/javascript; charset=utf-8"),
            ("module.mjs", "text/javascript; charset=utf-8"),
            ("a.wasm", "application/wasm"),
            ("photo.html.png", "image/png"),
            ("film.mp4", "video/mp4"),
            ("page.html/none", UNKNOWN),
            ("page.html%0d%0aset-cookie: x", UNKNOWN),
            ("page.html\r\nset-cookie: x", UNKNOWN),
            ("html", UNKNOWN),
            ("a.", UNKNOWN),
            ("a.exe", UNKNOWN),
            ("", UNKNOWN),
        ] {
            assert_eq!(media_type(path), expected, "{path:?}");
        }
    }

    #[test]
    fn a_page_is_a_document_however_it_is_written() {
        for (media_type, expected) in [
            ("text/html", true),
            ("text/html; charset=utf-8", true),
            ("Text/HTML ;x", true),
            ("application/xhtml+xml", true),
            ("text/html5", false),
            ("text/plain; text/html", false),
            ("image/svg+xml", false),
            ("", false),
        ] {
            assert_eq!(is_document(media_type), expected, "{media_type}");
        }
    }

    #[test]
    fn no_ending_stands_twice() {
        let mut endings: Vec<_> = TABLE.iter().map(|(ending, _)| ending).collect();
        endings.sort_unstable();
        endings.dedup();
        assert_eq!(endings.len(), TABLE.len());
    }
}
