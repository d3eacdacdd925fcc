//! The texts that the client has open, as it sees them: opened, changed piece by piece, closed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gen_lsp_types::{
    DidChangeTextDocumentParams, DidOpenTextDocumentParams, TextDocumentContentChangeEvent,
    TextDocumentContentChangePartial, Uri,
};
use sidegate_capabilities::sources::{MAX_FILE_BYTES, MAX_TOTAL_BYTES};

use super::position::{Encoding, Lines};

/// An open document.
#[derive(Debug)]
pub(super) struct Document {
    /// As the client writes it: it knows no other spelling.
    pub(super) uri: Uri,
    pub(super) version: i32,
    /// What its text is called among the sources: the path, or a name of its own where there is
    /// no file.
    pub(super) name: String,
    /// `None` where it has no file.
    pub(super) path: Option<PathBuf>,
    /// `None` once it is more than the bounds: a policy of that size is refused as well.
    pub(super) text: Option<String>,
}

/// All open documents, by URI.
#[derive(Debug, Default)]
pub(super) struct Documents(BTreeMap<Uri, Document>);

impl Documents {
    pub(super) fn get(&self, uri: &Uri) -> Option<&Document> {
        self.0.get(uri)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Document> {
        self.0.values()
    }

    /// The document that is called `name` among the sources.
    pub(super) fn named(&self, name: &str) -> Option<&Document> {
        self.0.values().find(|document| document.name == name)
    }

    pub(super) fn open(&mut self, params: DidOpenTextDocumentParams) {
        let item = params.text_document;
        self.0.remove(&item.uri);
        let path = item.uri.to_file_path().ok();
        // What is compiled is what ends in `.toml`, and a document without a file has no ending.
        let name = path.as_ref().and_then(|path| path.to_str()).map(str::to_owned);
        let name = name.unwrap_or_else(|| format!("{}.toml", item.uri));
        let document = Document {
            name,
            path,
            version: item.version,
            text: self.bounded(item.text),
            uri: item.uri.clone(),
        };
        self.0.insert(item.uri, document);
    }

    /// Applies changes, in their order. Those of a document that is not open are none.
    pub(super) fn change(&mut self, params: DidChangeTextDocumentParams, encoding: Encoding) {
        let id = params.text_document;
        let Some(mut document) = self.0.remove(&id.text_document_identifier.uri) else {
            return;
        };
        document.version = id.version;
        for change in params.content_changes {
            let text = match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    Some(whole.text)
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    document.text.take().map(|text| replaced(&text, &part, encoding))
                }
            };
            document.text = text.and_then(|text| self.bounded(text));
        }
        self.0.insert(document.uri.clone(), document);
    }

    pub(super) fn close(&mut self, uri: &Uri) {
        self.0.remove(uri);
    }

    /// The texts that stand in the place of files.
    pub(super) fn unsaved(&self) -> BTreeMap<PathBuf, String> {
        let texts = self
            .0
            .values()
            .filter_map(|document| Some((document.path.clone()?, document.text.as_ref()?.clone())));
        texts.collect()
    }

    /// The text, where it and all others are within the bounds.
    fn bounded(&self, text: String) -> Option<String> {
        let others = self.0.values().filter_map(|document| document.text.as_ref());
        let total = others.map(String::len).fold(text.len(), usize::saturating_add);
        let within = |size: usize, most: u64| u64::try_from(size).is_ok_and(|size| size <= most);
        (within(text.len(), MAX_FILE_BYTES) && within(total, MAX_TOTAL_BYTES)).then_some(text)
    }
}

fn replaced(text: &str, part: &TextDocumentContentChangePartial, encoding: Encoding) -> String {
    let span = Lines::new(text, encoding).span(part.range);
    let before = text.get(..span.start).unwrap_or_default();
    let after = text.get(span.end..).unwrap_or_default();
    [before, &part.text, after].concat()
}
